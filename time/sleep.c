/*
 * time/sleep.c: nanosleep and clock_nanosleep, and sleeping until a point on a clock.
 * A sleep until a date wakes when the date is set and looks again. A sleep on CPU time looks at its clock, and again
 * after as much time as the clock could at best need.
 * Locks: none. Errors: EINTR (through a restart block when relative), EINVAL, EOPNOTSUPP, EFAULT.
 * Source: nanosleep(2), clock_nanosleep(2).
 */
#include "time/clocks.h"
#include "syscall/define.h"
#include "mm/user_access.h"
#include "namespace/time_ns.h"
#include "task/task.h"
#include <linux/capability.h>
#include <linux/time.h>

bool schedule_deadline(const struct deadline *d)
{
	struct waiter w;
	u64 offset, left;
	u32 state = current->state;

	if (!d->ns || !d->is_real)
		return schedule_timeout(d->ns) == 0;
	waiter_init(&w);
	wait_prepare(&clock_was_set, &w, (int)state);
	offset = time_real_offset_ns();
	left = schedule_timeout(d->ns > offset ? d->ns - offset : 1);
	waitqueue_remove(&clock_was_set, &w);
	return left == 0 || time_real_ns() >= d->ns;
}

enum { RESTART_DEADLINE, RESTART_REM, RESTART_CLOCK };

static u64 now_on(int clock)
{
	u64 ns = 0;

	(void)!clock_read_ns(clock, &ns);
	return ns;
}

/* 0 when the clock has reached deadline_ns, -ERESTARTSYS after a signal. */
static int sleep_until(int clock, u64 deadline_ns)
{
	bool is_real = clock_follows_date(clock);

	for (;;) {
		struct deadline d = { .ns = deadline_ns, .is_real = is_real };
		u64 now = now_on(clock);

		if (now >= deadline_ns)
			return 0;
		if (signal_is_pending())
			return -ERESTARTSYS;
		if (clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID)
			d.ns = time_now_ns() + MAX(deadline_ns - now, TICK_NS);
		task_set_state(TASK_INTERRUPTIBLE);
		(void)schedule_deadline(&d);
	}
}

static int put_rest(int clock, u64 deadline_ns, uptr rem)
{
	u64 now = now_on(clock);

	return rem ? put_timespec_ns(deadline_ns > now ? deadline_ns - now : 0, rem) : 0;
}

static long sleep_relative(int clock, u64 deadline_ns, uptr rem);

static long sleep_restart(struct restart_block *b)
{
	return sleep_relative((int)b->args[RESTART_CLOCK], b->args[RESTART_DEADLINE], b->args[RESTART_REM]);
}

static long sleep_relative(int clock, u64 deadline_ns, uptr rem)
{
	struct restart_block *b = &current->restart;

	if (!sleep_until(clock, deadline_ns))
		return 0;
	if (put_rest(clock, deadline_ns, rem))
		return -EFAULT;
	b->fn = sleep_restart;
	b->args[RESTART_DEADLINE] = deadline_ns;
	b->args[RESTART_REM] = rem;
	b->args[RESTART_CLOCK] = (u64)clock;
	return -ERESTART_RESTARTBLOCK;
}

long sys_nanosleep(uptr req, uptr rem)
{
	u64 ns;
	int err = get_timespec_ns(&ns, req);

	return err ? err : sleep_relative(CLOCK_MONOTONIC, deadline_add(ns, time_now_ns()), rem);
}

/* Which clocks can be slept on. */
static int check_clock(int clock)
{
	struct cpu_clock c;
	bool is_own_thread;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_TAI:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
	case CLOCK_PROCESS_CPUTIME_ID:
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_REALTIME_COARSE:
		return -EOPNOTSUPP;
	default:
		break;
	}
	if (clock >= 0 || cpu_clock_find(clock, &c))
		return -EINVAL;
	is_own_thread = c.is_thread && c.task == current;
	task_put(c.task);
	return is_own_thread ? -EINVAL : 0;
}

long sys_clock_nanosleep(int clock, int flags, uptr req, uptr rem)
{
	u64 ns, now;
	int err = check_clock(clock);

	/* a CPU clock is looked for only once the time has been read */
	if (err && (clock >= 0 || (clock & 3) == CPUCLOCK_FD))
		return err;
	if (get_timespec_ns(&ns, req) == -EFAULT)
		return -EFAULT;
	err = err ? err : get_timespec_ns(&ns, req);
	if (err)
		return err;
	if (clock_is_alarm(clock) && !capable(CAP_WAKE_ALARM))
		return -EPERM;
	if (flags & TIMER_ABSTIME)
		return sleep_until(clock, clock_meant_ns(clock, ns)) ? -ERESTARTNOHAND : 0;
	/* relative to the date: setting it makes no difference */
	if (clock_follows_date(clock))
		clock = CLOCK_MONOTONIC;
	now = now_on(clock);
	return sleep_relative(clock, deadline_add(ns, now), rem);
}
