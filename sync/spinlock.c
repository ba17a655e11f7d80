/*
 * sync/spinlock.c: the slow path of a spinlock: another CPU has it. Reads until the lock looks free, then tries, so
 * that the waiting CPUs share the cache line quietly. Debug builds take a lock that never comes free for a deadlock.
 */
#include "sync/spinlock.h"
#include "base/printk.h"

#define DEADLOCK_SPINS 2000000000UL

void spin_lock_slow(struct spinlock *l)
{
	unsigned long spins = 0;

	do {
		while (READ_ONCE(l->locked)) {
			arch_relax();
			if (++spins == DEADLOCK_SPINS)
				panic("spinlock %p (rank %u): no progress", (void *)l, l->rank);
		}
	} while (__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE));
}
