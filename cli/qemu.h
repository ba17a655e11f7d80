// QEMU: its command line, and its life as a child of ours.
#ifndef FURCA_CLI_QEMU_H
#define FURCA_CLI_QEMU_H

#include <sys/types.h>
#include "kernel.h"
#include "options.h"
#include "protocol.h"

struct vm {
	pid_t pid;		    // -1: none
	int console, log;	    // our ends: the serial port; what QEMU itself has to say
	int ports[PORT_COUNT + 1];  // by number
	int theirs[PORT_COUNT + 1]; // QEMU's ends; number 0 is the console's
	int image;		    // memory file with the initramfs
};

// All: 0, or an exit status after a message.
int vm_open(struct vm *vm); // the sockets
int vm_start(struct vm *vm, char *const argv[]);
void vm_kill(struct vm *vm, bool gently);
void vm_close(struct vm *vm);

int qemu_find(char **path);
int accel_choose(const struct options *o, bool *kvm);
int qemu_command(struct list *argv, const struct options *o, const struct kernel *k, const struct vm *vm);
// furca bench: only a console, and `line` for the kernel.
int qemu_bench_command(struct list *argv, const struct options *o, const struct kernel *k, const struct vm *vm,
	bool kvm, const char *line);
bool cpu_has_virtualization(const char *cpuinfo);
char *shell_quote(const char *word); // owned
int command_print(const struct list *command);
#endif
