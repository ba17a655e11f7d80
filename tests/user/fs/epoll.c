/* epoll(7), eventfd(2). */
#include "check.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <poll.h>

static int ep, ends[2];

static int add(int fd, unsigned events)
{
	struct epoll_event e = {events, {.fd = fd}};
	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

static int change(int fd, unsigned events)
{
	struct epoll_event e = {events, {.fd = fd}};
	return epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e);
}

/* The events of the one file that is ready; 0: none is. */
static unsigned ready(int *fd, int timeout)
{
	struct epoll_event e[2];
	int n = epoll_wait(ep, e, 2, timeout);
	CHECK(n == 0 || n == 1);
	if (n <= 0)
		return 0;
	if (fd)
		*fd = e[0].data.fd;
	return e[0].events;
}

static void start(void)
{
	ep = NEED_OK(epoll_create1(EPOLL_CLOEXEC));
	NEED_OK(pipe2(ends, O_NONBLOCK));
}

TEST(errors)
{
	struct epoll_event e = {0};
	start();
	CHECK_ERR(epoll_create(0), EINVAL);
	CHECK_ERR(epoll_create1(1), EINVAL);
	check_scratch();
	CHECK_OK(check_spew("f", "x", 1, 0644));
	int file = NEED_OK(open("f", O_RDONLY)), path = NEED_OK(open("f", O_PATH));
	CHECK_ERR(add(file, EPOLLIN), EPERM);
	CHECK_ERR(add(path, EPOLLIN), EBADF);
	CHECK_ERR(add(99, EPOLLIN), EBADF);
	CHECK_ERR(add(ep, EPOLLIN), EINVAL);
	CHECK_ERR(epoll_ctl(ends[0], EPOLL_CTL_ADD, ends[1], &e), EINVAL);
	CHECK_ERR(change(ends[0], EPOLLIN), ENOENT);
	CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_DEL, ends[0], NULL), ENOENT);
	CHECK_ERR(epoll_ctl(ep, 77, ends[0], &e), EINVAL);
	CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], (void *)8), EFAULT);
	CHECK_OK(add(ends[0], EPOLLIN));
	CHECK_ERR(add(ends[0], EPOLLIN), EEXIST);
	CHECK_ERR(epoll_wait(ep, &e, 0, 0), EINVAL);
	CHECK_ERR(epoll_wait(ends[0], &e, 1, 0), EINVAL);
	CHECK_EQ(epoll_wait(ep, &e, 1, 0), 0);
	CHECK_OK(epoll_ctl(ep, EPOLL_CTL_DEL, ends[0], NULL));
}

TEST(level)
{
	int fd;
	start();
	CHECK_OK(add(ends[0], EPOLLIN));
	CHECK_EQ(ready(NULL, 0), 0);
	CHECK_EQ(write(ends[1], "ab", 2), 2);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(ready(&fd, 0), EPOLLIN);
		CHECK_EQ(fd, ends[0]);
	}
	char buf[8];
	CHECK_EQ(read(ends[0], buf, 8), 2);
	CHECK_EQ(ready(NULL, 0), 0);
	close(ends[1]);
	CHECK_EQ(ready(NULL, 0), EPOLLHUP);
}

TEST(edge)
{
	char buf[8];
	start();
	CHECK_OK(add(ends[0], EPOLLIN | EPOLLET));
	CHECK_EQ(write(ends[1], "ab", 2), 2);
	CHECK_EQ(ready(NULL, 0), EPOLLIN);
	CHECK_EQ(ready(NULL, 0), 0);
	CHECK_EQ(write(ends[1], "cd", 2), 2);
	CHECK_EQ(ready(NULL, 0), EPOLLIN);
	CHECK_EQ(read(ends[0], buf, 1), 1);
	CHECK_EQ(ready(NULL, 0), 0);
	CHECK_OK(change(ends[0], EPOLLIN | EPOLLET));	/* looks again */
	CHECK_EQ(ready(NULL, 0), EPOLLIN);
	CHECK_OK(add(ends[1], EPOLLOUT | EPOLLET));
	CHECK_EQ(ready(NULL, 0), EPOLLOUT);
}

TEST(one_shot)
{
	start();
	CHECK_OK(add(ends[0], EPOLLIN | EPOLLONESHOT));
	CHECK_EQ(write(ends[1], "ab", 2), 2);
	CHECK_EQ(ready(NULL, 0), EPOLLIN);
	CHECK_EQ(ready(NULL, 0), 0);
	CHECK_EQ(write(ends[1], "ab", 2), 2);
	CHECK_EQ(ready(NULL, 0), 0);
	CHECK_OK(change(ends[0], EPOLLIN | EPOLLONESHOT));
	CHECK_EQ(ready(NULL, 0), EPOLLIN);
}

TEST(many_take_turns)
{
	int pipes[8][2], seen[8] = {0};
	struct epoll_event e[3];
	start();
	for (int i = 0; i < 8; i++) {
		NEED_OK(pipe(pipes[i]));
		CHECK_OK(add(pipes[i][0], EPOLLIN));
		CHECK_EQ(write(pipes[i][1], "x", 1), 1);
	}
	for (int round = 0; round < 8; round++) {
		CHECK_EQ(epoll_wait(ep, e, 3, 0), 3);
		for (int k = 0; k < 3; k++)
			for (int i = 0; i < 8; i++)
				seen[i] += e[k].data.fd == pipes[i][0];
	}
	for (int i = 0; i < 8; i++)
		CHECK_EQ(seen[i], 3);
}

TEST(closing_ends_the_watch)
{
	start();
	int copy = NEED_OK(dup(ends[0]));
	CHECK_OK(add(ends[0], EPOLLIN));
	CHECK_EQ(write(ends[1], "x", 1), 1);
	close(ends[0]);
	CHECK_EQ(ready(NULL, 0), EPOLLIN);	/* the file lives on behind the copy */
	close(copy);
	CHECK_EQ(ready(NULL, 0), 0);
}

TEST(wakes_a_sleeper)
{
	start();
	CHECK_OK(add(ends[0], EPOLLIN));
	pid_t pid = fork();
	if (!pid) {
		usleep(50000);
		_exit(write(ends[1], "x", 1) != 1);
	}
	CHECK_EQ(ready(NULL, 5000), EPOLLIN);
	CHECK_WAIT(pid, EXITED(0));
	char c;
	CHECK_EQ(read(ends[0], &c, 1), 1);
	struct timespec a, b;
	clock_gettime(CLOCK_MONOTONIC, &a);
	CHECK_EQ(ready(NULL, 60), 0);
	clock_gettime(CLOCK_MONOTONIC, &b);
	CHECK((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 >= 59);
}

static void on_alarm(int sig) { }

TEST(signals_interrupt)
{
	struct epoll_event e;
	start();
	CHECK_OK(add(ends[0], EPOLLIN));
	struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	sigaction(SIGALRM, &sa, NULL);
	struct itimerval it = {{0, 0}, {0, 50000}};
	setitimer(ITIMER_REAL, &it, NULL);
	CHECK_ERR(epoll_wait(ep, &e, 1, -1), EINTR);	/* never restarted */
	sigset_t blocked, none;
	sigemptyset(&none);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGALRM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	raise(SIGALRM);
	CHECK_ERR(epoll_pwait(ep, &e, 1, -1, &none), EINTR);
	sigset_t now;
	sigprocmask(SIG_BLOCK, NULL, &now);
	CHECK(sigismember(&now, SIGALRM));
}

TEST(nested)
{
	start();
	int inner = ep;
	CHECK_OK(add(ends[0], EPOLLIN));
	int outer = NEED_OK(epoll_create1(0));
	ep = outer;
	CHECK_OK(add(inner, EPOLLIN));
	CHECK_EQ(ready(NULL, 0), 0);
	CHECK_EQ(write(ends[1], "x", 1), 1);
	int fd = -1;
	CHECK_EQ(ready(&fd, 0), EPOLLIN);
	CHECK_EQ(fd, inner);
	struct pollfd p = {outer, POLLIN, 0};
	CHECK_EQ(poll(&p, 1, 0), 1);
	ep = inner;
	CHECK_ERR(add(outer, EPOLLIN), ELOOP);
	ep = outer;
	int deep = outer, failed = 0, more = 0;
	for (; more < 6 && !failed; more++) {
		ep = NEED_OK(epoll_create1(0));
		failed = add(deep, EPOLLIN);
		deep = ep;
	}
	CHECK(failed && errno == ELOOP);
	CHECK_EQ(more, 4);	/* five in all, and one that is refused */
}

TEST(eventfd_counts)
{
	uint64_t v = 0;
	int e = NEED_OK(eventfd(3, EFD_NONBLOCK)), s = NEED_OK(eventfd(2, EFD_NONBLOCK | EFD_SEMAPHORE));
	CHECK_ERR(eventfd(0, 2), EINVAL);
	CHECK_EQ(read(e, &v, 8), 8);
	CHECK_EQ(v, 3);
	CHECK_ERR(read(e, &v, 8), EAGAIN);
	CHECK_ERR(read(e, &v, 7), EINVAL);
	v = -1;
	CHECK_ERR(write(e, &v, 8), EINVAL);
	v = -2;
	CHECK_EQ(write(e, &v, 8), 8);
	v = 1;
	CHECK_ERR(write(e, &v, 8), EAGAIN);
	struct pollfd p = {e, POLLIN | POLLOUT, 0};
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLIN);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(read(s, &v, 8), 8);
		CHECK_EQ(v, 1);
	}
	CHECK_ERR(read(s, &v, 8), EAGAIN);
	CHECK_EQ(lseek(e, 5, SEEK_SET), 0);
	CHECK_ERR(pread(e, &v, 8, 0), ESPIPE);
}

TEST(eventfd_wakes)
{
	int e = NEED_OK(eventfd(0, 0));
	uint64_t v = 7;
	pid_t pid = fork();
	if (!pid) {
		usleep(30000);
		_exit(write(e, &v, 8) != 8);
	}
	v = 0;
	CHECK_EQ(read(e, &v, 8), 8);
	CHECK_EQ(v, 7);
	CHECK_WAIT(pid, EXITED(0));
}

/* Epolls that all watch all of the next layer: the ways through them are too many to go each one. */
TEST(many_ways)
{
	enum { WIDE = 40, DEEP = 4 };
	int layer[DEEP][WIDE], refused = 0;
	long begin = check_now_ms();
	start();
	for (int i = 0; i < DEEP; i++)
		for (int j = 0; j < WIDE; j++)
			layer[i][j] = NEED_OK(epoll_create1(0));
	for (int j = 0; j < WIDE; j++) {
		ep = layer[0][j];
		CHECK_OK(add(ends[0], EPOLLIN));
	}
	for (int i = 1; i < DEEP; i++)
		for (int j = 0; j < WIDE; j++)
			for (int k = 0; k < WIDE; k++) {
				ep = layer[i][j];
				if (add(layer[i - 1][k], EPOLLIN) == 0)
					continue;
				CHECK_EQ(errno, EINVAL);
				refused++;
			}
	CHECK(refused > 0);
	CHECK_EQ(write(ends[1], "x", 1), 1);
	CHECK(check_now_ms() - begin < 20000);
}

/* Any number of epolls may watch a file, and a thousand ways of two may lead from it. */
TEST(ways_of_two)
{
	int first[30], second[40], n = 0;
	struct rlimit limit = {1024, 1024};
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
	start();
	for (int i = 0; i < 30; i++) {
		ep = first[i] = NEED_OK(epoll_create1(0));
		CHECK_OK(add(ends[0], EPOLLIN));
	}
	for (int i = 0; i < 40; i++)
		second[i] = NEED_OK(epoll_create1(0));
	for (int i = 0; i < 40; i++)
		for (int j = 0; j < 30; j++) {
			ep = second[i];
			n += add(first[j], EPOLLIN) == 0;
		}
	CHECK_EQ(n, 500);
}
