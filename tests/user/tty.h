/* tty.h: a pty for the tests of terminals: opened, set raw or left as it is, read without waiting. */
#pragma once
#include "check.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <termios.h>

/* A devpts with a ptmx must be there; a bare initramfs has none yet. */
static inline void tty_mount_devpts(void)
{
	if (access("/dev/pts/ptmx", F_OK) == 0)
		return;
	mkdir("/dev/pts", 0755);
	mount("devpts", "/dev/pts", "devpts", 0, "ptmxmode=0666");
}

static inline int tty_master(void)
{
	tty_mount_devpts();
	int master = NEED_OK(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
	NEED_OK(ioctl(master, TIOCSPTLCK, &(int){0}));
	return master;
}

static inline const char *tty_slave_name(int master)
{
	static char name[32];
	unsigned number = 0;
	NEED_OK(ioctl(master, TIOCGPTN, &number));
	snprintf(name, sizeof name, "/dev/pts/%u", number);
	return name;
}

static inline int tty_slave(int master, int flags)
{
	return NEED_OK(open(tty_slave_name(master), O_RDWR | flags));
}

static inline void tty_pair(int *master, int *slave)
{
	*master = tty_master();
	*slave = tty_slave(*master, O_NOCTTY);
}

static inline void tty_raw(int fd)
{
	struct termios t;
	NEED_OK(tcgetattr(fd, &t));
	cfmakeraw(&t);
	NEED_OK(tcsetattr(fd, TCSANOW, &t));
}

static inline bool tty_ready(int fd, int events, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = events};
	return poll(&p, 1, timeout_ms) == 1 && p.revents & events;
}

/* What comes within a second, as a string. */
static inline const char *tty_text(int fd)
{
	static char text[512];
	ssize_t n = -1;
	if (tty_ready(fd, POLLIN, 1000))
		n = read(fd, text, sizeof text - 1);
	text[n < 0 ? 0 : n] = 0;
	return text;
}

static inline void tty_type(int master, const char *text)
{
	NEED_OK(write(master, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1);
}
