/*
 * mm/mapping_test.c: the page cache of a file against a plain array of bytes, with allocations that fail and a file
 * system that runs out of room; sparse files; and truncation of what families of address spaces have mapped.
 */
#include "arch/host/host.h"
#include "base/errno.h"
#include "fs/vfs.h"
#include "mm/file_users.h"
#include "mm/mapping_index.h"
#include "mm/slab.h"
#include "task/task.h"

#define FILE_BYTES (40 * PAGE_SIZE)

static struct task task;
static struct inode inode;
static struct mapping mapping;
static struct file file;
static u8 model[FILE_BYTES], buffer[FILE_BYTES];
static u64 model_size;
static long charged, charge_limit;
static unsigned user_fault_in;	/* user copies fail after so many bytes; 0: none fails */

void schedule(void) { }
void mm_release(struct mm *mm) { CHECK(!refcount_dec(&mm->count)); }
void file_put(struct file *f) { CHECK(!refcount_dec(&f->count)); }

/* -- user memory: the test's own, at its address ------------------------------------------------------------------- */
static size_t user_bytes(size_t n)
{
	return user_fault_in && test_random_below(4) == 0 ? MIN(n, test_random_below(user_fault_in)) : n;
}

size_t copy_from_user_partial(void *dst, uptr src, size_t n)
{
	n = user_bytes(n);
	memcpy(dst, (void *)src, n);
	return n;
}

size_t copy_to_user_partial(uptr dst, const void *src, size_t n)
{
	n = user_bytes(n);
	memcpy((void *)dst, src, n);
	return n;
}

int clear_user(uptr dst, size_t n)
{
	memset((void *)dst, 0, n);
	return 0;
}

/* -- a file system in memory --------------------------------------------------------------------------------------- */
static int charge(struct mapping *m, long pages)
{
	if (pages > 0 && charged + pages > charge_limit)
		return -ENOSPC;
	charged += pages;
	return 0;
}
static const struct mapping_ops ops = { .charge = charge };

static void file_begin(void)
{
	mapping_init(&mapping, &inode, &ops, PAGE_SHMEM);
	inode.mapping = &mapping;
	file = (struct file){ .count = REFCOUNT_INIT(1), .inode = &inode };
	memset(model, 0, sizeof(model));
	model_size = 0;
	charge_limit = 1000000;
	user_fault_in = 0;
}

static u64 frames(void)
{
	struct memory_stats s;

	memory_stats(&s);
	return s.shmem_pages;
}

static void file_end(void)
{
	mapping_destroy(&mapping);
	CHECK(charged == 0 && mapping.page_count == 0 && !mapping.pages && frames() == 0);
	CHECK(refcount_read(&file.count) == 1);
}

/* -- bytes --------------------------------------------------------------------------------------------------------- */
static void check_bytes(void)
{
	ssize_t got = mapping_read_kernel(&mapping, 0, buffer, FILE_BYTES);

	CHECK(mapping.size_bytes == model_size);
	CHECK(got == (ssize_t)model_size && memcmp(buffer, model, model_size) == 0);
	CHECK(charged == (long)mapping.page_count && frames() == mapping.page_count);
}

static void step_write(u64 pos, size_t n)
{
	bool is_user = test_random_below(2);
	ssize_t done;

	for (size_t i = 0; i < n; i++)
		buffer[i] = test_random();
	done = is_user ? mapping_write(&mapping, pos, (uptr)buffer, n) : mapping_write_kernel(&mapping, pos, buffer, n);
	if (done <= 0) {
		CHECK(n == 0 ? done == 0 : done == -ENOMEM || done == -ENOSPC || done == -EFAULT);
		return;
	}
	CHECK(done == (ssize_t)n || user_fault_in || task.fail_nth == 0 || charge_limit < 1000);
	memcpy(model + pos, buffer, done);
	model_size = MAX(model_size, pos + done);
}

static void step_read(u64 pos, size_t n)
{
	bool is_user = test_random_below(2);
	u64 there = pos < model_size ? MIN(n, model_size - pos) : 0;
	ssize_t done = is_user ? mapping_read(&mapping, pos, (uptr)buffer, n)
			       : mapping_read_kernel(&mapping, pos, buffer, n);

	CHECK(user_fault_in ? done <= (ssize_t)there : done == (ssize_t)there);
	if (done > 0)
		CHECK(memcmp(buffer, model + pos, done) == 0);
}

static void step_cut(u64 pos, size_t n)
{
	u64 end = MIN(pos + n, FILE_BYTES);

	if (test_random_below(2)) {
		mapping_truncate(&mapping, pos);
		if (pos < model_size)
			memset(model + pos, 0, model_size - pos);
		model_size = pos;
	} else {
		mapping_punch(&mapping, pos, end);
		memset(model + pos, 0, end - pos);
	}
}

/* What a mapping writes behind the end of the file must never be read, however the file grows. */
static void step_scribble(void)
{
	struct page *p = mapping_peek(&mapping, model_size >> PAGE_SHIFT);

	if (!p)
		return;
	memset((u8 *)page_address(p) + (model_size & ~PAGE_MASK), 0xee, PAGE_SIZE - (model_size & ~PAGE_MASK));
	page_put(p);
}

static void step_seek(u64 pos)
{
	u64 data = mapping_seek(&mapping, pos, true), hole = mapping_seek(&mapping, pos, false);

	for (u64 i = pos; i < MIN(data, model_size); i++)
		CHECK(model[i] == 0);
	CHECK(data <= model_size && hole <= model_size);
	CHECK(pos >= model_size || data == pos || hole == pos);
}

static void random_bytes_test(bool with_failures)
{
	file_begin();
	for (unsigned n = 0; n < 6000; n++) {
		u64 pos = test_random_below(FILE_BYTES - 1), what = test_random_below(10);
		size_t len = test_random_below(MIN(FILE_BYTES - pos, test_random_below(2) ? 100 : 5 * PAGE_SIZE) + 1);

		if (with_failures) {
			task.fail_nth = test_random_below(3) ? 0 : 1 + test_random_below(5);
			user_fault_in = test_random_below(3) ? 0 : 3000;
			charge_limit = test_random_below(3) ? 1000000 : 20;
		}
		if (what < 4)
			step_write(pos, len);
		else if (what < 7)
			step_read(pos, len);
		else if (what < 8)
			step_cut(pos, len);
		else if (what < 9)
			step_scribble();
		else
			step_seek(pos);
		task.fail_nth = user_fault_in = 0;
		if (n % 16 == 0)
			check_bytes();
	}
	file_end();
}

static void bytes(void) { random_bytes_test(false); }
static void bytes_with_failures(void) { random_bytes_test(true); }

static void sparse_file(void)
{
	static const u64 at[] = { 0, 63, 64, 4095, 4096, 1UL << 20, 1UL << 33, 1UL << 50 };
	u64 index = 0;

	file_begin();
	for (unsigned i = 0; i < ARRAY_SIZE(at); i++)
		CHECK(mapping_write_kernel(&mapping, at[i] << PAGE_SHIFT, &at[i], 8) == 8);
	for (unsigned i = 0; i < ARRAY_SIZE(at); i++, index++) {
		struct page *p = index_next(&mapping, &index);

		CHECK(p && index == at[i] && *(u64 *)page_address(p) == at[i]);
	}
	CHECK(!index_next(&mapping, &index));
	CHECK(mapping_seek(&mapping, 4097UL << PAGE_SHIFT, true) == 1UL << 20 << PAGE_SHIFT);
	mapping_truncate(&mapping, 64 << PAGE_SHIFT);
	CHECK(mapping.page_count == 2 && !mapping_peek(&mapping, 64));
	CHECK(mapping_get(&mapping, 64) == ERR_PTR(-EFAULT));
	mapping_truncate(&mapping, 0);
	CHECK(mapping.page_count == 0 && mapping.pages_height == 0);
	file_end();
}

/* -- truncation of what is mapped ---------------------------------------------------------------------------------- */
#define MMS 4
#define VA 0x200000UL
static struct mm mms[MMS];

static void mm_begin(struct mm *mm)
{
	memset(mm, 0, sizeof(*mm));
	rw_init(&mm->lock, RANK_MM);
	spin_init(&mm->pt_lock, RANK_PAGETABLE);
	refcount_set(&mm->count, 1);
}

static void mm_fork_into(struct mm *child, struct mm *parent)
{
	mm_begin(child);
	mm_family_join(child, parent);
	rw_write_lock(&parent->lock);
	vma_tree_copy(&child->vmas, &parent->vmas);
	CHECK(pt_fork(child, parent, 0) == 0);
	rw_write_unlock(&parent->lock);
}

static void mm_end(struct mm *mm)
{
	struct vma_tree vmas;

	rw_write_lock(&mm->lock);
	pt_root_drop(mm);
	vmas = mm->vmas;
	mm->vmas = (struct vma_tree){ 0 };
	rw_write_unlock(&mm->lock);
	vma_tree_drop(&vmas);
	mm_family_leave(mm);
}

/* Maps pages [offset, offset+pages) of the file at va. */
static void map_file(struct mm *mm, uptr va, u64 offset, u64 pages, u64 flags)
{
	struct vma v = { .start = va, .end = va + (pages << PAGE_SHIFT), .flags = flags, .offset_pages = offset,
			 .file = &file };

	v.user = mapping_user_new(mm, &file, flags & VM_SHARED);
	CHECK(!IS_ERR(v.user) && vma_insert(&mm->vmas, &v) == 0);
	mapping_user_put(v.user, &mm->vmas.dead);
}

/* A read fault of the page at va, or (is_copy) a private copy of it. */
static void touch(struct mm *mm, uptr va, bool is_copy)
{
	struct vma *v = vma_at(&mm->vmas, va);
	struct page *p = mapping_get(&mapping, v->offset_pages + ((va - v->start) >> PAGE_SHIFT));
	bool out_of_memory;
	pte_t *slot, e;

	if (is_copy) {
		page_put(p);
		p = page_alloc_zeroed(0, PAGE_ANON);
	}
	spin_lock(&mm->pt_lock);
	slot = pt_own_path(mm, va, true, &out_of_memory);
	CHECK(slot && *slot == 0);
	e = pte_make_leaf(page_to_pfn(p), 1);
	pt_install(mm, va, slot, v->flags & VM_SHARED ? pte_set_shared(e) : e, is_copy ? RSS_ANON : RSS_SHMEM);
	spin_unlock(&mm->pt_lock);
}

static bool is_mapped(struct mm *mm, unsigned page)
{
	return pt_peek(mm, VA + page * PAGE_SIZE) != 0;
}

/* Pages 0..9: shared. 10..19: private, with copies of the odd ones. The second half is the file's pages 5..14. */
static void family_begin(void)
{
	file_begin();
	mapping_truncate(&mapping, 15 * PAGE_SIZE);
	mm_begin(&mms[0]);
	mms[0].root = pt_root_alloc(0);
	CHECK(mm_family_start(&mms[0]) == 0);
	map_file(&mms[0], VA, 0, 10, VM_READ | VM_WRITE | VM_SHARED);
	map_file(&mms[0], VA + 10 * PAGE_SIZE, 5, 10, VM_READ | VM_WRITE);
	for (unsigned i = 0; i < 20; i++)
		touch(&mms[0], VA + i * PAGE_SIZE, i >= 10 && i % 2);
	mm_fork_into(&mms[1], &mms[0]);
	mm_fork_into(&mms[2], &mms[1]);
	mm_begin(&mms[3]);	/* of another family */
	mms[3].root = pt_root_alloc(0);
	CHECK(mm_family_start(&mms[3]) == 0);
	map_file(&mms[3], VA, 0, 10, VM_READ);
	for (unsigned i = 0; i < 10; i++)
		touch(&mms[3], VA + i * PAGE_SIZE, false);
	CHECK(atomic_read(&mapping.writable_mappings) == 1 && !mapping_deny_writable(&mapping));
}

static void family_end(void)
{
	struct memory_stats s;

	mm_end(&mms[0]);
	mm_end(&mms[2]);
	mm_end(&mms[3]);
	mm_end(&mms[1]);
	CHECK(list_is_empty(&mapping.mms));
	CHECK(mapping_deny_writable(&mapping) && !mapping_map_writable(&mapping));
	file_end();
	memory_stats(&s);
	CHECK(s.anon_pages == 0);
}

static void truncation_reaches_families(void)
{
	family_begin();
	mm_end(&mms[1]);	/* the middle one goes, its child stays listed */
	mapping_truncate(&mapping, 7 * PAGE_SIZE + 1);
	for (unsigned m = 0; m < MMS; m++) {
		if (m == 1)
			continue;
		for (unsigned i = 0; i < 10; i++)
			CHECK(is_mapped(&mms[m], i) == (i < 8));
		for (unsigned i = 10; m != 3 && i < 20; i++)
			CHECK(is_mapped(&mms[m], i) == (i - 10 + 5 < 8));
		pt_check(&mms[m]);
	}
	CHECK(mapping.page_count == 8 && frames() == 8);
	mm_fork_into(&mms[1], &mms[2]);
	mapping_truncate(&mapping, 0);
	for (unsigned m = 0; m < MMS; m++)
		for (unsigned i = 0; i < 20; i++)
			CHECK(!is_mapped(&mms[m], i));
	family_end();
}

static void punch_keeps_copies(void)
{
	family_begin();
	mapping_punch(&mapping, 4 * PAGE_SIZE + 5, 12 * PAGE_SIZE);	/* whole pages 5..11 */
	for (unsigned m = 0; m < MMS; m++) {
		for (unsigned i = 0; i < 10; i++)
			CHECK(is_mapped(&mms[m], i) == (i < 5));
		for (unsigned i = 10; m != 3 && i < 20; i++)
			CHECK(is_mapped(&mms[m], i) == (i % 2 || i - 10 + 5 >= 12));
		pt_check(&mms[m]);
	}
	family_end();
}

int main(void)
{
	host_init(64);
	host_set_current(&task);
	TEST_RUN(bytes);
	TEST_RUN(bytes_with_failures);
	TEST_RUN(sparse_file);
	TEST_RUN(truncation_reaches_families);
	TEST_RUN(punch_keeps_copies);
	return test_end();
}
