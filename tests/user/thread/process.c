/* Threads and the process around them: fork from a thread, signals to a thread and to the process, ids, what is shared. */
#include "check.h"
#include <pthread.h>
#include <sys/prctl.h>

static volatile int stop, where, count;

static void *waits(void *arg)
{
	while (!stop)
		check_sleep_ms(2);
	return 0;
}

static pid_t tid(void)
{
	return syscall(SYS_gettid);
}

TEST(only_the_caller_is_forked)
{
	pthread_t t[3];
	for (int i = 0; i < 3; i++)
		pthread_create(&t[i], 0, waits, 0);
	CHECK_EQ(check_field("/proc/self/status", "Threads", 10), 4);
	IN_CHILD {
		CHECK_EQ(check_field("/proc/self/status", "Threads", 10), 1);
	}
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], 0);
}

static void *forks(void *arg)
{
	pid_t self = tid(), pid = fork();
	if (pid == 0)
		_exit(getpid() == tid() && getpid() != self && getppid() == (long)arg ? 7 : 8);
	CHECK_WAIT(pid, EXITED(7));
	return 0;
}

TEST(fork_from_a_thread)
{
	pthread_t t;
	for (int i = 0; i < 10; i++) {
		pthread_create(&t, 0, forks, (void *)(long)getpid());
		pthread_join(t, 0);
	}
}

static void *forks_often(void *arg)
{
	for (int i = 0; i < 30; i++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(i);
		int status = -1;
		if (waitpid(pid, &status, 0) != pid || status != EXITED(i))
			return (void *)1;
	}
	return 0;
}

TEST(fork_from_many_threads_at_once)
{
	pthread_t t[4];
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], 0, forks_often, 0);
	for (int i = 0; i < 4; i++) {
		void *bad;
		pthread_join(t[i], &bad);
		CHECK(!bad);
	}
}

static volatile long shared_page_writes;
static volatile int *page;

static void *writes(void *arg)
{
	while (!stop) {
		page[(long)arg]++;
		shared_page_writes++;
	}
	return 0;
}

/* Writers run while the memory is made copy-on-write under them: no write may be lost, none may reach a child. */
TEST(fork_under_writers)
{
	pthread_t t[2];
	page = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (long i = 0; i < 2; i++)
		pthread_create(&t[i], 0, writes, (void *)(i * 1024));
	for (int i = 0; i < 50; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			int a = page[0], b = page[1024];
			for (volatile int j = 0; j < 1000; j++)
				;
			_exit(a == page[0] && b == page[1024] ? 0 : 1);
		}
		CHECK_WAIT(pid, EXITED(0));
	}
	stop = 1;
	pthread_join(t[0], 0);
	pthread_join(t[1], 0);
	CHECK(page[0] > 0 && page[1024] > 0);
}

static void notes(int sig)
{
	where = tid();
	count++;
}

static void *unblocks(void *arg)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &set, 0);
	*(volatile pid_t *)arg = tid();
	waits(0);
	return 0;
}

TEST(process_signal_goes_to_a_thread_that_takes_it)
{
	pthread_t t;
	volatile pid_t other = 0;
	sigset_t set;
	signal(SIGUSR1, notes);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, 0);
	pthread_create(&t, 0, unblocks, (void *)&other);
	CHECK_SOON(other);
	for (int i = 1; i <= 5; i++) {
		CHECK_OK(kill(getpid(), SIGUSR1));
		CHECK_SOON(count == i);
		CHECK_EQ(where, other);
	}
	stop = 1;
	pthread_join(t, 0);
}

static void *reports_tid(void *arg)
{
	*(volatile pid_t *)arg = tid();
	waits(0);
	return 0;
}

TEST(thread_signal_goes_to_that_thread)
{
	pthread_t t;
	volatile pid_t other = 0;
	signal(SIGUSR1, notes);
	pthread_create(&t, 0, reports_tid, (void *)&other);
	CHECK_SOON(other);
	CHECK_EQ(pthread_kill(t, SIGUSR1), 0);
	CHECK_SOON(count == 1);
	CHECK_EQ(where, other);
	CHECK_EQ(RAW(SYS_tgkill, getpid(), tid(), SIGUSR1), 0);
	CHECK_EQ(count, 2);
	CHECK_EQ(where, tid());
	stop = 1;
	pthread_join(t, 0);
}

static void *blocks_own(void *arg)
{
	sigset_t set, now;
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, 0);
	pthread_kill(pthread_self(), SIGHUP);
	sigpending(&now);
	return (void *)(long)sigismember(&now, SIGHUP);
}

TEST(masks_and_pending_signals_are_per_thread)
{
	pthread_t t;
	void *pending;
	sigset_t now;
	signal(SIGHUP, notes);
	pthread_create(&t, 0, blocks_own, 0);
	pthread_join(t, &pending);
	CHECK_EQ((long)pending, 1);
	pthread_sigmask(SIG_BLOCK, 0, &now);
	CHECK(!sigismember(&now, SIGHUP));
	sigpending(&now);
	CHECK(!sigismember(&now, SIGHUP));
	CHECK_EQ(count, 0);
}

TEST(mask_is_inherited_by_a_new_thread)
{
	pthread_t t;
	sigset_t set;
	void *pending;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, 0);
	raise(SIGTERM);
	pthread_create(&t, 0, blocks_own, 0);
	pthread_join(t, &pending);
	CHECK_EQ((long)pending, 1);
}

static void *changes(void *arg)
{
	umask(055);
	(void)!chdir("/");
	close(*(int *)arg);
	signal(SIGUSR2, SIG_IGN);
	return 0;
}

TEST(what_threads_share)
{
	char cwd[100];
	struct sigaction now;
	pthread_t t;
	int fd = NEED_OK(open("/dev/null", O_RDONLY));
	check_scratch();
	pthread_create(&t, 0, changes, &fd);
	pthread_join(t, 0);
	CHECK_EQ(umask(0), 055);
	CHECK_STR(getcwd(cwd, sizeof cwd), "/");
	CHECK_ERR(fcntl(fd, F_GETFD), EBADF);
	sigaction(SIGUSR2, 0, &now);
	CHECK(now.sa_handler == SIG_IGN);
}

static void *sets_ids(void *arg)
{
	return (void *)(RAW(SYS_setresuid, 55, 55, 55) ? 99 : RAW(SYS_getuid));
}

TEST(raw_ids_are_per_thread)
{
	IN_CHILD {
		pthread_t t;
		void *got;
		pthread_create(&t, 0, sets_ids, 0);
		pthread_join(t, &got);
		CHECK_EQ((long)got, 55);
		CHECK_EQ(RAW(SYS_getuid), 0);
	}
}

TEST(library_ids_are_for_all)
{
	IN_CHILD {
		pthread_t t;
		pthread_create(&t, 0, waits, 0);
		CHECK_OK(setuid(66));
		char path[60];
		DIR *dir = opendir("/proc/self/task");
		for (struct dirent *e; dir && (e = readdir(dir));)
			if (e->d_name[0] != '.') {
				snprintf(path, sizeof path, "/proc/self/task/%s/status", e->d_name);
				CHECK_EQ(check_field(path, "Uid", 10), 66);
			}
		closedir(dir);
		stop = 1;
		pthread_join(t, 0);
	}
}

TEST(names)
{
	char name[32] = "";
	CHECK_OK(prctl(PR_SET_NAME, "a-long-name-of-a-thread"));
	CHECK_OK(prctl(PR_GET_NAME, name));
	CHECK_STR(name, "a-long-name-of-");
	IN_CHILD {
		CHECK_OK(prctl(PR_GET_NAME, name));
		CHECK_STR(name, "a-long-name-of-");
	}
}

static void *sleeps_in_read(void *arg)
{
	char c;
	(void)!read(*(int *)arg, &c, 1);
	return 0;
}

TEST(exit_while_threads_are_in_calls)
{
	for (int i = 0; i < 10; i++)
		IN_CHILD_ENDS(EXITED(12)) {
			int ends[2];
			pthread_t t;
			NEED_OK(pipe(ends));
			for (int j = 0; j < 5; j++)
				pthread_create(&t, 0, j % 2 ? waits : sleeps_in_read, ends);
			exit(12);
		}
}
