/* sched_setscheduler and its kin: policies, priorities, who may, what a child inherits. */
#include "check.h"
#include "sched_attr.h"
#include <sched.h>
#include <sys/prctl.h>

#ifndef SCHED_RESET_ON_FORK
#define SCHED_RESET_ON_FORK 0x40000000
#endif
#define NOBODY 65534

static long set(pid_t pid, int policy, int priority)
{
	struct sched_param p = {.sched_priority = priority};
	return syscall(SYS_sched_setscheduler, pid, policy, &p);
}
static long get(pid_t pid) { return syscall(SYS_sched_getscheduler, pid); }
static long priority_of(pid_t pid)
{
	struct sched_param p = {.sched_priority = -1};
	long got = syscall(SYS_sched_getparam, pid, &p);
	return got < 0 ? got : p.sched_priority;
}

static bool is_nobody(void)
{
	return !setgid(NOBODY) && !setuid(NOBODY);
}

TEST(set_and_get)
{
	static const struct { int policy, priority; } kinds[] = {
		{SCHED_OTHER, 0}, {SCHED_FIFO, 1}, {SCHED_FIFO, 99}, {SCHED_RR, 50}, {SCHED_BATCH, 0}, {SCHED_IDLE, 0}};
	for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		CHECK_OK(set(0, kinds[i].policy, kinds[i].priority));
		CHECK_EQ(get(0), kinds[i].policy);
		CHECK_EQ(get(getpid()), kinds[i].policy);
		CHECK_EQ(priority_of(0), kinds[i].priority);
	}
}

TEST(errors)
{
	struct sched_param p = {0};
	pid_t gone = fork();
	if (gone == 0)
		_exit(0);
	waitpid(gone, 0, 0);
	CHECK_ERR(set(gone, SCHED_OTHER, 0), ESRCH);
	CHECK_ERR(get(gone), ESRCH);
	CHECK_ERR(get(-1), EINVAL);
	CHECK_ERR(set(-1, SCHED_OTHER, 0), EINVAL);
	CHECK_ERR(set(0, -1, 0), EINVAL);
	CHECK_ERR(set(0, 77, 0), EINVAL);
	CHECK_ERR(set(0, SCHED_OTHER, 1), EINVAL);
	CHECK_ERR(set(0, SCHED_FIFO, 0), EINVAL);
	CHECK_ERR(set(0, SCHED_FIFO, 100), EINVAL);
	CHECK_ERR(set(0, SCHED_RR, -1), EINVAL);
	CHECK_ERR(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, 8), EFAULT);
	CHECK_ERR(syscall(SYS_sched_getparam, 0, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getparam, -1, &p), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getparam, 0, 8), EFAULT);
	CHECK_ERR(syscall(SYS_sched_setparam, 0, NULL), EINVAL);
	p.sched_priority = 3;
	CHECK_ERR(syscall(SYS_sched_setparam, 0, &p), EINVAL);
}

TEST(bounds)
{
	CHECK_EQ(syscall(SYS_sched_get_priority_max, SCHED_FIFO), 99);
	CHECK_EQ(syscall(SYS_sched_get_priority_min, SCHED_FIFO), 1);
	CHECK_EQ(syscall(SYS_sched_get_priority_max, SCHED_RR), 99);
	CHECK_EQ(syscall(SYS_sched_get_priority_max, SCHED_OTHER), 0);
	CHECK_EQ(syscall(SYS_sched_get_priority_min, SCHED_BATCH), 0);
	CHECK_EQ(syscall(SYS_sched_get_priority_max, SCHED_IDLE), 0);
	CHECK_ERR(syscall(SYS_sched_get_priority_max, 42), EINVAL);
	CHECK_ERR(syscall(SYS_sched_get_priority_min, -1), EINVAL);
}

TEST(rr_interval)
{
	struct timespec ts = {-1, -1};
	CHECK_ERR(syscall(SYS_sched_rr_get_interval, -1, &ts), EINVAL);
	CHECK_OK(set(0, SCHED_FIFO, 5));
	CHECK_OK(syscall(SYS_sched_rr_get_interval, 0, &ts));
	CHECK(ts.tv_sec == 0 && ts.tv_nsec == 0);
	CHECK_OK(set(0, SCHED_RR, 5));
	CHECK_OK(syscall(SYS_sched_rr_get_interval, 0, &ts));
	CHECK(ts.tv_sec == 0 && ts.tv_nsec > 0);
	CHECK_ERR(syscall(SYS_sched_rr_get_interval, 0, 8), EFAULT);
}

TEST(param_alone)
{
	struct sched_param p = {.sched_priority = 20};
	CHECK_OK(set(0, SCHED_RR | SCHED_RESET_ON_FORK, 10));
	CHECK_OK(syscall(SYS_sched_setparam, 0, &p));
	CHECK_EQ(get(0), SCHED_RR | SCHED_RESET_ON_FORK);
	CHECK_EQ(priority_of(0), 20);
}

TEST(inherited)
{
	CHECK_OK(set(0, SCHED_FIFO, 7));
	IN_CHILD
	{
		CHECK_EQ(get(0), SCHED_FIFO);
		CHECK_EQ(priority_of(0), 7);
	}
	CHECK_OK(set(0, SCHED_BATCH, 0));
	CHECK_OK(setpriority(PRIO_PROCESS, 0, 5));
	IN_CHILD
	{
		CHECK_EQ(get(0), SCHED_BATCH);
		CHECK_EQ(getpriority(PRIO_PROCESS, 0), 5);
	}
}

TEST(reset_on_fork)
{
	CHECK_OK(set(0, SCHED_FIFO | SCHED_RESET_ON_FORK, 7));
	CHECK_EQ(get(0), SCHED_FIFO | SCHED_RESET_ON_FORK);
	IN_CHILD
	{
		CHECK_EQ(get(0), SCHED_OTHER);
		CHECK_EQ(getpriority(PRIO_PROCESS, 0), 0);
	}
	CHECK_OK(set(0, SCHED_OTHER | SCHED_RESET_ON_FORK, 0));
	CHECK_OK(setpriority(PRIO_PROCESS, 0, -5));
	IN_CHILD
	{
		CHECK_EQ(get(0), SCHED_OTHER);
		CHECK_EQ(getpriority(PRIO_PROCESS, 0), 0);
	}
}

TEST(without_rights)
{
	struct rlimit none = {0, 0};
	CHECK_OK(setrlimit(RLIMIT_RTPRIO, &none));
	CHECK_OK(setrlimit(RLIMIT_NICE, &none));
	pid_t other = check_sleeper();
	CHECK(is_nobody());
	CHECK_ERR(set(0, SCHED_FIFO, 1), EPERM);
	CHECK_ERR(set(0, SCHED_RR, 1), EPERM);
	CHECK_OK(set(0, SCHED_BATCH, 0));
	CHECK_OK(set(0, SCHED_OTHER, 0));
	CHECK_ERR(set(other, SCHED_BATCH, 0), EPERM);
	CHECK_OK(get(other));
	CHECK_OK(set(0, SCHED_IDLE, 0));
	CHECK_ERR(set(0, SCHED_OTHER, 0), EPERM);
	CHECK_OK(set(0, SCHED_IDLE | SCHED_RESET_ON_FORK, 0));
	CHECK_ERR(set(0, SCHED_IDLE, 0), EPERM);
	kill(other, SIGKILL);
}

TEST(real_time_limit)
{
	struct rlimit ten = {10, 10};
	if (setrlimit(RLIMIT_RTPRIO, &ten))	/* a host that does not let its root raise limits */
		return;
	CHECK(is_nobody());
	CHECK_OK(set(0, SCHED_FIFO, 10));
	CHECK_ERR(set(0, SCHED_FIFO, 11), EPERM);
	CHECK_OK(set(0, SCHED_RR, 3));
	CHECK_OK(set(0, SCHED_RR, 9));
	CHECK_OK(set(0, SCHED_OTHER, 0));
}

TEST(attr_get)
{
	struct attr a;
	memset(&a, 0xff, sizeof a);
	CHECK_OK(set(0, SCHED_RR | SCHED_RESET_ON_FORK, 33));
	CHECK_OK(syscall(SYS_sched_getattr, 0, &a, sizeof a, 0));
	CHECK(a.size >= 48 && a.size <= sizeof a);
	CHECK_EQ(a.policy, SCHED_RR);
	CHECK_EQ(a.flags & 1, 1);
	CHECK_EQ(a.priority, 33);
	CHECK_OK(set(0, SCHED_OTHER, 0));
	CHECK_OK(setpriority(PRIO_PROCESS, 0, 3));
	CHECK_OK(syscall(SYS_sched_getattr, 0, &a, 48, 0));
	CHECK_EQ(a.size, 48);
	CHECK_EQ(a.nice, 3);
	CHECK_EQ(a.priority, 0);
	CHECK_ERR(syscall(SYS_sched_getattr, 0, &a, 47, 0), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getattr, 0, &a, 5000, 0), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getattr, 0, &a, sizeof a, 1), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getattr, 0, NULL, sizeof a, 0), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getattr, -1, &a, sizeof a, 0), EINVAL);
}

TEST(attr_set)
{
	struct attr a = {.size = 48, .policy = SCHED_OTHER, .nice = 7};
	CHECK_OK(syscall(SYS_sched_setattr, 0, &a, 0));
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 7);
	a = (struct attr){.size = 48, .policy = SCHED_FIFO, .priority = 12, .flags = 1};
	CHECK_OK(syscall(SYS_sched_setattr, 0, &a, 0));
	CHECK_EQ(get(0), SCHED_FIFO | SCHED_RESET_ON_FORK);
	CHECK_EQ(priority_of(0), 12);
	a = (struct attr){.size = 0, .policy = SCHED_BATCH, .nice = -3};
	CHECK_OK(syscall(SYS_sched_setattr, 0, &a, 0));
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), -3);
	/* SCHED_IDLE has no use for a nice value, and leaves it as it was. */
	a = (struct attr){.size = 48, .policy = SCHED_IDLE, .nice = 11};
	CHECK_OK(syscall(SYS_sched_setattr, 0, &a, 0));
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), -3);
	/* Parameters to keep are those that the task uses: the priority is still looked at. */
	a = (struct attr){.size = 48, .flags = 0x18, .nice = 5, .priority = 3};
	CHECK_ERR(syscall(SYS_sched_setattr, 0, &a, 0), EINVAL);
	a.priority = 0;
	CHECK_OK(syscall(SYS_sched_setattr, 0, &a, 0));
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), -3);
	a = (struct attr){.size = 48, .policy = SCHED_FIFO};
	CHECK_ERR(syscall(SYS_sched_setattr, 0, &a, 0), EINVAL);
	a = (struct attr){.size = 48, .policy = SCHED_OTHER, .flags = 1ul << 40};
	CHECK_ERR(syscall(SYS_sched_setattr, 0, &a, 0), EINVAL);
	a = (struct attr){.size = 20, .policy = SCHED_OTHER};
	CHECK_ERR(syscall(SYS_sched_setattr, 0, &a, 0), E2BIG);
	CHECK(a.size >= 48);
	struct { struct attr a; char tail[8]; } big = {.a = {.size = sizeof big, .policy = SCHED_OTHER}, .tail = {1}};
	CHECK_ERR(syscall(SYS_sched_setattr, 0, &big, 0), E2BIG);
	CHECK_ERR(syscall(SYS_sched_setattr, 0, NULL, 0), EINVAL);
	CHECK_ERR(syscall(SYS_sched_setattr, 0, &a, 1), EINVAL);
}

/* With SCHED_FLAG_KEEP_PARAMS the policy stays too, whatever is asked for. */
TEST(attr_keep_params)
{
	int nice = getpriority(PRIO_PROCESS, 0);
	struct attr a = {.size = 48, .policy = SCHED_FIFO, .priority = 13, .flags = 0x10 | 1};
	CHECK_OK(syscall(SYS_sched_setattr, 0, &a, 0));
	CHECK_EQ(get(0), SCHED_OTHER | SCHED_RESET_ON_FORK);
	a = (struct attr){.size = 48, .policy = SCHED_BATCH, .nice = 4, .flags = 0x10};
	CHECK_OK(syscall(SYS_sched_setattr, 0, &a, 0));
	CHECK_EQ(get(0), SCHED_OTHER);
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), nice);
}

/* A real-time task's timers are exact: it has no slack, and its children's default is none. */
TEST(no_slack_in_real_time)
{
	struct sched_param p = {.sched_priority = 5};
	CHECK_EQ(prctl(PR_GET_TIMERSLACK), 50000);
	CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &p));
	CHECK_EQ(prctl(PR_GET_TIMERSLACK), 0);
	CHECK_OK(prctl(PR_SET_TIMERSLACK, 77000));
	CHECK_EQ(prctl(PR_GET_TIMERSLACK), 0);
	p.sched_priority = 0;
	IN_CHILD {
		CHECK_EQ(prctl(PR_GET_TIMERSLACK), 0);
		CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &p));
		CHECK_EQ(prctl(PR_GET_TIMERSLACK), 0);
	}
	CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &p));
	CHECK_EQ(prctl(PR_GET_TIMERSLACK), 50000);
}

/* A real-time task that does not sleep keeps an ordinary one from the CPU that both are bound to. */
TEST(real_time_goes_first)
{
	volatile int *ran = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	CHECK_OK(sched_setaffinity(0, sizeof one, &one));
	CHECK_OK(set(0, SCHED_FIFO, 10));
	pid_t pid = fork();
	if (pid == 0) {
		set(0, SCHED_OTHER, 0);
		*ran = 1;
		_exit(0);
	}
	CHECK_EQ(*ran, 0);
	for (long end = check_now_ms() + 30; check_now_ms() < end;)
		CHECK_EQ(*ran, 0);
	CHECK_WAIT(pid, EXITED(0));
	CHECK_EQ(*ran, 1);
}

TEST(yield)
{
	CHECK_OK(sched_yield());
}

/* A busy real-time task leaves the others a little of each second. */
TEST(others_are_not_locked_out)
{
	char text[40];
	check_slurp("/proc/sys/kernel/sched_rt_runtime_us", text, sizeof text);
	if (atol(text) < 0 || atol(text) > 960000)
		return;
	volatile int *ran = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	CHECK_OK(sched_setaffinity(0, sizeof one, &one));
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			(*ran)++;
	CHECK_OK(set(0, SCHED_FIFO, 10));
	int seen = *ran;
	for (long end = check_now_ms() + 3000; *ran == seen && check_now_ms() < end;)
		;
	CHECK(*ran != seen);
	CHECK_OK(set(0, SCHED_OTHER, 0));
	check_reap(pid);
}

TEST(real_time_run_limit)
{
	pid_t pid = fork();
	if (pid == 0) {
		struct rlimit l = {50000, 50000};
		setrlimit(RLIMIT_RTTIME, &l);
		set(0, SCHED_FIFO, 1);
		for (;;)
			;
	}
	CHECK_WAIT(pid, KILLED(SIGKILL));
	pid = fork();
	if (pid == 0) {
		struct rlimit l = {50000, 5000000};
		setrlimit(RLIMIT_RTTIME, &l);
		set(0, SCHED_FIFO, 1);
		for (;;)
			;
	}
	CHECK_WAIT(pid, KILLED(SIGXCPU));
}
