/*
 * fs/epoll.c: epoll: a set of files and the list of those among them that may be ready.
 * An item queues waiters on whatever its file names; their wake function puts the item on the ready list and wakes who
 * sleeps in epoll_wait, which then asks each file on the list again. Level-triggered items that are still ready go back
 * to the list's end.
 *
 * Way in: epoll_create1, epoll_ctl, epoll_wait, epoll_pwait and epoll_pwait2; epoll_file_gone from the release of a watched file.
 * Locks: epoll_mutex (all epolls: what watches what), then ep->lock (mutex: the items; an outer epoll's before an inner
 * one's), then ep->ready_lock (spinlock, irqsave), which wake functions take under their waitqueue's lock. It and the
 * epoll's own waitqueues have no rank: an epoll inside another nests them, at most EPOLL_DEPTH_MAX deep and never in a
 * circle, which epoll_ways.c sees to.
 * A watched file needs no reference: its release waits for ep->lock before anything of it goes.
 * Errors: EEXIST, ENOENT, EPERM (a file that cannot be waited for), ELOOP, EINVAL, ENOMEM, EINTR.
 * Source: epoll(7), epoll_ctl(2), epoll_wait(2).
 */
#include "fs/epoll.h"
#include "fs/poll.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/eventpoll.h>

#define BITS_OF_ITEM (EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)	/* not events */
#define BITS_WITH_EXCLUSIVE (EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)

struct item_waiter {
	struct waiter w;
	struct waitqueue *wq;		/* borrowed from the file */
	struct item *item;
	struct list node;
};
struct item_table { struct poll_table table; struct item *item; bool out_of_memory; };

SLAB_CACHE(epoll_cache, struct epoll);
SLAB_CACHE(epoll_item_cache, struct item);
SLAB_CACHE(epoll_waiter_cache, struct item_waiter);
static struct mutex epoll_mutex = MUTEX_INIT(epoll_mutex, RANK_EPOLL_MUTEX);
static const struct file_ops epoll_fops;

struct epoll *epoll_of(const struct file *f) { return f->ops == &epoll_fops ? f->private : NULL; }

/* -- ready -- */
static void make_ready_locked(struct item *it)
{
	if (list_is_empty(&it->ready_node))
		list_push_back(&it->epoll->ready, &it->ready_node);
}

static void wake_waiters(struct epoll *ep)
{
	wake_up_poll(&ep->wait, EPOLLIN);
	wake_up_poll(&ep->poll_wait, EPOLLIN);
}

static bool item_wake(struct waiter *w, unsigned long key)
{
	struct item *it = container_of(w, struct item_waiter, w)->item;
	struct epoll *ep = it->epoll;
	unsigned long flags = spin_lock_irqsave(&ep->ready_lock);
	u32 events = it->events & ~BITS_OF_ITEM;
	bool counts = events && (!key || (key & events));

	if (counts)
		make_ready_locked(it);
	spin_unlock_irqrestore(&ep->ready_lock, flags);
	if (counts)
		wake_waiters(ep);
	return counts && (it->events & EPOLLEXCLUSIVE);
}

static bool has_ready(struct epoll *ep) { return !list_is_empty(&ep->ready); }

/* -- items; epoll->lock held -- */
static void item_queue(struct poll_table *pt, struct file *f, struct waitqueue *wq)
{
	struct item_table *t = container_of(pt, struct item_table, table);
	struct item_waiter *iw = slab_alloc(&epoll_waiter_cache);

	if (!iw) {
		t->out_of_memory = true;
		return;
	}
	waiter_init(&iw->w);
	iw->w.wake = item_wake;
	iw->w.is_exclusive = t->item->events & EPOLLEXCLUSIVE;
	iw->wq = wq;
	iw->item = t->item;
	list_push_back(&t->item->waiters, &iw->node);
	waitqueue_add(wq, &iw->w);
}

static int item_order(const struct file *file, int fd, const struct item *it)
{
	if (file != it->file)
		return file < it->file ? -1 : 1;
	return fd < it->fd ? -1 : fd > it->fd;
}

static bool item_less(const struct rb_node *a, const struct rb_node *b)
{
	const struct item *x = rb_entry(a, struct item, node);
	return item_order(x->file, x->fd, rb_entry(b, struct item, node)) < 0;
}

static struct item *item_find(struct epoll *ep, const struct file *file, int fd)
{
	struct rb_node *n = ep->items.root;

	while (n) {
		struct item *it = rb_entry(n, struct item, node);
		int order = item_order(file, fd, it);
		if (!order)
			return it;
		n = order < 0 ? n->left : n->right;
	}
	return NULL;
}

/* Takes it out of everything and frees it. epoll_mutex too. Its waiters go first: file_release looks at the file's
 * list without a lock, and must not find it empty while the file's waitqueues are still in use. */
static void item_remove(struct item *it)
{
	struct epoll *ep = it->epoll;
	struct item_waiter *iw, *next;

	list_for_each_safe(iw, next, &it->waiters, node) {
		waitqueue_remove(iw->wq, &iw->w);
		slab_free(&epoll_waiter_cache, iw);
	}
	unsigned long flags = spin_lock_irqsave(&ep->ready_lock);
	list_remove(&it->ready_node);
	spin_unlock_irqrestore(&ep->ready_lock, flags);
	rb_remove(&ep->items, &it->node);
	list_remove(&it->file_node);
	slab_free(&epoll_item_cache, it);
}

/* Looks at the file once more after a change of what is wanted. */
static void item_check(struct item *it)
{
	struct epoll *ep = it->epoll;

	if (!(file_poll(it->file, NULL) & it->events))
		return;
	unsigned long flags = spin_lock_irqsave(&ep->ready_lock);
	make_ready_locked(it);
	spin_unlock_irqrestore(&ep->ready_lock, flags);
	wake_waiters(ep);
}

static int item_add(struct epoll *ep, struct file *file, int fd, const struct epoll_event *e)
{
	struct item *it = slab_zalloc(&epoll_item_cache);

	if (!it)
		return -ENOMEM;
	it->epoll = ep;
	it->file = file;
	it->fd = fd;
	it->events = e->events;
	it->data = e->data;
	list_init(&it->ready_node);
	list_init(&it->waiters);
	rb_insert(&ep->items, &it->node, item_less);
	list_push_back(&file->epoll_links, &it->file_node);
	struct item_table t = { { .queue = item_queue, .key = it->events & ~BITS_OF_ITEM }, it, false };
	file_poll(file, &t.table);
	if (t.out_of_memory) {
		item_remove(it);
		return -ENOMEM;
	}
	item_check(it);
	return 0;
}

static void item_modify(struct item *it, const struct epoll_event *e)
{
	unsigned long flags = spin_lock_irqsave(&it->epoll->ready_lock);
	it->events = e->events;
	it->data = e->data;
	spin_unlock_irqrestore(&it->epoll->ready_lock, flags);
	item_check(it);
}

/* -- epoll_wait -- */
/* The next item to report, taken off the list, or NULL. */
static struct item *ready_take(struct epoll *ep, struct list *from)
{
	struct item *it = NULL;
	unsigned long flags = spin_lock_irqsave(&ep->ready_lock);
	if (!list_is_empty(from)) {
		it = list_first(from, struct item, ready_node);
		list_remove(&it->ready_node);
	}
	spin_unlock_irqrestore(&ep->ready_lock, flags);
	return it;
}

/* What remains of it after it was reported: a one-shot is disabled, a level-triggered one stays on the list. */
static void item_reported(struct item *it)
{
	unsigned long flags = spin_lock_irqsave(&it->epoll->ready_lock);
	if (it->events & EPOLLONESHOT)
		it->events &= BITS_OF_ITEM;
	else if (!(it->events & EPOLLET))
		make_ready_locked(it);
	spin_unlock_irqrestore(&it->epoll->ready_lock, flags);
}

/* Reports at most max items: how many, or -EFAULT if the first cannot be. */
static int report(struct epoll *ep, uptr out, int max)
{
	struct list batch = LIST_INIT(batch);
	struct item *it;
	int n = 0, err = 0;

	mutex_lock(&ep->lock);
	unsigned long flags = spin_lock_irqsave(&ep->ready_lock);
	list_splice_back(&batch, &ep->ready);
	spin_unlock_irqrestore(&ep->ready_lock, flags);
	while (n < max && !err && (it = ready_take(ep, &batch))) {
		struct epoll_event e = { .events = file_poll(it->file, NULL) & it->events, .data = it->data };
		if (!e.events)
			continue;
		err = copy_to_user(out + (uptr)n * sizeof(e), &e, sizeof(e));
		if (err) {
			flags = spin_lock_irqsave(&ep->ready_lock);
			make_ready_locked(it);
			spin_unlock_irqrestore(&ep->ready_lock, flags);
			break;
		}
		n++;
		item_reported(it);
	}
	/* What was not looked at comes before what became ready meanwhile. */
	flags = spin_lock_irqsave(&ep->ready_lock);
	list_splice_back(&batch, &ep->ready);
	list_splice_back(&ep->ready, &batch);
	bool has_more = has_ready(ep);
	spin_unlock_irqrestore(&ep->ready_lock, flags);
	mutex_unlock(&ep->lock);
	if (has_more)
		wake_up_poll(&ep->wait, EPOLLIN);
	return n ? n : err;
}

/* Only one of several sleepers is woken for one event. 0, -ERESTARTSYS, -ETIME. */
static int ready_sleep(struct epoll *ep, u64 deadline_ns)
{
	struct waiter w;
	int err = 0;

	waiter_init(&w);
	w.is_exclusive = true;
	for (;;) {
		wait_prepare(&ep->wait, &w, TASK_INTERRUPTIBLE);
		if (has_ready(ep)) {
			err = 0;
			break;
		}
		if (err)
			break;
		err = wait_sleep(TASK_INTERRUPTIBLE, deadline_ns);
	}
	wait_finish(&ep->wait, &w);
	return err;
}

static int wait_and_report(struct epoll *ep, uptr out, int max, bool may_wait, u64 deadline_ns)
{
	for (;;) {
		int n = has_ready(ep) ? report(ep, out, max) : 0;
		if (n || !may_wait)
			return n;
		int err = ready_sleep(ep, deadline_ns);
		if (err)
			return err == -ETIME ? 0 : -EINTR;
	}
}

static long epoll_wait_for(int epfd, uptr out, int max, bool may_wait, u64 deadline_ns)
{
	if (max <= 0 || max > (int)(0x7fffffff / sizeof(struct epoll_event)))
		return -EINVAL;
	if (!user_range_ok(out, (size_t)max * sizeof(struct epoll_event)))
		return -EFAULT;
	struct file *f = fd_get(epfd);
	if (!f)
		return -EBADF;
	long n = epoll_of(f) ? wait_and_report(epoll_of(f), out, max, may_wait, deadline_ns) : -EINVAL;
	file_put(f);
	return n;
}

long sys_epoll_wait(int epfd, uptr events, int max, int timeout)
{
	return epoll_wait_for(epfd, events, max, timeout != 0,
			      timeout > 0 ? deadline_after((u64)timeout * NSEC_PER_MSEC) : 0);
}

long sys_epoll_pwait(int epfd, uptr events, int max, int timeout, uptr mask, size_t size)
{
	int err = signal_set_user_mask(mask, size);
	if (err)
		return err;
	long n = sys_epoll_wait(epfd, events, max, timeout);
	signal_restore_saved_mask_unless(n == -EINTR);
	return n;
}

/* The time to wait as a timespec; none: for ever. */
long sys_epoll_pwait2(int epfd, uptr events, int max, uptr timeout, uptr mask, size_t size)
{
	u64 ns = 1;
	int err = timeout ? get_timespec_ns(&ns, timeout) : 0;
	if (!err)
		err = signal_set_user_mask(mask, size);
	if (err)
		return err;
	long n = epoll_wait_for(epfd, events, max, ns != 0, timeout && ns ? deadline_after(ns) : 0);
	signal_restore_saved_mask_unless(n == -EINTR);
	return n;
}

/* -- what an epoll is as a file -- */
static unsigned epoll_poll(struct file *f, struct poll_table *pt)
{
	struct epoll *ep = f->private;
	struct list batch = LIST_INIT(batch);
	struct item *it;
	unsigned mask = 0;

	poll_wait(f, &ep->poll_wait, pt);
	if (!has_ready(ep))
		return 0;
	/* Being on the list means nothing until the file has been asked. */
	mutex_lock(&ep->lock);
	unsigned long flags = spin_lock_irqsave(&ep->ready_lock);
	list_splice_back(&batch, &ep->ready);
	spin_unlock_irqrestore(&ep->ready_lock, flags);
	while (!mask && (it = ready_take(ep, &batch))) {
		if (!(file_poll(it->file, NULL) & it->events))
			continue;
		mask = EPOLLIN | EPOLLRDNORM;
		flags = spin_lock_irqsave(&ep->ready_lock);
		make_ready_locked(it);
		spin_unlock_irqrestore(&ep->ready_lock, flags);
	}
	flags = spin_lock_irqsave(&ep->ready_lock);
	list_splice_back(&ep->ready, &batch);
	spin_unlock_irqrestore(&ep->ready_lock, flags);
	mutex_unlock(&ep->lock);
	return mask;
}

static void epoll_release(struct file *f)
{
	struct epoll *ep = f->private;
	struct rb_node *n;

	mutex_lock(&epoll_mutex);
	mutex_lock(&ep->lock);
	while ((n = rb_first(&ep->items)))
		item_remove(rb_entry(n, struct item, node));
	mutex_unlock(&ep->lock);
	mutex_unlock(&epoll_mutex);
	slab_free(&epoll_cache, ep);
}

static const struct file_ops epoll_fops = { .poll = epoll_poll, .release = epoll_release, .seek = still_seek };

void epoll_file_gone(struct file *f)
{
	mutex_lock(&epoll_mutex);
	while (!list_is_empty(&f->epoll_links)) {
		struct item *it = list_first(&f->epoll_links, struct item, file_node);
		struct epoll *ep = it->epoll;
		mutex_lock(&ep->lock);
		item_remove(it);
		mutex_unlock(&ep->lock);
	}
	mutex_unlock(&epoll_mutex);
}

const void *epoll_target(struct file *f, int fd, unsigned place)
{
	struct epoll *ep = epoll_of(f);
	const void *target = ERR_PTR(-ENOENT);

	if (!ep)
		return ERR_PTR(-EINVAL);
	mutex_lock(&ep->lock);
	for (struct rb_node *n = rb_first(&ep->items); n; n = rb_next(n)) {
		const struct item *it = rb_entry(n, struct item, node);
		if (it->fd != fd || place--)
			continue;
		target = it->file;
		break;
	}
	mutex_unlock(&ep->lock);
	return target;
}

/* -- epoll_create -- */
long sys_epoll_create1(int flags)
{
	if (flags & ~O_CLOEXEC)
		return -EINVAL;
	struct epoll *ep = slab_zalloc(&epoll_cache);
	if (!ep)
		return -ENOMEM;
	mutex_init(&ep->lock, RANK_EPOLL_MUTEX);
	spin_init(&ep->ready_lock, RANK_NONE);
	list_init(&ep->ready);
	waitqueue_init(&ep->wait);
	waitqueue_init(&ep->poll_wait);
	spin_init(&ep->wait.lock, RANK_NONE);
	spin_init(&ep->poll_wait.lock, RANK_NONE);
	struct file *f = file_anon("anon_inode:[eventpoll]", FMODE_READ | FMODE_WRITE | FMODE_NONSEEK, O_RDWR,
				   &epoll_fops, ep);
	if (IS_ERR(f)) {
		slab_free(&epoll_cache, ep);
		return PTR_ERR(f);
	}
	ep->file = f;
	int fd = fd_install_new(f, (unsigned)flags);
	if (fd < 0)
		file_put(f);
	return fd;
}

long sys_epoll_create(int size) { return size > 0 ? sys_epoll_create1(0) : -EINVAL; }

/* -- epoll_ctl -- */
static int ctl_check(struct epoll *ep, struct file *file, int op, const struct epoll_event *e)
{
	if (!ep || file == ep->file)
		return -EINVAL;
	if (!(e->events & EPOLLEXCLUSIVE) || op == EPOLL_CTL_DEL)
		return 0;
	if (op == EPOLL_CTL_MOD || epoll_of(file) || (e->events & ~BITS_WITH_EXCLUSIVE))
		return -EINVAL;
	return 0;
}

/* Adds it, unless then too many ways would lead from a file to those who may wait for it. */
static int ctl_add(struct epoll *ep, struct file *file, int fd, const struct epoll_event *e)
{
	int err = item_add(ep, file, fd, e);

	if (!err && epoll_has_too_many_ways(ep, file)) {
		item_remove(item_find(ep, file, fd));
		err = -EINVAL;
	}
	return err;
}

/* epoll_mutex held. */
static int ctl_apply(struct epoll *ep, int op, struct file *file, int fd, struct epoll_event *e)
{
	if (op == EPOLL_CTL_ADD && epoll_is_too_deep(ep, file))
		return -ELOOP;
	struct item *it = item_find(ep, file, fd);
	e->events |= EPOLLERR | EPOLLHUP;
	switch (op) {
	case EPOLL_CTL_ADD:
		return it ? -EEXIST : ctl_add(ep, file, fd, e);
	case EPOLL_CTL_DEL:
		if (it)
			item_remove(it);
		return it ? 0 : -ENOENT;
	case EPOLL_CTL_MOD:
		if (it && !(it->events & EPOLLEXCLUSIVE))
			item_modify(it, e);
		return !it ? -ENOENT : it->events & EPOLLEXCLUSIVE ? -EINVAL : 0;
	}
	return -EINVAL;
}

long sys_epoll_ctl(int epfd, int op, int fd, uptr event)
{
	struct epoll_event e = { 0 };

	if (op != EPOLL_CTL_DEL && copy_from_user(&e, event, sizeof(e)))
		return -EFAULT;
	struct file *epf = fd_get(epfd), *file = fd_get(fd);
	long err = -EBADF;
	if (epf && file) {
		struct epoll *ep = epoll_of(epf);
		err = file->ops && file->ops->poll ? ctl_check(ep, file, op, &e) : -EPERM;
		if (!err) {
			e.events &= ~EPOLLWAKEUP;	/* nothing here sleeps that it could keep awake */
			mutex_lock(&epoll_mutex);
			mutex_lock(&ep->lock);
			err = ctl_apply(ep, op, file, fd, &e);
			mutex_unlock(&ep->lock);
			mutex_unlock(&epoll_mutex);
		}
	}
	if (epf)
		file_put(epf);
	if (file)
		file_put(file);
	return err;
}
