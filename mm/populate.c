/*
 * mm/populate.c: faulting in ahead of use: MAP_POPULATE, mlock, MADV_POPULATE_READ and _WRITE.
 * Each page is one mm_fault(), with no lock held in between, so that a large range does not keep others out.
 * Way in: mm_populate*(), no lock held. Errors: see mm.h and populate.h.
 */
#include "mm/populate.h"
#include "mm/region.h"
#include "mm/table.h"
#include "arch/arch.h"
#include "sched/sched.h"
#include "task/task.h"
#include "base/errno.h"

/* The part of a region that is to be faulted in, copied out from under the lock. */
struct piece { uptr start, end; u64 flags; };

/* What lies in [start, end) next; false: nothing. */
static bool next_piece(struct mm *mm, uptr start, uptr end, struct piece *p)
{
	struct vma *v;

	rw_read_lock(&mm->lock);
	v = vma_find(&mm->vmas, start);
	if (v && v->start < end)
		*p = (struct piece){ MAX(v->start, start), MIN(v->end, end), v->flags };
	else
		v = NULL;
	rw_read_unlock(&mm->lock);
	return v != NULL;
}

static bool is_there(struct mm *mm, uptr va, unsigned access)
{
	bool is_there;

	spin_lock(&mm->pt_lock);
	if (access == FAULT_READ) {
		is_there = pte_is_present(pt_peek(mm, va));
	} else {
		const pte_t *slot = owned_leaf_slot(mm->root, va);
		is_there = slot && pte_is_writable(pte_read(slot));
	}
	spin_unlock(&mm->pt_lock);
	return is_there;
}

static int fault_in(struct mm *mm, uptr start, uptr end, unsigned access)
{
	for (uptr va = start; va < end; va += PAGE_SIZE) {
		int code, err;

		if (fatal_signal_is_pending())
			return -EINTR;
		sched_give_way();	/* the range may be all of an address space */
		if (is_there(mm, va, access))
			continue;
		err = mm_fault(mm, va, access, &code);
		if (err)
			return err == -ENOMEM || err == -EINTR ? err : -EFAULT;
	}
	return 0;
}

/* The access that breaks copy-on-write where the program may write, and only reads what is shared. */
static int populate_piece(struct mm *mm, const struct piece *p)
{
	bool breaks_cow = (p->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;

	if (p->flags & (VM_SPECIAL | VM_LOCKONFAULT))
		return 0;
	if (!(p->flags & VM_ACCESS))
		return -EFAULT;
	return fault_in(mm, p->start, p->end, breaks_cow ? FAULT_WRITE : FAULT_READ);
}

/* needed: only regions with these flags. */
static int populate(struct mm *mm, uptr start, uptr end, u64 needed, bool ignores_errors)
{
	struct piece p;

	for (; start < end && next_piece(mm, start, end, &p); start = p.end) {
		int err = (p.flags & needed) == needed ? populate_piece(mm, &p) : 0;

		if (err && (!ignores_errors || err == -EINTR))
			return err;
	}
	return 0;
}

int mm_populate(struct mm *mm, uptr start, uptr end)
{
	return populate(mm, start, end, 0, false);
}

void mm_populate_ignoring_errors(struct mm *mm, uptr start, uptr end)
{
	(void)populate(mm, start, end, 0, true);
}

void mm_populate_locked(struct mm *mm, uptr start, uptr end)
{
	(void)populate(mm, start, end, VM_LOCKED, true);
}

int mm_populate_for(struct mm *mm, uptr start, uptr end, unsigned access)
{
	struct piece p;
	int result = 0;

	for (; start < end; start = p.end) {
		int err;

		if (!next_piece(mm, start, end, &p))
			return -ENOMEM;
		if (p.start > start)
			result = -ENOMEM;
		if ((p.flags & VM_SPECIAL) || !(p.flags & (access == FAULT_WRITE ? VM_WRITE : VM_READ)))
			return -EINVAL;
		err = fault_in(mm, p.start, p.end, access);
		if (err)
			return err;
	}
	return result;
}
