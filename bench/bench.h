/*
 * bench.h: what the parts of the benchmark share. Each part (calls.c, process.c, cow.c, growth.c) is a suite or some
 * operations of one; main.c knows them all, takes the samples and prints them.
 *
 * An operation gives one figure, or it is a curve: one figure for each of its points. A curve runs in a process of its
 * own, which `grow` brings from one point to the next; what it has made goes when that process ends.
 */
#ifndef FURCA_BENCH_H
#define FURCA_BENCH_H

#include <stddef.h>
#include <sys/types.h>

#define PAGE 4096ul

typedef unsigned long ticks;

enum {
	ONCE = 1,	/* one sample, and nothing to warm up */
	BYTES = 2,	/* the figure is bytes, not time */
	LARGE = 4,	/* measures with touched memory: others let go of it first */
};

struct op {
	const char *name;
	ticks (*run)(void);
	const char *what;
	unsigned flags;
	const long *points;	/* of a curve; ends with -1 */
	int (*grow)(long point);	/* 0, or the errno of what this machine has no more of */
	const char *also, *also_what;	/* a second figure, which `run` leaves in also_ticks */
};

struct suite {
	const char *name, *what;
	const struct op *const *parts;	/* ends with NULL; each ends with an operation without a name */
};

extern const struct op calls_ops[], process_ops[], cow_ops[], memory_ops[], cow_large_ops[], thread_ops[];
extern const struct op deferred_ops[], growth_ops[];

extern const char *self;	/* this program's own file */
extern char *touched;		/* what touch() has made */
extern size_t touched_bytes;
extern volatile ticks *shared;	/* a page that a child can leave figures in */
extern ticks also_ticks;

ticks now(void);
__attribute__((noreturn)) void die(const char *what);
char *map(size_t bytes);	/* 4 KiB pages, not yet touched */
void touch(size_t bytes);	/* so much of this process is resident; nothing is done if it is */
void reap(pid_t pid);
ticks fork_exit_wait(int count);
#endif
