/*
 * fs/inotify.c: inotify: a file from which one reads what happened to the inodes that it watches.
 * Way in: the calls; events from notify.c. Locks: notify_lock guards watches and the queue of events; user memory is
 * written without it. A read takes an event out before it copies it.
 * Errors: EACCES, EAGAIN, EBADF, EEXIST, EFAULT, EINVAL, EMFILE, ENOMEM, ENOSPC and those of the path.
 * Source: inotify(7), inotify_add_watch(2), Linux 6.1's order of checks.
 */
#include "fs/notify.h"
#include "fs/internal.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "namespace/account.h"
#include "syscall/define.h"
#include "task/cred.h"
#include "task/task.h"
#include <asm/ioctls.h>
#include <linux/eventpoll.h>

#define MASK_KNOWN (IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | \
		    IN_MASK_CREATE | IN_MASK_ADD | IN_ISDIR | IN_ONESHOT)
#define MASK_KEPT (IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT)

int inotify_instances_max = 128, inotify_watches_max = 65536, inotify_events_max = 16384;

struct inotify {
	struct waitqueue wait;
	struct list events;		/* notify_lock, as the next four */
	int count;
	size_t bytes;			/* that a read of all would give */
	struct list watches;		/* of watch->node */
	int last_wd;
	struct user_account *account;	/* reference: whose instance and watches these are */
};
struct watch {
	struct mark m;
	struct inotify *owner;		/* borrowed: it outlives its watches */
	int wd;
	struct list node;		/* in owner->watches, or empty; notify_lock */
};
struct event {
	struct list node;
	struct inotify_event e;		/* and e.len bytes of name */
};

static SLAB_CACHE(inotify_cache, struct inotify);
static SLAB_CACHE(watch_cache, struct watch);
static const struct file_ops inotify_fops;

/* -- the queue -- */
static bool is_same(const struct event *a, const struct event *b)
{
	return a->e.wd == b->e.wd && a->e.mask == b->e.mask && a->e.cookie == b->e.cookie && a->e.len == b->e.len &&
	       !memcmp(a->e.name, b->e.name, a->e.len);
}

static struct event *event_new(int wd, const struct notify_event *from)
{
	u32 room = from->name ? ALIGN_UP(from->length + 1, (u32)sizeof(struct inotify_event)) : 0;
	struct event *e = kzalloc(sizeof(*e) + room);

	if (!e)
		return NULL;
	e->e = (struct inotify_event){ .wd = wd, .mask = from->mask, .cookie = from->cookie, .len = room };
	if (room)
		memcpy(e->e.name, from->name, from->length);
	return e;
}

/* An event like the one before it is not told twice; one that there is no room for is lost, and that is told. */
static void queue_locked(struct inotify *n, int wd, const struct notify_event *from)
{
	static const struct notify_event overflow = { .mask = IN_Q_OVERFLOW };
	bool is_full = n->count >= inotify_events_max;
	struct event *e = is_full ? event_new(-1, &overflow) : event_new(wd, from);

	if (!e)
		return;
	if (!list_is_empty(&n->events) && is_same(list_last(&n->events, struct event, node), e)) {
		kfree(e);
		return;
	}
	list_push_back(&n->events, &e->node);
	n->count++;
	n->bytes += sizeof(e->e) + e->e.len;
	wake_up_poll(&n->wait, EPOLLIN | EPOLLRDNORM);
}

static void queue_ignored_locked(struct watch *w)
{
	static const struct notify_event ignored = { .mask = IN_IGNORED };

	queue_locked(w->owner, w->wd, &ignored);
	list_remove(&w->node);
}

/* -- watches -- */
static struct watch *watch_of(struct mark *m) { return container_of(m, struct watch, m); }

static void watch_event(struct mark *m, const struct notify_event *e)
{
	struct watch *w = watch_of(m);

	if (e->is_unlinked && (m->mask & IN_EXCL_UNLINK))
		return;
	struct notify_event own = *e;
	if (own.mask & (IN_MOVE_SELF | IN_DELETE_SELF))
		own.mask &= ~(u32)IN_ISDIR;	/* as Linux tells these */
	queue_locked(w->owner, w->wd, &own);
	if (!(m->mask & IN_ONESHOT))
		return;
	queue_ignored_locked(w);
	mark_remove_locked(m, e->dead);
}

static void watch_gone(struct mark *m) { queue_ignored_locked(watch_of(m)); }

static void watch_free(struct mark *m)
{
	struct watch *w = watch_of(m);

	account_add(w->owner->account, ACCOUNT_INOTIFY_WATCHES, -1);
	slab_free(&watch_cache, w);
}

static const struct mark_ops watch_ops = { .event_locked = watch_event, .gone_locked = watch_gone, .free = watch_free };

static struct watch *find_locked(const struct inotify *n, const struct inode *i)
{
	struct mark *m;

	list_for_each(m, &i->marks, inode_node)
		if (m->ops == &watch_ops && watch_of(m)->owner == n)
			return watch_of(m);
	return NULL;
}

static int change_locked(struct watch *w, u32 mask)
{
	if (mask & IN_MASK_CREATE)
		return -EEXIST;
	w->m.mask = (mask & IN_MASK_ADD ? w->m.mask : IN_UNMOUNT) | (mask & MASK_KEPT);
	return w->wd;
}

static struct watch *watch_new(struct inotify *n, u32 mask)
{
	account_add(n->account, ACCOUNT_INOTIFY_WATCHES, 1);
	bool is_over = account_is_over(n->account, ACCOUNT_INOTIFY_WATCHES, 0, (u64)inotify_watches_max);
	struct watch *w = is_over ? NULL : slab_zalloc(&watch_cache);
	if (!w) {
		account_add(n->account, ACCOUNT_INOTIFY_WATCHES, -1);
		return ERR_PTR(is_over ? -ENOSPC : -ENOMEM);
	}
	w->m.ops = &watch_ops;
	w->m.mask = IN_UNMOUNT | (mask & MASK_KEPT);
	w->owner = n;
	list_init(&w->node);
	list_init(&w->m.inode_node);
	return w;
}

static int watch_inode(struct inotify *n, struct inode *i, u32 mask)
{
	unsigned long flags = notify_lock_all();
	struct watch *w = find_locked(n, i);
	int wd = w ? change_locked(w, mask) : 0;
	notify_unlock_all(flags);
	if (w)
		return wd;
	struct watch *fresh = watch_new(n, mask);
	if (IS_ERR(fresh))
		return (int)PTR_ERR(fresh);
	flags = notify_lock_all();
	w = find_locked(n, i);
	if (w) {	/* another thread was faster */
		wd = change_locked(w, mask);
	} else {
		wd = fresh->wd = ++n->last_wd;
		list_push_back(&n->watches, &fresh->node);
		mark_add_locked(&fresh->m, i);
	}
	notify_unlock_all(flags);
	if (w)
		watch_free(&fresh->m);
	return wd;
}

/* -- the file -- */
/* The first event if it fits into n bytes, taken out; NULL: none; ERR_PTR(-EINVAL): it does not fit. */
static struct event *take(struct inotify *n, size_t room)
{
	struct event *e = NULL;

	unsigned long flags = notify_lock_all();
	if (!list_is_empty(&n->events)) {
		e = list_first(&n->events, struct event, node);
		size_t size = sizeof(e->e) + e->e.len;
		if (size > room) {
			e = ERR_PTR(-EINVAL);
		} else {
			list_remove(&e->node);
			n->count--;
			n->bytes -= size;
		}
	}
	notify_unlock_all(flags);
	return e;
}

static ssize_t read_some(struct inotify *n, uptr buf, size_t size)
{
	size_t done = 0;

	for (;;) {
		struct event *e = take(n, size - done);
		if (!e || IS_ERR(e))
			return done ? (ssize_t)done : PTR_ERR(e);
		size_t length = sizeof(e->e) + e->e.len;
		int err = copy_to_user(buf + done, &e->e, length);
		kfree(e);
		if (err)
			return -EFAULT;
		done += length;
	}
}

static ssize_t inotify_read(struct file *f, uptr buf, size_t size, loff *pos)
{
	struct inotify *n = f->private;

	for (;;) {
		ssize_t got = read_some(n, buf, size);
		if (got)
			return got;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		int err = wait_event_interruptible(&n->wait, !list_is_empty(&n->events));
		if (err)
			return err;
	}
}

static unsigned inotify_poll(struct file *f, struct poll_table *pt)
{
	struct inotify *n = f->private;

	poll_wait(f, &n->wait, pt);
	return list_is_empty(&n->events) ? 0 : EPOLLIN | EPOLLRDNORM;
}

static long inotify_ioctl(struct file *f, unsigned cmd, uptr arg)
{
	struct inotify *n = f->private;

	return cmd == FIONREAD ? put_user_u32((u32)READ_ONCE(n->bytes), arg) : -ENOTTY;
}

static void inotify_free(struct inotify *n)
{
	struct list dead = LIST_INIT(dead);
	struct watch *w, *next;
	struct event *e, *after;

	unsigned long flags = notify_lock_all();
	list_for_each_safe(w, next, &n->watches, node) {
		list_remove(&w->node);
		mark_remove_locked(&w->m, &dead);
	}
	notify_unlock_all(flags);
	marks_free(&dead);
	list_for_each_safe(e, after, &n->events, node)
		kfree(e);
	account_add(n->account, ACCOUNT_INOTIFY_INSTANCES, -1);
	account_put(n->account);
	slab_free(&inotify_cache, n);
}

static void inotify_release(struct file *f) { inotify_free(f->private); }

static void inotify_show(struct file *f, const struct pid_ns *ns, char *buf, size_t size)
{
	struct inotify *n = f->private;
	const struct watch *w;
	int used = 0;

	*buf = 0;
	unsigned long flags = notify_lock_all();
	list_for_each(w, &n->watches, node)
		used += scnprintf(buf + used, size - (size_t)used, "inotify wd:%x ino:%lx sdev:%x mask:%x ignored_mask:0\n", w->wd,
				  (unsigned long)w->m.inode->ino, w->m.inode->sb->dev, w->m.mask & MASK_KEPT);
	notify_unlock_all(flags);
}

static const struct file_ops inotify_fops = {
	.read = inotify_read,
	.seek = still_seek,
	.poll = inotify_poll,
	.ioctl = inotify_ioctl,
	.release = inotify_release,
	.show_fdinfo = inotify_show,
};

/* -- the calls -- */
static struct inotify *inotify_new(void)
{
	struct user_account *a = current_cred()->account;

	account_add(a, ACCOUNT_INOTIFY_INSTANCES, 1);
	bool is_over = account_is_over(a, ACCOUNT_INOTIFY_INSTANCES, 0, (u64)inotify_instances_max);
	struct inotify *n = is_over ? NULL : slab_zalloc(&inotify_cache);
	if (!n) {
		account_add(a, ACCOUNT_INOTIFY_INSTANCES, -1);
		return ERR_PTR(is_over ? -EMFILE : -ENOMEM);
	}
	refcount_inc(&a->count);
	n->account = a;
	waitqueue_init(&n->wait);
	list_init(&n->events);
	list_init(&n->watches);
	return n;
}

long sys_inotify_init1(int flags)
{
	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	struct inotify *n = inotify_new();
	if (IS_ERR(n))
		return PTR_ERR(n);
	struct file *f = file_anon("anon_inode:inotify", FMODE_READ | FMODE_NONSEEK, O_RDONLY | ((unsigned)flags & O_NONBLOCK),
				   &inotify_fops, n);
	if (IS_ERR(f)) {
		inotify_free(n);
		return PTR_ERR(f);
	}
	int fd = fd_install_new(f, (unsigned)flags & O_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

long sys_inotify_init(void) { return sys_inotify_init1(0); }

/* The instance behind fd: a reference to its file. ERR_PTR: -EBADF, -EINVAL. */
static struct file *inotify_file(int fd)
{
	struct file *f = fd_get(fd);

	if (!f)
		return ERR_PTR(-EBADF);
	if (f->ops == &inotify_fops)
		return f;
	file_put(f);
	return ERR_PTR(-EINVAL);
}

static long watch_path(struct inotify *n, uptr path, u32 mask)
{
	unsigned lookup = (mask & IN_DONT_FOLLOW ? 0 : LOOKUP_FOLLOW) | (mask & IN_ONLYDIR ? LOOKUP_DIRECTORY : 0);
	struct path p;
	int result = path_lookup_user(AT_FDCWD, path, lookup, &p);

	if (result)
		return result;
	result = inode_permission(p.dentry->inode, MAY_READ);
	if (!result)
		result = watch_inode(n, p.dentry->inode, mask);
	path_put(&p);
	return result;
}

long sys_inotify_add_watch(int fd, uptr path, unsigned mask)
{
	if (!(mask & MASK_KNOWN))
		return -EINVAL;
	struct file *f = fd_get(fd);
	if (!f)
		return -EBADF;
	long result = -EINVAL;
	if (f->ops == &inotify_fops && (mask & (IN_MASK_ADD | IN_MASK_CREATE)) != (IN_MASK_ADD | IN_MASK_CREATE))
		result = watch_path(f->private, path, mask);
	file_put(f);
	return result;
}

long sys_inotify_rm_watch(int fd, int wd)
{
	struct list dead = LIST_INIT(dead);
	struct file *f = inotify_file(fd);
	struct watch *w, *found = NULL;

	if (IS_ERR(f))
		return PTR_ERR(f);
	struct inotify *n = f->private;
	unsigned long flags = notify_lock_all();
	list_for_each(w, &n->watches, node)
		if (w->wd == wd)
			found = w;
	if (found) {
		queue_ignored_locked(found);
		mark_remove_locked(&found->m, &dead);
	}
	notify_unlock_all(flags);
	marks_free(&dead);
	file_put(f);
	return found ? 0 : -EINVAL;
}
