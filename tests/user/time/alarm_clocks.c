/* clock_gettime(2), timer_create(2): the clocks that would wake a sleeping machine: read by all, set for some. */
#include "check.h"
#include <sys/syscall.h>
#include <sys/timerfd.h>

TEST(as_their_plain_ones)
{
	static const clockid_t pairs[][2] = { { CLOCK_REALTIME_ALARM, CLOCK_REALTIME }, { CLOCK_BOOTTIME_ALARM, CLOCK_BOOTTIME } };
	for (int i = 0; i < 2; i++) {
		struct timespec alarm, plain, none = { 0, 0 };
		if (clock_gettime(pairs[i][0], &alarm)) {
			CHECK_EQ(errno, EINVAL);	/* a machine without a clock that could wake it */
			return;
		}
		CHECK_OK(clock_gettime(pairs[i][1], &plain));
		CHECK(plain.tv_sec - alarm.tv_sec >= 0 && plain.tv_sec - alarm.tv_sec <= 2);
		CHECK_OK(clock_getres(pairs[i][0], &alarm));
		CHECK_EQ(alarm.tv_nsec, 1);
		CHECK_ERR(clock_settime(pairs[i][0], &plain), EINVAL);
		if (geteuid())
			continue;
		timer_t t;
		struct sigevent e = { .sigev_notify = SIGEV_NONE };
		CHECK_OK(timer_create(pairs[i][0], &e, &t));
		CHECK_EQ(clock_nanosleep(pairs[i][0], 0, &none, 0), 0);
		CHECK_EQ(clock_nanosleep(pairs[i][0], TIMER_ABSTIME, &none, 0), 0);
		IN_CHILD {
			CHECK_OK(setresuid(1000, 1000, 1000));
			CHECK_OK(clock_gettime(pairs[i][0], &alarm));
			CHECK_ERR(timer_create(pairs[i][0], &e, &t), EPERM);
			CHECK_ERR(timerfd_create(pairs[i][0], 0), EPERM);
			CHECK_EQ(clock_nanosleep(pairs[i][0], 0, &none, 0), EPERM);
			none.tv_nsec = 1000000000;
			CHECK_EQ(clock_nanosleep(pairs[i][0], 0, &none, 0), EINVAL);
		}
	}
}
