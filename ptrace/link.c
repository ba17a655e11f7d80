/*
 * ptrace/link.c: who traces whom: how it begins (TRACEME, ATTACH, SEIZE, a traced task's child), and how it ends (DETACH,
 * the death of either).
 * Locks: tasklist_lock, then the tracee's sighand->lock; ATTACH holds the tracee's exec_lock, so that no exec decides about
 * set-user-ID rights meanwhile. Errors: EPERM, EIO, EINVAL, ERESTARTNOINTR. Source: ptrace(2).
 */
#include "ptrace/internal.h"
#include "task/internal.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "namespace/user.h"
#include <linux/capability.h>
#include <linux/sched.h>

#define OPTIONS_ALL ((u64)(PTRACE_O_MASK))

/* tasklist_lock and t's sighand->lock are held. */
static void link_locked(struct task *t, struct task *tracer, u64 how, const struct cred *cred)
{
	t->ptrace = how;
	t->parent = tracer;
	t->tracer_cred = cred_get(cred);
	list_push_back(&tracer->traced, &t->traced_node);
}

void ptrace_trapping_done_locked(struct task *t)
{
	if (likely(!(t->jobctl & JOB_TRAPPING)))
		return;
	t->jobctl &= ~(u32)JOB_TRAPPING;
	wake_up_all(&t->parent->signal->child_wait);
}

/* -- the beginning -- */

/* A tracer may do all that its tracee may. */
static bool may_be_traced_by(const struct cred *tracer)
{
	const struct cred *me = current_cred();
	bool is_capable = cred_ns_capable(tracer, me->user_ns, CAP_SYS_PTRACE);

	if (!ptrace_scope_permits_parent(is_capable))
		return false;
	return is_capable || (me->user_ns == tracer->user_ns && !(me->cap_permitted & ~tracer->cap_permitted));
}

int ptrace_traceme(void)
{
	struct task *t = current;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	const struct cred *c = task_get_cred(t->real_parent);
	int err = -EPERM;

	if (!t->ptrace && may_be_traced_by(c)) {
		err = 0;
		/* a parent that is dying has let go of its tracees already: as if it did so just now */
		if (!(t->real_parent->flags & PF_EXITING)) {
			spin_lock(&t->sighand->lock);
			link_locked(t, t->real_parent, PT_TRACED, current_cred());
			spin_unlock(&t->sighand->lock);
		}
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	cred_put(c);
	return err;
}

int ptrace_options_check(u64 options)
{
	if (options & ~OPTIONS_ALL)
		return -EINVAL;
	if (!(options & PTRACE_O_SUSPEND_SECCOMP))
		return 0;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	return (READ_ONCE(current->work) & WORK_SECCOMP) || (current->ptrace & PT_SUSPEND_SECCOMP) ? -EPERM : 0;
}

/* Begins, if t lives and is free. exec_lock is held. */
static int attach_locked(struct task *t, u64 how)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	int err = -EPERM;

	if (t->exit_state == EXIT_NONE && !t->ptrace) {
		err = 0;
		spin_lock(&t->sighand->lock);
		link_locked(t, current, how, current_cred());
		if (!(how & PT_SEIZED))
			(void)signal_send_locked(SIGSTOP, NULL, t, false, true);
		/* Stopped already: it goes from there to a ptrace-stop, which the caller waits for. */
		if ((t->state & TASK_STOPPED) && job_set_pending_locked(t, JOB_TRAP_STOP | JOB_TRAPPING)) {
			task_set_work(t, WORK_SIGNAL);
			sched_wake(t, TASK_STOPPED);
		}
		spin_unlock(&t->sighand->lock);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return err;
}

int ptrace_attach(struct task *t, bool is_seize, uptr addr, u64 options)
{
	u64 how = PT_TRACED;
	int err;

	if (is_seize) {
		if (addr || (options & ~OPTIONS_ALL))
			return -EIO;
		err = ptrace_options_check(options);
		if (err)
			return err;
		how |= PT_SEIZED | PT_OPTION(options);
	}
	if ((t->flags & PF_KTHREAD) || t->signal == current->signal)
		return -EPERM;
	if (mutex_lock_interruptible(&t->signal->exec_lock))
		return -ERESTARTNOINTR;
	err = task_may_attach(t);
	if (!err)
		err = attach_locked(t, how);
	mutex_unlock(&t->signal->exec_lock);
	if (!err)
		(void)!wait_event_killable(&current->signal->child_wait, !(READ_ONCE(t->jobctl) & JOB_TRAPPING));
	return err;
}

unsigned ptrace_clone_event(const struct clone_request *req)
{
	unsigned event = PTRACE_EVENT_FORK;

	if (likely(!current->ptrace) || (req->flags & CLONE_UNTRACED))
		return 0;
	if (req->flags & CLONE_VFORK)
		event = PTRACE_EVENT_VFORK;
	else if ((req->flags & CLONE_THREAD) || req->exit_signal != SIGCHLD)
		event = PTRACE_EVENT_CLONE;
	return ptrace_wants(event) ? event : 0;
}

void ptrace_child_locked(struct task *child, const struct clone_request *req)
{
	if (likely(!current->ptrace) || req->kernel_fn || !(req->trace_event || (req->flags & CLONE_PTRACE)))
		return;
	link_locked(child, current->parent, current->ptrace, current->tracer_cred);
	/* It stops before its first instruction. */
	if (child->ptrace & PT_SEIZED)
		child->jobctl |= JOB_TRAP_STOP;
	else
		child->pending.set |= SIG_BIT(SIGSTOP);
	task_set_work(child, WORK_SIGNAL);
}

/* -- the end -- */

/* A group-stop that the tracer has let its tracee out of, or kept it from, holds for it again. */
static void rejoin_stop_locked(struct task *t)
{
	if ((t->flags & PF_EXITING) || !(t->signal->is_stopped || t->signal->stop_pending))
		return;
	t->jobctl |= JOB_STOP_PENDING;
	if (!(t->jobctl & JOB_STOP_SIGNAL_MASK))	/* made by a traced task in a stopped group */
		t->jobctl |= SIGSTOP;
}

void ptrace_unlink_locked(struct task *t)
{
	if (likely(!t->ptrace))
		return;
	spin_lock(&t->sighand->lock);
	job_clear_pending_locked(t, JOB_TRAP_MASK);
	ptrace_trapping_done_locked(t);
	t->ptrace = 0;
	t->parent = t->real_parent;
	list_remove(&t->traced_node);
	cred_put(t->tracer_cred);
	t->tracer_cred = NULL;
	ptrace_set_mode(t, 0);
	rejoin_stop_locked(t);
	if ((t->jobctl & JOB_STOP_PENDING) || (t->state & TASK_TRACED))
		ptrace_wake_locked(t, true);
	spin_unlock(&t->sighand->lock);
}

/* A zombie that its tracer does not wait for: it is the real parent's now. True: nobody's, it goes. */
static bool zombie_returned_locked(struct task *t, struct task *tracer)
{
	if (!task_is_leader(t))
		return true;
	if (t->signal->threads != 1)
		return false;
	if (t->real_parent->signal != tracer->signal)
		return signal_notify_parent_locked(t, t->exit_signal);
	return signal_children_are_ignored(tracer);
}

/* True: t is to be released. */
static bool detach_locked(struct task *t, struct task *tracer)
{
	ptrace_unlink_locked(t);
	if (t->exit_state != EXIT_ZOMBIE || !zombie_returned_locked(t, tracer))
		return false;
	t->exit_state = EXIT_DEAD;
	return true;
}

int ptrace_detach(struct task *t, u64 sig)
{
	unsigned long flags;

	if (sig > SIGNALS)
		return -EIO;
	arch_step_disable(t);
	flags = spin_lock_irqsave(&tasklist_lock);
	t->exit_code = (int)sig;
	(void)detach_locked(t, current);	/* it is stopped, so it is no zombie */
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return 0;
}

void ptrace_tracer_exit_locked(struct task *tracer, struct list *dead)
{
	struct task *t, *next;

	list_for_each_safe(t, next, &tracer->traced, traced_node) {
		if (t->ptrace & PT_OPTION(PTRACE_O_EXITKILL))
			(void)signal_send_task(SIGKILL, NULL, t);
		if (detach_locked(t, tracer))
			list_push_back(dead, &t->traced_node);
	}
}

/* -- questions -- */

bool ptrace_tracer_is_capable(struct task *t, struct user_namespace *ns)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	bool is = !t->tracer_cred || cred_ns_capable(t->tracer_cred, ns, CAP_SYS_PTRACE);

	spin_unlock_irqrestore(&tasklist_lock, flags);
	return is;
}
