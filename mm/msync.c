/*
 * mm/msync.c: writing mapped files back. Files in memory have nothing to write; a file system that does brings fsync.
 * Way in: msync(2). Locks: mm->lock for reading, given up around a file's fsync.
 * Errors: EINVAL, ENOMEM (a hole; the rest is done), EBUSY (MS_INVALIDATE on locked memory), and fsync's.
 * Source: msync(2), Linux 6.1.
 */
#include "mm/region.h"
#include "fs/vfs.h"
#include "task/task.h"
#include "syscall/define.h"
#include <linux/mman.h>

/* Looks at the next region of [*start, end) and steps over it. *file: a reference to be synced, or NULL. */
static int next_region(struct mm *mm, uptr *start, uptr end, int flags, struct file **file, bool *hole)
{
	struct vma *v;
	int err = 0;

	*file = NULL;
	rw_read_lock(&mm->lock);
	v = vma_find(&mm->vmas, *start);
	if (!v || v->start >= end) {
		err = -ENOMEM;
	} else if ((flags & MS_INVALIDATE) && (v->flags & VM_LOCKED)) {
		err = -EBUSY;
	} else {
		*hole |= v->start > *start;
		*start = v->end;
		if ((flags & MS_SYNC) && v->file && (v->flags & VM_SHARED))
			*file = file_get(v->file);
	}
	rw_read_unlock(&mm->lock);
	return err;
}

long sys_msync(uptr addr, size_t len, int flags)
{
	uptr end = addr + ALIGN_UP(len, PAGE_SIZE);
	bool hole = false;

	if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) || !IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	if ((flags & MS_ASYNC) && (flags & MS_SYNC))
		return -EINVAL;
	if (end < addr)
		return -ENOMEM;
	while (addr < end) {
		struct file *f;
		int err = next_region(current->mm, &addr, end, flags, &f, &hole);

		if (!err && f && f->ops && f->ops->fsync)
			err = f->ops->fsync(f, 1);
		if (f)
			file_put(f);
		if (err)
			return err;
	}
	return hole ? -ENOMEM : 0;
}
