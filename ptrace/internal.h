/* ptrace/internal.h: what the files of ptrace/ share. */
#ifndef PTRACE_INTERNAL_H
#define PTRACE_INTERNAL_H
#include "ptrace/ptrace.h"
#include "signal/internal.h"

/* task->ptrace_mode: how the tracee was let go; own while it runs, the tracer's while it is stopped */
#define RUN_TO_SYSCALL BIT(0)	/* PTRACE_SYSCALL */
#define RUN_EMULATED BIT(1)	/* PTRACE_SYSEMU: the calls are stopped at, and not made */
#define RUN_STEPPED BIT(2)	/* a call that is stepped over ends in a trap */

/* stop.c */
/* Stops current. code: what wait reports; why: CLD_*. The code to go on with: what the tracer said, or code itself if it
 * did not stop. sighand->lock is held, given up and taken again. */
int ptrace_stop_locked(int code, int why, u64 message, struct signal_info *info, unsigned long *flags);
int ptrace_notify(int code, u64 message);	/* the same for an event of current's own: SIGTRAP and a code */
void ptrace_wake_locked(struct task *t, bool is_resume);
void ptrace_set_mode(struct task *t, u32 mode);	/* of a task that is stopped */

/* link.c */
int ptrace_traceme(void);
int ptrace_attach(struct task *t, bool is_seize, uptr addr, u64 options);
int ptrace_detach(struct task *t, u64 sig);
int ptrace_options_check(u64 options);

/* signals.c */
long ptrace_get_siginfo(struct task *t, uptr data);
long ptrace_set_siginfo(struct task *t, uptr data);
long ptrace_peek_siginfo(struct task *t, uptr args, uptr data);
long ptrace_get_sigmask(struct task *t, size_t size, uptr data);
long ptrace_set_sigmask(struct task *t, size_t size, uptr data);

/* syscall.c */
long ptrace_get_syscall_info(struct task *t, size_t size, uptr data);

/* memory.c */
long ptrace_peek(struct task *t, uptr addr, uptr data);
long ptrace_poke(struct task *t, uptr addr, u64 value);

/* regset.c */
long ptrace_regset(struct task *t, unsigned long type, uptr iov, bool is_set);
long ptrace_regset_all(struct task *t, unsigned type, uptr data, bool is_set);
#endif
