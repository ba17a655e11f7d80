/*
 * sched/core.c: who runs next: the switch, sleeping and waking, new tasks.
 *
 * A sleeper sets its state and then calls schedule(); whoever wakes it takes the lock of its run queue and sets the
 * state back. The lock is held over the whole switch and given up on the next task's stack (sched_finish_switch), so a
 * waker never meets a task that is half way off its CPU.
 * Way in: schedule(), sched_wake(), sched_start_new(). Locks: runqueue->lock, interrupts off. Errors: none.
 */
#include "sched/runqueue.h"
#include "arch/arch.h"
#include "base/printk.h"
#include "debug/lock_debug.h"
#include "debug/stack_watch.h"
#include "mm/mm.h"
#include "signal/signal.h"
#include "debug/events.h"
#include "debug/recount.h"
#include <linux/sched.h>

struct runqueue runqueues[CPUS_MAX];
u64 sched_fork_count;
int sched_child_runs_first;

static inline struct runqueue *rq_this(void) { return cpu_self()->rq; }

/* The queue that t belongs to, locked, with interrupts off. */
struct runqueue *task_rq_lock(struct task *t, unsigned long *flags)
{
	*flags = arch_irq_save();
	for (;;) {
		u32 cpu = READ_ONCE(t->sched.cpu);
		struct runqueue *rq = &runqueues[cpu];

		spin_lock(&rq->lock);
		if (likely(READ_ONCE(t->sched.cpu) == cpu))
			return rq;
		spin_unlock(&rq->lock);
	}
}

u64 sched_charge(struct runqueue *rq)
{
	struct task *t = rq->curr;
	u64 now = MAX(arch_clock_ns(), t->sched.exec_start_ns);	/* another CPU's clock may be a little ahead */
	u64 delta = now - t->sched.exec_start_ns;

	t->sched.exec_start_ns = now;
	t->sched.sum_exec_ns += delta;
	t->sched.slice_used_ns += delta;
	if (t->sched.class == &sched_fair)
		fair_charge(rq, t, delta);
	else if (t->sched.class == &sched_rt)
		rt_charge(rq, now, delta);
	return delta;
}

void sched_kick(struct runqueue *rq)
{
	struct cpu *c = &cpus[rq->cpu];

	if (READ_ONCE(c->need_resched))
		return;
	WRITE_ONCE(c->need_resched, true);
	if (c != cpu_self())
		rq->must_interrupt = true;
}

void sched_send_kicks(void)
{
	unsigned long flags = arch_irq_save();
	u64 left = cpu_self()->kicks;

	cpu_self()->kicks = 0;
	for (; left; left &= left - 1)
		arch_send_resched((u32)__builtin_ctzl(left));
	arch_irq_restore(flags);
}

void sched_set_resched(void)
{
	WRITE_ONCE(cpu_self()->need_resched, true);
}

/* The running task was last charged at the latest tick or switch; its class decides by that, which is near enough. */
void sched_check_preempt(struct runqueue *rq, struct task *woken)
{
	struct task *running = rq->curr;
	const struct sched_class *class = woken->sched.class;

	bool is_first = class != running->sched.class ? class->order > running->sched.class->order :
			class == &sched_fair ? fair_preempts(rq, woken, running) : class->preempts(rq, woken, running);

	if (is_first)
		sched_kick(rq);
}

void rq_enqueue(struct runqueue *rq, struct task *t, bool is_wakeup)
{
	t->sched.is_queued = true;
	rq->running++;
	rq->load += t->sched.weight;
	if (likely(t->sched.class == &sched_fair))
		fair_enqueue(rq, t, is_wakeup);
	else
		t->sched.class->enqueue(rq, t, is_wakeup);
}

void rq_dequeue(struct runqueue *rq, struct task *t)
{
	if (likely(t->sched.class == &sched_fair))
		fair_dequeue(rq, t);
	else
		t->sched.class->dequeue(rq, t);
	t->sched.is_queued = false;
	rq->running--;
	rq->load -= t->sched.weight;
}

bool sched_wake(struct task *t, unsigned states)
{
	unsigned long flags;
	struct runqueue *rq = task_rq_lock(t, &flags);
	u32 cpu;

	if (!(t->state & states)) {
		rq_unlock(rq, flags);
		return false;
	}
	event_note(EVENT_WAKE, current->tid, t->tid, 0);
	WRITE_ONCE(t->state, TASK_RUNNING);
	if (!t->sched.is_queued) {
		if (t->sched.counts_for_load) {
			t->sched.counts_for_load = false;
			rq->uninterruptible--;
		}
		cpu = sched_choose_cpu(t);
		if (unlikely(cpu != rq->cpu))
			rq = sched_move(rq, t, cpu);
		rq_enqueue(rq, t, true);
		sched_check_preempt(rq, t);
	}
	rq_unlock(rq, flags);
	return true;
}

void sched_init_child(struct task *child)
{
	const struct sched_entity *parent = &current->sched;
	struct sched_entity *s = &child->sched;

	/* the rest is zero, as in all of a new task */
	s->cpu = parent->cpu;
	s->policy = parent->policy;
	s->nice = parent->nice;
	s->rt_priority = parent->rt_priority;
	s->vruntime_ns = parent->vruntime_ns;
	s->affinity = parent->affinity;
	list_init(&s->rt_node);
	if (parent->class == &sched_idle || (parent->reset_on_fork && policy_is_rt(parent->policy))) {
		s->policy = SCHED_NORMAL;
		s->rt_priority = 0;
		s->nice = 0;
	} else if (parent->reset_on_fork && parent->nice < 0) {
		s->nice = 0;
	}
	s->level = s->rt_priority;
	s->class = s->level ? &sched_rt : &sched_fair;
	s->weight = sched_weight(s->policy, s->nice);
}

void sched_start_new(struct task *child)
{
	unsigned long flags;
	struct runqueue *rq = task_rq_lock(child, &flags);
	u32 cpu = sched_choose_cpu(child);

	if (unlikely(cpu != rq->cpu))
		rq = sched_move(rq, child, cpu);
	if (rq->curr->sched.class == &sched_fair)
		sched_charge(rq);
	fair_place_new(rq, child);
	child->sched.vruntime_ns += FAIR_SLICE_NS;	/* a newcomer waits for those who are there: forking earns no CPU */
	WRITE_ONCE(child->state, TASK_RUNNING);
	rq_enqueue(rq, child, false);
	sched_check_preempt(rq, child);
	if (unlikely(READ_ONCE(sched_child_runs_first)) && child->sched.class == &sched_fair && rq->curr == current) {
		fair_swap(rq, current, child);
		sched_kick(rq);
	}
	rq_unlock(rq, flags);
}

/* May a task that is about to sleep in this state do so, or has a signal come first? */
static bool must_stay_awake(const struct task *t)
{
	u32 state = t->state;

	if ((state & TASK_INTERRUPTIBLE) && (READ_ONCE(t->work) & (WORK_SIGNAL | WORK_NOTIFY)))
		return true;
	return (state & TASK_WAKEKILL) && fatal_signal_is_pending();
}

static struct task *pick_next(struct runqueue *rq)
{
	struct task *t = NULL;

	if (rq->rt.count && rt_may_run(rq, rq->curr->sched.exec_start_ns))
		t = sched_rt.pick(rq);
	if (!t && rq->fair.count)
		t = fair_pick(rq);
	return t;
}

/* prev stops running; it may be the next again. */
static struct task *choose_next(struct runqueue *rq, struct task *prev)
{
	struct task *next;

	if (likely(prev->sched.class == &sched_fair)) {
		next = prev->sched.is_queued && !rq->rt.count ? fair_exchange(rq, prev) : NULL;
		if (next)
			return next;
		fair_put(rq, prev);
	} else {
		prev->sched.class->put(rq, prev);
	}
	next = pick_next(rq);
	if (unlikely(!next) && cpus_online > 1 && sched_pull_idle(rq))
		next = pick_next(rq);
	return next ? next : rq->idle;
}

static void switch_to(struct runqueue *rq, struct task *prev, struct task *next, bool is_voluntary)
{
	u64 now = prev->sched.exec_start_ns;	/* charged up to just now */

	if (is_voluntary)
		prev->sched.switches_voluntary++;
	else
		prev->sched.switches_involuntary++;
	if (prev->rseq)
		task_set_work(prev, WORK_RSEQ);
	stack_watch_switch(prev);
	event_note(EVENT_SWITCH, prev->tid, next->tid, prev->state);
	rq->switches++;
	rq->curr = next;
	next->sched.exec_start_ns = now;
	next->sched.is_on_cpu = true;
	if (next->mm && next->mm != cpu_self()->loaded_mm)
		mm_load_at_switch(next->mm);
	sched_finish_switch(arch_switch(prev, next));
}

void schedule(void)
{
	struct runqueue *rq;
	struct task *prev, *next;
	bool is_voluntary = false;

	lock_debug_check_sleep();
	recount_park();
	arch_irq_disable();
	rq = rq_this();
	spin_lock(&rq->lock);
	prev = rq->curr;
	WRITE_ONCE(cpu_self()->need_resched, false);
	sched_charge(rq);
	if (prev->state != TASK_RUNNING) {
		if (must_stay_awake(prev)) {
			WRITE_ONCE(prev->state, TASK_RUNNING);
		} else {
			is_voluntary = true;
			rq_dequeue(rq, prev);
			if (prev->state & TASK_UNINTERRUPTIBLE) {
				prev->sched.counts_for_load = true;
				rq->uninterruptible++;
			}
		}
	}
	if (unlikely(prev->sched.must_move) && prev->state == TASK_RUNNING)
		rq_dequeue(rq, prev);	/* sched_finish_switch() queues it where it may run */
	next = choose_next(rq, prev);
	if (next == prev) {
		spin_unlock(&rq->lock);
		arch_irq_enable();
		return;
	}
	switch_to(rq, prev, next, is_voluntary);
}

/* The queue's lock goes, and with it any hold on prev. */
static inline void finish_leave(struct runqueue *rq, struct task *prev)
{
	prev->sched.is_on_cpu = false;
	spin_unlock(&rq->lock);
	if (unlikely(!rq->is_ticking) && current != rq->idle) {
		rq->is_ticking = true;
		timer_set_tick(current->sched.exec_start_ns + TICK_NS);
	}
	arch_irq_enable();
}

/* prev is dead, or has to go to another CPU, or is queued and might; one of them. */
static __noinline void finish_unusual(struct runqueue *rq, struct task *prev, bool is_pushed)
{
	bool is_dead = prev->state == TASK_DEAD;
	bool must_move = prev->sched.must_move && prev->state == TASK_RUNNING && prev != rq->idle;

	if (is_pushed)
		task_get(prev);		/* once the queue is unlocked it may run elsewhere, and end */
	prev->sched.must_move = false;
	finish_leave(rq, prev);
	if (is_dead) {
		task_put(prev);	/* the reference that running held */
		sched_release_kicks();	/* task_exit() has held them back until here */
	} else if (must_move) {
		sched_push_away(prev);
	} else if (is_pushed) {
		sched_push_rt(prev);
	}
}

void sched_finish_switch(struct task *prev)
{
	struct runqueue *rq = rq_this();
	bool is_pushed = cpus_online > 1 && prev->sched.class == &sched_rt && prev->sched.is_queued;

	if (unlikely(is_pushed || prev->state == TASK_DEAD || prev->sched.must_move))
		finish_unusual(rq, prev, is_pushed);
	else
		finish_leave(rq, prev);
}

void sched_yield_current(void)
{
	unsigned long flags;
	struct runqueue *rq = task_rq_lock(current, &flags);

	sched_charge(rq);
	if (current->sched.class == &sched_rt)
		rt_yield(rq, current);
	else if (current->sched.class == &sched_fair)
		fair_yield(rq, current);
	rq_unlock(rq, flags);
	schedule();
}

void sched_wait_off_cpu(struct task *t)
{
	unsigned long flags;

	for (;;) {
		struct runqueue *rq = task_rq_lock(t, &flags);
		bool is_on_cpu = t->sched.is_on_cpu;

		rq_unlock(rq, flags);
		if (likely(!is_on_cpu))
			return;
		arch_relax();
	}
}

u64 sched_cpu_time_ns(struct task *t)
{
	unsigned long flags;
	struct runqueue *rq = task_rq_lock(t, &flags);
	u64 sum = t->sched.sum_exec_ns;

	if (rq->curr == t)
		sum += MAX(arch_clock_ns(), t->sched.exec_start_ns) - t->sched.exec_start_ns;	/* its CPU's clock may be ahead */
	rq_unlock(rq, flags);
	return sum;
}

struct placing { int policy, nice, rt_priority, boost; };

/* Changes what decides where t is queued, and queues it there. */
static void replace_locked(struct runqueue *rq, struct task *t, const struct placing *p)
{
	bool is_queued = t->sched.is_queued;

	sched_charge(rq);
	if (is_queued)
		rq_dequeue(rq, t);
	t->sched.policy = p->policy;
	t->sched.nice = p->nice;
	t->sched.rt_priority = p->rt_priority;
	t->sched.boost = p->boost;
	t->sched.level = MAX(p->rt_priority, p->boost);
	t->sched.weight = sched_weight(p->policy, p->nice);
	t->sched.class = t->sched.level ? &sched_rt : &sched_fair;
	if (!t->sched.level)
		t->sched.rt_run_ns = 0;
	if (!is_queued)
		return;
	fair_place_new(rq, t);
	rq_enqueue(rq, t, false);
	if (rq->curr == t)
		sched_kick(rq);
	else
		sched_check_preempt(rq, t);
}

void sched_set_policy(struct task *t, int policy, int nice, int rt_priority, bool reset_on_fork)
{
	unsigned long flags;
	struct runqueue *rq = task_rq_lock(t, &flags);
	struct placing p = { policy, nice, rt_priority, t->sched.boost };

	t->sched.reset_on_fork = reset_on_fork;
	replace_locked(rq, t, &p);
	rq_unlock(rq, flags);
}

void sched_set_boost(struct task *t, int rt_priority)
{
	unsigned long flags;
	struct runqueue *rq = task_rq_lock(t, &flags);
	struct placing p = { t->sched.policy, t->sched.nice, t->sched.rt_priority, rt_priority };

	if (t->sched.boost != rt_priority)
		replace_locked(rq, t, &p);
	rq_unlock(rq, flags);
}

u32 sched_running(void)
{
	u32 n = 0;

	for (u32 cpu = 0; cpu < cpus_online; cpu++)
		n += READ_ONCE(runqueues[cpu].running);
	return n;
}

u64 sched_switches(void)
{
	u64 n = 0;

	for (u32 cpu = 0; cpu < CPUS_MAX; cpu++)
		n += READ_ONCE(runqueues[cpu].switches);
	return n;
}

void sched_init_cpu(u32 cpu, struct task *idle)
{
	struct runqueue *rq = &runqueues[cpu];

	spin_init(&rq->lock, RANK_RUNQUEUE);
	rq->cpu = cpu;
	rq->curr = rq->idle = idle;
	fair_init(rq);
	rt_init(rq);
	idle->state = TASK_RUNNING;
	idle->flags |= PF_IDLE | PF_KTHREAD;
	idle->sched = (struct sched_entity){
		.class = &sched_idle, .is_on_cpu = true, .cpu = cpu, .policy = SCHED_NORMAL, .weight = NICE_0_WEIGHT,
		.affinity = ~0UL >> (64 - CPUS_MAX), .exec_start_ns = arch_clock_ns(),
	};
	list_init(&idle->sched.rt_node);
	cpus[cpu].rq = rq;
	cpus[cpu].idle = idle;
}

void sched_init(void)
{
	sched_init_weights();
	sched_init_cpu(0, &first_task);
}
