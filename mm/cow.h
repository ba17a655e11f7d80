/* mm/cow.h: the leaf cases of a write to a page that is present but not writable. Only for mm/fault.c and tests. */
#ifndef MM_COW_H
#define MM_COW_H
#include "mm/mm.h"

enum cow_case {
	COW_SHARED = 1,		/* a shared mapping: made writable */
	COW_SOLE = 2,		/* sole owner: reused */
	COW_ANON = 3,		/* shared anonymous frame: copied */
	COW_FILE = 4,		/* private page of a file: copied */
	COW_ZERO = 5,		/* zero page: a fresh zeroed frame */
	COW_RETRY = 6,		/* the entry is not what it was: nothing done */
};
extern u64 cow_counts[COW_RETRY + 1];	/* how often each case was met; for /proc/furca, no exact atomics */

/*
 * Settles a write to va, in region v, whose owned leaf slot holds a used entry. Write permission is granted only if the
 * region allows it; a forced write (ptrace) to a read-only region gets a frame of its own that stays read-only.
 * Returns the case, or -ENOMEM. Under mm->pt_lock.
 */
int cow_break(struct mm *mm, const struct vma *v, uptr va, pte_t *slot);
#endif
