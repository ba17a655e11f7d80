/*
 * mm/pagetable.h: page tables as a counted tree.
 *
 * A table's count (its struct page) is the number of entries and mm roots that point to it. The invariant:
 *   an entry is writable only if what it points to has one parent, or it is a leaf of a shared mapping.
 * fork is table_copy() of the root; a write fault is the same copy one level further down (pt_own_path); a leaf copy
 * is the page (cow.c). Tables know which groups of entries are in use, and the sum of leaf entries by kind in their
 * subtree. docs/memory.md has the protocol: counts, claims, order of flushes.
 *
 * Locks: every change below one mm is made under mm->pt_lock, in tables that this mm alone owns (count 1 on the
 * whole path); a shared table is immutable but for the accessed and dirty bits and the clearing of W.
 * Order of a change that revokes: install read-only, flush, then grant or decrement.
 * Entries are edited only in owned tables; a caller holds mm->lock too, for reading at least (for writing: fork).
 */
#ifndef MM_PAGETABLE_H
#define MM_PAGETABLE_H
#include "mm/page.h"

struct mm;

/* -- tables (mm/table.c) -- */
/* A new, empty root with the kernel's entries. NULL: out of memory. */
struct page *pt_root_alloc(int node);
/* An empty table of that level, count 1. NULL: out of memory. */
struct page *table_alloc(int node, int level);
/*
 * The heart: a copy of a table of any level. Both lose write permission in every used entry (but shared leaves),
 * and everything below has one parent more. The caller flushes the TLBs of whoever used src before it grants anything.
 * NULL: out of memory (nothing changed).
 */
struct page *table_copy(struct page *src, int node);
/* The same of a table that the caller goes on to own: the copy borrows nothing from it. */
struct page *table_copy_of_owned(struct page *src, int node);
/* One parent less. The last one: everything below loses a parent too, and the table goes to the pool, all zero. */
void table_put(struct page *table);

/* -- the tree of one mm (mm/pagetable.c) -- */
/*
 * fork: the child's root is table_copy of the parent's; the parent's TLBs are flushed here. 0 or -ENOMEM.
 * written: 0, or an address that parent and child are both about to write (the stack): if the parent owns a private page
 * there, its path and the page are copied at once, which saves both their faults; they are counted as if they had happened.
 * Nobody but the caller may use the parent then: its page is read while it is writable.
 */
int __must_check pt_fork(struct mm *child, struct mm *parent, uptr written);
/* The leaf slot of va, with the path down to it owned by mm alone, or NULL: out of memory (with may_alloc), or no table
 * there (without may_alloc; then a missing table is not made, but a shared one is still copied). Under mm->pt_lock. */
pte_t *pt_own_path(struct mm *mm, uptr va, bool may_alloc, bool *out_of_memory);
/* The same, but only down to the table of this level: its slot for va. */
pte_t *pt_own_level(struct mm *mm, uptr va, int level, bool may_alloc, bool *out_of_memory);
/* The leaf entry of va for reading only, whoever owns it; 0: none. Under mm->pt_lock. */
pte_t pt_peek(struct mm *mm, uptr va);
/* Has mm a page at va that is its own, of a private region, and that may be written without a fault? Takes pt_lock. */
bool pt_owns_page(struct mm *mm, uptr va);
/* Puts e into an empty owned slot and counts it (kind: enum rss_kind, or -1 for an uncounted, special entry);
 * takes over the caller's reference to the frame; adds to its mapcount. Under mm->pt_lock, path owned. */
void pt_install(struct mm *mm, uptr va, pte_t *slot, pte_t e, int kind);
/* Maps those of n pages of one file (NULL: none) whose slots, in one table from va's on, are empty, as leaves with these
 * rights (a leaf of frame 0); takes a leaf's hold on each. Under mm->pt_lock, path owned. */
void pt_install_file_pages(struct mm *mm, uptr va, pte_t *slots, struct page *const *pages, unsigned n, pte_t rights);
/* Replaces the frame of an owned slot (COW break): e goes in read-only, this page is flushed everywhere, e's write
 * permission is granted, the old frame is let go. Reference, count and kind of e as in pt_install. */
void pt_replace(struct mm *mm, uptr va, pte_t *slot, pte_t e, int kind);
/* The one destructor of a tree: drops the root; only what no other mm shares is walked. NULL root is accepted.
 * No CPU has the mm loaded any more (tlb_evict_mm). */
void pt_root_drop(struct mm *mm);
/* Resident pages of one kind: the root's sum. */
u64 pt_rss(const struct mm *mm, enum rss_kind kind);
/* The kind under which a used leaf entry is counted, or -1. */
int pte_rss_kind(pte_t e);

/* -- ranges (mm/pagetable_range.c); each takes pt_lock itself -- */
/* Unmaps [start, end): a subtree wholly covered is dropped by one decrement; on the edges the path is owned. Frames and
 * tables are released after the flush. Cannot fail: an edge table that must be copied waits for memory (and sleeps:
 * no spinlock is held). */
void pt_unmap(struct mm *mm, uptr start, uptr end);
/* Changes protection of the leaves in [start, end) to prot; write permission is dropped. 0 or -ENOMEM. */
int __must_check pt_protect(struct mm *mm, uptr start, uptr end, unsigned prot);
/* Moves the leaves of [from, from+len) to to (mremap; nothing is mapped there, and they do not overlap). 0 or -ENOMEM:
 * what has moved has moved, *moved says how far. */
int __must_check pt_move(struct mm *mm, uptr from, uptr to, size_t len, size_t *moved);
/* Calls fn for every used leaf entry in [start, end), whoever owns the table; fn runs under pt_lock. Stops when fn
 * returns true. others: how many more parents the tables on the way have, which is how many more mms see this entry
 * (fewer than there are when the sharers have shared on). */
typedef bool (*pt_visit_fn)(uptr va, pte_t e, unsigned others, void *arg);
void pt_walk(struct mm *mm, uptr start, uptr end, pt_visit_fn fn, void *arg);
/* Calls fn for the next leaf tables from va's on, at most so many, whoever owns them; under pt_lock. Where to go on. */
uptr pt_walk_leaf_tables(struct mm *mm, uptr va, unsigned most, void (*fn)(struct page *table));
/* As pt_walk but owns each path and passes the slot, so that fn may edit it (accessed, dirty, W off; the frame stays).
 * Pages that fn changed are flushed before it returns. 0 or -ENOMEM (part may be done). */
typedef bool (*pt_edit_fn)(struct mm *mm, uptr va, pte_t *slot, void *arg);
int __must_check pt_edit(struct mm *mm, uptr start, uptr end, pt_edit_fn fn, void *arg);
/* Bytes of tables that this mm's tree holds (shared ones included), for VmPTE. */
u64 pt_table_bytes(struct mm *mm);

/* Debug builds: walks the tree and panics if the invariant or a sum does not hold (mm/pagetable_check.c). */
void pt_check(struct mm *mm);
#ifdef FURCA_DEBUG
void pt_check_sometimes(struct mm *mm);	/* called after each fault and each change of the regions */
#else
static inline void pt_check_sometimes(struct mm *mm) { }
#endif

/* -- mm/tlb.c -- */
/* Things to be released after a flush. */
struct tlb_batch {
	struct mm *mm;
	unsigned count;
	bool must_flush, is_full_flush;
	uptr first, last;		/* pages to flush: [first, last) */
	struct page *pages[64];
};
void tlb_batch_init(struct tlb_batch *b, struct mm *mm);
void tlb_batch_flush_page(struct tlb_batch *b, uptr va);	/* note: this page's old translation must go */
void tlb_batch_add(struct tlb_batch *b, struct page *p);	/* p (table or mapped frame) is put after the flush */
void tlb_batch_end(struct tlb_batch *b);			/* flushes on all CPUs that may cache this mm, then puts */
void tlb_flush_mm(struct mm *mm);				/* all CPUs that may cache this mm */
void tlb_flush_mm_page(struct mm *mm, uptr va);			/* one page, and the walker's caches */
void tlb_flush_page_here(struct mm *mm, uptr va);		/* on this CPU alone, which acted on an older entry */
/* What was asked of other CPUs since boot: times, interrupts that were sent, how long the answers took. */
struct tlb_counts { u64 requests, interrupts, kernel_requests, kernel_interrupts, waited_ns; };
void tlb_counts_read(struct tlb_counts *c);
/* All CPUs that have mm loaded go over to the kernel's tables: nobody caches it then. */
void tlb_evict_mm(struct mm *mm);
void tlb_flush_kernel(void);		/* all CPUs: also what they remember of the kernel's own pages */
void tlb_interrupt_cpus(u64 mask);	/* each of the others among these has taken an interrupt when it returns: a barrier */
void tlb_flush_interrupt(void);		/* what arch_send_flush makes a CPU call */
#endif
