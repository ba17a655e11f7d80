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

/* A pool's least size, and what part of the memory all pools may have: they count as free memory, and are given back when that is
 * short. */
#define POOL_TABLES 64
#define POOL_ROOTS 16
#define POOL_PART 128

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

/* What is learnt of src's groups is true as long as the caller shares it, or owns it: others may be learning the same. */
static void copy_leaves(struct page *dst, struct page *src)
{
	pte_t *to = table_entries(dst), *from = table_entries(src);
	struct page *records = page_records;
	u64 plain = __atomic_load_n(&src->table.plain, __ATOMIC_RELAXED), mixed = src->table.groups & ~plain, learnt = 0;

	dst->table.plain = plain;
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

struct page *table_copy(struct page *src, int node)
{
	struct page *dst = table_alloc(node, src->table.level);
	struct page *records = page_records;

	if (unlikely(!dst))
		return NULL;
	dst->table = src->table;
	if (src->table.level == 0) {
		copy_leaves(dst, src);
		return dst;
	}
	pte_t *to = table_entries(dst), *from = table_entries(src);
	for (u64 groups = src->table.groups; groups; groups &= groups - 1) {
		unsigned i = (unsigned)__builtin_ctzl(groups) * PT_GROUP;
		copy_upper_group(to + i, from + i, records);
	}
	return dst;
}

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

static __always_inline void drop_upper_group(pte_t *group, struct page *records)
{
#pragma clang loop unroll(full)
	for (unsigned i = 0; i < PT_GROUP; i++) {
		pte_t e = group[i];

		if (likely(pte_is_empty(e)))
			continue;
		group[i] = 0;
		struct page *below = pte_page_in(records, e);
		if (refcount_dec(&below->count))
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
		for (u64 plain = t->table.plain; plain; plain &= plain - 1)
			drop_plain_group(entries + (unsigned)__builtin_ctzl(plain) * PT_GROUP, records);
		for (groups &= ~t->table.plain; groups; groups &= groups - 1)
			drop_mixed_group(entries + (unsigned)__builtin_ctzl(groups) * PT_GROUP, records);
	} else {
		for (; groups; groups &= groups - 1)
			drop_upper_group(entries + (unsigned)__builtin_ctzl(groups) * PT_GROUP, records);
	}
	table_free(t);
}

void table_put(struct page *t)
{
	if (refcount_dec(&t->count))
		table_drop(t);
}
