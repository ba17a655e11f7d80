/*
 * fs/create.c: new names: mkdir, mknod, symlink, link.
 * All go through create_start, which ends with the directory locked and a new dentry of the wanted name at hand.
 * Locks: the directory's inode->lock, then (link) the target's. Errors: Linux's, in its order.
 * Source: mkdir(2), mknod(2), symlink(2), link(2).
 */
#include "fs/internal.h"
#include "cgroup/device.h"
#include "fs/notify.h"
#include "base/string.h"
#include "mm/slab.h"
#include "namespace/user.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/capability.h>

int protected_hardlinks = 1;

struct create {
	struct walk walk;
	struct inode *dir;	/* borrowed from walk.path; locked */
	struct dentry *d;	/* owned: the new name */
};

int may_create_in(struct inode *dir)
{
	const struct cred *c = current_cred();

	/* What is made belongs to somebody that the file system's owner knows. */
	return ids_are_known(dir->sb->owner, c->fsuid, c->fsgid) ? inode_permission(dir, MAY_WRITE | MAY_EXEC) : -EOVERFLOW;
}

static int create_check(struct create *c, bool is_dir)
{
	struct walk *w = &c->walk;
	struct dentry *old = lookup_child_locked(w->path.dentry, w->name, w->len, w->hash);

	if (IS_ERR(old))
		return (int)PTR_ERR(old);
	if (old) {
		dentry_put(old);
		return -EEXIST;
	}
	if (w->wants_directory && !is_dir)
		return -ENOENT;
	int err = mount_want_write(w->path.mount);
	if (err)
		return err;
	if (w->path.dentry->is_unlinked)
		return -ENOENT;
	c->d = dentry_alloc(w->path.dentry, w->name, w->len);
	return c->d ? 0 : -ENOMEM;
}

/* 0: the directory is locked and the name is free; create_end follows. Whether it may be made there is still to be
 * asked (may_create_in). On error all is undone. */
static int create_start(struct create *c, int dirfd, const char *path, bool is_dir)
{
	struct walk *w = &c->walk;
	int err = walk_start(w, dirfd, path, 0, 0);

	if (!err)
		err = walk_parent(w);
	if (!err && w->type != LAST_NAME)
		err = -EEXIST;
	if (!err && w->len > NAME_BYTES_MAX)
		err = -ENAMETOOLONG;
	if (!err) {
		c->dir = w->path.dentry->inode;
		mutex_lock(&c->dir->lock);
		err = create_check(c, is_dir);
		if (err)
			mutex_unlock(&c->dir->lock);
	}
	if (err)
		walk_end(w);
	return err;
}

/* err: 0, it was made. */
static void create_end(struct create *c, int err)
{
	if (!err)
		notify_name(c->dir, c->d, IN_CREATE);
	mutex_unlock(&c->dir->lock);
	dentry_put(c->d);
	walk_end(&c->walk);
}

int vfs_mkdir(int dirfd, const char *path, u32 mode)
{
	struct create c;
	int err = create_start(&c, dirfd, path, true);

	if (err)
		return err;
	mode &= 01777 & ~current->fs->umask;
	err = may_create_in(c.dir);
	if (!err)
		err = c.dir->ops->mkdir ? c.dir->ops->mkdir(c.dir, c.d, mode) : -EPERM;
	create_end(&c, err);
	return err;
}

static int mknod_type(u32 *mode)
{
	switch (*mode & S_IFMT) {
	case 0:
		*mode |= S_IFREG;
		return 0;
	case S_IFREG: case S_IFCHR: case S_IFBLK: case S_IFIFO: case S_IFSOCK:
		return 0;
	}
	return (*mode & S_IFMT) == S_IFDIR ? -EPERM : -EINVAL;
}

/* path may be an error, which comes after that of a wrong type. */
int vfs_mknod(int dirfd, const char *path, u32 mode, u64 rdev)
{
	struct create c;
	int err = mknod_type(&mode);

	if (!err)
		err = IS_ERR(path) ? (int)PTR_ERR(path) : create_start(&c, dirfd, path, false);
	if (err)
		return err;
	mode &= ~current->fs->umask;
	bool is_device = S_ISBLK(mode) || (S_ISCHR(mode) && rdev);	/* 0,0 is a whiteout: no device */
	err = may_create_in(c.dir);
	if (!err && is_device)
		err = capable(CAP_MKNOD) ? device_may(mode, rdev, BPF_DEVCG_ACC_MKNOD) : -EPERM;
	if (err)
		;
	else if (S_ISREG(mode))
		err = c.dir->ops->create ? c.dir->ops->create(c.dir, c.d, mode) : -EACCES;
	else
		err = c.dir->ops->mknod ? c.dir->ops->mknod(c.dir, c.d, mode, rdev) : -EPERM;
	create_end(&c, err);
	return err;
}

int vfs_symlink(const char *target, int dirfd, const char *path)
{
	struct create c;
	int err = create_start(&c, dirfd, path, false);

	if (err)
		return err;
	err = may_create_in(c.dir);
	if (!err)
		err = c.dir->ops->symlink ? c.dir->ops->symlink(c.dir, c.d, target) : -EPERM;
	create_end(&c, err);
	return err;
}

/* A name for somebody else's file: only for one that the caller could as well read and write, and that runs with no
 * other rights. */
static bool is_safe_source(struct inode *i)
{
	return inode_is_reg(i) && !(i->mode & S_ISUID) && (i->mode & (S_ISGID | S_IXGRP)) != (S_ISGID | S_IXGRP) &&
	       inode_permission(i, MAY_READ | MAY_WRITE) == 0;
}

static int link_check(struct create *c, const struct path *old)
{
	struct inode *i = old->dentry->inode;

	if (old->mount != c->walk.path.mount)
		return -EXDEV;
	if (protected_hardlinks && !inode_is_owner(i) && !is_safe_source(i))
		return -EPERM;
	int err = may_create_in(c->dir);
	if (err)
		return err;
	if (i->is_append_only || i->is_immutable || !c->dir->ops->link || inode_is_dir(i))
		return -EPERM;
	return 0;
}

/* A second name for old at path. */
static int link_at(const struct path *old, int dirfd, const char *path)
{
	struct create c;
	struct inode *i = old->dentry->inode;
	int err = create_start(&c, dirfd, path, false);

	if (err)
		return err;
	err = link_check(&c, old);
	if (!err) {
		mutex_lock(&i->lock);
		err = i->nlink == 0 && !i->is_linkable ? -ENOENT : c.dir->ops->link(c.dir, c.d, i);
		if (!err)
			i->is_linkable = false;
		mutex_unlock(&i->lock);
	}
	if (!err)
		notify_inode(i, IN_ATTRIB);	/* it has one name more */
	create_end(&c, err);
	return err;
}

int vfs_link(const char *old, const char *path)
{
	struct path p;
	int err = path_lookup(AT_FDCWD, old, 0, &p);

	if (err)
		return err;
	err = link_at(&p, AT_FDCWD, path);
	path_put(&p);
	return err;
}

/* -- system calls -- */
long sys_mkdirat(int dirfd, uptr path, unsigned mode)
{
	char *text = path_text_new(path);
	if (IS_ERR(text))
		return PTR_ERR(text);
	long err = vfs_mkdir(dirfd, text, mode);
	path_text_free(text);
	return err;
}

long sys_mkdir(uptr path, unsigned mode) { return sys_mkdirat(AT_FDCWD, path, mode); }

long sys_mknodat(int dirfd, uptr path, unsigned mode, unsigned dev)
{
	char *text = path_text_new(path);
	long err = vfs_mknod(dirfd, text, mode, dev);
	if (!IS_ERR(text))
		path_text_free(text);
	return err;
}

long sys_mknod(uptr path, unsigned mode, unsigned dev) { return sys_mknodat(AT_FDCWD, path, mode, dev); }

long sys_symlinkat(uptr target, int dirfd, uptr path)
{
	char *to = path_text_new(target), *text;
	if (IS_ERR(to))
		return PTR_ERR(to);
	text = path_text_new(path);
	long err = IS_ERR(text) ? PTR_ERR(text) : vfs_symlink(to, dirfd, text);
	if (!IS_ERR(text))
		path_text_free(text);
	path_text_free(to);
	return err;
}

long sys_symlink(uptr target, uptr path) { return sys_symlinkat(target, AT_FDCWD, path); }

long sys_linkat(int olddirfd, uptr old, int newdirfd, uptr path, int flags)
{
	unsigned lookup = flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0;
	struct path p;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH) {
		if (!capable(CAP_DAC_READ_SEARCH))
			return -ENOENT;
		lookup |= LOOKUP_EMPTY;
	}
	int err = path_lookup_user(olddirfd, old, lookup, &p);
	if (err)
		return err;
	char *text = path_text_new(path);
	long result = IS_ERR(text) ? PTR_ERR(text) : link_at(&p, newdirfd, text);
	if (!IS_ERR(text))
		path_text_free(text);
	path_put(&p);
	return result;
}

long sys_link(uptr old, uptr path) { return sys_linkat(AT_FDCWD, old, AT_FDCWD, path, 0); }
