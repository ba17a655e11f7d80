/* clone3(2): the sizes of its struct, its stack, and what it has that clone has not. */
#include "clone.h"

static int gives_five(void *arg)
{
	return 5;
}

TEST(like_fork)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	long pid = syscall(SYS_clone3, &args, sizeof args);
	if (pid == 0)
		_exit(4);
	CHECK_WAIT(pid, EXITED(4));
}

TEST(first_size)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	long pid = clone3_call(&args, CLONE_ARGS_SIZE_VER0, gives_five, 0);
	CHECK_WAIT(pid, EXITED(5));
	pid = clone3_call(&args, 80, gives_five, 0);
	CHECK_WAIT(pid, EXITED(5));
	pid = clone3_call(&args, 88, gives_five, 0);
	CHECK_WAIT(pid, EXITED(5));
}

TEST(too_small)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	CHECK_EQ(clone3_call(&args, 0, gives_five, 0), -EINVAL);
	CHECK_EQ(clone3_call(&args, 8, gives_five, 0), -EINVAL);
	CHECK_EQ(clone3_call(&args, CLONE_ARGS_SIZE_VER0 - 1, gives_five, 0), -EINVAL);
}

TEST(too_large)
{
	struct clone_args *args = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	args->exit_signal = SIGCHLD;
	CHECK_EQ(clone3_call(args, PAGE + 1, gives_five, 0), -E2BIG);
	CHECK_EQ(clone3_call(args, 2 * PAGE, gives_five, 0), -E2BIG);
	CHECK_EQ(clone3_call(args, -1ul, gives_five, 0), -E2BIG);
	long pid = clone3_call(args, PAGE, gives_five, 0);
	CHECK_WAIT(pid, EXITED(5));
}

TEST(zero_tail)
{
	struct {
		struct clone_args args;
		unsigned char more[64];
	} large = {.args.exit_signal = SIGCHLD};
	long pid = clone3_call(&large.args, sizeof large, gives_five, 0);
	CHECK_WAIT(pid, EXITED(5));
	large.more[40] = 1;
	CHECK_EQ(clone3_call(&large.args, sizeof large, gives_five, 0), -E2BIG);
	large.more[40] = 0;
	large.more[63] = 1;
	CHECK_EQ(clone3_call(&large.args, sizeof large, gives_five, 0), -E2BIG);
	pid = clone3_call(&large.args, sizeof large - 1, gives_five, 0);
	CHECK_WAIT(pid, EXITED(5));
}

TEST(bad_pointer)
{
	CHECK_EQ(clone3_call(0, sizeof(struct clone_args), gives_five, 0), -EFAULT);
	CHECK_EQ(clone3_call((void *)-PAGE, sizeof(struct clone_args), gives_five, 0), -EFAULT);
	char *page = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(page + PAGE, PAGE);
	struct clone_args *args = (void *)(page + PAGE - 64);
	args->exit_signal = SIGCHLD;
	CHECK_EQ(clone3_call(args, sizeof *args, gives_five, 0), -EFAULT);
	CHECK_WAIT(clone3_call(args, 64, gives_five, 0), EXITED(5));
}

static int stack_is_mine(void *arg)
{
	char here, *base = arg;
	return &here >= base && &here < CLONE_TOP(base) ? 0 : 1;
}

TEST(stack)
{
	char *stack = clone_stack();
	struct clone_args args = {.exit_signal = SIGCHLD, .stack = (uintptr_t)stack, .stack_size = CLONE_STACK_BYTES};
	CHECK_WAIT(clone3_call(&args, sizeof args, stack_is_mine, stack), EXITED(0));
	args.flags = CLONE_VM;
	CHECK_WAIT(clone3_call(&args, sizeof args, stack_is_mine, stack), EXITED(0));
}

TEST(stack_and_size_belong_together)
{
	char *stack = clone_stack();
	struct clone_args args = {.exit_signal = SIGCHLD, .stack = (uintptr_t)stack};
	CHECK_EQ(clone3_call(&args, sizeof args, gives_five, 0), -EINVAL);
	args.stack = 0;
	args.stack_size = CLONE_STACK_BYTES;
	CHECK_EQ(clone3_call(&args, sizeof args, gives_five, 0), -EINVAL);
	args.stack = -PAGE;
	CHECK_EQ(clone3_call(&args, sizeof args, gives_five, 0), -EINVAL);
}

TEST(settids)
{
	int parent_tid = 0;
	volatile int *child_tid = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct clone_args args = {.exit_signal = SIGCHLD, .flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID,
				  .parent_tid = (uintptr_t)&parent_tid, .child_tid = (uintptr_t)child_tid};
	long pid = clone3_call(&args, sizeof args, gives_five, 0);
	CHECK_EQ(parent_tid, pid);
	CHECK_WAIT(pid, EXITED(5));
	CHECK_EQ(*child_tid, pid);
}

TEST(no_exit_signal)
{
	struct clone_args args = {0};
	long pid = clone3_call(&args, sizeof args, gives_five, 0);
	CHECK(pid > 0);
	CHECK_ERR(waitpid(pid, 0, 0), ECHILD);
	CHECK_WAIT(pid, EXITED(5));
}

TEST(every_exit_signal_is_taken)
{
	for (int sig = 1; sig <= 64; sig++) {
		if (sig == SIGKILL || sig == SIGSTOP)
			continue;
		unsigned long all = -1ul;
		RAW(SYS_rt_sigprocmask, SIG_SETMASK, &all, 0, 8);
		struct clone_args args = {.exit_signal = sig};
		CHECK_WAIT(clone3_call(&args, sizeof args, gives_five, 0), EXITED(5));
	}
	sigset_t pending;
	sigpending(&pending);
	CHECK(sigismember(&pending, SIGUSR1));
	_exit(check_failed != 0);
}

/* What lies behind the fields that the kernel knows is looked at first, and in order. */
TEST(unknown_fields_come_first)
{
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK_OK(munmap(pages + PAGE, PAGE));
	char *end = pages + PAGE;
	CHECK_ERR(syscall(SYS_clone3, end - 96, 112), EFAULT);	/* zeros, then nothing */
	end[-1] = 1;
	CHECK_ERR(syscall(SYS_clone3, end - 96, 112), E2BIG);
	CHECK_ERR(syscall(SYS_clone3, end - 96, 96), E2BIG);
	CHECK_OK(mprotect(pages, PAGE, PROT_NONE));
	CHECK_ERR(syscall(SYS_clone3, end - 96, 96), EFAULT);
}
