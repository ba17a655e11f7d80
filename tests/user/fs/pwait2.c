/* epoll_pwait2(2): epoll_pwait with a timespec. */
#include "../check.h"
#include <sys/epoll.h>

static int pwait2(int ep, struct epoll_event *e, int max, const struct timespec *t, const unsigned long *mask, size_t size)
{
	return syscall(SYS_epoll_pwait2, ep, e, max, t, mask, size);
}

static int watched_pipe(int ends[2])
{
	struct epoll_event e = {.events = EPOLLIN, .data.u32 = 3};
	int ep = NEED_OK(epoll_create1(0));
	NEED_OK(pipe(ends));
	NEED_OK(epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &e));
	return ep;
}

TEST(times)
{
	int ends[2], ep = watched_pipe(ends);
	struct epoll_event e;
	long begin = check_now_ms();
	CHECK_EQ(pwait2(ep, &e, 1, &(struct timespec){0, 0}, 0, 0), 0);
	CHECK_EQ(pwait2(ep, &e, 1, &(struct timespec){0, 30000000}, 0, 0), 0);
	CHECK(check_now_ms() - begin >= 29);
	CHECK_EQ(write(ends[1], "x", 1), 1);
	CHECK_EQ(pwait2(ep, &e, 1, 0, 0, 0), 1);
	CHECK_EQ(e.data.u32, 3);
	CHECK_EQ(pwait2(ep, &e, 1, &(struct timespec){0x7fffffffffffffff, 0}, 0, 0), 1);
}

TEST(refusals)
{
	int ends[2], ep = watched_pipe(ends);
	struct epoll_event e;
	unsigned long mask = 0;
	CHECK_ERR(pwait2(ep, &e, 1, &(struct timespec){0, 1000000000}, 0, 0), EINVAL);
	CHECK_ERR(pwait2(ep, &e, 1, &(struct timespec){-1, 0}, 0, 0), EINVAL);
	CHECK_ERR(pwait2(ep, &e, 1, (void *)8, 0, 0), EFAULT);
	CHECK_ERR(pwait2(ep, &e, 0, &(struct timespec){0, 0}, 0, 0), EINVAL);
	CHECK_ERR(pwait2(ep, &e, 1, &(struct timespec){0, 0}, &mask, 4), EINVAL);
	CHECK_ERR(pwait2(ends[0], &e, 1, &(struct timespec){0, 0}, 0, 0), EINVAL);
	CHECK_ERR(pwait2(-1, &e, 1, &(struct timespec){0, 0}, 0, 0), EBADF);
}

static volatile int handled;
static void note(int sig)
{
	handled++;
}

TEST(mask)
{
	int ends[2], ep = watched_pipe(ends);
	struct epoll_event e;
	unsigned long none = 0;
	sigset_t set;
	signal(SIGUSR1, note);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, 0);
	kill(getpid(), SIGUSR1);
	CHECK_EQ(handled, 0);
	CHECK_ERR(pwait2(ep, &e, 1, 0, &none, 8), EINTR);
	CHECK_EQ(handled, 1);
	sigprocmask(SIG_BLOCK, 0, &set);
	CHECK(sigismember(&set, SIGUSR1));
}
