// Starts the program: its three streams, each a pipe or a terminal as it is for the caller, its folder, its signals.
// Errors: program_start returns 0, or -1 with p->step and p->error saying what failed.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include "init.h"

// The program's own ends of its streams; -1 where it has none of that kind.
struct ends {
	int in, out, err, tty;
};

static void winsize_set(int fd, const char *text) {
	struct winsize w = { 0 };
	char *p = (char *)text;
	w.ws_row = (unsigned short)strtoul(p, &p, 10);
	w.ws_col = (unsigned short)strtoul(p, &p, 10);
	w.ws_xpixel = (unsigned short)strtoul(p, &p, 10);
	w.ws_ypixel = (unsigned short)strtoul(p, &p, 10);
	ioctl(fd, TIOCSWINSZ, &w);
}

// The caller's own settings (its erase and interrupt keys, echo, UTF-8), but not its speed and character size.
static void termios_set(int fd, const struct config *c) {
	struct termios t;
	if (tcgetattr(fd, &t) != 0)
		return;
	if (c->termios != NULL) {
		char *p = c->termios;
		t.c_iflag = (tcflag_t)strtoul(p, &p, 16);
		t.c_oflag = (tcflag_t)strtoul(p, &p, 16);
		t.c_lflag = (tcflag_t)strtoul(p, &p, 16);
		for (int i = 0; i < 17 && *p != '\0'; i++)
			t.c_cc[i] = (cc_t)strtoul(p, &p, 16);
	}
	if (c->cooked) {
		t.c_oflag &= ~(tcflag_t)OPOST;
		t.c_lflag &= ~(tcflag_t)ECHO;
	}
	tcsetattr(fd, TCSANOW, &t);
}

static int tty_open(struct program *p, struct ends *e, const struct config *c) {
	int unlock = 0, number = 0;
	p->tty_fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (p->tty_fd < 0)
		return -1;
	if (ioctl(p->tty_fd, TIOCSPTLCK, &unlock) != 0 || ioctl(p->tty_fd, TIOCGPTN, &number) != 0)
		return -1;
	char path[32], digits[12];
	char *d = digits + sizeof(digits);
	*--d = '\0';
	do
		*--d = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	strcpy(stpcpy(path, "/dev/pts/"), d);
	e->tty = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (e->tty < 0)
		return -1;
	termios_set(e->tty, c);
	if (c->win != NULL)
		winsize_set(e->tty, c->win);
	return 0;
}

// One pipe: `ours` is the end that init keeps, without blocking; `theirs` the program's.
static int pipe_open(int *ours, int *theirs, bool we_read) {
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) != 0)
		return -1;
	*ours = fds[we_read ? 0 : 1];
	*theirs = fds[we_read ? 1 : 0];
	return fcntl(*ours, F_SETFL, O_NONBLOCK);
}

static int streams_open(struct program *p, struct ends *e, const struct config *c) {
	if (c->tty != 0 && tty_open(p, e, c) != 0)
		return -1;
	if (c->stdin_file != NULL) {
		e->in = open(c->stdin_file, O_RDONLY | O_CLOEXEC);
		if (e->in < 0)
			return -1;
		unlink(c->stdin_file);
	} else if (c->tty & 1)
		e->in = e->tty;
	else if (pipe_open(&p->in_fd, &e->in, false) != 0)
		return -1;
	if (c->tty & 2)
		e->out = e->tty;
	else if (pipe_open(&p->out_fd, &e->out, true) != 0)
		return -1;
	if (c->tty & 4)
		e->err = e->tty;
	else if (c->merge)
		e->err = e->out;
	else if (pipe_open(&p->err_fd, &e->err, true) != 0)
		return -1;
	return 0;
}

static _Noreturn void child_fail(int report, int step) {
	int note[2] = { step, errno };
	if (write(report, note, sizeof(note)) < 0)
		_exit(125);
	_exit(127);
}

static _Noreturn void child_run(const struct config *c, const struct ends *e, int report) {
	setsid();
	if (e->tty >= 0)
		ioctl(e->tty, TIOCSCTTY, 0);
	if (dup2(e->in, 0) < 0 || dup2(e->out, 1) < 0 || dup2(e->err, 2) < 0)
		child_fail(report, STEP_SETUP);
	if (chdir(c->cwd != NULL ? c->cwd : "/") != 0)
		child_fail(report, STEP_CHDIR);
	for (int n = 1; n <= 64; n++)
		signal(n, n <= 32 && (c->ignored >> (n - 1) & 1) ? SIG_IGN : SIG_DFL);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(c->exe, c->argv, c->envp);
	child_fail(report, STEP_EXEC);
}

static void end_close(int fd) {
	if (fd > 2)
		close(fd);
}

static void ends_close(struct ends *e) {
	end_close(e->in);
	if (e->out != e->in)
		end_close(e->out);
	if (e->err != e->out && e->err != e->in)
		end_close(e->err);
	if (e->tty != e->in && e->tty != e->out && e->tty != e->err)
		end_close(e->tty);
}

int program_start(struct program *p, const struct config *c) {
	*p = (struct program){ .pid = -1, .in_fd = -1, .out_fd = -1, .err_fd = -1, .tty_fd = -1, .step = STEP_SETUP };
	struct ends e = { -1, -1, -1, -1 };
	int report[2];
	if (streams_open(p, &e, c) != 0 || pipe2(report, O_CLOEXEC) != 0 || (p->pid = fork()) < 0) {
		p->error = errno;
		return -1;
	}
	if (p->pid == 0)
		child_run(c, &e, report[1]);
	close(report[1]);
	ends_close(&e);
	int note[2];
	ssize_t n;
	while ((n = read(report[0], note, sizeof(note))) < 0 && errno == EINTR)
		;
	close(report[0]);
	if (n == (ssize_t)sizeof(note)) {
		p->step = note[0];
		p->error = note[1];
		return -1;
	}
	if (c->tty & 1)
		p->in_fd = p->tty_fd;
	return 0;
}
