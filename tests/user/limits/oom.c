/*
 * Out of memory: the largest process is killed, the others live on, and the machine with them. Only in a small machine of our
 * own: anywhere else the blocks do nothing.
 */
#include "check.h"

/* Run by the runner as process 1 (or by an init whose child the runner is), in little memory. */
static bool ours(void)
{
	char path[40];
	pid_t above = getppid(); /* the program itself; above it the runner */
	for (int i = 0; i < 2 && above > 1; i++) {
		snprintf(path, sizeof path, "/proc/%d/status", above);
		above = check_field(path, "PPid", 10);
	}
	return above == 1 && check_field("/proc/meminfo", "MemTotal", 10) < 3l << 20;
}

static void eat(void)
{
	size_t bytes = (check_field("/proc/meminfo", "MemTotal", 10) + 100000) * 1024;
	char *at = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		_exit(3);
	for (size_t i = 0; i < bytes; i += PAGE)
		at[i] = 1;
	_exit(4);
}

TEST(the_largest_is_killed)
{
	if (!ours())
		return;
	alarm(50);
	pid_t small = check_sleeper();
	long before = check_field("/proc/meminfo", "MemFree", 10);
	IN_CHILD_ENDS(KILLED(SIGKILL)) {
		eat();
	}
	CHECK_EQ(waitpid(small, 0, WNOHANG), 0);
	check_reap(small);
	CHECK_SOON(before - check_field("/proc/meminfo", "MemFree", 10) < 20000);
}

TEST(and_again)
{
	if (!ours())
		return;
	alarm(50);
	for (int i = 0; i < 2; i++)
		IN_CHILD_ENDS(KILLED(SIGKILL)) {
			eat();
		}
}

/* Copies made after a fork count too: the parent owns the pages, the child needs as many again. */
TEST(copies_after_a_fork)
{
	if (!ours())
		return;
	alarm(50);
	size_t bytes = check_field("/proc/meminfo", "MemAvailable", 10) * 1024 / 10 * 6;
	IN_CHILD {
		char *at = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		CHECK(at != MAP_FAILED);
		for (size_t i = 0; i < bytes; i += PAGE)
			at[i] = 1;
		pid_t pid = fork();
		if (pid == 0) { /* larger than its parent by a tenth */
			char *more = mmap(0, bytes / 10, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			for (size_t i = 0; i < bytes / 10; i += PAGE)
				more[i] = 2;
			for (size_t i = 0; i < bytes; i += PAGE)
				at[i] = 2;
			_exit(4);
		}
		int status = 0;
		if (waitpid(pid, &status, 0) == pid)
			CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		size_t bad = 0;
		for (size_t i = 0; i < bytes; i += PAGE)
			bad += at[i] != 1;
		CHECK_EQ(bad, 0);
	}
}
