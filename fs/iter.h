/*
 * fs/iter.h: where the bytes of one read or write come from or go to: the pieces of a readv/writev in user memory, or
 * one kernel buffer (splice, exec). A copy moves the iterator on; it copies less than asked only at a fault.
 * Locks: none; may sleep in a page fault.
 */
#ifndef FS_ITER_H
#define FS_ITER_H
#include "base/types.h"
#include "mm/user_access.h"

struct piece { uptr base; size_t len; };	/* the layout of struct iovec */

struct iter {
	uptr base;			/* where the rest of the current piece is in user memory */
	size_t here;			/* bytes of it */
	size_t left;			/* in all pieces */
	const struct piece *next;	/* borrowed: the piece after the current one; there while left > here */
	char *kernel;			/* borrowed, moves on; NULL: pieces */
	bool append;			/* RWF_APPEND: a write goes to the end whatever the position is */
};

#define PIECES_ON_STACK 8
#define PIECES_MAX 1024
#define RW_BYTES_MAX 0x7ffff000UL	/* what one call moves at most */

static inline void iter_from_user(struct iter *it, uptr base, size_t n)
{
	*it = (struct iter){ .base = base, .here = n, .left = n };
}
static inline void iter_from_pieces(struct iter *it, const struct piece *p, size_t total)
{
	*it = (struct iter){ .next = p, .left = total };
}
static inline void iter_from_kernel(struct iter *it, const void *buf, size_t n)
{
	*it = (struct iter){ .kernel = (char *)buf, .left = n };
}
/* The user address and length of what is next and in one piece (left > 0, not a kernel iterator). */
uptr iter_piece(struct iter *it, size_t *len);
void iter_advance(struct iter *it, size_t n);
/* Bytes copied out of src into the iterator's memory, or out of it into dst. */
size_t iter_put_pieces(struct iter *it, const void *src, size_t n);
size_t iter_take_pieces(struct iter *it, void *dst, size_t n);
static inline size_t iter_put(struct iter *it, const void *src, size_t n)
{
	if (unlikely(n > it->here || it->kernel))
		return iter_put_pieces(it, src, n);
	n = copy_to_user_partial(it->base, src, n);
	it->base += n;
	it->here -= n;
	it->left -= n;
	return n;
}
static inline size_t iter_take(struct iter *it, void *dst, size_t n)
{
	if (unlikely(n > it->here || it->kernel))
		return iter_take_pieces(it, dst, n);
	n = copy_from_user_partial(dst, it->base, n);
	it->base += n;
	it->here -= n;
	it->left -= n;
	return n;
}
/* Reads count iovecs from user memory; small ones go to fast[PIECES_ON_STACK]. *out is freed by pieces_free. Lengths
 * are cut so that their sum fits one call. 0, -EINVAL, -EFAULT, -ENOMEM. */
int __must_check pieces_from_user(uptr iov, long count, struct piece *fast, struct piece **out, size_t *total);
/* The same without a look at what is in them: they may be of another process. 0, -EINVAL (count), -EFAULT, -ENOMEM. */
int __must_check pieces_fetch(uptr iov, long count, struct piece *fast, struct piece **out);
void pieces_free(struct piece *p, const struct piece *fast);
#endif
