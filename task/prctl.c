/*
 * task/prctl.c: prctl(2): the options a process sets on itself. Options not listed are refused with EINVAL
 * (docs/coverage.md). Source: prctl(2), Linux 6.1.
 */
#include "ptrace/ptrace.h"
#include "task/task.h"
#include "task/cred.h"
#include "mm/mm.h"
#include "mm/user_access.h"
#include "namespace/user.h"
#include "syscall/define.h"
#include "arch/arch.h"
#include "base/string.h"
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/securebits.h>

static long set_name(uptr addr)
{
	char name[16];
	ssize_t n = strncpy_from_user(name, addr, sizeof(name));
	if (n == -EFAULT)
		return n;
	name[sizeof(name) - 1] = 0;
	task_set_comm(current, name);
	return 0;
}

static long set_subreaper(bool on)
{
	/* Every process below has a subreaper above it from now on. A parent stands in the list before its children, so one pass
	 * comes to them all, however deep they lie. */
	struct task *t;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	current->signal->is_subreaper = on;
	list_for_each(t, &all_processes, all_node) {
		const struct signal *above = t->real_parent ? t->real_parent->signal : NULL;

		if (above && (above->is_subreaper || above->has_child_subreaper))
			t->signal->has_child_subreaper = true;
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return 0;
}

static long edit_cred(int (*edit)(struct cred *c, unsigned long arg), unsigned long arg)
{
	struct cred *c = cred_prepare();
	if (!c)
		return -ENOMEM;
	int err = edit(c, arg);
	if (err)
		cred_put(c);
	else
		cred_install(c);
	return err;
}

static int edit_bounding(struct cred *c, unsigned long cap)
{
	c->cap_bounding &= ~BIT(cap);
	return 0;
}

static int edit_keep_caps(struct cred *c, unsigned long on)
{
	if (c->securebits & BIT(SECURE_KEEP_CAPS_LOCKED))
		return -EPERM;
	c->securebits = on ? c->securebits | BIT(SECURE_KEEP_CAPS) : c->securebits & ~BIT(SECURE_KEEP_CAPS);
	return 0;
}

static int edit_securebits(struct cred *c, unsigned long bits)
{
	u32 locks = c->securebits & SECURE_ALL_LOCKS;
	if ((((u32)locks >> 1) & (c->securebits ^ bits)) || (locks & ~bits) || (bits & ~(SECURE_ALL_LOCKS | SECURE_ALL_BITS)))
		return -EPERM;
	c->securebits = (u32)bits;
	return 0;
}

static int edit_ambient_raise(struct cred *c, unsigned long cap)
{
	if (!(c->cap_permitted & c->cap_inheritable & BIT(cap)) || (c->securebits & BIT(SECURE_NO_CAP_AMBIENT_RAISE)))
		return -EPERM;
	c->cap_ambient |= BIT(cap);
	return 0;
}

static int edit_ambient_lower(struct cred *c, unsigned long cap)
{
	c->cap_ambient &= ~BIT(cap);
	return 0;
}

static int edit_ambient_clear(struct cred *c, unsigned long unused)
{
	c->cap_ambient = 0;
	return 0;
}

static long cap_ambient(unsigned long what, unsigned long cap, unsigned long c, unsigned long d)
{
	if (c || d)
		return -EINVAL;
	if (what == PR_CAP_AMBIENT_CLEAR_ALL)
		return cap ? -EINVAL : edit_cred(edit_ambient_clear, 0);
	if (cap > CAP_LAST_CAP)
		return -EINVAL;
	if (what == PR_CAP_AMBIENT_IS_SET)
		return !!(current->cred->cap_ambient & BIT(cap));
	if (what == PR_CAP_AMBIENT_RAISE)
		return edit_cred(edit_ambient_raise, cap);
	return what == PR_CAP_AMBIENT_LOWER ? edit_cred(edit_ambient_lower, cap) : -EINVAL;
}

static long prctl_caps(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	switch (option) {
	case PR_CAPBSET_READ:
		return a > CAP_LAST_CAP ? -EINVAL : !!(current->cred->cap_bounding & BIT(a));
	case PR_CAPBSET_DROP:
		if (!ns_capable(current_user_ns(), CAP_SETPCAP))
			return -EPERM;
		return a > CAP_LAST_CAP ? -EINVAL : edit_cred(edit_bounding, a);
	case PR_GET_KEEPCAPS:
		return !!(current->cred->securebits & BIT(SECURE_KEEP_CAPS));
	case PR_SET_KEEPCAPS:
		return a > 1 ? -EINVAL : edit_cred(edit_keep_caps, a);
	case PR_GET_SECUREBITS:
		return current->cred->securebits;
	case PR_SET_SECUREBITS:
		return ns_capable(current_user_ns(), CAP_SETPCAP) ? edit_cred(edit_securebits, a) : -EPERM;
	case PR_CAP_AMBIENT:
		return cap_ambient(a, b, c, d);
	default:
		return -EINVAL;
	}
}

/* What would become of a process whose memory is damaged. No machine of ours tells of such, so the choice is only kept. */
static long mce_kill_set(unsigned long what, unsigned long policy, unsigned long c, unsigned long d)
{
	if (c || d || what > PR_MCE_KILL_SET || (what == PR_MCE_KILL_CLEAR && policy))
		return -EINVAL;
	if (what == PR_MCE_KILL_SET)
		current->flags |= PF_MCE_PROCESS;	/* even if the policy then is none, as on Linux */
	if (what == PR_MCE_KILL_CLEAR)
		current->flags &= ~PF_MCE_PROCESS;
	else if (policy == PR_MCE_KILL_EARLY)
		current->flags |= PF_MCE_EARLY;
	else if (policy == PR_MCE_KILL_LATE)
		current->flags &= ~PF_MCE_EARLY;
	else if (policy == PR_MCE_KILL_DEFAULT)
		current->flags &= ~(PF_MCE_EARLY | PF_MCE_PROCESS);
	else
		return -EINVAL;
	return 0;
}

static long mce_kill_get(void)
{
	if (!(current->flags & PF_MCE_PROCESS))
		return PR_MCE_KILL_DEFAULT;
	return current->flags & PF_MCE_EARLY ? PR_MCE_KILL_EARLY : PR_MCE_KILL_LATE;
}

/* Memory of ours never waits for a device, so the choice is only kept. */
static long io_flusher(int option, unsigned long on, bool has_more)
{
	if (!capable(CAP_SYS_RESOURCE))
		return -EPERM;
	if (has_more || on > (option == PR_SET_IO_FLUSHER))
		return -EINVAL;
	if (option == PR_GET_IO_FLUSHER)
		return (current->flags & PF_IO_FLUSHER) == PF_IO_FLUSHER;
	current->flags = on ? current->flags | PF_IO_FLUSHER : current->flags & ~PF_IO_FLUSHER;
	return 0;
}

long sys_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	switch (option) {
	case PR_SET_PDEATHSIG:
		if (a > SIGNALS)
			return -EINVAL;
		current->parent_death_signal = (int)a;
		return 0;
	case PR_GET_PDEATHSIG:
		return put_user_u32((u32)current->parent_death_signal, a);
	case PR_GET_DUMPABLE:
		return current->mm->dumpable;
	case PR_SET_DUMPABLE:
		if (a > 1)
			return -EINVAL;
		current->mm->dumpable = (int)a;
		return 0;
	case PR_SET_NAME:
		return set_name(a);
	case PR_GET_NAME:
		return copy_to_user(a, current->comm, sizeof(current->comm));
	case PR_SET_CHILD_SUBREAPER:
		return set_subreaper(a != 0);
	case PR_GET_CHILD_SUBREAPER:
		return put_user_u32(current->signal->is_subreaper, a);
	case PR_SET_NO_NEW_PRIVS:
		if (a != 1 || b || c || d)
			return -EINVAL;
		current->no_new_privs = true;
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		return a || b || c || d ? -EINVAL : current->no_new_privs;
	case PR_GET_SECCOMP:
		return current->seccomp.mode;
	case PR_SET_SECCOMP:
		return seccomp_prctl_set(a, b);
	case PR_SET_PTRACER:
		return ptrace_set_allowed_tracer(a);
	case PR_GET_TIMERSLACK:
		return (long)current->timer_slack_ns;
	case PR_SET_TIMERSLACK:
		if (!current->sched.rt_priority)	/* theirs is none */
			current->timer_slack_ns = a ? a : current->timer_slack_default_ns;
		return 0;
	case PR_GET_TID_ADDRESS:
		return put_user_u64(current->clear_child_tid, a);
	case PR_GET_TIMING:
		return PR_TIMING_STATISTICAL;
	case PR_SET_TIMING:
		return a == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
	case PR_MCE_KILL:
		return mce_kill_set(a, b, c, d);
	case PR_MCE_KILL_GET:
		return a || b || c || d ? -EINVAL : mce_kill_get();
	case PR_GET_THP_DISABLE:
		return a || b || c || d ? -EINVAL : current->mm->refuses_huge_pages;
	case PR_SET_THP_DISABLE:
		if (b || c || d)
			return -EINVAL;
		current->mm->refuses_huge_pages = a != 0;
		return 0;
	case PR_SET_IO_FLUSHER:
	case PR_GET_IO_FLUSHER:
		return io_flusher(option, a, b || c || d);
	default:
		return prctl_caps(option, a, b, c, d);
	}
}
