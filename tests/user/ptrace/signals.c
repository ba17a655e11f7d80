/* A tracee's signals: siginfo read and written, the queues, the mask. Source: ptrace(2). */
#include "ptrace.h"

#define NR_PEEK(pid, args, data) PT(PTRACE_PEEKSIGINFO, (pid), (args), (data))

static siginfo_t taken;
static void take(int sig, siginfo_t *info, void *context) { taken = *info; }

TEST(siginfo_can_be_written)
{
	TRACEE(pid) {
		struct sigaction a = {.sa_sigaction = take, .sa_flags = SA_SIGINFO};
		sigaction(SIGUSR1, &a, NULL);
		kill(getpid(), SIGUSR1);
		CHECK_EQ(taken.si_signo, SIGUSR1);
		CHECK_EQ(taken.si_code, -77);
		CHECK_EQ(taken.si_pid, 4711);
		CHECK_EQ(taken.si_value.sival_int, 12);
	}
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, STOP(SIGUSR1));
	siginfo_t info = siginfo_of(pid);
	info.si_code = -77;
	info.si_pid = 4711;
	info.si_value.sival_int = 12;
	CHECK_OK(PT(PTRACE_SETSIGINFO, pid, 0, &info));
	memset(&info, 0, sizeof info);
	info = siginfo_of(pid);
	CHECK_EQ(info.si_pid, 4711);
	CHECK_ERR(PT(PTRACE_SETSIGINFO, pid, 0, 8), EFAULT);
	CHECK_ERR(PT(PTRACE_GETSIGINFO, pid, 0, 8), EFAULT);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, SIGUSR1));
	WAIT(pid, EXITED(0));
}

TEST(fault_siginfo)
{
	TRACEE(pid) {
		*(volatile int *)0x30 = 1;
	}
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, STOP(SIGSEGV));
	siginfo_t info = siginfo_of(pid);
	CHECK_EQ(info.si_code, SEGV_MAPERR);
	CHECK_EQ((long)info.si_addr, 0x30);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, SIGSEGV));
	WAIT(pid, KILLED(SIGSEGV));
}

TEST(a_blocked_fault_is_told_and_can_be_repaired)
{
	static int *place;
	place = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TRACEE(pid) {
		sigset_t all;
		sigfillset(&all);
		sigprocmask(SIG_BLOCK, &all, NULL);
		register long address __asm__("rbx") = 0x30;
		__asm__ volatile("movl $5, (%0)" : : "r"(address) : "memory");
		CHECK_EQ(*place, 5);
	}
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, STOP(SIGSEGV));
	struct user_regs_struct r = regs_of(pid);
	CHECK_EQ(r.rbx, 0x30);
	r.rbx = (unsigned long)place;
	CHECK_OK(PT(PTRACE_SETREGS, pid, 0, &r));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}

static void queue_rt(pid_t pid, int sig, int value)
{
	union sigval v = {.sival_int = value};
	CHECK_OK(sigqueue(pid, sig, v));
}

TEST(queues)
{
	TRACEE(pid) {
		sigset_t all;
		sigfillset(&all);
		sigprocmask(SIG_BLOCK, &all, NULL);
		for (int i = 0; i < 5; i++)
			queue_rt(getpid(), SIGRTMIN, i);		/* of the process */
		siginfo_t info = {.si_signo = SIGRTMIN + 1, .si_code = SI_QUEUE, .si_pid = 1};
		for (int i = 0; i < 3; i++) {
			info.si_value.sival_int = 100 + i;
			syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGRTMIN + 1, &info);	/* of the thread */
		}
		syscall(SYS_gettid);
		__asm__ volatile("int3");
	}
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, STOP(SIGTRAP));
	siginfo_t got[8];
	struct ptrace_peeksiginfo_args a = {.off = 0, .flags = PTRACE_PEEKSIGINFO_SHARED, .nr = 8};
	CHECK_EQ(NR_PEEK(pid, &a, got), 5);
	for (int i = 0; i < 5; i++) {
		CHECK_EQ(got[i].si_signo, SIGRTMIN);
		CHECK_EQ(got[i].si_value.sival_int, i);
	}
	a.off = 3;
	CHECK_EQ(NR_PEEK(pid, &a, got), 2);
	CHECK_EQ(got[0].si_value.sival_int, 3);
	a.nr = 1;
	CHECK_EQ(NR_PEEK(pid, &a, got), 1);
	a.off = 5;
	CHECK_EQ(NR_PEEK(pid, &a, got), 0);
	a.off = ~0ul;
	CHECK_EQ(NR_PEEK(pid, &a, got), 0);
	a = (struct ptrace_peeksiginfo_args){.off = 0, .flags = 0, .nr = 8};
	CHECK_EQ(NR_PEEK(pid, &a, got), 3);
	CHECK_EQ(got[2].si_value.sival_int, 102);
	/* peeking takes nothing away, and refuses what it does not know */
	CHECK_EQ(NR_PEEK(pid, &a, got), 3);
	a.nr = -1;
	CHECK_ERR(NR_PEEK(pid, &a, got), EINVAL);
	a.nr = 0;
	CHECK_EQ(NR_PEEK(pid, &a, got), 0);
	a.nr = 8;
	a.flags = 2;
	CHECK_ERR(NR_PEEK(pid, &a, got), EINVAL);
	a.flags = 0;
	CHECK_ERR(NR_PEEK(pid, &a, 8), EFAULT);
	CHECK_ERR(NR_PEEK(pid, 8, got), EFAULT);
	tracee_kill(pid);
}

TEST(mask)
{
	TRACEE(pid) {
		sigset_t now;
		sigprocmask(SIG_BLOCK, NULL, &now);
		CHECK(sigismember(&now, SIGUSR1));
		CHECK(!sigismember(&now, SIGKILL));
		CHECK(!sigismember(&now, SIGSTOP));
		kill(getpid(), SIGUSR1);
		__asm__ volatile("int3");
	}
	unsigned long mask = ~0ul, set = 1ul << (SIGUSR1 - 1) | 1ul << (SIGKILL - 1) | 1ul << (SIGSTOP - 1);
	CHECK_OK(PT(PTRACE_GETSIGMASK, pid, 8, &mask));
	CHECK_EQ(mask, 0);
	CHECK_ERR(PT(PTRACE_GETSIGMASK, pid, 4, &mask), EINVAL);
	CHECK_ERR(PT(PTRACE_SETSIGMASK, pid, 16, &mask), EINVAL);
	CHECK_ERR(PT(PTRACE_SETSIGMASK, pid, 8, 8), EFAULT);
	CHECK_ERR(PT(PTRACE_GETSIGMASK, pid, 8, 8), EFAULT);
	CHECK_OK(PT(PTRACE_SETSIGMASK, pid, 8, &set));
	CHECK_OK(PT(PTRACE_GETSIGMASK, pid, 8, &mask));
	CHECK_EQ(mask, 1ul << (SIGUSR1 - 1));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, STOP(SIGTRAP));
	/* unblocked by us: it is delivered when the tracee goes on */
	set = 0;
	CHECK_OK(PT(PTRACE_SETSIGMASK, pid, 8, &set));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, STOP(SIGUSR1));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}

TEST(mask_inside_sigsuspend)
{
	TRACEE(pid) {
		sigset_t set;
		sigemptyset(&set);
		sigaddset(&set, SIGUSR2);
		sigprocmask(SIG_BLOCK, &set, NULL);
		sigemptyset(&set);
		signal(SIGUSR1, SIG_DFL);
		sigsuspend(&set);
	}
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	CHECK_SOON(check_state(pid) == 'S');
	check_sleep_ms(10);
	kill(pid, SIGUSR1);
	WAIT(pid, STOP(SIGUSR1));
	unsigned long mask = 0;
	/* the mask that will be put back, not the one it waits with */
	CHECK_OK(PT(PTRACE_GETSIGMASK, pid, 8, &mask));
	CHECK_EQ(mask, 1ul << (SIGUSR2 - 1));
	tracee_kill(pid);
}
