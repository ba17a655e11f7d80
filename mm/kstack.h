/*
 * mm/kstack.h: kernel stacks of KSTACK_SIZE bytes, each with an unmapped guard page below it.
 * Freed stacks stay mapped in a small cache. A stack overflow faults on the guard page: a double fault, a panic.
 */
#ifndef MM_KSTACK_H
#define MM_KSTACK_H
#include "base/types.h"

/* The deepest use in the release kernel is under 3,500 bytes (docs/debugging.md); checks take more. */
#ifdef FURCA_DEBUG
#define KSTACK_SIZE 16384UL
#else
#define KSTACK_SIZE 8192UL
#endif
#define KSTACK_FOOT_WORDS 2	/* at its lower end, kstack.c's own */
void *kstack_alloc(int node);	/* lowest address; NULL: out of memory */
void kstack_check(const void *stack);	/* panics if it was used down to its end */
void kstack_free(void *stack);	/* NULL is accepted */
const char *kstack_describe(unsigned long addr);	/* "guard page" if addr is in one, else NULL */
u64 kstack_pages(void);		/* frames in stacks that are handed out, or kept by a CPU */
u64 kstack_spare_pages(void);	/* in others that are kept mapped: kstack_reclaim gives them back */
u64 kstack_live(void);		/* stacks handed out */
#endif
