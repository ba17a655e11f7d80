/*
 * mm/table.c: one page table: made, copied, dropped. The whole of fork's work on memory is table_copy() here.
 *
 * A table knows which groups of PT_GROUP entries are in use, so a copy or a drop costs what is in it. A dropped table
 * is zero again (the walk over it cleared it) and waits in a per-CPU pool; a root keeps its kernel entries there.
 * Locks: the pools: none (never touched by interrupts, and the kernel is not preempted). Tables: the caller holds the
 * lock that guards src, or the last reference. Errors: NULL.
 */
#include "mm/table.h"
#include "mm/alloc_gate.h"
#include "mm/buddy.h"
#include "arch/arch.h"
#include "base/printk.h"
#include "base/string.h"

/* A pool's least size, and what part of the memory all pools may have: they count as free memory, and are given back when that is
 * short. */
#define POOL_TABLES 64
#define POOL_ROOTS 16
#define POOL_PART 128
#define LEND_LEAST 4	/* groups: a shorter still run is counted */

static struct page *pool_pop(struct page **head, unsigned *count)
{
	struct page *t = *head;

	*head = t->private;
	--*count;
	return t;
}

static void pool_push(struct page **head, unsigned *count, struct page *t)
{
	t->private = *head;
	*head = t;
	++*count;
}

/* The pools hold frames of the CPU's own node. */
static bool pool_serves(int node) { return node == NODE_ANY || node == 0; }

static bool pool_has_room(unsigned count, unsigned least)
{
	return count < least || count < memory_total_pages() / POOL_PART / cpus_online * least / POOL_TABLES;
}

static void table_begin(struct page *t, int level)
{
	refcount_set(&t->count, 1);
	t->table.groups = t->table.plain = 0;
	t->table.used = 0;
	t->table.level = level;
	t->table.still_from = t->table.still_end = 0;
	t->table.lender = 0;
	for (int i = 0; i < RSS_KINDS; i++)
		t->table.rss[i] = 0;
}

struct page *table_alloc(int node, int level)
{
	struct page_cache *c = page_cache_self();
	struct page *t;

	if (level == ROOT_LEVEL)
		return pt_root_alloc(node);
	if (likely(c->tables && pool_serves(node))) {
		if (unlikely(alloc_should_fail()))
			return NULL;
		t = pool_pop(&c->tables, &c->table_count);
	} else {
		t = page_alloc_zeroed(node, PAGE_TABLE);
		if (!t)
			return NULL;
	}
	table_begin(t, level);
	return t;
}

struct page *pt_root_alloc(int node)
{
	struct page_cache *c = page_cache_self();
	struct page *t;

	if (likely(c->roots && pool_serves(node))) {
		if (unlikely(alloc_should_fail()))
			return NULL;
		t = pool_pop(&c->roots, &c->root_count);
	} else {
		t = page_alloc_zeroed(node, PAGE_TABLE);
		if (!t)
			return NULL;
		arch_root_init(table_entries(t));
	}
	table_begin(t, ROOT_LEVEL);
	return t;
}

/* All of it goes back: in a CPU's pool there is nothing but zeroes (and the kernel's entries). */
void table_pool_drain(void)
{
	struct page_cache *c = page_cache_self();

	while (c->tables)
		page_free(pool_pop(&c->tables, &c->table_count), 0);
	while (c->roots)
		page_free(pool_pop(&c->roots, &c->root_count), 0);
}

static void table_free(struct page *t)
{
	struct page_cache *c = page_cache_self();

	if (t->table.level == ROOT_LEVEL && pool_has_room(c->root_count, POOL_ROOTS))
		pool_push(&c->roots, &c->root_count, t);
	else if (t->table.level != ROOT_LEVEL && pool_has_room(c->table_count, POOL_TABLES))
		pool_push(&c->tables, &c->table_count, t);
	else
		page_free(t, 0);
}

/* The copy of one entry, write permission taken from both. Under the lock that guards the source. */
static __always_inline pte_t entry_protect(pte_t *from, pte_t e)
{
	return pte_is_writable(e) ? pte_clear_writable(pte_protect_atomic(from)) : e;
}

/* Of this and of the functions for groups of leaves every instruction counts: a full table has 512 entries. */
static __always_inline void copy_upper_group(pte_t *to, pte_t *from, struct page *records)
{
#pragma clang loop unroll(full)
	for (unsigned i = 0; i < PT_GROUP; i++) {
		pte_t e = pte_read(&from[i]);

		if (likely(pte_is_empty(e)))
			continue;
		page_get(pte_page_in(records, e));
		to[i] = entry_protect(&from[i], e);
	}
}

/* A group whose entries are all used, counted and private. */
static __always_inline void copy_plain_group(pte_t *to, pte_t *from, struct page *records)
{
	pte_t e[PT_GROUP], any = 0;

#pragma clang loop unroll(full)
	for (unsigned i = 0; i < PT_GROUP; i++)
		any |= e[i] = pte_read(&from[i]);
	if (pte_is_writable(any)) {
#pragma clang loop unroll(full)
		for (unsigned i = 0; i < PT_GROUP; i++)
			e[i] = pte_clear_writable(pte_protect_atomic(&from[i]));
	}
#pragma clang loop unroll(full)
	for (unsigned i = 0; i < PT_GROUP; i++) {
		to[i] = e[i];
		page_map_get(pte_page_in(records, e[i]));
	}
}

/* Any other. True: it is a plain one too. */
static __always_inline bool copy_mixed_group(pte_t *to, pte_t *from, struct page *records)
{
	unsigned plain = 0;

#pragma clang loop unroll(full)
	for (unsigned i = 0; i < PT_GROUP; i++) {
		pte_t e = pte_read(&from[i]);

		if (pte_is_empty(e))
			continue;
		if (unlikely(!pte_is_counted_private(e))) {
			if (!pte_is_special(e))
				page_map_get(pte_page_in(records, e));
			to[i] = pte_is_shared(e) ? e : entry_protect(&from[i], e);
			continue;
		}
		plain++;
		if (unlikely(pte_is_writable(e)))
			e = entry_protect(&from[i], e);
		to[i] = e;
		page_map_get(pte_page_in(records, e));
	}
	return plain == PT_GROUP;
}

/*
 * Lending. A program's text is most of its leaf table, and stays as it is: the copy takes the entries of the still run as
 * they are, and a hold on the table that has counted them. The lender is immutable as long as it lends, for who has an
 * entry that leads to it sees a count above one; when it has lost its last parent it keeps the run alone. A table
 * that borrows lends nothing of its own: copies of it borrow from its lender.
 */
/* Does dst borrow src's still run? Then it has a hold on its lender. */
static bool borrow(struct page *dst, struct page *src, bool may_lend)
{
	if (!src->table.lender) {
		if (!may_lend || src->table.still_end - src->table.still_from < LEND_LEAST)
			return false;
		dst->table.lender = (u32)page_to_pfn(src);
	}
	page_map_get(table_lender(dst));
	return true;
}

/* The entries of the still run, as they are. Which groups that were. */
static u64 copy_still(struct page *dst, struct page *src)
{
	unsigned from = src->table.still_from * PT_GROUP, n = src->table.still_end * PT_GROUP - from;

	memcpy(table_entries(dst) + from, table_entries(src) + from, n * sizeof(pte_t));
	return table_still(src);
}

/* What is learnt of src's groups is true as long as the caller shares it, or owns it: others may be learning the same. */
static void copy_leaves(struct page *dst, struct page *src, bool may_lend)
{
	pte_t *to = table_entries(dst), *from = table_entries(src);
	struct page *records = page_records;
	u64 plain = __atomic_load_n(&src->table.plain, __ATOMIC_RELAXED), mixed = src->table.groups & ~plain, learnt = 0;

	dst->table.plain = plain;
	if (borrow(dst, src, may_lend))
		plain &= ~copy_still(dst, src);
	for (; plain; plain &= plain - 1) {
		unsigned i = (unsigned)__builtin_ctzl(plain) * PT_GROUP;
		copy_plain_group(to + i, from + i, records);
	}
	for (; mixed; mixed &= mixed - 1) {
		unsigned i = (unsigned)__builtin_ctzl(mixed) * PT_GROUP;
		if (copy_mixed_group(to + i, from + i, records))
			learnt |= mixed & -mixed;
	}
	if (unlikely(learnt)) {
		dst->table.plain |= learnt;
		__atomic_fetch_or(&src->table.plain, learnt, __ATOMIC_RELAXED);
	}
}

static __always_inline struct page *copy_of(struct page *src, int node, bool may_lend)
{
	struct page *dst = table_alloc(node, src->table.level);
	struct page *records = page_records;

	if (unlikely(!dst))
		return NULL;
	dst->table = src->table;
	if (src->table.level == 0) {
		copy_leaves(dst, src, may_lend);
		return dst;
	}
	pte_t *to = table_entries(dst), *from = table_entries(src);
	for (u64 groups = src->table.groups; groups; groups &= groups - 1) {
		unsigned i = (unsigned)__builtin_ctzl(groups) * PT_GROUP;
		copy_upper_group(to + i, from + i, records);
	}
	return dst;
}

struct page *table_copy(struct page *src, int node) { return copy_of(src, node, true); }
struct page *table_copy_of_owned(struct page *src, int node) { return copy_of(src, node, false); }

void leaf_put(pte_t e)
{
	if (unlikely(pte_is_special(e)))
		return;
	struct page *p = pte_page(e);
	if (unlikely(pte_is_shared(e)) && pte_is_dirty(e))
		page_set_flag(p, PG_DIRTY);
	page_unmap_put(p);
}

static __always_inline void drop_plain_group(pte_t *group, struct page *records)
{
#pragma clang loop unroll(full)
	for (unsigned i = 0; i < PT_GROUP; i++) {
		pte_t e = group[i];

		group[i] = 0;
		page_unmap_put(pte_page_in(records, e));
	}
}

static __always_inline void drop_mixed_group(pte_t *group, struct page *records)
{
#pragma clang loop unroll(full)
	for (unsigned i = 0; i < PT_GROUP; i++) {
		pte_t e = group[i];

		if (pte_is_empty(e))
			continue;
		group[i] = 0;
		if (likely(pte_is_counted_private(e)))
			page_unmap_put(pte_page_in(records, e));
		else
			leaf_put(e);
	}
}

static void table_drop(struct page *t);

/* The still run of a table that borrowed it: nothing of it is counted. Which groups that were. */
static u64 drop_borrowed(struct page *t)
{
	unsigned from = t->table.still_from * PT_GROUP, n = t->table.still_end * PT_GROUP - from;

	memset(table_entries(t) + from, 0, n * sizeof(pte_t));
	return table_still(t);
}

/* A lender's parent, or who borrowed, has gone for good. */
static void lender_put(struct page *lender)
{
	if (arch_sub_is_spent((s64 *)(void *)&lender->mapcount, PAGE_LEAF_HOLD)) {
		BUG_ON(refcount_read(&lender->count));
		table_drop(lender);
	}
}

static void drop_groups(struct page *t, u64 plain, u64 mixed)
{
	pte_t *entries = table_entries(t);
	struct page *records = page_records;

	for (; plain; plain &= plain - 1)
		drop_plain_group(entries + (unsigned)__builtin_ctzl(plain) * PT_GROUP, records);
	for (; mixed; mixed &= mixed - 1)
		drop_mixed_group(entries + (unsigned)__builtin_ctzl(mixed) * PT_GROUP, records);
}

/* A parent of a table that lends goes. It becomes one that borrows first, so that the table stays while this looks: the last
 * parent takes everything that nobody borrows. */
static __noinline void parent_leaves_lender(struct page *t)
{
	u64 both = __atomic_add_fetch((u64 *)(void *)&t->mapcount, 1, __ATOMIC_ACQ_REL), still = table_still(t);

	if ((u32)both == both >> 32) {
		drop_groups(t, t->table.plain & ~still, t->table.groups & ~t->table.plain);
		t->table.groups = t->table.plain = still;
	}
	lender_put(t);
}

/* One parent of a leaf table less. True: it was the last holder. In one step with the look whether it lends: another parent
 * may be lending at this moment. */
static __always_inline bool leaf_table_leave(struct page *t)
{
	u64 both = __atomic_load_n((u64 *)(void *)&t->mapcount, __ATOMIC_RELAXED);

	do {
		if (unlikely((u32)both || (s64)both <= 0)) {
			if ((s64)both > 0)
				parent_leaves_lender(t);
			else
				refcount_report(&t->count, "decrement of a dead or saturated count");
			return false;
		}
	} while (unlikely(!__atomic_compare_exchange_n((u64 *)(void *)&t->mapcount, &both, both - (1UL << 32), false,
						       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)));
	return both >> 32 == 1;
}

static __always_inline bool table_leave(struct page *t)
{
	return t->table.level == 0 ? leaf_table_leave(t) : refcount_dec(&t->count);
}

static __always_inline void drop_upper_group(pte_t *group, struct page *records)
{
#pragma clang loop unroll(full)
	for (unsigned i = 0; i < PT_GROUP; i++) {
		pte_t e = group[i];

		if (likely(pte_is_empty(e)))
			continue;
		group[i] = 0;
		struct page *below = pte_page_in(records, e);
		if (table_leave(below))
			table_drop(below);
	}
}

/* Nobody points to it any more: everything below loses a parent. */
static void table_drop(struct page *t)
{
	ASSERT(t->kind == PAGE_TABLE);
	pte_t *entries = table_entries(t);
	struct page *records = page_records;
	u64 groups = t->table.groups;

	if (t->table.level == 0) {
		u64 plain = t->table.plain;

		if (t->table.lender) {
			plain &= ~drop_borrowed(t);
			lender_put(table_lender(t));
		}
		drop_groups(t, plain, groups & ~t->table.plain);
	} else {
		for (; groups; groups &= groups - 1)
			drop_upper_group(entries + (unsigned)__builtin_ctzl(groups) * PT_GROUP, records);
	}
	table_free(t);
}

void table_put(struct page *t)
{
	if (table_leave(t))
		table_drop(t);
}

/* From this group on the run is still no more: its pages are the table's own from now. */
void table_end_still(struct page *t, unsigned group)
{
	struct page *lender = table_lender(t);
	const pte_t *entries = table_entries(t);
	unsigned end = t->table.still_end * PT_GROUP;

	t->table.still_end = (u8)group;
	if (!t->table.lender)
		return;
	for (unsigned i = group * PT_GROUP; i < end; i++)
		page_map_get(pte_page(entries[i]));
	if (group == t->table.still_from) {
		t->table.lender = 0;
		lender_put(lender);
	}
}

static bool is_still_group(const pte_t *group)
{
	for (unsigned i = 0; i < PT_GROUP; i++) {
		pte_t e = group[i];

		if (pte_is_empty(e) || !pte_is_counted_private(e) || pte_page(e)->kind == PAGE_ANON)
			return false;
	}
	return true;
}

/* The first group may have been begun by the mapping before. */
void table_grow_still(struct page *t, unsigned index, unsigned n)
{
	unsigned from = index / PT_GROUP, end = (index + n) / PT_GROUP;

	if (t->table.lender)
		return;
	if (index % PT_GROUP) {
		if (from < end && is_still_group(table_entries(t) + from * PT_GROUP))
			t->table.plain |= 1UL << from;
		else
			from++;
	}
	if (from >= end)
		return;
	if (from <= t->table.still_end && end >= t->table.still_from && t->table.still_end) {
		from = MIN(from, (unsigned)t->table.still_from);
		end = MAX(end, (unsigned)t->table.still_end);
	} else if (end - from < (unsigned)(t->table.still_end - t->table.still_from)) {
		return;
	}
	t->table.still_from = (u8)from;
	t->table.still_end = (u8)end;
}
