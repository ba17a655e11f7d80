/*
 * mm/attached.c: what System V shared memory asks of an address space: detaching by address, being told of copies and
 * ends, and the number of regions that map a segment. The number is counted when somebody asks: fork, which copies no
 * region, keeps none.
 * Way in: shmdt and shmctl (ipc/shm.c), fork, the teardown. Locks: mm->lock; mapping_count_regions walks as truncation
 * does.
 * Errors: EINVAL, ENOMEM, EINTR (being killed). Source: shmop(2), Linux 6.1's rule of what a shmdt takes away.
 */
#include "mm/region.h"
#include "fs/vfs.h"
#include "base/errno.h"

/* v shows what a mapping of its file that began at addr had there. */
static bool is_of_mapping_at(const struct vma *v, uptr addr)
{
	return (v->start - addr) >> PAGE_SHIFT == v->offset_pages;
}

/* *detached: a reference to the file, or NULL: nothing is attached there. */
static int detach_locked(struct mm *mm, uptr addr, struct file **detached)
{
	struct file *file = NULL;
	struct vma *v;
	uptr at = addr;
	u64 size = 0;
	int err = 0;

	while (!err && (v = vma_find_flagged(&mm->vmas, at, VM_ATTACHED)) != NULL) {
		at = v->end;
		if (file && v->end - addr > size)
			break;
		if (v->start < addr || !is_of_mapping_at(v, addr) || (file && v->file != file))
			continue;
		if (!file)
			*detached = file = file_get(v->file);
		size = ALIGN_UP(file->inode->size, PAGE_SIZE);
		err = region_unmap(mm, v->start, at);
	}
	return file ? err : -EINVAL;
}

int mm_detach(struct mm *mm, uptr addr)
{
	struct file *file = NULL;
	int err = rw_write_lock_killable(&mm->lock);

	if (err)
		return err;
	err = detach_locked(mm, addr, &file);
	mm_write_unlock(mm);
	if (!file)
		return err;
	if (!err && file->ops->attached)
		file->ops->attached(file, true);
	file_put(file);
	return err;
}

void mm_tell_attached(struct mm *mm, bool is_end)
{
	uptr at = 0;

	for (;;) {
		struct file *f = NULL;

		rw_read_lock(&mm->lock);
		struct vma *v = vma_find_flagged(&mm->vmas, at, VM_ATTACHED);
		if (v) {
			f = file_get(v->file);
			at = v->end;
		}
		rw_read_unlock(&mm->lock);
		if (!f)
			return;
		if (f->ops->attached)
			f->ops->attached(f, is_end);
		file_put(f);
	}
}

struct count { const struct mapping *mapping; u64 n; };

static void count_in(struct mm *mm, void *arg)
{
	struct count *c = arg;

	for (struct vma *v = vma_find_flagged(&mm->vmas, 0, VM_ATTACHED); v;
	     v = vma_find_flagged(&mm->vmas, v->end, VM_ATTACHED))
		c->n += v->file->inode->mapping == c->mapping;
}

u64 mapping_count_regions(struct mapping *m)
{
	struct count c = { .mapping = m };

	mapping_walk_mms(m, count_in, &c);
	return c.n;
}
