/* adjtimex and clock_adjtime: what is told of a clock that nobody keeps right, what may be set, what is refused. */
#include "check.h"
#include <sys/timex.h>

static struct timex get(void)
{
	struct timex t = {.modes = 0};
	CHECK_OK(adjtimex(&t));
	return t;
}

TEST(read)
{
	struct timex t = {.modes = 0};
	int state = CHECK_OK(adjtimex(&t));
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	CHECK_EQ(state == TIME_ERROR, !!(t.status & STA_UNSYNC));
	CHECK_EQ(t.precision, 1);
	CHECK_EQ(t.tolerance, 32768000);
	CHECK(t.tick >= 9000 && t.tick <= 11000);
	CHECK(now.tv_sec - t.time.tv_sec <= 1);
	CHECK(t.time.tv_usec < (t.status & STA_NANO ? 1000000000 : 1000000));
	CHECK_EQ(clock_adjtime(CLOCK_REALTIME, &t), state);
	t.modes = ADJ_OFFSET_SS_READ;
	CHECK_OK(adjtimex(&t));
	CHECK_EQ(t.offset, 0);
}

TEST(errors)
{
	struct timex t = {.modes = 0};
	CHECK_ERR(adjtimex((void *)8), EFAULT);
	CHECK_ERR(clock_adjtime(CLOCK_REALTIME, (void *)8), EFAULT);
	CHECK_ERR(clock_adjtime(999, &t), EINVAL);
	CHECK_ERR(clock_adjtime(CLOCK_MONOTONIC, &t), EOPNOTSUPP);
	t.modes = ADJ_OFFSET_SINGLESHOT & ~ADJ_OFFSET;
	CHECK_ERR(adjtimex(&t), EINVAL);
	IN_CHILD {
		NEED_OK(setresuid(1000, 1000, 1000));
		t.modes = ADJ_MAXERROR;
		CHECK_ERR(adjtimex(&t), EPERM);
		t.modes = ADJ_OFFSET_SINGLESHOT;
		CHECK_ERR(adjtimex(&t), EPERM);
		t.modes = ADJ_TICK;
		t.tick = 1;
		CHECK_ERR(adjtimex(&t), EPERM);
		t.modes = ADJ_OFFSET_SS_READ;
		CHECK_OK(adjtimex(&t));
	}
	if (!(check_field("/proc/self/status", "CapEff", 16) >> 25 & 1))
		return;	/* CAP_SYS_TIME */
	t = (struct timex){.modes = ADJ_TICK, .tick = 8999};
	CHECK_ERR(adjtimex(&t), EINVAL);
	t.tick = 11001;
	CHECK_ERR(adjtimex(&t), EINVAL);
	t = (struct timex){.modes = ADJ_SETOFFSET, .time.tv_usec = -1};
	CHECK_ERR(adjtimex(&t), EINVAL);
	t.time.tv_usec = 1000000;
	CHECK_ERR(adjtimex(&t), EINVAL);
}

TEST(set)
{
	if (!(check_field("/proc/self/status", "CapEff", 16) >> 25 & 1))
		return;
	struct timex old = get(), t = old;
	t.modes = ADJ_OFFSET | ADJ_FREQUENCY | ADJ_MAXERROR | ADJ_ESTERROR | ADJ_TICK;
	CHECK_OK(adjtimex(&t));	/* what it has already */
	t = (struct timex){.modes = ADJ_MAXERROR | ADJ_ESTERROR | ADJ_STATUS | ADJ_NANO, .maxerror = 500, .esterror = 400, .status = STA_PLL};
	CHECK_EQ(adjtimex(&t), TIME_OK);
	t = get();
	CHECK_EQ(t.esterror, 400);
	CHECK(t.maxerror >= 500 && t.maxerror < 10000);
	CHECK_EQ(t.status, STA_PLL | STA_NANO);
	t = (struct timex){.modes = ADJ_TAI, .constant = 37};
	CHECK_OK(adjtimex(&t));
	CHECK_EQ(get().tai, 37);
	struct timespec tai, now;
	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_TAI, &tai);
	CHECK(tai.tv_sec - now.tv_sec >= 37 && tai.tv_sec - now.tv_sec <= 38);
	t = (struct timex){.modes = ADJ_TIMECONST | ADJ_NANO, .constant = 5};
	CHECK_OK(adjtimex(&t));
	CHECK_EQ(get().constant, 5);
	t = (struct timex){.modes = ADJ_SETOFFSET | ADJ_NANO, .time = {100, 0}};
	CHECK_OK(adjtimex(&t));
	struct timespec later;
	clock_gettime(CLOCK_REALTIME, &later);
	CHECK(later.tv_sec - now.tv_sec >= 100 && later.tv_sec - now.tv_sec <= 102);
	t = (struct timex){.modes = ADJ_SETOFFSET | ADJ_MICRO, .time = {-100, 0}};
	CHECK_OK(adjtimex(&t));
	t = (struct timex){.modes = ADJ_TAI | ADJ_STATUS, .constant = 0, .status = old.status};
	CHECK_OK(adjtimex(&t));
}
