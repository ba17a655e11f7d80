/*
 * drivers/virtio/virtio_pci.c: virtio devices on PCI, by the register layout of version 1.0 (transitional devices too).
 *
 * Way in: virtio_pci_find(). One message interrupt for everything a device has to say, or its interrupt line.
 * Locks: none here. Errors: said in the log; that device is left out. Source: VIRTIO 1.1, 4.1.
 */
#include "drivers/virtio/virtio.h"
#include "drivers/virtio/pci.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/slab.h"
#include <linux/virtio_pci.h>

#define VENDOR 0x1af4
#define DEVICE_MODERN 0x1040	/* + VIRTIO_ID_* */
#define DEVICE_FIRST 0x1000	/* transitional ones: the kind is the subsystem number */
#define SUBSYSTEM 0x2e
#define NO_VECTOR 0xffff
#define CFG(field) offsetof(struct virtio_pci_common_cfg, field)

struct pci_bus {
	volatile u8 *common, *isr, *config, *notify;
	u32 notify_multiplier;
	bool has_msix;
};

static volatile u8 *common_of(struct virtio_device *d) { return ((struct pci_bus *)d->bus)->common; }

static u64 pci_features(struct virtio_device *d)
{
	volatile u8 *c = common_of(d);
	u64 v = 0;
	for (u32 half = 0; half < 2; half++) {
		mmio_out32(c + CFG(device_feature_select), half);
		v |= (u64)mmio_in32(c + CFG(device_feature)) << 32 * half;
	}
	return v;
}

static int pci_features_accept(struct virtio_device *d, u64 features)
{
	volatile u8 *c = common_of(d);
	for (u32 half = 0; half < 2; half++) {
		mmio_out32(c + CFG(guest_feature_select), half);
		mmio_out32(c + CFG(guest_feature), (u32)(features >> 32 * half));
	}
	return 0;
}

static u8 pci_status(struct virtio_device *d) { return mmio_in8(common_of(d) + CFG(device_status)); }

static void pci_status_set(struct virtio_device *d, u8 status)
{
	struct pci_bus *b = d->bus;
	mmio_out8(b->common + CFG(device_status), status);
	if (!status) {
		while (mmio_in8(b->common + CFG(device_status)))	/* until the reset is done */
			arch_relax();
		mmio_out16(b->common + CFG(msix_config), b->has_msix ? 0 : NO_VECTOR);
	}
}

static void pci_config_read(struct virtio_device *d, unsigned offset, void *buf, size_t n)
{
	virtio_config_copy(((struct pci_bus *)d->bus)->config, offset, buf, n);
}

static u16 pci_queue_size(struct virtio_device *d, u16 index)
{
	volatile u8 *c = common_of(d);
	if (index >= mmio_in16(c + CFG(num_queues)))
		return 0;
	mmio_out16(c + CFG(queue_select), index);
	return mmio_in16(c + CFG(queue_size));
}

static void address_out(volatile u8 *low, const void *p)
{
	u64 address = virt_to_phys(p);
	mmio_out32(low, (u32)address);
	mmio_out32(low + 4, (u32)(address >> 32));
}

static int pci_queue_start(struct virtqueue *q)
{
	struct pci_bus *b = q->device->bus;
	volatile u8 *c = b->common;
	mmio_out16(c + CFG(queue_select), q->index);
	mmio_out16(c + CFG(queue_size), q->size);
	address_out(c + CFG(queue_desc_lo), q->ring.desc);
	address_out(c + CFG(queue_avail_lo), q->ring.avail);
	address_out(c + CFG(queue_used_lo), q->ring.used);
	mmio_out16(c + CFG(queue_msix_vector), b->has_msix ? 0 : NO_VECTOR);
	if (b->has_msix && mmio_in16(c + CFG(queue_msix_vector)) != 0)
		return -EBUSY;	/* the device has no room for the vector */
	q->notify = b->notify + (size_t)mmio_in16(c + CFG(queue_notify_off)) * b->notify_multiplier;
	mmio_out16(c + CFG(queue_enable), 1);
	return 0;
}

static void pci_notify(struct virtqueue *q) { mmio_out16(q->notify, q->index); }

static const struct virtio_transport pci_transport = {
	.features = pci_features, .features_accept = pci_features_accept, .status = pci_status,
	.status_set = pci_status_set, .config_read = pci_config_read, .queue_size = pci_queue_size,
	.queue_start = pci_queue_start, .notify = pci_notify,
};

/* A message says nothing about why: look at both. */
static void pci_message(void *arg) { virtio_interrupt(arg, true, true); }

static void pci_line(void *arg)
{
	struct virtio_device *d = arg;
	u8 why = mmio_in8(((struct pci_bus *)d->bus)->isr);	/* reading acknowledges */
	if (why)
		virtio_interrupt(d, true, why & 2);
}

/* ---- finding them ---- */

/* The register block of one type, mapped; NULL: the device has none. */
static volatile u8 *block_map(const struct pci_device *p, u8 type, u32 *multiplier)
{
	for (unsigned cap = pci_capability(p, PCI_CAP_VENDOR, 0); cap; cap = pci_capability(p, PCI_CAP_VENDOR, cap)) {
		if ((pci_read(p, cap + VIRTIO_PCI_CAP_CFG_TYPE, 1) & 0xff) != type)
			continue;
		unsigned bar = pci_read(p, cap + VIRTIO_PCI_CAP_BAR, 1) & 0xff;
		u32 offset = pci_read(p, cap + VIRTIO_PCI_CAP_OFFSET, 4), length = pci_read(p, cap + VIRTIO_PCI_CAP_LENGTH, 4);
		if (multiplier)
			*multiplier = pci_read(p, cap + VIRTIO_PCI_NOTIFY_CAP_MULT, 4);
		volatile u8 *block = pci_map_bar(p, bar, offset, length);
		if (block)
			return block;
	}
	return NULL;
}

static int interrupts_start(const struct pci_device *p, struct pci_bus *b, struct virtio_device *d)
{
	int err = pci_msix_start(p, pci_message, d);
	b->has_msix = err == 0;
	return err ? pci_intx_start(p, pci_line, d) : 0;
}

static void device_start(const struct pci_device *p, u32 id)
{
	struct pci_bus *b = kzalloc(sizeof(*b));
	struct virtio_device *d = b ? virtio_device_new(&pci_transport, b, id) : NULL;
	int err = d ? 0 : -ENOMEM;
	if (!err) {
		pci_write(p, PCI_COMMAND, pci_read(p, PCI_COMMAND, 2) | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
		b->common = block_map(p, VIRTIO_PCI_CAP_COMMON_CFG, NULL);
		b->isr = block_map(p, VIRTIO_PCI_CAP_ISR_CFG, NULL);
		b->config = block_map(p, VIRTIO_PCI_CAP_DEVICE_CFG, NULL);
		b->notify = block_map(p, VIRTIO_PCI_CAP_NOTIFY_CFG, &b->notify_multiplier);
		err = b->common && b->isr && b->notify ? 0 : -ENODEV;
	}
	if (!err)
		err = interrupts_start(p, b, d);
	if (!err) {
		virtio_device_add(d);
		return;
	}
	log_error("virtio: device %u in slot %u cannot be used: error %d\n", id, p->slot, -err);
	kfree(b);
	kfree(d);
}

static void function_look(const struct pci_device *p)
{
	u32 names = pci_read(p, PCI_VENDOR, 4), device = names >> 16;
	if ((names & 0xffff) != VENDOR || device < DEVICE_FIRST || device > DEVICE_MODERN + 0x3f)
		return;
	device_start(p, device >= DEVICE_MODERN ? device - DEVICE_MODERN : pci_read(p, SUBSYSTEM, 2) & 0xffff);
}

bool virtio_pci_find(void)
{
	if (!pci_is_there())
		return false;
	pci_for_each(function_look);
	return true;
}
