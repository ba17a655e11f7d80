/* mm/fork.h: what mm.c and fork.c share. */
#ifndef MM_FORK_H
#define MM_FORK_H
#include "mm/mm.h"

struct mm *mm_alloc(void);		/* no tables, no family yet; mm_put frees it. NULL: out of memory */
void mm_begin(struct mm *mm);		/* counts and locks of a struct that holds nothing */
#endif
