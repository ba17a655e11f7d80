/* Real-time signals queue, with values and in order; the others are kept once. sigtimedwait(2), RLIMIT_SIGPENDING. */
#include "check.h"

static sigset_t all_rt;

static void block_rt(void)
{
	sigemptyset(&all_rt);
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
		sigaddset(&all_rt, sig);
	sigaddset(&all_rt, SIGUSR1);
	sigprocmask(SIG_BLOCK, &all_rt, 0);
}

static int send(int sig, int value)
{
	return sigqueue(getpid(), sig, (union sigval){.sival_int = value});
}

static int next(int *value)
{
	siginfo_t info = {0};
	struct timespec now = {0, 0};
	int sig = sigtimedwait(&all_rt, &info, &now);
	*value = info.si_value.sival_int;
	return sig;
}

TEST(order_and_values)
{
	int value = 0;
	block_rt();
	for (int i = 0; i < 5; i++) {
		CHECK_OK(send(SIGRTMIN + 2, i));
		CHECK_OK(send(SIGRTMIN + 1, 10 + i));
	}
	for (int i = 0; i < 5; i++) {
		CHECK_EQ(next(&value), SIGRTMIN + 1);
		CHECK_EQ(value, 10 + i);
	}
	for (int i = 0; i < 5; i++) {
		CHECK_EQ(next(&value), SIGRTMIN + 2);
		CHECK_EQ(value, i);
	}
	CHECK_ERR(next(&value), EAGAIN);
}

TEST(standard_signals_are_kept_once)
{
	int value = 0;
	block_rt();
	for (int i = 0; i < 5; i++)
		CHECK_OK(send(SIGUSR1, i));
	CHECK_EQ(next(&value), SIGUSR1);
	CHECK_EQ(value, 0);
	CHECK_ERR(next(&value), EAGAIN);
}

static volatile int seen[64], seen_count;

static void notes(int sig, siginfo_t *info, void *context)
{
	seen[seen_count++ & 63] = info->si_value.sival_int;
}

TEST(delivered_to_a_handler_in_order)
{
	struct sigaction act = {.sa_sigaction = notes, .sa_flags = SA_SIGINFO};
	sigaction(SIGRTMIN + 3, &act, 0);
	block_rt();
	for (int i = 0; i < 20; i++)
		CHECK_OK(send(SIGRTMIN + 3, i));
	sigprocmask(SIG_UNBLOCK, &all_rt, 0);
	CHECK_EQ(seen_count, 20);
	for (int i = 0; i < 20; i++)
		CHECK_EQ(seen[i], i);
}

TEST(queue_limit)
{
	block_rt();
	IN_CHILD {
		CHECK_OK(setrlimit(RLIMIT_SIGPENDING, &(struct rlimit){10, 10}));
		CHECK_OK(setuid(4321));
		for (int i = 0; i < 10; i++)
			CHECK_OK(send(SIGRTMIN, i));
		CHECK_ERR(send(SIGRTMIN, 10), EAGAIN);
		/* kill() of a standard signal always gets through. */
		CHECK_OK(kill(getpid(), SIGUSR1));
		int value;
		CHECK_EQ(next(&value), SIGUSR1);
		CHECK_EQ(next(&value), SIGRTMIN);
		CHECK_OK(send(SIGRTMIN, 10));
	}
}

TEST(timedwait)
{
	sigset_t set;
	siginfo_t info;
	block_rt();
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	struct timespec limit = {0, 50000000};
	long begin = check_now_ms();
	CHECK_ERR(sigtimedwait(&set, &info, &limit), EAGAIN);
	CHECK(check_now_ms() - begin >= 50);
	/* Others are left alone. */
	CHECK_OK(send(SIGRTMIN, 1));
	CHECK_ERR(sigtimedwait(&set, &info, &limit), EAGAIN);
	pid_t self = getpid(), pid = fork();
	if (pid == 0) {
		check_sleep_ms(20);
		kill(self, SIGUSR1);
		_exit(0);
	}
	limit.tv_sec = 5;
	CHECK_EQ(sigtimedwait(&set, &info, &limit), SIGUSR1);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(info.si_code, SI_USER);
	CHECK_WAIT(pid, EXITED(0));
	limit.tv_nsec = 1000000000;
	CHECK_ERR(sigtimedwait(&set, &info, &limit), EINVAL);
	CHECK_EQ(RAW(SYS_rt_sigtimedwait, &set, &info, 0, 4), -EINVAL);
	CHECK_EQ(RAW(SYS_rt_sigtimedwait, 8, &info, 0, 8), -EFAULT);
}

TEST(sigwait_takes_ignored_ones)
{
	/* A signal whose default is to be ignored is kept while it is blocked. */
	sigset_t set;
	int sig = 0;
	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, 0);
	raise(SIGWINCH);
	CHECK_EQ(sigwait(&set, &sig), 0);
	CHECK_EQ(sig, SIGWINCH);
}

TEST(rt_sigqueueinfo)
{
	siginfo_t info = {0};
	int value;
	block_rt();
	info.si_code = SI_QUEUE;
	info.si_value.sival_int = 5;
	CHECK_EQ(RAW(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN, &info), 0);
	CHECK_EQ(next(&value), SIGRTMIN);
	CHECK_EQ(value, 5);
	/* To others one may not pose as the kernel or as kill(). */
	pid_t pid = check_sleeper();
	info.si_code = SI_USER;
	CHECK_EQ(RAW(SYS_rt_sigqueueinfo, pid, SIGRTMIN, &info), -EPERM);
	info.si_code = SI_TKILL;
	CHECK_EQ(RAW(SYS_rt_sigqueueinfo, pid, SIGRTMIN, &info), -EPERM);
	info.si_code = SI_QUEUE;
	CHECK_EQ(RAW(SYS_rt_sigqueueinfo, pid, 65, &info), -EINVAL);
	CHECK_EQ(RAW(SYS_rt_sigqueueinfo, pid, 0, &info), 0);
	CHECK_EQ(RAW(SYS_rt_sigqueueinfo, pid, SIGRTMIN, 8), -EFAULT);
	check_reap(pid);
	CHECK_EQ(RAW(SYS_rt_sigqueueinfo, pid, SIGRTMIN, &info), -ESRCH);
}

TEST(queue_is_not_inherited)
{
	int value;
	block_rt();
	CHECK_OK(send(SIGRTMIN, 1));
	IN_CHILD {
		CHECK_ERR(next(&value), EAGAIN);
	}
	CHECK_EQ(next(&value), SIGRTMIN);
}

/* Of a siginfo the first 48 bytes mean something; what is behind them is not passed on, and refused where the code is unknown. */
TEST(bytes_behind_a_siginfo)
{
	struct timespec now = {0, 0};
	siginfo_t info = {0};
	char *tail = (char *)&info + 100;
	block_rt();
	info.si_code = SI_QUEUE;
	info.si_value.sival_int = 5;
	*tail = 1;
	CHECK_EQ(RAW(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN, &info), 0);
	memset(&info, 0xff, sizeof(info));
	CHECK_EQ(sigtimedwait(&all_rt, &info, &now), SIGRTMIN);
	CHECK_EQ(info.si_value.sival_int, 5);
	CHECK_EQ(*tail, 0);
	info.si_code = -30;
	CHECK_EQ(RAW(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN, &info), 0);
	*tail = 1;
	CHECK_EQ(RAW(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN, &info), -E2BIG);
	info.si_code = 999;
	CHECK_EQ(RAW(SYS_rt_sigqueueinfo, getpid(), SIGSEGV, &info), -E2BIG);
	CHECK_EQ(sigtimedwait(&all_rt, &info, &now), SIGRTMIN);
	CHECK_ERR(sigtimedwait(&all_rt, &info, &now), EAGAIN);
}
