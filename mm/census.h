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
/* Between the two: how many address spaces map p, once for each place; 1 at least. */
unsigned census_mappers(const struct page *p);
#endif
