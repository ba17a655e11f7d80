/*
 * fs/rename.c: rename, renameat2 with its flags.
 * Locks: rename_lock when two directories are involved, so that the tree's shape stands still; then both directories'
 * inode->lock, an ancestor first, else the lower address first; then, of what moves and what is replaced, none: their
 * link counts change only under their directories' locks and their own (the replaced one's is taken).
 * Errors: Linux's, in its order. Source: rename(2).
 */
#include "fs/internal.h"
#include "fs/notify.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/fs.h>

static struct mutex rename_lock = MUTEX_INIT(rename_lock, RANK_RENAME);

struct rename {
	struct walk from, to;
	struct dentry *od, *nd;		/* owned; nd is new and inode-less if the name is free */
	unsigned flags;
};

static void lock_two(struct dentry *a, struct dentry *b)
{
	if (a == b) {
		mutex_lock(&a->inode->lock);
		return;
	}
	mutex_lock(&rename_lock);
	bool a_first = dentry_is_below(b, a) || (!dentry_is_below(a, b) && a->inode < b->inode);
	mutex_lock(&(a_first ? a : b)->inode->lock);
	mutex_lock(&(a_first ? b : a)->inode->lock);
}

static void unlock_two(struct dentry *a, struct dentry *b)
{
	mutex_unlock(&a->inode->lock);
	if (a == b)
		return;
	mutex_unlock(&b->inode->lock);
	mutex_unlock(&rename_lock);
}

/* Both names at hand. 0 or -errno. */
static int find_both(struct rename *r)
{
	struct walk *f = &r->from, *t = &r->to;

	r->od = lookup_child_locked(f->path.dentry, f->name, f->len, f->hash);
	if (!r->od)
		return -ENOENT;
	if (IS_ERR(r->od))
		return (int)PTR_ERR(r->od);
	r->nd = lookup_child_locked(t->path.dentry, t->name, t->len, t->hash);
	if (!r->nd)
		r->nd = dentry_alloc(t->path.dentry, t->name, t->len);
	if (!r->nd)
		return -ENOMEM;
	return IS_ERR(r->nd) ? (int)PTR_ERR(r->nd) : 0;
}

static int check_shape(struct rename *r)
{
	bool exchanges = r->flags & RENAME_EXCHANGE;
	struct inode *ni = r->nd->inode;

	if ((r->flags & RENAME_NOREPLACE) && ni)
		return -EEXIST;
	if (exchanges && !ni)
		return -ENOENT;
	if (exchanges && !inode_is_dir(ni) && r->to.wants_directory)
		return -ENOTDIR;
	if (!inode_is_dir(r->od->inode) && (r->from.wants_directory || (!exchanges && r->to.wants_directory)))
		return -ENOTDIR;
	if (dentry_is_below(r->to.path.dentry, r->od))
		return -EINVAL;
	if (ni && dentry_is_below(r->from.path.dentry, r->nd))
		return exchanges ? -EINVAL : -ENOTEMPTY;
	return 0;
}

static int check_rights(struct rename *r)
{
	struct inode *from = r->from.path.dentry->inode, *to = r->to.path.dentry->inode;
	struct inode *oi = r->od->inode, *ni = r->nd->inode;
	bool is_dir = inode_is_dir(oi), exchanges = r->flags & RENAME_EXCHANGE;
	int err = may_delete(from, oi, is_dir);

	if (err)
		return err;
	if (!ni)
		err = r->to.path.dentry->is_unlinked ? -ENOENT : may_create_in(to);
	else
		err = may_delete(to, ni, exchanges ? inode_is_dir(ni) : is_dir);
	if (!err && !from->ops->rename)
		err = -EPERM;
	/* A directory that changes parents has its ".." written. */
	if (!err && from != to && is_dir)
		err = inode_permission(oi, MAY_WRITE);
	if (!err && from != to && exchanges && inode_is_dir(ni))
		err = inode_permission(ni, MAY_WRITE);
	if (!err && (dentry_is_mountpoint_here(r->od) || dentry_is_mountpoint_here(r->nd)))
		err = -EBUSY;
	return err;
}

/* One file has moved: from the name at hand in f to that in t. */
static void tell_move(const struct walk *f, const struct walk *t, struct inode *moved)
{
	u32 cookie = notify_cookie();

	notify_tell_text(f->path.dentry->inode, f->name, f->len, moved, IN_MOVED_FROM, cookie);
	notify_tell_text(t->path.dentry->inode, t->name, t->len, moved, IN_MOVED_TO, cookie);
	notify_tell(moved, IN_MOVE_SELF);
}

static void tell_moves(struct rename *r, struct inode *victim)
{
	tell_move(&r->from, &r->to, r->od->inode);
	if (r->flags & RENAME_EXCHANGE)
		tell_move(&r->to, &r->from, victim);
	else if (victim)
		notify_tell(victim, IN_ATTRIB);		/* it has one name less */
	if (r->flags & RENAME_WHITEOUT)
		notify_tell_text(r->from.path.dentry->inode, r->from.name, r->from.len, NULL, IN_CREATE, 0);
}

static int rename_locked(struct rename *r)
{
	struct inode *from = r->from.path.dentry->inode, *to = r->to.path.dentry->inode;
	int err = find_both(r);

	if (!err)
		err = check_shape(r);
	if (err)
		return err;
	if (r->od->inode == r->nd->inode)
		return 0;	/* two names of one file: nothing to do, and both stay */
	err = check_rights(r);
	if (err)
		return err;
	struct inode *victim = r->nd->inode;
	if (victim)
		mutex_lock(&victim->lock);
	err = from->ops->rename(from, r->od, to, r->nd, r->flags);
	if (victim)
		mutex_unlock(&victim->lock);
	if (!err && !(r->flags & RENAME_EXCHANGE))
		mounts_leave_dentry(r->nd);
	if (!err && notify_is_wanted())
		tell_moves(r, victim);
	return err;
}

static int walk_to_name(struct walk *w, int dirfd, const char *path)
{
	int err = walk_start(w, dirfd, path, 0, 0);
	return err ? err : walk_parent(w);
}

static int rename_found(struct rename *r)
{
	struct walk *f = &r->from, *t = &r->to;
	int err;

	if (f->path.mount != t->path.mount)
		return -EXDEV;
	if (f->type != LAST_NAME)
		return -EBUSY;
	if (t->type != LAST_NAME)
		return r->flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	if (f->len > NAME_BYTES_MAX || t->len > NAME_BYTES_MAX)
		return -ENAMETOOLONG;
	err = mount_want_write(f->path.mount);
	if (err)
		return err;
	lock_two(f->path.dentry, t->path.dentry);
	err = rename_locked(r);
	unlock_two(f->path.dentry, t->path.dentry);
	if (r->od && !IS_ERR(r->od))
		dentry_put(r->od);
	if (r->nd && !IS_ERR(r->nd))
		dentry_put(r->nd);
	return err;
}

/* new may be an error, which counts only once the old name's directory has been found. */
static int rename_paths(int olddirfd, const char *old, int newdirfd, const char *new, unsigned flags)
{
	struct rename r = { .flags = flags };
	int err = walk_to_name(&r.from, olddirfd, old);

	if (!err && IS_ERR(new)) {
		err = (int)PTR_ERR(new);
	} else if (!err) {
		err = walk_to_name(&r.to, newdirfd, new);
		if (!err)
			err = rename_found(&r);
		walk_end(&r.to);
	}
	walk_end(&r.from);
	return err;
}

long sys_renameat2(int olddirfd, uptr old, int newdirfd, uptr new, unsigned flags)
{
	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
		return -EINVAL;
	if ((flags & RENAME_EXCHANGE) && (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)))
		return -EINVAL;
	char *from = path_text_new(old), *to;
	if (IS_ERR(from))
		return PTR_ERR(from);
	to = path_text_new(new);
	long err = rename_paths(olddirfd, from, newdirfd, to, flags);
	if (!IS_ERR(to))
		path_text_free(to);
	path_text_free(from);
	return err;
}

long sys_renameat(int olddirfd, uptr old, int newdirfd, uptr new)
{
	return sys_renameat2(olddirfd, old, newdirfd, new, 0);
}

long sys_rename(uptr old, uptr new)
{
	return sys_renameat2(AT_FDCWD, old, AT_FDCWD, new, 0);
}
