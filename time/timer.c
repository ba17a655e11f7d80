/*
 * time/timer.c: kernel timers: per CPU a tree by expiry time, and one hardware timer set to the earliest.
 *
 * The hardware is set only when something earlier than what it waits for is started: a cancelled timer leaves a
 * spurious interrupt behind, which is cheaper than a device access at every start and cancel.
 * Way in: timer_start(), timer_cancel(), any context; timer_interrupt() from arch/. Locks: the queue's (RANK_TIMER),
 * interrupts off; handlers run without it. Errors: none.
 */
#include "time/time.h"
#include "sync/spinlock.h"
#include "sched/sched.h"
#include "task/task.h"
#include "arch/arch.h"

struct timer_queue {
	struct spinlock lock;
	struct rb_tree tree;		/* of struct timer */
	u64 tick_ns;			/* the scheduler's; 0: none */
	u64 programmed_ns;		/* what the hardware waits for; 0: nothing */
	struct timer *running;		/* borrowed: whose handler runs now */
	bool is_in_interrupt;		/* it sets the hardware at its end */
};
static struct timer_queue queues[CPUS_MAX] = {
	[0 ... CPUS_MAX - 1] = { .lock = SPINLOCK_INIT(RANK_TIMER) }
};

static bool timer_less(const struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct timer, node)->expires_ns < rb_entry(b, struct timer, node)->expires_ns;
}

static void queue_program(struct timer_queue *q, u64 when_ns)
{
	if (q->is_in_interrupt || (q->programmed_ns && q->programmed_ns <= when_ns))
		return;
	q->programmed_ns = when_ns;
	arch_timer_program(when_ns);
}

static struct timer_queue *timer_queue_lock(struct timer *t, unsigned long *flags)
{
	*flags = arch_irq_save();
	for (;;) {
		u32 cpu = READ_ONCE(t->cpu);

		spin_lock(&queues[cpu].lock);
		if (likely(READ_ONCE(t->cpu) == cpu))
			return &queues[cpu];
		spin_unlock(&queues[cpu].lock);
	}
}

void timer_init(struct timer *t, timer_fn fn)
{
	*t = (struct timer){ .fn = fn };
}

void timer_start(struct timer *t, u64 expires_ns)
{
	unsigned long flags;
	struct timer_queue *q = timer_queue_lock(t, &flags);
	u32 cpu = cpu_id();

	if (t->is_queued)
		rb_remove(&q->tree, &t->node);
	t->is_queued = false;
	if (unlikely(t->cpu != cpu)) {
		t->cpu = cpu;
		spin_unlock(&q->lock);
		q = &queues[cpu];
		spin_lock(&q->lock);
	}
	t->expires_ns = expires_ns;
	t->is_queued = true;
	rb_insert(&q->tree, &t->node, timer_less);
	if (rb_first(&q->tree) == &t->node)
		queue_program(q, expires_ns);
	spin_unlock_irqrestore(&q->lock, flags);
}

bool timer_try_cancel(struct timer *t)
{
	unsigned long flags;
	struct timer_queue *q = timer_queue_lock(t, &flags);
	bool was_queued = t->is_queued;

	if (was_queued) {
		rb_remove(&q->tree, &t->node);
		t->is_queued = false;
	}
	spin_unlock_irqrestore(&q->lock, flags);
	return was_queued;
}

bool timer_cancel(struct timer *t)
{
	bool was_queued = timer_try_cancel(t);

	for (u32 cpu = 0; cpu < cpus_online; cpu++) {
		while (cpu != cpu_id() && __atomic_load_n(&queues[cpu].running, __ATOMIC_ACQUIRE) == t)
			arch_relax();
	}
	return was_queued;
}

/* Runs what is due. q->lock is held, and given up around each handler. */
static void run_expired(struct timer_queue *q, u64 now)
{
	struct rb_node *n;

	while ((n = rb_first(&q->tree))) {
		struct timer *t = rb_entry(n, struct timer, node);

		if (t->expires_ns > now)
			break;
		rb_remove(&q->tree, n);
		t->is_queued = false;
		q->running = t;
		spin_unlock(&q->lock);
		t->fn(t);
		spin_lock(&q->lock);
		__atomic_store_n(&q->running, NULL, __ATOMIC_RELEASE);
	}
}

void timer_interrupt(void)
{
	struct timer_queue *q = &queues[cpu_id()];
	u64 now = arch_clock_ns(), next;

	spin_lock(&q->lock);
	q->is_in_interrupt = true;
	run_expired(q, now);
	if (q->tick_ns && q->tick_ns <= now) {
		q->tick_ns = 0;
		spin_unlock(&q->lock);
		sched_tick();
		spin_lock(&q->lock);
	}
	q->is_in_interrupt = false;
	q->programmed_ns = 0;
	next = q->tick_ns;
	if (rb_first(&q->tree)) {
		u64 first = rb_entry(rb_first(&q->tree), struct timer, node)->expires_ns;

		next = next ? MIN(next, first) : first;
	}
	if (next)
		queue_program(q, next);
	spin_unlock(&q->lock);
}

void timer_set_tick(u64 when_ns)
{
	struct timer_queue *q = &queues[cpu_id()];
	unsigned long flags = spin_lock_irqsave(&q->lock);

	q->tick_ns = when_ns;
	if (when_ns)
		queue_program(q, when_ns);
	spin_unlock_irqrestore(&q->lock, flags);
}

/* What the hardware was set for comes later: its interrupt sets it for that again. */
void timer_wake_cpu(u64 ns)
{
	struct timer_queue *q = &queues[cpu_id()];
	unsigned long flags = arch_irq_save();
	u64 when = arch_clock_ns() + ns;

	if (!q->programmed_ns || q->programmed_ns > when)
		arch_timer_program(when);
	arch_irq_restore(flags);
}

struct sleeper {
	struct timer timer;
	struct task *task;
};

static void sleeper_wake(struct timer *t)
{
	sched_wake(container_of(t, struct sleeper, timer)->task, TASK_NORMAL);
}

u64 schedule_timeout(u64 deadline_ns)
{
	struct sleeper s = { .task = current };
	u64 now;

	if (!deadline_ns) {
		schedule();
		return ~0UL;
	}
	if (time_now_ns() >= deadline_ns) {
		WRITE_ONCE(current->state, TASK_RUNNING);
		return 0;
	}
	timer_init(&s.timer, sleeper_wake);
	timer_start(&s.timer, deadline_ns);
	schedule();
	timer_cancel(&s.timer);
	now = time_now_ns();
	return now >= deadline_ns ? 0 : deadline_ns - now;
}
