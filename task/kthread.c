/*
 * task/kthread.c: kernel tasks: made by the same task_copy as any child, but they run a kernel function, have no address
 * space of their own, and never return to user mode (process 1 does, once it has exec'd).
 * An idle task is none of them: it is a copy of process 0 that borrows its rooms, and nobody can find it.
 * Errors: ERR_PTR as task_copy; NULL.
 */
#include "task/internal.h"
#include "base/printk.h"
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

struct task *task_new_idle(u32 cpu)
{
	struct task *t = task_alloc(NODE_ANY);
	char name[16];

	if (!t)
		return NULL;
	atomic_dec(&task_count);	/* no limit and no listing counts it */
	t->real_parent = t->parent = &first_task;
	t->tid = t->tgid = 0;
	t->set_child_tid = t->clear_child_tid = 0;
	t->start_ns = time_now_ns();
	t->exec_count = t->parent_exec_count = 0;
	t->cred = first_task.cred;
	t->real_cred = first_task.real_cred;
	t->ns = first_task.ns;
	t->sighand = first_task.sighand;
	t->signal = first_task.signal;
	t->timer_slack_ns = t->timer_slack_default_ns = first_task.timer_slack_ns;
	snprintf(name, sizeof(name), "swapper/%u", cpu);
	task_set_comm(t, name);
	return t;
}
