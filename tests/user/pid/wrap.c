/*
 * Wrap-around: numbers go up to pid_max and begin again low, a number in use is never given out, and a freed one not at once.
 * With the usual 32768 numbers a full round is made by threads' cheapest kin, vfork children; where there are millions (a large
 * host) the limit is lowered first when that is allowed, or the round is left out.
 */
#include "check.h"

static long read_pid_max(void)
{
	char text[40] = "";
	return check_slurp("/proc/sys/kernel/pid_max", text, sizeof text) > 0 ? atol(text) : 0;
}

static pid_t one(void)
{
	pid_t pid = vfork();
	if (pid == 0)
		_exit(0);
	waitpid(pid, 0, 0);
	return pid;
}

TEST(default_limit)
{
	long max = read_pid_max();
	CHECK(max >= 32768 && max <= 4194304);
	CHECK(getpid() < max);
}

TEST(a_full_round)
{
	long max = read_pid_max();
	if (getppid() != 1 && max > 40000)
		return; /* a shared machine with millions of numbers */
	alarm(60);
	pid_t held[4], last = getpid();
	int wraps = 0;
	bool collided = false, reused = false, low = false;
	for (int i = 0; i < 4; i++)
		held[i] = check_sleeper();
	pid_t first = one();
	for (long i = 0; i < max + 2000 && wraps < 1; i++) {
		pid_t pid = one();
		for (int j = 0; j < 4; j++)
			collided |= pid == held[j];
		collided |= pid == getpid() || pid == getppid() || pid >= max;
		reused |= pid == last;
		if (pid < last) {
			wraps++;
			low = pid < 1000; /* begins again near the bottom: 300 and up */
			CHECK(pid >= 300);
		}
		last = pid;
	}
	CHECK_EQ(wraps, 1);
	CHECK(low);
	CHECK(!collided);
	CHECK(!reused);
	CHECK(first > 0);
	for (int i = 0; i < 4; i++)
		check_reap(held[i]);
}

TEST(not_reused_at_once)
{
	pid_t last = 0;
	for (int i = 0; i < 200; i++) {
		pid_t pid = one();
		CHECK(pid != last);
		last = pid;
	}
}

TEST(limit_can_be_set)
{
	if (getppid() != 1)
		return; /* not on a shared machine */
	char text[20];
	long max = read_pid_max();
	CHECK_OK(check_spew("/proc/sys/kernel/pid_max", "40000", 5, 0644));
	CHECK_EQ(read_pid_max(), 40000);
	int fd = NEED_OK(open("/proc/sys/kernel/pid_max", O_WRONLY));
	CHECK_ERR(write(fd, "5000000", 7), EINVAL);
	snprintf(text, sizeof text, "%ld", max);
	CHECK_EQ(pwrite(fd, text, strlen(text), 0), strlen(text));
	CHECK_EQ(read_pid_max(), max);
}
