/* exec in a process of several threads: one is left, and its id is the process's. */
#include "clone.h"
#include <pthread.h>

HELPER(alone)
{
	CHECK_EQ(getpid(), atoi(argv[2]));
	CHECK_EQ(syscall(SYS_gettid), getpid());
	CHECK_EQ(check_field("/proc/self/status", "Threads", 10), 1);
	return check_failed ? 1 : 44;
}

static void *execs(void *arg)
{
	char pid[20];
	snprintf(pid, sizeof pid, "%d", getpid());
	if (arg)
		check_sleep_ms(20);
	execl(check_self, check_self, "@alone", pid, NULL);
	_exit(1);
}

static void *waits(void *arg)
{
	for (;;)
		pause();
	return 0;
}

static void *spins(void *arg)
{
	for (;;)
		__asm__ volatile("pause");
	return 0;
}

TEST(from_the_leader)
{
	IN_CHILD_ENDS(EXITED(44)) {
		pthread_t t;
		for (int i = 0; i < 4; i++)
			pthread_create(&t, 0, i % 2 ? waits : spins, 0);
		check_sleep_ms(10);
		execs(0);
	}
}

TEST(from_another_thread)
{
	IN_CHILD_ENDS(EXITED(44)) {
		pthread_t t;
		for (int i = 0; i < 3; i++)
			pthread_create(&t, 0, waits, 0);
		pthread_create(&t, 0, execs, 0);
		waits(0);
	}
}

TEST(from_another_thread_with_the_leader_gone)
{
	IN_CHILD_ENDS(EXITED(44)) {
		pthread_t t;
		pthread_create(&t, 0, execs, (void *)1);
		RAW(SYS_exit, 3);
	}
}

TEST(several_at_once)
{
	IN_CHILD_ENDS(EXITED(44)) {
		pthread_t t;
		for (int i = 0; i < 6; i++)
			pthread_create(&t, 0, execs, 0);
		execs(0);
	}
}

TEST(failed_exec_leaves_the_threads)
{
	IN_CHILD {
		pthread_t t;
		pthread_create(&t, 0, waits, 0);
		CHECK_ERR(execl("/none", "none", NULL), ENOENT);
		CHECK_SOON(check_field("/proc/self/status", "Threads", 10) == 2);
	}
}

static void *forks_and_execs(void *arg)
{
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			char text[20];
			snprintf(text, sizeof text, "%d", getpid());
			execl(check_self, check_self, "@alone", text, NULL);
			_exit(1);
		}
		int status = 0;
		waitpid(pid, &status, 0);
		if (status != EXITED(44))
			return arg;
	}
	return 0;
}

TEST(fork_and_exec_from_two_threads)
{
	pthread_t one, two;
	void *bad = 0;
	pthread_create(&one, 0, forks_and_execs, (void *)1);
	pthread_create(&two, 0, forks_and_execs, (void *)1);
	pthread_join(one, &bad);
	CHECK(!bad);
	pthread_join(two, &bad);
	CHECK(!bad);
}

/* Whoever names a thread that becomes the leader by its exec, or is dead by then, is told what it was or that it is gone. */
static volatile pid_t *named;

HELPER(gone) { return 0; }

static void *name_and_exec(void *unused)
{
	*named = syscall(SYS_gettid);
	execl(check_self, check_self, "@gone", (char *)NULL);
	_exit(1);
}

TEST(named_while_it_execs)
{
	named = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(named != MAP_FAILED);
	for (int i = 0; i < 30; i++) {
		int status;
		*named = 0;
		pid_t pid = fork();
		if (pid == 0) {
			pthread_t t;
			if (pthread_create(&t, NULL, name_and_exec, NULL))
				_exit(1);
			for (;;)
				pause();
		}
		while (waitpid(pid, &status, WNOHANG) == 0) {
			struct rlimit limit;
			pid_t tid = *named;
			if (!tid)
				continue;
			CHECK(setpgid(tid, 0) == -1 && (errno == EINVAL || errno == ESRCH));
			CHECK(prlimit(tid, RLIMIT_NOFILE, NULL, &limit) == 0 || errno == ESRCH);
			CHECK(prlimit(pid, RLIMIT_NOFILE, NULL, &limit) == 0 || errno == ESRCH);
		}
		CHECK_EQ(status, 0);
	}
}
