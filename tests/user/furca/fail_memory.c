/* Each allocation of the memory calls, and of faults, fails once: ENOMEM or none, and nothing left behind. */
#include "fail_nth.h"
#include <sys/uio.h>

#define AREA_PAGES 64
#define AREA_BYTES (AREA_PAGES * PAGE)
static char *area = (char *)0x500000000000; /* far from all else: tables of its own */
static int file = -1, file2 = -1;
static char *got;

static long map_at(char *at, size_t pages, int prot, int flags, int fd)
{
	return RAW(SYS_mmap, at, pages * PAGE, prot, flags, fd, 0);
}
#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static void no_area(void)
{
	NEED_OK(munmap(area - AREA_BYTES, 4 * AREA_BYTES));
}

static void no_area_after(long result)
{
	no_area();
}

static void touch(char *at, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		at[i * PAGE] = 1;
}

static void anon_area(void)
{
	no_area();
	NEED_OK(map_at(area, AREA_PAGES, RW, ANON | MAP_FIXED, -1) < 0 ? -1 : 0);
	touch(area, 8);
}

/* Regions in plenty below: splits go through a tree of more than one node. */
static void many_regions(void)
{
	anon_area();
	for (int i = 0; i < AREA_PAGES; i += 2)
		NEED_OK(mprotect(area + i * PAGE, PAGE, PROT_READ));
}

static void file_area(void)
{
	no_area();
	NEED_OK(map_at(area, AREA_PAGES, RW, MAP_PRIVATE | MAP_FIXED, file) < 0 ? -1 : 0);
	touch(area, 4);
}

static void shared_area(void)
{
	no_area();
	NEED_OK(map_at(area, AREA_PAGES, RW, MAP_SHARED | MAP_FIXED, file) < 0 ? -1 : 0);
	touch(area, 4);
}

/* The tables and the regions are shared with a child that sleeps. */
static pid_t sharer;
static void shared_with_a_child(void)
{
	anon_area();
	sharer = check_sleeper();
}

static void end_sharer(long result)
{
	kill(sharer, SIGKILL);
	check_interrupted_wait(sharer, &(int){0});
	no_area();
}

static long mmap_anon(void) { return map_at(area, AREA_PAGES, RW, ANON | MAP_FIXED, -1); }
static long mmap_populate(void) { return map_at(area, AREA_PAGES, RW, ANON | MAP_FIXED | MAP_POPULATE, -1); }
static long mmap_locked(void) { return map_at(area, 4, RW, ANON | MAP_FIXED | MAP_LOCKED, -1); }
static long mmap_shared_anon(void) { return map_at(area, 8, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1); }
static long mmap_file(void) { return map_at(area, 8, RW, MAP_PRIVATE | MAP_FIXED, file); }
static long mmap_file_shared(void) { return map_at(area, 8, RW, MAP_SHARED | MAP_FIXED | MAP_POPULATE, file); }
static long mmap_over(void) { return map_at(area + 9 * PAGE, 9, PROT_READ, ANON | MAP_FIXED, -1); }
static long mmap_file_over(void) { return map_at(area + 3 * PAGE, 9, PROT_READ, MAP_SHARED | MAP_FIXED, file); }
static long munmap_middle(void) { return RAW(SYS_munmap, area + 3 * PAGE, 3 * PAGE); }
static long munmap_all(void) { return RAW(SYS_munmap, area, AREA_BYTES); }
static long mprotect_middle(void) { return RAW(SYS_mprotect, area + 3 * PAGE, 3 * PAGE, PROT_READ); }
static long mprotect_all(void) { return RAW(SYS_mprotect, area, AREA_BYTES, PROT_READ | PROT_EXEC); }
static long mprotect_many(void)
{
	long r = 0;
	for (int i = 0; i < AREA_PAGES && !r; i += 2)
		r = RAW(SYS_mprotect, area + i * PAGE, PAGE, PROT_READ);
	return r;
}
static long munmap_many(void)
{
	long r = 0;
	for (int i = 0; i < AREA_PAGES && !r; i += 2)
		r = RAW(SYS_munmap, area + i * PAGE, PAGE);
	return r;
}
static long mmap_many(void)
{
	long r = 0;
	for (int i = 0; i < AREA_PAGES && r >= 0; i++)
		r = map_at(area + i * PAGE, 1, i & 1 ? PROT_READ : RW, i % 3 ? ANON | MAP_FIXED : MAP_FIXED | MAP_PRIVATE,
			   i % 3 ? -1 : i % 4 ? file : file2);
	return r;
}
static long mremap_grow(void) { return RAW(SYS_mremap, area, AREA_BYTES, AREA_BYTES + 9 * PAGE, 0); }
static long mremap_shrink(void) { return RAW(SYS_mremap, area, AREA_BYTES, 5 * PAGE, 0); }
static long mremap_move(void)
{
	return RAW(SYS_mremap, area + 2 * PAGE, 10 * PAGE, 10 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, area + AREA_BYTES + 5 * PAGE);
}
static long mremap_move_grow(void)
{
	return RAW(SYS_mremap, area + 2 * PAGE, 10 * PAGE, 20 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, area + AREA_BYTES + 5 * PAGE);
}
static long mremap_dontunmap(void)
{
	return RAW(SYS_mremap, area, AREA_BYTES, AREA_BYTES, MREMAP_MAYMOVE | MREMAP_FIXED | 4, area + AREA_BYTES);
}
static long madvise_dontneed(void) { return RAW(SYS_madvise, area + PAGE, 3 * PAGE, MADV_DONTNEED); }
static long madvise_dontfork(void) { return RAW(SYS_madvise, area + PAGE, 3 * PAGE, MADV_DONTFORK); }
static long madvise_populate(void) { return RAW(SYS_madvise, area, AREA_BYTES, 23 /* POPULATE_WRITE */); }
static long mlock_part(void) { return RAW(SYS_mlock, area + 2 * PAGE, 4 * PAGE); }
static long msync_part(void) { return RAW(SYS_msync, area, AREA_BYTES, MS_SYNC); }
static long mincore_part(void)
{
	static unsigned char there[AREA_PAGES];
	return RAW(SYS_mincore, area, AREA_BYTES, there);
}
static long write_faults(void) { return touch(area, 20), 0; }
static long read_faults(void)
{
	long sum = 0;
	for (int i = 8; i < 30; i++)
		sum += ((volatile char *)area)[i * PAGE];
	return sum & 0;
}

static long brk_up(void)
{
	char *now = (char *)RAW(SYS_brk, 0), *then = (char *)RAW(SYS_brk, now + 40 * PAGE);
	got = now;
	return then == now ? -ENOMEM : 0;
}
static void brk_back(long result) { RAW(SYS_brk, got); }

static long read_into_nothing(void)
{
	long n = RAW(SYS_pread64, file, area + 10 * PAGE, 3 * PAGE, 0);
	return n < 0 ? n : n == 3 * PAGE ? 0 : -EIO;
}

static long futex_on_fresh_page(void)
{
	return RAW(SYS_futex, area + 30 * PAGE, 1 /* WAKE */, 1, 0, 0, 0);
}

static long other_memory(void)
{
	static char local[2 * PAGE];
	struct iovec to = {local, sizeof local}, from = {area + PAGE / 2, sizeof local};
	long n = RAW(SYS_process_vm_writev, sharer, &to, 1, &from, 1, 0);
	return n == -ENOSYS || n == sizeof local ? 0 : n < 0 ? n : -EIO;
}

#define FULL(call) {#call, no_area, call, no_area_after}
#define ON(area_kind, call) {#call " on " #area_kind, area_kind, call, no_area_after}
#define WITH_CHILD(call) {#call " with a child", shared_with_a_child, call, end_sharer}

static void open_files(void)
{
	static char page[PAGE];
	check_scratch();
	file = NEED_OK(open("file", O_RDWR | O_CREAT, 0600));
	for (int i = 0; i < AREA_PAGES + 10; i++)
		NEED_OK(write(file, page, PAGE));
	file2 = NEED_OK(open("file", O_RDONLY));
}

TEST(mmap)
{
	static const struct fail_op ops[] = {
		FULL(mmap_anon), FULL(mmap_populate), {"mmap_locked", no_area, mmap_locked, no_area_after, {EAGAIN}},
		FULL(mmap_shared_anon), FULL(mmap_file), FULL(mmap_file_shared), ON(anon_area, mmap_over), ON(file_area, mmap_over),
		ON(many_regions, mmap_over), ON(anon_area, mmap_file_over), ON(many_regions, mmap_file_over),
		FULL(mmap_many), WITH_CHILD(mmap_many), ON(shared_area, mmap_file_over), WITH_CHILD(mmap_over), WITH_CHILD(mmap_file_over),
	};
	alarm(80);
	open_files();
	FAIL_ALL(ops);
}

TEST(unmap_and_protect)
{
	static const struct fail_op ops[] = {
		ON(anon_area, munmap_middle), ON(many_regions, munmap_middle), ON(file_area, munmap_middle),
		ON(anon_area, munmap_all), ON(many_regions, munmap_all), WITH_CHILD(munmap_middle), WITH_CHILD(munmap_all),
		ON(anon_area, mprotect_middle), ON(many_regions, mprotect_middle), ON(many_regions, mprotect_all),
		ON(anon_area, mprotect_many), WITH_CHILD(mprotect_many), ON(file_area, mprotect_many),
		ON(anon_area, munmap_many), WITH_CHILD(munmap_many), ON(file_area, munmap_many),
		ON(file_area, mprotect_middle), WITH_CHILD(mprotect_middle), WITH_CHILD(mprotect_all),
	};
	alarm(80);
	open_files();
	FAIL_ALL(ops);
}

TEST(mremap)
{
	static const struct fail_op ops[] = {
		ON(anon_area, mremap_grow), ON(anon_area, mremap_shrink), ON(anon_area, mremap_move),
		ON(anon_area, mremap_move_grow), ON(anon_area, mremap_dontunmap), ON(file_area, mremap_move),
		ON(shared_area, mremap_move_grow), WITH_CHILD(mremap_grow), WITH_CHILD(mremap_shrink), WITH_CHILD(mremap_move),
		WITH_CHILD(mremap_move_grow), WITH_CHILD(mremap_dontunmap),
	};
	alarm(80);
	open_files();
	FAIL_ALL(ops);
}

TEST(brk)
{
	static const struct fail_op ops[] = {{"brk", 0, brk_up, brk_back}};
	alarm(80);
	FAIL_ALL(ops);
}

TEST(advice_and_locks)
{
	static const struct fail_op ops[] = {
		ON(anon_area, madvise_dontneed), ON(anon_area, madvise_dontfork), ON(anon_area, madvise_populate),
		ON(many_regions, madvise_dontfork), ON(shared_area, madvise_dontneed),
		{"mlock", anon_area, mlock_part, no_area_after, {EAGAIN}},
		{"mlock of a file", file_area, mlock_part, no_area_after, {EAGAIN}}, ON(shared_area, msync_part),
		ON(file_area, mincore_part), WITH_CHILD(madvise_dontneed), {"DONTFORK with a child", shared_with_a_child, madvise_dontfork, end_sharer, {EAGAIN}},
		WITH_CHILD(madvise_populate), {"mlock with a child", shared_with_a_child, mlock_part, end_sharer, {EAGAIN}},
	};
	alarm(80);
	open_files();
	FAIL_ALL(ops);
}

/* A fault waits for memory: nobody sees the failure. */
TEST(faults)
{
	static const struct fail_op ops[] = {
		ON(anon_area, write_faults), ON(anon_area, read_faults), ON(file_area, write_faults), ON(file_area, read_faults),
		ON(shared_area, write_faults), WITH_CHILD(write_faults), WITH_CHILD(read_faults),
		ON(anon_area, read_into_nothing), WITH_CHILD(read_into_nothing), ON(anon_area, futex_on_fresh_page),
		WITH_CHILD(other_memory),
	};
	alarm(80);
	open_files();
	FAIL_ALL(ops);
}
