/*
 * fs/read_write.c: read, write, their vector and positioned forms, lseek.
 * A file's own operation does the work; here are the checks every file shares, the position, and the counters.
 * Locks: file->pos_lock around an operation that uses the shared position (streams have none).
 * Errors: EBADF, EFAULT, EINVAL, ESPIPE, EISDIR; RWF_NOWAIT and unknown RWF_ flags are EOPNOTSUPP as on tmpfs.
 * Source: read(2), pread(2), readv(2), preadv2(2), lseek(2).
 */
#include "fs/fd_table.h"
#include "fs/internal.h"
#include "fs/iter.h"
#include "fs/notify.h"
#include "mm/mm.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/fs.h>

#define RWF_ACCEPTED (RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_APPEND)

enum direction { DO_READ, DO_WRITE };

/* From here to one_piece everything is made twice, for reading and for writing: this is the way of every read and write.
 * One read or write by the file's operation. */
static __always_inline ssize_t call_op(struct file *f, enum direction dir, struct iter *it, loff *pos)
{
	const struct file_ops *ops = f->ops;
	ssize_t done = 0, n;

	if (dir == DO_READ ? ops->read_iter != NULL : ops->write_iter != NULL)
		return dir == DO_READ ? ops->read_iter(f, it, pos) : ops->write_iter(f, it, pos);
	while (it->left) {
		size_t len;
		uptr base = iter_piece(it, &len);
		n = dir == DO_READ ? ops->read(f, base, len, pos) : ops->write(f, base, len, pos);
		if (n < 0)
			return done ? done : n;
		done += n;
		iter_advance(it, (size_t)n);
		/* A stream that gave something may have no more: never wait with bytes in hand. */
		if ((size_t)n < len || (dir == DO_READ && (f->mode & FMODE_NONSEEK)))
			break;
	}
	return done;
}

static __always_inline int may_transfer(struct file *f, enum direction dir)
{
	if (unlikely(!(f->mode & (dir == DO_READ ? FMODE_READ : FMODE_WRITE))))
		return -EBADF;
	if (dir == DO_READ ? !f->ops->read_iter && !f->ops->read : !f->ops->write_iter && !f->ops->write)
		return -EINVAL;
	return 0;
}

static __always_inline ssize_t transfer(struct file *f, enum direction dir, struct iter *it, loff *pos)
{
	ssize_t n;

	if (*pos < 0 || (loff)(*pos + it->left) < 0)
		return -EINVAL;
	if (it->left == 0 && !(f->ops->read_iter || f->ops->write_iter)) {
		/* An empty transfer still asks the device whether it may. */
		n = dir == DO_READ ? f->ops->read(f, 0, 0, pos) : f->ops->write(f, 0, 0, pos);
	} else {
		n = call_op(f, dir, it, pos);
	}
	struct io_counters *io = &current->io_counters;
	if (dir == DO_READ) {
		io->syscr++;
		io->rchar += n > 0 ? (u64)n : 0;
	} else {
		io->syscw++;
		io->wchar += n > 0 ? (u64)n : 0;
	}
	if (n > 0)
		notify_file(f, dir == DO_READ ? IN_ACCESS : IN_MODIFY);
	return n;
}

/* With the file's own position. */
static __always_inline ssize_t transfer_here(struct file *f, enum direction dir, struct iter *it)
{
	loff none = 0;
	ssize_t n;

	if (f->mode & FMODE_NONSEEK)
		return transfer(f, dir, it, &none);
	mutex_lock(&f->pos_lock);
	loff pos = f->pos;
	n = transfer(f, dir, it, &pos);
	if (n >= 0)
		f->pos = pos;
	mutex_unlock(&f->pos_lock);
	return n;
}

/* With a position of the caller's. */
static ssize_t transfer_at(struct file *f, enum direction dir, struct iter *it, loff *pos)
{
	if (likely(!f->ops->keeps_state))
		return transfer(f, dir, it, pos);
	mutex_lock(&f->pos_lock);
	ssize_t n = transfer(f, dir, it, pos);
	mutex_unlock(&f->pos_lock);
	return n;
}

/* The file behind fd for the time of one call. Nobody but us can close it while no other task has our handle on the
 * table, so then it needs no reference: *needs_put says whether it got one. NULL: none, or O_PATH. */
static __always_inline struct file *fd_borrow(int fd, bool *needs_put)
{
	struct files *files = current->files;
	struct file *f;

	*needs_put = refcount_read(&files->count) != 1;
	if (*needs_put)
		return fd_get(fd);
	f = fd_table_get(files->table, (u32)fd);
	return f && likely(!(f->mode & FMODE_PATH)) ? f : NULL;
}

static __always_inline long transfer_piece(struct file *f, uptr buf, size_t count, enum direction dir)
{
	struct iter it;
	int err = may_transfer(f, dir);
	if (unlikely(err))
		return err;
	if (unlikely((ssize_t)count < 0))
		return -EINVAL;
	if (unlikely(!user_range_ok(buf, count)))
		return -EFAULT;
	iter_from_user(&it, buf, MIN(count, RW_BYTES_MAX));
	return transfer_here(f, dir, &it);
}

static __always_inline long one_piece(int fd, uptr buf, size_t count, enum direction dir)
{
	bool needs_put;
	struct file *f = fd_borrow(fd, &needs_put);
	if (!f)
		return -EBADF;
	long n = transfer_piece(f, buf, count, dir);
	if (needs_put)
		file_put(f);
	return n;
}

long sys_read(int fd, uptr buf, size_t count) { return one_piece(fd, buf, count, DO_READ); }
long sys_write(int fd, uptr buf, size_t count) { return one_piece(fd, buf, count, DO_WRITE); }

/* The RWF_ flags are for what takes all pieces at once, or never waits. */
static bool flags_are_offered(const struct file *f, enum direction dir, int rwf)
{
	if (f->ops->never_waits)
		return !(rwf & ~(RWF_ACCEPTED | RWF_NOWAIT));
	bool has_iter = dir == DO_READ ? f->ops->read_iter != NULL : f->ops->write_iter != NULL;
	return !(rwf & ~(has_iter ? RWF_ACCEPTED : RWF_HIPRI));
}

/* Pieces, at *pos or (NULL) at the file's position. */
static long pieces(int fd, uptr iov, long count, loff *pos, int rwf, enum direction dir)
{
	struct piece fast[PIECES_ON_STACK], *p;
	size_t total;

	struct file *f = fd_get(fd);
	if (!f)
		return -EBADF;
	long n = pos && (f->mode & FMODE_NONSEEK) ? -ESPIPE : 0;
	if (!n)
		n = pieces_from_user(iov, count, fast, &p, &total);
	if (n)
		goto out;
	n = may_transfer(f, dir);
	if (n) {
		pieces_free(p, fast);
		goto out;
	}
	struct iter it;
	iter_from_pieces(&it, p, total);
	it.append = rwf & RWF_APPEND;
	if (!total)
		n = 0;		/* before the flags are looked at, as on Linux */
	else if (unlikely(rwf) && !flags_are_offered(f, dir, rwf))
		n = -EOPNOTSUPP;
	else
		n = pos ? transfer_at(f, dir, &it, pos) : transfer_here(f, dir, &it);
	pieces_free(p, fast);
out:
	file_put(f);
	return n;
}

long sys_readv(int fd, uptr iov, int count) { return pieces(fd, iov, count, NULL, 0, DO_READ); }
long sys_writev(int fd, uptr iov, int count) { return pieces(fd, iov, count, NULL, 0, DO_WRITE); }

static long pieces_at(int fd, uptr iov, long count, loff pos, int rwf, enum direction dir)
{
	if (pos < 0)
		return -EINVAL;
	return pieces(fd, iov, count, &pos, rwf, dir);
}

long sys_preadv(int fd, uptr iov, int count, unsigned long low, unsigned long high)
{
	return pieces_at(fd, iov, count, (loff)low, 0, DO_READ);
}

long sys_pwritev(int fd, uptr iov, int count, unsigned long low, unsigned long high)
{
	return pieces_at(fd, iov, count, (loff)low, 0, DO_WRITE);
}

long sys_preadv2(int fd, uptr iov, int count, unsigned long low, unsigned long high, int flags)
{
	if ((loff)low == -1)
		return pieces(fd, iov, count, NULL, flags, DO_READ);
	return pieces_at(fd, iov, count, (loff)low, flags, DO_READ);
}

long sys_pwritev2(int fd, uptr iov, int count, unsigned long low, unsigned long high, int flags)
{
	if ((loff)low == -1)
		return pieces(fd, iov, count, NULL, flags, DO_WRITE);
	return pieces_at(fd, iov, count, (loff)low, flags, DO_WRITE);
}

static long one_piece_at(int fd, uptr buf, size_t count, loff pos, enum direction dir)
{
	if (pos < 0)
		return -EINVAL;
	struct file *f = fd_get(fd);
	if (!f)
		return -EBADF;
	long n = f->mode & FMODE_NONSEEK ? -ESPIPE : may_transfer(f, dir);
	if (!n && (ssize_t)count < 0)
		n = -EINVAL;
	if (!n && !user_range_ok(buf, count))
		n = -EFAULT;
	if (!n) {
		struct iter it;
		iter_from_user(&it, buf, MIN(count, RW_BYTES_MAX));
		n = transfer_at(f, dir, &it, &pos);
	}
	file_put(f);
	return n;
}

long sys_pread64(int fd, uptr buf, size_t count, loff pos) { return one_piece_at(fd, buf, count, pos, DO_READ); }
long sys_pwrite64(int fd, uptr buf, size_t count, loff pos) { return one_piece_at(fd, buf, count, pos, DO_WRITE); }

/* -- positions -- */
/* Where data or a hole begins: a file without a page cache is data throughout. */
static loff seek_data_or_hole(struct inode *i, loff off, bool for_data)
{
	if (off < 0 || (u64)off >= i->size)
		return -ENXIO;
	if (!i->mapping)
		return for_data ? off : (loff)i->size;
	u64 at = mapping_seek(i->mapping, (u64)off, for_data);
	if (for_data && at >= i->size)
		return -ENXIO;
	return (loff)at;
}

loff generic_seek(struct file *f, loff off, int whence)
{
	struct inode *i = f->inode;

	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		off += f->pos;
		break;
	case SEEK_END:
		off += (loff)i->size;
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		off = seek_data_or_hole(i, off, whence == SEEK_DATA);
		if (off < 0)
			return off;
		break;
	default:
		return -EINVAL;
	}
	if (off < 0)
		return -EINVAL;
	f->pos = off;
	return off;
}

/* For files that have no position but no objection either (eventfd, epoll). */
loff still_seek(struct file *f, loff off, int whence)
{
	return f->pos;
}

long sys_lseek(int fd, loff off, int whence)
{
	struct file *f = fd_get(fd);
	if (!f)
		return -EBADF;
	long result = -EINVAL;
	if ((unsigned)whence <= SEEK_HOLE) {
		mutex_lock(&f->pos_lock);
		if (f->ops->seek)
			result = f->ops->seek(f, off, whence);
		else
			result = f->mode & FMODE_NONSEEK ? -ESPIPE : generic_seek(f, off, whence);
		mutex_unlock(&f->pos_lock);
	}
	file_put(f);
	return result;
}
