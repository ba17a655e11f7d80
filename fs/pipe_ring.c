/* fs/pipe_ring.c: the ring of bytes behind a pipe. See pipe_ring.h; pipe->lock is held. */
#include "fs/pipe_ring.h"
#include "fs/iter.h"
#include "fs/pipe.h"
#include "base/errno.h"
#include "base/string.h"
#include "mm/page.h"
#include "mm/slab.h"

void ring_init(struct ring *r)
{
	r->capacity = PIPE_BYTES_DEFAULT;
	r->pages = r->inline_pages;
}

static void *ring_page_new(void)
{
	struct page *p = page_alloc(NODE_ANY, PAGE_KERNEL, 0);
	return p ? page_address(p) : NULL;
}

static void ring_page_free(void *page)
{
	if (page)
		page_free(virt_to_page(page), 0);
}

void ring_destroy(struct ring *r)
{
	for (u32 i = 0; i < r->capacity >> PAGE_SHIFT; i++)
		ring_page_free(r->pages[i]);
	ring_page_free(r->spare);
	if (r->pages != r->inline_pages)
		kfree(r->pages);
}

static void **slot_of(struct ring *r, u64 pos)
{
	return &r->pages[(pos >> PAGE_SHIFT) & ((r->capacity >> PAGE_SHIFT) - 1)];
}

/* The page that ends at the new tail was read to its end; unless the head has come round to it, it can go. */
static void page_drained(struct ring *r)
{
	void **slot = slot_of(r, r->tail - 1);

	if (r->head - ALIGN_DOWN(r->tail - 1, (u64)PAGE_SIZE) > r->capacity)
		return;
	if (r->spare)
		ring_page_free(*slot);
	else
		r->spare = *slot;
	*slot = NULL;
}

/* Empty, what was in slot having been the last: from the first page again, which is then there already. */
static void rewind_empty(struct ring *r, void **slot)
{
	void *last = *slot;

	r->head = r->tail = 0;
	if (likely(slot == r->pages))
		return;
	*slot = NULL;
	if (r->pages[0])
		ring_page_free(last);
	else
		r->pages[0] = last;
}

size_t ring_read(struct ring *r, struct iter *it)
{
	size_t done = 0;

	while (it->left && r->head != r->tail) {
		size_t in_page = r->tail & ~PAGE_MASK;
		size_t n = MIN(MIN((u64)it->left, r->head - r->tail), (u64)(PAGE_SIZE - in_page));
		void **slot = slot_of(r, r->tail);
		size_t got = iter_put(it, (char *)*slot + in_page, n);
		done += got;
		r->tail += got;
		if (got < n)
			return done;
		if (r->head == r->tail) {
			rewind_empty(r, slot);
			break;
		}
		if ((r->tail & ~PAGE_MASK) == 0)
			page_drained(r);
	}
	return done;
}

ssize_t ring_write(struct ring *r, struct iter *it)
{
	ssize_t done = 0;

	while (it->left) {
		u64 room = ring_free_bytes(r);
		size_t in_page = r->head & ~PAGE_MASK;
		size_t n = MIN(MIN((u64)it->left, room), (u64)(PAGE_SIZE - in_page));
		void **slot = slot_of(r, r->head);
		if (!n)
			break;
		if (!*slot) {
			*slot = r->spare ? r->spare : ring_page_new();
			r->spare = NULL;
		}
		if (!*slot)
			return done ? done : -ENOMEM;
		size_t got = iter_take(it, (char *)*slot + in_page, n);
		r->head += got;
		done += (ssize_t)got;
		if (got < n)
			return done ? done : -EFAULT;
	}
	return done;
}

/* Where the byte at pos is; *n, at most what is asked for: how many bytes follow each other there. */
static char *ring_part(struct ring *r, u64 pos, size_t *n)
{
	size_t in_page = pos & ~PAGE_MASK;

	*n = MIN(MIN((u64)*n, r->head - pos), (u64)(PAGE_SIZE - in_page));
	return (char *)*slot_of(r, pos) + in_page;
}

size_t ring_peek(struct ring *r, char *buf, size_t n)
{
	size_t done, part;

	for (done = 0; done < n && r->tail + done < r->head; done += part) {
		part = n - done;
		const char *from = ring_part(r, r->tail + done, &part);
		memcpy(buf + done, from, part);
	}
	return done;
}

/* Moves what is there into a fresh ring that starts at its first page. */
int ring_resize(struct ring *r, u32 capacity)
{
	struct ring n = { .capacity = capacity, .pages = n.inline_pages };
	struct iter it;
	size_t held = r->head - r->tail;

	if (capacity == r->capacity)
		return 0;
	if (held > capacity)
		return -EBUSY;
	if (capacity >> PAGE_SHIFT > RING_INLINE && !(n.pages = kzalloc((capacity >> PAGE_SHIFT) * sizeof(void *))))
		return -ENOMEM;
	for (u64 pos = r->tail; pos < r->head;) {
		size_t part = held;
		const char *from = ring_part(r, pos, &part);
		iter_from_kernel(&it, from, part);
		if (ring_write(&n, &it) != (ssize_t)part) {
			ring_destroy(&n);
			return -ENOMEM;
		}
		pos += part;
	}
	ring_destroy(r);
	*r = n;
	if (n.pages == n.inline_pages)
		r->pages = r->inline_pages;
	return 0;
}
