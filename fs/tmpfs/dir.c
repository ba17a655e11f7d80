/*
 * fs/tmpfs/dir.c: directories in memory: making, linking, moving and removing names. A name is a dentry that its
 * directory pins, so there is nothing to look up here: what fs/dentry.c does not find is not there.
 * Locks: all are called with the directories' inode->lock held (rename: both), unlink with the victim's too.
 * Errors: ENOSPC, ENOMEM, ENOTEMPTY. Source: Linux 6.1's tmpfs.
 */
#include "fs/tmpfs/tmpfs.h"
#include "base/string.h"
#include "mm/slab.h"
#include <linux/fs.h>

static int add(struct inode *dir, struct dentry *d, struct inode *i)
{
	if (IS_ERR(i))
		return (int)PTR_ERR(i);
	dentry_add(d, i);
	dir->size += DIRENT_BYTES;
	inode_touch(dir);
	return 0;
}

static int dir_mknod(struct inode *dir, struct dentry *d, u32 mode, u64 rdev)
{
	return add(dir, d, tmpfs_inode_new(dir->sb, dir, mode, rdev));
}

static int dir_create(struct inode *dir, struct dentry *d, u32 mode)
{
	return dir_mknod(dir, d, mode, 0);
}

static int dir_mkdir(struct inode *dir, struct dentry *d, u32 mode)
{
	int err = dir_mknod(dir, d, S_IFDIR | mode, 0);
	if (!err)
		dir->nlink++;
	return err;
}

static int dir_symlink(struct inode *dir, struct dentry *d, const char *target)
{
	struct inode *i = tmpfs_inode_new(dir->sb, dir, S_IFLNK | 0777, 0);

	if (IS_ERR(i))
		return (int)PTR_ERR(i);
	i->private = kstrdup(target);
	if (!i->private) {
		inode_put(i);
		return -ENOMEM;
	}
	i->size = strlen(target);
	return add(dir, d, i);
}

static int link_readlink(struct inode *i, char *buf, size_t size)
{
	size_t n = MIN((size_t)i->size, size);
	memcpy(buf, i->private, n);
	return (int)n;
}

static int dir_link(struct inode *dir, struct dentry *d, struct inode *target)
{
	target->nlink++;
	inode_touch_changed(target);
	return add(dir, d, inode_get(target));
}

static void drop_name(struct inode *dir, struct dentry *d)
{
	d->inode->nlink--;
	inode_touch(dir);
	d->inode->ctime_ns = dir->ctime_ns;
	dir->size -= DIRENT_BYTES;
	dentry_remove(d);
}

static int dir_unlink(struct inode *dir, struct dentry *d)
{
	drop_name(dir, d);
	return 0;
}

static int dir_rmdir(struct inode *dir, struct dentry *d)
{
	if (dentry_has_children(d))
		return -ENOTEMPTY;
	d->inode->nlink--;
	dir->nlink--;
	drop_name(dir, d);
	return 0;
}

static int dir_tmpfile(struct inode *dir, struct dentry *d, u32 mode)
{
	struct inode *i = tmpfs_inode_new(dir->sb, dir, mode, 0);

	if (IS_ERR(i))
		return (int)PTR_ERR(i);
	i->nlink = 0;
	d->inode = i;
	d->is_unlinked = true;
	return 0;
}

static void exchange(struct inode *old_dir, struct dentry *a, struct inode *new_dir, struct dentry *b)
{
	if (old_dir != new_dir && inode_is_dir(a->inode) != inode_is_dir(b->inode)) {
		int moved = inode_is_dir(a->inode) ? 1 : -1;
		new_dir->nlink += (u32)moved;
		old_dir->nlink -= (u32)moved;
	}
	dentry_exchange(a, b);
}

static void replace(struct inode *old_dir, struct dentry *od, struct inode *new_dir, struct dentry *nd)
{
	struct inode *victim = nd->inode;
	bool is_dir = inode_is_dir(od->inode);

	if (victim) {
		victim->nlink -= is_dir ? 2 : 1;
		inode_touch_changed(victim);
		if (is_dir)
			new_dir->nlink--;
	} else {
		new_dir->size += DIRENT_BYTES;
	}
	if (is_dir) {
		old_dir->nlink--;
		new_dir->nlink++;
	}
	old_dir->size -= DIRENT_BYTES;
	dentry_move(od, nd);
}

/* What a union of directories takes for "nothing is here": a character device of the number 0, which takes od's old name. */
static struct dentry *whiteout_for(struct inode *dir, struct dentry *od, struct inode **inode)
{
	struct inode *i = tmpfs_inode_new(dir->sb, dir, S_IFCHR, 0);
	struct dentry *w = IS_ERR(i) ? NULL : dentry_alloc(od->parent, od->name, od->name_len);

	if (!w && !IS_ERR(i))
		inode_put(i);
	*inode = i;
	return IS_ERR(i) ? ERR_PTR(PTR_ERR(i)) : w ? w : ERR_PTR(-ENOMEM);
}

static int dir_rename(struct inode *old_dir, struct dentry *od, struct inode *new_dir, struct dentry *nd,
		      unsigned flags)
{
	struct dentry *whiteout = NULL;
	struct inode *i;

	if (!(flags & RENAME_EXCHANGE) && nd->inode && inode_is_dir(nd->inode) && dentry_has_children(nd))
		return -ENOTEMPTY;
	if (flags & RENAME_WHITEOUT) {
		whiteout = whiteout_for(old_dir, od, &i);
		if (IS_ERR(whiteout))
			return (int)PTR_ERR(whiteout);
	}
	if (flags & RENAME_EXCHANGE)
		exchange(old_dir, od, new_dir, nd);
	else
		replace(old_dir, od, new_dir, nd);
	if (whiteout) {
		dentry_add(whiteout, i);
		old_dir->size += DIRENT_BYTES;
		dentry_put(whiteout);
	}
	inode_touch(old_dir);
	inode_touch(new_dir);
	inode_touch_changed(od->inode);
	return 0;
}

const struct inode_ops tmpfs_dir_ops = {
	.create = dir_create,
	.mknod = dir_mknod,
	.mkdir = dir_mkdir,
	.symlink = dir_symlink,
	.link = dir_link,
	.unlink = dir_unlink,
	.rmdir = dir_rmdir,
	.rename = dir_rename,
	.tmpfile = dir_tmpfile,
};
const struct inode_ops tmpfs_link_ops = { .readlink = link_readlink };
