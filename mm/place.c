/*
 * mm/place.c: where a new mapping goes: at the hint if it is free, else top-down from mm->mmap_base, else bottom-up;
 * with the old layout (mm->maps_upwards) bottom-up at once.
 * Large mappings begin one table's span below mmap_base (which lies on such a boundary): so libraries and small mappings,
 * where a forked child is sure to write, have tables of their own, and what the write copies is small, however much
 * memory the parent has.
 * Way in: region_place(), under mm->lock. Errors: -ENOMEM (no room), -EINVAL (unaligned MAP_FIXED), -EPERM (below
 * mm_min_addr without CAP_SYS_RAWIO). Source: mmap(2), Linux 6.1.
 * Differences from Linux: the bottom-up area after a full top-down area starts at a third of the address space, as
 * there, but is not randomised.
 */
#include "mm/region.h"
#include "task/task.h"
#include "base/errno.h"
#include <linux/mman.h>
#include <linux/capability.h>

#define BOTTOM_UP_BASE ALIGN_UP(USER_END / 3, PAGE_SIZE)
#define LOW_2G_START 0x40000000UL	/* MAP_32BIT: the second GiB */
#define LOW_2G_END 0x80000000UL
#define LARGE_SPAN PT_SPAN(2)		/* the room for small mappings; full, they go below the large ones */
#define LARGE_ANONYMOUS PT_SPAN(1)	/* a leaf table's worth: heaps, arenas, threads' stacks */
#define LARGE_FILE (64UL << 20)		/* data; libraries are smaller */
/* The ABI's value on CPUs that have the flag; the others' headers lack it. */
#ifndef MAP_32BIT
#define MAP_32BIT 0
#endif

static bool hint_is_free(struct mm *mm, uptr addr, size_t len, uptr end)
{
	struct vma *v = vma_find(&mm->vmas, addr);

	if (addr < (uptr)mm_min_addr || addr > end || len > end - addr)
		return false;
	return !v || addr + len <= (v->start > addr ? vma_guarded_start(v) : v->start);
}

static uptr top_for(const struct mm *mm, size_t len, int map_flags)
{
	bool is_large = len >= (map_flags & MAP_ANONYMOUS ? LARGE_ANONYMOUS : LARGE_FILE);

	return is_large && mm->mmap_base > 2 * LARGE_SPAN ? mm->mmap_base - LARGE_SPAN : mm->mmap_base;
}

static uptr find_place(struct mm *mm, uptr addr, size_t len, int map_flags)
{
	uptr low = MAX(PAGE_SIZE, (uptr)mm_min_addr), found;

	if (map_flags & MAP_32BIT) {
		if (addr && hint_is_free(mm, ALIGN_UP(addr, PAGE_SIZE), len, LOW_2G_END))
			return ALIGN_UP(addr, PAGE_SIZE);
		return vma_find_gap_up(&mm->vmas, LOW_2G_START, LOW_2G_END, len);
	}
	addr &= PAGE_MASK;
	if (addr && hint_is_free(mm, addr, len, USER_END))
		return addr;
	found = mm->maps_upwards ? 0 : vma_find_gap_down(&mm->vmas, low, top_for(mm, len, map_flags), len);
	return found ? found : vma_find_gap_up(&mm->vmas, BOTTOM_UP_BASE, USER_END, len);
}

long region_place(struct mm *mm, uptr addr, size_t len, int map_flags)
{
	if (len > USER_END)
		return -ENOMEM;
	if (!(map_flags & MAP_FIXED)) {
		addr = find_place(mm, addr, len, map_flags);
		if (!addr)
			return -ENOMEM;
	}
	if (addr > USER_END - len)
		return -ENOMEM;
	if (!IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	if (addr < (uptr)mm_min_addr && !capable(CAP_SYS_RAWIO))
		return -EPERM;
	return addr;
}
