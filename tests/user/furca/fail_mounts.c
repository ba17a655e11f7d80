/*
 * Each allocation of the calls on mounts and their namespaces fails once: the call says so, the tree is as it was, and
 * nothing is left behind. Then the same calls at random by several processes with trees of their own and a shared one.
 */
#include "fail_nth.h"
#include "mounts.h"
#include <linux/sched.h>

static void off(const char *path)
{
	while (umount2(path, MNT_DETACH) == 0)
		;
}
static void off_m(long result) { off("m"); }
static void off_both(long result) { off("shared/in"); off("m"); }
static void off_new(long result) { off("old"); off("m"); }
static void on_m(void) { mounts_tmpfs("m"); mounts_dir("m/old"); }
static void on_shared(void) { mounts_tmpfs("shared/in"); }
static void off_shared(long result) { off("shared/in"); }
static void reap(long pid)
{
	if (pid > 0)
		check_interrupted_wait((pid_t)pid, &(int){0});
}

static long mount_tmpfs(void) { return RAW(SYS_mount, "t", "m", "tmpfs", 0, "size=64k,mode=700"); }
static long mount_proc(void) { return RAW(SYS_mount, "t", "m", "proc", 0, 0); }
static long mount_on_proc(void) { return RAW(SYS_mount, "t", "/proc/sys/kernel", "tmpfs", 0, 0); }
static void off_proc(long result) { off("/proc/sys/kernel"); }
static long mount_devpts(void) { return RAW(SYS_mount, "t", "m", "devpts", 0, "newinstance"); }
static long mount_in_shared(void) { return RAW(SYS_mount, "t", "shared/in", "tmpfs", 0, 0); }
static long bind_tree(void) { return RAW(SYS_mount, "tree", "m", 0, MS_BIND | MS_REC, 0); }
static long bind_tree_in_shared(void) { return RAW(SYS_mount, "tree", "shared/in", 0, MS_BIND | MS_REC, 0); }
static long move_in_shared(void) { return RAW(SYS_mount, "m", "shared/in", 0, MS_MOVE, 0); }
static long remount(void) { return RAW(SYS_mount, "t", "tree", "tmpfs", MS_REMOUNT, "size=1m"); }
static long unmount(void) { return RAW(SYS_umount2, "m", 0); }
static long unmount_shared(void) { return RAW(SYS_umount2, "shared/in", MNT_DETACH); }
static long read_list(void)
{
	static char text[20000];
	long fd = RAW(SYS_open, "/proc/self/mountinfo", O_RDONLY), n = fd;
	if (fd >= 0) {
		n = RAW(SYS_read, fd, text, sizeof text);
		RAW(SYS_close, fd);
	}
	return n;
}
static long clone_newns(void)
{
	struct clone_args a = { .flags = CLONE_NEWNS, .exit_signal = SIGCHLD };
	long pid = RAW(SYS_clone3, &a, sizeof a);
	if (!pid)
		RAW(SYS_exit_group, 0);
	return pid;
}

static const struct fail_op ops[] = {
	{ "mount tmpfs", NULL, mount_tmpfs, off_m, { 0 } },
	{ "mount proc", NULL, mount_proc, off_m, { 0 } },
	{ "mount on a place in procfs", NULL, mount_on_proc, off_proc, { 0 } },
	{ "mount devpts", NULL, mount_devpts, off_m, { 0 } },
	{ "mount in a shared mount", NULL, mount_in_shared, off_shared, { 0 } },
	{ "bind", NULL, bind_tree, off_m, { 0 } },
	{ "bind into a shared mount", NULL, bind_tree_in_shared, off_shared, { 0 } },
	{ "move into a shared mount", on_m, move_in_shared, off_both, { 0 } },
	{ "remount", NULL, remount, NULL, { 0 } },
	{ "umount", on_m, unmount, off_new, { 0 } },
	{ "umount of a shared mount", on_shared, unmount_shared, off_shared, { 0 } },
	{ "mountinfo", NULL, read_list, NULL, { 0 } },
	{ "clone of a namespace", NULL, clone_newns, reap, { 0 } },
};

/* A tree, and a shared mount with a peer, a slave, and a slave's peer. */
static bool begin(void)
{
	if (!mounts_begin())
		return false;
	mounts_dir("m");
	mounts_of_kind("tree", "-");
	mounts_of_kind("tree/one", "-");
	mounts_of_kind("tree/one/two", "s");
	mounts_of_kind("shared", "s");
	mounts_dir("shared/in"), mounts_dir("peer"), mounts_dir("slave"), mounts_dir("second");
	mounts_bind("shared", "peer");
	mounts_bind("shared", "slave");
	mounts_type("slave", MS_SLAVE);
	mounts_type("slave", MS_SHARED);
	mounts_bind("slave", "second");
	return true;
}

TEST(each_allocation_fails)
{
	if (!begin())
		return;
	alarm(80);	/* the debug build checks much after each call */
	FAIL_ALL(ops);
}

/* unshare can be tried once only: a child each. 7: nothing failed any more. */
static int unshare_in_child(int n)
{
	char cwd[100];
	int status = -1;
	pid_t p = fork();
	if (!p) {
		check_failed = 0;
		fail_open();
		fail_arm(n);
		long result = RAW(SYS_unshare, CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWPID);
		long left = fail_disarm();
		CHECK(result == 0 || result == -ENOMEM);
		CHECK(getcwd(cwd, sizeof cwd));
		CHECK_STR(cwd, "/tmp/tree/one");
		CHECK(mounts_is("/tmp/tree/one/two"));
		_exit(check_failed ? 1 : left ? 7 : 0);
	}
	CHECK(check_interrupted_wait(p, &status));
	CHECK(status == 0 || status == EXITED(7));
	return WEXITSTATUS(status);
}

TEST(unshare_fails)
{
	static struct objects before;
	if (!begin())
		return;
	alarm(80);	/* the debug build checks much after each call */
	NEED_OK(chdir("tree/one"));
	for (int i = 0; i < 3; i++)
		unshare_in_child(1000);
	for (int n = 1; n < 10; n++)
		unshare_in_child(n);
	fail_warm_up(&before);
	bool is_done = false;
	for (int n = 1; n < FAIL_TRIES_MAX && !is_done; n++) {
		is_done = unshare_in_child(n) == 7;
		CHECK_OBJECTS(&before, "unshare");
	}
	CHECK(is_done);
}

static void at_random(unsigned seed, long rounds)
{
	static const char *const places[] = { "shared/in", "peer/in", "slave/in", "second/in", "m", "tree/one", "shared", "slave" };
	srandom(seed);
	for (long i = 0; i < rounds; i++) {
		const char *a = places[random() % 8], *b = places[random() % 8];
		static const unsigned long types[] = { MS_SHARED, MS_PRIVATE, MS_SLAVE, MS_UNBINDABLE };
		switch (random() % 9) {
		case 0: mount("t", a, "tmpfs", 0, NULL); break;
		case 1: mount(a, b, NULL, MS_BIND, NULL); break;
		case 2: mount(a, b, NULL, MS_BIND | MS_REC, NULL); break;
		case 3: mount(a, b, NULL, MS_MOVE, NULL); break;
		case 4: umount2(a, 0); break;
		case 5: umount2(a, MNT_DETACH); break;
		case 6: mount(NULL, a, NULL, types[random() % 4] | (random() % 2 ? MS_REC : 0), NULL); break;
		case 7: mkdir("shared/in", 0755); mkdir("slave/in", 0755); mkdir("tree/one", 0755); break;
		default: unshare(random() % 8 ? CLONE_FS : CLONE_NEWNS); break;
		}
	}
}

static void random_round(void)
{
	pid_t pids[4];
	if (!begin())
		return;
	NEED_OK(check_spew("/proc/sys/fs/mount-max", "300", 3, 0644));
	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			/* a tree of its own that is in the parent's peer groups */
			NEED_OK(unshare(CLONE_NEWNS));
			at_random(1 + i, check_scale(150));
			_exit(check_failed != 0);
		}
	}
	for (int i = 0; i < 4; i++)
		CHECK_WAIT(pids[i], EXITED(0));
	NEED_OK(check_spew("/proc/sys/fs/mount-max", "100000", 6, 0644));
}

TEST(at_random)
{
	static struct objects before;
	if (geteuid())
		return;
	alarm(80);	/* the debug build checks much after each call */
	/* The trees end with the child that begins them, and all that is in them. */
	for (int round = 0; round < 3; round++) {
		if (round == 1)
			fail_warm_up(&before);
		IN_CHILD
			random_round();
	}
	CHECK_OBJECTS(&before, "random work on mounts");
}
