/*
 * count.c: a QEMU TCG plugin that counts the kernel's instructions on all CPUs, for bench/cpus/run.sh. Waiting for a lock or
 * another CPU is a loop with a PAUSE (or HLT) in it, and how many turns it takes is the host's doing: what lies between
 * two PAUSEs that are less than TURN_MAX instructions apart is counted apart. At the end it writes "WORK WAITING".
 */
#include "../plugin.h"

#define CPUS_MAX 64
#define TURN_MAX 40
static struct { uint64_t work, waiting, since_pause, rest[5]; } counts[CPUS_MAX];	/* a cache line each */

static void on_work(unsigned cpu, void *n) { counts[cpu % CPUS_MAX].since_pause += (uintptr_t)n; }

static void on_pause(unsigned cpu, void *n)
{
	cpu %= CPUS_MAX;
	*(counts[cpu].since_pause < TURN_MAX ? &counts[cpu].waiting : &counts[cpu].work) += counts[cpu].since_pause;
	counts[cpu].since_pause = 0;
	counts[cpu].waiting += (uintptr_t)n;
}

static bool is_pause(const struct qemu_plugin_insn *insn)
{
	const unsigned char *bytes = qemu_plugin_insn_data(insn);
	size_t n = qemu_plugin_insn_size(insn);

	return (n == 2 && bytes[0] == 0xf3 && bytes[1] == 0x90) || (n == 1 && bytes[0] == 0xf4);
}

static void on_translate(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	bool waits = false;

	if (qemu_plugin_tb_vaddr(tb) >> 63 == 0)
		return;
	for (size_t i = 0; i < n; i++)
		waits |= is_pause(qemu_plugin_tb_get_insn(tb, i));
	qemu_plugin_register_vcpu_tb_exec_cb(tb, waits ? on_pause : on_work, CB_NO_REGS, (void *)n);
}

static void write_counts(FILE *f)
{
	uint64_t work = 0, waiting = 0;

	for (int i = 0; i < CPUS_MAX; i++) {
		work += counts[i].work + counts[i].since_pause;
		waiting += counts[i].waiting;
	}
	fprintf(f, "%" PRIu64 " %" PRIu64 "\n", work, waiting);
}
