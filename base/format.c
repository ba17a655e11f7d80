/*
 * base/format.c: vsnprintf and its kin: C's conversions without floating point, and %pS for code addresses.
 * No state, no locks. Output beyond the buffer is counted, not stored. Differences from C: no %n, no wide characters.
 */
#include "base/printk.h"
#include "base/string.h"

struct out {
	char *buf;
	size_t size, length;
};
struct spec {
	bool is_left, has_plus, has_space, has_prefix, has_zero, is_upper;
	int width, precision;	/* precision -1: none */
	int long_count;		/* -2 hh, -1 h, 0, 1 l, 2 ll; z and t count as l */
};

static void put_char(struct out *o, char c)
{
	if (o->length + 1 < o->size)
		o->buf[o->length] = c;
	o->length++;
}

static void put_fill(struct out *o, char c, int n)
{
	for (; n > 0; n--)
		put_char(o, c);
}

static void put_text(struct out *o, const struct spec *s, const char *text, size_t n)
{
	int pad = s->width - (int)n;

	if (!s->is_left)
		put_fill(o, ' ', pad);
	for (size_t i = 0; i < n; i++)
		put_char(o, text[i]);
	if (s->is_left)
		put_fill(o, ' ', pad);
}

static void put_number(struct out *o, const struct spec *s, u64 v, bool is_negative, unsigned base)
{
	static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
	char digits[24], prefix[3];
	int n = 0, p = 0, zeros, pad;

	if (is_negative)
		prefix[p++] = '-';
	else if (s->has_plus)
		prefix[p++] = '+';
	else if (s->has_space)
		prefix[p++] = ' ';
	if (s->has_prefix && base == 16 && v) {
		prefix[p++] = '0';
		prefix[p++] = s->is_upper ? 'X' : 'x';
	}
	for (; v || (n == 0 && s->precision != 0); v /= base)
		digits[n++] = (s->is_upper ? upper : lower)[v % base];
	zeros = s->precision > n ? s->precision - n : 0;
	if (s->has_prefix && base == 8 && !zeros && (n == 0 || digits[n - 1] != '0'))
		zeros = 1;
	if (s->has_zero && !s->is_left && s->precision < 0 && s->width > n + p)
		zeros = s->width - n - p;
	pad = s->width - n - p - zeros;
	if (!s->is_left)
		put_fill(o, ' ', pad);
	for (int i = 0; i < p; i++)
		put_char(o, prefix[i]);
	put_fill(o, '0', zeros);
	while (n > 0)
		put_char(o, digits[--n]);
	if (s->is_left)
		put_fill(o, ' ', pad);
}

static void put_pointer(struct out *o, struct spec *s, const char **fmt, unsigned long v)
{
	if ((*fmt)[0] == 'S') {
		char name[96];
		int n = symbol_format(name, sizeof(name), v);

		(*fmt)++;
		put_text(o, s, name, MIN((size_t)n, sizeof(name) - 1));
		return;
	}
	s->has_prefix = true;
	if (!v)
		put_text(o, s, "(nil)", 5);
	else
		put_number(o, s, v, false, 16);
}

static const char *parse_flags(struct spec *s, const char *fmt)
{
	for (;; fmt++) {
		switch (*fmt) {
		case '-': s->is_left = true; break;
		case '+': s->has_plus = true; break;
		case ' ': s->has_space = true; break;
		case '#': s->has_prefix = true; break;
		case '0': s->has_zero = true; break;
		default: return fmt;
		}
	}
}

static const char *parse_count(int *v, const char *fmt, va_list *ap)
{
	if (*fmt == '*') {
		*v = va_arg(*ap, int);
		return fmt + 1;
	}
	for (*v = 0; *fmt >= '0' && *fmt <= '9'; fmt++)
		*v = *v * 10 + (*fmt - '0');
	return fmt;
}

static const char *parse_spec(struct spec *s, const char *fmt, va_list *ap)
{
	*s = (struct spec){ .precision = -1 };
	fmt = parse_flags(s, fmt);
	fmt = parse_count(&s->width, fmt, ap);
	if (s->width < 0) {
		s->is_left = true;
		s->width = -s->width;
	}
	if (*fmt == '.')
		fmt = parse_count(&s->precision, fmt + 1, ap);
	for (;; fmt++) {
		switch (*fmt) {
		case 'l': s->long_count++; break;
		case 'h': s->long_count--; break;
		case 'z': case 't': case 'j': s->long_count = 1; break;
		default: return fmt;
		}
	}
}

static s64 signed_argument(const struct spec *s, va_list *ap)
{
	switch (s->long_count) {
	case -2: return (signed char)va_arg(*ap, int);
	case -1: return (short)va_arg(*ap, int);
	case 0: return va_arg(*ap, int);
	case 1: return va_arg(*ap, long);
	default: return va_arg(*ap, long long);
	}
}

static u64 unsigned_argument(const struct spec *s, va_list *ap)
{
	switch (s->long_count) {
	case -2: return (u8)va_arg(*ap, unsigned);
	case -1: return (u16)va_arg(*ap, unsigned);
	case 0: return va_arg(*ap, unsigned);
	case 1: return va_arg(*ap, unsigned long);
	default: return va_arg(*ap, unsigned long long);
	}
}

static void put_string_argument(struct out *o, const struct spec *s, const char *text)
{
	if (!text)
		text = "(null)";
	put_text(o, s, text, s->precision >= 0 ? strnlen(text, (size_t)s->precision) : strlen(text));
}

/* One conversion; fmt is behind the '%'. Returns where the format goes on. */
static const char *put_conversion(struct out *o, const char *fmt, va_list *ap)
{
	struct spec s;
	s64 v;
	char c;

	fmt = parse_spec(&s, fmt, ap);
	switch (*fmt++) {
	case 'd': case 'i':
		v = signed_argument(&s, ap);
		put_number(o, &s, v < 0 ? -(u64)v : (u64)v, v < 0, 10);
		break;
	case 'u':
		put_number(o, &s, unsigned_argument(&s, ap), false, 10);
		break;
	case 'o':
		put_number(o, &s, unsigned_argument(&s, ap), false, 8);
		break;
	case 'X':
		s.is_upper = true;
		put_number(o, &s, unsigned_argument(&s, ap), false, 16);
		break;
	case 'x':
		put_number(o, &s, unsigned_argument(&s, ap), false, 16);
		break;
	case 'c':
		c = (char)va_arg(*ap, int);
		put_text(o, &s, &c, 1);
		break;
	case 's':
		put_string_argument(o, &s, va_arg(*ap, const char *));
		break;
	case 'p':
		put_pointer(o, &s, &fmt, (unsigned long)va_arg(*ap, void *));
		break;
	case '%':
		put_char(o, '%');
		break;
	default:	/* not known: show it as it is */
		put_char(o, '%');
		return fmt - 1;
	}
	return fmt;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out o = { buf, size, 0 };
	va_list ap;

	va_copy(ap, args);
	while (*fmt) {
		if (*fmt == '%' && fmt[1])
			fmt = put_conversion(&o, fmt + 1, &ap);
		else
			put_char(&o, *fmt++);
	}
	va_end(ap);
	if (size)
		buf[MIN(o.length, size - 1)] = 0;
	return (int)o.length;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return size == 0 ? 0 : (int)MIN((size_t)n, size - 1);
}
