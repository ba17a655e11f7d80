/*
 * mm/calls_test.c: random calls about memory (mmap, munmap, mprotect, mremap, madvise, mlock, msync, mincore), faults,
 * truncation and forks, with allocations that fail. Whatever fails, the counters of each mm add up, the tables keep
 * their invariant, and at the end nothing is left. What the calls must return is tests/user/mm/random.c's matter.
 */
#include "arch/host/host.h"
#include "base/errno.h"
#include "fs/vfs.h"
#include "mm/mapping_io.h"
#include "mm/region.h"
#include "mm/slab.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/mman.h>

#define WINDOW 0x100000000000UL
#define PAGES 48
#define FILES 3		/* descriptors 1 to 3; the last is read-only */
#define MMS 4

static struct task task;
static struct signal signal;
static struct cred cred;
static struct inode inodes[FILES + 1];
static struct mapping mappings[FILES + 1];
static struct file files[FILES + 1];
static struct mm *mms[MMS];
static int nameless_files;

/* -- the rest of the kernel ---------------------------------------------------------------------------------------- */
bool capable(int cap) { return true; }
bool inode_is_owner(const struct inode *i) { return true; }
int inode_permission(struct inode *i, unsigned mask) { return 0; }
bool path_is_noexec(const struct path *p) { return false; }
bool user_range_ok(uptr addr, size_t n) { return true; }
bool oom_kill(void) { return false; }	/* the next attempt has memory again */
void schedule(void) { }

int copy_to_user(uptr dst, const void *src, size_t n)
{
	memcpy((void *)dst, src, n);
	return 0;
}
size_t copy_to_user_partial(uptr dst, const void *src, size_t n) { return copy_to_user(dst, src, n) ? 0 : n; }
size_t copy_from_user_partial(void *dst, uptr src, size_t n) { return 0; }
int clear_user(uptr dst, size_t n) { return -EFAULT; }

static long punch(struct file *f, int mode, loff offset, loff len)
{
	mapping_punch(f->inode->mapping, offset, offset + len);
	return 0;
}
static const struct file_ops ops = { .fallocate = punch };

struct nameless { struct file file; struct inode inode; struct mapping mapping; };
struct file *shmem_file_new(const char *name, u64 size, u64 flags)
{
	struct nameless *n = calloc(1, sizeof(*n));

	mapping_init(&n->mapping, &n->inode, NULL, PAGE_SHMEM);
	n->mapping.size_bytes = size;
	n->inode.mapping = &n->mapping;
	n->file = (struct file){ .count = REFCOUNT_INIT(1), .mode = FMODE_READ | FMODE_WRITE, .inode = &n->inode };
	n->file.ops = &ops;
	nameless_files++;
	return &n->file;
}

void file_put(struct file *f)
{
	struct nameless *n = container_of(f, struct nameless, file);

	if (!refcount_dec(&f->count))
		return;
	CHECK(f < files || f > &files[FILES]);
	mapping_destroy(&n->mapping);
	free(n);
	nameless_files--;
}

struct file *fd_get(int fd) { return fd >= 1 && fd <= FILES ? file_get(&files[fd]) : NULL; }

/* -- steps --------------------------------------------------------------------------------------------------------- */
static void step_map(uptr at, size_t len, int prot)
{
	static const int kinds[] = { 0x22, 0x22, 0x21, 0x02, 0x01 };
	int flags = kinds[test_random_below(5)], fd = flags & MAP_ANONYMOUS ? -1 : 1 + (int)test_random_below(FILES);

	flags |= test_random_below(4) ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	flags |= test_random_below(8) ? 0 : MAP_LOCKED;
	flags |= test_random_below(8) ? 0 : MAP_POPULATE;
	sys_mmap(at, len, prot, flags, fd, test_random_below(16) << PAGE_SHIFT);
}

static void step_remap(uptr at, size_t len)
{
	size_t new_len = test_random_below(9) << PAGE_SHIFT;
	uptr to = WINDOW + (test_random_below(PAGES - 8) << PAGE_SHIFT);

	if (test_random_below(4) == 0)
		sys_mremap(at, len, len, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to);
	else
		sys_mremap(at, len, new_len, MREMAP_MAYMOVE | MREMAP_FIXED, to);
}

static void step_advise(uptr at, size_t len)
{
	static const int advice[] = { MADV_DONTNEED, MADV_FREE, MADV_DONTFORK, MADV_WIPEONFORK, MADV_KEEPONFORK,
				      MADV_DOFORK, MADV_REMOVE, MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_RANDOM,
				      MADV_NORMAL };

	sys_madvise(at, len, advice[test_random_below(ARRAY_SIZE(advice))]);
}

static void step_file(void)
{
	struct mapping *m = &mappings[1 + test_random_below(FILES)];
	u64 at = test_random_below(20 * PAGE_SIZE);

	if (test_random_below(2))
		mapping_truncate(m, at);
	else
		mapping_punch(m, at, at + test_random_below(4 * PAGE_SIZE));
}

static void step_core(uptr at, size_t len)
{
	u8 map[PAGES];

	sys_mincore(at, len, (uptr)map);
}

static void step_fork(unsigned from)
{
	unsigned to = test_random_below(MMS);
	struct mm *copy;

	if (to == from)
		return;
	copy = mm_copy(mms[from], 0);
	if (IS_ERR(copy))
		return;
	mm_put(mms[to]);
	mms[to] = copy;
}

static void step(unsigned which)
{
	uptr at = WINDOW + (test_random_below(PAGES - 8) << PAGE_SHIFT);
	size_t len = (1 + test_random_below(8)) << PAGE_SHIFT;
	int prot = test_random_below(8), code;

	switch (test_random_below(16)) {
	case 0 ... 3: step_map(at, len, prot); break;
	case 4: sys_munmap(at, len); break;
	case 5 ... 6: sys_mprotect(at, len, prot); break;
	case 7: step_remap(at, len); break;
	case 8 ... 9: step_advise(at, len); break;
	case 10: test_random_below(2) ? sys_mlock(at, len) : sys_munlock(at, len); break;
	case 11: step_core(at, len); break;
	case 12: step_file(); break;
	case 13: step_fork(which); break;
	default: (void)mm_fault(mms[which], at, prot & 1 ? FAULT_WRITE : FAULT_READ, &code); break;
	}
}

/* -- checks -------------------------------------------------------------------------------------------------------- */
static u64 check_mm(struct mm *mm)
{
	u64 total = 0, locked = 0, committed = 0;

	for (struct vma *v = vma_find(&mm->vmas, 0); v; v = vma_next(&mm->vmas, v)) {
		total += region_pages(v);
		locked += v->flags & VM_LOCKED ? region_pages(v) : 0;
		committed += v->flags & VM_ACCOUNT ? region_pages(v) : 0;
	}
	CHECK(mm->total_pages == total && mm->locked_pages == locked && mm->committed_pages == committed);
	pt_check(mm);
	return committed;
}

static void check_all(void)
{
	u64 committed = 0;

	for (unsigned i = 0; i < MMS; i++)
		committed += check_mm(mms[i]);
	CHECK(commit_used() == committed);
}

static void begin(void)
{
	for (unsigned i = 1; i <= FILES; i++) {
		mapping_init(&mappings[i], &inodes[i], NULL, PAGE_SHMEM);
		mappings[i].size_bytes = 16 * PAGE_SIZE;
		inodes[i].mapping = &mappings[i];
		files[i] = (struct file){ .count = REFCOUNT_INIT(1), .inode = &inodes[i], .ops = &ops,
					  .mode = i == FILES ? FMODE_READ : FMODE_READ | FMODE_WRITE };
	}
	for (unsigned i = 0; i < MMS; i++) {
		mms[i] = mm_new();
		mms[i]->mmap_base = 0x7ffff0000000;
	}
}

static void end(void)
{
	struct memory_stats s;

	task.mm = NULL;
	for (unsigned i = 0; i < MMS; i++)
		mm_put(mms[i]);
	for (unsigned i = 1; i <= FILES; i++) {
		CHECK(list_is_empty(&mappings[i].mms) && atomic_read(&mappings[i].writable_mappings) == 0);
		mapping_destroy(&mappings[i]);
		CHECK(refcount_read(&files[i].count) == 1);
	}
	memory_stats(&s);
	CHECK(nameless_files == 0 && commit_used() == 0 && s.anon_pages == 0 && s.shmem_pages == 0);
}

static void random_calls(unsigned steps, bool with_failures)
{
	begin();
	for (unsigned n = 0; n < steps; n++) {
		unsigned which = test_random_below(MMS);

		task.mm = mms[which];
		task.fail_nth = with_failures && test_random_below(3) == 0 ? 1 + test_random_below(9) : 0;
		step(which);
		task.fail_nth = 0;
		if (n % 8 == 0)
			check_all();
	}
	end();
}

static void calls(void) { random_calls(12000, false); }
static void calls_with_failures(void) { random_calls(20000, true); }

int main(void)
{
	host_init(128);
	host_set_current(&task);
	task.signal = &signal;
	task.cred = &cred;
	for (unsigned i = 0; i < RLIMITS; i++)
		signal.limits[i] = (struct rlimit_pair){ ~0UL, ~0UL };
	TEST_RUN(calls);
	TEST_RUN(calls_with_failures);
	return test_end();
}
