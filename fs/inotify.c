/*
 * fs/inotify.c: watching files and directories: an instance is a file, whose reader gets an event for what happens to each
 * inode it watches. An instance's watches are also found by inode, through one hash; a watch holds its inode.
 * Way in: the system calls; notify.h's hooks in open, close, read, write, attributes and names; cgroup/files.c.
 * Locks: inotify_lock for all of it; memory for events is taken under it, and what cannot be had becomes IN_Q_OVERFLOW.
 * Errors: EINVAL, EBADF, EEXIST, ENOSPC, ENOTDIR, EACCES, EAGAIN, EMFILE, ENOMEM, EFAULT. Source: inotify(7).
 * Differences from Linux: IN_DELETE_SELF comes when the last name goes, not when the last user does.
 */
#include "fs/internal.h"
#include "fs/notify.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "task/task.h"
#include <asm/ioctls.h>
#include <linux/eventpoll.h>

#define BUCKETS 64
#define EVENTS_MAX 16384
#define WATCHES_MAX 65536
#define EVENT_BITS (IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED)
#define WATCH_BITS (EVENT_BITS | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_ADD | IN_MASK_CREATE | IN_ISDIR | IN_ONESHOT)
#define KEPT_BITS (IN_ALL_EVENTS | IN_ONESHOT | IN_EXCL_UNLINK)

struct event {
	struct list node;
	/* from here as the reader gets it: struct inotify_event */
	int wd;
	u32 mask, cookie, len;		/* len: with the name's padding */
	char name[];
};
#define HEAD_BYTES sizeof(struct inotify_event)
struct instance {
	struct list watches, events;
	u32 watch_count, event_count;
	int last_wd;
	struct waitqueue wait;
	bool is_overflow_queued;	/* once at most */
	struct event overflow;
};
struct watch {
	struct list in_instance, in_bucket;
	struct instance *instance;	/* borrowed */
	struct inode *inode;		/* reference */
	int wd;
	u32 mask;
};

SLAB_CACHE(inotify_cache, struct instance);
SLAB_CACHE(inotify_watch_cache, struct watch);
static struct spinlock inotify_lock = SPINLOCK_INIT(RANK_NOTIFY);
static struct list buckets[BUCKETS];	/* of watch->in_bucket; a zeroed one is empty */
u32 notify_watches;
static u32 last_cookie;			/* atomic */

u32 notify_cookie(void) { return __atomic_add_fetch(&last_cookie, 1, __ATOMIC_RELAXED); }

static struct list *bucket_of(const struct inode *i)
{
	struct list *b = &buckets[((unsigned long)i >> 7) % BUCKETS];
	if (!b->next)
		list_init(b);
	return b;
}

/* -- events -- */
static u32 name_bytes(const char *name)
{
	return name ? (u32)ALIGN_UP(strlen(name) + 1, sizeof(struct inotify_event)) : 0;
}

static bool is_same(const struct event *a, const struct event *b, const char *name)
{
	return a->wd == b->wd && a->mask == b->mask && a->cookie == b->cookie && a->len == b->len &&
	       (!name || !strcmp(a->name, name));
}

static void queue_overflow_locked(struct instance *in)
{
	if (in->is_overflow_queued)
		return;
	in->is_overflow_queued = true;
	in->overflow.wd = -1;
	in->overflow.mask = IN_Q_OVERFLOW;
	list_push_back(&in->events, &in->overflow.node);
	in->event_count++;
}

static void queue_locked(struct instance *in, int wd, u32 mask, u32 cookie, const char *name)
{
	struct event wanted = { .wd = wd, .mask = mask, .cookie = cookie, .len = name_bytes(name) };
	/* the same again says nothing new */
	if (!list_is_empty(&in->events) && is_same(container_of(in->events.prev, struct event, node), &wanted, name))
		return;
	struct event *e = in->event_count < EVENTS_MAX ? kzalloc(sizeof(*e) + wanted.len) : NULL;
	if (e) {
		*e = wanted;
		if (name)
			memcpy(e->name, name, strlen(name));
		list_push_back(&in->events, &e->node);
		in->event_count++;
	} else {
		queue_overflow_locked(in);
	}
	wake_up_poll(&in->wait, EPOLLIN);
}

/* -- watches -- */
/* Out of its lists, with the reader told; watch_free() once the lock is given up. */
static void watch_end_locked(struct watch *w, struct list *dead)
{
	queue_locked(w->instance, w->wd, IN_IGNORED, 0, NULL);
	list_remove(&w->in_bucket);
	list_remove(&w->in_instance);
	w->instance->watch_count--;
	__atomic_sub_fetch(&notify_watches, 1, __ATOMIC_RELAXED);
	list_push_back(dead, &w->in_bucket);
}

static void watches_free(struct list *dead)
{
	struct watch *w, *next;
	list_for_each_safe(w, next, dead, in_bucket) {
		inode_put(w->inode);
		slab_free(&inotify_watch_cache, w);
	}
}

static void send_locked(struct inode *i, u32 event, const char *name, u32 cookie, bool ends, struct list *dead)
{
	struct watch *w, *next;
	struct list *b = bucket_of(i);
	list_for_each_safe(w, next, b, in_bucket) {
		if (w->inode != i)
			continue;
		bool counts = w->mask & event & IN_ALL_EVENTS;
		if (counts)
			queue_locked(w->instance, w->wd, event, cookie, name);
		if (ends || (counts && (w->mask & IN_ONESHOT)))
			watch_end_locked(w, dead);
	}
}

static void send(struct inode *i, u32 event, const char *name, u32 cookie, bool ends)
{
	struct list dead = LIST_INIT(dead);
	unsigned long flags = spin_lock_irqsave(&inotify_lock);
	send_locked(i, event, name, cookie, ends, &dead);
	spin_unlock_irqrestore(&inotify_lock, flags);
	watches_free(&dead);
}

void notify_send(struct inode *i, u32 event, const char *name, u32 cookie) { send(i, event, name, cookie, false); }
void notify_send_gone(struct inode *i) { send(i, IN_DELETE_SELF, NULL, 0, true); }

/* A file that has no name any more concerns its directory only if it did not say IN_EXCL_UNLINK; few do. */
void notify_send_dentry(struct dentry *d, u32 event)
{
	event |= notify_is_dir(d->inode);
	if (d->parent != d && !d->is_unlinked) {
		struct dentry *parent = dentry_parent_get(d);
		notify_send(parent->inode, event, d->name, 0);
		dentry_put(parent);
	}
	notify_send(d->inode, event, NULL, 0);
}

/* -- the file -- */
static struct event *event_take(struct instance *in, size_t room, int *err)
{
	struct event *e = NULL;
	unsigned long flags = spin_lock_irqsave(&inotify_lock);
	*err = -EAGAIN;
	if (!list_is_empty(&in->events)) {
		e = list_first(&in->events, struct event, node);
		*err = 0;
		if (HEAD_BYTES + e->len > room) {
			*err = -EINVAL;
			e = NULL;
		} else {
			list_remove(&e->node);
			in->event_count--;
			if (e == &in->overflow)
				in->is_overflow_queued = false;
		}
	}
	spin_unlock_irqrestore(&inotify_lock, flags);
	return e;
}

static ssize_t inotify_read(struct file *f, uptr buf, size_t size, loff *pos)
{
	struct instance *in = f->private;
	size_t done = 0;
	for (;;) {
		int err;
		struct event *e = event_take(in, size - done, &err);
		if (e) {
			size_t n = HEAD_BYTES + e->len;
			err = copy_to_user(buf + done, &e->wd, n);
			if (e != &in->overflow)
				kfree(e);
			if (err)
				return err;
			done += n;
			continue;
		}
		if (done || err != -EAGAIN || (f->flags & O_NONBLOCK))
			return done ? (ssize_t)done : err;
		err = wait_event_interruptible(&in->wait, READ_ONCE(in->event_count));
		if (err)
			return err;
	}
}

static unsigned inotify_poll(struct file *f, struct poll_table *pt)
{
	struct instance *in = f->private;
	poll_wait(f, &in->wait, pt);
	return READ_ONCE(in->event_count) ? EPOLLIN | EPOLLRDNORM : 0;
}

static long inotify_ioctl(struct file *f, unsigned cmd, uptr arg)
{
	struct instance *in = f->private;
	struct event *e;
	u32 bytes = 0;
	if (cmd != FIONREAD)
		return -ENOTTY;
	unsigned long flags = spin_lock_irqsave(&inotify_lock);
	list_for_each(e, &in->events, node)
		bytes += HEAD_BYTES + e->len;
	spin_unlock_irqrestore(&inotify_lock, flags);
	return put_user_u32(bytes, arg);
}

static void inotify_release(struct file *f)
{
	struct instance *in = f->private;
	struct watch *w, *next;
	struct event *e, *after;
	struct list dead = LIST_INIT(dead);
	unsigned long flags = spin_lock_irqsave(&inotify_lock);
	list_for_each_safe(w, next, &in->watches, in_instance)
		watch_end_locked(w, &dead);
	spin_unlock_irqrestore(&inotify_lock, flags);
	watches_free(&dead);
	list_for_each_safe(e, after, &in->events, node)
		if (e != &in->overflow)
			kfree(e);
	slab_free(&inotify_cache, in);
}

static void inotify_show(struct file *f, const struct pid_ns *ns, char *buf, size_t size)
{
	struct instance *in = f->private;
	struct watch *w;
	int n = 0;
	unsigned long flags = spin_lock_irqsave(&inotify_lock);
	list_for_each(w, &in->watches, in_instance)
		n += scnprintf(buf + n, size - (size_t)n, "inotify wd:%x ino:%lx sdev:%x mask:%x ignored_mask:0\n", w->wd,
			       (unsigned long)w->inode->ino, w->inode->sb->dev, w->mask);
	spin_unlock_irqrestore(&inotify_lock, flags);
}

static const struct file_ops inotify_fops = {
	.read = inotify_read,
	.seek = still_seek,
	.poll = inotify_poll,
	.ioctl = inotify_ioctl,
	.release = inotify_release,
	.show_fdinfo = inotify_show,
};

/* -- system calls -- */
long sys_inotify_init1(int flags)
{
	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	struct instance *in = slab_zalloc(&inotify_cache);
	if (!in)
		return -ENOMEM;
	list_init(&in->watches);
	list_init(&in->events);
	waitqueue_init(&in->wait);
	struct file *f = file_anon("anon_inode:inotify", FMODE_READ | FMODE_NONSEEK, O_RDONLY | ((unsigned)flags & O_NONBLOCK),
				   &inotify_fops, in);
	if (IS_ERR(f)) {
		slab_free(&inotify_cache, in);
		return PTR_ERR(f);
	}
	int fd = fd_install_new(f, (unsigned)flags & O_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

long sys_inotify_init(void) { return sys_inotify_init1(0); }

static struct watch *watch_find_locked(struct instance *in, const struct inode *i)
{
	struct watch *w;
	list_for_each(w, bucket_of(i), in_bucket)
		if (w->instance == in && w->inode == i)
			return w;
	return NULL;
}

static long watch_change_locked(struct watch *w, u32 mask)
{
	if (mask & IN_MASK_CREATE)
		return -EEXIST;
	w->mask = (mask & IN_MASK_ADD ? w->mask : 0) | (mask & KEPT_BITS);
	return w->wd;
}

/* The watch of i: the one there is, changed, or fresh, which is then the instance's. */
static long watch_set_locked(struct instance *in, struct inode *i, u32 mask, struct watch **fresh)
{
	struct watch *w = watch_find_locked(in, i);
	if (w)
		return watch_change_locked(w, mask);
	if (in->watch_count >= WATCHES_MAX)
		return -ENOSPC;
	w = *fresh;
	*fresh = NULL;
	*w = (struct watch){ .instance = in, .inode = inode_get(i), .wd = ++in->last_wd, .mask = mask & KEPT_BITS };
	list_push_back(&in->watches, &w->in_instance);
	list_push_back(bucket_of(i), &w->in_bucket);
	in->watch_count++;
	__atomic_add_fetch(&notify_watches, 1, __ATOMIC_RELAXED);
	return w->wd;
}

static long watch_set(struct instance *in, struct inode *i, u32 mask)
{
	struct watch *fresh = slab_alloc(&inotify_watch_cache);
	if (!fresh)
		return -ENOMEM;
	unsigned long flags = spin_lock_irqsave(&inotify_lock);
	long wd = watch_set_locked(in, i, mask, &fresh);
	spin_unlock_irqrestore(&inotify_lock, flags);
	if (fresh)
		slab_free(&inotify_watch_cache, fresh);
	return wd;
}

static long add_watch(struct file *f, uptr path, u32 mask)
{
	struct path p;
	if ((mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE))
		return -EINVAL;
	if (f->ops != &inotify_fops)
		return -EINVAL;
	long err = path_lookup_user(AT_FDCWD, path, mask & IN_DONT_FOLLOW ? 0 : LOOKUP_FOLLOW, &p);
	if (err)
		return err;
	if ((mask & IN_ONLYDIR) && !inode_is_dir(p.dentry->inode))
		err = -ENOTDIR;
	if (!err)
		err = inode_permission(p.dentry->inode, MAY_READ);
	if (!err)
		err = watch_set(f->private, p.dentry->inode, mask);
	path_put(&p);
	return err;
}

long sys_inotify_add_watch(int fd, uptr path, unsigned mask)
{
	if ((mask & ~WATCH_BITS) || !(mask & WATCH_BITS))
		return -EINVAL;
	struct file *f = fd_get(fd);
	if (!f)
		return -EBADF;
	long wd = add_watch(f, path, mask);
	file_put(f);
	return wd;
}

static long rm_watch(struct file *f, int wd)
{
	struct instance *in = f->private;
	struct watch *w, *next;
	struct list dead = LIST_INIT(dead);
	long err = -EINVAL;
	if (f->ops != &inotify_fops)
		return -EINVAL;
	unsigned long flags = spin_lock_irqsave(&inotify_lock);
	list_for_each_safe(w, next, &in->watches, in_instance)
		if (w->wd == wd) {
			watch_end_locked(w, &dead);
			err = 0;
		}
	spin_unlock_irqrestore(&inotify_lock, flags);
	watches_free(&dead);
	return err;
}

long sys_inotify_rm_watch(int fd, int wd)
{
	struct file *f = fd_get(fd);
	if (!f)
		return -EBADF;
	long err = rm_watch(f, wd);
	file_put(f);
	return err;
}
