/*
 * mm/foreign.c: access to an address space by other means than its own instructions: ptrace, /proc/PID/mem, exec's
 * zeroing, futex keys.
 *
 * A write owns the path and breaks copy-on-write first, as a fault would; the frame is then pinned under pt_lock and
 * used through the direct map. mm->lock is held for reading all the while, so fork and munmap wait and the bytes go
 * to the page that the mm has.
 * Locks: mm->lock for reading, pt_lock. Errors: -EFAULT. Source: ptrace(2), proc(5).
 */
#include "mm/fault.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "base/string.h"
#include "sched/sched.h"

struct pinned {
	struct page *page;	/* reference, or NULL: an uncounted frame */
	u8 *address;
};

static bool may_access(const struct vma *v, unsigned how)
{
	bool is_forced = how & ACCESS_FORCE;

	if (!(how & ACCESS_WRITE))
		return v->flags & (is_forced ? VM_READ | VM_MAYREAD : VM_READ);
	if (v->flags & VM_WRITE)
		return true;
	/* forced: a private copy only; a shared page of a file is never changed behind its rights */
	return is_forced && (v->flags & VM_MAYWRITE) && !(v->flags & VM_SHARED);
}

/* This entry can be used as it is. */
static bool is_usable(const struct vma *v, pte_t e, bool is_write)
{
	const struct page *p;

	if (pte_is_empty(e))
		return false;
	if (!is_write)
		return true;
	if (pte_is_special(e))
		return false;
	p = pfn_to_page(pte_pfn(e));
	return (v->flags & VM_SHARED) || (p->kind == PAGE_ANON && atomic_load_acquire(&p->mapcount) == 1);
}

/* One look under pt_lock: 0 and pinned, -EAGAIN: a fault must be settled first, -ENOMEM. */
static int try_pin(struct mm *mm, const struct vma *v, uptr va, bool is_write, struct pinned *out)
{
	bool out_of_memory = false;
	pte_t e;
	int r = 0;

	spin_lock(&mm->pt_lock);
	if (is_write) {
		pte_t *slot = pt_own_path(mm, va, true, &out_of_memory);
		e = slot ? pte_read(slot) : 0;
	} else {
		e = pt_peek(mm, va);
	}
	if (out_of_memory) {
		r = -ENOMEM;
	} else if (!is_usable(v, e, is_write)) {
		r = -EAGAIN;
	} else {
		out->address = phys_to_virt(pte_pfn(e) << PAGE_SHIFT);
		out->page = pte_is_special(e) ? NULL : pfn_to_page(pte_pfn(e));
		if (out->page)
			page_get(out->page);
		if (out->page && is_write && (v->flags & VM_SHARED))
			page_set_flag(out->page, PG_DIRTY);
	}
	spin_unlock(&mm->pt_lock);
	return r;
}

/* The page at addr, pinned. mm->lock is held for reading. 0, -EFAULT, -ENOMEM. */
static int pin_page(struct mm *mm, uptr addr, unsigned how, struct pinned *out)
{
	bool is_write = how & ACCESS_WRITE;
	uptr va = addr & PAGE_MASK;
	struct vma *v = vma_at(&mm->vmas, addr);

	if (!v || !may_access(v, how))
		return -EFAULT;
	if (is_write && (v->flags & VM_SPECIAL))
		return -EFAULT;
	for (;;) {
		int r = try_pin(mm, v, va, is_write, out);

		if (r != -EAGAIN)
			return r;
		r = fault_page(mm, v, va, is_write ? FAULT_WRITE : FAULT_READ);
		if (r && r != -EAGAIN)
			return r;
	}
}

/* Up to the end of one page. Bytes, or -EFAULT, -ENOMEM. */
static ssize_t access_piece(struct mm *mm, uptr addr, void *buf, size_t len, unsigned how)
{
	struct pinned pin;
	size_t n = MIN(len, PAGE_SIZE - (addr & ~PAGE_MASK));
	int r;

	rw_read_lock(&mm->lock);
	r = pin_page(mm, addr, how, &pin);
	if (!r) {
		u8 *p = pin.address + (addr & ~PAGE_MASK);
		if (how & ACCESS_WRITE)
			memcpy(p, buf, n);
		else
			memcpy(buf, p, n);
		if (pin.page)
			page_put(pin.page);
	}
	rw_read_unlock(&mm->lock);
	return r ? r : (ssize_t)n;
}

ssize_t mm_access(struct mm *mm, uptr addr, void *buf, size_t len, unsigned how)
{
	size_t done = 0;

	while (done < len && addr + done < USER_END) {
		ssize_t n = access_piece(mm, addr + done, (u8 *)buf + done, len - done, how);

		if (n == -ENOMEM && !oom_kill())
			continue;
		if (n < 0)
			break;
		done += (size_t)n;
		sched_give_way();
	}
	return done || !len ? (ssize_t)done : -EFAULT;
}

struct page *mm_pin(struct mm *mm, uptr addr, bool is_write)
{
	struct pinned pin;
	int r;

	if (addr >= USER_END)
		return ERR_PTR(-EFAULT);
	do {
		rw_read_lock(&mm->lock);
		r = pin_page(mm, addr, is_write ? ACCESS_WRITE : 0, &pin);
		rw_read_unlock(&mm->lock);
	} while (r == -ENOMEM && !oom_kill());
	if (!r && !pin.page && pin.address == page_address(zero_page)) {
		pin.page = zero_page;
		page_get(zero_page);
	}
	return r || !pin.page ? ERR_PTR(-EFAULT) : pin.page;
}
