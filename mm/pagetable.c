/*
 * mm/pagetable.c: the tree of page tables of one address space: own the path, install, replace, fork, drop.
 *
 * An upper entry that is writable points to a table that this mm alone owns. One that is not points to a table that was
 * shared when someone last looked: it is claimed if its count has come down to 1, and copied otherwise. No other code
 * path makes an upper entry writable.
 * Locks: mm->pt_lock, held by the caller but for pt_fork and pt_root_drop. Errors: NULL with *out_of_memory.
 */
#include "mm/table.h"
#include "mm/cow.h"
#include "mm/mm.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "base/printk.h"
#include "debug/events.h"
#include "task/task.h"

/* What pt_own_level copied: installed read-only until the flush. */
struct own_work {
	unsigned count;
	pte_t *slots[PT_LEVELS];
	struct page *old[PT_LEVELS];
};

/* The flush, then the grant, then the decrement: see docs/memory.md. */
static void own_finish(struct mm *mm, uptr va, struct own_work *w)
{
	if (!w->count)
		return;
	tlb_flush_mm_page(mm, va);
	for (unsigned i = 0; i < w->count; i++)
		pte_write(w->slots[i], pte_set_writable(pte_read(w->slots[i])));
	for (unsigned i = 0; i < w->count; i++) {
		event_note(EVENT_UNSHARE, current->tid, w->old[i]->table.level, va);
		table_put(w->old[i]);
	}
}

/* Makes the table behind a used, read-only upper entry mm's own: claims it or copies it. NULL: out of memory. */
static struct page *own_entry(pte_t *slot, struct own_work *w)
{
	struct page *table = pte_page(pte_read(slot));

	if (__atomic_load_n(&table->count.v, __ATOMIC_ACQUIRE) == 1) {
		pte_write(slot, pte_set_writable(pte_read(slot)));
		return table;
	}
	struct page *copy = table_copy(table, NODE_ANY);
	if (unlikely(!copy))
		return NULL;
	pte_exchange(slot, pte_make_table(page_to_pfn(copy), false));
	w->slots[w->count] = slot;
	w->old[w->count++] = table;
	return copy;
}

/* Puts a new, empty table behind an empty entry of `above`. NULL: out of memory. */
static struct page *add_table(struct page *above, pte_t *slot, unsigned index)
{
	struct page *table = table_alloc(NODE_ANY, above->table.level - 1);

	if (unlikely(!table))
		return NULL;
	pte_write(slot, pte_make_table(page_to_pfn(table), true));
	table_count_entry(above, index);
	return table;
}

pte_t *pt_own_level(struct mm *mm, uptr va, int to_level, bool may_alloc, bool *out_of_memory)
{
	struct own_work work = { .count = 0 };
	pte_t *entries = table_entries(mm->root);
	bool failed = false;

	for (int level = ROOT_LEVEL; level > to_level; level--) {
		pte_t *slot = entries + pt_index(va, level);
		pte_t e = pte_read(slot);
		struct page *next;

		if (likely(pte_is_writable(e))) {
			entries = phys_to_virt(pte_pfn(e) << PAGE_SHIFT);
			continue;
		}
		if (!pte_is_empty(e))
			next = own_entry(slot, &work);
		else if (may_alloc)
			next = add_table(virt_to_page(entries), slot, pt_index(va, level));
		else {
			entries = NULL;
			break;
		}
		if (unlikely(!next)) {
			failed = true;
			entries = NULL;
			break;
		}
		entries = table_entries(next);
	}
	own_finish(mm, va, &work);
	*out_of_memory = failed;
	return likely(entries) ? entries + pt_index(va, to_level) : NULL;
}

/* Most often all of the path is owned already. */
pte_t *pt_own_path(struct mm *mm, uptr va, bool may_alloc, bool *out_of_memory)
{
	pte_t *slot = owned_leaf_slot(mm->root, va);

	*out_of_memory = false;
	return likely(slot) ? slot : pt_own_level(mm, va, 0, may_alloc, out_of_memory);
}

pte_t pt_peek(struct mm *mm, uptr va)
{
	const struct page *t = mm->root;

	for (int level = ROOT_LEVEL; ; level--) {
		pte_t e = pte_read(table_entries(t) + pt_index(va, level));
		if (level == 0 || pte_is_empty(e))
			return e;
		t = pte_page(e);
	}
}

int pte_rss_kind(pte_t e)
{
	if (pte_is_special(e))
		return -1;
	switch (pte_page(e)->kind) {
	case PAGE_FILE: return RSS_FILE;
	case PAGE_SHMEM: return RSS_SHMEM;
	default: return RSS_ANON;
	}
}

/* So many leaves more around va, in the sums of all tables on its path. */
static void path_count(struct mm *mm, uptr va, int kind, unsigned leaves)
{
	const pte_t *entries = table_entries(mm->root);

	mm->root->table.rss[kind] += leaves;
	for (int level = ROOT_LEVEL; level > 0; level--) {
		u64 pfn = pte_pfn(pte_read(entries + pt_index(va, level)));

		pfn_to_page(pfn)->table.rss[kind] += leaves;
		entries = phys_to_virt(pfn << PAGE_SHIFT);
	}
}

static void path_uncount(struct mm *mm, uptr va, int kind)
{
	struct page *t = mm->root;

	for (int level = ROOT_LEVEL; ; level--) {
		ASSERT(t->table.rss[kind] > 0);
		t->table.rss[kind]--;
		if (level == 0)
			return;
		t = pte_page(pte_read(table_entries(t) + pt_index(va, level)));
	}
}

static void note_peak(struct mm *mm)
{
	const u32 *rss = mm->root->table.rss;
	u64 now = (u64)rss[RSS_ANON] + rss[RSS_FILE] + rss[RSS_SHMEM];

	if (now > mm->peak_rss_pages)
		mm->peak_rss_pages = now;
}

void pt_install(struct mm *mm, uptr va, pte_t *slot, pte_t e, int kind)
{
	ASSERT(pte_is_empty(pte_read(slot)));
	if (kind >= 0) {
		atomic_inc(&pte_page(e)->mapcount);
		path_count(mm, va, kind, 1);
		note_peak(mm);
	}
	table_count_entry(virt_to_page(slot), pt_index(va, 0));
	pte_write(slot, e);	/* nothing was there: nothing is cached, no flush */
}

static __always_inline bool fill_slot(pte_t *slot, struct page *p, pte_t rights, struct page *records)
{
	if (unlikely(!p))
		return false;
	page_map_get(p);
	pte_write(slot, pte_set_frame(rights, (u64)(p - records)));
	return true;
}

/* Fills empty entries up to the first page that is not there. So many. A program's start has hundreds: four a turn. */
static __always_inline unsigned fill_empty(pte_t *slots, struct page *const *pages, unsigned n, pte_t rights,
					   struct page *records)
{
	struct page *const *p = pages, *const *fours = pages + n / 4 * 4, *const *end = pages + n;

	for (; p < fours; p += 4, slots += 4) {
		for (unsigned k = 0; k < 4; k++) {
			if (!fill_slot(slots + k, p[k], rights, records))
				return (unsigned)(p - pages) + k;
		}
	}
	while (p < end && fill_slot(slots++, *p, rights, records))
		p++;
	return (unsigned)(p - pages);
}

/* The same, but what is used already stays as it is, and a page that is not there leaves its entry empty. */
static unsigned fill_gaps(pte_t *slots, struct page *const *pages, unsigned n, pte_t rights, struct page *records)
{
	unsigned filled = 0;

	for (unsigned i = 0; i < n; i++)
		filled += pte_is_empty(pte_read(&slots[i])) && fill_slot(&slots[i], pages[i], rights, records);
	return filled;
}

/* n pages of a file have come to the entries from index on, of which so many are new. */
static void count_file_pages(struct page *table, unsigned index, unsigned n, unsigned installed, u64 groups, pte_t rights)
{
	table->table.groups |= groups;
	table->table.used += installed;
	if (installed == n && pte_is_counted_private(rights)) {
		table->table.plain |= table_groups_within(index, n);
		table_grow_still(table, index, n);
	}
}

void pt_install_file_pages(struct mm *mm, uptr va, pte_t *slots, struct page *const *pages, unsigned n, pte_t rights)
{
	struct page *table = virt_to_page(slots), *records = page_records;
	unsigned index = pt_index(va, 0), first = index / PT_GROUP, i = 0, free_end = n, installed = 0;
	/* all groups that this may put something into */
	u64 groups = ~0UL << first & ~0UL >> (63 - (index + n - 1) / PT_GROUP), used = table->table.groups & groups;

	ASSERT(index + n <= PT_ENTRIES);
	if (used >> first & 1) {	/* the mapping before this one has begun it */
		i = MIN(n, PT_GROUP - index % PT_GROUP);
		installed = fill_gaps(slots, pages, i, rights, records);
		used &= used - 1;
	}
	if (used)
		free_end = (unsigned)__builtin_ctzl(used) * PT_GROUP - index;
	if (i < free_end) {
		unsigned filled = fill_empty(slots + i, pages + i, free_end - i, rights, records);

		installed += filled;
		i += filled;
	}
	if (i < n)
		installed += fill_gaps(slots + i, pages + i, n - i, rights, records);
	if (!installed)
		return;
	count_file_pages(table, index, n, installed, groups, rights);
	while (!*pages)
		pages++;
	path_count(mm, va, (*pages)->kind == PAGE_SHMEM ? RSS_SHMEM : RSS_FILE, installed);
	note_peak(mm);
}

/* A page of one kind takes the place of one of another. A file's may be of its table's still run. */
static __noinline void recount_kind(struct mm *mm, uptr va, pte_t *slot, int old_kind, int kind)
{
	table_hold_own(virt_to_page(slot), pt_index(va, 0));
	if (old_kind >= 0)
		path_uncount(mm, va, old_kind);
	if (kind >= 0)
		path_count(mm, va, kind, 1);
	note_peak(mm);
}

void pt_replace(struct mm *mm, uptr va, pte_t *slot, pte_t e, int kind)
{
	pte_t old = pte_read(slot);
	int old_kind = pte_rss_kind(old);

	if (kind >= 0)
		atomic_inc(&pte_page(e)->mapcount);
	else
		virt_to_page(slot)->table.plain &= ~(1UL << (pt_index(va, 0) / PT_GROUP));
	if (unlikely(kind != old_kind))
		recount_kind(mm, va, slot, old_kind, kind);
	old = pte_exchange(slot, pte_clear_writable(e));
	tlb_flush_mm_page(mm, va);
	if (pte_is_writable(e))
		pte_write(slot, e);
	leaf_put(old);
}

/* Has mm a page of its own at va, which it may write without a fault? */
static bool owns_page(const struct mm *mm, uptr va)
{
	const pte_t *slot = va && va < USER_END ? owned_leaf_slot(mm->root, va) : NULL;
	pte_t e = slot ? pte_read(slot) : 0;

	return pte_is_writable(e) && pte_is_counted_private(e);
}

bool pt_owns_page(struct mm *mm, uptr va)
{
	spin_lock(&mm->pt_lock);
	bool is = owns_page(mm, va);
	spin_unlock(&mm->pt_lock);
	return is;
}

/* The child's tables on the way to va become its own, and the parent's its own again. The leaf slots, or false: no memory; then
 * as much is done as was possible. */
static bool split_tables(struct mm *child, struct mm *parent, uptr va, pte_t **theirs, pte_t **ours)
{
	pte_t *mine = table_entries(parent->root), *its = table_entries(child->root);

	for (int level = ROOT_LEVEL; level > 0; level--) {
		unsigned i = pt_index(va, level);
		struct page *table = pte_page(pte_read(&mine[i])), *copy = table_copy_of_owned(table, NODE_ANY);

		if (unlikely(!copy))
			return false;
		pte_write(&its[i], pte_make_table(page_to_pfn(copy), true));
		table_put(table);
		pte_write(&mine[i], pte_set_writable(pte_read(&mine[i])));
		mine = table_entries(table);
		its = table_entries(copy);
	}
	*ours = mine + pt_index(va, 0);
	*theirs = its + pt_index(va, 0);
	return true;
}

/* After the root was copied: see pt_fork in mm/pagetable.h. No CPU has seen the child's tables yet, and the parent keeps
 * its page as it was: there is nothing to flush. */
static void split_page(struct mm *child, struct mm *parent, uptr va)
{
	struct page *p = page_alloc(NODE_ANY, PAGE_ANON, 0), *old;
	pte_t *theirs, *ours, e;

	if (unlikely(!p))
		return;
	if (unlikely(!split_tables(child, parent, va, &theirs, &ours))) {
		page_put(p);
		return;
	}
	e = pte_read(ours);
	old = pte_page(e);
	arch_page_copy(page_address(p), page_address(old));
	atomic_inc(&p->mapcount);
	pte_write(theirs, pte_set_dirty(pte_set_writable(pte_change_frame(e, page_to_pfn(p)))));
	page_unmap_put(old);
	pte_write(ours, pte_set_writable(e));
	child->minor_faults++;
	parent->minor_faults++;
	cow_counts[COW_ANON]++;
	event_note(EVENT_COW, current->tid, COW_ANON, va);
}

int pt_fork(struct mm *child, struct mm *parent, uptr written)
{
	spin_lock(&parent->pt_lock);
	bool may_split = owns_page(parent, written);
	child->root = table_copy(parent->root, NODE_ANY);
	if (likely(child->root)) {
		if (may_split)
			split_page(child, parent, written & PAGE_MASK);
		tlb_flush_mm(parent);
		note_peak(child);
	}
	spin_unlock(&parent->pt_lock);
	return child->root ? 0 : -ENOMEM;
}

void pt_root_drop(struct mm *mm)
{
	struct page *root = mm->root;

	mm->root = NULL;
	if (root)
		table_put(root);
}

u64 pt_rss(const struct mm *mm, enum rss_kind kind)
{
	const struct page *root = READ_ONCE(mm->root);

	return root ? root->table.rss[kind] : 0;
}
