/*
 * debug/events.h: the last process events of each CPU, always kept: who cloned, ran, wrote to a shared page, died, whom it
 * woke. A note costs some ten instructions: no lock, and one atomic step so that an interrupt's note does not overwrite.
 * Way in: event_note() from any context. Way out: /proc/furca/events and the panic (events.c). Errors: none; before a CPU
 * has its ring nothing is kept.
 */
#ifndef DEBUG_EVENTS_H
#define DEBUG_EVENTS_H
#include "arch/arch.h"

/* What `other` and `detail` mean is said in events.c, where they are printed. */
enum event_kind {
	EVENT_CLONE, EVENT_EXEC, EVENT_COW, EVENT_UNSHARE, EVENT_EXIT, EVENT_REPARENT, EVENT_REAP, EVENT_SWITCH, EVENT_WAKE,
	EVENT_KINDS
};

struct event {
	u64 cycles;		/* arch_cycles() */
	int task, other;	/* numbers in the first pid namespace */
	u64 detail;
	u32 kind;
};

#define EVENTS_KEPT 256		/* a power of two */
struct event_ring {
	u32 next;		/* how many there ever were, modulo 2^32; atomic */
	struct event events[EVENTS_KEPT];
};

static inline void event_put(struct event_ring *r, enum event_kind kind, int task, int other, u64 detail)
{
	u32 n = __atomic_fetch_add(&r->next, 1, __ATOMIC_RELAXED);
	r->events[n % EVENTS_KEPT] = (struct event){ arch_cycles(), task, other, detail, kind };
}

/* What is noted is looked at only where it is kept. */
#define event_note(kind, task, other, detail) do { \
		struct event_ring *_ring = cpu_self()->events; \
		if (likely(_ring)) \
			event_put(_ring, kind, task, other, detail); \
	} while (0)

int __must_check events_init_cpu(u32 cpu);	/* -ENOMEM: the events of that CPU are not kept */
/* Calls line for every kept event, the oldest first, with its text. */
void events_for_each(void (*line)(void *arg, const char *text), void *arg);
void events_print(void);		/* to the log; takes no lock and no memory: for the panic */
#endif
