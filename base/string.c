/*
 * base/string.c: the memory and string functions of C that the kernel uses. No state, no locks, no errors.
 * memcpy, memmove and memset are weak: a CPU that has something better brings its own in arch/.
 */
#include "base/string.h"

#define WEAK __attribute__((weak))

typedef u64 __attribute__((may_alias)) word;

WEAK void *memcpy(void *dst, const void *src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;

	if (!(((uintptr_t)d | (uintptr_t)s) & 7)) {
		for (; n >= 8; n -= 8, d += 8, s += 8)
			*(word *)d = *(const word *)s;
	}
	while (n--)
		*d++ = *s++;
	return dst;
}

WEAK void *memmove(void *dst, const void *src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;

	if (d <= s || d >= s + n)
		return memcpy(dst, src, n);
	while (n--)
		d[n] = s[n];
	return dst;
}

WEAK void *memset(void *dst, int c, size_t n)
{
	u8 *d = dst;
	u64 pattern = (u8)c * 0x0101010101010101UL;

	for (; n && ((uintptr_t)d & 7); n--)
		*d++ = (u8)c;
	for (; n >= 8; n -= 8, d += 8)
		*(word *)d = pattern;
	while (n--)
		*d++ = (u8)c;
	return dst;
}

static inline u64 load_word(const void *p)
{
	u64 w;

	__builtin_memcpy(&w, p, 8);
	return w;
}

/* A byte of w is zero: found by the borrow that its subtraction makes. */
static inline bool has_zero(u64 w) { return (w - 0x0101010101010101UL) & ~w & 0x8080808080808080UL; }

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n >= 8; n -= 8, x += 8, y += 8) {
		if (load_word(x) != load_word(y))
			break;
	}
	for (; n; n--, x++, y++) {
		if (*x != *y)
			return *x - *y;
	}
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const u8 *p = s;

	for (; n; n--, p++) {
		if (*p == (u8)c)
			return (void *)p;
	}
	return NULL;
}

/* An aligned word lies in one page, so bytes behind the end may be looked at (not where every byte is watched). */
__attribute__((no_sanitize("address"))) size_t strlen(const char *s)
{
	const char *p = s;

	for (; (uptr)p & 7; p++) {
		if (!*p)
			return (size_t)(p - s);
	}
	while (!has_zero(*(const word *)p))
		p += 8;
	while (*p)
		p++;
	return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (max - n >= 8 && !has_zero(load_word(s + n)))
		n += 8;
	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c)
			last = s;
		if (!*s)
			return (char *)last;
	}
}

char *strstr(const char *s, const char *needle)
{
	size_t n = strlen(needle);

	if (!n)
		return (char *)s;
	for (; (s = strchr(s, *needle)); s++) {
		if (!strncmp(s, needle, n))
			return (char *)s;
	}
	return NULL;
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t n = strlen(src);

	if (size) {
		size_t copied = n < size ? n : size - 1;

		memcpy(dst, src, copied);
		dst[copied] = 0;
	}
	return n;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	return 99;
}

u64 strtou64(const char *s, char **end, int base)
{
	u64 v = 0;
	bool has_hex_prefix = s[0] == '0' && (s[1] | 32) == 'x' && digit_value(s[2]) < 16;

	if (base == 0)
		base = has_hex_prefix ? 16 : s[0] == '0' ? 8 : 10;
	if (base == 16 && has_hex_prefix)
		s += 2;
	for (; digit_value(*s) < base; s++)
		v = v * (u64)base + (u64)digit_value(*s);
	if (end)
		*end = (char *)s;
	return v;
}
