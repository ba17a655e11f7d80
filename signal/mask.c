/*
 * signal/mask.c: the blocked mask: sigprocmask, sigpending, sigsuspend, pause, and the masks that ppoll and its kin put
 * in for the time of a wait.
 * Locks: sighand->lock: a mask is written by its own task only, and read by senders. Errors: EINVAL, EFAULT.
 * Source: sigprocmask(2), sigpending(2), sigsuspend(2), pause(2).
 */
#include "signal/internal.h"
#include "syscall/define.h"
#include "mm/user_access.h"
#include "user_word.h"

void signal_set_blocked_locked(u64 mask)
{
	struct task *t = current;
	u64 newly = mask & ~t->blocked;

	/* What we were woken for and now block is another thread's to take. */
	if (newly && t->signal->threads > 1 && (READ_ONCE(t->work) & WORK_SIGNAL))
		signal_retarget_locked(t, newly);
	t->blocked = mask;
	signal_recompute(t);
}

void signal_set_blocked(u64 mask)
{
	struct task *t = current;

	mask &= ~SIGNALS_UNBLOCKABLE;
	if (mask == t->blocked)
		return;
	spin_lock_irq(&t->sighand->lock);
	signal_set_blocked_locked(mask);
	spin_unlock_irq(&t->sighand->lock);
}

long sys_rt_sigprocmask(int how, uptr set, uptr old, size_t size)
{
	u64 before = current->blocked, mask;

	if (size != sizeof(u64))
		return -EINVAL;
	if (set) {
		if (arch_user_load64(&mask, set))
			return -EFAULT;
		if (how == SIG_BLOCK)
			mask = before | mask;
		else if (how == SIG_UNBLOCK)
			mask = before & ~mask;
		else if (how != SIG_SETMASK)
			return -EINVAL;
		signal_set_blocked(mask);
	}
	return old ? arch_user_store64(before, old) : 0;
}

long sys_rt_sigpending(uptr set, size_t size)
{
	struct task *t = current;
	unsigned long flags;
	u64 pending;

	if (size > sizeof(u64))
		return -EINVAL;
	flags = spin_lock_irqsave(&t->sighand->lock);
	pending = (t->pending.set | t->signal->shared_pending.set) & t->blocked;
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	return copy_to_user(set, &pending, size);
}

static void save_and_set(u64 mask)
{
	current->saved_mask = current->blocked;
	current->has_saved_mask = true;
	signal_set_blocked(mask);
}

long sys_rt_sigsuspend(uptr set, size_t size)
{
	u64 mask;

	if (size != sizeof(u64))
		return -EINVAL;
	if (get_user_u64(&mask, set))
		return -EFAULT;
	save_and_set(mask);
	return sys_pause();
}

long sys_pause(void)
{
	while (!signal_is_pending()) {
		task_set_state(TASK_INTERRUPTIBLE);
		schedule();
	}
	return -ERESTARTNOHAND;
}

int signal_set_user_mask(uptr mask_addr, size_t size)
{
	u64 mask;

	if (!mask_addr)
		return 0;
	if (size != sizeof(u64))
		return -EINVAL;
	if (get_user_u64(&mask, mask_addr))
		return -EFAULT;
	save_and_set(mask);
	return 0;
}

/* interrupted: the return path does it, after the handlers that the waiting mask let through. */
void signal_restore_saved_mask_unless(bool interrupted)
{
	if (interrupted || !current->has_saved_mask)
		return;
	current->has_saved_mask = false;
	signal_set_blocked(current->saved_mask);
}

bool signal_is_blocked_or_ignored(int sig)
{
	unsigned long flags = spin_lock_irqsave(&current->sighand->lock);
	bool is = sig_in(current->blocked, sig) || sighand_handler_locked(current->sighand, sig) == HANDLER_IGNORE;

	spin_unlock_irqrestore(&current->sighand->lock, flags);
	return is;
}
