/*
 * mm/munmap.c: unmapping. Way in: munmap(2), mm_unmap(). Locks: mm->lock for writing.
 * Errors: EINVAL, ENOMEM (a hole in the middle of a region needs one region more), EINTR (being killed).
 * Source: munmap(2), Linux 6.1.
 */
#include "mm/region.h"
#include "task/task.h"
#include "syscall/define.h"

int mm_unmap(struct mm *mm, uptr start, size_t len)
{
	int err;

	if (!IS_ALIGNED(start, PAGE_SIZE) || start > USER_END || len > USER_END - start || !len)
		return -EINVAL;
	err = rw_write_lock_killable(&mm->lock);
	if (err)
		return err;
	err = region_unmap(mm, start, start + ALIGN_UP(len, PAGE_SIZE));
	mm_write_unlock(mm);
	return err;
}

long sys_munmap(uptr addr, size_t len)
{
	return mm_unmap(current->mm, addr, len);
}
