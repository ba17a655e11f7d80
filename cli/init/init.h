// The init of the VM: what its files share. See main.c.
#ifndef FURCA_INIT_H
#define FURCA_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "../protocol.h"

struct config {
	char *exe, *cwd, *host, *stdin_file, *termios, *win;
	char **argv, **envp, **modules;
	size_t argc, envc, modules_count;
	unsigned tty;
	bool merge, cooked;
	uint64_t ignored; // bit n-1: signal n
};

struct program {
	pid_t pid;
	int in_fd;  // what its standard input is fed through: a pipe's end, the terminal's master, or -1
	int out_fd; // where its output comes out: a pipe's end, or -1
	int err_fd;
	int tty_fd; // the terminal's master, or -1
	int error;  // errno of a start that failed, else 0
	int step;   // enum ctl_step of it
};

// say.c
void say(const char *text, const char *what, int error);
_Noreturn void power_off(void);
_Noreturn void die(const char *text, const char *what, int error);

// config.c
int config_read(struct config *c, const char *path);

// ports.c: file descriptors by port number; 0 or -errno
int ports_open(int fds[PORT_COUNT + 1]);

// spawn.c
int program_start(struct program *p, const struct config *c);

// relay.c: works until the program has ended and all it wrote is on its way; returns its wait status
void relay_init(void);
int relay_run(struct program *p, const struct config *c, const int ports[], struct ctl_exit *end);
_Noreturn void relay_wait_bye(struct program *p, int ctl);
void ctl_send(int fd, uint32_t type, const void *data, uint32_t size);
#endif
