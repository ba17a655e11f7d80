/*
 * mm/cow.c: copy-on-write of one page: the numbered cases.
 *
 * The path down to the leaf is owned by now, so the frame's mapcount says it all: it counts leaf entries in distinct
 * tables, and rises only under the lock of a table that has one (pt_lock here). Pins do not count: whoever pinned a
 * page of this mm is to see its writes.
 * Locks: mm->pt_lock is held. Errors: -ENOMEM: nothing changed.
 */
#include "mm/cow.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "base/printk.h"
#include "debug/events.h"
#include "task/task.h"

u64 cow_counts[COW_RETRY + 1];
static unsigned vma_prot(const struct vma *v) { return v->flags & (VM_READ | VM_WRITE | VM_EXEC); }

static enum cow_case classify(const struct vma *v, pte_t e)
{
	if (pte_is_empty(e) || pte_is_writable(e))
		return COW_RETRY;
	if (v->flags & VM_SHARED)
		return COW_SHARED;
	if (pte_is_special(e))
		return COW_ZERO;
	struct page *p = pfn_to_page(pte_pfn(e));
	if (p->kind != PAGE_ANON)
		return COW_FILE;
	return atomic_load_acquire(&p->mapcount) == 1 ? COW_SOLE : COW_ANON;
}

/* The entry's rights, and W where the region allows it. */
static pte_t leaf_for_write(const struct vma *v, u64 pfn)
{
	pte_t e = pte_make_leaf(pfn, vma_prot(v));

	return v->flags & VM_WRITE ? pte_set_dirty(pte_set_writable(e)) : e;
}

/* (1), (2): the same frame; more is permitted than before, so nothing need be flushed. */
static void grant(struct mm *mm, const struct vma *v, uptr va, pte_t *slot, pte_t e)
{
	if (!(v->flags & VM_WRITE))
		return;
	pte_t n = leaf_for_write(v, pte_pfn(e));
	if (v->flags & VM_SHARED)
		n = pte_set_shared(n);
	if (pte_is_special(e))
		n = pte_set_special(n);
	pte_exchange(slot, n);
}

/* (3), (4), (5): a frame of its own. */
static int copy(struct mm *mm, const struct vma *v, uptr va, pte_t *slot, pte_t e, bool is_zero)
{
	struct page *p = page_alloc(NODE_ANY, PAGE_ANON, 0);

	if (unlikely(!p))
		return -ENOMEM;
	if (is_zero)
		arch_page_clear(page_address(p));
	else
		arch_page_copy(page_address(p), phys_to_virt(pte_pfn(e) << PAGE_SHIFT));
	pt_replace(mm, va, slot, leaf_for_write(v, page_to_pfn(p)), RSS_ANON);
	return 0;
}

int cow_break(struct mm *mm, const struct vma *v, uptr va, pte_t *slot)
{
	pte_t e = pte_read(slot);
	enum cow_case which = classify(v, e);
	int r = 0;

	switch (which) {
	case COW_SHARED:
	case COW_SOLE:
		grant(mm, v, va, slot, e);
		break;
	case COW_ANON:
	case COW_FILE:
		r = copy(mm, v, va, slot, e, false);
		break;
	case COW_ZERO:	/* or an uncounted frame of the kernel's: that is copied */
		r = copy(mm, v, va, slot, e, pte_pfn(e) == page_to_pfn(zero_page));
		break;
	case COW_RETRY:
		break;
	}
	cow_counts[which]++;
	event_note(EVENT_COW, current->tid, which, va);
	return r ? r : (int)which;
}
