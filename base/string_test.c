/* base/string_test.c: the kernel's string functions do what the C library's do, on random data. */
#include "arch/host/host.h"

void *libc_memcpy(void *, const void *, size_t) __asm__("memcpy");
void *libc_memmove(void *, const void *, size_t) __asm__("memmove");
void *libc_memset(void *, int, size_t) __asm__("memset");
char *libc_strstr(const char *, const char *) __asm__("strstr");

#define memcpy kernel_memcpy
#define memmove kernel_memmove
#define memset kernel_memset
#define memcmp kernel_memcmp
#define memchr kernel_memchr
#define strlen kernel_strlen
#define strnlen kernel_strnlen
#define strcmp kernel_strcmp
#define strncmp kernel_strncmp
#define strchr kernel_strchr
#define strrchr kernel_strrchr
#define strstr kernel_strstr
#define strlcpy kernel_strlcpy
#undef BASE_STRING_H
#include "base/string.c"

static u8 a[300], b[300], source[300];

static void fill(void)
{
	for (size_t i = 0; i < sizeof(a); i++)
		a[i] = b[i] = (u8)test_random();
	for (size_t i = 0; i < sizeof(source); i++)
		source[i] = (u8)test_random();
}

static void test_memory(void)
{
	for (int step = 0; step < 5000; step++) {
		size_t to = test_random_below(100), from = test_random_below(100), n = test_random_below(150);

		fill();
		libc_memcpy(a + to, source + from, n);
		memcpy(b + to, source + from, n);
		CHECK(!memcmp(a, b, sizeof(a)));
		libc_memmove(a + to, a + from, n);
		memmove(b + to, b + from, n);
		CHECK(!memcmp(a, b, sizeof(a)));
		libc_memset(a + to, (int)step, n);
		memset(b + to, (int)step, n);
		CHECK(!memcmp(a, b, sizeof(a)));
	}
	CHECK(memcmp("abc", "abd", 3) < 0 && memcmp("\xff", "\x01", 1) > 0 && memcmp("x", "y", 0) == 0);
	CHECK(memchr("abc", 'c', 2) == NULL);
}

static void test_strings(void)
{
	const char *s = "one two two";
	char small[4];

	CHECK(strlen(s) == 11 && strnlen(s, 5) == 5 && strlen("") == 0);
	CHECK(strcmp("a", "b") < 0 && strcmp("b", "a") > 0 && strcmp("\xff", "a") > 0 && strcmp(s, s) == 0);
	CHECK(strncmp("abcd", "abxx", 2) == 0 && strncmp("a", "ab", 5) < 0 && strncmp("a", "b", 0) == 0);
	CHECK(strchr(s, 't') == s + 4 && strrchr(s, 't') == s + 8 && strchr(s, 'x') == NULL && strchr(s, 0) == s + 11);
	CHECK(strstr(s, "two") == s + 4 && strstr(s, "twoo") == NULL && strstr(s, "") == s);
	CHECK(strlcpy(small, "abcdef", sizeof(small)) == 6 && !strcmp(small, "abc"));
	CHECK(strlcpy(small, "x", sizeof(small)) == 1 && !strcmp(small, "x") && strlcpy(small, "abc", 0) == 3);
}

static void test_numbers(void)
{
	char *end;
	const char *s = "0x1fz";

	CHECK(strtou64(s, &end, 0) == 31 && end == s + 4);
	CHECK(strtou64("017", NULL, 0) == 15 && strtou64("17", NULL, 0) == 17 && strtou64("ff", NULL, 16) == 255);
	CHECK(strtou64("18446744073709551615", NULL, 10) == ~0UL);
	s = "x";
	CHECK(strtou64(s, &end, 10) == 0 && end == s);
	s = "0x";
	CHECK(strtou64(s, &end, 0) == 0 && end == s + 1);
}

int main(void)
{
	host_init(32);
	TEST_RUN(test_memory);
	TEST_RUN(test_strings);
	TEST_RUN(test_numbers);
	return test_end();
}
