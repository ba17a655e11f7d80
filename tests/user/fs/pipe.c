/* pipe(2): capacity, blocking, ends that go away. */
#include "check.h"
#include <sys/uio.h>
#include <sys/ioctl.h>

static int ends[2];
static char block[200000];

static void make(int flags)
{
	NEED_OK(pipe2(ends, flags));
	signal(SIGPIPE, SIG_IGN);
}

TEST(basics)
{
	char text[20] = "";
	make(0);
	CHECK(ends[0] < ends[1]);
	CHECK_EQ(write(ends[1], "hello", 5), 5);
	CHECK_EQ(write(ends[1], " there", 6), 6);
	CHECK_EQ(read(ends[0], text, 3), 3);
	CHECK_EQ(read(ends[0], text + 3, 20), 8);
	CHECK_STR(text, "hello there");
	CHECK_ERR(read(ends[1], text, 1), EBADF);
	CHECK_ERR(write(ends[0], text, 1), EBADF);
	CHECK_EQ(fcntl(ends[0], F_GETFL) & O_ACCMODE, O_RDONLY);
	CHECK_EQ(fcntl(ends[1], F_GETFL) & O_ACCMODE, O_WRONLY);
	struct stat st;
	CHECK_OK(fstat(ends[0], &st));
	CHECK(S_ISFIFO(st.st_mode));
}

TEST(flags)
{
	make(O_CLOEXEC | O_NONBLOCK);
	CHECK_EQ(fcntl(ends[0], F_GETFD) & fcntl(ends[1], F_GETFD), FD_CLOEXEC);
	CHECK(fcntl(ends[0], F_GETFL) & fcntl(ends[1], F_GETFL) & O_NONBLOCK);
	int other[2] = {-7, -7};
	CHECK_ERR(pipe2(other, O_APPEND), EINVAL);
	CHECK_EQ(other[0], -7);
}

TEST(end_of_file)
{
	char c;
	make(0);
	CHECK_EQ(write(ends[1], "x", 1), 1);
	CHECK_OK(close(ends[1]));
	CHECK_EQ(read(ends[0], &c, 1), 1);
	CHECK_EQ(read(ends[0], &c, 1), 0);
	CHECK_EQ(read(ends[0], &c, 1), 0);
}

TEST(no_reader)
{
	make(0);
	CHECK_OK(close(ends[0]));
	CHECK_ERR(write(ends[1], "x", 1), EPIPE);
	IN_CHILD_ENDS(KILLED(SIGPIPE)) {
		signal(SIGPIPE, SIG_DFL);
		CHECK_EQ(write(ends[1], "x", 1), 1);
	}
}

TEST(reader_goes_while_the_writer_waits)
{
	make(0);
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[0]);
		ssize_t n = write(ends[1], block, sizeof block);
		CHECK(n == 65536 || (n == -1 && errno == EPIPE));
		CHECK_ERR(write(ends[1], "x", 1), EPIPE);
		_exit(check_failed != 0);
	}
	close(ends[1]);
	check_sleep_ms(20);
	close(ends[0]);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(non_blocking)
{
	make(O_NONBLOCK);
	CHECK_ERR(read(ends[0], block, 1), EAGAIN);
	CHECK_EQ(write(ends[1], block, sizeof block), 65536);
	CHECK_ERR(write(ends[1], block, 1), EAGAIN);
	CHECK_ERR(write(ends[1], block, 4096), EAGAIN);
	/* Up to PIPE_BUF all or nothing; above it as much as there is room for. */
	CHECK_EQ(read(ends[0], block, 4096), 4096);
	CHECK_EQ(write(ends[1], block, 4096), 4096);
	CHECK_EQ(read(ends[0], block, 4096), 4096);
	CHECK_EQ(write(ends[1], block, 5000), 4096);
	int n = 0;
	CHECK_OK(ioctl(ends[0], FIONREAD, &n));
	CHECK_EQ(n, 65536);
}

TEST(capacity_can_be_set)
{
	make(O_NONBLOCK);
	CHECK_EQ(fcntl(ends[0], F_GETPIPE_SZ), 65536);
	CHECK_EQ(fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
	CHECK_EQ(write(ends[1], block, 10000), 4096);
	CHECK_ERR(write(ends[1], block, 1), EAGAIN);
	CHECK_EQ(fcntl(ends[0], F_SETPIPE_SZ, 100000), 131072);
	CHECK_EQ(write(ends[1], block, sizeof block), 131072 - 4096);
	CHECK_ERR(fcntl(ends[0], F_SETPIPE_SZ, 4096), EBUSY);
	CHECK_ERR(fcntl(0, F_GETPIPE_SZ), EBADF);
}

TEST(blocking_write_waits_for_room)
{
	make(0);
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[0]);
		for (size_t i = 0; i < sizeof block; i++)
			block[i] = i % 251;
		CHECK_EQ(write(ends[1], block, sizeof block), sizeof block);
		_exit(check_failed != 0);
	}
	close(ends[1]);
	size_t at = 0, bad = 0;
	for (ssize_t n; (n = read(ends[0], block, 3000)) > 0; at += n)
		for (ssize_t i = 0; i < n; i++)
			bad += (unsigned char)block[i] != (at + i) % 251;
	CHECK_EQ(at, sizeof block);
	CHECK_EQ(bad, 0);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(small_writes_are_atomic)
{
	make(0);
	pid_t pids[4];
	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			memset(block, 'a' + i, 1000);
			for (int j = 0; j < 200; j++)
				if (write(ends[1], block, 1000) != 1000)
					_exit(1);
			_exit(0);
		}
	}
	close(ends[1]);
	size_t have = 0, total = 0, bad = 0;
	for (ssize_t n; (n = read(ends[0], block + have, 1000 - have)) > 0;) {
		have += n;
		total += n;
		if (have == 1000) {
			for (int i = 1; i < 1000; i++)
				bad += block[i] != block[0];
			have = 0;
		}
	}
	CHECK_EQ(total, 800000);
	CHECK_EQ(bad, 0);
	for (int i = 0; i < 4; i++)
		CHECK_WAIT(pids[i], EXITED(0));
}

TEST(several_readers)
{
	make(0);
	pid_t pids[4];
	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			char c;
			int n = 0;
			close(ends[1]);
			while (read(ends[0], &c, 1) == 1)
				n++;
			_exit(n);
		}
	}
	CHECK_EQ(write(ends[1], block, 100), 100);
	close(ends[1]);
	int sum = 0;
	for (int i = 0; i < 4; i++) {
		int status = 0;
		waitpid(pids[i], &status, 0);
		sum += WEXITSTATUS(status);
	}
	CHECK_EQ(sum, 100);
}

TEST(ping_pong)
{
	int back[2];
	make(0);
	NEED_OK(pipe(back));
	pid_t pid = fork();
	if (pid == 0) {
		int value;
		close(ends[1]);
		while (read(ends[0], &value, sizeof value) == sizeof value) {
			value++;
			if (write(back[1], &value, sizeof value) != sizeof value)
				_exit(1);
		}
		_exit(0);
	}
	int value = 0;
	for (int i = 0; i < check_scale(1000); i++) {
		CHECK_EQ(write(ends[1], &value, sizeof value), sizeof value);
		CHECK_EQ(read(back[0], &value, sizeof value), sizeof value);
	}
	CHECK_EQ(value, check_scale(1000));
	close(ends[1]);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(zero_length)
{
	make(0);
	CHECK_EQ(write(ends[1], block, 0), 0);
	CHECK_EQ(read(ends[0], block, 0), 0);
	CHECK_OK(close(ends[0]));
	CHECK_EQ(write(ends[1], block, 0), 0);
}

TEST(through_proc)
{
	char path[40], text[60] = "", c = 0;
	make(0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", ends[1]);
	CHECK(readlink(path, text, sizeof text - 1) > 0);
	CHECK(!strncmp(text, "pipe:[", 6));
	int again = NEED_OK(open(path, O_WRONLY));
	CHECK_EQ(write(again, "z", 1), 1);
	CHECK_EQ(read(ends[0], &c, 1), 1);
	CHECK_EQ(c, 'z');
}

/* O_DIRECT: each write is a packet, each read gives one. */
TEST(packets)
{
	char text[9000] = "";
	int p[2];
	NEED_OK(pipe2(p, O_DIRECT | O_NONBLOCK));
	CHECK_EQ(fcntl(p[1], F_GETFL) & O_DIRECT, O_DIRECT);
	CHECK_EQ(write(p[1], "first", 5), 5);
	CHECK_EQ(write(p[1], "second", 6), 6);
	CHECK_EQ(write(p[1], "", 0), 0);	/* no packet */
	CHECK_EQ(write(p[1], "third", 5), 5);
	CHECK_EQ(read(p[0], text, 100), 5);
	CHECK(!memcmp(text, "first", 5));
	CHECK_EQ(read(p[0], text, 3), 3);	/* the rest of it is lost */
	CHECK_EQ(read(p[0], text, 100), 5);
	CHECK(!memcmp(text, "third", 5));
	CHECK_ERR(read(p[0], text, 100), EAGAIN);
	/* more than PIPE_BUF is several */
	memset(text, 'x', sizeof text);
	CHECK_EQ(write(p[1], text, 9000), 9000);
	CHECK_EQ(read(p[0], text, 9000), 4096);
	CHECK_EQ(read(p[0], text, 9000), 4096);
	CHECK_EQ(read(p[0], text, 9000), 9000 - 2 * 4096);
	/* on and off */
	CHECK_OK(fcntl(p[1], F_SETFL, O_NONBLOCK));
	CHECK_EQ(write(p[1], "plain", 5), 5);
	CHECK_EQ(write(p[1], "er", 2), 2);
	CHECK_OK(fcntl(p[1], F_SETFL, O_NONBLOCK | O_DIRECT));
	CHECK_EQ(write(p[1], "packet", 6), 6);
	CHECK_EQ(write(p[1], "next", 4), 4);
	CHECK_EQ(read(p[0], text, 4), 4);
	CHECK_OK(fcntl(p[0], F_SETPIPE_SZ, 8192));
	CHECK_EQ(read(p[0], text, 100), 13);	/* what fits into the page of plain bytes is none itself */
	CHECK(!memcmp(text, "nerpacketnext", 13));
	struct iovec v[2] = {{"ab", 2}, {"cd", 2}};
	CHECK_EQ(writev(p[1], v, 2), 4);
	CHECK_EQ(read(p[0], text, 100), 4);
	/* as many as there is room for */
	int n = 0;
	while (write(p[1], text, 4096) == 4096)
		n++;
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(n, 2);
	while (read(p[0], text, 1) == 1)
		n--;
	CHECK_EQ(n, 0);
	close(p[1]);
	CHECK_EQ(read(p[0], text, 1), 0);
	close(p[0]);
	NEED_OK(pipe(p));
	CHECK_OK(fcntl(p[1], F_SETFL, O_DIRECT));
	CHECK_EQ(write(p[1], "left", 4), 4);
	close(p[0]);
	close(p[1]);
}
