/*
 * Pid namespaces leave nothing behind: not when they end in whatever way, not when an allocation of their making fails.
 */
#include "fail_nth.h"
#include "pid_ns.h"

/* -- they come and go -- */
static void end_of_the_world(int how)
{
	pid_t init = ns_fork(CLONE_NEWPID);
	if (init == 0) {
		for (int i = 0; i < 3; i++)
			if (fork() == 0) {
				if (i == 0)
					setsid();
				if (i == 1 && ns_fork(CLONE_NEWPID) == 0)
					fork();
				for (;;)
					pause();
			}
		if (how == 1)
			_exit(0);
		for (;;)
			pause();
	}
	if (how == 0) {
		check_sleep_ms(3);
		kill(init, SIGKILL);
	}
	CHECK_EQ(waitpid(init, 0, 0), init);
}

static void mounted_world(void)
{
	char path[32];
	pid_t init = ns_fork(CLONE_NEWPID);
	if (init == 0) {
		if (mount("proc", "proc", "proc", 0, 0))
			_exit(1);
		pause();
	}
	for (int i = 0; i < 500 && access("proc/1", F_OK); i++)
		check_sleep_ms(1);
	snprintf(path, sizeof path, "/proc/%d/ns/pid", init);
	int fd = open(path, O_RDONLY);
	check_reap(init);
	CHECK_ERR(access("proc/1", F_OK), ENOENT);
	CHECK_OK(umount("proc"));
	close(fd);
}

static void rounds(int n)
{
	for (int i = 0; i < n; i++) {
		end_of_the_world(i % 2);
		mounted_world();
		pid_t child = fork();
		if (child == 0) {
			unshare(CLONE_NEWPID);	/* and nobody is ever born there */
			_exit(0);
		}
		CHECK_WAIT(child, EXITED(0));
	}
}

TEST(objects_of_worlds)
{
	static struct objects before;
	check_scratch();
	NEED_OK(mkdir("proc", 0755));
	alarm(60);
	rounds(12);
	fail_warm_up(&before);
	rounds((int)check_scale(20));
	CHECK_OBJECTS(&before, "worlds");
}

/* -- each allocation fails once -- */
static int own_world = -1;

static long run_clone(void)
{
	struct clone_args args = {.flags = CLONE_NEWPID, .exit_signal = SIGCHLD};
	long pid = RAW(SYS_clone3, &args, sizeof args);
	if (pid == 0)
		RAW(SYS_exit_group, 0);
	return pid;
}

static void after_clone(long pid)
{
	if (pid > 0)
		CHECK_WAIT(pid, EXITED(0));
}

static long run_unshare(void) { return RAW(SYS_unshare, CLONE_NEWPID); }
static void after_unshare(long result)
{
	if (!result)
		CHECK_OK(setns(own_world, CLONE_NEWPID));
}

/* The first process of a namespace fails: the next one is its process 1 all the same. */
static void before_first(void) { CHECK_OK(unshare(CLONE_NEWPID)); }
static long run_first(void)
{
	long pid = RAW(SYS_fork);
	if (pid == 0)
		RAW(SYS_exit_group, RAW(SYS_getpid) != 1);
	return pid;
}
static void after_first(long pid)
{
	after_clone(pid);
	if (pid < 0)
		after_clone(run_first());
	CHECK_OK(setns(own_world, CLONE_NEWPID));
}

static long run_mount(void) { return RAW(SYS_mount, "proc", "proc", "proc", 0, "hidepid=1"); }
static void after_mount(long result)
{
	if (!result)
		CHECK_OK(umount("proc"));
}

TEST(failing_allocations)
{
	static const struct fail_op ops[] = {
		{"clone", 0, run_clone, after_clone, {}},
		{"unshare", 0, run_unshare, after_unshare, {}},
		{"first", before_first, run_first, after_first, {}},
		{"mount", 0, run_mount, after_mount, {}},
	};
	own_world = NEED_OK(open("/proc/self/ns/pid", O_RDONLY));
	check_scratch();
	NEED_OK(mkdir("proc", 0755));
	alarm(80);
	FAIL_ALL(ops);
}
