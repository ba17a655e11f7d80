/*
 * mm/report.c: an address space in words: the lines of /proc/PID/{maps,smaps,smaps_rollup,status,statm}.
 *
 * Residence by kind is the sum of the root table. What is shared, and the proportional set size, is counted on demand: a walk
 * over the entries, after a look at all address spaces (mm/census.c).
 *
 * Locks: the census, then mm->lock for reading while one region is looked at; names are formatted after, since that takes
 * mount locks.
 * Source: proc(5), and the text that Linux 6.1 writes.
 */
#include "mm/report.h"
#include "mm/census.h"
#include "mm/region.h"
#include "mm/slab.h"
#include "fs/vfs.h"
#include "base/errno.h"
#include "base/printk.h"
#include "base/string.h"

#define PSS_SHIFT 12
#define NAME_COLUMN 73
#define PATH_BYTES 4096

struct usage {
	u64 size_pages, rss, shared_clean, shared_dirty, private_clean, private_dirty, referenced, anonymous;
	u64 pss, pss_dirty, pss_anon, pss_shmem, locked;	/* << PSS_SHIFT */
};

/* A region as it was while the lock was held. */
struct snapshot {
	struct vma v;
	struct file *file;	/* reference, or NULL */
	const char *name;	/* "[heap]" and the like, or NULL */
	struct usage usage;
};

/* -- counting ----------------------------------------------------------------------------------------------------- */
/* Between census_begin() and census_end(). */
static bool count_entry(uptr va, pte_t e, unsigned others, void *arg)
{
	struct usage *u = arg;
	struct page *p;
	u64 mappers, pss;
	bool is_dirty;

	if (pte_is_special(e))
		return false;
	p = pfn_to_page(pte_pfn(e));
	mappers = census_mappers(p);
	is_dirty = pte_is_dirty(e) || p->kind == PAGE_ANON || (READ_ONCE(p->flags) & PG_DIRTY);
	pss = (1UL << PSS_SHIFT) / mappers;
	u->rss++;
	u->pss += pss;
	u->pss_dirty += is_dirty ? pss : 0;
	u->pss_anon += p->kind == PAGE_ANON ? pss : 0;
	u->pss_shmem += p->kind == PAGE_SHMEM ? pss : 0;
	u->referenced += pte_is_accessed(e);
	u->anonymous += p->kind == PAGE_ANON;
	if (mappers > 1)
		*(is_dirty ? &u->shared_dirty : &u->shared_clean) += 1;
	else
		*(is_dirty ? &u->private_dirty : &u->private_clean) += 1;
	return false;
}

static void count_region(struct mm *mm, const struct vma *v, struct usage *u)
{
	u64 pss = u->pss;

	/* in pieces, since the walk holds a spinlock */
	for (uptr va = v->start; va < v->end; va = ALIGN_DOWN(va, PT_SPAN(1)) + 16 * PT_SPAN(1))
		pt_walk(mm, va, MIN(v->end, ALIGN_DOWN(va, PT_SPAN(1)) + 16 * PT_SPAN(1)), count_entry, u);
	u->size_pages += region_pages(v);
	if (v->flags & VM_LOCKED)
		u->locked += u->pss - pss;
}

static const char *special_name(const struct mm *mm, const struct vma *v)
{
	if (v->name || v->file)
		return v->name;
	if (v->start <= mm->brk && v->end >= mm->brk_start && mm->brk > mm->brk_start)
		return "[heap]";
	if (v->start <= mm->stack_start && v->end >= mm->stack_start)
		return "[stack]";
	return NULL;
}

/* The first region at or above addr; false: none. */
static bool take_snapshot(struct mm *mm, uptr addr, bool with_usage, struct snapshot *s)
{
	struct vma *v;

	rw_read_lock(&mm->lock);
	v = vma_find(&mm->vmas, addr);
	if (v) {
		*s = (struct snapshot){ .v = *v, .file = v->file ? file_get(v->file) : NULL };
		s->name = special_name(mm, v);
		if (with_usage)
			count_region(mm, v, &s->usage);
	}
	rw_read_unlock(&mm->lock);
	return v != NULL;
}

/* -- text --------------------------------------------------------------------------------------------------------- */
/* The file's path with line ends escaped. scratch: PATH_BYTES. */
static size_t format_path(const struct file *f, char *buf, size_t size, char *scratch)
{
	const char *path = f->path.dentry ? path_format(&f->path, scratch, PATH_BYTES) : "";
	size_t n = 0;

	for (; !IS_ERR(path) && *path && n + 5 < size; path++)
		n += *path == '\n' ? scnprintf(buf + n, size - n, "\\012") : scnprintf(buf + n, size - n, "%c", *path);
	return n;
}

static size_t format_head(const struct snapshot *s, char *buf, size_t size, char *scratch)
{
	const struct vma *v = &s->v;
	const struct inode *i = s->file ? s->file->inode : NULL;
	u32 dev = i && i->sb ? i->sb->dev : 0;
	size_t n = scnprintf(buf, size, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", v->start, v->end,
			     v->flags & VM_READ ? 'r' : '-', v->flags & VM_WRITE ? 'w' : '-',
			     v->flags & VM_EXEC ? 'x' : '-', v->flags & VM_MAYSHARE ? 's' : 'p',
			     s->file ? (unsigned long)v->offset_pages << PAGE_SHIFT : 0, dev >> 8 & 0xfff,
			     (dev & 0xff) | (dev >> 12 & 0xfff00), i ? (unsigned long)i->ino : 0);

	while ((s->name || s->file) && n < NAME_COLUMN)
		buf[n++] = ' ';
	if (s->name)
		n += scnprintf(buf + n, size - n, "%s", s->name);
	else if (s->file)
		n += format_path(s->file, buf + n, size - n, scratch);
	return n + scnprintf(buf + n, size - n, "\n");
}

static size_t format_flags(u64 flags, char *buf, size_t size)
{
	static const char letters[][3] = { "rd", "wr", "ex", "sh", "mr", "mw", "me", "ms", "gd", "", "", "", "",
					   "lo", "", "sr", "rr", "dc", "de", "??", "ac", "nr", "", "", "", "wf",
					   "dd", "", "", "hg", "nh" };
	size_t n = scnprintf(buf, size, "VmFlags: ");

	for (unsigned i = 0; i < ARRAY_SIZE(letters); i++)
		if (letters[i][0] && (flags & BIT(i)))
			n += scnprintf(buf + n, size - n, "%s ", letters[i]);
	return n + scnprintf(buf + n, size - n, "\n");
}

struct line { const char *name; u64 kbytes; };

static size_t format_lines(const struct line *lines, unsigned count, char *buf, size_t size)
{
	size_t n = 0;

	for (unsigned i = 0; i < count; i++)
		n += scnprintf(buf + n, size - n, "%-16s%8lu kB\n", lines[i].name, (unsigned long)lines[i].kbytes);
	return n;
}

static u64 kbytes(u64 pages) { return pages << (PAGE_SHIFT - 10); }
static u64 pss_kbytes(u64 pss) { return pss << PAGE_SHIFT >> (PSS_SHIFT + 10); }

static size_t format_usage(const struct usage *u, bool is_rollup, char *buf, size_t size)
{
	const struct line head[] = {
		{ "Size:", kbytes(u->size_pages) }, { "KernelPageSize:", kbytes(1) }, { "MMUPageSize:", kbytes(1) },
	}, sums[] = {
		{ "Rss:", kbytes(u->rss) }, { "Pss:", pss_kbytes(u->pss) }, { "Pss_Dirty:", pss_kbytes(u->pss_dirty) },
	}, kinds[] = {
		{ "Pss_Anon:", pss_kbytes(u->pss_anon) }, { "Pss_File:", pss_kbytes(u->pss - u->pss_anon - u->pss_shmem) },
		{ "Pss_Shmem:", pss_kbytes(u->pss_shmem) },
	}, lines[] = {
		{ "Shared_Clean:", kbytes(u->shared_clean) }, { "Shared_Dirty:", kbytes(u->shared_dirty) },
		{ "Private_Clean:", kbytes(u->private_clean) }, { "Private_Dirty:", kbytes(u->private_dirty) },
		{ "Referenced:", kbytes(u->referenced) }, { "Anonymous:", kbytes(u->anonymous) }, { "LazyFree:", 0 },
		{ "AnonHugePages:", 0 }, { "ShmemPmdMapped:", 0 }, { "FilePmdMapped:", 0 }, { "Shared_Hugetlb:", 0 },
		{ "Private_Hugetlb:", 0 }, { "Swap:", 0 }, { "SwapPss:", 0 }, { "Locked:", pss_kbytes(u->locked) },
	};
	size_t n = is_rollup ? 0 : format_lines(head, ARRAY_SIZE(head), buf, size);

	n += format_lines(sums, ARRAY_SIZE(sums), buf + n, size - n);
	if (is_rollup)
		n += format_lines(kinds, ARRAY_SIZE(kinds), buf + n, size - n);
	n += format_lines(lines, ARRAY_SIZE(lines), buf + n, size - n);
	return n + (is_rollup ? 0 : scnprintf(buf + n, size - n, "THPeligible:    0\n"));
}

/* -- the files ---------------------------------------------------------------------------------------------------- */
ssize_t mm_report_regions(struct mm *mm, uptr *next, char *buf, size_t size, bool with_usage)
{
	char *scratch = kmalloc(PATH_BYTES);
	struct snapshot s;
	size_t n = 0;

	if (!scratch)
		return -ENOMEM;
	while (size - n >= MM_REPORT_BUFFER && take_snapshot(mm, *next, with_usage, &s)) {
		n += format_head(&s, buf + n, size - n, scratch);
		if (with_usage) {
			n += format_usage(&s.usage, false, buf + n, size - n);
			n += format_flags(s.v.flags, buf + n, size - n);
		}
		*next = s.v.end;
		if (s.file)
			file_put(s.file);
	}
	kfree(scratch);
	return (ssize_t)n;
}

size_t mm_report_rollup(struct mm *mm, char *buf, size_t size)
{
	struct usage u = { 0 };
	struct vma *v;
	uptr start, end = 0;
	size_t n;

	rw_read_lock(&mm->lock);
	v = vma_find(&mm->vmas, 0);
	start = v ? v->start : 0;
	for (; v; v = vma_next(&mm->vmas, v)) {
		count_region(mm, v, &u);
		end = v->end;
	}
	rw_read_unlock(&mm->lock);
	n = scnprintf(buf, size, "%08lx-%08lx ---p %08lx %02x:%02x %lu ", start, end, 0UL, 0, 0, 0UL);
	while (n < NAME_COLUMN && n + 1 < size)
		buf[n++] = ' ';
	n += scnprintf(buf + n, size - n, "[rollup]\n");
	return n + format_usage(&u, true, buf + n, size - n);
}

struct file *mm_report_next_file(struct mm *mm, uptr addr, uptr *start, uptr *end)
{
	struct file *f = NULL;

	rw_read_lock(&mm->lock);
	for (struct vma *v = vma_find(&mm->vmas, addr); v && !f; v = vma_next(&mm->vmas, v)) {
		if (!v->file || v->start < addr)
			continue;
		f = file_get(v->file);
		*start = v->start;
		*end = v->end;
	}
	rw_read_unlock(&mm->lock);
	return f;
}

/* -- pagemap ------------------------------------------------------------------------------------------------------ */
#define PM_EXCLUSIVE BIT(56)
#define PM_FILE BIT(61)
#define PM_PRESENT (1UL << 63)

struct pagemap_walk { u64 *entries; uptr first; bool with_frames; };

static bool pagemap_entry(uptr va, pte_t e, unsigned others, void *arg)
{
	const struct pagemap_walk *w = arg;
	u64 *out = &w->entries[(va - w->first) >> PAGE_SHIFT];

	*out = PM_PRESENT | (w->with_frames ? pte_pfn(e) : 0);
	if (pte_is_special(e))
		return false;
	const struct page *p = pfn_to_page(pte_pfn(e));
	if (p->kind != PAGE_ANON)
		*out |= PM_FILE;
	if (others + MAX(atomic_read(&p->mapcount), 1) == 1)
		*out |= PM_EXCLUSIVE;
	return false;
}

void mm_report_pagemap(struct mm *mm, uptr va, u64 *entries, size_t n, bool with_frames)
{
	struct pagemap_walk w = { entries, va, with_frames };

	memset(entries, 0, n * sizeof(*entries));
	rw_read_lock(&mm->lock);
	pt_walk(mm, va, va + n * PAGE_SIZE, pagemap_entry, &w);
	rw_read_unlock(&mm->lock);
}

/* -- clear_refs --------------------------------------------------------------------------------------------------- */
static bool forget_one(struct mm *mm, uptr va, pte_t *slot, void *arg)
{
	*slot = pte_clear_accessed(*slot);
	return false;
}

int mm_forget_accessed(struct mm *mm, bool anon, bool files)
{
	int err = 0;

	rw_read_lock(&mm->lock);
	for (struct vma *v = vma_find(&mm->vmas, 0); v && !err; v = vma_next(&mm->vmas, v)) {
		if (v->file ? files : anon)
			err = pt_edit(mm, v->start, v->end, forget_one, NULL);
	}
	rw_read_unlock(&mm->lock);
	return err;
}

void mm_forget_peak(struct mm *mm)
{
	WRITE_ONCE(mm->peak_rss_pages, pt_rss(mm, RSS_ANON) + pt_rss(mm, RSS_FILE) + pt_rss(mm, RSS_SHMEM));
}

static u64 code_pages(const struct mm *mm)
{
	return (ALIGN_UP(mm->code_end, PAGE_SIZE) - ALIGN_DOWN(mm->code_start, PAGE_SIZE)) >> PAGE_SHIFT;
}

size_t mm_report_status(struct mm *mm, char *buf, size_t size)
{
	u64 anon = pt_rss(mm, RSS_ANON), file = pt_rss(mm, RSS_FILE), shmem = pt_rss(mm, RSS_SHMEM);
	u64 rss = anon + file + shmem, code = MIN(code_pages(mm), mm->exec_pages);
	const struct line lines[] = {
		{ "VmPeak:", kbytes(mm->peak_total_pages) }, { "VmSize:", kbytes(mm->total_pages) },
		{ "VmLck:", kbytes(mm->locked_pages) }, { "VmPin:", 0 },
		{ "VmHWM:", kbytes(MAX(mm->peak_rss_pages, rss)) }, { "VmRSS:", kbytes(rss) },
		{ "RssAnon:", kbytes(anon) }, { "RssFile:", kbytes(file) }, { "RssShmem:", kbytes(shmem) },
		{ "VmData:", kbytes(mm->data_pages) }, { "VmStk:", kbytes(mm->stack_pages) },
		{ "VmExe:", kbytes(code) }, { "VmLib:", kbytes(mm->exec_pages - code) },
		{ "VmPTE:", pt_table_bytes(mm) >> 10 }, { "VmSwap:", 0 },
	};
	size_t n = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(lines); i++)
		n += scnprintf(buf + n, size - n, "%s\t%8lu kB\n", lines[i].name, (unsigned long)lines[i].kbytes);
	return n;
}

size_t mm_report_statm(struct mm *mm, char *buf, size_t size)
{
	unsigned long shared = pt_rss(mm, RSS_FILE) + pt_rss(mm, RSS_SHMEM), resident = shared + pt_rss(mm, RSS_ANON);
	unsigned long total = mm->total_pages, code = code_pages(mm), data = mm->data_pages + mm->stack_pages;

	return scnprintf(buf, size, "%lu %lu %lu %lu 0 %lu 0\n", total, resident, shared, code, data);
}
