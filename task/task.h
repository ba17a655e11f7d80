/*
 * task/task.h: the task: what a process or thread is. A task holds rooms (cred, files, fs, sighand, signal, semundo,
 * mm, namespaces, io, thread); clone shares or copies each (resources.c), death drops each (the same destructor).
 *
 * Locks: each field says who guards it. tasklist_lock (spinlock): the tree, groups, sessions, pids' lists.
 * task->lock: comm and small fields that others read. Fields marked "own" are only touched by the task itself.
 */
#ifndef TASK_TASK_H
#define TASK_TASK_H
#include "base/types.h"
#include "base/list.h"
#include "base/atomic.h"
#include "sync/mutex.h"
#include "sync/waitqueue.h"
#include "sched/sched.h"
#include "signal/signal.h"
#include "pid/pid.h"
#include "namespace/namespace.h"
#include "seccomp/seccomp.h"
#include "time/time.h"
#include "thread.h"

struct files;
struct fs_room;
struct mm;
struct semundo;
struct tty;
struct file;
struct user_namespace;
struct cgroup;

enum task_state {
	TASK_RUNNING = 0,
	TASK_INTERRUPTIBLE = 1,
	TASK_UNINTERRUPTIBLE = 2,
	TASK_STOPPED = 4,
	TASK_TRACED = 8,
	TASK_WAKEKILL = 16,	/* modifier: a fatal signal wakes it */
	TASK_NEW = 32,
	TASK_DEAD = 64,		/* its last switch */
	TASK_KILLABLE = TASK_UNINTERRUPTIBLE | TASK_WAKEKILL,
	TASK_NORMAL = TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE,
};
enum exit_state { EXIT_NONE, EXIT_ZOMBIE, EXIT_DEAD };

/* task->flags: "own" but for PF_EXITING, which others read. */
#define PF_IDLE BIT(1)
#define PF_EXITING BIT(2)
#define PF_POSTCORE BIT(3)	/* dies, and is past where it waits for its group's core file; sighand->lock */
#define PF_FORKNOEXEC BIT(6)	/* forked but did not exec */
#define PF_MCE_PROCESS BIT(7)	/* prctl(2) chose a PR_MCE_KILL policy; it and the next stay over clone and exec */
#define PF_SUPERPRIV BIT(8)	/* used superuser rights; cleared by clone */
#define PF_DUMPCORE BIT(9)	/* writes its group's core file, or is held for it */
#define PF_SIGNALED BIT(10)	/* killed by a signal */
#define PF_IO_FLUSHER (BIT(19) | BIT(20))	/* prctl(2): memory for it must not wait for what it writes back */
#define PF_KTHREAD BIT(21)
#define PF_VFORK_CHILD BIT(22)	/* someone waits for our mm */
#define PF_MCE_EARLY BIT(27)	/* and that policy is PR_MCE_KILL_EARLY */

/* task->work: bits that the return path to user mode looks at; atomic. */
#define WORK_SIGNAL BIT(0)	/* signals may be pending */
#define WORK_NOTIFY BIT(1)	/* something to do before user mode (ptrace, deferred file release) */
#define WORK_SYSCALL_TRACE BIT(2)
#define WORK_SECCOMP BIT(3)
#define WORK_RSEQ BIT(4)	/* was taken off a CPU, and has registered a struct rseq */
#define WORK_REGS BIT(5)	/* the saved registers are not those it came in with: all are to be loaded */

/* Credentials: immutable once published; changed by copy and replace. */
#define CAPS_ALL ((1UL << 41) - 1)
struct group_list { refcount_t count; u32 n; u32 gids[]; };
struct cred {	/* ids are those of the first user namespace (namespace/user.h) */
	refcount_t count;
	u32 uid, gid, suid, sgid, euid, egid, fsuid, fsgid;
	u32 securebits;
	u64 cap_inheritable, cap_permitted, cap_effective, cap_bounding, cap_ambient;
	struct group_list *groups;		/* reference */
	struct user_account *account;		/* reference: of the real uid in user_ns */
	struct user_namespace *user_ns;		/* reference */
};

struct io_counters { u64 rchar, wchar, syscr, syscw, read_bytes, write_bytes, cancelled_write_bytes; };
/* The room "io": CLONE_IO shares it. */
struct io_room { refcount_t count; int priority; };

struct rlimit_pair { u64 current_limit, max_limit; };
#define RLIMITS 16

struct rusage_sum {	/* of reaped children, or of dead threads */
	u64 user_ns, system_ns;
	u64 minor_faults, major_faults, voluntary, involuntary;
	u64 max_rss_pages;
};

/* A group whose core file is written (exec/core.c). */
struct core_dump {
	struct task *dumper;		/* borrowed: the thread that writes */
	int running;			/* threads that are not held yet */
};

/* The room "signal": what a thread group shares (Linux's signal_struct). Lives until the last thread is released. */
struct signal {
	refcount_t count;
	atomic_t live;			/* threads not yet past exit */
	/* zeroed for a new process from here on */
	int threads;			/* under sighand->lock and tasklist_lock */
	u8 group_signals[8];		/* signal/send.c: the last that several processes were sent at once, this one among them */
	u32 group_signal_count;		/* so many were ever; sighand->lock */
	/* group exit, stop: sighand->lock */
	int group_exit_code;
	bool is_group_exiting;
	struct core_dump *core;		/* borrowed: on its dumper's stack; or NULL */
	struct task *group_exec_task;	/* borrowed: exec waits for the others to go */
	bool is_stopped, is_continued_unreported, is_stop_unreported;
	int stop_signal;		/* why stopped */
	int stop_pending;		/* threads still to stop */
	u32 stop_flags;			/* signal/stop.c's own */
	bool is_unkillable;		/* process 1 of a pid namespace: default actions do not happen to it */
	/* names */
	struct pid *pids[PID_TYPES];	/* references, [PID_TASK] unused; tasklist_lock */
	bool is_session_leader;
	struct tty *tty;		/* reference: controlling terminal; sighand->lock */
	bool is_subreaper, has_child_subreaper;
	struct rusage_sum children;	/* reaped; sighand->lock */
	struct rusage_sum dead_threads;	/* sighand->lock */
	struct io_counters dead_io;
	/* time: signal/itimer.c, time/posix_timers.c */
	u64 real_interval_ns;
	u64 prof_expires_ns, prof_interval_ns, virt_expires_ns, virt_interval_ns;
	int next_timer_id;
	int oom_score_adj;
	int oom_score_adj_least;	/* what a process without rights may set it to */
	struct pid *tty_old_pgrp;	/* reference */
	struct pid *allowed_tracer;	/* reference: PR_SET_PTRACER; tasklist_lock */
	bool allows_any_tracer;		/* likewise */

	/* From here on nothing is zeroed for a new process: what is always set, and what is empty again when the last task has
	 * let go (resources/signal.c). */
	struct rlimit_pair limits[RLIMITS];	/* task->lock of the leader */
	struct task *leader;		/* borrowed; tasklist_lock */
	struct list thread_list;	/* of task->thread_node, leader first; tasklist_lock */
	struct pending shared_pending;	/* sighand->lock */
	struct waitqueue child_wait;	/* wait4 sleepers of this group */
	struct timer real_timer;	/* ITIMER_REAL */
	struct list posix_timers;
	struct mutex exec_lock;		/* RANK_EXEC */
};

struct robust_list_ref { uptr head; size_t len; };

struct held_lock { const void *lock, *ip; u32 rank; };	/* debug/lock_debug.c */

struct restart_block {		/* what restart_syscall(2) continues; own */
	long (*fn)(struct restart_block *);
	u64 args[6];
};

#define TIMER_SLACK_DEFAULT_NS 50000

struct task {
	struct thread thread;		/* arch: saved stack pointer, FPU, TLS; own, or while not on a CPU */
	u32 state;			/* enum task_state; runqueue->lock for wake-ups */
	int exit_state;			/* enum exit_state; tasklist_lock */
	int exit_code;			/* as wait reports it: status << 8 | signal; tasklist_lock once exiting. In a
					 * ptrace-stop what the tracer's wait reports, and then what it lets us go on with */
	int exit_signal;		/* to the parent; -1: a thread, not the leader; tasklist_lock */
	u64 flags;			/* PF_* */
	u64 work;			/* WORK_*; atomic */
	refcount_t count;		/* keeps the struct */
	struct sched_entity sched;

	/* names */
	struct pid *pid;		/* reference: this thread's */

	/* the tree: tasklist_lock */
	int parent_death_signal;	/* PR_SET_PDEATHSIG; own */
	/* ptrace/ptrace.h says who may touch these */
	u64 ptrace;			/* PT_* flags; 0: not traced */
	const struct cred *tracer_cred;	/* reference: who may see more of us than our user; NULL: not traced */
	u64 ptrace_message;		/* of the stop that we are in */
	struct signal_info *stop_info;		/* borrowed: on our stack while we are in a ptrace-stop; or NULL */
	u32 ptrace_mode;		/* ptrace/internal.h */

	/* the rooms; each a reference, NULL once given up. Pointers change under lock; own may read without */
	const struct cred *cred;	/* effective */
	const struct cred *real_cred;
	struct files *files;
	struct fs_room *fs;
	struct sighand *sighand;	/* also under sighand->lock + tasklist_lock */
	struct signal *signal;
	struct semundo *semundo;
	struct mm *mm;			/* NULL: kernel task, or past exit */
	struct namespaces *ns;
	struct cgroup *cgroup;		/* reference; NULL: the root. tasklist_lock */
	struct io_room *io;

	/* fresh in every clone */
	u64 blocked, saved_mask;	/* own; written under sighand->lock */
	bool has_saved_mask;
	u64 real_blocked;		/* what sigtimedwait has let through, but is blocked all the same; sighand->lock */
	u64 forced;			/* signals that take the default action whatever is set: faults; sighand->lock */
	u64 forced_fatal;		/* those of them that no tracer can take away; sighand->lock */
	u32 jobctl;			/* JOB_* of signal/stop.c; sighand->lock */
	uptr altstack_addr; size_t altstack_size; int altstack_flags;	/* own */
	struct robust_list_ref robust_list;	/* own */
	u64 utime_ns, stime_ns;		/* sampled by tick or on entry; see sched_cpu_time_ns */
	u64 minor_faults, major_faults;
	struct io_counters io_counters;
	struct completion *vfork_done;	/* borrowed: on the parent's kernel stack; task->lock */
	struct pi_waiter *pi_blocked_on;	/* borrowed: on its own stack; pi_locks_lock */
	bool is_futex_dead;		/* it owns no PI futex any more, ever; pi_locks_lock */
	bool faults_off;		/* a fault in a user copy is -EFAULT at once: a spinlock is held; own */
	uptr rseq; u32 rseq_len, rseq_sig;
	int personality;
	bool no_new_privs, is_in_execve;	/* the first: sighand->lock; own may read without */
	struct seccomp seccomp;		/* seccomp/seccomp.h says who guards it */
	bool is_frozen;			/* counted as such in its control group; tasklist_lock */
	bool is_over_nproc;		/* a setuid took it over RLIMIT_NPROC: the next exec says so; own */
	u32 fail_nth;			/* fault injection: the n-th allocation from now fails; 0: off */
	u32 lock_depth;			/* debug: sleeping locks held, in held_locks; own */
#ifdef FURCA_DEBUG
	struct held_lock held_locks[16];
#endif
#ifdef FURCA_STACK_WATCH
	u64 *stack_low;			/* how deep its kernel stack is known to have been used; own */
#endif
	bool is_released;		/* and so counted no more in its user's processes; tasklist_lock */
	int oom_victim;

	/* From here on nothing is zeroed for a new task: a free lock, what is empty again when a task ends, and what is
	 * always set (state.c). */
	struct spinlock lock;		/* RANK_TASK */
	void *kstack;			/* owned */
	int tid, tgid;			/* numbers in the first pid namespace */
	struct task *real_parent, *parent;	/* borrowed; parent differs while traced; tasklist_lock */
	struct task *leader;		/* borrowed: thread group leader; tasklist_lock */
	uptr set_child_tid;		/* CLONE_CHILD_SETTID: where the child writes its number first; own */
	uptr clear_child_tid;		/* own */
	u64 start_ns;			/* monotonic: when it was made */
	u64 timer_slack_ns, timer_slack_default_ns;	/* PR_SET_TIMERSLACK, /proc/PID/timerslack_ns */
	u64 exec_count;			/* how often it and those it descends from ran execve */
	u64 parent_exec_count;		/* its parent's when it was made: who has exec'd since hears of its end by SIGCHLD */
	char comm[16];			/* lock */
	struct restart_block restart;
	struct list pid_links[PID_TYPES];	/* in pid->tasks; TGID, PGID, SID only for leaders; tasklist_lock */
	struct list children, sibling;	/* of real_parent; tasklist_lock, as all to all_node */
	struct list traced, traced_node;
	struct list thread_node;	/* in signal->thread_list */
	struct list all_node;		/* in all_processes (leaders only) */
	struct pending pending;		/* sighand->lock */
	struct list pi_owned;		/* sync/futex_pi.c: contended PI futexes it owns; pi_locks_lock */
} __aligned(64);	/* what the CPU saves to lies behind it: arch_task_extra_bytes() */

/* A one-shot event. */
struct completion { bool is_done; struct waitqueue wait; };
void completion_init(struct completion *c);
void completion_done(struct completion *c);
void completion_wait(struct completion *c);	/* once it returns, c may go away */
int __must_check completion_wait_killable(struct completion *c);	/* -EINTR: not done; c is still known to the other side */

/* Interrupt handlers look tasks up too: tasklist_lock is always taken with spin_lock_irqsave. */
extern struct spinlock tasklist_lock;
extern struct list all_processes;	/* of task->all_node: leaders; tasklist_lock */
extern struct task first_task;		/* process 0: the boot CPU's idle task */
extern struct task *init_task;		/* process 1 */
extern atomic_t task_count;		/* live tasks, zombies included */
extern int threads_max;

static inline struct task *task_get(struct task *t) { refcount_inc(&t->count); return t; }
void task_put(struct task *t);				/* NULL accepted */
static inline bool task_is_leader(const struct task *t) { return t->leader == t; }
static inline void task_set_state(u32 s) { __atomic_store_n(&current->state, s, __ATOMIC_SEQ_CST); }
static inline void task_set_work(struct task *t, u64 w) { __atomic_fetch_or(&t->work, w, __ATOMIC_ACQ_REL); }
static inline void task_clear_work(struct task *t, u64 w) { __atomic_fetch_and(&t->work, ~w, __ATOMIC_ACQ_REL); }
static inline bool signal_is_pending(void) { return READ_ONCE(current->work) & (WORK_SIGNAL | WORK_NOTIFY); }
static inline bool fatal_signal_is_pending(void)	/* SIGKILL is queued or the group is exiting */
{
	return (READ_ONCE(current->work) & WORK_SIGNAL) && (READ_ONCE(current->pending.set) & SIG_BIT(SIGKILL));
}
static inline u64 task_limit(const struct task *t, int which) { return READ_ONCE(t->signal->limits[which].current_limit); }
static inline u64 current_limit(int which) { return task_limit(current, which); }
static inline const struct cred *current_cred(void) { return current->cred; }
bool capable(int cap);	/* of current, in the first user namespace (ns_capable: in another); marks PF_SUPERPRIV */
bool cred_has_group(const struct cred *c, u32 gid);
/* Where the task's next child gets its number; borrowed. */
static inline struct pid_ns *pid_ns_for_children(const struct task *t)
{
	return container_of(t->ns->of[NS_PID_FOR_CHILDREN], struct pid_ns, ns);
}
/* For what a parent or tracer is told. Process 1's is process 0, which has no number: it counts as the first namespace's. */
static inline struct pid_ns *parent_pid_ns(const struct task *parent)
{
	return parent->pid ? pid_ns_of(parent->pid) : &first_pid_ns;
}
static inline struct pid_ns *current_pid_ns(void) { return pid_ns_of(current->pid); }
/* Numbers as current's pid namespace sees them. */
static inline int task_tid_seen(const struct task *t) { return pid_number_in(t->pid, current_pid_ns()); }
/* As its own does: what gettid() and getpid() give it. All threads of a group live in one; not for one past release. */
static inline int task_tid_own(const struct task *t) { return pid_number_own(t->pid); }
static inline int task_tgid_own(const struct task *t) { return pid_number_own(t->signal->pids[PID_TGID]); }
static inline int task_tgid_seen(const struct task *t)
{
	return t->signal ? pid_number_in(t->signal->pids[PID_TGID], current_pid_ns()) : 0;
}
struct pid *current_process_name(void);	/* a reference */
struct pid *current_group_name(void);	/* a reference */
void task_set_comm(struct task *t, const char *name);
/* May current take hold of t, as ptrace or pidfd_getfd do? 0 or -EPERM (attach.c). */
int __must_check task_may_attach(struct task *t);
/* The same, of somebody who holds t's memory mm (or NULL: it has none): the answer is about that memory, even if t has another by
 * now. */
int __must_check task_may_attach_to_mm(struct task *t, const struct mm *mm);
/* The same with a choice of which of current's ids count: the real ones, with what it may have, or those for files, with what it
 * has right now (/proc). */
enum attach_ids { ATTACH_BY_REAL_IDS, ATTACH_BY_FS_IDS };
int __must_check task_may_look(struct task *t, enum attach_ids by);
/* The same and the memory that it was asked about: *out is a use (mm_put), or NULL: it has none. */
int __must_check task_get_mm_to_look(struct task *t, enum attach_ids by, struct mm **out);
struct mm *task_get_mm(struct task *t);	/* a use (mm_put), or NULL: a kernel task, or past exit */
/* A foreign task's rooms for /proc, each a reference or NULL. */
struct fs_room *task_get_fs(struct task *t);
const struct cred *task_get_cred(struct task *t);	/* real_cred; never NULL */
u32 task_uid(struct task *t);				/* the real one: one look needs no reference */
void task_cpu_times(struct task *t, u64 *user_ns, u64 *system_ns);	/* one thread */
void process_cpu_times(struct task *t, u64 *user_ns, u64 *system_ns);	/* the whole group, dead threads included */
int task_io_priority(struct task *t);		/* as ioprio_set(2) takes it; 0: none set */
int __must_check task_set_io_priority(struct task *t, int priority);	/* -ENOMEM */
char task_state_letter(struct task *t);		/* R S D T t Z X I as /proc shows */

/* -- restartable sequences (rseq.c) -- */
void rseq_settle(struct regs *r);		/* on the way to user mode: WORK_RSEQ */
void rseq_interrupt(struct regs *r);		/* a signal's handler is entered, and a struct rseq is registered */
void rseq_inherit(struct task *child);		/* the memory is copied, and so is what is registered in it */
void rseq_forget(struct task *t);		/* the memory is left */

/* -- the way of a clone (clone_request.c, clone.c, resources.c, link.c, vfork.c) -- */
struct clone_request {
	u64 flags;		/* CLONE_*, without the exit signal */
	int exit_signal;
	uptr stack;		/* the child's stack pointer (its top); 0: the parent's */
	uptr tls;
	uptr parent_tid, child_tid, pidfd;	/* user addresses */
	const int *set_tid;	/* kernel copy, innermost first */
	int set_tid_count;
	int cgroup_fd;
	void (*kernel_fn)(void *);	/* a kernel task: what it runs; NULL: returns to user mode */
	void *kernel_arg;
	int node;		/* NUMA */
	u32 group_signal_count;	/* the caller's when it began */
	unsigned trace_event;	/* the PTRACE_EVENT_* that this is to the caller's tracer; 0: it has not asked */
};
int __must_check clone_request_check(struct clone_request *req);	/* every EINVAL and EPERM, before anything changes */
/* All of fork, vfork, clone and clone3 land here: the child's number, or -errno. */
long clone(struct clone_request *req);
/* Kernel tasks and process 1. ERR_PTR. */
struct task *task_copy(const struct clone_request *req);
struct task *kernel_task_new(const char *name, void (*fn)(void *), void *arg);
/* Another CPU's idle task: process 0 once more, in no list, for ever. NULL: out of memory. */
struct task *task_new_idle(u32 cpu);
/* The rooms in order; see resources.c. */
int __must_check rooms_copy(struct task *child, const struct clone_request *req);
void rooms_drop(struct task *t);		/* all that are held: a failed clone, and the end of death */
void rooms_drop_at_exit(struct task *t);	/* those that death gives up before the parent has waited */

/* -- death -- */
__noreturn void task_exit(int code);		/* this thread; code as wait reports it */
void wait_for_all_children(void);		/* reaps them, of any kind, until there is none; no signal ends it */
__noreturn void task_exit_group(int code);
void task_release(struct task *t);		/* the zombie goes: unlinks names, drops the last rooms. no lock held */
/* -- exec -- */
int exec_from_kernel(const char *path, const char *const *argv, const char *const *envp);	/* process 1 */
/* Sets current's credentials; takes over the reference. */
void cred_install(struct cred *c);
struct cred *cred_prepare(void);		/* a private copy of current's to edit; NULL: out of memory */
void cred_put(const struct cred *c);
static inline const struct cred *cred_get(const struct cred *c) { refcount_inc((refcount_t *)&c->count); return c; }
/* What sync/futex.c gives to death and exec: walks the robust list, wakes and clears clear_child_tid. */
void futex_exit(struct task *t);
#endif
