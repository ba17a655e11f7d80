/*
 * debug/kasan.c: the debug build's watch over memory: a load or store of a freed object, a free page or beyond the end of
 * an object is a panic that says which. What is freed waits in a quarantine before it can be handed out again, and is
 * looked at when it leaves: whoever wrote to it meanwhile, by code that is not checked, is found then.
 * Way in: __asan_* from the compiler (-fsanitize=kernel-address, with calls), kasan.h from the allocators.
 * Checked: the direct map. Not checked: stacks, the kernel's own data, assembler, mm/slab.c, and this file.
 * Locks: the quarantines' own (RANK_LOG: the last, taken with interrupts off). Errors: none.
 */
#ifdef FURCA_KASAN
#include "debug/kasan.h"
#include "arch/arch.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "sync/spinlock.h"

#define OBJECTS_WAIT 512
#define OBJECT_BYTES_WAIT 3072	/* larger ones do not wait: memory */
#define PAGES_WAIT 32

static u8 *shadow;		/* of the direct map; NULL: not yet */
static size_t checked_bytes;	/* of RAM; 0: nothing yet, or no more */

static struct { struct slab_cache *cache; void *obj; const void *who; } waiting[OBJECTS_WAIT];
static unsigned waiting_at;
static struct page *pages_waiting[PAGES_WAIT];
static unsigned pages_at;

static u8 *shadow_of(const void *p) { return shadow + (u64)((const u8 *)p - (const u8 *)phys_to_virt(0)) / 8; }

void kasan_init(u8 *s, size_t ram_bytes)
{
	memset(s, 0, KASAN_SHADOW_BYTES(ram_bytes));
	checked_bytes = ram_bytes;
	shadow = s;
}

void kasan_poison(const void *p, size_t n, u8 why)
{
	if (shadow)
		memset(shadow_of(p), why, n / 8);
}

void kasan_unpoison(const void *p, size_t n)
{
	if (!shadow)
		return;
	memset(shadow_of(p), 0, n / 8);
	if (n % 8)
		*(shadow_of(p) + n / 8) = (u8)(n % 8);
}

/* -- the quarantine -- */
/* No lock of the watched kind: the watch over locks looks at memory itself. */
static u32 wait_lock;

static unsigned long take_lock(void)
{
	unsigned long irq = arch_irq_save();

	while (__atomic_exchange_n(&wait_lock, 1, __ATOMIC_ACQUIRE))
		arch_relax();
	return irq;
}

static void drop_lock(unsigned long irq)
{
	__atomic_store_n(&wait_lock, 0, __ATOMIC_RELEASE);
	arch_irq_restore(irq);
}

/* p and n: whole 8s; what a smaller object ends in is not looked at. */
static void check_unwritten(const u64 *p, size_t n, const char *name, const void *who)
{
	u64 changed = 0;

	for (size_t i = 0; i < n / 8; i++)
		changed |= p[i] ^ KASAN_FILL * 0x0101010101010101UL;
	if (changed)
		panic("kasan: a freed %s at %p, freed by %pS, was written to", name, (const void *)p, who);
}

static void *exchange_object(struct slab_cache **c, void *obj, const void *who)
{
	unsigned long irq = take_lock();
	unsigned i = waiting_at++ % OBJECTS_WAIT;
	struct slab_cache *old_cache = waiting[i].cache;
	void *old = waiting[i].obj;
	const void *old_who = waiting[i].who;

	waiting[i].cache = *c;
	waiting[i].obj = obj;
	waiting[i].who = who;
	drop_lock(irq);
	*c = old_cache;
	if (old)
		check_unwritten(old, old_cache->size, old_cache->name, old_who);
	return old;
}

void *kasan_object_wait(struct slab_cache **c, void *obj, const void *who)
{
	memset(obj, KASAN_FILL, (*c)->size);
	kasan_poison(obj, ALIGN_UP((*c)->size, 8u), KASAN_FREE_OBJECT);
	return !shadow || (*c)->size > OBJECT_BYTES_WAIT ? obj : exchange_object(c, obj, who);
}

void *kasan_object_release(struct slab_cache **c)
{
	for (unsigned n = 0; n < OBJECTS_WAIT; n++) {
		void *obj = exchange_object(c, NULL, NULL);
		if (obj)
			return obj;
	}
	return NULL;
}

struct page *kasan_page_wait(struct page *p)
{
	unsigned long irq = take_lock();
	struct page **slot = &pages_waiting[pages_at++ % PAGES_WAIT], *old = *slot;

	*slot = p;
	drop_lock(irq);
	if (old)
		check_unwritten(page_address(old), PAGE_SIZE, "page", NULL);
	return old;
}

struct page *kasan_page_release(void)
{
	for (unsigned n = 0; n < PAGES_WAIT; n++) {
		struct page *p = kasan_page_wait(NULL);
		if (p)
			return p;
	}
	return NULL;
}

/* -- the check -- */
static const void *who_freed(const void *obj)
{
	for (unsigned i = 0; i < OBJECTS_WAIT; i++) {
		if (waiting[i].obj == obj)
			return waiting[i].who;
	}
	return NULL;
}

static __noreturn void report(const void *p, size_t n, bool is_write, const void *ip)
{
	const struct page *page = virt_to_page(p);
	const char *what = is_write ? "store" : "load";
	u8 why = *shadow_of(p) ?: *shadow_of((const u8 *)p + n - 1);

	checked_bytes = 0;	/* the panic may touch what it likes */
	if (why == KASAN_FREE_PAGE)
		panic("kasan: a %s of %zu bytes at %p, in a free page, by %pS", what, n, p, ip);
	if (page->kind != PAGE_SLAB)
		panic("kasan: a %s of %zu bytes at %p, in a frame of kind %d, by %pS (%x)", what, n, p, page->kind, ip, why);
	const struct slab_cache *c = page->slab.cache;
	const u8 *block = page_address(pfn_to_page(page_to_pfn(page) & ~((1UL << c->order) - 1)));
	size_t offset = (size_t)((const u8 *)p - block) % c->stride;
	const void *start = (const u8 *)p - offset;
	if (why != KASAN_FREE_OBJECT)
		panic("kasan: a %s of %zu bytes at offset %zu of a live %s (%u bytes) at %p: beyond its end, by %pS", what, n,
		      offset, c->name, c->size, start, ip);
	panic("kasan: a %s of %zu bytes at offset %zu of a freed %s (%u bytes) at %p, by %pS; freed by %pS", what, n, offset,
	      c->name, c->size, start, ip, who_freed(start));
}

static bool byte_is_ok(const void *p)
{
	u8 s = *shadow_of(p);

	return likely(!s) || (s < 8 && ((uptr)p & 7) < s);
}

/* Some hundred of these an operation: a small access is judged by its last byte. */
static __always_inline void check(const void *p, size_t n, bool is_write, const void *ip)
{
	const u8 *last = (const u8 *)p + n - 1;

	if ((u64)(last - (const u8 *)phys_to_virt(0)) >= checked_bytes)
		return;
	if (unlikely(*shadow_of(last)) && !byte_is_ok(last))
		report(p, n, is_write, ip);
	if (n > 8 && unlikely(!byte_is_ok(p)))
		report(p, n, is_write, ip);
}

#define CHECKS(n) \
	void __asan_load##n##_noabort(const void *p); \
	void __asan_load##n##_noabort(const void *p) { check(p, n, false, __builtin_return_address(0)); } \
	void __asan_store##n##_noabort(const void *p); \
	void __asan_store##n##_noabort(const void *p) { check(p, n, true, __builtin_return_address(0)); }
CHECKS(1) CHECKS(2) CHECKS(4) CHECKS(8) CHECKS(16)

void __asan_loadN_noabort(const void *p, size_t n);
void __asan_storeN_noabort(const void *p, size_t n);
void __asan_handle_no_return(void);
void __asan_loadN_noabort(const void *p, size_t n) { if (n) check(p, n, false, __builtin_return_address(0)); }
void __asan_storeN_noabort(const void *p, size_t n) { if (n) check(p, n, true, __builtin_return_address(0)); }
void __asan_handle_no_return(void) { }
#endif
