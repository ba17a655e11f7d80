/* sync/futex.h: what the files of the futex share: futex.c (waiting and waking), futex_calls.c, futex_robust.c. */
#ifndef SYNC_FUTEX_H
#define SYNC_FUTEX_H
#include "base/types.h"
#include "base/list.h"
#include "sync/spinlock.h"
#include "time/clocks.h"

struct task;
struct inode;
struct mm;

/* What a futex word is, whoever looks at it: (mm, address) when the mapping is private, else (inode, page of the file);
 * never a frame, which copy-on-write may change under a waiter. */
struct futex_key {
	struct mm *mm;			/* borrowed: waiters run in it; or NULL */
	struct inode *inode;		/* reference, or NULL */
	u64 page;			/* address, or page number in the file */
	u32 offset;			/* in the page */
};
struct futex_bucket {
	struct spinlock lock;		/* RANK_FUTEX; two: lower address first */
	struct list waiters;		/* of futex_waiter, in order of arrival */
};
struct futex_waiter {
	struct list node;
	struct futex_bucket *bucket;	/* where it is queued; NULL: woken. Changes under the bucket's lock */
	struct futex_key key;		/* of where it is queued now; the inode's reference is the waiter's own */
	struct task *task;		/* borrowed: it waits */
	u32 bitset;
	struct requeue_pi *pi;		/* borrowed: it waits to be moved to a PI lock (futex_requeue_pi.c); NULL: plain */
};

/* -EINVAL, -EFAULT; then futex_key_put. */
int __must_check futex_key_get(uptr addr, bool is_shared, struct futex_key *k);
void futex_key_put(struct futex_key *k);
struct futex_bucket *futex_bucket_of(const struct futex_key *k);
void futex_lock_two(struct futex_bucket *a, struct futex_bucket *b);
void futex_unlock_two(struct futex_bucket *a, struct futex_bucket *b);
bool futex_key_is_same(const struct futex_key *a, const struct futex_key *b);

/* User words under a bucket's lock: a fault is not settled but -EFAULT; futex_fault_in then, without the lock. */
int __must_check futex_load_locked(uptr addr, u32 *value);
int __must_check futex_fault_in(uptr addr, bool is_write);

/* The key's bucket is locked. Wakes up to n (at least one) whose bitset meets; returns how many, or -EINVAL: one of
 * them waits to be moved. */
int futex_wake_locked(struct futex_bucket *b, const struct futex_key *k, int n, u32 bitset);
/* Sleeps until woken or the deadline; value is compared first. 0, -EAGAIN, -ETIMEDOUT, -ERESTARTSYS, -EFAULT,
 * -EINVAL. */
int futex_wait(uptr addr, bool is_shared, u32 value, const struct deadline *d, u32 bitset);
/* The steps of it, for one waiter or several. Queues w, whose key is set: 0, -EAGAIN the word has changed, -EFAULT. */
int __must_check futex_enqueue_if_equal(uptr addr, u32 value, struct futex_waiter *w);
bool futex_dequeue(struct futex_waiter *w);	/* false: it had been woken */
/* FUTEX_WAIT_REQUEUE_PI, FUTEX_CMP_REQUEUE_PI: futex_requeue_pi.c */
int futex_wait_requeue_pi(uptr addr, bool is_shared, u32 value, const struct deadline *d, uptr addr2);
int futex_cmp_requeue_pi(uptr addr, uptr addr2, bool is_shared, int wake, int move, u32 expected);
int futex_wake(uptr addr, bool is_shared, int n, u32 bitset);
#endif
