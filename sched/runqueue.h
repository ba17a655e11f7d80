/*
 * sched/runqueue.h: one CPU's run queue, shared by the files of sched/.
 * Locks: all under runqueue->lock (irqsave) but nr_switches, which statistics read without.
 * A task belongs to the queue of CPU task->sched.cpu, queued or not; that field changes only under the lock of the
 * queue it names, so whoever holds it and has read it again has the task's scheduling state.
 */
#ifndef SCHED_RUNQUEUE_H
#define SCHED_RUNQUEUE_H
#include "sched/sched.h"
#include "arch/arch.h"
#include "sync/spinlock.h"
#include "base/rbtree.h"
#include "task/task.h"

#define RT_LEVELS 100
#define RR_SLICE_NS (100 * NSEC_PER_MSEC)
#define FAIR_SLICE_NS (4 * NSEC_PER_MSEC)
#define FAIR_WAKEUP_GRANULARITY_NS (1 * NSEC_PER_MSEC)
#define FAIR_SLEEPER_BONUS_NS (3 * NSEC_PER_MSEC)
#define NICE_0_WEIGHT 1024
#define IDLE_POLICY_WEIGHT 3

struct fair_queue {
	struct task *single;		/* borrowed: the only one waiting; then the tree is empty */
	struct rb_tree tree;		/* the waiting ones, if more: by vruntime. The running task is in neither */
	u64 min_vruntime_ns;		/* never goes back: where newcomers are placed */
	u32 count;			/* queued, the running one included */
};
struct rt_queue {
	u64 levels_used[2];		/* bit per level, 0 the most urgent: 99 - rt_priority */
	struct list levels[RT_LEVELS];	/* of sched.rt_node; the running task stays in */
	u32 count;
	u64 period_start_ns, used_ns;	/* how much of this period real-time tasks have had */
};
struct runqueue {
	struct spinlock lock;
	u32 cpu;
	u32 running;			/* queued tasks of all classes; the idle task is never queued */
	struct task *curr;		/* borrowed */
	struct task *idle;		/* borrowed */
	struct fair_queue fair;
	struct rt_queue rt;
	u64 load;			/* weights of the queued tasks */
	u32 balance_ticks;		/* own */
	bool is_ticking;		/* own, interrupts off: while there is a task to run; the last tick finds the CPU idle */
	bool must_interrupt;		/* rq_unlock() interrupts the CPU: it has something new to look at */
	u32 uninterruptible;		/* went to sleep here and count for the load; may wrap: only the sum counts */
	u64 switches;
	u64 user_ticks, nice_ticks, system_ticks;	/* samples of what ran here */
	struct cpu_times shown;		/* what was last said of this CPU */
};
extern struct runqueue runqueues[CPUS_MAX];

struct runqueue *task_rq_lock(struct task *t, unsigned long *flags);
/* The interrupt that sched_kick() asked for goes out when the CPU that gets it can have the lock; later, if it is held back. */
static inline void rq_unlock(struct runqueue *rq, unsigned long flags)
{
	bool must_interrupt = rq->must_interrupt;

	if (unlikely(must_interrupt))
		rq->must_interrupt = false;
	spin_unlock(&rq->lock);
	if (unlikely(must_interrupt)) {
		if (cpu_self()->kicks_held)
			cpu_self()->kicks |= BIT(rq->cpu);
		else
			arch_send_resched(rq->cpu);
	}
	arch_irq_restore(flags);
}

/* Charges the running task for the time since it was last charged. Under rq->lock. Returns the time charged. */
u64 sched_charge(struct runqueue *rq);
u32 sched_weight(int policy, int nice);
void fair_charge(struct runqueue *rq, struct task *t, u64 delta_ns);
void fair_place_new(struct runqueue *rq, struct task *t);	/* a child's vruntime, from its parent's */
void fair_swap(struct runqueue *rq, struct task *parent, struct task *child);
void fair_yield(struct runqueue *rq, struct task *t);
/* Between them a task's vruntime is relative to its queue's: how far it is behind the others. Both accept any class. */
void fair_leave(struct runqueue *rq, struct task *t);
void fair_join(struct runqueue *rq, struct task *t);
struct task *fair_find_movable(struct runqueue *rq, u32 cpu, u64 weight_max);	/* waits, may run on cpu; or NULL */
/* t, which runs and stays queued, gives way to the one that waits: who runs then. NULL: not so simple, nothing was done. */
struct task *fair_exchange(struct runqueue *rq, struct task *t);
/* What sched_fair points to. The switch calls these by name: most tasks are fair, and small functions are inlined. */
void fair_enqueue(struct runqueue *rq, struct task *t, bool is_wakeup);
void fair_dequeue(struct runqueue *rq, struct task *t);
struct task *fair_pick(struct runqueue *rq);
void fair_put(struct runqueue *rq, struct task *t);
bool fair_preempts(struct runqueue *rq, struct task *woken, struct task *running);
void fair_init(struct runqueue *rq);
void rt_init(struct runqueue *rq);
void rt_charge(struct runqueue *rq, u64 now_ns, u64 delta_ns);
bool rt_may_run(struct runqueue *rq, u64 now_ns);	/* false: the others' turn until the period ends */
void rt_yield(struct runqueue *rq, struct task *t);
struct task *rt_find_movable(struct runqueue *rq, u32 cpu);
int rt_top_level(const struct runqueue *rq);	/* the most urgent queued one's level, 0: none; a hint without the lock */
/* core.c: in and out of a queue, under its lock */
void rq_enqueue(struct runqueue *rq, struct task *t, bool is_wakeup);
void rq_dequeue(struct runqueue *rq, struct task *t);
void sched_kick(struct runqueue *rq);		/* makes that CPU look what there is to run; ends in rq_unlock() */
void sched_check_preempt(struct runqueue *rq, struct task *woken);
/* move.c: a task that is not queued goes to another CPU's queue: gives up rq and returns the new queue, locked. What changes
 * meanwhile can only be the affinity. */
struct runqueue *sched_move(struct runqueue *rq, struct task *t, u32 cpu);
void sched_push_away(struct task *t);		/* t must leave its CPU; it is awake, not queued, and stands still */
void sched_push_rt(struct task *t);		/* takes over the reference */
/* balance.c */
u32 sched_choose_among(const struct task *t);	/* the CPU for a task that is not queued */
static inline u32 sched_choose_cpu(const struct task *t)
{
	return likely(cpus_online == 1) ? t->sched.cpu : sched_choose_among(t);
}
bool sched_pull_idle(struct runqueue *rq);	/* true: there is a task now */
void sched_balance_tick(struct runqueue *rq);
void sched_init_weights(void);
void sched_load_tick(u64 now_ns);
static inline bool policy_is_rt(int policy) { return policy == 1 || policy == 2; }
#endif
