/*
 * seccomp/notify.c: user notification: a call waits while another process, which holds the filter's listener, decides
 * what it returns, may put descriptors into the caller's table, or lets it go on.
 *
 *   caller    notify_listener: queues a notification, sleeps until it is answered, killed, or (before it was received, or
 *             without SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) interrupted
 *   listener  listener.c: receives it, answers it; each found by its id, for the caller may be gone
 *
 * A notification is on the caller's kernel stack and in the filter's list: whoever touches it holds filter->lock.
 * Locks: filter->lock. Source: seccomp_unotify(2).
 */
#include "seccomp/notify.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "fs/vfs.h"
#include "mm/slab.h"
#include <linux/fcntl.h>
#include <linux/eventpoll.h>
#include <linux/seccomp.h>

struct notification *notification_find_locked(struct seccomp_filter *f, u64 id)
{
	struct notification *n;

	list_for_each(n, &f->notifications, node) {
		if (n->id == id)
			return n;
	}
	return NULL;
}

void notification_answer_locked(struct notification *n, int error, s64 value, u32 flags)
{
	n->state = NOTIFICATION_ANSWERED;
	n->error = error;
	n->value = value;
	n->flags = flags;
	wake_up_all(&n->wait);
}

static void queue_locked(struct seccomp_filter *f, struct notification *n)
{
	n->id = f->next_id++;
	list_push_back(&f->notifications, &n->node);
	f->requests++;
	wake_up_poll(&f->wait, EPOLLIN | EPOLLRDNORM);
}

/* The listener gets a descriptor into the caller's table: runs in the caller, for only it has its table. */
static void give_descriptor(struct seccomp_filter *f, struct notification *n, struct descriptor_gift *g)
{
	int fd;

	list_remove(&g->node);
	spin_unlock(&f->lock);
	file_get(g->file);
	if (g->is_at_number)
		fd = fd_replace((int)g->number, g->file, g->fd_flags);
	else
		fd = fd_install_new(g->file, g->fd_flags);
	if (fd < 0)
		file_put(g->file);
	spin_lock(&f->lock);
	g->result = fd;
	if (g->is_answer) {
		if (fd < 0)
			n->state = NOTIFICATION_RECEIVED;
		else
			notification_answer_locked(n, 0, fd, 0);
	}
	g->is_done = true;
	wake_up_all(&g->wait);
}

/* A received notification's caller may insist on its answer. */
static bool waits_killable(const struct seccomp_filter *f, const struct notification *n)
{
	return f->waits_killable && n->state == NOTIFICATION_RECEIVED;
}

static bool has_news(struct notification *n)
{
	return READ_ONCE(n->state) == NOTIFICATION_ANSWERED || !list_is_empty(&n->gifts);
}

/* A receiver that could not take it over has given it back. */
static bool is_given_back(struct notification *n, bool is_killable)
{
	return is_killable && READ_ONCE(n->state) == NOTIFICATION_SENT;
}

/* With f->lock, which it gives up meanwhile. 0: answered. */
static int wait_for_answer_locked(struct seccomp_filter *f, struct notification *n)
{
	for (;;) {
		bool is_killable = waits_killable(f, n);
		int err;

		spin_unlock(&f->lock);
		err = wait_event_state(&n->wait, has_news(n) || is_given_back(n, is_killable),
				       is_killable ? TASK_KILLABLE : TASK_INTERRUPTIBLE, 0);
		spin_lock(&f->lock);
		if (err && !has_news(n)) {
			if (!is_killable && waits_killable(f, n))
				continue;	/* it was received meanwhile: only death counts now */
			return err;
		}
		while (!list_is_empty(&n->gifts))
			give_descriptor(f, n, list_first(&n->gifts, struct descriptor_gift, node));
		if (n->state == NOTIFICATION_ANSWERED)
			return 0;
	}
}

static void refuse_gifts_locked(struct notification *n)
{
	while (!list_is_empty(&n->gifts)) {
		struct descriptor_gift *g = list_first(&n->gifts, struct descriptor_gift, node);

		list_remove(&g->node);
		g->result = -ESRCH;
		g->is_done = true;
		wake_up_all(&g->wait);
	}
}

bool notify_listener(struct seccomp_filter *f, const struct seccomp_data *call, struct regs *r)
{
	struct notification n = { .task = current, .call = call, .error = -ENOSYS };

	list_init(&n.node);
	list_init(&n.gifts);
	waitqueue_init(&n.wait);
	spin_lock(&f->lock);
	if (f->has_listener) {
		int err;

		queue_locked(f, &n);
		err = wait_for_answer_locked(f, &n);
		if (err) {
			n.error = err;
			n.value = 0;
			n.flags = 0;
		}
		refuse_gifts_locked(&n);
		list_remove(&n.node);
	}
	spin_unlock(&f->lock);
	if (n.flags & SECCOMP_USER_NOTIF_FLAG_CONTINUE)
		return true;
	regs_set_result(r, n.error ? n.error : n.value);
	return false;
}
