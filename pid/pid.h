/*
 * pid/pid.h: names. A struct pid is one number in each pid namespace from the task's own level up to the first.
 * Tasks hang on it by type (its thread, thread group, process group, session), so a name outlives the task it was
 * given to (a zombie, a process group whose leader is gone), and its numbers are not used again before it is freed.
 * Locks: the lists are under tasklist_lock; the number maps under the namespace's lock (RANK_PID).
 */
#ifndef PID_PID_H
#define PID_PID_H
#include "base/list.h"
#include "base/atomic.h"
#include "sync/waitqueue.h"
#include "namespace/namespace.h"

struct task;
struct pid_ns;

enum pid_type { PID_TASK, PID_TGID, PID_PGID, PID_SID, PID_TYPES };
#define PID_LEVELS_MAX 32	/* below the first: a name has up to 33 numbers */
#define PID_MAX_DEFAULT 32768
#define PID_MAX_LIMIT 4194304

struct pid_number {
	int number;
	struct pid_ns *ns;		/* reference */
	struct pid *next;		/* in the chain of ns->map that finds it; under ns->lock */
};
struct pid {
	refcount_t count;
	int level;			/* of the deepest namespace: numbers[level] is the task's own view */
	struct list tasks[PID_TYPES];	/* of task->pid_links[type]; under tasklist_lock */
	struct waitqueue exit_wait;	/* pidfd pollers: woken at exit */
	struct pid_number numbers[];
};

/* A world of numbers; see namespace/pid_ns.c. */
struct pid_ns {
	struct ns ns;
	int level;			/* 0: the first */
	struct pid_ns *parent;		/* reference, NULL for the first */
	struct task *reaper;		/* borrowed: process 1 here; NULL: none yet. tasklist_lock */
	struct spinlock lock;		/* RANK_PID: guards the map below */
	struct pid_map *map;		/* which numbers are used, and by whom: pid.c's own */
	int last, used;			/* last given number; live numbers */
	bool is_dead;			/* its process 1 is gone: no more pids: -ENOMEM. lock and tasklist_lock */
	struct waitqueue emptied;	/* a dying process 1 waits here for the last number but its own to go */
	int reboot_signal;		/* what reboot(2) said its process 1 is to have died of; 0: nothing */
};
extern struct pid_ns first_pid_ns;
extern int pid_max;			/* /proc/sys/kernel/pid_max: one more than the highest number, in every namespace */

/* Each number wanted, innermost first, could be given in ns: -EINVAL it cannot, -EPERM current may not choose there. */
int __must_check pid_numbers_check(struct pid_ns *ns, const int *set_numbers, int n);
/* One number per level of ns. set_numbers (or NULL): wanted numbers, innermost first, n of them. ERR_PTR: -EAGAIN (no
 * number left), -ENOMEM (also: the namespace is dead), -EEXIST, -EINVAL. */
struct pid *pid_new(struct pid_ns *ns, const int *set_numbers, int n);
void pid_map_free(struct pid_ns *ns);		/* of one that no number is left in */
static inline struct pid_ns *pid_ns_of(const struct pid *p) { return p->numbers[p->level].ns; }	/* borrowed: the deepest */
/* Process 0's name, which is in no map: the group and session that process 1 starts in have the number 0. */
struct pid *pid_new_idle(void);
static inline struct pid *pid_get(struct pid *p) { if (p) refcount_inc(&p->count); return p; }
void pid_free(struct pid *p);			/* nobody has it any more: its numbers are free */
static inline void pid_put(struct pid *p)	/* NULL accepted */
{
	if (p && refcount_dec(&p->count))
		pid_free(p);
}
struct pid *pid_find(int number, struct pid_ns *ns);	/* a reference, or NULL */
/* 0: not visible there; NULL pid: 0 */
static inline int pid_number_in(const struct pid *p, const struct pid_ns *ns)
{
	if (!p || ns->level > p->level || p->numbers[ns->level].ns != ns)
		return 0;
	return MAX(p->numbers[ns->level].number, 0);	/* a dead one's is negative */
}
/* In the deepest of its namespaces, where its task lives. */
static inline int pid_number_own(const struct pid *p) { return MAX(p->numbers[p->level].number, 0); }
int pid_last_number_in(const struct pid *p, const struct pid_ns *ns);	/* the same, and also what a dead one was called */
static inline int pid_number_global(const struct pid *p) { return p ? p->numbers[0].number : 0; }
/* Under tasklist_lock: */
void pid_attach_locked(struct task *t, enum pid_type type, struct pid *p);	/* takes its own reference */
void pid_detach_locked(struct task *t, enum pid_type type);	/* the reference is left to pid_put */
struct task *pid_first_task_locked(struct pid *p, enum pid_type type);		/* borrowed, or NULL */
/* The task with this number as seen by current's namespace; a reference (task_put), or NULL. */
struct task *task_find(int number);
/* The thread that has this name: a reference, or NULL: it is gone. */
struct task *pid_get_task(struct pid *p);
/* First pid with a number >= *number in ns (for /proc's listing): a reference, *number updated; NULL: no more. */
struct pid *pid_find_from(int *number, struct pid_ns *ns);
#endif
