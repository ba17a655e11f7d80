/*
 * seccomp/listener.c: the descriptor on which a filter's notifications are received and answered. See notify.c.
 * Way in: ioctl, poll. The file holds the filter; its release answers all who wait with ENOSYS.
 * Locks: filter->lock. Errors: EINVAL (ioctl, flags, a struct that is not zero), EFAULT, ENOENT (the caller is gone, or
 * nobody is judged any more), EINPROGRESS (not received yet, or answered), EBADF, EBUSY, ERESTARTSYS; EMFILE and such of
 * the caller's table. Source: seccomp_unotify(2).
 */
#include "seccomp/notify.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "base/string.h"
#include "drivers/random.h"
#include "fs/vfs.h"
#include "mm/page.h"
#include "mm/user_access.h"
#include <asm/ioctl.h>
#include <linux/fcntl.h>
#include <linux/eventpoll.h>
#include <linux/seccomp.h>

#define ADDFD_SIZE_FIRST 24	/* of struct seccomp_notif_addfd in its first version */
/* Later than Linux 6.1's headers: how a request wakes the receiver (include/uapi of 6.6). */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif
#define ID_VALID_OLD SECCOMP_IOR(2, __u64)	/* the direction was wrong once, and programs were built with it */

/* -- receive -- */

static struct notification *oldest_sent_locked(struct seccomp_filter *f)
{
	struct notification *n;

	list_for_each(n, &f->notifications, node) {
		if (n->state == NOTIFICATION_SENT)
			return n;
	}
	return NULL;
}

/* 0 and *out; -ENOENT: who asked is gone again; -EAGAIN: nobody has asked. */
static int take_request(struct seccomp_filter *f, struct seccomp_notif *out)
{
	struct notification *n;
	int err = -EAGAIN;

	spin_lock(&f->lock);
	if (f->requests) {
		f->requests--;
		n = oldest_sent_locked(f);
		err = n ? 0 : -ENOENT;
		if (n) {
			out->id = n->id;
			out->pid = (u32)task_tid_seen(n->task);
			out->data = *n->call;
			n->state = NOTIFICATION_RECEIVED;
			wake_up_poll(&f->wait, EPOLLOUT | EPOLLWRNORM);
		}
	}
	spin_unlock(&f->lock);
	return err;
}

/* The receiver's memory was bad: the next receive shall find it again. */
static void give_back(struct seccomp_filter *f, u64 id)
{
	struct notification *n;

	spin_lock(&f->lock);
	n = notification_find_locked(f, id);
	if (n && n->state == NOTIFICATION_RECEIVED) {
		n->state = NOTIFICATION_SENT;
		wake_up_all(&n->wait);
		f->requests++;
		wake_up_poll(&f->wait, EPOLLIN | EPOLLRDNORM);
	}
	spin_unlock(&f->lock);
}

static bool is_judging(struct seccomp_filter *f) { return refcount_read(&f->users) > 0; }

static long receive(struct seccomp_filter *f, uptr arg)
{
	static const struct seccomp_notif nothing;
	struct seccomp_notif out;
	int err;

	if (copy_from_user(&out, arg, sizeof(out)))
		return -EFAULT;
	if (memcmp(&out, &nothing, sizeof(out)))
		return -EINVAL;
	while ((err = take_request(f, &out)) == -EAGAIN) {
		err = wait_event_interruptible(&f->wait, READ_ONCE(f->requests) || !is_judging(f));
		if (err)
			return -EINTR;
		if (!READ_ONCE(f->requests))
			return -ENOENT;
	}
	if (err)
		return err;
	if (copy_to_user(arg, &out, sizeof(out))) {
		give_back(f, out.id);
		return -EFAULT;
	}
	return 0;
}

/* -- answer -- */

static long answer(struct seccomp_filter *f, uptr arg)
{
	struct seccomp_notif_resp a;
	struct notification *n;
	long err = 0;

	if (copy_from_user(&a, arg, sizeof(a)))
		return -EFAULT;
	if (a.flags & ~SECCOMP_USER_NOTIF_FLAG_CONTINUE)
		return -EINVAL;
	if ((a.flags & SECCOMP_USER_NOTIF_FLAG_CONTINUE) && (a.error || a.val))
		return -EINVAL;
	spin_lock(&f->lock);
	n = notification_find_locked(f, a.id);
	if (!n)
		err = -ENOENT;
	else if (n->state != NOTIFICATION_RECEIVED)
		err = -EINPROGRESS;
	else
		notification_answer_locked(n, a.error, a.val, a.flags);
	spin_unlock(&f->lock);
	return err;
}

static long id_is_valid(struct seccomp_filter *f, uptr arg)
{
	struct notification *n;
	u64 id;
	bool is_valid;

	if (get_user_u64(&id, arg))
		return -EFAULT;
	spin_lock(&f->lock);
	n = notification_find_locked(f, id);
	is_valid = n && n->state == NOTIFICATION_RECEIVED;
	spin_unlock(&f->lock);
	return is_valid ? 0 : -ENOENT;
}

/* -- give a descriptor -- */

static int offer_gift(struct seccomp_filter *f, u64 id, struct descriptor_gift *g)
{
	struct notification *n;
	int err = 0;

	spin_lock(&f->lock);
	n = notification_find_locked(f, id);
	if (!n)
		err = -ENOENT;
	else if (n->state != NOTIFICATION_RECEIVED)
		err = -EINPROGRESS;
	else if (g->is_answer && !list_is_empty(&n->gifts))
		err = -EBUSY;
	if (!err) {
		if (g->is_answer)
			n->state = NOTIFICATION_ANSWERED;
		list_push_front(&n->gifts, &g->node);
		wake_up_all(&n->wait);
	}
	spin_unlock(&f->lock);
	return err;
}

/* The descriptor's number there. A gift that was taken up already is waited for: it is on our stack. */
static int wait_for_receiver(struct seccomp_filter *f, struct descriptor_gift *g)
{
	int err = wait_event_interruptible(&g->wait, READ_ONCE(g->is_done));

	spin_lock(&f->lock);
	if (!g->is_done && !list_is_empty(&g->node)) {
		list_remove(&g->node);
		spin_unlock(&f->lock);
		return err;
	}
	spin_unlock(&f->lock);
	wait_event(&g->wait, READ_ONCE(g->is_done));
	spin_lock(&f->lock);	/* the receiver has let go of it */
	spin_unlock(&f->lock);
	return g->result;
}

static long give_descriptor(struct seccomp_filter *f, uptr arg, size_t size)
{
	struct seccomp_notif_addfd a;
	struct descriptor_gift g = { .result = 0 };
	int err;

	if (size < ADDFD_SIZE_FIRST || size >= PAGE_SIZE)
		return -EINVAL;
	err = copy_struct_from_user(&a, sizeof(a), arg, size);
	if (err)
		return err;
	if ((a.newfd_flags & ~O_CLOEXEC) || (a.flags & ~(SECCOMP_ADDFD_FLAG_SETFD | SECCOMP_ADDFD_FLAG_SEND)) ||
	    (a.newfd && !(a.flags & SECCOMP_ADDFD_FLAG_SETFD)))
		return -EINVAL;
	g.file = fd_get((int)a.srcfd);
	if (!g.file)
		return -EBADF;
	g.number = a.newfd;
	g.fd_flags = a.newfd_flags;
	g.is_at_number = a.flags & SECCOMP_ADDFD_FLAG_SETFD;
	g.is_answer = a.flags & SECCOMP_ADDFD_FLAG_SEND;
	list_init(&g.node);
	waitqueue_init(&g.wait);
	err = offer_gift(f, a.id, &g);
	if (!err)
		err = wait_for_receiver(f, &g);
	file_put(g.file);
	return err;
}

/* -- the file -- */

/* The hint how to wake a receiver changes nothing that a program could see. */
static long set_flags(unsigned long flags)
{
	return flags & ~SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP ? -EINVAL : 0;
}

static long listener_ioctl(struct file *file, unsigned cmd, uptr arg)
{
	struct seccomp_filter *f = file->private;

	switch (cmd) {
	case SECCOMP_IOCTL_NOTIF_RECV:
		return receive(f, arg);
	case SECCOMP_IOCTL_NOTIF_SEND:
		return answer(f, arg);
	case ID_VALID_OLD:
	case SECCOMP_IOCTL_NOTIF_ID_VALID:
		return id_is_valid(f, arg);
	case SECCOMP_IOCTL_NOTIF_SET_FLAGS:
		return set_flags(arg);
	default:
		break;
	}
	/* its struct may grow: the size in the number says which version */
	if ((cmd & ~(IOCSIZE_MASK | IOC_INOUT)) == (SECCOMP_IOCTL_NOTIF_ADDFD & ~(IOCSIZE_MASK | IOC_INOUT)))
		return give_descriptor(f, arg, _IOC_SIZE(cmd));
	return -EINVAL;
}

static unsigned listener_poll(struct file *file, struct poll_table *pt)
{
	struct seccomp_filter *f = file->private;
	struct notification *n;
	unsigned events = 0;

	poll_wait(file, &f->wait, pt);
	spin_lock(&f->lock);
	list_for_each(n, &f->notifications, node) {
		if (n->state == NOTIFICATION_SENT)
			events |= EPOLLIN | EPOLLRDNORM;
		else if (n->state == NOTIFICATION_RECEIVED)
			events |= EPOLLOUT | EPOLLWRNORM;
	}
	spin_unlock(&f->lock);
	return is_judging(f) ? events : events | EPOLLHUP;
}

static void listener_release(struct file *file)
{
	struct seccomp_filter *f = file->private;
	struct notification *n;

	spin_lock(&f->lock);
	f->has_listener = false;
	list_for_each(n, &f->notifications, node) {
		if (n->state != NOTIFICATION_ANSWERED)
			notification_answer_locked(n, -ENOSYS, 0, 0);
	}
	spin_unlock(&f->lock);
	filter_put(f);
}

static const struct file_ops listener_fops = {
	.ioctl = listener_ioctl,
	.poll = listener_poll,
	.release = listener_release,
};

struct file *listener_new(struct seccomp_filter *f)
{
	struct file *file = file_anon("anon_inode:seccomp notify", FMODE_READ | FMODE_WRITE | FMODE_NONSEEK, O_RDWR,
				      &listener_fops, f);

	if (IS_ERR(file))
		return file;
	refcount_inc(&f->count);
	random_bytes(&f->next_id, sizeof(f->next_id));
	return file;
}
