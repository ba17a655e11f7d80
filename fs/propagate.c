/*
 * fs/propagate.c: what happens in other mounts when something is mounted on, or taken off, a shared one.
 * Mounts that are shared with one another form a peer group: a ring, and a number. A group may have slaves: mounts that
 * receive from it and send nothing back; a slave may be in a peer group of its own, and so on downwards. What is done in
 * one place is done in all of its peers, in their slaves, in the slaves' peers, and so on.
 * Way in: mount_tree.c; the type of propagation: mount_calls.c.
 * Locks: mount_lock, for writing, held by the caller. Errors: ENOMEM.
 * Source: mount_namespaces(7), "Shared subtrees"; its tables are the cases of tests/user/namespace/mount_propagation.c.
 */
#include "fs/mount.h"

static int last_group;		/* mount_lock */

/* -- who belongs to whom -- */
static struct mount *next_peer(struct mount *m) { return list_entry(m->peers.next, struct mount, peers); }

/* Each mount of m's ring once, m first. */
#define for_each_peer(p, m) \
	for (struct mount *first_ = (p) = (m); (p); (p) = next_peer(p) == first_ ? NULL : next_peer(p))

static void group_join(struct mount *m, int group)
{
	m->group = group;
	m->is_shared = true;
	m->is_unbindable = false;
}

void mount_set_shared_locked(struct mount *m)
{
	group_join(m, m->group ? m->group : ++last_group);
}

void mount_join_peers_locked(struct mount *m, struct mount *peer)
{
	if (!peer->group)
		peer->group = ++last_group;
	list_push_front(&peer->peers, &m->peers);
	group_join(m, peer->group);
}

void mount_join_master_locked(struct mount *m, struct mount *master)
{
	list_remove(&m->slave_node);
	m->master = master;
	if (master)
		list_push_back(&master->slaves, &m->slave_node);
}

/* Whom m's slaves, and m itself, turn to when m leaves its group: a peer, best one that shows the same; or m's master. */
static struct mount *successor(struct mount *m)
{
	struct mount *p;

	if (list_is_empty(&m->peers))
		return m->master;
	for_each_peer(p, m) {
		if (p != m && p->root == m->root)
			return p;
	}
	return next_peer(m);
}

static void leave_group(struct mount *m)
{
	struct mount *to = successor(m);

	list_remove(&m->peers);
	m->is_shared = false;
	m->group = 0;
	while (!list_is_empty(&m->slaves))
		mount_join_master_locked(list_first(&m->slaves, struct mount, slave_node), to);
	mount_join_master_locked(m, to);
}

void mount_set_propagation_locked(struct mount *m, u64 type)
{
	if (type == MS_SHARED) {
		mount_set_shared_locked(m);
		return;
	}
	leave_group(m);
	if (type == MS_SLAVE)
		return;
	mount_join_master_locked(m, NULL);
	m->is_unbindable = type == MS_UNBINDABLE;
}

/* -- whom it reaches -- */
static void target_add(struct mount *m, struct list *targets)
{
	if (m->is_target)
		return;
	m->is_target = true;
	list_push_back(targets, &m->target);
}

/* All mounts that origin propagates to, origin first, and each after its master. Ended by targets_end. */
static void targets_begin(struct mount *origin, struct list *targets)
{
	struct mount *m, *p, *slave;

	list_init(targets);
	target_add(origin, targets);
	list_for_each(m, targets, target) {
		for_each_peer(p, m)
			target_add(p, targets);
		list_for_each(slave, &m->slaves, slave_node)
			target_add(slave, targets);
	}
}

static void targets_end(struct list *targets)
{
	while (!list_is_empty(targets)) {
		struct mount *m = list_first(targets, struct mount, target);
		list_remove(&m->target);
		m->is_target = false;
		m->copy = NULL;
	}
}

/* -- mounting -- */
static struct mount *peer_with_copy(struct mount *m)
{
	struct mount *p;

	for_each_peer(p, m) {
		if (p->copy)
			return p;
	}
	return NULL;
}

/* What target's copy is made from: a peer's copy is its peer; else its master's, or a further master's, is its master. */
static struct mount *copy_source(struct mount *target, unsigned *how)
{
	struct mount *p = target->is_shared ? peer_with_copy(target) : NULL;

	*how = COPY_MAKE_SHARED;
	if (p)
		return p->copy;
	*how = COPY_SLAVE | (target->is_shared ? COPY_MAKE_SHARED : 0);
	for (struct mount *m = target->master; !p; m = m->master)
		p = peer_with_copy(m);
	return p->copy;
}

int propagate_copies_locked(struct mount *dest, struct dentry *mountpoint, struct mount *source, struct list *copies,
			    struct list *gone)
{
	struct list targets;
	struct mount *m;
	unsigned how;
	int err = 0;

	targets_begin(dest, &targets);
	dest->copy = source;
	list_for_each(m, &targets, target) {
		if (m == dest || !m->ns || !dentry_is_below(mountpoint, m->root))
			continue;
		struct mount *from = copy_source(m, &how);
		struct mount *copy = mount_tree_copy_locked(from, from->root, how, gone);
		if (IS_ERR(copy)) {
			err = (int)PTR_ERR(copy);
			break;
		}
		m->copy = copy;
		copy->left = (struct path){ m, mountpoint };
		list_push_back(copies, &copy->work);
	}
	targets_end(&targets);
	return err;
}

/* -- unmounting -- */
/* What lies at m's place in another of the mounts that m's parent propagates to. */
static struct mount *counterpart(struct mount *m, struct mount *target)
{
	struct path at = { target, m->mountpoint };
	return target == m->parent ? NULL : mount_on_locked(&at);
}

static bool is_cover(const struct mount *m) { return m->mountpoint == m->parent->root; }

static void candidates_find(struct list *going, struct list *candidates)
{
	struct mount *m, *t, *c;
	struct list targets;

	list_for_each(m, going, work) {
		if (!m->parent || !(m->parent->is_shared))
			continue;
		targets_begin(m->parent, &targets);
		list_for_each(t, &targets, target) {
			c = counterpart(m, t);
			if (!c || c->is_leaving || c->is_candidate)
				continue;
			c->is_candidate = true;
			c->may_go = false;
			list_push_back(candidates, &c->work);
		}
		targets_end(&targets);
	}
}

/* All that is mounted on c goes as well, or only covers it. */
static bool is_free(struct mount *c)
{
	struct mount *child;

	list_for_each(child, &c->children, sibling) {
		if (!is_cover(child) && !child->is_leaving && !(child->is_candidate && child->may_go))
			return false;
	}
	return true;
}

/* Those of the candidates that go are marked as leaving: what is free, and is not locked unless its parent goes too. */
static void candidates_decide(struct list *candidates)
{
	struct mount *c;
	bool has_changed;

	do {
		has_changed = false;
		list_for_each(c, candidates, work) {
			if (!c->may_go && is_free(c))
				c->may_go = has_changed = true;
		}
	} while (has_changed);
	do {
		has_changed = false;
		list_for_each(c, candidates, work) {
			if (c->may_go && !c->is_leaving && (!c->is_locked || c->parent->is_leaving))
				c->is_leaving = has_changed = true;
		}
	} while (has_changed);
}

/* What covers a mount that goes, and stays itself, comes to lie on the next place below that stays. */
static void covers_set_back(struct mount *leaving)
{
	struct mount *child, *next;

	list_for_each_safe(child, next, &leaving->children, sibling) {
		if (child->is_leaving)
			continue;
		struct mount *m = leaving;
		while (m->parent->is_leaving)
			m = m->parent;
		struct path at = { m->parent, m->mountpoint }, old;
		mount_displace_locked(child, &old);
		mount_place_locked(child, &at);
		path_put(&old);		/* of a mount that `going` holds */
	}
}

void propagate_removal_locked(struct list *going)
{
	struct list candidates = LIST_INIT(candidates);
	struct mount *c, *next;

	candidates_find(going, &candidates);
	candidates_decide(&candidates);
	list_for_each_safe(c, next, &candidates, work) {
		list_remove(&c->work);
		c->is_candidate = false;
		if (!c->is_leaving)
			continue;
		covers_set_back(c);
		list_push_back(going, &c->work);
	}
}

void propagate_unlock_locked(struct mount *m)
{
	struct list targets;
	struct mount *t, *c;

	if (!m->parent || !m->parent->is_shared)
		return;
	targets_begin(m->parent, &targets);
	list_for_each(t, &targets, target) {
		c = counterpart(m, t);
		if (c)
			c->is_locked = false;
	}
	targets_end(&targets);
}

/* -- is it used? -- */
static bool has_more_holders(const struct mount *m, int holders) { return refcount_read(&m->count) > holders; }

/* Of what would go along, only what has nothing mounted on it but a cover, and so would really go, can keep the rest. */
static bool counterpart_is_busy(struct mount *c)
{
	struct mount *child;
	int holders = 1;

	list_for_each(child, &c->children, sibling) {
		if (!is_cover(child))
			return false;
		holders++;
	}
	return has_more_holders(c, holders);
}

bool mount_is_busy_locked(struct mount *m, int holders)
{
	struct list targets;
	struct mount *t, *c;
	bool is_busy = !list_is_empty(&m->children) || has_more_holders(m, holders);

	if (is_busy || !m->parent || !m->parent->is_shared)
		return is_busy;
	targets_begin(m->parent, &targets);
	list_for_each(t, &targets, target) {
		c = counterpart(m, t);
		is_busy |= c && counterpart_is_busy(c);
	}
	targets_end(&targets);
	return is_busy;
}

/* -- for /proc/PID/mountinfo -- */
/* Is one of m's group to be seen from root, in root's namespace? */
static bool group_is_seen(struct mount *m, const struct path *root)
{
	struct mount *p;

	for_each_peer(p, m) {
		if (p->ns != root->mount->ns)
			continue;
		struct path at = { p, p->root };
		bool is_reached = path_is_reachable_locked(&at, root);
		if (is_reached)
			return true;
	}
	return false;
}

int mount_dominating_group_locked(const struct mount *m, const struct path *root)
{
	for (struct mount *master = m->master; master; master = master->master) {
		if (group_is_seen(master, root))
			return master->group;
	}
	return 0;
}
