/*
 * fs/notify.h: telling those who watch files and directories what happens to them; see notify.c. The watchers are
 * inotify.c and dnotify.c. Events are inotify's bits. While nobody watches anything, a call is one look at a counter.
 */
#ifndef FS_NOTIFY_H
#define FS_NOTIFY_H
#include "fs/vfs.h"
#include <linux/inotify.h>

struct notify_event {
	u32 mask;			/* IN_* */
	u32 cookie;			/* joins the two halves of a rename */
	const char *name;		/* in the watched directory; NULL: the watched file itself */
	u32 length;
	bool is_unlinked;		/* the name is no more: IN_EXCL_UNLINK does not want to know */
	struct list *dead;		/* where mark_remove_locked puts marks that end with this event */
};
/* A watch on an inode. */
struct mark {
	struct list inode_node;		/* in inode->marks; notify_lock */
	struct inode *inode;		/* reference */
	u32 mask;			/* what it wants; notify_lock */
	const struct mark_ops *ops;
};
struct mark_ops {
	void (*event_locked)(struct mark *m, const struct notify_event *e);	/* one that the mask wants */
	void (*gone_locked)(struct mark *m);	/* the inode is: m is taken out, free follows */
	void (*free)(struct mark *m);		/* no lock held; gives the inode back by mark_release */
};
/* RANK_NOTIFY: all marks, and what hangs on them. With interrupts off: events come under tasklist_lock too. */
extern struct spinlock notify_lock;
static inline unsigned long notify_lock_all(void) { return spin_lock_irqsave(&notify_lock); }
static inline void notify_unlock_all(unsigned long flags) { spin_unlock_irqrestore(&notify_lock, flags); }
void mark_add_locked(struct mark *m, struct inode *i);	/* takes a reference */
void mark_remove_locked(struct mark *m, struct list *dead);
void marks_free(struct list *dead);	/* no lock held */

extern int notify_marks;		/* how many there are */
static inline bool notify_is_wanted(void) { return unlikely(READ_ONCE(notify_marks)); }
/* The slow halves of what follows. */
void notify_tell(struct inode *i, u32 mask);
void notify_tell_text(struct inode *dir, const char *name, u32 length, const struct inode *named, u32 mask, u32 cookie);
void notify_tell_both(struct dentry *d, u32 mask);
/* To those who watch i itself. */
static inline void notify_inode(struct inode *i, u32 mask) { if (notify_is_wanted()) notify_tell(i, mask); }
/* To those who watch dir, about the name d in it. dir is locked. */
static inline void notify_name(struct inode *dir, const struct dentry *d, u32 mask)
{
	if (notify_is_wanted())
		notify_tell_text(dir, d->name, d->name_len, d->inode, mask, 0);
}
/* To those who watch d's inode, and those who watch the directory it is in. */
static inline void notify_dentry(struct dentry *d, u32 mask) { if (notify_is_wanted()) notify_tell_both(d, mask); }
static inline void notify_file(struct file *f, u32 mask)
{
	if (notify_is_wanted() && f->path.dentry && !(f->mode & FMODE_PATH))
		notify_tell_both(f->path.dentry, mask);
}
u32 notify_cookie(void);		/* for a rename */
void notify_inode_gone(struct inode *i);	/* its last name went, and nobody has it open: IN_DELETE_SELF */
void notify_unmounted(struct superblock *sb);	/* all watches in it end */
long dnotify_set(struct file *f, int fd, unsigned long what);	/* F_NOTIFY */
void dnotify_forget(struct file *f, const struct files *owner);	/* a close by this room; NULL: the file goes */
extern int inotify_instances_max, inotify_watches_max, inotify_events_max;	/* /proc/sys/fs/inotify */
#endif
