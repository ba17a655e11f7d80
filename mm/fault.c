/*
 * mm/fault.c: page faults: which region, may it, and what goes into the empty or too weak entry.
 *
 *   mm_fault      the region is found and asked; the stack grows; memory is waited for
 *   fault_page    the path is owned; then one of
 *     fill_anonymous   empty entry: the zero page for a read, a zeroed frame for a write
 *     map_around       empty entry, read: the file's pages around it that are in the page cache, all at once
 *     fill_file        empty entry: the file's page, read in; for a private write a copy of it at once
 *     settle_present   used entry: copy-on-write (mm/cow.c), or nothing to do but forget a stale translation
 *   mm_map_resident    the same for a whole program, before it runs (exec); mm_copy_ahead: what it is sure to write
 *
 * Locks: mm->lock for reading, then pt_lock; the page cache (which may sleep) is asked between two holds of pt_lock,
 * and the entry is looked at again after.
 * Errors: the signal, see mm/mm.h. Source: Linux's behaviour; sigaction(2) for the codes.
 */
#include "mm/fault.h"
#include "mm/cow.h"
#include "mm/file_users.h"
#include "arch/arch.h"
#include "task/task.h"
#include "base/errno.h"
#include "base/printk.h"
#include "debug/recount.h"

#define AROUND_BYTES (16 * PAGE_SIZE)	/* mapped by one read fault of a file, aligned: one leaf table holds it all */
#define SMALL_BYTES (64 * PAGE_SIZE)	/* a region up to this is mapped whole */
#define TEXT_BYTES PT_SPAN(1)		/* and one that is run, up to this */
#define PROGRAM_BYTES (256 * PAGE_SIZE)	/* and one of a program that starts, up to this */
#define COPIED_BYTES (16 * PAGE_SIZE)	/* data of one that is relocated is copied whole, up to this */
#define VM_ANY_ACCESS (VM_READ | VM_WRITE | VM_EXEC)

static unsigned vma_prot(const struct vma *v) { return v->flags & VM_ANY_ACCESS; }

/* Of a page that is read: in a shared mapping the write that may follow needs no fault of its own. */
static pte_t leaf_rights(const struct vma *v, u64 pfn)
{
	pte_t e = pte_make_leaf(pfn, vma_prot(v));

	if (!(v->flags & VM_SHARED))
		return e;
	return pte_set_shared(v->flags & VM_WRITE ? pte_set_writable(e) : e);
}

static pte_t leaf_entry(const struct vma *v, const struct page *p, bool is_write)
{
	pte_t e = leaf_rights(v, page_to_pfn(p));

	return is_write && (v->flags & VM_WRITE) ? pte_set_dirty(pte_set_writable(e)) : e;
}

/* -- empty entries ---------------------------------------------------------------------------------------------- */
/* Under pt_lock, path owned. */
static int fill_anonymous(struct mm *mm, const struct vma *v, uptr va, pte_t *slot, bool is_write)
{
	struct page *p;

	if (!is_write) {
		pt_install(mm, va, slot, pte_set_special(pte_make_leaf(page_to_pfn(zero_page), vma_prot(v))), -1);
		return 0;
	}
	p = page_alloc_zeroed(NODE_ANY, PAGE_ANON);
	if (unlikely(!p))
		return -ENOMEM;
	pt_install(mm, va, slot, leaf_entry(v, p, true), RSS_ANON);
	return 0;
}

/* Maps what the page cache holds of [at, end), which lies in one leaf table, for reading; slot is at's. Under pt_lock,
 * path owned. */
static void map_resident(struct mm *mm, const struct vma *v, uptr at, uptr end, pte_t *slot)
{
	struct mapping *m = v->user->mapping;
	pte_t rights = leaf_rights(v, 0);

	spin_lock(&m->pages_lock);
	while (at < end) {
		unsigned n = (end - at) >> PAGE_SHIFT;
		struct page *const *pages = mapping_run(m, v->offset_pages + ((at - v->start) >> PAGE_SHIFT), &n);

		if (pages)
			pt_install_file_pages(mm, at, slot, pages, n, rights);
		at += n << PAGE_SHIFT;
		slot += n;
	}
	spin_unlock(&m->pages_lock);
}

/*
 * One fault in place of many, for a program that runs through its text: all of a small region, else the block that va is
 * in. Says whether va's own page was there. Under pt_lock, path owned.
 */
static bool map_around(struct mm *mm, const struct vma *v, uptr va, pte_t *slot)
{
	uptr whole = v->flags & VM_EXEC ? TEXT_BYTES : SMALL_BYTES;
	uptr bytes = v->end - v->start <= whole ? PT_SPAN(1) : AROUND_BYTES, block = ALIGN_DOWN(va, bytes);
	uptr at = MAX(block, v->start), end = MIN(block + bytes, v->end);

	if (!v->user || !v->user->mapping)
		return false;
	map_resident(mm, v, at, end, slot - ((va - at) >> PAGE_SHIFT));
	return !pte_is_empty(pte_read(slot));
}

/* The part of [at, end) that one leaf table holds. Returns where that ends, or 0: no memory. */
static uptr map_resident_table(struct mm *mm, const struct vma *v, uptr at, uptr end)
{
	bool out_of_memory;
	pte_t *slot;

	end = MIN(end, ALIGN_DOWN(at, PT_SPAN(1)) + PT_SPAN(1));
	spin_lock(&mm->pt_lock);
	slot = pt_own_path(mm, at, true, &out_of_memory);
	if (likely(slot))
		map_resident(mm, v, at, end, slot);
	spin_unlock(&mm->pt_lock);
	return slot ? end : 0;
}

void mm_map_resident(struct mm *mm, uptr start, uptr end)
{
	struct vma *v;

	rw_read_lock(&mm->lock);
	for (v = vma_find(&mm->vmas, start); v && v->start < end; v = vma_next(&mm->vmas, v)) {
		if (!v->user || !v->user->mapping || (v->flags & VM_WRITE) || v->end - v->start > PROGRAM_BYTES)
			continue;
		for (uptr at = v->start; at && at < v->end; )
			at = map_resident_table(mm, v, at, v->end);
	}
	rw_read_unlock(&mm->lock);
}

/* A private copy of a file's page; takes over the reference to p. NULL: out of memory. */
static struct page *private_copy(struct page *p)
{
	struct page *copy = page_alloc(NODE_ANY, PAGE_ANON, 0);

	if (copy)
		arch_page_copy(page_address(copy), page_address(p));
	page_put(p);
	return copy;
}

/* Puts p, or nothing if the entry was filled or the file cut meanwhile; takes over the reference. */
static int install_file_page(struct mm *mm, const struct vma *v, uptr va, struct page *p, struct mapping *m,
			     bool is_write)
{
	bool out_of_memory, is_cut = p->kind != PAGE_ANON && READ_ONCE(p->file.mapping) != m;
	pte_t *slot;
	int r = 0;

	spin_lock(&mm->pt_lock);
	slot = pt_own_path(mm, va, true, &out_of_memory);
	if (unlikely(!slot))
		r = -ENOMEM;
	else if (unlikely(!pte_is_empty(pte_read(slot)) || is_cut))
		r = -EAGAIN;
	else
		pt_install(mm, va, slot, leaf_entry(v, p, is_write), pte_rss_kind(pte_make_leaf(page_to_pfn(p), 1)));
	spin_unlock(&mm->pt_lock);
	if (unlikely(r))
		page_put(p);
	return r;
}

static int fill_file_page(struct mm *mm, const struct vma *v, uptr va, bool is_write)
{
	struct mapping *m = v->user ? v->user->mapping : NULL;
	bool is_shared = v->flags & VM_SHARED;
	struct page *p;

	if (!m)
		return -EFAULT;		/* a special region or a device: all there is was put there by mmap */
	p = mapping_get(m, v->offset_pages + ((va - v->start) >> PAGE_SHIFT));
	if (IS_ERR(p))
		return PTR_ERR(p) == -ENOMEM ? -ENOMEM : -EFAULT;
	if (is_write && !is_shared) {
		p = private_copy(p);
		if (!p)
			return -ENOMEM;
	}
	return install_file_page(mm, v, va, p, m, is_write);
}

/* All of v is going to be written: private copies of what is not there yet, as long as there is memory. */
static void copy_ahead(struct mm *mm, const struct vma *v)
{
	int err = 0;

	for (uptr va = v->start; va < v->end && !err; va += PAGE_SIZE) {
		spin_lock(&mm->pt_lock);
		bool is_there = !pte_is_empty(pt_peek(mm, va));
		spin_unlock(&mm->pt_lock);
		if (!is_there)
			err = fill_file_page(mm, v, va, true);
	}
}

/* Private and small data of a file that is run. */
static bool is_relocated(const struct vma *v)
{
	return (v->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE && v->end - v->start <= COPIED_BYTES;
}

/* The first write to a library's data is the loader's, which is going to relocate all of it. */
static int fill_file(struct mm *mm, const struct vma *v, uptr va, bool is_write)
{
	int r = fill_file_page(mm, v, va, is_write);

	if (is_write && !r && is_relocated(v) && READ_ONCE(v->user->is_library))
		copy_ahead(mm, v);
	return r;
}

/* -- used entries ----------------------------------------------------------------------------------------------- */
/* Under pt_lock, path owned. */
static int settle_present(struct mm *mm, const struct vma *v, uptr va, pte_t *slot, unsigned access)
{
	pte_t e = pte_read(slot);

	if ((access & FAULT_WRITE) && !pte_is_writable(e)) {
		int r = cow_break(mm, v, va, slot);
		return r < 0 ? r : 0;
	}
	if (!pte_is_present(e) || ((access & FAULT_EXEC) && !pte_is_executable(e)))
		pte_exchange(slot, pte_change_prot(e, vma_prot(v)));
	tlb_flush_page_here(mm, va);	/* the CPU acted on an older, weaker entry */
	return 0;
}

static __always_inline int settle(struct mm *mm, const struct vma *v, uptr va, unsigned access)
{
	bool out_of_memory, is_write = access & FAULT_WRITE;
	int r;

	spin_lock(&mm->pt_lock);
	pte_t *slot = pt_own_path(mm, va, true, &out_of_memory);
	if (unlikely(!slot)) {
		r = -ENOMEM;
	} else if (!pte_is_empty(pte_read(slot))) {
		r = settle_present(mm, v, va, slot, access);
	} else if (!v->file && !(v->flags & VM_SPECIAL)) {
		r = fill_anonymous(mm, v, va, slot, is_write);
	} else if (!is_write && map_around(mm, v, va, slot)) {
		r = 0;
	} else {
		spin_unlock(&mm->pt_lock);
		return fill_file(mm, v, va, is_write);
	}
	spin_unlock(&mm->pt_lock);
	return r;
}

int fault_page(struct mm *mm, const struct vma *v, uptr va, unsigned access) { return settle(mm, v, va, access); }

void mm_copy_ahead(struct mm *mm, uptr start, uptr end)
{
	struct vma *v;

	rw_read_lock(&mm->lock);
	for (v = vma_find(&mm->vmas, start); v && v->start < end; v = vma_next(&mm->vmas, v)) {
		if (v->file && is_relocated(v))
			copy_ahead(mm, v);
	}
	rw_read_unlock(&mm->lock);
}

/* -- the way in ------------------------------------------------------------------------------------------------- */
static bool vma_permits(const struct vma *v, unsigned access)
{
	if (access & FAULT_WRITE)
		return v->flags & VM_WRITE;
	if (access & FAULT_EXEC)
		return v->flags & VM_EXEC;
	return v->flags & VM_ANY_ACCESS;	/* what may be written or run can be read: no CPU here says otherwise */
}

static void count_fault(struct mm *mm)
{
	mm->minor_faults++;
	if (current->mm == mm)
		current->minor_faults++;
	pt_check_sometimes(mm);
}

/* As vma_find, but looks first where the last fault was. */
static __always_inline const struct vma *find_region(struct mm *mm, uptr addr)
{
	struct vma *v = READ_ONCE(mm->last_fault);

	if (likely(v && v->start <= addr && addr < v->end))
		return v;
	v = vma_find(&mm->vmas, addr);
	WRITE_ONCE(mm->last_fault, v);
	return v;
}

/* Another number than -EAGAIN, which is -SIGSEGV too. */
#define TRY_AGAIN (-ERESTARTNOINTR)

/* One try. As mm_fault, or TRY_AGAIN. */
static int fault_once(struct mm *mm, uptr addr, unsigned access, int *code)
{
	const struct vma *v;
	int r;

	rw_read_lock(&mm->lock);
	v = find_region(mm, addr);
	if (unlikely(!v || v->start > addr)) {
		bool may_grow = v && (v->flags & VM_GROWSDOWN);
		rw_read_unlock(&mm->lock);
		r = may_grow ? mm_expand_stack(mm, addr) : -EFAULT;
		if (!r || r == -EINTR)
			return r ? r : TRY_AGAIN;
		*code = SEGV_MAPERR;
		return -SIGSEGV;
	}
	if (unlikely(!vma_permits(v, access))) {
		rw_read_unlock(&mm->lock);
		*code = SEGV_ACCERR;
		return -SIGSEGV;
	}
	r = settle(mm, v, addr & PAGE_MASK, access);
	rw_read_unlock(&mm->lock);
	if (likely(!r))
		count_fault(mm);
	if (likely(r != -EFAULT))
		return r == -EAGAIN ? TRY_AGAIN : r;
	*code = BUS_ADRERR;
	return -SIGBUS;
}

int mm_fault(struct mm *mm, uptr addr, unsigned access, int *code)
{
	*code = SEGV_MAPERR;
	if (unlikely(addr >= USER_END))
		return -SIGSEGV;
	for (;;) {
		int r = fault_once(mm, addr, access, code);

		if (likely(r != TRY_AGAIN && r != -ENOMEM)) {
			recount_sometimes();
			return r;
		}
		if (r == -ENOMEM && oom_kill())
			return -ENOMEM;
	}
}
