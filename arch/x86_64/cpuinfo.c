/*
 * arch/x86_64/cpuinfo.c: what /proc/cpuinfo says of a processor, from CPUID. Source: Intel SDM volume 2, CPUID; proc(5).
 */
#include "arch/arch.h"
#include "clock.h"
#include "base/printk.h"
#include "base/string.h"

struct leaf { u32 eax, ebx, ecx, edx; };

static struct leaf leaf_of(u32 number, u32 sub)
{
	struct leaf l;
	__asm__ volatile("cpuid" : "=a"(l.eax), "=b"(l.ebx), "=c"(l.ecx), "=d"(l.edx) : "a"(number), "c"(sub));
	return l;
}

/* Linux's names of the feature bits, in the order of their bits; "" where a bit has none. */
static const char *const names_1_edx[32] = { "fpu", "vme", "de", "pse", "tsc", "msr", "pae", "mce", "cx8", "apic", "", "sep",
	"mtrr", "pge", "mca", "cmov", "pat", "pse36", "pn", "clflush", "", "dts", "acpi", "mmx", "fxsr", "sse", "sse2", "ss",
	"ht", "tm", "ia64", "pbe" };
static const char *const names_1_ecx[32] = { "pni", "pclmulqdq", "dtes64", "monitor", "ds_cpl", "vmx", "smx", "est", "tm2",
	"ssse3", "cid", "sdbg", "fma", "cx16", "xtpr", "pdcm", "", "pcid", "dca", "sse4_1", "sse4_2", "x2apic", "movbe",
	"popcnt", "tsc_deadline_timer", "aes", "xsave", "osxsave", "avx", "f16c", "rdrand", "hypervisor" };
static const char *const names_7_ebx[32] = { "fsgsbase", "tsc_adjust", "", "bmi1", "hle", "avx2", "", "smep", "bmi2", "erms",
	"invpcid", "rtm", "cqm", "", "mpx", "rdt_a", "avx512f", "avx512dq", "rdseed", "adx", "smap", "avx512ifma", "",
	"clflushopt", "clwb", "intel_pt", "avx512pf", "avx512er", "avx512cd", "sha_ni", "avx512bw", "avx512vl" };
static const char *const names_ext_edx[32] = { [11] = "syscall", [19] = "mp", [20] = "nx", [22] = "mmxext", [25] = "fxsr_opt",
	[26] = "pdpe1gb", [27] = "rdtscp", [29] = "lm", [30] = "3dnowext", [31] = "3dnow" };
static const char *const names_ext_ecx[32] = { [0] = "lahf_lm", [1] = "cmp_legacy", [2] = "svm", [5] = "abm", [6] = "sse4a",
	[7] = "misalignsse", [8] = "3dnowprefetch" };

static int flags_put(char *buf, int n, size_t size, u32 bits, const char *const names[32])
{
	for (int i = 0; i < 32; i++)
		if ((bits & (1u << i)) && names[i] && names[i][0])
			n += scnprintf(buf + n, size - (size_t)n, " %s", names[i]);
	return n;
}

int arch_cpu_describe(u32 cpu, char *buf, size_t size)
{
	struct leaf zero = leaf_of(0, 0), one = leaf_of(1, 0), seven = leaf_of(7, 0), ext = leaf_of(0x80000001, 0);
	u32 brand[13] = {}, vendor[4] = { zero.ebx, zero.edx, zero.ecx, 0 };
	u32 family = one.eax >> 8 & 15, model = one.eax >> 4 & 15;
	for (u32 i = 0; i < 3; i++) {
		struct leaf l = leaf_of(0x80000002 + i, 0);
		memcpy(&brand[i * 4], &l, sizeof(l));
	}
	if (family == 15 || family == 6)
		model |= one.eax >> 12 & 0xf0;
	if (family == 15)
		family += one.eax >> 20 & 255;
	u64 khz = (1000000UL << 32) / clock_page.data.multiplier;	/* nanoseconds a tick, turned over */
	int n = scnprintf(buf, size, "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\nmodel name\t: %s\n"
		"stepping\t: %u\ncpu MHz\t\t: %lu.%03lu\nphysical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n"
		"apicid\t\t: %u\nfpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\nflags\t\t:", cpu,
		(char *)vendor, family, model, (char *)brand, one.eax & 15, (unsigned long)(khz / 1000),
		(unsigned long)(khz % 1000), cpus_online, cpu, cpus_online, cpus[cpu].hw_id, zero.eax);
	n = flags_put(buf, n, size, one.edx, names_1_edx);
	n = flags_put(buf, n, size, ext.edx, names_ext_edx);
	n = flags_put(buf, n, size, one.ecx, names_1_ecx);
	n = flags_put(buf, n, size, ext.ecx, names_ext_ecx);
	n = flags_put(buf, n, size, zero.eax >= 7 ? seven.ebx : 0, names_7_ebx);
	n += scnprintf(buf + n, size - (size_t)n, "\nbugs\t\t:\nbogomips\t: %lu.%02lu\nclflush size\t: 64\n"
		"cache_alignment\t: 64\naddress sizes\t: 40 bits physical, 48 bits virtual\n", (unsigned long)(khz / 500),
		(unsigned long)(khz / 5 % 100));
	return n;
}
