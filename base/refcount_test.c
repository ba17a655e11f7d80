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

static void try_inc(void *r) { refcount_inc(r); }
static void try_dec(void *r) { CHECK(!refcount_dec(r)); }
static void try_inc_not_zero(void *r) { CHECK(refcount_inc_not_zero(r)); }

/* A misuse is told: the checking build, which this is, panics then. The count was saturated before. */
static void check_saturates(int start, void (*misuse)(void *))
{
	refcount_t r = REFCOUNT_INIT(start);

	CHECK(host_panics(misuse, &r) && refcount_read(&r) == REFCOUNT_SATURATED);
}

static void test_misuse_saturates(void)
{
	static void (*const uses[])(void *) = { try_inc, try_dec, try_inc_not_zero };

	for (int i = 0; i < 3; i++) {
		check_saturates(REFCOUNT_SATURATED, uses[i]);
		check_saturates(-1, uses[i]);
	}
	check_saturates(REFCOUNT_MAX, try_inc_not_zero);
	check_saturates(0, try_inc);
	check_saturates(0, try_dec);
}

/* Full: the next reference makes it saturate at its first use after that, and it is never given up. */
static void test_overflow_saturates(void)
{
	refcount_t r = REFCOUNT_INIT(REFCOUNT_MAX);

	refcount_inc(&r);
	CHECK(refcount_read(&r) < 0);
	CHECK(!refcount_dec_not_one(&r));
	CHECK(host_panics(try_dec, &r) && refcount_read(&r) == REFCOUNT_SATURATED);
}

int main(void)
{
	host_init(16);
	TEST_RUN(test_last_reference_is_told);
	TEST_RUN(test_not_zero);
	TEST_RUN(test_many);
	TEST_RUN(test_misuse_saturates);
	TEST_RUN(test_overflow_saturates);
	return test_end();
}
