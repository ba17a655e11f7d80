/*
 * mm/region.c: changes of an address space's regions with their bookkeeping: the counters of struct mm, the commit
 * charge, the limit on regions, splitting, and merging of neighbours that say the same.
 *
 * Way in: mmap, munmap, brk, mprotect, mremap, madvise, mlock; under mm->lock for writing.
 * Errors: -ENOMEM (memory, or more than mm_count_max regions); nothing has changed then, but for a region that may
 * have been cut in two that are equal to it.
 * Source: Linux 6.1's rules of what merges and what is counted where, seen through /proc/PID/{maps,status}.
 */
#include "mm/region.h"
#include "task/task.h"
#include "base/errno.h"
#include "base/printk.h"
#include <linux/capability.h>
#include <asm/resource.h>

int mm_count_max = MM_COUNT_MAX_DEFAULT;
int mm_min_addr = 65536;

/* -- accounts --------------------------------------------------------------------------------------------------- */
static bool is_data(u64 flags) { return (flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) == VM_WRITE; }
static bool is_exec(u64 flags) { return (flags & (VM_EXEC | VM_WRITE | VM_GROWSDOWN)) == VM_EXEC; }

void region_account(struct mm *mm, u64 flags, s64 pages)
{
	mm->total_pages += pages;
	if (mm->total_pages > mm->peak_total_pages)
		mm->peak_total_pages = mm->total_pages;
	if (is_exec(flags))
		mm->exec_pages += pages;
	else if (flags & VM_GROWSDOWN)
		mm->stack_pages += pages;
	else if (is_data(flags))
		mm->data_pages += pages;
	if (flags & VM_LOCKED)
		mm->locked_pages += pages;
	if (flags & VM_ACCOUNT)
		mm->committed_pages += pages;
}

static u64 limit_pages(int which)
{
	u64 limit = current_limit(which);

	return limit == (u64)RLIM_INFINITY ? limit : limit >> PAGE_SHIFT;
}

bool region_may_expand(const struct mm *mm, u64 flags, u64 pages)
{
	u64 data = mm->data_pages + pages;

	if (mm->total_pages + pages > limit_pages(RLIMIT_AS))
		return false;
	if (!is_data(flags) || data <= limit_pages(RLIMIT_DATA))
		return true;
	/* A limit of 0 stands for its maximum: valgrind sets it so. */
	return current_limit(RLIMIT_DATA) == 0 && data <= current->signal->limits[RLIMIT_DATA].max_limit >> PAGE_SHIFT;
}

bool region_may_lock(const struct mm *mm, u64 flags, u64 pages)
{
	if (!(flags & VM_LOCKED) || mm->locked_pages + pages <= limit_pages(RLIMIT_MEMLOCK))
		return true;
	return capable(CAP_IPC_LOCK);
}

/* -- merging ---------------------------------------------------------------------------------------------------- */
/* a, which ends where b starts, can become one region with it. */
static bool can_merge(const struct vma *a, const struct vma *b)
{
	if (a->end != b->start || a->flags != b->flags || a->file != b->file || a->name != b->name)
		return false;
	if (a->flags & (VM_SPECIAL | VM_ATTACHED))
		return false;
	return a->offset_pages + region_pages(a) == b->offset_pages;
}

/* The neighbours of v that it can merge with, copied out; start == end: none. */
static void find_neighbours(struct mm *mm, const struct vma *v, struct vma *prev, struct vma *next)
{
	struct vma *p = v->start ? vma_at(&mm->vmas, v->start - 1) : NULL, *n = vma_at(&mm->vmas, v->end);

	*prev = p && can_merge(p, v) ? *p : (struct vma){ 0 };
	*next = n && can_merge(v, n) ? *n : (struct vma){ 0 };
}

/* An edit on nodes that are owned already. */
static void must(int err) { BUG_ON(err); }

/* Replaces prev, v's own region (if it is in the tree: has_old) and next by one region. The path must be owned. */
static void merge_owned(struct mm *mm, const struct vma *prev, const struct vma *v, const struct vma *next,
			bool has_old)
{
	struct vma whole = prev->end ? *prev : *next;

	whole.end = next->end ? next->end : v->end;
	if (!prev->end) {
		whole.start = v->start;
		whole.offset_pages = v->offset_pages;
	} else if (next->end) {
		must(vma_erase(&mm->vmas, next->start));
	}
	if (has_old)
		must(vma_erase(&mm->vmas, v->start));
	must(vma_replace(&mm->vmas, prev->end ? prev->start : next->start, &whole));
}

int region_insert(struct mm *mm, const struct vma *v)
{
	struct vma prev, next;
	int err;

	find_neighbours(mm, v, &prev, &next);
	if (prev.end || next.end) {
		err = vma_own_range(&mm->vmas, prev.end ? prev.start : v->start, next.end ? next.end : v->end);
		if (err)
			return err;
		merge_owned(mm, &prev, v, &next, false);
	} else {
		err = vma_insert(&mm->vmas, v);
		if (err)
			return err;
	}
	region_account(mm, v->flags, region_pages(v));
	return 0;
}

int region_extend(struct mm *mm, uptr start, uptr end)
{
	struct vma v = *vma_at(&mm->vmas, start), *next;
	uptr old_end = v.end;
	int err = vma_own_range(&mm->vmas, start, end + 1);

	if (err)
		return err;
	v.end = end;
	next = vma_at(&mm->vmas, end);
	if (next && can_merge(&v, next)) {
		v.end = next->end;
		must(vma_erase(&mm->vmas, next->start));
	}
	must(vma_replace(&mm->vmas, start, &v));
	region_account(mm, v.flags, (end - old_end) >> PAGE_SHIFT);
	return 0;
}

void region_merge_at(struct mm *mm, uptr addr)
{
	struct vma *below = vma_at(&mm->vmas, addr - 1), *above = vma_at(&mm->vmas, addr), whole;

	if (!below || !above || !can_merge(below, above))
		return;
	whole = *below;
	whole.end = above->end;
	if (vma_own_range(&mm->vmas, whole.start, whole.end))
		return;
	must(vma_erase(&mm->vmas, addr));
	must(vma_replace(&mm->vmas, whole.start, &whole));
}

/* -- change of flags -------------------------------------------------------------------------------------------- */
static struct vma region_part(const struct vma *v, uptr start, uptr end)
{
	struct vma part = *v;

	part.offset_pages += (start - v->start) >> PAGE_SHIFT;
	part.start = start;
	part.end = end;
	return part;
}

/* part, of the region old, joins prev or next or both; what is left of old on the other side stays. */
static int change_by_merge(struct mm *mm, const struct vma *old, const struct vma *part, const struct vma *prev,
			   const struct vma *next)
{
	bool has_left = part->start > old->start, has_right = part->end < old->end;
	struct vma rest = has_left ? region_part(old, old->start, part->start) : region_part(old, part->end, old->end);
	int err = vma_own_range(&mm->vmas, prev->end ? prev->start : old->start, next->end ? next->end : old->end);

	if (err)
		return err;
	if (has_left || has_right)
		must(vma_replace(&mm->vmas, old->start, &rest));
	merge_owned(mm, prev, part, next, !has_left && !has_right);
	return 0;
}

/* part becomes a region of its own, cut out of old. */
static int change_by_split(struct mm *mm, const struct vma *old, const struct vma *part)
{
	u32 more = (part->start > old->start) + (part->end < old->end);
	int err;

	if (more && mm->vmas.count + more > (u32)mm_count_max)
		return -ENOMEM;
	err = vma_split(&mm->vmas, part->start);
	if (!err)
		err = vma_split(&mm->vmas, part->end);
	return err ? err : vma_replace(&mm->vmas, part->start, part);
}

int region_change(struct mm *mm, uptr start, uptr end, u64 flags)
{
	struct vma old = *vma_at(&mm->vmas, start), part = region_part(&old, start, end), prev, next;
	int err;

	if (flags == old.flags)
		return 0;
	part.flags = flags;
	find_neighbours(mm, &part, &prev, &next);
	if (prev.end || next.end)
		err = change_by_merge(mm, &old, &part, &prev, &next);
	else
		err = change_by_split(mm, &old, &part);
	if (err)
		return err;
	region_account(mm, old.flags, -(s64)region_pages(&part));
	region_account(mm, flags, region_pages(&part));
	return 0;
}

/* -- unmapping -------------------------------------------------------------------------------------------------- */
/* Takes the cut [start, end) off one edge of the region v, which loses nothing else: no node is needed. */
static int trim(struct mm *mm, const struct vma *v, uptr start, uptr end)
{
	struct vma rest = start > v->start ? region_part(v, v->start, start) : region_part(v, end, v->end);

	return vma_replace(&mm->vmas, v->start, &rest);
}

static int cut_out(struct mm *mm, uptr start, uptr end)
{
	int err = vma_split(&mm->vmas, start);

	if (!err)
		err = vma_split(&mm->vmas, end);
	if (!err)
		err = vma_own_range(&mm->vmas, start, end);
	return err;
}

static void uncount(struct mm *mm, u64 flags, u64 pages)
{
	region_account(mm, flags, -(s64)pages);
	if (flags & VM_ACCOUNT)
		commit_uncharge(pages);
}

int region_unmap(struct mm *mm, uptr start, uptr end)
{
	struct vma *found = vma_find(&mm->vmas, start), v;
	bool has_left, has_right;
	int err;

	if (!found || found->start >= end)
		return 0;
	v = *found;
	has_left = start > v.start;
	has_right = end < v.end;
	if (has_left && has_right && mm->vmas.count >= (u32)mm_count_max)
		return -ENOMEM;
	if (has_left != has_right && end <= v.end && start >= v.start) {
		err = trim(mm, &v, start, end);
		if (err)
			return err;
		uncount(mm, v.flags, (end - start) >> PAGE_SHIFT);
	} else {
		err = cut_out(mm, start, end);
		if (err)
			return err;
		while ((found = vma_find(&mm->vmas, start)) != NULL && found->start < end) {
			uncount(mm, found->flags, region_pages(found));
			must(vma_erase(&mm->vmas, found->start));
		}
	}
	pt_unmap(mm, start, end);
	return 0;
}
