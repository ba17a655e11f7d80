/*
 * cgroup/cgroup.c: the tree of control groups: making and removing them, the limits of its size, threaded subtrees, names.
 *
 * A group is a domain, whose members are processes, or threaded: then it shares the resources of the nearest domain above,
 * and threads of one process may be spread over such groups. What may become what follows from who is populated where.
 * Locks: cgroup_mutex; the links of the tree change under tasklist_lock too. Errors: EAGAIN, EBUSY, EOPNOTSUPP, ENOMEM.
 * Source: cgroups(7), "cgroups version 2"; Linux's cgroup-v2 manual.
 */
#include "cgroup/cgroup.h"
#include "cgroup/device.h"
#include "task/task.h"
#include "mm/slab.h"
#include "base/errno.h"
#include "base/string.h"

SLAB_CACHE(cgroup_cache, struct cgroup);

struct mutex cgroup_mutex = MUTEX_INIT(cgroup_mutex, RANK_CGROUP);
struct cgroup root_cgroup = {
	.count = REFCOUNT_INIT(1),
	.children = LIST_INIT(root_cgroup.children),
	.sibling = LIST_INIT(root_cgroup.sibling),
	.devices = LIST_INIT(root_cgroup.devices),
	.name = "",
	.max_descendants = CGROUP_NO_LIMIT,
	.max_depth = CGROUP_NO_LIMIT,
	.dom = &root_cgroup,
	.pids_max = PIDS_NO_LIMIT,
};

void cgroup_put(struct cgroup *c)
{
	while (c && refcount_dec(&c->count)) {
		struct cgroup *parent = c->parent;
		if (c->is_dead)
			for (struct cgroup *a = parent; a; a = a->parent)
				atomic_dec(&a->dying);
		device_forget(c);
		kfree(c->name);
		slab_free(&cgroup_cache, c);
		c = parent;
	}
}

static bool tree_has_room(const struct cgroup *parent)
{
	int depth = 1;
	for (const struct cgroup *c = parent; c; c = c->parent, depth++)
		if (c->descendants >= c->max_descendants || depth > c->max_depth)
			return false;
	return true;
}

struct cgroup *cgroup_new(struct cgroup *parent, const char *name)
{
	if (!tree_has_room(parent))
		return ERR_PTR(-EAGAIN);
	struct cgroup *c = slab_zalloc(&cgroup_cache);
	char *copy = c ? kstrdup(name) : NULL;
	if (!copy) {
		if (c)
			slab_free(&cgroup_cache, c);
		return ERR_PTR(-ENOMEM);
	}
	refcount_set(&c->count, 1);
	c->parent = cgroup_get(parent);
	list_init(&c->children);
	list_init(&c->sibling);
	list_init(&c->devices);
	c->name = copy;
	c->level = parent->level + 1;
	c->max_descendants = c->max_depth = CGROUP_NO_LIMIT;
	c->dom = c;
	c->pids_max = PIDS_NO_LIMIT;
	return c;
}

void cgroup_link(struct cgroup *c)
{
	for (struct cgroup *a = c->parent; a; a = a->parent)
		a->descendants++;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	list_push_back(&c->parent->children, &c->sibling);
	cgroup_freeze_new_locked(c);
	spin_unlock_irqrestore(&tasklist_lock, flags);
}

int cgroup_unlink(struct cgroup *c)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	int err = cgroup_is_populated(c) || !list_is_empty(&c->children) ? -EBUSY : 0;
	if (!err) {
		c->is_dead = true;
		list_remove(&c->sibling);
		c->events_file = c->pids_events_file = NULL;
		cgroup_frozen_update_locked(c->parent);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	if (err)
		return err;
	for (struct cgroup *a = c->parent; a; a = a->parent) {
		a->descendants--;
		atomic_inc(&a->dying);
	}
	return 0;
}

bool cgroup_is_below(const struct cgroup *c, const struct cgroup *ancestor)
{
	while (c && c->level > ancestor->level)
		c = c->parent;
	return c == ancestor;
}

struct cgroup *cgroup_next(struct cgroup *c, struct cgroup *top)
{
	if (!list_is_empty(&c->children))
		return list_first(&c->children, struct cgroup, sibling);
	for (; c != top; c = c->parent)
		if (c->sibling.next != &c->parent->children)
			return container_of(c->sibling.next, struct cgroup, sibling);
	return NULL;
}

/* Puts text in front of what stands at buf[*at]. Without room the path loses its beginning. */
static void put_before(char *buf, size_t *at, const char *text, size_t n)
{
	n = MIN(n, *at);
	*at -= n;
	memcpy(buf + *at, text, n);
}

size_t cgroup_path(const struct cgroup *c, const struct cgroup *root, char *buf, size_t size)
{
	const struct cgroup *common = root;
	size_t at = size - 1;
	while (!cgroup_is_below(c, common))
		common = common->parent;
	for (; c != common; c = c->parent) {
		put_before(buf, &at, c->name, strlen(c->name));
		put_before(buf, &at, "/", 1);
	}
	for (; root != common; root = root->parent)
		put_before(buf, &at, "/..", 3);
	if (at == size - 1)
		put_before(buf, &at, "/", 1);
	size_t n = size - 1 - at;
	memmove(buf, buf + at, n);
	buf[n] = 0;
	return n;
}

/* -- threaded subtrees -- */
static bool has_child(const struct cgroup *c, bool is_threaded, bool is_populated)
{
	struct cgroup *child;
	list_for_each(child, &c->children, sibling)
		if (cgroup_is_threaded(child) == is_threaded && (!is_populated || cgroup_is_populated(child)))
			return true;
	return false;
}

/* The root may have children of all kinds. A domain may become the root of a threaded subtree while nothing competes with
 * its threads; every controller there is can be used by threads. */
bool cgroup_can_be_thread_root(struct cgroup *c)
{
	if (cgroup_is_root(c))
		return true;
	return !cgroup_is_threaded(c) && !has_child(c, false, true);
}

bool cgroup_is_thread_root(struct cgroup *c)
{
	if (cgroup_is_threaded(c))
		return false;
	return has_child(c, true, false) || (c->tasks && c->has_pids_below);
}

/* A domain below threads can hold nothing. */
bool cgroup_is_valid_domain(struct cgroup *c)
{
	if (cgroup_is_threaded(c))
		return false;
	while ((c = c->parent)) {
		if (!cgroup_is_root(c) && cgroup_is_thread_root(c))
			return false;
		if (cgroup_is_threaded(c))
			return false;
	}
	return true;
}

const char *cgroup_type_name(struct cgroup *c)
{
	if (cgroup_is_threaded(c))
		return "threaded";
	if (!cgroup_is_valid_domain(c))
		return "domain invalid";
	return cgroup_is_thread_root(c) ? "domain threaded" : "domain";
}

int cgroup_make_threaded(struct cgroup *c)
{
	struct cgroup *dom = c->parent->dom;
	int err = -EOPNOTSUPP;
	if (cgroup_is_threaded(c))
		return 0;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	if (!cgroup_is_populated(c) && cgroup_is_valid_domain(dom) && cgroup_can_be_thread_root(dom)) {
		/* threaded descendants change their domain with it */
		for (struct cgroup *d = c; d; d = cgroup_next(d, c))
			if (d == c || cgroup_is_threaded(d))
				d->dom = dom;
		err = 0;
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return err;
}

int cgroup_may_host(struct cgroup *c)
{
	if (!cgroup_is_valid_domain(c->dom))
		return -EOPNOTSUPP;
	if (cgroup_is_root(c) || cgroup_can_be_thread_root(c) || cgroup_is_threaded(c))
		return 0;
	return c->has_pids_below ? -EBUSY : 0;	/* a group's members do not compete with its children */
}
