/*
 * profile.c: a QEMU TCG plugin that counts how often each block of guest code is executed, for bench/profile.sh.
 * At the end it writes "ADDRESS INSTRUCTIONS EXECUTIONS" (hexadecimal, decimal, decimal) for each translated block.
 *
 * Distributions' QEMU packages do not bring qemu-plugin.h, so the few declarations of plugin API version 1 that are used
 * stand here. Source: QEMU's documentation, "QEMU TCG Plugins".
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
enum { INLINE_ADD_U64 = 0 };
extern void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*call)(uint64_t id, struct qemu_plugin_tb *tb));
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op, void *counter, uint64_t amount);
extern void qemu_plugin_register_atexit_cb(uint64_t id, void (*call)(uint64_t id, void *data), void *data);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);

int qemu_plugin_version = 1;

static struct block {
	struct block *next;
	uint64_t address, executions;
	size_t instructions;
} *blocks;
static char path[4096] = "profile.out";

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

static void on_exit_write(uint64_t id, void *data)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return;
	for (struct block *b = blocks; b; b = b->next)
		if (b->executions)
			fprintf(f, "%016" PRIx64 " %zu %" PRIu64 "\n", b->address, b->instructions, b->executions);
	fclose(f);
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			snprintf(path, sizeof path, "%s", argv[i] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, on_exit_write, NULL);
	return 0;
}
