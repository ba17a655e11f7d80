/* fs/iter.c: copies through a struct iter, and the iovec arrays of readv and writev. See iter.h. */
#include "fs/iter.h"
#include "base/errno.h"
#include "base/string.h"
#include "mm/slab.h"
#include "mm/user_access.h"

static void next_piece(struct iter *it)
{
	it->base = it->next->base;
	it->here = it->next->len;
	it->next++;
}

uptr iter_piece(struct iter *it, size_t *len)
{
	while (!it->here)
		next_piece(it);
	*len = it->here;
	return it->base;
}

void iter_advance(struct iter *it, size_t n)
{
	it->left -= n;
	if (it->kernel) {
		it->kernel += n;
		return;
	}
	while (n > it->here) {
		n -= it->here;
		next_piece(it);
	}
	it->base += n;
	it->here -= n;
}

size_t iter_put_pieces(struct iter *it, const void *src, size_t n)
{
	size_t done = 0;

	n = MIN(n, it->left);
	if (it->kernel) {
		memcpy(it->kernel, src, n);
		iter_advance(it, n);
		return n;
	}
	while (done < n) {
		size_t len;
		uptr to = iter_piece(it, &len);
		len = MIN(len, n - done);
		size_t copied = copy_to_user_partial(to, (const char *)src + done, len);
		iter_advance(it, copied);
		done += copied;
		if (copied < len)
			break;
	}
	return done;
}

size_t iter_take_pieces(struct iter *it, void *dst, size_t n)
{
	size_t done = 0;

	n = MIN(n, it->left);
	if (it->kernel) {
		memcpy(dst, it->kernel, n);
		iter_advance(it, n);
		return n;
	}
	while (done < n) {
		size_t len;
		uptr from = iter_piece(it, &len);
		len = MIN(len, n - done);
		size_t copied = copy_from_user_partial((char *)dst + done, from, len);
		iter_advance(it, copied);
		done += copied;
		if (copied < len)
			break;
	}
	return done;
}

/* Lengths must be sane one by one; their sum is cut to what one call may move. */
static int pieces_check(struct piece *p, long count, size_t *total)
{
	size_t sum = 0;

	for (long i = 0; i < count; i++) {
		if ((ssize_t)p[i].len < 0)
			return -EINVAL;
		if (!user_range_ok(p[i].base, p[i].len))
			return -EFAULT;
		p[i].len = MIN(p[i].len, RW_BYTES_MAX - sum);
		sum += p[i].len;
	}
	*total = sum;
	return 0;
}

int pieces_fetch(uptr iov, long count, struct piece *fast, struct piece **out)
{
	struct piece *p = fast;

	if (count < 0 || count > PIECES_MAX)
		return -EINVAL;
	if (count > PIECES_ON_STACK) {
		p = kmalloc(count * sizeof(*p));
		if (!p)
			return -ENOMEM;
	}
	int err = copy_from_user(p, iov, count * sizeof(*p));
	if (err) {
		pieces_free(p, fast);
		return err;
	}
	*out = p;
	return 0;
}

int pieces_from_user(uptr iov, long count, struct piece *fast, struct piece **out, size_t *total)
{
	int err = pieces_fetch(iov, count, fast, out);

	if (err)
		return err;
	err = pieces_check(*out, count, total);
	if (err)
		pieces_free(*out, fast);
	return err;
}

void pieces_free(struct piece *p, const struct piece *fast)
{
	if (p != fast)
		kfree(p);
}
