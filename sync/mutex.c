/*
 * sync/mutex.c: the sleeping mutex. The lock is handed over in order of arrival, so nobody starves; since the kernel is
 * not preempted a holder is only met when it sleeps, and the hand-over costs no switch that would not come anyway.
 * Locks: m->lock guards owner and the list; a waiter that finds itself owner was given the mutex.
 */
#include "sync/mutex.h"
#include "sync/waitqueue.h"
#include "task/task.h"
#include "base/printk.h"

struct mutex_waiter {
	struct list node;
	struct task *task;
};

void mutex_init(struct mutex *m, enum lock_rank rank)
{
	spin_init(&m->lock, RANK_WAITQUEUE);
	m->owner = NULL;
	list_init(&m->waiters);
	m->rank = rank;
}

bool mutex_trylock(struct mutex *m)
{
	bool is_taken = false;

	spin_lock(&m->lock);
	if (!m->owner) {
		m->owner = current;
		is_taken = true;
	}
	spin_unlock(&m->lock);
	if (is_taken)
		lock_debug_acquire(m, RANK_NONE, false, __builtin_return_address(0));
	return is_taken;
}

/* 0: the mutex is ours; -EINTR: a fatal signal came first (only for state TASK_KILLABLE). */
static __noinline int mutex_wait(struct mutex *m, int state)
{
	struct mutex_waiter w = { .task = current };
	int err = 0;

	BUG_ON(m->owner == current);
	list_push_back(&m->waiters, &w.node);
	while (m->owner != current) {
		if ((state & TASK_WAKEKILL) && fatal_signal_is_pending()) {
			list_remove(&w.node);
			err = -EINTR;
			break;
		}
		task_set_state(state);
		spin_unlock(&m->lock);
		schedule();
		spin_lock(&m->lock);
	}
	WRITE_ONCE(current->state, TASK_RUNNING);
	spin_unlock(&m->lock);
	return err;
}

void mutex_lock(struct mutex *m)
{
	lock_debug_acquire(m, m->rank, false, __builtin_return_address(0));
	spin_lock(&m->lock);
	if (unlikely(m->owner)) {
		(void)mutex_wait(m, TASK_UNINTERRUPTIBLE);
		return;
	}
	m->owner = current;
	spin_unlock(&m->lock);
}

int mutex_lock_killable(struct mutex *m)
{
	int err = 0;

	lock_debug_acquire(m, m->rank, false, __builtin_return_address(0));
	spin_lock(&m->lock);
	if (unlikely(m->owner)) {
		err = mutex_wait(m, TASK_KILLABLE);
		if (err)
			lock_debug_release(m, false);
		return err;
	}
	m->owner = current;
	spin_unlock(&m->lock);
	return 0;
}

void mutex_unlock(struct mutex *m)
{
	lock_debug_release(m, false);
	spin_lock(&m->lock);
	BUG_ON(m->owner != current);
	if (likely(list_is_empty(&m->waiters))) {
		m->owner = NULL;
	} else {
		struct mutex_waiter *w = list_first(&m->waiters, struct mutex_waiter, node);

		list_remove(&w->node);
		m->owner = w->task;
		sched_wake(w->task, TASK_NORMAL);	/* under m->lock: the waiter, and its stack, is still there */
	}
	spin_unlock(&m->lock);
}
