/*
 * recount.c: while processes fork, write, map and end on all CPUs, all page tables and frames are counted again, and every
 * count is what the tables say (a wrong one is a panic). The debug kernel alone has /proc/furca/recount.
 */
#include "check.h"
#include <pthread.h>

#define FILE_NAME "/proc/furca/recount"
#define SHARED_PAGES 32
#define PRIVATE_PAGES 600	/* two leaf tables at least */
/* The first ones are written, those behind them protected, dropped and unmapped. */
#define WRITTEN_PAGES 300

static bool is_there(void) { return access(FILE_NAME, F_OK) == 0; }

static long stat_of(const char *name)
{
	char text[500], *at, key[40];
	int fd = NEED_OK(open(FILE_NAME, O_RDONLY));
	ssize_t n = NEED_OK(read(fd, text, sizeof text - 1));

	close(fd);
	text[n] = 0;
	snprintf(key, sizeof key, "%s ", name);
	at = strstr(text, key);
	CHECK(at);
	return at ? atol(at + strlen(key)) : -1;
}

static int put(const char *text)
{
	int fd = NEED_OK(open(FILE_NAME, O_WRONLY));
	ssize_t n = write(fd, text, strlen(text));
	int err = n < 0 ? errno : 0;

	close(fd);
	return err;
}

/* Other CPUs that never come by are no error of the counts: asked again. */
static void recount(void)
{
	long done = stat_of("done");

	CHECK_SOON(put("now") == 0);
	CHECK(stat_of("done") > done);
}

static char *private_pages, *file_private, *file_shared;

static void make_memory(void)
{
	int fd = NEED_OK(memfd_create("recount", 0));

	NEED_OK(ftruncate(fd, SHARED_PAGES * PAGE));
	private_pages = mmap(0, PRIVATE_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	file_private = mmap(0, SHARED_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	file_shared = mmap(0, SHARED_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	memset(private_pages, 1, PRIVATE_PAGES * PAGE);
	memset(file_shared, 2, SHARED_PAGES * PAGE);
	CHECK(file_private[PAGE] == 2);
}

/* Some of everything that changes counts. */
static void churn(unsigned n)
{
	for (unsigned i = 0; i < SHARED_PAGES; i += 3) {
		private_pages[(i * 19 + n) % WRITTEN_PAGES * PAGE]++;
		file_private[i * PAGE]++;
		file_shared[(i + 1) * PAGE % (SHARED_PAGES * PAGE)]++;
	}
	CHECK_OK(munmap(private_pages + (520 + n % 8 * 8) * PAGE, 4 * PAGE));
	CHECK_OK(mprotect(private_pages + 300 * PAGE, 20 * PAGE, PROT_READ));
	CHECK_OK(madvise(private_pages + 400 * PAGE, 50 * PAGE, MADV_DONTNEED));
}

/* Processes that stay, each forked by the one before, and sharing what nobody has written. */
static void family(int depth, int go_on)
{
	char c;
	pid_t pid = depth > 1 ? NEED_OK(fork()) : -1;

	if (pid == 0) {
		churn((unsigned)depth);
		family(depth - 1, go_on);
		_exit(0);
	}
	read(go_on, &c, 1);
	if (pid > 0)
		waitpid(pid, 0, 0);
}

TEST(family_at_rest)
{
	int go_on[2];
	pid_t pid;

	if (!is_there())
		return;
	make_memory();
	recount();
	NEED_OK(pipe(go_on));
	pid = NEED_OK(fork());
	if (pid == 0) {
		close(go_on[1]);
		family(8, go_on[0]);
		_exit(0);
	}
	close(go_on[0]);
	for (int i = 0; i < 5; i++) {
		churn((unsigned)i);
		make_memory();
		recount();
	}
	CHECK(stat_of("tables") > 20 && stat_of("frames") > PRIVATE_PAGES);
	close(go_on[1]);
	CHECK_WAIT(pid, EXITED(0));
	recount();
}

static volatile bool is_over;

static void *write_pages(void *arg)
{
	for (unsigned i = 0; !is_over; i++) {
		char *p = mmap(0, 20 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		for (int k = 0; k < 20; k++)
			p[(unsigned long)k * PAGE] = 1;
		file_shared[i % SHARED_PAGES * PAGE]++;
		private_pages[i % WRITTEN_PAGES * PAGE]++;
		munmap(p, 20 * PAGE);
	}
	return 0;
}

TEST(threads_and_forks)
{
	pthread_t threads[3];
	int rounds = check_scale(20);

	if (!is_there())
		return;
	make_memory();
	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_create(&threads[i], 0, write_pages, 0), 0);
	for (int i = 0; i < rounds; i++) {
		pid_t pid = NEED_OK(fork());
		if (pid == 0) {
			churn((unsigned)i);
			if (fork() == 0)
				churn((unsigned)i + 1);
			_exit(0);
		}
		recount();
		CHECK_WAIT(pid, EXITED(0));
	}
	is_over = true;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], 0);
	recount();
}

TEST(every_so_often)
{
	long every, done;
	char text[24];

	if (!is_there())
		return;
	every = stat_of("every");
	make_memory();
	CHECK_EQ(put("nonsense"), EINVAL);
	CHECK_EQ(put("10"), 0);
	done = stat_of("done");
	for (int i = 0; i < 100; i++) {
		pid_t pid = NEED_OK(fork());
		if (pid == 0) {
			private_pages[0]++;
			_exit(0);
		}
		CHECK_WAIT(pid, EXITED(0));
	}
	CHECK(stat_of("done") > done);
	snprintf(text, sizeof text, "%ld", every);
	CHECK_EQ(put(text), 0);
}

TEST(only_for_root)
{
	if (!is_there())
		return;
	IN_CHILD {
		NEED_OK(setuid(65534));
		CHECK_ERR(open(FILE_NAME, O_RDONLY), EACCES);
		CHECK_ERR(open(FILE_NAME, O_WRONLY), EACCES);
	}
}
