/* sync/futex_pi.h: futexes with priority inheritance. See futex_pi.c. */
#ifndef SYNC_FUTEX_PI_H
#define SYNC_FUTEX_PI_H
#include "sync/futex.h"

struct pi_lock;
struct pi_waiter {
	struct list node;		/* in lock->waiters, or empty */
	struct pi_lock *lock;
	struct task *task;		/* borrowed: it waits */
	bool is_granted;		/* the lock is its; taken out of the list already, unless by a death */
	bool is_by_death;		/* and it must write the word itself */
};

/* A task that sleeps on a plain futex is given a PI lock, or made a waiter for it, by current. */
struct pi_proxy {
	uptr addr;			/* of the lock's word */
	struct pi_lock *fresh;		/* owned: memory for a new lock, or NULL */
	struct task *owner;		/* reference, or NULL */
};
int __must_check futex_pi_proxy_begin(struct pi_proxy *p);	/* before each try, no lock held; -ENOMEM */
void futex_pi_proxy_end(struct pi_proxy *p);
/* The lock's bucket is locked. 0: it is t's, and the word says so; 1: t waits for it; -EBUSY: begin again; -EFAULT: fault the
 * word in; or the error. */
int futex_pi_proxy_locked(struct pi_proxy *p, const struct futex_key *k, struct task *t, struct pi_waiter *w);
/* What t then does: sleeps until the lock is its. 0, -ETIMEDOUT, -ERESTARTNOINTR, -EFAULT. */
int futex_pi_wait_moved(uptr addr, struct pi_waiter *w, const struct deadline *d);

int futex_lock_pi(uptr addr, bool is_shared, const struct deadline *d, bool is_try);
int futex_unlock_pi(uptr addr, bool is_shared);
void futex_pi_exit(struct task *t);	/* t dies: its locks go to their next waiters */
#endif
