/* clock_gettime, clock_settime, clock_getres, CPU-time clocks, sleeping on clocks, times. */
#include "check.h"
#include <sys/times.h>

#define CPU_CLOCK(pid, kind) ((clockid_t)(~(unsigned)(pid) << 3 | (kind)))
enum { PROF, VIRT, SCHED, FD, PER_THREAD };

static long long now_on(clockid_t clock)
{
	struct timespec ts;
	if (syscall(SYS_clock_gettime, clock, &ts))
		return -1;
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static void burn_ms(long ms)
{
	long long end = now_on(CLOCK_PROCESS_CPUTIME_ID) + ms * 1000000ll;
	while (now_on(CLOCK_PROCESS_CPUTIME_ID) < end)
		for (volatile int i = 0; i < 10000; i++)
			;
}

TEST(all_are_there)
{
	static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
		CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_TAI};
	struct timespec ts;
	for (unsigned i = 0; i < sizeof clocks / sizeof *clocks; i++) {
		CHECK_OK(syscall(SYS_clock_gettime, clocks[i], &ts));
		CHECK(ts.tv_nsec >= 0 && ts.tv_nsec < 1000000000);
		CHECK_OK(syscall(SYS_clock_getres, clocks[i], &ts));
		CHECK(ts.tv_sec == 0 && ts.tv_nsec >= 1 && ts.tv_nsec <= 10000000);
		CHECK_OK(syscall(SYS_clock_getres, clocks[i], NULL));
	}
	CHECK_ERR(syscall(SYS_clock_gettime, 10, &ts), EINVAL);
	CHECK_ERR(syscall(SYS_clock_gettime, 99, &ts), EINVAL);
	CHECK_ERR(syscall(SYS_clock_getres, 99, &ts), EINVAL);
	CHECK_ERR(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, 8), EFAULT);
	CHECK_ERR(syscall(SYS_clock_getres, CLOCK_MONOTONIC, 8), EFAULT);
}

TEST(they_agree)
{
	long long coarse = now_on(CLOCK_MONOTONIC_COARSE), fine = now_on(CLOCK_MONOTONIC);
	CHECK(coarse <= fine && fine - coarse < 1000000000);
	long long a = now_on(CLOCK_REALTIME), b;
	struct timeval tv;
	CHECK_OK(syscall(SYS_gettimeofday, &tv, NULL));
	b = tv.tv_sec * 1000000000ll + tv.tv_usec * 1000ll;
	CHECK(b >= a - 1000 && b - a < 1000000000);
	long t = syscall(SYS_time, NULL);
	CHECK(t >= tv.tv_sec - 1 && t - tv.tv_sec < 2);
	CHECK(now_on(CLOCK_BOOTTIME) - now_on(CLOCK_MONOTONIC) > -1000000);
}

TEST(set_errors)
{
	struct timespec ts = {1, 0}, bad = {1, 1000000000}, negative = {-1, 0};
	CHECK_ERR(syscall(SYS_clock_settime, CLOCK_MONOTONIC, &ts), EINVAL);
	CHECK_ERR(syscall(SYS_clock_settime, 99, &ts), EINVAL);
	CHECK_ERR(syscall(SYS_clock_settime, CLOCK_REALTIME, 8), EFAULT);
	CHECK_ERR(syscall(SYS_clock_settime, CLOCK_REALTIME, &bad), EINVAL);
	CHECK_ERR(syscall(SYS_clock_settime, CLOCK_REALTIME, &negative), EINVAL);
	CHECK_ERR(syscall(SYS_clock_settime, CLOCK_PROCESS_CPUTIME_ID, &ts), EINVAL);
	CHECK_ERR(syscall(SYS_clock_settime, CPU_CLOCK(0, SCHED), &ts), EPERM);
	CHECK_ERR(syscall(SYS_clock_settime, CPU_CLOCK(999999, SCHED), &ts), EINVAL);
	CHECK(!setuid(65534));
	ts.tv_sec = 1700000000;
	CHECK_ERR(syscall(SYS_clock_settime, CLOCK_REALTIME, &ts), EPERM);
	struct timeval tv = {1700000000, 0}, bad_tv = {1, 1000000};
	CHECK_ERR(syscall(SYS_settimeofday, &bad_tv, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_settimeofday, &tv, NULL), EPERM);
}

TEST(cpu_time)
{
	long long process = now_on(CLOCK_PROCESS_CPUTIME_ID), thread = now_on(CLOCK_THREAD_CPUTIME_ID);
	burn_ms(30);
	CHECK(now_on(CLOCK_PROCESS_CPUTIME_ID) - process >= 30000000);
	CHECK(now_on(CLOCK_THREAD_CPUTIME_ID) - thread >= 29000000);
	process = now_on(CLOCK_PROCESS_CPUTIME_ID);
	check_sleep_ms(60);
	CHECK(now_on(CLOCK_PROCESS_CPUTIME_ID) - process < 50000000);
}

TEST(cpu_time_of_others)
{
	pid_t pid = check_sleeper();
	struct timespec ts;
	CHECK(now_on(CPU_CLOCK(pid, SCHED)) >= 0);
	CHECK(now_on(CPU_CLOCK(pid, PROF)) >= 0);
	CHECK(now_on(CPU_CLOCK(pid, VIRT)) >= 0);
	CHECK(now_on(CPU_CLOCK(0, SCHED)) > 0);
	CHECK(now_on(CPU_CLOCK(0, SCHED | PER_THREAD)) > 0);
	CHECK(now_on(CPU_CLOCK(getpid(), SCHED | PER_THREAD)) > 0);
	CHECK_ERR(syscall(SYS_clock_gettime, CPU_CLOCK(pid, SCHED | PER_THREAD), &ts), EINVAL);
	CHECK_ERR(syscall(SYS_clock_gettime, CPU_CLOCK(pid, FD), &ts), EINVAL);
	check_reap(pid);
	CHECK_ERR(syscall(SYS_clock_gettime, CPU_CLOCK(pid, SCHED), &ts), EINVAL);
	CHECK_OK(syscall(SYS_clock_getres, CPU_CLOCK(0, SCHED), &ts));
	CHECK_EQ(ts.tv_nsec, 1);
}

TEST(sleep_errors)
{
	struct timespec ts = {0, 1000}, bad = {0, -1};
	CHECK_ERR(syscall(SYS_clock_nanosleep, 99, 0, &ts, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_RAW, 0, &ts, NULL), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_REALTIME_COARSE, 0, &ts, NULL), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &ts, NULL), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &bad, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, 8, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_clock_nanosleep, CPU_CLOCK(999999, SCHED), 0, &ts, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_clock_nanosleep, CPU_CLOCK(0, SCHED | PER_THREAD), 0, &ts, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_nanosleep, &bad, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_nanosleep, 8, NULL), EFAULT);
}

TEST(sleep_on_each)
{
	static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI};
	for (unsigned i = 0; i < sizeof clocks / sizeof *clocks; i++) {
		struct timespec ts = {0, 15000000};
		long long begin = now_on(CLOCK_MONOTONIC);
		CHECK_OK(syscall(SYS_clock_nanosleep, clocks[i], 0, &ts, NULL));
		CHECK(now_on(CLOCK_MONOTONIC) - begin >= 15000000);
		begin = now_on(clocks[i]);
		long long until = begin + 15000000;
		ts = (struct timespec){until / 1000000000, until % 1000000000};
		CHECK_OK(syscall(SYS_clock_nanosleep, clocks[i], TIMER_ABSTIME, &ts, NULL));
		CHECK(now_on(clocks[i]) >= until);
		ts.tv_sec = 0;
		CHECK_OK(syscall(SYS_clock_nanosleep, clocks[i], TIMER_ABSTIME, &ts, NULL));
	}
}

/* Asleep until another process has used so much CPU time. */
TEST(sleep_on_cpu_time)
{
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			;
	long long until = now_on(CPU_CLOCK(pid, SCHED)) + 30000000;
	struct timespec ts = {until / 1000000000, until % 1000000000};
	CHECK_OK(syscall(SYS_clock_nanosleep, CPU_CLOCK(pid, SCHED), TIMER_ABSTIME, &ts, NULL));
	CHECK(now_on(CPU_CLOCK(pid, SCHED)) >= until);
	check_reap(pid);
}

TEST(times_of_children)
{
	struct tms before, after;
	long begin = CHECK_OK(times(&before));
	pid_t pid = fork();
	if (pid == 0) {
		burn_ms(60);
		_exit(0);
	}
	CHECK_WAIT(pid, EXITED(0));
	long end = CHECK_OK(times(&after));
	CHECK(end - begin >= 5);
	CHECK(after.tms_cutime + after.tms_cstime - before.tms_cutime - before.tms_cstime >= 4);
	CHECK_ERR(syscall(SYS_times, 8), EFAULT);
}
