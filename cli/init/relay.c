// Moves bytes between the program's streams and the ports, hands signals and window sizes on, and reaps.
//
// One poll(2) loop, no descriptor of which ever blocks. Each stream is a flow with one buffer: it is read only when
// the buffer is empty and written until it is, so a slow reader holds back its own stream and nothing else.
// The end: once the program has died, what its pipes and terminal still hold is passed on; whoever else still has
// them open (a background job) is not waited for.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include "init.h"

enum { BUFFER = 65536, TTY_RETRY_MS = 50 };

struct flow {
	int from, to;	// -1: nothing (more) to read; nobody to write to
	bool is_tty_in; // `from` is the terminal's master: EIO only means that nobody has it open just now
	bool is_hung;	// and that was so when it was last read
	size_t start, end;
	uint64_t count; // bytes written
	char *buffer;
};

enum { FLOW_IN, FLOW_OUT, FLOW_ERR, FLOWS };

struct relay {
	struct program *program;
	int ctl;
	struct flow flows[FLOWS];
	uint64_t in_read, in_total; // bytes read from furca.in; how many there will be in all, once CTL_EOF says so
	bool is_ended;
	int status;
	char frame[sizeof(struct ctl_head) + 64]; // a message from the host as far as it has come in
	size_t frame_size;
};

static char buffers[FLOWS][BUFFER];
static int wake_fds[2];

static void on_child(int number) {
	(void)number;
	int error = errno;
	if (write(wake_fds[1], "", 1) < 0)
		errno = 0; // the pipe is full: the loop is awake anyway
	errno = error;
}

void relay_init(void) {
	if (pipe2(wake_fds, O_CLOEXEC | O_NONBLOCK) != 0)
		die("cannot make a pipe", "", errno);
	struct sigaction child = { .sa_handler = on_child, .sa_flags = SA_RESTART };
	sigaction(SIGCHLD, &child, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
}

// Messages to the host are few: waiting for room is right, for the order must be kept.
void ctl_send(int fd, uint32_t type, const void *data, uint32_t size) {
	struct ctl_head head = { .type = type, .size = size };
	static char frame[sizeof(head) + CTL_MAX];
	memcpy(frame, &head, sizeof(head));
	if (size > 0)
		memcpy(frame + sizeof(head), data, size);
	size_t total = sizeof(head) + size, done = 0;
	while (done < total) {
		ssize_t n = write(fd, frame + done, total - done);
		if (n > 0)
			done += (size_t)n;
		else if (n < 0 && errno == EAGAIN)
			poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1);
		else if (n < 0 && errno != EINTR)
			return;
	}
}

// --- flows ---

static bool flow_is_empty(const struct flow *f) {
	return f->start == f->end;
}

static void flow_fill(struct relay *r, struct flow *f) {
	f->start = f->end = 0;
	f->is_hung = false;
	while (f->end < BUFFER) {
		ssize_t n = read(f->from, f->buffer + f->end, BUFFER - f->end);
		if (n > 0) {
			f->end += (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (f->is_tty_in) {
			f->is_hung = true;
			return;
		}
		if (f != &r->flows[FLOW_IN]) {
			close(f->from);
			f->from = -1;
		}
		return;
	}
}

// Nobody reads standard input any more: the host need not send the rest.
static void input_end(struct relay *r) {
	struct flow *f = &r->flows[FLOW_IN];
	if (f->to >= 0 && f->to != r->program->tty_fd)
		close(f->to);
	f->to = f->from = -1;
	f->start = f->end = 0;
	ctl_send(r->ctl, CTL_INPUT_DONE, NULL, 0);
}

static void flow_drain(struct relay *r, struct flow *f) {
	while (!flow_is_empty(f)) {
		ssize_t n = write(f->to, f->buffer + f->start, f->end - f->start);
		if (n >= 0) {
			f->start += (size_t)n;
			f->count += (uint64_t)n;
			if (n == 0)
				return;
		} else if (errno == EAGAIN) {
			return;
		} else if (errno != EINTR) {
			if (f == &r->flows[FLOW_IN])
				input_end(r);
			f->start = f->end = 0;
			return;
		}
	}
}

// All of standard input has been passed on: close it, or on a terminal type the end-of-file key.
static void input_check_end(struct relay *r) {
	struct flow *f = &r->flows[FLOW_IN];
	if (f->to < 0 || !flow_is_empty(f) || r->in_read < r->in_total)
		return;
	if (f->to == r->program->tty_fd) {
		struct termios t;
		if (tcgetattr(f->to, &t) == 0 && write(f->to, &t.c_cc[VEOF], 1) < 0)
			say("cannot end the terminal's input", "", errno);
	} else {
		close(f->to);
	}
	f->to = f->from = -1;
}

static void input_move(struct relay *r, short from_events, short to_events) {
	struct flow *f = &r->flows[FLOW_IN];
	if (from_events & (POLLIN | POLLHUP | POLLERR) && flow_is_empty(f)) {
		flow_fill(r, f);
		r->in_read += f->end;
	}
	if (!flow_is_empty(f))
		flow_drain(r, f);
	else if (to_events & POLLERR)
		input_end(r);
	input_check_end(r);
}

// The terminal's echo when neither output is the terminal: too little to need a port of its own.
static void tty_pass(struct relay *r) {
	char data[1024];
	ssize_t n = read(r->program->tty_fd, data, sizeof(data));
	if (n > 0)
		ctl_send(r->ctl, CTL_TTY, data, (uint32_t)n);
}

// --- what the host says ---

static void signal_pass(struct relay *r, int number) {
	// A terminal sends these three to the whole foreground group, and so does whoever stands in for it.
	bool is_group = number == SIGINT || number == SIGQUIT || number == SIGHUP;
	if (!r->is_ended && number > 0 && number <= 64)
		kill(is_group ? -r->program->pid : r->program->pid, number);
}

static void reader_gone(struct relay *r, uint32_t port) {
	if (port != PORT_OUT && port != PORT_ERR)
		return;
	struct flow *f = &r->flows[port == PORT_OUT ? FLOW_OUT : FLOW_ERR];
	if (f->from >= 0 && !f->is_tty_in)
		close(f->from); // the writer gets SIGPIPE or EPIPE
	f->from = -1;
	f->start = f->end = 0;
}

static void message_take(struct relay *r, uint32_t type, const char *data, uint32_t size) {
	uint32_t word = 0;
	if (size >= sizeof(word))
		memcpy(&word, data, sizeof(word));
	if (type == CTL_EOF && size == sizeof(r->in_total)) {
		memcpy(&r->in_total, data, sizeof(r->in_total));
		input_check_end(r);
	} else if (type == CTL_SIGNAL) {
		signal_pass(r, (int)word);
	} else if (type == CTL_READER_GONE) {
		reader_gone(r, word);
	} else if (type == CTL_WINSIZE && size == sizeof(struct ctl_winsize) && r->program->tty_fd >= 0) {
		struct ctl_winsize s;
		memcpy(&s, data, sizeof(s));
		struct winsize w = { s.rows, s.cols, s.xpixel, s.ypixel };
		ioctl(r->program->tty_fd, TIOCSWINSZ, &w);
	} else if (type == CTL_BYE) {
		power_off();
	}
}

static void ctl_read(struct relay *r) {
	ssize_t n;
	while ((n = read(r->ctl, r->frame + r->frame_size, sizeof(r->frame) - r->frame_size)) > 0) {
		r->frame_size += (size_t)n;
		struct ctl_head head;
		while (r->frame_size >= sizeof(head)) {
			memcpy(&head, r->frame, sizeof(head));
			size_t whole = sizeof(head) + head.size;
			if (whole > sizeof(r->frame))
				die("a message from the host that makes no sense", "", 0);
			if (r->frame_size < whole)
				break;
			message_take(r, head.type, r->frame + sizeof(head), head.size);
			memmove(r->frame, r->frame + whole, r->frame_size - whole);
			r->frame_size -= whole;
		}
	}
}

// --- the loop ---

static void reap(struct relay *r) {
	char drop[64];
	while (read(wake_fds[0], drop, sizeof(drop)) > 0)
		;
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == r->program->pid) {
			r->is_ended = true;
			r->status = status;
		}
}

static void flows_init(struct relay *r, const struct config *c, const int ports[]) {
	struct program *p = r->program;
	for (int i = 0; i < FLOWS; i++)
		r->flows[i] = (struct flow){ .from = -1, .to = -1, .buffer = buffers[i] };
	r->flows[FLOW_OUT].to = ports[PORT_OUT];
	r->flows[FLOW_ERR].to = ports[PORT_ERR];
	if (p->in_fd >= 0) {
		r->flows[FLOW_IN].from = ports[PORT_IN];
		r->flows[FLOW_IN].to = p->in_fd;
	}
	r->flows[FLOW_OUT].from = p->out_fd;
	r->flows[FLOW_ERR].from = p->err_fd;
	if (c->tty & 6) {
		struct flow *f = &r->flows[c->tty & 2 ? FLOW_OUT : FLOW_ERR];
		f->from = p->tty_fd;
		f->is_tty_in = true;
	}
}

// What a poll set holds, in this order.
enum { P_CTL, P_WAKE, P_IN_FROM, P_IN_TO, P_OUT, P_ERR, P_TTY, P_COUNT };

static void poll_out(struct pollfd *p, const struct flow *f) {
	if (!flow_is_empty(f))
		*p = (struct pollfd){ .fd = f->to, .events = POLLOUT };
	else
		*p = (struct pollfd){ .fd = f->is_hung ? -1 : f->from, .events = POLLIN };
}

static bool poll_prepare(const struct relay *r, struct pollfd p[P_COUNT], bool is_tty_apart) {
	const struct flow *in = &r->flows[FLOW_IN];
	p[P_CTL] = (struct pollfd){ .fd = r->ctl, .events = POLLIN };
	p[P_WAKE] = (struct pollfd){ .fd = wake_fds[0], .events = POLLIN };
	p[P_IN_FROM] = (struct pollfd){ .fd = flow_is_empty(in) ? in->from : -1, .events = POLLIN };
	// Asked for nothing, a pipe still says when its last reader has gone; a terminal would say "hung up" for ever.
	bool is_pipe = in->to != r->program->tty_fd;
	p[P_IN_TO] = (struct pollfd){ .fd = is_pipe || !flow_is_empty(in) ? in->to : -1,
		.events = flow_is_empty(in) ? 0 : POLLOUT };
	poll_out(&p[P_OUT], &r->flows[FLOW_OUT]);
	poll_out(&p[P_ERR], &r->flows[FLOW_ERR]);
	p[P_TTY] = (struct pollfd){ .fd = is_tty_apart ? r->program->tty_fd : -1, .events = POLLIN };
	return r->flows[FLOW_OUT].is_hung || r->flows[FLOW_ERR].is_hung;
}

static void output_move(struct relay *r, struct flow *f) {
	if (flow_is_empty(f) && f->from >= 0)
		flow_fill(r, f);
	if (!flow_is_empty(f))
		flow_drain(r, f);
}

// After the program's death: pass on what is left, until there is none.
static void outputs_finish(struct relay *r) {
	for (int i = FLOW_OUT; i <= FLOW_ERR; i++) {
		struct flow *f = &r->flows[i];
		for (;;) {
			if (flow_is_empty(f) && f->from >= 0)
				flow_fill(r, f);
			if (flow_is_empty(f))
				break;
			flow_drain(r, f);
			if (flow_is_empty(f))
				continue;
			struct pollfd p[2] = { { .fd = f->to, .events = POLLOUT }, { .fd = r->ctl, .events = POLLIN } };
			poll(p, 2, -1);
			ctl_read(r);
		}
	}
}

int relay_run(struct program *p, const struct config *c, const int ports[], struct ctl_exit *end) {
	struct relay r = { .program = p, .ctl = ports[PORT_CTL], .in_total = UINT64_MAX };
	bool is_tty_apart = p->tty_fd >= 0 && !(c->tty & 6);
	flows_init(&r, c, ports);
	reap(&r);
	while (!r.is_ended) {
		struct pollfd set[P_COUNT];
		bool is_hung = poll_prepare(&r, set, is_tty_apart);
		int n = poll(set, P_COUNT, is_hung ? TTY_RETRY_MS : -1);
		if (n < 0 && errno != EINTR)
			die("poll", "", errno);
		if (n <= 0) {
			r.flows[FLOW_OUT].is_hung = r.flows[FLOW_ERR].is_hung = false;
			memset(set, 0, sizeof(set));
		}
		if (set[P_CTL].revents)
			ctl_read(&r);
		input_move(&r, set[P_IN_FROM].revents, set[P_IN_TO].revents);
		if (set[P_OUT].revents)
			output_move(&r, &r.flows[FLOW_OUT]);
		if (set[P_ERR].revents)
			output_move(&r, &r.flows[FLOW_ERR]);
		if (set[P_TTY].revents & POLLIN)
			tty_pass(&r);
		reap(&r);
	}
	ctl_send(r.ctl, CTL_ENDED, &(uint32_t){ (uint32_t)r.status }, sizeof(uint32_t));
	outputs_finish(&r);
	if (is_tty_apart)
		tty_pass(&r);
	*end = (struct ctl_exit){
		.status = (uint32_t)r.status, .out_bytes = r.flows[FLOW_OUT].count, .err_bytes = r.flows[FLOW_ERR].count
	};
	return r.status;
}

void relay_wait_bye(struct program *p, int ctl) {
	static struct relay r;
	r = (struct relay){ .program = p, .ctl = ctl, .is_ended = true, .in_total = UINT64_MAX };
	for (int i = 0; i < FLOWS; i++)
		r.flows[i] = (struct flow){ .from = -1, .to = -1 };
	for (;;) {
		struct pollfd set = { .fd = ctl, .events = POLLIN };
		poll(&set, 1, -1);
		ctl_read(&r);
	}
}
