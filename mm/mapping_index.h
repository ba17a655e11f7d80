/* mm/mapping_index.h: the pages of one mapping by index; for mm/mapping*.c only. See mapping_index.c. */
#ifndef MM_MAPPING_INDEX_H
#define MM_MAPPING_INDEX_H
#include "mm/mm.h"

/* Under pages_lock, or under lock (changes hold both). borrowed, or NULL. */
struct page *index_find(const struct mapping *m, u64 index);
/* The slots of index and those after it that lie beside it: at most n of them, their number in *n. NULL: none of these
 * pages is there. Under pages_lock. */
struct page *const *index_run(const struct mapping *m, u64 index, unsigned *n);
/* Under lock; takes pages_lock itself. The caller's reference becomes the index's. 0 or -ENOMEM. */
int __must_check index_insert(struct mapping *m, u64 index, struct page *p);
/* Under lock; takes pages_lock itself. Takes the first page in [start, end) out (its mapping pointer is cleared); the
 * caller gets the reference. NULL: none is left. */
struct page *index_take(struct mapping *m, u64 start, u64 end);
/* First page with index >= *index: *index is set; borrowed, under pages_lock. NULL: none. */
struct page *index_next(const struct mapping *m, u64 *index);
/* Frees the nodes of an index without pages. */
void index_destroy(struct mapping *m);
#endif
