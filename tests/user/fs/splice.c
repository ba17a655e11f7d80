/* sendfile(2), copy_file_range(2), splice(2). */
#include "check.h"
#include <sys/sendfile.h>
#include <sys/uio.h>

static char data[100000], back[100000];
static int in, out, ends[2];

static void start(void)
{
	check_scratch();
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (char)(i * 7 + i / 251);
	CHECK_OK(check_spew("in", data, sizeof data, 0644));
	in = NEED_OK(open("in", O_RDONLY));
	out = NEED_OK(open("out", O_RDWR | O_CREAT | O_TRUNC, 0644));
	NEED_OK(pipe(ends));
}

static bool out_is(size_t from, size_t n)
{
	memset(back, 0, sizeof back);
	return pread(out, back, sizeof back, 0) == (ssize_t)n && !memcmp(back, data + from, n);
}

TEST(sendfile_to_a_file)
{
	off_t at = 1000;
	start();
	CHECK_EQ(sendfile(out, in, &at, 50000), 50000);
	CHECK_EQ(at, 51000);
	CHECK_EQ(lseek(in, 0, SEEK_CUR), 0);
	CHECK(out_is(1000, 50000));
	CHECK_EQ(sendfile(out, in, NULL, 200000), (long)sizeof data);
	CHECK_EQ(lseek(in, 0, SEEK_CUR), (long)sizeof data);
	CHECK_EQ(sendfile(out, in, NULL, 10), 0);
	CHECK_EQ(lseek(out, 0, SEEK_CUR), 50000 + (long)sizeof data);
}

TEST(sendfile_errors)
{
	off_t at = -1;
	start();
	int append = NEED_OK(open("out", O_WRONLY | O_APPEND));
	CHECK_ERR(sendfile(append, in, NULL, 10), EINVAL);
	CHECK_ERR(sendfile(in, in, NULL, 10), EBADF);
	CHECK_ERR(sendfile(99, in, NULL, 10), EBADF);
	CHECK_ERR(sendfile(out, 99, NULL, 10), EBADF);
	CHECK_ERR(sendfile(out, in, &at, 10), EINVAL);
	CHECK_ERR(sendfile(out, ends[0], NULL, 10), EINVAL);
	at = 0;
	CHECK_ERR(sendfile(out, ends[0], &at, 10), ESPIPE);
}

TEST(sendfile_to_a_pipe)
{
	start();
	pid_t pid = fork();
	if (!pid) {
		close(ends[1]);
		size_t n = 0;
		ssize_t got;
		while ((got = read(ends[0], back + n, 3000)) > 0)
			n += got;
		_exit(n != sizeof data || memcmp(data, back, n));
	}
	close(ends[0]);
	for (size_t n = 0; n < sizeof data;) {
		ssize_t sent = sendfile(ends[1], in, NULL, sizeof data - n);
		CHECK(sent > 0);
		if (sent <= 0)
			break;
		n += sent;
	}
	close(ends[1]);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(copy_range)
{
	off_t from = 5000, to = 100;
	start();
	CHECK_EQ(copy_file_range(in, &from, out, &to, 20000, 0), 20000);
	CHECK_EQ(from, 25000);
	CHECK_EQ(to, 20100);
	CHECK_EQ(pread(out, back, 20000, 100), 20000);
	CHECK(!memcmp(back, data + 5000, 20000));
	CHECK_EQ(copy_file_range(in, NULL, out, NULL, 1000000, 0), (long)sizeof data);
	CHECK(out_is(0, sizeof data));
	CHECK_EQ(copy_file_range(in, NULL, out, NULL, 10, 0), 0);
	CHECK_ERR(copy_file_range(in, NULL, out, NULL, 10, 1), EINVAL);
	from = 0, to = 5;
	CHECK_ERR(copy_file_range(out, &from, out, &to, 10, 0), EINVAL);	/* they overlap */
	to = 50;
	CHECK_EQ(copy_file_range(out, &from, out, &to, 10, 0), 10);
	CHECK_ERR(copy_file_range(in, NULL, ends[1], NULL, 10, 0), EINVAL);
	CHECK_ERR(copy_file_range(out, NULL, in, NULL, 10, 0), EBADF);
	int dir = NEED_OK(open(".", O_RDONLY));
	CHECK_ERR(copy_file_range(dir, NULL, out, NULL, 10, 0), EISDIR);
}

TEST(splice_through_a_pipe)
{
	loff_t from = 300, to = 7;
	start();
	CHECK_EQ(splice(in, &from, ends[1], NULL, 5000, 0), 5000);
	CHECK_EQ(from, 5300);
	CHECK_EQ(splice(ends[0], NULL, out, &to, 9000, 0), 5000);
	CHECK_EQ(to, 5007);
	CHECK_EQ(pread(out, back, 5000, 7), 5000);
	CHECK(!memcmp(back, data + 300, 5000));
	CHECK_ERR(splice(ends[0], NULL, out, NULL, 10, SPLICE_F_NONBLOCK), EAGAIN);
	CHECK_ERR(splice(in, NULL, out, NULL, 10, 0), EINVAL);
	CHECK_ERR(splice(ends[0], &from, out, NULL, 10, 0), ESPIPE);
	CHECK_ERR(splice(ends[0], NULL, ends[1], NULL, 10, 0), EINVAL);
	CHECK_ERR(splice(in, NULL, ends[1], NULL, 10, 0x100), EINVAL);
	close(ends[1]);
	CHECK_EQ(splice(ends[0], NULL, out, NULL, 10, 0), 0);
}

TEST(splice_between_pipes)
{
	int more[2];
	start();
	NEED_OK(pipe(more));
	CHECK_EQ(write(ends[1], data, 3000), 3000);
	CHECK_EQ(splice(ends[0], NULL, more[1], NULL, 1000, 0), 1000);
	CHECK_EQ(splice(ends[0], NULL, more[1], NULL, 5000, 0), 2000);
	CHECK_EQ(read(more[0], back, 5000), 3000);
	CHECK(!memcmp(back, data, 3000));
	close(more[0]);
	signal(SIGPIPE, SIG_IGN);
	CHECK_EQ(write(ends[1], data, 10), 10);
	CHECK_ERR(splice(ends[0], NULL, more[1], NULL, 10, 0), EPIPE);
}

static long vm(int fd, void *base, size_t len, unsigned flags)
{
	struct iovec v = {.iov_base = base, .iov_len = len};
	return syscall(SYS_vmsplice, fd, &v, 1, flags);
}

TEST(vmsplice_there_and_back)
{
	static char page[PAGE];
	start();
	CHECK_EQ(vm(ends[1], data, sizeof page, 0), (long)sizeof page);
	CHECK_EQ(vm(ends[0], page, sizeof page, 0), (long)sizeof page);
	CHECK(!memcmp(page, data, sizeof page));
	/* no more than fits, and then nothing without waiting */
	long took = vm(ends[1], data, sizeof data, SPLICE_F_NONBLOCK);
	CHECK(took > 0 && took <= 65536);
	CHECK_ERR(vm(ends[1], data, 1, SPLICE_F_NONBLOCK), EAGAIN);
	CHECK_EQ(read(ends[0], back, sizeof back), took);
	CHECK(!memcmp(back, data, took));
	CHECK_ERR(vm(ends[0], page, 1, SPLICE_F_NONBLOCK), EAGAIN);
	close(ends[1]);
	CHECK_EQ(vm(ends[0], page, 1, 0), 0);
}

TEST(vmsplice_errors)
{
	start();
	CHECK_ERR(vm(999, data, 1, 0), EBADF);
	CHECK_ERR(vm(in, data, 1, 0), EBADF);
	CHECK_ERR(vm(ends[1], data, 1, 16), EINVAL);
	CHECK_EQ(vm(ends[1], data, 0, 0), 0);
	CHECK_ERR(vm(ends[1], (void *)8, 1, 0), EFAULT);
	CHECK_ERR(syscall(SYS_vmsplice, ends[1], 8, 1, 0), EFAULT);
	CHECK_ERR(syscall(SYS_vmsplice, ends[1], 0, 2000, 0), EINVAL);
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERR(vm(ends[1], data, 1, 0), EPIPE);
}

TEST(tee_leaves_the_bytes)
{
	int more[2];
	start();
	NEED_OK(pipe(more));
	CHECK_EQ(write(ends[1], data, 10000), 10000);
	CHECK_EQ(read(ends[0], back, 1000), 1000);
	CHECK_EQ(tee(ends[0], more[1], 5000, 0), 5000);
	CHECK_EQ(tee(ends[0], more[1], 50000, SPLICE_F_NONBLOCK), 9000);
	CHECK_EQ(read(more[0], back, sizeof back), 14000);
	CHECK(!memcmp(back, data + 1000, 5000) && !memcmp(back + 5000, data + 1000, 9000));
	CHECK_EQ(read(ends[0], back, sizeof back), 9000);
	CHECK(!memcmp(back, data + 1000, 9000));
	CHECK_ERR(tee(ends[0], more[1], 10, SPLICE_F_NONBLOCK), EAGAIN);
	fcntl(more[1], F_SETFL, O_NONBLOCK);
	CHECK_ERR(tee(ends[0], more[1], 10, 0), EAGAIN);
	close(ends[1]);
	CHECK_EQ(tee(ends[0], more[1], 10, 0), 0);
}

TEST(tee_waits)
{
	int more[2];
	start();
	NEED_OK(pipe(more));
	pid_t pid = fork();
	if (pid == 0) {
		usleep(100000);
		_exit(write(ends[1], "news", 4) != 4);
	}
	CHECK_EQ(tee(ends[0], more[1], 10, 0), 4);
	CHECK_EQ(read(more[0], back, 10), 4);
	CHECK(!memcmp(back, "news", 4));
	CHECK_WAIT(pid, EXITED(0));
}

TEST(tee_errors)
{
	int more[2];
	start();
	NEED_OK(pipe(more));
	CHECK_ERR(tee(ends[0], more[1], 10, 0x100), EINVAL);
	CHECK_EQ(tee(999, 999, 0, 0), 0);
	CHECK_ERR(tee(999, more[1], 10, 0), EBADF);
	CHECK_ERR(tee(ends[0], 999, 10, 0), EBADF);
	CHECK_ERR(tee(ends[1], more[1], 10, 0), EBADF);
	CHECK_ERR(tee(ends[0], more[0], 10, 0), EBADF);
	CHECK_ERR(tee(ends[0], ends[1], 10, 0), EINVAL);
	CHECK_ERR(tee(in, more[1], 10, 0), EINVAL);
	CHECK_ERR(tee(ends[0], out, 10, 0), EINVAL);
	CHECK_EQ(write(ends[1], data, 10), 10);
	close(more[0]);
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERR(tee(ends[0], more[1], 10, 0), EPIPE);
}
