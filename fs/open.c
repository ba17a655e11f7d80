/*
 * fs/open.c: open, openat, openat2, creat, and opening by the kernel.
 * The way: flags decoded (open_request) -> walk with the last component at hand -> found, or made in its locked
 * directory -> may_open: the checks on what was found -> file_for: the open file, with the operations of its kind.
 * Locks: the directory's inode->lock around making a file. Errors: Linux's, see open(2); unknown openat flags are
 * ignored and unknown openat2 flags are EINVAL, as there. O_DIRECT is EINVAL: no file system here can do it.
 * Source: open(2), openat2(2).
 */
#include "fs/internal.h"
#include "base/printk.h"
#include "fs/notify.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/openat2.h>

#define FLAGS_KNOWN (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NDELAY | O_NONBLOCK | __O_SYNC | \
	O_DSYNC | FASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | \
	__O_TMPFILE)
#define OPEN_HOW_FIRST_SIZE 24	/* of struct open_how when openat2 was new */
#define FLAGS_OF_PATH (O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC)
#define FLAGS_NOT_KEPT (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)

struct open_request {
	unsigned flags;
	u32 mode;		/* of a new file */
	u32 resolve;
	unsigned access;	/* MAY_* to be checked */
	bool is_exec;
	bool was_made;
};

static bool follows(const struct open_request *r)
{
	return !(r->flags & O_NOFOLLOW) && (r->flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
}

static int request_check(struct open_request *r)
{
	static const u8 access[] = { MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE, MAY_READ | MAY_WRITE };

	if (r->flags & O_PATH) {
		r->flags &= FLAGS_OF_PATH;
		r->access = 0;
		return 0;
	}
	r->access = access[r->flags & O_ACCMODE];
	if ((r->flags & (O_DIRECTORY | O_CREAT)) == (O_DIRECTORY | O_CREAT))
		return -EINVAL;
	if ((r->flags & __O_TMPFILE) && (!(r->flags & O_DIRECTORY) || !(r->access & MAY_WRITE)))
		return -EINVAL;
	if (r->flags & O_TRUNC)
		r->access |= MAY_WRITE;
	if (r->flags & __O_SYNC)
		r->flags |= O_DSYNC;
	r->flags |= O_LARGEFILE;
	return 0;
}

/* -- the open file -- */
static int special_ops(struct file *f, struct inode *i)
{
	switch (i->mode & S_IFMT) {
	case S_IFCHR:
	case S_IFBLK:
		/* a node of devpts is its device itself: numbers are given out by each instance anew */
		f->ops = i->fops ? i->fops : dev_find(i->mode, i->rdev, &f->private);
		return f->ops ? 0 : -ENXIO;
	case S_IFIFO:
		f->ops = &pipe_fops;
		return 0;
	case S_IFSOCK:
		return -ENXIO;
	}
	f->ops = i->fops;
	return f->ops ? 0 : -ENXIO;
}

static int become_writer(struct file *f, struct inode *i)
{
	if (!(f->mode & FMODE_WRITE) || (!inode_is_reg(i) && !inode_is_dir(i)))
		return 0;
	int err = mount_want_write(f->path.mount);
	if (!err)
		err = inode_get_write(i);
	if (!err) {
		atomic_inc(&f->path.mount->writers);
		atomic_inc(&f->path.mount->sb->writers);
		f->is_writer = true;
	}
	return err;
}

static int file_start(struct file *f, const struct open_request *r)
{
	struct inode *i = f->inode;
	int err;

	if (r->flags & O_PATH) {
		f->mode = FMODE_PATH;
		return 0;
	}
	f->mode = ((r->flags & O_ACCMODE) + 1) & (FMODE_READ | FMODE_WRITE);
	if (r->is_exec) {
		err = inode_deny_write(i);
		if (err)
			return err;
		f->mode |= FMODE_EXEC;
		f->denies_write = true;
	}
	err = special_ops(f, i);
	if (!err)
		err = become_writer(f, i);
	if (!err && f->ops->open)
		err = f->ops->open(i, f);
	if (err)
		f->ops = NULL;	/* what was never opened is not released */
	if (!err && (r->flags & O_DIRECT))
		err = -EINVAL;
	return err;
}

/* The open file over p, whose references it takes over (also on error). ERR_PTR. */
static struct file *file_for(struct path *p, const struct open_request *r)
{
	struct file *f = file_alloc(0, r->flags, NULL, NULL);

	if (!f) {
		path_put(p);
		return ERR_PTR(-ENOMEM);
	}
	f->path = *p;
	*p = (struct path){ NULL, NULL };
	f->inode = f->path.dentry->inode;
	int err = file_start(f, r);
	f->flags &= ~FLAGS_NOT_KEPT;	/* an open operation still sees O_NOCTTY */
	if (!err)
		return f;
	file_put(f);
	return ERR_PTR(err);
}

/* -- the checks on what was found -- */
static int may_open_kind(const struct path *p, const struct open_request *r)
{
	switch (p->dentry->inode->mode & S_IFMT) {
	case S_IFLNK:
		return -ELOOP;
	case S_IFDIR:
		if (r->access & MAY_WRITE)
			return -EISDIR;
		return r->is_exec ? -EACCES : 0;
	case S_IFCHR:
	case S_IFBLK:
		if (!mount_allows_devices(p->mount))
			return -EACCES;
		return r->is_exec ? -EACCES : 0;
	case S_IFREG:
		return r->is_exec && (p->mount->flags & MS_NOEXEC) ? -EACCES : 0;
	}
	return r->is_exec ? -EACCES : 0;
}

/* O_CREAT in a sticky directory that everybody may write to: what lies there ready for the caller may be a trap. Files
 * and FIFOs are let through, as Linux does unless its protected_* settings say otherwise. */
static bool is_trap(const struct path *p)
{
	struct inode *i = p->dentry->inode;
	struct dentry *parent = dentry_parent_get(p->dentry);
	struct inode *dir = parent->inode;
	bool trap = (dir->mode & (S_ISVTX | S_IWOTH)) == (S_ISVTX | S_IWOTH) && dir->uid != i->uid &&
		    current_cred()->fsuid != i->uid;

	dentry_put(parent);
	return trap && !inode_is_reg(i) && !S_ISFIFO(i->mode);
}

static int may_open(const struct path *p, const struct open_request *r)
{
	struct inode *i = p->dentry->inode;

	if ((r->flags & O_CREAT) && !r->was_made) {
		if (r->flags & O_EXCL)
			return -EEXIST;
		if (inode_is_dir(i))
			return -EISDIR;
		if (is_trap(p))
			return -EACCES;
	}
	if ((r->flags & O_DIRECTORY) && !(r->flags & __O_TMPFILE) && !inode_is_dir(i))
		return -ENOTDIR;
	if (r->flags & O_PATH)
		return 0;
	int err = may_open_kind(p, r);
	if (!err && !r->was_made)
		err = inode_permission(i, r->access);
	if (!err && (r->access & MAY_WRITE) && inode_is_reg(i))
		err = mount_want_write(p->mount);
	if (!err && (r->flags & O_NOATIME) && !inode_is_owner(i))
		err = -EPERM;
	if (!err && i->is_append_only && (r->access & MAY_WRITE) && (!(r->flags & O_APPEND) || (r->flags & O_TRUNC)))
		err = -EPERM;
	return err;
}

/* O_RDONLY | O_TRUNC cuts too: the permission was checked before. But nobody cuts a program that runs. */
static int cut(struct file *f)
{
	int err = inode_get_write(f->inode);

	if (err)
		return err;
	err = vfs_truncate(&f->path, 0);
	inode_put_write(f->inode);
	return err;
}

static struct file *open_found(struct path *p, struct open_request *r)
{
	int err = may_open(p, r);

	if (err) {
		path_put(p);
		return ERR_PTR(err);
	}
	bool cuts = (r->flags & O_TRUNC) && inode_is_reg(p->dentry->inode) && !r->was_made;
	struct file *f = file_for(p, r);
	if (IS_ERR(f))
		return f;
	err = cuts ? cut(f) : 0;
	if (err) {
		file_put(f);
		return ERR_PTR(err);
	}
	notify_file(f, IN_OPEN);
	return f;
}

/* -- the last component, with O_CREAT -- */
/* Finds or makes the file at hand. The dentry (a reference), or ERR_PTR. */
static struct dentry *find_or_make(struct walk *w, struct open_request *r)
{
	struct inode *dir = w->path.dentry->inode;
	struct dentry *d = lookup_child(w->path.dentry, w->name, w->len, w->hash);
	int err;

	if (d)
		return d;
	mutex_lock(&dir->lock);
	d = lookup_child_locked(w->path.dentry, w->name, w->len, w->hash);
	if (d)
		goto unlock;
	err = w->path.dentry->is_unlinked ? -ENOENT : mount_want_write(w->path.mount);
	if (!err)
		err = may_create_in(dir);
	if (!err && !dir->ops->create)
		err = -EACCES;
	if (!err && !(d = dentry_alloc(w->path.dentry, w->name, w->len)))
		err = -ENOMEM;
	if (!err) {
		err = dir->ops->create(dir, d, S_IFREG | (r->mode & ~current->fs->umask & S_IALLUGO));
		r->was_made = !err;
	}
	if (!err)
		notify_name(dir, d, IN_CREATE);
	if (err) {
		dentry_put(d);
		d = ERR_PTR(err);
	}
unlock:
	mutex_unlock(&dir->lock);
	return d;
}

/* As walk_step, for O_CREAT. */
static int step_or_make(struct walk *w, struct open_request *r)
{
	if (w->type != LAST_NAME)
		return walk_step(w, false);
	if (w->wants_directory)
		return -EISDIR;
	if (w->len > NAME_BYTES_MAX)
		return -ENAMETOOLONG;
	struct dentry *d = find_or_make(w, r);
	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	if (S_ISLNK(d->inode->mode) && follows(r)) {
		int err = walk_follow(w, d);
		dentry_put(d);
		return err;
	}
	struct path p = { w->path.mount, d };
	dentry_put(w->path.dentry);
	w->path = p;
	path_enter_mounts(&w->path);
	return 0;
}

/* As walk_whole, for O_CREAT. */
static int walk_or_make(struct walk *w, struct open_request *r)
{
	int err;

	do {
		err = walk_parent(w);
		if (err || w->type == LAST_NONE)
			break;
		err = step_or_make(w, r);
	} while (err == 1);
	if (!err && w->wants_directory && !inode_is_dir(w->path.dentry->inode))
		err = -ENOTDIR;
	return err;
}

static struct file *open_tmpfile(struct path *dir, struct open_request *r)
{
	struct inode *i = dir->dentry->inode;
	struct dentry *d = NULL;
	char name[24];
	int err = inode_is_dir(i) ? mount_want_write(dir->mount) : -ENOTDIR;

	if (!err)
		err = inode_permission(i, MAY_WRITE | MAY_EXEC);
	if (!err && !i->ops->tmpfile)
		err = -EOPNOTSUPP;
	/* named by the inode's number, which is only known when the inode is there: as long as any */
	memset(name, '#', sizeof(name));
	if (!err && !(d = dentry_alloc(dir->dentry, name, sizeof(name))))
		err = -ENOMEM;
	if (!err) {
		mutex_lock(&i->lock);
		err = i->ops->tmpfile(i, d, S_IFREG | (r->mode & ~current->fs->umask & S_IALLUGO));
		mutex_unlock(&i->lock);
	}
	if (!err) {
		/* nobody else knows of it yet */
		d->name_len = (u32)snprintf(name, sizeof(name), "#%lu", (unsigned long)d->inode->ino);
		memcpy(d->name, name, d->name_len + 1);
	}
	if (err) {
		dentry_put(d);
		return ERR_PTR(err);
	}
	/* Shown as "#NUMBER (deleted)"; nobody has seen the name yet. */
	d->name_len = (u32)snprintf(d->short_name, sizeof(d->short_name), "#%lu", (unsigned long)d->inode->ino);
	struct path p = { mount_get(dir->mount), d };
	d->inode->is_linkable = !(r->flags & O_EXCL);
	r->was_made = true;
	return open_found(&p, r);
}

static struct file *open_walk(struct walk *w, struct open_request *r)
{
	int err = r->flags & O_CREAT ? walk_or_make(w, r) : walk_whole(w, follows(r));
	if (err)
		return ERR_PTR(err);
	if (r->flags & __O_TMPFILE)
		return open_tmpfile(&w->path, r);
	struct path p = w->path;
	w->path = (struct path){ NULL, NULL };
	return open_found(&p, r);
}

static struct file *open_decoded(int dirfd, const char *path, unsigned lookup_flags, struct open_request *r)
{
	struct walk w;
	int err = walk_start(&w, dirfd, path, lookup_flags, r->resolve);
	struct file *f = err ? ERR_PTR(err) : open_walk(&w, r);

	walk_end(&w);
	if (IS_ERR(f) && PTR_ERR(f) == -ENOENT && !(r->flags & O_CREAT))
		missing_note(path);
	return f;
}

struct file *file_open(const char *path, unsigned flags, u32 mode)
{
	struct open_request r = { .flags = flags & FLAGS_KNOWN, .mode = mode };
	int err = request_check(&r);

	return err ? ERR_PTR(err) : open_decoded(AT_FDCWD, path, 0, &r);
}

struct file *file_open_path(const struct path *p, unsigned flags)
{
	struct open_request r = { .flags = flags & FLAGS_KNOWN };
	struct path own = *p;
	int err = request_check(&r);

	if (err)
		return ERR_PTR(err);
	path_get(&own);
	return open_found(&own, &r);
}

struct file *file_open_exec(int dirfd, const char *path, int at_flags)
{
	struct open_request r = { .flags = O_RDONLY | O_LARGEFILE, .access = MAY_EXEC, .is_exec = true };

	if (at_flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return ERR_PTR(-EINVAL);
	if (at_flags & AT_SYMLINK_NOFOLLOW)
		r.flags |= O_NOFOLLOW;
	return open_decoded(dirfd, path, at_flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0, &r);
}

/* -- system calls -- */
static long open_user(int dirfd, uptr path, u64 flags, u32 mode, u32 resolve)
{
	struct open_request r = { .flags = (unsigned)flags & FLAGS_KNOWN, .mode = mode, .resolve = resolve };
	int err = request_check(&r);
	if (err)
		return err;
	char *text = path_text_new(path);
	if (IS_ERR(text))
		return PTR_ERR(text);
	/* Nothing may be made or cut when there is no number for it; a failed open leaves the table as it was. */
	int fd = fd_may_install();
	if (!fd) {
		struct file *f = open_decoded(dirfd, text, 0, &r);
		fd = IS_ERR(f) ? (int)PTR_ERR(f) : fd_install_new(f, (unsigned)flags & O_CLOEXEC);
		if (fd < 0 && !IS_ERR(f))
			file_put(f);
	}
	path_text_free(text);
	return fd;
}

long sys_open(uptr path, int flags, unsigned mode)
{
	return open_user(AT_FDCWD, path, (unsigned)flags, mode, 0);
}

long sys_creat(uptr path, unsigned mode)
{
	return open_user(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode, 0);
}

long sys_openat(int dirfd, uptr path, int flags, unsigned mode)
{
	return open_user(dirfd, path, (unsigned)flags, mode, 0);
}

long sys_openat2(int dirfd, uptr path, uptr how_addr, size_t size)
{
	struct open_how how;
	const u64 resolve_known = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH |
				  RESOLVE_IN_ROOT | RESOLVE_CACHED;

	if (size < OPEN_HOW_FIRST_SIZE)
		return -EINVAL;
	int err = copy_struct_from_user(&how, sizeof(how), how_addr, size);
	if (err)
		return err;
	if ((how.flags & ~(u64)FLAGS_KNOWN) || (how.resolve & ~resolve_known))
		return -EINVAL;
	if ((how.resolve & RESOLVE_BENEATH) && (how.resolve & RESOLVE_IN_ROOT))
		return -EINVAL;
	if ((how.flags & O_PATH) && (how.flags & ~(u64)FLAGS_OF_PATH))
		return -EINVAL;
	if (how.flags & (O_CREAT | __O_TMPFILE) ? how.mode & ~(u64)S_IALLUGO : how.mode)
		return -EINVAL;
	if (how.resolve & RESOLVE_CACHED)	/* only if nothing must be waited for: the caller tries again */
		return -EAGAIN;
	return open_user(dirfd, path, how.flags, (u32)how.mode, (u32)how.resolve);
}
