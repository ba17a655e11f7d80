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
#include "pte.h"

enum page_kind { PAGE_FREE, PAGE_KERNEL, PAGE_SLAB, PAGE_TABLE, PAGE_ANON, PAGE_FILE, PAGE_SHMEM, PAGE_RESERVED };
enum rss_kind { RSS_ANON, RSS_FILE, RSS_SHMEM, RSS_KINDS };

struct mapping;

struct page {
	/* FRAME (anon, file, shmem): leaf entries in distinct tables + other holders (page cache, pins).
	 * TABLE: entries (or mm roots) that point to it. KERNEL, SLAB: 1. */
	refcount_t count;
	u8 kind;		/* enum page_kind */
	u8 order;		/* of a free or allocated block's first frame */
	u16 flags;		/* PG_* */
	union {
		struct {	/* FREE: buddy list; SLAB: see slab.c; FILE/SHMEM: free for the mapping */
			struct list list;
			void *private;
			u64 private2;
		};
		struct {	/* TABLE */
			u16 span_low, span_high;	/* used entries lie in [low, high); low == high: none */
			u8 level;
			u32 rss[RSS_KINDS];		/* leaf entries by kind in the whole subtree */
		} table;
		struct {	/* FILE, SHMEM */
			struct mapping *mapping;	/* borrowed; NULL once truncated. under mapping->pages_lock */
			u64 index;			/* page number in the file */
		} file;
	};
	atomic_t mapcount;	/* FRAME: leaf entries in distinct tables only (count has the holders too) */
};
#define PG_DIRTY BIT(0)
#define PG_UPTODATE BIT(1)
#define PG_NODE0 BIT(2)

extern struct page *page_records;	/* by frame number; a virtual array, valid for frames ever allocated */
static inline struct page *pfn_to_page(u64 pfn) { return &page_records[pfn]; }
static inline u64 page_to_pfn(const struct page *p) { return (u64)(p - page_records); }
void *page_address(const struct page *p);	/* through the direct map */
struct page *virt_to_page(const void *v);	/* of a direct-map address */

#define NODE_ANY (-1)	/* NUMA node: the caller's own. One node (0) exists today; the parameter is checked and used */
#define PAGE_ORDER_MAX 10

void page_init(void);	/* from boot_info; before it there is no allocator */
/* A block of 2^order frames, contents undefined, count 1, kind set. NULL: out of memory after reclaim was tried. */
struct page *page_alloc(int node, enum page_kind kind, unsigned order);
struct page *page_alloc_zeroed(int node, enum page_kind kind);
void page_free(struct page *p, unsigned order);		/* the block; its count is not looked at */
static inline void page_get(struct page *p) { refcount_inc(&p->count); }
void page_put(struct page *p);				/* frames: frees at 0 */

struct memory_stats { u64 total_pages, free_pages, kernel_pages, slab_pages, table_pages, anon_pages, file_pages,
	shmem_pages, kstack_pages; };
void memory_stats(struct memory_stats *s);
/* Debug and tests: makes the n-th next allocation (pages and slabs, counted from 1) of the current task fail; 0: off. */
#endif
