/* Times and counts of children: they are the parent's only once waited for. */
#include "check.h"
#include <sys/times.h>

static void burn(long ms)
{
	struct rusage use;
	do
		getrusage(RUSAGE_SELF, &use);
	while (use.ru_utime.tv_sec * 1000 + use.ru_utime.tv_usec / 1000 + use.ru_stime.tv_sec * 1000 + use.ru_stime.tv_usec / 1000 < ms);
}

static long children_ms(void)
{
	struct rusage use;
	getrusage(RUSAGE_CHILDREN, &use);
	return use.ru_utime.tv_sec * 1000 + use.ru_utime.tv_usec / 1000 + use.ru_stime.tv_sec * 1000 + use.ru_stime.tv_usec / 1000;
}

TEST(children_count_when_waited_for)
{
	CHECK_EQ(children_ms(), 0);
	pid_t pid = fork();
	if (pid == 0) {
		burn(120);
		_exit(0);
	}
	CHECK_SOON(check_state(pid) == 'Z');
	CHECK_EQ(children_ms(), 0);
	CHECK_WAIT(pid, EXITED(0));
	CHECK(children_ms() >= 100);
	struct tms t;
	CHECK(times(&t) > 0);
	CHECK(t.tms_cutime + t.tms_cstime >= 10);
}

TEST(grandchildren_count_through_their_parent)
{
	pid_t pid = fork();
	if (pid == 0) {
		pid_t inner = fork();
		if (inner == 0) {
			burn(120);
			_exit(0);
		}
		waitpid(inner, 0, 0);
		_exit(0);
	}
	CHECK_WAIT(pid, EXITED(0));
	CHECK(children_ms() >= 100);
}

TEST(unwaited_grandchildren_do_not_count)
{
	pid_t pid = fork();
	if (pid == 0) {
		pid_t inner = fork();
		if (inner == 0) {
			burn(120);
			_exit(0);
		}
		siginfo_t info;	/* it is dead, but stays unwaited; a loop that looks would itself use the time */
		CHECK_OK(waitid(P_PID, inner, &info, WEXITED | WNOWAIT));
		_exit(check_failed != 0);
	}
	CHECK_WAIT(pid, EXITED(0));
	CHECK(children_ms() < 100);
}

TEST(ignored_children_do_not_count)
{
	signal(SIGCHLD, SIG_IGN);
	if (fork() == 0) {
		burn(120);
		_exit(0);
	}
	CHECK_ERR(wait(0), ECHILD);
	CHECK(children_ms() < 100);
}

TEST(who)
{
	struct rusage use;
	CHECK_OK(getrusage(RUSAGE_SELF, &use));
	CHECK_OK(getrusage(RUSAGE_THREAD, &use));
	CHECK_ERR(getrusage(55, &use), EINVAL);
	CHECK_EQ(RAW(SYS_getrusage, RUSAGE_SELF, 8), -EFAULT);
}

TEST(page_faults_are_counted)
{
	struct rusage before, after;
	volatile char *at = mmap(0, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise((void *)at, 64 * PAGE, MADV_NOHUGEPAGE);
	getrusage(RUSAGE_SELF, &before);
	for (int i = 0; i < 64; i++)
		at[i * PAGE] = 1;
	getrusage(RUSAGE_SELF, &after);
	long faults = after.ru_minflt - before.ru_minflt;
	CHECK(faults >= 64 && faults < 80);
	CHECK(after.ru_maxrss >= before.ru_maxrss);
}

TEST(context_switches_are_counted)
{
	struct rusage before, after;
	getrusage(RUSAGE_SELF, &before);
	/* on a slow machine a sleep may be over before the CPU was given away: ten of them hold five that were not */
	for (int i = 0; i < 10; i++)
		check_sleep_ms(10);
	getrusage(RUSAGE_SELF, &after);
	CHECK(after.ru_nvcsw - before.ru_nvcsw >= 5);
}
