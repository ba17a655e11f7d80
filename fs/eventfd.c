/*
 * fs/eventfd.c: a counter as a file. Locks: the waitqueue's lock guards the count, so a wake-up and a look are one.
 * Errors: EINVAL (fewer than 8 bytes, the forbidden value), EAGAIN, ERESTARTSYS, EFAULT. Source: eventfd(2).
 */
#include "fs/internal.h"
#include "base/printk.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/eventpoll.h>

struct eventfd {
	struct waitqueue wait;
	u64 count;		/* wait.lock */
	bool is_semaphore;
};
#define EFD_SEMAPHORE 1	/* the C library's header; no header of the ABI has it */
#define COUNT_MAX (~0UL - 1)

SLAB_CACHE(eventfd_cache, struct eventfd);

/* Takes what a read gives out; 0: nothing there. */
static u64 eventfd_take(struct eventfd *e)
{
	unsigned long flags = spin_lock_irqsave(&e->wait.lock);
	u64 n = e->is_semaphore && e->count ? 1 : e->count;
	e->count -= n;
	if (n)
		wake_up_n_locked(&e->wait, 1, EPOLLOUT);
	spin_unlock_irqrestore(&e->wait.lock, flags);
	return n;
}

static bool eventfd_add(struct eventfd *e, u64 n)
{
	unsigned long flags = spin_lock_irqsave(&e->wait.lock);
	bool fits = COUNT_MAX - e->count >= n;
	if (fits) {
		e->count += n;
		wake_up_n_locked(&e->wait, 1, EPOLLIN);
	}
	spin_unlock_irqrestore(&e->wait.lock, flags);
	return fits;
}

static ssize_t eventfd_read(struct file *f, uptr buf, size_t size, loff *pos)
{
	struct eventfd *e = f->private;
	u64 n;

	if (size < sizeof(n))
		return -EINVAL;
	while (!(n = eventfd_take(e))) {
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		int err = wait_event_interruptible(&e->wait, READ_ONCE(e->count) != 0);
		if (err)
			return err;
	}
	return put_user_u64(n, buf) ? -EFAULT : (ssize_t)sizeof(n);
}

static ssize_t eventfd_write(struct file *f, uptr buf, size_t size, loff *pos)
{
	struct eventfd *e = f->private;
	u64 n;

	if (size < sizeof(n))
		return -EINVAL;
	if (get_user_u64(&n, buf))
		return -EFAULT;
	if (n == ~0UL)
		return -EINVAL;
	while (!eventfd_add(e, n)) {
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		int err = wait_event_interruptible(&e->wait, COUNT_MAX - READ_ONCE(e->count) >= n);
		if (err)
			return err;
	}
	return sizeof(n);
}

static unsigned eventfd_poll(struct file *f, struct poll_table *pt)
{
	struct eventfd *e = f->private;

	poll_wait(f, &e->wait, pt);
	u64 count = READ_ONCE(e->count);
	return (count ? EPOLLIN : 0) | (count < COUNT_MAX ? EPOLLOUT : 0) | (count > COUNT_MAX ? EPOLLERR : 0);
}

static void eventfd_release(struct file *f)
{
	slab_free(&eventfd_cache, f->private);
}

static void eventfd_show(struct file *f, const struct pid_ns *ns, char *buf, size_t size)
{
	struct eventfd *e = f->private;
	snprintf(buf, size, "eventfd-count: %16lx\n", (unsigned long)READ_ONCE(e->count));
}

static const struct file_ops eventfd_fops = {
	.read = eventfd_read,
	.write = eventfd_write,
	.seek = still_seek,
	.poll = eventfd_poll,
	.release = eventfd_release,
	.show_fdinfo = eventfd_show,
};

long sys_eventfd2(unsigned initial, int flags)
{
	if (flags & ~(O_CLOEXEC | O_NONBLOCK | EFD_SEMAPHORE))
		return -EINVAL;
	struct eventfd *e = slab_zalloc(&eventfd_cache);
	if (!e)
		return -ENOMEM;
	waitqueue_init(&e->wait);
	e->count = initial;
	e->is_semaphore = flags & EFD_SEMAPHORE;
	struct file *f = file_anon("anon_inode:[eventfd]", FMODE_READ | FMODE_WRITE | FMODE_NONSEEK,
				   O_RDWR | ((unsigned)flags & O_NONBLOCK), &eventfd_fops, e);
	if (IS_ERR(f)) {
		slab_free(&eventfd_cache, e);
		return PTR_ERR(f);
	}
	int fd = fd_install_new(f, (unsigned)flags & O_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

long sys_eventfd(unsigned initial) { return sys_eventfd2(initial, 0); }
