/*
 * mm/mm.c: the life of an address space: made, used, torn down.
 *
 * users counts tasks and temporary users; the last one tears everything down and may sleep. count keeps the struct
 * alone, for a CPU that has the mm loaded lazily and for /proc; the last hold frees it and never sleeps.
 * One destructor serves a half-made mm and a dead one.
 * Locks: mm->lock for writing around the teardown, since truncation may be looking. Errors: NULL.
 */
#include "mm/mm.h"
#include "mm/fork.h"
#include "mm/slab.h"
#include "fs/vfs.h"
#include "namespace/user.h"
#include "base/printk.h"
#include "debug/recount.h"

static SLAB_CACHE(mm_cache, struct mm);

struct mm *mm_alloc(void)
{
	struct mm *mm = slab_zalloc(&mm_cache);

	if (!mm)
		return NULL;
	mm_begin(mm);
	recount_mm_begin(mm);
	return mm;
}

void mm_begin(struct mm *mm)
{
	refcount_set(&mm->users, 1);
	refcount_set(&mm->count, 1);
	rw_init(&mm->lock, RANK_MM);
	spin_init(&mm->pt_lock, RANK_PAGETABLE);
	list_init(&mm->family_node);
}

struct mm *mm_new(void)
{
	struct mm *mm = mm_alloc();

	if (!mm)
		return NULL;
	mm->root = pt_root_alloc(NODE_ANY);
	if (!mm->root || mm_family_start(mm)) {
		mm_put(mm);
		return NULL;
	}
	return mm;
}

static void mm_teardown(struct mm *mm)
{
	struct vma_tree vmas;

	if (unlikely(vma_tree_has_special(&mm->vmas, VM_ATTACHED)))
		mm_tell_attached(mm, true);
	tlb_evict_mm(mm);	/* nothing is cached anywhere from here on, so nothing need be flushed below */
	rw_write_lock(&mm->lock);
	pt_root_drop(mm);
	vmas = mm->vmas;
	mm->vmas = (struct vma_tree){ 0 };
	rw_write_unlock(&mm->lock);
	mm_family_leave(mm);
	vma_tree_drop(&vmas);
	commit_uncharge(mm->committed_pages);
	if (mm->exe_file)
		file_put(mm->exe_file);
	mm->exe_file = NULL;
	if (mm->user_ns)
		ns_put(&mm->user_ns->ns);
	mm->user_ns = NULL;
}

void mm_put(struct mm *mm)
{
	if (!refcount_dec(&mm->users))
		return;
	mm_teardown(mm);
	recount_mm_end(mm);
	mm_release(mm);
	recount_sometimes();
}

void mm_release(struct mm *mm)
{
	if (!refcount_dec(&mm->count))
		return;
	ASSERT(!mm->root && !mm->cpus_loaded);
	slab_free(&mm_cache, mm);
}

u64 mm_rss_pages(const struct mm *mm) { return pt_rss(mm, RSS_ANON) + pt_rss(mm, RSS_FILE) + pt_rss(mm, RSS_SHMEM); }
