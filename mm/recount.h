/*
 * mm/recount.h: all counts of page tables and frames once more, from nothing but the entries of all address spaces.
 * mm/recount.c counts and compares; debug/recount.c stops the machine for it, now and then, in the debug build. What is
 * checked, for each frame of RAM, is in docs/memory.md.
 */
#ifndef MM_RECOUNT_H
#define MM_RECOUNT_H
#include "mm/page.h"

struct recount {
	u32 round;			/* what a record's census field says once this recount has met it; set by the caller */
	u64 tables, frames;		/* met: each once */
	/* The first thing that is wrong, or what is NULL: what the record keeps, and what was counted. */
	const char *what;
	const struct page *page;
	long kept, counted;
};

/* Nothing changes a table, or the count of a mapped frame, between the first call and the last. The records' census
 * fields are the caller's. */
void recount_root(struct recount *r, struct page *root);	/* one address space's tables, those met before left out */
void recount_compare(struct recount *r);			/* then: all records of RAM with what was counted */
#endif
