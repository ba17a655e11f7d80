/*
 * signal/itimer.c: the three interval timers of a process, alarm(2), and the limits on CPU time.
 * ITIMER_REAL is a kernel timer; a periodic one starts its next interval when its SIGALRM is taken, so a process that
 * does not look is not flooded. The CPU-time ones are checked at each tick of a running thread of the group.
 * Locks: sighand->lock for the values; a handler finds the group under tasklist_lock. Errors: EINVAL, EFAULT.
 * Source: setitimer(2), alarm(2), getrlimit(2).
 */
#include "signal/internal.h"
#include "signal/itimer.h"
#include "syscall/define.h"
#include "arch/arch.h"
#include "mm/user_access.h"
#include "time/clocks.h"
#include "time/posix_timers.h"
#include <linux/resource.h>
#include <linux/time.h>

#define LIMIT_NONE (~0UL)

struct setting { u64 value_ns, interval_ns; };

/* -- ITIMER_REAL -- */

void itimer_real_fired(struct timer *timer)
{
	struct signal *s = container_of(timer, struct signal, real_timer);
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct task *t = s->leader;

	spin_lock(&t->sighand->lock);
	(void)signal_send_locked(SIGALRM, NULL, t, true, true);
	spin_unlock(&t->sighand->lock);
	spin_unlock_irqrestore(&tasklist_lock, flags);
}

/* The first multiple of the interval after `expires` that is still to come. */
static u64 next_expiry(u64 expires_ns, u64 interval_ns, u64 now)
{
	if (expires_ns > now)
		return expires_ns;
	return deadline_add(expires_ns, ((now - expires_ns) / interval_ns + 1) * interval_ns);
}

void itimer_real_restart_locked(struct signal *s)
{
	if (!s->real_interval_ns || s->real_timer.is_queued)
		return;
	timer_start(&s->real_timer, next_expiry(s->real_timer.expires_ns, s->real_interval_ns, time_now_ns()));
}

static void real_get_locked(struct signal *s, struct setting *out)
{
	u64 now = time_now_ns();

	out->interval_ns = s->real_interval_ns;
	out->value_ns = 0;
	if (s->real_timer.is_queued)	/* about to fire: not yet 0 */
		out->value_ns = s->real_timer.expires_ns > now ? s->real_timer.expires_ns - now : NSEC_PER_USEC;
}

static void real_set_locked(struct signal *s, const struct setting *new)
{
	timer_try_cancel(&s->real_timer);
	s->real_interval_ns = new->value_ns ? new->interval_ns : 0;	/* disarmed: Linux forgets it (not the CPU ones') */
	if (new->value_ns)
		timer_start(&s->real_timer, deadline_add(time_now_ns(), new->value_ns));
}

/* -- CPU time -- */

static void cpu_get(u64 expires_ns, u64 interval_ns, u64 now, struct setting *out)
{
	out->interval_ns = interval_ns;
	out->value_ns = !expires_ns ? 0 : expires_ns > now ? expires_ns - now : TICK_NS;
}

/* The timer's fields, by kind, and the CPU time it counts. */
static void cpu_fields(struct signal *s, int which, u64 **expires, u64 **interval)
{
	*expires = which == ITIMER_PROF ? &s->prof_expires_ns : &s->virt_expires_ns;
	*interval = which == ITIMER_PROF ? &s->prof_interval_ns : &s->virt_interval_ns;
}

static void exchange(int which, const struct setting *new, struct setting *old)
{
	struct task *t = current;
	struct signal *s = t->signal;
	u64 user = 0, system = 0, now, *expires, *interval;
	unsigned long flags;

	if (which != ITIMER_REAL)
		process_cpu_times(t, &user, &system);
	now = which == ITIMER_PROF ? user + system : user;
	flags = spin_lock_irqsave(&t->sighand->lock);
	if (which == ITIMER_REAL) {
		real_get_locked(s, old);
		if (new)
			real_set_locked(s, new);
	} else {
		cpu_fields(s, which, &expires, &interval);
		cpu_get(*expires, *interval, now, old);
		if (new) {
			*expires = new->value_ns ? deadline_add(now, new->value_ns) : 0;
			*interval = new->interval_ns;
		}
	}
	spin_unlock_irqrestore(&t->sighand->lock, flags);
}

static void cpu_check_locked(struct task *t, int which, u64 now)
{
	u64 *expires, *interval;

	cpu_fields(t->signal, which, &expires, &interval);
	if (!*expires || now < *expires)
		return;
	*expires = *interval ? *expires + *interval : 0;
	(void)signal_send_locked(which == ITIMER_PROF ? SIGPROF : SIGVTALRM, NULL, t, true, true);
}

/* The soft limit sends SIGXCPU and moves on by a second; the hard one kills. */
static void limit_check_locked(struct task *t, u64 used_ns)
{
	struct rlimit_pair *l = &t->signal->limits[RLIMIT_CPU];
	u64 used_seconds = used_ns / NSEC_PER_SEC;

	if (l->max_limit != LIMIT_NONE && used_seconds >= l->max_limit) {
		(void)signal_send_locked(SIGKILL, NULL, t, true, true);
		return;
	}
	if (l->current_limit != LIMIT_NONE && used_seconds >= l->current_limit) {
		(void)signal_send_locked(SIGXCPU, NULL, t, true, true);
		WRITE_ONCE(l->current_limit, l->current_limit + 1);
	}
}

/* A real-time thread that has not slept for so long (microseconds). The soft limit moves on by a second. */
static void rt_limit_check_locked(struct task *t)
{
	struct rlimit_pair *l = &t->signal->limits[RLIMIT_RTTIME];
	u64 run_us = t->sched.rt_run_ns / NSEC_PER_USEC;

	if (l->max_limit != LIMIT_NONE && run_us > l->max_limit) {
		(void)signal_send_locked(SIGKILL, NULL, t, true, true);
		return;
	}
	if (l->current_limit != LIMIT_NONE && run_us > l->current_limit) {
		(void)signal_send_locked(SIGXCPU, NULL, t, true, true);
		WRITE_ONCE(l->current_limit, l->current_limit + 1000000);
	}
}

static void rt_limit_check(struct task *t)
{
	unsigned long flags;

	if (t->signal->limits[RLIMIT_RTTIME].current_limit == LIMIT_NONE || !t->sched.rt_run_ns)
		return;
	flags = spin_lock_irqsave(&t->sighand->lock);
	rt_limit_check_locked(t);
	spin_unlock_irqrestore(&t->sighand->lock, flags);
}

void itimer_tick(struct task *t)
{
	struct signal *s = t->signal;
	unsigned long flags;
	u64 user, system;

	if ((t->flags & (PF_EXITING | PF_KTHREAD)) || !s)
		return;
	rt_limit_check(t);
	if (!s->prof_expires_ns && !s->virt_expires_ns && s->limits[RLIMIT_CPU].current_limit == LIMIT_NONE &&
	    s->limits[RLIMIT_CPU].max_limit == LIMIT_NONE)
		return;
	process_cpu_times(t, &user, &system);
	flags = spin_lock_irqsave(&t->sighand->lock);
	cpu_check_locked(t, ITIMER_VIRTUAL, user);
	cpu_check_locked(t, ITIMER_PROF, user + system);
	limit_check_locked(t, user + system);
	spin_unlock_irqrestore(&t->sighand->lock, flags);
}

void timers_group_dead(struct signal *s)
{
	unsigned long flags = spin_lock_irqsave(&current->sighand->lock);

	s->real_interval_ns = 0;
	s->prof_expires_ns = s->virt_expires_ns = 0;
	spin_unlock_irqrestore(&current->sighand->lock, flags);
	if (timer_was_started(&s->real_timer))
		timer_cancel(&s->real_timer);
	if (!list_is_empty(&s->posix_timers))
		posix_timers_delete_all(s, true);
}

void timers_exec(struct signal *s)
{
	if (!list_is_empty(&s->posix_timers))
		posix_timers_delete_all(s, false);
}

/* -- the calls -- */

static bool is_kind(int which) { return which == ITIMER_REAL || which == ITIMER_VIRTUAL || which == ITIMER_PROF; }

static int put_setting(uptr addr, const struct setting *s)
{
	struct __kernel_old_itimerval v;

	v.it_interval.tv_sec = (long)(s->interval_ns / NSEC_PER_SEC);
	v.it_interval.tv_usec = (long)(s->interval_ns % NSEC_PER_SEC / NSEC_PER_USEC);
	v.it_value.tv_sec = (long)(s->value_ns / NSEC_PER_SEC);
	v.it_value.tv_usec = (long)(s->value_ns % NSEC_PER_SEC / NSEC_PER_USEC);

	return copy_to_user(addr, &v, sizeof(v));
}

static int timeval_ns(u64 *ns, const struct __kernel_old_timeval *tv)
{
	struct __kernel_timespec ts = { .tv_sec = tv->tv_sec, .tv_nsec = tv->tv_usec * (long)NSEC_PER_USEC };

	if (tv->tv_usec < 0 || tv->tv_usec >= 1000000)
		return -EINVAL;
	return timespec_to_ns(ns, &ts);
}

static int get_setting(struct setting *s, uptr addr)
{
	struct __kernel_old_itimerval v;
	int err;

	*s = (struct setting){ 0, 0 };
	if (!addr)		/* Linux takes no new value for zero */
		return 0;
	if (copy_from_user(&v, addr, sizeof(v)))
		return -EFAULT;
	err = timeval_ns(&s->interval_ns, &v.it_interval);
	return err ? err : timeval_ns(&s->value_ns, &v.it_value);
}

long sys_getitimer(int which, uptr value)
{
	struct setting now;

	if (!is_kind(which))
		return -EINVAL;
	exchange(which, NULL, &now);
	return put_setting(value, &now);
}

long sys_setitimer(int which, uptr value, uptr old)
{
	struct setting new, before;
	int err = get_setting(&new, value);

	if (err)
		return err;
	if (!is_kind(which))
		return -EINVAL;
	exchange(which, &new, &before);
	return old ? put_setting(old, &before) : 0;
}

long sys_alarm(unsigned seconds)
{
	struct setting new = { .value_ns = MIN(seconds, 0x7fffffffU) * NSEC_PER_SEC }, old;
	u64 left;

	exchange(ITIMER_REAL, &new, &old);
	left = old.value_ns / NSEC_PER_SEC;
	/* never 0 while one is set; else to the nearest second */
	if ((!left && old.value_ns) || old.value_ns % NSEC_PER_SEC >= NSEC_PER_SEC / 2)
		left++;
	return (long)left;
}
