/*
 * task/rlimit.c: resource limits: getrlimit, setrlimit, prlimit64.
 * Locks: task->lock of the group's leader, who stays so under tasklist_lock.
 * Errors: EINVAL, EPERM, ESRCH, EFAULT. Source: getrlimit(2).
 */
#include "task/task.h"
#include "fs/vfs.h"
#include "namespace/user.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "arch/arch.h"
#include <linux/capability.h>
#include <linux/resource.h>


static int limit_set_check(unsigned which, const struct rlimit_pair *fresh, const struct rlimit_pair *old)
{
	if (fresh->current_limit > fresh->max_limit)
		return -EINVAL;
	if (which == RLIMIT_NOFILE && fresh->max_limit > (u64)nr_open)
		return -EPERM;
	if (fresh->max_limit > old->max_limit && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	return 0;
}

/* Reads the old limit and, with fresh, sets a new one. */
static int limit_change(struct task *t, unsigned which, const struct rlimit_pair *fresh, struct rlimit_pair *old)
{
	int err = 0;
	if (which >= RLIMITS)
		return -EINVAL;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	if (t->is_released) {		/* it was found, but its leader may be freed by now */
		spin_unlock_irqrestore(&tasklist_lock, flags);
		return -ESRCH;
	}
	struct task *leader = t->leader;
	spin_lock(&leader->lock);
	struct rlimit_pair was = t->signal->limits[which];
	if (fresh)
		err = limit_set_check(which, fresh, &was);
	if (fresh && !err)
		t->signal->limits[which] = *fresh;
	spin_unlock(&leader->lock);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	if (old)
		*old = was;
	return err;
}

long sys_getrlimit(unsigned which, uptr limit)
{
	struct rlimit_pair old;
	int err = limit_change(current, which, NULL, &old);
	return err ? err : copy_to_user(limit, &old, sizeof(old));
}

long sys_setrlimit(unsigned which, uptr limit)
{
	struct rlimit_pair fresh;
	if (copy_from_user(&fresh, limit, sizeof(fresh)))
		return -EFAULT;
	return limit_change(current, which, &fresh, NULL);
}

static bool may_touch_limits(struct task *t)
{
	const struct cred *me = current->cred;
	if (t->signal == current->signal || task_is_under(t, CAP_SYS_RESOURCE))
		return true;
	const struct cred *c = task_get_cred(t);
	bool same = me->uid == c->euid && me->uid == c->suid && me->uid == c->uid && me->gid == c->egid &&
		    me->gid == c->sgid && me->gid == c->gid;
	cred_put(c);
	return same;
}

long sys_prlimit64(int pid, unsigned which, uptr new_limit, uptr old_limit)
{
	struct rlimit_pair fresh, old;
	if (new_limit && copy_from_user(&fresh, new_limit, sizeof(fresh)))
		return -EFAULT;
	struct task *t = pid ? task_find(pid) : task_get(current);
	if (!t)
		return -ESRCH;
	int err = may_touch_limits(t) ? limit_change(t, which, new_limit ? &fresh : NULL, &old) : -EPERM;
	task_put(t);
	if (!err && old_limit)
		err = copy_to_user(old_limit, &old, sizeof(old));
	return err;
}
