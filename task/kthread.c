/*
 * task/kthread.c: kernel tasks: made by the same task_copy as any child, but they run a kernel function, have no address
 * space of their own, and never return to user mode (process 1 does, once it has exec'd).
 * Errors: ERR_PTR as task_copy.
 */
#include "task/task.h"
#include "mm/page.h"
#include <linux/sched.h>

struct task *kernel_task_new(const char *name, void (*fn)(void *), void *arg)
{
	struct clone_request req = {
		.flags = CLONE_FS | CLONE_FILES,
		.exit_signal = SIGCHLD,
		.kernel_fn = fn,
		.kernel_arg = arg,
		.node = NODE_ANY,
	};
	struct task *t = task_copy(&req);
	if (IS_ERR(t))
		return t;
	task_set_comm(t, name);
	sched_start_new(t);
	return t;
}
