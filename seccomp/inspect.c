/*
 * seccomp/inspect.c: what a tracer that saves processes reads of a tracee's filters, oldest first.
 * Way in: ptrace(2), the tracee frozen. Locks: the tracee's sighand->lock for its chain.
 * Errors: EACCES (who asks is bound itself, or has no CAP_SYS_ADMIN), EINVAL (no filter mode, size), ENOENT (no such
 * filter), EFAULT. Source: ptrace(2), PTRACE_SECCOMP_GET_FILTER; its metadata: linux/ptrace.h.
 */
#include "seccomp/internal.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "mm/user_access.h"
#include <linux/capability.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>

/* A reference to t's index-th filter. ERR_PTR. */
static struct seccomp_filter *filter_at(struct task *t, u64 index)
{
	struct seccomp_filter *f = ERR_PTR(-EINVAL);
	unsigned long flags;

	if (!capable(CAP_SYS_ADMIN) || current->seccomp.mode != SECCOMP_MODE_DISABLED)
		return ERR_PTR(-EACCES);
	flags = spin_lock_irqsave(&t->sighand->lock);
	if (t->seccomp.mode == SECCOMP_MODE_FILTER) {
		f = index < t->seccomp.filter_count ? t->seccomp.newest : NULL;
		for (u64 above = t->seccomp.filter_count - 1 - index; f && above; above--)
			f = f->older;
		if (f)
			refcount_inc(&f->count);
		else
			f = ERR_PTR(-ENOENT);
	}
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	return f;
}

long seccomp_read_filter(struct task *t, u64 index, uptr insns)
{
	struct seccomp_filter *f = filter_at(t, index);
	long result;

	if (IS_ERR(f))
		return PTR_ERR(f);
	result = f->program.length;
	if (insns && copy_to_user(insns, f->program.insns, f->program.length * sizeof(struct sock_filter)))
		result = -EFAULT;
	filter_put(f);
	return result;
}

long seccomp_read_metadata(struct task *t, size_t size, uptr data)
{
	struct seccomp_metadata m = { };
	struct seccomp_filter *f;

	size = MIN(size, sizeof(m));
	if (size < sizeof(m.filter_off))
		return -EINVAL;
	if (copy_from_user(&m.filter_off, data, sizeof(m.filter_off)))
		return -EFAULT;
	f = filter_at(t, m.filter_off);
	if (IS_ERR(f))
		return PTR_ERR(f);
	m.flags = f->is_logged ? SECCOMP_FILTER_FLAG_LOG : 0;
	filter_put(f);
	return copy_to_user(data, &m, size) ? -EFAULT : (long)size;
}
