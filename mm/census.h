/*
 * mm/census.h: how many address spaces map a frame, for smaps. Counted when it is asked for: see mm/census.c.
 */
#ifndef MM_CENSUS_H
#define MM_CENSUS_H
#include "mm/page.h"

/* Counts all address spaces and keeps the result until census_end(). 0, or -ENOMEM: then there is nothing to end.
 * No lock is held; may sleep. */
int __must_check census_begin(void);
void census_end(void);
#ifdef FURCA_RECOUNT
/* For who counts something else in the records' census fields: a number that no record has in there yet. 0: somebody uses
 * them, and the caller may not wait. Ends with census_end(). */
u32 census_borrow(bool may_wait);
#endif
/* Between the two: how many address spaces map p, once for each place; 1 at least. */
unsigned census_mappers(const struct page *p);
#endif
