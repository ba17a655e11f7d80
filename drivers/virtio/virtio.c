/*
 * drivers/virtio/virtio.c: virtio devices meet their drivers: reset, features, status.
 *
 * Way in: virtio_init() at boot asks both transports; each device found comes to virtio_device_add().
 * Locks: none: devices are added one by one at boot. Errors: said in the log; a device that fails is left alone.
 * Source: VIRTIO 1.1, 3.1 Device Initialization.
 */
#include "drivers/virtio/virtio.h"
#include "base/string.h"
#include "drivers/drivers.h"
#include "base/printk.h"
#include "mm/slab.h"
#include <linux/virtio_config.h>

extern const struct virtio_driver virtio_console_driver, virtio_rng_driver;
static const struct virtio_driver *const drivers[] = { &virtio_console_driver, &virtio_rng_driver };

struct virtio_device *virtio_device_new(const struct virtio_transport *t, void *bus, u32 id)
{
	struct virtio_device *d = kzalloc(sizeof(*d));
	if (!d)
		return NULL;
	d->transport = t;
	d->bus = bus;
	d->id = id;
	return d;
}

static const struct virtio_driver *driver_for(u32 id)
{
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
		if (drivers[i]->id == id)
			return drivers[i];
	return NULL;
}

static void status_add(struct virtio_device *d, u8 bit)
{
	d->transport->status_set(d, d->transport->status(d) | bit);
}

static int features_agree(struct virtio_device *d)
{
	u64 offered = d->transport->features(d);
	d->features = offered & (d->driver->features | 1ULL << VIRTIO_F_VERSION_1);
	if (!d->is_legacy && !virtio_has(d, VIRTIO_F_VERSION_1))
		return -ENODEV;
	int err = d->transport->features_accept(d, d->features);
	if (err || d->is_legacy)
		return err;
	status_add(d, VIRTIO_CONFIG_S_FEATURES_OK);
	return d->transport->status(d) & VIRTIO_CONFIG_S_FEATURES_OK ? 0 : -ENODEV;
}

void virtio_ready(struct virtio_device *d) { status_add(d, VIRTIO_CONFIG_S_DRIVER_OK); }

void virtio_device_add(struct virtio_device *d)
{
	d->driver = driver_for(d->id);
	if (!d->driver)
		return;
	d->transport->status_set(d, 0);
	status_add(d, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	status_add(d, VIRTIO_CONFIG_S_DRIVER);
	int err = features_agree(d);
	if (!err)
		err = d->driver->probe(d);
	if (err) {
		log_error("virtio: %s does not start: error %d\n", d->driver->name, -err);
		status_add(d, VIRTIO_CONFIG_S_FAILED);
	}
}

void virtio_interrupt(struct virtio_device *d, bool queues, bool config)
{
	for (u32 i = 0; queues && i < d->queue_count; i++) {
		struct virtqueue *q = d->queues[i];
		if (q->done && virtqueue_has_used(q))
			q->done(q);
	}
	if (config && d->driver && d->driver->config_changed)
		d->driver->config_changed(d);
}

void virtio_init(void)
{
	bool has_pci = virtio_pci_find();
	virtio_mmio_find(!has_pci);
}

void virtio_config_copy(const volatile u8 *config, unsigned offset, void *buf, size_t n)
{
	u8 *to = buf;

	config += offset;
	if (n == 2 && !(offset & 1)) {
		u16 v = mmio_in16(config);
		memcpy(buf, &v, 2);
	} else if (n == 4 && !(offset & 3)) {
		u32 v = mmio_in32(config);
		memcpy(buf, &v, 4);
	} else {
		for (size_t i = 0; i < n; i++)
			to[i] = mmio_in8(config + i);
	}
}
