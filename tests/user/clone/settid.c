/* clone3's set_tid: the child's number chosen by the caller. */
#include "clone.h"

static int exits_three(void *arg)
{
	return 3;
}

static long with_tids(const int *tids, size_t count)
{
	struct clone_args args = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t)tids, .set_tid_size = count};
	return clone3_call(&args, sizeof args, exits_three, 0);
}

/* A number that nobody has. */
static int free_number(void)
{
	int number = 21000;
	while (kill(number, 0) == 0 || kill(-number, 0) == 0)
		number++;
	return number;
}

TEST(gives_the_number)
{
	int number = free_number();
	for (int i = 0; i < 3; i++) {
		long pid = with_tids(&number, 1);
		CHECK_EQ(pid, number);
		CHECK_WAIT(pid, EXITED(3));
	}
}

TEST(a_taken_number)
{
	int self = getpid(), one = 1, number = free_number();
	CHECK_EQ(with_tids(&self, 1), -EEXIST);
	CHECK_EQ(with_tids(&one, 1), -EEXIST);
	long pid = with_tids(&number, 1);
	CHECK_EQ(with_tids(&number, 1), -EEXIST); /* running or a zombie */
	CHECK_WAIT(pid, EXITED(3));
}

TEST(numbers_that_cannot_be)
{
	int zero = 0, negative = -1, large = 1 << 22, huge = 0x7fffffff;
	CHECK_EQ(with_tids(&zero, 1), -EINVAL);
	CHECK_EQ(with_tids(&negative, 1), -EINVAL);
	CHECK_EQ(with_tids(&large, 1), -EINVAL);
	CHECK_EQ(with_tids(&huge, 1), -EINVAL);
	CHECK_ERR(waitpid(-1, 0, __WALL), ECHILD);
}

TEST(count_and_pointer)
{
	int many[40] = {free_number()};
	CHECK_EQ(with_tids(many, 0), -EINVAL);
	CHECK_EQ(with_tids(0, 1), -EINVAL);
	CHECK_EQ(with_tids(many, 33), -EINVAL);
	CHECK_EQ(with_tids(many, -1ul), -EINVAL);
	CHECK_EQ(with_tids(many, 32), -EINVAL); /* more than there are levels */
	CHECK_EQ(with_tids((int *)8, 1), -EFAULT);
	CHECK_ERR(waitpid(-1, 0, __WALL), ECHILD);
}

TEST(needs_the_right)
{
	int number = free_number();
	CHECK_OK(setuid(12345));
	CHECK_EQ(with_tids(&number, 1), -EPERM);
	number = 0;
	CHECK_EQ(with_tids(&number, 1), -EINVAL);
	CHECK_ERR(waitpid(-1, 0, __WALL), ECHILD);
}

/* A chosen number does not move where the next ones are taken from. */
TEST(the_counter_stays)
{
	int number = free_number();
	pid_t before = fork();
	if (before == 0)
		_exit(0);
	CHECK_WAIT(with_tids(&number, 1), EXITED(3));
	pid_t after = fork();
	if (after == 0)
		_exit(0);
	CHECK(after != number + 1);
	CHECK_WAIT(before, EXITED(0));
	CHECK_WAIT(after, EXITED(0));
}

static int tells(void *arg)
{
	return RAW(SYS_gettid) == *(int *)arg ? 0 : 1;
}

TEST(a_threads_number)
{
	static int tid, number, cleared;
	char *stack = clone_stack();
	number = free_number();
	tid = -1;
	struct clone_args args = {
		.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID,
		.parent_tid = (uintptr_t)&tid, .child_tid = (uintptr_t)&cleared,
		.stack = (uintptr_t)stack, .stack_size = CLONE_STACK_BYTES,
		.set_tid = (uintptr_t)&number, .set_tid_size = 1,
	};
	cleared = 1;
	CHECK_EQ(clone3_call(&args, sizeof args, tells, &number), number);
	CHECK_EQ(tid, number);
	CHECK_SOON(*(volatile int *)&cleared == 0);
}
