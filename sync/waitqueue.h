/*
 * sync/waitqueue.h: lists of those who wait for something.
 * Way in: wait_event*(wq, cond) sleeps until cond; whoever makes cond true calls wake_up*(wq) afterwards.
 * Locks: wq->lock (irqsave; RANK_WAITQUEUE), never held while the macros evaluate cond.
 * Results: 0, or -ERESTARTSYS (interruptible, a signal), -EINTR (killable, a fatal signal), -ETIME (deadline passed).
 */
#ifndef SYNC_WAITQUEUE_H
#define SYNC_WAITQUEUE_H
#include "sync/spinlock.h"
#include "base/list.h"
#include "base/errno.h"

struct task;
struct waiter;
/* Called under wq->lock by a wake-up. key: poll events, or 0 for all. Returns true if it woke its task. It may take w
 * out of the queue, as the default one does. */
typedef bool (*wake_fn)(struct waiter *w, unsigned long key);

struct waitqueue {
	struct spinlock lock;
	struct list waiters; /* of struct waiter, under lock */
};
struct waiter {
	struct list node;	/* in a waitqueue, or empty */
	struct task *task;	/* borrowed: who sleeps (default wake function) */
	wake_fn wake;		/* waiter_wake_task() unless set */
	bool is_exclusive;	/* a wake-up wakes only so many of these */
};
#define WAITQUEUE_INIT(name) { SPINLOCK_INIT(RANK_WAITQUEUE), LIST_INIT((name).waiters) }
void waitqueue_init(struct waitqueue *wq);
void waiter_init(struct waiter *w); /* for current, default wake function, not exclusive */
bool waiter_wake_task(struct waiter *w, unsigned long key);
void waitqueue_add(struct waitqueue *wq, struct waiter *w);	/* exclusive ones go to the end */
void waitqueue_remove(struct waitqueue *wq, struct waiter *w);
static inline bool waitqueue_has_waiters(struct waitqueue *wq) { return !list_is_empty(&wq->waiters); }
void wake_up_n(struct waitqueue *wq, int exclusive, unsigned long key);	/* all shared waiters and n exclusive ones */
void wake_up_n_locked(struct waitqueue *wq, int exclusive, unsigned long key);
#define wake_up(wq) wake_up_n(wq, 1, 0)
#define wake_up_all(wq) wake_up_n(wq, 1 << 30, 0)
#define wake_up_poll(wq, events) wake_up_n(wq, 1, events)

/* The steps of wait_event, for code that cannot use the macros. state: enum task_state of task/task.h.
 * wait_prepare queues w and sets current's state; wait_sleep: 0, or the error that ends the wait. */
void wait_prepare(struct waitqueue *wq, struct waiter *w, int state);
int wait_sleep(int state, u64 deadline_ns); /* deadline on the monotonic clock; 0: none */
void wait_finish(struct waitqueue *wq, struct waiter *w);

#define wait_event_state(wq, cond, state, deadline_ns) ({                                          \
	int _ret = 0;                                                                              \
	if (!(cond)) {                                                                             \
		struct waiter _w;                                                                  \
		waiter_init(&_w);                                                                  \
		for (;;) {                                                                 \
			wait_prepare((wq), &_w, (state));                                  \
			if (cond) {                                                        \
				_ret = 0;                                                  \
				break;                                                     \
			}                                                                  \
			if (_ret)                                                          \
				break;                                                     \
			_ret = wait_sleep((state), (deadline_ns));                         \
			if (cond) {                                                        \
				_ret = 0;                                                  \
				break;                                                     \
			}                                                                  \
		}                                                                          \
		wait_finish((wq), &_w);                                                            \
	}                                                                                          \
	_ret; })
#define wait_event(wq, cond) ((void)wait_event_state(wq, cond, TASK_UNINTERRUPTIBLE, 0))
#define wait_event_killable(wq, cond) wait_event_state(wq, cond, TASK_KILLABLE, 0)
#define wait_event_interruptible(wq, cond) wait_event_state(wq, cond, TASK_INTERRUPTIBLE, 0)
#define wait_event_interruptible_until(wq, cond, ns) wait_event_state(wq, cond, TASK_INTERRUPTIBLE, ns)
#endif
