/*
 * sched/fair.c: the fair class: SCHED_OTHER, SCHED_BATCH and SCHED_IDLE. Each task has a virtual run time, which goes
 * on slower the more weight its nice value gives; the task that has had the least runs next.
 *
 * The running task is not in the tree, and one that waits alone is only pointed to: tasks that hand the CPU to each
 * other never touch the tree. A task that wakes is placed at most FAIR_SLEEPER_BONUS_NS behind the others, so long
 * sleep is no credit to hog the CPU with.
 * Locks: rq->lock for all. Errors: none.
 */
#include "sched/runqueue.h"
#include <linux/sched.h>

static u32 nice_weights[40];

/* Each nice step is a factor of 1.25 (10 % more or less CPU between two tasks); nice 0 weighs 1024. */
void sched_init_weights(void)
{
	u64 up = (u64)NICE_0_WEIGHT << 20, down = up;

	for (int i = 0; i <= 20; i++) {
		nice_weights[20 - i] = (u32)(up >> 20);
		if (20 + i < 40)
			nice_weights[20 + i] = (u32)(down >> 20);
		up = up * 5 / 4;
		down = down * 4 / 5;
	}
}

u32 sched_weight(int policy, int nice)
{
	return policy == SCHED_IDLE ? IDLE_POLICY_WEIGHT : nice_weights[nice + 20];
}

static bool fair_less(const struct rb_node *a, const struct rb_node *b)
{
	const struct task *x = rb_entry(a, struct task, sched.fair_node);
	const struct task *y = rb_entry(b, struct task, sched.fair_node);

	return (s64)(x->sched.vruntime_ns - y->sched.vruntime_ns) < 0;
}

static struct task *fair_first(struct runqueue *rq)
{
	struct rb_node *n = rb_first(&rq->fair.tree);

	return n ? rb_entry(n, struct task, sched.fair_node) : rq->fair.single;
}

static void tree_insert(struct fair_queue *q, struct task *t)
{
	rb_insert(&q->tree, &t->sched.fair_node, fair_less);
}

static void waiting_add(struct fair_queue *q, struct task *t)
{
	if (!q->single && !rb_first(&q->tree)) {
		q->single = t;
		return;
	}
	if (q->single) {
		tree_insert(q, q->single);
		q->single = NULL;
	}
	tree_insert(q, t);
}

static void waiting_remove(struct fair_queue *q, struct task *t)
{
	if (q->single == t)
		q->single = NULL;
	else
		rb_remove(&q->tree, &t->sched.fair_node);
}

/* The least vruntime of the running task and the tree's first, but never back. */
static void fair_update_min(struct runqueue *rq, u64 vruntime)
{
	struct task *first = fair_first(rq);

	if (first && (s64)(first->sched.vruntime_ns - vruntime) < 0)
		vruntime = first->sched.vruntime_ns;
	if ((s64)(vruntime - rq->fair.min_vruntime_ns) > 0)
		rq->fair.min_vruntime_ns = vruntime;
}

void fair_charge(struct runqueue *rq, struct task *t, u64 delta_ns)
{
	if (t->sched.weight != NICE_0_WEIGHT)
		delta_ns = delta_ns * NICE_0_WEIGHT / t->sched.weight;
	t->sched.vruntime_ns += delta_ns;
	fair_update_min(rq, t->sched.vruntime_ns);
}

void fair_enqueue(struct runqueue *rq, struct task *t, bool is_wakeup)
{
	if (is_wakeup) {
		u64 least = rq->fair.min_vruntime_ns - FAIR_SLEEPER_BONUS_NS;

		if ((s64)(t->sched.vruntime_ns - least) < 0)
			t->sched.vruntime_ns = least;
	}
	rq->fair.count++;
	if (t != rq->curr)
		waiting_add(&rq->fair, t);
}

void fair_dequeue(struct runqueue *rq, struct task *t)
{
	rq->fair.count--;
	if (t != rq->curr)
		waiting_remove(&rq->fair, t);
}

struct task *fair_pick(struct runqueue *rq)
{
	struct task *t = fair_first(rq);

	if (t) {
		waiting_remove(&rq->fair, t);
		t->sched.slice_used_ns = 0;
	}
	return t;
}

void fair_put(struct runqueue *rq, struct task *t)
{
	if (t->sched.is_queued)
		waiting_add(&rq->fair, t);
}

/* fair_put() and fair_pick() in one where a single task waits, and goes before t: the two change places without the tree. */
struct task *fair_exchange(struct runqueue *rq, struct task *t)
{
	struct fair_queue *q = &rq->fair;
	struct task *next = q->single;

	if (!next || (s64)(t->sched.vruntime_ns - next->sched.vruntime_ns) < 0)
		return NULL;
	q->single = t;
	next->sched.slice_used_ns = 0;
	return next;
}

/* A full slice is used up, or another task is owed more than a wake-up's granularity after this tick. */
static void fair_tick(struct runqueue *rq, struct task *t)
{
	struct task *first = fair_first(rq);

	if (rq->rt.count && rt_may_run(rq, t->sched.exec_start_ns))	/* its period has begun anew */
		sched_set_resched();
	if (!first)
		return;
	if (t->sched.slice_used_ns >= FAIR_SLICE_NS && (s64)(t->sched.vruntime_ns - first->sched.vruntime_ns) > 0)
		sched_set_resched();
	else if (t->sched.policy == SCHED_IDLE && first->sched.policy != SCHED_IDLE)
		sched_set_resched();
}

bool fair_preempts(struct runqueue *rq, struct task *woken, struct task *running)
{
	if (running->sched.policy == SCHED_IDLE && woken->sched.policy != SCHED_IDLE)
		return true;
	if (woken->sched.policy != SCHED_NORMAL)
		return false;
	return (s64)(running->sched.vruntime_ns - woken->sched.vruntime_ns) > (s64)FAIR_WAKEUP_GRANULARITY_NS;
}

/* Behind its parent: the parent goes on after fork, and a fork bomb gains nothing. */
void fair_place_new(struct runqueue *rq, struct task *t)
{
	u64 least = rq->fair.min_vruntime_ns;

	if ((s64)(t->sched.vruntime_ns - least) < 0)
		t->sched.vruntime_ns = least;
}

/* The child goes before its parent, which takes the child's place. */
void fair_swap(struct runqueue *rq, struct task *parent, struct task *child)
{
	u64 v = parent->sched.vruntime_ns;

	if (parent->sched.class != &sched_fair || (s64)(v - child->sched.vruntime_ns) >= 0)
		return;
	waiting_remove(&rq->fair, child);
	parent->sched.vruntime_ns = child->sched.vruntime_ns;
	child->sched.vruntime_ns = v;
	waiting_add(&rq->fair, child);
}

/* Equal times queue in order of arrival, so t comes behind whoever was to be next. */
void fair_yield(struct runqueue *rq, struct task *t)
{
	struct task *first = fair_first(rq);

	if (first && (s64)(first->sched.vruntime_ns - t->sched.vruntime_ns) > 0)
		t->sched.vruntime_ns = first->sched.vruntime_ns;
}

void fair_leave(struct runqueue *rq, struct task *t) { t->sched.vruntime_ns -= rq->fair.min_vruntime_ns; }
void fair_join(struct runqueue *rq, struct task *t) { t->sched.vruntime_ns += rq->fair.min_vruntime_ns; }

/* The one that has waited the longest. */
struct task *fair_find_movable(struct runqueue *rq, u32 cpu, u64 weight_max)
{
	struct task *t = rq->fair.single;
	struct rb_node *n = rb_first(&rq->fair.tree);

	if (n)
		t = rb_entry(n, struct task, sched.fair_node);
	while (t && !((t->sched.affinity & BIT(cpu)) && t->sched.weight <= weight_max)) {
		n = n ? rb_next(n) : NULL;
		t = n ? rb_entry(n, struct task, sched.fair_node) : NULL;
	}
	return t;
}

void fair_init(struct runqueue *rq)
{
	rq->fair.min_vruntime_ns = FAIR_SLEEPER_BONUS_NS;
}

const struct sched_class sched_fair = {
	.name = "fair",
	.order = 1,
	.enqueue = fair_enqueue,
	.dequeue = fair_dequeue,
	.pick = fair_pick,
	.put = fair_put,
	.tick = fair_tick,
	.preempts = fair_preempts,
};
