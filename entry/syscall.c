/*
 * entry/syscall.c: the CPU hands a system call over. Number to function is syscall/'s; here is what happens around it.
 * Way in: arch/'s trap code with the saved registers, interrupts on. Way out: the result in the registers, then, with
 * interrupts off and if there is anything to do, entry_syscall_return, which goes on to entry_return_to_user (return.c).
 */
#include "arch/arch.h"
#include "syscall/define.h"
#include "ptrace/ptrace.h"
#include "task/task.h"

/* The number is an int. -1 is what a tracer makes of a call that is not to be: the result is as it has set it. */
static void make_call(struct regs *r)
{
	if (unlikely(READ_ONCE(current->work) & WORK_SECCOMP) && !seccomp_enter(r))
		return;
	unsigned nr = (unsigned)regs_syscall(r);
	if (likely(nr < syscall_count)) {
		regs_set_result(r, syscall_table[nr](regs_arg(r, 0), regs_arg(r, 1), regs_arg(r, 2), regs_arg(r, 3),
						     regs_arg(r, 4), regs_arg(r, 5)));
		return;
	}
	if ((int)nr == -1)
		return;
	regs_set_result(r, -ENOSYS);
	syscall_note_missing(nr);
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
