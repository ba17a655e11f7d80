/*
 * entry/syscall.c: the CPU hands a system call over. Number to function is syscall/'s; here is what happens around it.
 * Way in: arch/'s trap code with the saved registers, interrupts on. Way out: the result in the registers, then, with
 * interrupts off and if there is anything to do, entry_syscall_return, which goes on to entry_return_to_user (return.c).
 */
#include "arch/arch.h"
#include "syscall/define.h"
#include "ptrace/ptrace.h"
#include "task/task.h"
#include "base/printk.h"

/* A call that does not exist is named in the log, once. */
static void note_missing(unsigned nr)
{
	static u64 seen[16];
	if (nr < 64 * ARRAY_SIZE(seen)) {
		u64 bit = BIT(nr % 64);
		if (__atomic_fetch_or(&seen[nr / 64], bit, __ATOMIC_RELAXED) & bit)
			return;
	}
	log_write(LOG_NOTICE, "%s[%d]: system call %d does not exist: ENOSYS\n", current->comm, current->tid, (int)nr);
}

/* The number is an int. -1 is what a tracer makes of a call that is not to be: the result is as it has set it. */
static void make_call(struct regs *r)
{
	if (unlikely(READ_ONCE(current->work) & WORK_SECCOMP) && !seccomp_enter(r))
		return;
	unsigned nr = (unsigned)regs_syscall(r);
	if (likely(nr < syscall_count)) {
		syscall_fn fn = syscall_table[nr];
		long result = fn(regs_arg(r, 0), regs_arg(r, 1), regs_arg(r, 2), regs_arg(r, 3), regs_arg(r, 4), regs_arg(r, 5));
		regs_set_result(r, result);
		if (unlikely(result == -ENOSYS) && fn == syscall_none)
			note_missing(nr);
		return;
	}
	if ((int)nr == -1)
		return;
	regs_set_result(r, -ENOSYS);
	note_missing(nr);
}

void entry_syscall(struct regs *r)
{
	if (!(READ_ONCE(current->work) & WORK_SYSCALL_TRACE) || ptrace_syscall_enter())
		make_call(r);
}

void entry_syscall_return(struct regs *r)
{
	if (READ_ONCE(current->work) & WORK_SYSCALL_TRACE) {
		arch_irq_enable();
		ptrace_syscall_leave();
		arch_irq_disable();
	}
	entry_return_to_user(r);
}
