/*
 * seccomp/filter.c: filters and who they judge. Each filter points to the older one below it, so a task's chain is its
 * newest filter; a clone takes one count on it, and a thread that puts a filter on top leaves the chain below shared.
 * Way in: calls.c (filter_new, filter_attach), clone (seccomp_inherit_locked), death (seccomp_drop).
 * Locks: sighand->lock; exec_lock around SECCOMP_FILTER_FLAG_TSYNC, for exec changes who is a thread of the group.
 * Errors: EFAULT, EINVAL, EACCES, ENOMEM, EBUSY (a second listener in the chain). Source: seccomp(2).
 * Differences from Linux: a chain's length is counted in classic instructions, which Linux first translates.
 */
#include "seccomp/internal.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "namespace/user.h"
#include <linux/capability.h>
#include <linux/eventpoll.h>
#include <linux/seccomp.h>

#define CHAIN_INSNS_MAX ((1u << 18) / sizeof(struct sock_filter))
#define CHAIN_FILTER_COST 4	/* instructions that each filter below counts for, besides its own */

/* -- one filter -- */

static struct seccomp_filter *filter_alloc(u32 length)
{
	struct seccomp_filter *f = kzalloc(sizeof(*f) + length * sizeof(struct sock_filter));

	if (!f)
		return NULL;
	refcount_set(&f->count, 1);
	refcount_set(&f->users, 1);
	spin_init(&f->lock, RANK_SECCOMP);
	list_init(&f->notifications);
	waitqueue_init(&f->wait);
	f->program.length = length;
	return f;
}

void filter_put(struct seccomp_filter *f)
{
	while (f && refcount_dec(&f->count)) {
		struct seccomp_filter *older = f->older;

		kfree(f);
		f = older;
	}
}

/* One who is judged by f is gone. Filters that judge nobody any more tell their listeners. */
static void filter_release_user(struct seccomp_filter *f)
{
	while (f && refcount_dec(&f->users)) {
		wake_up_poll(&f->wait, EPOLLHUP);
		f = f->older;
	}
}

static int load_program(struct seccomp_filter *f, uptr insns)
{
	size_t length = f->program.length;
	u16 *known;
	int err;

	if (copy_from_user(f->program.insns, insns, length * sizeof(struct sock_filter)))
		return -EFAULT;
	known = kmalloc(length * sizeof(*known));
	if (!known)
		return -ENOMEM;
	err = bpf_check(&f->program, known);
	kfree(known);
	return err;
}

struct seccomp_filter *filter_new(uptr user_program)
{
	struct sock_fprog head;
	struct seccomp_filter *f;
	int err;

	if (copy_from_user(&head, user_program, sizeof(head)))
		return ERR_PTR(-EFAULT);
	if (!head.len || head.len > BPF_MAXINSNS)
		return ERR_PTR(-EINVAL);
	/* else a set-user-ID program could be made to run with calls that quietly fail */
	if (!current->no_new_privs && !ns_capable(current_user_ns(), CAP_SYS_ADMIN))
		return ERR_PTR(-EACCES);
	if (!head.filter)
		return ERR_PTR(-EINVAL);
	f = filter_alloc(head.len);
	if (!f)
		return ERR_PTR(-ENOMEM);
	err = load_program(f, (uptr)head.filter);
	if (err) {
		filter_put(f);
		return ERR_PTR(err);
	}
	return f;
}

/* -- whom it judges: under sighand->lock -- */

static bool may_set_mode_locked(u32 mode)
{
	return current->seccomp.mode == SECCOMP_MODE_DISABLED || current->seccomp.mode == mode;
}

static void set_mode_locked(struct task *t, u32 mode)
{
	WRITE_ONCE(t->seccomp.mode, mode);
	task_set_work(t, WORK_SECCOMP);
}

int seccomp_set_strict(void)
{
	unsigned long flags = spin_lock_irqsave(&current->sighand->lock);
	bool may = may_set_mode_locked(SECCOMP_MODE_STRICT);

	if (may)
		set_mode_locked(current, SECCOMP_MODE_STRICT);
	spin_unlock_irqrestore(&current->sighand->lock, flags);
	return may ? 0 : -EINVAL;
}

static bool is_in_chain(const struct seccomp_filter *f, const struct seccomp_filter *chain)
{
	for (; chain && chain != f; chain = chain->older)
		;
	return chain == f;
}

static bool chain_has_listener(struct seccomp_filter *chain)
{
	for (; chain; chain = chain->older) {
		if (READ_ONCE(chain->has_listener))
			return true;
	}
	return false;
}

/* A thread that could not be given current's chain: it has a filter that current has not. NULL: none. */
static struct task *stranger_locked(void)
{
	struct task *t;

	list_for_each(t, &current->signal->thread_list, thread_node) {
		if (t == current || (t->flags & PF_EXITING) || t->seccomp.mode == SECCOMP_MODE_DISABLED)
			continue;
		if (t->seccomp.mode != SECCOMP_MODE_FILTER ||
		    (t->seccomp.newest && !is_in_chain(t->seccomp.newest, current->seccomp.newest)))
			return t;
	}
	return NULL;
}

static void share_chain_locked(struct task *t)
{
	t->seccomp.newest = current->seccomp.newest;
	WRITE_ONCE(t->seccomp.filter_count, current->seccomp.filter_count);
	if (t->seccomp.newest) {
		refcount_inc(&t->seccomp.newest->count);
		refcount_inc(&t->seccomp.newest->users);
	}
	if (current->no_new_privs)
		t->no_new_privs = true;
}

/* All threads get current's chain. Their old ones are parts of it, so giving those up ends nothing. */
static void sync_threads_locked(void)
{
	struct task *t;

	list_for_each(t, &current->signal->thread_list, thread_node) {
		struct seccomp_filter *old = t->seccomp.newest;

		if (t == current || (t->flags & PF_EXITING))
			continue;
		share_chain_locked(t);
		filter_release_user(old);
		filter_put(old);
		if (t->seccomp.mode == SECCOMP_MODE_DISABLED)
			set_mode_locked(t, SECCOMP_MODE_FILTER);
	}
}

static bool chain_is_too_long(const struct seccomp_filter *f)
{
	u64 sum = f->program.length;

	for (const struct seccomp_filter *older = current->seccomp.newest; older; older = older->older)
		sum += older->program.length + CHAIN_FILTER_COST;
	return sum > CHAIN_INSNS_MAX;
}

static long attach_locked(struct seccomp_filter *f, unsigned flags)
{
	struct task *stranger;

	if (!may_set_mode_locked(SECCOMP_MODE_FILTER))
		return -EINVAL;
	if (f->has_listener && chain_has_listener(current->seccomp.newest))
		return -EBUSY;
	if (chain_is_too_long(f))
		return -ENOMEM;
	stranger = flags & SECCOMP_FILTER_FLAG_TSYNC ? stranger_locked() : NULL;
	if (stranger) {
		int number = task_tid_seen(stranger);

		return flags & SECCOMP_FILTER_FLAG_TSYNC_ESRCH || !number ? -ESRCH : number;
	}
	f->is_logged = flags & SECCOMP_FILTER_FLAG_LOG;
	f->waits_killable = flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	f->older = current->seccomp.newest;	/* with what current held on it */
	current->seccomp.newest = f;
	WRITE_ONCE(current->seccomp.filter_count, current->seccomp.filter_count + 1);
	if (flags & SECCOMP_FILTER_FLAG_TSYNC)
		sync_threads_locked();
	set_mode_locked(current, SECCOMP_MODE_FILTER);
	return 0;
}

long filter_attach(struct seccomp_filter *f, unsigned flags)
{
	bool is_sync = flags & SECCOMP_FILTER_FLAG_TSYNC;
	unsigned long irq;
	long result;

	if (is_sync && mutex_lock_killable(&current->signal->exec_lock))
		return -EINVAL;
	irq = spin_lock_irqsave(&current->sighand->lock);
	result = attach_locked(f, flags);
	spin_unlock_irqrestore(&current->sighand->lock, irq);
	if (is_sync)
		mutex_unlock(&current->signal->exec_lock);
	return result;
}

void seccomp_inherit_locked(struct task *child)
{
	struct seccomp *s = &child->seccomp;

	*s = current->seccomp;
	child->no_new_privs = current->no_new_privs;
	if (s->newest) {
		refcount_inc(&s->newest->count);
		refcount_inc(&s->newest->users);
	}
	if (s->mode != SECCOMP_MODE_DISABLED)
		task_set_work(child, WORK_SECCOMP);
}

/* The mode and the count stay, for who looks at the zombie. PF_EXITING keeps TSYNC away from t. */
void seccomp_drop(struct task *t)
{
	struct seccomp_filter *f = t->seccomp.newest;

	t->seccomp.newest = NULL;
	filter_release_user(f);
	filter_put(f);
}
