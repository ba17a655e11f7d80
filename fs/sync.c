/*
 * fs/sync.c: sync, syncfs, fsync, fdatasync, fadvise64, readahead. What lives in memory is always in sync; a file system with
 * something behind it does its part in the fsync operation.
 * Errors: EBADF, EINVAL (nothing to sync: pipes, devices), ESPIPE. Source: fsync(2), sync(2), posix_fadvise(2), readahead(2).
 */
#include "fs/internal.h"
#include "syscall/define.h"
#include <linux/fadvise.h>

static long fsync_fd(int fd, int datasync)
{
	struct file *f = fd_get(fd);
	if (!f)
		return -EBADF;
	long err = f->ops->fsync ? f->ops->fsync(f, datasync) : -EINVAL;
	file_put(f);
	return err;
}

long sys_fsync(int fd) { return fsync_fd(fd, 0); }
long sys_fdatasync(int fd) { return fsync_fd(fd, 1); }
long sys_sync(void) { return 0; }

long sys_syncfs(int fd)
{
	struct file *f = fd_get(fd);
	if (!f)
		return -EBADF;
	file_put(f);
	return 0;
}

/* Advice about reading ahead is for files that are read from somewhere; it is checked as Linux checks it. */
long sys_fadvise64(int fd, loff off, size_t len, int advice)
{
	struct file *f = fd_get(fd);
	if (!f)
		return -EBADF;
	long err = 0;
	if (S_ISFIFO(f->inode->mode))
		err = -ESPIPE;
	else if ((loff)len < 0 || (unsigned)advice > POSIX_FADV_NOREUSE)
		err = -EINVAL;
	file_put(f);
	return err;
}

/* What can be read ahead is in memory already. */
long sys_readahead(int fd, loff off, size_t n)
{
	struct file *f = fd_get(fd);
	if (!f)
		return -EBADF;
	long err = 0;
	if (!(f->mode & FMODE_READ))
		err = -EBADF;
	else if (!f->inode->mapping || !inode_is_reg(f->inode))
		err = -EINVAL;
	file_put(f);
	return err;
}
