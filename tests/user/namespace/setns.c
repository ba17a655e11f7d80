/* setns(2): by a namespace's file and by pidfd; what it refuses, in what order, and that all flags come true or none. */
#include "check.h"
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

static int pidfd_of(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

static const char *host(void)
{
	static struct utsname u;
	uname(&u);
	return u.nodename;
}

/* A child in a UTS namespace of its own, named so. */
static pid_t sleeper_called(const char *name)
{
	int ready[2];
	char c;
	NEED_OK(pipe(ready));
	pid_t child = fork();
	if (!child) {
		if (unshare(CLONE_NEWUTS) || sethostname(name, strlen(name)) || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	CHECK_EQ(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return child;
}

static int ns_of(pid_t pid, const char *kind)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, kind);
	return open(path, O_RDONLY | O_CLOEXEC);
}

TEST(bad_descriptors)
{
	int fd = open("/", O_RDONLY), path = open("/proc/self/ns/uts", O_PATH), uts = ns_of(getpid(), "uts");
	int p[2];
	CHECK_ERR(setns(-1, 0), EBADF);
	CHECK_ERR(setns(999, CLONE_NEWUTS), EBADF);
	CHECK_ERR(setns(fd, 0), EINVAL);
	CHECK_ERR(setns(fd, CLONE_NEWUTS), EINVAL);
	CHECK_ERR(setns(path, 0), EBADF);
	CHECK_OK(pipe(p));
	CHECK_ERR(setns(p[0], 0), EINVAL);
	CHECK_ERR(setns(open("/proc/self/ns", O_RDONLY), 0), EINVAL);
	CHECK_ERR(setns(open("/proc/self", O_RDONLY), CLONE_NEWUTS), EINVAL);	/* no pidfd for setns */
	CHECK_ERR(setns(uts, CLONE_NEWPID), EINVAL);
	CHECK_ERR(setns(uts, CLONE_NEWUTS | CLONE_NEWPID), EINVAL);
	CHECK_ERR(setns(uts, -1), EINVAL);
	CHECK_ERR(setns(uts, 1), EINVAL);
}

TEST(pidfd_flags)
{
	int self = pidfd_of(getpid());
	CHECK(self >= 0);
	CHECK_ERR(setns(self, 0), EINVAL);
	CHECK_ERR(setns(self, CLONE_VM), EINVAL);
	CHECK_ERR(setns(self, CLONE_NEWUTS | CLONE_FILES), EINVAL);
	CHECK_ERR(setns(self, -1), EINVAL);
	if (!geteuid())
		CHECK_OK(setns(self, CLONE_NEWUTS));	/* its own */
}

TEST(uts_by_file)
{
	if (geteuid())
		return;
	char was[65];
	snprintf(was, sizeof was, "%s", host());
	pid_t child = sleeper_called("place");
	int own = ns_of(getpid(), "uts"), fd = ns_of(child, "uts");
	CHECK_OK(setns(fd, CLONE_NEWUTS));
	CHECK(!strcmp(host(), "place"));
	IN_CHILD
		CHECK(!strcmp(host(), "place"));
	CHECK_OK(setns(own, 0));
	CHECK(!strcmp(host(), was));
	check_reap(child);
}

TEST(uts_by_pidfd)
{
	if (geteuid())
		return;
	pid_t child = sleeper_called("byfd");
	int fd = pidfd_of(child);
	CHECK_OK(setns(fd, CLONE_NEWUTS));
	CHECK(!strcmp(host(), "byfd"));
	check_reap(child);
}

struct enter { int fd; char host[65]; };
static void *enter_there(void *arg)
{
	struct enter *e = arg;
	CHECK_OK(setns(e->fd, CLONE_NEWUTS));
	snprintf(e->host, sizeof e->host, "%s", host());
	return 0;
}

TEST(one_thread_alone)
{
	if (geteuid())
		return;
	pid_t child = sleeper_called("thread");
	struct enter e = { ns_of(child, "uts"), "" };
	char was[65];
	snprintf(was, sizeof was, "%s", host());
	pthread_t t;
	pthread_create(&t, 0, enter_there, &e);
	pthread_join(t, 0);
	CHECK(!strcmp(e.host, "thread"));
	CHECK(!strcmp(host(), was));
	check_reap(child);
}

TEST(dead_process)
{
	pid_t dead = fork();
	if (!dead)
		_exit(0);
	int fd = pidfd_of(dead);
	CHECK_SOON(check_state(dead) == 'Z');
	if (!geteuid())
		CHECK_ERR(setns(fd, CLONE_NEWUTS), ESRCH);
	check_reap(dead);
	CHECK_ERR(setns(fd, CLONE_NEWUTS), ESRCH);
	CHECK_ERR(setns(fd, 0), EINVAL);	/* the flags come first */
}

TEST(only_with_the_right)
{
	if (geteuid())
		return;
	pid_t child = sleeper_called("closed");
	int fd = ns_of(child, "uts"), own = ns_of(getpid(), "uts"), pid = ns_of(getpid(), "pid"), pfd = pidfd_of(child);
	IN_CHILD {
		CHECK_OK(setresgid(1234, 1234, 1234));
		CHECK_OK(setresuid(1234, 1234, 1234));
		CHECK_ERR(setns(fd, CLONE_NEWUTS), EPERM);
		CHECK_ERR(setns(own, 0), EPERM);
		CHECK_ERR(setns(pid, 0), EPERM);
		CHECK_ERR(setns(fd, CLONE_NEWPID), EINVAL);
		CHECK_ERR(setns(pfd, CLONE_NEWUTS), EPERM);
	}
	check_reap(child);
}

/* The user namespace is asked first and refuses: the UTS namespace was not entered. */
TEST(all_or_nothing)
{
	if (geteuid())
		return;
	char was[65];
	snprintf(was, sizeof was, "%s", host());
	pid_t child = sleeper_called("half");
	int fd = pidfd_of(child);
	CHECK_ERR(setns(fd, CLONE_NEWUTS | CLONE_NEWUSER), EINVAL);
	CHECK(!strcmp(host(), was));
	check_reap(child);
}

TEST(own_user_namespace)
{
	int fd = ns_of(getpid(), "user");
	CHECK_ERR(setns(fd, 0), EINVAL);
	CHECK_ERR(setns(fd, CLONE_NEWUSER), EINVAL);
}

TEST(pid_for_children)
{
	if (geteuid())
		return;
	int fd = ns_of(getpid(), "pid"), children = ns_of(getpid(), "pid_for_children");
	pid_t self = getpid();
	CHECK_OK(setns(fd, CLONE_NEWPID));
	CHECK_OK(setns(children, CLONE_NEWPID));
	CHECK_EQ(getpid(), self);
	IN_CHILD
		CHECK_EQ(getppid(), self);
}
