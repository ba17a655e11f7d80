/*
 * signal/timedwait.c: rt_sigtimedwait: takes a signal of a set without running its handler.
 * While the caller sleeps the set is unblocked, so that senders wake it; real_blocked says what is blocked all the
 * same.
 * Locks: sighand->lock. Errors: EINVAL, EFAULT, EAGAIN (timeout), EINTR. Source: sigwaitinfo(2).
 */
#include "signal/internal.h"
#include "syscall/define.h"
#include "mm/user_access.h"
#include "time/clocks.h"

static void sleep_for(struct task *t, u64 set, u64 deadline_ns, unsigned long *flags)
{
	t->real_blocked = t->blocked;
	t->blocked &= ~set;
	signal_recompute(t);
	spin_unlock_irqrestore(&t->sighand->lock, *flags);
	task_set_state(TASK_INTERRUPTIBLE);
	schedule_timeout(deadline_ns);
	*flags = spin_lock_irqsave(&t->sighand->lock);
	t->blocked = t->real_blocked;
	t->real_blocked = 0;
	signal_recompute(t);
}

/* deadline_ns 0: for ever; 1: do not sleep. */
static int timedwait(u64 set, u64 deadline_ns, struct signal_info *info)
{
	struct task *t = current;
	unsigned long flags = spin_lock_irqsave(&t->sighand->lock);
	int sig = signal_dequeue_locked(t, set, info);

	if (!sig && deadline_ns != 1) {
		sleep_for(t, set, deadline_ns, &flags);
		sig = signal_dequeue_locked(t, set, info);
	}
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	if (sig)
		return sig;
	return deadline_ns && time_now_ns() >= deadline_ns ? -EAGAIN : -EINTR;
}

long sys_rt_sigtimedwait(uptr set_addr, uptr info_addr, uptr timeout, size_t size)
{
	u64 set, deadline_ns = 0;
	struct signal_info info;
	int sig;

	if (size != sizeof(u64))
		return -EINVAL;
	if (get_user_u64(&set, set_addr))
		return -EFAULT;
	if (timeout) {
		int err = get_timespec_ns(&deadline_ns, timeout);

		if (err)
			return err;
		deadline_ns = deadline_ns ? deadline_add(deadline_ns, time_now_ns()) : 1;
	}
	sig = timedwait(set & ~SIGNALS_UNBLOCKABLE, deadline_ns, &info);
	if (sig > 0 && info_addr && signal_info_to_user(info_addr, &info))
		return -EFAULT;
	return sig;
}
