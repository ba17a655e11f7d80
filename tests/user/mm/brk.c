/* brk(2), by the raw call: it gives the new end, or the old one when it refuses. */
#include "check.h"

static char *set(char *to)
{
	return (char *)RAW(SYS_brk, to);
}

static char *page_up(char *at)
{
	return (char *)(((uintptr_t)at + PAGE - 1) & -PAGE);
}

static bool mapped(const void *at)
{
	return msync((void *)at, PAGE, MS_ASYNC) == 0;
}

TEST(grow_and_shrink)
{
	char *old = set(0), *base = page_up(old);
	CHECK(set(base + 4 * PAGE) == base + 4 * PAGE);
	for (int i = 0; i < 4; i++) {
		CHECK_EQ(base[i * PAGE], 0);
		base[i * PAGE] = 1;
	}
	CHECK(set(base + 2 * PAGE) == base + 2 * PAGE);
	CHECK(mapped(base + PAGE));
	CHECK(!mapped(base + 2 * PAGE));
	CHECK(set(base + 4 * PAGE) == base + 4 * PAGE);
	CHECK_EQ(base[PAGE], 1);
	CHECK_EQ(base[2 * PAGE], 0);
	CHECK(set(old) == old);
}

TEST(odd_ends)
{
	char *base = page_up(set(0));
	CHECK(set(base + 1) == base + 1);
	base[PAGE - 1] = 1; /* the whole page is there */
	CHECK(set(base + 100) == base + 100);
	CHECK(set(base) == base);
	CHECK(!mapped(base));
}

TEST(refused)
{
	char *end = set(0);
	CHECK(set((char *)1) == end);
	CHECK(set((char *)(1ul << 47)) == end);
	CHECK(set((char *)-1ul) == end);
	/* Not into another mapping. */
	char *base = page_up(end) + 4 * PAGE;
	if (mmap(base, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == base) {
		CHECK(set(base + PAGE) == end);
		CHECK(set(0) == end);
	}
}

TEST(limit)
{
	char *end = set(0);
	IN_CHILD {
		CHECK_OK(setrlimit(RLIMIT_DATA, &(struct rlimit){1 << 20, 1 << 20}));
		CHECK(set(end + (2 << 20)) == end);
	}
	CHECK(set(end + (2 << 20)) == end + (2 << 20));
}

TEST(heap_in_maps)
{
	static char text[16384];
	char *end = set(0);
	CHECK(set(end + 3 * PAGE) == end + 3 * PAGE);
	CHECK(check_slurp("/proc/self/maps", text, sizeof text) > 0);
	CHECK(strstr(text, "[heap]"));
}

TEST(same_after_fork)
{
	char *end = set(0);
	IN_CHILD {
		CHECK(set(0) == end);
	}
}
