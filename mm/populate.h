/* mm/populate.h: faulting in ahead of use; for mm/ only. See populate.c; mm_populate() is in mm/mm.h. */
#ifndef MM_POPULATE_H
#define MM_POPULATE_H
#include "mm/mm.h"

/* Goes on with the next region after an error (mmap, brk and mremap succeed all the same). */
void mm_populate_ignoring_errors(struct mm *mm, uptr start, uptr end);
void mm_populate_locked(struct mm *mm, uptr start, uptr end);	/* the same, but only what is locked */
/* madvise(MADV_POPULATE_*): faults in with this access, and stops at a region that does not allow it (-EINVAL), a
 * fault that fails (-EFAULT) or a fatal signal (-EINTR). After a hole it goes on, and ends with -ENOMEM. */
int __must_check mm_populate_for(struct mm *mm, uptr start, uptr end, unsigned access);
#endif
