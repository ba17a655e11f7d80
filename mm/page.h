/*
 * mm/page.h: one record for each frame of RAM, and the frame allocator.
 * Records are set up when the allocator first takes a 4 MiB block from untouched memory, not at boot.
 * Way in: page_alloc()/page_free() from any context but a held zone lock. Errors: NULL when memory is out.
 */
#ifndef MM_PAGE_H
#define MM_PAGE_H
#include "base/types.h"
#include "base/list.h"
#include "base/atomic.h"
#include "base/printk.h"
#include "arch/cpu.h"
#include "pte.h"

enum page_kind {
	PAGE_FREE, PAGE_KERNEL, PAGE_SLAB, PAGE_TABLE, PAGE_ANON, PAGE_FILE, PAGE_SHMEM, PAGE_RESERVED, PAGE_KINDS
};
enum rss_kind { RSS_ANON, RSS_FILE, RSS_SHMEM, RSS_KINDS };

struct mapping;
struct slab_cache;

struct page {
	union {
		atomic_t mapcount;	/* FRAME: leaf entries in distinct tables only. Below count: both move at once.
					 * TABLE: tables that borrow from it, which count counts too */
		u32 slab_used;		/* SLAB: objects handed out. under the cache's lock */
	};
	/* FRAME (anon, file, shmem): leaf entries in distinct tables + other holders (page cache, pins).
	 * TABLE: entries (or mm roots) that point to it + tables that borrow from it. KERNEL, SLAB: 1. */
	refcount_t count;
	u8 kind;		/* enum page_kind */
	u8 order;		/* of a free or allocated block's first frame */
	u16 flags;		/* PG_*; atomic */
	union {
		struct {	/* FREE: buddy list; KERNEL: free for the owner; FILE/SHMEM: see file */
			struct list list;
			void *private;
			u64 private2;
		};
		struct {	/* TABLE */
			u64 groups;		/* bit n: an entry of [n*PT_GROUP, (n+1)*PT_GROUP) may be used */
			u32 rss[RSS_KINDS];	/* leaf entries by kind in the whole subtree */
			u16 used;		/* entries in use */
			u8 level;
			u8 still_from, still_end;	/* leaf: the run of groups that are full of a file's private pages */
			u32 lender;		/* leaf: 0, or the table (its frame) that holds the run's pages for this one */
			u64 plain;		/* leaf: bit n: all of that group are used, and counted and private */
		} table;
		struct {	/* SLAB: mm/slab.c's own */
			struct list list;
			struct slab_cache *cache;	/* borrowed */
			void *freelist;			/* of a block's other frames: the first one's record */
		} slab;
		struct {	/* FILE, SHMEM */
			struct mapping *mapping;	/* borrowed; NULL once truncated. under mapping->pages_lock */
			u64 index;			/* page number in the file */
		} file;
		u64 room[5];	/* 64 bytes in all: a cache line, and frame numbers become addresses by shifts */
	};
	struct { u32 round, mappers; } census;	/* of FRAME and TABLE: mm/census.c's own */
};
_Static_assert(sizeof(struct page) == 64, "the size of a frame's record");
#define PG_DIRTY BIT(0)
#define PG_UPTODATE BIT(1)
#define PG_BUDDY BIT(2)		/* first frame of a block in a free list; zone lock */
#define PT_GROUP (PT_ENTRIES / 64)

extern struct page *page_records;	/* by frame number; a virtual array, valid for frames ever allocated */
static inline struct page *pfn_to_page(u64 pfn) { return &page_records[pfn]; }
static inline u64 page_to_pfn(const struct page *p) { return (u64)(p - page_records); }
/* Through the direct map. */
static inline void *page_address(const struct page *p) { return phys_to_virt(page_to_pfn(p) << PAGE_SHIFT); }
static inline struct page *virt_to_page(const void *v)	/* of a direct-map address */
{
	return pfn_to_page((u64)((const u8 *)v - (const u8 *)phys_to_virt(0)) >> PAGE_SHIFT);
}
static inline void page_set_flag(struct page *p, unsigned f) { __atomic_fetch_or(&p->flags, (u16)f, __ATOMIC_RELAXED); }
static inline void page_clear_flag(struct page *p, unsigned f)
{
	__atomic_fetch_and(&p->flags, (u16)~f, __ATOMIC_RELAXED);
}

#define NODE_ANY (-1)	/* NUMA node: the caller's own. One node (0) exists today; the parameter is checked and used */
#define NODES 1
#define PAGE_ORDER_MAX 10

extern struct page *zero_page;	/* a frame of zeroes, mapped read-only: never counted in tables, never freed */

void page_init(void);	/* from boot_info; before it there is no allocator */
/* A block of 2^order frames, contents undefined, count 1, kind set. NULL: out of memory after reclaim was tried. */
struct page *page_alloc(int node, enum page_kind kind, unsigned order);
struct page *page_alloc_zeroed(int node, enum page_kind kind);
void page_free(struct page *p, unsigned order);		/* the block; its count is not looked at */
static inline void page_get(struct page *p) { refcount_inc(&p->count); }
void page_put(struct page *p);				/* frames: frees at 0 */
/* One leaf entry more, or less: count and mapcount, which is never more, in one step. page_unmap_put frees the frame at 0.
 * A table's copy and drop do this for each entry: it is one instruction and one branch. */
#define PAGE_LEAF_HOLD (1L << 32 | 1)
static inline void page_map_get(struct page *p)
{
	ASSERT(refcount_read(&p->count) != 0);
	if (unlikely(arch_add_is_negative((s64 *)(void *)&p->mapcount, PAGE_LEAF_HOLD)))
		refcount_report(&p->count, "mapping of a frame with a saturated count");
}
void page_unmapped_last(struct page *p);	/* by now its count is 0, or below: misuse */
static inline void page_unmap_put(struct page *p)
{
	if (unlikely(arch_sub_is_spent((s64 *)(void *)&p->mapcount, PAGE_LEAF_HOLD)))
		page_unmapped_last(p);
}

/* Of what type is the object that p points into? For messages: a slab's name, "frame's record", or "static object". */
const char *page_what_is_at(const void *p);
/* Frames of RAM that boot_info keeps out of memory[] (the initrd): one becomes a frame of this kind with count 1. */
struct page *page_adopt(u64 pfn, enum page_kind kind);
void page_release_range(paddr_t start, paddr_t end);	/* or all whole frames of a range become free memory */

struct memory_stats { u64 total_pages, free_pages, kernel_pages, slab_pages, table_pages, anon_pages, file_pages,
	shmem_pages, kstack_pages; };	/* spare tables and kernel stacks are free */
void memory_stats(struct memory_stats *s);
/* The first frame from pfn on, which is not 0, that has a record; 0: none. */
u64 page_next_record(u64 pfn);
u64 memory_total_pages(void);
u64 memory_free_pages(void);		/* about: cheap */
#endif
