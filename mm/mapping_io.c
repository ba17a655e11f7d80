/*
 * mm/mapping_io.c: bytes between the page cache and memory: read(2) and write(2) of files that live in it.
 *
 * User memory is touched with no lock of the mapping held: its fault may need this very file. A write to a page that is
 * not there fills a fresh frame first and puts it in afterwards, so nobody ever sees a page that was not filled.
 * Way in: mapping_read* and mapping_write* (the inode's lock is held by writers). Errors: -EFAULT, -ENOSPC, -ENOMEM,
 * -EIO; after some bytes: their number.
 */
#include "mm/mapping_io.h"
#include "mm/mapping_index.h"
#include "mm/user_access.h"
#include "base/errno.h"
#include "base/string.h"
#include "sched/sched.h"

/* Where the bytes are outside the cache: user memory, or kernel memory if kernel is set. */
struct outside {
	u8 *kernel;
	uptr user;
};

/* Bytes copied; fewer than n: a fault. src NULL: zeroes. */
static size_t copy_out(struct outside *to, const void *src, size_t n)
{
	if (to->kernel) {
		if (src)
			memcpy(to->kernel, src, n);
		else
			memset(to->kernel, 0, n);
		to->kernel += n;
		return n;
	}
	if (src)
		n = copy_to_user_partial(to->user, src, n);
	else if (clear_user(to->user, n))
		n = 0;
	to->user += n;
	return n;
}

static size_t copy_in(void *dst, struct outside *from, size_t n)
{
	if (from->kernel) {
		memcpy(dst, from->kernel, n);
		from->kernel += n;
		return n;
	}
	n = copy_from_user_partial(dst, from->user, n);
	from->user += n;
	return n;
}

/* -- reading ---------------------------------------------------------------------------------------------------- */
static ssize_t read_bytes(struct mapping *m, u64 pos, struct outside to, size_t n)
{
	bool has_holes = !m->ops || !m->ops->read_page;
	size_t done = 0;
	int err = 0;

	while (done < n) {
		u64 size = READ_ONCE(m->size_bytes);
		size_t in_page = pos & ~PAGE_MASK, want = MIN(n - done, PAGE_SIZE - in_page), got;
		struct page *p;

		if (pos >= size)
			break;
		want = MIN(want, size - pos);
		p = has_holes ? mapping_peek(m, pos >> PAGE_SHIFT) : mapping_get(m, pos >> PAGE_SHIFT);
		if (IS_ERR(p)) {
			/* Cut since the size was looked at: the end. */
			err = PTR_ERR(p) == -EFAULT ? 0 : PTR_ERR(p);
			break;
		}
		got = copy_out(&to, p ? (u8 *)page_address(p) + in_page : NULL, want);
		if (p)
			page_put(p);
		sched_give_way();
		done += got;
		pos += got;
		if (got < want) {
			err = -EFAULT;
			break;
		}
	}
	return done ? (ssize_t)done : err;
}

ssize_t mapping_read(struct mapping *m, loff pos, uptr buf, size_t n)
{
	return read_bytes(m, pos, (struct outside){ .user = buf }, n);
}

ssize_t mapping_read_kernel(struct mapping *m, loff pos, void *buf, size_t n)
{
	return read_bytes(m, pos, (struct outside){ .kernel = buf }, n);
}

/* -- writing ---------------------------------------------------------------------------------------------------- */
/* Puts a filled frame in; if another came first, copies [in_page, in_page+n) over into that one. Gives up the
 * caller's reference. */
static int add_filled(struct mapping *m, u64 index, struct page *p, size_t in_page, size_t n)
{
	struct page *other;
	int err = 0;

	mutex_lock(&m->lock);
	other = mapping_peek(m, index);
	if (!other)
		err = mapping_add_locked(m, index, p);
	mutex_unlock(&m->lock);
	if (!other && !err)
		return 0;
	if (other) {
		memcpy((u8 *)page_address(other) + in_page, (u8 *)page_address(p) + in_page, n);
		page_set_flag(other, PG_DIRTY);
		page_put(other);
	}
	page_put(p);
	return err;
}

/* Writes into a page that is not there yet, of a file whose holes are zeroes. Bytes, or -errno. */
static ssize_t write_new_page(struct mapping *m, u64 index, size_t in_page, struct outside *from, size_t n)
{
	struct page *p = page_alloc(NODE_ANY, m->kind, 0);
	size_t got;
	u8 *data;
	int err;

	if (!p)
		return -ENOMEM;
	data = page_address(p);
	got = copy_in(data + in_page, from, n);
	if (!got) {
		page_put(p);
		return -EFAULT;
	}
	memset(data, 0, in_page);
	memset(data + in_page + got, 0, PAGE_SIZE - in_page - got);
	page_set_flag(p, PG_DIRTY);
	err = add_filled(m, index, p, in_page, got);
	return err ? err : (ssize_t)got;
}

static ssize_t write_page(struct mapping *m, u64 index, size_t in_page, struct outside *from, size_t n)
{
	struct page *p = mapping_peek(m, index);
	size_t got;

	if (!p && (!m->ops || !m->ops->read_page))
		return write_new_page(m, index, in_page, from, n);
	if (!p)
		p = mapping_get_extending(m, index);
	if (IS_ERR(p))
		return PTR_ERR(p);
	got = copy_in((u8 *)page_address(p) + in_page, from, n);
	page_set_flag(p, PG_DIRTY);
	page_put(p);
	return got ? (ssize_t)got : -EFAULT;
}

/* The file ends at size at least; what a mapping wrote behind the old end becomes zeroes. */
static void extend_size(struct mapping *m, u64 write_start, u64 size)
{
	if (size <= READ_ONCE(m->size_bytes))
		return;
	mutex_lock(&m->lock);
	if (write_start > m->size_bytes)
		mapping_zero_part_locked(m, m->size_bytes, MIN(ALIGN_UP(m->size_bytes, PAGE_SIZE), write_start));
	WRITE_ONCE(m->size_bytes, size);
	mutex_unlock(&m->lock);
}

static ssize_t write_bytes(struct mapping *m, u64 pos, struct outside from, size_t n)
{
	size_t done = 0;
	ssize_t err = 0;

	while (done < n) {
		size_t in_page = pos & ~PAGE_MASK, want = MIN(n - done, PAGE_SIZE - in_page);
		ssize_t got = write_page(m, pos >> PAGE_SHIFT, in_page, &from, want);

		if (got < 0) {
			err = got;
			break;
		}
		extend_size(m, pos, pos + got);
		sched_give_way();
		done += got;
		pos += got;
		if ((size_t)got < want) {
			err = -EFAULT;
			break;
		}
	}
	return done ? (ssize_t)done : err;
}

ssize_t mapping_write(struct mapping *m, loff pos, uptr buf, size_t n)
{
	return write_bytes(m, pos, (struct outside){ .user = buf }, n);
}

ssize_t mapping_write_kernel(struct mapping *m, loff pos, const void *buf, size_t n)
{
	return write_bytes(m, pos, (struct outside){ .kernel = (u8 *)buf }, n);
}
