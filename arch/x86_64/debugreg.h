/* arch/x86_64/debugreg.h: hardware breakpoints and watchpoints, a task's own (debugreg.c). */
#ifndef X86_DEBUGREG_H
#define X86_DEBUGREG_H
#include "thread.h"

#define DR6_SINGLE_STEP BIT(14)

struct task;
struct regs;
void debug_regs_clear(struct thread *t);
void debug_regs_load(const struct thread *t);	/* this CPU's become t's; interrupts are off */
/* In a debug exception: what it was for (DR6_*), which current's status keeps; the CPU's own is cleared. */
u64 debug_status_take(struct regs *r);
u64 debug_reg_get(struct task *t, unsigned i);
int debug_reg_set(struct task *t, unsigned i, u64 v);	/* -EIO: no such register, -EINVAL: not this value */
#endif
