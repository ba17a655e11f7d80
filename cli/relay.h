// Between the caller's streams and the VM's ports, until the program has ended.
#ifndef FURCA_CLI_RELAY_H
#define FURCA_CLI_RELAY_H

#include "qemu.h"

struct relay_result {
	bool is_exit; // the program ended by itself: `status` is as wait(2) gives it
	int status;
	bool is_failed; // it could not be started
	struct ctl_failed failed;
	bool is_timeout;
	int signal;	      // we were told to end before the program had started
	bool is_panic;	      // the kernel died
	bool is_output_lost;  // the caller's stream would not take it: a full disk
	struct bytes console; // the last that the kernel said
	struct bytes log;     // and QEMU
	struct bytes missing; // files looked for and not found, one a line
};

void relay_signals_block(void); // before the VM is started
void relay_run(struct vm *vm, const struct options *o, unsigned tty, bool has_input, struct relay_result *r);
void relay_result_drop(struct relay_result *r);

// Frames, apart from any descriptor: takes whole messages off the front of `in`. False for what makes no sense.
bool frames_take(
	struct bytes *in, void (*take)(void *context, uint32_t type, const char *data, uint32_t size), void *context);
void frame_add(struct bytes *out, uint32_t type, const void *data, uint32_t size);
bool console_is_panic(const char *text);
#endif
