/*
 * mm/region.h: changes of an address space's regions with their bookkeeping; for mm/ only. See region.c.
 */
#ifndef MM_REGION_H
#define MM_REGION_H
#include "mm/mm.h"
#include "mm/file_users.h"

#define MM_COUNT_MAX_DEFAULT 65530

#define VM_ACCESS (VM_READ | VM_WRITE | VM_EXEC)
#define VM_LOCKED_ANY (VM_LOCKED | VM_LOCKONFAULT)

static inline u64 region_pages(const struct vma *v) { return (v->end - v->start) >> PAGE_SHIFT; }
static inline bool region_is_anonymous(const struct vma *v) { return !v->file && !(v->flags & VM_SPECIAL); }
static inline u64 region_flags_of_prot(unsigned prot) { return prot & VM_ACCESS; }	/* PROT_* are the same bits */

/* The counters of mm follow a region of such flags that grew by pages (may be negative). */
void region_account(struct mm *mm, u64 flags, s64 pages);
/* RLIMIT_AS and RLIMIT_DATA allow pages more of such a region. */
bool region_may_expand(const struct mm *mm, u64 flags, u64 pages);
/* RLIMIT_MEMLOCK allows pages more, if flags have VM_LOCKED. */
bool region_may_lock(const struct mm *mm, u64 flags, u64 pages);

/* All under mm->lock for writing. */
/* Adds v, merged with its neighbours where they allow it, and counts it. */
int __must_check region_insert(struct mm *mm, const struct vma *v);
/* Adds n of them, which ascend and do not overlap, by one edit. -EAGAIN: one edit is not enough (one is to be merged, is in
 * the way, or has no room), -ENOMEM; nothing happened then. */
int __must_check region_insert_row(struct mm *mm, const struct vma *v, unsigned n);
/* Gives [start, end), which lies in one region, other flags: splits and merges. Commit charges are the caller's. */
int __must_check region_change(struct mm *mm, uptr start, uptr end, u64 flags);
/* Takes [start, end) out: regions, tables, accounts. -ENOMEM: nothing happened. */
int __must_check region_unmap(struct mm *mm, uptr start, uptr end);
/* The one region that holds all of [start, end), if region_replace can put another there; else NULL. */
const struct vma *region_around(struct mm *mm, uptr start, uptr end);
/* v takes the place of that part of it: as region_unmap and region_insert, by one edit. -ENOMEM: nothing happened. */
int __must_check region_replace(struct mm *mm, const struct vma *v);
/* Moves the end of the region that starts at start up to end (nothing is in the way); merges with what follows. */
int __must_check region_extend(struct mm *mm, uptr start, uptr end);
/* Joins the regions that meet at addr, if they say the same and memory is there. */
void region_merge_at(struct mm *mm, uptr addr);

/* mm/place.c: where a mapping of len bytes goes: the address or -errno (as Linux's get_unmapped_area). */
long region_place(struct mm *mm, uptr addr, size_t len, int map_flags);
#endif
