/*
 * signal/altstack.c: the alternate stack that handlers with SA_ONSTACK run on.
 * Way in: sigaltstack(2); arch/'s sigreturn restores the setting that the handler's frame holds. Locks: none: current's
 * own.
 * Errors: EPERM while on that stack, EINVAL, ENOMEM too small, EFAULT. Source: sigaltstack(2).
 */
#include "signal/internal.h"
#include "syscall/define.h"
#include "arch/arch.h"
#include "mm/user_access.h"
#include "base/string.h"
#include <linux/signal.h>

static int altstack_set(const stack_t *ss, uptr sp)
{
	struct task *t = current;
	u32 mode = (u32)ss->ss_flags & ~SS_FLAG_BITS;
	size_t size = ss->ss_size;
	uptr addr = (uptr)ss->ss_sp;

	if (arch_on_altstack(t, sp))
		return -EPERM;
	if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
		return -EINVAL;
	if (mode == SS_DISABLE)
		addr = size = 0;
	else if (size < MINSIGSTKSZ)
		return -ENOMEM;
	t->altstack_addr = addr;
	t->altstack_size = size;
	t->altstack_flags = ss->ss_flags;
	return 0;
}

static void describe(stack_t *ss, uptr sp)
{
	struct task *t = current;
	u32 flags = t->altstack_flags & SS_FLAG_BITS;

	memset(ss, 0, sizeof(*ss));
	if (!t->altstack_size)
		flags |= SS_DISABLE;
	else if (arch_on_altstack(t, sp))
		flags |= SS_ONSTACK;
	ss->ss_sp = (void *)t->altstack_addr;
	ss->ss_size = t->altstack_size;
	ss->ss_flags = (int)flags;
}

long sys_sigaltstack(uptr new, uptr old)
{
	uptr sp = regs_sp(task_regs(current));
	stack_t ss, before;
	int err;

	if (new && copy_from_user(&ss, new, sizeof(ss)))
		return -EFAULT;
	describe(&before, sp);
	err = new ? altstack_set(&ss, sp) : 0;
	if (!err && old)
		err = copy_to_user(old, &before, sizeof(before));
	return err;
}
