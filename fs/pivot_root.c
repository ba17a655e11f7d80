/*
 * fs/pivot_root.c: pivot_root: another mount becomes the root of the caller's tree, and the old root comes to lie on a
 * directory below it, or (put_old and new_root the same) on top of it, from where it can be unmounted. Whoever had the old
 * root as its root or working directory has the new one afterwards.
 * Locks: mount_lock for the change; then tasklist_lock, task->lock and fs->lock for the others' rooms.
 * Errors: EPERM, ENOENT, ENOTDIR, EBUSY, EINVAL. Source: pivot_root(2).
 */
#include "fs/mount.h"
#include "syscall/define.h"
#include "task/task.h"

/* What the call is about, and the places that are given up. */
struct pivot {
	struct path fresh, put_old, root;	/* owned */
	struct path left_fresh, left_root;	/* owned, once done */
};

static bool is_shared(const struct mount *m) { return m && m->is_shared; }

static bool is_own_root(const struct path *p) { return p->dentry == p->mount->root && p->mount->parent; }

static int check_locked(const struct pivot *p)
{
	struct mount *fresh = p->fresh.mount, *root = p->root.mount, *old = p->put_old.mount;

	if (old->is_shared || is_shared(fresh->parent) || is_shared(root->parent))
		return -EINVAL;
	if (root->ns != current_mount_ns() || fresh->ns != root->ns || old->ns != root->ns || fresh->is_locked)
		return -EINVAL;
	if (p->fresh.dentry->is_unlinked)
		return -ENOENT;
	if (fresh == root || old == root)
		return -EBUSY;
	if (!is_own_root(&p->root) || !is_own_root(&p->fresh))
		return -EINVAL;
	if (!path_is_reachable_locked(&p->put_old, &p->fresh) || !path_is_reachable_locked(&p->fresh, &p->root))
		return -EINVAL;
	return 0;
}

static void exchange_locked(struct pivot *p)
{
	struct mount *fresh = p->fresh.mount, *root = p->root.mount;

	mount_displace_locked(fresh, &p->left_fresh);
	mount_displace_locked(root, &p->left_root);
	mount_place_locked(fresh, &p->left_root);
	mount_place_locked(root, &p->put_old);
	if (root->is_locked) {
		root->is_locked = false;
		fresh->is_locked = true;
	}
	mount_ns_touch_locked(fresh->ns);
}

static int pivot_locked(struct pivot *p)
{
	path_enter_mounts_locked(&p->put_old);
	int err = mountpoint_hold(p->put_old.dentry);

	if (err)
		return err;
	err = check_locked(p);
	if (!err)
		exchange_locked(p);
	mountpoint_release(p->put_old.dentry);
	return err;
}

/* -- the others -- */
static bool replace_path(struct path *at, const struct path *from, const struct path *to)
{
	if (at->mount != from->mount || at->dentry != from->dentry)
		return false;
	*at = *to;
	path_get(at);
	return true;
}

/* How often `from` was in the task's room. */
static int replace_in(struct task *t, const struct path *from, const struct path *to)
{
	int n = 0;

	spin_lock(&t->lock);
	if (t->fs) {
		spin_lock(&t->fs->lock);
		n = replace_path(&t->fs->root, from, to) + replace_path(&t->fs->cwd, from, to);
		spin_unlock(&t->fs->lock);
	}
	spin_unlock(&t->lock);
	return n;
}

static void rooms_follow(const struct path *from, const struct path *to)
{
	struct task *process, *thread;
	int n = 0;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);

	list_for_each(process, &all_processes, all_node) {
		list_for_each(thread, &process->signal->thread_list, thread_node)
			n += replace_in(thread, from, to);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	while (n-- > 0) {
		struct path old = *from;
		path_put(&old);
	}
}

static long pivot(struct pivot *p)
{
	rw_write_lock(&mount_lock);
	int err = pivot_locked(p);
	rw_write_unlock(&mount_lock);
	if (err)
		return err;
	path_put(&p->left_fresh);
	path_put(&p->left_root);
	rooms_follow(&p->root, &p->fresh);
	return 0;
}

long sys_pivot_root(uptr new_root, uptr put_old)
{
	struct pivot p = {};

	if (!may_mount())
		return -EPERM;
	long err = path_lookup_user(AT_FDCWD, new_root, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p.fresh);
	if (!err)
		err = path_lookup_user(AT_FDCWD, put_old, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p.put_old);
	if (!err) {
		fs_room_get_root(current->fs, &p.root);
		err = pivot(&p);
	}
	path_put(&p.fresh);
	path_put(&p.put_old);
	path_put(&p.root);
	return err;
}
