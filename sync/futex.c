/*
 * sync/futex.c: sleeping on a word of user memory until somebody wakes those who do.
 * Waiters hang in a hash table of buckets by the word's key. The word is compared under the bucket's lock, and a waker
 * takes the same lock after it has changed the word, so no wake-up is lost.
 * Way in: futex_calls.c, futex_robust.c. Locks: the bucket's. Errors: see futex.h. Source: futex(2).
 */
#include "sync/futex.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "fs/vfs.h"
#include "mm/mm.h"
#include "mm/user_access.h"
#include "task/task.h"

#define BUCKETS 256

static struct futex_bucket buckets[BUCKETS];
static bool are_buckets_ready;

/* -- keys -- */

/* A shared mapping is known by its file, so that every process that maps it means the same word. A page that may be written and is
 * not shared says that it is of none, before any region is looked up. */
static int shared_key(uptr addr, struct futex_key *k)
{
	struct mm *mm = current->mm;
	struct vma *v;
	int err = 0;

	if (pt_owns_page(mm, addr))
		return 0;
	rw_read_lock(&mm->lock);
	v = vma_at(&mm->vmas, addr);
	if (!v || (!v->file && !(v->flags & VM_WRITE))) {
		err = -EFAULT;	/* nobody can ever change the word */
	} else if ((v->flags & VM_SHARED) && v->file) {
		k->inode = inode_get(v->file->inode);
		k->page = v->offset_pages + ((addr - v->start) >> PAGE_SHIFT);
		k->mm = NULL;
	}
	rw_read_unlock(&mm->lock);
	return err;
}

int futex_key_get(uptr addr, bool is_shared, struct futex_key *k)
{
	if (addr % sizeof(u32))
		return -EINVAL;
	if (!user_range_ok(addr, sizeof(u32)))
		return -EFAULT;
	*k = (struct futex_key){ .mm = current->mm, .page = addr >> PAGE_SHIFT, .offset = addr & (PAGE_SIZE - 1) };
	return is_shared ? shared_key(addr, k) : 0;
}

void futex_key_put(struct futex_key *k)
{
	if (k->inode)
		inode_put(k->inode);
	k->inode = NULL;
}

bool futex_key_is_same(const struct futex_key *a, const struct futex_key *b)
{
	return a->mm == b->mm && a->inode == b->inode && a->page == b->page && a->offset == b->offset;
}

static void buckets_init(void)
{
	static struct spinlock once = SPINLOCK_INIT(RANK_FUTEX);

	spin_lock(&once);
	for (int i = 0; i < BUCKETS && !are_buckets_ready; i++) {
		spin_init(&buckets[i].lock, RANK_FUTEX);
		list_init(&buckets[i].waiters);
	}
	__atomic_store_n(&are_buckets_ready, true, __ATOMIC_RELEASE);
	spin_unlock(&once);
}

struct futex_bucket *futex_bucket_of(const struct futex_key *k)
{
	u64 h = (u64)k->mm ^ (u64)k->inode ^ k->page << 12 ^ k->offset;

	if (unlikely(!__atomic_load_n(&are_buckets_ready, __ATOMIC_ACQUIRE)))
		buckets_init();
	h *= 0x9e3779b97f4a7c15UL;
	return &buckets[h >> 56];
}

void futex_lock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	sched_hold_kicks();
	spin_lock(a < b ? &a->lock : &b->lock);
	if (a != b)
		spin_lock(a < b ? &b->lock : &a->lock);
}

void futex_unlock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
	sched_release_kicks();
}

/* -- user words -- */

int futex_load_locked(uptr addr, u32 *value)
{
	int err;

	current->faults_off = true;
	err = arch_user_load32(addr, value);
	current->faults_off = false;
	return err;
}

int futex_fault_in(uptr addr, bool is_write)
{
	int code, err;

	if (fatal_signal_is_pending())
		return -EFAULT;
	err = mm_fault(current->mm, addr, is_write ? FAULT_WRITE : FAULT_READ, &code);
	return err && err != -ENOMEM ? -EFAULT : 0;
}

/* -- waking -- */

/* w is the waiter's own again, and may be gone, once its bucket is NULL. */
static void wake_waiter_locked(struct futex_waiter *w)
{
	list_remove(&w->node);
	sched_wake(w->task, TASK_INTERRUPTIBLE);
	__atomic_store_n(&w->bucket, NULL, __ATOMIC_RELEASE);
}

int futex_wake_locked(struct futex_bucket *b, const struct futex_key *k, int n, u32 bitset)
{
	struct futex_waiter *w, *next;
	int woken = 0;

	list_for_each_safe(w, next, &b->waiters, node) {
		if (!(w->bitset & bitset) || !futex_key_is_same(&w->key, k))
			continue;
		if (w->pi)
			return -EINVAL;
		wake_waiter_locked(w);
		if (++woken >= n)
			break;
	}
	return woken;
}

int futex_wake(uptr addr, bool is_shared, int n, u32 bitset)
{
	struct futex_key k;
	struct futex_bucket *b;
	int err = futex_key_get(addr, is_shared, &k);

	if (err)
		return err;
	b = futex_bucket_of(&k);
	sched_hold_kicks();
	spin_lock(&b->lock);
	err = futex_wake_locked(b, &k, n, bitset);
	spin_unlock(&b->lock);
	sched_release_kicks();
	futex_key_put(&k);
	return err;
}

/* -- waiting -- */

/* Queues w if the word still has this value, with current's state set to sleep. */
int futex_enqueue_if_equal(uptr addr, u32 value, struct futex_waiter *w)
{
	struct futex_bucket *b = futex_bucket_of(&w->key);
	u32 now;

	for (;;) {
		int err;

		spin_lock(&b->lock);
		err = futex_load_locked(addr, &now);
		if (!err)
			break;
		spin_unlock(&b->lock);
		if (futex_fault_in(addr, false))
			return -EFAULT;
	}
	if (now != value) {
		spin_unlock(&b->lock);
		return -EAGAIN;
	}
	w->bucket = b;
	list_push_back(&b->waiters, &w->node);
	task_set_state(TASK_INTERRUPTIBLE);
	spin_unlock(&b->lock);
	return 0;
}

/* True: it was still queued. A requeue may move it meanwhile. */
bool futex_dequeue(struct futex_waiter *w)
{
	for (;;) {
		struct futex_bucket *b = __atomic_load_n(&w->bucket, __ATOMIC_ACQUIRE);
		bool is_here;

		if (!b)
			return false;
		spin_lock(&b->lock);
		is_here = w->bucket == b;
		if (is_here) {
			list_remove(&w->node);
			w->bucket = NULL;
		}
		spin_unlock(&b->lock);
		if (is_here)
			return true;
	}
}

/* One sleep. 0: woken; -errno; 1: for no reason, look again. */
static int wait_once(uptr addr, u32 value, const struct deadline *d, struct futex_waiter *w)
{
	int err = futex_enqueue_if_equal(addr, value, w);
	bool is_late = false;

	if (err)
		return err;
	if (d->ns)
		is_late = schedule_deadline(d);
	else
		schedule();
	WRITE_ONCE(current->state, TASK_RUNNING);
	if (!futex_dequeue(w))
		return 0;
	return is_late ? -ETIMEDOUT : signal_is_pending() ? -ERESTARTSYS : 1;
}

int futex_wait(uptr addr, bool is_shared, u32 value, const struct deadline *d, u32 bitset)
{
	struct futex_waiter w = { .task = current, .bitset = bitset };
	int result;

	list_init(&w.node);
	do {
		/* a requeue may have changed the key */
		result = futex_key_get(addr, is_shared, &w.key);
		if (result)
			return result;
		result = wait_once(addr, value, d, &w);
		futex_key_put(&w.key);
	} while (result > 0);
	return result;
}
