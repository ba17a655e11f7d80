/*
 * task/attach.c: may the caller take hold of another process: its descriptors (pidfd_getfd), and what ptrace gives?
 * Locks: the target's, one after the other. Errors: EPERM. Source: ptrace(2), "Ptrace access mode checking", for
 * PTRACE_MODE_ATTACH_REALCREDS; there is no security module that says more.
 */
#include "task/task.h"
#include "mm/mm.h"
#include <linux/capability.h>

/* The caller's real ids are all of the target's, and it may do all that the target may. */
static bool ids_are_same(const struct cred *me, const struct cred *c)
{
	return me->uid == c->euid && me->uid == c->suid && me->uid == c->uid && me->gid == c->egid && me->gid == c->sgid &&
	       me->gid == c->gid;
}

int task_may_attach(struct task *t)
{
	if (t->signal == current->signal)
		return 0;
	const struct cred *me = current_cred(), *c = task_get_cred(t);
	bool may = ids_are_same(me, c) && !(c->cap_permitted & ~me->cap_permitted);
	cred_put(c);
	struct mm *mm = task_get_mm(t);
	if (mm) {
		may = may && mm->dumpable == 1;
		mm_put(mm);
	}
	return may || capable(CAP_SYS_PTRACE) ? 0 : -EPERM;
}
