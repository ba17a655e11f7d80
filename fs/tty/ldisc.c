/*
 * fs/tty/ldisc.c: the line discipline: input editing, signals from the keyboard, flow control, output processing.
 *
 * Way in: ldisc_receive() with what was typed; ldisc_read() and ldisc_write() for the program. Way out: ldisc_ops.
 * Locks: the caller holds the terminal's. Errors: none; a full input buffer shows in the counts returned.
 * Source: termios(3). As Linux: 4095 bytes of input; a line without an end that fills them loses what follows but its
 * end; IMAXBEL does nothing; the end-of-file character is kept as a mark of value 0.
 */
#include "fs/tty/ldisc.h"
#include "base/string.h"
#include <asm/signal.h>

static const u8 default_characters[NCCS] = {
	[VINTR] = 003, [VQUIT] = 034, [VERASE] = 0177, [VKILL] = 025, [VEOF] = 004, [VMIN] = 1, [VSTART] = 021,
	[VSTOP] = 023, [VSUSP] = 032, [VREPRINT] = 022, [VDISCARD] = 017, [VWERASE] = 027, [VLNEXT] = 026,
};

void ldisc_default_termios(struct termios2 *t)
{
	memset(t, 0, sizeof(*t));
	t->c_iflag = ICRNL | IXON;
	t->c_oflag = OPOST | ONLCR;
	t->c_cflag = B38400 | CS8 | CREAD | HUPCL;
	t->c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
	memcpy(t->c_cc, default_characters, NCCS);
	t->c_ispeed = t->c_ospeed = 38400;
}

void ldisc_init(struct ldisc *l, const struct ldisc_ops *ops, void *terminal)
{
	memset(l, 0, sizeof(*l));
	l->ops = ops;
	l->terminal = terminal;
	ldisc_default_termios(&l->termios);
}

static bool is_char(const struct ldisc *l, int which, u8 c)
{
	return c != LDISC_DISABLED && l->termios.c_cc[which] == c;
}

static bool has_local(const struct ldisc *l, unsigned flag) { return l->termios.c_lflag & flag; }
static bool has_input(const struct ldisc *l, unsigned flag) { return l->termios.c_iflag & flag; }

/* ---- input ---- */

static void line_end_set(struct ldisc *l, u32 at)
{
	l->line_ends[at % LDISC_INPUT / 8] |= (u8)(1u << (at & 7));
}

static void line_end_clear(struct ldisc *l, u32 at)
{
	l->line_ends[at % LDISC_INPUT / 8] &= (u8)~(1u << (at & 7));
}

static bool line_end_is(const struct ldisc *l, u32 at)
{
	return l->line_ends[at % LDISC_INPUT / 8] & (1u << (at & 7));
}

static void input_append(struct ldisc *l, u8 c)
{
	l->input[l->head % LDISC_INPUT] = c;
	l->head++;
}

/* With PARMRK a byte 0377 of the data is doubled, so that it cannot be taken for a mark. */
static void input_append_marked(struct ldisc *l, u8 c)
{
	if (c == 0377 && has_input(l, PARMRK))
		input_append(l, c);
	input_append(l, c);
}

static void line_complete(struct ldisc *l, u8 last)
{
	line_end_set(l, l->head);
	input_append(l, last);
	l->line_end = l->head;
}

void ldisc_flush_input(struct ldisc *l)
{
	l->tail = l->line_end = l->head = 0;
	l->is_pushed = l->is_erasing = l->is_literal = false;
	memset(l->line_ends, 0, sizeof(l->line_ends));
	l->ops->input_flushed(l->terminal);
}

void ldisc_stop(struct ldisc *l, bool by_call)
{
	if (by_call)
		l->is_stopped_by_call = true;
	if (l->is_stopped)
		return;
	l->is_stopped = true;
	l->ops->flow(l->terminal, true);
}

void ldisc_start(struct ldisc *l, bool by_call)
{
	if (by_call)
		l->is_stopped_by_call = false;
	if (!l->is_stopped || l->is_stopped_by_call)
		return;
	l->is_stopped = false;
	l->ops->flow(l->terminal, false);
	ldisc_flush_echo(l);
}

static void signal_typed(struct ldisc *l, int sig, u8 c)
{
	if (!has_local(l, NOFLSH)) {
		l->echo_start = l->echo_end = 0;
		l->ops->flush_output(l->terminal);
		ldisc_flush_input(l);
	}
	l->ops->signal(l->terminal, sig);
	if (has_input(l, IXON))
		ldisc_start(l, false);
	if (has_local(l, ECHO))
		ldisc_echo_char(l, c);
}

static int signal_of(const struct ldisc *l, u8 c)
{
	if (!has_local(l, ISIG))
		return 0;
	if (is_char(l, VINTR, c))
		return SIGINT;
	if (is_char(l, VQUIT, c))
		return SIGQUIT;
	return is_char(l, VSUSP, c) ? SIGTSTP : 0;
}

static void reprint(struct ldisc *l, u8 c)
{
	ldisc_finish_erasing(l);
	ldisc_echo_char(l, c);
	ldisc_echo_raw(l, '\n');
	for (u32 at = l->line_end; at != l->head; at++)
		ldisc_echo_char(l, ldisc_byte(l, at));
}

static void echo_typed(struct ldisc *l, u8 c, bool is_literal)
{
	if (!has_local(l, ECHO))
		return;
	ldisc_finish_erasing(l);
	if (c == '\n' && !is_literal) {
		ldisc_echo_raw(l, c);
		return;
	}
	if (l->line_end == l->head)
		ldisc_note_line_column(l);
	ldisc_echo_char(l, c);
}

/* A character that means something in canonical mode; false: it is ordinary. */
static bool receive_canonical(struct ldisc *l, u8 c)
{
	bool is_extended = has_local(l, IEXTEN);
	if (is_char(l, VERASE, c) || is_char(l, VKILL, c) || (is_extended && is_char(l, VWERASE, c))) {
		ldisc_erase(l, c);
	} else if (is_extended && is_char(l, VLNEXT, c)) {
		l->is_literal = true;
		if (has_local(l, ECHO)) {
			ldisc_finish_erasing(l);
			if (has_local(l, ECHOCTL)) {
				ldisc_echo_raw(l, '^');
				ldisc_echo_raw(l, '\b');
			}
		}
	} else if (is_extended && has_local(l, ECHO) && is_char(l, VREPRINT, c)) {
		reprint(l, c);
	} else if (c == '\n') {
		if (has_local(l, ECHO | ECHONL))
			ldisc_echo_raw(l, '\n');
		line_complete(l, c);
	} else if (is_char(l, VEOF, c)) {
		line_complete(l, LDISC_DISABLED);
	} else if (is_char(l, VEOL, c) || (is_extended && is_char(l, VEOL2, c))) {
		if (has_local(l, ECHO)) {
			if (l->line_end == l->head)
				ldisc_note_line_column(l);
			ldisc_echo_char(l, c);
		}
		if (c == 0377 && has_input(l, PARMRK))
			input_append(l, c);
		line_complete(l, c);
	} else {
		return false;
	}
	return true;
}

static void restart_by_any(struct ldisc *l)
{
	if (l->is_stopped && has_input(l, IXON) && has_input(l, IXANY))
		ldisc_start(l, false);
}

static void receive_char(struct ldisc *l, u8 c)
{
	if (has_input(l, ISTRIP))
		c &= 0x7f;
	if (has_input(l, IUCLC) && has_local(l, IEXTEN) && c >= 'A' && c <= 'Z')
		c += 'a' - 'A';
	if (l->is_literal) {
		l->is_literal = false;
		restart_by_any(l);
		echo_typed(l, c, true);
		input_append_marked(l, c);
		return;
	}
	if (has_local(l, EXTPROC)) {
		input_append(l, c);
		return;
	}
	if (has_input(l, IXON) && is_char(l, VSTART, c)) {
		ldisc_start(l, false);
		return;
	}
	if (has_input(l, IXON) && is_char(l, VSTOP, c)) {
		ldisc_stop(l, false);
		return;
	}
	int sig = signal_of(l, c);
	if (sig) {
		signal_typed(l, sig, c);
		return;
	}
	restart_by_any(l);
	if (c == '\r') {
		if (has_input(l, IGNCR))
			return;
		if (has_input(l, ICRNL))
			c = '\n';
	} else if (c == '\n' && has_input(l, INLCR)) {
		c = '\r';
	}
	if (has_local(l, ICANON) && receive_canonical(l, c))
		return;
	echo_typed(l, c, false);
	input_append_marked(l, c);
}

/* No byte means anything: raw mode in the fullest sense. */
static bool is_transparent(const struct ldisc *l)
{
	return !l->is_literal && !has_local(l, ICANON | ISIG | ECHO) &&
	       !has_input(l, ISTRIP | IUCLC | IGNCR | ICRNL | INLCR | IXON | PARMRK);
}

static size_t receive_transparent(struct ldisc *l, const u8 *s, size_t n)
{
	size_t room = LDISC_INPUT - 1 - (l->head - l->tail), done = 0;
	n = MIN(n, room);
	while (done < n) {
		size_t at = l->head % LDISC_INPUT, part = MIN(n - done, LDISC_INPUT - at);
		memcpy(l->input + at, s + done, part);
		l->head += (u32)part;
		done += part;
	}
	return n;
}

size_t ldisc_receive(struct ldisc *l, const u8 *s, size_t n)
{
	size_t done = 0;
	if (is_transparent(l) && l->head - l->tail < LDISC_INPUT)
		return receive_transparent(l, s, n);
	for (; done < n; done++) {
		/* One byte may become three (PARMRK); the last place is kept for a line's end. */
		int room = LDISC_INPUT - (int)(l->head - l->tail);
		if (has_input(l, PARMRK))
			room = (room + 2) / 3;
		if (--room <= 0) {
			if (!has_local(l, ICANON) || l->line_end != l->tail)
				break;
			if (room < 0)
				l->head--;
		}
		receive_char(l, s[done]);
	}
	return done;
}

void ldisc_receive_break(struct ldisc *l)
{
	if (has_input(l, IGNBRK))
		return;
	if (has_input(l, BRKINT)) {
		ldisc_flush_input(l);
		l->ops->signal(l->terminal, SIGINT);
		return;
	}
	if (l->head - l->tail + 3 >= LDISC_INPUT)
		return;
	if (has_input(l, PARMRK)) {
		input_append(l, 0377);
		input_append(l, 0);
	}
	input_append(l, 0);
}

/* ---- the reader ---- */

bool ldisc_is_readable(const struct ldisc *l, bool for_poll)
{
	u32 wanted = 1;
	if (ldisc_is_canonical(l))
		return READ_ONCE(l->line_end) != READ_ONCE(l->tail);
	if (for_poll && !l->termios.c_cc[VTIME] && l->termios.c_cc[VMIN])
		wanted = l->termios.c_cc[VMIN];
	return READ_ONCE(l->head) - READ_ONCE(l->tail) >= wanted;
}

size_t ldisc_input_count(const struct ldisc *l)
{
	if (!ldisc_is_canonical(l))
		return l->head - l->tail;
	size_t n = 0;
	for (u32 at = l->tail; at != l->line_end; at++)
		n += !(line_end_is(l, at) && ldisc_byte(l, at) == LDISC_DISABLED);
	return n;
}

static size_t read_line(struct ldisc *l, u8 *buf, size_t n, bool *is_end)
{
	size_t done = 0;
	while (l->tail != l->line_end && !*is_end) {
		u8 c = ldisc_byte(l, l->tail);
		bool is_last = line_end_is(l, l->tail), is_mark = is_last && c == LDISC_DISABLED && !l->is_pushed;
		/* A full buffer takes the mark with it: the next read must not see an end of file. */
		if (done == n && !(is_mark && n))
			break;
		line_end_clear(l, l->tail);
		l->tail++;
		if (!is_mark)
			buf[done++] = c;
		*is_end = is_last;
	}
	if (l->tail == l->line_end)
		l->is_pushed = false;
	return done;
}

size_t ldisc_read(struct ldisc *l, u8 *buf, size_t n, bool *is_end)
{
	*is_end = false;
	if (ldisc_is_canonical(l))
		return read_line(l, buf, n, is_end);
	size_t done = 0, end_count = MIN(n, (size_t)(l->head - l->tail));
	while (done < end_count) {
		size_t at = l->tail % LDISC_INPUT, part = MIN(end_count - done, LDISC_INPUT - at);
		memcpy(buf + done, l->input + at, part);
		l->tail += (u32)part;
		done += part;
	}
	/* With EXTPROC the other end does the editing: an end-of-file character that stands alone is one. */
	if (has_local(l, EXTPROC) && has_local(l, ICANON) && done == 1 && is_char(l, VEOF, buf[0])) {
		*is_end = true;
		return 0;
	}
	return done;
}

/* Between the modes nothing that was typed is lost: what is there becomes a line, or just bytes. */
static void change_mode(struct ldisc *l)
{
	memset(l->line_ends, 0, sizeof(l->line_ends));
	l->is_pushed = has_local(l, ICANON) && l->head != l->tail;
	if (l->is_pushed)
		line_end_set(l, l->head - 1);
	l->line_end = l->is_pushed ? l->head : l->tail;
	l->is_erasing = l->is_literal = false;
}

void ldisc_set_termios(struct ldisc *l, const struct termios2 *t)
{
	struct termios2 old = l->termios;
	l->termios = *t;
	if ((old.c_lflag ^ t->c_lflag) & (ICANON | EXTPROC))
		change_mode(l);
	if ((old.c_iflag & IXON) && !(t->c_iflag & IXON))
		ldisc_start(l, false);
}
