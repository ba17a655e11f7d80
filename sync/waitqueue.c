/*
 * sync/waitqueue.c: lists of those who wait, and one-shot events (struct completion of task/task.h).
 *
 * A sleeper queues itself, sets its state, and only then looks at its condition; a waker makes the condition true and
 * only then looks for waiters. Both steps are ordered by a full barrier, so at least one sees the other.
 * Locks: wq->lock (irqsave); a wake function runs under it and may take a run queue's lock.
 */
#include "sync/waitqueue.h"
#include "task/task.h"
#include "signal/signal.h"

void waitqueue_init(struct waitqueue *wq)
{
	spin_init(&wq->lock, RANK_WAITQUEUE);
	list_init(&wq->waiters);
}

void waiter_init(struct waiter *w)
{
	list_init(&w->node);
	w->task = current;
	w->wake = waiter_wake_task;
	w->is_exclusive = false;
}

/* Takes w out once its task is awake, so that the task need not lock the queue to leave it: w may be gone as soon as
 * its own links say that it is out, which is the last thing written. */
bool waiter_wake_task(struct waiter *w, unsigned long key)
{
	if (!sched_wake(w->task, TASK_NORMAL))
		return false;
	w->node.next->prev = w->node.prev;
	w->node.prev->next = w->node.next;
	w->node.prev = &w->node;
	__atomic_store_n(&w->node.next, &w->node, __ATOMIC_RELEASE);
	return true;
}

static bool waiter_is_out(const struct waiter *w)
{
	return __atomic_load_n(&w->node.next, __ATOMIC_ACQUIRE) == &w->node;
}

static void waitqueue_add_locked(struct waitqueue *wq, struct waiter *w)
{
	if (w->is_exclusive)
		list_push_back(&wq->waiters, &w->node);
	else
		list_push_front(&wq->waiters, &w->node);
}

void waitqueue_add(struct waitqueue *wq, struct waiter *w)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	waitqueue_add_locked(wq, w);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void waitqueue_remove(struct waitqueue *wq, struct waiter *w)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	list_remove(&w->node);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void wake_up_n_locked(struct waitqueue *wq, int exclusive, unsigned long key)
{
	struct waiter *w, *tmp;

	list_for_each_safe(w, tmp, &wq->waiters, node) {
		bool is_exclusive = w->is_exclusive;	/* a woken waiter may be gone once its task runs */

		if (w->wake(w, key) && is_exclusive && --exclusive <= 0)
			break;
	}
}

static __noinline void wake_up_waiters(struct waitqueue *wq, int exclusive, unsigned long key)
{
	unsigned long flags;

	sched_hold_kicks();
	flags = spin_lock_irqsave(&wq->lock);
	wake_up_n_locked(wq, exclusive, key);
	spin_unlock_irqrestore(&wq->lock, flags);
	sched_release_kicks();
}

void wake_up_n(struct waitqueue *wq, int exclusive, unsigned long key)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (waitqueue_has_waiters(wq))
		wake_up_waiters(wq, exclusive, key);
}

void wait_prepare(struct waitqueue *wq, struct waiter *w, int state)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	if (list_is_empty(&w->node))
		waitqueue_add_locked(wq, w);
	task_set_state(state);
	spin_unlock_irqrestore(&wq->lock, flags);
}

int wait_sleep(int state, u64 deadline_ns)
{
	if ((state & TASK_INTERRUPTIBLE) && signal_is_pending())
		return -ERESTARTSYS;
	if ((state & TASK_WAKEKILL) && fatal_signal_is_pending())
		return -EINTR;
	if (!deadline_ns) {
		schedule();
		return 0;
	}
	return schedule_timeout(deadline_ns) ? 0 : -ETIME;
}

void wait_finish(struct waitqueue *wq, struct waiter *w)
{
	WRITE_ONCE(current->state, TASK_RUNNING);
	if (!waiter_is_out(w))
		waitqueue_remove(wq, w);
}

void completion_init(struct completion *c)
{
	c->is_done = false;
	waitqueue_init(&c->wait);
}

/* c may be on the waiter's stack: it is not touched after the unlock, and a waiter leaves only with the lock taken. */
void completion_done(struct completion *c)
{
	unsigned long flags;

	sched_hold_kicks();
	flags = spin_lock_irqsave(&c->wait.lock);
	c->is_done = true;
	wake_up_n_locked(&c->wait, 1 << 30, 0);
	spin_unlock_irqrestore(&c->wait.lock, flags);
	sched_release_kicks();
}

static bool completion_is_done(struct completion *c)
{
	unsigned long flags = spin_lock_irqsave(&c->wait.lock);
	bool is_done = c->is_done;

	spin_unlock_irqrestore(&c->wait.lock, flags);
	return is_done;
}

void completion_wait(struct completion *c)
{
	wait_event(&c->wait, completion_is_done(c));
}

int completion_wait_killable(struct completion *c)
{
	return wait_event_killable(&c->wait, completion_is_done(c));
}
