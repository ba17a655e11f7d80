/* umount(2), and the flags of one mount in mount(2): promise by promise. Needs root. */
#include "mounts.h"
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

TEST(errors)
{
	if (!mounts_begin())
		return;
	mounts_dir("m"), mounts_dir("d");
	mounts_tmpfs("m");
	mounts_dir("m/sub");
	CHECK_ERR(umount2("m", 0x10), EINVAL);
	CHECK_ERR(umount2("m", MNT_EXPIRE | MNT_FORCE), EINVAL);
	CHECK_ERR(umount2("m", MNT_EXPIRE | MNT_DETACH), EINVAL);
	CHECK_ERR(umount("d"), EINVAL);
	CHECK_ERR(umount("m/sub"), EINVAL);
	CHECK_ERR(umount("absent"), ENOENT);
	CHECK_ERR(umount(""), ENOENT);
	CHECK_ERR(syscall(SYS_umount2, 1L, 0), EFAULT);
	static char deep[5000];
	memset(deep, 'a', sizeof deep - 1);
	CHECK_ERR(umount(deep), ENAMETOOLONG);
	IN_CHILD {
		NEED_OK(setresuid(1000, 1000, 1000));
		CHECK_ERR(umount("m"), EPERM);
		CHECK_ERR(umount2("m", MNT_DETACH), EPERM);
		CHECK_ERR(umount("d"), EPERM);
		CHECK_ERR(umount("absent"), ENOENT);
		CHECK_ERR(umount2("m", 0x10), EINVAL);
		CHECK_ERR(mount("x", "absent", "tmpfs", 0, NULL), ENOENT);
		CHECK_ERR(mount("x", "d", "nosuch", 0, NULL), EPERM);
	}
	CHECK_OK(umount2("m", MNT_FORCE));
}

TEST(expire)
{
	if (!mounts_begin())
		return;
	mounts_dir("m");
	mounts_tmpfs("m");
	int fd = NEED_OK(open("m", O_RDONLY));
	CHECK_ERR(umount2("m", MNT_EXPIRE), EBUSY);
	close(fd);
	CHECK_ERR(umount2("m", MNT_EXPIRE), EAGAIN);
	CHECK_OK(access("m/.", F_OK));		/* it was used since */
	CHECK_ERR(umount2("m", MNT_EXPIRE), EAGAIN);
	CHECK_OK(umount2("m", MNT_EXPIRE));
	CHECK(!mounts_is("m"));
}

TEST(nofollow)
{
	if (!mounts_begin())
		return;
	mounts_dir("m");
	mounts_tmpfs("m");
	NEED_OK(symlink("m", "link"));
	CHECK_ERR(umount2("link", UMOUNT_NOFOLLOW), EINVAL);
	CHECK_OK(umount2("m", UMOUNT_NOFOLLOW));
	mounts_tmpfs("m");
	CHECK_OK(umount2("link", 0));
}

TEST(lazy)
{
	char cwd[300];
	if (!mounts_begin())
		return;
	mounts_dir("m");
	mounts_tmpfs("m");
	mounts_mark("m/x");
	mounts_dir("m/in");
	mounts_tmpfs("m/in");
	mounts_mark("m/in/y");
	int fd = NEED_OK(open("m", O_RDONLY | O_DIRECTORY));
	int deep = NEED_OK(open("m/in", O_RDONLY | O_DIRECTORY));
	CHECK_ERR(umount("m"), EBUSY);
	CHECK_OK(umount2("m", MNT_DETACH));
	CHECK(!mounts_is("m") && !mounts_is("m/in"));
	CHECK_OK(faccessat(fd, "x", F_OK, 0));
	CHECK_OK(faccessat(deep, "y", F_OK, 0));
	CHECK_ERR(faccessat(fd, "in/y", F_OK, 0), ENOENT);	/* and from one another */
	CHECK_OK(openat(fd, "new", O_WRONLY | O_CREAT, 0644));
	/* from within there is no way up */
	NEED_OK(fchdir(deep));
	CHECK_OK(chdir(".."));
	CHECK_OK(access("y", F_OK));
	CHECK(syscall(SYS_getcwd, cwd, sizeof cwd) > 0);
	CHECK(!strncmp(cwd, "(unreachable)", 13));
	/* nor can anything be done to its mount */
	CHECK_ERR(umount("."), EINVAL);
	CHECK_ERR(mount(NULL, ".", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), EINVAL);
	CHECK_ERR(mount(NULL, ".", NULL, MS_REMOUNT, NULL), EINVAL);
	CHECK_ERR(mount("/tmp", ".", NULL, MS_BIND, NULL), EINVAL);
	CHECK_ERR(mount(".", "/tmp/m", NULL, MS_MOVE, NULL), EINVAL);
}

TEST(the_root)
{
	if (!mounts_begin())
		return;
	NEED_OK(chroot("."));
	mkdir("proc", 0755);
	CHECK_ERR(umount2("/", MNT_EXPIRE), EINVAL);
	/* it is not taken away, but made read-only */
	CHECK_OK(umount("/"));
	CHECK_ERR(mkdir("/d", 0755), EROFS);
	CHECK_OK(umount("/"));
	CHECK_OK(mount(NULL, "/", NULL, MS_REMOUNT, NULL));
	CHECK_OK(mkdir("/d", 0755));
	int fd = NEED_OK(open("/f", O_WRONLY | O_CREAT, 0644));
	CHECK_ERR(umount("/"), EBUSY);
	close(fd);
	CHECK_OK(umount2("/", MNT_DETACH));
	CHECK_ERR(umount("/"), EINVAL);
}

/* The first root of all, on which everything lies, can neither go nor move. */
TEST(the_first_root)
{
	struct mount_line m;
	if (!mounts_begin())
		return;
	if (!mounts_find("/", &m) || strcmp(m.type, "rootfs"))
		return;
	CHECK_ERR(umount("/"), EINVAL);
	CHECK_ERR(umount2("/", MNT_DETACH), EINVAL);
	mounts_dir("m");
	CHECK_ERR(mount("/", "m", NULL, MS_MOVE, NULL), EINVAL);
	CHECK_OK(mount("/", "m", NULL, MS_BIND, NULL));
}

TEST(move_errors)
{
	if (!mounts_begin())
		return;
	mounts_dir("m"), mounts_dir("d"), mounts_dir("d/in");
	mounts_tmpfs("m");
	mounts_dir("m/sub"), mounts_dir("m/sub/deep");
	NEED_OK(check_spew("f", "", 0, 0644));
	CHECK_ERR(mount("d", "m", NULL, MS_MOVE, NULL), EINVAL);
	CHECK_ERR(mount("m/sub", "d", NULL, MS_MOVE, NULL), EINVAL);
	CHECK_ERR(mount("m", "m/sub", NULL, MS_MOVE, NULL), ELOOP);
	CHECK_ERR(mount("m", "f", NULL, MS_MOVE, NULL), EINVAL);
	CHECK_ERR(mount("m", "absent", NULL, MS_MOVE, NULL), ENOENT);
	CHECK_ERR(mount("absent", "d", NULL, MS_MOVE, NULL), ENOENT);
	CHECK_ERR(mount(NULL, "d", NULL, MS_MOVE, NULL), EINVAL);
	CHECK_ERR(mount("", "d", NULL, MS_MOVE, NULL), EINVAL);
	CHECK_ERR(mount("", "d", NULL, MS_BIND, NULL), EINVAL);
	CHECK_ERR(mount("x", "d", NULL, 0, NULL), EINVAL);
	CHECK_ERR(mount("x", "d", "tmpfs", 1UL << 31, NULL), EINVAL);	/* MS_NOUSER is the kernel's own */
	CHECK_OK(mount("m", "d/in", NULL, MS_MOVE, NULL));
	CHECK(mounts_is("d/in") && !mounts_is("m"));
}

static const char *flags_of(const char *path)
{
	static struct mount_line m;
	return mounts_find(path, &m) ? m.flags : "?";
}

TEST(flags_of_one_mount)
{
	struct statvfs v;
	if (!mounts_begin())
		return;
	mounts_dir("m"), mounts_dir("n");
	CHECK_OK(mount("t", "m", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NODIRATIME, NULL));
	CHECK_STR(flags_of("m"), "rw,nosuid,nodev,noexec,nodiratime,relatime");
	CHECK_OK(statvfs("m", &v));
	CHECK_EQ(v.f_flag & (ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_NODIRATIME | ST_RELATIME | ST_NOATIME | ST_RDONLY),
		 ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_NODIRATIME | ST_RELATIME);
	/* a bind copies them and takes no others */
	CHECK_OK(mount("m", "n", NULL, MS_BIND | MS_RDONLY | MS_NOATIME, NULL));
	CHECK_STR(flags_of("n"), "rw,nosuid,nodev,noexec,nodiratime,relatime");
	/* a remount sets all anew, but access times only when one of those flags is named */
	CHECK_OK(mount(NULL, "n", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
	CHECK_STR(flags_of("n"), "ro,nodiratime,relatime");
	CHECK_STR(flags_of("m"), "rw,nosuid,nodev,noexec,nodiratime,relatime");
	CHECK_OK(mount(NULL, "n", NULL, MS_REMOUNT | MS_BIND | MS_NOATIME, NULL));
	CHECK_STR(flags_of("n"), "rw,noatime");
	CHECK_OK(mount(NULL, "n", NULL, MS_REMOUNT | MS_BIND | MS_STRICTATIME, NULL));
	CHECK_STR(flags_of("n"), "rw");
	CHECK_OK(mount(NULL, "n", NULL, MS_REMOUNT | MS_BIND | MS_STRICTATIME | MS_NOATIME, NULL));
	CHECK_STR(flags_of("n"), "rw");
	CHECK_OK(mount(NULL, "n", NULL, MS_REMOUNT | MS_BIND | MS_RELATIME, NULL));
	CHECK_STR(flags_of("n"), "rw,relatime");
	CHECK_OK(mount(NULL, "n", NULL, MS_REMOUNT | MS_BIND | 256 /* MS_NOSYMFOLLOW */, NULL));
	CHECK_STR(flags_of("n"), "rw,relatime,nosymfollow");
	NEED_OK(symlink("x", "n/link"));
	mounts_mark("n/x");
	CHECK_ERR(open("n/link", O_RDONLY), ELOOP);
	CHECK_OK(open("m/link", O_RDONLY));
	char text[10];
	CHECK_EQ(readlink("n/link", text, sizeof text), 1);
	/* a file system that is read-only is so in each of its mounts */
	CHECK_OK(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	CHECK_ERR(mkdir("n/d", 0755), EROFS);
	CHECK_STR(flags_of("n"), "rw,relatime,nosymfollow");
	struct mount_line m;
	CHECK_EQ(mounts_find("n", &m), 1);
	CHECK(!strncmp(m.options, "ro", 2));
	CHECK_ERR(mount(NULL, "m/d", NULL, MS_REMOUNT, NULL), ENOENT);
	CHECK_ERR(mount(NULL, "/tmp/m/../n/x", NULL, MS_REMOUNT, NULL), EINVAL);
}

/* NOATIME and the like do what they say. */
static long atime_of(const char *path)
{
	struct stat st;
	return stat(path, &st) ? -1 : st.st_atim.tv_sec;
}

static bool moves_atime(const char *path)
{
	char c;
	struct timespec old[2] = { { 1000, 0 }, { 900, 0 } };	/* read after it was changed, long ago */
	NEED_OK(utimensat(AT_FDCWD, path, old, 0));
	int fd = NEED_OK(open(path, O_RDONLY));
	CHECK_EQ(read(fd, &c, 1), 1);
	close(fd);
	return atime_of(path) != 1000;
}

TEST(access_times)
{
	if (!mounts_begin())
		return;
	mounts_dir("m");
	mounts_tmpfs("m");
	mounts_mark("m/x");
	CHECK(moves_atime("m/x"));
	NEED_OK(mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND | MS_NOATIME, NULL));
	CHECK(!moves_atime("m/x"));
	NEED_OK(mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND | MS_STRICTATIME, NULL));
	CHECK(moves_atime("m/x"));
}

HELPER(who)
{
	return geteuid() == 1234 ? 0 : 1;
}

TEST(nosuid)
{
	if (!mounts_begin())
		return;
	mounts_dir("m");
	mounts_tmpfs("m");
	static char self[8 << 20];
	ssize_t n = check_slurp(check_self, self, sizeof self);
	NEED_OK(check_spew("m/prog", self, n, 0755));
	NEED_OK(chown("m/prog", 1234, 0));
	NEED_OK(chmod("m/prog", 04755));
	for (int is_nosuid = 0; is_nosuid < 2; is_nosuid++) {
		if (is_nosuid)
			NEED_OK(mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND | MS_NOSUID, NULL));
		pid_t p = fork();
		if (!p) {
			execl("m/prog", "prog", "@who", NULL);
			_exit(99);
		}
		CHECK_WAIT(p, EXITED(is_nosuid));
	}
	/* a tree that the caller's namespace does not show gives nobody rights */
	NEED_OK(mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND, NULL));
	int fd = NEED_OK(open("m/prog", O_RDONLY | O_CLOEXEC));
	NEED_OK(umount2("m", MNT_DETACH));
	pid_t p = fork();
	if (!p) {
		char *argv[] = { "prog", "@who", NULL };
		syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
		_exit(99);
	}
	CHECK_WAIT(p, EXITED(1));
}

TEST(statx_tells_of_mounts)
{
	struct statx a, b;
	if (!mounts_begin())
		return;
	mounts_dir("m"), mounts_dir("m2");
	mounts_tmpfs("m");
	mounts_mark("m/x");
	CHECK_OK(statx(AT_FDCWD, "m", 0, STATX_MNT_ID, &a));
	CHECK(a.stx_mask & STATX_MNT_ID);
	CHECK(a.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT);
	CHECK(a.stx_attributes & STATX_ATTR_MOUNT_ROOT);
	struct mount_line m;
	CHECK_EQ(mounts_find("m", &m), 1);
	CHECK_EQ(a.stx_mnt_id, m.id);
	CHECK_OK(statx(AT_FDCWD, "m/x", 0, STATX_MNT_ID, &b));
	CHECK_EQ(b.stx_mnt_id, a.stx_mnt_id);
	CHECK(!(b.stx_attributes & STATX_ATTR_MOUNT_ROOT));
	mounts_bind("m", "m2");
	CHECK_OK(statx(AT_FDCWD, "m2/x", 0, STATX_MNT_ID, &b));
	CHECK(b.stx_mnt_id != a.stx_mnt_id);
	CHECK_OK(umount("m2"));
	/* a part of a file system, and a file */
	mounts_dir("m/part");
	mounts_bind("m/part", "m2");
	CHECK_EQ(mounts_find("m2", &m), 1);
	CHECK_STR(m.root, "/part");
	CHECK_OK(umount("m2"));
}

/* The fields of the three lists, byte by byte. */
TEST(lists)
{
	static char text[65536];
	char line[300];
	struct mount_line m;
	struct stat st;
	if (!mounts_begin())
		return;
	mounts_dir("a b");
	CHECK_OK(mount("so#urce\tx", "a b", "tmpfs", MS_NOSUID, "size=64k,mode=700"));
	CHECK(check_slurp("/proc/self/mounts", text, sizeof text) > 0);
	CHECK(strstr(text, "\nso\\043urce\\011x /tmp/a\\040b tmpfs rw,nosuid,relatime,size=64k,mode=700") != NULL);
	CHECK(strstr(text, " 0 0\n") != NULL);
	CHECK(check_slurp("/proc/self/mountstats", text, sizeof text) > 0);
	CHECK(strstr(text, "device so\\043urce\\011x mounted on /tmp/a\\040b with fstype tmpfs\n") != NULL);
	CHECK(check_slurp("/proc/self/mountinfo", text, sizeof text) > 0);
	CHECK_EQ(mounts_find("a\\040b", &m), 1);
	CHECK_OK(stat("a b", &st));
	snprintf(line, sizeof line, "%d %d %u:%u / /tmp/a\\040b rw,nosuid,relatime - tmpfs so\\043urce\\011x rw,size=64k,mode=700",
		 m.id, m.parent, major(st.st_dev), minor(st.st_dev));
	CHECK(strstr(text, line) != NULL);
	mounts_bind("/proc", "/tmp/a b");
	CHECK_EQ(mounts_find("a\\040b", &m), 2);
	CHECK_STR(m.type, "proc");
}
