/*
 * sync/mutex.h: sleeping locks: a mutex and a reader-writer lock (writers are not starved).
 * Errors: the _killable forms return -EINTR when the task is being killed, the _interruptible one for any signal; the
 * others cannot fail.
 */
#ifndef SYNC_MUTEX_H
#define SYNC_MUTEX_H
#include "sync/spinlock.h"
#include "base/list.h"

#define SLEEP_LOCK_SPINS 200	/* looks at a taken lock before a task sleeps for it, where there are several CPUs */

struct task;
struct mutex {
	struct spinlock lock;	/* guards the list */
	struct task *owner;	/* borrowed: the holder, and bits. atomic, see mutex.c */
	struct list waiters;	/* in order of arrival */
	enum lock_rank rank;
};
#define MUTEX_INIT(name, r) { SPINLOCK_INIT(RANK_WAITQUEUE), NULL, LIST_INIT((name).waiters), (r) }
void mutex_init(struct mutex *m, enum lock_rank rank);
void mutex_lock(struct mutex *m);
int __must_check mutex_lock_killable(struct mutex *m);
int __must_check mutex_lock_interruptible(struct mutex *m);
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);

struct rwlock {
	struct spinlock lock;	/* guards the list */
	int readers;		/* readers inside, and bits, see rwlock.c. atomic */
	struct list waiters;	/* in order of arrival */
	enum lock_rank rank;
};
/* The first in line was woken and came too late again; lost_ns is its own, 0 at first. True: it has lost for too long. */
bool lock_loss_starves(u64 *lost_ns);

#define RWLOCK_INIT(name, r) { SPINLOCK_INIT(RANK_WAITQUEUE), 0, LIST_INIT((name).waiters), (r) }
void rw_init(struct rwlock *l, enum lock_rank rank);
void rw_read_lock(struct rwlock *l);
bool rw_read_trylock(struct rwlock *l);
void rw_read_unlock(struct rwlock *l);
void rw_write_lock(struct rwlock *l);
int __must_check rw_write_lock_killable(struct rwlock *l);
void rw_write_unlock(struct rwlock *l);
#endif
