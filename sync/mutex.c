/*
 * sync/mutex.c: the sleeping mutex. Since the kernel is not preempted a holder is only met when it sleeps or runs on
 * another CPU; for the latter a newcomer looks a few times again before it queues.
 * Giving up wakes the first in line but leaves the mutex free: whoever is running may take it before that one is on a
 * CPU, so the mutex is not idle for the time of a wake-up. Who was woken, came too late and has waited STARVED_NS gets
 * it handed over the next time, so nobody starves.
 * m->owner is one atomic word: the holder, a bit that says somebody waits, and one that says the first of them is awake
 * and will look. While there is no first bit, taking and giving up are one exchange each; with both bits too.
 * Invariant, whenever m->lock is free: bits without a holder are both there, or somebody would wait for ever.
 * Locks: m->lock guards the list, the waiters' words and the setting and clearing of both bits.
 */
#include "sync/mutex.h"
#include "sync/waitqueue.h"
#include "task/task.h"
#include "arch/arch.h"
#include "base/printk.h"

#define STARVED_NS 4000000UL

struct mutex_waiter {
	struct list node;
	struct task *task;
	u64 lost_ns;		/* when it first was first in line, awake, and too late; 0: not yet */
	bool is_starved;
};

void mutex_init(struct mutex *m, enum lock_rank rank)
{
	spin_init(&m->lock, RANK_WAITQUEUE);
	m->owner = NULL;
	list_init(&m->waiters);
	m->rank = rank;
}

#define HAS_WAITERS 1UL
#define FIRST_IS_AWAKE 2UL
#define BITS 3UL

static bool owner_cas(struct mutex *m, unsigned long old, unsigned long new)
{
	return __atomic_compare_exchange_n((unsigned long *)&m->owner, &old, new, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

static unsigned long owner_word(const struct mutex *m)
{
	return __atomic_load_n((const unsigned long *)&m->owner, __ATOMIC_ACQUIRE);
}

static unsigned long owner_of(unsigned long word) { return word & ~BITS; }
static bool is_mine(const struct mutex *m) { return owner_of(owner_word(m)) == (unsigned long)current; }

bool mutex_trylock(struct mutex *m)
{
	unsigned long word = owner_word(m);

	if (owner_of(word) || !owner_cas(m, word, word | (unsigned long)current))
		return false;
	lock_debug_acquire(m, RANK_NONE, false, __builtin_return_address(0));
	return true;
}

static bool is_interrupted(int state)
{
	return ((state & TASK_WAKEKILL) && fatal_signal_is_pending()) || ((state & TASK_INTERRUPTIBLE) && signal_is_pending());
}

/* The holder may be gone by now: it is only compared. */
static bool is_running(unsigned long owner)
{
	for (u32 cpu = 0; cpu < cpus_online; cpu++)
		if ((unsigned long)READ_ONCE(cpus[cpu].running) == owner)
			return true;
	return false;
}

/* Most holders on other CPUs are done soon, and a sleep with its wake-up costs more than looking a few times. */
static bool spin_for(struct mutex *m)
{
	for (unsigned i = 0; i < SLEEP_LOCK_SPINS; i++) {
		unsigned long word = owner_word(m), owner = owner_of(word);

		if (!owner && owner_cas(m, word, word | (unsigned long)current))
			return true;
		if (owner == (unsigned long)current)
			return true;	/* handed over */
		if (owner && (cpus_online == 1 || !is_running(owner)))
			return false;
		arch_relax();
	}
	return false;
}

static struct mutex_waiter *first_waiter(struct mutex *m)
{
	return list_is_empty(&m->waiters) ? NULL : list_first(&m->waiters, struct mutex_waiter, node);
}

/* Under m->lock, w in line. True: the mutex is ours, w still in line; false: the holder will wake or hand over. */
static bool take_or_mark_locked(struct mutex *m, struct mutex_waiter *w)
{
	for (;;) {
		unsigned long word = owner_word(m), new = word | HAS_WAITERS;

		if (owner_of(word) == (unsigned long)current)
			return true;	/* handed over */
		if (first_waiter(m) == w)
			new &= ~FIRST_IS_AWAKE;
		if (!owner_of(word) ? owner_cas(m, word, word | (unsigned long)current) : owner_cas(m, word, new))
			return !owner_of(word);
	}
}

/* Under m->lock. w leaves the line, with the mutex or without: the bits are made to fit who is left. */
static void leave_locked(struct mutex *m, struct mutex_waiter *w)
{
	struct mutex_waiter *first;
	bool was_first = first_waiter(m) == w;

	list_remove(&w->node);
	first = first_waiter(m);
	for (;;) {
		unsigned long word = owner_word(m), new = word;

		if (!first)
			new = owner_of(word);
		else if (was_first)
			new = owner_of(word) | HAS_WAITERS | (owner_of(word) ? 0 : FIRST_IS_AWAKE);
		if (!owner_cas(m, word, new))
			continue;
		if (first && was_first && !owner_of(new))
			sched_wake(first->task, TASK_NORMAL);
		return;
	}
}

bool lock_loss_starves(u64 *lost_ns)
{
	u64 now = arch_clock_ns();

	if (!*lost_ns)
		*lost_ns = now;
	return now - *lost_ns > STARVED_NS;
}

/* 0: the mutex is ours; -EINTR: a signal that ends sleeps in this state came first. */
static __noinline int mutex_wait(struct mutex *m, int state)
{
	struct mutex_waiter w = { .task = current };
	u64 begin_ns = arch_clock_ns();
	unsigned sleeps = 0;
	int err = 0;

	BUG_ON(is_mine(m));
	if (spin_for(m))
		return 0;
	spin_lock(&m->lock);
	list_push_back(&m->waiters, &w.node);
	while (!take_or_mark_locked(m, &w)) {
		if (is_interrupted(state)) {
			err = -EINTR;
			break;
		}
		if (sleeps && first_waiter(m) == &w)
			w.is_starved = lock_loss_starves(&w.lost_ns);
		task_set_state(state);
		spin_unlock(&m->lock);
		schedule();
		sleeps++;
		(void)spin_for(m);
		spin_lock(&m->lock);
	}
	sched_hold_kicks();
	leave_locked(m, &w);
	WRITE_ONCE(current->state, TASK_RUNNING);
	spin_unlock(&m->lock);
	sched_release_kicks();
	lock_wait_count(m->rank, sleeps, begin_ns);
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

/* Somebody waits, and the first is asleep: it is woken to look, or given the mutex. */
static __noinline void unlock_slow(struct mutex *m)
{
	struct mutex_waiter *first;
	unsigned long word = owner_word(m);

	BUG_ON(!is_mine(m));
	if (word == ((unsigned long)current | BITS) && owner_cas(m, word, BITS))
		return;
	sched_hold_kicks();
	spin_lock(&m->lock);
	first = first_waiter(m);
	word = first ? BITS : 0;
	if (first && first->is_starved)
		word = (unsigned long)first->task | HAS_WAITERS;
	__atomic_store_n((unsigned long *)&m->owner, word, __ATOMIC_RELEASE);
	if (first)
		sched_wake(first->task, TASK_NORMAL);	/* under m->lock: the waiter, and its stack, is still there */
	spin_unlock(&m->lock);
	sched_release_kicks();
}

void mutex_unlock(struct mutex *m)
{
	lock_debug_release(m, false);
	if (unlikely(!owner_cas(m, (unsigned long)current, 0)))
		unlock_slow(m);
}
