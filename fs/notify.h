/*
 * fs/notify.h: news of files for those who watch them (inotify.c). While nobody watches anything a hook is one comparison.
 * Events are IN_*. No lock may be held that comes after RANK_TASKLIST.
 */
#ifndef FS_NOTIFY_H
#define FS_NOTIFY_H
#include "base/types.h"
#include "fs/vfs.h"
#include <linux/inotify.h>

extern u32 notify_watches;	/* how many there are; atomic */

void notify_send(struct inode *i, u32 event, const char *name, u32 cookie);
void notify_send_dentry(struct dentry *d, u32 event);
void notify_send_gone(struct inode *i);
u32 notify_cookie(void);

/* To those who watch i itself; name: of what in it, or NULL. */
static inline void notify_inode(struct inode *i, u32 event, const char *name)
{
	if (unlikely(READ_ONCE(notify_watches)))
		notify_send(i, event, name, 0);
}

/* To those who watch what d names, and those who watch the directory it is in. */
static inline void notify_dentry(struct dentry *d, u32 event)
{
	if (unlikely(READ_ONCE(notify_watches)) && d)
		notify_send_dentry(d, event);
}

/* i has lost its last name: the watches of it end. */
static inline void notify_gone(struct inode *i)
{
	if (unlikely(READ_ONCE(notify_watches)))
		notify_send_gone(i);
}

static inline u32 notify_is_dir(const struct inode *i) { return S_ISDIR(i->mode) ? IN_ISDIR : 0; }
#endif
