/*
 * fuzz.h: what the modes of the fuzzer share: a seeded chance, values at boundaries, and the limits of a program.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof *(a))
/* Where the programs' files are. */
#define HOME "/tmp/fuzz"

/* The next number of the seed's row; each process may begin a row of its own. */
uint64_t chance(void);
void chance_begin(uint64_t seed);
/* One of 0..n-1. */
unsigned below(unsigned n);
/* A number at a boundary of 8 to 64 bits, of a page or of the address space, or one or a page beside it; sometimes any. */
uint64_t boundary(void);
/* The same, but of few pages or of a small number more often than not. */
uint64_t small_or_boundary(void);

/* Each runs the steps of the seed in a process of its own, which may die of it. */
void elf_run(int steps);
void memory_run(int steps);
void calls_run(int steps);
void spaces_run(int steps);
void files_run(int steps);
void elf_furnish(void);
