/*
 * task/group.c: process groups: setpgid, getpgid, getpgrp, and what happens to a group that becomes orphaned.
 * A group is orphaned when no member has a parent outside the group but inside the session. If one of its members is
 * stopped then, all get SIGHUP and SIGCONT.
 * Locks: tasklist_lock. Source: setpgid(2), credentials(7), POSIX.
 */
#include "task/internal.h"
#include "syscall/define.h"
#include "arch/arch.h"

void task_set_group_locked(struct task *t, enum pid_type type, struct pid *p)
{
	struct pid *old = t->signal->pids[type];
	pid_detach_locked(t, type);
	pid_attach_locked(t, type, p);
	pid_put(old);
}

static struct task *group_member_next(struct pid *pgrp, struct task *t)
{
	struct list *l = t ? t->pid_links[PID_PGID].next : pgrp->tasks[PID_PGID].next;
	return l == &pgrp->tasks[PID_PGID] ? NULL : container_of(l, struct task, pid_links[PID_PGID]);
}

bool pgrp_is_orphaned_locked(struct pid *pgrp, struct task *ignored)
{
	for (struct task *t = group_member_next(pgrp, NULL); t; t = group_member_next(pgrp, t)) {
		struct task *parent = t->real_parent;
		if (t == ignored || (t->exit_state && t->signal->threads == 1) || parent->leader == init_task)
			continue;
		if (parent->signal->pids[PID_PGID] != pgrp && parent->signal->pids[PID_SID] == t->signal->pids[PID_SID])
			return false;
	}
	return true;
}

static bool pgrp_has_stopped_locked(struct pid *pgrp)
{
	for (struct task *t = group_member_next(pgrp, NULL); t; t = group_member_next(pgrp, t))
		if (t->signal->is_stopped)
			return true;
	return false;
}

/* t lost its parent (or leaves): did its group just become orphaned? parent NULL: t itself is the one that goes. */
void pgrp_kill_if_orphaned_locked(struct task *t, struct task *parent)
{
	struct pid *pgrp = t->signal->pids[PID_PGID];
	struct task *ignored = NULL;
	if (!parent) {
		parent = t->real_parent;
		ignored = t;
	}
	if (!pgrp || !parent->signal || parent->signal->pids[PID_PGID] == pgrp ||
	    parent->signal->pids[PID_SID] != t->signal->pids[PID_SID])
		return;
	if (!pgrp_is_orphaned_locked(pgrp, ignored) || !pgrp_has_stopped_locked(pgrp))
		return;
	for (struct task *m = group_member_next(pgrp, NULL); m; m = group_member_next(pgrp, m)) {
		signal_send_process(SIGHUP, NULL, m);
		signal_send_process(SIGCONT, NULL, m);
	}
}

/* The task that setpgid names, checked. */
static int setpgid_target_locked(struct task *t, struct pid *pgid_or_null, int pgid)
{
	if (t->signal == current->signal)
		goto own;
	if (t->real_parent->signal != current->signal)
		return -ESRCH;
	if (t->signal->pids[PID_SID] != current->signal->pids[PID_SID])
		return -EPERM;
	if (!(t->flags & PF_FORKNOEXEC))
		return -EACCES;
own:
	if (t->signal->is_session_leader)
		return -EPERM;
	if (pgid_or_null == t->pid)
		return 0;
	struct task *member = pgid_or_null ? pid_first_task_locked(pgid_or_null, PID_PGID) : NULL;
	if (!member || member->signal->pids[PID_SID] != current->signal->pids[PID_SID])
		return -EPERM;
	return 0;
}

long sys_setpgid(int number, int pgid)
{
	if (pgid < 0 || (!pgid && number < 0))
		return -EINVAL;
	/* Its number is looked up but the task only under the lock: an exec gives the number to another, or to none. */
	struct pid *name = number ? pid_find(number, current_pid_ns()) : pid_get(current->leader->pid);
	struct pid *group = pgid ? pid_find(pgid, current_pid_ns()) : pid_get(name);
	int err = -EINVAL;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct task *t = name ? pid_first_task_locked(name, PID_TASK) : NULL;
	if (!t)
		err = -ESRCH;
	else if (task_is_leader(t))
		err = setpgid_target_locked(t, group, pgid);
	if (!err && t->signal->pids[PID_PGID] != group)
		task_set_group_locked(t, PID_PGID, group);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	pid_put(group);
	pid_put(name);
	return err;
}

/* The group or session number of a task as current sees it. */
long task_group_number(int number, enum pid_type type)
{
	struct task *t = number ? task_find(number) : task_get(current);
	if (!t)
		return -ESRCH;
	long result = -ESRCH;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	if (t->signal)
		result = pid_number_in(t->signal->pids[type], current_pid_ns());
	spin_unlock_irqrestore(&tasklist_lock, flags);
	task_put(t);
	return result;
}

long sys_getpgid(int number) { return task_group_number(number, PID_PGID); }
long sys_getpgrp(void) { return task_group_number(0, PID_PGID); }
