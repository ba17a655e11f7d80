/*
 * namespace/mount_ns.c: the mount namespace: a tree of mounts that belongs to those who live in it. A new one begins as a
 * copy of the whole tree, with the maker's root and working directory at the same places in it; the last who leaves it
 * takes all of it down. The tree itself is fs/mount*.c's business.
 * Way in: clone, unshare (ns_ops.copy), setns (ns_ops.enter). Locks: mount_lock.
 * Errors: EPERM, EINVAL, ENOMEM. Source: mount_namespaces(7), setns(2).
 */
#include "namespace/mount.h"
#include "namespace/user.h"
#include "namespace/nsfs.h"
#include "fs/mount.h"
#include "mm/slab.h"
#include "task/task.h"
#include <linux/capability.h>
#include <linux/sched.h>

SLAB_CACHE(mount_ns_cache, struct mount_ns);

static struct ns *mount_ns_copy(struct ns *from, const struct ns_request *req);
static void mount_ns_destroy(struct ns *ns);
static int mount_ns_enter(struct ns_entry *e, struct ns *ns);
static const struct ns_ops mount_ns_ops = {
	.name = "mnt", .flag = CLONE_NEWNS, .copy = mount_ns_copy, .destroy = mount_ns_destroy, .enter = mount_ns_enter,
};

struct mount_ns first_mount_ns = {
	.ns = { .count = REFCOUNT_INIT(1), .inode = 0xf0000000, .ops = &mount_ns_ops, .owner = &first_user_ns },
	.node = { &mount_namespaces, &mount_namespaces },
	.mounts = LIST_INIT(first_mount_ns.mounts),
	.changed = WAITQUEUE_INIT(first_mount_ns.changed),
};
struct list mount_namespaces = { &first_mount_ns.node, &first_mount_ns.node };

static struct mount_ns *mount_ns_of(struct ns *ns) { return container_of(ns, struct mount_ns, ns); }
struct mount_ns *current_mount_ns(void) { return mount_ns_of(current->ns->of[NS_MOUNT]); }
bool may_mount(void) { return ns_capable(current_mount_ns()->ns.owner, CAP_SYS_ADMIN); }

bool inode_is_mount_ns(const struct inode *i, const struct mount_ns *than)
{
	const struct ns *ns = inode_is_nsfs(i) ? i->private : NULL;

	/* Numbers are given out upwards. */
	return ns && ns->ops == &mount_ns_ops && (!than || ns->inode <= than->ns.inode);
}

/* -- its mounts -- */
void mount_ns_add_locked(struct mount_ns *ns, struct mount *m)
{
	m->ns = ns;
	ns->count++;
	list_push_back(&ns->mounts, &m->ns_node);
}

void mount_ns_remove_locked(struct mount *m)
{
	m->ns->count--;
	m->ns = NULL;
	list_remove(&m->ns_node);
}

void mount_ns_touch_locked(struct mount_ns *ns)
{
	ns->event++;
	wake_up_all(&ns->changed);
}

/* -- life -- */
/* p, a place in a tree that was just copied, becomes the same place in the copy; what it was is to be put. */
static struct path path_follow_locked(struct path *p, const struct mount_ns *from)
{
	struct path old = *p;

	if (p->mount->ns != from)
		return (struct path){ NULL, NULL };
	*p = (struct path){ p->mount->twin, p->dentry };
	path_get(p);
	return old;
}

/* The room is its task's alone, but others may look at it. */
static void fs_room_follow_locked(struct fs_room *fs, const struct mount_ns *from, struct path old[2])
{
	unsigned long flags = spin_lock_irqsave(&fs->lock);
	old[0] = path_follow_locked(&fs->root, from);
	old[1] = path_follow_locked(&fs->cwd, from);
	spin_unlock_irqrestore(&fs->lock, flags);
}

static int tree_copy_locked(struct mount_ns *from, struct mount_ns *ns, struct list *gone)
{
	bool is_foreign = from->ns.owner != ns->ns.owner;
	struct mount *m, *top = mount_tree_copy_locked(from->root, from->root->root,
		COPY_UNBINDABLE | (is_foreign ? COPY_SHARED_TO_SLAVE : 0), gone);

	if (IS_ERR(top))
		return (int)PTR_ERR(top);
	if (is_foreign)
		mount_tree_lock_locked(top);
	for_each_mount_locked(m, top)
		mount_ns_add_locked(ns, m);
	ns->root = top;
	list_push_back(&mount_namespaces, &ns->node);
	return 0;
}

static void mount_ns_init(struct mount_ns *ns)
{
	list_init(&ns->node);
	list_init(&ns->mounts);
	waitqueue_init(&ns->changed);
}

/* It counts against nobody's limit, and has no number. */
struct mount_ns *mount_ns_new_detached(void)
{
	struct mount_ns *ns = slab_zalloc(&mount_ns_cache);

	if (!ns)
		return NULL;
	mount_ns_init(ns);
	refcount_set(&ns->ns.count, 1);
	ns->ns.ops = &mount_ns_ops;
	ns->ns.owner = current_cred()->user_ns;
	ns_get(&ns->ns.owner->ns);
	ns->is_detached = true;
	return ns;
}

static struct ns *mount_ns_copy(struct ns *old, const struct ns_request *req)
{
	struct mount_ns *from = mount_ns_of(old), *ns = slab_zalloc(&mount_ns_cache);
	struct list gone = LIST_INIT(gone);
	struct path left[2] = {};

	int err = ns ? ns_init(&ns->ns, &mount_ns_ops, req->owner) : -ENOMEM;
	if (err) {
		slab_free(&mount_ns_cache, ns);
		return ERR_PTR(err);
	}
	mount_ns_init(ns);
	rw_write_lock(&mount_lock);
	err = tree_copy_locked(from, ns, &gone);
	if (!err)
		fs_room_follow_locked(req->fs, from, left);
	rw_write_unlock(&mount_lock);
	mounts_put(&gone);
	path_put(&left[0]);
	path_put(&left[1]);
	if (!err)
		return &ns->ns;
	ns_put(&ns->ns);
	return ERR_PTR(err);
}

static void mount_ns_destroy(struct ns *head)
{
	struct mount_ns *ns = mount_ns_of(head);
	struct list gone = LIST_INIT(gone);

	rw_write_lock(&mount_lock);
	if (ns->root)
		mount_tree_remove_locked(ns->root, 0, &gone);
	list_remove(&ns->node);
	rw_write_unlock(&mount_lock);
	mounts_put(&gone);
	if (ns->is_detached)
		ns_put(&head->owner->ns);
	else
		ns_uninit(head);
	slab_free(&mount_ns_cache, ns);
}

/* -- setns: root and working directory become the tree's root, as seen from its top -- */
static int mount_ns_enter(struct ns_entry *e, struct ns *head)
{
	struct mount_ns *ns = mount_ns_of(head);
	struct fs_room *fs = e->fs;

	if (ns_may_enter(e, head) || !ns_capable(ns_entry_user_ns(e), CAP_SYS_CHROOT))
		return -EPERM;
	/* The room is nobody else's: a fresh copy, or the task's own, of which e holds one more count. */
	if (fs == current->fs && refcount_read(&fs->count) != 2)
		return -EINVAL;
	rw_read_lock(&mount_lock);
	struct path top = { ns->root, ns->root->root }, cwd;
	path_get(&top);
	path_enter_mounts_locked(&top);
	rw_read_unlock(&mount_lock);
	cwd = top;
	path_get(&cwd);
	fs_room_set(fs, &top, &cwd);
	ns_entry_set(e, NS_MOUNT, head);
	return 0;
}

/* -- boot -- */
/* The root of all cannot be taken away, which pivot_root would have to: what programs see as their root lies on it. Both
 * stay where they are. */
int mount_root(struct superblock *base, struct superblock *sb)
{
	struct mount *below = mount_new(base, base->root, 0, "rootfs"), *m = mount_new(sb, sb->root, 0, "rootfs");

	if (!below || !m)
		return -ENOMEM;
	struct path at = { below, below->root };
	below->is_locked = m->is_locked = true;
	mount_place_locked(m, &at);
	mount_ns_add_locked(&first_mount_ns, below);
	mount_ns_add_locked(&first_mount_ns, m);
	first_mount_ns.root = below;
	return 0;
}
