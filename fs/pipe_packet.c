/*
 * fs/pipe_packet.c: packets in a pipe: what was written through an end with O_DIRECT is read one piece at a time. The
 * bytes lie in the ring like any others; beside it stands a list of where each packet begins and how long it is.
 * Way in: pipe.c. Locks: pipe->lock is held. Errors: -ENOMEM, -EFAULT. Source: pipe(2).
 */
#include "fs/pipe_ring.h"
#include "fs/iter.h"
#include "base/errno.h"
#include "mm/slab.h"

struct packet {
	struct list node;	/* in pipe->packets: oldest first */
	u64 start;		/* as ring->tail will be */
	u64 length;
};
static SLAB_CACHE(packet_cache, struct packet);

/* op on at most n bytes of it. */
static ssize_t limited(struct ring *r, struct iter *it, size_t n, bool writes)
{
	size_t beyond = it->left - MIN(it->left, n);

	it->left -= beyond;
	ssize_t done = writes ? ring_write(r, it) : (ssize_t)ring_read(r, it);
	it->left += beyond;
	return done;
}

static void packet_free(struct packet *k)
{
	list_remove(&k->node);
	slab_free(&packet_cache, k);
}

void packets_free(struct pipe *p)
{
	while (!list_is_empty(&p->packets))
		packet_free(list_first(&p->packets, struct packet, node));
}

void packets_move(struct pipe *p, u64 back)
{
	struct packet *k;

	list_for_each(k, &p->packets, node)
		k->start -= back;
}

/* Bytes that are no packet lie last in the ring, and n more fit into their page: then, as on Linux, these join them. */
static bool joins_plain(const struct pipe *p, size_t n)
{
	const struct ring *r = &p->ring;
	u64 in_page = r->head & ~PAGE_MASK;

	if (r->head == r->tail || !in_page || in_page + n > PAGE_SIZE)
		return false;
	if (list_is_empty(&p->packets))
		return true;
	const struct packet *last = list_last(&p->packets, struct packet, node);
	return last->start + last->length != r->head;
}

ssize_t packet_write(struct pipe *p, struct iter *it)
{
	if (joins_plain(p, it->left))
		return ring_write(&p->ring, it);
	struct packet *k = slab_alloc(&packet_cache);
	if (!k)
		return -ENOMEM;
	k->start = p->ring.head;
	ssize_t n = limited(&p->ring, it, PAGE_SIZE, true);
	if (n <= 0) {
		slab_free(&packet_cache, k);
		return n;
	}
	k->length = (u64)n;
	list_push_back(&p->packets, &k->node);
	return n;
}

static void skip(struct ring *r, u64 n)
{
	char nowhere[256];

	while (n) {
		struct iter it;
		iter_from_kernel(&it, nowhere, MIN(n, (u64)sizeof(nowhere)));
		n -= ring_read(r, &it);
	}
}

/* What lies before the first packet, and that packet; what there is no room for of it is lost. */
size_t packet_read(struct pipe *p, struct iter *it)
{
	struct packet *k = list_first(&p->packets, struct packet, node);
	u64 before = k->start - p->ring.tail, length = k->length;
	size_t done = 0;

	if (before) {
		done = (size_t)limited(&p->ring, it, before, false);
		if (done < before || !it->left)
			return done;
	}
	packet_free(k);
	size_t n = (size_t)limited(&p->ring, it, length, false);
	skip(&p->ring, length - n);
	return done + n;
}
