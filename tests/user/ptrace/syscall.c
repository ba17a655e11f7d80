/* Stops at system calls, what PTRACE_GET_SYSCALL_INFO says there, calls that are changed, skipped and emulated. */
#include "ptrace.h"
#include <linux/audit.h>

static struct ptrace_syscall_info info_of(pid_t pid, long want)
{
	struct ptrace_syscall_info info;

	memset(&info, 0xee, sizeof info);
	CHECK_EQ(PT(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info), want);
	return info;
}

TEST(stops_without_sysgood)
{
	TRACEE(pid) {
		syscall(SYS_getpid);
	}
	CHECK_OK(PT(PTRACE_SYSCALL, pid, 0, 0));
	WAIT(pid, STOP(SIGTRAP));
	struct user_regs_struct r = regs_of(pid);
	while (r.orig_rax != SYS_getpid) {
		CHECK_OK(PT(PTRACE_SYSCALL, pid, 0, 0));
		WAIT(pid, STOP(SIGTRAP));
		r = regs_of(pid);
	}
	CHECK_EQ((long)r.rax, -ENOSYS);
	siginfo_t info = siginfo_of(pid);
	CHECK_EQ(info.si_code, SIGTRAP);
	CHECK_EQ(event_message(pid), PTRACE_EVENTMSG_SYSCALL_ENTRY);
	CHECK_OK(PT(PTRACE_SYSCALL, pid, 0, 0));
	WAIT(pid, STOP(SIGTRAP));
	CHECK_EQ(regs_of(pid).rax, pid);
	CHECK_EQ(event_message(pid), PTRACE_EVENTMSG_SYSCALL_EXIT);
	/* without SYSGOOD the information is not there: the stop could be another */
	info_of(pid, offsetof(struct ptrace_syscall_info, entry));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}

/* Runs pid to the beginning of this call. */
static void run_to(pid_t pid, long number)
{
	struct user_regs_struct r;

	CHECK_OK(PT(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	do {
		CHECK_OK(PT(PTRACE_SYSCALL, pid, 0, 0));
		WAIT(pid, STOP(SYSGOOD));
		r = regs_of(pid);
	} while (!check_failed && ((long)r.orig_rax != number || (long)r.rax != -ENOSYS));
}

static void to_end(pid_t pid)
{
	CHECK_OK(PT(PTRACE_SYSCALL, pid, 0, 0));
	WAIT(pid, STOP(SYSGOOD));
}

TEST(syscall_info)
{
	TRACEE(pid) {
		syscall(SYS_gettid, 1, 2, 3, 4, 5, 6);
		syscall(SYS_close, -1);
	}
	struct ptrace_syscall_info i = info_of(pid, offsetof(struct ptrace_syscall_info, entry));
	CHECK_EQ(i.op, PTRACE_SYSCALL_INFO_NONE);
	CHECK_EQ(i.arch, AUDIT_ARCH_X86_64);
	run_to(pid, SYS_gettid);
	i = info_of(pid, offsetof(struct ptrace_syscall_info, entry) + sizeof i.entry);
	CHECK_EQ(i.op, PTRACE_SYSCALL_INFO_ENTRY);
	CHECK_EQ(i.entry.nr, SYS_gettid);
	for (int n = 0; n < 6; n++)
		CHECK_EQ(i.entry.args[n], n + 1);
	CHECK_EQ(i.instruction_pointer, regs_of(pid).rip);
	CHECK_EQ(i.stack_pointer, regs_of(pid).rsp);
	siginfo_t info = siginfo_of(pid);
	CHECK_EQ(info.si_code, SYSGOOD);
	CHECK_EQ(info.si_pid, pid);
	to_end(pid);
	i = info_of(pid, offsetof(struct ptrace_syscall_info, exit.is_error) + 1);
	CHECK_EQ(i.op, PTRACE_SYSCALL_INFO_EXIT);
	CHECK_EQ(i.exit.rval, pid);
	CHECK_EQ(i.exit.is_error, 0);
	run_to(pid, SYS_close);
	to_end(pid);
	i = info_of(pid, offsetof(struct ptrace_syscall_info, exit.is_error) + 1);
	CHECK_EQ(i.exit.rval, -EBADF);
	CHECK_EQ(i.exit.is_error, 1);
	/* a short buffer gets what fits; the result says what there is */
	memset(&i, 0xee, sizeof i);
	CHECK_EQ(PT(PTRACE_GET_SYSCALL_INFO, pid, 4, &i), offsetof(struct ptrace_syscall_info, exit.is_error) + 1);
	CHECK_EQ(i.op, PTRACE_SYSCALL_INFO_EXIT);
	CHECK_EQ(i.arch, 0xeeeeeeee);
	CHECK_OK(PT(PTRACE_GET_SYSCALL_INFO, pid, 0, NULL));
	CHECK_ERR(PT(PTRACE_GET_SYSCALL_INFO, pid, sizeof i, NULL), EFAULT);
	tracee_kill(pid);
}

static void set_regs(pid_t pid, const struct user_regs_struct *r) { CHECK_OK(PT(PTRACE_SETREGS, pid, 0, r)); }

TEST(another_call)
{
	TRACEE(pid) {
		CHECK_EQ(syscall(SYS_gettid), getppid());
	}
	run_to(pid, SYS_gettid);
	struct user_regs_struct r = regs_of(pid);
	r.orig_rax = SYS_getppid;
	set_regs(pid, &r);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}

TEST(skipped_call)
{
	TRACEE(pid) {
		CHECK_EQ(syscall(SYS_gettid), 4711);
		CHECK_ERR(syscall(SYS_gettid), ENOSYS);
		CHECK_ERR(syscall(SYS_gettid), ENOSYS);
	}
	run_to(pid, SYS_gettid);
	struct user_regs_struct r = regs_of(pid);
	r.orig_rax = -1;
	r.rax = 4711;			/* with -1 the result stays what we set */
	set_regs(pid, &r);
	to_end(pid);
	CHECK_EQ(regs_of(pid).rax, 4711);
	run_to(pid, SYS_gettid);
	r = regs_of(pid);
	r.orig_rax = -1;
	set_regs(pid, &r);
	to_end(pid);
	run_to(pid, SYS_gettid);
	r = regs_of(pid);
	r.orig_rax = 100000;		/* no such call */
	r.rax = 4711;
	set_regs(pid, &r);
	to_end(pid);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}

TEST(another_result)
{
	TRACEE(pid) {
		CHECK_ERR(syscall(SYS_gettid), EACCES);
	}
	run_to(pid, SYS_gettid);
	to_end(pid);
	struct user_regs_struct r = regs_of(pid);
	CHECK_EQ(r.rax, pid);
	r.rax = -EACCES;
	set_regs(pid, &r);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}

TEST(other_arguments)
{
	TRACEE(pid) {
		syscall(SYS_exit_group, 1);
	}
	run_to(pid, SYS_exit_group);
	struct user_regs_struct r = regs_of(pid);
	r.rdi = 7;
	set_regs(pid, &r);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(7));
}

TEST(sysemu)
{
	TRACEE(pid) {
		CHECK_EQ(syscall(SYS_gettid), 42);
		syscall(SYS_exit_group, 3);	/* not made */
		CHECK_EQ(syscall(SYS_gettid), getpid());
	}
	CHECK_OK(PT(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	struct user_regs_struct r;
	do {	/* the call that stopped it may end yet */
		CHECK_OK(PT(31 /* SYSEMU */, pid, 0, 0));
		WAIT(pid, STOP(SYSGOOD));
		r = regs_of(pid);
		if (r.orig_rax != SYS_gettid)
			CHECK_EQ(r.orig_rax, SYS_gettid);
	} while (!check_failed && r.orig_rax != SYS_gettid);
	CHECK_EQ((long)r.rax, -ENOSYS);
	r.rax = 42;
	set_regs(pid, &r);
	CHECK_OK(PT(31, pid, 0, 0));		/* one stop a call: the next is another call */
	WAIT(pid, STOP(SYSGOOD));
	CHECK_EQ(regs_of(pid).orig_rax, SYS_exit_group);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}

TEST(signal_at_a_syscall_stop)
{
	TRACEE(pid) {
		syscall(SYS_gettid);
	}
	run_to(pid, SYS_gettid);
	/* going on with a signal sends it */
	CHECK_OK(PT(PTRACE_CONT, pid, 0, SIGUSR1));
	WAIT(pid, STOP(SIGUSR1));
	CHECK_EQ(siginfo_of(pid).si_code, SI_KERNEL);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, SIGUSR1));
	WAIT(pid, KILLED(SIGUSR1));
}

TEST(killed_at_a_syscall_stop)
{
	int fds[2];
	CHECK_OK(pipe(fds));
	TRACEE(pid) {
		write(fds[1], "x", 1);
	}
	run_to(pid, SYS_write);
	kill(pid, SIGKILL);
	WAIT(pid, KILLED(SIGKILL));
	close(fds[1]);
	char c;
	CHECK_EQ(read(fds[0], &c, 1), 0);	/* the call was not made any more */
}

TEST(fork_between_syscall_stops)
{
	TRACEE(pid) {
		pid_t child = syscall(SYS_fork);
		if (child == 0)
			_exit(0);
		waitpid(child, NULL, 0);
	}
	CHECK_OK(PT(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EVENT(PTRACE_EVENT_FORK));
	CHECK_EQ((long)regs_of(pid).rax, -ENOSYS);
	pid_t child = (pid_t)event_message(pid);
	/* asked for only now: the end of the call that we are in is a stop */
	CHECK_OK(PT(PTRACE_SYSCALL, pid, 0, 0));
	WAIT(pid, STOP(SYSGOOD));
	CHECK_EQ(regs_of(pid).rax, child);
	CHECK_EQ(event_message(pid), PTRACE_EVENTMSG_SYSCALL_EXIT);
	/* the child's fork has no end to stop at: its first is the beginning of its own first call */
	WAIT(child, STOP(SIGSTOP));
	CHECK_OK(PT(PTRACE_SYSCALL, child, 0, 0));
	WAIT(child, STOP(SYSGOOD));
	CHECK_EQ(event_message(child), PTRACE_EVENTMSG_SYSCALL_ENTRY);
	CHECK_EQ(regs_of(child).orig_rax, SYS_exit_group);
	tracee_kill(child);
	tracee_kill(pid);
}

TEST(exec_between_syscall_stops)
{
	TRACEE(pid) {
		execl("/proc/self/exe", check_self, "@good", NULL);
	}
	run_to(pid, SYS_execve);
	CHECK_OK(PT(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC));
	CHECK_OK(PT(PTRACE_SYSCALL, pid, 0, 0));
	WAIT(pid, EVENT(PTRACE_EVENT_EXEC));
	to_end(pid);
	struct user_regs_struct r = regs_of(pid);
	CHECK_EQ(r.orig_rax, SYS_execve);
	CHECK_EQ(r.rax, 0);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}
HELPER(good) { return 0; }

/* What interrupted a call is taken away by the stop at the call's end: the call is made again all the same. */
TEST(interrupted_between_syscall_stops)
{
	int fds[2];
	CHECK_OK(pipe(fds));
	TRACEE(pid) {
		char c = 0;
		CHECK_EQ(read(fds[0], &c, 1), 1);
		CHECK_EQ(c, 'x');
	}
	CHECK_OK(PT(PTRACE_DETACH, pid, 0, 0));
	CHECK_SOON(check_state(pid) == 'S');
	CHECK_OK(PT(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	CHECK_OK(PT(PTRACE_INTERRUPT, pid, 0, 0));
	WAIT(pid, SEIZE_STOP(SIGTRAP));
	CHECK_EQ((long)regs_of(pid).rax, -512);	/* ERESTARTSYS */
	to_end(pid);					/* begins again */
	CHECK_EQ(event_message(pid), PTRACE_EVENTMSG_SYSCALL_ENTRY);
	CHECK_OK(PT(PTRACE_SYSCALL, pid, 0, 0));
	CHECK_SOON(check_state(pid) == 'S');
	CHECK_OK(PT(PTRACE_INTERRUPT, pid, 0, 0));
	WAIT(pid, STOP(SYSGOOD));
	CHECK_EQ((long)regs_of(pid).rax, -512);
	CHECK_EQ(event_message(pid), PTRACE_EVENTMSG_SYSCALL_EXIT);
	CHECK_EQ(write(fds[1], "x", 1), 1);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}
