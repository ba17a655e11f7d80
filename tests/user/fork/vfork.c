/* vfork(2): the parent sleeps until the child has executed or died, and both use one memory. */
#include "clone.h"

static volatile int global;
static int pipe_ends[2];

TEST(memory_is_shared)
{
	global = 1;
	pid_t pid = vfork();
	if (pid == 0) {
		global = 77;
		_exit(3);
	}
	CHECK_EQ(global, 77);
	CHECK_WAIT(pid, EXITED(3));
}

TEST(parent_waits_for_exit)
{
	long begin = check_now_ms();
	pid_t pid = vfork();
	if (pid == 0) {
		raw_sleep_ms(100);
		_exit(0);
	}
	CHECK(check_now_ms() - begin >= 100);
	CHECK_WAIT(pid, EXITED(0));
}

HELPER(sleeps)
{
	check_sleep_ms(300);
	return 5;
}

TEST(parent_goes_on_at_exec)
{
	char *argv[] = {(char *)check_self, "@sleeps", 0};
	pid_t pid = vfork();
	if (pid == 0) {
		execve(check_self, argv, environ);
		_exit(127);
	}
	CHECK_EQ(waitpid(pid, 0, WNOHANG), 0);
	CHECK_WAIT(pid, EXITED(5));
}

TEST(failed_exec_then_exit)
{
	volatile int seen = 0;
	char *argv[] = {"none", 0};
	pid_t pid = vfork();
	if (pid == 0) {
		execve("/no/such/program", argv, environ);
		seen = errno;
		_exit(9);
	}
	CHECK_EQ(seen, ENOENT);
	CHECK_WAIT(pid, EXITED(9));
}

TEST(child_killed_frees_the_parent)
{
	pid_t pid = vfork();
	if (pid == 0) {
		RAW(SYS_kill, RAW(SYS_getpid), SIGKILL);
		_exit(0);
	}
	CHECK_WAIT(pid, KILLED(SIGKILL));
}

TEST(ids)
{
	static volatile pid_t child, child_parent;
	pid_t self = getpid(), pid = vfork();
	if (pid == 0) {
		child = RAW(SYS_getpid);
		child_parent = RAW(SYS_getppid);
		_exit(0);
	}
	CHECK_EQ(child, pid);
	CHECK_EQ(child_parent, self);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(files_are_a_copy)
{
	int fd = NEED_OK(open("/dev/null", O_RDONLY));
	pid_t pid = vfork();
	if (pid == 0) {
		RAW(SYS_close, fd);
		_exit(0);
	}
	CHECK_OK(fcntl(fd, F_GETFD));
	CHECK_WAIT(pid, EXITED(0));
}

static void on_signal(int sig)
{
	global += sig;
}

TEST(dispositions_are_a_copy)
{
	struct sigaction now;
	signal(SIGUSR1, on_signal);
	pid_t pid = vfork();
	if (pid == 0) {
		signal(SIGUSR1, SIG_IGN);
		_exit(0);
	}
	sigaction(SIGUSR1, 0, &now);
	CHECK(now.sa_handler == on_signal);
	CHECK_WAIT(pid, EXITED(0));
}

/* Signals to the sleeping parent wait for the child, but for a deadly one. */
TEST(parent_is_killable)
{
	NEED_OK(pipe(pipe_ends));
	pid_t middle = fork();
	if (middle == 0) {
		pid_t pid = vfork();
		if (pid == 0) {
			pid_t me = RAW(SYS_getpid);
			RAW(SYS_write, pipe_ends[1], &me, sizeof me);
			for (;;)
				RAW(SYS_pause);
		}
		_exit(0);
	}
	pid_t child = 0;
	CHECK_EQ(read(pipe_ends[0], &child, sizeof child), sizeof child);
	CHECK_EQ(waitpid(middle, 0, WNOHANG), 0);
	CHECK_OK(kill(middle, SIGKILL));
	CHECK_WAIT(middle, KILLED(SIGKILL));
	CHECK_OK(kill(child, 0));
	CHECK_OK(kill(child, SIGKILL));
}

TEST(handler_waits_for_the_child)
{
	volatile int during = -1;
	global = 0;
	signal(SIGUSR1, on_signal);
	pid_t pid = vfork();
	if (pid == 0) {
		RAW(SYS_kill, RAW(SYS_getppid), SIGUSR1);
		raw_sleep_ms(50);
		during = global;
		_exit(0);
	}
	CHECK_EQ(during, 0);
	CHECK_EQ(global, SIGUSR1);
	CHECK_WAIT(pid, EXITED(0));
}

static int set_and_sleep(void *arg)
{
	raw_sleep_ms(50);
	*(volatile int *)arg = 5;
	return 6;
}

/* CLONE_VFORK alone: the parent waits, the memory is a copy. */
TEST(vfork_flag_without_vm)
{
	global = 1;
	long begin = check_now_ms();
	long pid = clone_call(CLONE_VFORK | SIGCHLD, 0, 0, 0, 0, set_and_sleep, (void *)&global);
	CHECK(check_now_ms() - begin >= 50);
	CHECK_EQ(global, 1);
	CHECK_WAIT(pid, EXITED(6));
}

TEST(vfork_flag_with_vm_and_stack)
{
	char *stack = clone_stack();
	global = 1;
	long pid = clone_call(CLONE_VFORK | CLONE_VM | SIGCHLD, CLONE_TOP(stack), 0, 0, 0, set_and_sleep, (void *)&global);
	CHECK_EQ(global, 5);
	CHECK_WAIT(pid, EXITED(6));
}

TEST(nested)
{
	global = 0;
	pid_t pid = vfork();
	if (pid == 0) {
		pid_t inner = vfork();
		if (inner == 0) {
			global++;
			_exit(0);
		}
		global++;
		_exit(inner > 0 ? 0 : 1);
	}
	CHECK_EQ(global, 2);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(loop)
{
	long n = check_scale(500);
	global = 0;
	for (long i = 0; i < n; i++) {
		pid_t pid = vfork();
		if (pid == 0) {
			global++;
			_exit(i & 0x7f);
		}
		int status = -1;
		if (waitpid(pid, &status, 0) != pid || status != EXITED(i & 0x7f)) {
			CHECK_EQ(status, EXITED(i & 0x7f));
			break;
		}
	}
	CHECK_EQ(global, n);
}
