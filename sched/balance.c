/*
 * sched/balance.c: which CPU a task runs on.
 *
 *   a task that wakes or is new   sched_choose_cpu(): an idle CPU, its own first; else the one with the least load.
 *                                 A child stays with its parent at first if nobody else waits there: most parents go to
 *                                 sleep for it, and if this one does not, the next tick sends the child on. Whom a
 *                                 dying task wakes takes over its CPU; so does whom a task wakes that has the habit of
 *                                 sleeping soon after: two that talk through a pipe need no second CPU, and waking
 *                                 one costs more than both do
 *   a CPU that runs out of work   sched_pull_idle(): takes a waiting task from the busiest. A task that was given to an idle
 *                                 CPU waits too until that one is awake, which a busy host may take long for
 *   a busy CPU's tick             sched_balance_tick(): wakes an idle CPU, which pulls; or pulls from one with more load
 *
 * Load is the sum of the fair tasks' weights; a real-time task weighs more than any number of them. For a real-time task
 * itself the CPU that runs the least urgent task is the best.
 * Locks: rq->lock of the CPU's own queue is held; another's is only tried, so there is no order between two. What is
 * read of other queues without their lock is a hint. Errors: none: what cannot be balanced now is tried again.
 */
#include "sched/runqueue.h"
#include "arch/arch.h"

#define RT_LOAD (1UL << 24)		/* of one real-time task */
#define HANDOVER_NS (100 * NSEC_PER_USEC)	/* of CPU time from one wake to the next, with a sleep between */
#define HANDOVER_SURE 2			/* so often: then it is a habit */
#define HANDOVER_MAX 4
#define PULL_PERIOD_TICKS 4
#define SWAP_PERIOD_TICKS 24		/* how often equals that cannot be shared out evenly change places */

static u64 load_of(const struct runqueue *rq)
{
	return READ_ONCE(rq->load) + READ_ONCE(rq->rt.count) * RT_LOAD;
}

static bool is_idle(u32 cpu) { return !READ_ONCE(runqueues[cpu].running); }
static bool is_allowed(const struct task *t, u32 cpu) { return t->sched.affinity & BIT(cpu); }

/* How good a CPU is for t; less is better. */
static u64 cost_of(const struct task *t, u32 cpu)
{
	const struct runqueue *rq = &runqueues[cpu];

	if (t->sched.class == &sched_rt)
		return (u64)rt_top_level(rq) << 32 | READ_ONCE(rq->running);
	return load_of(rq);
}

static u32 first_allowed(const struct task *t)
{
	u64 mask = t->sched.affinity & (BIT(cpus_online) - 1);

	return mask ? (u32)__builtin_ctzl(mask) : 0;
}

/* Does current, which runs alone here, go to sleep soon, as far as one can tell? */
static bool is_about_to_sleep(const struct task *t, const struct runqueue *rq)
{
	if (READ_ONCE(rq->running) != 1 || current->sched.class != &sched_fair)
		return false;
	if (t->sched.cpu == rq->cpu && (t->state == TASK_NEW || (current->flags & PF_EXITING)))
		return true;
	return current->sched.hands_over >= HANDOVER_SURE && t->sched.class == &sched_fair && !READ_ONCE(t->sched.is_on_cpu) &&
	       !in_interrupt();
}

/* current wakes somebody: did it sleep soon after it did so last? If it has not slept yet this is still the same turn. */
static void note_habit(void)
{
	struct sched_entity *s = &current->sched;
	u64 now, ran;
	bool has_slept;

	if (s->class != &sched_fair || in_interrupt())
		return;
	now = s->sum_exec_ns + arch_clock_ns() - s->exec_start_ns;
	ran = now - s->woke_at_ns;
	has_slept = s->switches_voluntary != s->woke_at_switch;
	if (!has_slept && ran < HANDOVER_NS)
		return;
	if (ran < HANDOVER_NS)
		s->hands_over = MIN(s->hands_over + 1, HANDOVER_MAX);
	else if (s->hands_over)
		s->hands_over--;
	s->woke_at_ns = now;
	s->woke_at_switch = s->switches_voluntary;
}

u32 sched_choose_among(const struct task *t)
{
	u32 self = cpu_id(), best = is_allowed(t, t->sched.cpu) ? t->sched.cpu : first_allowed(t);
	u64 least;

	note_habit();
	if (is_allowed(t, self) && is_about_to_sleep(t, &runqueues[self]))
		return self;
	if (is_idle(best))
		return best;
	least = cost_of(t, best);
	for (u32 cpu = 0; cpu < cpus_online; cpu++) {
		u64 cost;

		if (cpu == best || !is_allowed(t, cpu))
			continue;
		if (is_idle(cpu))
			return cpu;
		cost = cost_of(t, cpu);
		if (cost < least) {
			least = cost;
			best = cpu;
		}
	}
	return best;
}

/* Of a queue whose lock is held: a waiting task that may run on cpu and weighs at most so much; NULL: none. */
static struct task *find_movable(struct runqueue *from, u32 cpu, u64 weight_max)
{
	struct task *t = rt_find_movable(from, cpu);

	return t ? t : fair_find_movable(from, cpu, weight_max);
}

/* Does a task wait for its turn there, or for the CPU to wake up? */
static bool has_waiting(const struct runqueue *rq)
{
	return READ_ONCE(rq->running) > (READ_ONCE(rq->curr) == rq->idle ? 0 : 1);
}

/* The CPU with the most load among those where a task waits; NULL: none. */
static struct runqueue *find_busiest(const struct runqueue *self)
{
	struct runqueue *busiest = NULL;
	u64 most = 0;

	for (u32 cpu = 0; cpu < cpus_online; cpu++) {
		struct runqueue *rq = &runqueues[cpu];

		if (rq == self || !has_waiting(rq) || load_of(rq) <= most)
			continue;
		most = load_of(rq);
		busiest = rq;
	}
	return busiest;
}

/* Both locks are held. */
static void take_over(struct runqueue *rq, struct runqueue *from, struct task *t)
{
	rq_dequeue(from, t);
	fair_leave(from, t);
	t->sched.cpu = rq->cpu;
	fair_join(rq, t);
	rq_enqueue(rq, t, false);
}

static bool pull(struct runqueue *rq, bool may_swap_equals)
{
	struct runqueue *from = find_busiest(rq);
	u64 mine = load_of(rq), theirs;
	struct task *t = NULL;

	if (!from || !spin_trylock(&from->lock))
		return false;
	theirs = load_of(from);
	if (theirs > mine)
		t = find_movable(from, rq->cpu, theirs - mine - (may_swap_equals ? 0 : 1));
	if (t)
		take_over(rq, from, t);
	spin_unlock(&from->lock);
	return t != NULL;
}

bool sched_pull_idle(struct runqueue *rq) { return pull(rq, true); }

void sched_balance_tick(struct runqueue *rq)
{
	u32 ticks = ++rq->balance_ticks;

	for (u32 cpu = 0; rq->running > 1 && cpu < cpus_online; cpu++) {
		if (is_idle(cpu) && find_movable(rq, cpu, ~0UL)) {
			WRITE_ONCE(cpus[cpu].need_resched, true);
			arch_send_resched(cpu);
			return;
		}
	}
	if (ticks % PULL_PERIOD_TICKS == 0 && pull(rq, ticks % SWAP_PERIOD_TICKS == 0))
		sched_set_resched();
}
