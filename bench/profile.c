/*
 * profile.c: a QEMU TCG plugin that counts how often each block of guest code is executed, for bench/profile.sh.
 * At the end it writes "ADDRESS INSTRUCTIONS EXECUTIONS" (hexadecimal, decimal, decimal) for each translated block.
 */
#include "plugin.h"

static struct block {
	struct block *next;
	uint64_t address, executions;
	size_t instructions;
} *blocks;

static void on_translate(uint64_t id, struct qemu_plugin_tb *tb)
{
	struct block *b = calloc(1, sizeof *b);

	if (!b)
		abort();
	b->address = qemu_plugin_tb_vaddr(tb);
	b->instructions = qemu_plugin_tb_n_insns(tb);
	b->next = blocks;
	blocks = b;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64, &b->executions, 1);
}

static void write_counts(FILE *f)
{
	for (struct block *b = blocks; b; b = b->next)
		if (b->executions)
			fprintf(f, "%016" PRIx64 " %zu %" PRIu64 "\n", b->address, b->instructions, b->executions);
}
