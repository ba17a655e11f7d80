/* CLONE_CLEAR_SIGHAND: the child's handlers are the default's, what is ignored stays so, the parent keeps its own. */
#include "clone.h"

static void handler(int sig)
{
}

static long clears(unsigned long more, int (*fn)(void *), void *arg)
{
	struct clone_args args = {.flags = CLONE_CLEAR_SIGHAND | more, .exit_signal = SIGCHLD};
	if (more & CLONE_VM) {
		args.stack = (uintptr_t)clone_stack();
		args.stack_size = CLONE_STACK_BYTES;
	}
	return clone3_call(&args, sizeof args, fn, arg);
}

struct kernel_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	unsigned long mask;
};

static int sees_defaults(void *arg)
{
	for (int sig = 1; sig <= 64; sig++) {
		struct kernel_action a = {(void *)1, 1, (void *)1, 1};
		if (RAW(SYS_rt_sigaction, sig, 0, &a, 8))
			return 100;
		if (sig == SIGUSR2 || sig == SIGRTMAX || sig == SIGHUP ? a.handler != SIG_IGN : a.handler != SIG_DFL)
			return sig;
		if (a.flags || a.mask || a.restorer)
			return 100 + sig;
	}
	return 0;
}

static void set_all(void)
{
	struct sigaction act = {.sa_handler = handler, .sa_flags = SA_RESTART | SA_NODEFER};
	sigaddset(&act.sa_mask, SIGALRM);
	for (int sig = 1; sig <= 64; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && (sig < 32 || sig >= SIGRTMIN))
			CHECK_OK(sigaction(sig, &act, 0));
	signal(SIGUSR2, SIG_IGN);
	signal(SIGRTMAX, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

static void parent_has_its_own(void)
{
	struct sigaction act;
	CHECK_OK(sigaction(SIGUSR1, 0, &act));
	CHECK(act.sa_handler == handler);
	CHECK(act.sa_flags & SA_NODEFER);
	CHECK(sigismember(&act.sa_mask, SIGALRM));
}

TEST(handlers_go_ignored_stay)
{
	set_all();
	CHECK_WAIT(clears(0, sees_defaults, 0), EXITED(0));
	parent_has_its_own();
}

TEST(with_shared_memory)
{
	set_all();
	CHECK_WAIT(clears(CLONE_VM, sees_defaults, 0), EXITED(0));
	CHECK_WAIT(clears(CLONE_VM | CLONE_VFORK, sees_defaults, 0), EXITED(0));
	CHECK_WAIT(clears(CLONE_FILES | CLONE_FS, sees_defaults, 0), EXITED(0));
	parent_has_its_own();
}

static int dies_of_a_caught_one(void *arg)
{
	RAW(SYS_kill, RAW(SYS_getpid), SIGUSR1);
	return 0;
}

TEST(the_default_action_happens)
{
	set_all();
	CHECK_WAIT(clears(0, dies_of_a_caught_one, 0), KILLED(SIGUSR1));
}

static int catches_again(void *arg)
{
	struct kernel_action a = {.handler = SIG_IGN};
	if (RAW(SYS_rt_sigaction, SIGUSR1, &a, 0, 8))
		return 1;
	RAW(SYS_kill, RAW(SYS_getpid), SIGUSR1);
	return 0;
}

TEST(the_child_sets_new_ones)
{
	set_all();
	CHECK_WAIT(clears(0, catches_again, 0), EXITED(0));
	parent_has_its_own();
}

static int child_of_child(void *arg)
{
	pid_t pid = RAW(SYS_fork);
	if (pid == 0)
		RAW(SYS_exit, sees_defaults(0));
	int status = -1;
	RAW(SYS_wait4, pid, &status, 0, 0);
	return status >> 8;
}

TEST(a_grandchild_inherits_the_cleared)
{
	set_all();
	CHECK_WAIT(clears(0, child_of_child, 0), EXITED(0));
}

TEST(mask_and_alternate_stack_stay)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, 0);
	signal(SIGUSR1, handler);
	CHECK_WAIT(clears(0, dies_of_a_caught_one, 0), EXITED(0)); /* blocked: pending for ever */
}

TEST(not_with_shared_handlers)
{
	struct clone_args args = {.flags = CLONE_CLEAR_SIGHAND | CLONE_SIGHAND | CLONE_VM, .exit_signal = SIGCHLD};
	CHECK_EQ(clone3_call(&args, sizeof args, sees_defaults, 0), -EINVAL);
	CHECK_ERR(waitpid(-1, 0, __WALL), ECHILD);
}
