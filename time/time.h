/*
 * time/time.h: clocks and kernel timers. Monotonic nanoseconds since boot everywhere inside the kernel.
 * Locks: the per-CPU timer queue's (RANK_TIMER). Handlers run in the timer interrupt, interrupts off, no lock held.
 */
#ifndef TIME_TIME_H
#define TIME_TIME_H
#include "base/types.h"
#include "base/rbtree.h"

struct timer;
typedef void (*timer_fn)(struct timer *t);
struct timer {
	struct rb_node node;
	u64 expires_ns;
	timer_fn fn;
	u32 cpu;
	bool is_queued;
};
void time_init(void);
u64 time_now_ns(void);			/* CLOCK_MONOTONIC */
u64 time_real_ns(void);			/* CLOCK_REALTIME */
int __must_check time_set_real_ns(u64 ns);
void timer_init(struct timer *t, timer_fn fn);
void timer_start(struct timer *t, u64 expires_ns);	/* restarts it if queued */
/* Was it ever started? A timer that was not has nothing to cancel, if nobody else can start it. */
static inline bool timer_was_started(const struct timer *t) { return t->expires_ns != 0; }
bool timer_cancel(struct timer *t);	/* true if it was queued; waits for a running handler on another CPU */
bool timer_try_cancel(struct timer *t);	/* as timer_cancel, but does not wait: the handler may take the caller's lock */
void timer_interrupt(void);		/* called by arch/ on this CPU */
/* This CPU takes an interrupt within so long at the latest: before an arch_halt() under a lock. */
void timer_wake_cpu(u64 ns);
/* The scheduler's tick: asks for sched_tick() at this time on this CPU; 0: none. */
void timer_set_tick(u64 when_ns);
#define TICK_NS 4000000ULL
/* The timers of a thread group: signal->real_timer's function; all of them end with the last thread; exec deletes the
 * POSIX timers and keeps the interval timers. */
struct signal;
void itimer_real_fired(struct timer *t);
void timers_group_dead(struct signal *s);
void timers_exec(struct signal *s);
/* A struct timespec in user memory as ns; -EFAULT or -EINVAL. */
int __must_check get_timespec_ns(u64 *ns, uptr addr);
int __must_check put_timespec_ns(u64 ns, uptr addr);
#endif
