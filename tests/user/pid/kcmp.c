/* kcmp(2). */
#include "check.h"
#include <linux/kcmp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

static long kcmp(pid_t a, pid_t b, int type, unsigned long x, unsigned long y)
{
	return syscall(SYS_kcmp, a, b, type, x, y);
}

TEST(rooms_of_a_fork)
{
	pid_t me = getpid(), child = fork();
	if (!child)
		pause();
	CHECK_EQ(kcmp(me, me, KCMP_VM, 0, 0), 0);
	for (int type = KCMP_VM; type <= KCMP_SIGHAND; type++) {
		long there = kcmp(me, child, type, 0, 0), back = kcmp(child, me, type, 0, 0);
		CHECK(there == 1 || there == 2);
		CHECK_EQ(there + back, 3);
	}
	CHECK_EQ(kcmp(me, child, KCMP_FILE, 1, 1), 0);
	kill(child, SIGKILL);
	waitpid(child, 0, 0);
}

TEST(files)
{
	pid_t me = getpid();
	int pair[2];
	CHECK_OK(pipe(pair));
	int copy = NEED_OK(dup(pair[0]));
	CHECK_EQ(kcmp(me, me, KCMP_FILE, pair[0], copy), 0);
	CHECK(kcmp(me, me, KCMP_FILE, pair[0], pair[1]) > 0);
	CHECK_ERR(kcmp(me, me, KCMP_FILE, pair[0], 999), EBADF);
	CHECK_ERR(kcmp(me, me, KCMP_FILE, 999, pair[0]), EBADF);
}

TEST(what_an_epoll_watches)
{
	pid_t me = getpid();
	int pair[2], epoll = NEED_OK(epoll_create1(0));
	CHECK_OK(pipe(pair));
	struct epoll_event e = {.events = EPOLLIN};
	CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &e));
	struct kcmp_epoll_slot slot = {.efd = epoll, .tfd = pair[0]};
	CHECK_EQ(kcmp(me, me, KCMP_EPOLL_TFD, pair[0], (unsigned long)&slot), 0);
	CHECK(kcmp(me, me, KCMP_EPOLL_TFD, pair[1], (unsigned long)&slot) > 0);
	CHECK_ERR(kcmp(me, me, KCMP_EPOLL_TFD, 999, (unsigned long)&slot), EBADF);
	CHECK_ERR(kcmp(me, me, KCMP_EPOLL_TFD, pair[0], 8), EFAULT);
	slot.toff = 1;
	CHECK_ERR(kcmp(me, me, KCMP_EPOLL_TFD, pair[0], (unsigned long)&slot), ENOENT);
	slot.toff = 0;
	slot.efd = pair[0];
	CHECK_ERR(kcmp(me, me, KCMP_EPOLL_TFD, pair[0], (unsigned long)&slot), EINVAL);
	slot.efd = 999;
	CHECK_ERR(kcmp(me, me, KCMP_EPOLL_TFD, pair[0], (unsigned long)&slot), EBADF);
}

TEST(two_files_that_had_one_number)
{
	pid_t me = getpid();
	int pair[2], other[2], epoll = NEED_OK(epoll_create1(0));
	CHECK_OK(pipe(pair));
	CHECK_OK(pipe(other));
	int kept = NEED_OK(dup(pair[0]));
	struct epoll_event e = {.events = EPOLLIN};
	CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &e));
	CHECK_OK(dup2(other[0], pair[0]));
	CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &e));
	int found = 0;
	for (unsigned i = 0; i < 2; i++) {
		struct kcmp_epoll_slot slot = {.efd = epoll, .tfd = pair[0], .toff = i};
		found += kcmp(me, me, KCMP_EPOLL_TFD, kept, (unsigned long)&slot) == 0;
		found += (kcmp(me, me, KCMP_EPOLL_TFD, other[0], (unsigned long)&slot) == 0) * 10;
	}
	CHECK_EQ(found, 11);
}

/* A look, not a hold: what says who may attach (ptrace_scope) does not matter. */
TEST(of_a_stranger_of_the_same_user)
{
	pid_t one = check_sleeper(), two = check_sleeper();
	CHECK_OK(check_spew("/proc/sys/kernel/yama/ptrace_scope", "1", 1, 0644));
	IN_CHILD {
		CHECK(kcmp(one, two, KCMP_VM, 0, 0) > 0);
		CHECK_OK(setuid(1000));
		CHECK_ERR(kcmp(one, two, KCMP_VM, 0, 0), EPERM);
	}
	check_reap(one);
	check_reap(two);
	IN_CHILD {
		CHECK_OK(setuid(1000));
		CHECK_OK(prctl(PR_SET_DUMPABLE, 1));
		one = check_sleeper();
		IN_CHILD
			CHECK(kcmp(one, getpid(), KCMP_VM, 0, 0) > 0);
		check_reap(one);
	}
	CHECK_OK(check_spew("/proc/sys/kernel/yama/ptrace_scope", "0", 1, 0644));
}

TEST(errors)
{
	pid_t me = getpid();
	CHECK_ERR(kcmp(me, me, KCMP_TYPES, 0, 0), EINVAL);
	CHECK_ERR(kcmp(me, me, -1, 0, 0), EINVAL);
	CHECK_ERR(kcmp(0x3ffffff, me, KCMP_VM, 0, 0), ESRCH);
	CHECK_ERR(kcmp(me, 0x3ffffff, -1, 0, 0), ESRCH);
	if (geteuid())
		return;
	IN_CHILD_ENDS(EXITED(0)) {
		CHECK_OK(setresuid(1000, 1000, 1000));
		CHECK_ERR(kcmp(getpid(), 1, KCMP_VM, 0, 0), EPERM);
		CHECK_ERR(kcmp(getpid(), 1, -1, 0, 0), EPERM);
		_exit(check_failed);
	}
}
