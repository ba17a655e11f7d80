/* fs/cpio_test.c: archives fed in pieces of any size give the same entries; what is no archive is refused. */
#include "arch/host/host.h"
#include "fs/cpio.h"
#include "base/errno.h"

int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

#define ENTRIES 200
struct sample { char name[64]; u32 mode, nlink; size_t size; u8 data[9000]; };
static struct sample samples[ENTRIES];
static u8 archive[ENTRIES * 10000];
static size_t archive_bytes;

static struct cpio reader;
static unsigned begun, ended, trailers;
static u64 got;
static int begin_error;

static int begin(void *arg, const struct cpio_entry *e)
{
	const struct sample *s = &samples[begun];

	CHECK(begun == ended && begun < ENTRIES);
	CHECK(strcmp(e->name, s->name) == 0 && e->mode == s->mode && e->size == s->size && e->nlink == s->nlink);
	CHECK(e->ino == begun + 1 && e->uid == 1000 && e->gid == 0xfffffffe && e->mtime == 0x12345678);
	CHECK(e->rdev_major == 5 && e->rdev_minor == 1 && e->dev_major == 8 && e->dev_minor == 3);
	begun++;
	got = 0;
	return begin_error;
}

static int data(void *arg, const u8 *d, size_t n, u64 offset)
{
	const struct sample *s = &samples[begun - 1];

	CHECK(offset == got && got + n <= s->size && memcmp(d, s->data + got, n) == 0);
	got += n;
	return 0;
}

static int end(void *arg)
{
	CHECK(got == samples[ended].size);
	ended++;
	return 0;
}

static void trailer(void *arg) { trailers++; }
static const struct cpio_ops ops = { begin, data, end, trailer };

static void put(const void *p, size_t n)
{
	memcpy(archive + archive_bytes, p, n);
	archive_bytes += n;
}

static void pad(void)
{
	while (archive_bytes % 4)
		archive[archive_bytes++] = 0;
}

static void put_entry(u32 ino, const struct sample *s)
{
	char header[CPIO_HEADER_BYTES + 1];

	snprintf(header, sizeof(header), "070701%08x%08x%08x%08X%08x%08x%08x%08x%08x%08x%08x%08x%08x", ino, s->mode, 1000u,
		 0xfffffffeu, s->nlink, 0x12345678u, (unsigned)s->size, 8u, 3u, 5u, 1u, (unsigned)strlen(s->name) + 1, 0u);
	put(header, CPIO_HEADER_BYTES);
	put(s->name, strlen(s->name) + 1);
	pad();
	put(s->data, s->size);
	pad();
}

static void build(void)
{
	static const struct sample last = { .name = "TRAILER!!!", .nlink = 1 };

	archive_bytes = 0;
	for (unsigned i = 0; i < ENTRIES; i++) {
		struct sample *s = &samples[i];
		snprintf(s->name, sizeof(s->name), "%.*s/f%u", (int)test_random_below(20), "aaaaaaaaaaaaaaaaaaaaaaaaa", i);
		s->mode = 0100644;
		s->nlink = 1 + (u32)test_random_below(3);
		s->size = test_random_below(3) ? test_random_below(sizeof(s->data)) : test_random_below(5);
		for (size_t k = 0; k < s->size; k++)
			s->data[k] = (u8)test_random();
		put_entry(i + 1, s);
	}
	put_entry(0, &last);
	memset(archive + archive_bytes, 0, 512);
	archive_bytes += 512;
}

static void start(void)
{
	cpio_init(&reader, &ops, NULL);
	begun = ended = trailers = 0;
	begin_error = 0;
}

static void test_pieces_of_any_size(void)
{
	static const size_t most[] = { 1, 3, 17, 512, 70000, sizeof(archive) };

	for (size_t i = 0; i < ARRAY_SIZE(most); i++) {
		build();
		start();
		for (size_t at = 0; at < archive_bytes;) {
			size_t n = MIN(1 + test_random_below(most[i]), archive_bytes - at), used;
			CHECK(cpio_feed(&reader, archive + at, n, &used) == 0 && used == n);
			at += n;
		}
		CHECK(begun == ENTRIES && ended == ENTRIES && trailers == 1 && cpio_finish(&reader) == 0);
	}
}

static void test_stops_before_something_else(void)
{
	size_t used;

	build();
	start();
	size_t n = archive_bytes;
	archive[n] = 0x1f;
	CHECK(cpio_feed(&reader, archive, n + 1, &used) == -EINVAL && used == n && reader.state == CPIO_GAP);
}

static void test_cut_off(void)
{
	size_t used;

	build();
	for (int i = 0; i < 200; i++) {
		start();
		size_t n = test_random_below(archive_bytes - 1024);
		CHECK(cpio_feed(&reader, archive, n, &used) == 0 && used == n);
		CHECK(n == 0 || ended < ENTRIES);
	}
}

static void test_broken_headers(void)
{
	size_t used;

	build();
	static const struct { size_t at; char c; } broken[] = { { 0, 'x' }, { 5, '3' }, { 20, 'g' }, { 95, 'F' } };
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		u8 old = archive[broken[i].at];
		archive[broken[i].at] = (u8)broken[i].c;
		start();
		CHECK(cpio_feed(&reader, archive, archive_bytes, &used) == -EINVAL && begun == 0);
		archive[broken[i].at] = old;
	}
}

static void test_the_users_error_ends_it(void)
{
	size_t used;

	build();
	start();
	begin_error = -ENOSPC;
	CHECK(cpio_feed(&reader, archive, archive_bytes, &used) == -ENOSPC && begun == 1);
}

int main(void)
{
	host_init(4);
	TEST_RUN(test_pieces_of_any_size);
	TEST_RUN(test_stops_before_something_else);
	TEST_RUN(test_cut_off);
	TEST_RUN(test_broken_headers);
	TEST_RUN(test_the_users_error_ends_it);
	return test_end();
}
