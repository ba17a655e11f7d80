/*
 * sync/futex_calls.c: futex(2): WAIT, WAKE, their BITSET forms, REQUEUE, CMP_REQUEUE, WAKE_OP.
 * The operations with priority inheritance are in futex_pi.c and futex_requeue_pi.c, futex_waitv in futex_waitv.c.
 * Locks: buckets (sync/futex.c). Errors: ENOSYS, EINVAL, EAGAIN, ETIMEDOUT, EINTR, EFAULT, and the PI ones'.
 * Source: futex(2).
 */
#include "sync/futex.h"
#include "sync/futex_pi.h"
#include "syscall/define.h"
#include "arch/arch.h"
#include "fs/vfs.h"
#include "task/task.h"
#include "namespace/time_ns.h"
#include <linux/futex.h>
#include <linux/time.h>

enum { RESTART_ADDR, RESTART_VALUE, RESTART_DEADLINE, RESTART_BITSET, RESTART_FLAGS };
enum { RESTART_SHARED = 1, RESTART_REAL = 2 };

static long wait(uptr addr, bool is_shared, u32 value, const struct deadline *d, u32 bitset);

static long wait_restart(struct restart_block *b)
{
	struct deadline d = { .ns = b->args[RESTART_DEADLINE], .is_real = b->args[RESTART_FLAGS] & RESTART_REAL };

	return wait(b->args[RESTART_ADDR], b->args[RESTART_FLAGS] & RESTART_SHARED, (u32)b->args[RESTART_VALUE], &d,
		    (u32)b->args[RESTART_BITSET]);
}

/* A wait with a time limit goes on with what is left of it. */
static long wait(uptr addr, bool is_shared, u32 value, const struct deadline *d, u32 bitset)
{
	struct restart_block *b = &current->restart;
	int err = futex_wait(addr, is_shared, value, d, bitset);

	if (err != -ERESTARTSYS || !d->ns)
		return err;
	b->fn = wait_restart;
	b->args[RESTART_ADDR] = addr;
	b->args[RESTART_VALUE] = value;
	b->args[RESTART_DEADLINE] = d->ns;
	b->args[RESTART_BITSET] = bitset;
	b->args[RESTART_FLAGS] = (is_shared ? RESTART_SHARED : 0) | (d->is_real ? RESTART_REAL : 0);
	return -ERESTART_RESTARTBLOCK;
}

struct two {
	struct futex_key key1, key2;
	struct futex_bucket *bucket1, *bucket2;
};

static int two_get(struct two *t, uptr addr1, uptr addr2, bool is_shared)
{
	int err = futex_key_get(addr1, is_shared, &t->key1);

	if (err)
		return err;
	err = futex_key_get(addr2, is_shared, &t->key2);
	if (err) {
		futex_key_put(&t->key1);
		return err;
	}
	t->bucket1 = futex_bucket_of(&t->key1);
	t->bucket2 = futex_bucket_of(&t->key2);
	return 0;
}

static void two_put(struct two *t)
{
	futex_key_put(&t->key1);
	futex_key_put(&t->key2);
}

/* Both buckets are locked. The waiter's reference moves to the new key's inode; the caller drops the old one. */
static struct inode *move_waiter_locked(struct futex_waiter *w, const struct two *t)
{
	struct inode *old = w->key.inode;

	list_remove(&w->node);
	list_push_back(&t->bucket2->waiters, &w->node);
	w->key = t->key2;
	if (w->key.inode)
		inode_get(w->key.inode);
	__atomic_store_n(&w->bucket, t->bucket2, __ATOMIC_RELEASE);
	return old;
}

/* All moved waiters had key1's inode, of which key1 holds one more reference: these puts are never the last. */
static int requeue_locked(const struct two *t, int wake, int move)
{
	struct futex_waiter *w, *next;
	int done = 0;

	list_for_each_safe(w, next, &t->bucket1->waiters, node) {
		struct inode *old;

		if (done - wake >= move)
			break;
		if (!futex_key_is_same(&w->key, &t->key1))
			continue;
		if (w->pi)
			return -EINVAL;
		if (done++ < wake) {
			(void)futex_wake_locked(t->bucket1, &t->key1, 1, FUTEX_BITSET_MATCH_ANY);
			continue;
		}
		old = move_waiter_locked(w, t);
		if (old)
			inode_put(old);
	}
	return done;
}

static long requeue(uptr addr, uptr addr2, bool is_shared, int wake, int move, const u32 *expected)
{
	struct two t;
	u32 now;
	long result;

	if (wake < 0 || move < 0)
		return -EINVAL;
	result = two_get(&t, addr, addr2, is_shared);
	if (result)
		return result;
	for (;;) {
		futex_lock_two(t.bucket1, t.bucket2);
		if (!expected || !futex_load_locked(addr, &now))
			break;
		futex_unlock_two(t.bucket1, t.bucket2);
		if (futex_fault_in(addr, false)) {
			two_put(&t);
			return -EFAULT;
		}
	}
	if (expected && now != *expected)
		result = -EAGAIN;
	else if (futex_key_is_same(&t.key1, &t.key2))
		result = futex_wake_locked(t.bucket1, &t.key1, wake, FUTEX_BITSET_MATCH_ANY);
	else
		result = requeue_locked(&t, wake, move);
	futex_unlock_two(t.bucket1, t.bucket2);
	two_put(&t);
	return result;
}

/* What FUTEX_WAKE_OP's last argument holds. */
struct wake_op { int op, cmp; u32 arg, cmp_arg; };

static int decode_op(u32 encoded, struct wake_op *o)
{
	o->op = encoded >> 28 & 7;
	o->cmp = encoded >> 24 & 15;
	o->arg = (u32)((s32)(encoded << 8) >> 20);
	o->cmp_arg = (u32)((s32)(encoded << 20) >> 20);
	if (encoded >> 28 & FUTEX_OP_OPARG_SHIFT)
		o->arg = 1U << (o->arg & 31);
	return o->op > FUTEX_OP_XOR ? -ENOSYS : 0;
}

/* 1 or 0, or -ENOSYS. */
static int compare(const struct wake_op *o, u32 old)
{
	s32 a = (s32)old, b = (s32)o->cmp_arg;

	switch (o->cmp) {
	case FUTEX_OP_CMP_EQ: return a == b;
	case FUTEX_OP_CMP_NE: return a != b;
	case FUTEX_OP_CMP_LT: return a < b;
	case FUTEX_OP_CMP_LE: return a <= b;
	case FUTEX_OP_CMP_GT: return a > b;
	case FUTEX_OP_CMP_GE: return a >= b;
	default: return -ENOSYS;
	}
}

static int op_locked(const struct wake_op *o, uptr addr, u32 *old)
{
	int err;

	current->faults_off = true;
	err = arch_user_futex_op(o->op, o->arg, addr, old);
	current->faults_off = false;
	return err;
}

static long wake_op(uptr addr, uptr addr2, bool is_shared, int wake, int wake2, u32 encoded)
{
	struct wake_op o;
	struct two t;
	u32 old;
	int err = two_get(&t, addr, addr2, is_shared), holds;

	if (err)
		return err;
	err = decode_op(encoded, &o);
	while (!err) {
		futex_lock_two(t.bucket1, t.bucket2);
		err = op_locked(&o, addr2, &old);
		if (!err)
			break;
		futex_unlock_two(t.bucket1, t.bucket2);
		if (err == -EFAULT)
			err = futex_fault_in(addr2, true);
	}
	if (err) {
		two_put(&t);
		return err;
	}
	holds = compare(&o, old);
	err = holds;
	if (holds >= 0) {
		err = futex_wake_locked(t.bucket1, &t.key1, wake, FUTEX_BITSET_MATCH_ANY);
		if (holds && err >= 0) {
			int more = futex_wake_locked(t.bucket2, &t.key2, wake2, FUTEX_BITSET_MATCH_ANY);

			err = more < 0 ? more : err + more;
		}
	}
	futex_unlock_two(t.bucket1, t.bucket2);
	two_put(&t);
	return err;
}

/* FUTEX_WAIT's time is relative, the other's a point in time. */
static int get_deadline(struct deadline *d, uptr timeout, int cmd, bool is_real)
{
	int err = get_timespec_ns(&d->ns, timeout);

	if (err)
		return err;
	d->is_real = is_real;
	if (cmd == FUTEX_WAIT)
		d->ns = deadline_add(d->ns, time_now_ns());
	else if (!is_real)
		d->ns = clock_meant_ns(CLOCK_MONOTONIC, d->ns);
	d->ns = MAX(d->ns, 1);		/* 0 is "never" */
	return 0;
}

static bool has_deadline(int cmd)
{
	return cmd == FUTEX_WAIT || cmd == FUTEX_WAIT_BITSET || cmd == FUTEX_LOCK_PI || cmd == FUTEX_LOCK_PI2 ||
	       cmd == FUTEX_WAIT_REQUEUE_PI;
}

long sys_futex(uptr addr, int op, unsigned value, unsigned long timeout, uptr addr2, unsigned value3)
{
	int cmd = op & FUTEX_CMD_MASK;
	bool is_shared = !(op & FUTEX_PRIVATE_FLAG), is_real = op & FUTEX_CLOCK_REALTIME;
	struct deadline d = { 0 };

	if (has_deadline(cmd) && timeout) {
		int err = get_deadline(&d, timeout, cmd, is_real || cmd == FUTEX_LOCK_PI);

		if (err)
			return err;
	}
	if (is_real && cmd != FUTEX_WAIT_BITSET && cmd != FUTEX_LOCK_PI2 && cmd != FUTEX_WAIT_REQUEUE_PI)
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
		return wait(addr, is_shared, value, &d, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAIT_BITSET:
		return value3 ? wait(addr, is_shared, value, &d, value3) : -EINVAL;
	case FUTEX_WAKE:
		return futex_wake(addr, is_shared, (int)value, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET:
		return value3 ? futex_wake(addr, is_shared, (int)value, value3) : -EINVAL;
	case FUTEX_REQUEUE:
		return requeue(addr, addr2, is_shared, (int)value, (int)timeout, NULL);
	case FUTEX_CMP_REQUEUE:
		return requeue(addr, addr2, is_shared, (int)value, (int)timeout, &value3);
	case FUTEX_WAKE_OP:
		return wake_op(addr, addr2, is_shared, (int)value, (int)timeout, value3);
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return futex_lock_pi(addr, is_shared, &d, false);
	case FUTEX_TRYLOCK_PI:
		return futex_lock_pi(addr, is_shared, &d, true);
	case FUTEX_WAIT_REQUEUE_PI:
		return futex_wait_requeue_pi(addr, is_shared, value, &d, addr2);
	case FUTEX_CMP_REQUEUE_PI:
		return futex_cmp_requeue_pi(addr, addr2, is_shared, (int)value, (int)timeout, value3);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_pi(addr, is_shared);
	default:
		return -ENOSYS;
	}
}
