/*
 * ptrace/scope.c: kernel.yama.ptrace_scope, which Debian's kernel has, and has at 0: more than the credentials may be asked
 * of who wants to attach to a process.
 *   0  nothing    1  to be its ancestor, or allowed by it (PR_SET_PTRACER)    2  CAP_SYS_PTRACE    3  nobody may
 * Locks: tasklist_lock, for the tree and signal->allowed_tracer. Errors: EPERM, EINVAL. Source: prctl(2), ptrace(2).
 */
#include "ptrace/ptrace.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "namespace/user.h"
#include <linux/capability.h>
#include <linux/prctl.h>

enum { SCOPE_CLASSIC, SCOPE_RELATED, SCOPE_CAPABLE, SCOPE_NONE };

int ptrace_scope;

/* Of who is released the leader may be freed. */
static bool is_descendant_locked(const struct task *ancestor, const struct task *t)
{
	for (; t && t->signal && !t->is_released; t = t->leader->real_parent) {
		if (t->signal == ancestor->signal)
			return true;
		if (t == &first_task)
			break;
	}
	return false;
}

static bool is_related(struct task *t)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct pid *allowed = t->signal->allowed_tracer;
	struct task *tracer = allowed ? pid_first_task_locked(allowed, PID_TGID) : NULL;
	bool is = t->signal->allows_any_tracer || is_descendant_locked(current, t) ||
		  (tracer && is_descendant_locked(tracer, current));

	spin_unlock_irqrestore(&tasklist_lock, flags);
	return is;
}

bool ptrace_scope_permits(struct task *t)
{
	const struct cred *c;
	bool may;

	if (likely(ptrace_scope == SCOPE_CLASSIC) || t->signal == current->signal)
		return true;
	if (ptrace_scope == SCOPE_NONE)
		return false;
	if (ptrace_scope == SCOPE_RELATED && is_related(t))
		return true;
	c = task_get_cred(t);
	may = ns_capable(c->user_ns, CAP_SYS_PTRACE);
	cred_put(c);
	return may;
}

bool ptrace_scope_permits_parent(bool is_capable)
{
	return ptrace_scope < SCOPE_CAPABLE || (ptrace_scope == SCOPE_CAPABLE && is_capable);
}

/* 3 stays until the machine ends. */
int ptrace_scope_set(long scope)
{
	if (!capable(CAP_SYS_PTRACE))
		return -EPERM;
	if (scope < (ptrace_scope == SCOPE_NONE ? SCOPE_NONE : SCOPE_CLASSIC) || scope > SCOPE_NONE)
		return -EINVAL;
	WRITE_ONCE(ptrace_scope, (int)scope);
	return 0;
}

long ptrace_set_allowed_tracer(unsigned long number)
{
	struct signal *s = current->signal;
	struct pid *allowed = NULL, *old;
	unsigned long flags;

	if (number && number != PR_SET_PTRACER_ANY) {
		struct task *t = task_find((int)number);

		if (!t)
			return -EINVAL;
		allowed = pid_get(t->signal->pids[PID_TGID]);
		task_put(t);
	}
	flags = spin_lock_irqsave(&tasklist_lock);
	old = s->allowed_tracer;
	s->allowed_tracer = allowed;
	s->allows_any_tracer = number == PR_SET_PTRACER_ANY;
	spin_unlock_irqrestore(&tasklist_lock, flags);
	pid_put(old);
	return 0;
}
