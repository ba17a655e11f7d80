/*
 * time/clock_calls.c: the calls that read and set clocks.
 * A clock number is a constant, or (negative) the CPU time of a process or thread: clock_of_pid().
 * Locks: none. Errors: EINVAL (no such clock, a date that cannot be), EPERM, EFAULT.
 * Source: clock_gettime(2), gettimeofday(2), time(2), times(2), clock_getcpuclockid(3).
 */
#include "time/clocks.h"
#include "syscall/define.h"
#include "mm/user_access.h"
#include "namespace/time_ns.h"
#include "task/task.h"
#include <linux/capability.h>
#include <linux/time.h>

static struct timezone timezone;	/* kept for who asks; each half is one atomic word */

/* Which process or thread a CPU clock's number means: a reference, or NULL. pid 0: current. */
static struct task *cpu_clock_task(int clock)
{
	int number = ~(clock >> 3);
	struct task *t;

	if ((clock & 3) == CPUCLOCK_FD || number < 0)
		return NULL;
	t = number ? task_find(number) : task_get(current);
	if (!t)
		return NULL;
	/* only a thread of our own group; else a process, by the number of its leader (or of ourselves) */
	if (clock & CPUCLOCK_PERTHREAD ? t->signal != current->signal : !task_is_leader(t) && t != current) {
		task_put(t);
		return NULL;
	}
	return t;
}

int cpu_clock_find(int clock, struct cpu_clock *c)
{
	if (clock == CLOCK_PROCESS_CPUTIME_ID)
		clock = ~0 << 3 | CPUCLOCK_SCHED;
	else if (clock == CLOCK_THREAD_CPUTIME_ID)
		clock = ~0 << 3 | CPUCLOCK_PERTHREAD | CPUCLOCK_SCHED;
	else if (clock >= 0)
		return -EINVAL;
	c->task = cpu_clock_task(clock);
	c->which = clock & 3;
	c->is_thread = clock & CPUCLOCK_PERTHREAD;
	return c->task ? 0 : -EINVAL;
}

u64 cpu_clock_ns(const struct cpu_clock *c)
{
	u64 user, system;

	if (c->is_thread && c->which == CPUCLOCK_SCHED)
		return sched_cpu_time_ns(c->task);
	if (c->is_thread)
		task_cpu_times(c->task, &user, &system);
	else
		process_cpu_times(c->task, &user, &system);
	return c->which == CPUCLOCK_VIRT ? user : user + system;
}

/* The start of the current tick: what the coarse clocks say. */
static u64 coarse(u64 now) { return now - now % TICK_NS; }

int clock_read_ns(int clock, u64 *ns)
{
	struct cpu_clock c;
	u64 now = time_now_ns();

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_ALARM:	/* nothing here sleeps so deep that an alarm clock had to wake it */
		*ns = now + time_real_offset_ns();
		return 0;
	case CLOCK_TAI:
		*ns = now + time_real_offset_ns() + (u64)time_tai_offset_ns();
		return 0;
	case CLOCK_REALTIME_COARSE:
		*ns = coarse(now) + time_real_offset_ns();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*ns = now;
		return 0;
	case CLOCK_MONOTONIC_COARSE:
		*ns = coarse(now);
		return 0;
	default:
		break;
	}
	if (cpu_clock_find(clock, &c))
		return -EINVAL;
	*ns = cpu_clock_ns(&c);
	task_put(c.task);
	return 0;
}

long sys_clock_gettime(int clock, uptr ts)
{
	u64 ns;
	int err = clock_read_ns(clock, &ns);

	return err ? err : put_timespec_ns(clock_shown_ns(clock, ns), ts);
}

long sys_clock_getres(int clock, uptr ts)
{
	u64 ns, resolution = 1;
	int err = clock_read_ns(clock, &ns);

	if (err)
		return err;
	if (clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE ||
	    (clock < 0 && (clock & 3) != CPUCLOCK_SCHED))
		resolution = TICK_NS;
	return ts ? put_timespec_ns(resolution, ts) : 0;
}

static int set_date(u64 ns)
{
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	return time_set_real_ns(ns);
}

long sys_clock_settime(int clock, uptr ts)
{
	struct cpu_clock c;
	u64 ns;
	int err;

	if (clock < 0) {
		if (get_timespec_ns(&ns, ts) == -EFAULT)
			return -EFAULT;
		err = cpu_clock_find(clock, &c);
		if (err)
			return err;
		task_put(c.task);
		return -EPERM;
	}
	if (clock != CLOCK_REALTIME)
		return -EINVAL;
	err = get_timespec_ns(&ns, ts);
	return err ? err : set_date(ns);
}

long sys_gettimeofday(uptr tv, uptr tz)
{
	if (tv) {
		u64 ns = time_real_ns();
		struct __kernel_old_timeval v = {
			.tv_sec = (long)(ns / NSEC_PER_SEC), .tv_usec = (long)(ns % NSEC_PER_SEC / NSEC_PER_USEC),
		};

		if (copy_to_user(tv, &v, sizeof(v)))
			return -EFAULT;
	}
	return tz ? copy_to_user(tz, &timezone, sizeof(timezone)) : 0;
}

static int set_timezone(const struct timezone *z)
{
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	if (z->tz_minuteswest > 15 * 60 || z->tz_minuteswest < -15 * 60)
		return -EINVAL;
	timezone = *z;
	return 0;
}

long sys_settimeofday(uptr tv, uptr tz)
{
	struct __kernel_old_timeval v;
	struct __kernel_timespec ts;
	struct timezone z;
	u64 ns = 0;
	int err;

	if (tv) {
		if (copy_from_user(&v, tv, sizeof(v)))
			return -EFAULT;
		if (v.tv_usec < 0 || v.tv_usec >= 1000000)
			return -EINVAL;
		ts = (struct __kernel_timespec){ .tv_sec = v.tv_sec, .tv_nsec = v.tv_usec * (long)NSEC_PER_USEC };
		err = timespec_to_ns(&ns, &ts);
		if (err)
			return err;
	}
	if (tz) {
		if (copy_from_user(&z, tz, sizeof(z)))
			return -EFAULT;
		err = set_timezone(&z);
		if (err)
			return err;
	}
	if (!tv)
		return tz || capable(CAP_SYS_TIME) ? 0 : -EPERM;
	return set_date(ns);
}

long sys_time(uptr t)
{
	long seconds = (long)(time_real_ns() / NSEC_PER_SEC);

	return t && copy_to_user(t, &seconds, sizeof(seconds)) ? -EFAULT : seconds;
}

long sys_times(uptr buffer)
{
	struct task *t = current;
	struct { long user, system, children_user, children_system; } tms;
	u64 user, system, tick_ns = NSEC_PER_SEC / 100;	/* USER_HZ */
	unsigned long flags;

	if (buffer) {
		process_cpu_times(t, &user, &system);
		tms.user = (long)(user / tick_ns);
		tms.system = (long)(system / tick_ns);
		flags = spin_lock_irqsave(&t->sighand->lock);
		tms.children_user = (long)(t->signal->children.user_ns / tick_ns);
		tms.children_system = (long)(t->signal->children.system_ns / tick_ns);
		spin_unlock_irqrestore(&t->sighand->lock, flags);
		if (copy_to_user(buffer, &tms, sizeof(tms)))
			return -EFAULT;
	}
	return (long)(time_now_ns() / tick_ns);
}
