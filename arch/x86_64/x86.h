/*
 * arch/x86_64/x86.h: what the files of this folder share: registers of the CPU, their bits, instructions without a C
 * form, and the functions they call in each other. Source: Intel SDM volumes 2-4, AMD APM volume 2.
 */
#ifndef X86_X86_H
#define X86_X86_H

#define MSR_APIC_BASE 0x1b
#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_CSTAR 0xc0000083
#define MSR_SYSCALL_MASK 0xc0000084
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102	/* the user's while the kernel runs */

#define EFER_SCE 0x1
#define EFER_LME 0x100
#define EFER_NX 0x800

#define CR0_PE 0x1
#define CR0_MP 0x2
#define CR0_EM 0x4
#define CR0_TS 0x8
#define CR0_NE 0x20
#define CR0_WP 0x10000
#define CR0_AM 0x40000
#define CR0_PG 0x80000000

#define CR4_PAE 0x20
#define CR4_PGE 0x80
#define CR4_OSFXSR 0x200
#define CR4_OSXMMEXCPT 0x400
#define CR4_UMIP 0x800
#define CR4_FSGSBASE 0x10000
#define CR4_OSXSAVE 0x40000
#define CR4_SMEP 0x100000
#define CR4_SMAP 0x200000

#define RFLAGS_FIXED 0x2
#define RFLAGS_TF 0x100
#define RFLAGS_IF 0x200
#define RFLAGS_DF 0x400
#define RFLAGS_RF 0x10000
#define RFLAGS_AC 0x40000
/* What a program may set in its own flags: CF PF AF ZF SF TF DF OF RF AC. */
#define RFLAGS_USER 0x50dd5

#define REGS_SIZE 168		/* sizeof(struct regs) */
#define REGS_R15 0
#define REGS_R14 8
#define REGS_R13 16
#define REGS_R12 24
#define REGS_RBP 32
#define REGS_RBX 40
#define REGS_R11 48
#define REGS_R10 56
#define REGS_R9 64
#define REGS_R8 72
#define REGS_RAX 80
#define REGS_RCX 88
#define REGS_RDX 96
#define REGS_RSI 104
#define REGS_RDI 112
#define REGS_ORIG_RAX 120
#define REGS_RIP 128
#define REGS_CS 136
#define REGS_RFLAGS 144
#define REGS_RSP 152

#define CPU_RUNNING 8		/* offsets in struct cpu */
#define CPU_KSTACK_TOP 16
#define CPU_SCRATCH 24
#define CPU_NEED_RESCHED 40

#define IST_NMI 1
#define IST_DOUBLE_FAULT 2
#define IST_MACHINE_CHECK 3
#define IST_DEBUG 4
#define IST_STACK_SIZE 8192

/* Vectors. */
#define VECTOR_DEBUG 1
#define VECTOR_NMI 2
#define VECTOR_BREAKPOINT 3
#define VECTOR_DOUBLE_FAULT 8
#define VECTOR_PAGE_FAULT 14
#define VECTOR_MACHINE_CHECK 18
#define VECTOR_PIC 0x20			/* 16 of the old controllers, all masked: only spurious ones arrive */
#define VECTOR_DEVICE 0x30
#define VECTOR_DEVICE_END 0xe0
#define VECTOR_TIMER 0xec
#define VECTOR_FLUSH 0xfc
#define VECTOR_RESCHED 0xfd
#define VECTOR_APIC_ERROR 0xfe
#define VECTOR_SPURIOUS 0xff

#ifndef __ASSEMBLER__
#include "arch/arch.h"

struct cpuid { u32 a, b, c, d; };
static inline struct cpuid cpuid(u32 leaf, u32 sub)
{
	struct cpuid r;
	__asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(sub));
	return r;
}
static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;
	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (u64)hi << 32 | lo;
}
static inline void wrmsr(u32 msr, u64 v)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}
#define READ_CR(n) ({ u64 _v; __asm__ volatile("mov %%cr" #n ", %0" : "=r"(_v)); _v; })
#define WRITE_CR(n, v) __asm__ volatile("mov %0, %%cr" #n : : "r"((u64)(v)) : "memory")
static inline u8 inb(u16 port)
{
	u8 v;
	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}
static inline void outb(u16 port, u8 v) { __asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port)); }

/* What this CPU has and the kernel uses; filled on the boot CPU before anything else runs. */
struct cpu_features {
	bool has_smep, has_smap, has_umip, has_fsgsbase, has_xsave, has_pge, has_huge_pages, has_rdrand;
	bool is_virtual, is_kvm, is_tcg;
	u64 xfeatures;		/* XCR0: the state components that user mode may use */
	u32 fpu_bytes;		/* of one saved state */
	u32 fpu_frame_bytes;	/* of one in a signal frame: XSAVE's has a second magic number behind it */
	u32 mxcsr_mask;
	u32 cpuid_1_edx;
};
extern struct cpu_features cpu_features;
void cpu_detect(void);			/* cpu.c */
void cpu_enable(void);			/* control registers of this CPU */

extern u64 boot_stack[];		/* start.S: process 0's kernel stack; the page below it is not mapped */
extern char boot_stack_top[];

/* boot.c, mmu.c */
paddr_t boot_alloc_page(void);		/* zeroed; before page_init() */
struct range { paddr_t start, end; };
size_t mmu_boot_pages(void);		/* how many boot_alloc_page() mmu_init() may need */
void mmu_init(const struct range *ram, int count);	/* the final tables: direct map, W^X kernel */

void early_console_init(void);
int __must_check desc_alloc_cpu(u32 cpu);	/* desc.c: room for another CPU's tables; -ENOMEM */
void desc_init_cpu(struct cpu *c);	/* descriptor tables of this CPU */
void desc_set_kstack(struct cpu *c, unsigned long top);
void irq_init(void);			/* irq.c */
void apic_init_cpu(struct cpu *c);	/* this CPU's local APIC; hw_id becomes known */
void apic_send(u32 hw_id, u32 command);	/* to another CPU: a vector, or APIC_INIT, APIC_STARTUP */
#define APIC_INIT 0x4500
#define APIC_STARTUP 0x4600		/* + the page it starts at, in real mode */
void fpu_enable_cpu(void);		/* fpu.c: this CPU's registers, in their initial state */
void acpi_set_root(paddr_t rsdp);	/* acpi.c: what the loader told; 0: nothing */
u32 acpi_find_cpus(u8 *hw_ids, u32 max);	/* the processors of the MADT, in its order; 0: no such table */
void irq_dispatch(const struct regs *r, unsigned vector);
void nmi_dispatch(const struct regs *r);
void apic_timer_start(u32 count);	/* one interrupt after so many APIC ticks; 0: stop */
u32 apic_timer_read(void);
void clock_start(void);			/* time.c: the moment that is 0 on the clock */
void clock_init(void);
void clock_timer_interrupt(void);
u64 rtc_read_seconds(void);		/* rtc.c: CMOS clock, seconds since 1970; 0: none */
void vdso_init(void);			/* vdso_map.c */
#endif
#endif
