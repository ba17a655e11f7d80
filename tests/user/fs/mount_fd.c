/* open_tree, move_mount, fsopen, fsconfig, fsmount: mounts by file descriptor. Needs root. */
#include "mounts.h"
#include <linux/mount.h>

static int tree(int fd, const char *path, unsigned flags) { return syscall(SYS_open_tree, fd, path, flags); }
static int move(int from, const char *a, int to, const char *b, unsigned flags)
{
	return syscall(SYS_move_mount, from, a, to, b, flags);
}
static int config(int fd, unsigned cmd, const char *key, const void *value, int aux)
{
	return syscall(SYS_fsconfig, fd, cmd, key, value, aux);
}
static int fsopen_(const char *type, unsigned flags) { return syscall(SYS_fsopen, type, flags); }
static int fsmount_(int fd, unsigned flags, unsigned attr) { return syscall(SYS_fsmount, fd, flags, attr); }

TEST(open_tree)
{
	if (!mounts_begin())
		return;
	mounts_of_kind("a", "-");
	mounts_mark("a/x");
	mounts_of_kind("a/in", "-");
	mounts_mark("a/in/y");
	mounts_dir("b"), mounts_dir("c");
	CHECK_ERR(tree(AT_FDCWD, "a", 2), EINVAL);
	CHECK_ERR(tree(AT_FDCWD, "a", AT_RECURSIVE), EINVAL);
	CHECK_ERR(tree(AT_FDCWD, "absent", OPEN_TREE_CLONE), ENOENT);
	CHECK_ERR(tree(AT_FDCWD, "", OPEN_TREE_CLONE), ENOENT);
	CHECK_ERR(tree(-1, "a", OPEN_TREE_CLONE), EBADF);
	CHECK_ERR(tree(AT_FDCWD, (char *)1, 0), EFAULT);
	int fd = NEED_OK(tree(AT_FDCWD, "a", OPEN_TREE_CLOEXEC));
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_OK(faccessat(fd, "x", F_OK, 0));
	close(fd);
	/* a copy without what lies below, and with it */
	fd = NEED_OK(tree(AT_FDCWD, "a", OPEN_TREE_CLONE));
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
	CHECK_OK(faccessat(fd, "x", F_OK, 0));
	CHECK(faccessat(fd, "in/y", F_OK, 0) != 0);
	CHECK_OK(move(fd, "", AT_FDCWD, "b", MOVE_MOUNT_F_EMPTY_PATH));
	CHECK(mounts_is("b") && !mounts_is("b/in"));
	close(fd);
	CHECK(mounts_is("b"));
	fd = NEED_OK(tree(AT_FDCWD, "a", OPEN_TREE_CLONE | AT_RECURSIVE));
	CHECK_OK(faccessat(fd, "in/y", F_OK, 0));
	CHECK_OK(move(fd, "", AT_FDCWD, "c", MOVE_MOUNT_F_EMPTY_PATH));
	CHECK(mounts_has("c/in/y"));
	/* by the same descriptor it moves on */
	CHECK_OK(umount("b"));
	CHECK_OK(move(fd, "", AT_FDCWD, "b", MOVE_MOUNT_F_EMPTY_PATH));
	CHECK(mounts_has("b/in/y") && !mounts_is("c"));
	close(fd);
	/* what is moved nowhere goes with the descriptor */
	fd = NEED_OK(tree(AT_FDCWD, "a", OPEN_TREE_CLONE | AT_RECURSIVE));
	CHECK_ERR(umount("a"), EBUSY);
	close(fd);
	CHECK_OK(umount("a/in"));
	CHECK_OK(umount("a"));
	IN_CHILD {
		NEED_OK(setresuid(1000, 1000, 1000));
		CHECK_ERR(tree(AT_FDCWD, "b", OPEN_TREE_CLONE), EPERM);
		CHECK_OK(tree(AT_FDCWD, "b", 0));
		CHECK_ERR(move(AT_FDCWD, "b", AT_FDCWD, "c", 0), EPERM);
		CHECK_ERR(fsopen_("tmpfs", 0), EPERM);
		CHECK_ERR(fsmount_(0, 0, 0), EPERM);
	}
}

TEST(move_mount)
{
	if (!mounts_begin())
		return;
	mounts_of_kind("a", "-");
	mounts_dir("a/sub"), mounts_dir("b"), mounts_dir("plain");
	mounts_of_kind("u", "u");
	mounts_of_kind("s", "s");
	mounts_dir("s/in");
	CHECK_ERR(move(AT_FDCWD, "a", AT_FDCWD, "b", 0x1000), EINVAL);
	CHECK_ERR(move(AT_FDCWD, "plain", AT_FDCWD, "b", 0), EINVAL);
	CHECK_ERR(move(AT_FDCWD, "a", AT_FDCWD, "a/sub", 0), ELOOP);
	CHECK_ERR(move(AT_FDCWD, "a", AT_FDCWD, "absent", 0), ENOENT);
	CHECK_ERR(move(AT_FDCWD, "absent", AT_FDCWD, "b", 0), ENOENT);
	CHECK_ERR(move(AT_FDCWD, "u", AT_FDCWD, "s/in", 0), EINVAL);
	CHECK_ERR(tree(AT_FDCWD, "u", OPEN_TREE_CLONE), EINVAL);
	CHECK_OK(move(AT_FDCWD, "a", AT_FDCWD, "b", 0));
	CHECK(mounts_is("b") && !mounts_is("a"));
	NEED_OK(symlink("b", "link"));
	CHECK_ERR(move(AT_FDCWD, "link", AT_FDCWD, "plain", 0), EINVAL);
	CHECK_OK(move(AT_FDCWD, "link", AT_FDCWD, "plain", MOVE_MOUNT_F_SYMLINKS));
	int fd = NEED_OK(open("plain", O_PATH));
	int to = NEED_OK(open("a", O_PATH));
	CHECK_ERR(move(fd, "", to, "", 0), ENOENT);
	CHECK_ERR(move(fd, "", to, "", MOVE_MOUNT_F_EMPTY_PATH), ENOENT);
	CHECK_OK(move(fd, "", to, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
	CHECK(mounts_is("a"));
}

TEST(a_new_file_system)
{
	struct mount_line m;
	if (!mounts_begin())
		return;
	mounts_dir("m");
	CHECK_ERR(fsopen_("tmpfs", 2), EINVAL);
	CHECK_ERR(fsopen_("nosuchfs", 0), ENODEV);
	CHECK_ERR(fsopen_((char *)1, 0), EFAULT);
	int fd = NEED_OK(fsopen_("tmpfs", FSOPEN_CLOEXEC));
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(fsmount_(fd, 0, 0), EINVAL);		/* not made yet */
	CHECK_ERR(config(-1, FSCONFIG_SET_FLAG, "ro", NULL, 0), EINVAL);
	CHECK_ERR(config(999, FSCONFIG_SET_FLAG, "ro", NULL, 0), EBADF);
	CHECK_ERR(config(fd, 100, "ro", NULL, 0), EOPNOTSUPP);
	CHECK_ERR(config(fd, FSCONFIG_SET_FLAG, NULL, NULL, 0), EINVAL);
	CHECK_ERR(config(fd, FSCONFIG_SET_FLAG, "ro", "x", 0), EINVAL);
	CHECK_ERR(config(fd, FSCONFIG_SET_FLAG, "ro", NULL, 1), EINVAL);
	CHECK_ERR(config(fd, FSCONFIG_SET_STRING, "size", NULL, 0), EINVAL);
	CHECK_ERR(config(fd, FSCONFIG_SET_STRING, NULL, "1m", 0), EINVAL);
	CHECK_ERR(config(fd, FSCONFIG_SET_STRING, "nosuch", "1m", 0), EINVAL);
	CHECK_ERR(config(fd, FSCONFIG_SET_STRING, "size", "abc", 0), EINVAL);
	CHECK_ERR(config(fd, FSCONFIG_SET_FD, "size", NULL, -1), EINVAL);
	CHECK_ERR(config(fd, FSCONFIG_CMD_CREATE, "x", NULL, 0), EINVAL);
	CHECK_OK(config(fd, FSCONFIG_SET_STRING, "size", "64k", 0));
	CHECK_OK(config(fd, FSCONFIG_SET_STRING, "mode", "700", 0));
	CHECK_OK(config(fd, FSCONFIG_SET_STRING, "source", "mine", 0));
	CHECK_ERR(config(fd, FSCONFIG_SET_STRING, "source", "mine", 0), EINVAL);
	CHECK_ERR(config(fd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0), EBUSY);
	CHECK_OK(config(fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	CHECK_ERR(config(fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0), EBUSY);
	CHECK_ERR(config(fd, FSCONFIG_SET_STRING, "size", "1m", 0), EBUSY);
	CHECK_ERR(fsmount_(fd, 2, 0), EINVAL);
	CHECK_ERR(fsmount_(fd, 0, 0x1000), EINVAL);
	CHECK_ERR(fsmount_(fd, 0, MOUNT_ATTR__ATIME), EINVAL);
	CHECK_ERR(fsmount_(0, 0, 0), EINVAL);
	CHECK_ERR(fsmount_(999, 0, 0), EBADF);
	int mount = NEED_OK(fsmount_(fd, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOATIME));
	CHECK_ERR(fsmount_(fd, 0, 0), EBUSY);
	close(fd);
	CHECK_OK(mkdirat(mount, "inside", 0755));
	CHECK_OK(move(mount, "", AT_FDCWD, "m", MOVE_MOUNT_F_EMPTY_PATH));
	close(mount);
	CHECK(mounts_has("m/inside"));
	CHECK_EQ(mounts_find("m", &m), 1);
	CHECK_STR(m.flags, "rw,nodev,noatime");
	CHECK(!strncmp(m.options, "rw,size=64k,mode=700", 20));
	/* what is mounted nowhere is gone */
	fd = NEED_OK(fsopen_("tmpfs", 0));
	CHECK_OK(config(fd, FSCONFIG_SET_FLAG, "ro", NULL, 0));
	CHECK_OK(config(fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	mount = NEED_OK(fsmount_(fd, 0, 0));
	CHECK_ERR(mkdirat(mount, "inside", 0755), EROFS);
	close(mount);
	close(fd);
}
