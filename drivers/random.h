/*
 * drivers/random.h: random numbers: one ChaCha20 generator with fast key erasure, seeded from the CPU (rdrand),
 * virtio-rng where there is one, and the clocks. Never blocks, never fails, works from the first line of C on.
 * Way in: random_bytes() from any context. Locks: the generator's own (RANK_RANDOM), held for a batch of eight blocks at most.
 */
#ifndef DRIVERS_RANDOM_H
#define DRIVERS_RANDOM_H
#include "base/types.h"

void random_bytes(void *buf, size_t n);
u64 random_u64(void);
/* Mixes what a device or a user gave into the key; says nothing about its worth. */
void random_mix(const void *data, size_t n);
void random_init(void);			/* the device nodes */
#endif
