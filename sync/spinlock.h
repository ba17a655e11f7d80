/*
 * sync/spinlock.h: spinlocks. The kernel is not preempted, so a spinlock need only keep out other CPUs and, with the
 * irqsave forms, this CPU's interrupt handlers. A lock that any interrupt handler takes is always taken with irqsave.
 * No sleeping and no user memory while one is held (debug builds check).
 */
#ifndef SYNC_SPINLOCK_H
#define SYNC_SPINLOCK_H
#include "base/types.h"
#include "sync/lock_order.h"
#include "arch/cpu.h"

struct spinlock {
	u32 locked;
	u16 rank;
	u16 debug_use;	/* debug builds: LOCK_USED_* */
};
#define LOCK_USED_IN_INTERRUPT 1
#define LOCK_USED_WITH_INTERRUPTS_ON 2
#define SPINLOCK_INIT(r) { 0, (r), 0 }
static inline void spin_init(struct spinlock *l, enum lock_rank rank) { *l = (struct spinlock)SPINLOCK_INIT(rank); }

#ifdef FURCA_DEBUG
void lock_debug_acquire(const void *lock, enum lock_rank rank, bool is_spin, void *ip);
void lock_debug_release(const void *lock, bool is_spin);
void lock_debug_expect_irqs_on(void *ip);
#else
static inline void lock_debug_acquire(const void *lock, enum lock_rank rank, bool is_spin, void *ip) { }
static inline void lock_debug_release(const void *lock, bool is_spin) { }
static inline void lock_debug_expect_irqs_on(void *ip) { }
#endif
/* What waiting for the locks of one rank has cost; for sleeping locks spins are sleeps. begin_ns: when the waiting began. */
#define LOCK_RANKS (RANK_LOG + 1)
struct lock_waits { const char *name; u64 waits, spins, ns; };
void lock_wait_count(unsigned rank, u64 spins, u64 begin_ns);
void lock_waits_read(unsigned rank, struct lock_waits *w);
__cold void spin_lock_slow(struct spinlock *l); /* spins until it has the lock; debug builds watch for a deadlock */

static inline void spin_lock(struct spinlock *l)
{
	lock_debug_acquire(l, (enum lock_rank)l->rank, true, __builtin_return_address(0));
	if (unlikely(__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE)))
		spin_lock_slow(l);
}
static inline bool spin_trylock(struct spinlock *l)
{
	if (__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE))
		return false;
	lock_debug_acquire(l, RANK_NONE, true, __builtin_return_address(0));
	return true;
}
static inline void spin_unlock(struct spinlock *l)
{
	lock_debug_release(l, true);
	__atomic_store_n(&l->locked, 0, __ATOMIC_RELEASE);
}
static inline bool spin_is_locked(const struct spinlock *l) { return READ_ONCE(l->locked) != 0; }

static inline unsigned long spin_lock_irqsave(struct spinlock *l)
{
	unsigned long flags = arch_irq_save();
	spin_lock(l);
	return flags;
}
static inline bool spin_trylock_irqsave(struct spinlock *l, unsigned long *flags)
{
	*flags = arch_irq_save();
	if (spin_trylock(l))
		return true;
	arch_irq_restore(*flags);
	return false;
}
/* Where interrupts are known to be on, as in a system call that holds no lock. */
static inline void spin_lock_irq(struct spinlock *l)
{
	lock_debug_expect_irqs_on(__builtin_return_address(0));
	arch_irq_disable();
	spin_lock(l);
}
static inline bool spin_trylock_irq(struct spinlock *l)
{
	lock_debug_expect_irqs_on(__builtin_return_address(0));
	arch_irq_disable();
	if (likely(spin_trylock(l)))
		return true;
	arch_irq_enable();
	return false;
}
static inline void spin_unlock_irq(struct spinlock *l)
{
	spin_unlock(l);
	arch_irq_enable();
}
static inline void spin_unlock_irqrestore(struct spinlock *l, unsigned long flags)
{
	spin_unlock(l);
	arch_irq_restore(flags);
}
#endif
