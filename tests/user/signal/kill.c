/* kill(2): to whom, by whom, with what answer. */
#include "check.h"
#include <pthread.h>
#include <sys/prctl.h>

static volatile int count;

static void counts(int sig)
{
	count++;
}

TEST(errors)
{
	CHECK_ERR(kill(getpid(), 65), EINVAL);
	CHECK_ERR(kill(getpid(), -1), EINVAL);
	CHECK_ERR(kill(4000000, 0), ESRCH);
	CHECK_ERR(kill(4000000, 65), ESRCH);
	CHECK_ERR(kill(-4000000, 0), ESRCH);
	CHECK_ERR(kill((pid_t)0x80000000, 0), ESRCH);
	CHECK_OK(kill(getpid(), 0));
	CHECK_OK(kill(1, 0));
}

TEST(handler_runs_before_kill_returns)
{
	signal(SIGUSR1, counts);
	for (int i = 1; i <= 10; i++) {
		CHECK_OK(kill(getpid(), SIGUSR1));
		CHECK_EQ(count, i);
	}
}

TEST(group)
{
	pid_t one = fork();
	if (one == 0) {
		setpgid(0, 0);
		for (;;)
			pause();
	}
	setpgid(one, one);
	pid_t two = fork();
	if (two == 0)
		for (;;)
			pause();
	CHECK_OK(setpgid(two, one));
	CHECK_EQ(getpgid(two), one);
	CHECK_OK(kill(-one, 0));
	CHECK_OK(kill(-one, SIGTERM));
	CHECK_WAIT(one, KILLED(SIGTERM));
	CHECK_WAIT(two, KILLED(SIGTERM));
	CHECK_ERR(kill(-one, 0), ESRCH);
}

TEST(own_group)
{
	IN_CHILD {
		CHECK_OK(setpgid(0, 0));
		signal(SIGUSR1, counts);
		pid_t pid = fork();
		if (pid == 0) {
			while (!count)
				check_sleep_ms(1);
			_exit(8);
		}
		CHECK_OK(kill(0, SIGUSR1));
		CHECK_EQ(count, 1);
		CHECK_WAIT(pid, EXITED(8));
	}
}

TEST(setpgid_errors)
{
	pid_t pid = check_sleeper();
	CHECK_ERR(setpgid(-1, 0), EINVAL);
	CHECK_ERR(setpgid(pid, -1), EINVAL);
	CHECK_ERR(setpgid(getppid(), 0), ESRCH);
	CHECK_ERR(setpgid(pid, 4000000), EPERM);
	CHECK_ERR(getpgid(4000000), ESRCH);
	CHECK_OK(setpgid(pid, 0));
	CHECK_EQ(getpgid(pid), pid);
	check_reap(pid);
	IN_CHILD {
		CHECK_EQ(setsid(), getpid());
		CHECK_EQ(getpgrp(), getpid());
		CHECK_EQ(getsid(0), getpid());
		CHECK_ERR(setsid(), EPERM);
		CHECK_ERR(setpgid(0, 0), EPERM);
	}
	/* After exec a child's group is its own business. */
	pid = fork();
	if (pid == 0) {
		execl(check_self, check_self, "@sleeper", NULL);
		_exit(1);
	}
	CHECK_SOON(setpgid(pid, pid) == -1);
	CHECK_ERR(setpgid(pid, pid), EACCES);
	check_reap(pid);
}

HELPER(sleeper)
{
	for (;;)
		pause();
	return 0;
}

TEST(permission)
{
	pid_t root = check_sleeper();
	pid_t other = fork();
	if (other == 0) {
		if (setresuid(1001, 1002, 1003))
			_exit(1);
		for (;;)
			pause();
	}
	char path[40];
	snprintf(path, sizeof path, "/proc/%d", other);
	struct stat st;
	CHECK_SOON(!stat(path, &st) && st.st_uid == 1002);
	IN_CHILD { /* real or effective id of the sender = real or saved id of the target */
		CHECK_OK(setresuid(1001, 1001, 1001));
		CHECK_OK(kill(other, 0));
		CHECK_ERR(kill(root, 0), EPERM);
		CHECK_ERR(kill(root, SIGKILL), EPERM);
	}
	IN_CHILD {
		CHECK_OK(setresuid(1002, 1002, 1002));
		CHECK_ERR(kill(other, 0), EPERM);
	}
	IN_CHILD {
		CHECK_OK(setresuid(1003, 1003, 1003));
		CHECK_OK(kill(other, 0));
	}
	check_reap(root);
	check_reap(other);
}

TEST(continue_within_the_session)
{
	/* SIGCONT may go to anyone of the sender's session. */
	pid_t root = check_sleeper();
	IN_CHILD {
		CHECK_OK(setuid(2000));
		CHECK_OK(kill(root, SIGCONT));
		CHECK_ERR(kill(root, SIGTERM), EPERM);
	}
	check_reap(root);
}

TEST(to_a_zombie)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	CHECK_SOON(check_state(pid) == 'Z');
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_WAIT(pid, EXITED(0));
	CHECK_ERR(kill(pid, SIGKILL), ESRCH);
}

TEST(kill_ends_anything)
{
	/* Spinning, sleeping in a call, stopped; with everything blocked. */
	int ends[2];
	NEED_OK(pipe(ends));
	for (int kind = 0; kind < 3; kind++) {
		pid_t pid = fork();
		if (pid == 0) {
			char c;
			unsigned long all = -1ul;
			RAW(SYS_rt_sigprocmask, SIG_SETMASK, &all, 0, 8);
			if (kind == 1)
				(void)!read(ends[0], &c, 1);
			if (kind == 2)
				raise(SIGSTOP);
			for (;;)
				__asm__ volatile("pause");
		}
		check_sleep_ms(5);
		CHECK_OK(kill(pid, SIGKILL));
		CHECK_WAIT(pid, KILLED(SIGKILL));
	}
}

TEST(signal_storm)
{
	pid_t self = getpid();
	signal(SIGUSR1, counts);
	pid_t pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 2000; i++)
			kill(self, SIGUSR1);
		_exit(0);
	}
	int status;
	while (waitpid(pid, &status, 0) != pid)
		;
	CHECK_EQ(status, 0);
	CHECK(count > 0);
}

/* -- a signal to a group of which one is being made: it comes before the fork, which then is made after its handler, or after
 * it, and reaches the child -- */
static volatile int is_told;

static void tells(int sig)
{
	is_told = 1;
}

/* Makes children until it is told. Each of them was told too, be it only in the memory it was given. */
static void makes_children(void)
{
	sigset_t usr1, old;
	int made = 0, status;
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	for (; !is_told && made < 400; made++) {
		pid_t pid = syscall(SYS_fork);	/* a C library's may block signals around it, and then miss one of its own will */
		if (pid == 0) {
			alarm((unsigned)(10 * check_patience()));
			sigprocmask(SIG_BLOCK, &usr1, &old);
			while (!is_told)
				sigsuspend(&old);
			_exit(0);
		}
	}
	while (!is_told)
		check_sleep_ms(1);
	for (; made > 0; made--) {
		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
	_exit(check_failed != 0);
}

TEST(no_child_is_missed)
{
	for (int round = 0; round < check_scale(12); round++) {
		int ready[2];
		char c;
		NEED_OK(pipe(ready));
		pid_t group = fork();
		if (group == 0) {
			setpgid(0, 0);
			signal(SIGUSR1, tells);
			write(ready[1], "r", 1);
			makes_children();
		}
		CHECK_EQ(read(ready[0], &c, 1), 1);
		check_sleep_ms(1 + round % 4);
		CHECK_OK(kill(-group, SIGUSR1));
		CHECK_WAIT(group, EXITED(0));
		close(ready[0]);
		close(ready[1]);
	}
}

/* -- who makes a child first takes what was sent to the process, also when another thread was to take it and cannot yet -- */
static int there[2], hold[2];

static void *forks_after_a_signal(void *arg)
{
	char c;
	CHECK_EQ(read(there[0], &c, 1), 1);
	CHECK_EQ(is_told, 0);
	CHECK_OK(kill(getpid(), SIGUSR1));	/* the first thread's, which waits for its vforked child */
	pid_t pid = syscall(SYS_fork);
	if (pid == 0)
		_exit(is_told);
	CHECK_WAIT(pid, EXITED(1));
	write(hold[1], "x", 1);
	return 0;
}

TEST(a_fork_takes_the_process_s_signals)
{
	pthread_t thread;
	is_told = 0;
	signal(SIGUSR1, tells);
	NEED_OK(pipe(there));
	NEED_OK(pipe(hold));
	NEED_OK(pthread_create(&thread, 0, forks_after_a_signal, 0));
	pid_t pid = vfork();
	if (pid == 0) {
		char c;
		write(there[1], "x", 1);
		read(hold[0], &c, 1);
		_exit(0);
	}
	CHECK_WAIT(pid, EXITED(0));
	pthread_join(thread, 0);
}

/* The signal that a parent's death sends is the parent's: one that it may not send does not come. */
TEST(death_signal_needs_the_right_to_send_it)
{
	int ends[2];
	char c = 0;
	NEED_OK(pipe(ends));
	pid_t parent = fork();
	if (parent == 0) {
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			write(ends[1], "r", 1);
			while (getppid() != 1)
				check_sleep_ms(1);
			write(ends[1], "lives", 5);
			_exit(0);
		}
		read(ends[0], &c, 1);
		_exit(setuid(1000));
	}
	CHECK_WAIT(parent, EXITED(0));
	close(ends[1]);
	CHECK_EQ(read(ends[0], &c, 1), 1);
	CHECK_EQ(c, 'l');
}
