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

#define POOL_TABLES 64
#define POOL_ROOTS 16

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

static void table_begin(struct page *t, int level)
{
	refcount_set(&t->count, 1);
	t->table.groups = 0;
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

	if (t->table.level == ROOT_LEVEL && c->root_count < POOL_ROOTS)
		pool_push(&c->roots, &c->root_count, t);
	else if (t->table.level != ROOT_LEVEL && c->table_count < POOL_TABLES)
		pool_push(&c->tables, &c->table_count, t);
	else
		page_free(t, 0);
}

/* Copies one group of entries. Under the lock that guards src. */
static __always_inline void copy_group(pte_t *to, pte_t *from, bool is_leaf)
{
	for (unsigned i = 0; i < PT_GROUP; i++) {
		pte_t e = pte_read(&from[i]);

		if (pte_is_empty(e))
			continue;
		if (!is_leaf)
			page_get(pte_page(e));
		else if (!pte_is_special(e))
			page_map_get(pte_page(e));
		if (pte_is_writable(e) && !(is_leaf && pte_is_shared(e)))
			e = pte_clear_writable(pte_protect_atomic(&from[i]));
		to[i] = e;
	}
}

struct page *table_copy(struct page *src, int node)
{
	struct page *dst = table_alloc(node, src->table.level);
	u64 groups = src->table.groups;

	if (unlikely(!dst))
		return NULL;
	dst->table = src->table;
	pte_t *to = table_entries(dst), *from = table_entries(src);
	bool is_leaf = src->table.level == 0;

	for (; groups; groups &= groups - 1) {
		unsigned i = (unsigned)__builtin_ctzl(groups) * PT_GROUP;
		if (is_leaf)
			copy_group(to + i, from + i, true);
		else
			copy_group(to + i, from + i, false);
	}
	return dst;
}

static __always_inline void leaf_drop(pte_t e)
{
	if (unlikely(pte_is_special(e)))
		return;
	struct page *p = pte_page(e);
	if (unlikely(pte_is_shared(e)) && pte_is_dirty(e))
		page_set_flag(p, PG_DIRTY);
	page_unmap_put(p);
}

void leaf_put(pte_t e) { leaf_drop(e); }

static __always_inline void drop_group(pte_t *group, bool is_leaf)
{
	for (unsigned i = 0; i < PT_GROUP; i++) {
		pte_t e = group[i];

		if (pte_is_empty(e))
			continue;
		group[i] = 0;
		if (is_leaf)
			leaf_drop(e);
		else
			table_put(pte_page(e));
	}
}

void table_put(struct page *t)
{
	if (likely(!refcount_dec(&t->count)))
		return;
	ASSERT(t->kind == PAGE_TABLE);
	pte_t *entries = table_entries(t);

	bool is_leaf = t->table.level == 0;

	for (u64 groups = t->table.groups; groups; groups &= groups - 1) {
		pte_t *group = entries + (unsigned)__builtin_ctzl(groups) * PT_GROUP;

		if (is_leaf)
			drop_group(group, true);
		else
			drop_group(group, false);
	}
	table_free(t);
}
