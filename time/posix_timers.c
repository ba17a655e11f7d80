/*
 * time/posix_timers.c: timer_create and its kin.
 * A timer's signal is queued once at most; expiries while it is queued are counted as overruns when it is taken, and
 * only then does the next interval start. A timer on CPU time sleeps as long as its clock could at best need, then
 * looks.
 * Way in: the calls; the kernel timer's handler; the signal queue (posix_timer_delivered_locked).
 * Locks: the group's sighand->lock for a timer and the group's list; the handler finds the group under tasklist_lock.
 * dates_lock for the list of timers on the date. Errors: EINVAL, EAGAIN, EOPNOTSUPP, EFAULT.
 * Source: timer_create(2), timer_settime(2), timer_getoverrun(2), sigevent(7).
 */
#include "time/posix_timers.h"
#include "time/clocks.h"
#include "namespace/time_ns.h"
#include "signal/internal.h"
#include "syscall/define.h"
#include "base/string.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include <linux/capability.h>
#include <linux/time.h>

struct posix_timer {
	struct list node;		/* in signal->posix_timers */
	struct list date_node;		/* in date_timers, while it waits for a date; dates_lock */
	struct timer timer;
	int id, clock;
	int notify;			/* SIGEV_SIGNAL, SIGEV_NONE */
	bool is_deleted, is_armed;
	bool to_thread;			/* SIGEV_THREAD_ID: target is the thread, else any of the group */
	struct task *target;		/* reference */
	struct signal *signal;		/* borrowed: the group whose timer it is, which outlives it */
	struct cpu_clock cpu;		/* cpu.task: reference; NULL: not on CPU time */
	u64 expires_ns;			/* on its clock; 0: never set, or disarmed */
	u64 interval_ns;
	u64 overruns, overruns_taken;	/* since the signal was queued; of the last one taken */
	struct pending_signal *queued;	/* owned; its node is in a pending queue, or empty */
};
SLAB_CACHE(posix_timer_cache, struct posix_timer);

static struct spinlock dates_lock = SPINLOCK_INIT(RANK_TIMER_USER);
static struct list date_timers = LIST_INIT(date_timers);

static u64 now_of(const struct posix_timer *t)
{
	u64 ns = 0;

	if (t->cpu.task)
		return cpu_clock_ns(&t->cpu);
	(void)!clock_read_ns(t->clock, &ns);
	return ns;
}

static bool is_on_date(const struct posix_timer *t) { return clock_follows_date(t->clock); }

/* Sets the kernel timer so that it comes when expires_ns can be reached at the earliest. now: on t's clock. */
static void arm_locked(struct posix_timer *t, u64 now)
{
	u64 left = t->expires_ns > now ? t->expires_ns - now : 0;

	if (t->cpu.task)
		left = MAX(left, TICK_NS);
	t->is_armed = true;
	timer_start(&t->timer, deadline_add(time_now_ns(), left));
}

static void watch_date(struct posix_timer *t, bool is_watched)
{
	unsigned long flags = spin_lock_irqsave(&dates_lock);

	list_remove(&t->date_node);
	if (is_watched)
		list_push_back(&date_timers, &t->date_node);
	spin_unlock_irqrestore(&dates_lock, flags);
}

/* Moves expires_ns past now; returns how many intervals that were. */
static u64 forward_locked(struct posix_timer *t, u64 now)
{
	u64 n;

	if (t->expires_ns > now)
		return 0;
	n = (now - t->expires_ns) / t->interval_ns + 1;
	t->expires_ns = deadline_add(t->expires_ns, n * t->interval_ns);
	return n;
}

/* Queues the signal. False: it is ignored. */
static bool queue_signal_locked(struct posix_timer *t)
{
	struct pending_signal *q = t->queued;
	int sig = q->info.si_signo;

	if (!list_is_empty(&q->node)) {
		t->overruns++;
		return true;
	}
	if (!signal_prepare_locked(sig, t->target, false))
		return false;
	t->overruns = 0;
	q->info.si_overrun = 0;
	pending_add_locked(t->to_thread ? &t->target->pending : &t->signal->shared_pending, sig, q);
	signal_complete_locked(sig, t->target, !t->to_thread);
	return true;
}

static void expire_locked(struct posix_timer *t, u64 now)
{
	t->is_armed = false;
	if (t->notify == SIGEV_NONE)
		return;
	/* An ignored signal is never taken: a periodic timer goes on by itself, but not so fast that the CPU did nothing else. */
	if (!queue_signal_locked(t) && t->interval_ns) {
		t->overruns += forward_locked(t, t->interval_ns < TICK_NS ? now + TICK_NS : now);
		arm_locked(t, now);
	}
}

static void fired(struct timer *timer)
{
	struct posix_timer *t = container_of(timer, struct posix_timer, timer);
	u64 now = now_of(t);
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct sighand *sighand = t->signal->leader->sighand;

	spin_lock(&sighand->lock);
	if (t->is_armed && !t->is_deleted) {
		if (now < t->expires_ns)
			arm_locked(t, now);
		else
			expire_locked(t, now);
	}
	spin_unlock(&sighand->lock);
	spin_unlock_irqrestore(&tasklist_lock, flags);
}

/* The clock is not asked: it may need locks that are held here. What the kernel timer measured tells as much. */
void posix_timer_delivered_locked(struct posix_timer *t, struct signal_info *info)
{
	u64 late, n = t->overruns;

	if (t->interval_ns && !t->is_armed && !t->is_deleted) {
		late = time_now_ns() - t->timer.expires_ns;
		t->expires_ns = deadline_add(t->expires_ns, t->interval_ns);
		if (late >= t->interval_ns && !t->cpu.task) {
			n += late / t->interval_ns;
			t->expires_ns = deadline_add(t->expires_ns, late / t->interval_ns * t->interval_ns);
		}
		late = t->cpu.task ? 0 : late % t->interval_ns;
		t->is_armed = true;
		timer_start(&t->timer, deadline_add(time_now_ns(), t->interval_ns - late));
	}
	t->overruns_taken = MIN(n, (u64)INT32_MAX);
	t->overruns = 0;
	info->si_overrun = (int)t->overruns_taken;
}

/* The date jumped: whoever waits for a date looks again. The handler arms itself anew if it is too early. */
void posix_timers_clock_was_set(void)
{
	unsigned long flags = spin_lock_irqsave(&dates_lock);
	struct posix_timer *t;

	list_for_each(t, &date_timers, date_node) {
		if (timer_try_cancel(&t->timer))
			timer_start(&t->timer, time_now_ns());
	}
	spin_unlock_irqrestore(&dates_lock, flags);
}

/* -- making and deleting -- */

static void timer_free(struct posix_timer *t)
{
	watch_date(t, false);
	timer_cancel(&t->timer);
	if (t->queued) {
		t->queued->timer = NULL;
		pending_signal_free(t->queued);
	}
	task_put(t->target);
	task_put(t->cpu.task);
	slab_free(&posix_timer_cache, t);
}

static struct pending *pending_of(struct posix_timer *t)
{
	return t->to_thread ? &t->target->pending : &t->signal->shared_pending;
}

/* Takes the timer out of all lists; its signal goes with it. What a dead process had pending is still told of. */
static void unlink_locked(struct posix_timer *t, bool is_told)
{
	struct pending *p = pending_of(t);
	struct pending_signal *q;
	int sig = t->queued->info.si_signo;

	t->is_deleted = true;
	t->is_armed = false;
	list_remove(&t->node);
	if (list_is_empty(&t->queued->node))
		return;
	list_remove(&t->queued->node);
	if (is_told)
		return;
	list_for_each(q, &p->queue, node) {
		if (q->info.si_signo == sig)
			return;
	}
	p->set &= ~SIG_BIT(sig);
}

void posix_timers_delete_all(struct signal *s, bool is_dead)
{
	struct posix_timer *t;
	unsigned long flags;

	for (;;) {
		flags = spin_lock_irqsave(&current->sighand->lock);
		t = list_is_empty(&s->posix_timers) ? NULL : list_first(&s->posix_timers, struct posix_timer, node);
		if (t)
			unlink_locked(t, is_dead);
		spin_unlock_irqrestore(&current->sighand->lock, flags);
		if (!t)
			return;
		timer_free(t);
	}
}

int posix_timers_look(struct task *task, int skip, struct posix_timer_facts *facts, int n)
{
	unsigned long flags;
	struct sighand *sighand = sighand_lock(task, &flags);
	struct posix_timer *t;
	int found = 0;

	if (!sighand)
		return 0;
	struct list *all = &task->signal->posix_timers;
	for (struct list *at = all->prev; at != all && found < n; at = at->prev) {
		if (skip-- > 0)
			continue;
		t = list_entry(at, struct posix_timer, node);
		facts[found++] = (struct posix_timer_facts){
			.id = t->id, .signal = t->queued->info.si_signo, .clock = t->clock, .notify = t->notify,
			.target = task_tid_seen(t->target), .to_thread = t->to_thread,
			.value = (unsigned long)t->queued->info.si_value.sival_ptr,
		};
	}
	spin_unlock_irqrestore(&sighand->lock, flags);
	return found;
}

static struct posix_timer *find_locked(int id)
{
	struct posix_timer *t;

	list_for_each(t, &current->signal->posix_timers, node) {
		if (t->id == id)
			return t;
	}
	return NULL;
}

static int check_clock(int clock, struct cpu_clock *cpu)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		return 0;
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		return capable(CAP_WAKE_ALARM) ? 0 : -EPERM;
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_REALTIME_COARSE:
		return -EOPNOTSUPP;
	default:
		return cpu_clock_find(clock, cpu);
	}
}

/* What is to happen on expiry. */
static int set_event(struct posix_timer *t, const sigevent_t *e)
{
	struct signal_info *info = &t->queued->info;
	int notify = e->sigev_notify & ~SIGEV_THREAD_ID;

	memset(info, 0, sizeof(*info));
	if (e->sigev_notify == (SIGEV_SIGNAL | SIGEV_THREAD_ID)) {
		t->target = task_find(e->sigev_notify_thread_id);
		t->to_thread = true;
		if (!t->target || t->target->signal != current->signal)
			return -EINVAL;
	} else if (notify != e->sigev_notify) {
		return -EINVAL;
	} else {
		t->target = task_get(current->leader);
	}
	if (notify != SIGEV_NONE && notify != SIGEV_SIGNAL && notify != SIGEV_THREAD)
		return -EINVAL;
	if (notify != SIGEV_NONE && (e->sigev_signo <= 0 || e->sigev_signo > SIGNALS))
		return -EINVAL;
	t->notify = notify;
	info->si_signo = notify == SIGEV_NONE ? SIGALRM : e->sigev_signo;
	info->si_value = e->sigev_value;
	return 0;
}

/* Gives t a number that no timer of the group has; the list is walked, as programs have few. From here on another thread may
 * delete it. is_value: the number is also what the signal says. Returns it. */
static int link_timer(struct posix_timer *t, bool is_value)
{
	struct signal *s = current->signal;
	unsigned long flags = spin_lock_irqsave(&current->sighand->lock);
	int id;

	do {
		id = t->id = s->next_timer_id;
		s->next_timer_id = s->next_timer_id == INT32_MAX ? 0 : s->next_timer_id + 1;
	} while (find_locked(id));
	t->queued->info.si_tid = id;
	t->queued->info.si_code = SI_TIMER;
	if (is_value)
		t->queued->info.si_int = id;
	list_push_back(&s->posix_timers, &t->node);
	spin_unlock_irqrestore(&current->sighand->lock, flags);
	return id;
}

/* ERR_PTR. */
static struct posix_timer *timer_new(int clock)
{
	struct posix_timer *t = slab_zalloc(&posix_timer_cache);
	int err = -EAGAIN;

	if (!t)
		return ERR_PTR(-EAGAIN);
	list_init(&t->date_node);
	timer_init(&t->timer, fired);
	t->clock = clock;
	t->signal = current->signal;
	t->queued = pending_signal_new(current, SIGALRM, false);
	if (t->queued) {
		t->queued->timer = t;
		err = check_clock(clock, &t->cpu);
	}
	if (err) {
		timer_free(t);
		return ERR_PTR(err);
	}
	return t;
}

long sys_timer_create(int clock, uptr event, uptr id_addr)
{
	struct cpu_clock probe = { 0 };
	struct posix_timer *t;
	sigevent_t e;

	if (event && copy_from_user(&e, event, sizeof(e)))
		return -EFAULT;
	int err = check_clock(clock, &probe);
	task_put(probe.task);
	if (err)
		return err;
	t = timer_new(clock);
	if (IS_ERR(t))
		return PTR_ERR(t);
	if (!event) {
		memset(&e, 0, sizeof(e));
		e.sigev_notify = SIGEV_SIGNAL;
		e.sigev_signo = SIGALRM;
	}
	err = set_event(t, &e);
	if (err) {
		timer_free(t);
		return err;
	}
	int id = link_timer(t, !event);
	if (!put_user_u32((u32)id, id_addr))
		return 0;
	(void)sys_timer_delete(id);
	return -EFAULT;
}

long sys_timer_delete(int id)
{
	unsigned long flags = spin_lock_irqsave(&current->sighand->lock);
	struct posix_timer *t = find_locked(id);

	if (t)
		unlink_locked(t, false);
	spin_unlock_irqrestore(&current->sighand->lock, flags);
	if (!t)
		return -EINVAL;
	timer_free(t);
	return 0;
}

/* -- setting and asking -- */

/* now: on t's clock. */
static void get_locked(struct posix_timer *t, u64 now, u64 *value_ns, u64 *interval_ns)
{
	u64 expires = t->expires_ns;
	bool is_none = t->notify == SIGEV_NONE;

	*interval_ns = t->interval_ns;
	*value_ns = 0;
	if (!expires || (!t->interval_ns && !t->is_armed && !is_none))
		return;
	if (t->interval_ns && expires <= now && (!t->is_armed || is_none))
		expires += ((now - expires) / t->interval_ns + 1) * t->interval_ns;
	if (expires > now)
		*value_ns = expires - now;
	else if (!is_none)
		*value_ns = 1;		/* about to fire: not yet 0 */
}

static void set_locked(struct posix_timer *t, u64 now, u64 value_ns, u64 interval_ns, bool is_absolute)
{
	timer_try_cancel(&t->timer);
	t->is_armed = false;
	t->interval_ns = interval_ns;
	t->overruns = t->overruns_taken = 0;
	t->expires_ns = 0;
	if (!value_ns)
		return;
	t->expires_ns = is_absolute ? clock_meant_ns(t->clock, value_ns) : deadline_add(now, value_ns);
	if (t->notify != SIGEV_NONE)
		arm_locked(t, now);
}

static int put_itimerspec(uptr addr, u64 value_ns, u64 interval_ns)
{
	int err = put_timespec_ns(interval_ns, addr);

	return err ? err : put_timespec_ns(value_ns, addr + sizeof(struct __kernel_timespec));
}

/* The timer and the time on its clock; the lock is held when this returns a timer. A CPU clock is read unlocked. */
static struct posix_timer *find_with_time(int id, u64 *now, unsigned long *flags)
{
	struct posix_timer *t;
	struct cpu_clock c;
	int clock;

	*flags = spin_lock_irqsave(&current->sighand->lock);
	t = find_locked(id);
	if (t && !t->cpu.task) {
		*now = now_of(t);
		return t;
	}
	if (t) {
		c = t->cpu;
		task_get(c.task);
		clock = t->clock;
	}
	spin_unlock_irqrestore(&current->sighand->lock, *flags);
	if (!t)
		return NULL;
	*now = cpu_clock_ns(&c);
	task_put(c.task);
	*flags = spin_lock_irqsave(&current->sighand->lock);
	t = find_locked(id);
	if (t && t->clock == clock)
		return t;
	spin_unlock_irqrestore(&current->sighand->lock, *flags);
	return NULL;
}

long sys_timer_settime(int id, int how, uptr new, uptr old)
{
	u64 value_ns, interval_ns, old_value_ns, old_interval_ns, now;
	unsigned long flags;
	struct posix_timer *t;
	int err;

	if (!new)
		return -EINVAL;
	err = get_timespec_ns(&interval_ns, new);
	if (!err || err == -EINVAL) {
		int err2 = get_timespec_ns(&value_ns, new + sizeof(struct __kernel_timespec));

		err = err2 == -EFAULT || !err ? err2 : err;
	}
	if (err)
		return err;
	t = find_with_time(id, &now, &flags);
	if (!t)
		return -EINVAL;
	get_locked(t, now, &old_value_ns, &old_interval_ns);
	set_locked(t, now, value_ns, interval_ns, how & TIMER_ABSTIME);
	watch_date(t, is_on_date(t) && value_ns && (how & TIMER_ABSTIME));
	spin_unlock_irqrestore(&current->sighand->lock, flags);
	return old ? put_itimerspec(old, old_value_ns, old_interval_ns) : 0;
}

long sys_timer_gettime(int id, uptr value)
{
	u64 value_ns, interval_ns, now;
	unsigned long flags;
	struct posix_timer *t = find_with_time(id, &now, &flags);

	if (!t)
		return -EINVAL;
	get_locked(t, now, &value_ns, &interval_ns);
	spin_unlock_irqrestore(&current->sighand->lock, flags);
	return put_itimerspec(value, value_ns, interval_ns);
}

long sys_timer_getoverrun(int id)
{
	unsigned long flags = spin_lock_irqsave(&current->sighand->lock);
	struct posix_timer *t = find_locked(id);
	long n = t ? (long)t->overruns_taken : -EINVAL;

	spin_unlock_irqrestore(&current->sighand->lock, flags);
	return n;
}
