/*
 * time/clocks.h: what the files of time/, signal/itimer.c and sync/futex.c share about clocks.
 */
#ifndef TIME_CLOCKS_H
#define TIME_CLOCKS_H
#include "time/time.h"
#include "sync/waitqueue.h"
#include <linux/time.h>
#include <linux/time_types.h>

#define TIME_NS_MAX ((u64)INT64_MAX)	/* the end of time: Linux's KTIME_MAX */

struct task;
s64 time_tai_offset_ns(void);		/* adjtime.c: CLOCK_TAI minus CLOCK_REALTIME, as a time daemon set it */
u64 time_real_offset_ns(void);		/* CLOCK_REALTIME minus CLOCK_MONOTONIC */
extern struct waitqueue clock_was_set;	/* woken when the date jumps: sleepers until a date look again */
int __must_check timespec_to_ns(u64 *ns, const struct __kernel_timespec *ts);	/* -EINVAL */
void posix_timers_clock_was_set(void);	/* time/posix_timers.c: absolute timers on the date move */
void timerfd_clock_was_set(void);		/* fs/timerfd.c: the same for timers that are files */

/* The parts of a CPU clock's number. */
enum { CPUCLOCK_PROF, CPUCLOCK_VIRT, CPUCLOCK_SCHED, CPUCLOCK_FD, CPUCLOCK_PERTHREAD };
struct cpu_clock {
	struct task *task;	/* reference: the thread, or any thread of the process */
	int which;		/* CPUCLOCK_PROF, _VIRT or _SCHED */
	bool is_thread;
};
int __must_check cpu_clock_find(int clock, struct cpu_clock *c);	/* -EINVAL: no CPU clock, or nobody's */
u64 cpu_clock_ns(const struct cpu_clock *c);
int __must_check clock_read_ns(int clock, u64 *ns);			/* any clock; -EINVAL */

static inline bool clock_is_alarm(int clock) { return clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM; }
static inline bool clock_follows_date(int clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM || clock == CLOCK_TAI;
}

/* A point in time on the date's or the monotonic clock to sleep until. */
struct deadline {
	u64 ns;			/* on its clock; 0: never */
	bool is_real;		/* CLOCK_REALTIME: follows when the date is set */
};
/* current's state is set. As schedule(), woken at the deadline or when the date is set; true: it has passed. */
bool schedule_deadline(const struct deadline *d);
static inline u64 deadline_add(u64 a, u64 b) { return a > TIME_NS_MAX - b ? TIME_NS_MAX : a + b; }
#endif
