/* Exit signals other than SIGCHLD, and the waits that see such children. */
#include "../clone.h"

static volatile int got;
static siginfo_t last;

static void notes(int sig, siginfo_t *info, void *context)
{
	got = sig;
	last = *info;
}

static long start(unsigned long flags, int code)
{
	long pid = syscall(SYS_clone, flags, 0, 0, 0, 0);
	if (pid == 0)
		_exit(code);
	return pid;
}

TEST(another_signal)
{
	struct sigaction act = {.sa_sigaction = notes, .sa_flags = SA_SIGINFO | SA_RESTART};
	sigaction(SIGUSR1, &act, 0);
	long pid = start(SIGUSR1, 5);
	CHECK_SOON(got == SIGUSR1);
	CHECK_EQ(last.si_code, CLD_EXITED);
	CHECK_EQ(last.si_pid, pid);
	CHECK_EQ(last.si_status, 5);
	CHECK_ERR(waitpid(pid, 0, 0), ECHILD);
	CHECK_EQ(waitpid(pid, 0, __WCLONE), pid);
}

TEST(no_signal)
{
	struct sigaction act = {.sa_sigaction = notes, .sa_flags = SA_SIGINFO};
	sigaction(SIGCHLD, &act, 0);
	long pid = start(0, 5);
	CHECK_SOON(check_state(pid) == 'Z');
	CHECK_EQ(got, 0);
	CHECK_WAIT(pid, EXITED(5));
}

/* exec makes the signal SIGCHLD again. */
HELPER(leave)
{
	return 0;
}

TEST(exec_resets_it)
{
	long pid = syscall(SYS_clone, SIGUSR1, 0, 0, 0, 0);
	if (pid == 0) {
		execl(check_self, check_self, "@leave", NULL);
		_exit(1);
	}
	int status = -1;
	CHECK_SOON(waitpid(pid, &status, WNOHANG) == pid);
	CHECK_EQ(status, 0);
}
