/* SIGCHLD, and children nobody waits for. */
#include "check.h"

static volatile int count, code, status, uid;
static volatile pid_t pid_seen;

static void on_child(int sig, siginfo_t *info, void *context)
{
	count++;
	code = info->si_code;
	status = info->si_status;
	uid = info->si_uid;
	pid_seen = info->si_pid;
	if (info->si_signo != SIGCHLD)
		count = 1000;
}

static void watch(int flags)
{
	struct sigaction act = {.sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART | flags};
	sigaction(SIGCHLD, &act, 0);
}

TEST(info_of_an_exit)
{
	watch(0);
	pid_t pid = fork();
	if (pid == 0)
		_exit(7);
	CHECK_SOON(count);
	CHECK_EQ(count, 1);
	CHECK_EQ(code, CLD_EXITED);
	CHECK_EQ(status, 7);
	CHECK_EQ(pid_seen, pid);
	CHECK_EQ(uid, getuid());
	CHECK_WAIT(pid, EXITED(7));
}

TEST(info_of_a_signal)
{
	watch(0);
	pid_t pid = check_sleeper();
	kill(pid, SIGKILL);
	CHECK_SOON(count);
	CHECK_EQ(code, CLD_KILLED);
	CHECK_EQ(status, SIGKILL);
	CHECK_WAIT(pid, KILLED(SIGKILL));
}

TEST(zombie_first_signal_then)
{
	/* When the handler runs the child can be waited for. */
	sigset_t set;
	siginfo_t info;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, 0);
	for (int i = 0; i < 30; i++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(i);
		CHECK_EQ(sigwaitinfo(&set, &info), SIGCHLD);
		CHECK_EQ(info.si_pid, pid);
		CHECK_EQ(waitpid(pid, 0, WNOHANG), pid);
	}
}

TEST(coalesced_while_blocked)
{
	sigset_t set;
	watch(0);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, 0);
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(0);
		CHECK_SOON(check_state(pid) == 'Z');
	}
	sigprocmask(SIG_UNBLOCK, &set, 0);
	CHECK_EQ(count, 1);
	for (int i = 0; i < 3; i++)
		CHECK(wait(0) > 0);
}

TEST(ignored_children_leave_no_zombie)
{
	signal(SIGCHLD, SIG_IGN);
	pid_t pid = fork();
	if (pid == 0)
		_exit(1);
	CHECK_SOON(kill(pid, 0) == -1 && errno == ESRCH);
	CHECK_ERR(waitpid(pid, 0, 0), ECHILD);
}

TEST(wait_with_ignored_children_waits_for_all)
{
	signal(SIGCHLD, SIG_IGN);
	long begin = check_now_ms();
	for (int i = 1; i <= 3; i++)
		if (fork() == 0) {
			check_sleep_ms(20 * i);
			_exit(1);
		}
	CHECK_ERR(wait(0), ECHILD);
	CHECK(check_now_ms() - begin >= 60);
}

TEST(no_wait_flag)
{
	watch(SA_NOCLDWAIT);
	pid_t pid = fork();
	if (pid == 0)
		_exit(1);
	CHECK_SOON(kill(pid, 0) == -1 && errno == ESRCH);
	CHECK_ERR(waitpid(pid, 0, 0), ECHILD);
	/* Unlike SIG_IGN the signal itself still comes on Linux. */
	CHECK_EQ(count, 1);
}

TEST(zombies_made_before_stay)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(6);
	CHECK_SOON(check_state(pid) == 'Z');
	signal(SIGCHLD, SIG_IGN);
	CHECK_EQ(check_state(pid), 'Z');
	CHECK_WAIT(pid, EXITED(6));
}

TEST(default_action_leaves_a_zombie)
{
	signal(SIGCHLD, SIG_DFL);
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	CHECK_SOON(check_state(pid) == 'Z');
	CHECK_WAIT(pid, EXITED(0));
}

TEST(inherited_ignore)
{
	signal(SIGCHLD, SIG_IGN);
	pid_t pid = fork();
	if (pid == 0) {
		pid_t inner = fork();
		if (inner == 0)
			_exit(0);
		int got = waitpid(inner, 0, 0);
		_exit(got == -1 && errno == ECHILD ? 0 : 1);
	}
	CHECK_ERR(waitpid(pid, 0, 0), ECHILD);
	signal(SIGCHLD, SIG_DFL);
	pid = fork();
	if (pid == 0)
		_exit(0);
	CHECK_WAIT(pid, EXITED(0));
}
