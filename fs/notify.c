/*
 * fs/notify.c: marks on inodes, and the way of an event to them. A mark holds its inode; the inode's list holds the
 * marks.
 * Way in: the calls that change, open, read and write files (notify_*). Way out: each mark's operations.
 * Locks: notify_lock. A mark that ends is taken out under it and freed without. Errors: none. Source: inotify(7).
 */
#include "fs/notify.h"
#include "fs/internal.h"
#include "base/string.h"

struct spinlock notify_lock = SPINLOCK_INIT(RANK_NOTIFY);
int notify_marks;				/* notify_lock */
static struct list all_marked = LIST_INIT(all_marked);	/* of inode->marked_node; notify_lock */

void mark_add_locked(struct mark *m, struct inode *i)
{
	m->inode = inode_get(i);
	if (list_is_empty(&i->marks))
		list_push_back(&all_marked, &i->marked_node);
	list_push_back(&i->marks, &m->inode_node);
	WRITE_ONCE(notify_marks, notify_marks + 1);
}

void mark_remove_locked(struct mark *m, struct list *dead)
{
	list_remove(&m->inode_node);
	if (list_is_empty(&m->inode->marks))
		list_remove(&m->inode->marked_node);
	list_push_back(dead, &m->inode_node);
	WRITE_ONCE(notify_marks, notify_marks - 1);
}

void marks_free(struct list *dead)
{
	while (!list_is_empty(dead)) {
		struct mark *m = list_first(dead, struct mark, inode_node);
		struct inode *i = m->inode;

		list_remove(&m->inode_node);
		m->ops->free(m);
		inode_put(i);
	}
}

/* -- events -- */
#define EVENT_BITS (IN_ALL_EVENTS | IN_UNMOUNT)

static void tell(struct inode *i, struct notify_event *e)
{
	struct list dead = LIST_INIT(dead);
	struct mark *m, *next;

	e->dead = &dead;
	unsigned long flags = notify_lock_all();
	list_for_each_safe(m, next, &i->marks, inode_node)
		if (m->mask & e->mask & EVENT_BITS)
			m->ops->event_locked(m, e);
	notify_unlock_all(flags);
	marks_free(&dead);
}

static u32 dir_bit(const struct inode *i) { return i && inode_is_dir(i) ? IN_ISDIR : 0; }

void notify_tell(struct inode *i, u32 mask)
{
	struct notify_event e = { .mask = mask | dir_bit(i) };

	if (!list_is_empty(&i->marks))
		tell(i, &e);
}

void notify_tell_text(struct inode *dir, const char *name, u32 length, const struct inode *named, u32 mask, u32 cookie)
{
	struct notify_event e = { .mask = mask | dir_bit(named), .cookie = cookie, .name = name, .length = length };

	if (!list_is_empty(&dir->marks))
		tell(dir, &e);
}

/* The name may be changed meanwhile: it is copied under the lock that guards it. */
static void tell_parent(struct dentry *d, u32 mask)
{
	char name[NAME_BYTES_MAX + 1];
	struct dentry *parent = dentry_parent_get(d);
	struct notify_event e = { .mask = mask | dir_bit(d->inode), .name = name };

	if (parent != d && !list_is_empty(&parent->inode->marks)) {
		spin_lock(&dentry_lock);
		e.length = MIN(d->name_len, (u32)NAME_BYTES_MAX);
		memcpy(name, d->name, e.length);
		e.is_unlinked = d->is_unlinked || list_is_empty(&d->hash_node);
		spin_unlock(&dentry_lock);
		tell(parent->inode, &e);
	}
	dentry_put(parent);
}

void notify_tell_both(struct dentry *d, u32 mask)
{
	tell_parent(d, mask);
	notify_tell(d->inode, mask);
}

u32 notify_cookie(void)
{
	static atomic_t last;
	return (u32)atomic_inc_return(&last);
}

/* -- ends -- */
static void end_marks_locked(struct inode *i, struct list *dead)
{
	while (!list_is_empty(&i->marks)) {
		struct mark *m = list_first(&i->marks, struct mark, inode_node);

		m->ops->gone_locked(m);
		mark_remove_locked(m, dead);
	}
}

/* The event comes last of all, and ends the watches. */
static void end_inode(struct inode *i, u32 event)
{
	struct list dead = LIST_INIT(dead);

	notify_tell(i, event);
	unsigned long flags = notify_lock_all();
	end_marks_locked(i, &dead);
	notify_unlock_all(flags);
	marks_free(&dead);
}

void notify_inode_gone(struct inode *i)
{
	if (notify_is_wanted() && !list_is_empty(&i->marks))
		end_inode(i, IN_DELETE_SELF);
}

static struct inode *marked_inode_of(const struct superblock *sb)
{
	struct inode *i, *found = NULL;

	unsigned long flags = notify_lock_all();
	list_for_each(i, &all_marked, marked_node) {
		if (i->sb == sb) {
			found = inode_get(i);
			break;
		}
	}
	notify_unlock_all(flags);
	return found;
}

void notify_unmounted(struct superblock *sb)
{
	struct inode *i;

	while (notify_is_wanted() && (i = marked_inode_of(sb)) != NULL) {
		end_inode(i, IN_UNMOUNT);
		inode_put(i);
	}
}
