/* base/printk_test.c: the log's ring over many rounds: what is read is what was written; only the oldest go. */
#define log_write ring_log
#define log_console_level ring_console_level
#include "arch/host/host.h"
#include "base/printk.c"
#undef log_write

int snprintf(char *buf, size_t size, const char *fmt, ...);
int symbol_format(char *buf, size_t size, unsigned long addr) { return 0; }
u64 arch_clock_ns(void) { return 1234567891234; }

static char expected[200];

/* A text whose length and letters follow from its number. */
static size_t text_of(u64 seq)
{
	size_t n = (seq * 7919) % 150;

	for (size_t i = 0; i < n; i++)
		expected[i] = (char)('a' + (seq + i) % 26);
	expected[n] = 0;
	return n;
}

static void check_ring(void)
{
	char text[300];
	struct log_record info;
	u64 seq = log_first_seq(), last = log_end_seq();

	while (log_read_record(&seq, &info, text, sizeof(text))) {
		CHECK(info.seq == seq - 1);
		text_of(info.seq);
		CHECK(!strcmp(text, expected) && info.length == strlen(expected));
	}
	CHECK(seq == last);
}

static void test_ring_wraps(void)
{
	for (u64 i = 0; i < 6000; i++) {
		text_of(i);
		ring_log((enum log_level)(i % 8), "%s\n", expected);
		CHECK(log_end_seq() == i + 1);
		if (i % 97 == 0)
			check_ring();
	}
	CHECK(log_first_seq() > 4000 && log_end_seq() - log_first_seq() > RING_BYTES / 200);
}

static void test_lines(void)
{
	char buf[64];
	u64 seq;
	size_t n;

	ring_log(LOG_ERR, "one");
	ring_log(LOG_INFO, "%0100d", 7);
	seq = log_end_seq() - 2;
	n = log_read(&seq, buf, sizeof(buf));
	CHECK(n == 22 && !memcmp(buf, "<3>[ 1234.567891] one\n", 22));
	CHECK(seq == log_end_seq() - 1);
	n = log_read(&seq, buf, sizeof(buf));
	CHECK(n == sizeof(buf) && buf[n - 1] == '\n' && seq == log_end_seq());	/* cut */
	CHECK(log_read(&seq, buf, sizeof(buf)) == 0);
	seq = 0;
	CHECK(log_read(&seq, buf, 8) == 0);
}

int main(void)
{
	host_init(32);
	TEST_RUN(test_ring_wraps);
	TEST_RUN(test_lines);
	return test_end();
}
