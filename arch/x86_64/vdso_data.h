/*
 * arch/x86_64/vdso_data.h: the clock, as the kernel and the vDSO read it: one page, mapped read-only into programs.
 * Nanoseconds since boot are ns_base + (TSC - tsc_base) * multiplier / 2^32.
 * Locks: writers (time.c) exclude each other; readers retry while sequence is odd or has changed.
 */
#ifndef X86_VDSO_DATA_H
#define X86_VDSO_DATA_H
#include "base/types.h"

struct vdso_data {
	u32 sequence;
	u32 must_ask;		/* this page is no clock: only the kernel knows what time it is here */
	u64 tsc_base, ns_base;
	u64 multiplier;		/* nanoseconds per TSC tick, 32.32 fixed point */
	u64 real_offset_ns;	/* CLOCK_REALTIME minus CLOCK_MONOTONIC */
};

/* LFENCE keeps RDTSC from running ahead of the load of the sequence. */
static inline u64 vdso_read_tsc(void)
{
	u32 lo, hi;
	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (u64)hi << 32 | lo;
}

static inline u64 vdso_scale(u64 ticks, u64 multiplier)
{
	return (u64)((unsigned __int128)ticks * multiplier >> 32);
}

/* Monotonic time; *real_offset_ns is of the same moment. */
static inline u64 vdso_clock_ns(const struct vdso_data *d, u64 *real_offset_ns)
{
	u32 sequence;
	u64 ns, tsc, base;

	do {
		while ((sequence = __atomic_load_n(&d->sequence, __ATOMIC_ACQUIRE)) & 1)
			__asm__ volatile("pause");
		tsc = vdso_read_tsc();
		ns = READ_ONCE(d->ns_base);
		base = READ_ONCE(d->tsc_base);
		if (tsc > base)
			ns += vdso_scale(tsc - base, READ_ONCE(d->multiplier));
		*real_offset_ns = READ_ONCE(d->real_offset_ns);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (__atomic_load_n(&d->sequence, __ATOMIC_RELAXED) != sequence);
	return ns;
}
#endif
