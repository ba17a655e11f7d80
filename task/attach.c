/*
 * task/attach.c: may the caller look into another process, or take hold of it: its memory and registers (ptrace,
 * /proc/PID/mem), descriptors (pidfd_getfd), namespaces (setns)?
 * Locks: the target's, one after the other. Errors: EPERM. Source: ptrace(2), "Ptrace access mode checking". What a
 * security module would add is ptrace/scope.c.
 */
#include "task/task.h"
#include "ptrace/ptrace.h"
#include "mm/mm.h"
#include "namespace/user.h"
#include <linux/capability.h>

/* All ids of the target are the caller's, and it may do no more than the caller may. */
static bool ids_are_same(u32 uid, u32 gid, const struct cred *c)
{
	return uid == c->euid && uid == c->suid && uid == c->uid && gid == c->egid && gid == c->sgid && gid == c->gid;
}

static bool may_by_cred(const struct cred *me, const struct cred *c, enum attach_ids by)
{
	bool is_same = by == ATTACH_BY_FS_IDS ? ids_are_same(me->fsuid, me->fsgid, c) : ids_are_same(me->uid, me->gid, c);
	u64 caps = by == ATTACH_BY_FS_IDS ? me->cap_effective : me->cap_permitted;
	bool has_no_more = me->user_ns == c->user_ns && !(c->cap_permitted & ~caps);

	return (is_same && has_no_more) || ns_capable(c->user_ns, CAP_SYS_PTRACE);
}

/* The program may have been one that its user was not to look into: then the right must reach to where it was started. */
static bool may_by_mm(const struct mm *mm)
{
	return !mm || mm->dumpable == 1 || ns_capable(mm->user_ns, CAP_SYS_PTRACE);
}

static bool may_look(struct task *t, const struct mm *mm, enum attach_ids by)
{
	const struct cred *c = task_get_cred(t);
	bool may = may_by_cred(current_cred(), c, by) && may_by_mm(mm);

	cred_put(c);
	return may;
}

/* The memory comes first: a program that t becomes meanwhile has memory of its own, which is not dumpable before its ids hold. */
int task_get_mm_to_look(struct task *t, enum attach_ids by, struct mm **out)
{
	struct mm *mm = task_get_mm(t);

	*out = mm;
	if (t->signal == current->signal || may_look(t, mm, by))
		return 0;
	if (mm)
		mm_put(mm);
	*out = NULL;
	return -EPERM;
}

int task_may_look(struct task *t, enum attach_ids by)
{
	struct mm *mm;

	if (t->signal == current->signal)
		return 0;
	int err = task_get_mm_to_look(t, by, &mm);
	if (mm)
		mm_put(mm);
	return err;
}

int task_may_attach_to_mm(struct task *t, const struct mm *mm)
{
	bool may = t->signal == current->signal || may_look(t, mm, ATTACH_BY_REAL_IDS);

	return may && ptrace_scope_permits(t) ? 0 : -EPERM;
}

int task_may_attach(struct task *t)
{
	struct mm *mm = task_get_mm(t);
	int err = task_may_attach_to_mm(t, mm);

	if (mm)
		mm_put(mm);
	return err;
}
