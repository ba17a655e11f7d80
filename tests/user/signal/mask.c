/* Masks and pending sets: sigprocmask(2), sigpending(2), sigsuspend(2). */
#include "check.h"

static volatile int count;

static void counts(int sig)
{
	count++;
}

static sigset_t one(int sig)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, sig);
	return set;
}

TEST(block_unblock_set)
{
	sigset_t usr1 = one(SIGUSR1), usr2 = one(SIGUSR2), now;
	CHECK_OK(sigprocmask(SIG_SETMASK, &usr1, 0));
	CHECK_OK(sigprocmask(SIG_BLOCK, &usr2, &now));
	CHECK(sigismember(&now, SIGUSR1) && !sigismember(&now, SIGUSR2));
	CHECK_OK(sigprocmask(SIG_UNBLOCK, &usr1, &now));
	CHECK(sigismember(&now, SIGUSR1) && sigismember(&now, SIGUSR2));
	CHECK_OK(sigprocmask(SIG_BLOCK, 0, &now));
	CHECK(!sigismember(&now, SIGUSR1) && sigismember(&now, SIGUSR2));
}

TEST(errors)
{
	unsigned long set = 0;
	CHECK_EQ(RAW(SYS_rt_sigprocmask, 77, &set, 0, 8), -EINVAL);
	CHECK_EQ(RAW(SYS_rt_sigprocmask, 77, 0, &set, 8), 0);
	CHECK_EQ(RAW(SYS_rt_sigprocmask, SIG_BLOCK, &set, 0, 4), -EINVAL);
	CHECK_EQ(RAW(SYS_rt_sigprocmask, SIG_BLOCK, 8, 0, 8), -EFAULT);
	CHECK_EQ(RAW(SYS_rt_sigprocmask, SIG_BLOCK, 0, 8, 8), -EFAULT);
	CHECK_EQ(RAW(SYS_rt_sigpending, 8, 8), -EFAULT);
	CHECK_EQ(RAW(SYS_rt_sigsuspend, &set, 4), -EINVAL);
	CHECK_EQ(RAW(SYS_rt_sigsuspend, 8, 8), -EFAULT);
}

TEST(kill_and_stop_cannot_be_blocked)
{
	unsigned long set = -1ul, now = 0;
	CHECK_EQ(RAW(SYS_rt_sigprocmask, SIG_SETMASK, &set, 0, 8), 0);
	CHECK_EQ(RAW(SYS_rt_sigprocmask, SIG_BLOCK, 0, &now, 8), 0);
	CHECK_EQ(now, (long)~(1ul << (SIGKILL - 1) | 1ul << (SIGSTOP - 1)));
	IN_CHILD_ENDS(KILLED(SIGKILL)) {
		raise(SIGKILL);
	}
}

TEST(pending_until_unblocked)
{
	sigset_t set = one(SIGUSR1), now;
	signal(SIGUSR1, counts);
	sigprocmask(SIG_BLOCK, &set, 0);
	for (int i = 0; i < 5; i++)
		kill(getpid(), SIGUSR1);
	CHECK_EQ(count, 0);
	CHECK_OK(sigpending(&now));
	CHECK(sigismember(&now, SIGUSR1));
	sigprocmask(SIG_UNBLOCK, &set, 0);
	CHECK_EQ(count, 1);
	sigpending(&now);
	CHECK(!sigismember(&now, SIGUSR1));
}

TEST(suspend)
{
	sigset_t usr1 = one(SIGUSR1), none, now;
	sigemptyset(&none);
	signal(SIGUSR1, counts);
	sigprocmask(SIG_BLOCK, &usr1, 0);
	raise(SIGUSR1);
	CHECK_EQ(count, 0);
	CHECK_ERR(sigsuspend(&none), EINTR);
	CHECK_EQ(count, 1);
	sigprocmask(SIG_BLOCK, 0, &now);
	CHECK(sigismember(&now, SIGUSR1));
}

TEST(suspend_waits)
{
	sigset_t none;
	pid_t self = getpid();
	sigset_t usr1 = one(SIGUSR1);
	sigemptyset(&none);
	signal(SIGUSR1, counts);
	sigprocmask(SIG_BLOCK, &usr1, 0);
	for (int i = 0; i < 10; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			if (i % 2)
				check_sleep_ms(3);
			kill(self, SIGUSR1);
			_exit(0);
		}
		CHECK_ERR(sigsuspend(&none), EINTR);
		CHECK_EQ(count, i + 1);
		CHECK_WAIT(pid, EXITED(0));
	}
}

TEST(suspend_lets_ignored_ones_pass)
{
	sigset_t none;
	pid_t self = getpid();
	sigemptyset(&none);
	signal(SIGUSR1, counts);
	signal(SIGUSR2, SIG_IGN);
	pid_t pid = fork();
	if (pid == 0) {
		kill(self, SIGUSR2);
		kill(self, SIGWINCH);
		check_sleep_ms(20);
		kill(self, SIGUSR1);
		_exit(0);
	}
	CHECK_ERR(sigsuspend(&none), EINTR);
	CHECK_EQ(count, 1);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(deadly_signal_while_suspended)
{
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, 0);
	sigdelset(&all, SIGTERM);
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			sigsuspend(&all);
	kill(pid, SIGINT);
	check_sleep_ms(10);
	CHECK_EQ(waitpid(pid, 0, WNOHANG), 0);
	kill(pid, SIGTERM);
	CHECK_WAIT(pid, KILLED(SIGTERM));
}

TEST(pause_call)
{
	struct itimerval soon = {{0, 0}, {0, 20000}};
	signal(SIGALRM, counts);
	setitimer(ITIMER_REAL, &soon, 0);
	CHECK_ERR(pause(), EINTR);
	CHECK_EQ(count, 1);
}

/* A fault whose signal is blocked or ignored kills all the same. */
TEST(blocked_fault_kills)
{
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		sigset_t set = one(SIGSEGV);
		signal(SIGSEGV, counts);
		sigprocmask(SIG_BLOCK, &set, 0);
		*(volatile int *)8 = 1;
	}
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		signal(SIGSEGV, SIG_IGN);
		*(volatile int *)8 = 1;
	}
}
