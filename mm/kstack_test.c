/* mm/kstack_test.c: kernel stacks: their guard pages, the cache, what a failure leaves behind. */
#include "arch/host/host.h"
#include "mm/buddy.h"
#include "mm/kstack.h"
#include "mm/slab.h"

#define STACKS 200
static u8 *stacks[STACKS];

static u64 kernel_pages(void)
{
	struct memory_stats s;

	memory_stats(&s);
	return s.kernel_pages + s.kstack_pages;
}

static void check_stack(u8 *s)
{
	unsigned long base = (unsigned long)s;

	CHECK(!host_kernel_is_mapped(base - PAGE_SIZE) && kstack_describe(base - 1) && !kstack_describe(base));
	for (unsigned long at = base; at < base + KSTACK_SIZE; at += PAGE_SIZE)
		CHECK(host_kernel_is_mapped(at));
	CHECK(!kstack_describe(base + KSTACK_SIZE - 1));
}

static void test_many(void)
{
	u64 before = kernel_pages();

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < STACKS; i++) {
			stacks[i] = kstack_alloc(NODE_ANY);
			CHECK(stacks[i]);
			check_stack(stacks[i]);
			memset(stacks[i] + 256, i, KSTACK_SIZE - 256);
		}
		CHECK(kstack_live() == STACKS && kstack_pages() == STACKS * 4);
		for (int i = 0; i < STACKS; i++) {
			CHECK(stacks[i][256] == (u8)i && stacks[i][KSTACK_SIZE - 1] == (u8)i);
			kstack_free(stacks[i]);
		}
		CHECK(kstack_live() == 0 && kstack_pages() < STACKS);
	}
	kstack_reclaim();
	CHECK(kstack_pages() == 0 && kernel_pages() == before);
	kstack_free(NULL);
}

static void test_reuse(void)
{
	u8 *a = kstack_alloc(0), *b;

	kstack_free(a);
	b = kstack_alloc(0);
	CHECK(a == b);		/* mapped all the while */
	kstack_free(b);
	kstack_reclaim();
	CHECK(!host_kernel_is_mapped((unsigned long)b));
	CHECK(kstack_describe(0) == NULL && !kstack_describe(arch_kstack_area + (64UL << 30)));
	CHECK(!kstack_alloc(1));	/* no such node */
}

static void test_failures(void)
{
	u64 before = kernel_pages();

	for (unsigned n = 0; n < 4; n++) {
		host_fail_kernel_map_after(n);
		CHECK(!kstack_alloc(0));
		CHECK(kernel_pages() == before && kstack_pages() == 0);
	}
	host_fail_kernel_map_after(-1u);
	u8 *s = kstack_alloc(0);
	check_stack(s);
	kstack_free(s);
	kstack_reclaim();
	CHECK(kernel_pages() == before);
}

int main(void)
{
	host_init(32);
	TEST_RUN(test_many);
	TEST_RUN(test_reuse);
	TEST_RUN(test_failures);
	return test_end();
}
