/* fs/pipe_ring_test.c: the ring of a pipe against a plain array, over long random runs of write, read and resize. */
#include "arch/host/host.h"
#include "fs/pipe_ring.h"
#include "fs/iter.h"
#include "fs/pipe.h"
#include "mm/page.h"
#include "base/errno.h"

#define MODEL_BYTES (4 << 20)
static u8 model[MODEL_BYTES], buf[300000];
static size_t model_in, model_out;
static u8 next_byte;

/* Only kernel iterators are used here. */
size_t copy_from_user_partial(void *dst, uptr src, size_t n) { return 0; }
size_t copy_to_user_partial(uptr dst, const void *src, size_t n) { return 0; }
int copy_from_user(void *dst, uptr src, size_t n) { return -EFAULT; }
bool user_range_ok(uptr a, size_t n) { return true; }

static void do_write(struct ring *r, size_t n)
{
	struct iter it;
	size_t room = ring_free_bytes(r);

	for (size_t i = 0; i < n; i++)
		buf[i] = next_byte + (u8)i;
	iter_from_kernel(&it, buf, n);
	ssize_t wrote = ring_write(r, &it);
	CHECK(wrote == (ssize_t)MIN(n, room));
	memcpy(model + model_in, buf, (size_t)wrote);
	model_in += (size_t)wrote;
	next_byte += (u8)wrote;
}

static void do_read(struct ring *r, size_t n)
{
	struct iter it;
	size_t held = model_in - model_out;

	iter_from_kernel(&it, buf, n);
	size_t got = ring_read(r, &it);
	CHECK(got == MIN(n, held));
	CHECK(memcmp(buf, model + model_out, got) == 0);
	model_out += got;
	if (model_in > MODEL_BYTES - sizeof(buf)) {
		memmove(model, model + model_out, model_in - model_out);
		model_in -= model_out;
		model_out = 0;
	}
}

static void run(struct ring *r, int steps, size_t most)
{
	for (int i = 0; i < steps; i++) {
		if (test_random_below(2))
			do_write(r, 1 + test_random_below(most));
		else
			do_read(r, 1 + test_random_below(most));
		CHECK(r->head - r->tail == model_in - model_out);
	}
}

static void test_random_runs(void)
{
	static const size_t most[] = { 1, 100, 4096, 5000, 70000, sizeof(buf) };
	u64 free_before = memory_free_pages();

	for (size_t i = 0; i < ARRAY_SIZE(most); i++) {
		struct ring r = { 0 };
		ring_init(&r);
		model_in = model_out = 0;
		run(&r, 20000, most[i]);
		ring_destroy(&r);
	}
	CHECK(memory_free_pages() == free_before);
}

static void test_resizes_keep_what_is_there(void)
{
	struct ring r = { 0 };
	u64 free_before = memory_free_pages();

	ring_init(&r);
	model_in = model_out = 0;
	for (int i = 0; i < 2000; i++) {
		run(&r, 5, 20000);
		u32 size = (u32)PAGE_SIZE << test_random_below(9);
		int err = ring_resize(&r, size);
		CHECK(err == (model_in - model_out > size ? -EBUSY : 0));
		if (!err)
			CHECK(r.capacity == size);
	}
	ring_destroy(&r);
	CHECK(memory_free_pages() <= free_before && memory_free_pages() + 64 > free_before);
}

static void test_small_messages_use_one_page(void)
{
	struct ring r = { 0 };

	ring_init(&r);
	model_in = model_out = 0;
	do_write(&r, 10);
	do_read(&r, 10);
	u64 free_before = memory_free_pages();
	for (int i = 0; i < 10000; i++) {
		do_write(&r, 100);
		do_read(&r, 100);
		CHECK(memory_free_pages() == free_before);
	}
	ring_destroy(&r);
}

int main(void)
{
	host_init(16);
	TEST_RUN(test_random_runs);
	TEST_RUN(test_resizes_keep_what_is_there);
	TEST_RUN(test_small_messages_use_one_page);
	return test_end();
}
