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

/* __WCLONE sees only such children, __WALL all, and without them only the common ones. */
TEST(who_waits_for_whom)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, 0);
	long common = start(SIGCHLD, 1), silent = start(0, 2), queued = start(SIGRTMIN, 3);
	CHECK_SOON(check_state(common) == 'Z' && check_state(silent) == 'Z' && check_state(queued) == 'Z');
	CHECK_ERR(waitpid(common, 0, __WCLONE), ECHILD);
	CHECK_ERR(waitpid(silent, 0, 0), ECHILD);
	CHECK_EQ(waitpid(-1, 0, 0), common);
	CHECK_ERR(waitpid(-1, 0, WNOHANG), ECHILD);
	siginfo_t info = {0};
	CHECK_OK(waitid(P_PID, queued, &info, WEXITED | __WCLONE));
	CHECK_EQ(info.si_signo, SIGCHLD);
	CHECK_EQ(info.si_status, 3);
	CHECK_ERR(waitid(P_ALL, 0, &info, WEXITED), ECHILD);
	CHECK_EQ(waitpid(-1, 0, __WALL), silent);
	CHECK_ERR(waitpid(-1, 0, __WALL), ECHILD);
	CHECK(sigpending(&set) == 0 && sigismember(&set, SIGRTMIN));
}

/* SIGCHLD ignored reaps only children that would have sent it. */
TEST(ignored_sigchld_reaps_no_other)
{
	signal(SIGCHLD, SIG_IGN);
	long pid = start(0, 4);
	CHECK_SOON(check_state(pid) == 'Z');
	CHECK_WAIT(pid, EXITED(4));
}

static int sends_nothing(void *arg)
{
	return 6;
}

/* CLONE_PARENT: the brother has the caller's own exit signal. */
TEST(a_brother_inherits_it)
{
	struct sigaction act = {.sa_sigaction = notes, .sa_flags = SA_SIGINFO | SA_RESTART};
	sigaction(SIGUSR1, &act, 0);
	long pid = syscall(SYS_clone, SIGUSR1, 0, 0, 0, 0);
	if (pid == 0)
		_exit(clone_call(CLONE_PARENT | SIGUSR2, 0, 0, 0, 0, sends_nothing, 0) > 0 ? 7 : 8);
	int status = -1, sum = 0;
	for (int i = 0; i < 2; i++) {
		CHECK(waitpid(-1, &status, __WCLONE) > 0);
		sum += WEXITSTATUS(status);
	}
	CHECK_EQ(sum, 13);
	CHECK_EQ(got, SIGUSR1);
}

/* clone takes any number; who is to be sent none that there is hears nothing. */
TEST(numbers_that_are_no_signals)
{
	sigset_t all, pending, none;
	sigfillset(&all);
	sigemptyset(&none);
	sigprocmask(SIG_BLOCK, &all, 0);
	for (int sig = 65; sig <= 255; sig += 19) {
		long pid = start(sig, 3);
		CHECK(pid > 0);
		CHECK_ERR(waitpid(pid, 0, 0), ECHILD);
		CHECK_WAIT(pid, EXITED(3));
		CHECK_OK(sigpending(&pending));
		CHECK(!memcmp(&pending, &none, 8));
	}
}

/* A program that has become another one did not ask for that signal. argv: the child, the end that it waits at. */
HELPER(hears)
{
	sigset_t two = check_signals(SIGCHLD, SIGUSR1);
	siginfo_t info = {0};
	int status = -1, pid = atoi(argv[2]);
	CHECK_OK(close(atoi(argv[3])));
	CHECK_EQ(sigwaitinfo(&two, &info), SIGCHLD);
	CHECK_EQ(info.si_pid, pid);
	CHECK_ERR(waitpid(pid, 0, 0), ECHILD);
	CHECK_EQ(waitpid(pid, &status, __WCLONE), pid);
	CHECK_EQ(status, 0);
	return check_failed != 0;
}

TEST(exec_of_the_parent_resets_it)
{
	char number[12], end[12];
	int ends[2];
	sigset_t two = check_signals(SIGCHLD, SIGUSR1);
	sigprocmask(SIG_BLOCK, &two, 0);
	NEED_OK(pipe(ends));
	long pid = syscall(SYS_clone, SIGUSR1, 0, 0, 0, 0);
	if (pid == 0) {
		close(ends[1]);
		_exit(read(ends[0], number, 1) != 0);
	}
	close(ends[0]);
	snprintf(number, sizeof number, "%ld", pid);
	snprintf(end, sizeof end, "%d", ends[1]);
	execl(check_self, check_self, "@hears", number, end, NULL);
	CHECK(!"exec");
}
