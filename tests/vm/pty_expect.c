// Runs a command on a new terminal and talks to it by a script on standard input: the tests of what a terminal does.
//
//   expect TEXT     wait until the terminal has shown TEXT (from where the last expect ended)
//   send TEXT       type TEXT
//   size ROWS COLS  change the window's size
//   signal N        send signal N to the command
//   sleep MS
//   hangup          close the terminal
//   absent TEXT     TEXT has not been shown at all so far
//
// TEXT may hold \n, \r, \e, \\ and \xHH. The end of the script waits for the command's end. Prints "status N" (128+N
// for death by a signal), and "terminal restored", "changed" or "gone". Exit status 0 unless the script failed.
// usage: pty_expect [-t SECONDS] [-1 FILE] [-0 FILE] COMMAND [ARGS...]     -1: its standard output; -0: its input
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

static char shown[1 << 20];
static size_t shown_size, matched;
static int master = -1;
static pid_t child;
static double limit = 60;

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void terminal_read(int wait_ms) {
	struct pollfd p = { .fd = master, .events = POLLIN };
	if (master < 0 || poll(&p, 1, wait_ms) <= 0) {
		if (master < 0)
			usleep((useconds_t)wait_ms * 1000);
		return;
	}
	ssize_t n = read(master, shown + shown_size, sizeof(shown) - 1 - shown_size);
	if (n > 0)
		shown_size += (size_t)n;
	else
		usleep(10000);
}

static size_t unescape(char *text) {
	char *out = text;
	for (char *p = text; *p != '\0'; p++) {
		if (*p != '\\' || p[1] == '\0') {
			*out++ = *p;
			continue;
		}
		switch (*++p) {
		case 'n': *out++ = '\n'; break;
		case 'r': *out++ = '\r'; break;
		case 'e': *out++ = 27; break;
		case 'x': {
			char hex[3] = { p[1], p[1] ? p[2] : '\0', '\0' };
			*out++ = (char)strtoul(hex, NULL, 16);
			p += strlen(hex);
			break;
		}
		default: *out++ = *p;
		}
	}
	*out = '\0';
	return (size_t)(out - text);
}

static void give_up(const char *what, const char *text) {
	fprintf(stderr, "pty_expect: %s: %s\n--- shown:\n%.*s\n---\n", what, text, (int)shown_size, shown);
	kill(child, SIGKILL);
	exit(1);
}

static void expect(const char *text, size_t size) {
	double end = now() + limit;
	for (;;) {
		char *at = memmem(shown + matched, shown_size - matched, text, size);
		if (at != NULL) {
			matched = (size_t)(at - shown) + size;
			return;
		}
		if (now() > end)
			give_up("not shown", text);
		terminal_read(100);
	}
}

static void send_text(const char *text, size_t size) {
	while (size > 0) {
		ssize_t n = write(master, text, size);
		if (n < 0)
			give_up("cannot type", strerror(errno));
		text += n;
		size -= (size_t)n;
	}
}

static void line_run(char *line) {
	char *rest = strchr(line, ' ');
	size_t size = 0;
	if (rest != NULL) {
		*rest++ = '\0';
		size = unescape(rest);
	}
	if (strcmp(line, "expect") == 0 && rest) {
		expect(rest, size);
	} else if (strcmp(line, "absent") == 0 && rest) {
		if (memmem(shown, shown_size, rest, size) != NULL)
			give_up("shown", rest);
	} else if (strcmp(line, "send") == 0 && rest) {
		send_text(rest, size);
	} else if (strcmp(line, "size") == 0 && rest) {
		struct winsize w = { 0 };
		w.ws_row = (unsigned short)strtoul(rest, &rest, 10);
		w.ws_col = (unsigned short)strtoul(rest, &rest, 10);
		ioctl(master, TIOCSWINSZ, &w);
	} else if (strcmp(line, "signal") == 0 && rest) {
		kill(child, atoi(rest));
	} else if (strcmp(line, "sleep") == 0 && rest) {
		double end = now() + atoi(rest) / 1000.0;
		while (now() < end)
			terminal_read(10);
	} else if (strcmp(line, "hangup") == 0) {
		close(master);
		master = -1;
	} else if (*line != '\0' && *line != '#') {
		give_up("no such line", line);
	}
}

static void redirect(const char *path, int fd, int flags) {
	int file = path != NULL ? open(path, flags, 0644) : -1;
	if (file >= 0)
		dup2(file, fd);
}

int main(int argc, char **argv) {
	int option;
	const char *in = NULL, *out = NULL;
	while ((option = getopt(argc, argv, "+t:0:1:")) != -1)
		if (option == 't')
			limit = atof(optarg);
		else if (option == '0')
			in = optarg;
		else if (option == '1')
			out = optarg;
	struct termios before, after;
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	int slave;
	if (optind >= argc || openpty(&master, &slave, NULL, NULL, &size) != 0)
		return 2;
	tcgetattr(slave, &before);
	child = fork();
	if (child == 0) {
		close(master);
		login_tty(slave);
		redirect(in, 0, O_RDONLY);
		redirect(out, 1, O_WRONLY | O_CREAT | O_TRUNC);
		execvp(argv[optind], argv + optind);
		_exit(127);
	}
	fcntl(master, F_SETFD, FD_CLOEXEC);
	char line[4096];
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		line_run(line);
	}
	int status;
	double end = now() + limit;
	while (waitpid(child, &status, WNOHANG) != child) {
		terminal_read(20);
		if (now() > end)
			give_up("still running", argv[optind]);
	}
	usleep(100000);
	bool is_there = tcgetattr(slave, &after) == 0;
	bool is_same = is_there && before.c_lflag == after.c_lflag && before.c_iflag == after.c_iflag &&
		       before.c_oflag == after.c_oflag;
	printf("status %d\n", WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
	printf("terminal %s\n", !is_there ? "gone" : is_same ? "restored" : "changed");
	return 0;
}
