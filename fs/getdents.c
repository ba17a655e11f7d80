/*
 * fs/getdents.c: listing directories: getdents, getdents64.
 * The file system gives one entry after the other (dir_context.emit); here they are laid out in user memory.
 * Locks: file->pos_lock, then the directory's inode->lock. Errors: ENOTDIR, ENOENT (removed), EINVAL (no entry fits).
 * Source: getdents(2).
 */
#include "fs/internal.h"
#include "fs/notify.h"
#include "base/string.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "task/task.h"

struct listing {
	struct dir_context context;
	uptr at;		/* where the next record goes */
	size_t left;
	uptr previous;		/* the last record: its d_off is set when the next position is known */
	size_t off_at;		/* of d_off within a record */
	bool is_old;		/* struct linux_dirent: the type is the record's last byte */
	int err;
};

struct record { u64 ino, off; u16 len; char rest[2 + NAME_BYTES_MAX + 1 + 8]; } __packed;

static bool emit(struct dir_context *c, const char *name, size_t n, u64 ino, unsigned type)
{
	struct listing *l = container_of(c, struct listing, context);
	struct record r;
	size_t name_at = l->is_old ? 0 : 1, used = 18 + name_at + n + (l->is_old ? 2 : 1), len = ALIGN_UP(used, 8UL);

	if (n > NAME_BYTES_MAX)
		return true;
	if (len > l->left) {
		l->err = -EINVAL;	/* stands if this was the first */
		return false;
	}
	if (l->previous && put_user_u64((u64)c->pos, l->previous + l->off_at))
		goto fault;
	memset(r.rest, 0, sizeof(r.rest));
	r.ino = ino;
	r.off = 0;
	r.len = (u16)len;
	memcpy(r.rest + name_at, name, n);
	r.rest[l->is_old ? len - 18 - 1 : 0] = (char)type;
	if (copy_to_user(l->at, &r, len))
		goto fault;
	l->previous = l->at;
	l->at += len;
	l->left -= len;
	return true;
fault:
	l->err = -EFAULT;
	return false;
}

static long list(struct file *f, struct listing *l, size_t count)
{
	struct inode *dir = f->inode;
	int err;

	mutex_lock(&f->pos_lock);
	mutex_lock(&dir->lock);
	l->context.pos = f->pos;
	if (f->path.dentry->is_unlinked) {
		err = -ENOENT;
	} else {
		err = f->ops->iterate(f, &l->context);
		f->pos = l->context.pos;
		file_accessed(f);
	}
	mutex_unlock(&dir->lock);
	notify_file(f, IN_ACCESS);
	if (l->previous && put_user_u64((u64)l->context.pos, l->previous + l->off_at))
		err = -EFAULT;
	mutex_unlock(&f->pos_lock);
	if (err)
		return err;
	return l->previous ? (long)(count - l->left) : l->err;
}

static long getdents(int fd, uptr out, size_t count, bool is_old)
{
	struct listing l = { .context.emit = emit, .at = out, .left = count, .is_old = is_old, .off_at = 8 };
	struct file *f = fd_get(fd);

	if (!f)
		return -EBADF;
	long n = f->ops->iterate ? list(f, &l, count) : -ENOTDIR;
	file_put(f);
	return n;
}

long sys_getdents64(int fd, uptr out, unsigned count) { return getdents(fd, out, count, false); }
long sys_getdents(int fd, uptr out, unsigned count) { return getdents(fd, out, count, true); }

/* -- a directory as an open file -- */
static ssize_t directory_read(struct file *f, uptr buf, size_t n, loff *pos)
{
	return -EISDIR;
}

static int directory_fsync(struct file *f, int datasync)
{
	return 0;
}

/* Directories whose entries are their dentries. */
const struct file_ops directory_fops = {
	.read = directory_read,
	.seek = dentry_seek,
	.iterate = dentry_iterate,
	.release = dentry_iterate_end,
	.fsync = directory_fsync,
};
