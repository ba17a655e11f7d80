/*
 * signal/send.c: the way of a signal from its sender to the thread that takes it.
 *
 *   signal_prepare_locked   effects at sending (SIGCONT and stop signals undo each other); is it ignored?
 *   signal_send_locked      into the thread's or the group's pending set
 *   signal_complete_locked  which thread is woken; a fatal default action starts the end of the group here
 *
 * A process-directed signal goes to the thread named (the leader, for kill) if it wants it, else to any that does.
 * Locks: sighand->lock. Errors: -EAGAIN a queued real-time signal found no room, -ESRCH the target is past release.
 * Source: signal(7), kill(2), sigqueue(3), pid_namespaces(7) for process 1.
 */
#include "signal/internal.h"
#include "namespace/user.h"
#include "arch/arch.h"
#include "base/string.h"
#include "fs/signalfd.h"

struct sighand *sighand_lock(struct task *t, unsigned long *flags)
{
	struct sighand *s;

	for (;;) {
		/* exec may give t another handle: hold this one while waiting for its lock */
		*flags = spin_lock_irqsave(&t->lock);
		s = t->sighand;
		if (s)
			refcount_inc(&s->count);
		spin_unlock(&t->lock);
		if (!s)
			break;
		spin_lock(&s->lock);
		if (likely(t->sighand == s)) {
			(void)!refcount_dec(&s->count);	/* not the last: t has one */
			if (!list_is_empty(&t->thread_node))
				return s;
			spin_unlock(&s->lock);
			break;
		}
		spin_unlock(&s->lock);
		sighand_put(s);
		arch_irq_restore(*flags);
	}
	arch_irq_restore(*flags);
	return NULL;
}

void sighand_unlock(struct sighand *s, unsigned long flags)
{
	spin_unlock_irqrestore(&s->lock, flags);
}

/* Makes t look at its signals. is_fatal: wakes it from a killable or stopped sleep too, but not from under its tracer's
 * hands. */
void signal_wake_locked(struct task *t, bool is_fatal)
{
	unsigned states = TASK_INTERRUPTIBLE;
	u32 cpu;

	if (is_fatal)
		states |= TASK_WAKEKILL | (t->jobctl & JOB_FROZEN ? 0 : TASK_TRACED);
	task_set_work(t, WORK_SIGNAL);
	if (sched_wake(t, states))
		return;
	cpu = READ_ONCE(t->sched.cpu);
	if (READ_ONCE(t->sched.is_on_cpu) && cpu != cpu_id())
		arch_send_resched(cpu);		/* it runs in user mode elsewhere: bring it into the kernel */
}

static __always_inline bool is_ignored(int sig, struct task *t, bool force)
{
	uptr handler;

	if (sig_in(t->blocked | t->real_blocked, sig))
		return false;
	if (t->ptrace && sig != SIGKILL)
		return false;
	if (t->flags & PF_KTHREAD)
		return true;
	handler = sig_in(t->forced, sig) ? HANDLER_DEFAULT : sighand_handler_locked(t->sighand, sig);
	if (t->signal->is_unkillable && handler == HANDLER_DEFAULT) {
		if (t->leader == init_task && sig_in(SIGNALS_UNBLOCKABLE, sig))
			return true;
		if (!(force && sig_in(SIGNALS_UNBLOCKABLE, sig)))
			return true;
	}
	return handler_ignores(handler, sig);
}

static void flush_group_locked(struct task *t, u64 mask)
{
	struct task *thread;

	pending_flush_signals(&t->signal->shared_pending, mask);
	list_for_each(thread, &t->signal->thread_list, thread_node)
		pending_flush_signals(&thread->pending, mask);
}

/* Stop signals and SIGCONT take each other away. */
static __noinline bool prepare_stop_or_go_locked(int sig, struct task *t, bool force)
{
	if (sig == SIGCONT) {
		flush_group_locked(t, SIGNALS_DEFAULT_STOP);
		stop_continue_locked(t);
	} else {
		flush_group_locked(t, SIG_BIT(SIGCONT));
	}
	return !is_ignored(sig, t, force);
}

bool signal_prepare_locked(int sig, struct task *t, bool force)
{
	if (unlikely(t->signal->is_group_exiting))
		return t->signal->core && sig == SIGKILL;	/* which ends the writing of a core file */
	if (unlikely(sig_in(SIGNALS_DEFAULT_STOP | SIG_BIT(SIGCONT), sig)))
		return prepare_stop_or_go_locked(sig, t, force);
	return !is_ignored(sig, t, force);
}

static bool wants_signal(int sig, struct task *t)
{
	if (sig_in(t->blocked, sig) || (t->flags & PF_EXITING))
		return false;
	if (sig == SIGKILL)
		return true;
	if (t->state & (TASK_STOPPED | TASK_TRACED))
		return false;
	return t->sched.is_on_cpu || !(READ_ONCE(t->work) & WORK_SIGNAL);
}

static bool is_fatal(int sig, struct task *t)
{
	if (sig_in(SIGNALS_DEFAULT_IGNORED | SIGNALS_DEFAULT_STOP, sig))
		return false;
	if (t->signal->is_unkillable && sig != SIGKILL)
		return false;	/* only what was forced gets as far as here: it dies when it takes it */
	return sighand_handler_locked(t->sighand, sig) == HANDLER_DEFAULT;
}

static void kill_thread_locked(struct task *t)
{
	job_clear_pending_locked(t, JOB_PENDING_MASK);
	if (t->exit_state != EXIT_NONE)
		return;
	t->pending.set |= SIG_BIT(SIGKILL);
	signal_wake_locked(t, true);
}

void signal_kill_group_locked(struct task *t)
{
	struct task *thread;

	t->signal->stop_pending = 0;
	list_for_each(thread, &t->signal->thread_list, thread_node)
		kill_thread_locked(thread);
}

void signal_kill_others_locked(struct task *t)
{
	struct task *thread;

	t->signal->stop_pending = 0;
	list_for_each(thread, &t->signal->thread_list, thread_node) {
		if (thread != t)
			kill_thread_locked(thread);
	}
}

/* NULL: whoever unblocks it first takes it. */
static struct task *find_taker_locked(int sig, struct task *t, bool is_process)
{
	struct task *thread;

	if (wants_signal(sig, t))
		return t;
	if (!is_process || t->signal->threads == 1)
		return NULL;
	list_for_each(thread, &t->signal->thread_list, thread_node) {
		if (wants_signal(sig, thread))
			return thread;
	}
	return NULL;
}

static __noinline void give_locked(int sig, struct task *t, bool is_process)
{
	struct task *taker = find_taker_locked(sig, t, is_process);
	struct signal *s = t->signal;

	if (!taker)
		return;
	/* A plain fatal signal ends the group at once; one that dumps core is left to its taker. */
	if (is_fatal(sig, t) && !sig_in(SIGNALS_DEFAULT_CORE, sig) && !sig_in(taker->real_blocked, sig) &&
	    (sig == SIGKILL || !t->ptrace)) {
		s->is_group_exiting = true;
		s->group_exit_code = sig;
		signal_kill_group_locked(t);
		return;
	}
	signal_wake_locked(taker, sig == SIGKILL);
}

/* One that we send ourselves, and have a handler for, is looked at when we leave the kernel, or before we sleep. */
void signal_complete_locked(int sig, struct task *t, bool is_process)
{
	if (t == current && READ_ONCE(t->state) == TASK_RUNNING && wants_signal(sig, t) && !is_fatal(sig, t))
		task_set_work(t, WORK_SIGNAL);
	else
		give_locked(sig, t, is_process);
	signalfd_notify(t);
}

static void fill_info(struct signal_info *to, int sig, const struct signal_info *info)
{
	if (info) {
		*to = *info;
	} else {
		__builtin_memset(to, 0, sizeof(*to));
		to->si_code = SI_KERNEL;
	}
	to->si_signo = sig;
}

int signal_send_locked(int sig, const struct signal_info *info, struct task *t, bool is_process, bool force)
{
	struct pending *p = is_process ? &t->signal->shared_pending : &t->pending;
	struct pending_signal *q = NULL;

	if (!signal_prepare_locked(sig, t, force))
		return 0;
	if (sig < SIGRTMIN && sig_in(p->set, sig))
		return 0;
	if (sig != SIGKILL) {
		q = pending_signal_new(t, sig, signal_may_exceed(sig, info));
		if (q)
			fill_info(&q->info, sig, info);
		else if (info && sig >= SIGRTMIN && info->si_code != SI_USER)
			return -EAGAIN;
	}
	pending_add_locked(p, sig, q);
	signal_complete_locked(sig, t, is_process);
	return 0;
}

/* Whose siginfo has si_pid and si_uid of a sender. */
static bool has_sender(const struct signal_info *info)
{
	return info->si_code == SI_USER || info->si_code == SI_TKILL || info->si_code == SI_QUEUE ||
	       info->si_code == SI_MESGQ;
}

/* The sender's id as t's user namespace shows it. */
static void show_sender(struct signal_info *info, struct task *t)
{
	spin_lock(&t->lock);
	if (t->real_cred && t->real_cred->user_ns != current_user_ns())
		info->si_uid = uid_shown_in(t->real_cred->user_ns, uid_named(info->si_uid));
	spin_unlock(&t->lock);
}

/* A sender from outside t's pid namespace has no number there, and its SIGKILL and SIGSTOP reach process 1 too. */
static int send_from_current_locked(int sig, const struct signal_info *info, struct task *t, bool is_process)
{
	bool is_outside;
	struct signal_info seen;

	if (!info || in_interrupt() || !has_sender(info))
		return signal_send_locked(sig, info, t, is_process, !info || info->si_code == SI_KERNEL);
	/* mostly both have the same credentials, and the sender is seen as it is */
	is_outside = t != current && !pid_number_in(current->pid, pid_ns_of(t->pid));
	if (likely(READ_ONCE(t->real_cred) == current->real_cred && !is_outside))
		return signal_send_locked(sig, info, t, is_process, false);
	seen = *info;
	if (READ_ONCE(t->real_cred) != current->real_cred)
		show_sender(&seen, t);
	if (is_outside)
		seen.si_pid = 0;
	return signal_send_locked(sig, &seen, t, is_process, is_outside);
}

int signal_send_process_locked(int sig, const struct signal_info *info, struct task *t)
{
	return send_from_current_locked(sig, info, t, true);
}

static int send(int sig, const struct signal_info *info, struct task *t, bool is_process)
{
	unsigned long flags;
	struct sighand *s = sighand_lock(t, &flags);
	int err;

	if (!s)
		return -ESRCH;
	err = send_from_current_locked(sig, info, t, is_process);
	sighand_unlock(s, flags);
	return err;
}

int signal_send_self(int sig, const struct signal_info *info, bool is_process)
{
	unsigned long flags = spin_lock_irqsave(&current->sighand->lock);
	int err = signal_send_locked(sig, info, current, is_process, info->si_code == SI_KERNEL);

	spin_unlock_irqrestore(&current->sighand->lock, flags);
	return err;
}

int signal_send_task(int sig, const struct signal_info *info, struct task *t) { return send(sig, info, t, false); }
int signal_send_process(int sig, const struct signal_info *info, struct task *t) { return send(sig, info, t, true); }

/*
 * Signals to several processes, and children that are being made: whoever sends goes through the group under tasklist_lock, and
 * a child is there or not yet. To be complete, one that its parent is making gets what the parent was sent since its
 * clone began and does not take before the child is there: what is blocked, or for another thread. (What this thread is to
 * take makes it begin again.) The last few are remembered, which saves each clone from saying that it has begun.
 */
int signal_send_member(int sig, const struct signal_info *info, struct task *t)
{
	unsigned long flags;
	struct sighand *s = sighand_lock(t, &flags);
	struct signal *group = t->signal;
	bool was_pending;
	int err;

	if (!s)
		return -ESRCH;
	was_pending = sig < SIGRTMIN && sig_in(group->shared_pending.set, sig);
	err = send_from_current_locked(sig, info, t, true);
	if (!was_pending && sig_in(group->shared_pending.set, sig))
		group->group_signals[group->group_signal_count++ % ARRAY_SIZE(group->group_signals)] = (u8)sig;
	sighand_unlock(s, flags);
	return err;
}

bool signal_group_is_forgotten_locked(u32 count)
{
	return current->signal->group_signal_count - count > ARRAY_SIZE(current->signal->group_signals);
}

void signal_inherit_group_locked(struct task *child, u32 count)
{
	const struct signal *group = current->signal;
	u64 set = 0;

	for (; count != group->group_signal_count; count++) {
		int sig = group->group_signals[count % ARRAY_SIZE(group->group_signals)];

		if (sig == SIGCONT)
			set &= ~SIGNALS_DEFAULT_STOP;
		else if (sig_in(SIGNALS_DEFAULT_STOP, sig))
			set &= ~SIG_BIT(SIGCONT);
		set |= SIG_BIT(sig);
	}
	child->signal->shared_pending.set |= set;
	if (set & ~child->blocked)
		task_set_work(child, WORK_SIGNAL);
}

int signal_send_pgrp(int sig, const struct signal_info *info, struct pid *pgrp)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	int err = -ESRCH;
	struct list *l;

	for (l = pgrp->tasks[PID_PGID].next; l != &pgrp->tasks[PID_PGID]; l = l->next) {
		struct task *t = container_of(l, struct task, pid_links[PID_PGID]);
		int one = signal_send_member(sig, info, t);

		if (err)
			err = one;
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return err;
}

/* Pending process-directed signals in `which` that t no longer takes are offered to the other threads. */
void signal_retarget_locked(struct task *t, u64 which)
{
	struct task *thread;

	which &= t->signal->shared_pending.set;
	list_for_each(thread, &t->signal->thread_list, thread_node) {
		if (!which)
			return;
		if (thread == t || (thread->flags & PF_EXITING) || !(which & ~thread->blocked))
			continue;
		which &= thread->blocked;
		if (!(READ_ONCE(thread->work) & WORK_SIGNAL))
			signal_wake_locked(thread, false);
	}
}

/* Linux counts a dying thread as one that has stopped. */
void signal_hand_over_locked(struct task *t)
{
	if (t->signal->threads == 1 || t->signal->is_group_exiting || !(READ_ONCE(t->work) & WORK_SIGNAL))
		return;
	signal_retarget_locked(t, ~t->blocked);
	if ((t->jobctl & JOB_STOP_PENDING) && stop_participate_locked(t))
		t->signal->stop_flags |= STOP_TELL_STOPPED;
}

bool signal_note_pending_locked(struct task *t)
{
	u64 set = (t->pending.set | t->signal->shared_pending.set) & ~t->blocked;

	if (!set && !(t->jobctl & (JOB_PENDING_MASK | JOB_FREEZE)))
		return false;
	if (!(READ_ONCE(t->work) & WORK_SIGNAL))
		task_set_work(t, WORK_SIGNAL);
	return true;
}

void signal_recompute(struct task *t)
{
	/* another may count on having seen it: it clears its own */
	if (!signal_note_pending_locked(t) && t == current && (READ_ONCE(t->work) & WORK_SIGNAL))
		task_clear_work(t, WORK_SIGNAL);
}

void signal_force_info(const struct signal_info *info)
{
	struct task *t = current;
	int sig = info->si_signo;
	unsigned long flags = spin_lock_irqsave(&t->sighand->lock);
	bool is_blocked = sig_in(t->blocked, sig);
	uptr handler = sighand_handler_locked(t->sighand, sig);

	if (is_blocked || handler == HANDLER_IGNORE) {
		t->forced |= SIG_BIT(sig);
		t->blocked &= ~SIG_BIT(sig);
		handler = HANDLER_DEFAULT;
	}
	if (handler == HANDLER_DEFAULT && !t->ptrace)
		t->signal->is_unkillable = false;
	(void)signal_send_locked(sig, info, t, false, false);
	task_set_work(t, WORK_SIGNAL);
	spin_unlock_irqrestore(&t->sighand->lock, flags);
}

void signal_force(int sig, int code, uptr addr)
{
	struct signal_info info;

	memset(&info, 0, sizeof(info));
	info.si_signo = sig;
	info.si_code = code;
	info.si_addr = (void *)addr;
	signal_force_info(&info);
}

static void force_death(int sig, const struct signal_info *info)
{
	unsigned long flags = spin_lock_irqsave(&current->sighand->lock);

	current->forced |= SIG_BIT(sig);
	current->forced_fatal |= SIG_BIT(sig);
	current->blocked &= ~SIG_BIT(sig);
	current->signal->is_unkillable = false;
	(void)signal_send_locked(sig, info, current, false, true);
	task_set_work(current, WORK_SIGNAL);
	spin_unlock_irqrestore(&current->sighand->lock, flags);
}

void signal_force_death(const struct signal_info *info) { force_death(info->si_signo, info); }
void signal_force_default(int sig) { force_death(sig, NULL); }
