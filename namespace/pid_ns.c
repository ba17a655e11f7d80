/*
 * namespace/pid_ns.c: worlds of process numbers, one inside the other. A process has a number in its own and in each around
 * it (pid/pid.c gives them), and nobody sees a number of a world that is not below his own.
 *
 *   pid_ns_copy   CLONE_NEWPID: a new one below the caller's; the first child that is born into it is its process 1
 *   pid_ns_end    its process 1 dies, and everybody in it before that
 *
 * A world is held by every name given in it, by the sets of namespaces that lead to it, and by mounts of procfs.
 * Locks: tasklist_lock, then the namespace's own. Errors: EINVAL (the caller's children are elsewhere already), ENOSPC (too
 * deep), ENOMEM. Source: pid_namespaces(7), reboot(2).
 */
#include "namespace/pid_ns.h"
#include "namespace/user.h"
#include "task/task.h"
#include "mm/slab.h"
#include "base/errno.h"
#include <linux/capability.h>
#include <linux/reboot.h>
#include <linux/sched.h>

SLAB_CACHE(pid_ns_cache, struct pid_ns);

static struct ns *pid_ns_copy(struct ns *from, const struct ns_request *req);
static void pid_ns_destroy(struct ns *ns);
static int pid_ns_enter(struct ns_entry *e, struct ns *ns);
static struct ns *pid_ns_parent(struct ns *ns);
static const struct ns_ops pid_ns_ops = {
	.name = "pid", .flag = CLONE_NEWPID, .copy = pid_ns_copy, .destroy = pid_ns_destroy, .enter = pid_ns_enter,
	.parent = pid_ns_parent,
};

struct pid_ns first_pid_ns = {
	.ns = { .count = REFCOUNT_INIT(1), .inode = 0xeffffffc, .ops = &pid_ns_ops, .owner = &first_user_ns },
	.lock = SPINLOCK_INIT(RANK_PID),
	.emptied = WAITQUEUE_INIT(first_pid_ns.emptied),
};

static struct pid_ns *pid_ns_from(struct ns *ns) { return container_of(ns, struct pid_ns, ns); }

static struct ns *pid_ns_copy(struct ns *from, const struct ns_request *req)
{
	struct pid_ns *parent = pid_ns_from(from);

	if (parent != current_pid_ns())
		return ERR_PTR(-EINVAL);
	if (!user_ns_is_below(req->owner, parent->ns.owner))
		return ERR_PTR(-EINVAL);	/* its owner is to lie where the one around it has rights */
	if (parent->level >= PID_LEVELS_MAX)
		return ERR_PTR(-ENOSPC);
	struct pid_ns *ns = slab_zalloc(&pid_ns_cache);
	if (!ns)
		return ERR_PTR(-ENOMEM);
	int err = ns_init(&ns->ns, &pid_ns_ops, req->owner);
	if (err) {
		slab_free(&pid_ns_cache, ns);
		return ERR_PTR(err);
	}
	ns->level = parent->level + 1;
	ns->parent = parent;
	ns_get(&parent->ns);
	spin_init(&ns->lock, RANK_PID);
	waitqueue_init(&ns->emptied);
	return &ns->ns;
}

static void pid_ns_destroy(struct ns *ns)
{
	struct pid_ns *p = pid_ns_from(ns);

	pid_map_free(p);
	ns_put(&p->parent->ns);
	ns_uninit(ns);
	slab_free(&pid_ns_cache, p);
}

static struct ns *pid_ns_parent(struct ns *ns)
{
	struct pid_ns *parent = pid_ns_from(ns)->parent;

	return parent ? &parent->ns : NULL;
}

/* setns: for the caller's children only, and never up: to its own namespace or one below. */
static int pid_ns_enter(struct ns_entry *e, struct ns *ns)
{
	struct ns *at = ns, *own = &current_pid_ns()->ns;
	int err = ns_may_enter(e, ns);

	while (at && at != own)
		at = pid_ns_parent(at);
	if (!err && !at)
		err = -EINVAL;
	if (!err)
		ns_entry_set(e, NS_PID_FOR_CHILDREN, ns);
	return err;
}

/* From here nobody is born in ns any more, and those who live get SIGKILL, as from outside. */
static void kill_everybody(struct pid_ns *ns)
{
	struct task *t;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);

	spin_lock(&ns->lock);
	ns->is_dead = true;
	spin_unlock(&ns->lock);
	list_for_each(t, &all_processes, all_node)
		if (t->signal != current->signal && pid_number_in(t->pid, ns))
			signal_send_process(SIGKILL, NULL, t);
	/* children that end from here on need no wait */
	spin_lock(&current->sighand->lock);
	sighand_ignore_locked(current->sighand, SIGCHLD);
	spin_unlock(&current->sighand->lock);
	spin_unlock_irqrestore(&tasklist_lock, flags);
}

void pid_ns_end(struct pid_ns *ns)
{
	/* the numbers that stay: the last thread's, and that of the leader which died before it */
	int own = task_is_leader(current) ? 1 : 2;

	kill_everybody(ns);
	wait_for_all_children();
	/* some have a parent outside, who has to wait for them; some are zombies of a tracer's */
	wait_event(&ns->emptied, READ_ONCE(ns->used) <= own);
	if (ns->reboot_signal)
		current->signal->group_exit_code = ns->reboot_signal;
}

long pid_ns_reboot(struct pid_ns *ns, unsigned cmd)
{
	switch (cmd) {
	case LINUX_REBOOT_CMD_RESTART:
	case LINUX_REBOOT_CMD_RESTART2:
		ns->reboot_signal = SIGHUP;
		break;
	case LINUX_REBOOT_CMD_POWER_OFF:
	case LINUX_REBOOT_CMD_HALT:
		ns->reboot_signal = SIGINT;
		break;
	default:
		return -EINVAL;
	}
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	signal_send_process(SIGKILL, NULL, ns->reaper);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	task_exit(0);
}

int pid_ns_set_last(struct pid_ns *ns, int last)
{
	if (!ns_capable(ns->ns.owner, CAP_CHECKPOINT_RESTORE) && !ns_capable(ns->ns.owner, CAP_SYS_ADMIN))
		return -EPERM;
	unsigned long flags = spin_lock_irqsave(&ns->lock);
	ns->last = last;
	spin_unlock_irqrestore(&ns->lock, flags);
	return 0;
}
