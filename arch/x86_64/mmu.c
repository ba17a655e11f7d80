/*
 * arch/x86_64/mmu.c: the kernel half of the address space, loading of roots, TLB flushes.
 * The kernel half is three root entries, made once at boot, so a new root copies three words and they never change:
 * the direct map of RAM (2 MiB pages, 1 GiB where the CPU can; never executable; the kernel's text and constants
 * read-only there too), the kernel stack and device area (its tables grow, none is ever freed), the kernel image (4 KiB
 * pages: text execute-only-read, constants read-only, data not executable). User tables are mm/pagetable.c's.
 * Locks: kmap_lock for the growing area. Errors: NULL or -ENOMEM when a table cannot be had.
 */
#include "x86.h"
#include "layout.h"
#include "base/errno.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/page.h"
#include "sync/spinlock.h"

#define PTE_HUGE BIT(7)
#define PTE_UNCACHED (BIT(3) | BIT(4))	/* write-through off, cache disabled */
#define MIB2 0x200000UL
#define GIB 0x40000000UL
#define LEAF_DATA (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | PTE_GLOBAL | PTE_NX)
#define LEAF_CONST (PTE_PRESENT | PTE_ACCESSED | PTE_GLOBAL | PTE_NX)
#define LEAF_TEXT (PTE_PRESENT | PTE_ACCESSED | PTE_GLOBAL)
#define TABLE (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED)

extern char kernel_start[], rodata_start[], data_start[], bss_end[], kernel_end[], boot_stack_guard[];

const unsigned long arch_kstack_area = KSTACK_BASE;
static paddr_t kernel_root;
static pte_t *kernel_root_entries;
static struct spinlock kmap_lock = SPINLOCK_INIT(RANK_KMAP);
static unsigned long device_next = DEVICE_BASE;	/* under kmap_lock */

/* Until the direct map is loaded, boot pages are reached through start.S's map of the first GiB. */
static pte_t *boot_table(paddr_t p) { return (pte_t *)(p + KERNEL_BASE); }

static pte_t *boot_next_table(pte_t *entry)
{
	if (!*entry)
		*entry = boot_alloc_page() | TABLE;
	return boot_table(*entry & PTE_FRAME);
}

static paddr_t kernel_end_phys(void) { return ALIGN_UP((paddr_t)kernel_end - KERNEL_BASE, MIB2); }

size_t mmu_boot_pages(void)
{
	size_t image_tables = kernel_end_phys() / MIB2;

	return 6 + (boot_info.memory_end + GIB - 1) / GIB + 2 * image_tables;
}

/* 4 KiB pages where the kernel image lies, so that its text and constants cannot be written through this map either. */
static void map_direct_image(pte_t *directory)
{
	paddr_t text = (paddr_t)kernel_start - KERNEL_BASE, data = (paddr_t)data_start - KERNEL_BASE;
	paddr_t ksyms = (paddr_t)bss_end - KERNEL_BASE, end = (paddr_t)kernel_end - KERNEL_BASE;

	for (paddr_t p = 0; p < kernel_end_phys(); p += PAGE_SIZE) {
		pte_t *table = boot_next_table(&directory[p / MIB2]);
		bool is_const = (p >= text && p < data) || (p >= ksyms && p < end);

		table[pt_index(p, 0)] = p | (is_const ? LEAF_CONST : LEAF_DATA);
	}
}

static void map_direct_range(pte_t *pointers, paddr_t start, paddr_t end)
{
	start = MAX(ALIGN_DOWN(start, MIB2), kernel_end_phys());
	end = ALIGN_UP(end, MIB2);
	while (start < end) {
		pte_t *entry = &pointers[pt_index(start, 2)];

		if (cpu_features.has_huge_pages && !*entry && IS_ALIGNED(start, GIB) && end - start >= GIB) {
			*entry = start | LEAF_DATA | PTE_HUGE;
			start += GIB;
			continue;
		}
		boot_next_table(entry)[pt_index(start, 1)] = start | LEAF_DATA | PTE_HUGE;
		start += MIB2;
	}
}

static void map_image(pte_t *pointers)
{
	pte_t *directory = boot_next_table(&pointers[pt_index(KERNEL_BASE, 2)]);

	for (unsigned long v = (unsigned long)kernel_start; v < (unsigned long)kernel_end; v += PAGE_SIZE) {
		pte_t *table = boot_next_table(&directory[pt_index(v, 1)]);
		pte_t kind = LEAF_CONST;

		if (v == (unsigned long)boot_stack_guard)
			continue;
		if (v < (unsigned long)rodata_start)
			kind = LEAF_TEXT;
		else if (v >= (unsigned long)data_start && v < (unsigned long)bss_end)
			kind = LEAF_DATA;
		table[pt_index(v, 0)] = (v - KERNEL_BASE) | kind;
	}
}

void mmu_init(const struct range *ram, int count)
{
	pte_t *pointers;

	kernel_root = boot_alloc_page();
	kernel_root_entries = boot_table(kernel_root);
	pointers = boot_next_table(&kernel_root_entries[DIRECT_SLOT]);
	map_direct_image(boot_next_table(&pointers[0]));
	for (int i = 0; i < count; i++)
		map_direct_range(pointers, ram[i].start, ram[i].end);
	map_image(boot_next_table(&kernel_root_entries[KERNEL_SLOT]));
	boot_next_table(&kernel_root_entries[KSTACK_SLOT]);
	cpu_enable();
	WRITE_CR(3, kernel_root);
	kernel_root_entries = phys_to_virt(kernel_root);
}

paddr_t virt_to_phys(const void *v)
{
	unsigned long a = (unsigned long)v;

	return a >= KERNEL_BASE ? a - KERNEL_BASE : a - DIRECT_BASE;
}

/* -- the kernel stack and device area -- */

static u64 map_tables;		/* under kmap_lock; read by others */

u64 arch_kernel_map_tables(void) { return READ_ONCE(map_tables); }

static pte_t *next_table(pte_t *entry)
{
	if (!pte_is_present(*entry)) {
		struct page *p = page_alloc_zeroed(NODE_ANY, PAGE_KERNEL);

		if (!p)
			return NULL;
		WRITE_ONCE(map_tables, map_tables + 1);
		pte_write(entry, page_to_pfn(p) << PAGE_SHIFT | TABLE);
	}
	return phys_to_virt(*entry & PTE_FRAME);
}

/* Under kmap_lock. The leaf entry of va; NULL: out of memory. */
static pte_t *kernel_slot(unsigned long va)
{
	pte_t *t = kernel_root_entries;

	for (int level = 3; level > 0; level--) {
		t = next_table(&t[pt_index(va, level)]);
		if (!t)
			return NULL;
	}
	return &t[pt_index(va, 0)];
}

static int kernel_map(unsigned long va, paddr_t p, pte_t flags)
{
	pte_t *slot = kernel_slot(va);

	if (!slot)
		return -ENOMEM;
	ASSERT(pte_is_empty(*slot));
	pte_write(slot, p | flags);
	return 0;
}

int arch_kernel_map(unsigned long va, u64 pfn)
{
	unsigned long flags = spin_lock_irqsave(&kmap_lock);
	int err = kernel_map(va, pfn << PAGE_SHIFT, LEAF_DATA);

	spin_unlock_irqrestore(&kmap_lock, flags);
	return err;
}

void arch_kernel_unmap(unsigned long va)
{
	unsigned long flags = spin_lock_irqsave(&kmap_lock);
	pte_t *slot = kernel_slot(va);

	if (slot)
		pte_write(slot, 0);
	spin_unlock_irqrestore(&kmap_lock, flags);
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

void *arch_map_device(paddr_t p, size_t bytes)
{
	paddr_t first = ALIGN_DOWN(p, PAGE_SIZE), end = ALIGN_UP(p + bytes, PAGE_SIZE);
	unsigned long flags = spin_lock_irqsave(&kmap_lock);
	unsigned long va = device_next;
	int err = 0;

	for (paddr_t at = first; at < end && !err; at += PAGE_SIZE)
		err = kernel_map(va + (at - first), at, LEAF_DATA | PTE_UNCACHED);
	if (!err)
		device_next = va + (end - first);
	spin_unlock_irqrestore(&kmap_lock, flags);
	BUG_ON(device_next > DEVICE_END);
	return err ? NULL : (void *)(va + (p - first));
}

/* -- roots -- */

void arch_root_init(pte_t *root)
{
	root[DIRECT_SLOT] = kernel_root_entries[DIRECT_SLOT];
	root[KSTACK_SLOT] = kernel_root_entries[KSTACK_SLOT];
	root[KERNEL_SLOT] = kernel_root_entries[KERNEL_SLOT];
}

void arch_root_load(u64 root_pfn) { WRITE_CR(3, root_pfn << PAGE_SHIFT); }
u64 arch_kernel_root(void) { return kernel_root >> PAGE_SHIFT; }
void arch_tlb_flush_page(uptr va) { __asm__ volatile("invlpg (%0)" : : "r"(va) : "memory"); }
void arch_tlb_flush_all(void) { WRITE_CR(3, READ_CR(3)); }

/* Global entries go with any change of CR4.PGE. */
void arch_tlb_flush_kernel(void)
{
	unsigned long flags = arch_irq_save();
	u64 cr4 = READ_CR(4);

	WRITE_CR(4, cr4 ^ CR4_PGE);
	WRITE_CR(4, cr4);
	arch_irq_restore(flags);
}
