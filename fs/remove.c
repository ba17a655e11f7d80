/*
 * fs/remove.c: names that go: unlink, rmdir.
 * Locks: the directory's inode->lock, then the victim's. Errors: Linux's, in its order. Source: unlink(2), rmdir(2).
 */
#include "fs/internal.h"
#include "fs/notify.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/capability.h>

/* In a sticky directory only the owner of the file or of the directory removes a name. */
static bool sticky_forbids(const struct inode *dir, const struct inode *victim)
{
	u32 uid = current_cred()->fsuid;

	return (dir->mode & S_ISVTX) && uid != victim->uid && uid != dir->uid && !inode_capable(victim, CAP_FOWNER);
}

int may_delete(struct inode *dir, struct inode *victim, bool is_dir)
{
	int err = inode_permission(dir, MAY_WRITE | MAY_EXEC);

	if (err)
		return err;
	if (dir->is_append_only || sticky_forbids(dir, victim) || victim->is_append_only || victim->is_immutable)
		return -EPERM;
	if (is_dir)
		return inode_is_dir(victim) ? 0 : -ENOTDIR;
	return inode_is_dir(victim) ? -EISDIR : 0;
}

/* One name of a locked directory. */
int remove_locked(struct inode *dir, struct dentry *d, bool is_dir)
{
	struct inode *victim = d->inode;
	int err = may_delete(dir, victim, is_dir);

	if (!err && !(is_dir ? dir->ops->rmdir : dir->ops->unlink))
		err = -EPERM;
	if (!err && dentry_is_mountpoint_here(d))
		err = -EBUSY;
	if (err)
		return err;
	mutex_lock(&victim->lock);
	err = is_dir ? dir->ops->rmdir(dir, d) : dir->ops->unlink(dir, d);
	mutex_unlock(&victim->lock);
	if (err)
		return err;
	mounts_leave_dentry(d);
	if (!is_dir)
		notify_inode(victim, IN_ATTRIB);	/* it has one name less */
	if (!victim->nlink && refcount_read(&d->count) == 1)
		notify_inode_gone(victim);		/* nobody has it open either */
	notify_name(dir, d, IN_DELETE);
	return 0;
}

static int last_type_error(const struct walk *w, bool is_dir)
{
	switch (w->type) {
	case LAST_NAME:
		return w->len > NAME_BYTES_MAX ? -ENAMETOOLONG : 0;
	case LAST_DOTDOT:
		return is_dir ? -ENOTEMPTY : -EISDIR;
	case LAST_DOT:
		return is_dir ? -EINVAL : -EISDIR;
	default:
		return is_dir ? -EBUSY : -EISDIR;
	}
}

static int remove_at(struct walk *w, bool is_dir)
{
	struct inode *dir = w->path.dentry->inode;
	int err = last_type_error(w, is_dir);

	if (!err)
		err = mount_want_write(w->path.mount);
	if (err)
		return err;
	mutex_lock(&dir->lock);
	struct dentry *d = lookup_child_locked(w->path.dentry, w->name, w->len, w->hash);
	if (!d)
		err = -ENOENT;
	else if (IS_ERR(d))
		err = (int)PTR_ERR(d);
	else if (!is_dir && w->wants_directory)
		err = inode_is_dir(d->inode) ? -EISDIR : -ENOTDIR;
	else
		err = remove_locked(dir, d, is_dir);
	mutex_unlock(&dir->lock);
	if (d && !IS_ERR(d))
		dentry_put(d);
	return err;
}

static int remove_path(int dirfd, const char *path, bool is_dir)
{
	struct walk w;
	int err = walk_start(&w, dirfd, path, 0, 0);

	if (!err)
		err = walk_parent(&w);
	if (!err)
		err = remove_at(&w, is_dir);
	walk_end(&w);
	return err;
}

int vfs_unlink(int dirfd, const char *path)
{
	return remove_path(dirfd, path, false);
}

int vfs_rmdir(int dirfd, const char *path)
{
	return remove_path(dirfd, path, true);
}

static long remove_user(int dirfd, uptr path, bool is_dir)
{
	char *text = path_text_new(path);
	if (IS_ERR(text))
		return PTR_ERR(text);
	long err = remove_path(dirfd, text, is_dir);
	path_text_free(text);
	return err;
}

long sys_unlink(uptr path) { return remove_user(AT_FDCWD, path, false); }
long sys_rmdir(uptr path) { return remove_user(AT_FDCWD, path, true); }

long sys_unlinkat(int dirfd, uptr path, int flags)
{
	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	return remove_user(dirfd, path, flags & AT_REMOVEDIR);
}
