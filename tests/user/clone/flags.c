/* clone(2): the combinations that Linux refuses, and those it takes. Refused means: nothing has happened. */
#include "clone.h"

static int exits_zero(void *arg)
{
	return 0;
}

static long try_clone(unsigned long flags)
{
	static char *stack;
	if (!stack)
		stack = clone_stack();
	return clone_call(flags, CLONE_TOP(stack), 0, 0, 0, exits_zero, 0);
}

static long try_clone3(unsigned long flags, unsigned long exit_signal)
{
	struct clone_args args = {.flags = flags, .exit_signal = exit_signal};
	return clone3_call(&args, sizeof args, exits_zero, 0);
}

static void no_children(void)
{
	CHECK_ERR(waitpid(-1, 0, __WALL), ECHILD);
}

TEST(sighand_needs_vm)
{
	CHECK_EQ(try_clone(CLONE_SIGHAND | SIGCHLD), -EINVAL);
	CHECK_EQ(try_clone(CLONE_SIGHAND | CLONE_FS | CLONE_FILES | SIGCHLD), -EINVAL);
	CHECK_EQ(try_clone3(CLONE_SIGHAND, SIGCHLD), -EINVAL);
	no_children();
}

TEST(thread_needs_sighand)
{
	CHECK_EQ(try_clone(CLONE_THREAD), -EINVAL);
	CHECK_EQ(try_clone(CLONE_THREAD | CLONE_VM), -EINVAL);
	CHECK_EQ(try_clone(CLONE_THREAD | CLONE_SIGHAND), -EINVAL);
	CHECK_EQ(try_clone3(CLONE_THREAD | CLONE_VM, 0), -EINVAL);
	no_children();
}

TEST(fs_and_new_mount_namespace)
{
	CHECK_EQ(try_clone(CLONE_FS | CLONE_NEWNS | SIGCHLD), -EINVAL);
	CHECK_EQ(try_clone3(CLONE_FS | CLONE_NEWNS, SIGCHLD), -EINVAL);
	CHECK_EQ(try_clone(CLONE_FS | CLONE_NEWUSER | SIGCHLD), -EINVAL);
	no_children();
}

TEST(thread_with_new_user_or_pid_namespace)
{
	unsigned long thread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
	CHECK_EQ(try_clone(thread | CLONE_NEWUSER), -EINVAL);
	CHECK_EQ(try_clone(thread | CLONE_NEWPID), -EINVAL);
	no_children();
}

TEST(sysvsem_and_new_ipc_namespace)
{
	CHECK_EQ(try_clone(CLONE_SYSVSEM | CLONE_NEWIPC | SIGCHLD), -EINVAL);
	no_children();
}

TEST(clone3_signal_bits)
{
	/* The low byte of the flags was the signal; clone3 has a field for it. */
	CHECK_EQ(try_clone3(SIGCHLD, 0), -EINVAL);
	CHECK_EQ(try_clone3(1, SIGCHLD), -EINVAL);
	CHECK_EQ(try_clone3(0xff, 0), -EINVAL);
	CHECK_EQ(try_clone3(0, 65), -EINVAL);
	CHECK_EQ(try_clone3(0, 0x100), -EINVAL);
	CHECK_EQ(try_clone3(0, 0x100 | SIGCHLD), -EINVAL);
	CHECK_EQ(try_clone3(0, 1ull << 40), -EINVAL);
	CHECK_EQ(try_clone3(0, -1ull), -EINVAL);
	no_children();
}

TEST(clone3_thread_and_parent_have_no_signal)
{
	CHECK_EQ(try_clone3(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, SIGCHLD), -EINVAL);
	CHECK_EQ(try_clone3(CLONE_PARENT, SIGCHLD), -EINVAL);
	no_children();
}

TEST(clone3_unknown_and_old_flags)
{
	CHECK_EQ(try_clone3(CLONE_DETACHED, SIGCHLD), -EINVAL);
	CHECK_EQ(try_clone3(1ull << 34, SIGCHLD), -EINVAL);
	CHECK_EQ(try_clone3(1ull << 40, SIGCHLD), -EINVAL);
	CHECK_EQ(try_clone3(1ull << 63, SIGCHLD), -EINVAL);
	no_children();
}

TEST(clone_takes_no_upper_half)
{
	/* clone's flags are 32 bits wide: what is above is not looked at. */
	long pid = clone_call(1ul << 40 | SIGCHLD, 0, 0, 0, 0, exits_zero, 0);
	CHECK(pid > 0);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(clone_detached_alone_is_ignored)
{
	long pid = try_clone(CLONE_DETACHED | SIGCHLD);
	CHECK(pid > 0);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(each_flag_alone_is_taken)
{
	static const unsigned long flags[] = {0, CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_VM | CLONE_SIGHAND, CLONE_VFORK,
					      CLONE_SYSVSEM, CLONE_IO, CLONE_VM | CLONE_VFORK, CLONE_UNTRACED * 0,
					      CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_IO};
	for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
		long pid = try_clone(flags[i] | SIGCHLD);
		if (pid < 0)
			check_fail(__FILE_NAME__, __LINE__, "clone(0x%lx) (got %ld)", flags[i], pid);
		else
			CHECK_WAIT(pid, EXITED(0));
	}
	no_children();
}

TEST(each_flag_alone_is_taken_by_clone3)
{
	static const unsigned long flags[] = {0, CLONE_FS, CLONE_FILES, CLONE_VFORK, CLONE_SYSVSEM, CLONE_IO};
	for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
		long pid = try_clone3(flags[i], SIGCHLD);
		if (pid < 0)
			check_fail(__FILE_NAME__, __LINE__, "clone3(0x%lx) (got %ld)", flags[i], pid);
		else
			CHECK_WAIT(pid, EXITED(0));
	}
	no_children();
}

TEST(every_pair_of_shares)
{
	static const unsigned long flags[] = {CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_SIGHAND, CLONE_SYSVSEM, CLONE_IO, CLONE_VFORK};
	for (unsigned set = 0; set < 1u << 7; set++) {
		unsigned long want = SIGCHLD;
		for (int i = 0; i < 7; i++)
			if (set >> i & 1)
				want |= flags[i];
		bool bad = want & CLONE_SIGHAND && !(want & CLONE_VM);
		long pid = try_clone(want);
		if (bad != (pid == -EINVAL))
			check_fail(__FILE_NAME__, __LINE__, "clone(0x%lx) (got %ld, wanted %s)", want, pid,
				   bad ? "-EINVAL" : "a child");
		if (pid > 0)
			CHECK_WAIT(pid, EXITED(0));
	}
	no_children();
}

TEST(parent_of_child)
{
	IN_CHILD {
		/* The brother's parent is ours. */
		long pid = try_clone(CLONE_PARENT | SIGCHLD);
		CHECK(pid > 0);
		CHECK_ERR(waitpid(pid, 0, __WALL), ECHILD);
	}
	int status = -1;
	CHECK(waitpid(-1, &status, __WALL) > 0);
	CHECK_EQ(status, 0);
	no_children();
}

static int is_childs_parent(void *arg)
{
	return RAW(SYS_getppid) == (long)arg ? 0 : 1;
}

TEST(parent_flag_gives_the_callers_parent)
{
	pid_t self = getpid();
	IN_CHILD {
		long pid = clone_call(CLONE_PARENT, 0, 0, 0, 0, is_childs_parent, (void *)(long)self);
		CHECK(pid > 0);
	}
	int status = -1;
	CHECK(waitpid(-1, &status, __WALL) > 0);
	CHECK_EQ(status, 0);
}

TEST(bad_id_pointers)
{
	int tid = 0;
	/* The parent's id is written late, and a failure to write is not told. */
	long pid = clone_call(CLONE_PARENT_SETTID | SIGCHLD, 0, (int *)8, 0, 0, exits_zero, 0);
	CHECK(pid == -EFAULT || pid > 0);
	if (pid > 0)
		CHECK_WAIT(pid, EXITED(0));
	pid = clone_call(CLONE_CHILD_SETTID | SIGCHLD, 0, &tid, (int *)8, 0, exits_zero, 0);
	CHECK(pid > 0);
	CHECK_WAIT(pid, EXITED(0));
	pid = clone_call(CLONE_CHILD_CLEARTID | SIGCHLD, 0, &tid, (int *)8, 0, exits_zero, 0);
	CHECK(pid > 0);
	CHECK_WAIT(pid, EXITED(0));
	CHECK_EQ(tid, 0);
}

TEST(bad_tls)
{
	CHECK_EQ(clone_call(CLONE_SETTLS | SIGCHLD, 0, 0, 0, (void *)(1ul << 63), exits_zero, 0), -EPERM);
	no_children();
}

static int touches_its_stack(void *arg)
{
	volatile char here[64];
	here[0] = 1;
	return here[0] - 1;
}

/* Any address is taken as a stack: the child alone finds out. */
TEST(bad_stacks)
{
	static const unsigned long bad[] = {8, 0x1000, 0x7ffffffff000, 0xffff800000001000};
	char *none = mmap(0, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
		long pid = clone_call(CLONE_VM | SIGCHLD, (void *)bad[i], 0, 0, 0, touches_its_stack, 0);
		if (pid < 0)
			check_fail(__FILE_NAME__, __LINE__, "stack 0x%lx (got %ld)", bad[i], pid);
		else
			CHECK_WAIT(pid, KILLED(SIGSEGV));
	}
	CHECK_WAIT(clone_call(SIGCHLD, none + PAGE, 0, 0, 0, touches_its_stack, 0), KILLED(SIGSEGV));
	char *stack = clone_stack();
	for (int i = 0; i < 16; i++) /* odd ends are the caller's own business */
		CHECK_WAIT(clone_call(CLONE_VM | SIGCHLD, CLONE_TOP(stack) - i, 0, 0, 0, touches_its_stack, 0), EXITED(0));
	no_children();
}
