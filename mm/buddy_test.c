/* mm/buddy_test.c: the frame allocator against a map of who holds each frame; edges of ranges, reserve, statistics. */
#include "arch/host/host.h"
#include "mm/page.h"
#include "mm/buddy.h"

#define RAM_MIB 32
#define SLOTS 4000
struct block { struct page *p; unsigned order; u64 stamp; };
static struct block blocks[SLOTS];

static void fill(struct block *b)
{
	b->stamp = test_random();
	for (u64 i = 0; i < 1UL << b->order; i++)
		*(u64 *)page_address(b->p + i) = b->stamp + i;
}
static void check_and_free(struct block *b)
{
	for (u64 i = 0; i < 1UL << b->order; i++)
		CHECK(*(u64 *)page_address(b->p + i) == b->stamp + i);
	page_free(b->p, b->order);
	b->p = NULL;
}

static u64 frames_free(void)
{
	struct memory_stats s;
	memory_stats(&s);
	return s.free_pages;
}

static void test_random_blocks(void)
{
	host_init(RAM_MIB);
	u64 before = frames_free();
	for (int step = 0; step < 60000; step++) {
		struct block *b = &blocks[test_random_below(SLOTS)];
		if (b->p) {
			check_and_free(b);
			continue;
		}
		b->order = test_random_below(8) ? 0 : test_random_below(PAGE_ORDER_MAX - 2);
		b->p = page_alloc(NODE_ANY, PAGE_KERNEL, b->order);
		if (!b->p)
			continue;
		CHECK(IS_ALIGNED(page_to_pfn(b->p), 1UL << b->order));
		CHECK(refcount_read(&b->p->count) == 1 && b->p->kind == PAGE_KERNEL);
		fill(b);
	}
	for (int i = 0; i < SLOTS; i++)
		if (blocks[i].p)
			check_and_free(&blocks[i]);
	CHECK(frames_free() == before);
}

/* Every frame can be had, once, and afterwards blocks merge back to the largest. */
static void test_exhaust(void)
{
	host_init(RAM_MIB);
	u64 before = frames_free(), n = 0;
	struct page *all = NULL, *p;
	while ((p = page_alloc(0, PAGE_KERNEL, 0))) {
		p->private = all;
		all = p;
		n++;
	}
	CHECK(n == before && frames_free() == 0);
	while (all) {
		p = all;
		all = p->private;
		page_free(p, 0);
	}
	page_cache_drain();
	CHECK(frames_free() == before);
	CHECK(page_alloc(0, PAGE_KERNEL, PAGE_ORDER_MAX));
}

static void test_user_reserve(void)
{
	host_init(RAM_MIB);
	while (page_alloc(0, PAGE_ANON, 0))
		;
	CHECK(frames_free() > 0);
	CHECK(page_alloc(0, PAGE_TABLE, 0));
	struct memory_stats s;
	memory_stats(&s);
	CHECK(s.anon_pages + s.table_pages + s.kernel_pages + s.free_pages == s.total_pages);
}

static void test_node(void)
{
	host_init(RAM_MIB);
	CHECK(page_alloc(0, PAGE_KERNEL, 0) && page_alloc(NODE_ANY, PAGE_KERNEL, 0));
	CHECK(!page_alloc(1, PAGE_KERNEL, 0) && !page_alloc(-2, PAGE_KERNEL, 0));
	CHECK(!page_alloc(0, PAGE_KERNEL, PAGE_ORDER_MAX + 1));
}

/* Ranges that share 4 MiB blocks, with holes between them: nothing outside is ever handed out. */
static void test_ranges(void)
{
	static const paddr_t edges[][2] = { { 0x1000, 0x9f000 }, { 0x160000, 0x3ff000 }, { 0x401000, 0x1503000 },
		{ 0x1504000, 0x1800000 } };
	static u8 seen[0x1800];
	boot_info.memory_count = 4;
	for (int i = 0; i < 4; i++) {
		boot_info.memory[i].start = edges[i][0];
		boot_info.memory[i].end = edges[i][1];
	}
	host_ram_init(0x1800000);
	page_init();
	struct page *p;
	u64 n = 0, before = frames_free();
	memset(seen, 0, sizeof(seen));
	while ((p = page_alloc(0, PAGE_KERNEL, 0))) {
		u64 a = page_to_pfn(p) << PAGE_SHIFT;
		bool inside = false;
		for (int i = 0; i < 4; i++)
			inside |= a >= boot_info.memory[i].start && a < boot_info.memory[i].end;
		CHECK(inside && !seen[a >> PAGE_SHIFT]);
		seen[a >> PAGE_SHIFT] = 1;
		n++;
	}
	CHECK(n == before);
	for (u64 i = 0; i < ARRAY_SIZE(seen); i++)
		if (seen[i])
			page_free(pfn_to_page(i), 0);
	CHECK(frames_free() == before);
	/* a frame of the hole becomes the allocator's */
	p = page_adopt(0x1503, PAGE_FILE);
	CHECK(p->kind == PAGE_FILE && refcount_read(&p->count) == 1);
	page_put(p);
	page_release_range(0x3ff000, 0x401000);
	CHECK(frames_free() == before + 3);
	page_cache_drain();
}

static void test_counts(void)
{
	host_init(RAM_MIB);
	struct page *p = page_alloc_zeroed(0, PAGE_ANON);
	for (int i = 0; i < 512; i++)
		CHECK(((u64 *)page_address(p))[i] == 0);
	u64 before = frames_free();
	atomic_inc(&p->mapcount);
	page_map_get(p);
	CHECK(refcount_read(&p->count) == 2 && atomic_read(&p->mapcount) == 2);
	page_unmap_put(p);
	CHECK(refcount_read(&p->count) == 1 && atomic_read(&p->mapcount) == 1);
	page_get(p);
	page_unmap_put(p);
	CHECK(refcount_read(&p->count) == 1 && atomic_read(&p->mapcount) == 0 && frames_free() == before);
	page_put(p);
	CHECK(frames_free() == before + 1);
}

int main(void)
{
	TEST_RUN(test_random_blocks);
	TEST_RUN(test_exhaust);
	TEST_RUN(test_user_reserve);
	TEST_RUN(test_node);
	TEST_RUN(test_ranges);
	TEST_RUN(test_counts);
	return test_end();
}
