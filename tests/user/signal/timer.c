/* alarm(2), setitimer(2) and sleeping. */
#include "check.h"

static volatile int count;

static void counts(int sig)
{
	count++;
}

TEST(alarm_values)
{
	alarm(0);
	CHECK_EQ(alarm(100), 0);
	unsigned left = alarm(200);
	CHECK(left == 100 || left == 99);
	left = alarm(0);
	CHECK(left == 200 || left == 199);
	CHECK_EQ(alarm(0), 0);
}

TEST(alarm_kills)
{
	pid_t pid = fork();
	if (pid == 0) {
		alarm(1);
		for (;;)
			pause();
	}
	CHECK_WAIT(pid, KILLED(SIGALRM));
}

TEST(interval)
{
	struct itimerval often = {{0, 10000}, {0, 10000}}, now;
	signal(SIGALRM, counts);
	CHECK_OK(setitimer(ITIMER_REAL, &often, 0));
	CHECK_SOON(count >= 5);
	CHECK_OK(getitimer(ITIMER_REAL, &now));
	CHECK_EQ(now.it_interval.tv_usec, 10000);
	CHECK(now.it_value.tv_usec <= 10000);
	often = (struct itimerval){0};
	CHECK_OK(setitimer(ITIMER_REAL, &often, &now));
	CHECK_EQ(now.it_interval.tv_usec, 10000);
	int at = count;
	check_sleep_ms(40);
	CHECK(count <= at + 1);
}

/* A value of zero disarms: the real timer forgets the interval that came with it, the CPU-time ones keep it. */
TEST(interval_without_value)
{
	static const int kinds[] = {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF};
	for (int i = 0; i < 3; i++) {
		struct itimerval idle = {{10, 20}, {0, 0}}, now;
		CHECK_OK(setitimer(kinds[i], &idle, 0));
		CHECK_OK(getitimer(kinds[i], &now));
		CHECK_EQ(now.it_value.tv_sec, 0);
		CHECK_EQ(now.it_interval.tv_sec, kinds[i] == ITIMER_REAL ? 0 : 10);
		CHECK_EQ(now.it_interval.tv_usec, kinds[i] == ITIMER_REAL ? 0 : 20);
	}
}

TEST(errors)
{
	struct itimerval bad = {{0, 0}, {0, 1000000}};
	CHECK_ERR(setitimer(ITIMER_REAL, &bad, 0), EINVAL);
	CHECK_ERR(setitimer(77, &bad, 0), EINVAL);
	CHECK_ERR(getitimer(77, &bad), EINVAL);
	CHECK_EQ(RAW(SYS_getitimer, ITIMER_REAL, 8), -EFAULT);
	struct timespec wrong = {0, 1000000000}, negative = {-1, 0};
	CHECK_ERR(nanosleep(&wrong, 0), EINVAL);
	CHECK_ERR(nanosleep(&negative, 0), EINVAL);
	CHECK_EQ(RAW(SYS_nanosleep, 8, 0), -EFAULT);
	CHECK_EQ(RAW(SYS_clock_nanosleep, 77, 0, &wrong, 0), -EINVAL);
}

TEST(nanosleep_sleeps)
{
	static const long ms[] = {0, 1, 5, 20, 50};
	for (int i = 0; i < 5; i++) {
		long begin = check_now_ms();
		check_sleep_ms(ms[i]);
		long took = check_now_ms() - begin;
		CHECK(took >= ms[i] - 1 && took < ms[i] + 3000);
	}
}

TEST(absolute_sleep)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += 30000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	long begin = check_now_ms();
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, 0), 0);
	CHECK(check_now_ms() - begin >= 29);
	until = (struct timespec){0, 1};
	begin = check_now_ms();
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, 0), 0);
	CHECK(check_now_ms() - begin < 2000);
}

TEST(clocks)
{
	struct timespec a, b;
	struct timeval day;
	CHECK_OK(clock_gettime(CLOCK_REALTIME, &a));
	CHECK_OK(gettimeofday(&day, 0));
	CHECK(day.tv_sec - a.tv_sec <= 2);
	CHECK(time(0) - a.tv_sec <= 2);
	CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &a));
	CHECK_OK(clock_gettime(CLOCK_BOOTTIME, &b));
	CHECK(b.tv_sec >= a.tv_sec);
	CHECK_OK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a));
	CHECK_OK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a));
	CHECK_OK(clock_gettime(CLOCK_MONOTONIC_RAW, &a));
	CHECK_OK(clock_gettime(CLOCK_REALTIME_COARSE, &a));
	CHECK_OK(clock_gettime(CLOCK_MONOTONIC_COARSE, &a));
	CHECK_OK(clock_getres(CLOCK_MONOTONIC, &a));
	CHECK(a.tv_sec == 0 && a.tv_nsec >= 1);
	CHECK_ERR(clock_gettime(77, &a), EINVAL);
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < 1000; i++) {
		clock_gettime(CLOCK_MONOTONIC, &b);
		if (b.tv_sec < a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec < a.tv_nsec)) {
			CHECK(!"time went back");
			break;
		}
		a = b;
	}
}

/* Four sleepers, each 100 ms after the one before: true if they wrote in that order. */
static bool wake_in_order(void)
{
	int ends[2];
	char text[8];
	struct timespec start;
	NEED_OK(pipe(ends));
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			/* absolute, so that how long the forks took does not matter */
			long ns = start.tv_nsec + (200 + 100 * (3 - i)) * 1000000L;
			struct timespec end = {start.tv_sec + ns / 1000000000, ns % 1000000000};
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, 0);
			char c = '0' + i;
			_exit(write(ends[1], &c, 1) != 1);
		}
	for (int i = 0; i < 4; i++)
		CHECK(wait(0) > 0);
	CHECK_EQ(read(ends[0], text, 8), 4);
	close(ends[0]);
	close(ends[1]);
	return !memcmp(text, "3210", 4);
}

TEST(sleepers_wake_in_order)
{
	/* A busy host may leave one of several CPUs out for that long. */
	CHECK(wake_in_order() || wake_in_order() || wake_in_order());
}
