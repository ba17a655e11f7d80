/*
 * mm/madvise.c: advice about memory: some changes regions (what fork does with them, dumps, hints), some drops or
 * brings in pages, the rest is only a hint that this kernel has no use for.
 * Way in: madvise(2); mm_advise for process_madvise.c. Locks: mm->lock, for writing where regions change.
 * Errors: as madvise(2); a hole gives ENOMEM after the rest was done. EINVAL for what is not supported: KSM
 * (MADV_MERGEABLE), memory failure (MADV_HWPOISON, MADV_SOFT_OFFLINE), MADV_COLLAPSE.
 * Source: madvise(2), Linux 6.1. Differences from Linux: MADV_FREE frees at once; with no swap and no
 * page reclaim MADV_COLD and MADV_PAGEOUT find nothing to do; MADV_HUGEPAGE is remembered, but no page is huge.
 */
#include "mm/region.h"
#include "mm/populate.h"
#include "arch/arch.h"
#include "fs/vfs.h"
#include "task/task.h"
#include "syscall/define.h"
#include <linux/falloc.h>
#include <linux/mman.h>

#define PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

enum advice_kind { ADVICE_BAD, ADVICE_FLAGS, ADVICE_PAGES, ADVICE_POPULATE, ADVICE_REMOVE };

static enum advice_kind kind_of(int advice)
{
	switch (advice) {
	case MADV_NORMAL: case MADV_RANDOM: case MADV_SEQUENTIAL: case MADV_DONTFORK: case MADV_DOFORK:
	case MADV_WIPEONFORK: case MADV_KEEPONFORK: case MADV_DONTDUMP: case MADV_DODUMP: case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
		return ADVICE_FLAGS;
	case MADV_WILLNEED: case MADV_DONTNEED: case MADV_DONTNEED_LOCKED: case MADV_FREE: case MADV_COLD:
	case MADV_PAGEOUT:
		return ADVICE_PAGES;
	case MADV_POPULATE_READ: case MADV_POPULATE_WRITE:
		return ADVICE_POPULATE;
	case MADV_REMOVE:
		return ADVICE_REMOVE;
	default:
		return ADVICE_BAD;
	}
}

/* -- advice that changes the region ------------------------------------------------------------------------------- */
static int new_flags(const struct vma *v, int advice, u64 *flags)
{
	switch (advice) {
	case MADV_NORMAL:
		*flags &= ~(VM_RAND_READ | VM_SEQ_READ);
		break;
	case MADV_RANDOM:
		*flags = (*flags & ~VM_SEQ_READ) | VM_RAND_READ;
		break;
	case MADV_SEQUENTIAL:
		*flags = (*flags & ~VM_RAND_READ) | VM_SEQ_READ;
		break;
	case MADV_DONTFORK:
		*flags |= VM_DONTFORK;
		break;
	case MADV_DOFORK:
		*flags &= ~VM_DONTFORK;
		break;
	case MADV_WIPEONFORK:
		if (v->file || (v->flags & VM_SHARED))
			return -EINVAL;
		*flags |= VM_WIPEONFORK;
		break;
	case MADV_KEEPONFORK:
		*flags &= ~VM_WIPEONFORK;
		break;
	case MADV_DONTDUMP:
		*flags |= VM_DONTDUMP;
		break;
	case MADV_DODUMP:
		if (v->flags & (VM_SPECIAL | VM_DONTEXPAND))
			return -EINVAL;
		*flags &= ~VM_DONTDUMP;
		break;
	case MADV_HUGEPAGE:
		*flags = (*flags & ~VM_NOHUGEPAGE) | VM_HUGEPAGE;
		break;
	case MADV_NOHUGEPAGE:
		*flags = (*flags & ~VM_HUGEPAGE) | VM_NOHUGEPAGE;
		break;
	}
	return 0;
}

static int advise_flags(struct mm *mm, const struct vma *v, uptr start, uptr end, int advice)
{
	u64 flags = v->flags;
	int err = new_flags(v, advice, &flags);

	if (!err)
		err = region_change(mm, start, end, flags);
	return err == -ENOMEM ? -EAGAIN : err;
}

/* Each region of the range, whatever holes there are; -ENOMEM at the end if there were any. */
static int advise_all_flags(struct mm *mm, uptr start, uptr end, int advice)
{
	int result = 0;

	while (start < end) {
		struct vma *found = vma_find(&mm->vmas, start), v;
		int err;

		if (!found || found->start >= end)
			return -ENOMEM;
		v = *found;
		if (v.start > start) {
			result = -ENOMEM;
			start = v.start;
		}
		err = advise_flags(mm, &v, start, MIN(end, v.end), advice);
		if (err)
			return err;
		start = v.end;
	}
	return result;
}

/* -- advice about the pages --------------------------------------------------------------------------------------- */
static bool can_advise_pages(const struct vma *v, int advice)
{
	u64 unfit = VM_SPECIAL | (advice == MADV_DONTNEED_LOCKED ? 0 : VM_LOCKED);

	if (advice == MADV_WILLNEED)
		return true;
	return !(v->flags & unfit) && (advice != MADV_FREE || region_is_anonymous(v));
}

/* The same for pages: all regions up to the first that is unfit, in one go. Files are in memory, and there is no swap: what does
 * not drop pages has nothing to do. */
static int advise_all_pages(struct mm *mm, uptr start, uptr end, int advice)
{
	uptr at = start;
	int result = 0;

	for (struct vma *v = vma_find(&mm->vmas, start); ; v = vma_next(&mm->vmas, v)) {
		if (!v || v->start > at)
			result = -ENOMEM;
		if (!v || v->start >= end)
			break;
		if (!can_advise_pages(v, advice)) {
			result = -EINVAL;
			break;
		}
		at = v->end;
		if (at >= end)
			break;
	}
	if (at > start && advice != MADV_WILLNEED && advice != MADV_COLD && advice != MADV_PAGEOUT)
		pt_unmap(mm, start, MIN(at, end));
	return result;
}

/* -- MADV_REMOVE: a hole in the file ------------------------------------------------------------------------------ */
/* The next piece of [*start, end): its file (a reference) and where in it. 0 or -errno; *file NULL: all is done. */
static int next_file(struct mm *mm, uptr *start, uptr *piece_end, uptr end, struct file **file, loff *offset,
		     bool *hole)
{
	struct vma *v;
	int err = 0;

	*file = NULL;
	rw_read_lock(&mm->lock);
	v = vma_find(&mm->vmas, *start);
	if (!v || v->start >= end) {
		err = -ENOMEM;
	} else if (v->flags & VM_LOCKED) {
		err = -EINVAL;
	} else if (!v->file || !v->user->mapping) {
		err = -EINVAL;
	} else if ((v->flags & (VM_SHARED | VM_MAYWRITE)) != (VM_SHARED | VM_MAYWRITE)) {
		err = -EACCES;
	} else {
		*hole |= v->start > *start;
		*start = MAX(*start, v->start);
		*piece_end = MIN(end, v->end);
		*offset = (v->offset_pages << PAGE_SHIFT) + (*start - v->start);
		*file = file_get(v->file);
	}
	rw_read_unlock(&mm->lock);
	return err;
}

static int advise_remove(struct mm *mm, uptr start, uptr end)
{
	bool hole = false;

	while (start < end) {
		struct file *f;
		uptr piece_end;
		loff offset;
		int err = next_file(mm, &start, &piece_end, end, &f, &offset, &hole);

		if (err)
			return err;
		err = -EOPNOTSUPP;
		if (f->ops && f->ops->fallocate)
			err = f->ops->fallocate(f, PUNCH, offset, piece_end - start);
		file_put(f);
		if (err)
			return err;
		start = piece_end;
	}
	return hole ? -ENOMEM : 0;
}

/* -- the call --------------------------------------------------------------------------------------------------- */
static int advise(struct mm *mm, uptr start, uptr end, int advice)
{
	enum advice_kind kind = kind_of(advice);
	int err;

	if (kind == ADVICE_POPULATE)
		return mm_populate_for(mm, start, end, advice == MADV_POPULATE_WRITE ? FAULT_WRITE : FAULT_READ);
	if (kind == ADVICE_REMOVE)
		return advise_remove(mm, start, end);
	if (kind == ADVICE_FLAGS) {
		if (rw_write_lock_killable(&mm->lock))
			return -EINTR;
		err = advise_all_flags(mm, start, end, advice);
		mm_write_unlock(mm);
	} else {
		rw_read_lock(&mm->lock);
		err = advise_all_pages(mm, start, end, advice);
		rw_read_unlock(&mm->lock);
	}
	return err;
}

int mm_advise(struct mm *mm, uptr addr, size_t len, int advice)
{
	uptr end = addr + ALIGN_UP(len, PAGE_SIZE);

	if (kind_of(advice) == ADVICE_BAD || !IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	if ((len && !ALIGN_UP(len, PAGE_SIZE)) || end < addr)
		return -EINVAL;
	return end == addr ? 0 : advise(mm, addr, end, advice);
}

long sys_madvise(uptr addr, size_t len, int advice) { return mm_advise(current->mm, addr, len, advice); }
