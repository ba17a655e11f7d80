/*
 * arch/x86_64/boot.c: reads what the loader tells (PVH's hvm_start_info) into boot_info, builds the final page tables,
 * and calls kernel_main(). Runs once, on the boot CPU, interrupts off, on the boot stack.
 * Memory before page_init(): boot_alloc_page() takes pages behind the kernel image; boot_info.memory leaves them out.
 * Errors: a machine that cannot be used is a panic. Source: Xen's hvm/start_info.h, version 0 and 1.
 */
#include "x86.h"
#include "layout.h"
#include "base/printk.h"
#include "base/string.h"
#include "task/task.h"

#define START_INFO_MAGIC 0x336ec578
#define IDENTITY_END 0x40000000UL	/* what start.S maps at its physical address */
#define E820_RAM 1
#define RANGES_MAX 64
#define LOW_MEMORY_END 0x10000		/* left alone: firmware's data, and where other CPUs start */

struct start_info {
	u32 magic, version, flags, module_count;
	u64 modules, cmdline, rsdp;
	u64 memmap;		/* from version 1 on */
	u32 memmap_count, reserved;
};
struct start_module { u64 paddr, size, cmdline, reserved; };
struct start_memmap { u64 addr, size; u32 type, reserved; };

void kernel_main(void);
void boot_main(const struct start_info *info);

struct boot_info boot_info;
extern char kernel_end[];

static struct range ram[RANGES_MAX];	/* RAM as the loader tells, sorted */
static int ram_count;
static struct range busy[8];		/* what is in use: busy[0] is the kernel image */
static int busy_count;
static int boot_pages;			/* index in busy[] */
static paddr_t boot_page_next;

static void ram_insert(paddr_t start, paddr_t end)
{
	int i = ram_count;

	start = ALIGN_UP(start, PAGE_SIZE);
	end = ALIGN_DOWN(MIN(end, 512UL << 30), PAGE_SIZE);
	if (start >= end || ram_count == RANGES_MAX)
		return;
	for (; i > 0 && ram[i - 1].start > start; i--)
		ram[i] = ram[i - 1];
	ram[i] = (struct range){ start, end };
	ram_count++;
}

static void read_memmap(const struct start_info *info)
{
	const struct start_memmap *map = (const void *)info->memmap;

	if (info->version < 1 || !info->memmap_count || info->memmap >= IDENTITY_END)
		panic("boot: the loader gave no memory map");
	for (u32 i = 0; i < info->memmap_count; i++) {
		if (map[i].type == E820_RAM)
			ram_insert(map[i].addr, map[i].addr + map[i].size);
	}
	for (int i = 0; i < ram_count; i++)
		boot_info.memory_end = MAX(boot_info.memory_end, ram[i].end);
}

static void busy_add(paddr_t start, paddr_t end)
{
	BUG_ON(busy_count == ARRAY_SIZE(busy));
	busy[busy_count++] = (struct range){ ALIGN_DOWN(start, PAGE_SIZE), ALIGN_UP(end, PAGE_SIZE) };
}

/* Does [start, end) touch something in use? Then *after is where that ends. */
static bool is_busy(paddr_t start, paddr_t end, paddr_t *after)
{
	for (int i = 0; i < busy_count; i++) {
		if (start < busy[i].end && busy[i].start < end) {
			*after = busy[i].end;
			return true;
		}
	}
	return false;
}

static bool is_ram(paddr_t start, paddr_t end)
{
	for (int i = 0; i < ram_count; i++) {
		if (start >= ram[i].start && end <= ram[i].end)
			return true;
	}
	return false;
}

/* Sets n pages behind the kernel image aside for boot_alloc_page(), where nothing else lies. */
static void reserve_boot_pages(size_t n)
{
	paddr_t at = busy[0].end, after = 0;

	while (is_busy(at, at + n * PAGE_SIZE, &after))
		at = after;
	if (!is_ram(at, at + n * PAGE_SIZE) || at + n * PAGE_SIZE > IDENTITY_END)
		panic("boot: no memory for %lu pages of page tables", n);
	boot_page_next = at;
	boot_pages = busy_count;
	busy_add(at, at + n * PAGE_SIZE);
}

paddr_t boot_alloc_page(void)
{
	paddr_t p = boot_page_next;

	BUG_ON(p >= busy[boot_pages].end);
	boot_page_next += PAGE_SIZE;
	memset((void *)(p + KERNEL_BASE), 0, PAGE_SIZE);	/* start.S maps the first GiB there */
	return p;
}

static void read_modules(const struct start_info *info)
{
	const struct start_module *m = (const void *)info->modules;

	if (!info->module_count)
		return;
	if (info->modules >= IDENTITY_END)
		panic("boot: the list of modules is out of reach");
	boot_info.initrd_start = m->paddr;
	boot_info.initrd_end = m->paddr + m->size;
	busy_add(m->paddr, m->paddr + m->size);
}

/* The command line stays where the loader put it. */
static void read_cmdline(const struct start_info *info)
{
	const char *s = (const char *)info->cmdline;

	boot_info.cmdline = "";
	if (!info->cmdline)
		return;
	if (info->cmdline >= IDENTITY_END)
		panic("boot: the command line is out of reach");
	boot_info.cmdline = phys_to_virt(info->cmdline);
	busy_add(info->cmdline, info->cmdline + strlen(s) + 1);
}

/* RAM without what is in use. */
static void fill_memory(void)
{
	for (int i = 0; i < ram_count; i++) {
		paddr_t at = ram[i].start, after = 0, end;

		while (at < ram[i].end) {
			end = ram[i].end;
			if (is_busy(at, at + PAGE_SIZE, &after)) {
				at = after;
				continue;
			}
			for (int j = 0; j < busy_count; j++) {
				if (busy[j].start > at && busy[j].start < end)
					end = busy[j].start;
			}
			if (boot_info.memory_count == ARRAY_SIZE(boot_info.memory))
				return;
			boot_info.memory[boot_info.memory_count].start = at;
			boot_info.memory[boot_info.memory_count++].end = end;
			at = end;
		}
	}
}

/* Called by start.S. */
void boot_main(const struct start_info *info)
{
	clock_start();
	early_console_init();
	if (info->magic != START_INFO_MAGIC)
		panic("boot: not started by a PVH loader");
	cpu_detect();
	busy_add(KERNEL_PHYS, (paddr_t)kernel_end - KERNEL_BASE);
	busy_add(0, LOW_MEMORY_END);
	read_memmap(info);
	read_modules(info);
	read_cmdline(info);
	acpi_set_root(info->rsdp);
	reserve_boot_pages(mmu_boot_pages());
	mmu_init(ram, ram_count);
	busy[boot_pages].end = boot_page_next;
	fill_memory();
	first_task.kstack = boot_stack;
	cpus[0].running = &first_task;
	desc_init_cpu(&cpus[0]);
	desc_set_kstack(&cpus[0], (unsigned long)boot_stack_top);
	kernel_main();
	panic("kernel_main returned");
}
