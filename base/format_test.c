/* base/format_test.c: the kernel's snprintf says what the C library's says; %pS; cut output is counted and ended. */
#define snprintf kernel_snprintf
#define vsnprintf kernel_vsnprintf
#define scnprintf kernel_scnprintf
#include "arch/host/host.h"
#include "base/format.c"
#undef snprintf
int snprintf(char *buf, size_t size, const char *fmt, ...);

int symbol_format(char *buf, size_t size, unsigned long addr)
{
	return kernel_scnprintf(buf, size, "sym+0x%lx", addr);
}

#define SAME(...) do {                                                                             \
	char want[200], got[200];                                                                  \
	int n = snprintf(want, sizeof(want), __VA_ARGS__), m = kernel_snprintf(got, sizeof(got), __VA_ARGS__); \
	if (n != m || strcmp(want, got))                                                           \
		printf("want \"%s\" got \"%s\"\n", want, got);                                     \
	CHECK(n == m && !strcmp(want, got));                                                       \
} while (0)

#pragma clang diagnostic ignored "-Wformat"

static void test_integers(void)
{
	static const long values[] = { 0, 1, -1, 42, -4711, 2147483647, -2147483648L, 0x7fffffffffffffff, 1L << 63 };
	static const char *const formats[] = {
		"%ld", "%5ld", "%-5ld|", "%05ld", "%+ld", "% ld", "%.3ld", "%8.3ld", "%-8.3ld|", "%lu", "%lx", "%#lx",
		"%lX",
		"%#lX", "%lo", "%#lo", "%016lx", "%#018lx", "%.0ld", "%20ld", "%+08ld", "%#.5lx", "%#.5lo",
	};

	for (size_t f = 0; f < ARRAY_SIZE(formats); f++) {
		for (size_t v = 0; v < ARRAY_SIZE(values); v++)
			SAME(formats[f], values[v]);
	}
	SAME("%d %i %u %x", -5, 6, 7u, 255u);
	SAME("%hhd %hhu %hd %hu", 300, 300, 70000, 70000);
	SAME("%lld %llu %zu %zd", -1LL, ~0ULL, (size_t)9, (ssize_t)-9);
	SAME("%*d|%-*d|%.*d", 7, 42, 7, 42, 4, 42);
	SAME("%*d|", -7, 42);
}

static void test_text(void)
{
	SAME("plain");
	SAME("%s|%10s|%-10s|%.2s|%10.2s|", "abc", "abc", "abc", "abc", "abc");
	SAME("%c%c%5c|%-5c|", 'a', 'b', 'c', 'd');
	SAME("100%%");
	SAME("%p", (void *)0x1234);
	SAME("%p", NULL);
}

static void test_limits(void)
{
	char b[8];

	CHECK(kernel_snprintf(b, sizeof(b), "%s", "0123456789") == 10 && !strcmp(b, "0123456"));
	CHECK(kernel_scnprintf(b, sizeof(b), "%s", "0123456789") == 7);
	CHECK(kernel_scnprintf(b, sizeof(b), "ab") == 2);
	CHECK(kernel_snprintf(NULL, 0, "%d", 12345) == 5);
	CHECK(kernel_snprintf(b, 1, "x") == 1 && b[0] == 0);
	CHECK(kernel_scnprintf(b, 0, "x") == 0);
}

static void test_symbols(void)
{
	char b[40];

	kernel_snprintf(b, sizeof(b), "[%pS]", (void *)0x10);
	CHECK(!strcmp(b, "[sym+0x10]"));
	kernel_snprintf(b, sizeof(b), "%s", (char *)NULL);
	CHECK(!strcmp(b, "(null)"));
}

int main(void)
{
	host_init(32);
	TEST_RUN(test_integers);
	TEST_RUN(test_text);
	TEST_RUN(test_limits);
	TEST_RUN(test_symbols);
	return test_end();
}
