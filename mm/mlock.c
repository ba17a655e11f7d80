/*
 * mm/mlock.c: memory that stays in. With no swap every page stays in anyway; what is kept is the promise that it is
 * there (pages are faulted in), the limit, and what /proc and mlock(2)'s callers can see. A child inherits no locks.
 * Way in: mlock(2), mlock2, munlock, mlockall, munlockall. Locks: mm->lock for writing.
 * Errors: as mlock(2). Source: mlock(2), Linux 6.1.
 */
#include "mm/region.h"
#include "task/task.h"
#include "syscall/define.h"
#include <asm/resource.h>
#include <linux/capability.h>
#include <linux/mman.h>

static bool may_lock_at_all(void)
{
	return current_limit(RLIMIT_MEMLOCK) != 0 || capable(CAP_IPC_LOCK);
}

/* Sets the lock flags of all regions in [start, end). -ENOMEM: a hole, or memory. */
static int lock_range(struct mm *mm, uptr start, uptr end, u64 lock_flags)
{
	while (start < end) {
		struct vma *found = vma_at(&mm->vmas, start), v;
		int err = 0;

		if (!found)
			return -ENOMEM;
		v = *found;
		if (!(v.flags & VM_SPECIAL))
			err = region_change(mm, start, MIN(end, v.end), (v.flags & ~VM_LOCKED_ANY) | lock_flags);
		if (err)
			return err;
		start = v.end;
	}
	return 0;
}

static u64 locked_pages_in(struct mm *mm, uptr start, uptr end)
{
	u64 pages = 0;

	for (struct vma *v = vma_find(&mm->vmas, start); v && v->start < end; v = vma_next(&mm->vmas, v))
		if (v->flags & VM_LOCKED)
			pages += (MIN(v->end, end) - MAX(v->start, start)) >> PAGE_SHIFT;
	return pages;
}

/* The limit allows it; what is locked already in the range does not count twice. */
static bool limit_allows(struct mm *mm, uptr start, uptr end)
{
	u64 limit = current_limit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	u64 locked = mm->locked_pages + ((end - start) >> PAGE_SHIFT);

	return locked <= limit || capable(CAP_IPC_LOCK) || locked - locked_pages_in(mm, start, end) <= limit;
}

/* mlock(2) has its own numbers for what population can say. */
static int populate_error(int err)
{
	if (err == -EFAULT)
		return -ENOMEM;
	return err == -ENOMEM ? -EAGAIN : err;
}

static int lock_pages(uptr addr, size_t len, u64 lock_flags)
{
	struct mm *mm = current->mm;
	uptr start = addr & PAGE_MASK, end = start + ALIGN_UP(len + (addr & ~PAGE_MASK), PAGE_SIZE);
	int err = 0;

	if (!may_lock_at_all())
		return -EPERM;
	if (rw_write_lock_killable(&mm->lock))
		return -EINTR;
	if (!limit_allows(mm, start, end))
		err = -ENOMEM;
	else if (end < start)
		err = -EINVAL;
	else
		err = lock_range(mm, start, end, lock_flags);
	mm_write_unlock(mm);
	return err ? err : populate_error(mm_populate(mm, start, end));
}

long sys_mlock(uptr addr, size_t len)
{
	return lock_pages(addr, len, VM_LOCKED);
}

long sys_mlock2(uptr addr, size_t len, int flags)
{
	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	return lock_pages(addr, len, VM_LOCKED | (flags & MLOCK_ONFAULT ? VM_LOCKONFAULT : 0));
}

long sys_munlock(uptr addr, size_t len)
{
	struct mm *mm = current->mm;
	uptr start = addr & PAGE_MASK, end = start + ALIGN_UP(len + (addr & ~PAGE_MASK), PAGE_SIZE);
	int err;

	if (rw_write_lock_killable(&mm->lock))
		return -EINTR;
	err = end < start ? -EINVAL : lock_range(mm, start, end, 0);
	mm_write_unlock(mm);
	return err;
}

/* Every region there is; one that cannot be changed stays as it is, as on Linux. */
static void lock_all_now(struct mm *mm, u64 lock_flags)
{
	struct vma *found = vma_find(&mm->vmas, 0);

	while (found) {
		struct vma v = *found;

		if (!(v.flags & VM_SPECIAL))
			(void)!region_change(mm, v.start, v.end, (v.flags & ~VM_LOCKED_ANY) | lock_flags);
		found = vma_find(&mm->vmas, v.end);
	}
}

static u64 flags_of_mcl(int flags)
{
	return VM_LOCKED | (flags & MCL_ONFAULT ? VM_LOCKONFAULT : 0);
}

static bool limit_allows_all(const struct mm *mm)
{
	return mm->total_pages <= current_limit(RLIMIT_MEMLOCK) >> PAGE_SHIFT || capable(CAP_IPC_LOCK);
}

long sys_mlockall(int flags)
{
	struct mm *mm = current->mm;
	int err = 0;

	if (!flags || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) || flags == MCL_ONFAULT)
		return -EINVAL;
	if (!may_lock_at_all())
		return -EPERM;
	if (rw_write_lock_killable(&mm->lock))
		return -EINTR;
	if ((flags & MCL_CURRENT) && !limit_allows_all(mm))
		err = -ENOMEM;
	if (!err) {
		mm->locked_default_flags = flags & MCL_FUTURE ? flags_of_mcl(flags) : 0;
		if (flags & MCL_CURRENT)
			lock_all_now(mm, flags_of_mcl(flags));
	}
	mm_write_unlock(mm);
	if (!err && (flags & MCL_CURRENT))
		(void)!mm_populate(mm, 0, USER_END);
	return err;
}

long sys_munlockall(void)
{
	struct mm *mm = current->mm;

	if (rw_write_lock_killable(&mm->lock))
		return -EINTR;
	mm->locked_default_flags = 0;
	lock_all_now(mm, 0);
	mm_write_unlock(mm);
	return 0;
}
