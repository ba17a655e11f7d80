/* mm/slab_test.c: objects do not overlap, live counts are right, empty slabs go back, the failing gate fails once. */
#include "arch/host/host.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "mm/buddy.h"
#include "task/task.h"

struct odd { char bytes[200]; };
static SLAB_CACHE(odd_cache, struct odd);
struct big { char bytes[1500]; };
static SLAB_CACHE(big_cache, struct big);

#define SLOTS 3000
static struct { u8 *p; size_t n; u8 stamp; } slots[SLOTS];

static void slot_check_free(int i)
{
	for (size_t k = 0; k < slots[i].n; k++)
		CHECK(slots[i].p[k] == slots[i].stamp);
	kfree(slots[i].p);
	slots[i].p = NULL;
}

static void test_kmalloc_random(void)
{
	for (int step = 0; step < 60000; step++) {
		int i = test_random_below(SLOTS);
		if (slots[i].p) {
			slot_check_free(i);
			continue;
		}
		size_t n = test_random_below(16) ? test_random_below(600) : test_random_below(20000);
		slots[i].p = kmalloc(n);
		if (!slots[i].p)
			continue;
		CHECK(IS_ALIGNED((uptr)slots[i].p, 8));
		if (n >= 8 && (n & (n - 1)) == 0)
			CHECK(IS_ALIGNED((uptr)slots[i].p - (uptr)host_ram, n));
		slots[i].n = n;
		slots[i].stamp = (u8)step;
		memset(slots[i].p, slots[i].stamp, n);
	}
	for (int i = 0; i < SLOTS; i++)
		if (slots[i].p)
			slot_check_free(i);
	CHECK(slab_live_bytes() == 0);
}

static void test_cache(struct slab_cache *c)
{
	void *objs[500];
	for (int i = 0; i < 500; i++) {
		objs[i] = slab_alloc(c);
		memset(objs[i], i, c->size);
	}
	CHECK(slab_live(c) == 500);
	for (int i = 0; i < 500; i++) {
		u8 *o = objs[i];
		CHECK(o[0] == (u8)i && o[c->size - 1] == (u8)i);
		slab_free(c, o);
	}
	slab_free(c, NULL);
	CHECK(slab_live(c) == 0 && c->empty_slabs <= 2);
	slab_reclaim();
	CHECK(c->slabs == 0 && c->empty_slabs == 0 && !c->quick[cpu_id()].count);
}
static void test_odd_sizes(void)
{
	test_cache(&odd_cache);
	test_cache(&big_cache);
	u8 *z = slab_zalloc(&odd_cache);
	for (int i = 0; i < 200; i++)
		CHECK(z[i] == 0);
	slab_free(&odd_cache, z);
}

static void test_reclaim(void)
{
	struct memory_stats s;
	slab_reclaim();
	memory_stats(&s);
	CHECK(s.slab_pages == 0 && s.kernel_pages == 1);	/* the zero page */
	CHECK(s.free_pages + 1 == s.total_pages);
}

static void test_out_of_memory(void)
{
	u64 n = 0;
	void **all = NULL, **p;
	while ((p = kmalloc(1024))) {
		*p = all;
		all = p;
		n++;
	}
	CHECK(n > 10000 && !slab_alloc(&odd_cache));
	while (all) {
		p = all;
		all = *p;
		kfree(p);
	}
	CHECK(slab_live_bytes() == 0);
	test_reclaim();
}

static void test_failing_gate(void)
{
	static struct task t;
	host_set_current(&t);
	void *warm = kmalloc(10);	/* so that no slab is needed below */
	t.fail_nth = 3;
	void *a = kmalloc(10), *b = kmalloc(10), *c = kmalloc(10), *d = kmalloc(10);
	CHECK(a && b && !c && d && t.fail_nth == 0);
	t.fail_nth = 2;			/* the frame below the object counts too */
	CHECK(!slab_alloc(&odd_cache) && t.fail_nth == 0);
	kfree(a);
	kfree(b);
	kfree(d);
	kfree(warm);
	host_set_current(NULL);
}

static void count_one(const struct slab_cache *c, void *arg) { ++*(int *)arg; }
static void test_listing(void)
{
	int n = 0;
	slab_for_each(count_one, &n);
	CHECK(n >= 10);
	char *s = kstrdup("furca");
	CHECK(strcmp(s, "furca") == 0);
	kfree(s);
	kfree(NULL);
	CHECK(!kmalloc((PAGE_SIZE << PAGE_ORDER_MAX) + 1));
}

int main(void)
{
	host_init(32);
	TEST_RUN(test_kmalloc_random);
	TEST_RUN(test_odd_sizes);
	TEST_RUN(test_reclaim);
	TEST_RUN(test_out_of_memory);
	TEST_RUN(test_failing_gate);
	TEST_RUN(test_listing);
	return test_end();
}
