/* Each allocation of the calls that make, enter and show namespaces fails once: nothing is left behind. */
#include "fail_nth.h"
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif
#define MOST (CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWCGROUP | CLONE_NEWNS)

/* -- clone -- */
static long clone_with(unsigned long long flags)
{
	struct clone_args a = { .flags = flags, .exit_signal = SIGCHLD };
	long pid = RAW(SYS_clone3, &a, sizeof a);
	if (!pid)
		RAW(SYS_exit, 0);
	return pid;
}
static void reap(long pid) { if (pid > 0) check_interrupted_wait((pid_t)pid, &(int){0}); }
static long clone_user(void) { return clone_with(CLONE_NEWUSER); }
static long clone_time(void) { return clone_with(CLONE_NEWTIME); }
static long clone_net(void) { return clone_with(CLONE_NEWNET); }
static long clone_all(void) { return clone_with(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWTIME | MOST); }

/* -- unshare: back again by setns -- */
static int own[5];
static const char *const kinds[] = { "uts", "net", "ipc", "cgroup", "time" };
static long unshare_most(void) { return RAW(SYS_unshare, CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWCGROUP); }
static long unshare_time(void) { return RAW(SYS_unshare, CLONE_NEWTIME); }
static void come_back(long result)
{
	for (int i = 0; i < 5; i++)
		NEED_OK(setns(own[i], 0));
}
static void fork_one(void) { NEED_OK(unshare(CLONE_NEWTIME)); }
static long fork_into_time(void)
{
	long pid = RAW(SYS_fork);
	if (!pid)
		RAW(SYS_exit, 0);
	return pid;
}
static void reap_and_come_back(long pid) { reap(pid); come_back(0); }

/* -- setns: into those of a sleeper -- */
static pid_t sleeper;
static int sleeper_fd;
static long enter_by_pidfd(void) { return RAW(SYS_setns, sleeper_fd, CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWCGROUP); }
static long enter_time(void) { return RAW(SYS_setns, own[4], CLONE_NEWTIME); }

/* -- files -- */
static long open_link(void) { return RAW(SYS_open, "/proc/self/ns/uts", O_RDONLY); }
static void close_it(long fd) { if (fd >= 0) close((int)fd); }
static long read_link(void)
{
	char text[64];
	return RAW(SYS_readlink, "/proc/self/ns/user", text, sizeof text);
}
static long get_owner(void) { return RAW(SYS_ioctl, own[0], NS_GET_USERNS); }

static pid_t mapped;
static int map_fd;
static void make_unmapped(void)
{
	struct clone_args a = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	char path[64];
	mapped = (pid_t)syscall(SYS_clone3, &a, sizeof a);
	if (!mapped)
		for (;;)
			pause();
	snprintf(path, sizeof path, "/proc/%d/uid_map", (int)mapped);
	map_fd = NEED_OK(open(path, O_WRONLY));
}
static long write_map(void)
{
	static const char map[] = "0 0 1\n5 5 7\n20 20 1\n";
	return RAW(SYS_write, map_fd, map, sizeof map - 1);
}
static void reap_mapped(long result)
{
	close(map_fd);
	check_reap(mapped);
}

/* -- netlink -- */
static int route;
static void open_route(void) { route = NEED_OK(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)); }
static long list_links(void)
{
	static struct { struct nlmsghdr h; struct ifinfomsg i; } r = {
		{ sizeof r, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 }, { 0 },
	};
	return RAW(SYS_sendto, route, &r, sizeof r, 0, 0, 0);
}
static void close_route(long result) { close(route); }

TEST(each_allocation_fails)
{
	char path[64];
	for (int i = 0; i < 5; i++) {
		snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i]);
		own[i] = NEED_OK(open(path, O_RDONLY));
	}
	sleeper = fork();
	if (!sleeper) {
		NEED_OK(unshare(CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWCGROUP));
		for (;;)
			pause();
	}
	sleeper_fd = NEED_OK((int)syscall(SYS_pidfd_open, sleeper, 0));
	check_sleep_ms(100);
	static const struct fail_op ops[] = {
		{ "clone NEWUSER", 0, clone_user, reap, { EAGAIN } },
		{ "clone NEWTIME", 0, clone_time, reap, { EAGAIN } },
		{ "clone NEWNET", 0, clone_net, reap, { EAGAIN } },
		{ "clone all", 0, clone_all, reap, { EAGAIN } },
		{ "unshare", 0, unshare_most, come_back, { 0 } },
		{ "unshare NEWTIME", 0, unshare_time, come_back, { 0 } },
		{ "fork into a time namespace", fork_one, fork_into_time, reap_and_come_back, { EAGAIN } },
		{ "setns by pidfd", 0, enter_by_pidfd, come_back, { 0 } },
		{ "setns time", 0, enter_time, come_back, { 0 } },
		{ "open", 0, open_link, close_it, { 0 } },
		{ "readlink", 0, read_link, 0, { 0 } },
		{ "NS_GET_USERNS", 0, get_owner, close_it, { EPERM } },
		{ "uid_map", make_unmapped, write_map, reap_mapped, { 0 } },
		{ "netlink", open_route, list_links, close_route, { 0 } },
	};
	FAIL_ALL(ops);
	check_reap(sleeper);
}

TEST(nothing_stays)
{
	struct objects before;
	for (int i = 0; i < 40; i++) {
		if (i == 5)
			fail_warm_up(&before);
		IN_CHILD {
			CHECK_OK(unshare(CLONE_NEWUSER | CLONE_NEWTIME | CLONE_NEWPID | MOST));
			pid_t p = fork();
			if (!p)
				_exit(unshare(CLONE_NEWUTS) != 0);
			CHECK_WAIT(p, EXITED(0));
		}
	}
	CHECK_OBJECTS(&before, "namespaces");
}
