/*
 * signal/stop.c: job control: a stop signal's default action stops every thread of the group, SIGCONT starts them
 * again. Each thread is marked (JOB_STOP_PENDING) and stops on its own way to user mode; the last one makes the group
 * stopped and tells the parent. A thread that dies instead counts as stopped.
 * Locks: sighand->lock; tasklist_lock for the parent. Source: signal(7), POSIX.1 2.4.3, wait(2) on WUNTRACED.
 */
#include "signal/internal.h"
#include "arch/arch.h"
#include "cgroup/cgroup.h"
#include "ptrace/ptrace.h"

void job_clear_pending_locked(struct task *t, u32 which)
{
	if (which & JOB_STOP_PENDING)
		which |= JOB_STOP_CONSUME | JOB_STOP_DEQUEUED;
	t->jobctl &= ~which;
	if (!(t->jobctl & JOB_PENDING_MASK))
		ptrace_trapping_done_locked(t);
}

bool job_set_pending_locked(struct task *t, u32 which)
{
	if ((t->flags & PF_EXITING) || sig_in(t->pending.set, SIGKILL))
		return false;
	if (which & JOB_STOP_SIGNAL_MASK)
		t->jobctl &= ~JOB_STOP_SIGNAL_MASK;
	t->jobctl |= which;
	return true;
}

/* The news of an unreported stop that is undone by SIGCONT is still told, after the fact, as Linux does. */
void stop_continue_locked(struct task *t)
{
	struct signal *s = t->signal;
	struct task *thread;
	u32 news = 0;

	list_for_each(thread, &s->thread_list, thread_node) {
		job_clear_pending_locked(thread, JOB_STOP_PENDING);
		if (thread->ptrace & PT_SEIZED)
			ptrace_trap_notify_locked(thread);
		else
			sched_wake(thread, TASK_STOPPED);
	}
	if (s->is_stopped)
		news = STOP_TELL_CONTINUED;
	else if (s->stop_pending)
		news = STOP_TELL_STOPPED;
	if (!news)
		return;
	s->stop_flags = (s->stop_flags & ~(u32)(STOP_TELL_STOPPED | STOP_TELL_CONTINUED)) | news;
	s->is_stopped = s->is_stop_unreported = false;
	s->is_continued_unreported = true;
	s->stop_pending = 0;
	/* the thread that tells may have to be shown the way */
	task_set_work(t, WORK_SIGNAL);
}

bool stop_participate_locked(struct task *t)
{
	struct signal *s = t->signal;
	bool counts = t->jobctl & JOB_STOP_CONSUME;

	job_clear_pending_locked(t, JOB_STOP_PENDING);
	if (!counts)
		return false;
	if (s->stop_pending > 0)
		s->stop_pending--;
	if (s->stop_pending || s->is_stopped)
		return false;
	s->is_stopped = s->is_stop_unreported = true;
	s->is_continued_unreported = false;
	return true;
}

static bool mark_locked(struct task *t, int sig)
{
	return job_set_pending_locked(t, (u32)sig | JOB_STOP_PENDING | JOB_STOP_CONSUME);
}

/* Starts a stop of the whole group. False: SIGCONT or death came between. */
static bool start_locked(int sig)
{
	struct task *t = current, *thread;
	struct signal *s = t->signal;

	if (!(t->jobctl & JOB_STOP_DEQUEUED) || s->is_group_exiting || s->group_exec_task)
		return false;
	if (!s->is_stopped)
		s->stop_signal = sig;
	s->stop_pending = 0;
	list_for_each(thread, &s->thread_list, thread_node) {
		if (thread != t && (thread->state & TASK_STOPPED))
			continue;
		if (!mark_locked(thread, sig))
			continue;
		s->stop_pending++;
		if (thread != t && (thread->ptrace & PT_SEIZED))
			ptrace_trap_notify_locked(thread);
		else if (thread != t)
			signal_wake_locked(thread, false);
	}
	return true;
}

bool stop_current_locked(int sig, unsigned long *flags)
{
	struct task *t = current;
	bool is_last;

	if (!(t->jobctl & JOB_STOP_PENDING) && !start_locked(sig))
		return false;
	if (t->ptrace) {	/* its group-stop is a trap, which the caller comes to next */
		(void)job_set_pending_locked(t, JOB_TRAP_STOP);
		return false;
	}
	is_last = stop_participate_locked(t);
	task_set_state(TASK_STOPPED | TASK_WAKEKILL);
	spin_unlock_irqrestore(&t->sighand->lock, *flags);
	if (is_last) {
		unsigned long f = spin_lock_irqsave(&tasklist_lock);

		signal_notify_stop_locked(t, false, CLD_STOPPED);
		spin_unlock_irqrestore(&tasklist_lock, f);
	}
	cgroup_enter_frozen();	/* as good as: it runs no user code */
	schedule();
	return true;
}

/* Sleeps until it is thawed, or killed; what else wakes it sends it here again. Once thawed it says so. */
void freeze_current_locked(unsigned long *flags)
{
	struct task *t = current;
	bool is_to_sleep = t->jobctl & JOB_FREEZE;

	if (is_to_sleep) {
		task_clear_work(t, WORK_SIGNAL);	/* what comes from here on wakes it */
		task_set_state(TASK_INTERRUPTIBLE | TASK_WAKEKILL);
	}
	spin_unlock_irqrestore(&t->sighand->lock, *flags);
	if (!is_to_sleep) {
		cgroup_leave_frozen();
		return;
	}
	cgroup_enter_frozen();
	schedule();
}

void signal_freeze(struct task *t, bool on)
{
	unsigned long flags;
	struct sighand *s = sighand_lock(t, &flags);

	if (!s)
		return;
	if (on && !(t->flags & (PF_EXITING | PF_KTHREAD))) {
		t->jobctl |= JOB_FREEZE;
		signal_wake_locked(t, false);
	} else if (!on && (t->jobctl & JOB_FREEZE)) {
		t->jobctl &= ~(u32)JOB_FREEZE;
		sched_wake(t, TASK_INTERRUPTIBLE);
	}
	sighand_unlock(s, flags);
}

void signal_freeze_newborn(struct task *child)
{
	child->jobctl |= JOB_FREEZE;
	task_set_work(child, WORK_SIGNAL);
}

void signal_join_stop_locked(struct task *child)
{
	struct signal *s = current->signal;
	u32 pending = current->jobctl & JOB_STOP_PENDING;

	if (!pending && !s->is_stopped)
		return;
	if (!mark_locked(child, s->stop_signal))
		return;
	if (pending)
		s->stop_pending++;
	else
		child->jobctl &= ~(u32)JOB_STOP_CONSUME;
	task_set_work(child, WORK_SIGNAL);
}
