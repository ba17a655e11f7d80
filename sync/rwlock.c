/*
 * sync/rwlock.c: the sleeping reader-writer lock. Arrival order decides: a reader that comes after a waiting writer
 * waits too, so writers are not starved. A task must not take the read side twice: a writer between would block both.
 * Locks: l->lock guards the count and the list; is_granted is set under it by whoever hands the lock over.
 */
#include "sync/mutex.h"
#include "sync/waitqueue.h"
#include "task/task.h"
#include "base/printk.h"

struct rw_waiter {
	struct list node;
	struct task *task;
	bool is_writer, is_granted;
};

void rw_init(struct rwlock *l, enum lock_rank rank)
{
	spin_init(&l->lock, RANK_WAITQUEUE);
	l->readers = 0;
	list_init(&l->waiters);
	l->rank = rank;
}

/* Lets in whoever is first, and with a reader all readers directly behind it. l->lock is held. */
static void rw_grant_locked(struct rwlock *l)
{
	while (!list_is_empty(&l->waiters)) {
		struct rw_waiter *w = list_first(&l->waiters, struct rw_waiter, node);
		struct task *t = w->task;

		if (w->is_writer ? l->readers != 0 : l->readers < 0)
			break;
		l->readers += w->is_writer ? -1 : 1;
		list_remove(&w->node);
		w->is_granted = true;
		sched_wake(t, TASK_NORMAL);
	}
}

/* Takes l->lock over from the caller and releases it. */
static __noinline int rw_wait(struct rwlock *l, bool is_writer, int state)
{
	struct rw_waiter w = { .task = current, .is_writer = is_writer };
	int err = 0;

	list_push_back(&l->waiters, &w.node);
	while (!w.is_granted) {
		if ((state & TASK_WAKEKILL) && fatal_signal_is_pending()) {
			list_remove(&w.node);
			rw_grant_locked(l);	/* readers may have waited only for this writer */
			err = -EINTR;
			break;
		}
		task_set_state(state);
		spin_unlock(&l->lock);
		schedule();
		spin_lock(&l->lock);
	}
	WRITE_ONCE(current->state, TASK_RUNNING);
	spin_unlock(&l->lock);
	return err;
}

void rw_read_lock(struct rwlock *l)
{
	lock_debug_acquire(l, l->rank, false, __builtin_return_address(0));
	spin_lock(&l->lock);
	if (unlikely(l->readers < 0 || !list_is_empty(&l->waiters))) {
		(void)rw_wait(l, false, TASK_UNINTERRUPTIBLE);
		return;
	}
	l->readers++;
	spin_unlock(&l->lock);
}

bool rw_read_trylock(struct rwlock *l)
{
	bool is_taken = false;

	spin_lock(&l->lock);
	if (l->readers >= 0 && list_is_empty(&l->waiters)) {
		l->readers++;
		is_taken = true;
	}
	spin_unlock(&l->lock);
	if (is_taken)
		lock_debug_acquire(l, RANK_NONE, false, __builtin_return_address(0));
	return is_taken;
}

void rw_read_unlock(struct rwlock *l)
{
	lock_debug_release(l, false);
	spin_lock(&l->lock);
	BUG_ON(l->readers <= 0);
	if (--l->readers == 0 && !list_is_empty(&l->waiters))
		rw_grant_locked(l);
	spin_unlock(&l->lock);
}

void rw_write_lock(struct rwlock *l)
{
	lock_debug_acquire(l, l->rank, false, __builtin_return_address(0));
	spin_lock(&l->lock);
	if (unlikely(l->readers != 0 || !list_is_empty(&l->waiters))) {
		(void)rw_wait(l, true, TASK_UNINTERRUPTIBLE);
		return;
	}
	l->readers = -1;
	spin_unlock(&l->lock);
}

int rw_write_lock_killable(struct rwlock *l)
{
	int err = 0;

	lock_debug_acquire(l, l->rank, false, __builtin_return_address(0));
	spin_lock(&l->lock);
	if (unlikely(l->readers != 0 || !list_is_empty(&l->waiters))) {
		err = rw_wait(l, true, TASK_KILLABLE);
		if (err)
			lock_debug_release(l, false);
		return err;
	}
	l->readers = -1;
	spin_unlock(&l->lock);
	return 0;
}

void rw_write_unlock(struct rwlock *l)
{
	lock_debug_release(l, false);
	spin_lock(&l->lock);
	BUG_ON(l->readers != -1);
	l->readers = 0;
	if (!list_is_empty(&l->waiters))
		rw_grant_locked(l);
	spin_unlock(&l->lock);
}
