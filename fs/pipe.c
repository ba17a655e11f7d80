/*
 * fs/pipe.c: pipes and FIFOs: a ring of bytes in pages that are made when first written to.
 * An emptied ring starts again at its first page, so small messages never allocate. head and tail count bytes ever
 * written and read (since the ring was last empty); a page may hold the oldest and the newest bytes at once.
 *
 * Way in: pipe2, opening a FIFO (fifo.c), file operations. Locks: pipe->lock (mutex) for the ring; inode->lock for
 * inode->pipe and the count of files. Sleepers look at head and tail without the lock and look again with it.
 * Errors: EPIPE with SIGPIPE, EAGAIN, ERESTARTSYS, EFAULT, ENOMEM.
 * Differences from Linux: the capacity counts bytes, not page-sized slots. Source: pipe(7), pipe(2), fcntl(2).
 */
#include "fs/internal.h"
#include "fs/iter.h"
#include "fs/pipe.h"
#include "fs/pipe_ring.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "signal/signal.h"
#include "syscall/define.h"
#include "task/task.h"
#include <asm/ioctls.h>
#include <linux/capability.h>
#include <linux/eventpoll.h>

SLAB_CACHE(pipe_cache, struct pipe);
int pipe_size_max = 1 << 20;

/* -- life -- */
struct pipe *pipe_new(void)
{
	struct pipe *p = slab_zalloc(&pipe_cache);

	if (!p)
		return NULL;
	mutex_init(&p->lock, RANK_PIPE);
	waitqueue_init(&p->read_wait);
	waitqueue_init(&p->write_wait);
	ring_init(&p->ring);
	list_init(&p->packets);
	return p;
}

void pipe_free(struct pipe *p)
{
	packets_free(p);
	ring_destroy(&p->ring);
	slab_free(&pipe_cache, p);
}

static void wake_readers(struct pipe *p) { wake_up_poll(&p->read_wait, EPOLLIN | EPOLLRDNORM); }
static void wake_writers(struct pipe *p) { wake_up_poll(&p->write_wait, EPOLLOUT | EPOLLWRNORM); }

void pipe_wake_all(struct pipe *p)
{
	wake_up_poll(&p->read_wait, EPOLLIN | EPOLLRDNORM | EPOLLHUP);
	wake_up_poll(&p->write_wait, EPOLLOUT | EPOLLWRNORM | EPOLLERR);
}

static void pipe_release(struct file *f)
{
	struct pipe *p = f->private;
	struct inode *i = f->inode;

	mutex_lock(&i->lock);
	mutex_lock(&p->lock);
	if (f->mode & FMODE_READ)
		p->readers--;
	if (f->mode & FMODE_WRITE)
		p->writers--;
	bool is_last = --p->files == 0;
	if (is_last)
		i->pipe = NULL;
	else if (!p->readers != !p->writers)
		pipe_wake_all(p);
	mutex_unlock(&p->lock);
	mutex_unlock(&i->lock);
	if (is_last)
		pipe_free(p);
}

/* -- reading -- */
static bool has_data(const struct pipe *p) { return READ_ONCE(p->ring.head) != READ_ONCE(p->ring.tail); }

static ssize_t pipe_read_iter(struct file *f, struct iter *it, loff *pos)
{
	struct pipe *p = f->private;
	ssize_t done = 0, err = 0;

	if (!it->left)
		return 0;
	mutex_lock(&p->lock);
	while (!done) {
		if (has_data(p)) {
			done = (ssize_t)(list_is_empty(&p->packets) ? ring_read(&p->ring, it) : packet_read(p, it));
			err = done ? 0 : -EFAULT;
			break;
		}
		if (!p->writers)
			break;
		if (f->flags & O_NONBLOCK) {
			err = -EAGAIN;
			break;
		}
		mutex_unlock(&p->lock);
		err = wait_event_interruptible(&p->read_wait, has_data(p) || !READ_ONCE(p->writers));
		mutex_lock(&p->lock);
		if (err && !has_data(p))
			break;
		err = 0;
	}
	bool has_room = ring_free_bytes(&p->ring) >= PAGE_SIZE;
	mutex_unlock(&p->lock);
	if (done > 0 && has_room)
		wake_writers(p);
	return done ? done : err;
}

/* -- writing -- */
static ssize_t broken_pipe(ssize_t done)
{
	signal_send_task(SIGPIPE, NULL, current);
	return done ? done : -EPIPE;
}

static bool may_write(const struct pipe *p, size_t need)
{
	return ring_free_bytes(&p->ring) >= need || !READ_ONCE(p->readers);
}

/* Waits for room, pipe->lock given up meanwhile. What was written so far must be seen by a reader first. Apart: a write that
 * need not wait keeps its registers. */
static __noinline int wait_for_room(struct pipe *p, size_t need)
{
	mutex_unlock(&p->lock);
	wake_readers(p);
	int err = wait_event_interruptible(&p->write_wait, may_write(p, need));
	mutex_lock(&p->lock);
	return err;
}

static ssize_t pipe_write_iter(struct file *f, struct iter *it, loff *pos)
{
	struct pipe *p = f->private;
	ssize_t done = 0, err = 0;

	if (!it->left)
		return 0;
	mutex_lock(&p->lock);
	while (!err && it->left) {
		/* At most PIPE_BUF bytes go in whole or wait; more go in by pieces of at least a page. */
		size_t need = MIN(it->left, PAGE_SIZE);
		if (!p->readers) {
			err = broken_pipe(done);
			break;
		}
		if (ring_free_bytes(&p->ring) >= need) {
			ssize_t n = f->flags & O_DIRECT ? packet_write(p, it) : ring_write(&p->ring, it);
			done += MAX(n, (ssize_t)0);
			err = n < 0 ? n : 0;
		} else if (f->flags & O_NONBLOCK) {
			err = -EAGAIN;
		} else {
			err = wait_for_room(p, need);
		}
	}
	mutex_unlock(&p->lock);
	if (done)
		wake_readers(p);
	return done ? done : err;
}

/* -- for splice -- */
ssize_t pipe_wait_data(struct file *f, bool never_waits)
{
	struct pipe *p = f->private;

	while (!has_data(p)) {
		if (!READ_ONCE(p->writers))
			return 0;
		if (never_waits || (f->flags & O_NONBLOCK))
			return -EAGAIN;
		int err = wait_event_interruptible(&p->read_wait, has_data(p) || !READ_ONCE(p->writers));
		if (err)
			return err;
	}
	return (ssize_t)(p->ring.capacity - ring_free_bytes(&p->ring));
}

size_t pipe_peek(struct file *f, char *buf, size_t n)
{
	struct pipe *p = f->private;

	mutex_lock(&p->lock);
	n = ring_peek(&p->ring, buf, n);
	mutex_unlock(&p->lock);
	return n;
}

ssize_t pipe_wait_room(struct file *f, bool never_waits)
{
	struct pipe *p = f->private;

	for (;;) {
		if (!READ_ONCE(p->readers))
			return broken_pipe(0);
		ssize_t room = (ssize_t)ring_free_bytes(&p->ring);
		if (room >= (ssize_t)PAGE_SIZE)
			return room;
		if (never_waits || (f->flags & O_NONBLOCK))
			return -EAGAIN;
		int err = wait_event_interruptible(&p->write_wait, may_write(p, PAGE_SIZE));
		if (err)
			return err;
	}
}

/* -- the rest of the operations -- */
static unsigned pipe_poll(struct file *f, struct poll_table *pt)
{
	struct pipe *p = f->private;
	unsigned mask = 0;

	if (f->mode & FMODE_READ) {
		poll_wait(f, &p->read_wait, pt);
		if (has_data(p))
			mask |= EPOLLIN | EPOLLRDNORM;
		/* A FIFO that no writer has opened since we did is not hung up. */
		if (!READ_ONCE(p->writers) && f->pos != (loff)p->writers_ever)
			mask |= EPOLLHUP;
	}
	if (f->mode & FMODE_WRITE) {
		poll_wait(f, &p->write_wait, pt);
		if (ring_free_bytes(&p->ring) >= PAGE_SIZE)
			mask |= EPOLLOUT | EPOLLWRNORM;
		if (!READ_ONCE(p->readers))
			mask |= EPOLLERR;
	}
	return mask;
}

static long pipe_ioctl(struct file *f, unsigned cmd, uptr arg)
{
	struct pipe *p = f->private;

	if (cmd != FIONREAD)
		return -ENOTTY;
	mutex_lock(&p->lock);
	u32 n = (u32)(p->ring.head - p->ring.tail);
	mutex_unlock(&p->lock);
	return put_user_u32(n, arg);
}

const struct file_ops pipe_fops = {
	.read_iter = pipe_read_iter,
	.write_iter = pipe_write_iter,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.open = fifo_open,
	.release = pipe_release,
};

/* -- size -- */
static long resize(struct pipe *p, unsigned long bytes)
{
	if (bytes > 1UL << 31)
		return -EINVAL;
	u32 size = PAGE_SIZE;
	while (size < bytes)
		size *= 2;
	if (size > p->ring.capacity && size > (u32)pipe_size_max && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	u64 tail = p->ring.tail;
	int err = ring_resize(&p->ring, size);
	if (err)
		return err;
	packets_move(p, tail - p->ring.tail);
	return (long)size;
}

long pipe_fcntl(struct file *f, int cmd, unsigned long arg)
{
	if (!file_is_pipe(f) || f->ops != &pipe_fops)
		return -EBADF;
	struct pipe *p = f->private;
	if (cmd == F_GETPIPE_SZ)
		return p->ring.capacity;
	mutex_lock(&p->lock);
	long result = resize(p, (unsigned)arg);
	mutex_unlock(&p->lock);
	if (result > 0)
		wake_writers(p);
	return result;
}

/* -- pipe2 -- */
static struct file *pipe_end(const struct path *path, struct pipe *p, u32 mode, unsigned flags)
{
	struct file *f = file_alloc(mode | FMODE_NONSEEK, flags, &pipe_fops, p);
	if (!f)
		return NULL;
	f->path = *path;
	path_get(&f->path);
	f->inode = f->path.dentry->inode;
	return f;
}

/* Two open ends; ends[0] reads. 0 or -ENOMEM. */
static int pipe_make(struct file *ends[2], unsigned flags)
{
	struct path path;
	struct inode *i = anon_inode_new("pipe:", S_IFIFO | 0600, &path);
	struct pipe *p;

	if (IS_ERR(i))
		return (int)PTR_ERR(i);
	p = pipe_new();
	ends[0] = p ? pipe_end(&path, p, FMODE_READ, O_RDONLY | flags) : NULL;
	ends[1] = ends[0] ? pipe_end(&path, p, FMODE_WRITE, O_WRONLY | flags) : NULL;
	if (ends[1]) {
		p->files = 2;
		p->readers = p->writers = p->readers_ever = p->writers_ever = 1;
		i->pipe = p;
		path_put(&path);
		return 0;
	}
	if (ends[0]) {
		ends[0]->ops = NULL;	/* never opened: nothing to release */
		file_put(ends[0]);
	}
	if (p)
		pipe_free(p);
	path_put(&path);
	return -ENOMEM;
}

long sys_pipe2(uptr out, int flags)
{
	struct file *ends[2];
	int fds[2];

	if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT | O_EXCL))
		return -EINVAL;
	if (flags & O_EXCL)	/* the ABI's O_NOTIFICATION_PIPE: not offered */
		return -ENOPKG;
	int err = pipe_make(ends, (unsigned)flags & (O_NONBLOCK | O_DIRECT));
	if (err)
		return err;
	for (int n = 0; n < 2; n++) {
		fds[n] = fd_reserve((unsigned)flags & O_CLOEXEC);
		if (fds[n] < 0) {
			err = fds[n];
			if (n)
				fd_unreserve(fds[0]);
			goto failed;
		}
	}
	if (copy_to_user(out, fds, sizeof(fds))) {
		err = -EFAULT;
		fd_unreserve(fds[0]);
		fd_unreserve(fds[1]);
		goto failed;
	}
	fd_install(fds[0], ends[0]);
	fd_install(fds[1], ends[1]);
	return 0;
failed:
	file_put(ends[0]);
	file_put(ends[1]);
	return err;
}

long sys_pipe(uptr out) { return sys_pipe2(out, 0); }
