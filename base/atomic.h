/*
 * base/atomic.h: atomic integers and saturating reference counts.
 * A reference count that leaves its range sticks at REFCOUNT_SATURATED: the object leaks, it is never freed early.
 */
#ifndef BASE_ATOMIC_H
#define BASE_ATOMIC_H
#include "base/types.h"
#include "arch/cpu.h"

typedef struct { int v; } atomic_t;
typedef struct { long v; } atomic_long_t;
#define ATOMIC_INIT(n) { (n) }

#define atomic_read(a) __atomic_load_n(&(a)->v, __ATOMIC_RELAXED)
#define atomic_load_acquire(a) __atomic_load_n(&(a)->v, __ATOMIC_ACQUIRE)
#define atomic_set(a, n) __atomic_store_n(&(a)->v, (n), __ATOMIC_RELAXED)
#define atomic_store_release(a, n) __atomic_store_n(&(a)->v, (n), __ATOMIC_RELEASE)
#define atomic_add(a, n) ((void)__atomic_fetch_add(&(a)->v, (n), __ATOMIC_RELAXED))
#define atomic_sub(a, n) ((void)__atomic_fetch_sub(&(a)->v, (n), __ATOMIC_RELAXED))
#define atomic_inc(a) atomic_add(a, 1)
#define atomic_dec(a) atomic_sub(a, 1)
#define atomic_add_return(a, n) __atomic_add_fetch(&(a)->v, (n), __ATOMIC_ACQ_REL)
#define atomic_sub_return(a, n) __atomic_sub_fetch(&(a)->v, (n), __ATOMIC_ACQ_REL)
#define atomic_inc_return(a) atomic_add_return(a, 1)
#define atomic_dec_return(a) atomic_sub_return(a, 1)
#define atomic_xchg(a, n) __atomic_exchange_n(&(a)->v, (n), __ATOMIC_ACQ_REL)
/* Stores n if *a was old; true on success. */
#define atomic_cas(a, old, n) ({ __typeof__((a)->v) _o = (old);                                    \
	__atomic_compare_exchange_n(&(a)->v, &_o, (n), false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED); })

typedef struct { int v; } refcount_t;
#define REFCOUNT_INIT(n) { (n) }
#define REFCOUNT_MAX 0x7fffffff
#define REFCOUNT_SATURATED (-0x40000000)

/* base/refcount.c: logs the misuse, saturates. It saves all registers: who takes counts by the hundred spills none for it.
 */
void refcount_report(const refcount_t *r, const char *what) __noinline __attribute__((cold, preserve_most));

static inline int refcount_read(const refcount_t *r) { return __atomic_load_n(&r->v, __ATOMIC_RELAXED); }
static inline void refcount_set(refcount_t *r, int n) { __atomic_store_n(&r->v, n, __ATOMIC_RELAXED); }
static inline void refcount_inc(refcount_t *r)
{
	if (unlikely(__atomic_fetch_add(&r->v, 1, __ATOMIC_RELAXED) <= 0))
		refcount_report(r, "increment of a dead or saturated count");
}
/* True when the caller gave up the last reference and must free the object. */
static __always_inline __must_check bool refcount_dec(refcount_t *r)
{
	if (!arch_dec_is_spent(&r->v))
		return false;
	if (likely(refcount_read(r) == 0))	/* the last: nobody else changes it */
		return true;
	refcount_report(r, "decrement of a dead or saturated count");
	return false;
}
/* Gives up a reference that is not the last; false: it is, and nothing was done. */
static inline __must_check bool refcount_dec_not_one(refcount_t *r)
{
	int old = refcount_read(r);
	while (old > 1) {
		if (__atomic_compare_exchange_n(&r->v, &old, old - 1, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
			return true;
	}
	return false;
}
/* Takes a reference unless the count is already 0. A saturated count stays as it is. */
static inline __must_check bool refcount_inc_not_zero(refcount_t *r)
{
	int old = refcount_read(r);
	while (old != 0) {
		if (unlikely(old < 0 || old == REFCOUNT_MAX)) {
			refcount_report(r, "increment of a full or saturated count");
			return true;
		}
		if (__atomic_compare_exchange_n(&r->v, &old, old + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return true;
	}
	return false;
}
#endif
