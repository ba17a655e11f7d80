/*
 * debug/recount.h: the debug build stops all CPUs now and then, and counts all page tables and frames again (mm/recount.h).
 * /proc/furca/recount says how often that was done; written, it takes how many operations (forks, ends of address spaces,
 * faults) lie between two, 0 for never, or "now". In other builds all of this is nothing.
 */
#ifndef DEBUG_RECOUNT_H
#define DEBUG_RECOUNT_H
#include "base/types.h"

struct mm;

#ifdef FURCA_RECOUNT
extern u64 recount_stop;		/* the number of the stop that somebody asks for, or 0 */
void recount_wait(void);
/* schedule(): this CPU stands still while somebody counts. No spinlock is held, and no table is half changed. */
static inline void recount_park(void)
{
	if (unlikely(READ_ONCE(recount_stop)))
		recount_wait();
}
void recount_mm_begin(struct mm *mm);	/* one that will have tables */
void recount_mm_end(struct mm *mm);	/* it has none any more */
void recount_sometimes(void);		/* an operation has ended: no spinlock is held, nothing is half changed */
int __must_check recount_now(void);	/* 0, or -EAGAIN: the other CPUs would not stand still. May sleep */
struct recount_stats { u64 every, done, missed, tables, frames, longest_ns; };
void recount_stats(struct recount_stats *s);
void recount_set_every(u64 operations);
#else
static inline void recount_park(void) { }
static inline void recount_mm_begin(struct mm *mm) { }
static inline void recount_mm_end(struct mm *mm) { }
static inline void recount_sometimes(void) { }
#endif
#endif
