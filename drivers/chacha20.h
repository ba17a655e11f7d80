/* drivers/chacha20.h: the ChaCha20 block function; see chacha20.c. */
#ifndef DRIVERS_CHACHA20_H
#define DRIVERS_CHACHA20_H
#include "base/types.h"
#define CHACHA20_KEY_WORDS 8
/* 64 bytes of key stream. */
void chacha20_block(const u32 key[CHACHA20_KEY_WORDS], u64 counter, u32 out[16]);
#endif
