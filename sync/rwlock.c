/*
 * sync/rwlock.c: the sleeping reader-writer lock. As with a mutex (mutex.c) leaving wakes the first in line, with the
 * readers behind it, but leaves the lock open to whoever is running; one that was first and came too late for too long
 * closes the door to all others, so neither readers nor writers starve. A task must not take the read side twice: a
 * closed door between would block both.
 * l->readers is one atomic word: how many readers are inside, and bits: a writer is; somebody waits; the first of them
 * is awake and will look; the door is closed.
 * Invariant, whenever l->lock is free: if the first in line could enter, it is awake.
 * Locks: l->lock guards the list, the waiters' words and every change of the last three bits.
 */
#include "sync/mutex.h"
#include "arch/arch.h"
#include "sync/waitqueue.h"
#include "task/task.h"
#include "base/printk.h"

#define WRITER 0x40000000u
#define WAITERS 0x80000000u
#define FIRST_IS_AWAKE 0x20000000u
#define CLOSED 0x10000000u
#define LINE_BITS (WAITERS | FIRST_IS_AWAKE | CLOSED)

struct rw_waiter {
	struct list node;
	struct task *task;
	u64 lost_ns;
	bool is_writer, is_starved;
};

static u32 word_of(const struct rwlock *l) { return (u32)__atomic_load_n(&l->readers, __ATOMIC_RELAXED); }

static bool word_cas(struct rwlock *l, u32 old, u32 new)
{
	return __atomic_compare_exchange_n((u32 *)&l->readers, &old, new, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

void rw_init(struct rwlock *l, enum lock_rank rank)
{
	spin_init(&l->lock, RANK_WAITQUEUE);
	l->readers = 0;
	list_init(&l->waiters);
	l->rank = rank;
}

static bool may_enter(u32 word, bool is_writer)
{
	return !(word & (is_writer ? ~LINE_BITS : WRITER));
}

/* Past a line whose first sleeps, for others are inside, nobody goes: readers who follow each other would keep it out. */
static bool is_barred(u32 word)
{
	return (word & CLOSED) || (word & (WAITERS | FIRST_IS_AWAKE)) == WAITERS;
}

/* For a newcomer. */
static inline bool try_fast(struct rwlock *l, bool is_writer)
{
	for (;;) {
		u32 word = word_of(l);

		if (is_barred(word) || !may_enter(word, is_writer))
			return false;
		if (likely(word_cas(l, word, word + (is_writer ? WRITER : 1))))
			return true;
	}
}

/* As a mutex's. */
static bool spin_for(struct rwlock *l, bool is_writer)
{
	for (unsigned i = 0; cpus_online > 1 && i < SLEEP_LOCK_SPINS; i++) {
		if (try_fast(l, is_writer))
			return true;
		arch_relax();
	}
	return false;
}

static struct rw_waiter *first_waiter(struct rwlock *l)
{
	return list_is_empty(&l->waiters) ? NULL : list_first(&l->waiters, struct rw_waiter, node);
}

/* The first in line, and with a reader all readers directly behind it. */
static void wake_first_locked(struct rwlock *l)
{
	struct rw_waiter *first = first_waiter(l), *w;

	list_for_each(w, &l->waiters, node) {
		if (w != first && (first->is_writer || w->is_writer))
			return;
		sched_wake(w->task, TASK_NORMAL);
	}
}

/* Under l->lock: makes the bits fit who is in line, and wakes the first if it could enter and may be asleep. */
static void settle_locked(struct rwlock *l, bool is_first_new)
{
	struct rw_waiter *first = first_waiter(l);

	for (;;) {
		u32 word = word_of(l), new = word & ~LINE_BITS;

		if (first) {
			new |= WAITERS | (is_first_new ? 0 : word & (CLOSED | FIRST_IS_AWAKE));
			new |= may_enter(word, first->is_writer) ? FIRST_IS_AWAKE : 0;
		}
		if (!word_cas(l, word, new))
			continue;
		if (first && may_enter(word, first->is_writer))
			wake_first_locked(l);
		return;
	}
}

/* Under l->lock, w in line. True: w is inside, and still in line; false: it is to sleep, whoever leaves will wake it. */
static bool enter_or_mark_locked(struct rwlock *l, struct rw_waiter *w)
{
	bool is_first = first_waiter(l) == w;

	for (;;) {
		u32 word = word_of(l), new = word | WAITERS;
		bool enters = (is_first || !is_barred(word)) && may_enter(word, w->is_writer);

		if (enters)
			new = word + (w->is_writer ? WRITER : 1);
		else if (is_first)
			new = (new & ~FIRST_IS_AWAKE) | (w->is_starved ? CLOSED : 0);
		if (word_cas(l, word, new))
			return enters;
	}
}

static __noinline int rw_wait(struct rwlock *l, bool is_writer, int state)
{
	struct rw_waiter w = { .task = current, .is_writer = is_writer };
	u64 begin_ns = arch_clock_ns();
	unsigned sleeps = 0;
	int err = 0;

	if (spin_for(l, is_writer))
		return 0;
	spin_lock(&l->lock);
	list_push_back(&l->waiters, &w.node);
	while (!enter_or_mark_locked(l, &w)) {
		if ((state & TASK_WAKEKILL) && fatal_signal_is_pending()) {
			err = -EINTR;
			break;
		}
		task_set_state(state);
		spin_unlock(&l->lock);
		schedule();
		sleeps++;
		spin_lock(&l->lock);
		if (first_waiter(l) == &w)
			w.is_starved = lock_loss_starves(&w.lost_ns);
	}
	sched_hold_kicks();
	bool was_first = first_waiter(l) == &w;
	list_remove(&w.node);
	settle_locked(l, was_first);
	WRITE_ONCE(current->state, TASK_RUNNING);
	spin_unlock(&l->lock);
	sched_release_kicks();
	lock_wait_count(l->rank, sleeps, begin_ns);
	return err;
}

static __noinline void rw_left(struct rwlock *l)
{
	sched_hold_kicks();
	spin_lock(&l->lock);
	settle_locked(l, false);
	spin_unlock(&l->lock);
	sched_release_kicks();
}

/* Nobody who is inside, or awake, would let the first in line in. */
static inline bool must_wake(u32 word)
{
	return (word & (WAITERS | FIRST_IS_AWAKE)) == WAITERS && !(word & ~LINE_BITS);
}

void rw_read_lock(struct rwlock *l)
{
	lock_debug_acquire(l, l->rank, false, __builtin_return_address(0));
	if (unlikely(!try_fast(l, false)))
		(void)rw_wait(l, false, TASK_UNINTERRUPTIBLE);
}

bool rw_read_trylock(struct rwlock *l)
{
	if (!try_fast(l, false))
		return false;
	lock_debug_acquire(l, RANK_NONE, false, __builtin_return_address(0));
	return true;
}

void rw_read_unlock(struct rwlock *l)
{
	u32 word;

	lock_debug_release(l, false);
	word = (u32)__atomic_sub_fetch(&l->readers, 1, __ATOMIC_ACQ_REL);
	if (unlikely(must_wake(word)))
		rw_left(l);
	ASSERT(!(word & WRITER) && (word & ~LINE_BITS) < WRITER);
}

void rw_write_lock(struct rwlock *l)
{
	lock_debug_acquire(l, l->rank, false, __builtin_return_address(0));
	if (unlikely(!try_fast(l, true)))
		(void)rw_wait(l, true, TASK_UNINTERRUPTIBLE);
}

int rw_write_lock_killable(struct rwlock *l)
{
	int err = 0;

	lock_debug_acquire(l, l->rank, false, __builtin_return_address(0));
	if (unlikely(!try_fast(l, true)))
		err = rw_wait(l, true, TASK_KILLABLE);
	if (err)
		lock_debug_release(l, false);
	return err;
}

void rw_write_unlock(struct rwlock *l)
{
	lock_debug_release(l, false);
	BUG_ON(!(word_of(l) & WRITER));
	if (unlikely(must_wake((u32)__atomic_and_fetch(&l->readers, (int)~WRITER, __ATOMIC_ACQ_REL))))
		rw_left(l);
}
