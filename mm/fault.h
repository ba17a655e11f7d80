/* mm/fault.h: one page of a region settled; what fault.c and foreign.c share. */
#ifndef MM_FAULT_H
#define MM_FAULT_H
#include "mm/mm.h"

/*
 * Makes the page at va, in region v, usable for access (FAULT_*), which the caller has checked against v. A forced
 * write may go to a private region without VM_WRITE: it gets a frame of its own that stays read-only.
 * mm->lock is held; pt_lock is not. 0; -EAGAIN: something moved, look again; -ENOMEM; -EFAULT: beyond the end of the
 * file or unreadable (SIGBUS).
 */
int fault_page(struct mm *mm, const struct vma *v, uptr va, unsigned access);
#endif
