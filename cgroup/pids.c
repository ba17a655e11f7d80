/*
 * cgroup/pids.c: the controller "pids": how many tasks a subtree has, zombies included, and how many it may have. Only a fork
 * can be refused; who is moved in is counted whatever the limit.
 * Locks: tasklist_lock. Errors: EAGAIN. Source: Linux's cgroup-v2 manual, "PID".
 */
#include "cgroup/cgroup.h"
#include "base/errno.h"

/* The refusal is told to the group the task was to be in, or the next above that has the controller. */
static void refused_locked(struct cgroup *c)
{
	while (c && !cgroup_has_pids(c))
		c = c->parent;
	if (!c)
		return;
	c->pids_refused++;
	cgroup_notify_locked(c->pids_events_file);
}

int cgroup_pids_try_locked(struct cgroup *c)
{
	for (struct cgroup *a = c; a->parent; a = a->parent)
		if (cgroup_has_pids(a) && a->pids + 1 > a->pids_max) {
			refused_locked(c);
			return -EAGAIN;
		}
	cgroup_pids_add_locked(c, 1);
	return 0;
}

void cgroup_pids_add_locked(struct cgroup *c, int n)
{
	for (; c->parent; c = c->parent) {
		c->pids += n;
		c->pids_peak = MAX(c->pids_peak, c->pids);
	}
}
