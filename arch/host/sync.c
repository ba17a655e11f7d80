/*
 * arch/host/sync.c: locks of the unit tests. Mostly there is one thread of control, and a lock that is not free is a
 * deadlock: a failure. Between threads (host_run_threads) spinlocks work; sleeping locks do not.
 * The order of sync/lock_order.h is checked as in the debug kernel.
 */
#include "arch/host/host.h"
#include "base/printk.h"
#include "sync/mutex.h"

int pthread_create(unsigned long *thread, const void *attributes, void *(*fn)(void *), void *arg);
int pthread_join(unsigned long thread, void **result);
int sched_yield(void);

static _Thread_local const void *held[64];
static _Thread_local enum lock_rank held_rank[64];
static _Thread_local bool held_is_spin[64];
static _Thread_local int held_count;

/* -- threads -- */
static bool has_threads;
static void (*thread_fn)(unsigned n);

static void *thread_main(void *arg)
{
	unsigned n = (unsigned)(unsigned long)arg;

	host_switch_cpu(n);
	test_random_seed(n);
	thread_fn(n);
	return NULL;
}

void host_run_threads(unsigned threads, void (*fn)(unsigned n))
{
	unsigned long id[CPUS_MAX];

	has_threads = true;
	thread_fn = fn;
	for (unsigned i = 0; i < threads; i++)
		if (pthread_create(&id[i], NULL, thread_main, (void *)(unsigned long)i))
			panic("no threads");
	for (unsigned i = 0; i < threads; i++)
		pthread_join(id[i], NULL);
	has_threads = false;
}

void lock_debug_acquire(const void *lock, enum lock_rank rank, bool is_spin, void *ip)
{
	for (int i = 0; i < held_count; i++) {
		if (held[i] == lock)
			panic("lock %p is taken twice", lock);
		bool may_be_equal = rank == RANK_PAGETABLE || rank == RANK_INODE || rank == RANK_MM;
		if (rank != RANK_NONE && held_rank[i] != RANK_NONE &&
		    (held_rank[i] > rank || (held_rank[i] == rank && !may_be_equal)))
			panic("lock of rank %d is taken under one of rank %d", rank, held_rank[i]);
		if (!is_spin && held_is_spin[i])
			panic("a sleeping lock of rank %d is taken under a spinlock of rank %d", rank, held_rank[i]);
	}
	held[held_count] = lock;
	held_rank[held_count] = rank;
	held_is_spin[held_count++] = is_spin;
}

void lock_debug_release(const void *lock, bool is_spin)
{
	for (int i = 0; i < held_count; i++) {
		if (held[i] != lock)
			continue;
		held_count--;
		held[i] = held[held_count];
		held_rank[i] = held_rank[held_count];
		held_is_spin[i] = held_is_spin[held_count];
		return;
	}
	panic("lock %p is released but not held", lock);
}

void spin_lock_slow(struct spinlock *l)
{
	while (has_threads) {
		if (!__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE))
			return;
		sched_yield();
	}
	panic("deadlock on a spinlock of rank %d", l->rank);
}

void mutex_init(struct mutex *m, enum lock_rank rank) { *m = (struct mutex){ .rank = rank }; }
bool mutex_trylock(struct mutex *m)
{
	if (m->owner)
		return false;
	m->owner = (struct task *)m;
	return true;
}
void mutex_lock(struct mutex *m)
{
	lock_debug_acquire(m, m->rank, false, NULL);
	if (!mutex_trylock(m))
		panic("deadlock on a mutex of rank %d", m->rank);
}
int mutex_lock_killable(struct mutex *m)
{
	mutex_lock(m);
	return 0;
}
void mutex_unlock(struct mutex *m)
{
	lock_debug_release(m, false);
	m->owner = NULL;
}

void rw_init(struct rwlock *l, enum lock_rank rank) { *l = (struct rwlock){ .rank = rank }; }
bool rw_read_trylock(struct rwlock *l)
{
	if (l->readers < 0)
		return false;
	l->readers++;
	return true;
}
void rw_read_lock(struct rwlock *l)
{
	lock_debug_acquire(l, l->rank, false, NULL);
	if (!rw_read_trylock(l))
		panic("deadlock on a read lock of rank %d", l->rank);
}
void rw_read_unlock(struct rwlock *l)
{
	lock_debug_release(l, false);
	l->readers--;
}
void rw_write_lock(struct rwlock *l)
{
	lock_debug_acquire(l, l->rank, false, NULL);
	if (l->readers)
		panic("deadlock on a write lock of rank %d", l->rank);
	l->readers = -1;
}
int rw_write_lock_killable(struct rwlock *l)
{
	rw_write_lock(l);
	return 0;
}
void rw_write_unlock(struct rwlock *l)
{
	lock_debug_release(l, false);
	l->readers = 0;
}
