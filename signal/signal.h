/*
 * signal/signal.h: signals: sending, blocking, delivery on the way to user mode.
 * Locks: sighand->lock (irqsave; RANK_SIGHAND) guards the pending sets, the blocked mask as others see it, the action
 * table handle and the group's stop and exit state.
 */
#ifndef SIGNAL_SIGNAL_H
#define SIGNAL_SIGNAL_H
#include "base/types.h"
#include "base/list.h"
#include "base/atomic.h"
#include "sync/waitqueue.h"
#include <asm/siginfo.h>
#include <asm/signal.h>

struct task;
struct pid;
struct regs;

#define SIGNALS 64
#define SIG_BIT(n) (1UL << ((n) - 1))
#define SIGNALS_UNBLOCKABLE (SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP))
#define HANDLER_DEFAULT 0UL
#define HANDLER_IGNORE 1UL

/* One action, in the layout of rt_sigaction's kernel struct (x86-64). */
struct action {
	uptr handler;	/* HANDLER_DEFAULT, HANDLER_IGNORE or the address */
	u64 flags;	/* SA_* */
	uptr restorer;
	u64 mask;
};
/* The table's body: shared by handles until one writes (sighand_own). */
struct action_table {
	refcount_t count;
	struct action actions[SIGNALS];	/* of signal n at [n-1] */
	u64 ever_ignored;		/* signals that were ignored some time: the ones that are now are among them */
};
/* The room "sighand": the handle that CLONE_SIGHAND shares. */
struct sighand {
	refcount_t count;
	struct spinlock lock;		/* RANK_SIGHAND: the signal state of the whole thread group */
	struct action_table *table;	/* owned reference; never NULL */
	/* Signals whose action is not the table's: plain, without flags; ignored if in `ignored`, else the default. So
	 * exec and clone can reset handlers without a table of their own, and cannot fail. */
	u64 overridden, ignored;
};

/* What a siginfo_t holds that means anything: the rest of it is zero. signal/info.c has the way from and to the user. */
struct signal_info { __SIGINFO; };

struct pending_signal {
	struct list node;
	struct signal_info info;
	struct user_account *account;	/* reference: who is charged (RLIMIT_SIGPENDING) */
	struct posix_timer *timer;	/* whose signal this is: it is part of the timer, never freed alone; or NULL */
};
struct pending {
	u64 set;
	struct list queue;		/* of pending_signal */
};

/* What get_signal hands to arch_signal_push. */
struct signal_delivery {
	int sig;
	struct action action;		/* as it was when taken */
	struct signal_info *info;	/* borrowed */
	u64 old_mask;			/* to be restored by sigreturn */
	u64 blocked_before;		/* the handler's mask is in force already: to be put back if there is to be no frame */
};

/* -- sending. info NULL: from the kernel (SI_KERNEL). 0, -EAGAIN (rt queue full), -ESRCH -- */
int signal_send_task(int sig, const struct signal_info *info, struct task *t);		/* this thread */
int signal_send_process(int sig, const struct signal_info *info, struct task *any_thread);	/* its thread group */
/* One of several that are sent it: a child that t is making gets it as well. */
int signal_send_member(int sig, const struct signal_info *info, struct task *t);
/* What current was so sent since its clone began: more than is remembered, and the child's share of it. sighand->lock */
bool signal_group_is_forgotten_locked(u32 count);
void signal_inherit_group_locked(struct task *child, u32 count);
int signal_send_pgrp(int sig, const struct signal_info *info, struct pid *pgrp);
int signal_send_process_locked(int sig, const struct signal_info *info, struct task *t);	/* under sighand->lock */
void signal_force(int sig, int code, uptr addr);	/* a fault of current: unblocks, kills if ignored */
void signal_force_info(const struct signal_info *info);
/* of current: the default action whatever is set; no tracer hides it */
void signal_force_death(const struct signal_info *info);
void signal_force_default(int sig);	/* of current, from the kernel: takes the default action whatever is set */
void signal_kill_group_locked(struct task *t);		/* SIGKILL to every thread; under sighand->lock */
void signal_kill_others_locked(struct task *t);		/* SIGKILL to every thread but t (exec) */
/* May current send sig to t? 0, -EPERM. */
int signal_may_send(int sig, const struct signal_info *info, struct task *t);

/* -- siginfo and the user's memory (info.c). sig 0: as it is in there. 0, -EFAULT, -E2BIG -- */
int __must_check signal_info_to_user(uptr to, const struct signal_info *info);
int __must_check signal_info_from_user(struct signal_info *info, uptr from, int sig);
void signal_info_expand(siginfo_t *to, const struct signal_info *info);

/* -- receiving -- */
bool signal_is_blocked_or_ignored(int sig);		/* by current: what a background job's terminal access asks */
static inline bool pending_is_empty(const struct pending *p) { return p->set == 0; }
void signal_recompute(struct task *t);			/* sets or clears t's SIGPENDING flag; under sighand->lock */
void signal_set_blocked(u64 mask);			/* current's mask */
/* The return path: delivers at most what can be; handles stops and death; restarts calls. */
void signal_return_path(struct regs *r);
/* Takes one of `mask` off current's queues into *info; 0: none. (sigtimedwait, signalfd) */
int signal_dequeue(u64 mask, struct signal_info *info);
int signal_dequeue_locked(struct task *t, u64 mask, struct signal_info *info);
/* t is exiting (PF_EXITING is set): a process-directed signal that it was to take wakes another thread; a stop that was
 * waiting for it is complete, which signal_tell_stop_news() says afterwards. sighand->lock */
void signal_hand_over_locked(struct task *t);
void signal_tell_stop_news(struct task *t);	/* to the parent, what is not told yet; no lock held */
/* clone(CLONE_THREAD): a group that is stopped, or about to be, stops the child too. sighand->lock */
void signal_join_stop_locked(struct task *child);
/* Its control group wants t frozen, or no longer (cgroup/freezer.c). tasklist_lock */
void signal_freeze(struct task *t, bool on);
void signal_freeze_newborn(struct task *child);	/* not seen by anybody yet */
void pending_flush(struct pending *p);
void pending_flush_signals(struct pending *p, u64 mask);
/* The waiting mask of sigsuspend, ppoll, pselect: swaps it in; restored by the return path when no handler ran. */
int signal_set_user_mask(uptr mask_addr, size_t size);	/* 0 address: nothing */
void signal_restore_saved_mask_unless(bool interrupted);

/* -- the room -- */
struct sighand *sighand_new(void);			/* default actions */
struct sighand *sighand_copy(struct sighand *from);	/* one handle on the same body */
void sighand_put(struct sighand *s);
int __must_check sighand_own_locked(struct sighand *s);	/* makes the table this handle's own; -ENOMEM */
int __must_check sighand_clear(struct task *t);	/* CLONE_CLEAR_SIGHAND: as sighand_exec, of a child not seen yet; 0 */
void sighand_ignore_locked(struct sighand *s, int sig);	/* from now on; cannot fail */
void sighand_exec(struct task *t);			/* handlers to default, ignored stay; unshares; cannot fail */
/* Locks t's sighand, which may change under exec, or NULL if t is past release. */
struct sighand *sighand_lock(struct task *t, unsigned long *flags);
void sighand_unlock(struct sighand *s, unsigned long flags);

/* What /proc/PID/status shows. False: t is past release. */
struct signal_sets { u64 pending, shared_pending, blocked, ignored, caught; int queued; u64 queue_limit; };
bool signal_describe(struct task *t, struct signal_sets *s);

/* The child's news to the parent (task/exit.c): SIGCHLD or exit_signal with its siginfo. True: the parent ignores it,
 * so the child is to be reaped at once. Under tasklist_lock. */
bool signal_notify_parent_locked(struct task *t, int sig);
bool signal_children_are_ignored(struct task *parent);	/* a child that ends is nobody's zombie */
void signal_notify_stop_locked(struct task *t, bool for_ptracer, int why);
#endif
