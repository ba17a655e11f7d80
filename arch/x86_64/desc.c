/*
 * arch/x86_64/desc.c: the descriptor tables of each CPU: segments, the task state segment with its stacks, and the
 * interrupt table that all share.
 * Locks: none; each CPU sets up its own. Errors: -ENOMEM. Source: Intel SDM volume 3, 3.4, 6.14, 7.7.
 */
#include "x86.h"
#include "layout.h"
#include "base/errno.h"
#include "mm/slab.h"

struct tss {
	u32 reserved0;
	u64 rsp0, rsp1, rsp2;
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3, io_map_base;
} __packed;
struct table_pointer { u16 limit; u64 base; } __packed;
struct gate { u16 offset_low, selector; u8 ist, type; u16 offset_middle; u32 offset_high, reserved; };

struct cpu_tables {
	u64 gdt[16];
	struct tss tss;
	u8 stacks[4][IST_STACK_SIZE] __aligned(16);	/* of IST_NMI, ... */
};
static struct cpu_tables boot_tables;
static struct cpu_tables *tables[CPUS_MAX] = { &boot_tables };	/* owned: made before their CPU starts */
static struct gate idt[256] __aligned(16);
extern const char trap_stubs[];
void syscall_entry(void);

static void gate_set(unsigned vector, u8 ist, u8 privilege)
{
	u64 a = (u64)trap_stubs + vector * 16;

	idt[vector] = (struct gate){ (u16)a, KERNEL_CS, ist, (u8)(0x8e | privilege << 5), (u16)(a >> 16),
				     (u32)(a >> 32), 0 };
}

static void idt_fill(void)
{
	for (unsigned v = 0; v < 256; v++)
		gate_set(v, 0, v == VECTOR_BREAKPOINT ? 3 : 0);
	gate_set(VECTOR_NMI, IST_NMI, 0);
	gate_set(VECTOR_DOUBLE_FAULT, IST_DOUBLE_FAULT, 0);
	gate_set(VECTOR_MACHINE_CHECK, IST_MACHINE_CHECK, 0);
	gate_set(VECTOR_DEBUG, IST_DEBUG, 0);
}

static void tss_fill(struct cpu_tables *t, struct cpu *c)
{
	for (int i = 0; i < 4; i++) {
		u8 *top = t->stacks[i] + IST_STACK_SIZE;

		((struct cpu **)top)[-1] = c;		/* trap_anywhere finds it there */
		t->tss.ist[i] = (u64)top - 16;
	}
	t->tss.io_map_base = sizeof(struct tss);	/* no port is the user's */
}

static void gdt_fill(struct cpu_tables *t, u32 cpu)
{
	u64 base = (u64)&t->tss, limit = sizeof(struct tss) - 1;

	t->gdt[KERNEL_CS / 8] = 0x00af9b000000ffff;
	t->gdt[KERNEL_DS / 8] = 0x00cf93000000ffff;
	t->gdt[USER_DS / 8] = 0x00cff3000000ffff;
	t->gdt[USER_CS / 8] = 0x00affb000000ffff;
	t->gdt[TSS_SELECTOR / 8] = limit | (base & 0xffffff) << 16 | 0x89UL << 40 | (base >> 24 & 0xff) << 56;
	t->gdt[TSS_SELECTOR / 8 + 1] = base >> 32;
	t->gdt[CPU_NUMBER_SELECTOR / 8] = 0x0040f50000000000 | cpu;
}

int desc_alloc_cpu(u32 cpu)
{
	if (!tables[cpu])
		tables[cpu] = kzalloc(sizeof(*tables[cpu]));
	return tables[cpu] ? 0 : -ENOMEM;
}

void desc_init_cpu(struct cpu *c)
{
	struct cpu_tables *t = tables[c->id];
	struct table_pointer gdt = { sizeof(t->gdt) - 1, (u64)t->gdt }, idt_pointer = { sizeof(idt) - 1, (u64)idt };

	if (c->id == 0)
		idt_fill();
	gdt_fill(t, c->id);
	tss_fill(t, c);
	__asm__ volatile("lgdt %0; lidt %1; ltr %w2" : : "m"(gdt), "m"(idt_pointer), "r"(TSS_SELECTOR) : "memory");
	wrmsr(MSR_STAR, (u64)USER32_CS << 48 | (u64)KERNEL_CS << 32);
	wrmsr(MSR_LSTAR, (u64)syscall_entry);
	wrmsr(MSR_SYSCALL_MASK, RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_AC | RFLAGS_RF | 0x4000 | 0x3000);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
	c->self = c;
}

void desc_set_kstack(struct cpu *c, unsigned long top)
{
	c->kstack_top = top;
	tables[c->id]->tss.rsp0 = top;
}
