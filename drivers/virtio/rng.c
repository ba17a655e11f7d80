/*
 * drivers/virtio/rng.c: random bytes from the host, mixed into the generator once they come. Nobody waits for them.
 *
 * Way in: probe() asks for one buffer; the interrupt takes it. Locks: none: one buffer, one interrupt.
 * Source: VIRTIO 1.1, 5.4.
 */
#include "drivers/virtio/virtio.h"
#include "drivers/random.h"
#include "base/string.h"
#include <linux/virtio_ids.h>

static u8 seed[64] __aligned(64);

static void rng_done(struct virtqueue *q)
{
	u32 bytes;
	if (!virtqueue_take(q, &bytes))
		return;
	random_mix(seed, MIN((size_t)bytes, sizeof(seed)));
	memset(seed, 0, sizeof(seed));
}

static int rng_probe(struct virtio_device *d)
{
	const virtqueue_done done[] = { rng_done };
	struct virtio_buffer b = { seed, sizeof(seed) };
	int err = virtio_queues_start(d, 1, 4, done);
	if (err)
		return err;
	virtio_ready(d);
	err = virtqueue_add(d->queues[0], &b, 0, 1, seed);
	if (!err)
		virtqueue_kick(d->queues[0]);
	return err;
}

const struct virtio_driver virtio_rng_driver = { .name = "virtio-rng", .id = VIRTIO_ID_RNG, .probe = rng_probe };
