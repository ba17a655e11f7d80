/* Many at once: processes that make, enter, look at and leave namespaces of all kinds, while others end. Nothing may go wrong. */
#include "check.h"
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static const unsigned flags[] = {
	CLONE_NEWUSER, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWPID, CLONE_NEWTIME, CLONE_NEWNS, CLONE_NEWCGROUP,
};
static const char *const links[] = { "user", "uts", "ipc", "net", "pid", "time", "mnt", "cgroup", "pid_for_children" };
static unsigned seed;
static unsigned pick(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static unsigned some_flags(void)
{
	unsigned f = 0;
	for (int i = 0; i < 3; i++)
		f |= flags[pick(8)];
	return f;
}

/* Looks at a process that may be ending, and goes in if it can. */
static void look(pid_t pid)
{
	char path[64], text[64];
	snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, links[pick(9)]);
	if (readlink(path, text, sizeof text) < 0)
		return;
	int fd = open(path, O_RDONLY);
	if (fd >= 0 && pick(2))
		setns(fd, 0);
	if (fd >= 0)
		close(fd);
	snprintf(path, sizeof path, "/proc/%d/uid_map", (int)pid);
	check_slurp(path, text, sizeof text);
}

static void child(pid_t sibling)
{
	unshare(some_flags());
	look(sibling);
	look(getppid());
	int fd = (int)syscall(SYS_pidfd_open, sibling, 0);
	if (fd >= 0)
		setns(fd, some_flags());
	pid_t p = fork();
	if (!p)
		_exit(0);
	if (p > 0)
		waitpid(p, 0, 0);
	_exit(0);
}

static void worker(unsigned number, pid_t first)
{
	seed = number * 7919 + 1;
	long end = check_now_ms() + check_scale(1500);
	while (check_now_ms() < end) {
		struct clone_args a = { .flags = some_flags(), .exit_signal = SIGCHLD };
		pid_t p = (pid_t)syscall(SYS_clone3, &a, sizeof a);
		if (!p)
			child(first + (int)pick(20));
		CHECK(p > 0 || errno == EINVAL || errno == EPERM || errno == ENOSPC || errno == EAGAIN || errno == ENOMEM);
		if (p > 0) {
			look(p);
			CHECK_WAIT(p, EXITED(0));
		}
	}
	_exit(check_failed != 0);
}

TEST(many_at_once)
{
	pid_t p[6], first = getpid();
	if (geteuid())
		return;
	for (unsigned i = 0; i < 6; i++) {
		p[i] = fork();
		if (!p[i])
			worker(i, first);
	}
	for (int i = 0; i < 6; i++)
		CHECK_WAIT(p[i], EXITED(0));
}
