/*
 * mm/special.c: regions over given frames that nobody counts (the vDSO and its data). All entries are there from the
 * start, so such a region never faults. Way in: mm_map_special() from exec. Locks: mm->lock for writing, pt_lock.
 * Errors: -ENOMEM, -EEXIST (something is there).
 */
#include "mm/region.h"
#include "base/errno.h"
#include "base/string.h"

static int fill(struct mm *mm, const struct vma *v, const u64 *pfns)
{
	bool is_out_of_memory = false;

	spin_lock(&mm->pt_lock);
	for (uptr va = v->start; va < v->end && !is_out_of_memory; va += PAGE_SIZE) {
		pte_t *slot = pt_own_path(mm, va, true, &is_out_of_memory);

		if (slot)
			pt_install(mm, va, slot, pte_set_special(pte_make_leaf(*pfns++, v->flags & VM_ACCESS)), -1);
	}
	spin_unlock(&mm->pt_lock);
	return is_out_of_memory ? -ENOMEM : 0;
}

/* The region called so, or NULL; borrowed under lock. */
static struct vma *find_named(struct mm *mm, const char *name)
{
	struct vma *v = vma_find(&mm->vmas, 0);

	while (v && (!(v->flags & VM_SPECIAL) || strcmp(v->name, name)))
		v = vma_next(&mm->vmas, v);
	return v;
}

int mm_replace_special(struct mm *mm, const char *name, u64 pfn)
{
	bool is_out_of_memory = false;

	rw_write_lock(&mm->lock);
	struct vma *v = find_named(mm, name);
	spin_lock(&mm->pt_lock);
	pte_t *slot = v ? pt_own_path(mm, v->start, true, &is_out_of_memory) : NULL;
	if (slot)
		pt_replace(mm, v->start, slot, pte_set_special(pte_make_leaf(pfn, v->flags & VM_ACCESS)), -1);
	spin_unlock(&mm->pt_lock);
	mm_write_unlock(mm);
	return is_out_of_memory ? -ENOMEM : 0;
}

/* By one edit, or one after the other where that is not enough. */
static int insert_parts(struct mm *mm, const struct vma *v, unsigned n)
{
	int err = region_insert_row(mm, v, n);

	if (err != -EAGAIN)
		return err;
	if (vma_overlaps(&mm->vmas, v[0].start, v[n - 1].end))
		return -EEXIST;
	err = 0;
	for (unsigned i = 0; i < n && !err; i++) {
		err = region_insert(mm, &v[i]);
		if (err && i)
			err = region_unmap(mm, v[0].start, v[i].start) ? : err;
	}
	return err;
}

int mm_map_special(struct mm *mm, uptr addr, const struct special_part *parts, unsigned n)
{
	struct vma v[SPECIAL_PARTS_MAX];
	int err;

	for (unsigned i = 0; i < n; addr = v[i++].end)
		v[i] = (struct vma){ .start = addr, .end = addr + (parts[i].pages << PAGE_SHIFT), .name = parts[i].name,
				     .flags = parts[i].vm_flags | VM_SPECIAL | VM_DONTEXPAND,
				     .offset_pages = addr >> PAGE_SHIFT };
	rw_write_lock(&mm->lock);
	err = insert_parts(mm, v, n);
	for (unsigned i = 0; i < n && !err; i++) {
		if (fill(mm, &v[i], parts[i].pfns))
			err = region_unmap(mm, v[0].start, v[n - 1].end) ? : -ENOMEM;
	}
	mm_write_unlock(mm);
	return err;
}
