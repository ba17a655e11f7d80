/* pid_namespaces(7): who has which number where, who is whose parent, and which requests are refused. */
#include "pid_ns.h"
#include <sys/mman.h>

TEST(first_is_one_and_its_parent_nobody)
{
	IN_PID_NS {
		CHECK_EQ(getpid(), 1);
		CHECK_EQ(syscall(SYS_gettid), 1);
		CHECK_EQ(getppid(), 0);
		pid_t child = fork();
		if (child == 0)
			_exit(getpid() == 2 && getppid() == 1 ? 0 : 1);
		CHECK_EQ(child, 2);
		CHECK_WAIT(child, EXITED(0));
		child = fork();
		if (child == 0)
			_exit(0);
		CHECK_EQ(child, 3);	/* numbers go up */
		CHECK_WAIT(child, EXITED(0));
	}
}

TEST(parent_sees_its_own_number)
{
	int *seen = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (geteuid())
		return;
	int parent_tid = 0;
	struct clone_args args = {
		.flags = CLONE_NEWPID | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PIDFD,
		.exit_signal = SIGCHLD,
		.parent_tid = (uintptr_t)&parent_tid, .child_tid = (uintptr_t)seen, .pidfd = (uintptr_t)&seen[1],
	};
	pid_t child = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	if (child == 0)
		_exit(seen[0] == 1 ? 0 : 1);	/* its own number, as it knows it */
	CHECK(child > 1);
	CHECK_EQ(parent_tid, child);
	CHECK_EQ(kill(child, 0), 0);
	CHECK_EQ(getpgid(child), getpgrp());
	CHECK_WAIT(child, EXITED(0));
	close(seen[1]);
}

TEST(group_and_session_from_outside_are_zero)
{
	IN_PID_NS {
		CHECK_EQ(getpgrp(), 0);
		CHECK_EQ(getsid(0), 0);
		CHECK_EQ(getpgid(1), 0);
		CHECK_ERR(getpgid(2), ESRCH);
		pid_t child = fork();
		if (child == 0) {
			CHECK_EQ(getpgrp(), 0);
			CHECK_EQ(setpgid(0, 0), 0);
			CHECK_EQ(getpgrp(), 2);
			CHECK_EQ(getsid(0), 0);
			_exit(check_failed != 0);
		}
		CHECK_WAIT(child, EXITED(0));
		CHECK_EQ(setsid(), 1);
		CHECK_EQ(getsid(0), 1);
		CHECK_EQ(getpgrp(), 1);
	}
}

TEST(outside_is_not_to_be_seen)
{
	pid_t outside = getpid();
	IN_PID_NS {
		if (outside > 30) {
			CHECK_ERR(kill(outside, 0), ESRCH);
			CHECK_ERR(syscall(SYS_tgkill, outside, outside, 0), ESRCH);
			CHECK_ERR(syscall(SYS_pidfd_open, outside, 0), ESRCH);
			CHECK_ERR(getpriority(PRIO_PROCESS, outside), ESRCH);
			CHECK_ERR(sched_getscheduler(outside), ESRCH);
			CHECK_ERR(prlimit(outside, RLIMIT_NOFILE, 0, &(struct rlimit){}), ESRCH);
			CHECK_ERR(getsid(outside), ESRCH);
		}
		CHECK_ERR(waitpid(outside, 0, 0), ECHILD);
	}
}

TEST(nested_thirty_two_deep)
{
	if (geteuid())
		return;
	/* each level's process 1 makes the next and ends as it ends: the last says how deep it came */
	pid_t pid = fork();
	if (pid == 0) {
		alarm(12);
		for (int depth = 0;; depth++) {
			pid_t child = ns_fork(CLONE_NEWPID);
			if (child == 0)
				continue;
			if (child < 0)
				_exit(errno == ENOSPC ? depth : 99);
			int status;
			waitpid(child, &status, 0);
			_exit(WEXITSTATUS(status));
		}
	}
	/* wherever the test itself runs, there are 32 below the first */
	int status = 0;
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) <= 32 && WEXITSTATUS(status) > 20);
	if (WEXITSTATUS(status) > 32)
		check_say("depth %d\n", WEXITSTATUS(status));
}

TEST(unshare_is_for_children)
{
	if (geteuid())
		return;
	IN_CHILD {
		pid_t me = getpid();
		CHECK_OK(unshare(CLONE_NEWPID));
		CHECK_EQ(getpid(), me);
		CHECK_ERR(unshare(CLONE_NEWPID), EINVAL);	/* the caller's children are elsewhere already */
		CHECK_ERR(ns_fork(CLONE_NEWPID), EINVAL);
		char *stack = clone_stack();
		/* no thread of ours can have a number there */
		CHECK_EQ(clone_call(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, CLONE_TOP(stack), 0, 0, 0, 0, 0), -EINVAL);
		pid_t first = fork();
		if (first == 0) {
			CHECK_EQ(getpid(), 1);
			CHECK_EQ(getppid(), 0);
			pause();
			_exit(check_failed != 0);
		}
		CHECK(first > 1);
		pid_t second = fork();
		if (second == 0) {
			CHECK_EQ(getpid(), 2);
			CHECK_EQ(getppid(), 0);	/* the parent is not in there */
			_exit(check_failed != 0);
		}
		CHECK_WAIT(second, EXITED(0));
		pid_t third = vfork();
		if (third == 0)
			_exit(0);
		CHECK_WAIT(third, EXITED(0));
		check_reap(first);
		CHECK_ERR(fork(), ENOMEM);		/* its process 1 is gone: nobody is born there any more */
		CHECK_ERR(fork(), ENOMEM);
		CHECK_ERR(ns_fork(CLONE_NEWPID), EINVAL);
	}
}

static int sleeper(void *arg)
{
	while (RAW(SYS_pause))
		;
	return 0;
}

TEST(unshare_with_threads)
{
	if (geteuid())
		return;
	IN_CHILD {
		char *stack = clone_stack();
		CHECK(clone_call(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, CLONE_TOP(stack), 0, 0, 0, sleeper, 0) > 0);
		CHECK_OK(unshare(CLONE_NEWPID));
		CHECK_EQ(clone_call(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, CLONE_TOP(stack), 0, 0, 0, sleeper, 0), -EINVAL);
		pid_t child = fork();
		if (child == 0)
			_exit(getpid() == 1 ? 0 : 1);
		CHECK_WAIT(child, EXITED(0));
	}
}

TEST(flags_that_do_not_go_together)
{
	if (geteuid())
		return;
	char *stack = clone_stack();
	CHECK_EQ(clone_call(CLONE_NEWPID | CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, CLONE_TOP(stack), 0, 0, 0, 0, 0), -EINVAL);
	IN_PID_NS {
		/* init's sibling would be outside the tree */
		struct clone_args args = {.flags = CLONE_PARENT};
		CHECK_ERR(syscall(SYS_clone3, &args, sizeof args), EINVAL);
		CHECK_ERR(syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0), EINVAL);
		pid_t child = fork();
		if (child == 0) {
			/* a child of init: its sibling is init's child */
			pid_t sibling = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
			if (sibling == 0)
				_exit(getppid() == 1 ? 7 : 1);
			_exit(sibling == 3 ? 0 : 1);
		}
		CHECK_WAIT(child, EXITED(0));
		CHECK_WAIT(3, EXITED(7));
	}
}

static int init_exit(void *arg) { return (int)RAW(SYS_getpid) + 10 * (int)RAW(SYS_getppid); }

TEST(with_shared_memory)
{
	if (geteuid())
		return;
	char *stack = clone_stack();
	long child = clone_call(CLONE_NEWPID | CLONE_VM | SIGCHLD, CLONE_TOP(stack), 0, 0, 0, init_exit, 0);
	CHECK_WAIT(child, EXITED(1));
	child = clone_call(CLONE_NEWPID | CLONE_VM | CLONE_VFORK | SIGCHLD, CLONE_TOP(stack), 0, 0, 0, init_exit, 0);
	CHECK_WAIT(child, EXITED(1));
	IN_CHILD {
		/* the new world's init is a child of our parent: it is outside as well */
		long sibling = clone_call(CLONE_NEWPID | CLONE_VM | CLONE_VFORK | CLONE_PARENT, CLONE_TOP(stack), 0, 0, 0,
					  init_exit, 0);
		CHECK(sibling > 1);
	}
	int status;
	CHECK(waitpid(-1, &status, 0) > 1);
	CHECK_EQ(status, EXITED(1));
}

TEST(only_with_the_right)
{
	if (geteuid())
		return;
	IN_CHILD {
		CHECK_OK(setuid(65534));
		CHECK_ERR(unshare(CLONE_NEWPID), EPERM);
		CHECK_ERR(ns_fork(CLONE_NEWPID), EPERM);
	}
}

static pid_t with_numbers(unsigned long flags, const pid_t *numbers, size_t count)
{
	struct clone_args args = {
		.flags = flags, .exit_signal = SIGCHLD, .set_tid = (uintptr_t)numbers, .set_tid_size = count,
	};
	return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

TEST(chosen_numbers_at_each_level)
{
	if (geteuid())
		return;
	int limit = 0;
	char text[32];
	CHECK(check_slurp("/proc/sys/kernel/pid_max", text, sizeof text) > 0);
	limit = atoi(text);
	pid_t used = getpid();
	CHECK_ERR(with_numbers(CLONE_NEWPID, (pid_t[]){2}, 1), EINVAL);	/* the first must be 1 */
	CHECK_ERR(with_numbers(CLONE_NEWPID, (pid_t[]){1, used}, 2), EEXIST);
	CHECK_ERR(with_numbers(CLONE_NEWPID, (pid_t[]){1, 0}, 2), EINVAL);
	CHECK_ERR(with_numbers(CLONE_NEWPID, (pid_t[]){1, limit}, 2), EINVAL);
	CHECK_ERR(with_numbers(CLONE_NEWPID, (pid_t[]){-1}, 1), EINVAL);
	pid_t wanted = limit - 77;
	pid_t child = with_numbers(CLONE_NEWPID, (pid_t[]){1, wanted}, 2);
	if (child == 0) {
		CHECK_EQ(getpid(), 1);
		pid_t inner = with_numbers(0, (pid_t[]){42, wanted + 1}, 2);
		if (inner == 0)
			_exit(getpid() == 42 && getppid() == 1 ? 5 : 1);
		CHECK_EQ(inner, 42);
		CHECK_WAIT(inner, EXITED(5));
		inner = with_numbers(0, (pid_t[]){42}, 1);	/* free again */
		if (inner == 0)
			_exit(getpid() == 42 ? 5 : 1);
		CHECK_EQ(inner, 42);
		CHECK_ERR(with_numbers(0, (pid_t[]){42}, 1), EEXIST);
		CHECK_WAIT(inner, EXITED(5));
		/* more numbers than levels, or none for the innermost */
		pid_t many[33];
		for (int i = 0; i < 33; i++)
			many[i] = 50;
		CHECK_ERR(with_numbers(0, many, 32), EINVAL);
		CHECK_ERR(with_numbers(0, many, 33), EINVAL);
		CHECK_ERR(with_numbers(0, 0, 1), EINVAL);
		CHECK_ERR(with_numbers(0, many, 0), EINVAL);
		CHECK_ERR(with_numbers(0, (pid_t *)8, 1), EFAULT);
		inner = with_numbers(CLONE_NEWPID, (pid_t[]){1, 43}, 2);
		if (inner == 0)
			_exit(getpid() == 1 ? 6 : 1);
		CHECK_EQ(inner, 43);
		CHECK_WAIT(inner, EXITED(6));
		_exit(check_failed != 0);
	}
	CHECK_EQ(child, wanted);
	CHECK_WAIT(child, EXITED(0));
	IN_CHILD {
		CHECK_OK(setuid(65534));
		CHECK_ERR(with_numbers(0, (pid_t[]){wanted}, 1), EPERM);
		CHECK_ERR(with_numbers(0, (pid_t[]){limit}, 1), EINVAL);
		CHECK_ERR(with_numbers(CLONE_NEWPID, (pid_t[]){2}, 1), EPERM);
	}
}

TEST(a_failed_first_child_leaves_the_number)
{
	if (geteuid())
		return;
	IN_CHILD {
		CHECK_OK(unshare(CLONE_NEWPID));
		/* refused before it has a number */
		CHECK_ERR(with_numbers(0, (pid_t[]){2}, 1), EINVAL);
		CHECK_ERR(with_numbers(0, (pid_t[]){1, getpid()}, 2), EEXIST);
		pid_t child = fork();
		if (child == 0)
			_exit(getpid() == 1 ? 3 : 1);
		CHECK_WAIT(child, EXITED(3));
	}
}

TEST(last_number_is_the_worlds_own)
{
	IN_PID_NS {
		if (access("/proc/sys/kernel/ns_last_pid", F_OK) == 0) {	/* not in every Linux */
			CHECK_EQ(check_spew("/proc/sys/kernel/ns_last_pid", "500", 3, 0666), 0);
			pid_t child = fork();
			if (child == 0)
				_exit(0);
			CHECK_EQ(child, 501);
			CHECK_WAIT(child, EXITED(0));
			char text[32];
			CHECK(check_slurp("/proc/sys/kernel/ns_last_pid", text, sizeof text) > 0);
			CHECK_EQ(atoi(text), 501);
			int fd = NEED_OK(open("/proc/sys/kernel/ns_last_pid", O_WRONLY));
			CHECK_ERR(write(fd, "-1", 2), EINVAL);
			CHECK_ERR(write(fd, "4194305", 7), EINVAL);
			CHECK_ERR(write(fd, "x", 1), EINVAL);
			CHECK_OK(setuid(65534));
			CHECK_ERR(write(fd, "600", 3), EPERM);
		}
	}
}

TEST(exec_by_a_thread_of_init)
{
	IN_PID_NS_ENDS(EXITED(9)) {
		char *stack = clone_stack();
		int exec_it(void *arg)
		{
			static char *const args[] = {"self", "@number", 0}, *const none[] = {0};
			RAW(SYS_execve, check_self, args, none);
			return 1;
		}
		CHECK_EQ(clone_call(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, CLONE_TOP(stack), 0, 0, 0, exec_it, 0), 2);
		sleeper(0);
	}
}

HELPER(number)
{
	pid_t child = fork();	/* it is the one to reap and to adopt still */
	if (child == 0) {
		if (fork() == 0) {
			check_sleep_ms(20);
			_exit(getppid() == 1 ? 4 : 5);
		}
		_exit(0);
	}
	waitpid(child, 0, 0);
	int status = 0;
	waitpid(-1, &status, 0);
	return getpid() == 1 && WEXITSTATUS(status) == 4 ? 9 : 1;
}
