/*
 * fs/splice.c: bytes from file to file inside the kernel: sendfile, copy_file_range, splice, tee; vmsplice between memory and a
 * pipe.
 * They go through one kernel buffer: nothing here moves pages. What a destination does not take is not taken from a
 * regular file; from a pipe, bytes are read only once the destination has been checked, and an error of its write after
 * that loses them.
 * Locks: those of the files' own operations; file->pos_lock of both files in turn. Errors: Linux's.
 * Source: sendfile(2), copy_file_range(2), splice(2), tee(2), vmsplice(2).
 */
#include "fs/internal.h"
#include "fs/iter.h"
#include "fs/pipe.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/fs.h>
#include <linux/resource.h>

#define SPLICE_F_MOVE 1
#define SPLICE_F_NONBLOCK 2
#define SPLICE_F_MORE 4
#define SPLICE_F_GIFT 8
#define FLAGS_KNOWN (SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT)
#define BUFFER_BYTES 65536UL

/* One side of a copy: a file and where in it; at points to the user's offset, or to the file's own position. */
struct side {
	struct file *f;
	loff pos;
	uptr user_pos;		/* where the user's offset is, or 0: the file's own position moves */
};

static bool can_write_kernel(const struct file *f)
{
	return f->ops && (f->ops->write_kernel || f->ops->write_iter);
}

/* The file alone. 0 or -EBADF. */
static int side_open(struct side *s, int fd, uptr user_pos)
{
	s->user_pos = user_pos;
	s->f = fd_get(fd);
	return s->f ? 0 : -EBADF;
}

/* Where to begin. */
static int side_locate(struct side *s)
{
	if (s->user_pos && copy_from_user(&s->pos, s->user_pos, sizeof(s->pos)))
		return -EFAULT;
	if (!s->user_pos)
		s->pos = s->f->mode & FMODE_NONSEEK ? 0 : s->f->pos;
	return s->pos < 0 ? -EINVAL : 0;
}

/* Writes the new position back. */
static int side_end(struct side *s)
{
	int err = 0;

	if (s->user_pos) {
		err = copy_to_user(s->user_pos, &s->pos, sizeof(s->pos));
	} else if (!(s->f->mode & FMODE_NONSEEK)) {
		mutex_lock(&s->f->pos_lock);
		s->f->pos = s->pos;
		mutex_unlock(&s->f->pos_lock);
	}
	return err;
}

static void side_drop(struct side *s)
{
	if (s->f)
		file_put(s->f);
}

/* All n bytes of buf, waiting as the destination makes one wait. Bytes written, or -errno if none. */
static ssize_t write_all(struct side *out, const char *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t wrote = file_write_kernel(out->f, buf + done, n - done, &out->pos);
		if (wrote <= 0)
			return done ? (ssize_t)done : wrote;
		done += (size_t)wrote;
	}
	return (ssize_t)done;
}

/* Copies up to n bytes. once: one read is enough (a pipe gives what it has). Bytes, or -errno if none. */
static ssize_t copy_bytes(struct side *in, struct side *out, size_t n, bool once)
{
	char *buf = kmalloc(MIN(n, BUFFER_BYTES));
	ssize_t done = 0, err = 0;

	if (!buf)
		return -ENOMEM;
	while ((size_t)done < n) {
		loff before = in->pos;
		ssize_t got = file_read_at(in->f, buf, MIN(n - (size_t)done, BUFFER_BYTES), &in->pos);
		if (got <= 0) {
			err = got;
			break;
		}
		ssize_t wrote = write_all(out, buf, (size_t)got);
		if (wrote > 0)
			done += wrote;
		if (wrote < got) {
			in->pos = before + MAX(wrote, (ssize_t)0);
			err = wrote < 0 ? wrote : 0;
			break;
		}
		if (once || signal_is_pending())
			break;
	}
	kfree(buf);
	return done ? done : err;
}

static void count_io(ssize_t n)
{
	struct io_counters *io = &current->io_counters;

	io->syscr++;
	io->syscw++;
	if (n > 0) {
		io->rchar += (u64)n;
		io->wchar += (u64)n;
	}
}

/* Both positions back to where they came from, after n bytes: n, or why that failed. */
static ssize_t sides_end(struct side *in, struct side *out, ssize_t n)
{
	int err = 0;

	if (n > 0) {
		err = side_end(in);
		if (!err)
			err = side_end(out);
		count_io(n);
	}
	side_drop(in);
	side_drop(out);
	return err ? err : n;
}

/* -- sendfile -- */
static ssize_t sendfile_checked(struct side *in, struct side *out, int out_fd, size_t n)
{
	if (!(in->f->mode & FMODE_READ))
		return -EBADF;
	if (in->user_pos && (in->f->mode & FMODE_NONSEEK))
		return -ESPIPE;
	int err = side_locate(in);
	if (!err)
		err = side_open(out, out_fd, 0);
	if (!err && !(out->f->mode & FMODE_WRITE))
		err = -EBADF;
	if (!err)
		err = side_locate(out);
	if (err)
		return err;
	if ((loff)(in->pos + (loff)n) < 0 || (!file_is_pipe(out->f) && (out->f->flags & O_APPEND)))
		return -EINVAL;
	if (file_is_pipe(out->f)) {
		ssize_t room = pipe_wait_room(out->f, false);
		if (room < 0)
			return room;
	}
	if (!inode_is_reg(in->f->inode))
		return -EINVAL;
	/* the size of a file that is made when it is read (procfs) says nothing of its end */
	if (!n || (in->f->inode->mapping && (u64)in->pos >= in->f->inode->size))
		return 0;
	return can_write_kernel(out->f) ? copy_bytes(in, out, n, false) : -EINVAL;
}

long sys_sendfile(int out_fd, int in_fd, uptr offset, size_t count)
{
	struct side in = { 0 }, out = { 0 };
	loff from;

	if (offset && copy_from_user(&from, offset, sizeof(from)))
		return -EFAULT;		/* before the files are looked at, as on Linux */
	ssize_t n = side_open(&in, in_fd, offset);
	if (!n)
		n = sendfile_checked(&in, &out, out_fd, MIN(count, RW_BYTES_MAX));
	if (n <= 0 && offset && copy_to_user(offset, &from, sizeof(from)))
		n = -EFAULT;
	return sides_end(&in, &out, n);
}

/* -- copy_file_range -- */
static ssize_t range_checked(struct side *in, struct side *out, size_t n)
{
	struct inode *i = in->f->inode, *o = out->f->inode;

	if (inode_is_dir(i) || inode_is_dir(o))
		return -EISDIR;
	if (!inode_is_reg(i) || !inode_is_reg(o))
		return -EINVAL;
	if (!(in->f->mode & FMODE_READ) || !(out->f->mode & FMODE_WRITE) || (out->f->flags & O_APPEND))
		return -EBADF;
	if (i->sb != o->sb)
		return -EXDEV;
	if ((loff)(in->pos + (loff)n) < in->pos || (loff)(out->pos + (loff)n) < out->pos)
		return -EOVERFLOW;
	if ((u64)in->pos >= i->size)
		return 0;
	n = MIN(n, i->size - (u64)in->pos);
	if (i == o && out->pos + (loff)n > in->pos && out->pos < in->pos + (loff)n)
		return -EINVAL;
	return n ? copy_bytes(in, out, MIN(n, RW_BYTES_MAX), false) : 0;
}

long sys_copy_file_range(int in_fd, uptr in_off, int out_fd, uptr out_off, size_t count, unsigned flags)
{
	struct side in = { 0 }, out = { 0 };
	ssize_t n = side_open(&in, in_fd, in_off);

	if (!n)
		n = side_open(&out, out_fd, out_off);
	if (!n)
		n = side_locate(&in);
	if (!n)
		n = side_locate(&out);
	if (!n)
		n = flags ? -EINVAL : range_checked(&in, &out, count);
	return sides_end(&in, &out, n);
}

/* -- splice -- */
static ssize_t splice_checked(struct side *in, struct side *out, size_t n, unsigned flags)
{
	bool from_pipe = file_is_pipe(in->f), to_pipe = file_is_pipe(out->f);

	if ((from_pipe && in->user_pos) || (to_pipe && out->user_pos))
		return -ESPIPE;
	int err = side_locate(out);
	if (!err)
		err = side_locate(in);
	if (err)
		return err;
	if (!(in->f->mode & FMODE_READ) || !(out->f->mode & FMODE_WRITE))
		return -EBADF;
	if (!from_pipe && !to_pipe)
		return -EINVAL;
	if ((in->user_pos && (in->f->mode & FMODE_NONSEEK)) || (out->user_pos && (out->f->mode & FMODE_NONSEEK)))
		return -EINVAL;
	if (from_pipe && to_pipe && in->f->inode == out->f->inode)
		return -EINVAL;
	if (!to_pipe && ((out->f->flags & O_APPEND) || !can_write_kernel(out->f)))
		return -EINVAL;
	bool never_waits = flags & SPLICE_F_NONBLOCK;
	if (from_pipe) {
		ssize_t held = pipe_wait_data(in->f, never_waits);
		if (held < 0 || (held == 0 && !to_pipe))
			return held;
		n = MIN(n, (size_t)held);
	}
	/* Into a pipe only what it has room for, so that no byte is read that it does not take. */
	if (to_pipe) {
		ssize_t room = pipe_wait_room(out->f, never_waits);
		if (room < 0)
			return room;
		n = MIN(n, (size_t)room);
	}
	if (!from_pipe && !in->f->ops->read_kernel && !in->f->ops->read_iter)
		return -EINVAL;
	return n ? copy_bytes(in, out, n, true) : 0;
}

long sys_splice(int in_fd, uptr in_off, int out_fd, uptr out_off, size_t count, unsigned flags)
{
	struct side in = { 0 }, out = { 0 };

	if (flags & ~FLAGS_KNOWN)
		return -EINVAL;
	if (!count)
		return 0;
	ssize_t n = side_open(&in, in_fd, in_off);
	if (!n)
		n = side_open(&out, out_fd, out_off);
	if (!n)
		n = splice_checked(&in, &out, MIN(count, RW_BYTES_MAX), flags);
	return sides_end(&in, &out, n);
}

/* -- tee -- */
/* Up to n bytes of one pipe into another, which has room for them; they stay in the first. */
static ssize_t tee_bytes(struct file *in, struct side *out, size_t n)
{
	char *buf = kmalloc(MIN(n, BUFFER_BYTES));

	if (!buf)
		return -ENOMEM;
	n = pipe_peek(in, buf, MIN(n, BUFFER_BYTES));
	ssize_t done = n ? write_all(out, buf, n) : 0;
	kfree(buf);
	return done;
}

static ssize_t tee_checked(struct side *in, struct side *out, size_t n, unsigned flags)
{
	if (!(in->f->mode & FMODE_READ) || !(out->f->mode & FMODE_WRITE))
		return -EBADF;
	if (!file_is_pipe(in->f) || !file_is_pipe(out->f) || in->f->inode == out->f->inode)
		return -EINVAL;
	bool never_waits = (flags & SPLICE_F_NONBLOCK) || ((in->f->flags | out->f->flags) & O_NONBLOCK);
	ssize_t held = pipe_wait_data(in->f, never_waits);
	if (held < 0)
		return held;
	ssize_t room = pipe_wait_room(out->f, never_waits);
	if (room < 0 || !held)
		return MIN(room, held);
	return tee_bytes(in->f, out, MIN(n, (size_t)room));
}

long sys_tee(int in_fd, int out_fd, size_t count, unsigned flags)
{
	struct side in = { 0 }, out = { 0 };

	if (flags & ~FLAGS_KNOWN)
		return -EINVAL;
	if (!count)
		return 0;
	ssize_t n = side_open(&in, in_fd, 0);
	if (!n)
		n = side_open(&out, out_fd, 0);
	if (!n)
		n = tee_checked(&in, &out, MIN(count, RW_BYTES_MAX), flags);
	return sides_end(&in, &out, n);
}

/* -- vmsplice -- */
/* Between memory and the pipe that f is: as much as there is room for, or data of. The bytes are copied. */
static ssize_t vmsplice_pieces(struct file *f, const struct piece *p, size_t total, unsigned flags)
{
	bool is_write = f->mode & FMODE_WRITE, never_waits = flags & SPLICE_F_NONBLOCK;
	struct iter it;

	if (!total)
		return 0;
	if (!file_is_pipe(f))
		return -EBADF;
	ssize_t n = is_write ? pipe_wait_room(f, never_waits) : pipe_wait_data(f, never_waits);
	if (n <= 0)
		return n;
	iter_from_pieces(&it, p, MIN(total, (size_t)n));
	return is_write ? f->ops->write_iter(f, &it, &f->pos) : f->ops->read_iter(f, &it, &f->pos);
}

long sys_vmsplice(int fd, uptr iov, unsigned long count, unsigned flags)
{
	struct piece fast[PIECES_ON_STACK], *p;
	size_t total;

	if (flags & ~FLAGS_KNOWN)
		return -EINVAL;
	struct file *f = fd_get(fd);
	if (!f)
		return -EBADF;
	long n = f->mode & (FMODE_READ | FMODE_WRITE) ? 0 : -EBADF;
	if (!n)
		n = pieces_from_user(iov, count > PIECES_MAX ? -1 : (long)count, fast, &p, &total);
	if (!n) {
		n = vmsplice_pieces(f, p, total, flags);
		pieces_free(p, fast);
	}
	file_put(f);
	return n;
}
