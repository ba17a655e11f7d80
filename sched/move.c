/*
 * sched/move.c: a task changes its CPU: to wake elsewhere, because its affinity says so, or because a more urgent real-time
 * task took its CPU. What balancing moves, balance.c does.
 * Way in: sched_move() and the pushes from core.c, sched_set_affinity(). Locks: one rq->lock at a time: between two queues
 * a task is in neither; it is awake and not queued, so nobody else touches its place. Errors: none.
 * Source: sched_setaffinity(2), sched(7).
 */
#include "sched/runqueue.h"
#include "signal/signal.h"
#include "base/printk.h"

struct runqueue *sched_move(struct runqueue *rq, struct task *t, u32 cpu)
{
	do {
		fair_leave(rq, t);
		WRITE_ONCE(t->sched.cpu, cpu);
		spin_unlock(&rq->lock);
		rq = &runqueues[cpu];
		spin_lock(&rq->lock);
		fair_join(rq, t);
		cpu = t->sched.affinity & BIT(cpu) ? cpu : sched_choose_cpu(t);
	} while (unlikely(cpu != rq->cpu));
	return rq;
}

/* t may not run on the CPU that it ran on until now. It is awake and not queued, so nobody else will queue it. */
void sched_push_away(struct task *t)
{
	unsigned long flags;
	struct runqueue *rq = task_rq_lock(t, &flags);

	if (t->state == TASK_RUNNING && !t->sched.is_queued) {
		rq = sched_move(rq, t, sched_choose_cpu(t));
		rq_enqueue(rq, t, false);
		sched_check_preempt(rq, t);
	}
	rq_unlock(rq, flags);
}

/* A real-time task that had to give way looks for a CPU that does something less urgent. */
void sched_push_rt(struct task *t)
{
	unsigned long flags;
	struct runqueue *rq = task_rq_lock(t, &flags);
	u32 cpu;

	if (t->sched.is_queued && rq->curr != t && t->sched.class == &sched_rt) {
		cpu = sched_choose_among(t);
		if (cpu != rq->cpu && rt_top_level(&runqueues[cpu]) < t->sched.level) {
			rq_dequeue(rq, t);
			rq = sched_move(rq, t, cpu);
			rq_enqueue(rq, t, false);
			sched_check_preempt(rq, t);
		}
	}
	rq_unlock(rq, flags);
	task_put(t);
}

static bool set_affinity(struct task *t, u64 mask)
{
	unsigned long flags;
	struct runqueue *rq = task_rq_lock(t, &flags);
	bool must_move;

	t->sched.affinity = mask;
	if (!(mask & BIT(rq->cpu)) && t->sched.is_queued) {
		if (t->sched.is_on_cpu) {
			t->sched.must_move = true;
			sched_kick(rq);
		} else {
			rq_dequeue(rq, t);
			rq = sched_move(rq, t, sched_choose_cpu(t));
			rq_enqueue(rq, t, false);
			sched_check_preempt(rq, t);
		}
	}
	must_move = t->sched.must_move;
	rq_unlock(rq, flags);
	return must_move;
}

/* Once it returns, t runs where it may, or will before it is in user mode again. */
void sched_set_affinity(struct task *t, u64 mask)
{
	if (!set_affinity(t, mask))
		return;
	while (t != current && READ_ONCE(t->sched.must_move) && !signal_is_pending())
		sched_yield_current();	/* who waits for us to move meanwhile gets what it wants */
}
