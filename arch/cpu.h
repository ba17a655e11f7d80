/*
 * arch/cpu.h: the part of the CPU contract that everyone needs inline: interrupts on and off, who am I, what runs here.
 * arch/<cpu>/cpu_arch.h brings arch_irq_*(), arch_relax(), cpu_self(), and `current` may be one load there; and steps of a
 * count whose sign the CPU tells at once (arch_add_is_negative, arch_sub_is_spent, arch_dec_is_spent: atomic, with acquire
 * and release order).
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H
#include "base/types.h"

#define CPUS_MAX 16

struct task;
struct mm;
struct runqueue;

/* One per CPU. The first four fields are known to entry code in arch/ by offset. */
struct cpu {
	struct cpu *self;		/* 0 */
	struct task *running;		/* 8: borrowed: what runs here; `current` on this CPU */
	unsigned long kstack_top;	/* 16: where traps from user mode begin their frame */
	unsigned long scratch;		/* 24: entry code's */
	u32 id;				/* 0..CPUS_MAX-1 */
	u32 hw_id;			/* the interrupt controller's number */
	bool need_resched;		/* set by a tick or a wake-up; looked at on the way to user mode */
	u32 irq_depth;			/* inside how many interrupt handlers */
	struct mm *loaded_mm;		/* reference: whose tables are loaded (kept lazily by kernel tasks); NULL: kernel's */
	struct runqueue *rq;		/* owned */
	struct task *idle;		/* owned */
	void *page_cache;		/* mm/buddy.c: per-CPU free frames */
	void *debug;			/* debug/: held locks */
	struct event_ring *events;	/* owned: debug/events.c; NULL: not yet */
	u64 kicks;			/* bit per CPU that is to be interrupted, by sched_release_kicks(); own, interrupts off */
	u32 kicks_held;			/* depth of sched_hold_kicks(); own */
};

extern struct cpu cpus[CPUS_MAX];
extern u32 cpus_online;

#include "cpu_arch.h"

static inline u32 cpu_id(void) { return cpu_self()->id; }
#ifndef current
#define current (cpu_self()->running)
#endif
static inline bool in_interrupt(void) { return cpu_self()->irq_depth != 0; }
#endif
