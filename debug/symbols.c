/*
 * debug/symbols.c: names for code addresses, from the table that tools/gen_symbols.sh makes out of the linked kernel.
 * The table: sorted 32-bit offsets from the first symbol, and the names, one after the other in the same order.
 * No locks: the table is constant.
 */
#include "base/printk.h"
#include "base/string.h"

extern const u64 ksyms_count, ksyms_base;
extern const u32 ksyms_offsets[];
extern const char ksyms_names[];
extern const char rodata_start[];

/* The last symbol at or below offset; the table is not empty. */
static size_t symbol_index(u64 offset)
{
	size_t low = 0, high = ksyms_count;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (ksyms_offsets[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

int symbol_format(char *buf, size_t size, unsigned long addr)
{
	const char *name = ksyms_names;
	size_t i;

	if (!ksyms_count || addr < ksyms_base || addr >= (unsigned long)rodata_start)
		return scnprintf(buf, size, "%#lx", addr);
	i = symbol_index(addr - ksyms_base);
	for (size_t n = i; n; n--)
		name += strlen(name) + 1;
	return scnprintf(buf, size, "%s+0x%lx", name, addr - ksyms_base - ksyms_offsets[i]);
}
