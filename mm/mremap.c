/*
 * mm/mremap.c: resizing and moving mappings.
 * A move cuts the old range out first, so that the last step, dropping it, cannot fail; then the new region goes in,
 * then the table entries move.
 * Way in: mremap(2). Locks: mm->lock for writing. Errors: as mremap(2). Source: mremap(2), Linux 6.1.
 */
#include "mm/region.h"
#include "mm/populate.h"
#include "task/task.h"
#include "syscall/define.h"
#include <linux/mman.h>

struct remap_request {
	struct mm *mm;
	uptr addr, new_addr;
	size_t old_len, new_len;
	int flags;
	bool is_locked;		/* what grew must be faulted in */
};

/* -- checks ----------------------------------------------------------------------------------------------------- */
static int check_request(const struct remap_request *r)
{
	if (r->flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
		return -EINVAL;
	if ((r->flags & MREMAP_FIXED) && !(r->flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if ((r->flags & MREMAP_DONTUNMAP) && !(r->flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if (!IS_ALIGNED(r->addr, PAGE_SIZE) || !r->new_len)
		return -EINVAL;
	return 0;
}

/* The region at addr can become new_len long. 0: *v is a copy of it. */
static int check_resize(const struct remap_request *r, struct vma *v)
{
	struct vma *found = vma_at(&r->mm->vmas, r->addr);
	u64 offset, more;

	if (!found)
		return -EFAULT;
	*v = *found;
	if (!r->old_len && !(v->flags & (VM_SHARED | VM_MAYSHARE)))
		return -EINVAL;
	if ((r->flags & MREMAP_DONTUNMAP) && (v->flags & (VM_DONTEXPAND | VM_SPECIAL)))
		return -EINVAL;
	if (r->old_len > v->end - r->addr)
		return -EFAULT;
	if (r->new_len == r->old_len)
		return 0;
	offset = v->offset_pages + ((r->addr - v->start) >> PAGE_SHIFT);
	if (offset + (r->new_len >> PAGE_SHIFT) < offset)
		return -EINVAL;
	if (v->flags & (VM_DONTEXPAND | VM_SPECIAL))
		return -EFAULT;
	more = (r->new_len - r->old_len) >> PAGE_SHIFT;
	if (!region_may_lock(r->mm, v->flags, more))
		return -EAGAIN;
	return region_may_expand(r->mm, v->flags, more) ? 0 : -ENOMEM;
}

/* -- moving ----------------------------------------------------------------------------------------------------- */
/* All entries move, or none. */
static int move_tables(struct remap_request *r)
{
	size_t moved, back, step;
	int err = pt_move(r->mm, r->addr, r->new_addr, r->old_len, &moved);

	if (!err)
		return 0;
	for (back = 0; back < moved; back += step)
		if (pt_move(r->mm, r->new_addr + back, r->addr + back, moved - back, &step) && oom_kill())
			break;
	return err;
}

/* Takes a range out for which no region has to be split but in a rare case, and then waits for memory. */
static void unmap_surely(struct mm *mm, uptr start, uptr end)
{
	while (region_unmap(mm, start, end)) {
		if (oom_kill())
			return;
	}
}

/* Puts the region in at its new place and moves the tables. */
static int move_to_new_place(struct remap_request *r, const struct vma *v)
{
	struct vma new = *v;
	int err;

	new.start = r->new_addr;
	new.end = r->new_addr + r->new_len;
	new.offset_pages = v->file ? v->offset_pages + ((r->addr - v->start) >> PAGE_SHIFT) : new.start >> PAGE_SHIFT;
	err = region_insert(r->mm, &new);
	if (err)
		return err;
	err = r->old_len ? move_tables(r) : 0;
	if (err) {
		/* the caller gives the charge back: the pages counted here must not be given back twice */
		if (v->flags & VM_ACCOUNT)
			commit_charge_forced(r->new_len >> PAGE_SHIFT);
		unmap_surely(r->mm, new.start, new.end);
	}
	return err;
}

/* The old range was cut out, and has stayed. */
static void join_again(const struct remap_request *r)
{
	region_merge_at(r->mm, r->addr);
	region_merge_at(r->mm, r->addr + r->old_len);
}

/* The old range, which is a region of its own by now, has been emptied. */
static void leave_old_place(struct remap_request *r, const struct vma *v)
{
	uptr end = r->addr + r->old_len;

	if (!r->old_len)
		return;
	if (r->flags & MREMAP_DONTUNMAP) {
		/* without memory for it, what was left behind just stays locked */
		(void)!region_change(r->mm, r->addr, end, v->flags & ~VM_LOCKED_ANY);
		join_again(r);
		return;
	}
	if (v->flags & VM_ACCOUNT)	/* the charge has moved with the pages */
		commit_charge_forced(r->old_len >> PAGE_SHIFT);
	unmap_surely(r->mm, r->addr, end);
}

static long move_region(struct remap_request *r, const struct vma *v)
{
	struct mm *mm = r->mm;
	bool is_charged = v->flags & VM_ACCOUNT;
	u64 pages = (r->new_len - (r->flags & MREMAP_DONTUNMAP ? 0 : r->old_len)) >> PAGE_SHIFT;
	u64 peak = mm->peak_total_pages;
	int err;

	if (mm->vmas.count + 3 >= (u32)mm_count_max)
		return -ENOMEM;
	err = is_charged ? commit_charge(pages) : 0;
	if (err)
		return err;
	err = r->old_len ? vma_split(&mm->vmas, r->addr) : 0;
	if (!err && r->old_len)
		err = vma_split(&mm->vmas, r->addr + r->old_len);
	if (!err)
		err = move_to_new_place(r, v);
	if (err) {
		if (is_charged)
			commit_uncharge(pages);
		join_again(r);
		return err;
	}
	leave_old_place(r, v);
	mm->peak_total_pages = MAX(peak, mm->total_pages);	/* both places at once were never asked for */
	if (mm->vdso && mm->vdso == r->addr && (v->flags & VM_SPECIAL))
		mm->vdso = r->new_addr;
	r->is_locked = v->flags & VM_LOCKED;
	return r->new_addr;
}

/* Cuts the end of the range off, which need not be all mapped, nor be addresses at all. */
static int cut_off(const struct remap_request *r)
{
	uptr start = r->addr + r->new_len, end = r->addr + r->old_len;

	if (end < start || end > USER_END)
		return -EINVAL;
	return region_unmap(r->mm, start, end);
}

/* To an address of the caller's choice, or (MREMAP_DONTUNMAP alone) to a new one. */
static long remap_to(struct remap_request *r)
{
	struct mm *mm = r->mm;
	struct vma v;
	long place;
	int err = 0;

	if (!IS_ALIGNED(r->new_addr, PAGE_SIZE) || r->new_len > USER_END || r->new_addr > USER_END - r->new_len)
		return -EINVAL;
	if (r->addr + r->old_len > r->new_addr && r->new_addr + r->new_len > r->addr)
		return -EINVAL;
	if (mm->vmas.count + 2 >= (u32)mm_count_max - 3)
		return -ENOMEM;
	if (r->flags & MREMAP_FIXED)
		err = region_unmap(mm, r->new_addr, r->new_addr + r->new_len);
	if (!err && r->old_len > r->new_len) {
		err = cut_off(r);
		r->old_len = r->new_len;
	}
	if (!err)
		err = check_resize(r, &v);
	if (err)
		return err;
	if ((r->flags & MREMAP_DONTUNMAP) && !region_may_expand(mm, v.flags, r->old_len >> PAGE_SHIFT))
		return -ENOMEM;
	place = region_place(mm, r->new_addr, r->new_len, (r->flags & MREMAP_FIXED ? MAP_FIXED : 0) | (v.file ? 0 : MAP_ANONYMOUS));
	if (place < 0)
		return place;
	r->new_addr = place;
	return move_region(r, &v);
}

/* -- in place --------------------------------------------------------------------------------------------------- */
static long shrink(const struct remap_request *r)
{
	int err = r->old_len == r->new_len ? 0 : cut_off(r);

	return err ? err : (long)r->addr;
}

static bool can_extend(struct remap_request *r, const struct vma *v)
{
	uptr end = v->end + (r->new_len - r->old_len);

	if (r->old_len != v->end - r->addr || end < v->end || end > USER_END)
		return false;
	return !vma_overlaps(&r->mm->vmas, v->end, end);
}

static long extend(struct remap_request *r, const struct vma *v)
{
	u64 pages = (r->new_len - r->old_len) >> PAGE_SHIFT;
	int err = v->flags & VM_ACCOUNT ? commit_charge(pages) : 0;

	if (err)
		return err;
	err = region_extend(r->mm, v->start, v->end + (pages << PAGE_SHIFT));
	if (err) {
		if (v->flags & VM_ACCOUNT)
			commit_uncharge(pages);
		return err;
	}
	r->is_locked = v->flags & VM_LOCKED;
	r->new_addr = r->addr;
	return r->addr;
}

static long remap(struct remap_request *r)
{
	struct vma v;
	long place;
	int err;

	if (!vma_at(&r->mm->vmas, r->addr))
		return -EFAULT;
	if (r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		return remap_to(r);
	if (r->old_len >= r->new_len)
		return shrink(r);
	err = check_resize(r, &v);
	if (err)
		return err;
	if (can_extend(r, &v))
		return extend(r, &v);
	if (!(r->flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	place = region_place(r->mm, 0, r->new_len, v.file ? 0 : MAP_ANONYMOUS);
	if (place < 0)
		return place;
	r->new_addr = place;
	return move_region(r, &v);
}

long sys_mremap(uptr addr, size_t old_len, size_t new_len, int flags, uptr new_addr)
{
	struct remap_request r = { .mm = current->mm, .addr = addr, .new_addr = new_addr, .flags = flags,
				   .old_len = ALIGN_UP(old_len, PAGE_SIZE), .new_len = ALIGN_UP(new_len, PAGE_SIZE) };
	long result = check_request(&r);

	if (!result && (flags & MREMAP_DONTUNMAP) && old_len != new_len)	/* to the byte */
		result = -EINVAL;
	if (result)
		return result;
	if (rw_write_lock_killable(&r.mm->lock))
		return -EINTR;
	result = remap(&r);
	mm_write_unlock(r.mm);
	if (result > 0 && r.is_locked && r.new_len > r.old_len)
		mm_populate_ignoring_errors(r.mm, r.new_addr + r.old_len, r.new_addr + r.new_len);
	return result;
}
