/*
 * mm/fork.c: fork's copy of an address space, in time that does not depend on its size:
 *
 *   numbers     copied with the struct
 *   regions     one count on the root of the region tree
 *   tables      one table_copy of the root (pt_fork), and the path to the stack's page, which both write at once; the
 *               parent's TLBs are flushed
 *   special     regions that fork changes (DONTFORK, WIPEONFORK, mlocked) are edited in the child alone; the tree knows
 *               whether there are any
 *
 * Locks: the parent's mm->lock for writing keeps faults, mmap and zaps out while the root is copied; the child's, taken
 * before it, keeps truncation out, which sees the child from mm_family_join on (and visits it after its parent).
 * Errors: ERR_PTR(-ENOMEM): the parent is as it was, but for write permission that faults give back.
 * Source: fork(2), madvise(2), mlock(2).
 */
#include "mm/fork.h"
#include "mm/region.h"
#include "mm/slab.h"
#include "namespace/user.h"
#include "fs/vfs.h"
#include "base/errno.h"
#include "base/printk.h"
#include "base/string.h"
#include "debug/recount.h"

/* The plain numbers: from mmap_base up to owner. */
static void copy_numbers(struct mm *child, const struct mm *parent)
{
	size_t first = offsetof(struct mm, mmap_base);

	memcpy((char *)child + first, (const char *)parent + first, offsetof(struct mm, owner) - first);
	if (child->exe_file)
		file_get(child->exe_file);
	child->user_ns = parent->user_ns;
	if (child->user_ns)
		ns_get(&child->user_ns->ns);
	child->committed_pages = 0;		/* until charged */
	child->locked_pages = 0;
	child->locked_default_flags = 0;	/* locks are not inherited */
	child->peak_total_pages = child->total_pages;
	child->peak_rss_pages = 0;
}

/* A region that the child does not get. */
static int drop_region(struct mm *child, const struct vma *v)
{
	u64 pages = (v->end - v->start) >> PAGE_SHIFT, flags = v->flags;
	uptr start = v->start, end = v->end;
	int err = vma_erase(&child->vmas, start);

	if (err)
		return err;
	pt_unmap(child, start, end);
	region_account(child, flags & ~VM_LOCKED, -(s64)pages);	/* locks were not inherited */
	child->peak_total_pages = child->total_pages;	/* it never had them */
	if (flags & VM_ACCOUNT)
		commit_uncharge(pages);
	return 0;
}

static int change_region(struct mm *child, const struct vma *v)
{
	struct vma changed = *v;

	if ((v->flags & (VM_WIPEONFORK | VM_SPECIAL)) == VM_WIPEONFORK)	/* no fault brings a special region's pages back */
		pt_unmap(child, v->start, v->end);
	if (!(v->flags & (VM_LOCKED | VM_LOCKONFAULT)))
		return 0;
	changed.flags &= ~(VM_LOCKED | VM_LOCKONFAULT);
	return vma_replace(&child->vmas, v->start, &changed);
}

static int fork_special(struct mm *child)
{
	uptr at = 0;
	struct vma *v;
	int err = 0;

	while (!err && (v = vma_find_flagged(&child->vmas, at, VM_FORK_SPECIAL))) {
		at = v->end;
		err = v->flags & VM_DONTFORK ? drop_region(child, v) : change_region(child, v);
	}
	return err;
}

/* What the parent was promised is promised again, region by region as far as mode 0 asks: each may be, though all together
 * could not. */
static int charge_copy(struct mm *parent)
{
	u64 most = memory_total_pages();

	if (likely(parent->committed_pages <= most) || overcommit_mode != 0)
		return commit_charge(parent->committed_pages);
	for (struct vma *v = vma_find(&parent->vmas, 0); v; v = vma_next(&parent->vmas, v)) {
		if ((v->flags & VM_ACCOUNT) && (v->end - v->start) >> PAGE_SHIFT > most)
			return -ENOMEM;
	}
	commit_charge_forced(parent->committed_pages);
	return 0;
}

/* Both locks are held for writing. */
static int copy_locked(struct mm *child, struct mm *parent, uptr written)
{
	int err;

	copy_numbers(child, parent);
	err = charge_copy(parent);
	if (err)
		return err;
	child->committed_pages = parent->committed_pages;
	vma_tree_copy(&child->vmas, &parent->vmas);
	/* While others use the parent, its pages may change under a copy made before the flush. */
	return pt_fork(child, parent, refcount_read(&parent->users) == 1 ? written : 0);
}

struct mm *mm_copy(struct mm *parent, uptr written)
{
	struct mm *child = mm_alloc();
	int err;

	if (!child)
		return ERR_PTR(-ENOMEM);
	mm_family_join(child, parent);
	rw_write_lock(&child->lock);
	rw_write_lock(&parent->lock);
	err = copy_locked(child, parent, written);
	mm_write_unlock(parent);
	if (!err && unlikely(vma_tree_has_special(&child->vmas, VM_FORK_SPECIAL)))
		err = fork_special(child);
	mm_write_unlock(child);
	if (unlikely(vma_tree_has_special(&child->vmas, VM_ATTACHED)))
		mm_tell_attached(child, false);
	if (unlikely(err)) {
		mm_put(child);
		return ERR_PTR(err);
	}
#ifdef FURCA_DEBUG
	pt_check(parent);
	pt_check(child);
#endif
	recount_sometimes();
	return child;
}
