/*
 * arch/host/host.h: a Linux process as the CPU: what the unit tests (*_test.c) call.
 *
 * A test is a program: main() calls host_init(), runs each case with TEST_RUN(fn), ends with return test_end().
 * Kernel headers and the C library's do not mix (both define signals): what tests need of the latter is declared here.
 * Several CPUs: host_switch_cpu(n) makes the calling code CPU n; an interrupt sent to a CPU runs at once, there.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H
#include "base/types.h"
#include "base/string.h"
#include "arch/arch.h"

int printf(const char *fmt, ...) __printf(1, 2);
void abort(void) __noreturn;
void exit(int) __noreturn;
void *malloc(size_t);
void *calloc(size_t, size_t);
void free(void *);

/* RAM of so many MiB from physical 1 MiB on, CPU 0, allocators ready. */
void host_init(unsigned ram_mib);
/* As host_init, but the caller filled boot_info.memory[]; page_init() is left to the caller. */
void host_ram_init(paddr_t memory_end);
void host_switch_cpu(u32 id);
bool host_kernel_is_mapped(unsigned long va);
void host_fail_kernel_map_after(unsigned n);	/* arch_kernel_map() works n times more; -1: always */

/* -- cases -- */
extern const char *test_name;	/* the case that runs */
void test_fail(const char *file, int line, const char *what) __noreturn;
#define CHECK(cond) do { if (unlikely(!(cond))) test_fail(__FILE__, __LINE__, #cond); } while (0)
void test_run(const char *name, void (*fn)(void));
#define TEST_RUN(fn) test_run(#fn, fn)
int test_end(void);
/* Runs fn(arg): true if it ended in a panic, which is no failure here. */
bool host_panics(void (*fn)(void *), void *arg);

/* A repeatable random sequence; the seed is the environment's SEED, or 1. */
u64 test_random(void);
void test_random_seed(u64 seed);	/* another sequence for this thread */
/* Real threads, each a CPU of its own: from here on a lock that is held is waited for. Runs fn(n) n = 0..threads-1. */
void host_run_threads(unsigned threads, void (*fn)(unsigned n));
static inline u64 test_random_below(u64 n) { return test_random() % n; }

/* -- the model of the TLB and of the walker's caches: arch/host/mmu.c -- */
/* What the loaded address space of this CPU gives for va: 0 and *pfn, or -1: a page fault. The model uses whatever it
 * has cached, however old, unless it was flushed: it is as bad as the architecture allows. */
int host_access(uptr va, bool is_write, u64 *pfn);
/* Fails the test if any CPU has something cached that its tables no longer say: between operations nothing may be. */
void host_tlb_check(void);
void host_tlb_forget(void);	/* empties the model's caches of all CPUs */
#endif
