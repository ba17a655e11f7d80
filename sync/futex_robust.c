/*
 * sync/futex_robust.c: what a thread that leaves its memory still owes others: the locks of its robust list are marked
 * as their owner's having died and one waiter each is woken; the word that pthread_join sleeps on is cleared.
 * Way in: futex_exit() from exit and exec; set_robust_list(2), get_robust_list(2). Locks: none held on entry.
 * Errors: a list that cannot be read ends the walk. Source: get_robust_list(2), set_tid_address(2), futex(2).
 */
#include "sync/futex.h"
#include "sync/futex_pi.h"
#include "syscall/define.h"
#include "arch/arch.h"
#include "fs/vfs.h"
#include "mm/mm.h"
#include "mm/user_access.h"
#include "task/task.h"
#include "user_word.h"
#include <linux/capability.h>
#include <linux/futex.h>

#define WALK_MAX 2048	/* a list that goes round must end */

/* The bit says that the lock is one with priority inheritance. */
static int get_entry(uptr *entry, uptr addr, bool *is_pi)
{
	if (arch_user_load64(entry, addr))
		return -EFAULT;
	*is_pi = *entry & 1;
	*entry &= ~1UL;
	return 0;
}

/* One lock word. is_pending: the thread died while it took or released this one. */
static int settle_word(uptr addr, struct task *t, bool is_pi, bool is_pending)
{
	u32 value, seen;

	if (addr % sizeof(u32))
		return -EINVAL;
	for (;;) {
		if (get_user_u32(&value, addr))
			return -EFAULT;
		if (is_pending && !is_pi && !(value & FUTEX_TID_MASK)) {
			/* it has given the lock up, and did not get to waking the next */
			(void)futex_wake(addr, true, 1, FUTEX_BITSET_MATCH_ANY);
			return 0;
		}
		if ((value & FUTEX_TID_MASK) != (u32)task_tid_seen(t))
			return 0;
		if (arch_user_cmpxchg32(addr, value, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED, &seen))
			return -EFAULT;
		if (seen == value)
			break;
	}
	if (!is_pi && (value & FUTEX_WAITERS))
		(void)futex_wake(addr, true, 1, FUTEX_BITSET_MATCH_ANY);
	return 0;
}

static void walk_robust_list(struct task *t)
{
	uptr head = t->robust_list.head, entry, next, pending;
	bool is_pi, next_is_pi, pending_is_pi;
	u64 offset;
	int err;

	if (get_entry(&entry, head + offsetof(struct robust_list_head, list), &is_pi) ||
	    arch_user_load64(&offset, head + offsetof(struct robust_list_head, futex_offset)) ||
	    get_entry(&pending, head + offsetof(struct robust_list_head, list_op_pending), &pending_is_pi))
		return;
	for (int i = 0; i < WALK_MAX && entry != head; i++) {
		/* read before the word is given free: its memory is the next owner's then */
		err = get_entry(&next, entry, &next_is_pi);
		if (entry != pending && settle_word(entry + offset, t, is_pi, false))
			return;
		if (err)
			return;
		entry = next;
		is_pi = next_is_pi;
	}
	if (pending)
		(void)settle_word(pending + offset, t, pending_is_pi, true);
}

void futex_exit(struct task *t)
{
	if (t->robust_list.head) {
		walk_robust_list(t);
		t->robust_list.head = 0;
	}
	futex_pi_exit(t);
	if (!t->clear_child_tid)
		return;
	if (t->mm && refcount_read(&t->mm->users) > 1) {
		(void)!arch_user_store32(0, t->clear_child_tid);
		(void)futex_wake(t->clear_child_tid, true, 1, FUTEX_BITSET_MATCH_ANY);
	}
	t->clear_child_tid = 0;
}

long sys_set_robust_list(uptr head, size_t len)
{
	if (len != sizeof(struct robust_list_head))
		return -EINVAL;
	current->robust_list.head = head;
	current->robust_list.len = len;
	return 0;
}

long sys_get_robust_list(int number, uptr head, uptr len)
{
	struct task *t = number ? task_find(number) : task_get(current);
	uptr value;
	long err = -EPERM;

	if (!t)
		return -ESRCH;
	if (!task_may_look(t, ATTACH_BY_REAL_IDS)) {
		value = t->robust_list.head;
		err = put_user_u64(sizeof(struct robust_list_head), len);
		if (!err)
			err = put_user_u64(value, head);
	}
	task_put(t);
	return err;
}
