/*
 * fs/dnotify.c: F_NOTIFY: a signal to the file's owner (SIGIO, or F_SETSIG's) when something happens in the directory
 * it is open on. A request belongs to the open file and the process that made it, and ends with the first event unless
 * DN_MULTISHOT is set, with F_NOTIFY of 0, and with any close of the file by that process.
 * Locks: notify_lock; the signal is sent by the work task (async.c). Errors: ENOTDIR, ENOMEM. Source: fcntl(2).
 */
#include "fs/notify.h"
#include "fs/internal.h"
#include "mm/slab.h"
#include "pid/pid.h"
#include "task/task.h"
#include <linux/eventpoll.h>

struct dnotify {
	struct mark m;
	struct async *async;		/* reference: how to signal the owner */
	const struct files *owner;	/* borrowed, only compared: the room that made the request */
	const struct file *file;	/* likewise */
};
static SLAB_CACHE(dnotify_cache, struct dnotify);

static u32 events_of(unsigned long what)
{
	return (what & DN_ACCESS ? IN_ACCESS : 0) | (what & DN_MODIFY ? IN_MODIFY : 0) |
	       (what & DN_CREATE ? IN_CREATE | IN_MOVED_TO : 0) | (what & DN_DELETE ? IN_DELETE | IN_MOVED_FROM : 0) |
	       (what & DN_RENAME ? IN_MOVED_FROM | IN_MOVED_TO : 0) | (what & DN_ATTRIB ? IN_ATTRIB : 0) |
	       (what & DN_MULTISHOT ? 0 : IN_ONESHOT);
}

/* What happens to the directory itself is no news here. */
static void dnotify_event(struct mark *m, const struct notify_event *e)
{
	if (!e->name)
		return;
	async_raise(container_of(m, struct dnotify, m)->async, EPOLLMSG);
	if (m->mask & IN_ONESHOT)
		m->mask = 0;	/* spent: it stays until the file is closed, for the signal is on its way */
}

static void dnotify_gone(struct mark *m) { }

static void dnotify_free(struct mark *m)
{
	struct dnotify *d = container_of(m, struct dnotify, m);

	async_drop(d->async);
	slab_free(&dnotify_cache, d);
}

static const struct mark_ops dnotify_ops = {
	.event_locked = dnotify_event, .gone_locked = dnotify_gone, .free = dnotify_free,
};

/* owner NULL: anybody's. */
static struct dnotify *find_locked(const struct file *f, const struct files *owner)
{
	struct mark *m;

	list_for_each(m, &f->inode->marks, inode_node) {
		struct dnotify *d = container_of(m, struct dnotify, m);
		if (m->ops == &dnotify_ops && (!owner || d->owner == owner) && d->file == f)
			return d;
	}
	return NULL;
}

void dnotify_forget(struct file *f, const struct files *owner)
{
	struct list dead = LIST_INIT(dead);

	if (!notify_is_wanted() || !f->inode || list_is_empty(&f->inode->marks))
		return;
	unsigned long flags = notify_lock_all();
	for (struct dnotify *d; (d = find_locked(f, owner)) != NULL;)
		mark_remove_locked(&d->m, &dead);
	notify_unlock_all(flags);
	marks_free(&dead);
}

static struct dnotify *dnotify_new(struct file *f, int fd)
{
	struct dnotify *d = slab_zalloc(&dnotify_cache);

	if (!d)
		return NULL;
	d->async = async_new(f, fd);
	if (!d->async) {
		slab_free(&dnotify_cache, d);
		return NULL;
	}
	d->m.ops = &dnotify_ops;
	d->owner = current->files;
	d->file = f;
	return d;
}

long dnotify_set(struct file *f, int fd, unsigned long what)
{
	if (!(what & ~(unsigned long)DN_MULTISHOT)) {
		dnotify_forget(f, current->files);
		return 0;
	}
	if (!inode_is_dir(f->inode))
		return -ENOTDIR;
	struct dnotify *fresh = dnotify_new(f, fd);
	if (!fresh)
		return -ENOMEM;
	owner_set_default(f);
	unsigned long flags = notify_lock_all();
	struct dnotify *d = find_locked(f, current->files);
	u32 mask = events_of(what);
	if (d && !d->m.mask) {
		d->m.mask = mask;
	} else if (d) {	/* more of it; many times if either says so */
		u32 once = d->m.mask & mask & IN_ONESHOT;
		d->m.mask = ((d->m.mask | mask) & ~(u32)IN_ONESHOT) | once;
	} else {
		fresh->m.mask = mask;
		mark_add_locked(&fresh->m, f->inode);
	}
	notify_unlock_all(flags);
	if (d)
		dnotify_free(&fresh->m);
	return 0;
}
