/*
 * fs/poll.h: waiting on many files at once, for poll and select. The first look at each file queues a waiter on what
 * the file names; any of them wakes the task, which then looks at all again.
 */
#ifndef FS_POLL_H
#define FS_POLL_H
#include "fs/vfs.h"

#define POLL_INLINE 8

struct poll_waiter {
	struct waiter w;
	struct waitqueue *wq;		/* borrowed: lives as long as file */
	struct file *file;		/* reference */
	unsigned long events;		/* what a wake-up must bring to count */
	struct poll_queue *owner;	/* borrowed */
};
struct poll_chunk { struct poll_chunk *next; unsigned used; struct poll_waiter waiters[24]; };

struct poll_queue {
	struct poll_table table;
	struct task *task;		/* borrowed: who sleeps */
	bool is_triggered;
	bool out_of_memory;
	unsigned used;
	struct poll_waiter waiters[POLL_INLINE];
	struct poll_chunk *more;	/* owned */
};

void poll_queue_init(struct poll_queue *q);
/* Sleeps until something is triggered. 0, -ERESTARTSYS (a signal) or -ETIME. deadline 0: none. */
int poll_queue_sleep(struct poll_queue *q, u64 deadline_ns);
void poll_queue_end(struct poll_queue *q);

/* What f is ready for; pt may be NULL: only look. */
unsigned file_poll(struct file *f, struct poll_table *pt);

/* How a wait with a timeout at a user address (0: none) ends: what is left of it is written back, in microseconds or
 * nanoseconds. result: of the wait; gives what the call returns. */
long timeout_end(int result, uptr timeout, bool is_timeval, u64 deadline);
/* A time to wait, from now: the moment it ends (never 0; at most far away). */
u64 deadline_after(u64 ns);
#endif
