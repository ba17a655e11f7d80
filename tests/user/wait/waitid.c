/* waitid(2). */
#include "check.h"

static pid_t exits(int code)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(code);
	return pid;
}

/* The kernel's own call has a fifth argument. */
static long waitid5(int type, pid_t id, siginfo_t *info, int options, struct rusage *use)
{
	return syscall(SYS_waitid, type, id, info, options, use);
}

TEST(exited)
{
	siginfo_t info;
	memset(&info, 0xff, sizeof info);
	pid_t pid = exits(300);
	CHECK_EQ(waitid(P_PID, pid, &info, WEXITED), 0);
	CHECK_EQ(info.si_signo, SIGCHLD);
	CHECK_EQ(info.si_errno, 0);
	CHECK_EQ(info.si_code, CLD_EXITED);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(info.si_uid, getuid());
	CHECK_EQ(info.si_status, 300 & 0xff);
	CHECK_ERR(waitid(P_PID, pid, &info, WEXITED), ECHILD);
}

TEST(killed)
{
	siginfo_t info;
	pid_t pid = check_sleeper();
	CHECK_OK(kill(pid, SIGTERM));
	CHECK_EQ(waitid(P_ALL, 0, &info, WEXITED), 0);
	CHECK_EQ(info.si_code, CLD_KILLED);
	CHECK_EQ(info.si_status, SIGTERM);
	CHECK_EQ(info.si_pid, pid);
}

TEST(uid_of_the_child)
{
	siginfo_t info;
	pid_t pid = fork();
	if (pid == 0) {
		CHECK_OK(setuid(777));
		_exit(0);
	}
	CHECK_EQ(waitid(P_PID, pid, &info, WEXITED), 0);
	CHECK_EQ(info.si_uid, 777);
}

TEST(no_hang_zeroes_the_info)
{
	siginfo_t info;
	pid_t pid = check_sleeper();
	memset(&info, 0xff, sizeof info);
	CHECK_EQ(waitid(P_PID, pid, &info, WEXITED | WNOHANG), 0);
	CHECK_EQ(info.si_pid, 0);
	CHECK_EQ(info.si_signo, 0);
	CHECK_EQ(info.si_code, 0);
	CHECK_EQ(info.si_status, 0);
	check_reap(pid);
}

TEST(no_wait_leaves_it)
{
	siginfo_t info;
	pid_t pid = exits(5);
	for (int i = 0; i < 3; i++) {
		memset(&info, 0, sizeof info);
		CHECK_EQ(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
		CHECK_EQ(info.si_pid, pid);
		CHECK_EQ(info.si_status, 5);
	}
	CHECK_EQ(check_state(pid), 'Z');
	CHECK_WAIT(pid, EXITED(5));
}

TEST(by_group)
{
	siginfo_t info;
	pid_t one = check_sleeper(), two = check_sleeper();
	CHECK_OK(setpgid(one, one));
	CHECK_OK(kill(one, SIGKILL));
	CHECK_OK(kill(two, SIGKILL));
	CHECK_EQ(waitid(P_PGID, one, &info, WEXITED), 0);
	CHECK_EQ(info.si_pid, one);
	CHECK_EQ(waitid(P_PGID, 0, &info, WEXITED), 0);
	CHECK_EQ(info.si_pid, two);
	CHECK_ERR(waitid(P_PGID, one, &info, WEXITED), ECHILD);
}

TEST(errors)
{
	siginfo_t info;
	pid_t pid = exits(0);
	CHECK_ERR(waitid(P_PID, pid, &info, 0), EINVAL);
	CHECK_ERR(waitid(P_PID, pid, &info, WNOHANG), EINVAL);
	CHECK_ERR(waitid(P_PID, pid, &info, WEXITED | 0x100), EINVAL);
	CHECK_ERR(waitid(P_PID, 0, &info, WEXITED), EINVAL);
	CHECK_ERR(waitid(P_PID, -1, &info, WEXITED), EINVAL);
	CHECK_ERR(waitid(P_PGID, -1, &info, WEXITED), EINVAL);
	CHECK_ERR(waitid(77, pid, &info, WEXITED), EINVAL);
	CHECK_ERR(waitid(P_PID, getpid(), &info, WEXITED), ECHILD);
	CHECK_EQ(waitid(P_ALL, 12345, &info, WEXITED), 0);
	CHECK_ERR(waitid(P_ALL, 0, &info, WEXITED), ECHILD);
}

/* The dead have nothing to tell but their end: who does not ask for that has nobody to wait for. */
TEST(of_the_dead_only_the_end)
{
	siginfo_t info;
	pid_t pid = fork();
	if (pid == 0)
		_exit(3);
	CHECK_OK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	CHECK_ERR(waitid(P_ALL, 0, &info, WSTOPPED | WNOHANG), ECHILD);
	CHECK_ERR(waitid(P_PID, pid, &info, WSTOPPED | WCONTINUED), ECHILD);
	pid_t alive = fork();
	if (alive == 0)
		for (;;)
			pause();
	CHECK_OK(waitid(P_ALL, 0, &info, WSTOPPED | WNOHANG));
	CHECK_EQ(info.si_pid, 0);
	CHECK_OK(kill(alive, SIGKILL));
	CHECK_EQ(waitpid(alive, 0, 0), alive);
	CHECK_OK(waitid(P_ALL, 0, &info, WEXITED));
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(info.si_status, 3);
}

TEST(without_info)
{
	pid_t pid = exits(0);
	CHECK_EQ(waitid5(P_PID, pid, 0, WEXITED, 0), 0);
	pid = exits(0);
	CHECK_EQ(RAW(SYS_waitid, P_PID, pid, 8, WEXITED, 0), -EFAULT);
	CHECK_ERR(waitpid(pid, 0, 0), ECHILD);
}

TEST(rusage)
{
	struct rusage use;
	siginfo_t info;
	pid_t pid = exits(0);
	memset(&use, 0xff, sizeof use);
	CHECK_EQ(waitid5(P_PID, pid, &info, WEXITED, &use), 0);
	CHECK(use.ru_maxrss > 0);
	CHECK(use.ru_utime.tv_sec == 0);
}

TEST(core_bit)
{
	siginfo_t info;
	pid_t pid = check_sleeper();
	CHECK_OK(kill(pid, SIGABRT));
	CHECK_EQ(waitid(P_PID, pid, &info, WEXITED), 0);
	CHECK(info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED);
	CHECK_EQ(info.si_status, SIGABRT);
}
