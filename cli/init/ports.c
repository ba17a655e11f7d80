// Finds and opens the four ports. By name in sysfs where there is one; else by number, as the host numbers them.
// The ports appear a moment after the driver: wait for them, but not for ever.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "init.h"

enum { WAIT_MS = 10000, STEP_US = 2000, DEVICES = 4, NUMBERS = 8 };

static const char *const port_names[] = PORT_NAMES;

static void path_make(char *out, const char *before, int device, int number, const char *after) {
	char *p = out;
	p = stpcpy(p, before);
	*p++ = (char)('0' + device);
	*p++ = 'p';
	*p++ = (char)('0' + number);
	strcpy(p, after);
}

// The number of the port that a sysfs name file stands for, or 0.
static int name_match(int device, int number) {
	char path[64], name[32];
	path_make(path, "/sys/class/virtio-ports/vport", device, number, "/name");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t n = read(fd, name, sizeof(name) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	if (name[n - 1] == '\n')
		n--;
	for (int i = 1; i <= PORT_COUNT; i++)
		if ((size_t)n == strlen(port_names[i]) && memcmp(name, port_names[i], (size_t)n) == 0)
			return i;
	return 0;
}

static void port_try(int fds[], int port, int device, int number) {
	char path[32];
	path_make(path, "/dev/vport", device, number, "");
	if (fds[port] < 0)
		fds[port] = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

static void ports_look(int fds[], bool has_names) {
	if (!has_names) {
		for (int i = 1; i <= PORT_COUNT; i++)
			port_try(fds, i, 0, i);
		return;
	}
	for (int device = 0; device < DEVICES; device++)
		for (int number = 0; number < NUMBERS; number++) {
			int port = name_match(device, number);
			if (port != 0)
				port_try(fds, port, device, number);
		}
}

int ports_open(int fds[PORT_COUNT + 1]) {
	for (int i = 0; i <= PORT_COUNT; i++)
		fds[i] = -1;
	for (int waited_us = 0;; waited_us += STEP_US) {
		ports_look(fds, access("/sys/class/virtio-ports", F_OK) == 0);
		int found = 0;
		for (int i = 1; i <= PORT_COUNT; i++)
			found += fds[i] >= 0;
		if (found == PORT_COUNT)
			return 0;
		if (waited_us >= WAIT_MS * 1000)
			return -ENODEV;
		nanosleep(&(struct timespec){ .tv_nsec = STEP_US * 1000 }, NULL);
	}
}
