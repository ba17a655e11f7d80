/*
 * arch/x86_64/pte.h: the page-table entry, for the one walker in mm/pagetable.c.
 * Four levels; level 0 is the leaf table, PT_LEVELS-1 the root. R/W is ANDed over the levels, so clearing it in one
 * upper entry write-protects everything below: that is what makes fork one table copy.
 * Source: Intel SDM volume 3, 4.5.
 */
#ifndef X86_PTE_H
#define X86_PTE_H
#include "base/types.h"
#include "layout.h"

typedef u64 pte_t;

#define PT_LEVELS 4
#define PT_ENTRIES 512
#define PT_ROOT_USER_ENTRIES 256	/* entries 256..511 of a root are the kernel's */
#define PT_SHIFT(level) (PAGE_SHIFT + 9 * (level))
#define PT_SPAN(level) (1UL << PT_SHIFT(level))	/* bytes covered by one entry of a table of this level */
#define USER_END 0x00007ffffffff000UL		/* first address no user mapping may reach (Linux's TASK_SIZE) */

#define PTE_PRESENT BIT(0)
#define PTE_WRITE BIT(1)
#define PTE_USER BIT(2)
#define PTE_ACCESSED BIT(5)
#define PTE_DIRTY BIT(6)
#define PTE_GLOBAL BIT(8)
#define PTE_SHARED BIT(9)	/* software: leaf of a MAP_SHARED region: a table copy keeps it writable */
#define PTE_SPECIAL BIT(10)	/* software: the frame is not counted (zero page, vDSO data) */
#define PTE_NONE BIT(11)	/* software: PROT_NONE: the frame is kept, user access is off */
#define PTE_NX BIT(63)
#define PTE_FRAME 0x000ffffffffff000UL

static inline unsigned pt_index(uptr va, int level) { return (va >> PT_SHIFT(level)) & (PT_ENTRIES - 1); }

/* An entry is empty (0), or present (frame or table), or a PROT_NONE leaf (PTE_NONE, not present, frame kept). */
static inline bool pte_is_empty(pte_t e) { return e == 0; }
static inline bool pte_is_present(pte_t e) { return e & PTE_PRESENT; }
static inline bool pte_is_none(pte_t e) { return e & PTE_NONE; }
static inline bool pte_is_writable(pte_t e) { return e & PTE_WRITE; }
static inline bool pte_is_shared(pte_t e) { return e & PTE_SHARED; }
static inline bool pte_is_special(pte_t e) { return e & PTE_SPECIAL; }
static inline bool pte_is_dirty(pte_t e) { return e & PTE_DIRTY; }
static inline bool pte_is_accessed(pte_t e) { return e & PTE_ACCESSED; }
static inline bool pte_is_executable(pte_t e) { return !(e & PTE_NX); }
static inline bool pte_is_counted_private(pte_t e) { return !(e & (PTE_SPECIAL | PTE_SHARED)); }
static inline u64 pte_pfn(pte_t e) { return (e & PTE_FRAME) >> PAGE_SHIFT; }
static inline pte_t pte_set_writable(pte_t e) { return e | PTE_WRITE; }
static inline pte_t pte_clear_writable(pte_t e) { return e & ~PTE_WRITE; }
static inline pte_t pte_set_dirty(pte_t e) { return e | PTE_DIRTY; }
static inline pte_t pte_clear_dirty(pte_t e) { return e & ~PTE_DIRTY; }
static inline pte_t pte_clear_accessed(pte_t e) { return e & ~PTE_ACCESSED; }
static inline pte_t pte_set_shared(pte_t e) { return e | PTE_SHARED; }
static inline pte_t pte_set_special(pte_t e) { return e | PTE_SPECIAL; }
/* An entry of an upper table. It permits everything below it; writable says whether this mm alone owns the table. */
static inline pte_t pte_make_table(u64 pfn, bool writable)
{
	return pfn << PAGE_SHIFT | PTE_PRESENT | PTE_USER | PTE_ACCESSED | (writable ? PTE_WRITE : 0);
}
/* A leaf without write permission. prot: PROT_* of mman; PROT_NONE gives a kept, inaccessible entry. */
static inline pte_t pte_make_leaf(u64 pfn, unsigned prot)
{
	pte_t e = pfn << PAGE_SHIFT;
	if (!(prot & 7))
		return e | PTE_NONE | PTE_NX;
	return e | PTE_PRESENT | PTE_USER | PTE_ACCESSED | (prot & 4 ? 0 : PTE_NX);
}
/* A leaf of frame 0 becomes one of this frame. */
static inline pte_t pte_set_frame(pte_t e, u64 pfn) { return e | pfn << PAGE_SHIFT; }
/* The same leaf of another frame. */
static inline pte_t pte_change_frame(pte_t e, u64 pfn) { return (e & ~PTE_FRAME) | pfn << PAGE_SHIFT; }
/* The same leaf under another protection; write permission is dropped (a fault grants it again). */
static inline pte_t pte_change_prot(pte_t e, unsigned prot)
{
	return pte_make_leaf(pte_pfn(e), prot) | (e & (PTE_SHARED | PTE_SPECIAL | PTE_DIRTY | PTE_ACCESSED));
}
static inline pte_t pte_read(const pte_t *p) { return __atomic_load_n(p, __ATOMIC_RELAXED); }
static inline void pte_write(pte_t *p, pte_t e) { __atomic_store_n(p, e, __ATOMIC_RELEASE); }
/* Atomic against the CPU setting accessed and dirty. */
static inline pte_t pte_exchange(pte_t *p, pte_t e) { return __atomic_exchange_n(p, e, __ATOMIC_ACQ_REL); }
/* The entry without W: no CPU sets dirty any more once W is gone, so it need not be read in the same step. */
static inline pte_t pte_protect_atomic(pte_t *p)
{
	(void)__atomic_fetch_and(p, ~PTE_WRITE, __ATOMIC_ACQ_REL);
	return pte_read(p);
}

/* The direct map of all RAM. */
static inline void *phys_to_virt(paddr_t p) { return (void *)(p + DIRECT_BASE); }
#endif
