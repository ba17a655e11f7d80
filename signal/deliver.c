/*
 * signal/deliver.c: signals meet user mode here, on the way back from the kernel: stop, die, or run a handler; and the
 * system call that a signal interrupted is ended with EINTR or run again.
 * Way in: signal_return_path() from entry/return.c, interrupts on; signal_run_at_once() from a call that sends.
 * Locks: sighand->lock; tasklist_lock for news to the parent. Errors: a frame that cannot be written is SIGSEGV.
 * Source: signal(7), restart_syscall(2).
 */
#include "signal/internal.h"
#include "syscall/define.h"
#include "arch/arch.h"
#include "exec/core.h"
#include "fs/signalfd.h"
#include "ptrace/ptrace.h"
#include "base/printk.h"
#include "base/string.h"
#include "namespace/account.h"
#include <asm/unistd.h>
#include <linux/resource.h>

/* Tells the parent of a group's stop or go, which whoever decided it could not do under the lock it held. */
void signal_tell_stop_news(struct task *t)
{
	unsigned long flags;
	u32 news;

	if (!(READ_ONCE(t->signal->stop_flags) & (STOP_TELL_STOPPED | STOP_TELL_CONTINUED)))
		return;
	flags = spin_lock_irqsave(&tasklist_lock);
	spin_lock(&t->sighand->lock);
	news = t->signal->stop_flags & (STOP_TELL_STOPPED | STOP_TELL_CONTINUED);
	t->signal->stop_flags &= ~news;
	spin_unlock(&t->sighand->lock);
	if (news) {
		int why = news & STOP_TELL_CONTINUED ? CLD_CONTINUED : CLD_STOPPED;

		signal_notify_stop_locked(t, false, why);
		if (ptrace_is_reparented(t->leader))
			signal_notify_stop_locked(t->leader, true, why);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
}

/* info: of the signal that current itself has taken; NULL: the group's end has reached it. */
static __noreturn void die(int sig, const struct signal_info *info)
{
	struct signal *s = current->signal;

	current->flags |= PF_SIGNALED;
	/* exec in another thread takes the group over: only this thread goes, and its code is nobody's */
	if (READ_ONCE(s->group_exec_task) && !READ_ONCE(s->is_group_exiting))
		task_exit(0);
	if (info && sig_in(SIGNALS_DEFAULT_CORE, sig))
		core_dump(info);
	task_exit_group(sig);
}

static bool is_current_pgrp_orphaned(void)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	bool is_orphaned = pgrp_is_orphaned_locked(current->signal->pids[PID_PGID], NULL);

	spin_unlock_irqrestore(&tasklist_lock, flags);
	return is_orphaned;
}

enum verdict { VERDICT_NEXT, VERDICT_RELOCK, VERDICT_DIE };

/* The default action of sig, which current has taken. VERDICT_RELOCK: the lock was given up. */
static enum verdict default_action_locked(int sig, bool is_forced, unsigned long *flags)
{
	struct task *t = current;

	if (sig_in(SIGNALS_DEFAULT_IGNORED, sig) && !is_forced)
		return VERDICT_NEXT;
	if (t->signal->is_unkillable && !sig_in(SIGNALS_UNBLOCKABLE, sig))
		return VERDICT_NEXT;
	if (!sig_in(SIGNALS_DEFAULT_STOP, sig))
		return VERDICT_DIE;
	if (sig != SIGSTOP) {
		bool is_orphaned;

		spin_unlock_irqrestore(&t->sighand->lock, *flags);
		is_orphaned = is_current_pgrp_orphaned();
		if (is_orphaned)
			return VERDICT_RELOCK;
		*flags = spin_lock_irqsave(&t->sighand->lock);
	}
	return stop_current_locked(sig, flags) ? VERDICT_RELOCK : VERDICT_NEXT;
}

/* A tracer sees what was taken first. 0: it is not to be. */
static __noinline int ask_tracer_locked(struct signal_delivery *d, bool is_process, unsigned long *flags)
{
	return ptrace_signal_locked(d->sig, d->info, is_process, flags);
}

/* One signal off the queues; a tracer sees it first. 1: it is to be acted upon; 0: nothing left; 2: look for the next. */
static int dequeue_locked(struct signal_delivery *d, bool *is_forced, unsigned long *flags)
{
	struct task *t = current;
	bool is_process = !(t->pending.set & ~t->blocked), is_fatal;
	u64 forced = t->forced;

	d->sig = 0;
	if (unlikely(t->pending.set & ~t->blocked & SIGNALS_SYNCHRONOUS))
		d->sig = pending_take_synchronous_locked(t, d->info);
	if (!d->sig)
		d->sig = signal_dequeue_locked(t, ~t->blocked, d->info);
	if (!d->sig)
		return 0;
	is_fatal = sig_in(t->forced_fatal, d->sig);
	t->forced &= ~SIG_BIT(d->sig);
	t->forced_fatal &= ~SIG_BIT(d->sig);
	if (unlikely(t->ptrace) && d->sig != SIGKILL && !is_fatal) {
		int seen = d->sig;

		d->sig = ask_tracer_locked(d, is_process, flags);
		if (!d->sig)
			return 2;
		if (d->sig != seen)
			forced = 0;
	}
	*is_forced = sig_in(forced, d->sig);
	return 1;
}

/* On its way to the freezer: a SIGSTOP that was sent before is obeyed before, however long t has had no CPU to do so. */
static bool stops_first(struct task *t)
{
	return !t->is_frozen && sig_in((t->pending.set | t->signal->shared_pending.set) & ~t->blocked, SIGSTOP);
}

/* Returns the mask that the handler of d runs with; it is to count from here on, so that the lock need not be taken again. */
static u64 prepare_handler_locked(struct signal_delivery *d)
{
	struct task *t = current;
	u64 mask = t->blocked | d->action.mask;

	if (unlikely(d->action.flags & SA_RESETHAND))
		sighand_reset_handler_locked(t->sighand, d->sig);
	if (!(d->action.flags & SA_NODEFER))
		mask |= SIG_BIT(d->sig);
	d->blocked_before = t->blocked;
	d->old_mask = t->has_saved_mask ? t->saved_mask : t->blocked;
	return mask & ~SIGNALS_UNBLOCKABLE;
}

/* What goes before any signal: the group's end, stops, traps, the freezer. -1: the lock was given up; 0: nothing of that. */
static __noinline int heed_jobs_locked(unsigned long *flags)
{
	struct task *t = current;

	if (t->signal->is_group_exiting || t->signal->group_exec_task) {
		t->pending.set &= ~SIG_BIT(SIGKILL);
		signal_recompute(t);
		spin_unlock_irqrestore(&t->sighand->lock, *flags);
		die(SIGKILL, NULL);
	}
	if ((t->jobctl & JOB_STOP_PENDING) && stop_current_locked(0, flags))
		return -1;
	if (unlikely(t->jobctl & JOB_TRAP_MASK)) {
		ptrace_trap_locked(flags);
		spin_unlock_irqrestore(&t->sighand->lock, *flags);
		return -1;
	}
	if ((unlikely(t->jobctl & JOB_FREEZE) || unlikely(t->is_frozen)) && !stops_first(t)) {
		freeze_current_locked(flags);
		return -1;
	}
	return 0;
}

static bool has_jobs(const struct task *t)
{
	return t->signal->is_group_exiting || t->signal->group_exec_task || t->is_frozen ||
	       (t->jobctl & (JOB_STOP_PENDING | JOB_TRAP_MASK | JOB_FREEZE));
}

static __noinline int act_by_default_locked(struct signal_delivery *d, bool is_forced, unsigned long *flags)
{
	switch (default_action_locked(d->sig, is_forced, flags)) {
	case VERDICT_NEXT:
		return 2;
	case VERDICT_RELOCK:
		return -1;
	case VERDICT_DIE:
		break;
	}
	spin_unlock_irqrestore(&current->sighand->lock, *flags);
	die(d->sig, d->info);
}

/* One signal off the queues, acted upon. 1: a handler is to run (d is filled); 0: nothing left; -1: look again, the lock was
 * given up; 2: look for the next. */
static __always_inline int take_locked(struct signal_delivery *d, unsigned long *flags)
{
	struct task *t = current;
	bool is_forced;
	int taken = unlikely(has_jobs(t)) ? heed_jobs_locked(flags) : 0;

	if (taken)
		return taken;
	taken = dequeue_locked(d, &is_forced, flags);
	if (taken != 1)
		return taken;
	d->action = sighand_action_locked(t->sighand, d->sig);
	if (unlikely(is_forced) || d->action.handler == HANDLER_DEFAULT)
		return act_by_default_locked(d, is_forced, flags);
	if (d->action.handler == HANDLER_IGNORE)
		return 2;
	signal_set_blocked_locked(prepare_handler_locked(d));
	return 1;
}

/* Takes signals until one has a handler (true) or none is left (false). */
static bool get_signal(struct signal_delivery *d)
{
	struct task *t = current;

	for (;;) {
		unsigned long flags = spin_lock_irqsave(&t->sighand->lock);
		int taken;

		if (unlikely(t->signal->stop_flags & (STOP_TELL_STOPPED | STOP_TELL_CONTINUED))) {
			spin_unlock_irqrestore(&t->sighand->lock, flags);
			signal_tell_stop_news(t);
			continue;
		}
		do {
			taken = take_locked(d, &flags);
		} while (taken == 2);
		if (taken < 0)
			continue;
		if (!taken)
			signal_recompute(t);
		spin_unlock_irqrestore(&t->sighand->lock, flags);
		return taken;
	}
}

/* How the interrupted call ends when a handler runs. */
static void settle_call_for_handler(struct regs *r, const struct signal_delivery *d)
{
	if (regs_syscall(r) == -1)
		return;
	switch (-regs_result(r)) {
	case ERESTARTSYS:
		if (d->action.flags & SA_RESTART)
			regs_restart(r);
		else
			regs_set_result(r, -EINTR);
		break;
	case ERESTARTNOINTR:
		regs_restart(r);
		break;
	case ERESTARTNOHAND:
	case ERESTART_RESTARTBLOCK:
		regs_set_result(r, -EINTR);
		break;
	default:
		break;
	}
}

static void settle_call_without_handler(struct regs *r)
{
	if (regs_syscall(r) == -1)
		return;
	switch (-regs_result(r)) {
	case ERESTARTSYS:
	case ERESTARTNOINTR:
	case ERESTARTNOHAND:
		regs_restart(r);
		break;
	case ERESTART_RESTARTBLOCK:
		regs_set_syscall(r, __NR_restart_syscall);
		regs_restart(r);
		break;
	default:
		break;
	}
}

static void frame_failed(int sig)
{
	if (sig == SIGSEGV)
		signal_force_default(SIGSEGV);
	else
		signal_force(SIGSEGV, SI_KERNEL, 0);
}

static void run_handler(struct regs *r, struct signal_delivery *d)
{
	struct task *t = current;
	bool is_stepped;

	settle_call_for_handler(r, d);
	if (t->rseq)
		rseq_interrupt(r);
	is_stepped = unlikely(t->ptrace_mode) && ptrace_step_end();
	if (arch_signal_push(r, d)) {
		signal_set_blocked(d->blocked_before);
		frame_failed(d->sig);
		return;
	}
	/* the saved mask is in the frame now: sigreturn puts it back */
	t->has_saved_mask = false;
	regs_set_syscall(r, -1);	/* a second signal must not settle the call again */
	if (is_stepped)
		ptrace_step_report();
}

void signal_return_path(struct regs *r)
{
	struct signal_info info;
	struct signal_delivery d = { .info = &info };

	if (get_signal(&d)) {
		run_handler(r, &d);
		return;
	}
	settle_call_without_handler(r);
	signal_restore_saved_mask_unless(false);
}

/* -- a signal to oneself -- */

/* What happens at sending or at taking these is more than a handler. */
#define SIGNALS_BY_QUEUE (SIG_BIT(SIGKILL) | SIGNALS_DEFAULT_STOP | SIG_BIT(SIGCONT) | SIG_BIT(SIGALRM))

/* Would current take sig, sent now, before anything else that there is to do on the way to user mode, with nobody to see it
 * on its way? */
static bool is_next_locked(int sig)
{
	const struct task *t = current;

	return !(READ_ONCE(t->work) | t->ptrace | t->ptrace_mode) &&
	       !sig_in(t->blocked | t->real_blocked | t->forced | SIGNALS_BY_QUEUE, sig) &&
	       !((t->pending.set | t->signal->shared_pending.set) & ~t->blocked) && !has_jobs(t) &&
	       !(t->signal->stop_flags & (STOP_TELL_STOPPED | STOP_TELL_CONTINUED)) && !signalfd_is_watched(t);
}

/* In the queue it would have counted against RLIMIT_SIGPENDING, and over that have lost its siginfo. */
static bool has_room(int sig, const struct signal_info *info)
{
	return signal_may_exceed(sig, info) ||
	       !account_is_over(current->real_cred->account, ACCOUNT_SIGNALS, 1, current_limit(RLIMIT_SIGPENDING));
}

bool signal_run_at_once(int sig, struct signal_info *info)
{
	struct task *t = current;
	struct regs *r = task_regs(t);
	struct signal_delivery d;
	unsigned long flags = spin_lock_irqsave(&t->sighand->lock);

	d.action = sighand_action_locked(t->sighand, sig);
	if (d.action.handler <= HANDLER_IGNORE || !is_next_locked(sig) || !has_room(sig, info)) {
		spin_unlock_irqrestore(&t->sighand->lock, flags);
		return false;
	}
	d.sig = sig;
	d.info = info;
	t->blocked = prepare_handler_locked(&d);	/* nothing is pending that this could hold back */
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	regs_set_result(r, 0);
	task_set_work(t, WORK_REGS);
	run_handler(r, &d);
	return true;
}

long sys_restart_syscall(void)
{
	struct restart_block *b = &current->restart;

	return b->fn ? b->fn(b) : -EINTR;
}
