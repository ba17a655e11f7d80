/*
 * Who gets the CPU: busy programs by their weights, on one CPU and on two, and how late a sleeper wakes among them.
 * The host may take the CPU away at any time, and the guest counts that as the running program's: a share that is off is
 * measured again.
 */
#include "check.h"
#include <sched.h>
#include <time.h>

#define PROGRAMS 4
#define TRIES 6

static int cpus_there(void)
{
	cpu_set_t all;

	sched_getaffinity(0, sizeof all, &all);
	return CPU_COUNT(&all);
}

static void use_cpus(int n)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int i = 0; i < n; i++)
		CPU_SET(i, &set);
	CHECK_OK(sched_setaffinity(0, sizeof set, &set));
}

static long cpu_ms(pid_t pid)
{
	struct timespec t = { 0 };

	clock_gettime((clockid_t)(~pid << 3 | 2), &t);	/* what clock_getcpuclockid makes of it */
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void start(pid_t *pids, const int *nice_of)
{
	for (int i = 0; i < PROGRAMS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			setpriority(PRIO_PROCESS, 0, nice_of[i]);
			for (;;)
				;
		}
	}
}

static void stop(pid_t *pids)
{
	for (int i = 0; i < PROGRAMS; i++)
		check_reap(pids[i]);
}

/* Two of nice 0 and two of nice 5: weights 1024 and 335 make 37.7 and 12.3 %, of one CPU as of two. Whether it was within 5 %. */
static bool shares_are_right(int ms)
{
	static const int nice_of[PROGRAMS] = { 0, 5, 0, 5 };
	long before[PROGRAMS], used[PROGRAMS], sum = 0;
	pid_t pids[PROGRAMS];
	bool right = true;

	start(pids, nice_of);
	check_sleep_ms(200);
	for (int i = 0; i < PROGRAMS; i++)
		before[i] = cpu_ms(pids[i]);
	check_sleep_ms(ms);
	for (int i = 0; i < PROGRAMS; i++)
		sum += used[i] = cpu_ms(pids[i]) - before[i];
	for (int i = 0; i < PROGRAMS; i++) {
		double share = 100.0 * used[i] / (sum ? sum : 1), due = nice_of[i] ? 12.33 : 37.67;
		right &= share > due - 5 && share < due + 5;
	}
	stop(pids);
	return right;
}

static void check_shares(int cpus)
{
	bool right = false;

	use_cpus(cpus);
	for (int i = 0; i < TRIES && !right; i++)
		right = shares_are_right(1000 + 1000 * i);
	CHECK(right);
}

TEST(one_cpu)
{
	check_shares(1);
}

TEST(two_cpus)
{
	if (cpus_there() >= 2)
		check_shares(2);
}

static int by_value(const void *a, const void *b) { return *(const long *)a < *(const long *)b ? -1 : 1; }

/* The lower quartile of how late a sleeper of nice 0 wakes, in us, while others keep its CPU busy. */
static long lateness(void)
{
	long late[21];

	for (int i = 0; i < 21; i++) {
		struct timespec from, to, ten = { 0, 10000000 };
		clock_gettime(CLOCK_MONOTONIC, &from);
		nanosleep(&ten, 0);
		clock_gettime(CLOCK_MONOTONIC, &to);
		late[i] = (to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000 - 10000;
	}
	qsort(late, 21, sizeof *late, by_value);
	return late[5];
}

TEST(a_sleeper_wakes_in_time)
{
	static const int nice_of[PROGRAMS] = { 0, 0, 0, 0 };
	pid_t pids[PROGRAMS];
	long late = 0;

	use_cpus(1);
	start(pids, nice_of);
	check_sleep_ms(100);
	for (int i = 0; i < TRIES; i++) {
		late = lateness();
		if (late < 6000)
			break;
	}
	if (late >= 6000)
		fprintf(stderr, "# a sleeper woke %ld us late\n", late);
	CHECK(late < 6000);	/* about one of the others' slices */
	stop(pids);
}
