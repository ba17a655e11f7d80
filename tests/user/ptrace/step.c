/* Single steps: over instructions, calls, signals; breakpoints; what is left of a step in what the program sees. */
#include "ptrace.h"

static void step(pid_t pid)
{
	CHECK_OK(PT(PTRACE_SINGLESTEP, pid, 0, 0));
	WAIT(pid, STOP(SIGTRAP));
}

extern const char steps_begin[], steps_end[], steps_call[], steps_popf[];

__attribute__((noinline, noclone, naked)) static void steps(void)
{
	__asm__ volatile("steps_begin: nop\n\t"
			 "mov $1, %ecx\n\t"
			 "pushf\n\t"
			 "pop %rdx\n\t"
			 "mov $39, %eax\n\t"
			 "steps_call: syscall\n\t"
			 "nop\n\t"
			 "pushf\n\t"
			 "steps_popf: popf\n\t"
			 "nop\n\t"
			 "steps_end: ret\n\t");
}

static void run_to(pid_t pid, const char *place)
{
	unsigned long word, old;
	CHECK_OK(PT(PTRACE_PEEKTEXT, pid, place, &old));
	word = (old & ~0xfful) | 0xcc;
	CHECK_OK(PT(PTRACE_POKETEXT, pid, place, word));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, STOP(SIGTRAP));
	CHECK_EQ(siginfo_of(pid).si_code, SI_KERNEL);
	CHECK_OK(PT(PTRACE_POKETEXT, pid, place, old));
	struct user_regs_struct r = regs_of(pid);
	CHECK_EQ(r.rip, (unsigned long)place + 1);
	r.rip--;
	CHECK_OK(PT(PTRACE_SETREGS, pid, 0, &r));
}

TEST(instructions)
{
	TRACEE(pid) {
		steps();
	}
	run_to(pid, steps_begin);
	step(pid);
	CHECK_EQ(regs_of(pid).rip, (unsigned long)steps_begin + 1);
	siginfo_t info = siginfo_of(pid);
	CHECK_EQ(info.si_code, TRAP_TRACE);
	CHECK_EQ((unsigned long)info.si_addr, (unsigned long)steps_begin + 1);
	CHECK_EQ(regs_of(pid).eflags & 0x100, 0);	/* the trace flag is ours, and not shown */
	step(pid);
	CHECK_EQ((int)regs_of(pid).rcx, 1);
	run_to(pid, steps_end);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}

TEST(over_a_call)
{
	TRACEE(pid) {
		steps();
	}
	run_to(pid, steps_call);
	step(pid);
	struct user_regs_struct r = regs_of(pid);
	CHECK_EQ(r.rip, (unsigned long)steps_call + 2);	/* at once, not one instruction later */
	CHECK_EQ(r.rax, pid);
	CHECK_EQ(siginfo_of(pid).si_code, TRAP_BRKPT);
	step(pid);
	CHECK_EQ(regs_of(pid).rip, (unsigned long)steps_call + 3);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}

TEST(emulated_steps)
{
	TRACEE(pid) {
		steps();
	}
	run_to(pid, steps_begin);
	CHECK_OK(PT(32 /* SYSEMU_SINGLESTEP */, pid, 0, 0));
	WAIT(pid, STOP(SIGTRAP));
	CHECK_EQ(regs_of(pid).rip, (unsigned long)steps_begin + 1);
	run_to(pid, steps_call);
	CHECK_OK(PT(32, pid, 0, 0));
	WAIT(pid, STOP(SIGTRAP));
	struct user_regs_struct r = regs_of(pid);
	CHECK_EQ(r.orig_rax, SYS_getpid);
	CHECK_EQ((long)r.rax, -ENOSYS);
	CHECK_EQ(event_message(pid), PTRACE_EVENTMSG_SYSCALL_ENTRY);
	r.rax = 1234;
	CHECK_OK(PT(PTRACE_SETREGS, pid, 0, &r));
	step(pid);	/* the call is not made; what comes after it is */
	r = regs_of(pid);
	CHECK_EQ(r.rax, 1234);
	CHECK(r.rip == (unsigned long)steps_call + 2 || r.rip == (unsigned long)steps_call + 3);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}

TEST(over_popf)
{
	TRACEE(pid) {
		steps();
	}
	run_to(pid, steps_popf);
	step(pid);
	CHECK_EQ(regs_of(pid).rip, (unsigned long)steps_popf + 1);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}

static volatile int handled;
static volatile unsigned long flags_in_frame;
static void handler(int sig, siginfo_t *info, void *context)
{
	handled = sig;
	flags_in_frame = ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL];
}

TEST(into_a_handler)
{
	TRACEE(pid) {
		struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
		sigaction(SIGUSR1, &a, NULL);
		kill(getpid(), SIGUSR1);
		CHECK_EQ(handled, SIGUSR1);
		CHECK_EQ(flags_in_frame & 0x100, 0);
	}
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, STOP(SIGUSR1));
	CHECK_OK(PT(PTRACE_SINGLESTEP, pid, 0, SIGUSR1));
	WAIT(pid, STOP(SIGTRAP));
	CHECK_EQ(regs_of(pid).rip, (unsigned long)handler);	/* before its first instruction */
	CHECK_EQ(regs_of(pid).rdi, SIGUSR1);
	CHECK_EQ(siginfo_of(pid).si_code, SIGTRAP);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}

TEST(a_step_of_a_fork_is_the_parents)
{
	TRACEE(pid) {
		pid_t child = fork();
		if (child == 0)
			_exit(5);
		int status;
		waitpid(child, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
	}
	int status, n = 0;
	for (;;) {
		CHECK_OK(PT(PTRACE_SINGLESTEP, pid, 0, 0));
		if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status) || ++n > 100000)
			break;
		if (status != STOP(SIGTRAP))
			CHECK_EQ(status, STOP(SIGCHLD));
	}
	CHECK_EQ(status, EXITED(5));
	CHECK(n > 100);
}

TEST(stepping_an_exec)
{
	TRACEE(pid) {
		execl("/proc/self/exe", check_self, "@fine", NULL);
	}
	int status, n = 0;
	do {
		CHECK_OK(PT(PTRACE_SINGLESTEP, pid, 0, 0));
	} while (waitpid(pid, &status, __WALL) == pid && status == STOP(SIGTRAP) && ++n < 400 && !check_failed);
	CHECK(WIFSTOPPED(status));
	CHECK_OK(PT(PTRACE_DETACH, pid, 0, 0));
	WAIT(pid, EXITED(0));
}
HELPER(fine) { return 0; }

TEST(detach_ends_the_steps)
{
	TRACEE(pid) {
		steps();
	}
	run_to(pid, steps_begin);
	step(pid);
	CHECK_OK(PT(PTRACE_DETACH, pid, 0, 0));
	WAIT(pid, EXITED(0));
}
