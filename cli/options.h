// The command line of furca(1).
#ifndef FURCA_CLI_OPTIONS_H
#define FURCA_CLI_OPTIONS_H

#include "util.h"

enum command { COMMAND_RUN, COMMAND_HELP, COMMAND_VERSION };
enum machine { MACHINE_MICROVM, MACHINE_Q35 };
enum accel { ACCEL_AUTO, ACCEL_KVM, ACCEL_TCG };

struct options {
	enum command command;
	enum machine machine;
	enum accel accel;
	char **program;			     // PROGRAM and ARGS, NULL-terminated; borrowed from argv
	struct list env, with, append, qemu; // as given
	const char *workdir, *rootfs, *kernel, *modules;
	uint64_t memory_mb;
	unsigned cpus;
	double timeout_s; // 0: none
	bool deterministic, gdb, dry_run, verbose;
};

extern const char options_usage[], options_help[];

// 0, or the exit status of what is wrong, which has been said.
int options_parse(struct options *o, int argc, char **argv);
void options_drop(struct options *o);

// "512", "512M", "2G" as megabytes; 0 if it is none.
uint64_t size_parse_mb(const char *text);
#endif
