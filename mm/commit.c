/*
 * mm/commit.c: overcommit accounting: how much private writable and shared memory programs were promised.
 * Mode 0 refuses only a request larger than all RAM; mode 1 refuses nothing; mode 2 keeps the sum below the limit,
 * with a reserve for administrators and one for the user's own way out.
 * Way in: commit_charge() before a region becomes accounted, commit_uncharge() when it goes; any context that may not
 * hold a zone lock. Errors: -ENOMEM, and then nothing is charged.
 * Source: proc(5) on /proc/sys/vm/overcommit_memory; Linux 6.1. Differences from Linux: there is no swap to add.
 */
#include "mm/mm.h"
#include "task/task.h"
#include "base/errno.h"
#include <linux/capability.h>

enum { OVERCOMMIT_GUESS, OVERCOMMIT_ALWAYS, OVERCOMMIT_NEVER };

int overcommit_mode;
int overcommit_ratio = 50;
int overcommit_kbytes;			/* the limit itself; 0: the ratio says it */
int commit_admin_reserve_kbytes = 8192;
int commit_user_reserve_kbytes = 131072;

static atomic_long_t committed_pages;

u64 commit_used(void) { return MAX(atomic_read(&committed_pages), 0L); }

u64 commit_limit(void)
{
	u64 kbytes = (u64)READ_ONCE(overcommit_kbytes);

	return kbytes ? kbytes >> (PAGE_SHIFT - 10) : memory_total_pages() * (u64)READ_ONCE(overcommit_ratio) / 100;
}

/* Mode 2: what the sum, this request included, must stay below. */
static s64 strict_limit(void)
{
	s64 limit = commit_limit();

	if (!capable(CAP_SYS_ADMIN))
		limit -= commit_admin_reserve_kbytes >> (PAGE_SHIFT - 10);
	if (current->mm)
		limit -= MIN(current->mm->total_pages / 32, (u64)commit_user_reserve_kbytes >> (PAGE_SHIFT - 10));
	return limit;
}

int commit_charge(u64 pages)
{
	long sum = atomic_add_return(&committed_pages, (long)pages);

	if (overcommit_mode == OVERCOMMIT_ALWAYS)
		return 0;
	if (overcommit_mode == OVERCOMMIT_GUESS ? pages <= memory_total_pages() : sum < strict_limit())
		return 0;
	atomic_sub(&committed_pages, (long)pages);
	return -ENOMEM;
}

void commit_charge_forced(u64 pages)
{
	atomic_add(&committed_pages, (long)pages);
}

void commit_uncharge(u64 pages)
{
	atomic_sub(&committed_pages, (long)pages);
}
