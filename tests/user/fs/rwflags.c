/* preadv2(2) and pwritev2(2): the flags, and the position that means the file's own. */
#include "../check.h"
#include <sys/uio.h>

static ssize_t pread2(int fd, void *buf, size_t n, off_t at, int flags)
{
	return preadv2(fd, &(struct iovec){buf, n}, 1, at, flags);
}

static ssize_t pwrite2(int fd, const void *buf, size_t n, off_t at, int flags)
{
	return pwritev2(fd, &(struct iovec){(void *)buf, n}, 1, at, flags);
}

TEST(positions)
{
	char text[8] = "";
	check_scratch();
	int fd = NEED_OK(open("f", O_RDWR | O_CREAT, 0644));
	CHECK_EQ(pwrite2(fd, "abcdef", 6, 0, 0), 6);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_EQ(pread2(fd, text, 2, -1, 0), 2);
	CHECK_STR(text, "ab");
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 2);
	CHECK_EQ(pread2(fd, text, 2, 4, 0), 2);
	CHECK_STR(text, "ef");
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 2);
	CHECK_ERR(pread2(fd, text, 2, -2, 0), EINVAL);
	CHECK_ERR(pwrite2(fd, text, 2, -2, 0), EINVAL);
	CHECK_EQ(pwrite2(fd, "XY", 2, -1, 0), 2);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4);
}

TEST(append_for_one_write)
{
	char text[16] = "";
	check_scratch();
	int fd = NEED_OK(open("f", O_RDWR | O_CREAT, 0644));
	CHECK_EQ(write(fd, "1234", 4), 4);
	CHECK_EQ(pwrite2(fd, "56", 2, 0, RWF_APPEND), 2);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4);
	CHECK_EQ(lseek(fd, 1, SEEK_SET), 1);
	CHECK_EQ(pwrite2(fd, "78", 2, -1, RWF_APPEND), 2);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 8);
	CHECK_EQ(pread(fd, text, 15, 0), 8);
	CHECK_STR(text, "12345678");
}

TEST(flags)
{
	char c = 'x';
	check_scratch();
	int fd = NEED_OK(open("f", O_RDWR | O_CREAT, 0644));
	CHECK_EQ(pwrite2(fd, &c, 1, 0, RWF_SYNC), 1);
	CHECK_EQ(pwrite2(fd, &c, 1, 0, RWF_DSYNC), 1);
	CHECK_EQ(pread2(fd, &c, 1, 0, RWF_HIPRI), 1);
	CHECK_EQ(pread2(fd, &c, 1, 0, RWF_HIPRI | RWF_SYNC), 1);
	CHECK_ERR(pread2(fd, &c, 1, 0, 0x40000000), EOPNOTSUPP);
	CHECK_ERR(pwrite2(fd, &c, 1, 0, 0x40000000), EOPNOTSUPP);
	CHECK_ERR(pread2(fd, &c, 1, -1, 0x40000000), EOPNOTSUPP);
	CHECK_EQ(preadv2(fd, &(struct iovec){&c, 0}, 1, 0, 0x40000000), 0); /* nothing to do: not looked at */
	CHECK_EQ(preadv2(fd, 0, 0, 0, 0x40000000), 0);
	CHECK_ERR(pread2(-1, &c, 1, 0, 0x40000000), EBADF);
	int readable = NEED_OK(open("f", O_RDONLY));
	CHECK_ERR(pwrite2(readable, &c, 1, 0, 0), EBADF);
	CHECK_ERR(pread2(fd, (void *)8, 1, 0, 0), EFAULT);
}

TEST(devices_that_never_wait)
{
	char c = 'x';
	int null = NEED_OK(open("/dev/null", O_RDWR)), zero = NEED_OK(open("/dev/zero", O_RDWR));
	CHECK_EQ(pread2(null, &c, 1, -1, RWF_NOWAIT), 0);
	CHECK_EQ(pwrite2(null, &c, 1, -1, RWF_NOWAIT | RWF_DSYNC), 1);
	CHECK_EQ(pread2(zero, &c, 1, 7, RWF_NOWAIT), 1);
	CHECK_EQ(c, 0);
	CHECK_ERR(pread2(zero, &c, 1, -1, 0x40000000), EOPNOTSUPP);
}

TEST(pipes)
{
	int ends[2];
	char c = 0;
	NEED_OK(pipe(ends));
	CHECK_EQ(pwrite2(ends[1], "p", 1, -1, 0), 1);
	CHECK_ERR(pread2(ends[0], &c, 1, 0, 0), ESPIPE);
	CHECK_EQ(pread2(ends[0], &c, 1, -1, RWF_HIPRI), 1);
	CHECK_EQ(c, 'p');
}

TEST(sync_file_range)
{
	int all = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER, pipes[2];
	int fd = NEED_OK(open("/tmp/ranged", O_RDWR | O_CREAT | O_TRUNC, 0600));
	NEED_OK(unlink("/tmp/ranged"));
	CHECK_EQ(write(fd, "text", 4), 4);
	CHECK_OK(sync_file_range(fd, 0, 0, all));
	CHECK_OK(sync_file_range(fd, 1, 100, SYNC_FILE_RANGE_WRITE));
	CHECK_OK(sync_file_range(fd, 0, 4, 0));
	CHECK_ERR(sync_file_range(fd, -1, 4, all), EINVAL);
	CHECK_ERR(sync_file_range(fd, 1, -1, all), EINVAL);
	CHECK_ERR(sync_file_range(fd, 1, INT64_MAX, all), EINVAL);
	CHECK_ERR(sync_file_range(fd, 0, 4, all + 1), EINVAL);
	CHECK_ERR(sync_file_range(999, 0, 4, 99), EBADF);
	NEED_OK(pipe(pipes));
	CHECK_ERR(sync_file_range(pipes[0], 0, 4, 0), ESPIPE);
	CHECK_ERR(sync_file_range(pipes[0], 0, 4, 99), EINVAL);
	CHECK_OK(sync_file_range(NEED_OK(open("/tmp", O_RDONLY)), 0, 4, 0));
}
