// The caller's terminal: raw while the program runs, and as it was afterwards, whatever happens.
#ifndef FURCA_CLI_TTY_H
#define FURCA_CLI_TTY_H

#include <stdbool.h>
#include "protocol.h"
#include "util.h"

unsigned tty_streams(void);   // bits 0, 1, 2: which standard streams are terminals
int tty_fd(unsigned streams); // one of them, or -1
bool tty_size(int fd, struct ctl_winsize *out);
void tty_describe(int fd, struct bytes *config); // the records "win" and "termios"
void tty_raw(void);				 // standard input, if it is our terminal and we are in its foreground
void tty_restore(void);
bool tty_is_raw(void);
#endif
