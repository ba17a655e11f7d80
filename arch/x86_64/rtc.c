/*
 * arch/x86_64/rtc.c: the date from the CMOS clock, read once at boot. Taken as UTC, with the century as 20xx.
 * Source: Motorola MC146818A data sheet.
 */
#include "x86.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define RTC_STATUS_A 10
#define RTC_STATUS_B 11
#define UPDATE_IN_PROGRESS 0x80
#define IS_BINARY 4
#define IS_24_HOURS 2
#define IS_PM 0x80

struct rtc_time { u8 second, minute, hour, day, month, year; };

static u8 cmos_read(u8 reg)
{
	outb(CMOS_INDEX, reg);
	return inb(CMOS_DATA);
}

static struct rtc_time read_registers(void)
{
	return (struct rtc_time){ cmos_read(0), cmos_read(2), cmos_read(4), cmos_read(7), cmos_read(8), cmos_read(9) };
}

static u8 from_bcd(u8 v) { return (u8)((v >> 4) * 10 + (v & 15)); }

static struct rtc_time decode(struct rtc_time t, u8 status)
{
	bool is_pm = !(status & IS_24_HOURS) && (t.hour & IS_PM);

	t.hour &= 0x7f;
	if (!(status & IS_BINARY))
		t = (struct rtc_time){ from_bcd(t.second), from_bcd(t.minute), from_bcd(t.hour), from_bcd(t.day),
				       from_bcd(t.month), from_bcd(t.year) };
	if (!(status & IS_24_HOURS))
		t.hour = (u8)(t.hour % 12 + (is_pm ? 12 : 0));
	return t;
}

/* Days from 1970-01-01 to a date of this century: years that begin in March put the leap day last. */
static u64 days_since_1970(unsigned year, unsigned month, unsigned day)
{
	unsigned y = month <= 2 ? year - 1 : year, m = (month + 9) % 12;

	return 365UL * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static bool is_same(struct rtc_time a, struct rtc_time b)
{
	return a.second == b.second && a.minute == b.minute && a.hour == b.hour && a.day == b.day;
}

u64 rtc_read_seconds(void)
{
	struct rtc_time t, again;
	u8 status;

	if (cmos_read(RTC_STATUS_A) == 0xff)
		return 0;
	do {	/* two equal readings, none during an update */
		for (int i = 0; i < 10000 && (cmos_read(RTC_STATUS_A) & UPDATE_IN_PROGRESS); i++)
			arch_relax();
		t = read_registers();
		again = read_registers();
	} while (!is_same(t, again));
	status = cmos_read(RTC_STATUS_B);
	t = decode(t, status);
	return ((days_since_1970(2000U + t.year, t.month, t.day) * 24 + t.hour) * 60 + t.minute) * 60 + t.second;
}
