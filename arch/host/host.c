/*
 * arch/host/host.c: start of a unit test: RAM, CPUs, log, panic, and the frame of the cases. See host.h.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "arch/host/host.h"
#include "base/printk.h"
#include "mm/page.h"

struct cpu cpus[CPUS_MAX];
u32 cpus_online = 4;
_Thread_local struct cpu *host_cpu = &cpus[0];
_Thread_local bool host_irqs_on = true;
u8 *host_ram;
struct boot_info boot_info;
int log_console_level = 4;
const char *test_name = "start";

static unsigned passed;
static int ram_fd;
static unsigned kernel_maps_left = -1u;
static _Thread_local u64 random_state = 1;

void host_switch_cpu(u32 id) { host_cpu = &cpus[id]; }

void host_ram_init(paddr_t memory_end)
{
	if (host_ram) {
		munmap(host_ram, boot_info.memory_end);
		close(ram_fd);
	}
	ram_fd = memfd_create("ram", MFD_CLOEXEC);	/* a file, so that a page can be mapped a second time */
	if (ram_fd < 0 || ftruncate(ram_fd, (off_t)memory_end))
		abort();
	host_ram = mmap(NULL, memory_end, PROT_READ | PROT_WRITE, MAP_SHARED, ram_fd, 0);
	if (host_ram == MAP_FAILED)
		abort();
	boot_info.memory_end = memory_end;
	for (u32 i = 0; i < CPUS_MAX; i++)
		cpus[i] = (struct cpu){ .self = &cpus[i], .id = i, .hw_id = i };
	const char *seed = getenv("SEED");
	random_state = seed ? strtoull(seed, NULL, 0) * 2654435761u + 1 : 1;
}

void host_init(unsigned ram_mib)
{
	boot_info.memory_count = 1;
	boot_info.memory[0].start = 1 << 20;
	boot_info.memory[0].end = (paddr_t)ram_mib << 20;
	host_ram_init((paddr_t)ram_mib << 20);
	page_init();
}

/* -- the kernel's own address space: a second mapping of a page of RAM -- */
void host_fail_kernel_map_after(unsigned n) { kernel_maps_left = n; }

u64 arch_kernel_map_tables(void) { return 0; }

int arch_kernel_map(unsigned long va, u64 pfn)
{
	if (kernel_maps_left == 0)
		return -12;
	kernel_maps_left -= kernel_maps_left != -1u;
	void *p = mmap((void *)va, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, ram_fd,
		       (off_t)(pfn << PAGE_SHIFT));
	if (p != (void *)va)
		panic("kernel address %lx is mapped twice", va);
	return 0;
}

void arch_kernel_unmap(unsigned long va)
{
	if (munmap((void *)va, PAGE_SIZE))
		panic("kernel address %lx cannot be unmapped", va);
}

bool host_kernel_is_mapped(unsigned long va)
{
	unsigned char resident;

	return mincore((void *)va, PAGE_SIZE, &resident) == 0;
}

paddr_t virt_to_phys(const void *v) { return (paddr_t)((const u8 *)v - host_ram); }

void test_random_seed(u64 seed) { random_state = random_state * 6364136223846793005u + seed * 2 + 1; }

u64 test_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * 0x2545f4914f6cdd1dULL >> 11;
}

void test_fail(const char *file, int line, const char *what)
{
	printf("not ok %s: %s:%d: %s\n", test_name, file, line, what);
	fflush(stdout);
	abort();
}

void test_run(const char *name, void (*fn)(void))
{
	test_name = name;
	fn();
	printf("ok %s\n", name);
	fflush(stdout);
	passed++;
}

int test_end(void) { return passed ? 0 : 1; }

void log_write(enum log_level level, const char *fmt, ...)
{
	if ((int)level >= log_console_level)
		return;
	va_list ap;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
}

static void *panic_exit[5];	/* of __builtin_setjmp */
static bool panic_is_expected;

bool host_panics(void (*fn)(void *), void *arg)
{
	if (__builtin_setjmp(panic_exit)) {
		panic_is_expected = false;
		return true;
	}
	panic_is_expected = true;
	fn(arg);
	panic_is_expected = false;
	return false;
}

void panic(const char *fmt, ...)
{
	va_list ap;

	if (panic_is_expected)
		__builtin_longjmp(panic_exit, 1);
	va_start(ap, fmt);
	printf("not ok %s: panic: ", test_name);
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	fflush(stdout);
	abort();
}
