/* dup(2) and its kin, fcntl(2), ioctl(2) on descriptors. */
#include "check.h"
#include <sys/ioctl.h>

TEST(dup_shares_the_offset)
{
	char c;
	check_scratch();
	CHECK_OK(check_spew("f", "abc", 3, 0644));
	int fd = NEED_OK(open("f", O_RDONLY | O_CLOEXEC)), other = NEED_OK(dup(fd));
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(read(other, &c, 1), 1);
	CHECK_EQ(c, 'b');
	CHECK_EQ(fcntl(other, F_GETFD), 0);
	CHECK_OK(close(fd));
	CHECK_EQ(read(other, &c, 1), 1);
	CHECK_EQ(c, 'c');
}

TEST(two_opens_do_not)
{
	char c;
	check_scratch();
	CHECK_OK(check_spew("f", "abc", 3, 0644));
	int fd = NEED_OK(open("f", O_RDONLY)), other = NEED_OK(open("f", O_RDONLY));
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(read(other, &c, 1), 1);
	CHECK_EQ(c, 'a');
}

TEST(dup2_rules)
{
	int fd = NEED_OK(open("/dev/null", O_RDONLY | O_CLOEXEC)), zero = NEED_OK(open("/dev/zero", O_RDONLY));
	char c = 1;
	CHECK_EQ(dup2(fd, fd), fd);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(dup2(zero, fd), fd);
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(c, 0);
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
	CHECK_EQ(dup2(zero, 60), 60);
	CHECK_ERR(dup2(99, 5), EBADF);
	CHECK_ERR(dup2(99, 99), EBADF);
	CHECK_ERR(dup2(zero, -1), EBADF);
	CHECK_ERR(dup2(zero, 100000000), EBADF);
	CHECK_ERR(dup(99), EBADF);
}

TEST(dup3_rules)
{
	int fd = NEED_OK(open("/dev/null", O_RDONLY));
	CHECK_EQ(dup3(fd, 50, O_CLOEXEC), 50);
	CHECK_EQ(fcntl(50, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(dup3(fd, fd, 0), EINVAL);
	CHECK_ERR(dup3(fd, 51, O_APPEND), EINVAL);
	CHECK_ERR(dup3(99, 51, 0), EBADF);
}

TEST(fcntl_dup)
{
	int fd = NEED_OK(open("/dev/null", O_RDONLY));
	CHECK_EQ(fcntl(fd, F_DUPFD, 70), 70);
	CHECK_EQ(fcntl(fd, F_DUPFD, 70), 71);
	CHECK_EQ(fcntl(fd, F_DUPFD_CLOEXEC, 70), 72);
	CHECK_EQ(fcntl(72, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(fcntl(fd, F_DUPFD, -1), EINVAL);
	CHECK_ERR(fcntl(fd, F_DUPFD, 100000000), EINVAL);
	CHECK_ERR(fcntl(fd, 7777, 0), EINVAL);
}

TEST(status_flags)
{
	check_scratch();
	int fd = NEED_OK(open("f", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0644));
	int flags = fcntl(fd, F_GETFL);
	CHECK_EQ(flags & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_RDWR | O_APPEND);
	CHECK_EQ(flags & (O_CREAT | O_TRUNC | O_EXCL), 0);
	CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK | O_WRONLY));
	CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_RDWR | O_NONBLOCK);
}

TEST(limit)
{
	IN_CHILD {
		CHECK_OK(setrlimit(RLIMIT_NOFILE, &(struct rlimit){30, 30}));
		int last = -1;
		for (int fd; (fd = open("/dev/null", O_RDONLY)) >= 0;)
			last = fd;
		CHECK_EQ(errno, EMFILE);
		CHECK_EQ(last, 29);
		CHECK_ERR(dup(0), EMFILE);
		CHECK_ERR(dup2(0, 30), EBADF);
		CHECK_ERR(fcntl(0, F_DUPFD, 30), EINVAL);
		CHECK_ERR(fcntl(0, F_DUPFD, 20), EMFILE);
		CHECK_EQ(dup2(0, 29), 29);
		int ends[2];
		CHECK_ERR(pipe(ends), EMFILE);
		CHECK_OK(close(10));
		CHECK_ERR(pipe(ends), EMFILE);
		CHECK_EQ(dup(0), 10);
	}
}

TEST(many)
{
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){4096, 4096});
	int fd = NEED_OK(open("/dev/null", O_RDONLY));
	for (int i = 3000; i < 3100; i++)
		CHECK_EQ(dup2(fd, i), i);
	CHECK_EQ(dup(fd), fd + 1);
	IN_CHILD {
		for (int i = 3000; i < 3100; i++)
			CHECK_OK(close(i));
	}
	CHECK_OK(fcntl(3050, F_GETFD));
}

TEST(close_range_call)
{
	int fd = NEED_OK(open("/dev/null", O_RDONLY));
	for (int i = 40; i < 60; i++)
		CHECK_EQ(dup2(fd, i), i);
	CHECK_EQ(syscall(SYS_close_range, 45, 49, 0), 0);
	CHECK_OK(fcntl(44, F_GETFD));
	CHECK_ERR(fcntl(45, F_GETFD), EBADF);
	CHECK_ERR(fcntl(49, F_GETFD), EBADF);
	CHECK_OK(fcntl(50, F_GETFD));
	CHECK_EQ(syscall(SYS_close_range, 50, 52, 4 /* CLOSE_RANGE_CLOEXEC */), 0);
	CHECK_EQ(fcntl(51, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(syscall(SYS_close_range, 53, ~0u, 0), 0);
	CHECK_ERR(fcntl(59, F_GETFD), EBADF);
	CHECK_ERR(syscall(SYS_close_range, 10, 5, 0), EINVAL);
	CHECK_ERR(syscall(SYS_close_range, 5, 10, 0x100), EINVAL);
}

TEST(ioctls)
{
	int ends[2], on = 1, n = 0;
	NEED_OK(pipe(ends));
	CHECK_OK(ioctl(ends[0], FIONBIO, &on));
	CHECK(fcntl(ends[0], F_GETFL) & O_NONBLOCK);
	CHECK_OK(ioctl(ends[0], FIOCLEX));
	CHECK_EQ(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
	CHECK_OK(ioctl(ends[0], FIONCLEX));
	CHECK_EQ(fcntl(ends[0], F_GETFD), 0);
	CHECK_EQ(write(ends[1], "hello", 5), 5);
	CHECK_OK(ioctl(ends[0], FIONREAD, &n));
	CHECK_EQ(n, 5);
	CHECK_ERR(ioctl(ends[0], TCGETS, &n), ENOTTY);
	CHECK_ERR(ioctl(99, FIONREAD, &n), EBADF);
	CHECK(!isatty(ends[0]) && errno == ENOTTY);
}

TEST(no_lease)
{
	int fd = open("/proc/self/exe", O_RDONLY), ends[2];
	CHECK_EQ(fcntl(fd, 1025 /* F_GETLEASE */), F_UNLCK);
	CHECK_OK(pipe(ends));
	CHECK_EQ(fcntl(ends[0], 1025), F_UNLCK);
}
