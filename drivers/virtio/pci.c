/*
 * drivers/virtio/pci.c: PCI configuration space by ports 0xcf8 and 0xcfc, and what hangs on it.
 *
 * Locks: pci_lock (irqsave) for the pair of ports. Errors: -ENODEV, and those of the interrupt functions.
 * Interrupt lines: PIN to line is the board's business and told by ACPI, which is not read; for Intel's Q35, as QEMU
 * has it, slot and pin give lines 20 to 23; elsewhere firmware's interrupt line register is believed.
 * Source: PCI Local Bus Specification 3.0, 3.2.2.3 and 6; ICH9 data sheet on PIRQ routing.
 */
#include "drivers/virtio/pci.h"
#include "base/errno.h"
#include "sync/spinlock.h"

#define ADDRESS_PORT 0xcf8
#define DATA_PORT 0xcfc
#define ENABLE 0x80000000u
#define MULTI_FUNCTION 0x80
#define HEADER_BRIDGE 1
#define CLASS_BRIDGE_PCI 0x0604
#define Q35_HOST 0x29c08086
#define Q35_LINE_FIRST 20
#define MSIX_CONTROL 2
#define MSIX_TABLE 4
#define MSIX_ENABLE 0x8000
#define MSIX_MASK_ALL 0x4000
#define DEPTH_MAX 8

static struct spinlock pci_lock = SPINLOCK_INIT(RANK_DRIVER);
static const struct pci_device host_bridge;

u32 pci_read(const struct pci_device *d, unsigned reg, unsigned bytes)
{
	u32 address = ENABLE | (u32)d->bus << 16 | (u32)d->slot << 11 | (u32)d->function << 8 | (reg & 0xfc);
	unsigned long flags = spin_lock_irqsave(&pci_lock);
	arch_port_out(ADDRESS_PORT, address, 4);
	u32 v = arch_port_in((u16)(DATA_PORT + (reg & 3)), bytes);
	spin_unlock_irqrestore(&pci_lock, flags);
	return v;
}

void pci_write(const struct pci_device *d, unsigned reg, u32 v, unsigned bytes)
{
	u32 address = ENABLE | (u32)d->bus << 16 | (u32)d->slot << 11 | (u32)d->function << 8 | (reg & 0xfc);
	unsigned long flags = spin_lock_irqsave(&pci_lock);
	arch_port_out(ADDRESS_PORT, address, 4);
	arch_port_out((u16)(DATA_PORT + (reg & 3)), v, bytes);
	spin_unlock_irqrestore(&pci_lock, flags);
}

bool pci_is_there(void)
{
	arch_port_out(ADDRESS_PORT, ENABLE, 4);
	return arch_port_in(ADDRESS_PORT, 4) == ENABLE && (pci_read(&host_bridge, PCI_VENDOR, 2) & 0xffff) != 0xffff;
}

unsigned pci_capability(const struct pci_device *d, u8 id, unsigned after)
{
	unsigned at = pci_read(d, after ? after + 1 : PCI_CAPABILITIES, 1) & 0xfc;
	for (int i = 0; at && i < 48; i++) {
		if ((pci_read(d, at, 1) & 0xff) == id)
			return at;
		at = pci_read(d, at + 1, 1) & 0xfc;
	}
	return 0;
}

volatile u8 *pci_map_bar(const struct pci_device *d, unsigned bar, u64 offset, size_t bytes)
{
	u32 low = bar < 6 ? pci_read(d, PCI_BAR0 + 4 * bar, 4) : 1;
	u64 address = low & ~15u;
	if (low & 1)
		return NULL;
	if ((low & 6) == 4 && bar < 5)
		address |= (u64)pci_read(d, PCI_BAR0 + 4 * bar + 4, 4) << 32;
	return address ? arch_map_device(address + offset, bytes) : NULL;
}

int pci_msix_start(const struct pci_device *d, irq_handler fn, void *arg)
{
	unsigned cap = pci_capability(d, PCI_CAP_MSIX, 0);
	u64 address;
	u32 data;
	if (!cap)
		return -ENODEV;
	u32 table = pci_read(d, cap + MSIX_TABLE, 4), control = pci_read(d, cap + MSIX_CONTROL, 2);
	volatile u32 *entries = (volatile u32 *)pci_map_bar(d, table & 7, table & ~7u, ((control & 0x7ff) + 1) * 16);
	if (!entries)
		return -ENODEV;
	int err = arch_msi_register(fn, arg, &address, &data);
	if (err)
		return err;
	pci_write(d, cap + MSIX_CONTROL, MSIX_ENABLE | MSIX_MASK_ALL, 2);
	entries[0] = (u32)address;
	entries[1] = (u32)(address >> 32);
	entries[2] = data;
	entries[3] = 0;		/* not masked */
	pci_write(d, cap + MSIX_CONTROL, MSIX_ENABLE, 2);
	return 0;
}

int pci_intx_start(const struct pci_device *d, irq_handler fn, void *arg)
{
	unsigned pin = pci_read(d, PCI_INTERRUPT_PIN, 1) & 0xff, line = pci_read(d, PCI_INTERRUPT_LINE, 1) & 0xff;
	if (pin < 1 || pin > 4)
		return -ENODEV;
	if (pci_read(&host_bridge, PCI_VENDOR, 4) == Q35_HOST && d->bus == 0)
		line = Q35_LINE_FIRST + (d->slot + pin - 1) % 4;
	return line == 0xff ? -ENODEV : arch_irq_register(line, fn, arg, true);
}

static void bus_for_each(u8 bus, int depth, void (*fn)(const struct pci_device *d))
{
	for (unsigned slot = 0; slot < 32; slot++) {
		for (unsigned function = 0; function < 8; function++) {
			struct pci_device d = { bus, (u8)slot, (u8)function };
			if ((pci_read(&d, PCI_VENDOR, 2) & 0xffff) == 0xffff) {
				if (!function)
					break;
				continue;
			}
			unsigned header = pci_read(&d, PCI_HEADER_TYPE, 1) & 0xff;
			u8 below = (u8)pci_read(&d, PCI_SECONDARY_BUS, 1);
			if (pci_read(&d, PCI_CLASS, 4) >> 16 == CLASS_BRIDGE_PCI && (header & 0x7f) == HEADER_BRIDGE) {
				if (below > bus && depth < DEPTH_MAX)
					bus_for_each(below, depth + 1, fn);
			} else {
				fn(&d);
			}
			if (!function && !(header & MULTI_FUNCTION))
				break;
		}
	}
}

void pci_for_each(void (*fn)(const struct pci_device *d)) { bus_for_each(0, 0, fn); }
