/*
 * sched/sched.h: who runs. Classes in order: real-time (FIFO, RR), fair (OTHER, BATCH, IDLE policy), idle (process 0).
 * The kernel is not preempted: a switch happens in schedule(), or on the way to user mode when need_resched is set.
 * Locks: runqueue->lock (irqsave, RANK_RUNQUEUE).
 */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H
#include "base/types.h"
#include "arch/cpu.h"
#include "base/list.h"
#include "base/rbtree.h"

struct task;
struct runqueue;

struct sched_class {
	const char *name;
	int order;			/* a task of a greater one preempts */
	void (*enqueue)(struct runqueue *rq, struct task *t, bool is_wakeup);
	void (*dequeue)(struct runqueue *rq, struct task *t);
	struct task *(*pick)(struct runqueue *rq);		/* next to run, taken off nothing; NULL: none */
	void (*put)(struct runqueue *rq, struct task *t);	/* t stops running (still queued or not) */
	void (*tick)(struct runqueue *rq, struct task *t);
	bool (*preempts)(struct runqueue *rq, struct task *woken, struct task *running);
};
extern const struct sched_class sched_rt, sched_fair, sched_idle;

/* The part of struct task that sched/ owns; under runqueue->lock. */
struct sched_entity {
	const struct sched_class *class;
	bool is_queued;
	bool is_on_cpu;			/* runs, or its stack is still in use by a switch */
	u32 cpu;
	int policy;			/* SCHED_* */
	bool reset_on_fork;
	bool must_move;			/* runs where its affinity no longer allows */
	bool counts_for_load;		/* sleeps uninterruptibly: part of the load average */
	u8 hands_over;			/* how often it lately slept soon after it had woken another: balance.c */
	int nice;			/* -20..19 */
	int rt_priority;		/* 1..99, 0 for the others */
	int boost;			/* rt_priority lent by who waits for a lock of ours; 0: none */
	int level;			/* the greater of both: what counts; 0: not real-time */
	u32 weight;
	u64 vruntime_ns;
	u64 exec_start_ns;
	u64 slice_used_ns;
	u64 sum_exec_ns;		/* CPU time, user and system */
	u64 rt_run_ns;			/* real-time: run since it last slept, by ticks (RLIMIT_RTTIME) */
	u64 affinity;			/* bit per CPU */
	u64 woke_at_ns, woke_at_switch;	/* the CPU time and the voluntary switches it had when it last woke another */
	u64 switches_voluntary, switches_involuntary;
	struct rb_node fair_node;
	struct list rt_node;
};

void sched_init(void);			/* CPU 0's queue; current becomes process 0, its idle task */
void sched_init_cpu(u32 cpu, struct task *idle);	/* before that CPU starts: its queue; idle is its idle task */
void sched_init_child(struct task *child);	/* clone: policy, priority, fresh times; not queued */
void sched_start_new(struct task *child);	/* first wake-up */
void schedule(void);			/* gives the CPU away; current's state says whether it stays queued */

/* In a loop that a program may make as long as it likes, where current may sleep: the kernel takes no CPU away by itself. */
static inline void sched_give_way(void)
{
	if (unlikely(READ_ONCE(cpu_self()->need_resched)))
		schedule();
}

void sched_yield_current(void);
/* t is about to sleep, and nothing will wake it: waits until it has left its CPU, its registers being in memory then. */
void sched_wait_off_cpu(struct task *t);
/* Makes t runnable if its state is one of states; true if it did. */
bool sched_wake(struct task *t, unsigned states);
void sched_set_resched(void);		/* this CPU */
/*
 * For whoever wakes somebody under a spinlock that the woken one will take: between the two, wakes interrupt no other CPU, and
 * the second sends what was held back. A CPU that is interrupted at once finds the lock taken; where CPUs are a host's
 * threads, it may even take the host's CPU from the one that has the lock. They nest; between them nobody sleeps.
 */
static inline void sched_hold_kicks(void) { cpu_self()->kicks_held++; }
void sched_send_kicks(void);
static inline void sched_release_kicks(void)
{
	struct cpu *c = cpu_self();

	if (!--c->kicks_held && unlikely(c->kicks))
		sched_send_kicks();
}
/* As schedule(), woken at the deadline (monotonic; 0: never); remaining ns, 0 if passed. */
u64 schedule_timeout(u64 deadline_ns);
void sched_tick(void);			/* from the timer interrupt */
/* On next's stack right after arch_switch (also a new task's first): gives up the runqueue, lets a dead prev go,
 * turns interrupts on. A dead prev (TASK_DEAD): task_put, which gives up the reference its running held. */
void sched_finish_switch(struct task *prev);
__noreturn void sched_idle_loop(void);
u64 sched_cpu_time_ns(struct task *t);	/* up to now */
/* Changes policy, nice, priority, affinity: the checks of sched_setscheduler(2) are the caller's. */
void sched_set_policy(struct task *t, int policy, int nice, int rt_priority, bool reset_on_fork);
void sched_set_boost(struct task *t, int rt_priority);	/* priority inheritance; 0 ends it */
void sched_set_affinity(struct task *t, u64 mask);
void sched_loadavg(unsigned long avg[3]);	/* fixed point, 11 bits */
u32 sched_running(void);			/* runnable tasks */
u32 sched_blocked(void);			/* asleep, uninterruptibly */
/* What a CPU has spent its time on since boot, for /proc/stat; none goes back. */
struct cpu_times { u64 user_ns, nice_ns, system_ns, idle_ns; };
void sched_cpu_times(u32 cpu, struct cpu_times *t);
u64 sched_switches(void);			/* of all CPUs, since boot */
extern u64 sched_fork_count;
/* /proc/sys/kernel: does a forked child run before its parent goes on; the share of each period that real-time
 * tasks may have while others wait (-1: all); the slice of SCHED_RR, which is fixed. */
extern int sched_child_runs_first, sched_rt_period_us, sched_rt_runtime_us, sched_rr_slice_ms;
#endif
