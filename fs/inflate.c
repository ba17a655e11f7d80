/*
 * fs/inflate.c: gzip decompression. Codes are looked up in one table by their first TABLE_BITS bits; the few longer
 * ones are found by counting through the canonical code. Output collects in a window whose last 32 KiB stay for
 * distances to reach back into; each time it is full it goes out.
 * Locks: none. Errors: -EINVAL for anything the format forbids, a wrong checksum or length among it.
 * Source: RFC 1951 (deflate), RFC 1952 (gzip).
 */
#include "fs/inflate.h"
#include "base/errno.h"
#include "base/string.h"
#include "mm/slab.h"

#define TABLE_BITS 10
#define CODE_BITS_MAX 15
#define SYMBOLS_MAX 288
#define HISTORY 32768U
#define WINDOW (4 * HISTORY)

struct code {
	u16 table[1 << TABLE_BITS];	/* symbol << 4 | length; 0: a longer code, or none */
	u16 count[CODE_BITS_MAX + 1];	/* codes of each length */
	u16 symbols[SYMBOLS_MAX];	/* in the order of their codes */
};

struct inflate {
	const u8 *in, *end, *start;
	u64 bits;		/* not used yet, the next one lowest */
	unsigned bit_count;
	u32 at;			/* end of the output in the window */
	u32 sent;		/* up to here it went out */
	u32 crc;
	u64 total;
	inflate_out out;
	void *arg;
	int err;
	struct code literals, distances;
	u32 crc_table[8][256];
	u8 window[WINDOW];
};

/* -- checksum: eight bytes at a time -- */
static void crc_init(struct inflate *s)
{
	for (u32 i = 0; i < 256; i++) {
		u32 c = i;
		for (int k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
		s->crc_table[0][i] = c;
	}
	for (u32 i = 0; i < 256; i++) {
		for (int k = 1; k < 8; k++) {
			u32 before = s->crc_table[k - 1][i];
			s->crc_table[k][i] = before >> 8 ^ s->crc_table[0][before & 0xff];
		}
	}
}

static u32 crc_update(struct inflate *s, u32 c, const u8 *p, size_t n)
{
	u32 (*t)[256] = s->crc_table;

	for (; n >= 8; p += 8, n -= 8) {
		u32 a, b;
		__builtin_memcpy(&a, p, 4);
		__builtin_memcpy(&b, p + 4, 4);
		a ^= c;
		c = t[7][a & 0xff] ^ t[6][a >> 8 & 0xff] ^ t[5][a >> 16 & 0xff] ^ t[4][a >> 24] ^
		    t[3][b & 0xff] ^ t[2][b >> 8 & 0xff] ^ t[1][b >> 16 & 0xff] ^ t[0][b >> 24];
	}
	while (n--)
		c = c >> 8 ^ t[0][(c ^ *p++) & 0xff];
	return c;
}

/* -- bits -- */
static inline void refill(struct inflate *s)
{
	/* Eight bytes at once: those that do not fit are read again next time. */
	if (likely(s->end - s->in >= 8)) {
		u64 next;
		__builtin_memcpy(&next, s->in, 8);
		s->bits |= next << s->bit_count;
		s->in += (63 - s->bit_count) / 8;
		s->bit_count |= 56;
		return;
	}
	while (s->bit_count <= 56 && s->in < s->end) {
		s->bits |= (u64)*s->in++ << s->bit_count;
		s->bit_count += 8;
	}
}

/* n bits (at most 32). Beyond the end: zeroes and -EINVAL. */
static u32 take(struct inflate *s, unsigned n)
{
	if (s->bit_count < n) {
		refill(s);
		if (s->bit_count < n) {
			s->err = -EINVAL;
			return 0;
		}
	}
	u32 v = (u32)(s->bits & ((1UL << n) - 1));
	s->bits >>= n;
	s->bit_count -= n;
	return v;
}

/* -- output -- */
static void send(struct inflate *s)
{
	u32 n = s->at - s->sent;

	if (s->err || !n)
		return;
	s->crc = crc_update(s, s->crc, s->window + s->sent, n);
	s->total += n;
	s->err = s->out(s->arg, s->window + s->sent, n, (size_t)(s->in - s->start));
	if (s->at > WINDOW - HISTORY) {
		memmove(s->window, s->window + s->at - HISTORY, HISTORY);
		s->at = HISTORY;
	}
	s->sent = s->at;
}

static inline void put(struct inflate *s, u8 c)
{
	if (unlikely(s->at == WINDOW))
		send(s);
	s->window[s->at++] = c;
}

/* -- codes -- */
static u32 reversed(u32 code, unsigned bits)
{
	u32 r = 0;
	while (bits--) {
		r = r << 1 | (code & 1);
		code >>= 1;
	}
	return r;
}

/* Makes the code of n symbols from the lengths. -EINVAL: more codes than there is room for. */
static int code_make(struct code *c, const u8 *lengths, unsigned n)
{
	u16 offset[CODE_BITS_MAX + 2] = { 0 };
	u32 code = 0, next[CODE_BITS_MAX + 1];
	int left = 1;

	memset(c->table, 0, sizeof(c->table));
	memset(c->count, 0, sizeof(c->count));
	for (unsigned i = 0; i < n; i++)
		c->count[lengths[i]]++;
	c->count[0] = 0;
	for (unsigned len = 1; len <= CODE_BITS_MAX; len++) {
		left = left * 2 - c->count[len];
		if (left < 0)
			return -EINVAL;
		code = (code + (len > 1 ? c->count[len - 1] : 0)) << 1;
		next[len] = code;
		offset[len + 1] = (u16)(offset[len] + c->count[len]);
	}
	for (unsigned i = 0; i < n; i++) {
		unsigned len = lengths[i];
		if (!len)
			continue;
		c->symbols[offset[len]++] = (u16)i;
		u32 r = reversed(next[len]++, len);
		for (; len <= TABLE_BITS && r < 1u << TABLE_BITS; r += 1u << len)
			c->table[r] = (u16)(i << 4 | len);
	}
	return 0;
}

static int decode_long(struct inflate *s, const struct code *c)
{
	u32 code = 0, first = 0, index = 0;
	u64 bits = s->bits;

	for (unsigned len = 1; len <= CODE_BITS_MAX && len <= s->bit_count; len++, bits >>= 1) {
		code |= bits & 1;
		u32 count = c->count[len];
		if (code - first < count) {
			s->bits >>= len;
			s->bit_count -= len;
			return c->symbols[index + code - first];
		}
		index += count;
		first = (first + count) << 1;
		code <<= 1;
	}
	s->err = -EINVAL;
	return 0;
}

static inline int decode(struct inflate *s, const struct code *c)
{
	if (s->bit_count < CODE_BITS_MAX)
		refill(s);
	u16 e = c->table[s->bits & ((1 << TABLE_BITS) - 1)];
	unsigned len = e & 15;
	if (unlikely(!len || len > s->bit_count))
		return decode_long(s, c);
	s->bits >>= len;
	s->bit_count -= len;
	return e >> 4;
}

/* -- blocks -- */
static const u16 length_base[] = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99,
	115, 131, 163, 195, 227, 258 };
static const u8 length_bits[] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5,
	5, 0 };
static const u16 distance_base[] = { 1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769,
	1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577 };
static const u8 distance_bits[] = { 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11,
	12, 12, 13, 13 };

static void copy_back(struct inflate *s, unsigned symbol)
{
	if (symbol >= ARRAY_SIZE(length_base)) {
		s->err = -EINVAL;
		return;
	}
	u32 len = length_base[symbol] + take(s, length_bits[symbol]);
	unsigned d = (unsigned)decode(s, &s->distances);
	if (s->err || d >= ARRAY_SIZE(distance_base)) {
		s->err = -EINVAL;
		return;
	}
	u32 distance = distance_base[d] + take(s, distance_bits[d]);
	if (s->at + len > WINDOW)
		send(s);
	if (s->err || distance > s->at) {
		s->err = s->err ? s->err : -EINVAL;
		return;
	}
	u8 *to = s->window + s->at;
	const u8 *from = to - distance;
	s->at += len;
	while (len--)
		*to++ = *from++;
}

/* What the loop below keeps in registers. */
struct fast { const u8 *in; u64 bits; unsigned count; u8 *to; };

static __always_inline void fast_refill(struct fast *f)
{
	u64 next;
	__builtin_memcpy(&next, f->in, 8);
	f->bits |= next << f->count;
	f->in += (63 - f->count) / 8;
	f->count |= 56;
}

static __always_inline u32 fast_take(struct fast *f, unsigned n)
{
	u32 v = (u32)(f->bits & ((1UL << n) - 1));
	f->bits >>= n;
	f->count -= n;
	return v;
}

/* A match whose length symbol has been taken. False: it needs the careful way, and nothing of it was taken. */
static __always_inline bool fast_match(struct inflate *s, struct fast *f, unsigned symbol)
{
	struct fast before = *f;
	u32 len = symbol < ARRAY_SIZE(length_base) ? length_base[symbol] + fast_take(f, length_bits[symbol]) : 0;
	u16 e = s->distances.table[f->bits & ((1 << TABLE_BITS) - 1)];
	unsigned d = e >> 4;

	fast_take(f, e & 15);
	u32 distance = d < ARRAY_SIZE(distance_base) ? distance_base[d] + fast_take(f, distance_bits[d]) : ~0u;
	if (!len || !(e & 15) || distance > (u32)(f->to - s->window)) {
		*f = before;
		return false;
	}
	const u8 *from = f->to - distance;
	u8 *to = f->to;
	f->to += len;
	if (distance < 8) {
		while (to < f->to)
			*to++ = *from++;
	} else {
		/* Whole words: the last may write beyond the match, where the next output comes. */
		for (; to < f->to; to += 8, from += 8)
			__builtin_memcpy(to, from, 8);
	}
	return true;
}

/* Decodes while there is input for any symbol and room for any match. Whatever is not plain (a long code, the block's
 * end, something wrong) is left to the careful way. */
static void coded_block_fast(struct inflate *s)
{
	struct fast f = { s->in, s->bits, s->bit_count, s->window + s->at };
	const u8 *in_end = s->end - 16, *to_end = s->window + WINDOW - 300;

	while (f.in < in_end && f.to < to_end) {
		fast_refill(&f);
		u16 e = s->literals.table[f.bits & ((1 << TABLE_BITS) - 1)];
		if ((e & 15) && e >> 4 < 256) {
			fast_take(&f, e & 15);
			*f.to++ = (u8)(e >> 4);
			e = s->literals.table[f.bits & ((1 << TABLE_BITS) - 1)];
		}
		if (!(e & 15) || e >> 4 == 256)
			break;
		struct fast before = f;
		fast_take(&f, e & 15);
		if (e >> 4 < 256) {
			*f.to++ = (u8)(e >> 4);
		} else if (!fast_match(s, &f, (unsigned)(e >> 4) - 257)) {
			f = before;
			break;
		}
	}
	s->in = f.in;
	s->bits = f.bits;
	s->bit_count = f.count;
	s->at = (u32)(f.to - s->window);
}

static void coded_block(struct inflate *s)
{
	while (!s->err) {
		if (s->end - s->in > 16)
			coded_block_fast(s);
		int symbol = decode(s, &s->literals);
		if (s->err || symbol == 256)
			return;
		if (symbol < 256)
			put(s, (u8)symbol);
		else
			copy_back(s, (unsigned)symbol - 257);
	}
}

static void stored_block(struct inflate *s)
{
	take(s, s->bit_count % 8);
	u32 len = take(s, 16), check = take(s, 16);

	/* The bytes follow as they are: whole ones that were read ahead go back. */
	s->in -= s->bit_count / 8;
	s->bits = s->bit_count = 0;
	if (len != (check ^ 0xffff) || len > (size_t)(s->end - s->in))
		s->err = s->err ? s->err : -EINVAL;
	while (len && !s->err) {
		if (s->at == WINDOW)
			send(s);
		u32 part = MIN(len, WINDOW - s->at);
		memcpy(s->window + s->at, s->in, part);
		s->at += part;
		s->in += part;
		len -= part;
	}
}

static void fixed_codes(struct inflate *s)
{
	u8 lengths[SYMBOLS_MAX];

	for (unsigned i = 0; i < SYMBOLS_MAX; i++)
		lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
	s->err = code_make(&s->literals, lengths, SYMBOLS_MAX);
	memset(lengths, 5, 30);
	if (!s->err)
		s->err = code_make(&s->distances, lengths, 30);
}

/* The lengths of both codes, themselves coded. */
static void read_lengths(struct inflate *s, u8 *lengths, unsigned n)
{
	unsigned i = 0;

	while (i < n && !s->err) {
		int symbol = decode(s, &s->literals);
		u8 value = 0;
		unsigned repeat = 1;
		if (symbol < 16)
			value = (u8)symbol;
		else if (symbol == 16)
			repeat = 3 + take(s, 2);
		else
			repeat = symbol == 17 ? 3 + take(s, 3) : 11 + take(s, 7);
		if (symbol == 16 && i)
			value = lengths[i - 1];
		if ((symbol == 16 && !i) || i + repeat > n)
			s->err = -EINVAL;
		while (!s->err && repeat--)
			lengths[i++] = value;
	}
}

static void dynamic_codes(struct inflate *s)
{
	static const u8 order[] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
	u8 lengths[SYMBOLS_MAX + 32] = { 0 };
	unsigned literals = 257 + take(s, 5), distances = 1 + take(s, 5), n = 4 + take(s, 4);

	if (literals > 286 || distances > 30)
		s->err = -EINVAL;
	for (unsigned i = 0; i < n; i++)
		lengths[order[i]] = (u8)take(s, 3);
	if (!s->err)
		s->err = code_make(&s->literals, lengths, 19);
	memset(lengths, 0, sizeof(lengths));
	read_lengths(s, lengths, literals + distances);
	if (!s->err && !lengths[256])
		s->err = -EINVAL;
	if (!s->err)
		s->err = code_make(&s->literals, lengths, literals);
	if (!s->err)
		s->err = code_make(&s->distances, lengths + literals, distances);
}

static void inflate_blocks(struct inflate *s)
{
	bool is_last = false;

	while (!is_last && !s->err) {
		is_last = take(s, 1);
		switch (take(s, 2)) {
		case 0:
			stored_block(s);
			continue;
		case 1:
			fixed_codes(s);
			break;
		case 2:
			dynamic_codes(s);
			break;
		default:
			s->err = -EINVAL;
		}
		coded_block(s);
	}
	send(s);
}

/* -- gzip -- */
static void skip_string(struct inflate *s)
{
	while (!s->err && take(s, 8))
		;
}

static void gzip_header(struct inflate *s)
{
	enum { HAS_CRC = 2, HAS_EXTRA = 4, HAS_NAME = 8, HAS_COMMENT = 16 };

	if (take(s, 8) != 0x1f || take(s, 8) != 0x8b || take(s, 8) != 8)
		s->err = -EINVAL;
	u32 flags = take(s, 8);
	take(s, 32);	/* time */
	take(s, 16);	/* extra flags, system */
	if (flags & HAS_EXTRA) {
		for (u32 n = take(s, 16); n && !s->err; n--)
			take(s, 8);
	}
	if (flags & HAS_NAME)
		skip_string(s);
	if (flags & HAS_COMMENT)
		skip_string(s);
	if (flags & HAS_CRC)
		take(s, 16);
}

int inflate_gzip(const u8 *in, size_t n, inflate_out out, void *arg, size_t *used)
{
	struct inflate *s = kmalloc(sizeof(*s));

	if (!s)
		return -ENOMEM;
	memset(s, 0, offsetof(struct inflate, literals));
	s->in = s->start = in;
	s->end = in + n;
	s->out = out;
	s->arg = arg;
	s->crc = ~0u;
	crc_init(s);
	gzip_header(s);
	inflate_blocks(s);
	take(s, s->bit_count % 8);
	u32 crc = take(s, 32), size = take(s, 32);
	if (!s->err && (crc != ~s->crc || size != (u32)s->total))
		s->err = -EINVAL;
	*used = (size_t)(s->in - s->start) - s->bit_count / 8;
	int err = s->err;
	kfree(s);
	return err;
}
