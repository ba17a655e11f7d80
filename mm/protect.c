/*
 * mm/protect.c: changing what may be done with mapped memory.
 * The regions change first, then the page tables lose or gain access; write permission always comes by a fault, which
 * knows whether a page must be copied.
 * Way in: mprotect(2). Locks: mm->lock for writing. Errors: as mprotect(2); a range that fails half-way has changed up
 * to the region that failed, as on Linux. Source: mprotect(2), Linux 6.1.
 */
#include "mm/region.h"
#include "mm/populate.h"
#include "task/task.h"
#include "syscall/define.h"
#include <linux/mman.h>
#include <linux/personality.h>

/* A private region that becomes writable is promised memory. 1: it is charged now; 0: no need; -ENOMEM. */
static int charge_if_new(struct mm *mm, u64 old_flags, u64 flags, u64 pages)
{
	if (!(flags & VM_WRITE))
		return 0;
	if (!region_may_expand(mm, flags, pages) && region_may_expand(mm, old_flags, pages))
		return -ENOMEM;
	if (old_flags & (VM_ACCOUNT | VM_WRITE | VM_SHARED | VM_NORESERVE))
		return 0;
	return commit_charge(pages) ? : 1;
}

/* The tables must follow the regions: without memory to own a path, this waits for it. */
static int protect_tables(struct mm *mm, uptr start, uptr end, unsigned prot)
{
	while (pt_protect(mm, start, end, prot)) {
		if (oom_kill())
			return -ENOMEM;
	}
	return 0;
}

/* [start, end) lies in the region v. *populate: the range must be faulted in again. */
static int protect_part(struct mm *mm, const struct vma *v, uptr start, uptr end, u64 access, bool *populate)
{
	u64 old_flags = v->flags, flags = (old_flags & ~VM_ACCESS) | access, pages = (end - start) >> PAGE_SHIFT;
	int charged, err;

	if (flags & ~(flags >> 4) & VM_ACCESS)
		return -EACCES;
	if (flags == old_flags)
		return 0;
	charged = charge_if_new(mm, old_flags, flags, pages);
	if (charged < 0)
		return charged;
	if (charged)
		flags |= VM_ACCOUNT;
	err = region_change(mm, start, end, flags);
	if (err) {
		if (charged)
			commit_uncharge(pages);
		return err;
	}
	*populate |= (old_flags & (VM_LOCKED | VM_SHARED | VM_WRITE)) == VM_LOCKED && (flags & VM_WRITE);
	return protect_tables(mm, start, end, access);
}

/* Linux's flag of the i386 past: what can be read can be executed. */
static u64 wanted_access(unsigned prot, const struct vma *v)
{
	bool reads_execute = (current->personality & READ_IMPLIES_EXEC) && (v->flags & VM_MAYEXEC);

	return region_flags_of_prot(prot) | ((prot & PROT_READ) && reads_execute ? VM_EXEC : 0);
}

static int protect_range(struct mm *mm, uptr start, uptr end, unsigned prot, bool *populate)
{
	while (start < end) {
		struct vma *found = vma_at(&mm->vmas, start), v;
		int err;

		if (!found)
			return -ENOMEM;
		v = *found;
		err = protect_part(mm, &v, start, MIN(end, v.end), wanted_access(prot, &v), populate);
		if (err)
			return err;
		start = v.end;
	}
	return 0;
}

/* Where the change starts: PROT_GROWSDOWN reaches down to the start of the region. */
static int find_start(struct mm *mm, uptr *start, uptr end, unsigned grows)
{
	struct vma *v = vma_find(&mm->vmas, *start);

	if (!v)
		return -ENOMEM;
	if (grows & PROT_GROWSDOWN) {
		if (v->start >= end)
			return -ENOMEM;
		if (!(v->flags & VM_GROWSDOWN))
			return -EINVAL;
		*start = v->start;
		return 0;
	}
	if (v->start > *start)
		return -ENOMEM;
	return grows ? -EINVAL : 0;	/* no region grows up here */
}

long sys_mprotect(uptr addr, size_t len, int prot)
{
	unsigned grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	struct mm *mm = current->mm;
	uptr start = addr, end;
	bool populate = false;
	int err;

	prot &= ~(PROT_GROWSDOWN | PROT_GROWSUP);
	if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || !IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	if (!len)
		return 0;
	end = start + ALIGN_UP(len, PAGE_SIZE);
	if (end <= start)
		return -ENOMEM;
	if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM))
		return -EINVAL;
	if (rw_write_lock_killable(&mm->lock))
		return -EINTR;
	err = find_start(mm, &start, end, grows);
	if (!err)
		err = protect_range(mm, start, end, prot, &populate);
	mm_write_unlock(mm);
	if (populate)
		mm_populate_locked(mm, start, end);
	return err;
}
