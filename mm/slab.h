/*
 * mm/slab.h: objects of one type, with live-object counts, and kmalloc for the rest.
 * Way in: any context. Errors: NULL when memory is out. Every cache is listed (name, size, live) in /proc/slabinfo and
 * /proc/furca/objects: the tests' leak check.
 */
#ifndef MM_SLAB_H
#define MM_SLAB_H
#include "base/types.h"
#include "base/atomic.h"
#include "base/list.h"
#include "sync/spinlock.h"

/* One CPU's part of a cache: objects just freed there, linked; their slabs count them as used. Own, interrupts off. */
struct slab_quick {
	void *head;
	u32 count;
	long live;			/* handed out here less taken back here: the sum over CPUs counts; read by others */
} __aligned(32);

struct slab_cache {
	const char *name;
	u32 size, align;
	struct spinlock lock;
	struct slab_quick quick[CPUS_MAX];
	u32 quick_max;			/* of one CPU's objects; 0 before the first slab */
	struct list partial;		/* of page->slab.list: slabs with a free object; under lock */
	u32 stride;			/* bytes from one object to the next */
	u32 objects_per_slab;
	u32 order;			/* of a slab's block of frames */
	u32 slabs, empty_slabs;		/* under lock */
	struct slab_cache *next_cache;	/* in the list of all caches */
	bool is_ready, is_pool;
	void (*construct)(void *obj);	/* or NULL */
};
/* What a cache holds. The kernel's image has these; the caches are zeroed memory, made ready at their first object. */
struct slab_type {
	struct slab_cache *cache;
	const char *name;
	u32 size, align;
	bool is_pool;			/* free objects stay with their owner: handed out is not in use */
	void (*construct)(void *obj);
};
#define SLAB_TYPE(var, of, text, bytes, alignment, pool, make) \
	static const struct slab_type var __used __section("slab_types") = { (of), (text), (bytes), (alignment), (pool), (make) }
/* Define a cache for a struct at file scope: SLAB_CACHE(task_cache, struct task). Ready without an init call. Its name is
 * one word, "task": a field of /proc/slabinfo. */
#define SLAB_CACHE(var, type) \
	struct slab_cache var; \
	SLAB_TYPE(var##_type, &var, &#type[sizeof("struct")], sizeof(type), _Alignof(type), false, NULL)
/* The same for objects that their owner keeps for their next use. */
#define SLAB_POOL(var, type) \
	struct slab_cache var; \
	SLAB_TYPE(var##_type, &var, &#type[sizeof("struct")], sizeof(type), _Alignof(type), true, NULL)
/* The same for objects that are made once and come back as good as new: construct() is called when a slab is cut, and what it
 * sets but for the first word, which links free objects, is there at each slab_alloc(). Whoever frees one has put it back. */
#define SLAB_CONSTRUCTED(var, type, construct) \
	struct slab_cache var; \
	SLAB_TYPE(var##_type, &var, &#type[sizeof("struct")], sizeof(type), _Alignof(type), false, construct)

void *slab_alloc(struct slab_cache *c);			/* contents undefined */
void *slab_zalloc(struct slab_cache *c);
void slab_free(struct slab_cache *c, void *obj);	/* NULL is accepted */

void *kmalloc(size_t bytes);	/* any size up to 4 MiB; 8-byte aligned, power of two sizes naturally aligned */
void *kzalloc(size_t bytes);
void kfree(void *p);		/* NULL is accepted */
char *kstrdup(const char *s);
void *kmemdup(const void *src, size_t n);

/* Calls fn for each cache with its name, object size and live count. */
/* (about, while other CPUs are busy) */
void slab_for_each(void (*fn)(const struct slab_cache *c, void *arg), void *arg);
long slab_live(const struct slab_cache *c);	/* objects handed out */
size_t slab_live_bytes(void);

#endif
