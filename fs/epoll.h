/*
 * fs/epoll.h: what epoll.c and epoll_ways.c share: an epoll and its items. Locks: see epoll.c.
 */
#ifndef FS_EPOLL_H
#define FS_EPOLL_H
#include "base/rbtree.h"
#include "fs/internal.h"

#define EPOLL_DEPTH_MAX 5

struct epoll {
	struct mutex lock;		/* RANK_EPOLL_MUTEX */
	struct rb_tree items;		/* by file, then descriptor. lock */
	struct file *file;		/* borrowed: our own */
	struct spinlock ready_lock;
	struct list ready;		/* of item->ready_node. ready_lock */
	struct waitqueue wait;		/* epoll_wait */
	struct waitqueue poll_wait;	/* those who wait for this epoll as a file */
	u32 walk;			/* of epoll_ways.c: the last that came here, and what it found. epoll_mutex */
	int depth;
};
struct item {
	struct rb_node node;
	struct list ready_node;		/* ready_lock; empty: not on the list */
	struct list file_node;		/* in file->epoll_links. epoll_mutex */
	struct list waiters;		/* of struct item_waiter. epoll->lock */
	struct epoll *epoll;		/* borrowed: its owner */
	struct file *file;		/* borrowed */
	int fd;
	u32 events;			/* wanted; ready_lock */
	u64 data;
};

struct epoll *epoll_of(const struct file *f);	/* NULL: it is none */
/* epoll_ways.c; epoll_mutex held. Would file in ep close a circle, or nest too deep? */
bool epoll_is_too_deep(struct epoll *ep, struct file *file);
/* Now that ep watches file: do too many ways lead up from it, or from a file below it? */
bool epoll_has_too_many_ways(struct epoll *ep, struct file *file);
#endif
