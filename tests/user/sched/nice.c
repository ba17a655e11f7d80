/* nice values, I/O priorities, affinity. */
#include "check.h"
#include <sched.h>

#define NOBODY 65534
#define WHO_PROCESS 1
#define WHO_PGRP 2
#define IO(class, level) ((class) << 13 | (level))

static bool is_nobody(void) { return !setgid(NOBODY) && !setuid(NOBODY); }

TEST(set_and_get)
{
	CHECK_EQ(syscall(SYS_getpriority, PRIO_PROCESS, 0), 20);
	CHECK_OK(setpriority(PRIO_PROCESS, 0, 10));
	CHECK_EQ(syscall(SYS_getpriority, PRIO_PROCESS, 0), 10);
	CHECK_OK(setpriority(PRIO_PROCESS, getpid(), -20));
	CHECK_EQ(syscall(SYS_getpriority, PRIO_PROCESS, getpid()), 40);
	CHECK_OK(setpriority(PRIO_PROCESS, 0, 1000));
	CHECK_EQ(syscall(SYS_getpriority, PRIO_PROCESS, 0), 1);
	CHECK_OK(setpriority(PRIO_PROCESS, 0, -1000));
	CHECK_EQ(syscall(SYS_getpriority, PRIO_PROCESS, 0), 40);
}

TEST(errors)
{
	CHECK_ERR(setpriority(3, 0, 0), EINVAL);
	CHECK_ERR(setpriority(-1, 0, 0), EINVAL);
	CHECK_ERR(setpriority(PRIO_PROCESS, 999999, 0), ESRCH);
	CHECK_ERR(setpriority(PRIO_PGRP, 999999, 0), ESRCH);
	CHECK_ERR(setpriority(PRIO_USER, 123456, 0), ESRCH);
	CHECK_ERR(syscall(SYS_getpriority, 3, 0), EINVAL);
	CHECK_ERR(syscall(SYS_getpriority, PRIO_PROCESS, 999999), ESRCH);
}

TEST(without_rights)
{
	struct rlimit none = {0, 0};
	CHECK_OK(setrlimit(RLIMIT_NICE, &none));
	pid_t other = check_sleeper();
	CHECK(is_nobody());
	CHECK_OK(setpriority(PRIO_PROCESS, 0, 5));
	CHECK_ERR(setpriority(PRIO_PROCESS, 0, 4), EACCES);
	CHECK_ERR(setpriority(PRIO_PROCESS, 0, -1), EACCES);
	CHECK_OK(setpriority(PRIO_PROCESS, 0, 5));
	CHECK_ERR(setpriority(PRIO_PROCESS, other, 19), EPERM);
	kill(other, SIGKILL);
}

TEST(limit)
{
	struct rlimit some = {22, 22};	/* down to nice -2 */
	if (setrlimit(RLIMIT_NICE, &some))	/* a host that does not let its root raise limits */
		return;
	CHECK(is_nobody());
	CHECK_OK(setpriority(PRIO_PROCESS, 0, 10));
	CHECK_OK(setpriority(PRIO_PROCESS, 0, -2));
	CHECK_ERR(setpriority(PRIO_PROCESS, 0, -3), EACCES);
}

TEST(of_a_group_and_a_user)
{
	IN_CHILD
	{
		CHECK_OK(setpgid(0, 0));
		pid_t a = check_sleeper(), b = check_sleeper();
		CHECK_OK(setpriority(PRIO_PGRP, 0, 6));
		CHECK_EQ(getpriority(PRIO_PROCESS, a), 6);
		CHECK_EQ(getpriority(PRIO_PROCESS, b), 6);
		CHECK_OK(setpriority(PRIO_PROCESS, a, 2));
		CHECK_EQ(getpriority(PRIO_PGRP, getpgrp()), 2);
		check_reap(a);
		check_reap(b);
	}
	IN_CHILD
	{
		CHECK_OK(setuid(54321));
		pid_t a = check_sleeper();
		CHECK_OK(setpriority(PRIO_USER, 54321, 8));
		CHECK_EQ(getpriority(PRIO_PROCESS, a), 8);
		CHECK_EQ(getpriority(PRIO_USER, 0), 8);
		check_reap(a);
	}
}

/* Two busy processes on one CPU: the nicer one gets clearly less of it. */
TEST(share_of_the_cpu)
{
	volatile long *work = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	CHECK_OK(sched_setaffinity(0, sizeof one, &one));
	pid_t pids[2];
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			setpriority(PRIO_PROCESS, 0, i ? 10 : 0);
			while (!work[8])
				;
			for (;;)
				work[i]++;
		}
	}
	check_sleep_ms(20);
	work[8] = 1;
	check_sleep_ms(400);
	check_reap(pids[0]);
	check_reap(pids[1]);
	CHECK(work[1] > 0);
	CHECK(work[0] > 3 * work[1]);
}

TEST(io_priority)
{
	CHECK_OK(syscall(SYS_ioprio_set, WHO_PROCESS, 0, IO(2, 3)));
	CHECK_EQ(syscall(SYS_ioprio_get, WHO_PROCESS, 0), IO(2, 3));
	IN_CHILD
	{
		CHECK_EQ(syscall(SYS_ioprio_get, WHO_PROCESS, 0), IO(2, 3));
		CHECK_OK(syscall(SYS_ioprio_set, WHO_PROCESS, 0, IO(3, 0)));
	}
	CHECK_EQ(syscall(SYS_ioprio_get, WHO_PROCESS, 0), IO(2, 3));
	/* a level has three bits: those above it are hints, which are kept */
	CHECK_OK(syscall(SYS_ioprio_set, WHO_PROCESS, 0, IO(2, 8 + 4)));
	CHECK_EQ(syscall(SYS_ioprio_get, WHO_PROCESS, 0), IO(2, 8 + 4));
	CHECK_OK(syscall(SYS_ioprio_set, WHO_PROCESS, 0, 1 << 16 | IO(2, 3)));
	CHECK_EQ(syscall(SYS_ioprio_get, WHO_PROCESS, 0), IO(2, 3));
	CHECK_ERR(syscall(SYS_ioprio_set, WHO_PROCESS, 0, IO(0, 1)), EINVAL);
	CHECK_ERR(syscall(SYS_ioprio_set, WHO_PROCESS, 0, IO(5, 0)), EINVAL);
	CHECK_ERR(syscall(SYS_ioprio_set, 9, 0, IO(2, 0)), EINVAL);
	CHECK_ERR(syscall(SYS_ioprio_set, WHO_PROCESS, 999999, IO(2, 0)), ESRCH);
	CHECK_ERR(syscall(SYS_ioprio_get, WHO_PROCESS, 999999), ESRCH);
	CHECK_ERR(syscall(SYS_ioprio_get, 0, 0), EINVAL);
	CHECK(is_nobody());
	CHECK_ERR(syscall(SYS_ioprio_set, WHO_PROCESS, 0, IO(1, 0)), EPERM);
	CHECK_OK(syscall(SYS_ioprio_set, WHO_PROCESS, 0, IO(2, 7)));
	CHECK_OK(syscall(SYS_ioprio_set, WHO_PROCESS, 0, IO(3, 0)));
}

TEST(affinity)
{
	unsigned long mask[16] = {0}, one[16] = {1}, zero[16] = {0};
	long got = CHECK_OK(syscall(SYS_sched_getaffinity, 0, sizeof mask, mask));
	CHECK(got >= 8 && got % 8 == 0);
	CHECK(mask[0] & 1);
	CHECK_OK(syscall(SYS_sched_setaffinity, 0, sizeof one, one));
	CHECK_OK(syscall(SYS_sched_getaffinity, 0, sizeof mask, mask));
	CHECK_EQ(mask[0], 1);
	IN_CHILD
	{
		CHECK_OK(syscall(SYS_sched_getaffinity, 0, sizeof mask, mask));
		CHECK_EQ(mask[0], 1);
	}
	CHECK_ERR(syscall(SYS_sched_setaffinity, 0, sizeof zero, zero), EINVAL);
	CHECK_ERR(syscall(SYS_sched_setaffinity, 0, sizeof one, 8), EFAULT);
	CHECK_ERR(syscall(SYS_sched_setaffinity, 999999, sizeof one, one), ESRCH);
	CHECK_ERR(syscall(SYS_sched_getaffinity, 0, 0, mask), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getaffinity, 0, 9, mask), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getaffinity, 999999, sizeof mask, mask), ESRCH);
	CHECK_ERR(syscall(SYS_sched_getaffinity, 0, sizeof mask, 8), EFAULT);
	pid_t other = check_sleeper();
	CHECK(is_nobody());
	CHECK_ERR(syscall(SYS_sched_setaffinity, other, sizeof one, one), EPERM);
	CHECK_OK(syscall(SYS_sched_setaffinity, 0, sizeof one, one));
	kill(other, SIGKILL);
}
