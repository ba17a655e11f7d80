/*
 * sync/futex_requeue_pi.c: condition variables with priority inheritance. FUTEX_WAIT_REQUEUE_PI sleeps on one word (the
 * condition) and returns with the PI lock of another (the mutex); FUTEX_CMP_REQUEUE_PI moves sleepers there: the first gets
 * the lock if it is free, the others become its waiters, without having run.
 * Locks: both words' buckets, and inside them those of futex_pi.c. A sleeper's request changes under its bucket's lock.
 * Errors: EINVAL (the same word, another mutex than the sleeper named, a plain waiter), EAGAIN (the word has changed; or a
 * signal came when it had been moved), ETIMEDOUT, EFAULT, EDEADLK, ESRCH, EPERM, ENOMEM. Source: futex(2).
 */
#include "sync/futex.h"
#include "sync/futex_pi.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "task/task.h"
#include <linux/futex.h>

struct requeue_pi {			/* on the sleeper's stack */
	struct futex_key key;		/* of the mutex */
	enum { NOT_MOVED, MOVED, HAS_LOCK } state;
	struct pi_waiter waiter;
};

/* -- the sleeper -- */

/* It slept, and is on no bucket's list any more. */
static int finish_wait(struct requeue_pi *q, uptr addr2, const struct deadline *d)
{
	int err;

	if (q->state == HAS_LOCK)
		return 0;
	err = futex_pi_wait_moved(addr2, &q->waiter, d);
	/* beginning again would find the condition's word changed */
	return err == -ERESTARTNOINTR ? -EAGAIN : err;
}

static int wait_for_move(uptr addr, u32 value, const struct deadline *d, uptr addr2, struct futex_waiter *w)
{
	int err = futex_enqueue_if_equal(addr, value, w);
	bool is_late;

	if (err)
		return err;
	is_late = schedule_deadline(d);
	WRITE_ONCE(current->state, TASK_RUNNING);
	if (!futex_dequeue(w))
		return finish_wait(w->pi, addr2, d);
	return is_late ? -ETIMEDOUT : signal_is_pending() ? -ERESTARTNOINTR : -EAGAIN;
}

int futex_wait_requeue_pi(uptr addr, bool is_shared, u32 value, const struct deadline *d, uptr addr2)
{
	struct requeue_pi q = { .state = NOT_MOVED };
	struct futex_waiter w = { .task = current, .bitset = FUTEX_BITSET_MATCH_ANY, .pi = &q };
	int err;

	if (addr == addr2)
		return -EINVAL;
	list_init(&w.node);
	err = futex_key_get(addr2, is_shared, &q.key);
	if (err)
		return err;
	err = futex_key_get(addr, is_shared, &w.key);
	if (!err) {
		if (futex_key_is_same(&w.key, &q.key))
			err = -EINVAL;
		else
			err = wait_for_move(addr, value, d, addr2, &w);
		futex_key_put(&w.key);
	}
	futex_key_put(&q.key);
	return err;
}

/* -- who moves them -- */

/* One sleeper. 1: moved; else as futex_pi_proxy_locked. */
static int move_locked(struct pi_proxy *p, struct futex_waiter *w)
{
	struct requeue_pi *q = w->pi;
	struct task *t = w->task;
	int err = futex_pi_proxy_locked(p, &q->key, t, &q->waiter);

	if (err < 0)
		return err;
	q->state = err ? MOVED : HAS_LOCK;
	list_remove(&w->node);
	if (!err)
		sched_wake(t, TASK_INTERRUPTIBLE);
	__atomic_store_n(&w->bucket, NULL, __ATOMIC_RELEASE);	/* it may be gone from here on */
	return 1;
}

/* Both buckets are locked. How many were moved is added to *done; 0 or the error that stopped it. */
static int move_all_locked(struct pi_proxy *p, struct futex_bucket *b, const struct futex_key *from, const struct futex_key *to,
			   int limit, int *done)
{
	struct futex_waiter *w, *next;

	list_for_each_safe(w, next, &b->waiters, node) {
		int err;

		if (*done >= limit)
			break;
		if (!futex_key_is_same(&w->key, from))
			continue;
		if (!w->pi || !futex_key_is_same(&w->pi->key, to))
			return -EINVAL;
		err = move_locked(p, w);
		if (err < 0)
			return err;
		++*done;
	}
	return 0;
}

struct move { uptr addr; struct pi_proxy proxy; struct futex_key from, to; u32 expected; int limit, done; };

static int try_move(struct move *m)
{
	struct futex_bucket *b1 = futex_bucket_of(&m->from), *b2 = futex_bucket_of(&m->to);
	u32 now;
	int err = futex_pi_proxy_begin(&m->proxy);

	if (err)
		return err;
	futex_lock_two(b1, b2);
	err = futex_load_locked(m->addr, &now);
	if (err) {
		futex_unlock_two(b1, b2);
		return futex_fault_in(m->addr, false) ? -EFAULT : -EBUSY;
	}
	/* once some are moved the word may change: the rest is moved all the same */
	err = now != m->expected && !m->done ? -EAGAIN :
	      move_all_locked(&m->proxy, b1, &m->from, &m->to, m->limit, &m->done);
	futex_unlock_two(b1, b2);
	if (err == -EFAULT && !futex_fault_in(m->proxy.addr, true))
		err = -EBUSY;
	return err;
}

int futex_cmp_requeue_pi(uptr addr, uptr addr2, bool is_shared, int wake, int move, u32 expected)
{
	struct move m = { .addr = addr, .proxy = { .addr = addr2 }, .expected = expected };
	int err;

	if (wake != 1 || move < 0 || addr == addr2)
		return -EINVAL;
	m.limit = move == 0x7fffffff ? move : move + wake;
	err = futex_key_get(addr, is_shared, &m.from);
	if (err)
		return err;
	err = futex_key_get(addr2, is_shared, &m.to);
	if (err) {
		futex_key_put(&m.from);
		return err;
	}
	if (futex_key_is_same(&m.from, &m.to))
		err = -EINVAL;
	while (!err) {
		err = try_move(&m);
		if (err != -EBUSY)
			break;
		sched_yield_current();
		err = signal_is_pending() && !m.done ? -ERESTARTNOINTR : 0;
	}
	futex_pi_proxy_end(&m.proxy);
	futex_key_put(&m.to);
	futex_key_put(&m.from);
	return err && !(m.done && err == -EBUSY) ? err : m.done;
}
