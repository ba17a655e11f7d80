/*
 * arch/x86_64/irq.c: interrupts: the local APIC of each CPU, the I/O APICs that turn lines into vectors, and
 * message-signalled interrupts. The two old 8259 controllers are masked.
 * Locks: irq_lock (irqsave; RANK_DRIVER) for registration and the I/O APICs' registers; the table of handlers is only
 * added to, so an interrupt reads it without. Handlers run with interrupts off. Errors: -EINVAL (no such line),
 * -ENOSPC (vectors are out), -ENOMEM.
 * Source: Intel SDM volume 3, chapter 11; 82093AA I/O APIC data sheet. The I/O APICs are where PC-like machines and
 * QEMU's microvm have them; ACPI tables are not read.
 */
#include "x86.h"
#include "base/errno.h"
#include "base/printk.h"
#include "debug/cpu_trace.h"
#include "mm/pagetable.h"
#include "mm/slab.h"
#include "sched/sched.h"
#include "sync/spinlock.h"

#define APIC_PHYS 0xfee00000UL
#define APIC_ID 0x20
#define APIC_EOI 0xb0
#define APIC_SPURIOUS 0xf0
#define APIC_ICR_LOW 0x300
#define APIC_ICR_HIGH 0x310
#define APIC_LVT_TIMER 0x320
#define APIC_LVT_LINT0 0x350
#define APIC_LVT_LINT1 0x360
#define APIC_LVT_ERROR 0x370
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE 0x3e0
#define APIC_SOFTWARE_ENABLE 0x100
#define APIC_DIVIDE_BY_1 0xb
#define LVT_MASKED 0x10000
#define LVT_NMI 0x400
#define APIC_NMI 0x4400

#define IOAPIC_PHYS 0xfec00000UL
#define IOAPIC_SECOND_PHYS 0xfec10000UL
#define IOAPIC_VERSION 1
#define IOAPIC_REDIRECT 0x10
#define REDIRECT_MASKED 0x10000
#define REDIRECT_LEVEL 0x8000
#define REDIRECT_ACTIVE_LOW 0x2000

#define VECTORS (VECTOR_DEVICE_END - VECTOR_DEVICE)
#define GSIS_MAX 64

struct handler {
	irq_handler fn;
	void *arg;
	struct handler *next;	/* lines may be shared */
};
struct ioapic {
	volatile u32 *select;	/* and the data window, 0x10 further */
	unsigned gsi_base, lines;
};

static volatile u32 *apic;
static struct ioapic ioapics[2];
static unsigned ioapic_count;
static struct spinlock irq_lock = SPINLOCK_INIT(RANK_DRIVER);
static struct handler *handlers[VECTORS];
static unsigned vectors_used;			/* irq_lock */
static bool has_interrupted_user[CPUS_MAX];	/* own; interrupts do not nest */
static bool are_others_stopped;			/* the machine ends */
static u8 gsi_vector[GSIS_MAX];			/* 0: none yet; irq_lock */

static u32 apic_read(unsigned reg) { return apic[reg / 4]; }
static void apic_write(unsigned reg, u32 v) { apic[reg / 4] = v; }

static u32 ioapic_read(const struct ioapic *io, unsigned reg)
{
	io->select[0] = reg;
	return io->select[4];
}

static void ioapic_write(const struct ioapic *io, unsigned reg, u32 v)
{
	io->select[0] = reg;
	io->select[4] = v;
}

/* -- the local APIC -- */

void apic_init_cpu(struct cpu *c)
{
	c->hw_id = apic_read(APIC_ID) >> 24;
	apic_write(APIC_SPURIOUS, APIC_SOFTWARE_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_NMI);
	apic_write(APIC_LVT_ERROR, VECTOR_APIC_ERROR);
	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
	apic_write(APIC_TIMER_INITIAL, 0);
}

void apic_timer_start(u32 count) { apic_write(APIC_TIMER_INITIAL, count); }
u32 apic_timer_read(void) { return apic_read(APIC_TIMER_CURRENT); }

void apic_send(u32 hw_id, u32 command)
{
	unsigned long flags = arch_irq_save();

	apic_write(APIC_ICR_HIGH, hw_id << 24);
	apic_write(APIC_ICR_LOW, command);
	arch_irq_restore(flags);
}

void arch_send_resched(u32 cpu) { apic_send(cpus[cpu].hw_id, VECTOR_RESCHED); }
void arch_send_flush(u32 cpu) { apic_send(cpus[cpu].hw_id, VECTOR_FLUSH); }

void arch_send_nmi(u32 cpu) { apic_send(cpus[cpu].hw_id, APIC_NMI); }

void arch_stop_others(void)
{
	WRITE_ONCE(are_others_stopped, true);
	for (u32 cpu = 0; cpu < cpus_online; cpu++) {
		if (cpu != cpu_id())
			arch_send_nmi(cpu);
	}
}

/* It may have come anywhere, with the log's lock held too: nothing is printed here. */
void nmi_dispatch(const struct regs *r)
{
	cpu_trace_answer(r);
	while (READ_ONCE(are_others_stopped))
		__asm__ volatile("cli; hlt");
}

/* -- the I/O APICs -- */

static void ioapic_probe(paddr_t p, unsigned gsi_base)
{
	struct ioapic *io = &ioapics[ioapic_count];
	u32 version;

	io->select = arch_map_device(p, 0x20);
	if (!io->select)
		panic("no memory to map an I/O APIC");
	version = ioapic_read(io, IOAPIC_VERSION);
	if (version == 0 || version == 0xffffffff)
		return;
	io->gsi_base = gsi_base;
	io->lines = (version >> 16 & 0xff) + 1;
	for (unsigned i = 0; i < io->lines; i++)
		ioapic_write(io, IOAPIC_REDIRECT + 2 * i, REDIRECT_MASKED);
	ioapic_count++;
}

static const struct ioapic *ioapic_find(unsigned gsi)
{
	for (unsigned i = 0; i < ioapic_count; i++) {
		if (gsi >= ioapics[i].gsi_base && gsi < ioapics[i].gsi_base + ioapics[i].lines)
			return &ioapics[i];
	}
	return NULL;
}

static void mask_old_controllers(void)
{
	static const struct { u16 port; u8 value; } steps[] = {
		{ 0x20, 0x11 }, { 0xa0, 0x11 }, { 0x21, VECTOR_PIC }, { 0xa1, VECTOR_PIC + 8 }, { 0x21, 4 },
		{ 0xa1, 2 }, { 0x21, 1 }, { 0xa1, 1 }, { 0x21, 0xff }, { 0xa1, 0xff },
	};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		outb(steps[i].port, steps[i].value);
}

void irq_init(void)
{
	mask_old_controllers();
	apic = arch_map_device(APIC_PHYS, 4096);
	if (!apic)
		panic("no memory to map the local APIC");
	apic_init_cpu(cpu_self());
	ioapic_probe(IOAPIC_PHYS, 0);
	if (ioapic_count)
		ioapic_probe(IOAPIC_SECOND_PHYS, ioapics[0].lines);
}

/* -- registration -- */

/* Under irq_lock. A vector of its own, or 0. */
static unsigned vector_alloc(void)
{
	return vectors_used < VECTORS ? VECTOR_DEVICE + vectors_used++ : 0;
}

/* Under irq_lock. */
static void handler_add(unsigned vector, struct handler *h)
{
	struct handler **slot = &handlers[vector - VECTOR_DEVICE];

	h->next = *slot;
	__atomic_store_n(slot, h, __ATOMIC_RELEASE);
}

static struct handler *handler_new(irq_handler fn, void *arg)
{
	struct handler *h = kmalloc(sizeof(*h));

	if (h)
		*h = (struct handler){ fn, arg, NULL };
	return h;
}

/* Lines 16 to 23 of a PC are PCI's, active low. */
static u32 line_flags(unsigned gsi, bool is_level)
{
	if (!is_level)
		return 0;
	return REDIRECT_LEVEL | (gsi >= 16 && gsi < 24 ? REDIRECT_ACTIVE_LOW : 0);
}

int arch_irq_register(unsigned gsi, irq_handler fn, void *arg, bool is_level)
{
	const struct ioapic *io = gsi < GSIS_MAX ? ioapic_find(gsi) : NULL;
	struct handler *h;
	unsigned long flags;
	int err = 0;

	if (!io)
		return -EINVAL;
	h = handler_new(fn, arg);
	if (!h)
		return -ENOMEM;
	flags = spin_lock_irqsave(&irq_lock);
	if (!gsi_vector[gsi])
		gsi_vector[gsi] = (u8)vector_alloc();
	if (gsi_vector[gsi]) {
		unsigned reg = IOAPIC_REDIRECT + 2 * (gsi - io->gsi_base);

		handler_add(gsi_vector[gsi], h);
		ioapic_write(io, reg + 1, cpus[0].hw_id << 24);
		ioapic_write(io, reg, gsi_vector[gsi] | line_flags(gsi, is_level));
	} else {
		err = -ENOSPC;
	}
	spin_unlock_irqrestore(&irq_lock, flags);
	if (err)
		kfree(h);
	return err;
}

int arch_msi_register(irq_handler fn, void *arg, u64 *address, u32 *data)
{
	struct handler *h = handler_new(fn, arg);
	unsigned long flags;
	unsigned vector;

	if (!h)
		return -ENOMEM;
	flags = spin_lock_irqsave(&irq_lock);
	vector = vector_alloc();
	if (vector)
		handler_add(vector, h);
	spin_unlock_irqrestore(&irq_lock, flags);
	if (!vector) {
		kfree(h);
		return -ENOSPC;
	}
	*address = APIC_PHYS | cpus[0].hw_id << 12;
	*data = vector;
	return 0;
}

/* -- arrival -- */

bool arch_interrupted_user(void) { return has_interrupted_user[cpu_id()]; }

static void device_interrupt(unsigned vector)
{
	struct handler *h = __atomic_load_n(&handlers[vector - VECTOR_DEVICE], __ATOMIC_ACQUIRE);

	if (!h)
		log_warn("interrupt on vector %#x, which nobody has", vector);
	for (; h; h = h->next)
		h->fn(h->arg);
}

void irq_dispatch(const struct regs *r, unsigned vector)
{
	struct cpu *c = cpu_self();

	if (vector == VECTOR_SPURIOUS || (vector >= VECTOR_PIC && vector < VECTOR_DEVICE))
		return;		/* not acknowledged: no interrupt was accepted */
	c->irq_depth++;
	has_interrupted_user[c->id] = regs_is_user(r);
	if (vector == VECTOR_TIMER)
		clock_timer_interrupt();
	else if (vector == VECTOR_FLUSH)
		tlb_flush_interrupt();
	else if (vector == VECTOR_RESCHED)
		;	/* what is to be looked at on the way out was set by the sender */
	else if (vector >= VECTOR_DEVICE && vector < VECTOR_DEVICE_END)
		device_interrupt(vector);
	else
		log_warn("interrupt on vector %#x, which nobody has", vector);
	c->irq_depth--;
	apic_write(APIC_EOI, 0);
}
