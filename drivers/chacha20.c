/*
 * drivers/chacha20.c: the ChaCha20 block function, with a 64-bit counter and a nonce of zero.
 * No state, no locks, no errors. Source: RFC 8439, 2.3.
 */
#include "drivers/chacha20.h"

static inline u32 rotate(u32 v, int n) { return v << n | v >> (32 - n); }

#define QUARTER(a, b, c, d) do {                                                                   \
	a += b; d = rotate(d ^ a, 16);                                                             \
	c += d; b = rotate(b ^ c, 12);                                                             \
	a += b; d = rotate(d ^ a, 8);                                                              \
	c += d; b = rotate(b ^ c, 7);                                                              \
} while (0)

void chacha20_block(const u32 key[CHACHA20_KEY_WORDS], u64 counter, u32 out[16])
{
	const u32 start[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, key[0], key[1], key[2], key[3],
		key[4], key[5], key[6], key[7], (u32)counter, (u32)(counter >> 32), 0, 0 };
	u32 x0 = start[0], x1 = start[1], x2 = start[2], x3 = start[3], x4 = start[4], x5 = start[5], x6 = start[6],
	    x7 = start[7], x8 = start[8], x9 = start[9], x10 = start[10], x11 = start[11], x12 = start[12],
	    x13 = start[13], x14 = start[14], x15 = start[15];
	for (int round = 0; round < 10; round++) {
		QUARTER(x0, x4, x8, x12);
		QUARTER(x1, x5, x9, x13);
		QUARTER(x2, x6, x10, x14);
		QUARTER(x3, x7, x11, x15);
		QUARTER(x0, x5, x10, x15);
		QUARTER(x1, x6, x11, x12);
		QUARTER(x2, x7, x8, x13);
		QUARTER(x3, x4, x9, x14);
	}
	const u32 end[16] = { x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15 };
	for (int i = 0; i < 16; i++)
		out[i] = end[i] + start[i];
}
