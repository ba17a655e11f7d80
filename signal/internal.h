/*
 * signal/internal.h: what the files of signal/ share. "locked" means under the group's sighand->lock.
 */
#ifndef SIGNAL_INTERNAL_H
#define SIGNAL_INTERNAL_H
#include "signal/signal.h"
#include "task/task.h"

/* What the default action of a signal does. */
#define SIGNALS_SYNCHRONOUS (SIG_BIT(SIGSEGV) | SIG_BIT(SIGBUS) | SIG_BIT(SIGILL) | SIG_BIT(SIGTRAP) |              \
			     SIG_BIT(SIGFPE) | SIG_BIT(SIGSYS))
#define SIGNALS_DEFAULT_IGNORED (SIG_BIT(SIGCONT) | SIG_BIT(SIGCHLD) | SIG_BIT(SIGWINCH) | SIG_BIT(SIGURG))
#define SIGNALS_DEFAULT_STOP (SIG_BIT(SIGSTOP) | SIG_BIT(SIGTSTP) | SIG_BIT(SIGTTIN) | SIG_BIT(SIGTTOU))
#define SIGNALS_DEFAULT_CORE (SIG_BIT(SIGQUIT) | SIG_BIT(SIGILL) | SIG_BIT(SIGTRAP) | SIG_BIT(SIGABRT) |             \
			      SIG_BIT(SIGFPE) | SIG_BIT(SIGSEGV) | SIG_BIT(SIGBUS) | SIG_BIT(SIGSYS) |              \
			      SIG_BIT(SIGXCPU) | SIG_BIT(SIGXFSZ))
static inline bool sig_in(u64 set, int sig) { return set & SIG_BIT(sig); }

/* task->jobctl */
#define JOB_STOP_SIGNAL_MASK 0x7fu	/* which signal the pending stop is for */
#define JOB_STOP_DEQUEUED BIT(16)	/* a stop signal was taken off the queue and is about to be acted upon */
#define JOB_STOP_PENDING BIT(17)	/* is to stop with its group */
#define JOB_STOP_CONSUME BIT(18)	/* and then counts down signal->stop_pending */
#define JOB_TRAP_STOP BIT(19)		/* traced: is to stop for its tracer (group-stop, PTRACE_INTERRUPT) */
#define JOB_TRAP_NOTIFY BIT(20)		/* seized: its group's stop has changed, which is a trap too */
#define JOB_TRAPPING BIT(21)		/* stopped when it was attached to: the tracer waits for the ptrace-stop */
#define JOB_LISTENING BIT(22)		/* PTRACE_LISTEN: in a stop that wait no longer reports */
#define JOB_FROZEN BIT(23)		/* the tracer works on it: nothing may wake it */
#define JOB_FREEZE BIT(24)		/* its control group is to be frozen: it runs no user code */
#define JOB_TRAP_MASK (JOB_TRAP_STOP | JOB_TRAP_NOTIFY)
#define JOB_PENDING_MASK (JOB_STOP_PENDING | JOB_TRAP_MASK)
/* signal->stop_flags: news that the next thread on its way to user mode tells the parent */
#define STOP_TELL_STOPPED BIT(0)
#define STOP_TELL_CONTINUED BIT(1)

/* action.c */
struct action sighand_action_locked(const struct sighand *s, int sig);
uptr sighand_handler_locked(const struct sighand *s, int sig);
void sighand_reset_handler_locked(struct sighand *s, int sig);	/* SA_RESETHAND; cannot fail */
static inline bool handler_ignores(uptr handler, int sig)
{
	return handler == HANDLER_IGNORE || (handler == HANDLER_DEFAULT && sig_in(SIGNALS_DEFAULT_IGNORED, sig));
}

/* queue.c */
/* NULL: out of memory or over RLIMIT_SIGPENDING (unless may_exceed). Charged to t's real user. */
struct pending_signal *pending_signal_new(struct task *t, int sig, bool may_exceed);
void pending_signal_free(struct pending_signal *q);
void pending_add_locked(struct pending *p, int sig, struct pending_signal *q);	/* q NULL: only the bit */
int pending_take_synchronous_locked(struct task *t, struct signal_info *info);

/* send.c */
/* The way of every signal. pending: t's own, or its group's. force: not even process 1 of t's namespace ignores it. */
int signal_send_locked(int sig, const struct signal_info *info, struct task *t, bool is_process, bool force);
/* current to itself, or to its group; as it says in info. 0 or -EAGAIN */
int signal_send_self(int sig, const struct signal_info *info, bool is_process);
void signal_wake_locked(struct task *t, bool is_fatal);
void signal_complete_locked(int sig, struct task *t, bool is_process);	/* after it is pending: who takes it */
bool signal_prepare_locked(int sig, struct task *t, bool force);	/* false: nobody is to get it */
void signal_retarget_locked(struct task *t, u64 which);
/* As signal_recompute(), but leaves the flag as it is if there is nothing: the call that it interrupted is to be settled. */
bool signal_note_pending_locked(struct task *t);

/* Does sig come with its siginfo even over RLIMIT_SIGPENDING? */
static inline bool signal_may_exceed(int sig, const struct signal_info *info)
{
	return sig < SIGRTMIN && (!info || info->si_code >= 0);
}

/* deliver.c */
/* current, in a system call that ends with 0, sends itself sig: true: nothing is in the way, and its handler has been entered
 * without a turn in the queue (the saved registers have changed). False: nothing was done, it is to be sent as any other. */
bool signal_run_at_once(int sig, struct signal_info *info);

/* mask.c */
void signal_set_blocked_locked(u64 mask);	/* current's, without those that cannot be */

/* kill.c */
void signal_fill_sender(struct signal_info *info, int sig, int code);	/* as if current had called kill(2) and its kin */

/* stop.c */
bool stop_current_locked(int sig, unsigned long *flags);	/* true: stopped and went on; the lock was given up */
void job_clear_pending_locked(struct task *t, u32 which);	/* of JOB_PENDING_MASK */
bool job_set_pending_locked(struct task *t, u32 which);		/* false: t is dying */
void stop_continue_locked(struct task *t);			/* SIGCONT's effect at sending */
bool stop_participate_locked(struct task *t);			/* true: it was the last to stop */
void freeze_current_locked(unsigned long *flags);	/* gives the lock up */
bool pgrp_is_orphaned_locked(struct pid *pgrp, struct task *ignored);	/* task/group.c; tasklist_lock */
#endif
