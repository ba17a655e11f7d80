// Between the caller's streams and the VM's ports: one poll(2) loop.
//
// The caller's descriptors may be shared with others, so their flags are left alone; a pipe is opened anew for writing
// without blocking, other things are written to in pieces small enough. A slow reader holds back its own stream only,
// but under --deterministic none: there all output is taken at once, or its pace would show in the guest's clock.
// The end: CTL_EXIT says how many bytes of output there are; when they have come, QEMU is no longer needed.
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "tty.h"

enum { BUFFER = 65536, PIECE = 4096, HELD_MAX = 262144, KEEP = 16384, TERM_GRACE_MS = 1000, PANIC_GRACE_MS = 2000 };

struct output {
	int port;     // PORT_OUT or PORT_ERR
	int from, to; // the port's socket; the caller's stream, or our own opening of it
	bool is_own;  // `to` is ours to close
	bool is_socket;
	bool is_gone; // nobody reads the caller's end
	size_t piece; // how much may be written at once
	uint64_t received;
	struct bytes held;
	size_t start; // of `held`: written up to here
};

struct relay {
	struct vm *vm;
	const struct options *o;
	struct relay_result *r;
	unsigned tty;
	int signals;
	struct output outs[2];
	struct bytes ctl_in, ctl_out, input;
	size_t ctl_done, input_done;
	uint64_t input_total;
	bool is_input_open, is_started, is_qemu_gone, is_done;
	bool is_ended, is_told, has_end; // the program has died; a signal has told us to end; CTL_EXIT has come
	struct ctl_exit end;
	int64_t deadline_ms; // 0: none
};

static int64_t now_ms(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// --- frames ---

void frame_add(struct bytes *out, uint32_t type, const void *data, uint32_t size) {
	struct ctl_head head = { .type = type, .size = size };
	bytes_add(out, &head, sizeof(head));
	bytes_add(out, data, size);
}

bool frames_take(struct bytes *in, void (*take)(void *, uint32_t, const char *, uint32_t), void *context) {
	size_t at = 0;
	struct ctl_head head;
	bool is_sound = true;
	while (in->size - at >= sizeof(head)) {
		memcpy(&head, in->data + at, sizeof(head));
		is_sound = head.size <= CTL_MAX;
		if (!is_sound || in->size - at - sizeof(head) < head.size)
			break;
		take(context, head.type, in->data + at + sizeof(head), head.size);
		at += sizeof(head) + head.size;
	}
	if (at > 0)
		memmove(in->data, in->data + at, in->size -= at);
	return is_sound;
}

static void ctl_send(struct relay *y, uint32_t type, const void *data, uint32_t size) {
	frame_add(&y->ctl_out, type, data, size);
}

static void ctl_send_word(struct relay *y, uint32_t type, uint32_t word) {
	ctl_send(y, type, &word, sizeof(word));
}

// --- output ---

static void output_init(struct relay *y, struct output *out, int port, int fd) {
	struct stat st;
	*out = (struct output){ .port = port, .from = y->vm->ports[port], .to = fd, .piece = PIECE };
	if (fstat(fd, &st) != 0)
		return;
	out->is_socket = S_ISSOCK(st.st_mode);
	if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode) || out->is_socket)
		out->piece = BUFFER;
	if (S_ISFIFO(st.st_mode)) {
		char *path = text_format("/proc/self/fd/%d", fd);
		int own = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		free(path);
		if (own >= 0) {
			out->to = own;
			out->is_own = true;
			out->piece = BUFFER;
		}
	}
}

static size_t output_left(const struct output *out) {
	return out->held.size - out->start;
}

static void output_read(struct relay *y, struct output *out) {
	static char chunk[BUFFER];
	for (;;) {
		if (!y->o->deterministic && output_left(out) >= HELD_MAX)
			return;
		ssize_t n = read(out->from, chunk, sizeof(chunk));
		if (n <= 0)
			return;
		out->received += (uint64_t)n;
		if (out->is_gone)
			continue;
		if (out->start == out->held.size)
			out->start = out->held.size = 0;
		bytes_add(&out->held, chunk, (size_t)n);
	}
}

static void output_lost(struct relay *y, struct output *out, int error) {
	y->r->is_output_lost |= error != EPIPE;
	if (error != EPIPE)
		fail(EXIT_TOOL, "cannot write", out->port == PORT_OUT ? "standard output" : "standard error", "%s",
			strerror(error));
	out->is_gone = true;
	out->start = out->held.size = 0;
	ctl_send_word(y, CTL_READER_GONE, (uint32_t)out->port);
}

static void output_write(struct relay *y, struct output *out) {
	while (output_left(out) > 0) {
		size_t left = output_left(out), size = left < out->piece ? left : out->piece;
		const char *data = out->held.data + out->start;
		ssize_t n = out->is_socket ? send(out->to, data, size, MSG_DONTWAIT | MSG_NOSIGNAL)
					   : write(out->to, data, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			if (errno != EAGAIN)
				output_lost(y, out, errno);
			return;
		}
		out->start += (size_t)n;
		if (out->piece == PIECE)
			return; // it may block now: ask poll first
	}
	out->start = out->held.size = 0;
}

// --- input ---

static void input_close(struct relay *y) {
	if (y->is_input_open)
		ctl_send(y, CTL_EOF, &y->input_total, sizeof(y->input_total));
	y->is_input_open = false;
}

static void input_read(struct relay *y) {
	static char chunk[BUFFER];
	ssize_t n = read(0, chunk, sizeof(chunk));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0 && errno != EIO)
		fail(EXIT_TOOL, "cannot read standard input", NULL, "%s", strerror(errno));
	if (n <= 0) {
		input_close(y);
		return;
	}
	y->input.size = 0;
	y->input_done = 0;
	bytes_add(&y->input, chunk, (size_t)n);
	y->input_total += (uint64_t)n;
}

// Writes what is there to a socket; what is left waits for poll. False if the other end has gone.
static bool socket_write(int fd, struct bytes *b, size_t *done) {
	while (*done < b->size) {
		ssize_t n = send(fd, b->data + *done, b->size - *done, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		*done += (size_t)n;
	}
	*done = b->size = 0;
	return true;
}

// --- what the VM says ---

// The program has died because we were told to: its output shall not keep us, should nobody take it.
static void end_soon(struct relay *y) {
	if (y->is_ended && y->is_told && y->deadline_ms == 0)
		y->deadline_ms = now_ms() + TERM_GRACE_MS;
}

static void message_take(void *context, uint32_t type, const char *data, uint32_t size) {
	struct relay *y = context;
	if (type == CTL_STARTED) {
		y->is_started = true;
	} else if (type == CTL_INPUT_DONE) {
		y->is_input_open = false;
		y->input.size = y->input_done = 0;
	} else if (type == CTL_TTY) {
		int fd = tty_fd(y->tty);
		if (fd >= 0 && write(fd, data, size) < 0)
			errno = 0; // a terminal that has gone says so by SIGHUP
	} else if (type == CTL_ENDED && size == sizeof(uint32_t)) {
		memcpy(&y->r->status, data, size);
		y->is_ended = y->r->is_exit = true;
		end_soon(y);
	} else if (type == CTL_MISSING) {
		bytes_add(&y->r->missing, data, size);
	} else if (type == CTL_FAILED && size == sizeof(y->r->failed)) {
		memcpy(&y->r->failed, data, size);
		y->r->is_failed = true;
		y->is_done = true;
	} else if (type == CTL_EXIT && size == sizeof(y->end)) {
		memcpy(&y->end, data, size);
		y->has_end = true;
	}
}

static void ctl_read(struct relay *y) {
	static char chunk[BUFFER];
	ssize_t n;
	while ((n = read(y->vm->ports[PORT_CTL], chunk, sizeof(chunk))) > 0) {
		bytes_add(&y->ctl_in, chunk, (size_t)n);
		if (!frames_take(&y->ctl_in, message_take, y)) {
			fail(EXIT_TOOL, "the VM said something that makes no sense", "furca.ctl", NULL);
			y->is_done = true;
			return;
		}
	}
}

static void tail_add(struct bytes *tail, const char *data, size_t size) {
	bytes_add(tail, data, size);
	if (tail->size > 2 * KEEP) {
		memmove(tail->data, tail->data + tail->size - KEEP, KEEP);
		tail->data[tail->size = KEEP] = '\0';
	}
}

bool console_is_panic(const char *text) {
	return strstr(text, "furca: panic:") != NULL || strstr(text, "Kernel panic") != NULL;
}

static void console_show(const char *data, size_t size) {
	for (size_t i = 0; i < size; i++) {
		// The serial line has CR LF already; a terminal in its usual mode makes its own CR.
		size_t start = i;
		while (i < size && (data[i] != '\r' || tty_is_raw()))
			i++;
		if (i > start && write(2, data + start, i - start) < 0)
			return;
	}
}

static void console_read(struct relay *y) {
	static char chunk[8192];
	ssize_t n;
	while ((n = read(y->vm->console, chunk, sizeof(chunk))) > 0) {
		if (y->o->verbose)
			console_show(chunk, (size_t)n);
		tail_add(&y->r->console, chunk, (size_t)n);
		if (!y->r->is_panic && console_is_panic(y->r->console.data)) {
			y->r->is_panic = true;
			y->deadline_ms = now_ms() + PANIC_GRACE_MS;
		}
	}
}

static void log_read(struct relay *y) {
	static char chunk[4096];
	ssize_t n;
	while ((n = read(y->vm->log, chunk, sizeof(chunk))) > 0) {
		if (y->o->verbose)
			console_show(chunk, (size_t)n);
		tail_add(&y->r->log, chunk, (size_t)n);
	}
	if (n == 0) {
		close(y->vm->log);
		y->vm->log = -1;
	}
}

// --- signals and time ---

static const int passed_on[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };

void relay_signals_block(void) {
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(&set, passed_on[i]);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGCONT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	// A child's death must be seen even if whoever called us did not care for theirs.
	signal(SIGCHLD, SIG_DFL);
	// The shell of a script starts background jobs with these ignored: whoever sends them to us means the program.
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
}

static int signals_open(void) {
	sigset_t set;
	sigprocmask(SIG_BLOCK, NULL, &set);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void signal_take(struct relay *y, int number) {
	if (number == SIGCHLD) {
		if (y->vm->pid > 0 && waitpid(y->vm->pid, NULL, WNOHANG) == y->vm->pid) {
			y->vm->pid = -1;
			y->is_qemu_gone = true;
		}
	} else if (number == SIGWINCH || number == SIGCONT) {
		struct ctl_winsize w;
		if (number == SIGCONT && y->tty & 1)
			tty_raw();
		if (tty_size(tty_fd(y->tty), &w))
			ctl_send(y, CTL_WINSIZE, &w, sizeof(w));
	} else if (y->is_ended || (!y->is_started && y->r->signal != 0)) {
		y->is_done = true; // told twice, and there is no program (yet, or any more) that could take notice
	} else {
		y->is_told |= number != SIGUSR1 && number != SIGUSR2;
		if (!y->is_started)
			y->r->signal = number;
		ctl_send_word(y, CTL_SIGNAL, (uint32_t)number);
	}
}

static void signals_read(struct relay *y) {
	struct signalfd_siginfo info;
	while (read(y->signals, &info, sizeof(info)) == sizeof(info))
		signal_take(y, (int)info.ssi_signo);
}

static void deadline_check(struct relay *y) {
	if (y->deadline_ms == 0 || now_ms() < y->deadline_ms)
		return;
	if (y->is_ended && !y->is_told && !y->r->is_timeout && !y->r->is_panic) {
		y->deadline_ms = 0; // it ended in time; whoever reads its output may take theirs
		return;
	}
	if (y->r->is_panic || y->r->is_timeout || y->is_ended || !y->is_started) {
		y->r->is_timeout |= !y->is_ended && !y->r->is_panic;
		y->is_done = true;
		return;
	}
	y->r->is_timeout = true;
	y->deadline_ms = now_ms() + TERM_GRACE_MS;
	ctl_send_word(y, CTL_SIGNAL, SIGTERM);
}

static int wait_ms(const struct relay *y) {
	if (y->deadline_ms == 0)
		return -1;
	int64_t left = y->deadline_ms - now_ms();
	return left < 0 ? 0 : left > 1000000 ? 1000000 : (int)left + 1;
}

// --- the loop ---

enum { P_SIGNALS, P_CTL, P_CONSOLE, P_LOG, P_STDIN, P_IN, P_FROM, P_TO = P_FROM + 2, P_COUNT = P_TO + 2 };

static void poll_prepare(struct relay *y, struct pollfd p[P_COUNT]) {
	for (int i = 0; i < P_COUNT; i++)
		p[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	p[P_SIGNALS].fd = y->signals;
	if (y->vm->pid > 0) {
		p[P_CTL].fd = y->vm->ports[PORT_CTL];
		p[P_CONSOLE].fd = y->vm->console;
		p[P_LOG].fd = y->vm->log;
		if (y->ctl_out.size > 0)
			p[P_CTL].events |= POLLOUT;
		if (y->input.size > 0)
			p[P_IN] = (struct pollfd){ .fd = y->vm->ports[PORT_IN], .events = POLLOUT };
		else if (y->is_input_open)
			p[P_STDIN].fd = 0;
	}
	for (int i = 0; i < 2; i++) {
		struct output *out = &y->outs[i];
		if (y->vm->pid > 0 && (y->o->deterministic || output_left(out) < HELD_MAX))
			p[P_FROM + i].fd = out->from;
		if (output_left(out) > 0)
			p[P_TO + i] = (struct pollfd){ .fd = out->to, .events = POLLOUT };
	}
}

static void vm_read(struct relay *y) {
	console_read(y);
	if (y->vm->log >= 0)
		log_read(y);
	ctl_read(y);
	for (int i = 0; i < 2; i++)
		output_read(y, &y->outs[i]);
}

static void step(struct relay *y) {
	struct pollfd p[P_COUNT];
	poll_prepare(y, p);
	int n = poll(p, P_COUNT, wait_ms(y));
	if (n < 0)
		return; // EINTR: nothing is lost, all is asked again
	if (p[P_CONSOLE].revents)
		console_read(y);
	if (p[P_LOG].revents)
		log_read(y);
	if (p[P_CTL].revents & (POLLIN | POLLHUP))
		ctl_read(y);
	for (int i = 0; i < 2; i++) {
		if (p[P_FROM + i].revents)
			output_read(y, &y->outs[i]);
		if (p[P_TO + i].revents)
			output_write(y, &y->outs[i]);
	}
	if (p[P_STDIN].revents)
		input_read(y);
	if (y->input.size > 0)
		socket_write(y->vm->ports[PORT_IN], &y->input, &y->input_done);
	if (p[P_SIGNALS].revents)
		signals_read(y);
	if (y->ctl_out.size > 0)
		socket_write(y->vm->ports[PORT_CTL], &y->ctl_out, &y->ctl_done);
	deadline_check(y);
}

static bool has_all_output(const struct relay *y) {
	return y->has_end && y->outs[0].received >= y->end.out_bytes && y->outs[1].received >= y->end.err_bytes;
}

// What has come is still handed over, to whoever still takes it, for as long as there is time.
static void outputs_flush(struct relay *y) {
	while (output_left(&y->outs[0]) + output_left(&y->outs[1]) > 0 && !y->is_done)
		step(y);
}

void relay_run(struct vm *vm, const struct options *o, unsigned tty, bool has_input, struct relay_result *r) {
	struct relay y = {
		.vm = vm, .o = o, .r = r, .tty = tty, .is_input_open = has_input, .signals = signals_open()
	};
	*r = (struct relay_result){ 0 };
	output_init(&y, &y.outs[0], PORT_OUT, 1);
	output_init(&y, &y.outs[1], PORT_ERR, 2);
	bytes_add(&r->console, "", 0);
	if (o->timeout_s > 0)
		y.deadline_ms = now_ms() + (int64_t)(o->timeout_s * 1000);
	if (tty & 1)
		tty_raw();
	while (!y.is_done && !y.is_qemu_gone && !has_all_output(&y))
		step(&y);
	vm_read(&y);
	if (y.is_started || r->is_exit || !y.is_done)
		r->signal = 0;
	vm_kill(vm, o->qemu.count > 0);
	y.is_ended = true;
	if (!y.is_done || r->is_timeout) {
		y.is_done = false;
		y.deadline_ms = y.is_told || r->is_timeout ? now_ms() + TERM_GRACE_MS : 0;
		outputs_flush(&y);
	}
	tty_restore();
	for (int i = 0; i < 2; i++) {
		if (y.outs[i].is_own)
			close(y.outs[i].to);
		bytes_drop(&y.outs[i].held);
	}
	bytes_drop(&y.ctl_in);
	bytes_drop(&y.ctl_out);
	bytes_drop(&y.input);
	close(y.signals);
}

void relay_result_drop(struct relay_result *r) {
	bytes_drop(&r->console);
	bytes_drop(&r->log);
	bytes_drop(&r->missing);
}
