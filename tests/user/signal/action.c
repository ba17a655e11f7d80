/* sigaction(2): flags, masks, what the handler is told. */
#include "check.h"
#include <sched.h>

static volatile int count, depth, deepest;
static siginfo_t last;

static void counts(int sig)
{
	count += sig;
}

static void keeps(int sig, siginfo_t *info, void *context)
{
	count++;
	last = *info;
}

TEST(get_and_set)
{
	struct sigaction act = {.sa_handler = counts, .sa_flags = SA_RESTART | SA_NODEFER}, old;
	sigemptyset(&act.sa_mask);
	sigaddset(&act.sa_mask, SIGUSR2);
	CHECK_OK(sigaction(SIGUSR1, &act, &old));
	CHECK(old.sa_handler == SIG_DFL);
	CHECK_OK(sigaction(SIGUSR1, 0, &old));
	CHECK(old.sa_handler == counts);
	CHECK_EQ(old.sa_flags & (SA_RESTART | SA_NODEFER | SA_RESETHAND), SA_RESTART | SA_NODEFER);
	CHECK(sigismember(&old.sa_mask, SIGUSR2));
	CHECK(!sigismember(&old.sa_mask, SIGUSR1));
	raise(SIGUSR1);
	CHECK_EQ(count, SIGUSR1);
}

TEST(errors)
{
	struct sigaction act = {.sa_handler = counts};
	struct {
		void *handler;
		unsigned long flags, restorer, mask;
	} raw = {0};
	CHECK_ERR(sigaction(SIGKILL, &act, 0), EINVAL);
	CHECK_ERR(sigaction(SIGSTOP, &act, 0), EINVAL);
	CHECK_EQ(RAW(SYS_rt_sigaction, SIGKILL, 0, &raw, 8), 0);
	CHECK_EQ(RAW(SYS_rt_sigaction, 0, 0, &raw, 8), -EINVAL);
	CHECK_EQ(RAW(SYS_rt_sigaction, 65, 0, &raw, 8), -EINVAL);
	CHECK_EQ(RAW(SYS_rt_sigaction, -1, 0, &raw, 8), -EINVAL);
	CHECK_EQ(RAW(SYS_rt_sigaction, SIGUSR1, 0, &raw, 4), -EINVAL);
	CHECK_EQ(RAW(SYS_rt_sigaction, SIGUSR1, 0, &raw, 16), -EINVAL);
	CHECK_EQ(RAW(SYS_rt_sigaction, SIGUSR1, 8, 0, 8), -EFAULT);
	CHECK_EQ(RAW(SYS_rt_sigaction, SIGUSR1, 0, 8, 8), -EFAULT);
}

struct raw_action { void *handler; unsigned long flags, restorer, mask; };

TEST(what_is_not_asked_and_what_cannot_be_told)
{
	struct raw_action a = {.handler = counts, .flags = SA_RESTART}, now;
	char *pages = mmap(0, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK_OK(munmap(pages + 4096, 4096));
	CHECK_EQ(RAW(SYS_rt_sigaction, SIGUSR1, 0, 0, 8), 0);
	CHECK_EQ(RAW(SYS_rt_sigaction, 65, 0, 0, 8), -EINVAL);
	CHECK_EQ(RAW(SYS_rt_sigaction, SIGKILL, &a, 0, 8), -EINVAL);
	CHECK_EQ(RAW(SYS_rt_sigaction, SIGKILL, 8, 0, 8), -EFAULT);
	CHECK_EQ(RAW(SYS_rt_sigaction, SIGUSR1, pages + 4096 - 24, 0, 8), -EFAULT);
	CHECK_EQ(RAW(SYS_rt_sigaction, SIGUSR1, 0, pages + 4096 - 24, 8), -EFAULT);
	CHECK_EQ(RAW(SYS_rt_sigaction, SIGUSR1, -8L, 0, 8), -EFAULT);
	CHECK_EQ(RAW(SYS_rt_sigaction, SIGUSR1, 0, -8L, 8), -EFAULT);
	/* The new action is set although the old one cannot be told. */
	CHECK_EQ(RAW(SYS_rt_sigaction, SIGUSR1, &a, 8, 8), -EFAULT);
	CHECK_EQ(RAW(SYS_rt_sigaction, SIGUSR1, 0, &now, 8), 0);
	CHECK(now.handler == (void *)counts);
	/* One place for both. */
	a.handler = SIG_IGN;
	CHECK_EQ(RAW(SYS_rt_sigaction, SIGUSR1, &a, &a, 8), 0);
	CHECK(a.handler == (void *)counts && (a.flags & SA_RESTART));
}

/* All 64, as posix_spawn's child does it; what a child sets is its own. */
TEST(every_signal_ignored_and_back)
{
	struct raw_action a = {.handler = SIG_IGN}, now;

	for (int round = 0; round < 2; round++) {
		for (int sig = 1; sig <= 64; sig++) {
			if (sig == SIGKILL || sig == SIGSTOP || sig == SIGCHLD)	/* SIGCHLD: the child is waited for */
				continue;
			a.handler = round ? SIG_DFL : SIG_IGN;
			a.mask = -1UL;
			CHECK_EQ(RAW(SYS_rt_sigaction, sig, &a, 0, 8), 0);
			CHECK_EQ(RAW(SYS_rt_sigaction, sig, 0, &now, 8), 0);
			CHECK(now.handler == a.handler);
			CHECK_EQ(now.mask, ~(1UL << (SIGKILL - 1) | 1UL << (SIGSTOP - 1)));
		}
		IN_CHILD {
			CHECK_EQ(RAW(SYS_rt_sigaction, SIGUSR1, 0, &now, 8), 0);
			CHECK(now.handler == a.handler);
			now.handler = counts;
			CHECK_EQ(RAW(SYS_rt_sigaction, SIGUSR1, &now, 0, 8), 0);
		}
		CHECK_EQ(RAW(SYS_rt_sigaction, SIGUSR1, 0, &now, 8), 0);
		CHECK(now.handler == a.handler);
	}
	raise(SIGCHLD);
	raise(SIGWINCH);
}

/* Who shares the table by CLONE_SIGHAND sees what the other has set. */
static int shares_the_table(void *arg)
{
	struct sigaction act = {.sa_handler = SIG_IGN}, now;

	sigaction(SIGUSR2, 0, &now);
	return now.sa_handler != counts || sigaction(SIGUSR1, &act, 0);
}

TEST(a_shared_table)
{
	static char stack[65536] __attribute__((aligned(16)));
	struct sigaction act = {.sa_handler = counts}, now;
	int status;

	CHECK_OK(sigaction(SIGUSR2, &act, 0));
	int pid = clone(shares_the_table, stack + sizeof(stack), CLONE_VM | CLONE_SIGHAND | SIGCHLD, 0);
	CHECK(pid > 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_OK(sigaction(SIGUSR1, 0, &now));
	CHECK(now.sa_handler == SIG_IGN);
}

TEST(kill_and_stop_leave_the_mask)
{
	struct sigaction act = {.sa_handler = counts}, old;
	sigfillset(&act.sa_mask);
	CHECK_OK(sigaction(SIGUSR1, &act, 0));
	sigaction(SIGUSR1, 0, &old);
	CHECK(!sigismember(&old.sa_mask, SIGKILL));
	CHECK(!sigismember(&old.sa_mask, SIGSTOP));
	CHECK(sigismember(&old.sa_mask, SIGTERM));
}

static void nests(int sig)
{
	if (++depth > deepest)
		deepest = depth;
	if (++count < 3)
		raise(sig);
	depth--;
}

TEST(the_signal_itself_is_blocked_meanwhile)
{
	struct sigaction act = {.sa_handler = nests};
	sigaction(SIGUSR1, &act, 0);
	raise(SIGUSR1);
	CHECK_EQ(count, 3);
	CHECK_EQ(deepest, 1);
}

TEST(nodefer)
{
	struct sigaction act = {.sa_handler = nests, .sa_flags = SA_NODEFER};
	sigaction(SIGUSR1, &act, 0);
	raise(SIGUSR1);
	CHECK_EQ(count, 3);
	CHECK_EQ(deepest, 3);
}

TEST(resethand)
{
	struct sigaction act = {.sa_handler = counts, .sa_flags = SA_RESETHAND}, now;
	sigaction(SIGUSR1, &act, 0);
	IN_CHILD_ENDS(KILLED(SIGUSR1)) {
		raise(SIGUSR1);
		CHECK_EQ(count, SIGUSR1);
		sigaction(SIGUSR1, 0, &now);
		CHECK(now.sa_handler == SIG_DFL);
		raise(SIGUSR1);
	}
}

static sigset_t inside;

static void looks_at_mask(int sig)
{
	sigprocmask(SIG_BLOCK, 0, &inside);
}

TEST(mask_while_the_handler_runs)
{
	struct sigaction act = {.sa_handler = looks_at_mask};
	sigset_t set;
	sigemptyset(&act.sa_mask);
	sigaddset(&act.sa_mask, SIGHUP);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_SETMASK, &set, 0);
	sigaction(SIGUSR1, &act, 0);
	raise(SIGUSR1);
	CHECK(sigismember(&inside, SIGHUP));
	CHECK(sigismember(&inside, SIGUSR1));
	CHECK(sigismember(&inside, SIGALRM));
	CHECK(!sigismember(&inside, SIGTERM));
	sigprocmask(SIG_BLOCK, 0, &set);
	CHECK(sigismember(&set, SIGALRM));
	CHECK(!sigismember(&set, SIGHUP));
	CHECK(!sigismember(&set, SIGUSR1));
	act.sa_flags = SA_NODEFER;
	sigaction(SIGUSR1, &act, 0);
	raise(SIGUSR1);
	CHECK(sigismember(&inside, SIGHUP));
	CHECK(!sigismember(&inside, SIGUSR1));
}

static void watch(int sig)
{
	struct sigaction act = {.sa_sigaction = keeps, .sa_flags = SA_SIGINFO};
	sigaction(sig, &act, 0);
}

TEST(info_of_kill)
{
	watch(SIGUSR1);
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_EQ(last.si_signo, SIGUSR1);
	CHECK_EQ(last.si_code, SI_USER);
	CHECK_EQ(last.si_errno, 0);
	CHECK_EQ(last.si_pid, getpid());
	CHECK_EQ(last.si_uid, getuid());
}

TEST(info_of_tgkill)
{
	watch(SIGUSR1);
	CHECK_EQ(RAW(SYS_tgkill, getpid(), RAW(SYS_gettid), SIGUSR1), 0);
	CHECK_EQ(last.si_code, SI_TKILL);
	CHECK_EQ(last.si_pid, getpid());
}

TEST(info_of_sigqueue)
{
	watch(SIGUSR1);
	CHECK_OK(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 4711}));
	CHECK_EQ(last.si_code, SI_QUEUE);
	CHECK_EQ(last.si_value.sival_int, 4711);
	CHECK_EQ(last.si_pid, getpid());
	CHECK_EQ(last.si_uid, getuid());
}

TEST(info_of_another_process)
{
	pid_t self = getpid();
	watch(SIGUSR1);
	IN_CHILD {
		CHECK_OK(setuid(0));
		CHECK_OK(setresuid(55, 0, 0));
		CHECK_OK(kill(self, SIGUSR1));
	}
	CHECK_SOON(count);
	CHECK(last.si_pid != self && last.si_pid > 0);
	CHECK_EQ(last.si_uid, 55);
}

TEST(info_of_the_alarm)
{
	struct itimerval soon = {{0, 0}, {0, 10000}};
	watch(SIGALRM);
	setitimer(ITIMER_REAL, &soon, 0);
	CHECK_SOON(count);
	CHECK_EQ(last.si_code, SI_KERNEL);
}

TEST(default_actions)
{
	static const int deadly[] = {SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGUSR1, SIGSEGV,
				     SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGSTKFLT, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO,
				     SIGPWR, SIGSYS, 34, 64};
	static const int harmless[] = {SIGCHLD, SIGURG, SIGWINCH, SIGCONT};
	for (unsigned i = 0; i < sizeof deadly / sizeof *deadly; i++) {
		pid_t pid = check_sleeper();
		CHECK_OK(kill(pid, deadly[i]));
		CHECK_WAIT(pid, KILLED(deadly[i]));
	}
	pid_t pid = check_sleeper();
	for (unsigned i = 0; i < sizeof harmless / sizeof *harmless; i++)
		CHECK_OK(kill(pid, harmless[i]));
	check_sleep_ms(5);
	CHECK_EQ(waitpid(pid, 0, WNOHANG), 0);
	check_reap(pid);
}

TEST(ignored)
{
	signal(SIGUSR1, SIG_IGN);
	raise(SIGUSR1);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, 0);
	/* Blocked and ignored: it is kept, for the action may change. */
	raise(SIGUSR1);
	sigpending(&set);
	CHECK(sigismember(&set, SIGUSR1));
	/* Setting it to be ignored drops what is pending. */
	signal(SIGUSR1, SIG_IGN);
	sigpending(&set);
	CHECK(!sigismember(&set, SIGUSR1));
}

static volatile int order[8], order_at;

static void notes(int sig)
{
	order[order_at++ & 7] = sig;
}

TEST(lowest_number_first)
{
	sigset_t set;
	struct sigaction act = {.sa_handler = notes};
	sigfillset(&act.sa_mask);
	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, 0);
	const int signals[] = {SIGTERM, SIGHUP, SIGRTMIN + 4, SIGUSR1};
	for (int i = 0; i < 4; i++) {
		sigaction(signals[i], &act, 0);
		raise(signals[i]);
	}
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, 0);
	CHECK_EQ(order_at, 4);
	CHECK_EQ(order[0], SIGHUP);
	CHECK_EQ(order[1], SIGUSR1);
	CHECK_EQ(order[2], SIGTERM);
	CHECK_EQ(order[3], SIGRTMIN + 4);
}
