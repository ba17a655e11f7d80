/*
 * arch/x86_64/thread.h: what a task keeps of its CPU while it does not run. First member of struct task.
 * Locks: none: touched by the task itself, by the switch, or before the task first runs.
 */
#ifndef X86_THREAD_H
#define X86_THREAD_H
#include "base/types.h"

struct thread {
	u64 ksp;			/* kernel stack pointer; known to switch.S by offset 0 */
	u64 fs_base, gs_base;		/* user TLS; right while not running */
	u16 fs, gs, ds, es;		/* user selectors: 0, but for old programs that load them */
	void *fpu;			/* XSAVE (or FXSAVE) area, behind the task; NULL: a kernel task */
	u32 fpu_cpu;			/* CPU number + 1 whose registers last held this state */
	u32 trap_nr;			/* the last exception, for signal frames */
	u64 error_code, fault_addr;
	bool is_step_ours;		/* the trace flag in its registers is a debugger's */
	/* debugreg.c: what a debugger has set; status is without the bits that are always 1 */
	u64 debug_addr[4], debug_status, debug_control;
};
#endif
