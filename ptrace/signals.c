/*
 * ptrace/signals.c: a tracer reads and writes its tracee's signals: the siginfo of the stop, what is pending, the mask.
 * Way in: request.c; the tracee is stopped. Locks: the tracee's sighand->lock. Errors: EINVAL, EFAULT.
 * Source: ptrace(2).
 */
#include "ptrace/internal.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "mm/user_access.h"

/* The stop's siginfo, read or replaced. A group-stop of a task that was attached to has none. */
static int exchange_siginfo(struct task *t, struct signal_info *info, bool is_set)
{
	unsigned long flags = spin_lock_irqsave(&t->sighand->lock);
	int err = t->stop_info ? 0 : -EINVAL;

	if (!err && is_set)
		*t->stop_info = *info;
	else if (!err)
		*info = *t->stop_info;
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	return err;
}

long ptrace_get_siginfo(struct task *t, uptr data)
{
	struct signal_info info;
	int err = exchange_siginfo(t, &info, false);

	return err ? err : signal_info_to_user(data, &info);
}

long ptrace_set_siginfo(struct task *t, uptr data)
{
	struct signal_info info;
	int err = signal_info_from_user(&info, data, 0);

	return err ? err : exchange_siginfo(t, &info, true);
}

/* The siginfo at this place of a queue. False: it is shorter. */
static bool queue_peek(struct task *t, bool is_shared, u64 place, struct signal_info *info)
{
	unsigned long flags = spin_lock_irqsave(&t->sighand->lock);
	struct pending *p = is_shared ? &t->signal->shared_pending : &t->pending;
	struct pending_signal *q;
	bool found = false;

	list_for_each(q, &p->queue, node) {
		if (place--)
			continue;
		*info = q->info;
		found = true;
		break;
	}
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	return found;
}

long ptrace_peek_siginfo(struct task *t, uptr args, uptr data)
{
	struct ptrace_peeksiginfo_args a;
	struct signal_info info;
	s32 n;

	if (copy_from_user(&a, args, sizeof(a)))
		return -EFAULT;
	if ((a.flags & ~(u32)PTRACE_PEEKSIGINFO_SHARED) || a.nr < 0)
		return -EINVAL;
	for (n = 0; n < a.nr; n++) {
		if (a.off + (u64)n < a.off || !queue_peek(t, a.flags & PTRACE_PEEKSIGINFO_SHARED, a.off + (u64)n, &info))
			break;
		if (signal_info_to_user(data + (uptr)n * sizeof(siginfo_t), &info))
			return n ? n : -EFAULT;
		if (signal_is_pending())
			return n + 1;
	}
	return n;
}

long ptrace_get_sigmask(struct task *t, size_t size, uptr data)
{
	if (size != sizeof(u64))
		return -EINVAL;
	return put_user_u64(t->has_saved_mask ? t->saved_mask : t->blocked, data);
}

/* What is pending and no longer blocked is looked at when the tracee goes on. */
long ptrace_set_sigmask(struct task *t, size_t size, uptr data)
{
	unsigned long flags;
	u64 mask;

	if (size != sizeof(u64))
		return -EINVAL;
	if (get_user_u64(&mask, data))
		return -EFAULT;
	flags = spin_lock_irqsave(&t->sighand->lock);
	t->blocked = mask & ~SIGNALS_UNBLOCKABLE;
	t->has_saved_mask = false;
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	return 0;
}
