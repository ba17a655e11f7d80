/*
 * mm/pagetable_range.c: what munmap, mprotect, mremap and the readers of page tables do to whole ranges.
 *
 * Each walk goes down from the root for every piece, so that it may own (copy) tables on its way and never holds a
 * pointer into a table that was replaced. Empty parts are jumped over by what the tables know of their groups.
 * Locks: mm->pt_lock, taken here. Errors: -ENOMEM; pt_unmap waits instead.
 */
#include "mm/table.h"
#include "mm/mm.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "base/printk.h"
#include "task/task.h"

/* Where a walk stands: the tables from the root down to `level`. */
struct walk {
	int level;
	struct page *table[PT_LEVELS];
};

static uptr table_end(uptr va, int level)
{
	return (va & ~(PT_SPAN(level) * PT_ENTRIES - 1)) + PT_SPAN(level) * PT_ENTRIES;
}

/* The address of the next entry of t that may be in use, from va's on; the end of the table if there is none. */
static uptr next_used(const struct page *t, uptr va, unsigned from)
{
	int level = t->table.level;
	uptr begin = va & ~(PT_SPAN(level) * PT_ENTRIES - 1);

	return begin + PT_SPAN(level) * table_next_used(t, from);
}

static uptr skip_entry(const struct page *t, uptr va) { return next_used(t, va, pt_index(va, t->table.level) + 1); }

/* The same, past all entries that are empty. */
static uptr skip_empty(const struct page *t, uptr va)
{
	unsigned i = pt_index(va, t->table.level) + 1;

	while ((i = table_next_used(t, i)) < PT_ENTRIES && pte_is_empty(pte_read(table_entries(t) + i)))
		i++;
	return next_used(t, va, i);
}

/* Goes down to the deepest table on va's path, at most to level `to`, whoever owns it. */
static pte_t *descend(struct mm *mm, uptr va, int to, struct walk *w)
{
	struct page *t = mm->root;

	for (int level = ROOT_LEVEL; ; level--) {
		w->level = level;
		w->table[level] = t;
		pte_t *slot = table_entries(t) + pt_index(va, level);
		pte_t e = pte_read(slot);
		if (level == to || pte_is_empty(e))
			return slot;
		t = pte_page(e);
	}
}

/* -- unmap ------------------------------------------------------------------------------------------------------ */
static void uncount_above(struct walk *w, int level, const u32 *rss)
{
	for (int l = level; l <= ROOT_LEVEL; l++) {
		for (int k = 0; k < RSS_KINDS; k++) {
			ASSERT(w->table[l]->table.rss[k] >= rss[k]);
			w->table[l]->table.rss[k] -= rss[k];
		}
	}
}

/* Takes tables that have become empty out of the tree, from the walk's level upward. */
static void prune(struct walk *w, uptr va, struct tlb_batch *b)
{
	for (int l = w->level; l < ROOT_LEVEL && w->table[l]->table.used == 0; l++) {
		unsigned index = pt_index(va, l + 1);

		pte_exchange(table_entries(w->table[l + 1]) + index, 0);
		table_uncount_entry(w->table[l + 1], index);
		tlb_batch_flush_page(b, va);
		tlb_batch_add(b, w->table[l]);
	}
}

/* A whole subtree goes by one decrement. */
static void drop_subtree(struct walk *w, uptr va, pte_t *slot, struct tlb_batch *b)
{
	struct page *child = pte_page(pte_exchange(slot, 0));

	uncount_above(w, w->level, child->table.rss);
	table_uncount_entry(w->table[w->level], pt_index(va, w->level));
	if (child->table.used)
		b->is_full_flush = true;
	tlb_batch_flush_page(b, va);
	tlb_batch_add(b, child);
}

/* The entries of one owned leaf table in [va, end). */
static uptr drop_leaves(struct walk *w, uptr va, uptr end, struct tlb_batch *b)
{
	struct page *t = w->table[0];
	u32 rss[RSS_KINDS] = { 0 };

	end = MIN(end, table_end(va, 0));
	for (; va < end; va = skip_entry(t, va)) {
		pte_t *slot = table_entries(t) + pt_index(va, 0);

		if (pte_is_empty(pte_read(slot)))
			continue;
		table_hold_own(t, pt_index(va, 0));
		pte_t e = pte_exchange(slot, 0);
		int kind = pte_rss_kind(e);
		table_uncount_entry(t, pt_index(va, 0));
		if (pte_is_present(e))
			tlb_batch_flush_page(b, va);
		if (kind < 0)
			continue;
		rss[kind]++;
		if (pte_is_shared(e) && pte_is_dirty(e))
			page_set_flag(pte_page(e), PG_DIRTY);
		tlb_batch_add(b, pte_page(e));
	}
	uncount_above(w, 0, rss);
	return end;
}

/* One piece of an unmap: returns where the next begins, or 0: out of memory for a table at an edge. */
static uptr unmap_piece(struct mm *mm, uptr va, uptr end, struct tlb_batch *b)
{
	struct walk w;
	struct page *t = mm->root;

	for (int level = ROOT_LEVEL; ; level--) {
		w.level = level;
		w.table[level] = t;
		pte_t *slot = table_entries(t) + pt_index(va, level);
		pte_t e = pte_read(slot);
		uptr next;

		if (pte_is_empty(e)) {
			next = skip_empty(t, va);
			prune(&w, va, b);
			return next;
		}
		if (level == 0) {
			next = drop_leaves(&w, va, end, b);
			prune(&w, va, b);
			return next;
		}
		if (IS_ALIGNED(va, PT_SPAN(level)) && end - va >= PT_SPAN(level)) {
			next = skip_entry(t, va);
			drop_subtree(&w, va, slot, b);
			prune(&w, va, b);
			return next;
		}
		if (!pte_is_writable(e)) {
			bool out_of_memory;
			pt_own_level(mm, va, level - 1, false, &out_of_memory);
			if (out_of_memory)
				return 0;
			e = pte_read(slot);
		}
		t = pte_page(e);
	}
}

static bool is_leaf_empty(const struct page *t, unsigned first, unsigned last)
{
	const pte_t *entries = table_entries(t);

	for (unsigned i = table_next_used(t, first); i <= last;) {
		if (!pte_is_empty(pte_read(entries + i)))
			return false;
		if (++i % PT_GROUP == 0)
			i = table_next_used(t, i);
	}
	return true;
}

/* Is there nothing in the entries of t, a table of this level, from va's on up to end? */
static bool are_empty(const struct page *t, int level, uptr va, uptr end)
{
	const pte_t *entries = table_entries(t);
	unsigned last = pt_index(end - 1, level);

	if (level == 0)
		return is_leaf_empty(t, pt_index(va, 0), last);
	for (unsigned i = table_next_used(t, pt_index(va, level)); i <= last;) {
		pte_t e = pte_read(entries + i);

		if (!pte_is_empty(e)) {
			uptr base = (va & ~(PT_SPAN(level + 1) - 1)) + i * PT_SPAN(level);

			if (!pte_page(e)->table.used ||
			    !are_empty(pte_page(e), level - 1, MAX(va, base), MIN(end, base + PT_SPAN(level))))
				return false;
		}
		if (++i % PT_GROUP == 0)
			i = table_next_used(t, i);
	}
	return true;
}

/* Is there nothing to take out in [start, end), no page, and no table that need not be there (a fault that failed may leave
 * an empty one)? Most of a stack never was touched, nor was much of what is given back. */
static bool is_empty_below(const struct mm *mm, uptr start, uptr end)
{
	const pte_t *entries = table_entries(mm->root);
	int level = ROOT_LEVEL;

	for (; (start ^ (end - 1)) < PT_SPAN(level); level--) {
		pte_t e = pte_read(entries + pt_index(start, level));

		if (pte_is_empty(e))
			return virt_to_page(entries)->table.used;
		if (level == 0)
			return false;
		entries = phys_to_virt(pte_pfn(e) << PAGE_SHIFT);
	}
	return virt_to_page(entries)->table.used && are_empty(virt_to_page(entries), level, start, end);
}

void pt_unmap(struct mm *mm, uptr start, uptr end)
{
	struct tlb_batch b;
	uptr va = start;

	spin_lock(&mm->pt_lock);
	bool is_empty = is_empty_below(mm, start, end);
	spin_unlock(&mm->pt_lock);
	if (is_empty)
		return;
	while (va < end) {
		tlb_batch_init(&b, mm);
		spin_lock(&mm->pt_lock);
		uptr next = va;
		do {	/* the first address may be 0 */
			va = next;
			next = unmap_piece(mm, va, end, &b);
		} while (next && next < end);
		tlb_batch_end(&b);
		spin_unlock(&mm->pt_lock);
		if (next)
			return;
		/* A dying task's own memory: it will not be looked at again, and waiting for ourselves would not end. */
		if (oom_kill() && current->mm == mm)
			return;
	}
}

/* -- edit ------------------------------------------------------------------------------------------------------- */
int pt_edit(struct mm *mm, uptr start, uptr end, pt_edit_fn fn, void *arg)
{
	struct tlb_batch b;
	struct walk w;
	uptr va = start;
	bool is_done = false, out_of_memory = false;

	tlb_batch_init(&b, mm);
	spin_lock(&mm->pt_lock);
	while (va < end && !is_done) {
		if (pte_is_empty(pte_read(descend(mm, va, 0, &w)))) {
			va = skip_entry(w.table[w.level], va);
			continue;
		}
		pte_t *slot = pt_own_path(mm, va, false, &out_of_memory);
		if (!slot)
			break;
		uptr stop = MIN(end, table_end(va, 0));
		struct page *t = virt_to_page(slot);
		for (; va < stop && !is_done; va = skip_entry(t, va)) {
			slot = table_entries(t) + pt_index(va, 0);
			pte_t e = pte_read(slot);
			if (pte_is_empty(e))
				continue;
			is_done = fn(mm, va, slot, arg);
			if (pte_is_present(e) && pte_read(slot) != e)
				tlb_batch_flush_page(&b, va);
		}
	}
	tlb_batch_end(&b);
	spin_unlock(&mm->pt_lock);
	return out_of_memory ? -ENOMEM : 0;
}

static bool protect_one(struct mm *mm, uptr va, pte_t *slot, void *arg)
{
	unsigned prot = *(unsigned *)arg;
	pte_t old = pte_read(slot), new = pte_change_prot(old, prot);

	if (old == new)
		return false;
	old = pte_exchange(slot, new);
	if (pte_is_dirty(old) && !pte_is_dirty(new))	/* set by a CPU in between */
		pte_write(slot, pte_set_dirty(new));
	return false;
}

int pt_protect(struct mm *mm, uptr start, uptr end, unsigned prot)
{
	return pt_edit(mm, start, end, protect_one, &prot);
}

/* -- move ------------------------------------------------------------------------------------------------------- */
static void rss_of_entry(pte_t e, int level, u32 *rss)
{
	for (int k = 0; k < RSS_KINDS; k++)
		rss[k] = level ? pte_page(e)->table.rss[k] : 0;
	if (level == 0 && pte_rss_kind(e) >= 0)
		rss[pte_rss_kind(e)] = 1;
}

/* Moves one entry of that level between owned paths. The counts of what it points to do not change. */
static void move_entry(struct mm *mm, uptr from, uptr to, int level, struct tlb_batch *b)
{
	struct walk ws, wd;
	u32 rss[RSS_KINDS];
	pte_t *src = descend(mm, from, level, &ws), *dst = descend(mm, to, level, &wd);

	if (!level)
		table_hold_own(ws.table[0], pt_index(from, 0));
	pte_t e = pte_exchange(src, 0);

	rss_of_entry(e, level, rss);
	table_uncount_entry(ws.table[level], pt_index(from, level));
	uncount_above(&ws, level, rss);
	for (int l = level; l <= ROOT_LEVEL; l++) {
		for (int k = 0; k < RSS_KINDS; k++)
			wd.table[l]->table.rss[k] += rss[k];
	}
	table_count_entry(wd.table[level], pt_index(to, level));
	pte_write(dst, e);
	if (level)
		b->is_full_flush = true;
	tlb_batch_flush_page(b, from);
	prune(&ws, from, b);
}

/* May the whole leaf table at from move to to as it is? */
static bool can_move_table(struct mm *mm, uptr from, uptr to, size_t len)
{
	struct walk w;

	if (!IS_ALIGNED(from | to, PT_SPAN(1)) || len < PT_SPAN(1))
		return false;
	return pte_is_empty(pte_read(descend(mm, to, 1, &w)));
}

int pt_move(struct mm *mm, uptr from, uptr to, size_t len, size_t *moved)
{
	struct tlb_batch b;
	struct walk w;
	bool out_of_memory = false;
	size_t done = 0;

	tlb_batch_init(&b, mm);
	spin_lock(&mm->pt_lock);
	while (done < len) {
		int level = can_move_table(mm, from + done, to + done, len - done) ? 1 : 0;
		if (pte_is_empty(pte_read(descend(mm, from + done, level, &w)))) {
			done = MIN(len, skip_entry(w.table[w.level], from + done) - from);
			continue;
		}
		if (!pt_own_level(mm, from + done, level, false, &out_of_memory) ||
		    !pt_own_level(mm, to + done, level, true, &out_of_memory))
			break;
		move_entry(mm, from + done, to + done, level, &b);
		done += PT_SPAN(level);
	}
	tlb_batch_end(&b);
	spin_unlock(&mm->pt_lock);
	*moved = done;
	return out_of_memory ? -ENOMEM : 0;
}

/* -- readers ---------------------------------------------------------------------------------------------------- */
struct visit {
	uptr start, end;
	pt_visit_fn fn;
	void *arg;
};

/* Tables that map the entry's page too without a hold of their own on it. */
static unsigned lent_to(const struct page *t, unsigned index)
{
	if (!(table_still(t) >> index / PT_GROUP & 1))
		return 0;
	return t->table.lender ? refcount_read(&table_lender(t)->count) - 1 : atomic_read(&t->mapcount);
}

static bool visit_table(struct page *t, uptr base, unsigned others, struct visit *v)
{
	int level = t->table.level;
	uptr first = MAX(base, v->start);

	others += refcount_read(&t->count) - atomic_read(&t->mapcount) - 1;
	for (uptr va = next_used(t, first, pt_index(first, level)); va < v->end && va - base < PT_SPAN(level) * PT_ENTRIES;
	     va = skip_entry(t, va)) {
		pte_t e = pte_read(table_entries(t) + pt_index(va, level));
		if (pte_is_empty(e))
			continue;
		if (level == 0 ? v->fn(va & PAGE_MASK, e, others + lent_to(t, pt_index(va, 0)), v->arg)
			       : visit_table(pte_page(e), va & ~(PT_SPAN(level) - 1), others, v))
			return true;
	}
	return false;
}

void pt_walk(struct mm *mm, uptr start, uptr end, pt_visit_fn fn, void *arg)
{
	struct visit v = { start, MIN(end, USER_END), fn, arg };

	spin_lock(&mm->pt_lock);
	if (mm->root && start < v.end)
		visit_table(mm->root, 0, 0, &v);
	spin_unlock(&mm->pt_lock);
}

uptr pt_walk_leaf_tables(struct mm *mm, uptr va, unsigned most, void (*fn)(struct page *table))
{
	struct walk w;

	spin_lock(&mm->pt_lock);
	while (mm->root && va < USER_END && most) {
		descend(mm, va, 0, &w);
		if (w.level) {
			va = skip_entry(w.table[w.level], va);
			continue;
		}
		fn(w.table[0]);
		most--;
		va = table_end(va, 0);
	}
	spin_unlock(&mm->pt_lock);
	return most ? USER_END : va;
}

static u64 count_tables(const struct page *t)
{
	u64 n = 1;

	for (unsigned i = table_next_used(t, 0); t->table.level && i < PT_ENTRIES; i = table_next_used(t, i + 1)) {
		pte_t e = pte_read(table_entries(t) + i);
		if (!pte_is_empty(e))
			n += count_tables(pte_page(e));
	}
	return n;
}

u64 pt_table_bytes(struct mm *mm)
{
	u64 n;

	spin_lock(&mm->pt_lock);
	n = mm->root ? count_tables(mm->root) : 0;
	spin_unlock(&mm->pt_lock);
	return n * PAGE_SIZE;
}
