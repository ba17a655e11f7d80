/*
 * sync/rwlock.c: the sleeping reader-writer lock. Arrival order decides: a reader that comes after a waiting writer
 * waits too, so writers are not starved. A task must not take the read side twice: a writer between would block both.
 * l->readers is one atomic word: how many readers are inside, a bit for a writer, and a bit that says somebody waits.
 * While the last is clear, entering and leaving are one exchange each.
 * Locks: l->lock guards the list, and the waiting bit is set and cleared under it. is_granted is set under it by whoever
 * hands the lock over.
 */
#include "sync/mutex.h"
#include "sync/waitqueue.h"
#include "task/task.h"
#include "base/printk.h"

#define WRITER 0x40000000
#define WAITERS ((int)0x80000000)

struct rw_waiter {
	struct list node;
	struct task *task;
	bool is_writer, is_granted;
};

static int word_of(const struct rwlock *l) { return __atomic_load_n(&l->readers, __ATOMIC_RELAXED); }

static bool word_cas(struct rwlock *l, int old, int new)
{
	return __atomic_compare_exchange_n(&l->readers, &old, new, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

void rw_init(struct rwlock *l, enum lock_rank rank)
{
	spin_init(&l->lock, RANK_WAITQUEUE);
	l->readers = 0;
	list_init(&l->waiters);
	l->rank = rank;
}

static bool may_enter(int word, bool is_writer)
{
	return is_writer ? !(word & ~WAITERS) : !(word & WRITER);
}

/* Enters if nobody is inside or waits that keeps us out. */
static inline bool try_fast(struct rwlock *l, bool is_writer)
{
	for (;;) {
		int word = word_of(l);

		if ((word & WAITERS) || !may_enter(word, is_writer))
			return false;
		if (likely(word_cas(l, word, is_writer ? WRITER : word + 1)))
			return true;
	}
}

/* Lets in whoever is first, and with a reader all readers directly behind it. l->lock is held, the waiting bit set. */
static void rw_grant_locked(struct rwlock *l)
{
	while (!list_is_empty(&l->waiters)) {
		struct rw_waiter *w = list_first(&l->waiters, struct rw_waiter, node);
		struct task *t = w->task;
		int word = word_of(l);

		if (!may_enter(word, w->is_writer))
			return;
		if (!word_cas(l, word, word + (w->is_writer ? WRITER : 1)))
			continue;	/* a reader left */
		list_remove(&w->node);
		w->is_granted = true;
		sched_wake(t, TASK_NORMAL);
	}
	__atomic_fetch_and(&l->readers, ~WAITERS, __ATOMIC_RELEASE);
}

/* As a mutex's. */
static bool spin_for(struct rwlock *l, bool is_writer)
{
	for (unsigned i = 0; cpus_online > 1 && i < SLEEP_LOCK_SPINS && !(word_of(l) & WAITERS); i++) {
		if (try_fast(l, is_writer))
			return true;
		arch_relax();
	}
	return false;
}

static __noinline int rw_wait(struct rwlock *l, bool is_writer, int state)
{
	struct rw_waiter w = { .task = current, .is_writer = is_writer };
	int err = 0;

	if (spin_for(l, is_writer))
		return 0;
	spin_lock(&l->lock);
	list_push_back(&l->waiters, &w.node);
	__atomic_fetch_or(&l->readers, WAITERS, __ATOMIC_ACQ_REL);
	rw_grant_locked(l);	/* who was inside may have left before it could see that we wait */
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

static __noinline void rw_hand_over(struct rwlock *l)
{
	spin_lock(&l->lock);
	rw_grant_locked(l);
	spin_unlock(&l->lock);
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
	int word;

	lock_debug_release(l, false);
	word = __atomic_sub_fetch(&l->readers, 1, __ATOMIC_ACQ_REL);
	if (unlikely(word == WAITERS))
		rw_hand_over(l);
	ASSERT((word & ~WAITERS) >= 0 && !(word & WRITER));
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
	if (unlikely(__atomic_and_fetch(&l->readers, ~WRITER, __ATOMIC_ACQ_REL) & WAITERS))
		rw_hand_over(l);
}
