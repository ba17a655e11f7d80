/*
 * fs/mount.c: the tree of mounts and the types of file systems. The system calls are in mount_calls.c.
 * A mount in the tree is held by its namespace; children hold their parent. Files and paths hold the mount they came
 * through, so a mount taken out of the tree lives until they go (MNT_DETACH). Every mount is private: nothing
 * propagates. One namespace exists; the tree hangs on struct mount_ns so that there can be more.
 *
 * Locks: mount_lock (rwlock, sleeping) for parents, children, mountpoints, dentry->mounts. A walk looks at
 * dentry->mounts without it and takes it only where something is mounted. A mount's place (parent and mountpoint)
 * changes under dentry_lock too, so that a way up needs no more than that.
 */
#include "fs/mount.h"
#include "base/string.h"
#include "mm/slab.h"
#include <linux/mount.h>

SLAB_CACHE(mount_cache, struct mount);
struct rwlock mount_lock = RWLOCK_INIT(mount_lock, RANK_MOUNT);
struct mount_ns first_mount_ns = { REFCOUNT_INIT(1), NULL, LIST_INIT(first_mount_ns.mounts) };
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
	struct dentry *d = root;

	for (;;) {
		if (dentry_has_children(d)) {
			d = list_first(&d->children, struct dentry, sibling);
			continue;
		}
		if (d == root)
			return;
		struct dentry *parent = d->parent;
		mutex_lock(&parent->inode->lock);	/* devpts takes names out by itself */
		dentry_remove(d);
		mutex_unlock(&parent->inode->lock);
		d = parent;
	}
}

static void superblock_unmounted(struct superblock *sb)
{
	struct dentry *root;

	if (atomic_dec_return(&sb->mounts) != 0)
		return;
	root = sb->root;
	sb->root = NULL;
	tree_drop(root);
	dentry_put(root);
}

void superblock_discard(struct superblock *sb)
{
	atomic_inc(&sb->mounts);
	superblock_unmounted(sb);
	superblock_put(sb);
}

void mount_put(struct mount *m)
{
	if (!m || !refcount_dec(&m->count))
		return;
	struct superblock *sb = m->sb;
	dentry_put(m->root);
	kfree(m->source);
	slab_free(&mount_cache, m);
	superblock_unmounted(sb);
	superblock_put(sb);
}

bool path_is_nosuid(const struct path *p)
{
	return p->mount && (p->mount->flags & MS_NOSUID);
}

bool path_is_noexec(const struct path *p)
{
	return p->mount && (p->mount->flags & MS_NOEXEC);
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

/* -- changes of the tree: mount_lock held for writing -- */
static void mount_set_place(struct mount *m, struct mount *parent, struct dentry *mountpoint)
{
	spin_lock(&dentry_lock);
	m->parent = parent;
	m->mountpoint = mountpoint;
	spin_unlock(&dentry_lock);
}

void mount_attach_locked(struct mount *m, const struct path *at)
{
	mount_set_place(m, mount_get(at->mount), dentry_get(at->dentry));
	at->dentry->mounts++;
	dentry_pin(at->dentry);
	list_push_front(&at->mount->children, &m->sibling);
}

/* Takes m from its place; the references that it held there go to *at, to be put without the lock. */
void mount_detach_locked(struct mount *m, struct path *at)
{
	*at = (struct path){ m->parent, m->mountpoint };
	if (!m->parent)
		return;
	m->mountpoint->mounts--;
	list_remove(&m->sibling);
	mount_set_place(m, NULL, NULL);
}

/* The next mount of the tree below top (top included, parents first), or NULL. */
struct mount *mount_tree_next_locked(struct mount *m, struct mount *top)
{
	if (!list_is_empty(&m->children))
		return list_first(&m->children, struct mount, sibling);
	while (m != top) {
		if (m->sibling.next != &m->parent->children)
			return list_next(m, sibling);
		m = m->parent;
	}
	return NULL;
}

/* The namespace takes the reference to m, and one of its own to each mount below that is new to it. */
void mount_ns_add_locked(struct mount_ns *ns, struct mount *m)
{
	m->ns = ns;
	list_push_back(&ns->mounts, &m->ns_node);
}

/* -- boot -- */
int mount_root(struct superblock *sb)
{
	struct mount *m = mount_new(sb, sb->root, 0, "rootfs");
	if (!m)
		return -ENOMEM;
	first_mount_ns.root = mount_get(m);
	mount_ns_add_locked(&first_mount_ns, m);
	return 0;
}
