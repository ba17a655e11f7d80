/* uts_namespaces(7): a new one begins as a copy of the old, and then each has its own names. */
#include "check.h"
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

static void name_is(const char *want)
{
	struct utsname u;
	CHECK_EQ(uname(&u), 0);
	CHECK(!strcmp(u.nodename, want));
}

static void reap(pid_t p)
{
	int status;
	CHECK_EQ(waitpid(p, &status, __WALL), p);
	CHECK_EQ(status, 0);
}

TEST(clone_makes_a_copy)
{
	struct utsname u;
	struct clone_args a = { .flags = CLONE_NEWUTS, .exit_signal = SIGCHLD };
	if (geteuid())
		return;	/* root's business */
	CHECK_EQ(uname(&u), 0);
	pid_t p = (pid_t)syscall(SYS_clone3, &a, sizeof a);
	if (!p) {
		name_is(u.nodename);
		CHECK_EQ(sethostname("inner", 5), 0);
		CHECK_EQ(setdomainname("place", 5), 0);
		name_is("inner");
		pid_t q = fork();	/* a plain child is in its parent's */
		if (!q) {
			name_is("inner");
			CHECK_EQ(sethostname("inner2", 6), 0);
			_exit(0);
		}
		reap(q);
		name_is("inner2");
		_exit(0);
	}
	CHECK(p > 0);
	reap(p);
	name_is(u.nodename);
}

TEST(unshare_of_one_thread_or_process)
{
	struct utsname u;
	if (geteuid())
		return;	/* root's business */
	CHECK_EQ(uname(&u), 0);
	pid_t p = fork();
	if (!p) {
		CHECK_EQ(unshare(CLONE_NEWUTS), 0);
		CHECK_EQ(sethostname("alone", 5), 0);
		name_is("alone");
		_exit(0);
	}
	reap(p);
	name_is(u.nodename);
}

TEST(only_with_the_right)
{
	if (geteuid())
		return;	/* root's business */
	pid_t p = fork();
	if (!p) {
		struct clone_args a = { .flags = CLONE_NEWUTS, .exit_signal = SIGCHLD };
		CHECK_EQ(setuid(65534), 0);
		CHECK_ERR(unshare(CLONE_NEWUTS), EPERM);
		CHECK_ERR(syscall(SYS_clone, CLONE_NEWUTS | SIGCHLD, 0, 0, 0, 0), EPERM);
		CHECK_ERR(syscall(SYS_clone3, &a, sizeof a), EPERM);
		CHECK_ERR(sethostname("no", 2), EPERM);
		_exit(0);
	}
	reap(p);
}
