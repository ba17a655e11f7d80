/* poll(2), ppoll(2), select(2). */
#include "check.h"
#include <poll.h>
#include <sys/select.h>

static int ends[2];

static int revents(int fd, int events)
{
	struct pollfd one = {fd, events, 0x7777};
	int n = poll(&one, 1, 0);
	CHECK_EQ(n, one.revents != 0);
	return one.revents;
}

TEST(pipe_states)
{
	static char block[65536];
	NEED_OK(pipe2(ends, O_NONBLOCK));
	CHECK_EQ(revents(ends[0], POLLIN), 0);
	CHECK_EQ(revents(ends[1], POLLOUT), POLLOUT);
	CHECK_EQ(revents(ends[1], POLLIN), 0);
	CHECK_EQ(write(ends[1], block, sizeof block), sizeof block);
	CHECK_EQ(revents(ends[0], POLLIN), POLLIN);
	CHECK_EQ(revents(ends[0], POLLIN | POLLRDNORM), POLLIN | POLLRDNORM);
	CHECK_EQ(revents(ends[0], POLLOUT), 0);
	CHECK_EQ(revents(ends[1], POLLOUT), 0);
	close(ends[1]);
	CHECK_EQ(revents(ends[0], POLLIN), POLLIN | POLLHUP);
	CHECK_EQ(read(ends[0], block, sizeof block), sizeof block);
	CHECK_EQ(revents(ends[0], POLLIN), POLLHUP);
	CHECK_EQ(revents(ends[0], 0), POLLHUP);
}

TEST(writer_without_reader)
{
	NEED_OK(pipe(ends));
	close(ends[0]);
	CHECK_EQ(revents(ends[1], POLLOUT), POLLOUT | POLLERR);
}

TEST(others)
{
	check_scratch();
	CHECK_OK(check_spew("f", "", 0, 0644));
	int fd = NEED_OK(open("f", O_RDWR));
	CHECK_EQ(revents(fd, POLLIN | POLLOUT), POLLIN | POLLOUT);
	int null = NEED_OK(open("/dev/null", O_RDWR));
	CHECK_EQ(revents(null, POLLIN | POLLOUT), POLLIN | POLLOUT);
	CHECK_EQ(revents(99, POLLIN), POLLNVAL);
	CHECK_EQ(revents(-1, POLLIN), 0);
}

TEST(several)
{
	int more[2];
	NEED_OK(pipe(ends));
	NEED_OK(pipe(more));
	CHECK_EQ(write(more[1], "x", 1), 1);
	struct pollfd set[] = {{ends[0], POLLIN, 0}, {more[0], POLLIN, 0}, {-1, POLLIN, 9}, {ends[1], POLLOUT, 0}};
	CHECK_EQ(poll(set, 4, -1), 2);
	CHECK_EQ(set[0].revents, 0);
	CHECK_EQ(set[1].revents, POLLIN);
	CHECK_EQ(set[2].revents, 0);
	CHECK_EQ(set[3].revents, POLLOUT);
}

TEST(timeouts)
{
	NEED_OK(pipe(ends));
	struct pollfd one = {ends[0], POLLIN, 0};
	long begin = check_now_ms();
	CHECK_EQ(poll(&one, 1, 50), 0);
	CHECK(check_now_ms() - begin >= 50);
	begin = check_now_ms();
	CHECK_EQ(poll(0, 0, 30), 0);
	CHECK(check_now_ms() - begin >= 30);
	struct timespec limit = {0, 30000000}, bad = {0, 1000000000};
	CHECK_EQ(ppoll(&one, 1, &limit, 0), 0);
	CHECK_ERR(ppoll(&one, 1, &bad, 0), EINVAL);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){64, 64});
	CHECK_ERR(poll(&one, 100000, 0), EINVAL);
}

TEST(woken_by_a_writer)
{
	NEED_OK(pipe(ends));
	pid_t pid = fork();
	if (pid == 0) {
		check_sleep_ms(30);
		_exit(write(ends[1], "x", 1) != 1);
	}
	struct pollfd one = {ends[0], POLLIN, 0};
	long begin = check_now_ms();
	CHECK_EQ(poll(&one, 1, 5000), 1);
	CHECK(check_now_ms() - begin < 3000);
	CHECK_EQ(one.revents, POLLIN);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(woken_by_the_last_close)
{
	NEED_OK(pipe(ends));
	pid_t pid = fork();
	if (pid == 0) {
		check_sleep_ms(30);
		_exit(0);
	}
	close(ends[1]);
	struct pollfd one = {ends[0], POLLIN, 0};
	CHECK_EQ(poll(&one, 1, 5000), 1);
	CHECK_EQ(one.revents, POLLHUP);
	CHECK_WAIT(pid, EXITED(0));
}

static volatile int count;

static void counts(int sig)
{
	count++;
}

TEST(ppoll_with_a_mask)
{
	sigset_t blocked, none;
	NEED_OK(pipe(ends));
	signal(SIGUSR1, counts);
	sigemptyset(&none);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, 0);
	raise(SIGUSR1);
	struct pollfd one = {ends[0], POLLIN, 0};
	CHECK_EQ(count, 0);
	CHECK_ERR(ppoll(&one, 1, 0, &none), EINTR);
	CHECK_EQ(count, 1);
	sigprocmask(SIG_BLOCK, 0, &blocked);
	CHECK(sigismember(&blocked, SIGUSR1));
}

TEST(select_call)
{
	fd_set in, out;
	NEED_OK(pipe(ends));
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(ends[0], &in);
	FD_SET(ends[1], &out);
	CHECK_EQ(select(ends[1] + 1, &in, &out, 0, 0), 1);
	CHECK(!FD_ISSET(ends[0], &in));
	CHECK(FD_ISSET(ends[1], &out));
	FD_SET(ends[0], &in);
	struct timeval limit = {0, 30000};
	CHECK_EQ(select(ends[0] + 1, &in, 0, 0, &limit), 0);
	CHECK_EQ(limit.tv_usec, 0);
	CHECK_EQ(write(ends[1], "x", 1), 1);
	FD_SET(ends[0], &in);
	CHECK_EQ(select(ends[0] + 1, &in, 0, 0, 0), 1);
	FD_SET(60, &in);
	CHECK_ERR(select(61, &in, 0, 0, 0), EBADF);
	CHECK_ERR(select(-1, &in, 0, 0, 0), EINVAL);
	limit = (struct timeval){-1, 0};
	CHECK_ERR(select(0, 0, 0, 0, &limit), EINVAL);
}
