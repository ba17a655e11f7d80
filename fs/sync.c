/*
 * fs/sync.c: sync, syncfs, fsync, fdatasync, sync_file_range, fadvise64, readahead. What lives in memory is always
 * in sync; a file system with something behind it does its part in the fsync operation.
 * Errors: EBADF, EINVAL (nothing to sync: pipes, devices), ESPIPE. Source: fsync(2), sync(2), sync_file_range(2),
 * posix_fadvise(2), readahead(2).
 */
#include "fs/internal.h"
#include "syscall/define.h"
#include <linux/fadvise.h>
#include <linux/fs.h>

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

#define SYNC_RANGE_FLAGS (SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER)

/* A part of a file: all its data is written then, which is more than was asked for. */
long sys_sync_file_range(int fd, loff off, loff size, unsigned flags)
{
	struct file *f = fd_get(fd);
	if (!f)
		return -EBADF;
	u32 mode = f->inode->mode;
	loff end = (loff)((u64)off + (u64)size);
	long err = 0;
	if ((flags & ~(unsigned)SYNC_RANGE_FLAGS) || off < 0 || end < off)
		err = -EINVAL;
	else if (!S_ISREG(mode) && !S_ISBLK(mode) && !S_ISDIR(mode) && !S_ISLNK(mode))
		err = -ESPIPE;
	else if (flags && f->ops->fsync)
		err = f->ops->fsync(f, 1);
	file_put(f);
	return err;
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
