/* The vDSO: there, well formed, and saying what the system calls say. */
#include "check.h"
#include <elf.h>
#include <link.h>
#include <sched.h>
#include <sys/auxv.h>

static const char *base;
static const ElfW(Sym) *symbols;
static const char *names;
static uint32_t symbol_count;

/* The symbol table, by way of the dynamic section. */
static bool find_tables(void)
{
	base = (const char *)getauxval(AT_SYSINFO_EHDR);
	if (!base)
		return false;
	const ElfW(Ehdr) *e = (const void *)base;
	const ElfW(Phdr) *p = (const void *)(base + e->e_phoff);
	const ElfW(Dyn) *d = 0;
	for (int i = 0; i < e->e_phnum; i++)
		if (p[i].p_type == PT_DYNAMIC)
			d = (const void *)(base + p[i].p_offset);
	for (; d && d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_SYMTAB)
			symbols = (const void *)(base + d->d_un.d_ptr);
		if (d->d_tag == DT_STRTAB)
			names = base + d->d_un.d_ptr;
		if (d->d_tag == DT_HASH)
			symbol_count = ((const uint32_t *)(base + d->d_un.d_ptr))[1];
	}
	return symbols && names && symbol_count;
}

static void *find(const char *name)
{
	for (uint32_t i = 0; i < symbol_count; i++)
		if (!strcmp(names + symbols[i].st_name, name) && symbols[i].st_shndx)
			return (void *)(base + symbols[i].st_value);
	return 0;
}

static int64_t ns(struct timespec t) { return t.tv_sec * 1000000000ll + t.tv_nsec; }

TEST(is_an_elf_object)
{
	CHECK(find_tables());
	CHECK(!memcmp(base, ELFMAG, SELFMAG));
	static const char *const wanted[] = {"__vdso_clock_gettime", "__vdso_gettimeofday", "__vdso_time", "__vdso_getcpu",
					     "__vdso_clock_getres"};
	for (int i = 0; i < 5; i++)
		CHECK(find(wanted[i]) != 0);
}

TEST(clocks_agree_with_the_kernels)
{
	if (!find_tables())
		return;
	int (*get)(int, struct timespec *) = find("__vdso_clock_gettime");
	static const int clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME, CLOCK_TAI};
	for (int i = 0; i < 5; i++) {
		struct timespec before, fast, after;
		NEED_OK(syscall(SYS_clock_gettime, clocks[i], &before));
		CHECK_EQ(get(clocks[i], &fast), 0);
		NEED_OK(syscall(SYS_clock_gettime, clocks[i], &after));
		CHECK(ns(before) <= ns(fast) && ns(fast) <= ns(after));
		CHECK(fast.tv_nsec >= 0 && fast.tv_nsec < 1000000000);
	}
	struct timespec cpu;
	CHECK_EQ(get(CLOCK_PROCESS_CPUTIME_ID, &cpu), 0);
	CHECK_EQ(get(12345, &cpu), -EINVAL);
}

TEST(never_goes_back)
{
	struct timespec now, last = {};
	for (int i = 0; i < 100000; i++) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (ns(now) < ns(last))
			CHECK(!"the clock went back");
		last = now;
	}
}

TEST(time_and_day)
{
	if (!find_tables())
		return;
	int (*day)(struct timeval *, void *) = find("__vdso_gettimeofday");
	time_t (*seconds)(time_t *) = find("__vdso_time");
	struct timeval tv;
	struct timespec ts;
	time_t stored = 0;
	CHECK_EQ(day(&tv, 0), 0);
	clock_gettime(CLOCK_REALTIME, &ts);
	CHECK(ts.tv_sec - tv.tv_sec <= 1 && tv.tv_usec >= 0 && tv.tv_usec < 1000000);
	time_t t = seconds(&stored);
	CHECK(t == stored && t - ts.tv_sec <= 1 && ts.tv_sec - t <= 1);
}

TEST(names_the_cpu)
{
	if (!find_tables())
		return;
	long (*get)(unsigned *, unsigned *, void *) = find("__vdso_getcpu");
	unsigned cpu = 99, node = 99;
	CHECK_EQ(get(&cpu, &node, 0), 0);
	CHECK(cpu < (unsigned)sysconf(_SC_NPROCESSORS_CONF));
	CHECK_EQ(node, 0);
}

TEST(cannot_be_written)
{
	if (!find_tables())
		return;
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		*(volatile char *)base = 1;
	}
}

/* The kernel's page of data is no memory of the program's: the child of who wants it wiped reads the clock as before, and so
 * does its own child in another time namespace, whose page is another. */
TEST(is_not_wiped_on_fork)
{
	if (!find_tables())
		return;
	int (*get)(int, struct timespec *) = find("__vdso_clock_gettime");
	char line[256];
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long start = 0, end = 0;
	while (f && fgets(line, sizeof(line), f) && !strstr(line, "[vvar]"))
		;
	CHECK(f && strstr(line, "[vvar]") && sscanf(line, "%lx-%lx", &start, &end) == 2);
	if (f)
		fclose(f);
	if (!end)
		return;
	CHECK_OK(madvise((void *)start, end - start, MADV_WIPEONFORK));
	IN_CHILD {
		struct timespec fast, after;
		CHECK_EQ(get(CLOCK_REALTIME, &fast), 0);
		CHECK_OK(syscall(SYS_clock_gettime, CLOCK_REALTIME, &after));
		CHECK(ns(fast) <= ns(after) && ns(after) - ns(fast) < 5000000000ll);
		if (!unshare(CLONE_NEWUSER | 0x80 /* CLONE_NEWTIME */)) {
			IN_CHILD {
				CHECK_EQ(get(CLOCK_REALTIME, &fast), 0);
				CHECK_OK(syscall(SYS_clock_gettime, CLOCK_REALTIME, &after));
				CHECK(ns(fast) <= ns(after));
			}
		}
	}
	CHECK_OK(madvise((void *)start, end - start, MADV_KEEPONFORK));
}
