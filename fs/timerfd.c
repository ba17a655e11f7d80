/*
 * fs/timerfd.c: a timer as a file: a read gives how often it has expired since the last one.
 * A periodic timer is not restarted by its expiry but by the next look at it (read, timerfd_gettime), which counts what
 * has gone by meanwhile: an unread timer costs nothing. Nothing here suspends, so an alarm clock is as its plain one.
 *
 * An absolute time on CLOCK_REALTIME follows when the date is set; with TFD_TIMER_CANCEL_ON_SET that also ends the read
 * with ECANCELED, once.
 * Way in: the calls; the kernel timer's handler; timerfd_clock_was_set from time/clock.c.
 * Locks: dates_lock for the list of timers on the date, then wait.lock for a timer; the handler takes the latter, so
 * under it timers are only tried to be cancelled, and the handler looks whether it is still meant.
 * Errors: EINVAL, EBADF, EFAULT, EPERM (alarm clocks without CAP_WAKE_ALARM), EAGAIN, ECANCELED, ERESTARTSYS, ENOMEM.
 * Source: timerfd_create(2), Linux 6.1.
 */
#include "fs/internal.h"
#include "base/printk.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "namespace/time_ns.h"
#include "syscall/define.h"
#include "task/task.h"
#include "time/clocks.h"
#include <linux/capability.h>
#include <linux/eventpoll.h>
#include <linux/time.h>
#include <linux/timerfd.h>

struct timerfd {
	struct waitqueue wait;		/* wait.lock guards all below */
	struct timer timer;
	struct list date_node;		/* in date_timers, while it waits for a date; dates_lock */
	int clock;			/* as timerfd_create was given it */
	unsigned settime_flags;
	bool is_on_date;		/* expires_ns is a date */
	bool may_cancel, is_cancelled;	/* TFD_TIMER_CANCEL_ON_SET; the date was set since anybody was told */
	bool is_armed, is_expired;	/* the kernel timer runs; it has fired and nobody has looked */
	u64 expires_ns, interval_ns;	/* the next expiry, or the last one of a timer that has fired; 0: disarmed */
	u64 ticks;
};

SLAB_CACHE(timerfd_cache, struct timerfd);
static struct spinlock dates_lock = SPINLOCK_INIT(RANK_TIMER_USER);
static struct list date_timers = LIST_INIT(date_timers);
static const struct file_ops timerfd_fops;

static bool clock_is_date(int clock) { return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM; }

static u64 now_of(const struct timerfd *t) { return t->is_on_date ? time_real_ns() : time_now_ns(); }

static void arm_locked(struct timerfd *t)
{
	u64 now = now_of(t), left = t->expires_ns > now ? t->expires_ns - now : 0;

	t->is_armed = true;
	timer_start(&t->timer, deadline_add(time_now_ns(), left));
}

static void tick_locked(struct timerfd *t)
{
	t->ticks++;
	wake_up_n_locked(&t->wait, 1, EPOLLIN);
}

static void fired(struct timer *timer)
{
	struct timerfd *t = container_of(timer, struct timerfd, timer);
	unsigned long flags = spin_lock_irqsave(&t->wait.lock);

	/* It may have been set anew, or the date been put back, while the handler was on its way. */
	if (t->is_armed && now_of(t) >= t->expires_ns) {
		t->is_armed = false;
		t->is_expired = true;
		tick_locked(t);
	} else if (t->is_armed) {
		arm_locked(t);
	}
	spin_unlock_irqrestore(&t->wait.lock, flags);
}

/* A periodic timer that has fired goes on: the intervals that have passed since are counted and the next one starts. */
static u64 go_on_locked(struct timerfd *t)
{
	u64 now = now_of(t), passed = 0;

	if (!t->is_expired || !t->interval_ns)
		return 0;
	if (now >= t->expires_ns)
		passed = (now - t->expires_ns) / t->interval_ns + 1;
	t->expires_ns = deadline_add(t->expires_ns, passed * t->interval_ns);
	t->is_expired = false;
	arm_locked(t);
	return passed ? passed - 1 : 0;	/* the first is in ticks already */
}

static u64 left_locked(const struct timerfd *t)
{
	u64 now = now_of(t);
	return t->is_armed && t->expires_ns > now ? t->expires_ns - now : 0;
}

/* Once for each time that the date was set. */
static bool take_cancelled_locked(struct timerfd *t)
{
	bool is_cancelled = t->may_cancel && t->is_cancelled;

	if (is_cancelled)
		t->is_cancelled = false;
	return is_cancelled;
}

void timerfd_clock_was_set(void)
{
	struct timerfd *t;
	unsigned long flags = spin_lock_irqsave(&dates_lock);

	list_for_each(t, &date_timers, date_node) {
		spin_lock(&t->wait.lock);
		if (t->is_armed)
			arm_locked(t);
		if (t->may_cancel) {
			t->is_cancelled = true;
			tick_locked(t);
		}
		spin_unlock(&t->wait.lock);
	}
	spin_unlock_irqrestore(&dates_lock, flags);
}

/* What a read takes: *n expiries, any number; 0: nothing yet. 0 or -ECANCELED. */
static int ticks_take(struct timerfd *t, u64 *n)
{
	unsigned long flags = spin_lock_irqsave(&t->wait.lock);
	bool is_cancelled = t->ticks && take_cancelled_locked(t);

	*n = 0;
	if (is_cancelled) {
		t->is_expired = false;
	} else {
		*n = t->ticks ? t->ticks + go_on_locked(t) : 0;
		t->is_expired = t->is_expired && !*n;
	}
	t->ticks = 0;
	spin_unlock_irqrestore(&t->wait.lock, flags);
	return is_cancelled ? -ECANCELED : 0;
}

static ssize_t timerfd_read(struct file *f, uptr buf, size_t size, loff *pos)
{
	struct timerfd *t = f->private;
	u64 n;

	if (size < sizeof(n))
		return -EINVAL;
	int err = ticks_take(t, &n);
	while (!err && !n) {
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(&t->wait, READ_ONCE(t->ticks) != 0);
		if (!err)
			err = ticks_take(t, &n);
	}
	if (err)
		return err;
	return put_user_u64(n, buf) ? -EFAULT : (ssize_t)sizeof(n);
}

static unsigned timerfd_poll(struct file *f, struct poll_table *pt)
{
	struct timerfd *t = f->private;

	poll_wait(f, &t->wait, pt);
	return READ_ONCE(t->ticks) ? EPOLLIN : 0;
}

/* What restores a saved process uses: the count as it was. */
static long timerfd_ioctl(struct file *f, unsigned cmd, uptr arg)
{
	struct timerfd *t = f->private;
	u64 ticks;

	if (cmd != TFD_IOC_SET_TICKS)
		return -ENOTTY;
	if (get_user_u64(&ticks, arg))
		return -EFAULT;
	if (!ticks)
		return -EINVAL;
	unsigned long flags = spin_lock_irqsave(&t->wait.lock);
	bool is_cancelled = take_cancelled_locked(t);
	if (!is_cancelled) {
		t->ticks = ticks;
		wake_up_n_locked(&t->wait, 1, EPOLLIN);
	}
	spin_unlock_irqrestore(&t->wait.lock, flags);
	return is_cancelled ? -ECANCELED : 0;
}

static void watch_date(struct timerfd *t, bool is_watched)
{
	unsigned long flags = spin_lock_irqsave(&dates_lock);

	list_remove(&t->date_node);
	if (is_watched)
		list_push_back(&date_timers, &t->date_node);
	spin_unlock_irqrestore(&dates_lock, flags);
}

static void timerfd_free(struct timerfd *t)
{
	watch_date(t, false);
	timer_cancel(&t->timer);
	slab_free(&timerfd_cache, t);
}

static void timerfd_release(struct file *f)
{
	struct timerfd *t = f->private;
	unsigned long flags = spin_lock_irqsave(&t->wait.lock);

	t->is_armed = false;	/* a handler that is on its way does not start it again */
	spin_unlock_irqrestore(&t->wait.lock, flags);
	timerfd_free(t);
}

static void timerfd_show(struct file *f, const struct pid_ns *ns, char *buf, size_t size)
{
	struct timerfd *t = f->private;
	unsigned long flags = spin_lock_irqsave(&t->wait.lock);
	u64 ticks = t->ticks, value_ns = left_locked(t), interval_ns = t->interval_ns;
	unsigned settime_flags = t->settime_flags;

	spin_unlock_irqrestore(&t->wait.lock, flags);
	snprintf(buf, size, "clockid: %d\nticks: %lu\nsettime flags: 0%o\nit_value: (%lu, %lu)\nit_interval: (%lu, %lu)\n",
		 t->clock, (unsigned long)ticks, settime_flags, (unsigned long)(value_ns / NSEC_PER_SEC),
		 (unsigned long)(value_ns % NSEC_PER_SEC), (unsigned long)(interval_ns / NSEC_PER_SEC),
		 (unsigned long)(interval_ns % NSEC_PER_SEC));
}

static const struct file_ops timerfd_fops = {
	.read = timerfd_read,
	.poll = timerfd_poll,
	.seek = still_seek,
	.ioctl = timerfd_ioctl,
	.release = timerfd_release,
	.show_fdinfo = timerfd_show,
};

/* -- calls -- */
long sys_timerfd_create(int clock, int flags)
{
	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	if (clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME && !clock_is_date(clock) && !clock_is_alarm(clock))
		return -EINVAL;
	if (clock_is_alarm(clock) && !capable(CAP_WAKE_ALARM))
		return -EPERM;
	struct timerfd *t = slab_zalloc(&timerfd_cache);
	if (!t)
		return -ENOMEM;
	waitqueue_init(&t->wait);
	timer_init(&t->timer, fired);
	list_init(&t->date_node);
	t->clock = clock;
	struct file *f = file_anon("anon_inode:[timerfd]", FMODE_READ | FMODE_WRITE | FMODE_NONSEEK,
				   O_RDWR | ((unsigned)flags & O_NONBLOCK), &timerfd_fops, t);
	if (IS_ERR(f)) {
		timerfd_free(t);
		return PTR_ERR(f);
	}
	int fd = fd_install_new(f, (unsigned)flags & O_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

/* A reference on fd's file, or ERR_PTR. */
static struct file *timerfd_get(int fd)
{
	struct file *f = fd_get(fd);

	if (!f)
		return ERR_PTR(-EBADF);
	if (f->ops == &timerfd_fops)
		return f;
	file_put(f);
	return ERR_PTR(-EINVAL);
}

static int put_itimerspec(uptr addr, u64 value_ns, u64 interval_ns)
{
	int err = put_timespec_ns(interval_ns, addr);

	return err ? err : put_timespec_ns(value_ns, addr + sizeof(struct __kernel_timespec));
}

/* Both times; EFAULT of either before EINVAL of the other. */
static int get_itimerspec(u64 *value_ns, u64 *interval_ns, uptr addr)
{
	int err = get_timespec_ns(interval_ns, addr);
	int err2 = get_timespec_ns(value_ns, addr + sizeof(struct __kernel_timespec));

	return err == -EFAULT || !err2 ? err : err2;
}

/* 0, or -ECANCELED: set, but the date had changed under an earlier setting that asked to be told. */
static int set(struct timerfd *t, unsigned how, u64 value_ns, u64 interval_ns, u64 *old_value_ns, u64 *old_interval_ns)
{
	bool is_date = clock_is_date(t->clock) && (how & TFD_TIMER_ABSTIME);
	bool may_cancel = is_date && (how & TFD_TIMER_CANCEL_ON_SET);

	watch_date(t, is_date && (value_ns || may_cancel));
	unsigned long flags = spin_lock_irqsave(&t->wait.lock);
	(void)go_on_locked(t);
	*old_value_ns = left_locked(t);
	*old_interval_ns = t->interval_ns;
	timer_try_cancel(&t->timer);
	t->may_cancel = may_cancel;
	t->settime_flags = how;
	t->is_on_date = is_date;
	t->is_armed = t->is_expired = false;
	t->ticks = 0;
	t->interval_ns = interval_ns;
	t->expires_ns = 0;
	if (value_ns) {
		t->expires_ns = how & TFD_TIMER_ABSTIME ? clock_meant_ns(t->clock, value_ns) : deadline_add(now_of(t), value_ns);
		arm_locked(t);
	}
	bool is_cancelled = take_cancelled_locked(t);
	spin_unlock_irqrestore(&t->wait.lock, flags);
	return is_cancelled ? -ECANCELED : 0;
}

long sys_timerfd_settime(int fd, int how, uptr new, uptr old)
{
	u64 value_ns, interval_ns, old_value_ns, old_interval_ns;
	int err = get_itimerspec(&value_ns, &interval_ns, new);

	if (!err && (how & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)))
		err = -EINVAL;
	if (err)
		return err;
	struct file *f = timerfd_get(fd);
	if (IS_ERR(f))
		return PTR_ERR(f);
	struct timerfd *t = f->private;
	if (clock_is_alarm(t->clock) && !capable(CAP_WAKE_ALARM))
		err = -EPERM;
	else
		err = set(t, (unsigned)how, value_ns, interval_ns, &old_value_ns, &old_interval_ns);
	file_put(f);
	if ((!err || err == -ECANCELED) && old && put_itimerspec(old, old_value_ns, old_interval_ns))
		return -EFAULT;
	return err;
}

long sys_timerfd_gettime(int fd, uptr value)
{
	struct file *f = timerfd_get(fd);

	if (IS_ERR(f))
		return PTR_ERR(f);
	struct timerfd *t = f->private;
	unsigned long flags = spin_lock_irqsave(&t->wait.lock);
	t->ticks += go_on_locked(t);
	u64 value_ns = left_locked(t), interval_ns = t->interval_ns;
	spin_unlock_irqrestore(&t->wait.lock, flags);
	file_put(f);
	return put_itimerspec(value, value_ns, interval_ns);
}
