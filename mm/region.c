/*
 * mm/region.c: changes of an address space's regions with their bookkeeping: the counters of struct mm, the commit
 * charge, the limit on regions, splitting, and merging of neighbours that say the same.
 *
 * Way in: mmap, munmap, brk, mprotect, mremap, madvise, mlock; under mm->lock for writing.
 * Each change is one splice of the region tree (vma_node.h), joined to the neighbours before it goes in.
 * Errors: -ENOMEM (memory, or more than mm_count_max regions); nothing has changed then.
 * Source: Linux 6.1's rules of what merges and what is counted where, seen through /proc/PID/{maps,status}.
 */
#include "mm/region.h"
#include "mm/vma_node.h"
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

/* Joins b to a's end. */
static struct vma joined(const struct vma *a, const struct vma *b)
{
	struct vma whole = *a;

	whole.end = b->end;
	return whole;
}

/* Joins a to b's start; b's file user serves both. */
static struct vma joined_below(const struct vma *a, const struct vma *b)
{
	struct vma whole = *b;

	whole.start = a->start;
	whole.offset_pages = a->offset_pages;
	return whole;
}

/* Puts v into the free place at p. */
static int insert_at(struct mm *mm, struct vma_path *p, const struct vma *v)
{
	const struct vma *prev = vma_path_before(p), *next = vma_path_at(p);
	struct vma whole = *v;
	unsigned n_old = 0;

	if (next && can_merge(v, next)) {
		whole = joined_below(v, next);
		n_old = 1;
	}
	if (prev && can_merge(prev, v)) {
		whole = joined(prev, &whole);
		n_old++;
		vma_path_back(p);
	}
	return vma_path_splice(&mm->vmas, p, n_old, &whole, 1);
}

int region_insert(struct mm *mm, const struct vma *v)
{
	struct vma_path p;
	int err;

	vma_path_find(&mm->vmas, v->start, &p);
	err = insert_at(mm, &p, v);
	if (!err)
		region_account(mm, v->flags, region_pages(v));
	return err;
}

static bool row_is_apart(const struct vma_path *p, const struct vma *v, unsigned n)
{
	const struct vma *prev = vma_path_before(p), *next = vma_path_at(p);

	if ((prev && can_merge(prev, v)) || (next && (next->start < v[n - 1].end || can_merge(&v[n - 1], next))))
		return false;
	for (unsigned i = 1; i < n; i++) {
		if (can_merge(&v[i - 1], &v[i]))
			return false;
	}
	return true;
}

int region_insert_row(struct mm *mm, const struct vma *v, unsigned n)
{
	struct vma_path p;
	int err;

	vma_path_find(&mm->vmas, v->start, &p);
	if (!vma_path_has_room(&p, n) || !row_is_apart(&p, v, n))
		return -EAGAIN;
	err = vma_path_splice(&mm->vmas, &p, 0, v, n);
	for (unsigned i = 0; i < n && !err; i++)
		region_account(mm, v[i].flags, region_pages(&v[i]));
	return err;
}

int region_extend(struct mm *mm, uptr start, uptr end)
{
	struct vma v;
	const struct vma *next;
	struct vma_path p;
	uptr old_end;
	unsigned n_old = 1;
	int err;

	vma_path_find(&mm->vmas, start, &p);
	v = *vma_path_at(&p);
	old_end = v.end;
	v.end = end;
	next = vma_path_behind(&p);
	if (next && can_merge(&v, next)) {
		v.end = next->end;
		n_old = 2;
	}
	err = vma_path_splice(&mm->vmas, &p, n_old, &v, 1);
	if (!err)
		region_account(mm, v.flags, (end - old_end) >> PAGE_SHIFT);
	return err;
}

void region_merge_at(struct mm *mm, uptr addr)
{
	const struct vma *below, *above;
	struct vma_path p;
	struct vma whole;

	vma_path_find(&mm->vmas, addr, &p);
	below = vma_path_before(&p);
	above = vma_path_at(&p);
	if (!below || !above || !can_merge(below, above))
		return;
	whole = joined(below, above);
	vma_path_back(&p);
	(void)!vma_path_splice(&mm->vmas, &p, 2, &whole, 1);
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

/* The region at p is cut into what is left of part, part (of whatever kind), and what is right of it; part joins the
 * neighbours that it touches if they say the same. */
static __always_inline int change_at(struct mm *mm, struct vma_path *p, const struct vma *part)
{
	const struct vma *old = vma_path_at(p);
	bool has_left = part->start > old->start, has_right = part->end < old->end;
	const struct vma *prev = has_left ? NULL : vma_path_before(p), *next = has_right ? NULL : vma_path_behind(p);
	struct vma new[3];
	unsigned n_old = 1, n = 0;

	if (has_left)
		new[n++] = region_part(old, old->start, part->start);
	new[n] = *part;
	if (next && can_merge(part, next)) {
		new[n] = joined_below(part, next);
		n_old++;
	}
	if (prev && can_merge(prev, part)) {
		new[n] = joined(prev, &new[n]);
		n_old++;
	} else {
		prev = NULL;
	}
	n++;
	if (has_right)
		new[n++] = region_part(old, part->end, old->end);
	if (n > n_old && mm->vmas.count + (n - n_old) > (u32)mm_count_max)
		return -ENOMEM;
	if (prev)
		vma_path_back(p);
	return vma_path_splice(&mm->vmas, p, n_old, new, n);
}

int region_change(struct mm *mm, uptr start, uptr end, u64 flags)
{
	struct vma_path p;
	struct vma part;
	u64 old_flags;
	int err;

	vma_path_find(&mm->vmas, start, &p);
	part = region_part(vma_path_at(&p), start, end);
	old_flags = part.flags;
	if (flags == old_flags)
		return 0;
	part.flags = flags;
	err = change_at(mm, &p, &part);
	if (err)
		return err;
	region_account(mm, old_flags, -(s64)region_pages(&part));
	region_account(mm, flags, region_pages(&part));
	return 0;
}

/* -- unmapping -------------------------------------------------------------------------------------------------- */
static void uncount(struct mm *mm, u64 flags, u64 pages)
{
	region_account(mm, flags, -(s64)pages);
	if (flags & VM_ACCOUNT)
		commit_uncharge(pages);
}

/* Takes [start, end) out of the one region at p. */
static int unmap_within(struct mm *mm, struct vma_path *p, uptr start, uptr end)
{
	const struct vma *v = vma_path_at(p);
	u64 flags = v->flags, pages = (MIN(end, v->end) - MAX(start, v->start)) >> PAGE_SHIFT;
	struct vma rest[2];
	unsigned n = 0;
	int err;

	if (start > v->start)
		rest[n++] = region_part(v, v->start, start);
	if (end < v->end)
		rest[n++] = region_part(v, end, v->end);
	if (n == 2 && mm->vmas.count >= (u32)mm_count_max)
		return -ENOMEM;
	err = vma_path_splice(&mm->vmas, p, 1, rest, n);
	if (!err)
		uncount(mm, flags, pages);
	return err;
}

/* An edit on nodes that are owned already. */
static void must(int err) { BUG_ON(err); }

/* The same of all regions from p on: whole ones go as many at once as lie together in a leaf. */
static int unmap_many(struct mm *mm, struct vma_path *p, uptr start, uptr end)
{
	const struct vma *v;

	if (vma_own_range(&mm->vmas, start, end))
		return -ENOMEM;
	/* Nodes of the path that another tree had a part in were copied: the old ones may be gone with that tree. */
	vma_path_find(&mm->vmas, start, p);
	for (; (v = vma_path_at(p)) != NULL && v->start < end; vma_path_find(&mm->vmas, start, p)) {
		unsigned n = v->start >= start ? vma_path_run(p, end) : 0;

		for (unsigned i = 0; i < n; i++)
			uncount(mm, v[i].flags, region_pages(&v[i]));
		if (n)
			must(vma_path_splice(&mm->vmas, p, n, NULL, 0));
		else
			must(unmap_within(mm, p, start, end));
	}
	return 0;
}

int region_unmap(struct mm *mm, uptr start, uptr end)
{
	const struct vma *v;
	struct vma_path p;
	int err;

	vma_path_find(&mm->vmas, start, &p);
	v = vma_path_at(&p);
	if (!v || v->start >= end)
		return 0;
	err = end <= v->end ? unmap_within(mm, &p, start, end) : unmap_many(mm, &p, start, end);
	if (!err)
		pt_unmap(mm, start, end);
	return err;
}

/* -- one in place of another ------------------------------------------------------------------------------------- */
/* Charged pages are given back before others are asked for, and two regions more must be allowed: that is two edits' work. */
const struct vma *region_around(struct mm *mm, uptr start, uptr end)
{
	const struct vma *v = vma_at(&mm->vmas, start);

	return v && end <= v->end && !(v->flags & VM_ACCOUNT) && mm->vmas.count + 2 <= (u32)mm_count_max ? v : NULL;
}

/* What v says is there already: cut out, it would be joined again. */
static bool says_the_same(const struct vma *old, const struct vma *v)
{
	return old->flags == v->flags && old->file == v->file && old->name == v->name &&
	       old->offset_pages + ((v->start - old->start) >> PAGE_SHIFT) == v->offset_pages &&
	       !(old->flags & (VM_SPECIAL | VM_ATTACHED));
}

int region_replace(struct mm *mm, const struct vma *v)
{
	const struct vma *old;
	struct vma_path p;
	u64 old_flags;
	int err;

	vma_path_find(&mm->vmas, v->start, &p);
	old = vma_path_at(&p);
	old_flags = old->flags;
	err = says_the_same(old, v) ? 0 : change_at(mm, &p, v);
	if (err)
		return err;
	region_account(mm, old_flags, -(s64)region_pages(v));
	region_account(mm, v->flags, region_pages(v));
	pt_unmap(mm, v->start, v->end);
	return 0;
}
