/* mm/table.h: the inside of a page table, for mm/table.c and mm/pagetable*.c only. */
#ifndef MM_TABLE_H
#define MM_TABLE_H
#include "mm/pagetable.h"

#define ROOT_LEVEL (PT_LEVELS - 1)

static inline pte_t *table_entries(const struct page *t) { return page_address(t); }
/* pfn_to_page(pte_pfn(e)) in one shift: a table's copy and drop do this for each entry, and read where the records are
 * but once. */
static inline struct page *pte_page_in(struct page *records, pte_t e)
{
	_Static_assert(sizeof(struct page) % 16 == 0, "a record is whole 16ths");
	return (struct page *)((u8 *)records + ((e & PTE_FRAME) >> (PAGE_SHIFT - 4)) * (sizeof(struct page) / 16));
}
static inline struct page *pte_page(pte_t e) { return pte_page_in(page_records, e); }
static inline void table_count_entry(struct page *t, unsigned index)
{
	t->table.groups |= 1UL << (index / PT_GROUP);
	t->table.used++;
}
/* The groups of the run that is still: full of a file's private pages, which only their unmapping or a copy replaces. */
static inline u64 table_still(const struct page *t)
{
	unsigned n = t->table.still_end - t->table.still_from;

	return n ? ~0UL >> (64 - n) << t->table.still_from : 0;
}
/* Those of them whose pages another table holds. */
static inline u64 table_borrowed(const struct page *t) { return t->table.lender ? table_still(t) : 0; }
static inline struct page *table_lender(const struct page *t) { return pfn_to_page(t->table.lender); }
void table_end_still(struct page *t, unsigned group) __noinline __attribute__((cold));
/* The entry at index is about to lose its page, or to go elsewhere: the table must hold that itself. */
static inline void table_hold_own(struct page *t, unsigned index)
{
	unsigned group = index / PT_GROUP;

	if (unlikely(group >= t->table.still_from && group < t->table.still_end))
		table_end_still(t, group);
}
/* n pages of a file have come to index and after it: the run may be longer now. */
void table_grow_still(struct page *t, unsigned index, unsigned n) __noinline;
/* The entry at index has become 0. */
static inline void table_uncount_entry(struct page *t, unsigned index)
{
	const pte_t *group = table_entries(t) + index / PT_GROUP * PT_GROUP;
	pte_t any = 0;

	for (unsigned i = 0; i < PT_GROUP; i++)
		any |= group[i];
	if (!any)
		t->table.groups &= ~(1UL << (index / PT_GROUP));
	t->table.plain &= ~(1UL << (index / PT_GROUP));
	t->table.used--;
}
/* The groups that lie wholly in n entries from index on. */
static inline u64 table_groups_within(unsigned index, unsigned n)
{
	unsigned first = (index + PT_GROUP - 1) / PT_GROUP, end = (index + n) / PT_GROUP;

	return first < end ? (~0UL >> (64 - (end - first))) << first : 0;
}
/* The first index >= from whose group is in use, or PT_ENTRIES. */
static inline unsigned table_next_used(const struct page *t, unsigned from)
{
	u64 groups;

	if (from >= PT_ENTRIES)
		return PT_ENTRIES;
	groups = t->table.groups & (~0UL << (from / PT_GROUP));
	if (!groups)
		return PT_ENTRIES;
	return MAX(from, (unsigned)__builtin_ctzl(groups) * PT_GROUP);
}

/* The leaf slot of va if the whole path is owned already, as it is most of the time; else NULL. Under pt_lock. */
static __always_inline pte_t *owned_leaf_slot(const struct page *root, uptr va)
{
	pte_t *entries = table_entries(root);

	for (int level = ROOT_LEVEL; level > 0; level--) {
		pte_t e = pte_read(entries + pt_index(va, level));
		if (unlikely(!pte_is_writable(e)))
			return NULL;
		entries = phys_to_virt(pte_pfn(e) << PAGE_SHIFT);
	}
	return entries + pt_index(va, 0);
}

/* Gives up a leaf entry's hold on its frame. */
void leaf_put(pte_t e);
#endif
