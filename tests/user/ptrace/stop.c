/* How tracing begins and ends, and the stops: signals, group-stops, PTRACE_INTERRUPT and LISTEN. Source: ptrace(2). */
#include "ptrace.h"

static volatile int handled;
static void note(int sig) { handled = sig; }

TEST(traceme_and_exec_stop)
{
	pid_t pid = fork();

	if (pid == 0) {
		PT(PTRACE_TRACEME, 0, 0, 0);
		execl("/proc/self/exe", check_self, "@leave", NULL);
		_exit(98);
	}
	/* without PTRACE_O_TRACEEXEC exec ends in a plain SIGTRAP, as if by kill */
	WAIT(pid, STOP(SIGTRAP));
	siginfo_t info = siginfo_of(pid);
	CHECK_EQ(info.si_code, SI_USER);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(tracer_of(pid), getpid());
	CHECK_EQ(check_state(pid), 't');
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(7));
}
HELPER(leave) { return 7; }

TEST(traceme_twice)
{
	IN_CHILD {
		CHECK_OK(PT(PTRACE_TRACEME, 0, 0, 0));
		CHECK_ERR(PT(PTRACE_TRACEME, 0, 0, 0), EPERM);
	}
}

TEST(signal_delivery_stop)
{
	TRACEE(pid) {
		signal(SIGUSR1, note);
		kill(getpid(), SIGUSR1);
		CHECK_EQ(handled, SIGUSR1);
		handled = 0;
		kill(getpid(), SIGUSR1);	/* the tracer takes it away */
		CHECK_EQ(handled, 0);
		signal(SIGUSR2, note);
		kill(getpid(), SIGUSR1);	/* it becomes another */
		CHECK_EQ(handled, SIGUSR2);
		signal(SIGUSR1, SIG_IGN);
		kill(getpid(), SIGUSR1);	/* an ignored one is told too */
		kill(getpid(), SIGCHLD);
	}
	PT(PTRACE_CONT, pid, 0, 0);
	WAIT(pid, STOP(SIGUSR1));
	siginfo_t info = siginfo_of(pid);
	CHECK_EQ(info.si_signo, SIGUSR1);
	CHECK_EQ(info.si_code, SI_USER);
	CHECK_EQ(info.si_pid, pid);
	PT(PTRACE_CONT, pid, 0, SIGUSR1);
	WAIT(pid, STOP(SIGUSR1));
	PT(PTRACE_CONT, pid, 0, 0);
	WAIT(pid, STOP(SIGUSR1));
	PT(PTRACE_CONT, pid, 0, SIGUSR2);
	WAIT(pid, STOP(SIGUSR1));
	PT(PTRACE_CONT, pid, 0, SIGUSR1);
	WAIT(pid, STOP(SIGCHLD));
	PT(PTRACE_CONT, pid, 0, SIGCHLD);
	WAIT(pid, EXITED(0));
}

TEST(changed_signal_names_the_tracer)
{
	TRACEE(pid) {
		sigset_t set;
		siginfo_t info;
		sigemptyset(&set);
		sigaddset(&set, SIGUSR2);
		sigprocmask(SIG_BLOCK, &set, NULL);
		kill(getpid(), SIGUSR1);
		/* SIGUSR2 is blocked: it was sent again, and waits */
		CHECK_EQ(sigwaitinfo(&set, &info), SIGUSR2);
		CHECK_EQ(info.si_code, SI_USER);
		CHECK_EQ(info.si_pid, getppid());
	}
	PT(PTRACE_CONT, pid, 0, 0);
	WAIT(pid, STOP(SIGUSR1));
	PT(PTRACE_CONT, pid, 0, SIGUSR2);
	WAIT(pid, EXITED(0));
}

TEST(signal_that_kills)
{
	TRACEE(pid) {
		kill(getpid(), SIGTERM);
	}
	PT(PTRACE_CONT, pid, 0, 0);
	WAIT(pid, STOP(SIGTERM));
	PT(PTRACE_CONT, pid, 0, SIGTERM);
	WAIT(pid, KILLED(SIGTERM));
}

TEST(sigkill_is_not_seen)
{
	TRACEE(pid) {
		for (;;)
			pause();
	}
	CHECK_OK(kill(pid, SIGKILL));
	WAIT(pid, KILLED(SIGKILL));
	CHECK_ERR(PT(PTRACE_CONT, pid, 0, 0), ESRCH);
}

TEST(request_kill)
{
	TRACEE(pid) {
		for (;;)
			pause();
	}
	CHECK_OK(PT(PTRACE_KILL, pid, 0, 0));
	WAIT(pid, KILLED(SIGKILL));
}

TEST(attach)
{
	pid_t pid = check_sleeper();
	CHECK_EQ(tracer_of(pid), 0);
	CHECK_OK(PT(PTRACE_ATTACH, pid, 0, 0));
	CHECK_EQ(tracer_of(pid), getpid());
	WAIT(pid, STOP(SIGSTOP));
	siginfo_t info = siginfo_of(pid);
	CHECK_EQ(info.si_code, SI_KERNEL);
	CHECK_ERR(PT(PTRACE_ATTACH, pid, 0, 0), EPERM);
	CHECK_ERR(PT(PTRACE_SEIZE, pid, 0, 0), EPERM);
	CHECK_OK(PT(PTRACE_DETACH, pid, 0, 0));
	CHECK_EQ(tracer_of(pid), 0);
	CHECK_SOON(check_state(pid) == 'S');
	CHECK_ERR(PT(PTRACE_DETACH, pid, 0, 0), ESRCH);
	check_reap(pid);
}

TEST(attach_to_a_stopped_process)
{
	pid_t pid = check_sleeper();
	kill(pid, SIGSTOP);
	int status;
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK_OK(PT(PTRACE_ATTACH, pid, 0, 0));
	/* by now it is in a ptrace-stop */
	CHECK_EQ(check_state(pid), 't');
	WAIT(pid, STOP(SIGSTOP));
	siginfo_t info;
	CHECK_ERR(PT(PTRACE_GETSIGINFO, pid, 0, &info), EINVAL);	/* a group-stop has none */
	CHECK_OK(PT(PTRACE_DETACH, pid, 0, 0));
	CHECK_SOON(check_state(pid) == 'T');	/* its group is still stopped */
	kill(pid, SIGCONT);
	CHECK_SOON(check_state(pid) == 'S');
	check_reap(pid);
}

TEST(detach_with_a_signal)
{
	pid_t pid = check_sleeper();
	CHECK_OK(PT(PTRACE_ATTACH, pid, 0, 0));
	WAIT(pid, STOP(SIGSTOP));
	CHECK_ERR(PT(PTRACE_DETACH, pid, 0, 65), EIO);
	CHECK_OK(PT(PTRACE_DETACH, pid, 0, SIGTERM));
	WAIT(pid, KILLED(SIGTERM));
}

TEST(detach_leaves_a_stop)
{
	pid_t pid = check_sleeper();
	CHECK_OK(PT(PTRACE_ATTACH, pid, 0, 0));
	WAIT(pid, STOP(SIGSTOP));
	CHECK_OK(PT(PTRACE_DETACH, pid, 0, SIGSTOP));
	int status;
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK_EQ(status, STOP(SIGSTOP));
	check_reap(pid);
}

TEST(group_stop_of_a_tracee)
{
	TRACEE(pid) {
		raise(SIGTSTP);
	}
	PT(PTRACE_CONT, pid, 0, 0);
	WAIT(pid, STOP(SIGTSTP));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, SIGTSTP));
	/* not orphaned: our own group's parent is elsewhere, so it stops */
	int status;
	CHECK_EQ(waitpid(pid, &status, __WALL), pid);
	if (status == STOP(SIGTSTP)) {
		siginfo_t info;
		CHECK_ERR(PT(PTRACE_GETSIGINFO, pid, 0, &info), EINVAL);
		CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
		WAIT(pid, EXITED(0));
	} else {
		CHECK_EQ(status, EXITED(0));
	}
}

TEST(sigcont_does_not_end_a_ptrace_stop)
{
	TRACEE(pid) {
	}
	CHECK_OK(PT(PTRACE_CONT, pid, 0, SIGSTOP));
	WAIT(pid, STOP(SIGSTOP));
	CHECK_OK(kill(pid, SIGCONT));
	check_sleep_ms(20);
	CHECK_EQ(check_state(pid), 't');
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, STOP(SIGCONT));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, SIGCONT));
	WAIT(pid, EXITED(0));
}

TEST(seize_and_interrupt)
{
	pid_t pid = check_sleeper();
	CHECK_OK(PT(PTRACE_SEIZE, pid, 0, 0));
	CHECK_EQ(tracer_of(pid), getpid());
	check_sleep_ms(10);
	NO_NEWS(pid);			/* no stop at the beginning */
	CHECK_ERR(PT(PTRACE_CONT, pid, 0, 0), ESRCH);
	CHECK_OK(PT(PTRACE_INTERRUPT, pid, 0, 0));
	WAIT(pid, SEIZE_STOP(SIGTRAP));
	siginfo_t info = siginfo_of(pid);
	CHECK_EQ(info.si_signo, SIGTRAP);
	CHECK_EQ(info.si_code, SIGTRAP | PTRACE_EVENT_STOP << 8);
	CHECK_EQ(info.si_pid, pid);
	/* once more while it is stopped: another stop after this one */
	CHECK_OK(PT(PTRACE_INTERRUPT, pid, 0, 0));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, SEIZE_STOP(SIGTRAP));
	CHECK_OK(PT(PTRACE_DETACH, pid, 0, 0));
	check_reap(pid);
}

TEST(interrupt_wants_seize)
{
	pid_t pid = check_sleeper();
	CHECK_ERR(PT(PTRACE_INTERRUPT, pid, 0, 0), ESRCH);
	CHECK_OK(PT(PTRACE_ATTACH, pid, 0, 0));
	WAIT(pid, STOP(SIGSTOP));
	CHECK_ERR(PT(PTRACE_INTERRUPT, pid, 0, 0), EIO);
	CHECK_ERR(PT(PTRACE_LISTEN, pid, 0, 0), EIO);
	tracee_kill(pid);
}

TEST(seized_group_stop_and_listen)
{
	pid_t pid = check_sleeper();
	CHECK_OK(PT(PTRACE_SEIZE, pid, 0, 0));
	kill(pid, SIGSTOP);
	WAIT(pid, STOP(SIGSTOP));			/* the signal itself */
	CHECK_ERR(PT(PTRACE_LISTEN, pid, 0, 0), EIO);	/* only in a group-stop */
	CHECK_OK(PT(PTRACE_CONT, pid, 0, SIGSTOP));
	WAIT(pid, SEIZE_STOP(SIGSTOP));			/* the group-stop */
	CHECK_OK(PT(PTRACE_LISTEN, pid, 0, 0));
	CHECK_ERR(PT(PTRACE_CONT, pid, 0, 0), ESRCH);	/* it listens: not at our disposal */
	NO_NEWS(pid);
	CHECK_OK(kill(pid, SIGCONT));
	WAIT(pid, SEIZE_STOP(SIGTRAP));			/* the group-stop is over */
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, STOP(SIGCONT));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, SIGCONT));
	check_sleep_ms(5);
	NO_NEWS(pid);
	tracee_kill(pid);
}

TEST(interrupt_ends_listening)
{
	pid_t pid = check_sleeper();
	CHECK_OK(PT(PTRACE_SEIZE, pid, 0, 0));
	kill(pid, SIGSTOP);
	WAIT(pid, STOP(SIGSTOP));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, SIGSTOP));
	WAIT(pid, SEIZE_STOP(SIGSTOP));
	CHECK_OK(PT(PTRACE_LISTEN, pid, 0, 0));
	CHECK_OK(PT(PTRACE_INTERRUPT, pid, 0, 0));
	WAIT(pid, SEIZE_STOP(SIGSTOP));
	tracee_kill(pid);
}

TEST(seize_a_stopped_process)
{
	pid_t pid = check_sleeper();
	kill(pid, SIGSTOP);
	int status;
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK_OK(PT(PTRACE_SEIZE, pid, 0, 0));
	WAIT(pid, SEIZE_STOP(SIGSTOP));
	CHECK_OK(kill(pid, SIGCONT));
	check_sleep_ms(5);
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, SEIZE_STOP(SIGTRAP));
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, STOP(SIGCONT));
	tracee_kill(pid);
}

TEST(stopped_tracee_dies_with_its_group)
{
	TRACEE(pid) {
		pause();
	}
	CHECK_EQ(check_state(pid), 't');
	kill(pid, SIGKILL);
	WAIT(pid, KILLED(SIGKILL));
}

TEST(interrupted_calls)
{
	/* a stop without a handler is not seen by the call that it interrupts */
	pid_t pid = fork();
	if (pid == 0) {
		struct timespec t = {0, 300000000};
		_exit(nanosleep(&t, NULL) ? 1 : 0);
	}
	check_sleep_ms(50);
	CHECK_OK(PT(PTRACE_SEIZE, pid, 0, 0));
	CHECK_OK(PT(PTRACE_INTERRUPT, pid, 0, 0));
	WAIT(pid, SEIZE_STOP(SIGTRAP));
	CHECK_EQ((long)regs_of(pid).rax, -516);	/* ERESTART_RESTARTBLOCK */
	CHECK_OK(PT(PTRACE_CONT, pid, 0, 0));
	WAIT(pid, EXITED(0));
}

/* Process 1's parent is the kernel's own: it is told of the stop and the return, and nothing comes of it. In the tests' VM only. */
TEST(process_1_stops_for_its_tracer)
{
	char exe[16] = "";

	if (readlink("/proc/1/exe", exe, sizeof exe - 1) < 0 || strcmp(exe, "/init"))
		return;
	CHECK_OK(PT(PTRACE_ATTACH, 1, 0, 0));
	WAIT(1, STOP(SIGSTOP));
	CHECK_EQ(PT(PTRACE_DETACH, 1, 0, SIGSTOP), 0);
	CHECK_SOON(check_state(1) == 'T');
	CHECK_OK(kill(1, SIGCONT));
	CHECK_SOON(check_state(1) != 'T');
}
