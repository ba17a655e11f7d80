/*
 * arch/host/host.c: start of a unit test: RAM, CPUs, log, panic, and the frame of the cases. See host.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "arch/host/host.h"
#include "base/printk.h"
#include "mm/page.h"

struct cpu cpus[CPUS_MAX];
u32 cpus_online = 4;
struct cpu *host_cpu = &cpus[0];
bool host_irqs_on = true;
u8 *host_ram;
struct boot_info boot_info;
int log_console_level = 4;
const char *test_name = "start";

static unsigned passed;
static u64 random_state = 1;

void host_switch_cpu(u32 id) { host_cpu = &cpus[id]; }

void host_ram_init(paddr_t memory_end)
{
	if (host_ram)
		munmap(host_ram, boot_info.memory_end);
	host_ram = mmap(NULL, memory_end, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
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

paddr_t virt_to_phys(const void *v) { return (paddr_t)((const u8 *)v - host_ram); }

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

void panic(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	printf("not ok %s: panic: ", test_name);
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	fflush(stdout);
	abort();
}
