/*
 * time/clock.c: the kernel's clocks: monotonic nanoseconds since boot, and the date as an offset to them.
 * Way in: time_now_ns(), time_real_ns() from any context. Locks: the offset is one atomic word; sleepers on the date
 * wait on clock_was_set. Source: clock_gettime(2).
 */
#include "time/time.h"
#include "time/clocks.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "mm/user_access.h"
#include <linux/time.h>

static u64 real_offset_ns;	/* date minus monotonic clock; atomic */
struct waitqueue clock_was_set = WAITQUEUE_INIT(clock_was_set);

u64 time_now_ns(void) { return arch_clock_ns(); }
u64 time_real_offset_ns(void) { return __atomic_load_n(&real_offset_ns, __ATOMIC_ACQUIRE); }
u64 time_real_ns(void) { return arch_clock_ns() + time_real_offset_ns(); }

void time_init(void)
{
	u64 offset = arch_realtime_at_boot_ns();

	__atomic_store_n(&real_offset_ns, offset, __ATOMIC_RELEASE);
	arch_vdso_set_realtime(offset);
}

/* The date cannot be set before the boot's, so that the offset stays positive. */
int time_set_real_ns(u64 ns)
{
	u64 now = arch_clock_ns();

	if (ns > TIME_NS_MAX || ns < now)
		return -EINVAL;
	__atomic_store_n(&real_offset_ns, ns - now, __ATOMIC_RELEASE);
	arch_vdso_set_realtime(ns - now);
	wake_up_all(&clock_was_set);
	posix_timers_clock_was_set();
	timerfd_clock_was_set();
	return 0;
}

/* Seconds beyond what fits are the end of time, as on Linux. */
int timespec_to_ns(u64 *ns, const struct __kernel_timespec *ts)
{
	if (ts->tv_sec < 0 || (u64)ts->tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	if ((u64)ts->tv_sec >= TIME_NS_MAX / NSEC_PER_SEC)
		*ns = TIME_NS_MAX;
	else
		*ns = (u64)ts->tv_sec * NSEC_PER_SEC + (u64)ts->tv_nsec;
	return 0;
}

int get_timespec_ns(u64 *ns, uptr addr)
{
	struct __kernel_timespec ts;
	int err = copy_from_user(&ts, addr, sizeof(ts));

	return err ? err : timespec_to_ns(ns, &ts);
}

int put_timespec_ns(u64 ns, uptr addr)
{
	struct __kernel_timespec ts = {
		.tv_sec = (long long)(ns / NSEC_PER_SEC), .tv_nsec = (long)(ns % NSEC_PER_SEC),
	};

	return copy_to_user(addr, &ts, sizeof(ts));
}
