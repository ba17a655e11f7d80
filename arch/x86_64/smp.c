/*
 * arch/x86_64/smp.c: the other CPUs: which there are, and how one is started.
 * They are told by ACPI's MADT where the loader hands its root over, else by QEMU's configuration device (a microvm
 * without ACPI), which only says how many. A CPU starts in real mode at AP_START_PHYS, where start.S's ap_start is
 * copied to; it takes the struct cpu in ap_cpu, so they are started one after the other.
 * Locks: none: the boot CPU alone starts others, before process 1 runs. Errors: -ENOMEM, -ETIMEDOUT.
 * Source: Intel SDM volume 3, 9.4; QEMU's docs/specs/fw_cfg.
 */
#include "x86.h"
#include "layout.h"
#include "base/errno.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/kstack.h"
#include "task/task.h"

#define FW_CFG_SELECT 0x510
#define FW_CFG_DATA 0x511
#define FW_CFG_SIGNATURE 0
#define FW_CFG_CPUS 5
#define START_WAIT_NS (200 * NSEC_PER_MSEC)
#define START_TRIES 5

struct cpu *ap_cpu;		/* borrowed: who starts now; read by start.S */
paddr_t ap_root;		/* the kernel's tables; read by start.S */
static u8 hw_ids[CPUS_MAX];	/* by number; [0] is the boot CPU's */
static u32 found;
static u32 arrived;		/* number of the CPU that came up last; atomic */
extern const char ap_start[], ap_start_end[];

__noreturn void ap_main(struct cpu *c);

static u32 fw_cfg_read(u16 key, unsigned bytes)
{
	u32 v = 0;

	arch_port_out(FW_CFG_SELECT, key, 2);
	for (unsigned i = 0; i < bytes; i++)
		v |= (u32)inb(FW_CFG_DATA) << 8 * i;
	return v;
}

static u32 fw_cfg_cpus(void)
{
	static const char name[4] = "QEMU";
	u32 signature = fw_cfg_read(FW_CFG_SIGNATURE, 4);

	return memcmp(&signature, name, 4) ? 1 : fw_cfg_read(FW_CFG_CPUS, 2);
}

/* The boot CPU is number 0, the others follow in the order they are told. */
u32 arch_cpus_found(void)
{
	u8 all[256];
	u32 n;

	if (found)
		return found;
	n = acpi_find_cpus(all, ARRAY_SIZE(all));
	log_debug("ACPI tells of %u CPUs\n", n);
	if (!n) {
		n = MIN(fw_cfg_cpus(), (u32)ARRAY_SIZE(all));
		for (u32 i = 0; i < n; i++)
			all[i] = (u8)i;
	}
	hw_ids[found++] = (u8)cpus[0].hw_id;
	for (u32 i = 0; i < n && found < CPUS_MAX; i++) {
		if (all[i] != cpus[0].hw_id)
			hw_ids[found++] = all[i];
	}
	return found;
}

/* Where a new CPU's first line of C runs: on its idle task's stack. */
void ap_main(struct cpu *c)
{
	cpu_enable();
	desc_init_cpu(c);
	apic_init_cpu(c);
	fpu_enable_cpu();
	__atomic_store_n(&arrived, c->id, __ATOMIC_RELEASE);
	cpu_main();
}

static bool wait_for(u32 cpu)
{
	u64 end = arch_clock_ns() + START_WAIT_NS;

	while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) != cpu) {
		if (arch_clock_ns() > end)
			return false;
		arch_relax();
	}
	return true;
}

int arch_cpu_start(u32 cpu)
{
	struct cpu *c = &cpus[cpu];
	int err = desc_alloc_cpu(cpu);

	if (err)
		return err;
	c->self = c;
	c->id = cpu;
	c->hw_id = hw_ids[cpu];
	c->running = c->idle;
	desc_set_kstack(c, (unsigned long)c->idle->kstack + KSTACK_SIZE);
	memcpy(phys_to_virt(AP_START_PHYS), ap_start, (size_t)(ap_start_end - ap_start));
	ap_cpu = c;
	ap_root = arch_kernel_root() << PAGE_SHIFT;
	for (int i = 0; i < START_TRIES; i++) {
		apic_send(c->hw_id, APIC_INIT);
		apic_send(c->hw_id, APIC_STARTUP | AP_START_PHYS >> 12);
		if (wait_for(cpu))
			return 0;
	}
	return -ETIMEDOUT;
}
