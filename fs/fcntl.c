/*
 * fs/fcntl.c: close, dup and its kin, fcntl, and the ioctls that every file takes.
 * Locks: file->lock around its flags; files.c's own. Errors: EBADF, EINVAL, EMFILE, EPERM, EBUSY.
 * F_SETLEASE is EINVAL: there are no leases, which is what F_GETLEASE says. Source: fcntl(2), dup(2), ioctl(2).
 */
#include "fs/internal.h"
#include "fs/notify.h"
#include "fs/pipe.h"
#include "mm/mm.h"
#include "mm/user_access.h"
#include "pid/pid.h"
#include "syscall/define.h"
#include "task/task.h"
#include <asm/ioctls.h>
#include <linux/fs.h>
#include <linux/resource.h>

#define FLAGS_SETTABLE (O_APPEND | O_NONBLOCK | O_NDELAY | O_DIRECT | O_NOATIME | FASYNC)

/* -- descriptors -- */
static long dup_from(struct file *f, unsigned long from, unsigned flags)
{
	if (from >= current_limit(RLIMIT_NOFILE))
		return -EINVAL;
	int fd = fd_install_from(file_get(f), (u32)from, flags);
	if (fd < 0)
		file_put(f);
	return fd;
}

long sys_close(int fd) { return fd_close(fd); }
long sys_close_range(unsigned first, unsigned last, unsigned flags) { return files_close_range(first, last, flags); }

long sys_dup(int fd)
{
	struct file *f = fd_get_raw(fd);
	if (!f)
		return -EBADF;
	int result = fd_install_new(f, 0);
	if (result < 0)
		file_put(f);
	return result;
}

static long dup_to(int old, int new, unsigned flags)
{
	struct file *f = fd_get_raw(old);
	if (!f)
		return -EBADF;
	int result = fd_replace(new, f, flags);
	if (result < 0)
		file_put(f);
	return result;
}

long sys_dup3(int old, int new, int flags)
{
	if ((flags & ~O_CLOEXEC) || old == new)
		return -EINVAL;
	return dup_to(old, new, (unsigned)flags);
}

long sys_dup2(int old, int new)
{
	if (old != new)
		return dup_to(old, new, 0);
	struct file *f = fd_get_raw(old);
	if (!f)
		return -EBADF;
	file_put(f);
	return new;
}

/* -- flags -- */
static int set_flags(struct file *f, int fd, unsigned flags)
{
	if ((flags & O_NOATIME) && !(f->flags & O_NOATIME) && !inode_is_owner(f->inode))
		return -EPERM;
	if ((flags & O_DIRECT) && !(f->flags & O_DIRECT) && !S_ISFIFO(f->inode->mode))
		return -EINVAL;
	if (f->inode->is_append_only && (f->flags & O_APPEND) && !(flags & O_APPEND))
		return -EPERM;
	if ((flags ^ f->flags) & FASYNC) {
		int err = async_set(f, fd, flags & FASYNC);
		if (err)
			return err;
	}
	spin_lock(&f->lock);
	f->flags = (f->flags & ~FLAGS_SETTABLE) | (flags & FLAGS_SETTABLE);
	spin_unlock(&f->lock);
	return 0;
}

/* -- seals of a memfd -- */
static long add_seals(struct file *f, unsigned seals)
{
	const unsigned known = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;
	struct inode *i = f->inode;
	long err = 0;

	if (!(f->mode & FMODE_WRITE))
		return -EPERM;
	if ((seals & ~known) || !i->mapping || !i->ops->setattr)
		return -EINVAL;
	mutex_lock(&i->lock);
	if (i->seals & F_SEAL_SEAL) {
		err = -EPERM;
	} else if ((seals & F_SEAL_WRITE) && !(i->seals & F_SEAL_WRITE)) {
		if (!mapping_deny_writable(i->mapping))
			err = -EBUSY;
	}
	if (!err)
		i->seals |= seals;
	mutex_unlock(&i->lock);
	return err;
}

static long get_seals(struct file *f)
{
	return f->inode->mapping && f->inode->ops->setattr ? (long)f->inode->seals : -EINVAL;
}

/* What an O_PATH descriptor allows, too. */
static bool is_for_path_files(int cmd)
{
	return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC || cmd == F_GETFD || cmd == F_SETFD || cmd == F_GETFL;
}

static long fcntl_owner(struct file *f, int cmd, unsigned long arg)
{
	switch (cmd) {
	case F_GETOWN:
		return owner_get_id(f);
	case F_SETOWN:
		return owner_set_id(f, (int)arg);
	case F_GETOWN_EX:
	case F_SETOWN_EX:
		return owner_ex(f, arg, cmd == F_SETOWN_EX);
	case F_GETSIG:
		return f->owner_signal;
	case F_SETSIG:
		if (arg > SIGNALS)
			return -EINVAL;
		f->owner_signal = (int)arg;
		return 0;
	}
	return -EINVAL;
}

static long fcntl_file(struct file *f, int fd, int cmd, unsigned long arg)
{
	switch (cmd) {
	case F_DUPFD:
		return dup_from(f, (unsigned)arg, 0);
	case F_DUPFD_CLOEXEC:
		return dup_from(f, (unsigned)arg, O_CLOEXEC);
	case F_GETFD:
		return fd_get_cloexec(fd);
	case F_SETFD:
		return fd_set_cloexec(fd, arg & FD_CLOEXEC);
	case F_GETFL:
		return f->flags;
	case F_SETFL:
		return set_flags(f, fd, (unsigned)arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return locks_fcntl(f, fd, cmd, arg);
	case F_ADD_SEALS:
		return add_seals(f, (unsigned)arg);
	case F_GET_SEALS:
		return get_seals(f);
	case F_NOTIFY:
		return dnotify_set(f, fd, arg);
	case F_GETLEASE:
		return F_UNLCK;
	case F_SETPIPE_SZ:
	case F_GETPIPE_SZ:
		return pipe_fcntl(f, cmd, arg);
	}
	return fcntl_owner(f, cmd, arg);
}

long sys_fcntl(int fd, int cmd, unsigned long arg)
{
	struct file *f = fd_get_raw(fd);
	if (!f)
		return -EBADF;
	long result = (f->mode & FMODE_PATH) && !is_for_path_files(cmd) ? -EBADF : fcntl_file(f, fd, cmd, arg);
	file_put(f);
	return result;
}

/* -- ioctl -- */
static long set_flag_by(struct file *f, int fd, unsigned flag, uptr arg)
{
	u32 on;

	if (get_user_u32(&on, arg))
		return -EFAULT;
	if (flag == FASYNC && !f->ops->poll && !on != !(f->flags & FASYNC))
		return -ENOTTY;
	return set_flags(f, fd, on ? f->flags | flag : f->flags & ~flag);
}

static long ioctl_regular(struct file *f, unsigned cmd, uptr arg)
{
	if (cmd == FIONREAD)
		return put_user_u32((u32)(f->inode->size - (u64)f->pos), arg);
	return -ENOTTY;
}

long sys_ioctl(int fd, unsigned cmd, unsigned long arg)
{
	struct file *f = fd_get(fd);
	long result;

	if (!f)
		return -EBADF;
	switch (cmd) {
	case FIOCLEX:
	case FIONCLEX:
		result = fd_set_cloexec(fd, cmd == FIOCLEX);
		break;
	case FIONBIO:
		result = set_flag_by(f, fd, O_NONBLOCK, arg);
		break;
	case FIOASYNC:
		result = set_flag_by(f, fd, FASYNC, arg);
		break;
	default:
		if (f->ops->ioctl)
			result = f->ops->ioctl(f, cmd, arg);
		else
			result = inode_is_reg(f->inode) ? ioctl_regular(f, cmd, arg) : -ENOTTY;
	}
	file_put(f);
	return result;
}
