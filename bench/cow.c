/*
 * cow.c: writes to pages that a fork has left shared; and the whole of what a lazy fork moves to later, as curves.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "bench.h"

#define COW_PAGES 256
#define LARGE_BYTES (1ul << 30)

/*
 * What a lazy fork moves to later: a child of a parent with 1 GiB writes all of its pages, or one in every 2 MiB: the
 * worst of those single writes, or the mean of all.
 */
static ticks writes_after_fork(size_t step, int is_worst)
{
	touch(LARGE_BYTES);
	pid_t pid = fork();
	if (pid == 0) {
		ticks worst = 0, begin = now();
		for (size_t i = 0; i < touched_bytes; i += step) {
			ticks before = now(), took;
			*(volatile char *)(touched + i) = 2;
			took = now() - before;
			if (took > worst)
				worst = took;
		}
		*shared = is_worst ? worst : (now() - begin) / (touched_bytes / step);
		_exit(0);
	}
	reap(pid);
	return *shared;
}

static ticks run_cow_1g_worst(void)
{
	return writes_after_fork(2ul << 20, 1);
}

static ticks run_cow_1g_sparse(void)
{
	return writes_after_fork(2ul << 20, 0);
}

static ticks run_cow_1g_all(void)
{
	return writes_after_fork(PAGE, 0);
}

static ticks run_cow_copy(void)
{
	char *at = map(COW_PAGES * PAGE);
	memset(at, 1, COW_PAGES * PAGE);
	pid_t pid = fork();
	if (pid == 0) {
		ticks begin = now();
		for (size_t i = 0; i < COW_PAGES; i++)
			*(volatile char *)(at + i * PAGE) = 2;
		*shared = (now() - begin) / COW_PAGES;
		_exit(0);
	}
	reap(pid);
	munmap(at, COW_PAGES * PAGE);
	return *shared;
}

/*
 * The parent's writes after its child has gone. A kernel that shares page tables has two cases: the child never
 * wrote there, and the tables were never copied; or it did, and each of the parent's pages faults.
 */
static ticks cow_after_child(int child_writes)
{
	char *at = map(COW_PAGES * PAGE);
	memset(at, 1, COW_PAGES * PAGE);
	pid_t pid = fork();
	if (pid == 0) {
		if (child_writes)
			*(volatile char *)at = *(volatile char *)(at + (COW_PAGES - 1) * PAGE) = 2;
		_exit(0);
	}
	reap(pid);
	ticks begin = now();
	for (size_t i = 1; i < COW_PAGES - 1; i++)
		*(volatile char *)(at + i * PAGE) = 2;
	ticks took = (now() - begin) / (COW_PAGES - 2);
	munmap(at, COW_PAGES * PAGE);
	return took;
}

static ticks run_cow_reuse(void)
{
	return cow_after_child(1);
}

static ticks run_cow_reuse_untouched(void)
{
	return cow_after_child(0);
}

const struct op cow_ops[] = {
	{ "cow_copy", run_cow_copy, "a write to a shared page: it is copied" },
	{ "cow_reuse", run_cow_reuse, "a write to a page whose other owner, who has written beside it, has gone" },
	{ "cow_reuse_untouched", run_cow_reuse_untouched, "the same; the other owner has written nothing there" },
	{},
};

const struct op cow_large_ops[] = {
	{ "cow_1g_worst", run_cow_1g_worst, "a child writes a page in each 2 MiB of 1 GiB: the worst write", LARGE },
	{ "cow_1g_sparse", run_cow_1g_sparse, "the same: the mean write", LARGE },
	{ "cow_1g_all", run_cow_1g_all, "a child writes every page of 1 GiB: the mean write", ONCE | LARGE },
	{},
};

/*
 * --- the whole price of a lazy fork ---
 * A process with 1 GiB touched forks; the child, or the parent while the child lives, writes so many percent of the
 * pages, the first of them in order or any of them in random order; the child exits, the parent waits. All of that is the
 * figure; the second is the worst single write.
 */
#define LARGE_PAGES (LARGE_BYTES / PAGE)

static const long percents[] = { 0, 1, 10, 50, 100, -1 };
static size_t written;	/* pages */

static int write_percent(long percent)
{
	touch(LARGE_BYTES);
	written = LARGE_PAGES * percent / 100;
	return 0;
}

/* Each number below LARGE_PAGES, a power of two, becomes another: every step can be undone. No list of them lies in memory. */
static size_t shuffled(size_t i)
{
	for (int round = 0; round < 3; round++) {
		i = (i * 0x2c1b3c6d + 0x9e3779b9) % LARGE_PAGES;
		i ^= i >> 9;
	}
	return i;
}

/* One look at the clock a write: each stretch lasts from the end of the write before. */
static ticks write_pages(int is_random)
{
	ticks worst = 0, before = now();
	for (size_t i = 0; i < written; i++) {
		size_t page = is_random ? shuffled(i) : i;
		*(volatile char *)(touched + page * PAGE) = 2;
		ticks after = now();
		if (after - before > worst)
			worst = after - before;
		before = after;
	}
	return worst;
}

static ticks child_writes(int is_random)
{
	ticks begin = now();
	pid_t pid = fork();
	if (pid == 0) {
		*shared = write_pages(is_random);
		_exit(0);
	}
	reap(pid);
	also_ticks = *shared;
	return now() - begin;
}

/* The child is there, and asleep, while its parent writes: its own start is in none of the writes. */
static ticks parent_writes(int is_random)
{
	int there[2], back[2];
	char c = 'x';
	if (pipe(there) || pipe(back))
		die("pipe");
	ticks begin = now();
	pid_t pid = fork();
	if (pid == 0) {
		close(there[1]);
		_exit(write(back[1], &c, 1) != 1 || read(there[0], &c, 1) != 0);
	}
	if (read(back[0], &c, 1) != 1)
		die("read");
	also_ticks = write_pages(is_random);
	close(there[1]);
	reap(pid);
	ticks took = now() - begin;
	close(there[0]);
	close(back[0]);
	close(back[1]);
	return took;
}

static ticks run_child_order(void)
{
	return child_writes(0);
}

static ticks run_child_random(void)
{
	return child_writes(1);
}

static ticks run_parent_order(void)
{
	return parent_writes(0);
}

static ticks run_parent_random(void)
{
	return parent_writes(1);
}

#define DEFERRED(name, what) \
	{ #name, run_##name, what, LARGE, percents, write_percent, #name "_worst", "the same: the worst single write" }
const struct op deferred_ops[] = {
	DEFERRED(child_order, "the child writes the first pages, in order"),
	DEFERRED(child_random, "the child writes pages anywhere, in random order"),
	DEFERRED(parent_order, "the parent writes the first pages, in order, while the child lives"),
	DEFERRED(parent_random, "the parent writes pages anywhere, in random order, while the child lives"),
	{},
};
