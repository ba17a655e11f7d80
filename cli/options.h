// The command line of furca(1).
#ifndef FURCA_CLI_OPTIONS_H
#define FURCA_CLI_OPTIONS_H

#include "util.h"

enum command { COMMAND_RUN, COMMAND_BENCH, COMMAND_HELP, COMMAND_VERSION };
enum machine { MACHINE_MICROVM, MACHINE_Q35 };
enum accel { ACCEL_AUTO, ACCEL_KVM, ACCEL_TCG };
enum bench_kernel { BENCH_LINUX, BENCH_LEAN, BENCH_FURCA, BENCH_KERNELS };
enum bench_mode { BENCH_ICOUNT, BENCH_WALL, BENCH_MODES };

// What only `furca bench` takes.
struct bench_options {
	const char *peer, *output; // --linux, --output
	unsigned kernels, modes;   // bits by number; 0: not given
	unsigned samples;
	bool raw, list;
};

struct options {
	enum command command;
	enum machine machine;
	enum accel accel;
	char **program;			     // PROGRAM and ARGS, or WHAT...; NULL-terminated; borrowed from argv
	struct list env, with, append, qemu; // as given
	const char *workdir, *rootfs, *kernel, *modules;
	uint64_t memory_mb; // 0: by what is measured
	unsigned cpus;
	double timeout_s; // 0: none
	bool deterministic, gdb, dry_run, verbose;
	struct bench_options bench;
	const char *help; // COMMAND_HELP: what to print
};

extern const char *const bench_kernel_names[], *const bench_mode_names[];

// 0, or the exit status of what is wrong, which has been said.
int options_parse(struct options *o, int argc, char **argv);
void options_drop(struct options *o);

// "512", "512M", "2G" as megabytes; 0 if it is none.
uint64_t size_parse_mb(const char *text);
#endif
