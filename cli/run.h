// furca run: from the options to the exit status.
#ifndef FURCA_CLI_RUN_H
#define FURCA_CLI_RUN_H

#include "options.h"

int run(const struct options *o);

// The program's environment in the VM, as "K=V".
void run_environment(struct list *env, const struct options *o);
// The lines of CTL_MISSING that are worth a word: there on the host, in a system folder, not to be done without.
void run_missing(const char *text, struct list *paths);
#endif
