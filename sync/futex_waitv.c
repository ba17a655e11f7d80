/*
 * sync/futex_waitv.c: futex_waitv(2): sleeping on many words until one of them is woken.
 * Locks: buckets, one after the other. Errors: EINVAL (flags, count, clock, a waiter's size), EFAULT, EAGAIN (a word has
 * changed already), ETIMEDOUT, ERESTARTSYS, ENOMEM. Source: Linux's documentation of futex2; linux/futex.h.
 */
#include "sync/futex.h"
#include "arch/arch.h"
#include "namespace/time_ns.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/futex.h>
#include <linux/time.h>

struct one { struct futex_waiter w; uptr addr; u32 value; bool is_shared; };

static int parse(struct one *all, unsigned n, uptr waiters)
{
	struct futex_waitv v;

	for (unsigned i = 0; i < n; i++) {
		if (copy_from_user(&v, waiters + i * sizeof(v), sizeof(v)))
			return -EFAULT;
		if ((v.flags & ~(FUTEX_32 | FUTEX_PRIVATE_FLAG)) || v.__reserved || !(v.flags & FUTEX_32))
			return -EINVAL;
		all[i] = (struct one){ .addr = v.uaddr, .value = (u32)v.val, .is_shared = !(v.flags & FUTEX_PRIVATE_FLAG),
				       .w = { .task = current, .bitset = FUTEX_BITSET_MATCH_ANY } };
		list_init(&all[i].w.node);
	}
	return 0;
}

static void put_keys(struct one *all, unsigned n)
{
	while (n--)
		futex_key_put(&all[n].w.key);
}

static int get_keys(struct one *all, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		int err = futex_key_get(all[i].addr, all[i].is_shared, &all[i].w.key);

		if (err) {
			put_keys(all, i);
			return err;
		}
	}
	return 0;
}

/* Which of the first n was woken (the last one, if several were), or -1. */
static int dequeue_all(struct one *all, unsigned n)
{
	int woken = -1;

	for (unsigned i = 0; i < n; i++) {
		if (!futex_dequeue(&all[i].w))
			woken = (int)i;
	}
	return woken;
}

/* A waker may have come before the later words were looked at, when current was not asleep yet: it holds the bucket's lock
 * until it is done. current's state is set. */
static bool is_any_woken(struct one *all, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct futex_bucket *b = __atomic_load_n(&all[i].w.bucket, __ATOMIC_ACQUIRE);

		if (b) {
			spin_lock(&b->lock);
			spin_unlock(&b->lock);
		}
		if (!__atomic_load_n(&all[i].w.bucket, __ATOMIC_ACQUIRE))
			return true;
	}
	return false;
}

/* One sleep: the index of who was woken, an error, or -EINTR: for no reason, look again. */
static int wait_once(struct one *all, unsigned n, const struct deadline *d)
{
	bool is_late = false;
	int woken;

	for (unsigned i = 0; i < n; i++) {
		int err = futex_enqueue_if_equal(all[i].addr, all[i].value, &all[i].w);

		if (err) {
			WRITE_ONCE(current->state, TASK_RUNNING);
			woken = dequeue_all(all, i);
			return woken >= 0 ? woken : err;
		}
	}
	if (!is_any_woken(all, n - 1))
		is_late = schedule_deadline(d);
	WRITE_ONCE(current->state, TASK_RUNNING);
	woken = dequeue_all(all, n);
	if (woken >= 0)
		return woken;
	return is_late ? -ETIMEDOUT : signal_is_pending() ? -ERESTARTSYS : -EINTR;
}

static int get_deadline(struct deadline *d, uptr timeout, int clock)
{
	int err;

	if (!timeout)
		return 0;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return -EINVAL;
	err = get_timespec_ns(&d->ns, timeout);
	d->is_real = clock == CLOCK_REALTIME;
	if (!err && !d->is_real)
		d->ns = clock_meant_ns(CLOCK_MONOTONIC, d->ns);
	d->ns = MAX(d->ns, 1);		/* 0 is "never" */
	return err;
}

long sys_futex_waitv(uptr waiters, unsigned n, unsigned flags, uptr timeout, int clock)
{
	struct deadline d = { 0 };
	struct one *all;
	int result;

	if (flags || !n || n > FUTEX_WAITV_MAX || !waiters)
		return -EINVAL;
	result = get_deadline(&d, timeout, clock);
	if (result)
		return result;
	all = kmalloc(n * sizeof(*all));
	if (!all)
		return -ENOMEM;
	result = parse(all, n, waiters);
	if (!result)
		result = get_keys(all, n);
	if (!result) {
		do {
			result = wait_once(all, n, &d);
		} while (result == -EINTR);
		put_keys(all, n);
	}
	kfree(all);
	return result;
}
