/*
 * sched/rt.c: the real-time class: SCHED_FIFO runs until it sleeps or something more urgent comes, SCHED_RR also gives
 * way to its equals after 100 ms. One list per level; a bitmap finds the most urgent one. The running task stays in its
 * list, so one that is preempted is still first of its level.
 * So that a busy real-time task does not lock everyone out, the class may use only so much of each period while others
 * wait: 0.95 s of a second, as on Linux; what is left of the period is theirs.
 * Locks: rq->lock for all. Errors: none. Source: sched(7).
 */
#include "sched/runqueue.h"
#include <linux/sched.h>

int sched_rt_period_us = 1000000, sched_rt_runtime_us = 950000, sched_rr_slice_ms = RR_SLICE_NS / NSEC_PER_MSEC;

static unsigned rt_level(const struct task *t) { return RT_LEVELS - 1 - (unsigned)t->sched.level; }

static void rt_enqueue(struct runqueue *rq, struct task *t, bool is_wakeup)
{
	unsigned level = rt_level(t);

	if (is_wakeup)
		t->sched.rt_run_ns = 0;
	list_push_back(&rq->rt.levels[level], &t->sched.rt_node);
	rq->rt.levels_used[level / 64] |= BIT(level % 64);
	rq->rt.count++;
}

static void rt_dequeue(struct runqueue *rq, struct task *t)
{
	unsigned level = rt_level(t);

	list_remove(&t->sched.rt_node);
	if (list_is_empty(&rq->rt.levels[level]))
		rq->rt.levels_used[level / 64] &= ~BIT(level % 64);
	rq->rt.count--;
}

static struct task *rt_pick(struct runqueue *rq)
{
	for (unsigned i = 0; i < 2; i++) {
		if (rq->rt.levels_used[i]) {
			unsigned level = i * 64 + (unsigned)__builtin_ctzl(rq->rt.levels_used[i]);

			return list_first(&rq->rt.levels[level], struct task, sched.rt_node);
		}
	}
	return NULL;
}

static void rt_put(struct runqueue *rq, struct task *t) { }

void rt_charge(struct runqueue *rq, u64 now_ns, u64 delta_ns)
{
	if (now_ns - rq->rt.period_start_ns >= (u64)READ_ONCE(sched_rt_period_us) * NSEC_PER_USEC) {
		rq->rt.period_start_ns = now_ns;
		rq->rt.used_ns = 0;
	}
	rq->rt.used_ns += delta_ns;
}

bool rt_may_run(struct runqueue *rq, u64 now_ns)
{
	int runtime_us = READ_ONCE(sched_rt_runtime_us);

	return runtime_us < 0 || !rq->fair.count || rq->rt.used_ns < (u64)runtime_us * NSEC_PER_USEC ||
	       now_ns - rq->rt.period_start_ns >= (u64)READ_ONCE(sched_rt_period_us) * NSEC_PER_USEC;
}

static void rt_tick(struct runqueue *rq, struct task *t)
{
	t->sched.rt_run_ns += TICK_NS;
	if (!rt_may_run(rq, t->sched.exec_start_ns))
		sched_set_resched();
	if (t->sched.policy != SCHED_RR || t->sched.slice_used_ns < RR_SLICE_NS)
		return;
	t->sched.slice_used_ns = 0;
	if (list_first(&rq->rt.levels[rt_level(t)], struct task, sched.rt_node) == t)
		rt_yield(rq, t);
	sched_set_resched();
}

static bool rt_preempts(struct runqueue *rq, struct task *woken, struct task *running)
{
	return woken->sched.level > running->sched.level;
}

void rt_yield(struct runqueue *rq, struct task *t)
{
	list_remove(&t->sched.rt_node);
	list_push_back(&rq->rt.levels[rt_level(t)], &t->sched.rt_node);
}

struct task *rt_find_movable(struct runqueue *rq, u32 cpu)
{
	struct task *t;

	for (unsigned level = 0; rq->rt.count && level < RT_LEVELS; level++) {
		if (!(rq->rt.levels_used[level / 64] & BIT(level % 64)))
			continue;
		list_for_each(t, &rq->rt.levels[level], sched.rt_node) {
			if (t != rq->curr && (t->sched.affinity & BIT(cpu)))
				return t;
		}
	}
	return NULL;
}

int rt_top_level(const struct runqueue *rq)
{
	for (unsigned i = 0; i < 2; i++) {
		u64 used = READ_ONCE(rq->rt.levels_used[i]);

		if (used)
			return RT_LEVELS - 1 - (int)(i * 64 + (unsigned)__builtin_ctzl(used));
	}
	return 0;
}

void rt_init(struct runqueue *rq)
{
	for (unsigned i = 0; i < RT_LEVELS; i++)
		list_init(&rq->rt.levels[i]);
}

const struct sched_class sched_rt = {
	.name = "rt",
	.order = 2,
	.enqueue = rt_enqueue,
	.dequeue = rt_dequeue,
	.pick = rt_pick,
	.put = rt_put,
	.tick = rt_tick,
	.preempts = rt_preempts,
};
