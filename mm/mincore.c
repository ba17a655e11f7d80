/*
 * mm/mincore.c: which pages are in memory: those with an entry, and those that the page cache has.
 * Who may not write a file is told that all its pages are there, so that it learns nothing of others' reading.
 * Way in: mincore(2). Locks: mm->lock for reading, pt_lock. Errors: EINVAL, ENOMEM, EFAULT, EAGAIN.
 * Source: mincore(2), Linux 6.1.
 */
#include "mm/region.h"
#include "mm/user_access.h"
#include "fs/vfs.h"
#include "task/task.h"
#include "syscall/define.h"
#include "base/string.h"
#include <linux/capability.h>

#define CHUNK_PAGES 256

static bool may_know(const struct vma *v)
{
	struct inode *i = v->file ? v->file->inode : NULL;

	if (!v->file)
		return true;
	if (!i)
		return false;
	return inode_is_owner(i) || inode_permission(i, MAY_WRITE) == 0;
}

struct seen { uptr start; u8 *map; };

static bool note_entry(uptr va, pte_t e, unsigned others, void *arg)
{
	struct seen *s = arg;

	s->map[(va - s->start) >> PAGE_SHIFT] = 1;
	return false;
}

static void look(struct mm *mm, const struct vma *v, uptr start, uptr end, u8 *map)
{
	struct seen s = { start, map };
	u64 pages = (end - start) >> PAGE_SHIFT;

	memset(map, !may_know(v), pages);
	if (map[0])
		return;
	pt_walk(mm, start, end, note_entry, &s);
	for (u64 i = 0; v->user && v->user->mapping && i < pages; i++) {
		struct page *p = NULL;

		if (!map[i])
			p = mapping_peek(v->user->mapping, v->offset_pages + ((start - v->start) >> PAGE_SHIFT) + i);
		if (p) {
			map[i] = 1;
			page_put(p);
		}
	}
}

/* Fills the map from addr on: pages done (of one region), or -ENOMEM: nothing is mapped there. */
static long look_at(struct mm *mm, uptr addr, u64 pages, u8 *map)
{
	struct vma *v;
	long n = -ENOMEM;

	rw_read_lock(&mm->lock);
	v = vma_at(&mm->vmas, addr);
	if (v) {
		n = MIN(pages, (v->end - addr) >> PAGE_SHIFT);
		look(mm, v, addr, addr + (n << PAGE_SHIFT), map);
	}
	rw_read_unlock(&mm->lock);
	return n;
}

long sys_mincore(uptr addr, size_t len, uptr vec)
{
	u64 pages = (len >> PAGE_SHIFT) + ((len & ~PAGE_MASK) != 0);

	if (!IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	if (!user_range_ok(addr, len))
		return -ENOMEM;
	if (!user_range_ok(vec, pages))
		return -EFAULT;
	while (pages > 0) {
		u8 map[CHUNK_PAGES];
		long n = look_at(current->mm, addr, MIN(pages, (u64)CHUNK_PAGES), map);

		if (n < 0)
			return n;
		if (copy_to_user(vec, map, n))
			return -EFAULT;
		pages -= n;
		addr += n << PAGE_SHIFT;
		vec += n;
	}
	return 0;
}
