/*
 * arch/x86_64/cpu.c: which features this CPU has, and turning on those the kernel uses.
 * Runs before anything else; needs no memory. Errors: a CPU without a needed feature is a panic.
 * Source: Intel SDM volume 2, CPUID; volume 3, 2.5 and 13.
 */
#include "x86.h"
#include "elf_arch.h"
#include "base/printk.h"
#include "base/string.h"

#define XFEATURES_BASE 0x3UL	/* x87, SSE */
#define XFEATURE_AVX 0x4UL
#define XFEATURES_AVX512 0xe0UL

struct cpu_features cpu_features;
struct cpu cpus[CPUS_MAX];
u32 cpus_online = 1;

extern const u64 smap_sites_start[], smap_sites_end[];

static void detect_hypervisor(void)
{
	struct cpuid r = cpuid(0x40000000, 0);
	u32 name[3] = { r.b, r.c, r.d };

	cpu_features.is_virtual = true;
	cpu_features.is_kvm = !memcmp(name, "KVMKVMKVM\0\0\0", 12);
	cpu_features.is_tcg = !memcmp(name, "TCGTCGTCGTCG", 12);
}

/* The state components that user mode gets: x87, SSE, AVX, and AVX-512 if whole. */
static void detect_xsave(void)
{
	struct cpuid r = cpuid(0xd, 0);

	cpu_features.has_xsave = true;
	cpu_features.xfeatures = XFEATURES_BASE | (r.a & XFEATURE_AVX);
	if ((cpu_features.xfeatures & XFEATURE_AVX) && (r.a & XFEATURES_AVX512) == XFEATURES_AVX512)
		cpu_features.xfeatures |= XFEATURES_AVX512;
}

/* Without SMAP the stac and clac of entry and user copies, 3 bytes each, become nothing. */
static void patch_smap_sites(void)
{
	static const u8 nop3[3] = { 0x0f, 0x1f, 0x00 };

	for (const u64 *s = smap_sites_start; s < smap_sites_end; s++)
		memcpy((void *)*s, nop3, sizeof(nop3));
}

void cpu_detect(void)
{
	struct cpuid r = cpuid(1, 0);
	u32 max = cpuid(0, 0).a;

	cpu_features.cpuid_1_edx = r.d;
	cpu_features.has_pge = r.d & BIT(13);
	cpu_features.has_rdrand = r.c & BIT(30);
	if (!(r.d & BIT(24)) || !(r.d & BIT(9)))
		panic("boot: this CPU has no FXSAVE or no local APIC");
	if (r.c & BIT(31))
		detect_hypervisor();
	if ((r.c & BIT(26)) && max >= 0xd)
		detect_xsave();
	if (max >= 7) {
		r = cpuid(7, 0);
		cpu_features.has_fsgsbase = r.b & BIT(0);
		cpu_features.has_smep = r.b & BIT(7);
		cpu_features.has_smap = r.b & BIT(20);
		cpu_features.has_umip = r.c & BIT(2);
	}
	cpu_features.has_huge_pages = cpuid(0x80000001, 0).d & BIT(26);
	if (!cpu_features.has_smap)
		patch_smap_sites();
}

void cpu_enable(void)
{
	u64 cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	if (cpu_features.has_pge)
		cr4 |= CR4_PGE;
	if (cpu_features.has_smep)
		cr4 |= CR4_SMEP;
	if (cpu_features.has_smap)
		cr4 |= CR4_SMAP;
	if (cpu_features.has_umip)
		cr4 |= CR4_UMIP;
	if (cpu_features.has_fsgsbase)
		cr4 |= CR4_FSGSBASE;
	if (cpu_features.has_xsave)
		cr4 |= CR4_OSXSAVE;
	WRITE_CR(4, cr4);
}

bool arch_random(u64 *v)
{
	bool ok = false;

	if (!cpu_features.has_rdrand)
		return false;
	for (int i = 0; i < 10 && !ok; i++)
		__asm__ volatile("rdrand %0" : "=r"(*v), "=@ccc"(ok));
	return ok;
}

u64 elf_arch_hwcap(void) { return cpu_features.cpuid_1_edx; }
/* Bit 1: the FSGSBASE instructions may be used. */
u64 elf_arch_hwcap2(void) { return cpu_features.has_fsgsbase ? 2 : 0; }
