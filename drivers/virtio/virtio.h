/*
 * drivers/virtio/virtio.h: virtio devices: the bus (mmio or PCI), and the split rings that drivers talk through.
 *
 * A driver is a row in virtio.c's table: probe() is called with the features agreed and no queue yet; it makes all its
 * queues (virtio_queues_start), calls virtio_ready(), and may use them from then on.
 * Locks: calls on one queue are serialised by its driver's lock (irqsave: done() runs in the interrupt).
 * Source: Virtual I/O Device (VIRTIO) 1.1, OASIS.
 */
#ifndef DRIVERS_VIRTIO_VIRTIO_H
#define DRIVERS_VIRTIO_VIRTIO_H
#include "base/types.h"
#include "base/errno.h"
#include "base/list.h"
#include <linux/virtio_ring.h>

#define VIRTIO_QUEUES_MAX 128

struct virtio_device;
struct virtqueue;

typedef void (*virtqueue_done)(struct virtqueue *q);	/* in the interrupt: buffers were used */

struct virtqueue {
	struct virtio_device *device;
	u16 index, size;
	u16 free_count;			/* descriptors */
	u16 free_head;			/* they are chained by next */
	u16 avail_next;			/* our next place in avail, ever growing */
	u16 used_next;			/* the first of used not taken yet, ever growing */
	struct vring ring;		/* owned memory, shared with the device */
	void **tokens;			/* owned: by first descriptor */
	virtqueue_done done;		/* NULL: nobody waits for it */
	void *owner;			/* the driver's */
	volatile void *notify;		/* PCI: where to write */
};

struct virtio_transport {
	u64 (*features)(struct virtio_device *d);
	int (*features_accept)(struct virtio_device *d, u64 features);
	u8 (*status)(struct virtio_device *d);
	void (*status_set)(struct virtio_device *d, u8 status);
	void (*config_read)(struct virtio_device *d, unsigned offset, void *buf, size_t n);
	u16 (*queue_size)(struct virtio_device *d, u16 index);	/* largest; 0: no such queue */
	int (*queue_start)(struct virtqueue *q);		/* tells the device where it is */
	void (*notify)(struct virtqueue *q);
};

struct virtio_device {
	const struct virtio_transport *transport;
	void *bus;			/* the transport's */
	u32 id;				/* VIRTIO_ID_* */
	u64 features;			/* agreed */
	bool is_legacy;			/* before version 1.0 */
	const struct virtio_driver *driver;
	void *owner;			/* the driver's */
	struct virtqueue *queues[VIRTIO_QUEUES_MAX];
	u32 queue_count;
};

struct virtio_driver {
	const char *name;
	u32 id;
	u64 features;			/* that it can use */
	int (*probe)(struct virtio_device *d);
	void (*config_changed)(struct virtio_device *d);	/* in the interrupt; NULL: it does not care */
};

/* -- for drivers -- */
struct virtio_buffer { void *start; u32 bytes; };	/* direct-map or kernel image memory, contiguous */
/* Makes queues 0 to n-1, each of at most size buffers; done[i] may be NULL. 0 or -errno. */
int __must_check virtio_queues_start(struct virtio_device *d, u32 n, u16 size, const virtqueue_done *done);
void virtio_ready(struct virtio_device *d);		/* the device may use the queues */
static inline bool virtio_has(const struct virtio_device *d, unsigned bit) { return d->features >> bit & 1; }
/* Gives buffers to the device: the first `out` are read by it, the next `in` written. -ENOSPC: the ring is full. */
int __must_check virtqueue_add(struct virtqueue *q, const struct virtio_buffer *b, unsigned out, unsigned in,
			       void *token);
void virtqueue_kick(struct virtqueue *q);		/* tells the device, unless it does not want to know */
/* The token of a buffer that the device is done with, NULL: none. *bytes: how much it wrote (bytes may be NULL). */
void *virtqueue_take(struct virtqueue *q, u32 *bytes);
bool virtqueue_has_used(const struct virtqueue *q);
/* Interrupts for used buffers; after switching them on look at virtqueue_has_used() once more. */
void virtqueue_interrupts(struct virtqueue *q, bool is_on);

/* -- for transports -- */
void virtio_device_add(struct virtio_device *d);	/* finds its driver; d lives for ever */
void virtio_interrupt(struct virtio_device *d, bool queues, bool config);
struct virtio_device *virtio_device_new(const struct virtio_transport *t, void *bus, u32 id);
/* For config_read: a number of 2 or 4 bytes that is aligned is read as a whole. */
void virtio_config_copy(const volatile u8 *config, unsigned offset, void *buf, size_t n);
void virtio_mmio_find(bool is_microvm);	/* is_microvm: look for devices that nobody names */
bool virtio_pci_find(void);			/* true: the machine has a PCI bus */

/* Device registers. */
static inline u8 mmio_in8(const volatile void *p) { return *(const volatile u8 *)p; }
static inline u16 mmio_in16(const volatile void *p) { return *(const volatile u16 *)p; }
static inline u32 mmio_in32(const volatile void *p) { return *(const volatile u32 *)p; }
static inline void mmio_out8(volatile void *p, u8 v) { *(volatile u8 *)p = v; }
static inline void mmio_out16(volatile void *p, u16 v) { *(volatile u16 *)p = v; }
static inline void mmio_out32(volatile void *p, u32 v) { *(volatile u32 *)p = v; }
#endif
