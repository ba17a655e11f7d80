/* arch/host/pte.h: the page-table entry of the unit tests' CPU: x86-64's own, over a direct map inside one mmap. */
#ifndef HOST_PTE_H
#define HOST_PTE_H
#define phys_to_virt x86_phys_to_virt
#include "arch/x86_64/pte.h"
#undef phys_to_virt

extern u8 *host_ram;	/* physical address 0 */
static inline void *phys_to_virt(paddr_t p) { return host_ram + p; }
#endif
