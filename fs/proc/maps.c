/*
 * fs/proc/maps.c: /proc/PID/maps, smaps and smaps_rollup: the regions of an address space, and what of each is resident,
 * shared and dirty, counted by one pass over its leaf entries.
 * A page's share (PSS) divides it by the address spaces that see it: a frame is seen by each leaf table that holds it, and
 * a leaf table by each address space that it hangs in; the pass asks for the second through pt_walk's flag.
 * Locks: mm->lock for reading over all of it, pt_lock for each region's pass. Source: proc(5).
 */
#include "fs/proc/proc.h"
#include "base/string.h"
#include "mm/mm.h"

struct usage {
	u64 rss, pss_fixed, shared_clean, shared_dirty, private_clean, private_dirty, referenced, anonymous, locked;
	u64 pss_dirty_fixed, pss_anon_fixed, pss_file_fixed, pss_shmem_fixed;
	bool is_locked;
};
#define PSS_SHIFT 12

static bool count_leaf(uptr va, pte_t e, unsigned others, void *arg)
{
	struct usage *u = arg;
	if (pte_is_special(e))
		return false;
	struct page *p = pfn_to_page(pte_pfn(e));
	u64 seen_by = MAX((u64)atomic_read(&p->mapcount), 1UL) + others;
	bool is_dirty = pte_is_dirty(e) || (p->flags & PG_DIRTY) || p->kind == PAGE_ANON;
	u64 pss = (PAGE_SIZE << PSS_SHIFT) / seen_by;
	u->rss += PAGE_SIZE;
	u->pss_fixed += pss;
	if (is_dirty)
		u->pss_dirty_fixed += pss;
	if (p->kind == PAGE_ANON)
		u->anonymous += PAGE_SIZE, u->pss_anon_fixed += pss;
	else if (p->kind == PAGE_SHMEM)
		u->pss_shmem_fixed += pss;
	else
		u->pss_file_fixed += pss;
	if (pte_is_accessed(e))
		u->referenced += PAGE_SIZE;
	if (u->is_locked)
		u->locked += pss;
	if (seen_by > 1)
		*(is_dirty ? &u->shared_dirty : &u->shared_clean) += PAGE_SIZE;
	else
		*(is_dirty ? &u->private_dirty : &u->private_clean) += PAGE_SIZE;
	return false;
}

static void region_usage(struct mm *mm, const struct vma *v, struct usage *u)
{
	u->is_locked = v->flags & VM_LOCKED;
	pt_walk(mm, v->start, v->end, count_leaf, u);
}

static const char *region_name(const struct mm *mm, const struct vma *v)
{
	if (v->name)
		return v->name;
	if (v->start < mm->brk && v->end > mm->brk_start && mm->brk > mm->brk_start)
		return "[heap]";
	if ((v->flags & VM_STACK) || (v->start <= mm->stack_start && v->end > mm->stack_start))
		return "[stack]";
	return NULL;
}

static void show_region(struct text *t, const struct mm *mm, const struct vma *v)
{
	const struct inode *i = v->file ? v->file->inode : NULL;
	size_t begin = t->used;
	text_print(t, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", v->start, v->end, v->flags & VM_READ ? 'r' : '-',
		   v->flags & VM_WRITE ? 'w' : '-', v->flags & VM_EXEC ? 'x' : '-', v->flags & VM_MAYSHARE ? 's' : 'p',
		   i ? (unsigned long)v->offset_pages << PAGE_SHIFT : 0, i ? (unsigned)(i->sb->dev >> 8) : 0,
		   i ? (unsigned)(i->sb->dev & 0xff) : 0, i ? (unsigned long)i->ino : 0);
	const char *name = v->file ? NULL : region_name(mm, v);
	char *buf = v->file ? path_text_alloc() : NULL;
	if (buf) {
		name = path_format(&v->file->path, buf, PATH_BYTES);
		if (IS_ERR(name))
			name = NULL;
	}
	if (name) {
		while (t->used - begin < 73 && !t->out_of_memory)
			text_put(t, " ", 1);
		text_put_escaped(t, name, "\n");
	}
	text_put(t, "\n", 1);
	if (buf)
		path_text_free(buf);
}

static void show_flags(struct text *t, u64 flags)
{
	static const struct { u64 flag; const char *letters; } names[] = {
		{ VM_READ, "rd" }, { VM_WRITE, "wr" }, { VM_EXEC, "ex" }, { VM_SHARED, "sh" }, { VM_MAYREAD, "mr" },
		{ VM_MAYWRITE, "mw" }, { VM_MAYEXEC, "me" }, { VM_MAYSHARE, "ms" }, { VM_GROWSDOWN, "gd" },
		{ VM_LOCKED, "lo" }, { VM_SEQ_READ, "sr" }, { VM_RAND_READ, "rr" }, { VM_DONTFORK, "dc" },
		{ VM_DONTEXPAND, "de" }, { VM_LOCKONFAULT, "lf" }, { VM_ACCOUNT, "ac" }, { VM_NORESERVE, "nr" },
		{ VM_WIPEONFORK, "wf" }, { VM_DONTDUMP, "dd" }, { VM_HUGEPAGE, "hg" }, { VM_NOHUGEPAGE, "nh" },
	};
	text_print(t, "VmFlags: ");
	for (size_t k = 0; k < ARRAY_SIZE(names); k++)
		if (flags & names[k].flag)
			text_print(t, "%s ", names[k].letters);
	text_print(t, "\n");
}

static void kb(struct text *t, const char *name, u64 bytes)
{
	text_print(t, "%s:%*s%8lu kB\n", name, (int)(15 - strlen(name)), "", (unsigned long)(bytes / 1024));
}

static void show_usage(struct text *t, const struct usage *u, bool is_rollup)
{
	kb(t, "Rss", u->rss);
	kb(t, "Pss", u->pss_fixed >> PSS_SHIFT);
	kb(t, "Pss_Dirty", u->pss_dirty_fixed >> PSS_SHIFT);
	if (is_rollup) {
		kb(t, "Pss_Anon", u->pss_anon_fixed >> PSS_SHIFT);
		kb(t, "Pss_File", u->pss_file_fixed >> PSS_SHIFT);
		kb(t, "Pss_Shmem", u->pss_shmem_fixed >> PSS_SHIFT);
	}
	kb(t, "Shared_Clean", u->shared_clean);
	kb(t, "Shared_Dirty", u->shared_dirty);
	kb(t, "Private_Clean", u->private_clean);
	kb(t, "Private_Dirty", u->private_dirty);
	kb(t, "Referenced", u->referenced);
	kb(t, "Anonymous", u->anonymous);
	static const char *const nothing[] = { "LazyFree", "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped", "Shared_Hugetlb",
		"Private_Hugetlb", "Swap", "SwapPss" };
	for (size_t k = 0; k < ARRAY_SIZE(nothing); k++)
		kb(t, nothing[k], 0);
	kb(t, "Locked", u->locked >> PSS_SHIFT);
}

enum how { MAPS, SMAPS, ROLLUP };

static int show_all(struct text *t, const struct proc_ref *r, enum how how)
{
	struct task *task = proc_task(r);
	if (!task)
		return -ESRCH;
	struct mm *mm = task_get_mm(task);
	struct usage sum = {};
	uptr first = 0, last = 0;
	task_put(task);
	if (!mm)
		return 0;
	rw_read_lock(&mm->lock);
	for (struct vma *v = vma_find(&mm->vmas, 0); v; v = vma_find(&mm->vmas, v->end)) {
		struct usage u = {};
		if (!first)
			first = v->start;
		last = v->end;
		if (how != ROLLUP)
			show_region(t, mm, v);
		if (how == MAPS)
			continue;
		region_usage(mm, v, how == ROLLUP ? &sum : &u);
		if (how == ROLLUP)
			continue;
		kb(t, "Size", v->end - v->start);
		kb(t, "KernelPageSize", PAGE_SIZE);
		kb(t, "MMUPageSize", PAGE_SIZE);
		show_usage(t, &u, false);
		text_print(t, "THPeligible:    0\n");
		show_flags(t, v->flags);
	}
	rw_read_unlock(&mm->lock);
	mm_put(mm);
	if (how == ROLLUP) {
		text_print(t, "%08lx-%08lx ---p 00000000 00:00 0 %23s[rollup]\n", first, last, "");
		show_usage(t, &sum, true);
	}
	return 0;
}

int proc_show_maps(struct text *t, const struct proc_ref *r) { return show_all(t, r, MAPS); }
int proc_show_smaps(struct text *t, const struct proc_ref *r) { return show_all(t, r, SMAPS); }
int proc_show_smaps_rollup(struct text *t, const struct proc_ref *r) { return show_all(t, r, ROLLUP); }
