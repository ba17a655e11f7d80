/*
 * debug/kasan.h: which bytes of the direct map may be touched, in the debug build: the compiler calls kasan.c before every
 * load and store, and mm/slab.c and mm/buddy.c say here what is handed out. Elsewhere these are nothing.
 * A shadow byte stands for 8 bytes: 0: all may be touched; 1..7: so many of the first; else one of the values below.
 */
#ifndef DEBUG_KASAN_H
#define DEBUG_KASAN_H
#include "base/types.h"

#define KASAN_FREE_PAGE 0xff
#define KASAN_FREE_OBJECT 0xfb
#define KASAN_RED_ZONE 0xfc
#define KASAN_FILL 0x6b		/* what freed memory is filled with */

struct slab_cache;
struct page;

#ifdef FURCA_KASAN
#define KASAN_RED_ZONE_BYTES 16u	/* behind each object */
#define KASAN_SHADOW_BYTES(ram) ((ram) / 8)
void kasan_init(u8 *shadow, size_t ram_bytes);		/* from here on everything is checked; all may be touched */
void kasan_poison(const void *p, size_t n, u8 why);	/* p and n: whole 8s */
void kasan_unpoison(const void *p, size_t n);		/* p: whole 8s */
/* What is freed waits; in its place goes what has waited longest: the caller frees that. NULL: nothing. */
void *kasan_object_wait(struct slab_cache **c, void *obj, const void *who);
struct page *kasan_page_wait(struct page *p);
/* All that waits, one at a time: for memory that is short. NULL: no more. */
void *kasan_object_release(struct slab_cache **c);
struct page *kasan_page_release(void);
#else
#define KASAN_RED_ZONE_BYTES 0u
#define KASAN_SHADOW_BYTES(ram) ((size_t)0)
static inline void kasan_init(u8 *shadow, size_t ram_bytes) { }
static inline void kasan_poison(const void *p, size_t n, u8 why) { }
static inline void kasan_unpoison(const void *p, size_t n) { }
static inline void *kasan_object_wait(struct slab_cache **c, void *obj, const void *who) { return obj; }
static inline struct page *kasan_page_wait(struct page *p) { return p; }
static inline void *kasan_object_release(struct slab_cache **c) { return NULL; }
static inline struct page *kasan_page_release(void) { return NULL; }
#endif
#endif
