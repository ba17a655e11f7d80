/*
 * time/adjtime.c: adjtimex and clock_adjtime: what a time daemon reads and keeps of the clock's discipline. The clock
 * itself runs as the machine's does: its status, errors, time constant and TAI offset are kept, the date can be moved
 * (ADJ_SETOFFSET), but its rate cannot be changed: another frequency or tick, or an offset to be worked off, is
 * refused.
 * Way in: the calls. Locks: adjtime_lock. Errors: EFAULT, EINVAL, EOPNOTSUPP (a clock that is not the date), EPERM.
 * Source: adjtimex(2), Linux 6.1's order of checks.
 */
#include "time/clocks.h"
#include "base/errno.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/capability.h>
#include <linux/time.h>
#include <linux/timex.h>

#define ADJ_OLD 0x8000u			/* the old adjtime: singleshot, and its reading form */
#define ADJ_OLD_READS 0x2000u
#define ERROR_MAX 16000000
#define CONSTANT_MAX 10
#define CONSTANT_SHIFT 4		/* how the coarser scale is told */
#define TAI_MAX 100000
#define TICK_USEC 10000
#define TICK_LOW (900000 / 100)
#define TICK_HIGH (1100000 / 100)
#define TOLERANCE (500LL << 16)		/* 500 parts in a million */

static struct spinlock adjtime_lock = SPINLOCK_INIT(RANK_TIMER_USER);
static struct discipline {
	long long max_error, estimated_error, constant;
	int status, tai;
} state = { .max_error = ERROR_MAX, .estimated_error = ERROR_MAX, .constant = 2, .status = STA_UNSYNC };	/* adjtime_lock */

s64 time_tai_offset_ns(void) { return READ_ONCE(state.tai) * (s64)NSEC_PER_SEC; }

/* -- checks -- */
static int check_offset(const struct __kernel_timex *t)
{
	long long limit = t->modes & ADJ_NANO ? (long long)NSEC_PER_SEC : 1000000;
	return t->time.tv_usec < 0 || t->time.tv_usec >= limit ? -EINVAL : 0;
}

static int check(const struct __kernel_timex *t)
{
	bool is_old = t->modes & ADJ_OLD, only_reads = is_old ? t->modes & ADJ_OLD_READS : !t->modes;

	if (is_old && !(t->modes & ADJ_OFFSET))
		return -EINVAL;
	if (!only_reads && !capable(CAP_SYS_TIME))
		return -EPERM;
	if (is_old)
		return only_reads || !t->offset ? 0 : -EINVAL;
	if ((t->modes & ADJ_TICK) && (t->tick < TICK_LOW || t->tick > TICK_HIGH))
		return -EINVAL;
	if ((t->modes & ADJ_SETOFFSET) && check_offset(t))
		return -EINVAL;
	/* What the clock does already may be asked for. */
	if (((t->modes & ADJ_TICK) && t->tick != TICK_USEC) || ((t->modes & ADJ_FREQUENCY) && t->freq) ||
	    ((t->modes & ADJ_OFFSET) && t->offset))
		return -EINVAL;
	return 0;
}

/* -- the deed -- */
static int move_date(const struct __kernel_timex *t)
{
	s64 ns = t->time.tv_sec * (s64)NSEC_PER_SEC + t->time.tv_usec * (t->modes & ADJ_NANO ? 1 : (s64)NSEC_PER_USEC);
	return t->modes & ADJ_SETOFFSET ? time_set_real_ns(time_real_ns() + (u64)ns) : 0;
}

static void keep_locked(const struct __kernel_timex *t)
{
	if (t->modes & ADJ_STATUS)
		state.status = (state.status & STA_RONLY) | (t->status & ~STA_RONLY);
	if (t->modes & ADJ_NANO)
		state.status |= STA_NANO;
	if (t->modes & ADJ_MICRO)
		state.status &= ~STA_NANO;
	if (t->modes & ADJ_MAXERROR)
		state.max_error = t->maxerror;
	if (t->modes & ADJ_ESTERROR)
		state.estimated_error = t->esterror;
	if (t->modes & ADJ_TIMECONST) {
		long long c = t->constant + (state.status & STA_NANO ? 0 : CONSTANT_SHIFT);
		state.constant = MIN(MAX(c, 0LL), (long long)CONSTANT_MAX);
	}
	if ((t->modes & ADJ_TAI) && t->constant >= 0 && t->constant <= TAI_MAX)
		state.tai = (int)t->constant;
}

/* Gives the clock's state: TIME_OK, or TIME_ERROR while nobody keeps it right. */
static int tell_locked(struct __kernel_timex *t)
{
	u64 now = time_real_ns();
	unsigned modes = t->modes;

	*t = (struct __kernel_timex){
		.modes = modes, .maxerror = state.max_error, .esterror = state.estimated_error, .status = state.status,
		.constant = state.constant, .precision = 1, .tolerance = TOLERANCE, .tick = TICK_USEC, .tai = state.tai,
		.time = { .tv_sec = (long long)(now / NSEC_PER_SEC), .tv_usec = (long long)(now % NSEC_PER_SEC) },
	};
	if (!(state.status & STA_NANO))
		t->time.tv_usec /= (long long)NSEC_PER_USEC;
	return state.status & (STA_UNSYNC | STA_CLOCKERR) ? TIME_ERROR : TIME_OK;
}

static int adjust(struct __kernel_timex *t)
{
	int err = check(t);

	if (!err)
		err = move_date(t);
	if (err)
		return err;
	spin_lock(&adjtime_lock);
	if (!(t->modes & ADJ_OLD))
		keep_locked(t);
	int result = tell_locked(t);
	spin_unlock(&adjtime_lock);
	return result;
}

long sys_clock_adjtime(int clock, uptr user)
{
	struct __kernel_timex t;
	u64 ns;

	if (copy_from_user(&t, user, sizeof(t)))
		return -EFAULT;
	if (clock_read_ns(clock, &ns))
		return -EINVAL;
	if (clock != CLOCK_REALTIME)
		return -EOPNOTSUPP;
	int result = adjust(&t);
	return result >= 0 && copy_to_user(user, &t, sizeof(t)) ? -EFAULT : result;
}

long sys_adjtimex(uptr user) { return sys_clock_adjtime(CLOCK_REALTIME, user); }
