/*
 * user_namespaces(7) and mount_namespaces(7), "Restrictions on mount namespaces": what a user without rights may mount in a
 * namespace of his own, and what of the tree he got he may not touch.
 */
#include "mounts.h"
#include <sys/prctl.h>
#include <sys/sysmacros.h>

static void write_map(const char *path, const char *text)
{
	int fd = NEED_OK(open(path, O_WRONLY));
	CHECK_EQ(write(fd, text, strlen(text)), (long)strlen(text));
	close(fd);
}

/* Becomes, as `uid`, root of a user namespace of its own, with the namespaces of `more` too. */
static void enter(uid_t uid, int more)
{
	char map[60];
	NEED_OK(setresgid(uid, uid, uid));
	NEED_OK(setresuid(uid, uid, uid));
	NEED_OK(prctl(PR_SET_DUMPABLE, 1));	/* else /proc/self belongs to root */
	NEED_OK(unshare(CLONE_NEWUSER | more));
	write_map("/proc/self/setgroups", "deny");
	snprintf(map, sizeof map, "0 %d 1", uid);
	write_map("/proc/self/uid_map", map);
	write_map("/proc/self/gid_map", map);
	CHECK_EQ(getuid(), 0);
}

static bool begin(void)
{
	if (!mounts_begin())
		return false;
	NEED_OK(chmod("/tmp", 01777));
	NEED_OK(mkdir("m", 0777));
	NEED_OK(chmod("m", 0777));
	NEED_OK(mkdir("n", 0777));
	NEED_OK(chmod("n", 0777));
	return true;
}

TEST(mounts_of_ones_own)
{
	struct stat st;
	if (!begin())
		return;
	IN_CHILD {
		enter(1000, CLONE_NEWNS);
		CHECK_OK(mount("t", "m", "tmpfs", 0, NULL));
		CHECK_OK(stat("m", &st));
		CHECK_EQ(st.st_uid, 0);
		CHECK_OK(check_spew("m/x", "x", 1, 0644));
		CHECK_OK(mount("m", "n", NULL, MS_BIND, NULL));
		CHECK_OK(mount(NULL, "n", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
		CHECK_OK(mount(NULL, "n", NULL, MS_REMOUNT | MS_BIND, NULL));
		CHECK_OK(mount(NULL, "m", NULL, MS_REMOUNT, "size=64k"));
		CHECK_OK(umount("n"));
		CHECK_OK(mount("m", "n", NULL, MS_MOVE, NULL));
		CHECK_OK(umount("n"));
		CHECK_OK(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL));
		CHECK_OK(chroot("m"));
	}
	CHECK(!mounts_is("m"));
}

/* Without a mount namespace of its own the rights in the user namespace are none over the tree. */
TEST(not_in_anothers_tree)
{
	if (!begin())
		return;
	IN_CHILD {
		enter(1000, 0);
		CHECK_ERR(mount("t", "m", "tmpfs", 0, NULL), EPERM);
		CHECK_ERR(umount("/tmp"), EPERM);
		CHECK_ERR(syscall(SYS_pivot_root, "m", "m"), EPERM);
		CHECK_OK(unshare(CLONE_NEWNS));
		CHECK_OK(mount("t", "m", "tmpfs", 0, NULL));
	}
}

TEST(what_types)
{
	if (!begin())
		return;
	IN_CHILD {
		enter(1000, CLONE_NEWNS);
		CHECK_OK(mount("t", "m", "tmpfs", 0, "uid=0,gid=0,mode=700"));
		CHECK_ERR(mount("t", "n", "tmpfs", 0, "uid=7"), EINVAL);	/* an id without a name here */
		CHECK_OK(mount("t", "n", "devpts", 0, "newinstance,ptmxmode=666"));
		CHECK_ERR(mount("t", "n", "devtmpfs", 0, NULL), EPERM);
		CHECK_ERR(mount("t", "n", "nosuchfs", 0, NULL), ENODEV);
		CHECK_ERR(mount("t", "n", "proc", 0, NULL), EPERM);		/* the pid namespace is not its own */
		CHECK_ERR(mount("t", "n", "sysfs", 0, NULL), EPERM);
		CHECK_ERR(mount("t", "n", "cgroup2", 0, NULL), EPERM);		/* nor the one of control groups */
	}
	IN_CHILD {
		enter(1000, CLONE_NEWNS | CLONE_NEWCGROUP);
		CHECK_OK(mount("t", "n", "cgroup2", 0, NULL));
		CHECK_OK(access("n/cgroup.procs", F_OK));
		CHECK_ERR(mkdir("n/g", 0755), EACCES);
		CHECK_ERR(mount(NULL, "n", NULL, MS_REMOUNT, "nsdelegate"), EPERM);
	}
}

static void in_own_pid(void (*what)(void))
{
	pid_t p;
	enter(1000, CLONE_NEWNS | CLONE_NEWPID);
	p = fork();
	if (!p) {
		what();
		_exit(check_failed != 0);
	}
	CHECK_WAIT(p, EXITED(0));
}

static void proc_is_mounted(void)
{
	struct stat st;
	CHECK_OK(mount("proc", "m", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
	CHECK_OK(stat("m/1/stat", &st));
	CHECK_OK(mount("proc", "/proc", "proc", 0, NULL));
}
static void proc_is_refused(void) { CHECK_ERR(mount("proc", "m", "proc", 0, NULL), EPERM); }
static void proc_is_readonly_only(void)
{
	CHECK_ERR(mount("proc", "m", "proc", 0, NULL), EPERM);
	CHECK_OK(mount("proc", "m", "proc", MS_RDONLY, NULL));
	CHECK_ERR(mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND, NULL), EPERM);
}

/* proc may be mounted only where all of one is to be seen already. */
TEST(proc_as_far_as_it_is_visible)
{
	if (!begin())
		return;
	IN_CHILD
		in_own_pid(proc_is_mounted);
	IN_CHILD {
		NEED_OK(unshare(CLONE_NEWNS));
		NEED_OK(mount("t", "/proc/sys", "tmpfs", 0, NULL));
		in_own_pid(proc_is_refused);
	}
	IN_CHILD {
		NEED_OK(unshare(CLONE_NEWNS));
		NEED_OK(mount(NULL, "/proc", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
		/* nobody need have a name for this: the rights are there without a map */
		NEED_OK(setresuid(1000, 1000, 1000));
		NEED_OK(unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID));
		pid_t p = fork();
		if (!p) {
			proc_is_readonly_only();
			_exit(check_failed != 0);
		}
		CHECK_WAIT(p, EXITED(0));
	}
}

/* What came as a whole stays so: nothing in it is taken off singly or moved. */
TEST(locked_mounts)
{
	if (!begin())
		return;
	mounts_tmpfs("m");
	NEED_OK(mkdir("m/in", 0777));
	mounts_mark("m/in/secret");
	mounts_tmpfs("m/in");
	IN_CHILD {
		enter(1000, CLONE_NEWNS);
		CHECK_ERR(umount("m/in"), EINVAL);
		CHECK_ERR(umount2("m/in", MNT_DETACH), EINVAL);
		CHECK_ERR(umount2("m", MNT_DETACH), EINVAL);
		CHECK_ERR(mount("m/in", "n", NULL, MS_MOVE, NULL), EINVAL);
		CHECK_ERR(mount("m", "n", NULL, MS_BIND, NULL), EINVAL);	/* would show m/in/secret */
		CHECK_OK(mount("m", "n", NULL, MS_BIND | MS_REC, NULL));
		CHECK(!mounts_has("n/in/secret"));
		CHECK_ERR(umount("n/in"), EINVAL);
		CHECK_OK(umount2("n", MNT_DETACH));
		/* what lies below it is its own to cover, and to uncover */
		CHECK_OK(mount("t", "m/in", "tmpfs", 0, NULL));
		CHECK_OK(umount("m/in"));
		/* a further namespace of the same user is free to do no more */
		CHECK_OK(unshare(CLONE_NEWNS));
		CHECK_ERR(umount("m/in"), EINVAL);
	}
	/* with rights over both namespaces all is allowed */
	IN_CHILD {
		NEED_OK(unshare(CLONE_NEWNS));
		CHECK_OK(umount("m/in"));
	}
}

/* A detached tree keeps what was locked in it. */
TEST(locked_mounts_stay_connected)
{
	if (!begin())
		return;
	mounts_tmpfs("m");
	NEED_OK(mkdir("m/in", 0777));
	mounts_mark("m/in/secret");
	mounts_tmpfs("m/in");
	mounts_mark("m/in/open");
	IN_CHILD {
		enter(1000, CLONE_NEWNS);
		CHECK_OK(mount("m", "n", NULL, MS_BIND | MS_REC, NULL));
		int fd = NEED_OK(open("n", O_RDONLY | O_DIRECTORY));
		CHECK_OK(umount2("n", MNT_DETACH));
		CHECK(faccessat(fd, "in/secret", F_OK, 0) != 0);
		CHECK_OK(faccessat(fd, "in/open", F_OK, 0));
		NEED_OK(fchdir(fd));
		NEED_OK(chdir("in"));
		close(fd);
		CHECK(mounts_has("open"));
		CHECK_OK(chdir(".."));
		CHECK(!mounts_has("in/secret"));
	}
}

TEST(locked_flags)
{
	static const struct { unsigned long flag; } flags[] = { { MS_RDONLY }, { MS_NOSUID }, { MS_NODEV }, { MS_NOEXEC } };
	if (!begin())
		return;
	mounts_tmpfs("m");
	NEED_OK(mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME, NULL));
	const unsigned long all = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
	IN_CHILD {
		enter(1000, CLONE_NEWNS);
		for (int i = 0; i < 4; i++)
			CHECK_ERR(mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND | (all & ~flags[i].flag), NULL), EPERM);
		CHECK_OK(mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND | all, NULL));	/* access times as they are */
		CHECK_OK(mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND | all | MS_NOATIME, NULL));
		CHECK_ERR(mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND | all | MS_RELATIME, NULL), EPERM);
		CHECK_ERR(mount(NULL, "m", NULL, MS_REMOUNT | all, NULL), EPERM);	/* not its file system */
		CHECK_OK(mount("m", "n", NULL, MS_BIND, NULL));
		CHECK_ERR(mount(NULL, "n", NULL, MS_REMOUNT | MS_BIND | (all & ~MS_RDONLY), NULL), EPERM);
	}
	CHECK_OK(mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND, NULL));
}

TEST(a_less_privileged_copy_is_a_slave)
{
	if (!begin())
		return;
	mounts_tmpfs("m");
	NEED_OK(mkdir("m/in", 0777));
	NEED_OK(mkdir("m/down", 0777));
	mounts_type("m", MS_SHARED);
	int group = mounts_group("m"), fds[2], back[2];
	char c;
	NEED_OK(pipe(fds));
	NEED_OK(pipe(back));
	pid_t p = fork();
	if (!p) {
		enter(1000, CLONE_NEWNS);
		CHECK_STR(mounts_kind("m"), "m");
		CHECK_EQ(mounts_master("m"), group);
		CHECK_OK(mount("t", "m/in", "tmpfs", 0, NULL));
		CHECK_EQ(write(back[1], "1", 1), 1);
		CHECK_EQ(read(fds[0], &c, 1), 1);
		/* what comes down may be taken off as it came */
		CHECK(mounts_is("m/down"));
		CHECK(mounts_is("m/down/sub"));
		CHECK_ERR(umount("m/down/sub"), EINVAL);
		CHECK_OK(umount2("m/down", MNT_DETACH));
		_exit(check_failed != 0);
	}
	CHECK_EQ(read(back[0], &c, 1), 1);
	CHECK(!mounts_is("m/in"));
	mounts_tmpfs("n");
	mounts_dir("n/sub");
	mounts_tmpfs("n/sub");
	NEED_OK(mount("n", "m/down", NULL, MS_MOVE, NULL));
	CHECK_EQ(write(fds[1], "1", 1), 1);
	CHECK_WAIT(p, EXITED(0));
}

/* Nobody gets devices or other people's rights by a file system of his own. */
TEST(no_devices_no_suid)
{
	if (!begin())
		return;
	int up[2], down[2];
	char c, path[60];
	NEED_OK(pipe(up));
	NEED_OK(pipe(down));
	pid_t p = fork();
	if (!p) {
		enter(1000, CLONE_NEWNS);
		NEED_OK(mount("t", "m", "tmpfs", 0, "mode=777"));
		CHECK_ERR(mknod("m/null", S_IFCHR | 0666, makedev(1, 3)), EPERM);
		CHECK_OK(mknod("m/fifo", S_IFIFO | 0666, 0));
		CHECK_OK(mknod("m/sock", S_IFSOCK | 0666, 0));
		CHECK_EQ(write(up[1], "1", 1), 1);
		CHECK_EQ(read(down[0], &c, 1), 1);
		_exit(check_failed != 0);
	}
	CHECK_EQ(read(up[0], &c, 1), 1);
	snprintf(path, sizeof path, "/proc/%d/root/tmp/m/null", p);
	/* nor can others put there what has no owner in that namespace */
	CHECK_ERR(mknod(path, S_IFCHR | 0666, makedev(1, 3)), EOVERFLOW);
	CHECK_ERR(mkdir(path, 0700), EOVERFLOW);
	CHECK_ERR(open(path, O_WRONLY | O_CREAT, 0600), EOVERFLOW);
	CHECK_EQ(write(down[1], "1", 1), 1);
	CHECK_WAIT(p, EXITED(0));
}

TEST(setns_asks_for_rights_over_it)
{
	if (!begin())
		return;
	int up[2];
	char c, path[60];
	NEED_OK(pipe(up));
	pid_t p = fork();
	if (!p) {
		enter(1000, CLONE_NEWNS);
		NEED_OK(mount("t", "m", "tmpfs", 0, NULL));
		CHECK_OK(check_spew("m/x", "x", 1, 0644));
		CHECK_EQ(write(up[1], "1", 1), 1);
		pause();
	}
	CHECK_EQ(read(up[0], &c, 1), 1);
	snprintf(path, sizeof path, "/proc/%d/ns/mnt", p);
	int mnt = NEED_OK(open(path, O_RDONLY | O_CLOEXEC));
	snprintf(path, sizeof path, "/proc/%d/ns/user", p);
	int user = NEED_OK(open(path, O_RDONLY | O_CLOEXEC));
	IN_CHILD {
		CHECK_OK(setns(mnt, 0));
		CHECK(mounts_has("/tmp/m/x"));
	}
	IN_CHILD {
		CHECK_OK(setns(user, CLONE_NEWUSER));
		CHECK_OK(setns(mnt, CLONE_NEWNS));
		CHECK(mounts_has("/tmp/m/x"));
	}
	IN_CHILD {
		enter(2000, 0);
		CHECK_ERR(setns(mnt, 0), EPERM);
	}
	check_reap(p);
}
