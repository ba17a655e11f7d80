/*
 * mm/pagetable_check.c: is the tree what it must be? Debug builds and unit tests call pt_check(mm) now and then.
 * It holds mm->pt_lock, so nothing that this mm owns moves. In a shared table another mm may be half through a copy, so
 * there only bounds are checked.
 */
#include "mm/table.h"
#include "mm/mm.h"
#include "base/printk.h"

#define PT_CHECK_ENTRIES 16	/* that one operation pays for */

static void check_leaf(uptr va, pte_t e, bool is_owned)
{
	const struct page *p = pte_page(e);
	u64 both = __atomic_load_n((const u64 *)(const void *)&p->mapcount, __ATOMIC_RELAXED);
	int count = (int)(both >> 32), mapped = (int)both;

	if (pte_is_special(e)) {
		if (pte_is_writable(e) && !pte_is_shared(e))
			panic("pt_check %lx: an uncounted frame is writable", va);
		return;
	}
	if (p->kind != PAGE_ANON && p->kind != PAGE_FILE && p->kind != PAGE_SHMEM)
		panic("pt_check %lx: frame %lx is of kind %d", va, page_to_pfn(p), p->kind);
	if (mapped < 1 || count < mapped)
		panic("pt_check %lx: frame %lx: count %d, mapped %d", va, page_to_pfn(p), count, mapped);
	if (!is_owned || !pte_is_writable(e) || pte_is_shared(e))
		return;
	if (p->kind != PAGE_ANON || mapped != 1)
		panic("pt_check %lx: private frame %lx is writable, kind %d, mapped %d", va, page_to_pfn(p), p->kind, mapped);
}

/* What the table says of its groups. */
static void check_group(const struct page *t, uptr va, unsigned i, pte_t e)
{
	u64 group = 1UL << (i / PT_GROUP);

	if (!pte_is_empty(e) && !(t->table.groups & group))
		panic("pt_check %lx: used entry %u of level %d lies in no used group", va, i, t->table.level);
	if ((t->table.plain & group) && (t->table.level || pte_is_empty(e) || !pte_is_counted_private(e)))
		panic("pt_check %lx: entry %u of level %d, %lx, is not plain", va, i, t->table.level, e);
	if (t->table.level || !(table_still(t) & group))
		return;
	if (!(t->table.plain & group) || pte_is_writable(e) || pte_page(e)->kind == PAGE_ANON)
		panic("pt_check %lx: entry %u, %lx, is not still", va, i, e);
}

static void check_table(const struct page *t, uptr base, int level, bool is_owned, u32 *sum)
{
	const pte_t *entries = table_entries(t);
	unsigned used = 0, n = level == ROOT_LEVEL ? PT_ROOT_USER_ENTRIES : PT_ENTRIES;
	u32 rss[RSS_KINDS] = { 0 };

	if (t->kind != PAGE_TABLE || t->table.level != level || refcount_read(&t->count) < 1)
		panic("pt_check %lx: table of kind %d, level %d (wanted %d), count %d", base, t->kind, t->table.level, level,
		      refcount_read(&t->count));
	for (unsigned i = 0; i < n; i++) {
		pte_t e = pte_read(&entries[i]);
		uptr va = base + PT_SPAN(level) * i;

		check_group(t, va, i, e);
		if (pte_is_empty(e))
			continue;
		used++;
		if (level == 0) {
			check_leaf(va, e, is_owned);
			if (pte_rss_kind(e) >= 0)
				rss[pte_rss_kind(e)]++;
			continue;
		}
		if (is_owned && pte_is_writable(e) && refcount_read(&pte_page(e)->count) != 1)
			panic("pt_check %lx: a table with %d parents is writable", va, refcount_read(&pte_page(e)->count));
		check_table(pte_page(e), va, level - 1, is_owned && pte_is_writable(e), rss);
	}
	if (used != t->table.used)
		panic("pt_check %lx: level %d has %u used entries, not %u", base, level, used, t->table.used);
	for (int k = 0; k < RSS_KINDS; k++) {
		if (rss[k] != t->table.rss[k])
			panic("pt_check %lx: level %d: sum %d is %u, not %u", base, level, k, rss[k], t->table.rss[k]);
		sum[k] += rss[k];
	}
}

void pt_check(struct mm *mm)
{
	u32 sum[RSS_KINDS] = { 0 };

	spin_lock(&mm->pt_lock);
	if (mm->root) {
		if (refcount_read(&mm->root->count) != 1)
			panic("pt_check: a root has %d parents", refcount_read(&mm->root->count));
		check_table(mm->root, 0, ROOT_LEVEL, true, sum);
	}
	spin_unlock(&mm->pt_lock);
}

#ifdef FURCA_DEBUG
/* At a price per operation that does not grow with the address space: each pays for some entries, and who has the sum
 * together checks them all. */
void pt_check_sometimes(struct mm *mm)
{
	static u64 paid;	/* races lose a little of it */

	paid += PT_CHECK_ENTRIES;
	if (!mm->root || paid < pt_rss(mm, RSS_ANON) + pt_rss(mm, RSS_FILE) + pt_rss(mm, RSS_SHMEM))
		return;
	paid = 0;
	pt_check(mm);
}
#endif
