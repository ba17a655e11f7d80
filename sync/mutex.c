/*
 * sync/mutex.c: the sleeping mutex. The lock is handed over in order of arrival, so nobody starves; since the kernel is
 * not preempted a holder is only met when it sleeps or runs on another CPU; for the latter a newcomer looks a few times
 * again before it queues, unless others wait already.
 * m->owner is one atomic word: the holder, and a bit that says somebody waits. While the bit is clear, taking and
 * giving up are one exchange each; whoever finds a holder sets the bit and queues, and then the holder gives up under
 * m->lock.
 * Locks: m->lock guards the list and every change of the word while the bit is set.
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

#define HAS_WAITERS 1UL

static bool owner_cas(struct mutex *m, unsigned long old, unsigned long new)
{
	return __atomic_compare_exchange_n((unsigned long *)&m->owner, &old, new, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

static unsigned long owner_word(const struct mutex *m)
{
	return __atomic_load_n((const unsigned long *)&m->owner, __ATOMIC_ACQUIRE);
}

static bool is_mine(const struct mutex *m) { return (owner_word(m) & ~HAS_WAITERS) == (unsigned long)current; }

bool mutex_trylock(struct mutex *m)
{
	if (!owner_cas(m, 0, (unsigned long)current))
		return false;
	lock_debug_acquire(m, RANK_NONE, false, __builtin_return_address(0));
	return true;
}

/* Under m->lock. True: the holder left just now and the mutex is ours; false: the bit is set, so it will hand over. */
static bool take_or_mark_locked(struct mutex *m)
{
	for (;;) {
		unsigned long word = owner_word(m);

		if (!word && owner_cas(m, 0, (unsigned long)current))
			return true;
		if (word && ((word & HAS_WAITERS) || owner_cas(m, word, word | HAS_WAITERS)))
			return false;
	}
}

static bool is_interrupted(int state)
{
	return ((state & TASK_WAKEKILL) && fatal_signal_is_pending()) || ((state & TASK_INTERRUPTIBLE) && signal_is_pending());
}

/* Most holders on other CPUs are done soon, and a sleep with its wake-up costs more than looking a few times. */
static bool spin_for(struct mutex *m)
{
	for (unsigned i = 0; cpus_online > 1 && i < SLEEP_LOCK_SPINS; i++) {
		unsigned long word = owner_word(m);

		if (!word && owner_cas(m, 0, (unsigned long)current))
			return true;
		if (word & HAS_WAITERS)
			return false;
		arch_relax();
	}
	return false;
}

/* 0: the mutex is ours; -EINTR: a signal that ends sleeps in this state came first. */
static __noinline int mutex_wait(struct mutex *m, int state)
{
	struct mutex_waiter w = { .task = current };
	int err = 0;

	BUG_ON(is_mine(m));
	if (spin_for(m))
		return 0;
	spin_lock(&m->lock);
	if (take_or_mark_locked(m)) {
		spin_unlock(&m->lock);
		return 0;
	}
	list_push_back(&m->waiters, &w.node);
	while (!is_mine(m)) {
		if (is_interrupted(state)) {
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
	if (unlikely(!owner_cas(m, 0, (unsigned long)current)))
		(void)mutex_wait(m, TASK_UNINTERRUPTIBLE);
}

static __always_inline int lock_in_state(struct mutex *m, int state, void *ip)
{
	int err;

	lock_debug_acquire(m, m->rank, false, ip);
	if (likely(owner_cas(m, 0, (unsigned long)current)))
		return 0;
	err = mutex_wait(m, state);
	if (err)
		lock_debug_release(m, false);
	return err;
}

int mutex_lock_killable(struct mutex *m)
{
	return lock_in_state(m, TASK_KILLABLE, __builtin_return_address(0));
}

int mutex_lock_interruptible(struct mutex *m)
{
	return lock_in_state(m, TASK_INTERRUPTIBLE, __builtin_return_address(0));
}

/* To the first in the list; the bit stays while there are more. */
static __noinline void hand_over(struct mutex *m)
{
	struct mutex_waiter *w;
	struct task *next = NULL;
	unsigned long word = 0;

	BUG_ON(!is_mine(m));
	spin_lock(&m->lock);
	if (!list_is_empty(&m->waiters)) {
		w = list_first(&m->waiters, struct mutex_waiter, node);
		next = w->task;
		list_remove(&w->node);
		word = (unsigned long)next | (list_is_empty(&m->waiters) ? 0 : HAS_WAITERS);
	}
	__atomic_store_n((unsigned long *)&m->owner, word, __ATOMIC_RELEASE);
	if (next)
		sched_wake(next, TASK_NORMAL);	/* under m->lock: the waiter, and its stack, is still there */
	spin_unlock(&m->lock);
}

void mutex_unlock(struct mutex *m)
{
	lock_debug_release(m, false);
	if (unlikely(!owner_cas(m, (unsigned long)current, 0)))
		hand_over(m);
}
