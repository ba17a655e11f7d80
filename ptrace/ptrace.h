/*
 * ptrace/ptrace.h: one task looks at and drives another. What the rest of the kernel calls.
 *
 * Words: the tracer is one thread; the tracee is one thread, whose `parent` is the tracer while its `real_parent` stays.
 * A tracee runs or is in a ptrace-stop (TASK_TRACED), where the tracer may look at it and from where only the tracer, the
 * end of tracing, or SIGKILL starts it.
 *
 * Locks: who traces whom (task->ptrace, parent, traced): tasklist_lock and the tracee's sighand->lock to change, either
 * to read. The stop (state, exit_code, stop_info, ptrace_message, jobctl): the tracee's sighand->lock. While a request
 * of the tracer works on it (JOB_FROZEN) a tracee cannot run, not even to die.
 * Source: ptrace(2).
 */
#ifndef PTRACE_PTRACE_H
#define PTRACE_PTRACE_H
#include "task/task.h"
#include <linux/ptrace.h>

/* task->ptrace: two bits of ours, and the PTRACE_O_* options PT_OPTION_SHIFT higher. */
#define PT_TRACED BIT(0)
#define PT_SEIZED BIT(1)
#define PT_OPTION_SHIFT 3
#define PT_OPTION(o) ((u64)(o) << PT_OPTION_SHIFT)
#define PT_SUSPEND_SECCOMP PT_OPTION(PTRACE_O_SUSPEND_SECCOMP)	/* seccomp lets every call of this task through */

/* -- events of current -- */
/* Has the tracer asked for this PTRACE_EVENT_*? */
static inline bool ptrace_wants(unsigned event) { return unlikely(current->ptrace & PT_OPTION(BIT(event))); }
/* Stops current and tells the tracer, if it has asked for this event; message is what PTRACE_GETEVENTMSG gives. No lock is
 * held. The caller looks at fatal_signal_is_pending() afterwards, and at registers again that it has read before. */
void ptrace_event(unsigned event, u64 message);
/* The same, the message being the number by which the tracer knows p. */
void ptrace_event_pid(unsigned event, struct pid *p);
/* The event that a clone with this request is, if the tracer wants it; 0: none. */
unsigned ptrace_clone_event(const struct clone_request *req);
/* exec is done: the event, or for a tracer that has not asked for it, SIGTRAP. old: the thread's number before. */
void ptrace_exec_done(int old_number);
/* The number by which its tracer knows current; 0: it cannot see it, or there is none. */
int ptrace_number_for_tracer(void);

/* -- system calls of current (WORK_SYSCALL_TRACE) -- */
/* False: the call is not to be made; the result register is as the tracer wants it. */
bool ptrace_syscall_enter(void);
void ptrace_syscall_leave(void);

/* -- signals; under sighand->lock, which is given up and taken again while current stops -- */
/* current has taken sig off its queues: the tracer sees it first. The signal to act upon (info fits it), or 0. */
int ptrace_signal_locked(int sig, struct signal_info *info, bool is_process, unsigned long *flags);
/* JOB_TRAP_* are set: group-stops and PTRACE_INTERRUPT. */
void ptrace_trap_locked(unsigned long *flags);
/* A handler is about to be entered: a step ends here, so that no trace flag goes into the frame. True: current was being
 * stepped, and is to say so in the handler (ptrace_step_report; no lock is held). */
bool ptrace_step_end(void);
void ptrace_step_report(void);
/* A change of a seized tracee's group-stop is news for its tracer. */
void ptrace_trap_notify_locked(struct task *t);
/* t's jobctl has no trap pending any more: who waits for it to become traced is told. */
void ptrace_trapping_done_locked(struct task *t);

/* -- life; tasklist_lock is held -- */
/* A child that is made by a traced task is traced too. sighand->lock of current is held (its own, with CLONE_SIGHAND). */
void ptrace_child_locked(struct task *child, const struct clone_request *req);
void ptrace_unlink_locked(struct task *t);	/* accepts "not traced" */
/* The tracer dies: its tracees go free, or die with it (PTRACE_O_EXITKILL); the dead ones go to *dead (by traced_node). */
void ptrace_tracer_exit_locked(struct task *tracer, struct list *dead);
static inline bool ptrace_is_reparented(const struct task *t) { return t->parent->signal != t->real_parent->signal; }

struct user_namespace;
/* May t's tracer, if it has one, see a program with more rights than its user's, started in ns? */
bool ptrace_tracer_is_capable(struct task *t, struct user_namespace *ns);

/* -- kernel.yama.ptrace_scope (scope.c) -- */
extern int ptrace_scope;			/* 0: only the credentials count */
bool ptrace_scope_permits(struct task *t);	/* to attach to t */
bool ptrace_scope_permits_parent(bool is_capable);	/* TRACEME: has the parent CAP_SYS_PTRACE? */
int ptrace_scope_set(long scope);		/* -EPERM, -EINVAL */
long ptrace_set_allowed_tracer(unsigned long number);	/* PR_SET_PTRACER */
#endif
