/*
 * sync/futex_pi.c: locks with priority inheritance: LOCK_PI, LOCK_PI2, TRYLOCK_PI, UNLOCK_PI.
 * The user word holds the owner's thread number; without contention the kernel is not asked. The first who must wait
 * makes a pi_lock for the word, which names the owner; while it exists the word has FUTEX_WAITERS set, so that the
 * owner asks the kernel to unlock. Unlocking hands the lock to the most urgent waiter; until then the owner runs with
 * that waiter's real-time priority, and so does whoever the owner itself waits for.
 * A dying owner's lock goes to the most urgent waiter too, which writes its number and FUTEX_OWNER_DIED into the word.
 * Locks: the word's bucket, then pi_lock_lock for owners, lists and blocked_on. Errors: EDEADLK, ESRCH, EPERM, EINVAL,
 * EAGAIN, ETIMEDOUT, EFAULT, ENOMEM. Source: futex(2), pthread_mutexattr_setprotocol(3).
 * A waiter of FUTEX_WAIT_REQUEUE_PI sleeps on another word until FUTEX_CMP_REQUEUE_PI gives it the lock, or makes it one of
 * the lock's waiters as if it had asked itself (futex_requeue_pi.c): it is then asleep already.
 * Differences from Linux: nice values are not inherited.
 */
#include "sync/futex_pi.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "task/task.h"
#include <linux/futex.h>

struct pi_lock {
	struct list owner_node;		/* in owner->pi_owned */
	struct list waiters;		/* of pi_waiter, most urgent first */
	struct futex_key key;		/* borrowed of its waiters, to find it */
	struct list all_node;	/* in pi_locks */
	struct task *owner;		/* borrowed: its death hands the lock on first */
};
SLAB_CACHE(pi_lock_cache, struct pi_lock);

static struct spinlock pi_locks_lock = SPINLOCK_INIT(RANK_FUTEX);
static struct list pi_locks = LIST_INIT(pi_locks);	/* few at a time: only the contended ones */

/* -- who owns what, who waits for whom: under pi_locks_lock -- */

static struct pi_lock *find_locked(const struct futex_key *k)
{
	struct pi_lock *l;

	list_for_each(l, &pi_locks, all_node) {
		if (futex_key_is_same(&l->key, k))
			return l;
	}
	return NULL;
}

static void set_owner_locked(struct pi_lock *l, struct task *owner)
{
	list_remove(&l->owner_node);
	if (owner)
		list_push_back(&owner->pi_owned, &l->owner_node);
	l->owner = owner;
}

static void insert_locked(struct pi_lock *l, struct pi_waiter *w)
{
	struct pi_waiter *other;

	list_for_each(other, &l->waiters, node) {
		if (other->task->sched.level < w->task->sched.level)
			break;
	}
	list_insert_between(&w->node, other->node.prev, &other->node);
}

/* The priority that t gets from those who wait for its locks. */
static int inherited_locked(struct task *t)
{
	struct pi_lock *l;
	int most = 0;

	list_for_each(l, &t->pi_owned, owner_node) {
		if (!list_is_empty(&l->waiters))
			most = MAX(most, list_first(&l->waiters, struct pi_waiter, node)->task->sched.level);
	}
	return most;
}

/* t's waiters have changed: it, and whoever it waits for in turn, gets the priority that follows. */
static void propagate_locked(struct task *t)
{
	while (t) {
		int level = t->sched.level;
		struct pi_waiter *w;

		sched_set_boost(t, inherited_locked(t));
		w = t->pi_blocked_on;
		if (t->sched.level == level || !w || w->is_granted)
			return;
		list_remove(&w->node);
		insert_locked(w->lock, w);
		t = w->lock->owner;
	}
}

/* Would t, waiting for owner, wait for itself? */
static bool is_deadlock_locked(struct task *t, struct task *owner)
{
	while (owner) {
		struct pi_waiter *w = owner->pi_blocked_on;

		if (owner == t)
			return true;
		owner = w && !w->is_granted ? w->lock->owner : NULL;
	}
	return false;
}

/* l's last waiter has gone. */
static void forget_if_unused_locked(struct pi_lock *l)
{
	if (!list_is_empty(&l->waiters))
		return;
	set_owner_locked(l, NULL);
	list_remove(&l->all_node);
	slab_free(&pi_lock_cache, l);
}

/* -- locking -- */

static int cmpxchg_locked(uptr addr, u32 expected, u32 desired)
{
	u32 seen;
	int err;

	current->faults_off = true;
	err = arch_user_cmpxchg32(addr, expected, desired, &seen);
	current->faults_off = false;
	return err ? err : seen == expected ? 0 : -EAGAIN;
}

struct attempt {
	uptr addr;			/* the word, where current sees it */
	bool is_shared, is_try;
	struct deadline deadline;
	struct pi_lock *fresh;		/* owned: memory for a new lock, or NULL once used */
	struct task *owner;		/* reference, to be put without locks; or NULL */
	struct task *task;		/* borrowed: who is to have the lock: current, or one that waits to be moved here */
	struct pi_waiter *waiter;	/* borrowed: on that task's stack */
};

/* Makes the lock that a->owner has. 0, or -EBUSY: the owner has just died. */
static int new_lock_locked(struct attempt *a, const struct futex_key *k, struct pi_lock **out)
{
	struct pi_lock *l = a->fresh;

	if (a->owner->is_futex_dead)
		return -EBUSY;
	a->fresh = NULL;
	list_init(&l->owner_node);
	list_init(&l->waiters);
	l->key = *k;
	set_owner_locked(l, a->owner);
	list_push_back(&pi_locks, &l->all_node);
	*out = l;
	return 0;
}

/* The owner that the word names. 0, -ESRCH: there is none (-EBUSY: no more, look again), -EPERM. */
static int find_owner(struct attempt *a, u32 word)
{
	u32 now;

	a->owner = task_find((int)(word & FUTEX_TID_MASK));
	if (a->owner && (a->owner->flags & PF_KTHREAD))
		return -EPERM;
	if (a->owner && !READ_ONCE(a->owner->is_futex_dead))
		return 0;
	return !futex_load_locked(a->addr, &now) && now != (word | FUTEX_WAITERS) ? -EBUSY : -ESRCH;
}

/* Under the bucket's lock and pi_locks_lock: queues behind l's owner. */
static int join_locked(struct attempt *a, struct pi_lock *l)
{
	struct pi_waiter *w = a->waiter;

	if (is_deadlock_locked(a->task, l->owner)) {
		forget_if_unused_locked(l);
		return -EDEADLK;
	}
	if (a->is_try) {
		forget_if_unused_locked(l);
		return -EAGAIN;
	}
	*w = (struct pi_waiter){ .lock = l, .task = a->task };
	insert_locked(l, w);
	a->task->pi_blocked_on = w;
	propagate_locked(l->owner);
	return 1;
}

/* One look at the word. 0: ours; 1: queued; -EBUSY: again; -EFAULT: fault the word in; or the error. */
static int try_locked(struct attempt *a, const struct futex_key *k)
{
	u32 word, tid = (u32)task_tid_own(a->task);
	struct pi_lock *l;
	int err = futex_load_locked(a->addr, &word);

	if (err)
		return err;
	if ((word & FUTEX_TID_MASK) == tid)
		return -EDEADLK;
	spin_lock(&pi_locks_lock);
	l = find_locked(k);
	if (l) {
		err = join_locked(a, l);
		spin_unlock(&pi_locks_lock);
		return err;
	}
	spin_unlock(&pi_locks_lock);
	if (!(word & FUTEX_TID_MASK)) {
		err = cmpxchg_locked(a->addr, word, (word & FUTEX_OWNER_DIED) | tid);
		return err == -EAGAIN ? -EBUSY : err;
	}
	err = cmpxchg_locked(a->addr, word, word | FUTEX_WAITERS);
	if (err)
		return err == -EAGAIN ? -EBUSY : err;
	err = find_owner(a, word);
	if (err)
		return err;
	spin_lock(&pi_locks_lock);
	err = new_lock_locked(a, k, &l);
	if (!err)
		err = join_locked(a, l);
	spin_unlock(&pi_locks_lock);
	return err;
}

/* A death gave us the lock: the word gets our number. The lock stays ours whatever the word says. */
static int write_own_number(uptr addr)
{
	u32 word, seen, mine = FUTEX_OWNER_DIED | FUTEX_WAITERS | (u32)task_tid_seen(current);

	do {
		if (get_user_u32(&word, addr) || arch_user_cmpxchg32(addr, word, mine, &seen))
			return -EFAULT;
	} while (seen != word);
	return 0;
}

/* Sleeps until the lock is ours or there is a reason not to wait on. */
static int wait_granted(struct attempt *a)
{
	struct pi_waiter *w = a->waiter;
	bool is_late = false;
	int err = 0;

	for (;;) {
		spin_lock(&pi_locks_lock);
		if (w->is_granted || is_late || signal_is_pending())
			break;
		task_set_state(TASK_INTERRUPTIBLE);
		spin_unlock(&pi_locks_lock);
		is_late = schedule_deadline(&a->deadline);
	}
	WRITE_ONCE(current->state, TASK_RUNNING);
	if (!w->is_granted)
		err = is_late ? -ETIMEDOUT : -ERESTARTNOINTR;
	if (w->is_granted && w->is_by_death) {
		spin_unlock(&pi_locks_lock);
		err = write_own_number(a->addr);
		spin_lock(&pi_locks_lock);
	}
	if (!list_is_empty(&w->node)) {
		struct task *owner = w->lock->owner;

		list_remove(&w->node);
		forget_if_unused_locked(w->lock);
		propagate_locked(owner);
	}
	current->pi_blocked_on = NULL;
	spin_unlock(&pi_locks_lock);
	return err;
}

int futex_pi_wait_moved(uptr addr, struct pi_waiter *w, const struct deadline *d)
{
	struct attempt a = { .addr = addr, .deadline = *d, .task = current, .waiter = w };

	return wait_granted(&a);
}

int futex_pi_proxy_locked(struct pi_proxy *p, const struct futex_key *k, struct task *t, struct pi_waiter *w)
{
	struct attempt a = { .addr = p->addr, .fresh = p->fresh, .owner = p->owner, .task = t, .waiter = w };
	int err = try_locked(&a, k);

	p->fresh = a.fresh;
	p->owner = a.owner;
	return err;
}

int futex_pi_proxy_begin(struct pi_proxy *p)
{
	task_put(p->owner);
	p->owner = NULL;
	if (!p->fresh)
		p->fresh = slab_alloc(&pi_lock_cache);
	return p->fresh ? 0 : -ENOMEM;
}

void futex_pi_proxy_end(struct pi_proxy *p)
{
	task_put(p->owner);
	slab_free(&pi_lock_cache, p->fresh);
}

static int lock_once(struct attempt *a)
{
	struct futex_key k;
	struct futex_bucket *b;
	int err = futex_key_get(a->addr, a->is_shared, &k);

	if (err)
		return err;
	b = futex_bucket_of(&k);
	spin_lock(&b->lock);
	err = try_locked(a, &k);
	spin_unlock(&b->lock);
	task_put(a->owner);
	a->owner = NULL;
	if (err == -EFAULT && !futex_fault_in(a->addr, true))
		err = -EBUSY;
	if (err == 1)
		err = wait_granted(a);
	futex_key_put(&k);
	return err;
}

int futex_lock_pi(uptr addr, bool is_shared, const struct deadline *d, bool is_try)
{
	struct pi_waiter waiter;
	struct attempt a = { .addr = addr, .is_shared = is_shared, .is_try = is_try, .deadline = *d, .task = current,
			     .waiter = &waiter };
	int err;

	do {
		if (!a.fresh)
			a.fresh = slab_alloc(&pi_lock_cache);
		if (!a.fresh)
			return -ENOMEM;
		err = lock_once(&a);
		if (err == -EBUSY) {
			if (signal_is_pending())
				err = -ERESTARTNOINTR;
			else
				sched_yield_current();
		}
	} while (err == -EBUSY);
	slab_free(&pi_lock_cache, a.fresh);
	return err;
}

/* -- unlocking -- */

/* Under pi_locks_lock: the most urgent waiter becomes the owner. Its word has been written, unless by death. */
static void grant_locked(struct pi_lock *l, bool is_by_death)
{
	struct pi_waiter *w = list_first(&l->waiters, struct pi_waiter, node);
	struct task *next = w->task;

	w->is_granted = true;
	w->is_by_death = is_by_death;
	set_owner_locked(l, next);
	if (!is_by_death) {
		list_remove(&w->node);
		forget_if_unused_locked(l);
	}
	sched_set_boost(next, inherited_locked(next));
	sched_wake(next, TASK_INTERRUPTIBLE);
}

/* 0, -EFAULT, -EBUSY: again, or the error. The bucket is locked. */
static int unlock_locked(uptr addr, const struct futex_key *k)
{
	u32 word, tid = (u32)task_tid_seen(current);
	struct pi_lock *l;
	int err = futex_load_locked(addr, &word);

	if (err)
		return err;
	if ((word & FUTEX_TID_MASK) != tid)
		return -EPERM;
	spin_lock(&pi_locks_lock);
	l = find_locked(k);
	if (!l) {
		err = cmpxchg_locked(addr, word, 0);
	} else if (l->owner != current) {
		err = -EINVAL;
	} else {
		struct task *next = list_first(&l->waiters, struct pi_waiter, node)->task;

		err = cmpxchg_locked(addr, word, FUTEX_WAITERS | (u32)task_tid_own(next));
		if (!err) {
			grant_locked(l, false);
			sched_set_boost(current, inherited_locked(current));
		}
	}
	spin_unlock(&pi_locks_lock);
	return err == -EAGAIN ? -EBUSY : err;
}

int futex_unlock_pi(uptr addr, bool is_shared)
{
	struct futex_key k;
	struct futex_bucket *b;
	int err;

	do {
		err = futex_key_get(addr, is_shared, &k);
		if (err)
			return err;
		b = futex_bucket_of(&k);
		spin_lock(&b->lock);
		err = unlock_locked(addr, &k);
		spin_unlock(&b->lock);
		futex_key_put(&k);
		if (err == -EFAULT && !futex_fault_in(addr, true))
			err = -EBUSY;
	} while (err == -EBUSY);
	return err;
}

void futex_pi_exit(struct task *t)
{
	spin_lock(&pi_locks_lock);
	while (!list_is_empty(&t->pi_owned))
		grant_locked(list_first(&t->pi_owned, struct pi_lock, owner_node), true);
	if (t->flags & PF_EXITING)	/* else it is exec that leaves the memory */
		WRITE_ONCE(t->is_futex_dead, true);
	spin_unlock(&pi_locks_lock);
}
