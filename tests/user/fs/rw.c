/* read(2), write(2), lseek(2), truncate(2) and their vectors, on regular files. */
#include "check.h"
#include <sys/sendfile.h>
#include <sys/uio.h>

static int make(const char *text)
{
	check_scratch();
	CHECK_OK(check_spew("f", text, strlen(text), 0644));
	return NEED_OK(open("f", O_RDWR));
}

TEST(sequence)
{
	char text[20] = "";
	int fd = make("hello world");
	CHECK_EQ(read(fd, text, 5), 5);
	CHECK_STR(text, "hello");
	CHECK_EQ(read(fd, text, 20), 6);
	CHECK_EQ(read(fd, text, 20), 0);
	CHECK_EQ(read(fd, text, 0), 0);
	CHECK_EQ(write(fd, "!", 1), 1);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 12);
	CHECK_EQ(write(fd, "", 0), 0);
}

TEST(positions)
{
	char text[5] = "";
	int fd = make("0123456789");
	CHECK_EQ(pread(fd, text, 4, 3), 4);
	CHECK_STR(text, "3456");
	CHECK_EQ(pwrite(fd, "ab", 2, 8), 2);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_EQ(pread(fd, text, 4, 8), 2);
	CHECK_EQ(pread(fd, text, 4, 100), 0);
	CHECK_ERR(pread(fd, text, 4, -1), EINVAL);
	CHECK_ERR(pwrite(fd, text, 4, -1), EINVAL);
}

TEST(seeking)
{
	int fd = make("0123456789"), ends[2];
	CHECK_EQ(lseek(fd, 4, SEEK_SET), 4);
	CHECK_EQ(lseek(fd, 3, SEEK_CUR), 7);
	CHECK_EQ(lseek(fd, -2, SEEK_CUR), 5);
	CHECK_EQ(lseek(fd, -1, SEEK_END), 9);
	CHECK_EQ(lseek(fd, 100, SEEK_END), 110);
	CHECK_ERR(lseek(fd, -1, SEEK_SET), EINVAL);
	CHECK_ERR(lseek(fd, -1000, SEEK_CUR), EINVAL);
	CHECK_ERR(lseek(fd, 0, 77), EINVAL);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 110);
	CHECK_ERR(lseek(99, 0, SEEK_SET), EBADF);
	NEED_OK(pipe(ends));
	CHECK_ERR(lseek(ends[0], 0, SEEK_CUR), ESPIPE);
	CHECK_ERR(pread(ends[0], &fd, 1, 0), ESPIPE);
}

TEST(hole)
{
	char text[20];
	struct stat st;
	int fd = make("ab");
	CHECK_EQ(lseek(fd, 3 * PAGE, SEEK_SET), 3 * PAGE);
	CHECK_EQ(write(fd, "cd", 2), 2);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 3 * PAGE + 2);
	CHECK_EQ(pread(fd, text, 20, 2 * PAGE), 20);
	for (int i = 0; i < 20; i++)
		CHECK_EQ(text[i], 0);
	CHECK_EQ(pread(fd, text, 4, PAGE * 3 - 2), 4);
	CHECK(!memcmp(text, "\0\0cd", 4));
}

TEST(holes_and_data)
{
	int fd = make("");
	CHECK_OK(ftruncate(fd, 10 * PAGE));
	CHECK_EQ(pwrite(fd, "x", 1, 4 * PAGE), 1);
	CHECK_EQ(lseek(fd, 0, SEEK_DATA), 4 * PAGE);
	CHECK_EQ(lseek(fd, 4 * PAGE, SEEK_HOLE), 5 * PAGE);
	CHECK_EQ(lseek(fd, 0, SEEK_HOLE), 0);
	CHECK_ERR(lseek(fd, 5 * PAGE, SEEK_DATA), ENXIO);
	CHECK_ERR(lseek(fd, 10 * PAGE, SEEK_HOLE), ENXIO);
}

TEST(truncation)
{
	char text[20] = "";
	struct stat st;
	int fd = make("0123456789");
	CHECK_OK(ftruncate(fd, 4));
	CHECK_EQ(pread(fd, text, 20, 0), 4);
	CHECK_OK(ftruncate(fd, 8));
	CHECK_EQ(pread(fd, text, 20, 0), 8);
	CHECK(!memcmp(text, "0123\0\0\0\0", 8));
	CHECK_OK(truncate("f", 1));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 1);
	CHECK_ERR(ftruncate(fd, -1), EINVAL);
	CHECK_ERR(truncate("f", -1), EINVAL);
	CHECK_ERR(truncate("none", 0), ENOENT);
	CHECK_ERR(truncate(".", 0), EISDIR);
	int r = NEED_OK(open("f", O_RDONLY)), ends[2];
	CHECK_ERR(ftruncate(r, 0), EINVAL);
	NEED_OK(pipe(ends));
	CHECK_ERR(ftruncate(ends[1], 0), EINVAL);
}

TEST(vectors)
{
	char a[4] = "", b[8] = "";
	int fd = make("0123456789");
	struct iovec in[] = {{a, 3}, {0, 0}, {b, 5}};
	CHECK_EQ(readv(fd, in, 3), 8);
	CHECK_STR(a, "012");
	CHECK_STR(b, "34567");
	struct iovec out[] = {{"xx", 2}, {"yyy", 3}};
	CHECK_EQ(writev(fd, out, 2), 5);
	CHECK_EQ(preadv(fd, in, 3, 8), 5);
	CHECK_STR(a, "xxy");
	CHECK_EQ(pwritev(fd, out, 2, 0), 5);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 13);
}

TEST(large)
{
	size_t size = check_scale(4 << 20);
	int fd = make("");
	char *block = malloc(size), *back = malloc(size);
	for (size_t i = 0; i < size; i++)
		block[i] = i * 31 + (i >> 12);
	for (size_t done = 0; done < size;) {
		ssize_t n = write(fd, block + done, size - done < 77777 ? size - done : 77777);
		if (CHECK_OK(n) <= 0)
			break;
		done += n;
	}
	CHECK_EQ(pread(fd, back, size, 0), size);
	CHECK(!memcmp(block, back, size));
}

TEST(sendfile_call)
{
	char text[20] = "";
	int ends[2], fd = make("0123456789");
	off_t at = 4;
	NEED_OK(pipe(ends));
	CHECK_EQ(sendfile(ends[1], fd, &at, 3), 3);
	CHECK_EQ(at, 7);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_EQ(sendfile(ends[1], fd, 0, 100), 10);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 10);
	CHECK_EQ(read(ends[0], text, 20), 13);
	CHECK(!memcmp(text, "4560123456789", 13));
}

TEST(sync_calls)
{
	int fd = make("x"), ends[2];
	CHECK_OK(fsync(fd));
	CHECK_OK(fdatasync(fd));
	sync();
	NEED_OK(pipe(ends));
	CHECK_ERR(fsync(ends[0]), EINVAL);
	CHECK_ERR(fsync(99), EBADF);
}

TEST(bad_descriptors)
{
	char c;
	CHECK_ERR(read(-1, &c, 1), EBADF);
	CHECK_ERR(read(99, &c, 1), EBADF);
	CHECK_ERR(write(1000000, &c, 1), EBADF);
	CHECK_ERR(lseek(-5, 0, SEEK_SET), EBADF);
	CHECK_ERR(fcntl(-1, F_GETFD), EBADF);
	CHECK_ERR(fstat(99, &(struct stat){0}), EBADF);
}

TEST(readahead_of_what)
{
	int p[2], fd = CHECK_OK(open("/proc/self/exe", O_RDONLY));
	CHECK_OK(pipe(p));
	CHECK_EQ(readahead(fd, 0, 4096), 0);
	CHECK_ERR(readahead(p[0], 0, 1), EINVAL);
	CHECK_ERR(readahead(p[1], 0, 1), EBADF);
	CHECK_ERR(readahead(-1, 0, 1), EBADF);
}
