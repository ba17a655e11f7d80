/* stat(2), statx(2), statfs(2), chmod(2), chown(2), utimensat(2), umask(2), access(2), uname(2). */
#include "check.h"
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>

TEST(regular_file)
{
	struct stat st, again;
	check_scratch();
	CHECK_OK(check_spew("f", "hello", 5, 0640));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_mode, S_IFREG | 0640);
	CHECK_EQ(st.st_size, 5);
	CHECK_EQ(st.st_nlink, 1);
	CHECK_EQ(st.st_uid, getuid());
	CHECK_EQ(st.st_gid, getgid());
	CHECK_EQ(st.st_blksize, 4096);
	CHECK(st.st_ino != 0);
	CHECK(st.st_blocks >= 1);
	CHECK(labs(st.st_mtime - time(0)) < 60);
	int fd = NEED_OK(open("f", O_RDONLY));
	CHECK_OK(fstat(fd, &again));
	CHECK(st.st_ino == again.st_ino && st.st_dev == again.st_dev);
	CHECK_OK(fstatat(fd, "", &again, AT_EMPTY_PATH));
	CHECK_EQ(again.st_ino, st.st_ino);
	CHECK_ERR(fstatat(AT_FDCWD, "f", &again, 0x10000), EINVAL);
	CHECK_ERR(stat("none", &st), ENOENT);
	CHECK_ERR(stat("", &st), ENOENT);
}

TEST(devices)
{
	struct stat st;
	CHECK_OK(stat("/dev/null", &st));
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(st.st_mode & 0777, 0666);
	CHECK_EQ(st.st_rdev, makedev(1, 3));
	CHECK_OK(stat("/dev/zero", &st));
	CHECK_EQ(st.st_rdev, makedev(1, 5));
	CHECK_OK(stat("/dev/full", &st));
	CHECK_EQ(st.st_rdev, makedev(1, 7));
	CHECK_OK(stat("/dev/random", &st));
	CHECK_EQ(st.st_rdev, makedev(1, 8));
	CHECK_OK(stat("/dev/urandom", &st));
	CHECK_EQ(st.st_rdev, makedev(1, 9));
	CHECK_OK(stat("/dev/tty", &st));
	CHECK_EQ(st.st_rdev, makedev(5, 0));
}

TEST(statx_call)
{
	struct statx x;
	struct stat st;
	check_scratch();
	CHECK_OK(check_spew("f", "hello", 5, 0640));
	CHECK_OK(stat("f", &st));
	memset(&x, 0xff, sizeof x);
	CHECK_OK(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &x));
	CHECK_EQ(x.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
	CHECK_EQ(x.stx_size, 5);
	CHECK_EQ(x.stx_mode, S_IFREG | 0640);
	CHECK_EQ(x.stx_ino, st.st_ino);
	CHECK_EQ(x.stx_nlink, 1);
	CHECK_EQ(makedev(x.stx_dev_major, x.stx_dev_minor), st.st_dev);
	CHECK_ERR(statx(AT_FDCWD, "f", 0x1, STATX_BASIC_STATS, &x), EINVAL);
	CHECK_ERR(statx(AT_FDCWD, "none", 0, STATX_BASIC_STATS, &x), ENOENT);
}

TEST(times)
{
	struct stat st;
	struct timespec want[2] = {{1000, 5}, {2000, 7}};
	check_scratch();
	CHECK_OK(check_spew("f", "x", 1, 0644));
	CHECK_OK(utimensat(AT_FDCWD, "f", want, 0));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_atim.tv_sec, 1000);
	CHECK_EQ(st.st_mtim.tv_sec, 2000);
	CHECK_EQ(st.st_mtim.tv_nsec, 7);
	want[0].tv_nsec = UTIME_OMIT;
	want[1].tv_nsec = UTIME_NOW;
	CHECK_OK(utimensat(AT_FDCWD, "f", want, 0));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_atim.tv_sec, 1000);
	CHECK(labs(st.st_mtime - time(0)) < 60);
	want[1].tv_nsec = 1000000000;
	CHECK_ERR(utimensat(AT_FDCWD, "f", want, 0), EINVAL);
	/* A write and a change of mode each leave their mark. */
	want[0] = want[1] = (struct timespec){1000, 0};
	CHECK_OK(utimensat(AT_FDCWD, "f", want, 0));
	int fd = NEED_OK(open("f", O_WRONLY));
	CHECK_EQ(write(fd, "y", 1), 1);
	CHECK_OK(fstat(fd, &st));
	CHECK(st.st_mtim.tv_sec > 1000000);
	CHECK(st.st_ctim.tv_sec > 1000000);
}

TEST(chmod_and_chown)
{
	struct stat st;
	check_scratch();
	CHECK_OK(check_spew("f", "x", 1, 0644));
	CHECK_OK(chmod("f", 04751));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_mode & 07777, 04751);
	/* A write by one who may not, and a change of owner, take the set-id bits away. */
	CHECK_OK(chown("f", 100, 200));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_uid, 100);
	CHECK_EQ(st.st_gid, 200);
	CHECK_EQ(st.st_mode & 07777, 0751);
	CHECK_OK(chown("f", -1, 300));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_uid, 100);
	CHECK_EQ(st.st_gid, 300);
	int fd = NEED_OK(open("f", O_RDONLY));
	CHECK_OK(fchmod(fd, 0600));
	CHECK_OK(fchown(fd, 0, 0));
	CHECK_OK(symlink("f", "l"));
	CHECK_OK(lchown("l", 50, 60));
	CHECK_OK(lstat("l", &st));
	CHECK_EQ(st.st_uid, 50);
	CHECK_OK(stat("l", &st));
	CHECK_EQ(st.st_uid, 0);
	CHECK_OK(chmod("l", 0604));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_mode & 0777, 0604);
	CHECK_ERR(chmod("none", 0644), ENOENT);
	CHECK_ERR(chown("none", 0, 0), ENOENT);
}

TEST(umask_call)
{
	struct stat st;
	check_scratch();
	umask(0);
	CHECK_EQ(umask(0777), 0);
	CHECK_EQ(umask(01777), 0777);
	CHECK_EQ(umask(077), 0777);
	CHECK_OK(open("f", O_RDWR | O_CREAT, 0666));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_mode & 0777, 0600);
}

TEST(access_call)
{
	check_scratch();
	CHECK_OK(check_spew("f", "x", 1, 0600));
	CHECK_OK(access("f", F_OK));
	CHECK_OK(access("f", R_OK | W_OK));
	CHECK_ERR(access("f", X_OK), EACCES);
	CHECK_ERR(access("none", F_OK), ENOENT);
	CHECK_ERR(access("f", 0100), EINVAL);
	IN_CHILD { /* the real ids count, not the effective ones */
		CHECK_OK(setresuid(1234, 0, 0));
		CHECK_ERR(access("f", R_OK), EACCES);
		CHECK_OK(open("f", O_RDONLY));
		CHECK_OK(faccessat(AT_FDCWD, "f", R_OK, AT_EACCESS));
	}
}

TEST(statfs_call)
{
	struct statfs fs;
	CHECK_OK(statfs("/dev/shm", &fs));
	CHECK_EQ(fs.f_type, 0x01021994);
	CHECK_EQ(fs.f_bsize, 4096);
	CHECK_EQ(fs.f_namelen, 255);
	CHECK_OK(statfs("/proc", &fs));
	CHECK_EQ(fs.f_type, 0x9fa0);
	int fd = NEED_OK(open("/dev/shm", O_RDONLY));
	CHECK_OK(fstatfs(fd, &fs));
	CHECK_ERR(statfs("/none", &fs), ENOENT);
	CHECK_ERR(fstatfs(99, &fs), EBADF);
}

TEST(uname_call)
{
	struct utsname name;
	CHECK_OK(uname(&name));
	CHECK_STR(name.sysname, "Linux");
	CHECK_STR(name.machine, "x86_64");
	CHECK(atoi(name.release) >= 6);
	CHECK(name.nodename[0]);
	CHECK(name.version[0]);
}

TEST(calls_that_do_not_exist)
{
	CHECK_EQ(RAW(1000), -ENOSYS);
	CHECK_EQ(RAW(-1), -ENOSYS);
	CHECK_EQ(RAW(0x7fffffff), -ENOSYS);
}
