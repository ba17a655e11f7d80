/* A signal that a thread sends itself: its handler runs before the call returns, with everything a queued one would have. */
#include "check.h"
#include <pthread.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <poll.h>
#include <ucontext.h>

static volatile int count, got[16];
static siginfo_t last;
static volatile unsigned long result_inside, blocked_inside;

static void notes(int sig, siginfo_t *info, void *context)
{
	ucontext_t *c = context;
	sigset_t now;
	last = *info;
	got[count++ & 15] = sig;
	result_inside = (unsigned long)c->uc_mcontext.gregs[REG_RAX];
	sigprocmask(SIG_BLOCK, 0, &now);
	blocked_inside = 0;
	for (int i = 1; i < 64; i++)
		if (sigismember(&now, i) == 1)
			blocked_inside |= 1ul << (i - 1);
}

static void handle(int sig, int flags)
{
	struct sigaction act = {.sa_sigaction = notes, .sa_flags = SA_SIGINFO | flags};
	sigaddset(&act.sa_mask, SIGHUP);
	NEED_OK(sigaction(sig, &act, 0));
}

#define BIT_OF(sig) (1ul << ((sig) - 1))

TEST(what_the_handler_sees)
{
	handle(SIGUSR1, 0);
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_EQ(count, 1);
	CHECK_EQ(last.si_signo, SIGUSR1);
	CHECK_EQ(last.si_code, SI_USER);
	CHECK_EQ(last.si_pid, getpid());
	CHECK_EQ(last.si_uid, getuid());
	CHECK_EQ(result_inside, 0);
	CHECK_EQ(blocked_inside, BIT_OF(SIGUSR1) | BIT_OF(SIGHUP));
	CHECK_EQ(RAW(SYS_tgkill, getpid(), gettid(), SIGUSR1), 0);
	CHECK_EQ(last.si_code, SI_TKILL);
	siginfo_t info = {.si_code = -77, .si_value.sival_int = 5};
	CHECK_EQ(RAW(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &info), 0);
	CHECK_EQ(last.si_code, -77);
	CHECK_EQ(last.si_signo, SIGUSR1);
	CHECK_EQ(last.si_value.sival_int, 5);
	CHECK_EQ(count, 3);
}

TEST(flags)
{
	handle(SIGUSR1, SA_NODEFER);
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_EQ(blocked_inside, BIT_OF(SIGHUP));
	handle(SIGUSR2, (int)SA_RESETHAND);
	CHECK_OK(kill(getpid(), SIGUSR2));
	struct sigaction now;
	sigaction(SIGUSR2, 0, &now);
	CHECK(now.sa_handler == SIG_DFL);
	CHECK_EQ(count, 2);
	IN_CHILD_ENDS(KILLED(SIGUSR2)) {
		kill(getpid(), SIGUSR2);
	}
}

TEST(default_and_ignored)
{
	signal(SIGUSR1, SIG_IGN);
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_OK(kill(getpid(), SIGCHLD));
	IN_CHILD_ENDS(KILLED(SIGTERM)) {
		kill(getpid(), SIGTERM);
	}
}

/* What waits and is not blocked goes by number; what is blocked stays where it is. */
TEST(beside_others)
{
	sigset_t set = check_signals(SIGUSR2, SIGUSR1), usr2 = check_signals(SIGUSR2, 0), now;
	handle(SIGUSR1, 0);
	handle(SIGUSR2, 0);
	sigprocmask(SIG_BLOCK, &usr2, 0);
	CHECK_OK(kill(getpid(), SIGUSR2));
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_EQ(count, 1);
	CHECK_EQ(got[0], SIGUSR1);
	sigpending(&now);
	CHECK_EQ(sigismember(&now, SIGUSR2), 1);
	sigprocmask(SIG_BLOCK, &set, 0);
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_EQ(count, 1);
	sigprocmask(SIG_UNBLOCK, &set, 0);
	CHECK_EQ(count, 3);
	/* the last frame pushed runs first */
	CHECK_EQ(got[1], SIGUSR2);
	CHECK_EQ(got[2], SIGUSR1);
}

static void sends_another(int sig)
{
	got[count++ & 15] = sig;
	if (sig == SIGUSR1) {
		kill(getpid(), SIGUSR2);
		got[count++ & 15] = -sig;
	}
}

TEST(from_a_handler)
{
	signal(SIGUSR1, sends_another);
	signal(SIGUSR2, sends_another);
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_EQ(count, 3);
	CHECK_EQ(got[0], SIGUSR1);
	CHECK_EQ(got[1], SIGUSR2);
	CHECK_EQ(got[2], -SIGUSR1);
}

/* Over the limit kill() still says who, the others do not; a real-time signal with a value is refused. */
TEST(over_the_limit)
{
	struct rlimit none = {0, 0};
	handle(SIGUSR1, 0);
	handle(SIGRTMIN, 0);
	NEED_OK(setrlimit(RLIMIT_SIGPENDING, &none));
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_EQ(last.si_pid, getpid());
	CHECK_EQ(RAW(SYS_tgkill, getpid(), gettid(), SIGUSR1), 0);
	CHECK_EQ(last.si_code, SI_USER);
	CHECK_EQ(last.si_pid, 0);
	CHECK_OK(kill(getpid(), SIGRTMIN));
	CHECK_EQ(last.si_signo, SIGRTMIN);
	CHECK_EQ(last.si_pid, 0);
	CHECK_EQ(count, 3);
	CHECK_ERR(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 1}), EAGAIN);
	CHECK_EQ(count, 3);
}

TEST(no_room_for_the_frame)
{
	stack_t alt = {.ss_sp = (void *)PAGE, .ss_size = 65536};
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		struct rlimit none = {0, 0};
		setrlimit(RLIMIT_CORE, &none);
		handle(SIGUSR1, SA_ONSTACK);
		NEED_OK(sigaltstack(&alt, 0));
		kill(getpid(), SIGUSR1);
	}
}

/* SIGALRM taken sets an interval timer off again, whoever sent it. */
TEST(the_alarm)
{
	struct itimerval often = {.it_interval.tv_usec = 20000, .it_value.tv_sec = 100}, now;
	handle(SIGALRM, 0);
	NEED_OK(setitimer(ITIMER_REAL, &often, 0));
	CHECK_OK(kill(getpid(), SIGALRM));
	CHECK_EQ(count, 1);
	CHECK_OK(getitimer(ITIMER_REAL, &now));
	CHECK(now.it_value.tv_sec > 90);
}

TEST(registers_are_kept)
{
	handle(SIGUSR1, 0);
	long r12 = 0x1234567, r8 = 0x89abcdef, pid = getpid(), result;
	register long a8 __asm__("r8") = r8;
	register long a12 __asm__("r12") = r12;
	register long b __asm__("rbx") = 77;
	__asm__ volatile("syscall" : "=a"(result), "+r"(a8), "+r"(a12), "+r"(b)
			 : "0"((long)SYS_kill), "D"(pid), "S"((long)SIGUSR1) : "rcx", "r11", "memory");
	CHECK_EQ(result, 0);
	CHECK_EQ(a8, r8);
	CHECK_EQ(a12, r12);
	CHECK_EQ(b, 77);
	CHECK_EQ(count, 1);
}

static void *sends_to_the_process(void *unused)
{
	for (int i = 0; i < 200; i++)
		kill(getpid(), SIGUSR1);
	return 0;
}

/* Each call finds some thread that takes it, at once or later; none is left over. */
TEST(threads)
{
	pthread_t threads[3];
	handle(SIGUSR1, 0);
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], 0, sends_to_the_process, 0);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], 0);
	sigset_t now;
	CHECK(count > 0);
	sigpending(&now);
	CHECK_EQ(sigismember(&now, SIGUSR1), 0);
}

/* A signalfd has what is blocked only. */
TEST(beside_a_signalfd)
{
	sigset_t usr1 = check_signals(SIGUSR1, 0);
	int fd = NEED_OK(signalfd(-1, &usr1, SFD_NONBLOCK));
	struct pollfd p = {.fd = fd, .events = POLLIN};
	handle(SIGUSR1, 0);
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_EQ(count, 1);
	CHECK_EQ(poll(&p, 1, 0), 0);
	sigprocmask(SIG_BLOCK, &usr1, 0);
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_EQ(count, 1);
	CHECK_EQ(poll(&p, 1, 0), 1);
	close(fd);
}
