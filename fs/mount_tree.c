/*
 * fs/mount_tree.c: trees of mounts: copied (MS_BIND, a new namespace), put in place, removed. What happens elsewhere because
 * of that is propagate.c's part.
 * Way in: mount_calls.c, pivot_root.c, namespace/mount_ns.c. Locks: mount_lock for writing, held by the caller.
 * Errors: EINVAL (unbindable), EPERM (unbindable and locked), ENOMEM, ENOSPC (fs.mount-max).
 * Source: mount_namespaces(7), mount(2), umount(2), user_namespaces(7).
 */
#include "fs/mount.h"
#include "base/printk.h"

int mount_max = 100000;

/* -- copies -- */
/* What the copy is to those that the old one has to do with. */
static void propagation_copy(struct mount *old, struct mount *m, unsigned how)
{
	m->is_unbindable = old->is_unbindable;
	if (how & COPY_PRIVATE)
		return;
	if ((how & COPY_SLAVE) || ((how & COPY_SHARED_TO_SLAVE) && old->is_shared)) {
		mount_join_master_locked(m, old);
	} else {
		if (old->is_shared || (how & COPY_MAKE_SHARED))
			mount_join_peers_locked(m, old);
		if (old->master)
			mount_join_master_locked(m, old->master);
	}
	if (how & COPY_MAKE_SHARED)
		mount_set_shared_locked(m);
}

struct mount *mount_copy_locked(struct mount *old, struct dentry *root, unsigned how)
{
	struct mount *m = mount_new(old->sb, root, old->flags, old->source);

	if (!m)
		return NULL;
	m->flags_locked = old->flags_locked;
	m->is_locked = old->is_locked;
	propagation_copy(old, m, how);
	return m;
}

void mount_tree_discard_locked(struct mount *top, struct list *gone)
{
	if (top)
		mount_tree_remove_locked(top, REMOVE_SYNC, gone);
}

/* The next below top that is to be copied, or an error: what is unbindable stays away, unless that would show something. */
static struct mount *next_to_copy(struct mount *m, struct mount *top, struct dentry *root, unsigned how)
{
	m = mount_next_locked(m, top);
	while (m) {
		if (m->parent == top && !dentry_is_below(m->mountpoint, root)) {
			m = mount_next_skip_locked(m, top);
			continue;
		}
		bool is_left_out = m->is_unbindable && !(how & COPY_UNBINDABLE);
		if (is_left_out && m->is_locked)
			return ERR_PTR(-EPERM);
		if (!is_left_out && ((how & COPY_NS_FILES) || !inode_is_mount_ns(m->root->inode, NULL)))
			return m;
		m = mount_next_skip_locked(m, top);
	}
	return NULL;
}

struct mount *mount_tree_copy_locked(struct mount *old, struct dentry *root, unsigned how, struct list *gone)
{
	struct mount *m, *copy;

	if (old->is_unbindable && !(how & COPY_UNBINDABLE))
		return ERR_PTR(-EINVAL);
	if (!(how & COPY_NS_FILES) && inode_is_mount_ns(root->inode, NULL))
		return ERR_PTR(-EINVAL);
	struct mount *top = mount_copy_locked(old, root, how);
	if (!top)
		return ERR_PTR(-ENOMEM);
	old->twin = top;
	for (m = old; (m = next_to_copy(m, old, root, how)); m->twin = copy) {
		copy = IS_ERR(m) ? m : mount_copy_locked(m, m->root, how);
		if (!copy || IS_ERR(copy)) {
			mount_tree_discard_locked(top, gone);
			return copy ? copy : ERR_PTR(-ENOMEM);
		}
		struct path at = { m->parent->twin, m->mountpoint };
		mount_place_locked(copy, &at);
	}
	return top;
}

/* -- into the tree -- */
static u32 tree_count(struct mount *top)
{
	struct mount *m;
	u32 n = 0;

	for_each_mount_locked(m, top)
		n++;
	return n;
}

/* Whether the tree fits into the namespace, beside what is about to come there already. */
static int check_room(struct mount_ns *ns, struct mount *top)
{
	ns->pending += tree_count(top);
	return (u64)ns->count + ns->pending > (u64)READ_ONCE(mount_max) ? -ENOSPC : 0;
}

static void tree_enter_ns(struct mount *top, struct mount_ns *ns)
{
	struct mount *m;

	for_each_mount_locked(m, top)
		mount_ns_add_locked(ns, m);
	mount_ns_touch_locked(ns);
}

/* What lay on the place until now lies on top of what comes. */
static void tuck_under(struct mount *covering, struct mount *m)
{
	struct path at = { m, m->root }, old;

	for (struct mount *on; (on = mount_on_locked(&at));)
		at = (struct path){ on, on->root };
	mount_displace_locked(covering, &old);
	mount_place_locked(covering, &at);
	path_put(&old);		/* held by m, which is there now */
}

static void copy_attach(struct mount *copy)
{
	struct path at = copy->left;
	struct mount *covering = mount_on_locked(&at);

	copy->left = (struct path){ NULL, NULL };
	at.mount->ns->pending = 0;
	mount_place_locked(copy, &at);
	if (covering)
		tuck_under(covering, copy);
	if (at.mount->ns->ns.owner != current_mount_ns()->ns.owner)
		mount_tree_lock_locked(copy);
	copy->is_locked = false;
	struct mount *m;
	for_each_mount_locked(m, copy) {
		if (!m->ns)
			mount_ns_add_locked(at.mount->ns, m);
	}
	mount_ns_touch_locked(at.mount->ns);
}

static void copies_discard(struct list *copies, struct list *gone)
{
	struct mount *copy, *next;

	list_for_each_safe(copy, next, copies, work) {
		list_remove(&copy->work);
		copy->left.mount->ns->pending = 0;
		copy->left = (struct path){ NULL, NULL };
		mount_tree_discard_locked(copy, gone);
	}
}

/* Copies of m for all that at's mount propagates to, each counted in its namespace. */
static int copies_make(struct mount *m, const struct path *at, struct list *copies, struct list *gone)
{
	struct mount *copy;
	int err = propagate_copies_locked(at->mount, at->dentry, m, copies, gone);

	list_for_each(copy, copies, work) {
		if (!err)
			err = check_room(copy->left.mount->ns, copy);
	}
	return err;
}

int mount_tree_attach_locked(struct mount *m, const struct path *at, bool moves, struct list *gone)
{
	struct list copies = LIST_INIT(copies);
	struct mount *copy, *next, *one;
	struct path old;
	int err = moves ? 0 : check_room(at->mount->ns, m);

	if (!err && at->mount->is_shared)
		err = copies_make(m, at, &copies, gone);
	at->mount->ns->pending = 0;
	if (err) {
		copies_discard(&copies, gone);
		return err;
	}
	/* ---- from here nothing can fail ---- */
	if (at->mount->is_shared) {
		for_each_mount_locked(one, m)
			mount_set_shared_locked(one);
	}
	if (moves) {
		mount_displace_locked(m, &old);
		mount_place_locked(m, at);
		mount_ns_touch_locked(at->mount->ns);
		m->left = old;		/* mount_move() puts it */
	} else {
		mount_place_locked(m, at);
		tree_enter_ns(m, at->mount->ns);
	}
	list_for_each_safe(copy, next, &copies, work) {
		list_remove(&copy->work);
		copy_attach(copy);
	}
	return 0;
}

void mount_tree_lock_locked(struct mount *top)
{
	struct mount *m;

	for_each_mount_locked(m, top) {
		m->flags_locked |= (m->flags & MOUNT_FLAGS_RIGHTS) | MS_RELATIME;
		m->is_locked = true;
	}
}

/* -- out of the tree -- */
/* Whether m comes apart from its parent. Together they stay only if both go, for the sake of what m hides. */
static bool comes_apart(const struct mount *m, unsigned how)
{
	if ((how & REMOVE_SYNC) || !m->parent || !m->parent->is_leaving)
		return true;
	return !(how & REMOVE_CONNECTED) && !m->is_locked;
}

static void leave(struct mount *m, unsigned how, struct list *gone)
{
	if (m->ns) {
		mount_ns_touch_locked(m->ns);
		mount_ns_remove_locked(m);
	}
	if (comes_apart(m, how)) {
		mount_displace_locked(m, &m->left);
		list_push_back(gone, &m->work);
	} else {
		/* The parent holds it from now on, not it the parent; that is itself held by `gone`, or by its own parent. */
		WRITE_ONCE(m->parent->keeps_children, true);
		BUG_ON(refcount_dec(&m->parent->count));
	}
	mount_set_propagation_locked(m, MS_PRIVATE);
}

void mount_tree_remove_locked(struct mount *top, unsigned how, struct list *gone)
{
	struct list going = LIST_INIT(going);
	struct mount *m, *next;

	if (how & REMOVE_PROPAGATE)
		propagate_unlock_locked(top);
	for_each_mount_locked(m, top) {
		m->is_leaving = true;
		list_push_back(&going, &m->work);
	}
	if (how & REMOVE_PROPAGATE)
		propagate_removal_locked(&going);
	list_for_each_safe(m, next, &going, work) {
		list_remove(&m->work);
		leave(m, how, gone);
	}
}
