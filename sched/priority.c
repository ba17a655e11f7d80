/*
 * sched/priority.c: getpriority and setpriority (nice), ioprio_get and ioprio_set: over a process, a group, a user.
 * Locks: tasklist_lock while groups are walked; task->lock for credentials and the I/O room.
 * Errors: EINVAL, ESRCH, EPERM, EACCES, ENOMEM. Source: getpriority(2), ioprio_set(2).
 */
#include "sched/runqueue.h"
#include "sched/calls.h"
#include "syscall/define.h"
#include "namespace/user.h"
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/resource.h>
#include <linux/sched.h>

typedef int (*visit_fn)(struct task *t, void *arg);
enum target { TARGET_PROCESS, TARGET_GROUP, TARGET_USER };

static bool is_target_locked(struct task *t, enum target kind, struct pid *pgrp, u32 uid)
{
	if (kind == TARGET_GROUP)
		return t->signal->pids[PID_PGID] == pgrp;
	return task_uid(t) == uid && pid_number_in(t->pid, current_pid_ns());
}

/* Calls fn for every thread meant. Each result goes to fn's own account; returns whether there was any. */
static bool for_each_target(enum target kind, int who, visit_fn fn, void *arg)
{
	struct pid *pgrp = NULL;
	struct task *leader, *t;
	bool is_any = false;
	unsigned long flags;
	u32 uid = who ? uid_named((u32)who) : current_cred()->uid;

	if (kind == TARGET_PROCESS) {
		t = sched_target(who);
		if (!t)
			return false;
		(void)fn(t, arg);
		task_put(t);
		return true;
	}
	if (kind == TARGET_GROUP)
		pgrp = who ? pid_find(who, current_pid_ns()) : current_group_name();
	flags = spin_lock_irqsave(&tasklist_lock);
	list_for_each(leader, &all_processes, all_node) {
		list_for_each(t, &leader->signal->thread_list, thread_node) {
			if (is_target_locked(t, kind, pgrp, uid)) {
				is_any = true;
				(void)fn(t, arg);
			}
		}
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	pid_put(pgrp);
	return is_any;
}

/* The effective user must be the target's real or effective one. */
static bool may_change(struct task *t, bool want_effective)
{
	const struct cred *c = current_cred(), *target;
	unsigned long flags = spin_lock_irqsave(&t->lock);
	bool may;

	target = t->real_cred;
	may = target->uid == c->euid || (want_effective ? target->euid == c->euid : target->uid == c->uid);
	spin_unlock_irqrestore(&t->lock, flags);
	/* over a process's nice value its user namespace has a say, over its I/O only the first */
	return may || (want_effective ? task_is_under(t, CAP_SYS_NICE) : capable(CAP_SYS_NICE));
}

/* -- nice -- */

struct nice_change { int nice; long result; };

static int set_nice(struct task *t, void *arg)
{
	struct nice_change *c = arg;

	if (!may_change(t, true)) {
		c->result = -EPERM;
		return 0;
	}
	if (c->nice < t->sched.nice && !sched_may_nice(t, c->nice)) {
		c->result = -EACCES;
		return 0;
	}
	if (c->result == -ESRCH)
		c->result = 0;
	sched_set_policy(t, t->sched.policy, c->nice, t->sched.rt_priority, t->sched.reset_on_fork);
	return 0;
}

static int best_nice(struct task *t, void *arg)
{
	long *best = arg;

	*best = MAX(*best, 20L - t->sched.nice);
	return 0;
}

long sys_setpriority(int which, int who, int nice)
{
	struct nice_change c = { .nice = MIN(MAX(nice, -20), 19), .result = -ESRCH };

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	(void)for_each_target((enum target)which, who, set_nice, &c);
	return c.result;
}

/* The most favoured one; 40 to 1, so that it is never an error. */
long sys_getpriority(int which, int who)
{
	long best = -ESRCH;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	(void)for_each_target((enum target)which, who, best_nice, &best);
	return best;
}

/* -- I/O priority -- */

struct io_change { int priority; long result; };

static int check_io_priority(int priority)
{
	int class = IOPRIO_PRIO_CLASS(priority), level = priority % IOPRIO_NR_LEVELS;	/* above it: hints */

	switch (class) {
	case IOPRIO_CLASS_RT:
		if (!capable(CAP_SYS_ADMIN) && !capable(CAP_SYS_NICE))
			return -EPERM;
		return 0;
	case IOPRIO_CLASS_BE:
	case IOPRIO_CLASS_IDLE:
		return 0;
	case IOPRIO_CLASS_NONE:
		return level ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static int set_io(struct task *t, void *arg)
{
	struct io_change *c = arg;

	if (c->result && c->result != -ESRCH)
		return 0;
	c->result = may_change(t, false) ? task_set_io_priority(t, c->priority) : -EPERM;
	return 0;
}

/* Without one of its own a task's follows from its nice value. */
static int effective_io(struct task *t)
{
	int priority = task_io_priority(t);

	if (IOPRIO_PRIO_CLASS(priority) != IOPRIO_CLASS_NONE)
		return priority;
	if (t->sched.policy == SCHED_IDLE)
		return IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0);
	return IOPRIO_PRIO_VALUE(policy_is_rt(t->sched.policy) ? IOPRIO_CLASS_RT : IOPRIO_CLASS_BE,
				 (t->sched.nice + 20) / 5);
}

/* Of several the most urgent: the lowest class, then the lowest level. */
static int best_io(struct task *t, void *arg)
{
	struct io_change *c = arg;
	int priority = c->priority ? task_io_priority(t) : effective_io(t);

	c->result = c->result == -ESRCH ? priority : MIN(c->result, (long)priority);
	return 0;
}

long sys_ioprio_set(int which, int who, int priority)
{
	struct io_change c = { .priority = priority & 0xffff, .result = -ESRCH };
	int err = check_io_priority(priority);

	if (err)
		return err;
	if (which < IOPRIO_WHO_PROCESS || which > IOPRIO_WHO_USER)
		return -EINVAL;
	(void)for_each_target((enum target)(which - IOPRIO_WHO_PROCESS), who, set_io, &c);
	return c.result;
}

long sys_ioprio_get(int which, int who)
{
	/* of one process: what was set, even if that is nothing */
	struct io_change c = { .priority = which == IOPRIO_WHO_PROCESS, .result = -ESRCH };

	if (which < IOPRIO_WHO_PROCESS || which > IOPRIO_WHO_USER)
		return -EINVAL;
	(void)for_each_target((enum target)(which - IOPRIO_WHO_PROCESS), who, best_io, &c);
	return c.result;
}
