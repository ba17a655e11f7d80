/*
 * fs/tty/ring.h: a ring of bytes. One byte of the buffer stays free. Locks: the owner's.
 */
#ifndef FS_TTY_RING_H
#define FS_TTY_RING_H
#include "base/types.h"
#include "base/string.h"

struct ring {
	u8 *bytes;		/* owned by whoever made it; size of them */
	u32 size;
	u32 head, tail;		/* next free, next used: below size */
};

static inline u32 ring_count(const struct ring *r)
{
	u32 head = READ_ONCE(r->head), tail = READ_ONCE(r->tail);
	return head >= tail ? head - tail : head + r->size - tail;
}
static inline u32 ring_room(const struct ring *r) { return r->size ? r->size - 1 - ring_count(r) : 0; }
static inline void ring_clear(struct ring *r) { r->head = r->tail = 0; }

/* Puts in what there is room for; returns how much. */
static inline size_t ring_put(struct ring *r, const u8 *s, size_t n)
{
	n = MIN(n, (size_t)ring_room(r));
	size_t first = MIN(n, (size_t)(r->size - r->head));
	memcpy(r->bytes + r->head, s, first);
	memcpy(r->bytes, s + first, n - first);
	u32 head = r->head + (u32)n;
	WRITE_ONCE(r->head, head >= r->size ? head - r->size : head);
	return n;
}

/* The used bytes that lie together at the tail, for reading in place; ring_skip() takes them out. */
static inline size_t ring_peek(const struct ring *r, const u8 **s)
{
	*s = r->bytes + r->tail;
	return r->head >= r->tail ? r->head - r->tail : r->size - r->tail;
}
static inline void ring_skip(struct ring *r, size_t n)
{
	u32 tail = r->tail + (u32)n;
	WRITE_ONCE(r->tail, tail >= r->size ? tail - r->size : tail);
}
static inline size_t ring_get(struct ring *r, u8 *buf, size_t n)
{
	size_t done = 0;
	while (done < n && ring_count(r)) {
		const u8 *s;
		size_t k = MIN(ring_peek(r, &s), n - done);
		memcpy(buf + done, s, k);
		ring_skip(r, k);
		done += k;
	}
	return done;
}
/* Forgets the newest bytes but for the first `keep`. */
static inline void ring_cut(struct ring *r, u32 keep)
{
	if (ring_count(r) > keep)
		r->head = (r->tail + keep) % r->size;
}
#endif
