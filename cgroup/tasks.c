/*
 * cgroup/tasks.c: which task is in which group. A child is born where its parent is (or where CLONE_INTO_CGROUP says); a
 * dead task leaves the living members at once, but is counted by pids until it is reaped. A task in the root costs nothing:
 * its pointer is NULL and nobody counts it; lists of members are found by looking at all tasks.
 * Locks: cgroup_mutex for moves, tasklist_lock for all of it. Errors: EAGAIN, EACCES, ENOENT, EBADF, ENODEV, EOPNOTSUPP.
 * Source: cgroups(7), clone(2), Linux's cgroup-v2 manual.
 */
#include "cgroup/cgroup.h"
#include "namespace/cgroup_ns.h"
#include "task/task.h"
#include "fs/internal.h"
#include "base/errno.h"
#include "base/string.h"
#include <linux/sched.h>

struct cgroup *task_cgroup_locked(const struct task *t) { return t->cgroup ? t->cgroup : &root_cgroup; }

struct cgroup *task_get_cgroup(struct task *t)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct cgroup *c = cgroup_get(task_cgroup_locked(t));
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return c;
}

/* n more living tasks (or less) right in c, and what follows from it for populated. */
static void members_add_locked(struct cgroup *c, int n)
{
	bool was = cgroup_is_populated(c);
	c->tasks += n;
	while (c->parent && cgroup_is_populated(c) != was) {
		cgroup_notify_locked(c->events_file);
		struct cgroup *parent = c->parent;
		bool parent_was = cgroup_is_populated(parent);
		parent->populated_children += was ? -1 : 1;
		was = parent_was;
		c = parent;
	}
}

int cgroup_fork_locked(struct task *child, const struct clone_request *req)
{
	struct cgroup *wanted = child->cgroup, *c = wanted ? wanted : current->cgroup;
	if (likely(!c) || req->kernel_fn)
		return 0;
	if (c == &root_cgroup) {
		child->cgroup = NULL;
		cgroup_put(c);	/* never the last */
		return 0;
	}
	int err = 0;
	if (wanted)
		err = c->is_dead ? -ENODEV : cgroup_may_host(c);
	if (!err)
		err = cgroup_pids_try_locked(c);
	if (err)
		return err;
	if (!wanted)
		child->cgroup = cgroup_get(c);
	members_add_locked(c, 1);
	cgroup_freeze_forked_locked(child, c);
	return 0;
}

void cgroup_exit_locked(struct task *t)
{
	struct cgroup *c = t->cgroup;
	if (likely(!c))
		return;
	if (t->is_frozen)
		c->frozen_tasks--;
	t->is_frozen = false;
	members_add_locked(c, -1);
	cgroup_frozen_update_locked(c);
}

void cgroup_release_locked(struct task *t)
{
	if (unlikely(t->cgroup))
		cgroup_pids_add_locked(t->cgroup, -1);
}

static void move_one_locked(struct task *t, struct cgroup *to)
{
	struct cgroup *from = task_cgroup_locked(t);
	if ((t->flags & PF_EXITING) || from == to)
		return;
	cgroup_pids_add_locked(from, -1);
	cgroup_pids_add_locked(to, 1);
	members_add_locked(to, 1);
	members_add_locked(from, -1);
	t->cgroup = to == &root_cgroup ? NULL : cgroup_get(to);
	cgroup_freeze_moved_locked(t, from, to);
}

void cgroup_move(struct task *t, struct cgroup *to, bool is_group)
{
	struct task *thread;
	for (;;) {
		/* one at a time: the last reference to where it was may not go under the lock */
		struct cgroup *was = NULL;
		unsigned long flags = spin_lock_irqsave(&tasklist_lock);
		if (is_group && t->signal) {
			list_for_each(thread, &t->signal->thread_list, thread_node)
				if (!(thread->flags & PF_EXITING) && task_cgroup_locked(thread) != to)
					break;
			if (&thread->thread_node == &t->signal->thread_list)
				thread = NULL;
		} else {
			thread = (t->flags & PF_EXITING) || task_cgroup_locked(t) == to ? NULL : t;
		}
		if (thread) {
			was = thread->cgroup;
			move_one_locked(thread, to);
		}
		spin_unlock_irqrestore(&tasklist_lock, flags);
		cgroup_put(was);
		if (!thread)
			return;
	}
}

/* The opener's right to write to c's cgroup.procs. */
static int may_write(const struct file *f, struct cgroup *c)
{
	const struct cred *own = current->cred;
	if (!c->procs)
		return -EACCES;
	if (f)
		current->cred = f->cred;
	int err = inode_permission(c->procs, MAY_WRITE);
	current->cred = own;
	return err;
}

int cgroup_may_move(const struct file *f, struct cgroup *from, struct cgroup *to, struct cgroup *ns_root)
{
	struct cgroup *common = from;
	while (!cgroup_is_below(to, common))
		common = common->parent;
	int err = may_write(f, common);
	if (err)
		return err;
	if (cgroup_ns_delegate && (!cgroup_is_below(from, ns_root) || !cgroup_is_below(to, ns_root)))
		return -ENOENT;
	return 0;
}

/* As tkill() would send it to the first thread that is not about to end; the group dies of it. */
static void kill_one_locked(struct task *t)
{
	struct task *thread;

	struct signal_info info;
	memset(&info, 0, sizeof(info));
	info.si_signo = SIGKILL;
	info.si_code = SI_USER;
	info.si_pid = pid_number_in(current->signal->pids[PID_TGID], pid_ns_of(t->pid));
	list_for_each(thread, &t->signal->thread_list, thread_node)
		if (!(READ_ONCE(thread->flags) & PF_EXITING)) {
			signal_send_task(SIGKILL, &info, thread);
			return;
		}
	signal_send_process(SIGKILL, &info, t);
}

void cgroup_kill(struct cgroup *c)
{
	struct task *process, *thread;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	list_for_each(process, &all_processes, all_node) {
		bool is_in = false;
		list_for_each(thread, &process->signal->thread_list, thread_node)
			is_in |= thread->exit_state == EXIT_NONE && cgroup_is_below(task_cgroup_locked(thread), c);
		if (is_in && !(process->flags & PF_KTHREAD))
			kill_one_locked(process);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
}

static int clone_check(struct cgroup *to, bool is_thread)
{
	struct cgroup *from = task_get_cgroup(current), *root = current_cgroup_ns()->root;
	mutex_lock(&cgroup_mutex);
	int err = to->is_dead ? -ENOENT : may_write(NULL, to);
	if (!err)
		err = cgroup_may_move(NULL, from, to, root);
	if (!err)
		err = cgroup_may_host(to);
	if (!err && is_thread && from->dom != to->dom)
		err = -EOPNOTSUPP;
	mutex_unlock(&cgroup_mutex);
	cgroup_put(from);
	return err;
}

struct cgroup *cgroup_for_clone(int fd, bool is_thread)
{
	struct file *f = fd_get_raw(fd);
	if (!f)
		return ERR_PTR(-EBADF);
	struct cgroup *c = cgroup_of_directory(f);
	int err = c ? clone_check(c, is_thread) : -EBADF;
	if (!err)
		cgroup_get(c);
	file_put(f);
	return err ? ERR_PTR(err) : c;
}
