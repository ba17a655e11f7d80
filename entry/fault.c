/*
 * entry/fault.c: the CPU hands a page fault or another exception over: settled by mm/, or made a signal.
 * Way in: arch/'s trap code. From user mode interrupts are on; from a user copy in the kernel as they were.
 */
#include "arch/arch.h"
#include "task/task.h"
#include "mm/mm.h"
#include "base/printk.h"
#include "base/errno.h"

void entry_fault(struct regs *r, uptr addr, unsigned access, bool present)
{
	int code = SEGV_MAPERR;
	struct mm *mm = current->mm;
	int err = mm && addr < USER_END ? mm_fault(mm, addr, access, &code) : -SIGSEGV;
	if (likely(!err))
		return;
	if (err == -SIGSEGV || err == -SIGBUS)
		signal_force(-err, code, addr);
	/* -ENOMEM, -EINTR: memory was asked for, or we are being killed: try again or die on the way out */
}

int entry_kernel_fault(uptr addr, unsigned access)
{
	int code;
	struct mm *mm = current->mm;
	if (!mm || addr >= USER_END || current->faults_off)
		return -EFAULT;
	for (;;) {
		int err = mm_fault(mm, addr, access, &code);
		if (err != -ENOMEM)
			return err ? -EFAULT : 0;
		if (fatal_signal_is_pending())
			return -EFAULT;
	}
}

void entry_exception(struct regs *r, int sig, int code, uptr addr)
{
	signal_force(sig, code, addr);
}
