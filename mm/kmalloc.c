/*
 * mm/kmalloc.c: memory of any size: a slab cache for each size class up to a page, whole blocks of frames above.
 * A pointer's frame record says which it is. Locks: the slab caches' own. Errors: NULL.
 */
#include "mm/slab.h"
#include "mm/page.h"
#include "debug/kasan.h"
#include "base/printk.h"
#include "base/string.h"

#define CLASSES(X) X(0, 16) X(1, 32) X(2, 48) X(3, 64) X(4, 96) X(5, 128) X(6, 192) X(7, 256) \
	X(8, 384) X(9, 512) X(10, 768) X(11, 1024) X(12, 2048) X(13, 4096)
#define SIZE(i, n) [i] = n,
#define TYPE(i, n) SLAB_TYPE(class_##i, &classes[i], "kmalloc-" #n, n, (n & (n - 1)) ? 8 : n, false, NULL);
static const u16 class_size[] = { CLASSES(SIZE) };
static struct slab_cache classes[ARRAY_SIZE(class_size)];
CLASSES(TYPE)

/* The class of (bytes + 15) / 16, up to 256 bytes. */
static const u8 small_class[17] = { 0, 0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7 };
#define FIRST_LARGE_CLASS 8

static struct slab_cache *class_of(size_t bytes)
{
	if (bytes <= 256)
		return &classes[small_class[(bytes + 15) / 16]];
	for (unsigned i = FIRST_LARGE_CLASS; i < ARRAY_SIZE(classes); i++) {
		if (bytes <= class_size[i])
			return &classes[i];
	}
	return NULL;
}

static unsigned order_of(size_t bytes)
{
	unsigned order = 0;
	while (PAGE_SIZE << order < bytes)
		order++;
	return order;
}

/* For the debug build: of an object of its class only the bytes that were asked for may be touched. */
static __always_inline void *tail_poisoned(void *obj, size_t bytes, size_t size)
{
	if (obj && size - bytes >= 8)
		kasan_poison((u8 *)obj + ALIGN_UP(bytes, 8), size - ALIGN_UP(bytes, 8), KASAN_RED_ZONE);
	if (obj)
		kasan_unpoison(obj, bytes);
	return obj;
}

void *kmalloc(size_t bytes)
{
	struct slab_cache *c = class_of(bytes);
	if (likely(c))
		return tail_poisoned(slab_alloc(c), bytes, c->size);
	if (bytes > PAGE_SIZE << PAGE_ORDER_MAX)
		return NULL;
	struct page *p = page_alloc(NODE_ANY, PAGE_KERNEL, order_of(bytes));
	return p ? page_address(p) : NULL;
}

void *kzalloc(size_t bytes)
{
	void *p = kmalloc(bytes);
	if (p)
		memset(p, 0, bytes);
	return p;
}

void kfree(void *ptr)
{
	if (!ptr)
		return;
	struct page *p = virt_to_page(ptr);
	if (likely(p->kind == PAGE_SLAB)) {
		slab_free(p->slab.cache, ptr);
		return;
	}
	BUG_ON(p->kind != PAGE_KERNEL);
	page_free(p, p->order);
}

void *kmemdup(const void *src, size_t n)
{
	void *p = kmalloc(n);
	return p ? memcpy(p, src, n) : NULL;
}

char *kstrdup(const char *s) { return kmemdup(s, strlen(s) + 1); }
