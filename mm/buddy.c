/*
 * mm/buddy.c: the frame allocator: blocks of 2^0 to 2^10 frames; single frames come from a per-CPU cache.
 *
 * Way in: page_alloc(), page_free(), from any context. Memory that was never used is taken 4 MiB at a time, and only
 * when no free block will do, so little memory is ever touched and records exist only for what is.
 * User pages (anon, file, shmem) cannot have the last few frames: with those the kernel itself goes on, and whoever is
 * killed for memory can exit.
 * Locks: zone->lock (irqsave, RANK_BUDDY); the per-CPU cache: interrupts off.
 * Errors: NULL: nothing left, after what can be given back was (reclaim).
 */
#include "mm/buddy.h"
#include "mm/alloc_gate.h"
#include "debug/kasan.h"
#include "arch/arch.h"
#include "base/printk.h"
#include "base/string.h"

#define CACHE_MAX 128		/* single frames a CPU keeps */
#define CACHE_BATCH 32
#define RANGES 32
#define BLOCK_PAGES (1UL << PAGE_ORDER_MAX)

struct zone {
	struct spinlock lock;
	struct list free[PAGE_ORDER_MAX + 1];	/* of page->list, blocks by order */
	u64 free_pages;				/* in the lists and untouched */
	u64 reserve_pages;			/* kept from user pages */
	struct { u64 next, end; } untouched[RANGES];	/* frame numbers */
	int range, range_count;			/* range: the one being used up */
};
static struct zone zones[NODES];

static struct zone *zone_of(int node)
{
	if (node == NODE_ANY)
		return &zones[0];
	return node >= 0 && node < NODES ? &zones[node] : NULL;
}

void buddy_init(void)
{
	for (int n = 0; n < NODES; n++) {
		struct zone *z = &zones[n];
		*z = (struct zone){ .lock = SPINLOCK_INIT(RANK_BUDDY) };
		for (int i = 0; i <= PAGE_ORDER_MAX; i++)
			list_init(&z->free[i]);
	}
}

void buddy_add_range(int node, u64 first_pfn, u64 end_pfn)
{
	struct zone *z = &zones[node];
	if (first_pfn >= end_pfn)
		return;
	BUG_ON(z->range_count == RANGES);
	z->untouched[z->range_count].next = first_pfn;
	z->untouched[z->range_count++].end = end_pfn;
	z->free_pages += end_pfn - first_pfn;
	z->reserve_pages = MIN(z->free_pages / 64, 256UL);
	/* A block that a range shares with others gets its records now: its neighbours are looked at when blocks merge. */
	page_records_touch(first_pfn);
	page_records_touch(end_pfn - 1);
}

u64 buddy_free_pages(void)
{
	u64 n = 0;
	for (int i = 0; i < NODES; i++)
		n += READ_ONCE(zones[i].free_pages);
	return n;
}

void buddy_records_touch(u64 pfn)
{
	unsigned long irq = spin_lock_irqsave(&zones[0].lock);
	page_records_touch(pfn);
	spin_unlock_irqrestore(&zones[0].lock, irq);
}

/* -- under zone->lock -- */
static void block_insert(struct zone *z, struct page *p, unsigned order)
{
	p->kind = PAGE_FREE;
	p->order = order;
	p->flags = PG_BUDDY;
	list_push_front(&z->free[order], &p->list);
}

/* Frees a block, merging it with its buddy as long as that is free too. */
static void zone_free(struct zone *z, u64 pfn, unsigned order)
{
	z->free_pages += 1UL << order;
	for (; order < PAGE_ORDER_MAX; order++) {
		struct page *buddy = pfn_to_page(pfn ^ (1UL << order));
		if (buddy->kind != PAGE_FREE || !(buddy->flags & PG_BUDDY) || buddy->order != order)
			break;
		list_remove(&buddy->list);
		buddy->flags = 0;
		pfn &= ~(1UL << order);
	}
	block_insert(z, pfn_to_page(pfn), order);
}

/* Takes up to one 4 MiB block of memory never used before into the free lists. False: there is none left. */
static bool zone_refill(struct zone *z)
{
	while (z->range < z->range_count && z->untouched[z->range].next == z->untouched[z->range].end)
		z->range++;
	if (z->range == z->range_count)
		return false;
	u64 pfn = z->untouched[z->range].next;
	u64 end = MIN(ALIGN_UP(pfn + 1, BLOCK_PAGES), z->untouched[z->range].end);
	z->untouched[z->range].next = end;
	page_records_touch(pfn);
	z->free_pages -= end - pfn;
	while (pfn < end) {
		unsigned order = pfn ? (unsigned)__builtin_ctzl(pfn) : PAGE_ORDER_MAX;
		order = MIN(order, (unsigned)PAGE_ORDER_MAX);
		while (pfn + (1UL << order) > end)
			order--;
		zone_free(z, pfn, order);
		pfn += 1UL << order;
	}
	return true;
}

static struct page *zone_alloc(struct zone *z, unsigned order)
{
	for (;;) {
		for (unsigned o = order; o <= PAGE_ORDER_MAX; o++) {
			if (list_is_empty(&z->free[o]))
				continue;
			struct page *p = list_first(&z->free[o], struct page, list);
			list_remove(&p->list);
			p->flags = 0;
			while (o > order) {	/* the upper halves stay free */
				o--;
				block_insert(z, p + (1UL << o), o);
			}
			z->free_pages -= 1UL << order;
			return p;
		}
		if (!zone_refill(z))
			return NULL;
	}
}

/* -- the per-CPU cache: interrupts off -- */
static void cache_push(struct page_cache *c, struct page *p)
{
	p->private = c->frames;
	c->frames = p;
	c->frame_count++;
}

static struct page *cache_pop(struct page_cache *c)
{
	struct page *p = c->frames;
	c->frames = p->private;
	c->frame_count--;
	return p;
}

/* Of the free blocks: a whole small one is taken at once, a large one is not broken up for single frames. */
static unsigned smallest_order(const struct zone *z)
{
	unsigned o = 0;

	while (o < PAGE_ORDER_MAX && list_is_empty(&z->free[o]))
		o++;
	return o;
}

static bool cache_refill(struct page_cache *c, struct zone *z)
{
	spin_lock(&z->lock);
	for (unsigned want = CACHE_BATCH; want; ) {
		unsigned order = MIN(smallest_order(z), (unsigned)__builtin_ctz(CACHE_BATCH));
		struct page *p;

		while (1u << order > want)
			order--;
		p = zone_alloc(z, order);
		if (!p && order)
			p = zone_alloc(z, order = 0);
		if (!p)
			break;
		for (unsigned i = 1u << order; i-- > 0; ) {
			p[i].kind = PAGE_FREE;
			cache_push(c, &p[i]);
		}
		want -= 1u << order;
	}
	spin_unlock(&z->lock);
	return c->frames;
}

static void cache_shrink(struct page_cache *c, unsigned to)
{
	struct zone *z = &zones[0];
	spin_lock(&z->lock);
	while (c->frame_count > to)
		zone_free(z, page_to_pfn(cache_pop(c)), 0);
	spin_unlock(&z->lock);
}

void page_cache_drain(void)
{
	unsigned long irq = arch_irq_save();
	cache_shrink(page_cache_self(), 0);
	arch_irq_restore(irq);
}

/* -- the way in -- */
static bool is_user_kind(enum page_kind k) { return k == PAGE_ANON || k == PAGE_FILE || k == PAGE_SHMEM; }

static __always_inline void page_begin(struct page_cache *c, struct page *p, enum page_kind kind, unsigned order)
{
	refcount_set(&p->count, 1);
	atomic_set(&p->mapcount, 0);
	p->kind = kind;
	p->order = order;
	p->flags = 0;
	c->kinds[kind] += 1L << order;
	kasan_unpoison(page_address(p), PAGE_SIZE << order);
}

static struct page *try_alloc(struct zone *z, enum page_kind kind, unsigned order)
{
	struct page_cache *c = page_cache_self();
	struct page *p = NULL;
	unsigned long irq = arch_irq_save();
	if (order == 0) {
		if (c->frames || cache_refill(c, z))
			p = cache_pop(c);
	} else {
		spin_lock(&z->lock);
		p = zone_alloc(z, order);
		spin_unlock(&z->lock);
	}
	if (p)
		page_begin(c, p, kind, order);
	arch_irq_restore(irq);
	return p;
}

/* The debug build's pages that wait before they are used again. */
static void release_waiting(void)
{
	unsigned long irq = arch_irq_save();
	for (struct page *p; (p = kasan_page_release()) != NULL;)
		cache_push(page_cache_self(), p);
	arch_irq_restore(irq);
}

/* Gives back what is kept only for speed. Not with interrupts off: the caller may hold any irqsave lock. */
static void reclaim(void)
{
	if (in_interrupt() || !arch_irqs_are_on())
		return;
	table_pool_drain();
	slab_reclaim();
	kstack_reclaim();
	release_waiting();
	page_cache_drain();
}

bool memory_is_short(void)
{
	struct zone *z = &zones[0];

	return READ_ONCE(z->free_pages) <= z->reserve_pages;
}

/* What the cache cannot serve. */
static __noinline struct page *alloc_slow(int node, enum page_kind kind, unsigned order)
{
	struct zone *z = zone_of(node);
	if (!z || order > PAGE_ORDER_MAX)
		return NULL;
	for (int round = 0; round < 2; round++) {
		if (!is_user_kind(kind) || READ_ONCE(z->free_pages) > z->reserve_pages) {
			struct page *p = try_alloc(z, kind, order);
			if (p)
				return p;
		}
		if (round == 0)
			reclaim();
	}
	return NULL;
}

static __always_inline struct page *alloc(int node, enum page_kind kind, unsigned order)
{
	if (unlikely(alloc_should_fail()))
		return NULL;
	if (unlikely(order || (node != NODE_ANY && node != 0)))
		return alloc_slow(node, kind, order);
	unsigned long irq = arch_irq_save();
	struct page_cache *c = page_cache_self();
	if (unlikely(!c->frames)) {
		arch_irq_restore(irq);
		return alloc_slow(node, kind, order);
	}
	struct page *p = cache_pop(c);
	page_begin(c, p, kind, 0);
	arch_irq_restore(irq);
	return p;
}

struct page *page_alloc(int node, enum page_kind kind, unsigned order) { return alloc(node, kind, order); }

struct page *page_alloc_zeroed(int node, enum page_kind kind)
{
	struct page *p = alloc(node, kind, 0);
	if (likely(p))
		arch_page_clear(page_address(p));
	return p;
}

void page_free(struct page *p, unsigned order)
{
	struct page_cache *c = page_cache_self();
	ASSERT(p->kind != PAGE_FREE && p->kind != PAGE_RESERVED);
#ifdef FURCA_DEBUG
	memset(page_address(p), 0x6b, PAGE_SIZE << order);
#endif
	unsigned long irq = arch_irq_save();
	c->kinds[p->kind] -= 1L << order;
	p->kind = PAGE_FREE;
	kasan_poison(page_address(p), PAGE_SIZE << order, KASAN_FREE_PAGE);
	if (likely(order == 0)) {
		p->flags = 0;
		p = kasan_page_wait(p);
		if (p)
			cache_push(c, p);
		if (unlikely(c->frame_count > CACHE_MAX))
			cache_shrink(c, CACHE_MAX - CACHE_BATCH);
	} else {
		spin_lock(&zones[0].lock);
		zone_free(&zones[0], page_to_pfn(p), order);
		spin_unlock(&zones[0].lock);
	}
	arch_irq_restore(irq);
}
