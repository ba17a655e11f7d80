/*
 * drivers/virtio/virtqueue.c: split rings: descriptors, what is available to the device, what it has used.
 *
 * Way in: drivers, under their queue's lock; virtio_interrupt() for done(). Errors: -ENOSPC: no descriptor free.
 * Memory order: a descriptor is complete before avail->idx shows it, and the index is out before we look whether the
 * device wants a notice (a full fence on both sides). Source: VIRTIO 1.1, 2.6.
 */
#include "drivers/virtio/virtio.h"
#include "arch/arch.h"
#include "base/string.h"
#include "mm/slab.h"

#define LEGACY_ALIGN 4096

#define RING_READ(x) __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define RING_WRITE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELEASE)

static struct virtqueue *virtqueue_new(struct virtio_device *d, u16 index, u16 size, virtqueue_done done)
{
	/* Devices before version 1.0 want this one layout; later ones take any, and 16 bytes are what kmalloc aligns to. */
	unsigned align = d->is_legacy ? LEGACY_ALIGN : 16;
	size_t bytes = ALIGN_UP((size_t)vring_size(size, align), d->is_legacy ? PAGE_SIZE : 1024);
	struct virtqueue *q = kzalloc(sizeof(*q));
	void *memory = kzalloc(bytes);
	void **tokens = kzalloc(size * sizeof(void *));
	if (!q || !memory || !tokens) {
		kfree(q);
		kfree(memory);
		kfree(tokens);
		return NULL;
	}
	*q = (struct virtqueue){ .device = d, .index = index, .size = size, .free_count = size, .tokens = tokens,
		.done = done };
	vring_init(&q->ring, size, memory, align);
	for (u16 i = 0; i < size; i++)
		q->ring.desc[i].next = i + 1;
	if (!done)
		virtqueue_interrupts(q, false);
	return q;
}

int virtio_queues_start(struct virtio_device *d, u32 n, u16 size, const virtqueue_done *done)
{
	if (n > VIRTIO_QUEUES_MAX)
		return -EINVAL;
	for (u16 i = 0; i < n; i++) {
		u16 largest = d->transport->queue_size(d, i);
		if (!largest)
			return -ENODEV;
		/* Only a device of version 1.0 lets the driver choose. */
		struct virtqueue *q = virtqueue_new(d, i, d->is_legacy ? largest : MIN(size, largest), done[i]);
		if (!q)
			return -ENOMEM;
		d->queues[i] = q;
		d->queue_count = i + 1;
		int err = d->transport->queue_start(q);
		if (err)
			return err;
	}
	return 0;
}

int virtqueue_add(struct virtqueue *q, const struct virtio_buffer *b, unsigned out, unsigned in, void *token)
{
	unsigned n = out + in;
	u16 first = q->free_head, at = first;
	if (!n || q->free_count < n)
		return -ENOSPC;
	for (unsigned i = 0; i < n; i++) {
		struct vring_desc *d = &q->ring.desc[at];
		d->addr = virt_to_phys(b[i].start);
		d->len = b[i].bytes;
		d->flags = (u16)((i + 1 < n ? VRING_DESC_F_NEXT : 0) | (i >= out ? VRING_DESC_F_WRITE : 0));
		at = d->next;
	}
	q->free_head = at;
	q->free_count -= (u16)n;
	q->tokens[first] = token;
	q->ring.avail->ring[q->avail_next & (q->size - 1)] = first;
	q->avail_next++;
	RING_WRITE(q->ring.avail->idx, q->avail_next);
	return 0;
}

void virtqueue_kick(struct virtqueue *q)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!(RING_READ(q->ring.used->flags) & VRING_USED_F_NO_NOTIFY))
		q->device->transport->notify(q);
}

bool virtqueue_has_used(const struct virtqueue *q)
{
	return RING_READ(q->ring.used->idx) != READ_ONCE(q->used_next);
}

void *virtqueue_take(struct virtqueue *q, u32 *bytes)
{
	if (!virtqueue_has_used(q))
		return NULL;
	const struct vring_used_elem *e = &q->ring.used->ring[q->used_next & (q->size - 1)];
	u32 first = e->id;
	if (first >= q->size)
		return NULL;	/* a broken device gets no further */
	if (bytes)
		*bytes = e->len;
	WRITE_ONCE(q->used_next, (u16)(q->used_next + 1));
	u16 last = (u16)first, n = 1;
	while (q->ring.desc[last].flags & VRING_DESC_F_NEXT) {
		last = q->ring.desc[last].next;
		n++;
	}
	q->ring.desc[last].next = q->free_head;
	q->free_head = (u16)first;
	q->free_count += n;
	void *token = q->tokens[first];
	q->tokens[first] = NULL;
	return token;
}

void virtqueue_interrupts(struct virtqueue *q, bool is_on)
{
	RING_WRITE(q->ring.avail->flags, is_on ? 0 : VRING_AVAIL_F_NO_INTERRUPT);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}
