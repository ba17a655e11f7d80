/*
 * mm/slab.c: objects of one size, cut from blocks of frames; kmalloc over size classes.
 *
 * A slab is a block of frames of kind PAGE_SLAB. Free objects are linked through their first word; the block's first
 * record holds the list, the number in use and the cache; the other records point to the first.
 * Slabs with a free object are in cache->partial; full ones in no list; at most KEEP_EMPTY empty ones are kept.
 * In front of the slabs each CPU has a short list of objects just freed there (cache->quick), which serves most calls
 * without a lock. It is filled and emptied some at a time.
 * Locks: cache->lock (irqsave, RANK_SLAB) for the slabs, not held while frames are allocated or freed; a CPU's own list:
 * interrupts off.
 * Errors: NULL when there are no frames.
 */
#include "mm/slab.h"
#include "mm/alloc_gate.h"
#include "mm/buddy.h"
#include "debug/kasan.h"
#include "base/printk.h"
#include "base/string.h"

#define SLAB_ORDER_MAX 3
#define KEEP_EMPTY 2
#define QUICK_MAX 32
#define QUICK_BYTES 16384	/* of large objects a CPU keeps fewer */

static struct spinlock caches_lock = SPINLOCK_INIT(RANK_SLAB);
static struct slab_cache *all_caches;	/* never shrinks; under caches_lock, read without */

bool alloc_gate_count(struct task *t) { return !in_interrupt() && --t->fail_nth == 0; }

/* -- slabs -- */
/* The smallest block that wastes at most an eighth, or holds enough objects not to matter. */
static unsigned choose_order(u32 stride)
{
	for (unsigned o = 0; o < SLAB_ORDER_MAX; o++) {
		u32 bytes = PAGE_SIZE << o;
		if (bytes / stride >= 1 && bytes % stride <= bytes / 8)
			return o;
	}
	return SLAB_ORDER_MAX;
}

/* Of all caches: the linker gathers them. */
extern const struct slab_type __start_slab_types[], __stop_slab_types[];

static const struct slab_type *type_of(const struct slab_cache *c)
{
	const struct slab_type *type = __start_slab_types;

	while (type->cache != c) {
		type++;
		BUG_ON(type == __stop_slab_types);
	}
	return type;
}

static __noinline void cache_prepare(struct slab_cache *c)
{
	unsigned long irq = spin_lock_irqsave(&caches_lock);
	if (!c->is_ready) {
		const struct slab_type *type = type_of(c);

		spin_init(&c->lock, RANK_SLAB);
		c->name = type->name;
		c->is_pool = type->is_pool;
		c->construct = type->construct;
		c->size = MAX(c->size, type->size);	/* what is known only when the machine runs was set before */
		c->align = MAX(type->align, 8u);
		/* what is aligned to its size has no room for a red zone */
		c->stride = ALIGN_UP(MAX(c->size, 8u) + (c->align < c->size ? KASAN_RED_ZONE_BYTES : 0), c->align);
		c->order = choose_order(c->stride);
		c->objects_per_slab = (PAGE_SIZE << c->order) / c->stride;
		BUG_ON(c->objects_per_slab == 0);
		c->quick_max = MAX(MIN(QUICK_BYTES / c->stride, QUICK_MAX), 2u);
		list_init(&c->partial);
		c->next_cache = all_caches;
		__atomic_store_n(&all_caches, c, __ATOMIC_RELEASE);
		__atomic_store_n(&c->is_ready, true, __ATOMIC_RELEASE);
	}
	spin_unlock_irqrestore(&caches_lock, irq);
}

/* A new slab with all its objects free, in no list; NULL: no frames. */
static struct page *slab_new(struct slab_cache *c)
{
	struct page *slab = page_alloc(NODE_ANY, PAGE_SLAB, c->order);
	if (!slab)
		return NULL;
	for (u32 i = 0; i < 1u << c->order; i++) {
		slab[i].slab.cache = c;
		slab[i].slab.freelist = slab;	/* right for all but the first, which is set below */
		slab[i].kind = PAGE_SLAB;
	}
	u8 *base = page_address(slab);
	void *next = NULL;
	for (u32 i = c->objects_per_slab; i-- > 0; ) {
		void **obj = (void **)(base + (size_t)i * c->stride);
		if (c->construct)
			c->construct(obj);
		*obj = next;
		next = obj;
	}
	slab->slab.freelist = next;
	slab->slab_used = 0;
	kasan_poison(base, PAGE_SIZE << c->order, KASAN_RED_ZONE);
	return slab;
}

static void slab_destroy(struct slab_cache *c, struct page *slab)
{
	for (u32 i = 1; i < 1u << c->order; i++)
		slab[i].kind = PAGE_RESERVED;
	page_free(slab, c->order);
}

/* The slab that holds obj. A block's frames are aligned, so the first is found from the address. */
static struct page *slab_of(const struct slab_cache *c, void *obj)
{
	struct page *p = virt_to_page(obj);
	ASSERT(p->kind == PAGE_SLAB && p->slab.cache == c);
	return pfn_to_page(page_to_pfn(p) & ~((1UL << c->order) - 1));
}

/* Puts a fresh slab into the cache and takes the lock. NULL: no frames; the lock is not held. */
static struct page *grow_and_lock(struct slab_cache *c, unsigned long *irq)
{
	struct page *slab = slab_new(c);
	if (!slab)
		return NULL;
	*irq = spin_lock_irqsave(&c->lock);
	list_push_back(&c->partial, &slab->slab.list);
	c->slabs++;
	c->empty_slabs++;
	return list_first(&c->partial, struct page, slab.list);
}

/* Objects of one slab, a new one if need be: one to hand out, and some for this CPU's list. Interrupts are off, and on
 * again if they were when it returns. */
static __noinline void *take_from_slab(struct slab_cache *c, unsigned long irq)
{
	struct slab_quick *q;
	struct page *slab;
	void **obj;

	if (unlikely(!__atomic_load_n(&c->is_ready, __ATOMIC_ACQUIRE)))
		cache_prepare(c);
	spin_lock(&c->lock);
	if (list_is_empty(&c->partial)) {
		spin_unlock_irqrestore(&c->lock, irq);
		slab = grow_and_lock(c, &irq);
		if (!slab)
			return NULL;
	} else {
		slab = list_first(&c->partial, struct page, slab.list);
	}
	q = &c->quick[cpu_id()];
	obj = slab->slab.freelist;
	slab->slab.freelist = *obj;
	if (slab->slab_used++ == 0)
		c->empty_slabs--;
	while (slab->slab.freelist && q->count < c->quick_max / 2) {
		void **more = slab->slab.freelist;

		slab->slab.freelist = *more;
		slab->slab_used++;
		*more = q->head;
		q->head = more;
		q->count++;
	}
	if (!slab->slab.freelist)
		list_remove(&slab->slab.list);
	q->live++;
	spin_unlock_irqrestore(&c->lock, irq);
	return obj;
}

static __always_inline void *object_take(struct slab_cache *c)
{
	unsigned long irq = arch_irq_save();
	struct slab_quick *q = &c->quick[cpu_id()];
	void **obj = q->head;

	if (unlikely(!obj))
		return take_from_slab(c, irq);
	q->head = *obj;
	q->count--;
	q->live++;
	arch_irq_restore(irq);
	return obj;
}

/* Gives an object back to its slab. The lock is held. A slab that is not to be kept: the caller destroys it. */
static struct page *return_to_slab(struct slab_cache *c, void *obj)
{
	struct page *slab = slab_of(c, obj);
	ASSERT(slab->slab_used > 0);
	if (!slab->slab.freelist)
		list_push_front(&c->partial, &slab->slab.list);
	*(void **)obj = slab->slab.freelist;
	slab->slab.freelist = obj;
	if (--slab->slab_used)
		return NULL;
	list_remove(&slab->slab.list);
	if (c->empty_slabs >= KEEP_EMPTY) {
		c->slabs--;
		return slab;
	}
	list_push_back(&c->partial, &slab->slab.list);	/* last to be used: may be given back */
	c->empty_slabs++;
	return NULL;
}

void *slab_alloc(struct slab_cache *c)
{
	if (unlikely(alloc_should_fail()))
		return NULL;
	void *obj = object_take(c);
#ifdef FURCA_DEBUG
	if (obj) {
		memset(obj, 0x5a, c->size);
		kasan_unpoison(obj, c->size);
		if (c->construct)
			c->construct(obj);	/* slab_free() has overwritten it */
	}
#endif
	return obj;
}

void *slab_zalloc(struct slab_cache *c)
{
	void *obj = slab_alloc(c);
	if (likely(obj))
		memset(obj, 0, c->size);
	return obj;
}

static void destroy_all(struct slab_cache *c, struct list *surplus)
{
	while (!list_is_empty(surplus)) {
		struct page *slab = list_first(surplus, struct page, slab.list);

		list_remove(&slab->slab.list);
		slab_destroy(c, slab);
	}
}

/* Takes objects of this CPU's list home to their slabs until `to` are left. Under c->lock. */
static void quick_shrink_locked(struct slab_cache *c, u32 to, struct list *surplus)
{
	struct slab_quick *q = &c->quick[cpu_id()];

	while (q->count > to) {
		void **obj = q->head;
		struct page *slab;

		q->head = *obj;
		q->count--;
		slab = return_to_slab(c, obj);
		if (slab)
			list_push_back(surplus, &slab->slab.list);
	}
}

/* This CPU's list is full. Interrupts are off, and on again if they were when it returns. */
static __noinline void quick_overflow(struct slab_cache *c, unsigned long irq)
{
	struct list surplus = LIST_INIT(surplus);

	spin_lock(&c->lock);
	quick_shrink_locked(c, c->quick_max / 2, &surplus);
	spin_unlock_irqrestore(&c->lock, irq);
	destroy_all(c, &surplus);
}

static __always_inline void object_give(struct slab_cache *c, void *obj)
{
	unsigned long irq = arch_irq_save();
	struct slab_quick *q = &c->quick[cpu_id()];
	*(void **)obj = q->head;
	q->head = obj;
	q->live--;
	if (unlikely(++q->count > c->quick_max))
		quick_overflow(c, irq);
	else
		arch_irq_restore(irq);
}

/* The debug build: an object that waits is dead to its cache already, and is counted again when it goes for good. */
static void count_live(struct slab_cache *c, int more)
{
	unsigned long irq = arch_irq_save();
	c->quick[cpu_id()].live += more;
	arch_irq_restore(irq);
}

void slab_free(struct slab_cache *c, void *obj)
{
	if (unlikely(!obj))
		return;
#ifdef FURCA_DEBUG
	BUG_ON(((u8 *)obj - (u8 *)page_address(slab_of(c, obj))) % c->stride);
	memset(obj, 0x6b, c->size);
	count_live(c, -1);
	obj = kasan_object_wait(&c, obj, __builtin_return_address(0));
	if (!obj)
		return;
	count_live(c, 1);
#endif
	object_give(c, obj);
}

/* What this CPU's list and the cache keep only for speed. A cache that is busy is left alone. */
static void cache_reclaim(struct slab_cache *c)
{
	struct list surplus = LIST_INIT(surplus);
	unsigned long irq = arch_irq_save();

	if (spin_trylock(&c->lock)) {
		quick_shrink_locked(c, 0, &surplus);
		while (c->empty_slabs) {
			struct page *slab = list_last(&c->partial, struct page, slab.list);

			ASSERT(slab->slab_used == 0);
			list_remove(&slab->slab.list);
			list_push_back(&surplus, &slab->slab.list);
			c->empty_slabs--;
			c->slabs--;
		}
		spin_unlock(&c->lock);
	}
	arch_irq_restore(irq);
	destroy_all(c, &surplus);
}

void slab_reclaim(void)
{
	struct slab_cache *cache;
	for (void *obj; (obj = kasan_object_release(&cache)) != NULL;) {
		count_live(cache, 1);
		object_give(cache, obj);
	}
	for (struct slab_cache *c = __atomic_load_n(&all_caches, __ATOMIC_ACQUIRE); c; c = c->next_cache)
		cache_reclaim(c);
}

void slab_for_each(void (*fn)(const struct slab_cache *c, void *arg), void *arg)
{
	for (struct slab_cache *c = __atomic_load_n(&all_caches, __ATOMIC_ACQUIRE); c; c = c->next_cache)
		fn(c, arg);
}

long slab_live(const struct slab_cache *c)
{
	long n = 0;

	for (u32 i = 0; i < CPUS_MAX; i++)
		n += READ_ONCE(c->quick[i].live);
	return n;
}

size_t slab_live_bytes(void)
{
	size_t n = 0;
	for (struct slab_cache *c = __atomic_load_n(&all_caches, __ATOMIC_ACQUIRE); c; c = c->next_cache)
		n += (size_t)slab_live(c) * c->size;
	return n;
}
