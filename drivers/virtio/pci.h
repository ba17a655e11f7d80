/*
 * drivers/virtio/pci.h: as much of PCI as virtio devices need: configuration space by its two ports, base addresses,
 * capabilities, MSI-X. Firmware has given out addresses and bus numbers.
 * Locks: pci_lock inside. Source: PCI Local Bus Specification 3.0.
 */
#ifndef DRIVERS_VIRTIO_PCI_H
#define DRIVERS_VIRTIO_PCI_H
#include "arch/arch.h"

struct pci_device { u8 bus, slot, function; };

#define PCI_VENDOR 0x00
#define PCI_COMMAND 0x04
#define PCI_COMMAND_MEMORY 2
#define PCI_COMMAND_MASTER 4
#define PCI_COMMAND_NO_INTX 0x400
#define PCI_CLASS 0x08
#define PCI_HEADER_TYPE 0x0e
#define PCI_BAR0 0x10
#define PCI_SECONDARY_BUS 0x19
#define PCI_CAPABILITIES 0x34
#define PCI_INTERRUPT_LINE 0x3c
#define PCI_INTERRUPT_PIN 0x3d
#define PCI_CAP_MSIX 0x11
#define PCI_CAP_VENDOR 0x09

bool pci_is_there(void);
u32 pci_read(const struct pci_device *d, unsigned reg, unsigned bytes);
void pci_write(const struct pci_device *d, unsigned reg, u32 v, unsigned bytes);
/* The next capability of that kind after `after` (0: the first): its place, or 0. */
unsigned pci_capability(const struct pci_device *d, u8 id, unsigned after);
volatile u8 *pci_map_bar(const struct pci_device *d, unsigned bar, u64 offset, size_t bytes);	/* NULL: no memory BAR */
/* One message interrupt as entry 0 of the device's MSI-X table, which is switched on. -ENODEV: it has none. */
int pci_msix_start(const struct pci_device *d, irq_handler fn, void *arg);
int pci_intx_start(const struct pci_device *d, irq_handler fn, void *arg);
/* Calls fn for each function on every bus that firmware has numbered. */
void pci_for_each(void (*fn)(const struct pci_device *d));
#endif
