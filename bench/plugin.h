/*
 * plugin.h: what the QEMU TCG plugins here have in common: they look at each block when it is translated (on_translate) and
 * write what they counted into a file at the end (write_counts). Included once, by the plugin's only file.
 *
 * Distributions' QEMU packages do not bring qemu-plugin.h, so the few declarations of plugin API version 1 that are used
 * stand here. Source: QEMU's documentation, "QEMU TCG Plugins".
 */
#pragma once
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { INLINE_ADD_U64 = 0, CB_NO_REGS = 0 };
extern void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*call)(uint64_t id, struct qemu_plugin_tb *tb));
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, void (*call)(unsigned cpu, void *data),
						 int flags, void *data);
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op, void *counter, uint64_t amount);
extern void qemu_plugin_register_atexit_cb(uint64_t id, void (*call)(uint64_t id, void *data), void *data);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t at);
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

static void on_translate(uint64_t id, struct qemu_plugin_tb *tb);
static void write_counts(FILE *f);

int qemu_plugin_version = 1;
static char path[4096] = "plugin.out";	/* out=PATH */

static void on_exit_write(uint64_t id, void *data)
{
	FILE *f = fopen(path, "w");

	if (!f) {
		perror(path);
		return;
	}
	write_counts(f);
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
