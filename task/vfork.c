/*
 * task/vfork.c: the parent of a vfork child sleeps, killable, until the child has given back the memory it borrowed: by
 * exec, by exit, or by being killed.
 * Way in: clone() prepares and waits; task_leave_mm (exec and exit) releases.
 * Locks: child->lock guards child->vfork_done, because a killed parent takes its completion off the child again.
 * Source: vfork(2).
 */
#include "task/internal.h"
#include "arch/arch.h"
#include "cgroup/cgroup.h"

void vfork_prepare(struct task *child, struct completion *done)
{
	completion_init(done);
	child->vfork_done = done;
	child->flags |= PF_VFORK_CHILD;
}

bool vfork_wait(struct task *child, struct completion *done)
{
	cgroup_enter_frozen();	/* the freezer need not wait for it */
	bool is_done = !wait_event_killable(&done->wait, READ_ONCE(done->is_done));
	cgroup_leave_frozen();
	if (is_done)
		goto drain;
	/* being killed: the child may go on alone, but must not touch a completion on a stack that is gone */
	unsigned long flags = spin_lock_irqsave(&child->lock);
	child->vfork_done = NULL;
	spin_unlock_irqrestore(&child->lock, flags);
drain:
	/* the waker may still be inside the wake-up: pass through its lock once before the stack goes */
	flags = spin_lock_irqsave(&done->wait.lock);
	spin_unlock_irqrestore(&done->wait.lock, flags);
	return is_done;
}

void vfork_release(struct task *t)
{
	unsigned long flags = spin_lock_irqsave(&t->lock);
	struct completion *done = t->vfork_done;
	t->vfork_done = NULL;
	if (done)
		completion_done(done);
	spin_unlock_irqrestore(&t->lock, flags);
}
