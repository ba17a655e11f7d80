/* timerfd_create(2): timers as files. */
#include "../check.h"
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>

#ifndef TFD_IOC_SET_TICKS
#define TFD_IOC_SET_TICKS _IOW('T', 0, uint64_t)
#endif

#define MS 1000000l

static int is_readable(int fd, int timeout)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	return poll(&p, 1, timeout);
}

static struct itimerspec ms(long value, long interval)
{
	return (struct itimerspec){{interval / 1000, interval % 1000 * MS}, {value / 1000, value % 1000 * MS}};
}

static int started(int clock, int flags, long value, long interval)
{
	int fd = NEED_OK(timerfd_create(clock, flags));
	struct itimerspec set = ms(value, interval);
	CHECK_OK(timerfd_settime(fd, 0, &set, 0));
	return fd;
}

static uint64_t ticks(int fd)
{
	uint64_t n = 0;
	CHECK_EQ(read(fd, &n, sizeof n), sizeof n);
	return n;
}

TEST(one_shot)
{
	static const int clocks[] = {CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME};
	for (int i = 0; i < 3; i++) {
		long begin = check_now_ms();
		struct itimerspec left;
		int fd = started(clocks[i], 0, 300, 0);
		CHECK_EQ(is_readable(fd, 0), 0);
		CHECK_OK(timerfd_gettime(fd, &left));
		CHECK(left.it_value.tv_sec == 0 && left.it_value.tv_nsec > 0 && left.it_value.tv_nsec <= 300 * MS);
		CHECK_EQ(is_readable(fd, 5000), 1);
		CHECK(check_now_ms() - begin >= 299);
		CHECK_EQ(ticks(fd), 1);
		CHECK_EQ(is_readable(fd, 20), 0);
		CHECK_OK(timerfd_gettime(fd, &left));
		CHECK_EQ(left.it_value.tv_nsec, 0);
		close(fd);
	}
}

TEST(periodic_counts_what_was_missed)
{
	int fd = started(CLOCK_MONOTONIC, TFD_NONBLOCK, 10, 10);
	struct itimerspec left;
	check_sleep_ms(105);
	CHECK_OK(timerfd_gettime(fd, &left));
	CHECK_EQ(left.it_interval.tv_nsec, 10 * MS);
	CHECK(left.it_value.tv_nsec > 0 && left.it_value.tv_nsec <= 10 * MS);
	uint64_t n = ticks(fd);
	CHECK(n >= 10 && n < 500);
	CHECK_EQ(is_readable(fd, 5000), 1);
	n = ticks(fd);
	CHECK(n >= 1 && n < 500);
}

static void nothing(int sig)
{
}

TEST(a_read_waits_and_is_interrupted)
{
	int fd = started(CLOCK_MONOTONIC, 0, 50, 0);
	CHECK_EQ(ticks(fd), 1);
	struct sigaction act = {.sa_handler = nothing};
	sigaction(SIGALRM, &act, 0);
	setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 50000}, 0);
	uint64_t n;
	CHECK_ERR(read(fd, &n, sizeof n), EINTR);
}

TEST(nonblocking)
{
	uint64_t n;
	int fd = NEED_OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(read(fd, &n, sizeof n), EAGAIN);
	struct itimerspec set = ms(5000, 0);
	CHECK_OK(timerfd_settime(fd, 0, &set, 0));
	CHECK_ERR(read(fd, &n, sizeof n), EAGAIN);
}

TEST(absolute)
{
	struct timespec now;
	int fd = NEED_OK(timerfd_create(CLOCK_MONOTONIC, 0));
	clock_gettime(CLOCK_MONOTONIC, &now);
	struct itimerspec set = {.it_value = now}, left;
	CHECK_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &set, 0)); /* past already */
	CHECK_EQ(is_readable(fd, 5000), 1);
	CHECK_EQ(ticks(fd), 1);
	set.it_value.tv_sec += 100;
	CHECK_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &set, 0));
	CHECK_OK(timerfd_gettime(fd, &left));
	CHECK(left.it_value.tv_sec >= 90 && left.it_value.tv_sec <= 100);
	CHECK_EQ(is_readable(fd, 0), 0);
	fd = NEED_OK(timerfd_create(CLOCK_REALTIME, 0));
	clock_gettime(CLOCK_REALTIME, &now);
	set = (struct itimerspec){.it_value = {now.tv_sec, 1}, .it_interval = {1, 0}};
	CHECK_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &set, 0));
	CHECK_EQ(ticks(fd), 1);
}

TEST(old_value_and_disarming)
{
	int fd = started(CLOCK_MONOTONIC, TFD_NONBLOCK, 100000, 7000);
	struct itimerspec old, none = {0};
	CHECK_OK(timerfd_settime(fd, 0, &none, &old));
	CHECK(old.it_value.tv_sec >= 90 && old.it_value.tv_sec <= 100);
	CHECK_EQ(old.it_interval.tv_sec, 7);
	CHECK_OK(timerfd_gettime(fd, &old));
	CHECK_EQ(old.it_value.tv_sec, 0);
	CHECK_EQ(old.it_value.tv_nsec, 0);
	struct itimerspec soon = ms(10, 0);
	CHECK_OK(timerfd_settime(fd, 0, &soon, 0));
	CHECK_EQ(is_readable(fd, 5000), 1);
	CHECK_OK(timerfd_settime(fd, 0, &none, 0)); /* setting forgets what has expired */
	CHECK_EQ(is_readable(fd, 0), 0);
}

TEST(refusals)
{
	struct itimerspec set = ms(10, 0);
	uint64_t n;
	CHECK_ERR(timerfd_create(CLOCK_MONOTONIC, 1), EINVAL);
	CHECK_ERR(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0), EINVAL);
	CHECK_ERR(timerfd_create(CLOCK_MONOTONIC_RAW, 0), EINVAL);
	CHECK_ERR(timerfd_create(CLOCK_TAI, 0), EINVAL);
	CHECK_ERR(timerfd_create(-1, 0), EINVAL);
	int fd = NEED_OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	CHECK_ERR(timerfd_settime(fd, 8, &set, 0), EINVAL);
	set.it_value.tv_nsec = 1000000000;
	CHECK_ERR(timerfd_settime(fd, 0, &set, 0), EINVAL);
	set.it_value.tv_nsec = 0;
	set.it_value.tv_sec = -1;
	CHECK_ERR(timerfd_settime(fd, 0, &set, 0), EINVAL);
	set = ms(10, 0);
	set.it_interval.tv_nsec = -1;
	CHECK_ERR(timerfd_settime(fd, 0, &set, 0), EINVAL);
	set = ms(10, 0);
	CHECK_ERR(syscall(SYS_timerfd_settime, fd, 0, 0, 0), EFAULT);
	CHECK_ERR(syscall(SYS_timerfd_settime, fd, 0, &set, 8), EFAULT);
	CHECK_ERR(syscall(SYS_timerfd_gettime, fd, 8), EFAULT);
	CHECK_ERR(timerfd_settime(1, 0, &set, 0), EINVAL);
	CHECK_ERR(timerfd_settime(999, 0, &set, 0), EBADF);
	CHECK_ERR(timerfd_gettime(1, &set), EINVAL);
	CHECK_ERR(timerfd_gettime(999, &set), EBADF);
	CHECK_ERR(read(fd, &n, 7), EINVAL);
	CHECK_ERR(write(fd, &n, 8), EINVAL);
	CHECK_EQ(lseek(fd, 5, SEEK_SET), 0);
	CHECK_ERR(ioctl(fd, TCGETS, &n), ENOTTY);
}

TEST(alarm_clocks_need_the_right)
{
	int fd = NEED_OK(timerfd_create(CLOCK_BOOTTIME_ALARM, TFD_NONBLOCK));
	CHECK_OK(setuid(12345));
	CHECK_ERR(timerfd_create(CLOCK_BOOTTIME_ALARM, 0), EPERM);
	CHECK_ERR(timerfd_create(CLOCK_REALTIME_ALARM, 0), EPERM);
	struct itimerspec set = ms(10, 0);
	CHECK_ERR(timerfd_settime(fd, 0, &set, 0), EPERM);
}

TEST(name_and_fdinfo)
{
	char path[64], link[64] = "", text[512];
	int fd = started(CLOCK_MONOTONIC, 0, 100500, 7250);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	CHECK(readlink(path, link, sizeof link - 1) > 0);
	CHECK_STR(link, "anon_inode:[timerfd]");
	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
	CHECK_EQ(check_field(path, "clockid", 10), CLOCK_MONOTONIC);
	CHECK_EQ(check_field(path, "ticks", 10), 0);
	CHECK_EQ(check_field(path, "settime flags", 8), 0);
	CHECK(check_slurp(path, text, sizeof text) > 0);
	CHECK(strstr(text, "it_value: (100, "));
	CHECK(strstr(text, "it_interval: (7, 250000000)\n"));
}

TEST(epoll_waits)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u32 = 5}, got;
	int fd = started(CLOCK_MONOTONIC, 0, 50, 50), ep = NEED_OK(epoll_create1(0));
	NEED_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
	CHECK_EQ(epoll_wait(ep, &got, 1, 0), 0);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(epoll_wait(ep, &got, 1, 5000), 1);
		CHECK_EQ(got.data.u32, 5);
		CHECK(ticks(fd) >= 1);
	}
}

TEST(a_child_shares_it)
{
	int fd = started(CLOCK_MONOTONIC, TFD_NONBLOCK, 20, 0);
	IN_CHILD {
		CHECK_EQ(is_readable(fd, 5000), 1);
		CHECK_EQ(ticks(fd), 1);
	}
	uint64_t n;
	CHECK_ERR(read(fd, &n, sizeof n), EAGAIN);
}

TEST(set_ticks)
{
	int fd = NEED_OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	uint64_t n = 42;
	if (ioctl(fd, TFD_IOC_SET_TICKS, &n) < 0 && errno == ENOTTY)
		return; /* a Linux without checkpoint and restore */
	CHECK_EQ(ticks(fd), 42);
	n = -11ul;		/* as large as it is, it is a count and no error */
	CHECK_OK(ioctl(fd, TFD_IOC_SET_TICKS, &n));
	n = 0;
	CHECK_EQ(read(fd, &n, sizeof n), 8);
	CHECK_EQ(n, -11ul);
	n = 0;
	CHECK_ERR(ioctl(fd, TFD_IOC_SET_TICKS, &n), EINVAL);
	CHECK_ERR(ioctl(fd, TFD_IOC_SET_TICKS, 8), EFAULT);
}

static bool put_date_forward(long seconds)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += seconds;
	return clock_settime(CLOCK_REALTIME, &now) == 0;
}

/* The date is set only where the machine is a test's own: process 1's child in a VM. */
static bool may_set_date(void)
{
	char comm[32] = "";
	return check_slurp("/proc/1/comm", comm, sizeof comm) > 0 && !strcmp(comm, "init\n") && access("/tests", F_OK) == 0;
}

TEST(the_date_is_set)
{
	if (!may_set_date())
		return;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	struct itimerspec set = {.it_value = {now.tv_sec + 1000, 0}};
	int follows = NEED_OK(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
	int cancels = NEED_OK(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
	int relative = started(CLOCK_REALTIME, TFD_NONBLOCK, 1000000, 0);
	uint64_t n;
	CHECK_OK(timerfd_settime(follows, TFD_TIMER_ABSTIME, &set, 0));
	set.it_value.tv_sec += 100000;
	CHECK_OK(timerfd_settime(cancels, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &set, 0));
	CHECK_EQ(is_readable(cancels, 0), 0);
	CHECK(put_date_forward(2000));
	CHECK_EQ(is_readable(follows, 5000), 1);
	CHECK_EQ(ticks(follows), 1);
	CHECK_EQ(is_readable(cancels, 5000), 1);
	CHECK_ERR(read(cancels, &n, sizeof n), ECANCELED);
	CHECK_ERR(read(cancels, &n, sizeof n), EAGAIN);
	CHECK_EQ(is_readable(relative, 0), 0);
	CHECK(put_date_forward(-2000));
	CHECK_ERR(timerfd_settime(cancels, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &set, 0), ECANCELED);
	CHECK_OK(timerfd_settime(cancels, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &set, 0));
	CHECK_EQ(is_readable(cancels, 0), 0);
}
