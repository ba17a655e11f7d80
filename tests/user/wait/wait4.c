/* wait4(2): which child, which options, what comes back, every errno. */
#include "clone.h"
#include <pthread.h>

static pid_t exits(int code)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(code);
	return pid;
}

TEST(status_of_an_exit)
{
	static const int codes[] = {0, 1, 127, 128, 255, 256, -1, 0x1234};
	for (unsigned i = 0; i < sizeof codes / sizeof *codes; i++) {
		int status = -1;
		pid_t pid = exits(codes[i]);
		CHECK_EQ(wait4(pid, &status, 0, 0), pid);
		CHECK_EQ(status, (codes[i] & 0xff) << 8);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == (codes[i] & 0xff));
	}
}

TEST(status_of_a_signal)
{
	static const int signals[] = {SIGKILL, SIGTERM, SIGHUP, SIGUSR1, SIGALRM, SIGPIPE, 40, 64};
	for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) {
		int status = -1;
		pid_t pid = check_sleeper();
		CHECK_OK(kill(pid, signals[i]));
		CHECK_EQ(wait4(pid, &status, 0, 0), pid);
		CHECK_EQ(status, signals[i]);
		CHECK(!WCOREDUMP(status));
	}
}

TEST(no_child)
{
	int status = 77;
	CHECK_ERR(wait4(-1, &status, 0, 0), ECHILD);
	CHECK_ERR(wait4(-1, &status, WNOHANG, 0), ECHILD);
	CHECK_ERR(wait4(getppid(), &status, 0, 0), ECHILD);
	CHECK_ERR(wait4(getpid(), &status, 0, 0), ECHILD);
	CHECK_ERR(wait4(0, &status, 0, 0), ECHILD);
	CHECK_ERR(wait4(-getpgrp(), &status, 0, 0), ECHILD);
	CHECK_ERR(wait4(4000000, &status, 0, 0), ECHILD);
	CHECK_EQ(status, 77);
}

TEST(bad_arguments)
{
	pid_t pid = exits(0);
	CHECK_ERR(wait4(pid, 0, 0x100, 0), EINVAL);
	CHECK_ERR(wait4(pid, 0, WEXITED, 0), EINVAL);
	CHECK_ERR(wait4(pid, 0, WNOWAIT, 0), EINVAL);
	CHECK_ERR(wait4((pid_t)0x80000000, 0, 0, 0), ESRCH);
	CHECK_EQ(wait4(pid, 0, 0, 0), pid);
}

TEST(bad_pointers_still_reap)
{
	pid_t pid = exits(0);
	CHECK_EQ(RAW(SYS_wait4, pid, 8, 0, 0), -EFAULT);
	CHECK_ERR(wait4(pid, 0, 0, 0), ECHILD);
	pid = exits(0);
	CHECK_EQ(RAW(SYS_wait4, pid, 0, 0, 8), -EFAULT);
	CHECK_ERR(wait4(pid, 0, 0, 0), ECHILD);
}

TEST(status_is_told_first)
{
	pid_t pid = fork();
	int status = -1;
	if (pid == 0)
		_exit(3);
	CHECK_EQ(RAW(SYS_wait4, pid, &status, 0, 8), -EFAULT);
	CHECK_EQ(status, EXITED(3));
	CHECK_ERR(waitpid(pid, 0, 0), ECHILD);
}

TEST(no_hang)
{
	int status = 77;
	pid_t pid = check_sleeper();
	CHECK_EQ(wait4(pid, &status, WNOHANG, 0), 0);
	CHECK_EQ(wait4(-1, &status, WNOHANG, 0), 0);
	CHECK_EQ(status, 77);
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_SOON(check_state(pid) == 'Z');
	CHECK_EQ(wait4(pid, &status, WNOHANG, 0), pid);
	CHECK_EQ(status, SIGKILL);
}

TEST(chosen_child)
{
	pid_t one = exits(1), two = exits(2), three = exits(3);
	CHECK_WAIT(two, EXITED(2));
	CHECK_WAIT(three, EXITED(3));
	CHECK_WAIT(one, EXITED(1));
}

TEST(any_child)
{
	int seen = 0, status;
	for (int i = 0; i < 5; i++)
		exits(i);
	for (int i = 0; i < 5; i++) {
		CHECK(wait4(-1, &status, 0, 0) > 0);
		seen |= 1 << WEXITSTATUS(status);
	}
	CHECK_EQ(seen, 31);
	CHECK_ERR(wait4(-1, &status, 0, 0), ECHILD);
}

TEST(by_group)
{
	pid_t one = check_sleeper(), two = check_sleeper();
	CHECK_OK(setpgid(one, one));
	CHECK_EQ(wait4(-one, 0, WNOHANG, 0), 0);
	CHECK_OK(kill(two, SIGKILL));
	CHECK_SOON(check_state(two) == 'Z');
	CHECK_EQ(wait4(-one, 0, WNOHANG, 0), 0);
	CHECK_EQ(wait4(0, 0, 0, 0), two);
	CHECK_ERR(wait4(0, 0, 0, 0), ECHILD);
	CHECK_OK(kill(-one, SIGTERM));
	int status = 0;
	CHECK_EQ(wait4(-one, &status, 0, 0), one);
	CHECK_EQ(status, SIGTERM);
}

TEST(grandchildren_are_not_mine)
{
	int ends[2];
	pid_t inner = 0;
	NEED_OK(pipe(ends));
	pid_t pid = fork();
	if (pid == 0) {
		pid_t grandchild = check_sleeper();
		CHECK_EQ(write(ends[1], &grandchild, sizeof grandchild), sizeof grandchild);
		for (;;)
			pause();
	}
	CHECK_EQ(read(ends[0], &inner, sizeof inner), sizeof inner);
	CHECK_ERR(wait4(inner, 0, 0, 0), ECHILD);
	kill(inner, SIGKILL);
	check_reap(pid);
}

TEST(blocks_until_the_end)
{
	long begin = check_now_ms();
	pid_t pid = fork();
	if (pid == 0) {
		check_sleep_ms(80);
		_exit(3);
	}
	CHECK_WAIT(pid, EXITED(3));
	CHECK(check_now_ms() - begin >= 80);
}

static int seen_signal;

static void on_alarm(int sig)
{
	seen_signal = sig;
}

TEST(interrupted)
{
	struct sigaction act = {.sa_handler = on_alarm};
	struct itimerval soon = {{0, 0}, {0, 50000}};
	pid_t pid = check_sleeper();
	sigaction(SIGALRM, &act, 0);
	setitimer(ITIMER_REAL, &soon, 0);
	CHECK_ERR(wait4(pid, 0, 0, 0), EINTR);
	CHECK_EQ(seen_signal, SIGALRM);
	check_reap(pid);
}

TEST(restarted)
{
	struct sigaction act = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct itimerval soon = {{0, 0}, {0, 30000}};
	sigaction(SIGALRM, &act, 0);
	pid_t pid = fork();
	if (pid == 0) {
		check_sleep_ms(100);
		_exit(4);
	}
	setitimer(ITIMER_REAL, &soon, 0);
	int status = 0;
	CHECK_EQ(wait4(pid, &status, 0, 0), pid);
	CHECK_EQ(status, EXITED(4));
	CHECK_EQ(seen_signal, SIGALRM);
}

TEST(rusage_of_the_child)
{
	struct rusage use;
	pid_t pid = fork();
	if (pid == 0) {
		clock_t end = clock() + CLOCKS_PER_SEC / 10;
		while (clock() < end)
			;
		_exit(0);
	}
	memset(&use, 0xff, sizeof use);
	CHECK_EQ(wait4(pid, 0, 0, &use), pid);
	long us = (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000 + use.ru_utime.tv_usec + use.ru_stime.tv_usec;
	CHECK(us > 50000 && us < 5000000);
	CHECK(use.ru_minflt > 0);
	CHECK(use.ru_maxrss > 0);
	CHECK_EQ(use.ru_ixrss, 0);
}

/* A child whose signal is not SIGCHLD is a "clone child": seen only with __WALL or __WCLONE. */
TEST(clone_children)
{
	pid_t plain = exits(1);
	long odd = syscall(SYS_clone, 0, 0, 0, 0, 0);
	if (odd == 0)
		_exit(2);
	CHECK_SOON(check_state(odd) == 'Z');
	CHECK_ERR(wait4(odd, 0, 0, 0), ECHILD);
	CHECK_EQ(wait4(-1, 0, 0, 0), plain);
	CHECK_ERR(wait4(-1, 0, 0, 0), ECHILD);
	CHECK_EQ(wait4(-1, 0, __WCLONE, 0), odd);
	odd = syscall(SYS_clone, SIGUSR2 * 0, 0, 0, 0, 0);
	if (odd == 0)
		_exit(2);
	CHECK_EQ(wait4(-1, 0, __WALL, 0), odd);
	plain = exits(1);
	CHECK_ERR(wait4(plain, 0, __WCLONE, 0), ECHILD);
	CHECK_EQ(wait4(plain, 0, __WALL, 0), plain);
}

static void *waits_for_its_own(void *result)
{
	pid_t mine = exits(2);
	CHECK_SOON(check_state(mine) == 'Z');
	*(bool *)result = wait4(-1, 0, 0, 0) == mine;
	return 0;
}

/* A thread's own children come before those of the others. */
TEST(the_own_children_of_a_thread_first)
{
	pthread_t thread;
	bool was_its_own = false;
	pid_t first = exits(1);
	CHECK_SOON(check_state(first) == 'Z');
	CHECK_EQ(pthread_create(&thread, 0, waits_for_its_own, &was_its_own), 0);
	CHECK_EQ(pthread_join(thread, 0), 0);
	CHECK(was_its_own);
	CHECK_EQ(wait4(-1, 0, 0, 0), first);
}
