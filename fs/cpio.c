/* fs/cpio.c: see cpio.h. */
#include "fs/cpio.h"
#include "base/errno.h"
#include "base/string.h"

void cpio_init(struct cpio *c, const struct cpio_ops *ops, void *arg)
{
	c->ops = ops;
	c->arg = arg;
	c->state = CPIO_GAP;
	c->offset = 0;
	c->have = 0;
}

/* Eight hexadecimal digits. */
static bool field(const char *s, u32 *v)
{
	*v = 0;
	for (int i = 0; i < 8; i++) {
		char ch = s[i];
		u32 digit;
		if (ch >= '0' && ch <= '9')
			digit = (u32)(ch - '0');
		else if ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'f')
			digit = (u32)((ch | 0x20) - 'a' + 10);
		else
			return false;
		*v = *v << 4 | digit;
	}
	return true;
}

static int parse_header(struct cpio *c)
{
	u32 v[13];
	const char *s = c->header;

	if (memcmp(s, "070701", 6) && memcmp(s, "070702", 6))
		return -EINVAL;
	for (int i = 0; i < 13; i++) {
		if (!field(s + 6 + 8 * i, &v[i]))
			return -EINVAL;
	}
	c->entry = (struct cpio_entry){
		.ino = v[0], .mode = v[1], .uid = v[2], .gid = v[3], .nlink = v[4], .mtime = v[5], .size = v[6],
		.dev_major = v[7], .dev_minor = v[8], .rdev_major = v[9], .rdev_minor = v[10], .name = c->name,
	};
	c->name_bytes = v[11];
	return c->name_bytes == 0 || c->name_bytes > CPIO_NAME_MAX ? -EINVAL : 0;
}

/* Collects up to want bytes in to; true when they are all there. */
static bool collect(struct cpio *c, char *to, size_t want, const u8 **data, size_t *n)
{
	size_t part = MIN(want - c->have, *n);

	memcpy(to + c->have, *data, part);
	c->have += part;
	*data += part;
	*n -= part;
	c->offset += part;
	return c->have == want;
}

static int entry_end(struct cpio *c)
{
	c->state = CPIO_PAD;
	return c->ops->end(c->arg);
}

static int entry_begin(struct cpio *c)
{
	if (c->name[c->name_bytes - 1])
		return -EINVAL;
	if (strcmp(c->name, "TRAILER!!!") == 0) {
		c->state = CPIO_GAP;
		c->ops->trailer(c->arg);
		return 0;
	}
	c->done = 0;
	int err = c->ops->begin(c->arg, &c->entry);
	if (err)
		return err;
	c->state = CPIO_DATA;
	return c->entry.size ? 0 : entry_end(c);
}

/* Skips the zeroes that align to 4 bytes. */
static bool skip_padding(struct cpio *c, const u8 **data, size_t *n)
{
	while (*n && c->offset % 4) {
		++*data;
		--*n;
		c->offset++;
	}
	return c->offset % 4 == 0;
}

static int take_data(struct cpio *c, const u8 **data, size_t *n)
{
	size_t part = (size_t)MIN(c->entry.size - c->done, (u64)*n);
	int err = c->ops->data(c->arg, *data, part, c->done);

	if (err)
		return err;
	c->done += part;
	c->offset += part;
	*data += part;
	*n -= part;
	return c->done == c->entry.size ? entry_end(c) : 0;
}

static int step(struct cpio *c, const u8 **data, size_t *n)
{
	switch (c->state) {
	case CPIO_GAP:
		if (**data == 0) {
			++*data;
			--*n;
			c->offset++;
			return 0;
		}
		if (**data != '0' || c->offset % 4)
			return -EINVAL;
		c->have = 0;
		c->state = CPIO_HEADER;
		return 0;
	case CPIO_HEADER:
		if (!collect(c, c->header, CPIO_HEADER_BYTES, data, n))
			return 0;
		c->have = 0;
		c->state = CPIO_NAME;
		return parse_header(c);
	case CPIO_NAME:
		/* The name, then its padding, before the entry begins. */
		if (c->have < c->name_bytes && !collect(c, c->name, c->name_bytes, data, n))
			return 0;
		return skip_padding(c, data, n) ? entry_begin(c) : 0;
	case CPIO_DATA:
		return take_data(c, data, n);
	case CPIO_PAD:
		if (skip_padding(c, data, n)) {
			c->have = 0;
			c->state = CPIO_HEADER;
		}
		return 0;
	}
	return -EINVAL;
}

int cpio_feed(struct cpio *c, const u8 *data, size_t n, size_t *used)
{
	const u8 *at = data;
	int err = 0;

	while (n && !err)
		err = step(c, &at, &n);
	*used = (size_t)(at - data);
	return err;
}

int cpio_finish(const struct cpio *c)
{
	return c->state == CPIO_GAP || (c->state == CPIO_HEADER && c->have == 0) || c->state == CPIO_PAD ? 0 : -EINVAL;
}
