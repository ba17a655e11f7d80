/*
 * sched/idle.c: the idle class and process 0's loop. The idle task of a CPU is in no queue: it is what pick finds when
 * there is nothing else. It sleeps in HLT without a tick until an interrupt makes something runnable.
 * Locks: rq->lock for the class; the loop looks at need_resched with interrupts off, and HLT turns them on atomically.
 */
#include "sched/runqueue.h"
#include "base/printk.h"
#include "debug/watch.h"

static void idle_enqueue(struct runqueue *rq, struct task *t, bool is_wakeup) { panic("idle task queued"); }
static void idle_dequeue(struct runqueue *rq, struct task *t) { panic("idle task sleeps"); }
static struct task *idle_pick(struct runqueue *rq) { return rq->idle; }
static void idle_put(struct runqueue *rq, struct task *t) { }
static void idle_tick(struct runqueue *rq, struct task *t) { }
static bool idle_preempts(struct runqueue *rq, struct task *woken, struct task *running) { return false; }

const struct sched_class sched_idle = {
	.name = "idle",
	.order = 0,
	.enqueue = idle_enqueue,
	.dequeue = idle_dequeue,
	.pick = idle_pick,
	.put = idle_put,
	.tick = idle_tick,
	.preempts = idle_preempts,
};

void sched_idle_loop(void)
{
	watch_start_cpu();
	for (;;) {
		arch_irq_disable();
		if (READ_ONCE(cpu_self()->need_resched)) {
			arch_irq_enable();
			schedule();
		} else {
			arch_halt();
		}
	}
}
