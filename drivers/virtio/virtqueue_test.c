/*
 * drivers/virtio/virtqueue_test.c: a queue against a model of a device that uses what it finds in any order: no buffer
 * is lost, taken twice or handed out while the device has it, and indexes survive their wrap-around.
 */
#include "arch/host/host.h"
#include "drivers/virtio/virtio.h"
#include "mm/slab.h"

#define SIZE 16
#define PIECES_MAX 3

static struct virtio_device device;
static int notices;

static u16 model_queue_size(struct virtio_device *d, u16 index) { return 64; }
static int model_queue_start(struct virtqueue *q) { return 0; }
static void model_notify(struct virtqueue *q) { notices++; }
static const struct virtio_transport model = { .queue_size = model_queue_size, .queue_start = model_queue_start,
	.notify = model_notify };

/* What one buffer is: the token. */
struct item { bool is_out; u16 first; unsigned pieces; u32 written; u8 *memory; };
static struct item items[SIZE];

static u16 seen;		/* the device's place in avail */
static u16 held[SIZE];		/* first descriptors that it has not used yet */
static unsigned held_count;

/* The device reads one new chain and checks it. */
static void device_look(struct virtqueue *q)
{
	while (seen != q->ring.avail->idx) {
		u16 first = q->ring.avail->ring[seen++ % SIZE], at = first;
		struct item *t = q->tokens[first];
		CHECK(t && t->is_out && held_count < SIZE);
		for (unsigned i = 0; i < t->pieces; i++) {
			struct vring_desc *d = &q->ring.desc[at];
			CHECK(d->addr == virt_to_phys(t->memory + 16 * i) && d->len == 16);
			CHECK(!(d->flags & VRING_DESC_F_WRITE) == (i == 0));
			CHECK(!(d->flags & VRING_DESC_F_NEXT) == (i + 1 == t->pieces));
			at = d->next;
		}
		t->first = first;
		held[held_count++] = first;
	}
}

static void device_use_one(struct virtqueue *q)
{
	unsigned i = (unsigned)test_random_below(held_count);
	struct item *t = q->tokens[held[i]];
	t->written = (u32)test_random_below(100);
	q->ring.used->ring[q->ring.used->idx % SIZE] = (struct vring_used_elem){ held[i], t->written };
	q->ring.used->idx++;
	held[i] = held[--held_count];
}

static void driver_add(struct virtqueue *q)
{
	struct item *t = &items[test_random_below(SIZE)];
	struct virtio_buffer b[PIECES_MAX];
	unsigned pieces = 1 + (unsigned)test_random_below(PIECES_MAX);
	if (t->is_out)
		return;
	for (unsigned i = 0; i < pieces; i++)
		b[i] = (struct virtio_buffer){ t->memory + 16 * i, 16 };
	t->pieces = pieces;
	t->is_out = true;
	u16 free_before = q->free_count;
	int err = virtqueue_add(q, b, 1, pieces - 1, t);
	CHECK(err == (free_before < pieces ? -ENOSPC : 0));
	t->is_out = !err;
	CHECK(q->free_count == free_before - (err ? 0 : pieces));
}

static void driver_take(struct virtqueue *q)
{
	u32 bytes;
	bool has = virtqueue_has_used(q);
	struct item *t = virtqueue_take(q, &bytes);
	CHECK(has == (t != NULL));
	if (!t)
		return;
	CHECK(t->is_out && bytes == t->written);
	t->is_out = false;
}

static void test_random_use(void)
{
	const virtqueue_done done[] = { NULL };
	device.transport = &model;
	CHECK(virtio_queues_start(&device, 1, SIZE, done) == 0);
	struct virtqueue *q = device.queues[0];
	CHECK(q->size == SIZE && q->ring.avail->flags == VRING_AVAIL_F_NO_INTERRUPT);
	for (int i = 0; i < SIZE; i++)
		items[i].memory = kmalloc(16 * PIECES_MAX);
	for (int step = 0; step < 500000; step++) {
		device_look(q);
		if (test_random_below(2))
			driver_add(q);
		if (held_count && test_random_below(2))
			device_use_one(q);
		if (test_random_below(2))
			driver_take(q);
	}
	device_look(q);
	while (held_count)
		device_use_one(q);
	while (virtqueue_has_used(q))
		driver_take(q);
	CHECK(q->free_count == SIZE);
	for (int i = 0; i < SIZE; i++)
		CHECK(!items[i].is_out && !q->tokens[i]);
}

static void test_notices(void)
{
	struct virtqueue *q = device.queues[0];
	notices = 0;
	virtqueue_kick(q);
	CHECK(notices == 1);
	q->ring.used->flags = VRING_USED_F_NO_NOTIFY;
	virtqueue_kick(q);
	CHECK(notices == 1);
	virtqueue_interrupts(q, true);
	CHECK(q->ring.avail->flags == 0);
}

int main(void)
{
	host_init(16);
	TEST_RUN(test_random_use);
	TEST_RUN(test_notices);
	return test_end();
}
