/*
 * mm/truncate.c: cutting a file and punching holes into it, with everything that maps those pages.
 *
 * Order: the size is set and the pages leave the index under mapping->lock, so no new fault can find them. Then every
 * address space that may map the file is visited with its lock held for writing: a fault that had found a page before
 * has installed it by then (it holds mm->lock for reading all the while), and its entry is zapped. The frames live as
 * long as an entry or a pin holds them.
 * Way in: mapping_truncate, mapping_punch; the inode's lock is held, no lock of an mm. Cannot fail.
 */
#include "mm/file_users.h"
#include "mm/mapping_index.h"
#include "mm/mapping_io.h"
#include "base/string.h"

struct zap {
	struct mapping *mapping;
	u64 start, end;		/* page numbers in the file */
	bool private_too;	/* private copies of the pages as well */
};

/* -- one address space ------------------------------------------------------------------------------------------ */
/* A run of entries that still show the file's own pages. */
struct run { uptr start, end; };

static bool find_run(uptr va, pte_t e, unsigned others, void *arg)
{
	struct run *run = arg;
	bool is_copy = !pte_is_special(e) && pfn_to_page(pte_pfn(e))->kind == PAGE_ANON;

	if (is_copy || (run->end && run->end != va))
		return run->end != 0;
	if (!run->end)
		run->start = va;
	run->end = va + PAGE_SIZE;
	return false;
}

/* Unmaps the file's own pages in [start, end), and leaves private copies. */
static void zap_file_pages(struct mm *mm, uptr start, uptr end)
{
	while (start < end) {
		struct run run = { 0 };

		pt_walk(mm, start, end, find_run, &run);
		if (!run.end)
			return;
		pt_unmap(mm, run.start, run.end);
		start = run.end;
	}
}

static void zap_mm(struct mm *mm, void *arg)
{
	const struct zap *z = arg;

	for (struct vma *v = vma_find(&mm->vmas, 0); v; v = vma_next(&mm->vmas, v)) {
		u64 first = v->offset_pages, last = first + ((v->end - v->start) >> PAGE_SHIFT);
		uptr start, end;

		if (!v->user || v->user->mapping != z->mapping || z->start >= last || z->end <= first)
			continue;
		start = z->start > first ? v->start + ((z->start - first) << PAGE_SHIFT) : v->start;
		end = z->end < last ? v->start + ((z->end - first) << PAGE_SHIFT) : v->end;
		if (z->private_too || (v->flags & VM_SHARED))
			pt_unmap(mm, start, end);
		else
			zap_file_pages(mm, start, end);
	}
}

/* -- the file --------------------------------------------------------------------------------------------------- */
void mapping_zero_part_locked(struct mapping *m, u64 start, u64 end)
{
	struct page *p = start < end ? mapping_peek(m, start >> PAGE_SHIFT) : NULL;

	if (!p)
		return;
	memset((u8 *)page_address(p) + (start & ~PAGE_MASK), 0, end - start);
	page_set_flag(p, PG_DIRTY);
	page_put(p);
}

void mapping_truncate(struct mapping *m, u64 new_size)
{
	struct zap z = { .mapping = m, .end = ~0UL, .private_too = true };
	u64 old_size;

	mutex_lock(&m->lock);
	old_size = m->size_bytes;
	WRITE_ONCE(m->size_bytes, new_size);
	z.start = mapping_size_pages(m);
	mapping_zero_part_locked(m, MIN(old_size, new_size), ALIGN_UP(MIN(old_size, new_size), PAGE_SIZE));
	if (new_size <= old_size)	/* fallocate may have made pages beyond the end; nobody can map those */
		mapping_drop_pages_locked(m, z.start, ~0UL);
	mutex_unlock(&m->lock);
	if (new_size < old_size)
		mapping_walk_mms(m, zap_mm, &z);
}

void mapping_punch(struct mapping *m, u64 start, u64 end)
{
	struct zap z = { .mapping = m, .start = ALIGN_UP(start, PAGE_SIZE) >> PAGE_SHIFT, .end = end >> PAGE_SHIFT };

	mutex_lock(&m->lock);
	if (z.start > z.end) {	/* inside one page */
		mapping_zero_part_locked(m, start, end);
	} else {
		mapping_zero_part_locked(m, start, ALIGN_UP(start, PAGE_SIZE));
		mapping_zero_part_locked(m, ALIGN_DOWN(end, PAGE_SIZE), end);
		mapping_drop_pages_locked(m, z.start, z.end);
	}
	mutex_unlock(&m->lock);
	if (z.start < z.end)
		mapping_walk_mms(m, zap_mm, &z);
}
