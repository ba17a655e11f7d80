/* fs/inflate_test.c: what gzip makes comes back whole; what is broken is refused, whatever is broken about it. */
#include "arch/host/host.h"
#include "fs/inflate.h"
#include "base/errno.h"

void *popen(const char *command, const char *mode);
int pclose(void *f);
int open(const char *path, int flags, ...);
int close(int fd);
ssize_t read(int fd, void *buf, size_t n);
ssize_t write(int fd, const void *buf, size_t n);
int fileno(void *f);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int getpid(void);
int remove(const char *path);

#define BYTES (3 << 20)
static u8 original[BYTES], packed[BYTES + 65536], unpacked[BYTES];
static size_t unpacked_bytes, last_used;
static int out_error;

static int take_out(void *arg, const u8 *data, size_t n, size_t used)
{
	CHECK(arg == unpacked && used >= last_used);
	last_used = used;
	if (unpacked_bytes + n > BYTES)
		return -ENOSPC;
	memcpy(unpacked + unpacked_bytes, data, n);
	unpacked_bytes += n;
	return out_error;
}

static int unpack(const u8 *in, size_t n, size_t *used)
{
	unpacked_bytes = last_used = 0;
	return inflate_gzip(in, n, take_out, unpacked, used);
}

/* The first n bytes of original through the host's gzip: how many bytes came out. */
static size_t pack(size_t n, const char *options)
{
	char path[64], command[160];

	snprintf(path, sizeof(path), "/tmp/furca-inflate.%d", getpid());
	snprintf(command, sizeof(command), "gzip -c %s > %s", options, path);
	void *f = popen(command, "w");
	CHECK(f);
	for (size_t done = 0; done < n;) {
		ssize_t part = write(fileno(f), original + done, n - done);
		CHECK(part > 0);
		done += (size_t)part;
	}
	CHECK(pclose(f) == 0);
	int fd = open(path, 0);
	CHECK(fd >= 0);
	ssize_t got = read(fd, packed, sizeof(packed));
	CHECK(got > 0);
	close(fd);
	remove(path);
	return (size_t)got;
}

static void fill(size_t n, unsigned letters)
{
	for (size_t i = 0; i < n; i++) {
		/* words of a small alphabet with repeats near and far */
		if (i > 300 && test_random_below(8) == 0) {
			size_t len = MIN(test_random_below(300), n - i), back = 1 + test_random_below(MIN(i, 32768UL));
			for (; len--; i++)
				original[i] = original[i - back];
			i--;
		} else {
			original[i] = (u8)test_random_below(letters);
		}
	}
}

static void check_round_trip(size_t n, unsigned letters, const char *options)
{
	size_t used;

	if (letters)
		fill(n, letters);
	size_t size = pack(n, options);
	packed[size] = 0x1f;	/* something else follows */
	CHECK(unpack(packed, size + 1, &used) == 0);
	CHECK(used == size && unpacked_bytes == n);
	CHECK(memcmp(original, unpacked, n) == 0);
}

static void test_round_trips(void)
{
	static const size_t sizes[] = { 0, 1, 5, 300, 32768, 65536, 131072, 131073, 1000000, BYTES };
	static const unsigned letters[] = { 1, 2, 20, 256 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(letters); k++) {
			check_round_trip(sizes[i], letters[k], "-1");
			check_round_trip(sizes[i], 0, "-9");
		}
	}
}

static void test_stored_blocks(void)
{
	for (size_t i = 0; i < BYTES; i++)
		original[i] = (u8)test_random();
	check_round_trip(BYTES, 0, "-6");
}

static void test_broken_input_is_refused(void)
{
	size_t used;
	fill(200000, 40);
	size_t size = pack(200000, "-6");

	for (size_t n = 0; n < size; n += 1 + test_random_below(97))
		CHECK(unpack(packed, n, &used) == -EINVAL);
	for (int i = 0; i < 3000; i++) {
		size_t at = 10 + test_random_below(size - 10);	/* behind the header */
		u8 old = packed[at];
		packed[at] ^= (u8)(1 + test_random_below(255));
		/* Some bits mean nothing, or the same. */
		CHECK(unpack(packed, size, &used) < 0 ||
		      (unpacked_bytes == 200000 && memcmp(original, unpacked, 200000) == 0));
		packed[at] = old;
	}
	for (int i = 0; i < 300; i++) {
		for (size_t k = 10; k < 4096; k++)
			packed[k] = (u8)test_random();
		CHECK(unpack(packed, 4096, &used) < 0);
	}
}

static void test_the_takers_error_ends_it(void)
{
	size_t used;
	fill(500000, 40);
	size_t size = pack(500000, "-6");

	out_error = -ENOSPC;
	CHECK(unpack(packed, size, &used) == -ENOSPC);
	out_error = 0;
}

int main(void)
{
	host_init(16);
	TEST_RUN(test_round_trips);
	TEST_RUN(test_stored_blocks);
	TEST_RUN(test_broken_input_is_refused);
	TEST_RUN(test_the_takers_error_ends_it);
	return test_end();
}
