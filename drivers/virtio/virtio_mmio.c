/*
 * drivers/virtio/virtio_mmio.c: virtio devices behind memory-mapped registers, version 2 and the older version 1.
 *
 * Way in: virtio_mmio_find(): devices named on the command line, virtio_mmio.device=SIZE@ADDRESS:IRQ as QEMU and
 * Firecracker add them; without any, and without PCI, the slots of QEMU's microvm are looked at.
 * Locks: none here. Errors: said in the log; that device is left out. Source: VIRTIO 1.1, 4.2.
 */
#include "drivers/virtio/virtio.h"
#include "arch/arch.h"
#include "base/printk.h"
#include "base/string.h"
#include "boot/cmdline.h"
#include "mm/slab.h"
#include <linux/virtio_mmio.h>

#define MAGIC 0x74726976
#define WINDOW 0x200
#define SLOTS_BASE 0xfeb00000UL
#define SLOTS 24
#define SLOT_GSI 24
#define SLOT_GSI_FEW 5

struct mmio_bus { volatile u8 *regs; };

static u32 reg_in(struct virtio_device *d, unsigned reg)
{
	return mmio_in32(((struct mmio_bus *)d->bus)->regs + reg);
}
static void reg_out(struct virtio_device *d, unsigned reg, u32 v)
{
	mmio_out32(((struct mmio_bus *)d->bus)->regs + reg, v);
}

static u64 mmio_features(struct virtio_device *d)
{
	u64 v = 0;
	for (u32 half = 0; half < 2; half++) {
		reg_out(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, half);
		v |= (u64)reg_in(d, VIRTIO_MMIO_DEVICE_FEATURES) << 32 * half;
	}
	return v;
}

static int mmio_features_accept(struct virtio_device *d, u64 features)
{
	for (u32 half = 0; half < 2; half++) {
		reg_out(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, half);
		reg_out(d, VIRTIO_MMIO_DRIVER_FEATURES, (u32)(features >> 32 * half));
	}
	if (d->is_legacy)
		reg_out(d, VIRTIO_MMIO_GUEST_PAGE_SIZE, PAGE_SIZE);
	return 0;
}

static u8 mmio_status(struct virtio_device *d) { return (u8)reg_in(d, VIRTIO_MMIO_STATUS); }
static void mmio_status_set(struct virtio_device *d, u8 status) { reg_out(d, VIRTIO_MMIO_STATUS, status); }

static void mmio_config_read(struct virtio_device *d, unsigned offset, void *buf, size_t n)
{
	virtio_config_copy(((struct mmio_bus *)d->bus)->regs + VIRTIO_MMIO_CONFIG, offset, buf, n);
}

static u16 mmio_queue_size(struct virtio_device *d, u16 index)
{
	reg_out(d, VIRTIO_MMIO_QUEUE_SEL, index);
	return (u16)MIN(reg_in(d, VIRTIO_MMIO_QUEUE_NUM_MAX), 0x8000U);
}

static void address_out(struct virtio_device *d, unsigned low_reg, const void *p)
{
	u64 address = virt_to_phys(p);
	reg_out(d, low_reg, (u32)address);
	reg_out(d, low_reg + 4, (u32)(address >> 32));
}

static int mmio_queue_start(struct virtqueue *q)
{
	struct virtio_device *d = q->device;
	reg_out(d, VIRTIO_MMIO_QUEUE_SEL, q->index);
	reg_out(d, VIRTIO_MMIO_QUEUE_NUM, q->size);
	if (d->is_legacy) {
		reg_out(d, VIRTIO_MMIO_QUEUE_ALIGN, PAGE_SIZE);
		reg_out(d, VIRTIO_MMIO_QUEUE_PFN, (u32)(virt_to_phys(q->ring.desc) >> PAGE_SHIFT));
		return 0;
	}
	address_out(d, VIRTIO_MMIO_QUEUE_DESC_LOW, q->ring.desc);
	address_out(d, VIRTIO_MMIO_QUEUE_AVAIL_LOW, q->ring.avail);
	address_out(d, VIRTIO_MMIO_QUEUE_USED_LOW, q->ring.used);
	reg_out(d, VIRTIO_MMIO_QUEUE_READY, 1);
	return 0;
}

static void mmio_notify(struct virtqueue *q) { reg_out(q->device, VIRTIO_MMIO_QUEUE_NOTIFY, q->index); }

static const struct virtio_transport mmio_transport = {
	.features = mmio_features, .features_accept = mmio_features_accept, .status = mmio_status,
	.status_set = mmio_status_set, .config_read = mmio_config_read, .queue_size = mmio_queue_size,
	.queue_start = mmio_queue_start, .notify = mmio_notify,
};

static void mmio_interrupt(void *arg)
{
	struct virtio_device *d = arg;
	u32 why = reg_in(d, VIRTIO_MMIO_INTERRUPT_STATUS);
	if (!why)
		return;	/* the line is shared */
	reg_out(d, VIRTIO_MMIO_INTERRUPT_ACK, why);
	virtio_interrupt(d, why & VIRTIO_MMIO_INT_VRING, why & VIRTIO_MMIO_INT_CONFIG);
}

/* ---- finding them ---- */

/* other_irq: the line to take when the machine has no such line as irq. */
static void device_try(volatile u8 *regs, unsigned irq, unsigned other_irq)
{
	if (!regs || mmio_in32(regs + VIRTIO_MMIO_MAGIC_VALUE) != MAGIC)
		return;
	u32 version = mmio_in32(regs + VIRTIO_MMIO_VERSION), id = mmio_in32(regs + VIRTIO_MMIO_DEVICE_ID);
	if (!id || version < 1 || version > 2)
		return;
	struct mmio_bus *bus = kzalloc(sizeof(*bus));
	struct virtio_device *d = bus ? virtio_device_new(&mmio_transport, bus, id) : NULL;
	if (!d) {
		kfree(bus);
		log_error("virtio: no memory for device %u\n", id);
		return;
	}
	bus->regs = regs;
	d->is_legacy = version == 1;
	int err = arch_irq_register(irq, mmio_interrupt, d, true);
	if (err == -EINVAL && other_irq != irq)
		err = arch_irq_register(other_irq, mmio_interrupt, d, true);
	if (err) {
		log_error("virtio: no interrupt %u for device %u: error %d\n", irq, id, -err);
		return;
	}
	virtio_device_add(d);
}

static bool was_named;

/* SIZE@ADDRESS:IRQ[:ID]; the size may end in K. */
static void device_named(const char *value)
{
	char *end;
	was_named = true;
	(void)strtou64(value, &end, 0);
	if (*end == 'K' || *end == 'k')
		end++;
	u64 address = *end == '@' ? strtou64(end + 1, &end, 0) : 0;
	if (!address || *end != ':') {
		log_error("virtio: virtio_mmio.device=%s is not SIZE@ADDRESS:IRQ\n", value);
		return;
	}
	unsigned irq = (unsigned)strtou64(end + 1, NULL, 0);
	device_try(arch_map_device(address, WINDOW), irq, irq);
}

/* Not named: the places where QEMU's microvm has them. With a second interrupt controller they are on its lines. */
static void slots_look(void)
{
	volatile u8 *regs = arch_map_device(SLOTS_BASE, SLOTS * WINDOW);
	for (unsigned i = 0; regs && i < SLOTS; i++)
		device_try(regs + i * WINDOW, SLOT_GSI + i, SLOT_GSI_FEW + i);
}

void virtio_mmio_find(bool is_microvm)
{
	cmdline_for_each("virtio_mmio.device", device_named);
	if (!was_named && is_microvm)
		slots_look();
}
