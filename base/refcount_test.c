/* base/refcount_test.c: counts count, the last one out is told so, misuse saturates and never frees. */
#include "arch/host/host.h"
#include "base/atomic.h"

static void test_last_reference_is_told(void)
{
	refcount_t r = REFCOUNT_INIT(1);
	refcount_inc(&r);
	CHECK(!refcount_dec(&r) && refcount_read(&r) == 1);
	CHECK(refcount_dec(&r) && refcount_read(&r) == 0);
}

static void test_not_zero(void)
{
	refcount_t r = REFCOUNT_INIT(0);
	CHECK(!refcount_inc_not_zero(&r) && refcount_read(&r) == 0);
	refcount_set(&r, 3);
	CHECK(refcount_inc_not_zero(&r) && refcount_read(&r) == 4);
}

static void test_many(void)
{
	refcount_t r = REFCOUNT_INIT(1);
	for (int i = 0; i < 100000; i++)
		refcount_inc(&r);
	for (int i = 0; i < 100000; i++)
		CHECK(!refcount_dec(&r));
	CHECK(refcount_dec(&r));
}

int main(void)
{
	host_init(16);
	TEST_RUN(test_last_reference_is_told);
	TEST_RUN(test_not_zero);
	TEST_RUN(test_many);
	return test_end();
}
