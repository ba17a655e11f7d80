/*
 * entry/return.c: the way back to user mode: first everything that has to happen before the program goes on.
 * Way in: arch/'s trap code, interrupts off, on the task's own stack. Way out: interrupts off, nothing left to do: no
 * interrupt can add anything between the last look and the return. Errors: none; a fatal signal does not come back.
 */
#include "arch/arch.h"
#include "task/task.h"
#include "signal/signal.h"
#include "sched/sched.h"
#include "debug/stack_watch.h"

static bool has_work(void)
{
	return READ_ONCE(cpu_self()->need_resched) || (READ_ONCE(current->work) & (WORK_SIGNAL | WORK_RSEQ));
}

static __noinline void do_work(struct regs *r)
{
	do {
		arch_irq_enable();
		if (READ_ONCE(cpu_self()->need_resched))
			schedule();
		if (READ_ONCE(current->work) & WORK_RSEQ)
			rseq_settle(r);
		if (READ_ONCE(current->work) & WORK_SIGNAL)
			signal_return_path(r);
		arch_irq_disable();
	} while (has_work());
}

void entry_return_to_user(struct regs *r)
{
	if (unlikely(has_work()))
		do_work(r);
	stack_watch_return(r);
}
