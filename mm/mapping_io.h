/* mm/mapping_io.h: what the files of the page cache share; for mm/mapping*.c and mm/truncate.c only. */
#ifndef MM_MAPPING_IO_H
#define MM_MAPPING_IO_H
#include "mm/mm.h"

static inline u64 mapping_size_pages(const struct mapping *m)
{
	u64 size = READ_ONCE(m->size_bytes);

	return (size >> PAGE_SHIFT) + ((size & ~PAGE_MASK) != 0);
}
/* As mapping_get, beyond the end of the file too (writers). */
struct page *mapping_get_extending(struct mapping *m, u64 index);
/* Charges a filled page and puts it in; the caller's reference becomes the index's. Under m->lock. */
int __must_check mapping_add_locked(struct mapping *m, u64 index, struct page *p);
/* Takes the pages of [start, end) out of the index and gives up its references. Under m->lock. */
void mapping_drop_pages_locked(struct mapping *m, u64 start, u64 end);
/* Zeroes what lies in [start, end), which is inside one page, if that page is there. Under m->lock. */
void mapping_zero_part_locked(struct mapping *m, u64 start, u64 end);
#endif
