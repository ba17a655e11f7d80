/*
 * fs/mount.c: mounts, the places they are at, and the types of file systems. Whole trees are copied, put in place and
 * removed in mount_tree.c, what follows elsewhere from that is in propagate.c, the system calls are in mount_calls.c.
 * A mount in a tree is held by its namespace; children hold their parent. Files and paths hold the mount they came
 * through, so a mount taken out of the tree lives until they go (MNT_DETACH).
 *
 * Locks: mount_lock (rwlock, sleeping) for parents, children and mountpoints. A walk looks at dentry->mounts without it
 * and takes it only where something is mounted. A mount's place (parent and mountpoint) and dentry->mounts change under
 * dentry_lock too, so that a way up, and the removal of a name, need no more than that.
 */
#include "fs/mount.h"
#include "fs/notify.h"
#include "base/string.h"
#include "mm/slab.h"
#include "namespace/user.h"
#include "task/task.h"

SLAB_CACHE(mount_cache, struct mount);
struct rwlock mount_lock = RWLOCK_INIT(mount_lock, RANK_MOUNT);
static struct list fs_types = LIST_INIT(fs_types);	/* filled at boot only */
static atomic_t last_mount_id = ATOMIC_INIT(20);

void fs_register(struct fs_type *t)
{
	list_push_back(&fs_types, &t->node);
}

struct fs_type *fs_type_find(const char *name)
{
	struct fs_type *t;
	list_for_each(t, &fs_types, node) {
		if (strcmp(t->name, name) == 0)
			return t;
	}
	return NULL;
}

void fs_type_for_each(void (*fn)(const struct fs_type *t, void *arg), void *arg)
{
	struct fs_type *t;
	list_for_each(t, &fs_types, node)
		fn(t, arg);
}

struct mount *mount_new(struct superblock *sb, struct dentry *root, u64 flags, const char *source)
{
	struct mount *m = slab_zalloc(&mount_cache);
	if (!m)
		return NULL;
	m->source = kstrdup(source && *source ? source : "none");
	if (!m->source) {
		slab_free(&mount_cache, m);
		return NULL;
	}
	refcount_set(&m->count, 1);
	m->id = atomic_inc_return(&last_mount_id);
	m->sb = superblock_get(sb);
	atomic_inc(&sb->mounts);
	m->root = dentry_get(root);
	m->flags = flags;
	list_init(&m->children);
	list_init(&m->sibling);
	list_init(&m->ns_node);
	list_init(&m->peers);
	list_init(&m->slaves);
	list_init(&m->slave_node);
	list_init(&m->work);
	list_init(&m->target);
	return m;
}

struct mount *mount_get(struct mount *m)
{
	refcount_inc(&m->count);
	return m;
}

/* The names of an in-memory file system that nothing shows any more. What is still open keeps its inode. */
static void tree_drop(struct dentry *root)
{
	struct dentry *d = root, *child;

	for (;;) {
		mutex_lock(&d->inode->lock);	/* devpts takes names out by itself */
		child = dentry_has_children(d) ? list_first(&d->children, struct dentry, sibling) : NULL;
		bool is_leaf = child && !dentry_has_children(child);
		if (is_leaf)
			dentry_remove(child);
		mutex_unlock(&d->inode->lock);
		if (is_leaf)
			continue;
		if (!child && d == root)
			return;
		d = child ? child : d->parent;
	}
}

static void superblock_unmounted(struct superblock *sb)
{
	struct dentry *root;

	if (atomic_dec_return(&sb->mounts) != 0)
		return;
	root = sb->root;
	sb->root = NULL;
	notify_unmounted(sb);
	tree_drop(root);
	dentry_put(root);
}

void superblock_discard(struct superblock *sb)
{
	atomic_inc(&sb->mounts);
	superblock_unmounted(sb);
	superblock_put(sb);
}

static void mount_free(struct mount *m)
{
	struct superblock *sb = m->sb;

	dentry_put(m->root);
	kfree(m->source);
	slab_free(&mount_cache, m);
	superblock_unmounted(sb);
	superblock_put(sb);
}

/* The last user of a mount that kept what was mounted on it: those are let go, and their places with them. */
static bool put_with_children(struct mount *m, struct list *kept)
{
	struct mount *child;

	rw_write_lock(&mount_lock);
	spin_lock(&dentry_lock);
	bool is_last = refcount_dec(&m->count);
	while (is_last && !list_is_empty(&m->children)) {
		child = list_first(&m->children, struct mount, sibling);
		list_remove(&child->sibling);
		child->left = (struct path){ NULL, child->mountpoint };
		child->parent = NULL;
		child->mountpoint = NULL;
		list_push_back(kept, &child->work);
	}
	spin_unlock(&dentry_lock);
	rw_write_unlock(&mount_lock);
	return is_last;
}

void mount_put(struct mount *m)
{
	if (m && READ_ONCE(m->is_expiring))
		WRITE_ONCE(m->is_expiring, false);	/* it was used */
	mount_release(m);
}

/* Of one that keeps its children: they may be the last to hold others. */
static __noinline void mount_release_keeper(struct mount *m)
{
	struct list kept = LIST_INIT(kept);

	while (m) {
		if (READ_ONCE(m->keeps_children) ? put_with_children(m, &kept) : refcount_dec(&m->count))
			mount_free(m);
		if (list_is_empty(&kept))
			return;
		m = list_first(&kept, struct mount, work);
		list_remove(&m->work);
		mountpoint_release(m->left.dentry);
		dentry_put(m->left.dentry);
	}
}

void mount_release(struct mount *m)
{
	if (unlikely(!m))
		return;
	if (unlikely(READ_ONCE(m->keeps_children)))
		mount_release_keeper(m);
	else if (unlikely(refcount_dec(&m->count)))
		mount_free(m);
}

void mounts_put(struct list *gone)
{
	while (!list_is_empty(gone)) {
		struct mount *m = list_first(gone, struct mount, work);
		struct path left = m->left;
		list_remove(&m->work);
		m->left = (struct path){ NULL, NULL };
		path_put(&left);
		mount_put(m);
	}
}

bool path_is_noexec(const struct path *p)
{
	return p->mount && (p->mount->flags & MS_NOEXEC);
}

/* Only where the caller's own tree shows the file, and for those whom the file system's owner has power over. */
bool path_may_suid(const struct path *p)
{
	return p->mount && !(p->mount->flags & MS_NOSUID) && p->mount->ns == current_mount_ns() &&
	       user_ns_is_below(current_cred()->user_ns, p->mount->sb->owner);
}

void path_put(struct path *p)
{
	struct path old = *p;

	*p = (struct path){ NULL, NULL };
	dentry_put(old.dentry);
	mount_put(old.mount);
}

struct mount *mount_on_locked(const struct path *p)
{
	struct mount *m;
	list_for_each(m, &p->mount->children, sibling) {
		if (m->mountpoint == p->dentry)
			return m;
	}
	return NULL;
}

void path_enter_mounts(struct path *p)
{
	while (READ_ONCE(p->dentry->mounts)) {
		rw_read_lock(&mount_lock);
		struct mount *m = mount_on_locked(p);
		struct path in = { NULL, NULL };
		if (m) {
			in = (struct path){ m, m->root };
			path_get(&in);
		}
		rw_read_unlock(&mount_lock);
		if (!m)
			return;
		path_put(p);
		*p = in;
	}
}

/* What is given back here is held by the mount that lies on it, so it is never the last reference. */
void path_enter_mounts_locked(struct path *p)
{
	struct mount *m;

	while (p->mount->ns && (m = mount_on_locked(p))) {
		struct path in = { m, m->root };
		path_get(&in);
		path_put(p);
		*p = in;
	}
}

bool path_leave_mount(struct path *p)
{
	struct path out = { NULL, NULL };

	spin_lock(&dentry_lock);
	if (p->mount->parent) {
		out = (struct path){ p->mount->parent, p->mount->mountpoint };
		path_get(&out);
	}
	spin_unlock(&dentry_lock);
	if (!out.mount)
		return false;
	path_put(p);
	*p = out;
	return true;
}

bool mount_is_readonly(const struct mount *m)
{
	return (m->flags & MS_RDONLY) || (m->sb->flags & MS_RDONLY);
}

int mount_want_write(struct mount *m)
{
	return mount_is_readonly(m) ? -EROFS : 0;
}

bool mount_allows_devices(const struct mount *m)
{
	return !(m->flags & MS_NODEV) && !(m->sb->flags & SUPER_NODEV);
}

/* -- places -- */
int mountpoint_hold(struct dentry *d)
{
	int err = 0;
	bool is_first = false;

	spin_lock(&dentry_lock);
	if (d->is_unlinked)
		err = -ENOENT;
	else
		is_first = d->mounts++ == 0;
	spin_unlock(&dentry_lock);
	if (is_first)
		dentry_pin(d);
	return err;
}

void mountpoint_release(struct dentry *d)
{
	spin_lock(&dentry_lock);
	bool is_last = --d->mounts == 0;
	spin_unlock(&dentry_lock);
	if (is_last)
		dentry_unpin(d);
}

static void set_place(struct mount *m, struct mount *parent, struct dentry *mountpoint)
{
	spin_lock(&dentry_lock);
	m->parent = parent;
	m->mountpoint = mountpoint;
	bool is_first = mountpoint && mountpoint->mounts++ == 0;
	spin_unlock(&dentry_lock);
	if (is_first)
		dentry_pin(mountpoint);
}

void mount_place_locked(struct mount *m, const struct path *at)
{
	set_place(m, mount_get(at->mount), dentry_get(at->dentry));
	list_push_back(&at->mount->children, &m->sibling);
}

void mount_displace_locked(struct mount *m, struct path *at)
{
	*at = (struct path){ m->parent, m->mountpoint };
	if (!m->parent)
		return;
	list_remove(&m->sibling);
	set_place(m, NULL, NULL);
	mountpoint_release(at->dentry);
}

struct mount *mount_next_skip_locked(struct mount *m, struct mount *top)
{
	while (m != top) {
		if (m->sibling.next != &m->parent->children)
			return list_next(m, sibling);
		m = m->parent;
	}
	return NULL;
}

struct mount *mount_next_locked(struct mount *m, struct mount *top)
{
	if (!list_is_empty(&m->children))
		return list_first(&m->children, struct mount, sibling);
	return mount_next_skip_locked(m, top);
}

bool mount_is_below(const struct mount *m, const struct mount *ancestor)
{
	while (m && m != ancestor)
		m = m->parent;
	return m != NULL;
}

bool path_is_reachable_locked(const struct path *p, const struct path *root)
{
	struct path at = *p;

	while (at.mount != root->mount && at.mount->parent)
		at = (struct path){ at.mount->parent, at.mount->mountpoint };
	return at.mount == root->mount && dentry_is_below(at.dentry, root->dentry);
}

/* -- names that go -- */
bool dentry_is_mountpoint_here(struct dentry *d)
{
	struct mount_ns *ns = current_mount_ns();
	struct mount *m;
	bool found = false;

	if (!READ_ONCE(d->mounts))
		return false;
	rw_read_lock(&mount_lock);
	list_for_each(m, &ns->mounts, ns_node) {
		found = m->mountpoint == d;
		if (found)
			break;
	}
	rw_read_unlock(&mount_lock);
	return found;
}

/* A mount at d, in whatever tree. */
static struct mount *mount_at_dentry_locked(struct dentry *d)
{
	struct mount_ns *ns;
	struct mount *m;

	list_for_each(ns, &mount_namespaces, node) {
		list_for_each(m, &ns->mounts, ns_node) {
			if (m->mountpoint == d)
				return m;
		}
	}
	return NULL;
}

void mounts_leave_dentry(struct dentry *d)
{
	struct list gone = LIST_INIT(gone);
	struct mount *m;

	if (!READ_ONCE(d->mounts))
		return;
	rw_write_lock(&mount_lock);
	while ((m = mount_at_dentry_locked(d)))
		mount_tree_remove_locked(m, REMOVE_CONNECTED, &gone);
	rw_write_unlock(&mount_lock);
	mounts_put(&gone);
}
