/* The audit hook counts every clone that is made, and none that is refused. */
#include "check.h"
#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static const unsigned long long refused[] = {
	CLONE_THREAD, CLONE_SIGHAND, CLONE_NEWNS | CLONE_FS, CLONE_NEWUSER | CLONE_FS,
};

static long count(const char *name)
{
	char line[100], found[50];
	long n, result = -1;
	FILE *f = fopen("/proc/furca/clones", "r");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "%49s %ld", found, &n) == 2 && !strcmp(found, name))
			result = n;
	if (f)
		fclose(f);
	return result;
}

TEST(what_is_refused_makes_no_child)
{
	long forks = count("forks");
	for (unsigned i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct clone_args a = { .flags = refused[i], .exit_signal = SIGCHLD };
		CHECK_ERR(syscall(SYS_clone, refused[i] | SIGCHLD, 0, 0, 0, 0), EINVAL);
		CHECK_ERR(syscall(SYS_clone3, &a, sizeof a), EINVAL);
	}
	CHECK_ERR(waitpid(-1, 0, __WALL), ECHILD);
	CHECK_EQ(count("forks"), forks);
}

TEST(every_clone_is_audited)
{
	long forks = count("forks"), vforks = count("vforks");
	for (int i = 0; i < 3; i++) {
		pid_t p = fork();
		if (!p)
			_exit(0);
		CHECK_EQ(waitpid(p, 0, 0), p);
	}
	pid_t p = vfork();
	if (!p)
		_exit(0);
	CHECK_EQ(waitpid(p, 0, 0), p);
	CHECK_EQ(count("forks"), forks + 3);
	CHECK_EQ(count("vforks"), vforks + 1);
}
