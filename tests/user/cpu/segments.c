/* %fs and %gs on x86-64: arch_prctl(2), the FSGSBASE instructions, selectors, each kept across switches and forks. */
#include "check.h"
#include <asm/prctl.h>
#include <cpuid.h>
#include <sched.h>
#include <sys/auxv.h>

static long arch_prctl_raw(int code, unsigned long addr)
{
	long r;
	__asm__ volatile("syscall" : "=a"(r) : "0"(SYS_arch_prctl), "D"((long)code), "S"(addr) : "rcx", "r11", "memory");
	return r;
}

static uint64_t gs_base(void)
{
	uint64_t v = 0;
	CHECK_EQ(arch_prctl_raw(ARCH_GET_GS, (unsigned long)&v), 0);
	return v;
}

/* Others run in between. */
static void let_others_run(void)
{
	IN_CHILD {
		arch_prctl_raw(ARCH_SET_GS, 0x99000);
		sched_yield();
	}
}

TEST(base_is_set_and_read)
{
	uint64_t old = 0;
	CHECK_EQ(arch_prctl_raw(ARCH_GET_FS, (unsigned long)&old), 0);
	CHECK(old != 0);
	CHECK_EQ(arch_prctl_raw(ARCH_SET_GS, 0x12345000), 0);
	CHECK_EQ(gs_base(), 0x12345000);
	let_others_run();
	CHECK_EQ(gs_base(), 0x12345000);
	static uint64_t word = 42;
	uint64_t v;
	CHECK_EQ(arch_prctl_raw(ARCH_SET_GS, (unsigned long)&word), 0);
	__asm__ volatile("mov %%gs:0, %0" : "=r"(v));
	CHECK_EQ(v, 42);
}

TEST(child_has_the_parents)
{
	arch_prctl_raw(ARCH_SET_GS, 0x777000);
	IN_CHILD {
		CHECK_EQ(gs_base(), 0x777000);
		arch_prctl_raw(ARCH_SET_GS, 0x888000);
	}
	CHECK_EQ(gs_base(), 0x777000);
}

TEST(errors)
{
	CHECK_EQ(arch_prctl_raw(ARCH_SET_GS, 0x800000000000), -EPERM);
	CHECK_EQ(arch_prctl_raw(ARCH_SET_FS, 0xffff888000000000), -EPERM);
	CHECK_EQ(arch_prctl_raw(ARCH_GET_FS, 8), -EFAULT);
	CHECK_EQ(arch_prctl_raw(0x7777, 0), -EINVAL);
}

TEST(instructions_where_offered)
{
	if (!(getauxval(AT_HWCAP2) & 2))
		return;
	uint64_t v;
	__asm__ volatile("wrgsbase %0" : : "r"(0x5550000ul));
	let_others_run();
	__asm__ volatile("rdgsbase %0" : "=r"(v));
	CHECK_EQ(v, 0x5550000);
	CHECK_EQ(gs_base(), 0x5550000);
	/* a base in the kernel's half is canonical: nothing may go wrong */
	__asm__ volatile("wrgsbase %0" : : "r"(0xffffffff80000000ul));
	let_others_run();
	CHECK_EQ(gs_base(), 0xffffffff80000000ul);
}

TEST(selectors_are_kept)
{
	uint16_t ds, es, gs;
	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%gs" : : "r"(0x2b));
	let_others_run();
	__asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%gs, %2" : "=r"(ds), "=r"(es), "=r"(gs));
	CHECK_EQ(ds, 0x2b);
	CHECK_EQ(es, 0x2b);
	CHECK_EQ(gs, 0x2b);
	CHECK_EQ(gs_base(), 0);
	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%gs" : : "r"(0));
}
