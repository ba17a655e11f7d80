/*
 * mm/mm_test.c: an address space as programs see it: faults of every kind, fork with the regions that it changes,
 * access from outside, truncation under forked children; and allocations that fail at every place, with nothing leaked.
 */
#include "arch/host/host.h"
#include "base/errno.h"
#include "fs/vfs.h"
#include "mm/file_users.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/buddy.h"
#include "task/task.h"
#include "mm/user_access.h"

#define ANON_AT 0x10000000UL
#define PRIVATE_AT 0x20000000UL
#define SHARED_AT 0x7f0000000000UL
#define REGION_PAGES 16
#define FILE_PAGES 8		/* regions reach beyond the file's end */
#define RW (VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC)

static struct task task;
static struct signal group;
static struct inode inode;
static struct file file;
static struct mapping mapping;
static unsigned oom_calls;
static struct page *hoard;	/* what oom_kill gives back */

/* -- what the rest of the kernel would do -- */
void schedule(void) { }
bool oom_kill(void)
{
	oom_calls++;
	while (hoard) {
		struct page *p = hoard;
		hoard = p->private;
		page_free(p, 0);
	}
	return oom_calls > 100;
}
bool capable(int cap) { return true; }
void file_put(struct file *f) { CHECK(!refcount_dec(&f->count)); }
int mm_expand_stack(struct mm *mm, uptr addr) { return -EFAULT; }
size_t copy_from_user_partial(void *dst, uptr src, size_t n) { return 0; }
size_t copy_to_user_partial(uptr dst, const void *src, size_t n) { return 0; }
int clear_user(uptr dst, size_t n) { return -EFAULT; }

/* -- an address space with one region of each kind -- */
static int add_region(struct mm *mm, uptr at, u64 flags, bool is_file)
{
	struct vma v = { .start = at, .end = at + REGION_PAGES * PAGE_SIZE, .flags = flags };
	struct mapping_user *dead = NULL;
	int err;

	if (is_file) {
		v.user = mapping_user_new(mm, &file, flags & VM_SHARED);
		if (IS_ERR(v.user))
			return (int)PTR_ERR(v.user);
		v.file = &file;
	}
	rw_write_lock(&mm->lock);
	err = vma_insert(&mm->vmas, &v);
	if (!err)
		mm->total_pages += REGION_PAGES;
	mm_write_unlock(mm);
	if (is_file) {
		mapping_user_put(v.user, &dead);
		mapping_users_free(dead);
	}
	return err;
}

static struct mm *new_mm(void)
{
	struct mm *mm = mm_new();

	CHECK(mm);
	CHECK(!add_region(mm, ANON_AT, RW | VM_ACCOUNT, false));
	CHECK(!add_region(mm, PRIVATE_AT, RW, true));
	CHECK(!add_region(mm, SHARED_AT, RW | VM_SHARED, true));
	mm->committed_pages = REGION_PAGES;
	CHECK(!commit_charge(REGION_PAGES));
	return mm;
}

static void begin(void)
{
	static bool is_ready;

	oom_calls = 0;
	if (is_ready)
		return;
	is_ready = true;
	task.signal = &group;
	host_set_current(&task);
	inode.mapping = &mapping;
	file.inode = &inode;
	refcount_set(&file.count, 1);
	mapping_init(&mapping, &inode, NULL, PAGE_SHMEM);
	mapping.size_bytes = FILE_PAGES * PAGE_SIZE;
	for (u64 i = 0; i < FILE_PAGES; i++) {
		struct page *p = mapping_get(&mapping, i);
		CHECK(!IS_ERR(p));
		*(u64 *)page_address(p) = 1000 + i;
		page_put(p);
	}
}

/* A program's access to the first word of a page. 0, or the signal, as -SIGSEGV... */
static int touch(struct mm *mm, uptr va, bool is_write, u64 *value, int *code)
{
	for (int tries = 0; tries < 50; tries++) {
		u64 pfn;

		mm_load(mm);
		if (host_access(va, is_write, &pfn) == 0) {
			u64 *word = phys_to_virt(pfn << PAGE_SHIFT);
			if (is_write)
				*word = *value;
			*value = *word;
			return 0;
		}
		int r = mm_fault(mm, va, is_write ? FAULT_WRITE : FAULT_READ, code);
		if (r)
			return r;
	}
	CHECK(!"faults for ever");
	return -1;
}

static u64 read_at(struct mm *mm, uptr va)
{
	u64 v = 0;
	int code;

	CHECK(touch(mm, va, false, &v, &code) == 0);
	return v;
}
static void write_at(struct mm *mm, uptr va, u64 v)
{
	int code;

	CHECK(touch(mm, va, true, &v, &code) == 0);
}
static void check_signal(struct mm *mm, uptr va, bool is_write, int sig, int want)
{
	u64 v = 0;
	int code = -1;

	CHECK(touch(mm, va, is_write, &v, &code) == -sig && code == want);
}
static uptr page_at(uptr base, unsigned i) { return base + i * PAGE_SIZE; }

/* What is alive, to be compared. */
struct census { struct memory_stats m; size_t slab_bytes; u64 commit; };
static void take_census(struct census *c)
{
	mm_load(NULL);
	table_pool_drain();
	memory_stats(&c->m);
	c->slab_bytes = slab_live_bytes();
	c->commit = commit_used();
}
static void check_census(const struct census *before)
{
	struct census now;

	take_census(&now);
	CHECK(now.slab_bytes == before->slab_bytes && now.commit == before->commit);
	CHECK(now.m.anon_pages == before->m.anon_pages && now.m.table_pages == before->m.table_pages);
	CHECK(now.m.shmem_pages == before->m.shmem_pages);
	CHECK(refcount_read(&file.count) == 1);
}

/* -- cases -- */
static void test_faults(void)
{
	begin();
	struct census before;
	take_census(&before);
	struct mm *mm = new_mm();

	CHECK(read_at(mm, ANON_AT) == 0 && mm_rss_pages(mm) == 0);	/* the zero page is nobody's */
	write_at(mm, ANON_AT, 5);
	CHECK(read_at(mm, ANON_AT) == 5 && pt_rss(mm, RSS_ANON) == 1);
	CHECK(read_at(mm, page_at(PRIVATE_AT, 2)) == 1002);
	CHECK(pt_rss(mm, RSS_SHMEM) == FILE_PAGES);	/* its neighbours came along */
	write_at(mm, page_at(PRIVATE_AT, 2), 6);
	write_at(mm, page_at(PRIVATE_AT, 3), 7);
	CHECK(pt_rss(mm, RSS_SHMEM) == FILE_PAGES - 2 && pt_rss(mm, RSS_ANON) == 3);
	CHECK(read_at(mm, page_at(SHARED_AT, 2)) == 1002);
	write_at(mm, page_at(SHARED_AT, 3), 8);
	CHECK(read_at(mm, page_at(PRIVATE_AT, 3)) == 7);
	CHECK(pt_rss(mm, RSS_SHMEM) == 2 * FILE_PAGES - 2);
	write_at(mm, page_at(SHARED_AT, 3), 1003);

	check_signal(mm, 0x1000, false, SIGSEGV, SEGV_MAPERR);
	check_signal(mm, ANON_AT - 1, true, SIGSEGV, SEGV_MAPERR);
	check_signal(mm, USER_END, true, SIGSEGV, SEGV_MAPERR);
	check_signal(mm, page_at(SHARED_AT, FILE_PAGES), false, SIGBUS, BUS_ADRERR);
	check_signal(mm, page_at(PRIVATE_AT, FILE_PAGES), true, SIGBUS, BUS_ADRERR);
	CHECK(mm->minor_faults >= 6);	/* a page of a shared file that was read is written without one */
	pt_check(mm);
	mm_put(mm);
	check_census(&before);
}

static void change_flags(struct mm *mm, uptr at, u64 flags)
{
	rw_write_lock(&mm->lock);
	struct vma v = *vma_at(&mm->vmas, at);
	v.flags = flags;
	CHECK(!vma_replace(&mm->vmas, v.start, &v));
	mm_write_unlock(mm);
	CHECK(!pt_protect(mm, v.start, v.end, flags & 7));
}

static void test_protection(void)
{
	begin();
	struct mm *mm = new_mm();
	int code;

	write_at(mm, ANON_AT, 5);
	change_flags(mm, ANON_AT, VM_READ | VM_MAYREAD | VM_MAYWRITE);
	check_signal(mm, ANON_AT, true, SIGSEGV, SEGV_ACCERR);
	CHECK(read_at(mm, ANON_AT) == 5);
	CHECK(mm_fault(mm, ANON_AT, FAULT_EXEC, &code) == -SIGSEGV && code == SEGV_ACCERR);
	change_flags(mm, ANON_AT, VM_MAYREAD | VM_MAYWRITE);
	check_signal(mm, ANON_AT, false, SIGSEGV, SEGV_ACCERR);
	CHECK(mm_rss_pages(mm) == 1);
	change_flags(mm, ANON_AT, RW);
	CHECK(read_at(mm, ANON_AT) == 5);
	write_at(mm, ANON_AT, 6);
	mm_put(mm);
}

static void test_fork(void)
{
	begin();
	struct census before;
	take_census(&before);
	struct mm *mm = new_mm();

	for (unsigned i = 0; i < FILE_PAGES; i++) {
		write_at(mm, page_at(ANON_AT, i), i);
		write_at(mm, page_at(PRIVATE_AT, i), 50 + i);
	}
	struct mm *child = mm_copy(mm, 0), *grandchild;
	CHECK(!IS_ERR(child));
	CHECK(mm_rss_pages(child) == mm_rss_pages(mm) && commit_used() == before.commit + 2 * REGION_PAGES);
	write_at(mm, page_at(ANON_AT, 1), 100);
	write_at(child, page_at(ANON_AT, 2), 200);
	grandchild = mm_copy(child, 0);
	CHECK(!IS_ERR(grandchild));
	write_at(grandchild, page_at(ANON_AT, 2), 300);
	write_at(grandchild, page_at(SHARED_AT, 2), 400);
	CHECK(read_at(mm, page_at(ANON_AT, 1)) == 100 && read_at(child, page_at(ANON_AT, 1)) == 1);
	CHECK(read_at(mm, page_at(ANON_AT, 2)) == 2 && read_at(child, page_at(ANON_AT, 2)) == 200);
	CHECK(read_at(grandchild, page_at(ANON_AT, 2)) == 300 && read_at(grandchild, page_at(PRIVATE_AT, 3)) == 53);
	CHECK(read_at(mm, page_at(SHARED_AT, 2)) == 400);
	write_at(mm, page_at(SHARED_AT, 2), 1002);
	pt_check(mm);
	pt_check(child);
	pt_check(grandchild);
	mm_put(child);
	CHECK(read_at(grandchild, page_at(ANON_AT, 1)) == 1);
	mm_put(mm);
	mm_put(grandchild);
	check_census(&before);
}

static void test_special_regions(void)
{
	begin();
	struct census before;
	take_census(&before);
	struct mm *mm = new_mm();

	write_at(mm, ANON_AT, 1);
	write_at(mm, PRIVATE_AT, 2);
	CHECK(!add_region(mm, PRIVATE_AT * 2, RW | VM_LOCKED, false));
	write_at(mm, PRIVATE_AT * 2, 3);
	mm->locked_pages = REGION_PAGES;
	change_flags(mm, ANON_AT, RW | VM_ACCOUNT | VM_DONTFORK);
	change_flags(mm, PRIVATE_AT, RW | VM_WIPEONFORK);
	struct mm *child = mm_copy(mm, 0);
	CHECK(!IS_ERR(child));
	check_signal(child, ANON_AT, false, SIGSEGV, SEGV_MAPERR);
	CHECK(read_at(child, PRIVATE_AT) == 1000);	/* the region is empty again */
	CHECK(read_at(child, PRIVATE_AT * 2) == 3);
	CHECK(!(vma_at(&child->vmas, PRIVATE_AT * 2)->flags & VM_LOCKED) && child->locked_pages == 0);
	CHECK(child->committed_pages == 0 && child->total_pages == 3 * REGION_PAGES);
	CHECK(vma_at(&mm->vmas, PRIVATE_AT * 2)->flags & VM_LOCKED);
	CHECK(read_at(mm, ANON_AT) == 1 && read_at(mm, PRIVATE_AT) == 2);
	pt_check(mm);
	pt_check(child);
	mm_put(mm);
	mm_put(child);
	check_census(&before);
}

static void test_foreign_access(void)
{
	begin();
	struct mm *mm = new_mm();
	u64 words[PAGE_SIZE / 8 + 1];

	write_at(mm, page_at(ANON_AT, 1), 11);
	struct mm *child = mm_copy(mm, 0);
	CHECK(mm_access(mm, page_at(ANON_AT, 1), words, 8, 0) == 8 && words[0] == 11);
	CHECK(mm_access(mm, page_at(ANON_AT, 5), words, 8, 0) == 8 && words[0] == 0);
	memset(words, 0x11, sizeof(words));
	CHECK(mm_access(child, page_at(ANON_AT, 1), words, sizeof(words), ACCESS_WRITE) == sizeof(words));
	CHECK(read_at(mm, page_at(ANON_AT, 1)) == 11 && read_at(child, page_at(ANON_AT, 1)) == words[0]);
	CHECK(read_at(child, page_at(ANON_AT, 2)) == words[0] && read_at(mm, page_at(ANON_AT, 2)) == 0);
	CHECK(mm_access(mm, 0x1000, words, 8, 0) == -EFAULT);
	CHECK(mm_access(mm, page_at(ANON_AT, REGION_PAGES) - 4, words, 8, 0) == 4);
	/* forced: a private page gets a copy that stays read-only, a shared one is refused */
	change_flags(mm, PRIVATE_AT, VM_READ | VM_MAYREAD | VM_MAYWRITE);
	change_flags(mm, SHARED_AT, VM_READ | VM_MAYREAD | VM_MAYWRITE | VM_SHARED);
	CHECK(mm_access(mm, PRIVATE_AT, words, 8, ACCESS_WRITE) == -EFAULT);
	CHECK(mm_access(mm, PRIVATE_AT, words, 8, ACCESS_WRITE | ACCESS_FORCE) == 8);
	CHECK(mm_access(mm, SHARED_AT, words, 8, ACCESS_WRITE | ACCESS_FORCE) == -EFAULT);
	CHECK(read_at(mm, PRIVATE_AT) == words[0] && read_at(child, PRIVATE_AT) == 1000);
	check_signal(mm, PRIVATE_AT, true, SIGSEGV, SEGV_ACCERR);

	struct page *a = mm_pin(mm, SHARED_AT, false), *b = mm_pin(child, SHARED_AT, true), *c = mm_pin(mm, ANON_AT, true);
	CHECK(a == b && c->kind == PAGE_ANON && IS_ERR(mm_pin(mm, 0x1000, false)));
	write_at(mm, ANON_AT, 77);	/* a pin does not part the page from its owner */
	CHECK(*(u64 *)page_address(c) == 77);
	page_put(a);
	page_put(b);
	page_put(c);
	pt_check(mm);
	pt_check(child);
	mm_put(mm);
	mm_put(child);
}

static void test_truncation(void)
{
	begin();
	struct mm *mm = new_mm();

	CHECK(read_at(mm, page_at(SHARED_AT, 7)) == 1007);
	write_at(mm, page_at(PRIVATE_AT, 7), 70);
	struct mm *child = mm_copy(mm, 0);
	mutex_lock(&inode.lock);
	mapping_truncate(&mapping, 7 * PAGE_SIZE);
	mutex_unlock(&inode.lock);
	check_signal(mm, page_at(SHARED_AT, 7), false, SIGBUS, BUS_ADRERR);
	check_signal(child, page_at(SHARED_AT, 7), false, SIGBUS, BUS_ADRERR);
	check_signal(child, page_at(PRIVATE_AT, 7), false, SIGBUS, BUS_ADRERR);
	CHECK(read_at(child, page_at(SHARED_AT, 6)) == 1006);
	mm_put(mm);
	mm_put(child);
	mutex_lock(&inode.lock);
	mapping_truncate(&mapping, FILE_PAGES * PAGE_SIZE);
	mutex_unlock(&inode.lock);
}

/* fork with every allocation failing once: either it worked, or nothing of it is left. */
static void test_fork_fails_cleanly(void)
{
	begin();
	struct mm *mm = new_mm(), *child;
	struct census before;
	unsigned n = 0;

	write_at(mm, ANON_AT, 1);
	change_flags(mm, ANON_AT, RW | VM_ACCOUNT | VM_DONTFORK);
	change_flags(mm, PRIVATE_AT, RW | VM_WIPEONFORK);
	do {
		take_census(&before);
		task.fail_nth = ++n;
		child = mm_copy(mm, 0);
		task.fail_nth = 0;
		if (IS_ERR(child)) {
			CHECK(PTR_ERR(child) == -ENOMEM);
			struct census now;
			take_census(&now);
			CHECK(now.slab_bytes == before.slab_bytes && now.commit == before.commit);
			CHECK(now.m.anon_pages == before.m.anon_pages && now.m.table_pages == before.m.table_pages);
		}
	} while (IS_ERR(child));
	CHECK(n >= 4);
	CHECK(read_at(mm, ANON_AT) == 1);
	mm_put(child);
	mm_put(mm);
}

static void test_out_of_memory(void)
{
	begin();
	struct mm *mm = new_mm();
	struct page *p;

	write_at(mm, ANON_AT, 1);
	struct mm *child = mm_copy(mm, 0);
	while ((p = page_alloc(0, PAGE_KERNEL, 0))) {
		p->private = hoard;
		hoard = p;
	}
	write_at(child, ANON_AT, 2);
	CHECK(oom_calls == 1 && !hoard);
	CHECK(read_at(mm, ANON_AT) == 1);
	mm_put(child);
	mm_put(mm);
}

int main(void)
{
	host_init(64);
	TEST_RUN(test_faults);
	TEST_RUN(test_protection);
	TEST_RUN(test_fork);
	TEST_RUN(test_special_regions);
	TEST_RUN(test_foreign_access);
	TEST_RUN(test_truncation);
	TEST_RUN(test_fork_fails_cleanly);
	TEST_RUN(test_out_of_memory);
	return test_end();
}
