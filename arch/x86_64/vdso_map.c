/*
 * arch/x86_64/vdso_map.c: which frames exec maps as "[vvar]" and "[vdso]". See arch_vdso in arch/arch.h.
 * The frames belong to the kernel image and are never counted or freed.
 */
#include "x86.h"
#include "clock.h"
#include "base/printk.h"

extern const char vdso_start[], vdso_end[];

struct arch_vdso arch_vdso;

static union clock_page ask_page __aligned(PAGE_SIZE);

void vdso_init(void)
{
	unsigned n = 0;

	BUG_ON((size_t)(vdso_end - vdso_start) > (ARRAY_SIZE(arch_vdso.pfns) - 1) * PAGE_SIZE);
	arch_vdso.pfns[n++] = virt_to_phys(&clock_page) >> PAGE_SHIFT;
	for (const char *p = vdso_start; p < vdso_end; p += PAGE_SIZE)
		arch_vdso.pfns[n++] = virt_to_phys(p) >> PAGE_SHIFT;
	arch_vdso.data_pages = 1;
	ask_page.data.must_ask = 1;
	arch_vdso.ask_pfn = virt_to_phys(&ask_page) >> PAGE_SHIFT;
	arch_vdso.code_pages = n - 1;
}
