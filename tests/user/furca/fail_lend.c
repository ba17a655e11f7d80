/*
 * A file's pages that a leaf table borrows from another (docs/memory.md): each allocation of what is done to such tables fails
 * once. The parent's table lends to a child's, or both borrow from one that nobody maps any more. After each try every page on
 * both sides is what it was or was made, and nothing is left behind; the debug kernel also counts everything again.
 */
#include "fail_nth.h"

#define TEXT_PAGES 64	/* mapped by one fault, and lent */
#define ANON_PAGES 16	/* of the same leaf table: who writes there first has to copy it */
#define ALL_PAGES  (TEXT_PAGES + ANON_PAGES)
static char *const area = (char *)0x500000000000;	/* a leaf table of its own */
static char *const elsewhere = (char *)0x500000000000 + 4 * ALL_PAGES * PAGE;

static int file, ask[2], answer[2];
static pid_t sharer;

/* What this process has at each page; the tens are the file's. */
enum { GONE = -1, MOVED = 1000 };
static int want[ALL_PAGES];

static int number_at(const char *base, int page)
{
	return *(const volatile int *)(base + page * PAGE);
}

static void put(int page, int number)
{
	*(volatile int *)(area + page * PAGE) = want[page] = number;
}

static bool is_mapped(int page)
{
	unsigned char in;
	return RAW(SYS_mincore, area + page * PAGE, PAGE, &in) == 0;
}

static int wrong_pages(void)
{
	int wrong = 0;
	for (int i = 0; i < ALL_PAGES; i++) {
		if (want[i] == GONE || want[i] >= MOVED)
			wrong += is_mapped(i);
		else
			wrong += number_at(area, i) != want[i];
		if (want[i] >= MOVED)
			wrong += number_at(elsewhere, i) != want[i] - MOVED;
	}
	return wrong;
}

static void clear(void)
{
	NEED_OK(munmap(area, 8 * ALL_PAGES * PAGE));
}

static void map_all(void)
{
	clear();
	NEED_OK(mmap(area, TEXT_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, 0) == MAP_FAILED ? -1 : 0);
	NEED_OK(mmap(area + TEXT_PAGES * PAGE, ANON_PAGES * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ? -1 : 0);
	for (int i = 0; i < TEXT_PAGES; i++)
		want[i] = i * 10;
	for (int i = TEXT_PAGES; i < ALL_PAGES; i++)
		put(i, i * 10 + 1);
	CHECK_EQ(wrong_pages(), 0);
}

/* The child says when it has taken a table of its own, and each time it is asked whether its pages are right. */
static void serve(void)
{
	char c;
	put(TEXT_PAGES, 2);
	do {
		c = wrong_pages() ? 'n' : 'y';
		if (write(answer[1], &c, 1) != 1)
			_exit(1);
	} while (read(ask[0], &c, 1) == 1);
	_exit(0);
}

static char answered(void)
{
	char c = 0;
	return read(answer[0], &c, 1) == 1 ? c : 0;
}

static void lends(void)
{
	map_all();
	NEED_OK(pipe(ask));
	NEED_OK(pipe(answer));
	sharer = fork();
	if (sharer == 0) {
		close(ask[1]);
		serve();
	}
	CHECK_EQ(answered(), 'y');
}

static void borrows(void)
{
	lends();
	put(TEXT_PAGES + 1, 3);
}

static void check_after(long result)
{
	CHECK_EQ(wrong_pages(), 0);
	CHECK_EQ(write(ask[1], "c", 1), 1);
	CHECK_EQ(answered(), 'y');
	check_spew("/proc/furca/recount", "now", 3, 0);	/* of the debug kernel alone; too early is no error */
	for (int i = 0; i < 2; i++) {
		close(ask[i]);
		close(answer[i]);
	}
	CHECK_WAIT(sharer, EXITED(0));
	clear();
}

/* -- what is done, by the parent -- */
static long write_first(void) { return put(0, 5), 0; }
static long write_middle(void) { return put(33, 5), 0; }
static long write_last(void) { return put(TEXT_PAGES - 1, 5), put(7, 6), 0; }
static long write_beside(void) { return put(TEXT_PAGES + 3, 5), 0; }

static long unmap_pages(int first, int n)
{
	long r = RAW(SYS_munmap, area + first * PAGE, n * PAGE);
	for (int i = first; i < first + n && !r; i++)
		want[i] = GONE;
	return r;
}
static long munmap_middle(void) { return unmap_pages(20, 9); }
static long munmap_text(void) { return unmap_pages(0, TEXT_PAGES); }
static long munmap_all(void) { return unmap_pages(0, ALL_PAGES); }
static long munmap_both_ends(void)
{
	long r = unmap_pages(0, 3);
	return r ? r : unmap_pages(TEXT_PAGES - 5, 8);
}

static long protect_middle(void) { return RAW(SYS_mprotect, area + 20 * PAGE, 9 * PAGE, PROT_READ); }
static long protect_text(void) { return RAW(SYS_mprotect, area, TEXT_PAGES * PAGE, PROT_READ | PROT_EXEC); }
static long dont_need(void) { return RAW(SYS_madvise, area + 9 * PAGE, 20 * PAGE, MADV_DONTNEED); }
static long lock_text(void) { return RAW(SYS_mlock, area, TEXT_PAGES * PAGE); }

static long move_middle(void)
{
	long r = RAW(SYS_mremap, area + 12 * PAGE, 30 * PAGE, 30 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere + 12 * PAGE);
	for (int i = 12; i < 42 && r > 0; i++)
		want[i] += MOVED;
	return r < 0 ? r : 0;
}

static long map_over(void)
{
	long r = RAW(SYS_mmap, area + 30 * PAGE, 10 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0);
	for (int i = 30; i < 40 && r > 0; i++)
		want[i] = (i - 30) * 10;
	return r < 0 ? r : 0;
}

/* -- and by children -- */
/* 0: its pages are right. */
static long child_looks(void)
{
	long pid = clone_call(SIGCHLD, 0, 0, 0, 0, (int (*)(void *))(void *)wrong_pages, 0);
	if (pid > 0)
		CHECK_WAIT(pid, EXITED(0));
	return pid < 0 ? pid : 0;
}

static void child_does_it_all(int n)
{
	fail_open();
	fail_arm(n);
	put(9, 8);
	put(TEXT_PAGES + 5, 9);
	(void)!unmap_pages(40, 6);
	(void)!protect_middle();
	(void)!child_looks();
	put(50, 10);
	if (wrong_pages())
		_exit(1);
	if (n % 2)		/* it ends, or becomes another program, with the failure still to come or not */
		execl(check_self, check_self, "@ends", fail_disarm() ? "4" : "3", NULL);
	_exit(check_failed ? 1 : fail_disarm() ? 4 : 3);
}

HELPER(ends)
{
	return atoi(argv[2]);
}

/* The failure that was meant for the parent is the child's. */
static long child_works(void)
{
	int status = 0;
	long n = fail_disarm();
	pid_t pid = fork();
	if (pid == 0)
		child_does_it_all(n ? n : 1000000);
	check_interrupted_wait(pid, &status);
	CHECK(status == EXITED(3) || status == EXITED(4));
	if (n && status == EXITED(4))
		fail_arm(1000000);	/* it was not used */
	return 0;
}

#define BOTH(call) {#call " of what lends", lends, call, check_after, {EAGAIN}}, \
		   {#call " of what borrows", borrows, call, check_after, {EAGAIN}}

static void open_text(void)
{
	check_scratch();
	file = NEED_OK(open("text", O_RDWR | O_CREAT, 0600));
	for (int i = 0; i < TEXT_PAGES; i++)
		NEED_OK(pwrite(file, &(int){i * 10}, sizeof(int), i * PAGE));
	NEED_OK(ftruncate(file, TEXT_PAGES * PAGE));
	alarm((unsigned)(80 * check_patience()));
}

TEST(faults)
{
	static const struct fail_op ops[] = {BOTH(write_first), BOTH(write_middle), BOTH(write_last), BOTH(write_beside)};
	open_text();
	FAIL_ALL(ops);
}

TEST(unmap)
{
	static const struct fail_op ops[] = {BOTH(munmap_middle), BOTH(munmap_text), BOTH(munmap_all), BOTH(munmap_both_ends)};
	open_text();
	FAIL_ALL(ops);
}

TEST(change)
{
	static const struct fail_op ops[] = {BOTH(protect_middle), BOTH(protect_text), BOTH(dont_need), BOTH(lock_text),
					     BOTH(move_middle), BOTH(map_over)};
	open_text();
	FAIL_ALL(ops);
}

TEST(children)
{
	static const struct fail_op ops[] = {BOTH(child_looks), BOTH(child_works)};
	open_text();
	FAIL_ALL(ops);
}
