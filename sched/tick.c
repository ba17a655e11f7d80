/*
 * sched/tick.c: what the timer does for scheduling: charge the running task, sample whether it was in user mode, ask
 * its class whether its turn is over, check CPU-time limits, keep the load averages. An idle CPU has no tick.
 * Way in: the timer interrupt. Locks: rq->lock. Errors: none. Source: getrusage(2), proc(5) for the load averages.
 */
#include "sched/runqueue.h"
#include "arch/arch.h"
#include "debug/watch.h"
#include "signal/itimer.h"

#define LOAD_SHIFT 11
#define LOAD_ONE (1UL << LOAD_SHIFT)
#define LOAD_PERIOD_NS (5 * NSEC_PER_SEC)

/* LOAD_ONE / e^(5 s / 1, 5, 15 min) */
static const unsigned long load_decay[3] = { 1884, 2014, 2037 };
static unsigned long load_averages[3];	/* written by one CPU at a time: under the next_load_ns exchange */
static u64 next_load_ns = LOAD_PERIOD_NS;

static void load_step(unsigned long active)
{
	for (int i = 0; i < 3; i++) {
		unsigned long sum = load_averages[i] * load_decay[i] + active * (LOAD_ONE - load_decay[i]);

		if (active > load_averages[i])
			sum += LOAD_ONE - 1;	/* so that a steady load is reached, not only approached */
		WRITE_ONCE(load_averages[i], sum >> LOAD_SHIFT);
	}
}

/* Periods that passed without a tick were idle ones. */
void sched_load_tick(u64 now_ns)
{
	u64 due = __atomic_load_n(&next_load_ns, __ATOMIC_RELAXED);
	u64 periods;
	u32 active = sched_running();

	if (now_ns < due)
		return;
	periods = (now_ns - due) / LOAD_PERIOD_NS;
	if (!__atomic_compare_exchange_n(&next_load_ns, &due, due + (periods + 1) * LOAD_PERIOD_NS, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return;
	active += sched_blocked();
	for (u64 i = 0; i < MIN(periods, 1000); i++)
		load_step(0);
	load_step((unsigned long)active << LOAD_SHIFT);
}

void sched_loadavg(unsigned long avg[3])
{
	for (int i = 0; i < 3; i++)
		avg[i] = READ_ONCE(load_averages[i]);
}

void sched_tick(void)
{
	struct runqueue *rq = cpu_self()->rq;
	struct task *t = current;
	u64 delta;

	spin_lock(&rq->lock);
	delta = sched_charge(rq);
	if (t == rq->idle) {
		rq->is_ticking = false;
	} else {
		t->sched.class->tick(rq, t);
		if (unlikely(cpus_online > 1))
			sched_balance_tick(rq);
	}
	spin_unlock(&rq->lock);
	if (t != rq->idle)
		timer_set_tick(t->sched.exec_start_ns + TICK_NS);
	sched_load_tick(t->sched.exec_start_ns);
	watch_tick(t->sched.exec_start_ns);
	if (t == rq->idle)
		return;
	if (arch_interrupted_user()) {
		t->utime_ns += MAX(delta, TICK_NS);
		*(t->sched.nice > 0 ? &rq->nice_ticks : &rq->user_ticks) += 1;
	} else {
		t->stime_ns += MAX(delta, TICK_NS);
		rq->system_ticks++;
	}
	itimer_tick(t);
}

u32 sched_blocked(void)
{
	u32 n = 0;

	for (u32 cpu = 0; cpu < cpus_online; cpu++)
		n += READ_ONCE(runqueues[cpu].uninterruptible);
	return n;
}

/* The idle task's time is exact; the rest of the time is split up as the ticks sampled it. */
void sched_cpu_times(u32 cpu, struct cpu_times *out)
{
	struct runqueue *rq = &runqueues[cpu];
	u64 idle = sched_cpu_time_ns(rq->idle), now = time_now_ns(), busy, ticks;
	unsigned long flags = spin_lock_irqsave(&rq->lock);

	busy = now > idle ? now - idle : 0;
	ticks = MAX(rq->user_ticks + rq->nice_ticks + rq->system_ticks, 1);
	rq->shown.user_ns = MAX(rq->shown.user_ns, busy / ticks * rq->user_ticks);
	rq->shown.nice_ns = MAX(rq->shown.nice_ns, busy / ticks * rq->nice_ticks);
	rq->shown.system_ns = MAX(rq->shown.system_ns, busy / ticks * rq->system_ticks);
	rq->shown.idle_ns = MAX(rq->shown.idle_ns, idle);
	*out = rq->shown;
	spin_unlock_irqrestore(&rq->lock, flags);
}
