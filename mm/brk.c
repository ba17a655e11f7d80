/*
 * mm/brk.c: the heap's end, and the growth of stacks.
 * Way in: brk(2), mm_brk(); mm_expand_stack() from a fault. Locks: mm->lock for writing.
 * Errors: brk never fails: it returns where the end is. mm_expand_stack: -EFAULT, -ENOMEM, -EPERM, -EINTR.
 * Source: brk(2), getrlimit(2), Linux 6.1.
 */
#include "mm/region.h"
#include "mm/populate.h"
#include "task/task.h"
#include "syscall/define.h"
#include <asm/resource.h>

#define VM_DATA_FLAGS (VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC)

/* -- brk -------------------------------------------------------------------------------------------------------- */
static bool data_limit_allows(const struct mm *mm, uptr brk)
{
	u64 limit = current_limit(RLIMIT_DATA);

	return limit == (u64)RLIM_INFINITY || (brk - mm->brk_start) + (mm->data_end - mm->data_start) <= limit;
}

/* The heap grows by [start, end). */
static int grow_heap(struct mm *mm, uptr start, uptr end)
{
	struct vma v = { .start = start, .end = end, .offset_pages = start >> PAGE_SHIFT,
			 .flags = VM_DATA_FLAGS | VM_ACCOUNT | mm->locked_default_flags };
	struct vma *next = vma_find(&mm->vmas, start);
	u64 pages = region_pages(&v);
	int err;

	if (end > USER_END || end < start || (next && end + PAGE_SIZE > vma_guarded_start(next)))
		return -ENOMEM;
	if (!region_may_lock(mm, v.flags, pages) || !region_may_expand(mm, v.flags, pages))
		return -ENOMEM;
	if (mm->vmas.count > (u32)mm_count_max)
		return -ENOMEM;
	err = commit_charge(pages);
	if (err)
		return err;
	err = region_insert(mm, &v);
	if (err)
		commit_uncharge(pages);
	return err;
}

long mm_brk(struct mm *mm, uptr brk)
{
	uptr old_end, new_end, populate_start = 0, result;
	int err = 0;

	if (rw_write_lock_killable(&mm->lock))
		return -EINTR;
	if (brk >= mm->brk_start && brk <= USER_END && data_limit_allows(mm, brk)) {
		old_end = ALIGN_UP(mm->brk, PAGE_SIZE);
		new_end = ALIGN_UP(brk, PAGE_SIZE);
		if (new_end < old_end)
			err = region_unmap(mm, new_end, old_end);
		else if (new_end > old_end)
			err = grow_heap(mm, old_end, new_end);
		if (!err) {
			mm->brk = brk;
			if (new_end > old_end && (mm->locked_default_flags & VM_LOCKED))
				populate_start = old_end;
		}
	}
	result = mm->brk;
	mm_write_unlock(mm);
	if (populate_start)
		mm_populate_ignoring_errors(mm, populate_start, ALIGN_UP(result, PAGE_SIZE));
	return result;
}

long sys_brk(uptr addr)
{
	return mm_brk(current->mm, addr);
}

/* -- stacks ----------------------------------------------------------------------------------------------------- */
static int check_stack_growth(struct mm *mm, const struct vma *v, uptr start, u64 pages)
{
	struct vma *prev = vma_prev(&mm->vmas, v->start);
	u64 limit = current_limit(RLIMIT_STACK);

	if (start < (uptr)mm_min_addr)
		return -EPERM;
	if (prev && !(prev->flags & VM_GROWSDOWN) && (prev->flags & VM_ACCESS) && start - prev->end < VMA_GUARD_BYTES)
		return -ENOMEM;
	if (v->end - start > limit || !region_may_expand(mm, v->flags, pages) || !region_may_lock(mm, v->flags, pages))
		return -ENOMEM;
	return 0;
}

static int grow_stack(struct mm *mm, struct vma *found, uptr start)
{
	struct vma v = *found;
	u64 pages = (v.start - start) >> PAGE_SHIFT;
	int err = check_stack_growth(mm, &v, start, pages);

	if (!err && (v.flags & VM_ACCOUNT))
		err = commit_charge(pages);
	if (err)
		return err;
	v.start = start;
	v.offset_pages -= pages;
	err = vma_replace(&mm->vmas, found->start, &v);
	if (!err)
		region_account(mm, v.flags, pages);
	else if (v.flags & VM_ACCOUNT)
		commit_uncharge(pages);
	return err;
}

int mm_expand_stack(struct mm *mm, uptr addr)
{
	struct vma *v;
	int err = rw_write_lock_killable(&mm->lock);

	if (err)
		return err;
	addr &= PAGE_MASK;
	v = vma_find(&mm->vmas, addr);
	if (!v || (v->start > addr && !(v->flags & VM_GROWSDOWN)))
		err = -EFAULT;
	else if (v->start > addr)	/* else another thread was faster */
		err = grow_stack(mm, v, addr);
	mm_write_unlock(mm);
	return err;
}
