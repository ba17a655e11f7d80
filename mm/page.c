/*
 * mm/page.c: the records of the frames, and what is counted about memory.
 *
 * The records of all frames lie in one array, in RAM set aside at boot at the end of the largest range. Nothing of it
 * is written at boot but for the blocks that a range begins or ends in: a block's records are set up when the first of its
 * frames is handed out. So boot costs the same with 16 MiB and with 64 GiB.
 * Locks: the zone lock guards which blocks have records. Errors: none; too little RAM to boot is a panic.
 */
#include "mm/page.h"
#include "mm/buddy.h"
#include "mm/kstack.h"
#include "mm/slab.h"
#include "debug/kasan.h"
#include "arch/arch.h"
#include "base/printk.h"
#include "base/string.h"

#define BLOCK_PAGES (1UL << PAGE_ORDER_MAX)

struct page *page_records;
struct page *zero_page;
struct page_cache page_caches[CPUS_MAX];

static u8 *block_ready;			/* by block number: its records exist. under the zone lock, or at boot */
static u64 pfn_end;			/* beyond the last frame, in whole blocks */
static u64 total_pages;

static u64 ram_pages(int i) { return (boot_info.memory[i].end - boot_info.memory[i].start) >> PAGE_SHIFT; }

void page_records_touch(u64 pfn)
{
	u64 block = pfn / BLOCK_PAGES;
	if (block_ready[block])
		return;
	struct page *first = &page_records[block * BLOCK_PAGES];
	memset(first, 0, BLOCK_PAGES * sizeof(*first));
	for (u64 i = 0; i < BLOCK_PAGES; i++)
		first[i].kind = PAGE_RESERVED;
	block_ready[block] = 1;
}

const char *page_what_is_at(const void *p)
{
	u64 pfn = (u64)((const u8 *)p - (const u8 *)phys_to_virt(0)) >> PAGE_SHIFT;

	if (pfn >= pfn_end)
		return "static object";
	if (p >= (const void *)page_records && p < (const void *)(page_records + pfn_end))
		return "frame's record";
	if (!block_ready[pfn / BLOCK_PAGES] || page_records[pfn].kind != PAGE_SLAB)
		return "frame";
	return page_records[pfn].slab.cache->name;
}

/* Sets aside the array of records (and the map of blocks) at the end of the largest range of RAM. */
static void records_reserve(void)
{
	u64 blocks = pfn_end / BLOCK_PAGES;
	size_t records = ALIGN_UP(pfn_end * sizeof(struct page) + blocks, PAGE_SIZE);
	size_t bytes = ALIGN_UP(records + KASAN_SHADOW_BYTES(pfn_end << PAGE_SHIFT), PAGE_SIZE);
	int largest = 0;
	for (int i = 1; i < boot_info.memory_count; i++) {
		if (ram_pages(i) > ram_pages(largest))
			largest = i;
	}
	if (boot_info.memory_count == 0 || ram_pages(largest) << PAGE_SHIFT <= bytes)
		panic("too little memory: the frames' records need %zu KiB in one piece", bytes >> 10);
	boot_info.memory[largest].end -= bytes;
	page_records = phys_to_virt(boot_info.memory[largest].end);
	block_ready = (u8 *)(page_records + pfn_end);
	memset(block_ready, 0, blocks);
	kasan_init((u8 *)page_records + records, pfn_end << PAGE_SHIFT);
}

void page_init(void)
{
	for (u32 i = 0; i < CPUS_MAX; i++) {
		page_caches[i] = (struct page_cache){ 0 };
		cpus[i].page_cache = &page_caches[i];
	}
	for (int i = 0; i < boot_info.memory_count; i++) {
		boot_info.memory[i].start = ALIGN_UP(boot_info.memory[i].start, PAGE_SIZE);
		boot_info.memory[i].end = ALIGN_DOWN(boot_info.memory[i].end, PAGE_SIZE);
	}
	pfn_end = ALIGN_UP(boot_info.memory_end >> PAGE_SHIFT, BLOCK_PAGES);
	total_pages = 0;
	records_reserve();
	buddy_init();
	for (int i = 0; i < boot_info.memory_count; i++) {
		buddy_add_range(0, boot_info.memory[i].start >> PAGE_SHIFT, boot_info.memory[i].end >> PAGE_SHIFT);
		total_pages += ram_pages(i);
	}
	zero_page = page_alloc_zeroed(NODE_ANY, PAGE_KERNEL);
	if (!zero_page)
		panic("no memory for the zero page");
}

void page_put(struct page *p)
{
	if (refcount_dec(&p->count))
		page_free(p, 0);
}

/* The count is 0, or was before: no frame to unmap. */
void page_unmapped_last(struct page *p)
{
	if (refcount_read(&p->count) == 0)
		page_free(p, 0);
	else
		refcount_report(&p->count, "unmapping of a dead frame");
}

struct page *page_adopt(u64 pfn, enum page_kind kind)
{
	struct page *p = pfn_to_page(pfn);
	unsigned long irq = arch_irq_save();
	buddy_records_touch(pfn);
	ASSERT(p->kind == PAGE_RESERVED);
	*p = (struct page){ .count = REFCOUNT_INIT(1), .kind = kind };
	page_cache_self()->kinds[kind]++;
	total_pages++;
	arch_irq_restore(irq);
	return p;
}

void page_release_range(paddr_t start, paddr_t end)
{
	u64 first = (start + PAGE_SIZE - 1) >> PAGE_SHIFT, last = end >> PAGE_SHIFT;
	for (u64 pfn = first; pfn < last; pfn++)
		page_free(page_adopt(pfn, PAGE_KERNEL), 0);
}

u64 page_next_record(u64 pfn)
{
	while (pfn < pfn_end && !block_ready[pfn / BLOCK_PAGES])
		pfn = ALIGN_DOWN(pfn, BLOCK_PAGES) + BLOCK_PAGES;
	return pfn < pfn_end ? pfn : 0;
}

static u64 kind_pages(enum page_kind kind)
{
	long n = 0;
	for (u32 i = 0; i < CPUS_MAX; i++)
		n += READ_ONCE(page_caches[i].kinds[kind]);
	return n > 0 ? (u64)n : 0;
}

/* In the pools of mm/table.c. */
static u64 spare_tables(u32 cpu)
{
	return READ_ONCE(page_caches[cpu].table_count) + READ_ONCE(page_caches[cpu].root_count);
}

u64 memory_free_pages(void)
{
	u64 n = buddy_free_pages() + kstack_spare_pages();
	for (u32 i = 0; i < CPUS_MAX; i++)
		n += READ_ONCE(page_caches[i].frame_count) + spare_tables(i);
	return n;
}

u64 memory_total_pages(void) { return total_pages; }

void memory_stats(struct memory_stats *s)
{
	*s = (struct memory_stats){
		.total_pages = total_pages, .free_pages = memory_free_pages(),
		.kernel_pages = kind_pages(PAGE_KERNEL), .slab_pages = kind_pages(PAGE_SLAB),
		.table_pages = kind_pages(PAGE_TABLE), .anon_pages = kind_pages(PAGE_ANON),
		.file_pages = kind_pages(PAGE_FILE), .shmem_pages = kind_pages(PAGE_SHMEM),
		.kstack_pages = kstack_pages(),
	};
	for (u32 i = 0; i < CPUS_MAX; i++)
		s->table_pages -= MIN(s->table_pages, spare_tables(i));
	s->kernel_pages -= MIN(s->kernel_pages, s->kstack_pages + kstack_spare_pages());
}
