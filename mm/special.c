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
	unsigned prot = v->flags & VM_ACCESS;

	for (uptr va = v->start; va < v->end; va += PAGE_SIZE) {
		bool is_out_of_memory = false;
		pte_t *slot;

		spin_lock(&mm->pt_lock);
		slot = pt_own_path(mm, va, true, &is_out_of_memory);
		if (slot)
			pt_install(mm, va, slot, pte_set_special(pte_make_leaf(*pfns++, prot)), -1);
		spin_unlock(&mm->pt_lock);
		if (!slot)
			return -ENOMEM;
	}
	return 0;
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

int mm_map_special(struct mm *mm, uptr addr, size_t pages, u64 vm_flags, const u64 *pfns, const char *name)
{
	struct vma v = { .start = addr, .end = addr + (pages << PAGE_SHIFT), .name = name,
			 .flags = vm_flags | VM_SPECIAL | VM_DONTEXPAND, .offset_pages = addr >> PAGE_SHIFT };
	int err;

	rw_write_lock(&mm->lock);
	if (vma_overlaps(&mm->vmas, v.start, v.end))
		err = -EEXIST;
	else
		err = region_insert(mm, &v);
	if (!err && fill(mm, &v, pfns))
		err = region_unmap(mm, v.start, v.end) ? : -ENOMEM;
	mm_write_unlock(mm);
	return err;
}
