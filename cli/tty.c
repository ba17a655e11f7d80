// The caller's terminal. While it is raw, a guardian process waits for the tool's end on a pipe: if that comes without
// notice (SIGKILL, a crash), the guardian puts the terminal right.
#include "tty.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved;
static bool is_saved, is_raw;
static int guardian_fd = -1;
static pid_t guardian_pid = -1;

unsigned tty_streams(void) {
	unsigned streams = 0;
	for (int fd = 0; fd <= 2; fd++)
		streams |= isatty(fd) ? 1u << fd : 0;
	return streams;
}

int tty_fd(unsigned streams) {
	return streams & 1 ? 0 : streams & 2 ? 1 : streams & 4 ? 2 : -1;
}

bool tty_size(int fd, struct ctl_winsize *out) {
	struct winsize w;
	if (fd < 0 || ioctl(fd, TIOCGWINSZ, &w) != 0)
		return false;
	*out = (struct ctl_winsize){ w.ws_row, w.ws_col, w.ws_xpixel, w.ws_ypixel };
	return true;
}

void tty_describe(int fd, struct bytes *config) {
	struct ctl_winsize w;
	struct termios t;
	char text[256];
	if (tty_size(fd, &w)) {
		int n = snprintf(text, sizeof(text), "win=%u %u %u %u", w.rows, w.cols, w.xpixel, w.ypixel);
		bytes_add(config, text, (size_t)n + 1);
	}
	if (tcgetattr(fd, &t) == 0) {
		int n = snprintf(text, sizeof(text), "termios=%x %x %x", t.c_iflag, t.c_oflag, t.c_lflag);
		for (int i = 0; i < 17; i++)
			n += snprintf(text + n, sizeof(text) - (size_t)n, " %x", t.c_cc[i]);
		bytes_add(config, text, (size_t)n + 1);
	}
}

static void guardian_run(int fd) {
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTTOU, SIGTSTP, SIGPIPE };
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	for (int other = 1; other < 256; other++)
		if (other != fd)
			close(other); // whoever waits for the end of the tool's output shall not wait for us
	char said;
	ssize_t n;
	while ((n = read(fd, &said, 1)) < 0 && errno == EINTR)
		;
	if (n == 0)
		tcsetattr(0, TCSANOW, &saved);
	_exit(0);
}

static void guardian_start(void) {
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return;
	guardian_pid = fork();
	if (guardian_pid == 0) {
		close(ends[1]);
		guardian_run(ends[0]);
	}
	close(ends[0]);
	guardian_fd = ends[1];
}

void tty_raw(void) {
	if (!isatty(0) || tcgetpgrp(0) != getpgrp())
		return;
	if (!is_saved && tcgetattr(0, &saved) != 0)
		return;
	is_saved = true;
	if (guardian_fd < 0)
		guardian_start();
	struct termios t = saved;
	cfmakeraw(&t);
	is_raw = tcsetattr(0, TCSANOW, &t) == 0;
}

void tty_restore(void) {
	if (is_raw)
		tcsetattr(0, TCSADRAIN, &saved);
	is_raw = false;
	if (guardian_fd >= 0) {
		if (write(guardian_fd, "", 1) < 0)
			errno = 0; // the guardian has gone: then there is nobody to be told
		close(guardian_fd);
		guardian_fd = -1;
		waitpid(guardian_pid, NULL, 0);
	}
}

bool tty_is_raw(void) {
	return is_raw;
}
