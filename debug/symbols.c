/*
 * debug/symbols.c: names for code addresses, from the table that tools/gen_symbols.sh makes out of the linked kernel.
 * The table: for each symbol, in order of address, its distance from the one before and its name, one after the other; in a
 * name a byte from 128 up is the number of a word. No locks: the table is constant.
 */
#include "base/printk.h"
#include "base/string.h"

extern const u64 ksyms_count, ksyms_base;
extern const u16 ksyms_steps[];
extern const char ksyms_words[], ksyms_names[];
extern const char rodata_start[];

#define FIRST_WORD 128

static const char *string_number(const char *at, size_t n)
{
	while (n--)
		at += strlen(at) + 1;
	return at;
}

/* Returns the length, of what fits in buf. */
static int name_format(char *buf, size_t size, const char *coded)
{
	int n = 0;

	for (u8 c; (c = (u8)*coded) != 0; coded++) {
		if (c < FIRST_WORD)
			n += scnprintf(buf + n, size - (size_t)n, "%c", c);
		else
			n += scnprintf(buf + n, size - (size_t)n, "%s", string_number(ksyms_words, c - FIRST_WORD));
	}
	return n;
}

int symbol_format(char *buf, size_t size, unsigned long addr)
{
	unsigned long start = ksyms_base;
	size_t i = 0;
	int n;

	if (!ksyms_count || addr < ksyms_base || addr >= (unsigned long)rodata_start)
		return scnprintf(buf, size, "%#lx", addr);
	while (i + 1 < ksyms_count && start + ksyms_steps[i + 1] <= addr)
		start += ksyms_steps[++i];
	n = name_format(buf, size, string_number(ksyms_names, i));
	return n + scnprintf(buf + n, size - (size_t)n, "+0x%lx", addr - start);
}
