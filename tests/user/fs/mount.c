/* mount(2), umount2(2): tmpfs, binds, moves, remounts, and what a busy mount means. Needs root. */
#include "check.h"
#include <sched.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

/* A namespace of our own where there are such things; on a kernel without them the tests clean up after themselves. */
static void start(void)
{
	check_scratch();
	if (unshare(CLONE_NEWNS) == 0)
		NEED_OK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	NEED_OK(mkdir("m", 0755));
	NEED_OK(mkdir("n", 0755));
}

TEST(tmpfs)
{
	struct statfs fs;
	struct stat st;
	start();
	CHECK_OK(mount("t", "m", "tmpfs", 0, "size=64k,mode=750,nr_inodes=10,uid=7"));
	CHECK_OK(stat("m", &st));
	CHECK_EQ(st.st_mode & 07777, 0750);
	CHECK_EQ(st.st_uid, 7);
	CHECK_OK(statfs("m", &fs));
	CHECK_EQ(fs.f_type, 0x01021994);
	CHECK_EQ(fs.f_blocks, 16);
	CHECK_EQ(fs.f_files, 10);
	int fd = NEED_OK(open("m/f", O_RDWR | O_CREAT, 0644));
	static char block[128 << 10];
	CHECK_EQ(write(fd, block, sizeof block), 64 << 10);
	CHECK_ERR(write(fd, block, 1), ENOSPC);
	CHECK_OK(ftruncate(fd, 0));
	CHECK_EQ(write(fd, block, 1), 1);
	char name[16];
	int made = 0;
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "m/%d", i);
		made += mkdir(name, 0755) == 0;
	}
	CHECK_EQ(made, 8);
	CHECK_ERR(symlink("x", "m/s"), ENOSPC);
	CHECK_ERR(umount("m"), EBUSY);
	close(fd);
	CHECK_OK(umount("m"));
	CHECK_ERR(umount("m"), EINVAL);
	CHECK_ERR(access("m/f", F_OK), ENOENT);
}

TEST(errors)
{
	start();
	CHECK_OK(check_spew("file", "x", 1, 0644));
	CHECK_ERR(mount("t", "m", "nosuchfs", 0, NULL), ENODEV);
	CHECK_ERR(mount("t", "absent", "tmpfs", 0, NULL), ENOENT);
	CHECK_ERR(mount("t", "file", "tmpfs", 0, NULL), ENOTDIR);
	CHECK_ERR(mount("t", "m", "tmpfs", 0, "nosuchoption"), EINVAL);
	CHECK_ERR(mount("t", "m", "tmpfs", 0, "size=abc"), EINVAL);
	CHECK_ERR(mount(NULL, "m", NULL, MS_BIND, NULL), EINVAL);
	CHECK_ERR(mount("absent", "m", NULL, MS_BIND, NULL), ENOENT);
	CHECK_ERR(mount("file", "m", NULL, MS_BIND, NULL), ENOTDIR);
	CHECK_ERR(mount("m", "file", NULL, MS_BIND, NULL), ENOTDIR);
	CHECK_ERR(mount("n", "m", NULL, MS_MOVE, NULL), EINVAL);
	CHECK_ERR(mount(NULL, "m", NULL, MS_REMOUNT, NULL), EINVAL);
	CHECK_ERR(mount(NULL, "m", NULL, MS_PRIVATE, NULL), EINVAL);
	CHECK_ERR(umount("m"), EINVAL);
	CHECK_ERR(umount2("m", 0x100), EINVAL);
	CHECK_ERR(umount2("m", MNT_EXPIRE | MNT_DETACH), EINVAL);
	CHECK_ERR(umount("absent"), ENOENT);
	IN_CHILD {
		CHECK_OK(chmod(".", 0777));
		NEED_OK(setresuid(1000, 1000, 1000));
		CHECK_ERR(mount("t", "m", "tmpfs", 0, NULL), EPERM);
		CHECK_ERR(umount("m"), EPERM);
	}
}

TEST(bind)
{
	struct stat a, b;
	start();
	CHECK_OK(check_spew("file", "one", 3, 0644));
	CHECK_OK(check_spew("other", "two", 3, 0644));
	CHECK_OK(mount("m", "n", NULL, MS_BIND, NULL));
	CHECK_OK(check_spew("m/x", "x", 1, 0644));
	CHECK_OK(stat("m/x", &a));
	CHECK_OK(stat("n/x", &b));
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_ERR(rename("m/x", "n/y"), EXDEV);
	CHECK_ERR(link("m/x", "n/y"), EXDEV);
	CHECK_ERR(rmdir("n"), EBUSY);
	CHECK_ERR(rename("n", "k"), EBUSY);
	CHECK_OK(mount("file", "other", NULL, MS_BIND, NULL));
	char buf[4] = "";
	CHECK_EQ(check_slurp("other", buf, sizeof buf), 3);
	CHECK_STR(buf, "one");
	CHECK_ERR(unlink("other"), EBUSY);
	CHECK_OK(umount("other"));
	CHECK_EQ(check_slurp("other", buf, sizeof buf), 3);
	CHECK_STR(buf, "two");
	CHECK_OK(umount("n"));
	CHECK_ERR(access("n/x", F_OK), ENOENT);
}

TEST(recursive_bind)
{
	start();
	NEED_OK(mount("t", "m", "tmpfs", 0, NULL));
	NEED_OK(mkdir("m/in", 0755));
	NEED_OK(mount("t", "m/in", "tmpfs", 0, NULL));
	CHECK_OK(check_spew("m/in/x", "x", 1, 0644));
	CHECK_OK(mount("m", "n", NULL, MS_BIND, NULL));
	CHECK_ERR(access("n/in/x", F_OK), ENOENT);
	CHECK_OK(umount("n"));
	CHECK_OK(mount("m", "n", NULL, MS_BIND | MS_REC, NULL));
	CHECK_OK(access("n/in/x", F_OK));
	CHECK_ERR(umount("n"), EBUSY);
	CHECK_OK(umount2("n", MNT_DETACH));
	CHECK_ERR(access("n/in", F_OK), ENOENT);
	CHECK_ERR(umount("m"), EBUSY);
	CHECK_OK(umount("m/in"));
	CHECK_OK(umount("m"));
}

TEST(move)
{
	start();
	NEED_OK(mount("t", "m", "tmpfs", 0, NULL));
	NEED_OK(mkdir("m/deep", 0755));
	CHECK_OK(check_spew("m/x", "x", 1, 0644));
	CHECK_OK(mount("m", "n", NULL, MS_MOVE, NULL));
	CHECK_OK(access("n/x", F_OK));
	CHECK_ERR(access("m/x", F_OK), ENOENT);
	CHECK_ERR(mount("n", "n/deep", NULL, MS_MOVE, NULL), ELOOP);
	CHECK_OK(umount("n"));
}

TEST(read_only)
{
	start();
	NEED_OK(mount("t", "m", "tmpfs", 0, NULL));
	CHECK_OK(check_spew("m/x", "x", 1, 0644));
	int fd = NEED_OK(open("m/x", O_RDWR));
	CHECK_ERR(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL), EBUSY);
	close(fd);
	CHECK_OK(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	CHECK_ERR(open("m/x", O_RDWR), EROFS);
	CHECK_ERR(open("m/y", O_WRONLY | O_CREAT, 0644), EROFS);
	CHECK_ERR(mkdir("m/d", 0755), EROFS);
	CHECK_ERR(unlink("m/x"), EROFS);
	CHECK_ERR(chmod("m/x", 0600), EROFS);
	CHECK_ERR(rename("m/x", "m/y"), EROFS);
	CHECK_ERR(truncate("m/x", 0), EROFS);
	CHECK_ERR(access("m/x", W_OK), EROFS);
	CHECK_OK(access("m/x", R_OK));
	CHECK_OK(mount(NULL, "m", NULL, MS_REMOUNT, NULL));
	CHECK_OK(unlink("m/x"));
	/* one mount alone */
	CHECK_OK(mount("m", "n", NULL, MS_BIND, NULL));
	CHECK_OK(mount(NULL, "n", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
	CHECK_ERR(mkdir("n/d", 0755), EROFS);
	CHECK_OK(mkdir("m/d", 0755));
	CHECK_OK(umount("n"));
	CHECK_OK(umount("m"));
}

TEST(flags)
{
	start();
	NEED_OK(mount("t", "m", "tmpfs", MS_NOEXEC | MS_NODEV | MS_NOSUID, NULL));
	NEED_OK(mknod("m/null", S_IFCHR | 0666, makedev(1, 3)));
	CHECK_ERR(open("m/null", O_RDONLY), EACCES);
	CHECK_OK(check_spew("m/script", "#!/bin/true\n", 12, 0755));
	CHECK_ERR(execl("m/script", "script", NULL), EACCES);
	CHECK_ERR(access("m/script", X_OK), EACCES);
	CHECK_OK(umount("m"));
}

TEST(still_in_use)
{
	char buf[4] = "", cwd[300];
	start();
	NEED_OK(mount("t", "m", "tmpfs", 0, NULL));
	CHECK_OK(check_spew("m/x", "abc", 3, 0644));
	int fd = NEED_OK(open("m/x", O_RDONLY));
	IN_CHILD {
		NEED_OK(chdir("m"));
		CHECK_ERR(umount("../m"), EBUSY);
	}
	CHECK_OK(umount2("m", MNT_DETACH));
	CHECK_ERR(access("m/x", F_OK), ENOENT);
	CHECK_EQ(read(fd, buf, 3), 3);
	CHECK_STR(buf, "abc");
	close(fd);
	NEED_OK(mount("t", "m", "tmpfs", 0, NULL));
	NEED_OK(chdir("m"));
	CHECK_OK(umount2(".", MNT_DETACH));
	CHECK_OK(syscall(SYS_getcwd, cwd, sizeof cwd));
	CHECK_EQ(strncmp(cwd, "(unreachable)", 13), 0);
	CHECK_OK(chdir(".."));	/* stays: there is nothing above */
}

TEST(stacked)
{
	start();
	NEED_OK(mount("a", "m", "tmpfs", 0, NULL));
	CHECK_OK(check_spew("m/one", "1", 1, 0644));
	NEED_OK(mount("b", "m", "tmpfs", 0, NULL));
	CHECK_ERR(access("m/one", F_OK), ENOENT);
	CHECK_OK(check_spew("m/two", "2", 1, 0644));
	CHECK_OK(umount("m"));
	CHECK_OK(access("m/one", F_OK));
	CHECK_OK(access("m/../m/one", F_OK));
	CHECK_OK(umount2("m", 0));
}

/* Names that procfs and sysfs look up anew each time are found all the same once something lies on them. */
TEST(deep_in_a_file_system_without_memory)
{
	if (geteuid())
		return;
	CHECK_OK(mount("none", "/proc/sys/kernel", "tmpfs", 0, ""));
	CHECK_OK(close(NEED_OK(open("/proc/sys/kernel/new", O_CREAT | O_WRONLY, 0600))));
	CHECK_OK(access("/proc/sys/kernel/new", F_OK));
	CHECK_ERR(access("/proc/sys/kernel/ostype", F_OK), ENOENT);
	CHECK_OK(access("/proc/sys/fs/nr_open", F_OK));
	CHECK_OK(umount2("/proc/sys/kernel", 0));
	CHECK_OK(access("/proc/sys/kernel/ostype", F_OK));
	CHECK_ERR(access("/proc/sys/kernel/new", F_OK), ENOENT);
}
