/*
 * ptrace/stop.c: the tracee stops, tells its tracer, and goes on as the tracer says.
 *
 *   ptrace_signal_locked   a signal is about to be acted upon (signal-delivery-stop)
 *   ptrace_trap_locked     its group stops, or the tracer wants it to stop (group-stop, PTRACE_INTERRUPT)
 *   ptrace_event           it forks, execs, dies ... (PTRACE_EVENT_*)
 *   ptrace_syscall_*       system calls: syscall.c
 *
 * All end in ptrace_stop_locked. Locks: the tracee's sighand->lock around the change of state, then tasklist_lock for the
 * news. Who has set TASK_TRACED is woken only under sighand->lock, so what it is told (exit_code) is there when it wakes.
 * Errors: none: a task that is being killed, or is no longer traced, does not stop. Source: ptrace(2), wait(2).
 */
#include "cgroup/cgroup.h"
#include "ptrace/internal.h"
#include "arch/arch.h"
#include "base/string.h"
#include "namespace/user.h"

/* -- the stop -- */

/* The tracer hears of every stop; the real parent of the group's, when all of it has stopped. */
static void tell_parents(struct task *t, int why, bool is_group_stopped)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);

	if (t->ptrace)
		signal_notify_stop_locked(t, true, why);
	if (is_group_stopped && (!t->ptrace || ptrace_is_reparented(t)))
		signal_notify_stop_locked(t, false, why);
	spin_unlock_irqrestore(&tasklist_lock, flags);
}

int ptrace_stop_locked(int code, int why, u64 message, struct signal_info *info, unsigned long *flags)
{
	struct task *t = current;
	bool is_group_stopped = false;

	if (!t->ptrace || sig_in(t->pending.set, SIGKILL))
		return code;
	task_set_state(TASK_TRACED);
	t->ptrace_message = message;
	t->stop_info = info;
	t->exit_code = code;
	if (why == CLD_STOPPED && (t->jobctl & JOB_STOP_PENDING))
		is_group_stopped = stop_participate_locked(t);
	/* whatever this stop is for, it is the one that was asked for */
	job_clear_pending_locked(t, JOB_TRAP_STOP);
	if (info && info->si_code >> 8 == PTRACE_EVENT_STOP)
		job_clear_pending_locked(t, JOB_TRAP_NOTIFY);
	ptrace_trapping_done_locked(t);
	spin_unlock_irqrestore(&t->sighand->lock, *flags);
	tell_parents(t, why, is_group_stopped);
	cgroup_enter_frozen();
	schedule();
	cgroup_leave_frozen();
	*flags = spin_lock_irqsave(&t->sighand->lock);
	code = t->exit_code;
	t->stop_info = NULL;
	t->ptrace_message = 0;
	t->exit_code = 0;
	t->jobctl &= ~(u32)(JOB_LISTENING | JOB_FROZEN);
	(void)signal_note_pending_locked(t);
	return code;
}

/* A stop that is no signal's: its siginfo says which one it is. */
static int notify_locked(int sig, int code, int why, u64 message, unsigned long *flags)
{
	struct signal_info info;

	memset(&info, 0, sizeof(info));
	info.si_signo = sig;
	info.si_code = code;
	info.si_pid = task_tid_seen(current);
	info.si_uid = uid_shown(current->real_cred->uid);
	return ptrace_stop_locked(code, why, message, &info, flags);
}

int ptrace_notify(int code, u64 message)
{
	unsigned long flags = spin_lock_irqsave(&current->sighand->lock);

	code = notify_locked(SIGTRAP, code, CLD_TRAPPED, message, &flags);
	spin_unlock_irqrestore(&current->sighand->lock, flags);
	return code;
}

/* -- signals -- */

/* As if the tracer (or, if that has let go, the parent) had called kill(2). */
static void fill_from_parent(struct signal_info *info, int sig)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	const struct cred *c = task_get_cred(current->parent);

	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	info->si_code = SI_USER;
	info->si_pid = task_tid_seen(current->parent);
	info->si_uid = uid_shown(c->uid);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	cred_put(c);
}

int ptrace_signal_locked(int sig, struct signal_info *info, bool is_process, unsigned long *flags)
{
	struct task *t = current;

	/* whatever sig becomes: if it is one that stops, SIGCONT meanwhile takes this mark away, and so the stop */
	t->jobctl |= JOB_STOP_DEQUEUED;
	sig = ptrace_stop_locked(sig, CLD_TRAPPED, 0, info, flags);
	if (!sig)
		return 0;
	if (sig != info->si_signo) {
		spin_unlock_irqrestore(&t->sighand->lock, *flags);
		fill_from_parent(info, sig);
		*flags = spin_lock_irqsave(&t->sighand->lock);
	}
	if (sig_in(t->blocked, sig) || sig_in(t->pending.set, SIGKILL)) {
		(void)signal_send_locked(sig, info, t, is_process, false);
		return 0;
	}
	return sig;
}

void ptrace_trap_locked(unsigned long *flags)
{
	struct task *t = current;
	int sig = t->jobctl & JOB_STOP_SIGNAL_MASK;

	if (!(t->ptrace & PT_SEIZED)) {
		(void)ptrace_stop_locked(sig, CLD_STOPPED, 0, NULL, flags);
		return;
	}
	if (!t->signal->stop_pending && !t->signal->is_stopped)
		sig = SIGTRAP;
	(void)notify_locked(sig, sig | PTRACE_EVENT_STOP << 8, CLD_STOPPED, 0, flags);
}

void ptrace_trap_notify_locked(struct task *t)
{
	(void)job_set_pending_locked(t, JOB_TRAP_NOTIFY);
	ptrace_wake_locked(t, t->jobctl & JOB_LISTENING);
}

/* Makes t look at its traps; is_resume: also if it is in a ptrace-stop. */
void ptrace_wake_locked(struct task *t, bool is_resume)
{
	if (is_resume)
		sched_wake(t, TASK_TRACED);
	signal_wake_locked(t, false);
}

/* -- events -- */

static int number_for_tracer(struct pid *p)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	int number = pid_number_in(p, parent_pid_ns(current->parent));

	spin_unlock_irqrestore(&tasklist_lock, flags);
	return number;
}

int ptrace_number_for_tracer(void) { return current->ptrace ? number_for_tracer(current->pid) : 0; }

void ptrace_event(unsigned event, u64 message)
{
	if (ptrace_wants(event))
		ptrace_notify((int)(event << 8 | SIGTRAP), message);
}

void ptrace_event_pid(unsigned event, struct pid *p)
{
	if (ptrace_wants(event))
		ptrace_event(event, (u64)number_for_tracer(p));
}

void ptrace_exec_done(int old_number)
{
	struct signal_info info;

	if (ptrace_wants(PTRACE_EVENT_EXEC)) {
		ptrace_event(PTRACE_EVENT_EXEC, (u64)old_number);
		return;
	}
	if ((current->ptrace & (PT_TRACED | PT_SEIZED)) != PT_TRACED)
		return;
	signal_fill_sender(&info, SIGTRAP, SI_USER);
	(void)signal_send_task(SIGTRAP, &info, current);
}

/* -- single steps -- */

void ptrace_set_mode(struct task *t, u32 mode)
{
	t->ptrace_mode = mode;
	if (mode)
		task_set_work(t, WORK_SYSCALL_TRACE);
	else
		task_clear_work(t, WORK_SYSCALL_TRACE);
}

bool ptrace_step_end(void)
{
	if (likely(!(current->ptrace_mode & RUN_STEPPED)))
		return false;
	ptrace_set_mode(current, current->ptrace_mode & ~(u32)RUN_STEPPED);
	arch_step_disable(current);
	return true;
}

void ptrace_step_report(void)
{
	ptrace_notify(SIGTRAP, 0);
}
