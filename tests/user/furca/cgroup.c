/*
 * Control groups leave nothing behind: groups, their files, members, watches of them; and each allocation of their making,
 * of controllers' files, of clones into them and of inotify fails once.
 */
#include "cgroup.h"
#include "fail_nth.h"
#include <sys/inotify.h>

static void round_of_groups(void)
{
	IN_CGROUP {
		CHECK_EQ(cg_write("cgroup.subtree_control", "+pids"), 0);
		CHECK_OK(cg_mkdir("a"));
		CHECK_OK(cg_mkdir("a/b"));
		int watch = NEED_OK(inotify_init1(0));
		CHECK_OK(inotify_add_watch(watch, cg_at("a/cgroup.events"), IN_MODIFY));
		pid_t one = cg_sleeper("a/b"), two = cg_sleeper("a");
		CHECK_EQ(cg_write("cgroup.freeze", "1"), 0);
		CHECK_EQ(cg_write_number("a/b/cgroup.procs", two), 0);
		CHECK_EQ(cg_write("cgroup.freeze", "0"), 0);
		int kept = NEED_OK(open(cg_at("a/b/cgroup.procs"), O_RDONLY));
		check_reap(one);
		check_reap(two);
		pid_t child = fork();
		if (child == 0) {
			cg_write("a/cgroup.procs", "0");
			_exit(unshare(CLONE_NEWCGROUP));
		}
		CHECK_WAIT(child, EXITED(0));
		CHECK_OK(cg_rmdir("a/b"));
		close(kept);
		CHECK_EQ(cg_write("cgroup.subtree_control", "-pids"), 0);
		close(watch);
	}
}

TEST(objects_of_groups)
{
	static struct objects before;
	alarm(60);
	for (int i = 0; i < 4; i++)
		round_of_groups();
	fail_warm_up(&before);
	for (long i = check_scale(10); i > 0; i--)
		round_of_groups();
	CHECK_OBJECTS(&before, "groups");
}

static long run_mkdir(void) { return RAW(SYS_mkdir, cg_at("x"), 0755); }
static void after_mkdir(long result)
{
	if (!result)
		CHECK_OK(cg_rmdir("x"));
	else
		CHECK_ERR(access(cg_at("x"), F_OK), ENOENT);
}

static int control_fd = -1;
static long run_control(void) { return RAW(SYS_write, control_fd, "+pids", 5); }
static void after_control(long result)
{
	bool is_on = !strcmp(cg_read("cgroup.subtree_control"), "pids\n");
	CHECK_EQ(is_on, result == 5);
	CHECK_EQ(access(cg_at("a/pids.max"), F_OK) == 0, is_on);
	CHECK_EQ(access(cg_at("b/pids.events"), F_OK) == 0, is_on);
	CHECK_EQ(cg_write("cgroup.subtree_control", "-pids"), 0);
}

static int into_fd = -1;
static long run_clone(void)
{
	struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (unsigned)into_fd};
	long pid = RAW(SYS_clone3, &args, sizeof args);
	if (pid == 0)
		RAW(SYS_exit_group, 0);
	return pid;
}
static void after_clone(long pid)
{
	if (pid > 0)
		CHECK_WAIT(pid, EXITED(0));
	CHECK_STR(cg_read("a/cgroup.events"), "populated 0\nfrozen 0\n");
}

static char text[200];
static long run_read(void)
{
	int fd = open(cg_at("cgroup.procs"), O_RDONLY);
	if (fd < 0)
		return -errno;
	long n = RAW(SYS_read, fd, text, sizeof text);
	close(fd);
	return n;
}

static int watch_fd = -1;
static long run_watch(void) { return RAW(SYS_inotify_add_watch, watch_fd, cg_at("a"), IN_ALL_EVENTS); }
static void after_watch(long wd)
{
	if (wd > 0)
		CHECK_OK(inotify_rm_watch(watch_fd, (int)wd));
	CHECK_EQ(read(watch_fd, text, sizeof text) > 0, wd > 0);
}
static long run_inotify(void) { return RAW(SYS_inotify_init1, 0); }
static void after_inotify(long fd)
{
	if (fd >= 0)
		close((int)fd);
}
static long run_namespace(void)
{
	return RAW(SYS_unshare, CLONE_NEWCGROUP);
}

TEST(failing_allocations)
{
	static const struct fail_op ops[] = {
		{"mkdir", 0, run_mkdir, after_mkdir, {}},
		{"control", 0, run_control, after_control, {}},
		{"clone", 0, run_clone, after_clone, {}},
		{"read", 0, run_read, 0, {}},
		{"inotify", 0, run_inotify, after_inotify, {}},
		{"watch", 0, run_watch, after_watch, {}},
		{"namespace", 0, run_namespace, 0, {}},
	};
	alarm(80);
	IN_CGROUP {
		CHECK_OK(cg_mkdir("a"));
		CHECK_OK(cg_mkdir("b"));
		control_fd = NEED_OK(open(cg_at("cgroup.subtree_control"), O_WRONLY));
		into_fd = NEED_OK(open(cg_at("a"), O_PATH));
		watch_fd = NEED_OK(inotify_init1(IN_NONBLOCK));
		for (int i = 0; i < 8; i++)
			cg_read("cgroup.events");	/* the buffers' pages */
		FAIL_ALL(ops);
		close(control_fd);
		close(into_fd);
		close(watch_fd);
	}
}
