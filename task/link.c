/*
 * task/link.c: the phase line: the child gets its place in the tree, its thread group, process group and session, and
 * can be seen by everyone. Its opposite, task_unlink_locked, ends a zombie.
 * Locks: tasklist_lock, sighand->lock (both taken in task_link). Errors of task_link: -EINTR a fatal signal came first,
 * -ERESTARTNOINTR any signal came first, -EAGAIN the control group is full, -ENOMEM the pid namespace is dying; nothing
 * is done then.
 */
#include "task/internal.h"
#include "ptrace/ptrace.h"
#include "arch/arch.h"
#include "cgroup/cgroup.h"
#include "namespace/account.h"
#include "base/errno.h"
#include <linux/sched.h>

static void link_thread_locked(struct task *child)
{
	struct signal *s = current->signal;
	s->threads++;
	atomic_inc(&s->live);
	list_push_back(&s->thread_list, &child->thread_node);
	signal_join_stop_locked(child);
}

/* maker: whose process group and session the child is in. */
static void link_process_locked(struct task *child, const struct signal *maker)
{
	struct signal *s = child->signal;
	const struct signal *above = child->real_parent->signal;

	s->has_child_subreaper = above->has_child_subreaper || above->is_subreaper;
	s->is_unkillable = pid_number_in(child->pid, pid_ns_of(child->pid)) == 1;
	list_push_back(&child->real_parent->children, &child->sibling);
	list_push_back(&s->thread_list, &child->thread_node);
	list_push_back(&all_processes, &child->all_node);
	pid_attach_locked(child, PID_TGID, child->pid);
	pid_attach_locked(child, PID_PGID, maker->pids[PID_PGID]);
	pid_attach_locked(child, PID_SID, maker->pids[PID_SID]);
}

/* Whether several processes, this one among them, were sent a signal since the clone began. */
static bool was_sent_more(const struct clone_request *req)
{
	return current->signal->group_signal_count != req->group_signal_count && !req->kernel_fn;
}

/* Why the child may not appear after all; decided under the locks that would make it appear. */
static int link_refusal_locked(struct task *child, const struct clone_request *req)
{
	for (int i = 0; i <= child->pid->level; i++)
		if (child->pid->numbers[i].ns->is_dead)
			return -ENOMEM;
	/* what was sent to the whole group meanwhile has not reached the child: the parent takes it, then makes another */
	if (signal_is_pending())
		return fatal_signal_is_pending() ? -EINTR : -ERESTARTNOINTR;
	if (unlikely(was_sent_more(req)) && signal_group_is_forgotten_locked(req->group_signal_count))
		return -ERESTARTNOINTR;
	/* the last: it counts the child */
	return unlikely(child->cgroup || current->cgroup) ? cgroup_fork_locked(child, req) : 0;
}

int task_link(struct task *child, const struct clone_request *req)
{
	spin_lock_irq(&tasklist_lock);
	struct sighand *sighand = current->sighand;
	if (sighand)
		spin_lock(&sighand->lock);
	int err = link_refusal_locked(child, req);
	if (!err) {
		/* a kernel task is nobody's child but process 0's, whoever asked for it */
		struct task *maker = req->kernel_fn ? &first_task : current;
		child->real_parent = req->flags & (CLONE_PARENT | CLONE_THREAD) ? maker->real_parent : maker;
		child->parent = child->real_parent;
		if (!req->kernel_fn)
			seccomp_inherit_locked(child);
		struct pid *pid = child->pid;
		if (req->flags & CLONE_THREAD)
			link_thread_locked(child);
		else
			link_process_locked(child, maker->signal);
		if (unlikely(was_sent_more(req)) && !(req->flags & CLONE_THREAD))
			signal_inherit_group_locked(child, req->group_signal_count);
		ptrace_child_locked(child, req);
		/* the pid's first reference is the task's own already */
		list_push_back(&pid->tasks[PID_TASK], &child->pid_links[PID_TASK]);
		task_get(child);	/* running holds one reference, being waited for the other */
		if (!pid_ns_of(pid)->reaper)
			pid_ns_of(pid)->reaper = child;
	}
	if (sighand)
		spin_unlock(&sighand->lock);
	spin_unlock_irq(&tasklist_lock);
	return err;
}

void task_unlink_locked(struct task *t)
{
	/* whoever has waited for it may make another at once, though its CPU may not have left it yet */
	t->is_released = true;
	account_add(t->real_cred->account, ACCOUNT_PROCESSES, -1);
	cgroup_release_locked(t);
	pid_detach_locked(t, PID_TASK);
	list_remove(&t->thread_node);
	t->signal->threads--;
	if (!task_is_leader(t))
		return;
	for (int type = PID_TGID; type < PID_TYPES; type++)
		pid_detach_locked(t, (enum pid_type)type);
	list_remove(&t->all_node);
	list_remove(&t->sibling);
}
