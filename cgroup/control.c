/*
 * cgroup/control.c: cgroup.subtree_control: which controllers the children of a group have. There is one: pids.
 * Turning it on makes its files appear in every child's directory. Directories are locked one after the other, each before
 * cgroup_mutex: who is first there puts the directory right for what is set by then.
 * Locks: inode->lock of each child, cgroup_mutex. Errors: EINVAL, ENOENT, EBUSY, EOPNOTSUPP, ENOMEM.
 * Source: Linux's cgroup-v2 manual, "Enabling and Disabling".
 */
#include "cgroup/cgroup.h"
#include "fs/internal.h"
#include "task/task.h"
#include "mm/slab.h"
#include "base/string.h"

/* 1: on, -1: off, 0: neither; the last word counts. -EINVAL: a name that is no controller's. */
static int parse(char *text, int *wanted)
{
	*wanted = 0;
	for (char *word = text, *next; word; word = next) {
		next = strchr(word, ' ');
		if (next)
			*next++ = 0;
		if (!*word)
			continue;
		if ((*word != '+' && *word != '-') || strcmp(word + 1, "pids"))
			return -EINVAL;
		*wanted = *word == '+' ? 1 : -1;
	}
	return 0;
}

static int may_enable(struct cgroup *c)
{
	if (!cgroup_is_root(c) && !cgroup_has_pids(c))
		return -ENOENT;
	if (!cgroup_is_valid_domain(c->dom))
		return -EOPNOTSUPP;
	if (cgroup_is_root(c) || cgroup_can_be_thread_root(c) || cgroup_is_threaded(c))
		return 0;
	return c->tasks ? -EBUSY : 0;
}

static int may_disable(struct cgroup *c)
{
	struct cgroup *child;
	list_for_each(child, &c->children, sibling)
		if (child->has_pids_below)
			return -EBUSY;
	return 0;
}

static void set(struct cgroup *c, bool on)
{
	struct cgroup *child;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	c->has_pids_below = on;
	list_for_each(child, &c->children, sibling) {
		child->pids_max = PIDS_NO_LIMIT;
		child->pids_peak = child->pids;
		child->pids_refused = 0;
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
}

/* The children's directories, each a reference. cgroup_mutex. */
struct directories { struct dentry **of; int n; };

static int directories_get(struct cgroup *c, struct directories *d)
{
	struct cgroup *child;
	int n = 0;
	list_for_each(child, &c->children, sibling)
		n++;
	*d = (struct directories){ .of = n ? kmalloc((size_t)n * sizeof(*d->of)) : NULL };
	if (n && !d->of)
		return -ENOMEM;
	list_for_each(child, &c->children, sibling)
		d->of[d->n++] = dentry_get(child->dentry);
	return 0;
}

static int directories_sync(struct directories *d)
{
	int err = 0;
	for (int i = 0; i < d->n && !err; i++)
		err = cgroup_files_sync(d->of[i]);
	return err;
}

static void directories_put(struct directories *d)
{
	for (int i = 0; i < d->n; i++)
		dentry_put(d->of[i]);
	kfree(d->of);
}

int cgroup_control_write(struct cgroup *c, char *text)
{
	struct directories d = {};
	int wanted, err = parse(text, &wanted);
	if (err)
		return err;
	mutex_lock(&cgroup_mutex);
	bool changes = !c->is_dead && wanted && (wanted > 0) != c->has_pids_below;
	if (c->is_dead)
		err = -ENODEV;
	else if (changes)
		err = wanted > 0 ? may_enable(c) : may_disable(c);
	if (!err && changes)
		err = directories_get(c, &d);
	if (!err && changes)
		set(c, wanted > 0);
	mutex_unlock(&cgroup_mutex);
	if (err || !changes)
		return err;
	err = directories_sync(&d);
	if (err) {
		/* what is missing is the files of what was turned on: off again, which needs no memory */
		mutex_lock(&cgroup_mutex);
		set(c, false);
		mutex_unlock(&cgroup_mutex);
		(void)!directories_sync(&d);
	}
	directories_put(&d);
	return err;
}
