/*
 * arch/x86_64/vdso/vdso.c: the shared object that the kernel maps into every program, so that it can read clocks and
 * its CPU's number without a system call. Runs in user mode; anything it does not know it asks the kernel.
 * Source: vdso(7), clock_gettime(2), getcpu(2).
 */
#include "vdso_data.h"
#include "layout.h"
#include <linux/time.h>
#include <asm/errno.h>
#include <asm/unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define ALIAS(name) EXPORT __attribute__((weak, alias(#name)))
#define NS 1000000000UL

struct timespec64 { s64 sec, nsec; };
struct timeval64 { s64 sec, usec; };
struct timezone_utc { int minutes_west, dst; };

extern struct vdso_data vvar_page __attribute__((visibility("hidden")));

int __vdso_clock_gettime(int clock, struct timespec64 *ts);
int __vdso_clock_getres(int clock, struct timespec64 *ts);
int __vdso_gettimeofday(struct timeval64 *tv, struct timezone_utc *tz);
s64 __vdso_time(s64 *t);
int __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused);

static long system_call_2(long number, long a, long b)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "0"(number), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return result;
}

static bool is_real(int clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

static bool is_monotonic(int clock)
{
	return clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_MONOTONIC_COARSE ||
	       clock == CLOCK_BOOTTIME;
}

EXPORT int __vdso_clock_gettime(int clock, struct timespec64 *ts)
{
	u64 real_offset, ns;

	if ((!is_real(clock) && !is_monotonic(clock)) || vvar_page.must_ask)
		return (int)system_call_2(__NR_clock_gettime, clock, (long)ts);
	ns = vdso_clock_ns(&vvar_page, &real_offset);
	if (is_real(clock))
		ns += real_offset;
	ts->sec = (s64)(ns / NS);
	ts->nsec = (s64)(ns % NS);
	return 0;
}

EXPORT int __vdso_clock_getres(int clock, struct timespec64 *ts)
{
	return (int)system_call_2(__NR_clock_getres, clock, (long)ts);
}

EXPORT int __vdso_gettimeofday(struct timeval64 *tv, struct timezone_utc *tz)
{
	if (vvar_page.must_ask)
		return (int)system_call_2(__NR_gettimeofday, (long)tv, (long)tz);
	if (tv) {
		u64 real_offset, ns = vdso_clock_ns(&vvar_page, &real_offset);

		ns += real_offset;
		tv->sec = (s64)(ns / NS);
		tv->usec = (s64)(ns % NS / 1000);
	}
	if (tz)
		*tz = (struct timezone_utc){ 0, 0 };
	return 0;
}

EXPORT s64 __vdso_time(s64 *t)
{
	if (vvar_page.must_ask)
		return system_call_2(__NR_time, (long)t, 0);
	u64 real_offset, ns = vdso_clock_ns(&vvar_page, &real_offset);
	s64 seconds = (s64)((ns + real_offset) / NS);

	if (t)
		*t = seconds;
	return seconds;
}

EXPORT int __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused)
{
	unsigned number;

	__asm__ volatile("lsl %1, %0" : "=r"(number) : "r"(CPU_NUMBER_SELECTOR));
	if (cpu)
		*cpu = number & 0xfff;
	if (node)
		*node = number >> 12;
	return 0;
}

ALIAS(__vdso_clock_gettime) int clock_gettime(int clock, struct timespec64 *ts);
ALIAS(__vdso_clock_getres) int clock_getres(int clock, struct timespec64 *ts);
ALIAS(__vdso_gettimeofday) int gettimeofday(struct timeval64 *tv, struct timezone_utc *tz);
ALIAS(__vdso_time) s64 time(s64 *t);
ALIAS(__vdso_getcpu) int getcpu(unsigned *cpu, unsigned *node, void *unused);
