/*
 * cgroup/freezer.c: cgroup.freeze: the tasks of a subtree run no user code until they are thawed. Each is shown the way to
 * the freezer (signal_freeze) and counts itself frozen when it gets there; one that sleeps anyway (stopped, traced, waiting
 * for a vfork child) counts as frozen where it is. A group is frozen when it is to be, and all in its subtree are.
 * A signal wakes a frozen task only if it kills it.
 * Locks: tasklist_lock. Source: Linux's cgroup-v2 manual, "cgroup.freeze".
 */
#include "cgroup/cgroup.h"
#include "task/task.h"
#include "arch/arch.h"

static bool children_are_frozen(const struct cgroup *c)
{
	struct cgroup *child;
	list_for_each(child, &c->children, sibling)
		if (!child->is_frozen)
			return false;
	return true;
}

void cgroup_frozen_update_locked(struct cgroup *c)
{
	for (; c->parent; c = c->parent) {
		bool is_frozen = c->freeze_depth && c->frozen_tasks == c->tasks && children_are_frozen(c);
		if (is_frozen == c->is_frozen)
			return;
		c->is_frozen = is_frozen;
		cgroup_notify_locked(c->events_file);
	}
}

void cgroup_freeze_new_locked(struct cgroup *c)
{
	c->freeze_depth = c->parent->freeze_depth;
	c->is_frozen = c->freeze_depth > 0;
}

/* Every task in the subtree is told what its own group wants of it. */
static void tell_tasks_locked(struct cgroup *top)
{
	struct task *process, *thread;
	list_for_each(process, &all_processes, all_node)
		list_for_each(thread, &process->signal->thread_list, thread_node)
			if (thread->cgroup && cgroup_is_below(thread->cgroup, top))
				signal_freeze(thread, thread->cgroup->freeze_depth > 0);
}

void cgroup_freeze_set_locked(struct cgroup *c, bool on)
{
	bool has_changed = false;
	if (c->is_freeze_set == on)
		return;
	c->is_freeze_set = on;
	for (struct cgroup *d = c; d; d = cgroup_next(d, c)) {
		d->freeze_depth += on ? 1 : -1;
		has_changed |= d->freeze_depth == (on ? 1 : 0);
	}
	if (!has_changed) {	/* an ancestor has frozen it already: who waits for the news gets it now */
		cgroup_notify_locked(c->events_file);
		return;
	}
	tell_tasks_locked(c);
	for (struct cgroup *d = c; d; d = cgroup_next(d, c))
		cgroup_frozen_update_locked(d);
}

void cgroup_freeze_moved_locked(struct task *t, struct cgroup *from, struct cgroup *to)
{
	if (!t->is_frozen && !from->freeze_depth && !to->freeze_depth)
		return;
	if (t->is_frozen) {
		from->frozen_tasks--;
		to->frozen_tasks++;
	}
	cgroup_frozen_update_locked(to);
	cgroup_frozen_update_locked(from);
	signal_freeze(t, to->freeze_depth > 0);
}

void cgroup_freeze_forked_locked(struct task *child, struct cgroup *c)
{
	/* it freezes on its first way to user mode; until then the group goes on being called frozen */
	if (c->freeze_depth)
		signal_freeze_newborn(child);
}

void cgroup_enter_frozen(void)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	if (!current->is_frozen) {
		struct cgroup *c = task_cgroup_locked(current);
		current->is_frozen = true;
		c->frozen_tasks++;
		cgroup_frozen_update_locked(c);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
}

void cgroup_leave_frozen(void)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct cgroup *c = task_cgroup_locked(current);
	/* still to be frozen: it goes from one sleep to the other, and the group need not hear of it */
	if (current->is_frozen && !c->freeze_depth) {
		current->is_frozen = false;
		c->frozen_tasks--;
		cgroup_frozen_update_locked(c);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
}
