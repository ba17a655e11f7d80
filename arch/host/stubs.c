/*
 * arch/host/stubs.c: weak stand-ins for what a unit under test calls in parts of the kernel that its test leaves out.
 * A test that links the real thing gets the real thing.
 */
#include "arch/host/host.h"
#include "arch/arch.h"
#include "mm/kstack.h"
#include "mm/buddy.h"
#include "mm/mm.h"
#include "mm/slab.h"

#define WEAK __attribute__((weak))

WEAK u64 kstack_pages(void) { return 0; }
WEAK u64 kstack_spare_pages(void) { return 0; }
WEAK void kstack_reclaim(void) { }
WEAK void table_pool_drain(void) { }
WEAK u64 table_pool_pages(void) { return 0; }
WEAK void slab_reclaim(void) { }
WEAK void tlb_flush_kernel(void) { }
WEAK bool alloc_gate_count(struct task *t) { return false; }
WEAK bool oom_kill(void) { return false; }
WEAK u64 arch_clock_ns(void) { return 0; }
WEAK void arch_send_resched(u32 cpu) { }

/* base/string.c's additions to the C library. */
WEAK size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t n = strlen(src);
	if (size) {
		size_t k = MIN(n, size - 1);
		memcpy(dst, src, k);
		dst[k] = 0;
	}
	return n;
}
