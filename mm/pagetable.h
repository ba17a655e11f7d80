/*
 * mm/pagetable.h: page tables as a counted tree.
 *
 * A table's count (its struct page) is the number of entries and mm roots that point to it. The invariant:
 *   an entry is writable only if what it points to has one parent, or it is a leaf of a shared mapping.
 * fork is table_copy() of the root; a write fault is the same copy one level further down (pt_own_path); a leaf copy
 * is the page (cow.c). Tables know the span of entries in use, and the sum of leaf entries by kind in their subtree.
 *
 * Locks: every change below one mm is made under mm->pt_lock, in tables that this mm alone owns (count 1 on the
 * whole path); a shared table is immutable but for the accessed and dirty bits and the clearing of W.
 * Order of a change that revokes: install read-only, flush, then grant or decrement (see docs/locking.md).
 */
#ifndef MM_PAGETABLE_H
#define MM_PAGETABLE_H
#include "mm/page.h"

struct mm;
struct tlb_batch;

/* A new, empty root with the kernel's entries. NULL: out of memory. Freed by pt_root_drop. */
struct page *pt_root_alloc(int node);
/*
 * The heart: a copy of a table of any level. Both lose write permission in every used entry (but shared leaves),
 * and everything below has one parent more. The caller flushes the TLBs of whoever used src before it grants anything.
 * NULL: out of memory (nothing changed).
 */
struct page *table_copy(struct page *src, int node);
/* fork: the child's root is table_copy of the parent's; the parent's TLBs are flushed here. 0 or -ENOMEM. */
int __must_check pt_fork(struct mm *child, struct mm *parent);
/* The leaf slot of va, with the path down to it owned by mm alone, or NULL: out of memory (with may_alloc), or no table
 * there (without may_alloc; then a missing table is not made, but a shared one is still copied). Under mm->pt_lock. */
pte_t *pt_own_path(struct mm *mm, uptr va, bool may_alloc, bool *out_of_memory);
/* The leaf entry of va for reading only, whoever owns it; 0: none. Under mm->pt_lock. */
pte_t pt_peek(struct mm *mm, uptr va);
/* Puts e into an empty owned slot and counts it (kind: enum rss_kind, or -1 for an uncounted, special entry);
 * takes over the caller's reference to the frame; adds to its mapcount. Under mm->pt_lock, path owned. */
void pt_install(struct mm *mm, uptr va, pte_t *slot, pte_t e, int kind);
/* Replaces the frame of an owned slot (COW break): the old frame's reference moves to the batch. */
void pt_replace(struct mm *mm, uptr va, pte_t *slot, pte_t e, int kind, struct tlb_batch *b);
/* Unmaps [start, end): a subtree wholly covered is dropped by one decrement; on the edges the path is owned. Frames and
 * tables go to the batch and are released after its flush. Takes pt_lock itself. Cannot fail: an edge table that must be
 * copied waits for memory. */
void pt_unmap(struct mm *mm, uptr start, uptr end);
/* Changes protection of the present leaves in [start, end) to prot; write permission is dropped. 0 or -ENOMEM. */
int __must_check pt_protect(struct mm *mm, uptr start, uptr end, unsigned prot);
/* Moves the leaves of [from, from+len) to to (mremap). 0 or -ENOMEM: what has moved has moved, *moved says how far. */
int __must_check pt_move(struct mm *mm, uptr from, uptr to, size_t len, size_t *moved);
/* Calls fn for every used leaf entry in [start, end), whoever owns the table. pt_lock is held. Stops when fn returns true. */
typedef bool (*pt_visit_fn)(uptr va, pte_t e, bool is_table_shared, void *arg);
void pt_walk(struct mm *mm, uptr start, uptr end, pt_visit_fn fn, void *arg);
/* As pt_walk but owns each path and passes the slot, so that fn may edit it (accessed, dirty, W off). 0 or -ENOMEM. */
typedef bool (*pt_edit_fn)(struct mm *mm, uptr va, pte_t *slot, void *arg);
int __must_check pt_edit(struct mm *mm, uptr start, uptr end, pt_edit_fn fn, void *arg);
/* The one destructor of a tree: drops the root; only what no other mm shares is walked. NULL root is accepted. */
void pt_root_drop(struct mm *mm);
/* Resident pages of one kind: the root's sum. */
u64 pt_rss(const struct mm *mm, enum rss_kind kind);
/* Bytes of tables that this mm's tree holds (shared ones included), for VmPTE. */
u64 pt_table_bytes(struct mm *mm);
/* Debug builds: walks the tree and panics if the invariant or a sum does not hold. */
void pt_check(struct mm *mm);

/* mm/tlb.c: things to be released after a flush. */
struct tlb_batch {
	struct mm *mm;
	unsigned count;
	bool must_flush, is_full_flush;
	uptr first, last;		/* pages to flush */
	struct page *pages[64];
};
void tlb_batch_init(struct tlb_batch *b, struct mm *mm);
void tlb_batch_flush_page(struct tlb_batch *b, uptr va);	/* note: this page's old translation must go */
void tlb_batch_add(struct tlb_batch *b, struct page *p);	/* put p after the flush; flushes when full */
void tlb_batch_end(struct tlb_batch *b);			/* flushes on all CPUs that may cache this mm, then puts */
void tlb_flush_mm(struct mm *mm);				/* all CPUs that may cache this mm */
void tlb_flush_mm_page(struct mm *mm, uptr va);
#endif
