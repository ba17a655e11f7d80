/*
 * fs/attr.c: chmod, chown, truncate, the utime family, access.
 * Locks: inode->lock around every change. Errors: EPERM, EROFS, EINVAL. A change of owner or contents takes the set-id
 * bits away as Linux does. Source: chmod(2), chown(2), truncate(2), utimensat(2), access(2), inode(7).
 */
#include "fs/internal.h"
#include "fs/notify.h"
#include "mm/user_access.h"
#include "namespace/user.h"
#include "signal/signal.h"
#include "syscall/define.h"
#include "task/task.h"
#include "time/time.h"
#include <linux/capability.h>
#include <linux/resource.h>
#include <linux/securebits.h>
#include <linux/stat.h>
#include <linux/time.h>

typedef int (*change_fn)(const struct path *p, void *arg);
struct times { s64 atime_ns, mtime_ns; bool sets_atime, sets_mtime, is_now; };
static int change_times(const struct path *p, void *arg), change_size(const struct path *p, void *arg);

/* What a watcher is told of the change. */
static u32 event_of(change_fn fn, const void *arg)
{
	const struct times *t = arg;

	if (fn == change_size)
		return IN_MODIFY;
	if (fn != change_times || t->sets_atime == t->sets_mtime)
		return IN_ATTRIB;
	return t->sets_atime ? IN_ACCESS : IN_MODIFY;
}

/* Runs fn on the inode of p, locked, if its file system may be written. */
static int change_path(const struct path *p, change_fn fn, void *arg)
{
	struct inode *i = p->dentry->inode;
	int err = mount_want_write(p->mount);

	if (err)
		return err;
	mutex_lock(&i->lock);
	err = i->is_immutable ? -EPERM : fn(p, arg);
	mutex_unlock(&i->lock);
	if (!err)
		notify_dentry(p->dentry, event_of(fn, arg));
	return err;
}

static int change_at(int dirfd, uptr path, unsigned lookup, change_fn fn, void *arg)
{
	struct path p;
	int err = path_lookup_user(dirfd, path, lookup, &p);

	if (err)
		return err;
	err = change_path(&p, fn, arg);
	path_put(&p);
	return err;
}

static int change_fd(int fd, change_fn fn, void *arg)
{
	struct file *f = fd_get(fd);

	if (!f)
		return -EBADF;
	int err = change_path(&f->path, fn, arg);
	file_put(f);
	return err;
}

/* -- mode -- */
static int change_mode(const struct path *p, void *arg)
{
	struct inode *i = p->dentry->inode;
	u32 mode = *(u32 *)arg & S_IALLUGO;

	if (!inode_is_owner(i))
		return -EPERM;
	if (S_ISLNK(i->mode))
		return -EOPNOTSUPP;
	if (!cred_has_group(current_cred(), i->gid) && !inode_capable(i, CAP_FSETID))
		mode &= ~S_ISGID;
	i->mode = (i->mode & S_IFMT) | mode;
	inode_touch_changed(i);
	return 0;
}

long sys_fchmodat(int dirfd, uptr path, unsigned mode)
{
	return change_at(dirfd, path, LOOKUP_FOLLOW, change_mode, &mode);
}

long sys_chmod(uptr path, unsigned mode) { return sys_fchmodat(AT_FDCWD, path, mode); }
long sys_fchmod(int fd, unsigned mode) { return change_fd(fd, change_mode, &mode); }

/* -- owner -- */
struct owner { u32 uid, gid; };	/* NO_ID: as it was */

/* 0, or -EINVAL: the caller's user namespace has no such id. */
static int owner_named(struct owner *o, u32 uid, u32 gid)
{
	*o = (struct owner){ uid_named(uid), gid_named(gid) };
	return (uid != NO_ID && o->uid == NO_ID) || (gid != NO_ID && o->gid == NO_ID) ? -EINVAL : 0;
}

static int may_change_owner(const struct inode *i, const struct owner *o)
{
	u32 self = current_cred()->fsuid;

	if (o->uid != NO_ID && !(self == i->uid && o->uid == i->uid) && !inode_capable(i, CAP_CHOWN))
		return -EPERM;
	if (o->gid != NO_ID && !(self == i->uid && (o->gid == i->gid || cred_has_group(current_cred(), o->gid))) &&
	    !inode_capable(i, CAP_CHOWN))
		return -EPERM;
	return 0;
}

static int change_owner(const struct path *p, void *arg)
{
	struct inode *i = p->dentry->inode;
	const struct owner *asked = arg;
	struct owner named, *o = &named;
	int err = owner_named(o, asked->uid, asked->gid);
	if (!err)
		err = may_change_owner(i, o);

	if (err)
		return err;
	if (!S_ISDIR(i->mode))
		i->mode &= ~inode_setid_at_stake(i);
	if (o->uid != NO_ID)
		i->uid = o->uid;
	if (o->gid != NO_ID)
		i->gid = o->gid;
	inode_touch_changed(i);
	return 0;
}

long sys_fchownat(int dirfd, uptr path, unsigned uid, unsigned gid, int flags)
{
	struct owner o = { uid, gid };
	unsigned lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	return change_at(dirfd, path, lookup, change_owner, &o);
}

long sys_chown(uptr path, unsigned uid, unsigned gid) { return sys_fchownat(AT_FDCWD, path, uid, gid, 0); }
long sys_lchown(uptr path, unsigned uid, unsigned gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}
long sys_fchown(int fd, unsigned uid, unsigned gid)
{
	struct owner o = { uid, gid };
	return change_fd(fd, change_owner, &o);
}

/* -- size -- */
static int change_size(const struct path *p, void *arg)
{
	struct inode *i = p->dentry->inode;
	u64 size = *(u64 *)arg;

	if (size > i->size && size > current_limit(RLIMIT_FSIZE)) {
		signal_send_task(SIGXFSZ, NULL, current);
		return -EFBIG;
	}
	/* a file made when it is read (procfs) has no contents to cut: so that `echo 1 > /proc/sys/...` opens it */
	int err = i->ops->setattr ? i->ops->setattr(i, ATTR_SIZE, size) : 0;
	if (err)
		return err;
	inode_drop_setid(i);
	inode_touch(i);
	return 0;
}

int vfs_truncate(const struct path *p, loff size)
{
	struct inode *i = p->dentry->inode;
	u64 wanted = (u64)size;

	if (inode_is_dir(i))
		return -EISDIR;
	if (!inode_is_reg(i))
		return -EINVAL;
	return change_path(p, change_size, &wanted);
}

long sys_truncate(uptr path, loff length)
{
	struct path p;

	if (length < 0)
		return -EINVAL;
	int err = path_lookup_user(AT_FDCWD, path, LOOKUP_FOLLOW, &p);
	if (err)
		return err;
	struct inode *i = p.dentry->inode;
	if (inode_is_dir(i))
		err = -EISDIR;
	else if (!inode_is_reg(i))
		err = -EINVAL;
	else
		err = mount_want_write(p.mount);
	if (!err)
		err = inode_permission(i, MAY_WRITE);
	if (!err && i->is_append_only)
		err = -EPERM;
	if (!err)
		err = inode_get_write(i);	/* not while it is being executed */
	if (!err) {
		err = vfs_truncate(&p, length);
		inode_put_write(i);
	}
	path_put(&p);
	return err;
}

long sys_ftruncate(int fd, loff length)
{
	if (length < 0)
		return -EINVAL;
	struct file *f = fd_get(fd);
	if (!f)
		return -EBADF;
	long err;
	if (!inode_is_reg(f->inode) || !(f->mode & FMODE_WRITE))
		err = -EINVAL;
	else if (f->inode->is_append_only)
		err = -EPERM;
	else
		err = vfs_truncate(&f->path, length);
	file_put(f);
	return err;
}

long sys_fallocate(int fd, int mode, loff off, loff len)
{
	struct file *f = fd_get(fd);
	if (!f)
		return -EBADF;
	long err;
	if (off < 0 || len <= 0)
		err = -EINVAL;
	else if (mode & ~0x7f)
		err = -EOPNOTSUPP;
	else if ((mode & 3) == 2)	/* a hole cannot change the size */
		err = -EOPNOTSUPP;
	else if (!(f->mode & FMODE_WRITE))
		err = -EBADF;
	else if (S_ISFIFO(f->inode->mode))
		err = -ESPIPE;
	else if (inode_is_dir(f->inode))
		err = -EISDIR;
	else if (!inode_is_reg(f->inode) && !S_ISBLK(f->inode->mode))
		err = -ENODEV;
	else if (off + len < 0)
		err = -EFBIG;
	else
		err = f->ops->fallocate ? f->ops->fallocate(f, mode, off, len) : -EOPNOTSUPP;
	file_put(f);
	return err;
}

/* -- times -- */
static int change_times(const struct path *p, void *arg)
{
	struct inode *i = p->dentry->inode;
	struct times *t = arg;

	if (i->is_append_only && !t->is_now)
		return -EPERM;
	if (t->is_now ? !inode_is_owner(i) && inode_permission(i, MAY_WRITE) : !inode_is_owner(i))
		return t->is_now ? -EACCES : -EPERM;
	inode_touch_changed(i);
	if (t->sets_atime)
		i->atime_ns = t->is_now ? i->ctime_ns : t->atime_ns;
	if (t->sets_mtime)
		i->mtime_ns = t->is_now ? i->ctime_ns : t->mtime_ns;
	return 0;
}

/* dirfd alone when path is NULL, as futimens does. */
static long set_times(int dirfd, uptr path, struct times *t, int flags)
{
	unsigned lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!path && dirfd != AT_FDCWD)
		return flags ? -EINVAL : change_fd(dirfd, change_times, t);
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	return change_at(dirfd, path, lookup, change_times, t);
}

static int time_from_spec(const struct __kernel_timespec *ts, s64 *ns, bool *sets)
{
	*sets = ts->tv_nsec != ((1L << 30) - 2L);	/* UTIME_OMIT */
	if (ts->tv_nsec == ((1L << 30) - 1L)) {		/* UTIME_NOW */
		*ns = (s64)time_real_ns();
		return 0;
	}
	if (*sets && (ts->tv_nsec < 0 || ts->tv_nsec > 999999999))
		return -EINVAL;
	*ns = ts->tv_sec * (s64)NSEC_PER_SEC + ts->tv_nsec;
	return 0;
}

long sys_utimensat(int dirfd, uptr path, uptr times, int flags)
{
	struct times t = { .sets_atime = true, .sets_mtime = true, .is_now = true };
	struct __kernel_timespec ts[2];

	if (times) {
		if (copy_from_user(ts, times, sizeof(ts)))
			return -EFAULT;
		if (time_from_spec(&ts[0], &t.atime_ns, &t.sets_atime) ||
		    time_from_spec(&ts[1], &t.mtime_ns, &t.sets_mtime))
			return -EINVAL;
		if (!t.sets_atime && !t.sets_mtime)
			return 0;
		t.is_now = ts[0].tv_nsec == ((1L << 30) - 1L) && ts[1].tv_nsec == ((1L << 30) - 1L);
	}
	return set_times(dirfd, path, &t, flags);
}

static long set_times_us(int dirfd, uptr path, uptr times)
{
	struct times t = { .sets_atime = true, .sets_mtime = true, .is_now = true };
	struct { long sec, usec; } tv[2];

	if (times) {
		if (copy_from_user(tv, times, sizeof(tv)))
			return -EFAULT;
		if (tv[0].usec < 0 || tv[0].usec >= 1000000 || tv[1].usec < 0 || tv[1].usec >= 1000000)
			return -EINVAL;
		t.atime_ns = tv[0].sec * (s64)NSEC_PER_SEC + tv[0].usec * 1000;
		t.mtime_ns = tv[1].sec * (s64)NSEC_PER_SEC + tv[1].usec * 1000;
		t.is_now = false;
	}
	return set_times(dirfd, path, &t, 0);
}

long sys_utimes(uptr path, uptr times) { return set_times_us(AT_FDCWD, path, times); }
long sys_futimesat(int dirfd, uptr path, uptr times) { return set_times_us(dirfd, path, times); }

long sys_utime(uptr path, uptr times)
{
	struct times t = { .sets_atime = true, .sets_mtime = true, .is_now = true };
	long sec[2];

	if (times) {
		if (copy_from_user(sec, times, sizeof(sec)))
			return -EFAULT;
		t.atime_ns = sec[0] * (s64)NSEC_PER_SEC;
		t.mtime_ns = sec[1] * (s64)NSEC_PER_SEC;
		t.is_now = false;
	}
	return set_times(AT_FDCWD, path, &t, 0);
}
