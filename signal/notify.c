/*
 * signal/notify.c: a child's news to its parent: SIGCHLD (or the child's own exit signal) with its siginfo, and the
 * wake-up of those who wait.
 * Way in: task/exit.c, signal/stop.c. Locks: tasklist_lock is held; the parent's sighand->lock is taken.
 * Source: sigaction(2) on SIGCHLD, SA_NOCLDSTOP, SA_NOCLDWAIT; wait(2).
 */
#include "signal/internal.h"
#include "namespace/user.h"
#include "base/string.h"

#define CLOCK_TICK_NS (NSEC_PER_SEC / 100)	/* of si_utime: USER_HZ is 100 */

static void fill_child(struct signal_info *info, struct task *t, struct task *parent, int sig)
{
	u64 user, system;
	u32 uid;

	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	info->si_pid = pid_number_in(t->pid, parent_pid_ns(parent));
	uid = task_uid(t);
	spin_lock(&parent->lock);
	info->si_uid = uid_shown_in(parent->real_cred->user_ns, uid);
	spin_unlock(&parent->lock);
	task_cpu_times(t, &user, &system);
	info->si_utime = (__kernel_clock_t)((user + t->signal->dead_threads.user_ns) / CLOCK_TICK_NS);
	info->si_stime = (__kernel_clock_t)((system + t->signal->dead_threads.system_ns) / CLOCK_TICK_NS);
}

static void fill_exit_status(struct signal_info *info, int code)
{
	info->si_status = code & 0x7f;
	if (code & 0x80)
		info->si_code = CLD_DUMPED;
	else if (code & 0x7f)
		info->si_code = CLD_KILLED;
	else {
		info->si_code = CLD_EXITED;
		info->si_status = code >> 8 & 0xff;
	}
}

bool signal_children_are_ignored(struct task *parent)
{
	unsigned long flags = spin_lock_irqsave(&parent->sighand->lock);
	struct action a = sighand_action_locked(parent->sighand, SIGCHLD);

	spin_unlock_irqrestore(&parent->sighand->lock, flags);
	return a.handler == HANDLER_IGNORE || (a.flags & SA_NOCLDWAIT);
}

bool signal_notify_parent_locked(struct task *t, int sig)
{
	struct task *parent = t->parent;
	bool is_reaped = false;
	struct signal_info info;

	if (sig != SIGCHLD && t->parent_exec_count != parent->exec_count)
		sig = SIGCHLD;	/* that program did not ask for another */
	spin_lock(&parent->sighand->lock);
	if (!t->ptrace && sig == SIGCHLD) {
		struct action a = sighand_action_locked(parent->sighand, SIGCHLD);

		is_reaped = a.handler == HANDLER_IGNORE || (a.flags & SA_NOCLDWAIT);
		/* ignored, or the default: spare the work, unless it is blocked and stays pending */
		if (a.handler == HANDLER_IGNORE ||
		    (a.handler == HANDLER_DEFAULT && !sig_in(parent->blocked | parent->real_blocked, SIGCHLD) &&
		     !parent->ptrace))
			sig = 0;
	}
	if (sig > 0 && sig <= SIGNALS) {	/* clone takes any number */
		fill_child(&info, t, parent, sig);
		fill_exit_status(&info, t->exit_code);
		(void)signal_send_locked(sig, &info, parent, true, false);
	}
	spin_unlock(&parent->sighand->lock);
	wake_up_all(&parent->signal->child_wait);
	return is_reaped;
}

void signal_notify_stop_locked(struct task *t, bool for_ptracer, int why)
{
	struct task *parent;
	struct action a;
	struct signal_info info;

	if (!for_ptracer)
		t = t->leader;
	parent = for_ptracer ? t->parent : t->real_parent;
	fill_child(&info, t, parent, SIGCHLD);
	info.si_code = why;
	if (why == CLD_CONTINUED)
		info.si_status = SIGCONT;
	else
		info.si_status = why == CLD_STOPPED ? t->signal->stop_signal : t->exit_code & 0x7f;
	spin_lock(&parent->sighand->lock);
	a = sighand_action_locked(parent->sighand, SIGCHLD);
	if (a.handler != HANDLER_IGNORE && !(a.flags & SA_NOCLDSTOP))
		(void)signal_send_locked(SIGCHLD, &info, parent, true, false);
	spin_unlock(&parent->sighand->lock);
	wake_up_all(&parent->signal->child_wait);	/* even when no signal is sent: wait reports it */
}
