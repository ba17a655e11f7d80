/*
 * mm/buddy.h: what page.c, buddy.c and the page-table pool share: the per-CPU part of the allocator.
 * No other file needs it.
 */
#ifndef MM_BUDDY_H
#define MM_BUDDY_H
#include "mm/page.h"
#include "sync/spinlock.h"

/* One per CPU (struct cpu.page_cache). frames: interrupts off. tables, roots: never touched by interrupts. */
struct page_cache {
	struct page *frames;		/* single free frames, linked through private */
	unsigned frame_count;
	struct page *tables;		/* page tables, all zero */
	unsigned table_count;
	struct page *roots;		/* root tables: zero but for the kernel's entries */
	unsigned root_count;
	long kinds[PAGE_KINDS];		/* frames by kind: the sum over CPUs counts */
};
extern struct page_cache page_caches[CPUS_MAX];
static inline struct page_cache *page_cache_self(void) { return cpu_self()->page_cache; }

/* -- buddy.c; page.c calls them -- */
struct zone;
/* Untouched memory, whose records do not exist yet: the zone takes it block by block. */
void buddy_add_range(int node, u64 first_pfn, u64 end_pfn);
void buddy_records_touch(u64 pfn);			/* page_records_touch under the zone lock */
void buddy_init(void);
u64 buddy_free_pages(void);
bool memory_is_short(void);		/* a user page cannot be had */

/* -- page.c -- */
void page_records_touch(u64 pfn);	/* makes sure that the records of pfn's 4 MiB block exist */
void page_cache_drain(void);		/* this CPU's cached frames go back to the zone */

/* -- what can be given back when memory is short; each may be called with any lock but its own held -- */
void table_pool_drain(void);		/* mm/table.c */
void slab_reclaim(void);		/* mm/slab.c */
void kstack_reclaim(void);		/* mm/kstack.c */
#endif
