/*
 * fs/tty/ldisc_echo.c: the line discipline's output side: output processing, echo, and undoing it when input is erased.
 *
 * Echo that finds no room in the terminal waits in ldisc->echo, already processed, and goes out before anything else.
 * Locks: the caller holds the terminal's. Errors: echo beyond LDISC_ECHO bytes is lost, as on Linux.
 * Source: termios(3) on c_oflag and ECHO*.
 */
#include "fs/tty/ldisc.h"
#include "base/string.h"

/* What c becomes on its way out, into out; returns the length. The cursor's column follows. */
static size_t output_expand(struct ldisc *l, u8 c, u8 *out)
{
	unsigned flags = l->termios.c_oflag;
	out[0] = c;
	switch (c) {
	case '\n':
		if (flags & ONLRET)
			l->column = 0;
		if (flags & ONLCR) {
			l->column = l->line_column = 0;
			out[0] = '\r';
			out[1] = '\n';
			return 2;
		}
		l->line_column = l->column;
		return 1;
	case '\r':
		if ((flags & ONOCR) && l->column == 0)
			return 0;
		if (flags & OCRNL) {
			out[0] = '\n';
			if (!(flags & ONLRET))
				return 1;
		}
		l->column = l->line_column = 0;
		return 1;
	case '\t': {
		size_t spaces = 8 - (l->column & 7);
		l->column += spaces;
		if ((flags & TABDLY) != XTABS)
			return 1;
		memset(out, ' ', spaces);
		return spaces;
	}
	case '\b':
		if (l->column > 0)
			l->column--;
		return 1;
	}
	if (ldisc_is_control(c))
		return 1;
	if ((flags & OLCUC) && c >= 'a' && c <= 'z')
		out[0] = c - 'a' + 'A';
	if (!ldisc_is_continuation(l, c))
		l->column++;
	return 1;
}

/* ---- the writer ---- */

size_t ldisc_write(struct ldisc *l, const u8 *s, size_t n)
{
	ldisc_flush_echo(l);
	if (l->echo_start != l->echo_end)
		return 0;
	size_t room = l->ops->room(l->terminal), done = 0;
	if (!(l->termios.c_oflag & OPOST)) {
		done = MIN(n, room);
		l->ops->put(l->terminal, s, done);
		return done;
	}
	u8 out[128];
	size_t used = 0;
	while (done < n && room - used >= LDISC_ROOM_MIN) {
		if (used > sizeof(out) - LDISC_ROOM_MIN) {
			l->ops->put(l->terminal, out, used);
			room -= used;
			used = 0;
			continue;
		}
		used += output_expand(l, s[done++], out + used);
	}
	if (used)
		l->ops->put(l->terminal, out, used);
	return done;
}

/* ---- echo ---- */

void ldisc_flush_echo(struct ldisc *l)
{
	size_t n = MIN(l->ops->room(l->terminal), (size_t)(l->echo_end - l->echo_start));
	if (!n)
		return;
	l->ops->put(l->terminal, l->echo + l->echo_start, n);
	l->echo_start += (u32)n;
	if (l->echo_start == l->echo_end)
		l->echo_start = l->echo_end = 0;
}

static void echo_emit(struct ldisc *l, const u8 *s, size_t n)
{
	if (l->echo_start == l->echo_end && l->ops->room(l->terminal) >= n) {
		l->ops->put(l->terminal, s, n);
		return;
	}
	if (l->echo_end + n > LDISC_ECHO) {
		memmove(l->echo, l->echo + l->echo_start, l->echo_end - l->echo_start);
		l->echo_end -= l->echo_start;
		l->echo_start = 0;
	}
	if (l->echo_end + n > LDISC_ECHO)
		return;
	memcpy(l->echo + l->echo_end, s, n);
	l->echo_end += (u32)n;
}

void ldisc_echo_raw(struct ldisc *l, u8 c)
{
	u8 out[LDISC_ROOM_MIN] = { c };
	echo_emit(l, out, (l->termios.c_oflag & OPOST) ? output_expand(l, c, out) : 1);
}

void ldisc_echo_char(struct ldisc *l, u8 c)
{
	if (!(l->termios.c_lflag & ECHOCTL) || !ldisc_is_control(c) || c == '\t') {
		ldisc_echo_raw(l, c);
		return;
	}
	u8 out[2] = { '^', c ^ 0100 };
	echo_emit(l, out, 2);
	l->column += 2;
}

void ldisc_note_line_column(struct ldisc *l) { l->line_column = l->column; }

/* ---- erasing ---- */

void ldisc_finish_erasing(struct ldisc *l)
{
	if (!l->is_erasing)
		return;
	ldisc_echo_raw(l, '/');
	l->is_erasing = false;
}

static void rub_out(struct ldisc *l)
{
	ldisc_echo_raw(l, '\b');
	ldisc_echo_raw(l, ' ');
	ldisc_echo_raw(l, '\b');
}

/* The tab that stood at l->head is gone: back to the column before it, which is counted from what was typed before. */
static void rub_out_tab(struct ldisc *l)
{
	u32 columns = 0;
	bool is_after_tab = false;
	for (u32 at = l->head; at != l->line_end && !is_after_tab; ) {
		u8 c = ldisc_byte(l, --at);
		if (c == '\t')
			is_after_tab = true;
		else if (ldisc_is_control(c))
			columns += (l->termios.c_lflag & ECHOCTL) ? 2 : 0;
		else if (!ldisc_is_continuation(l, c))
			columns++;
	}
	if (!is_after_tab)
		columns += l->line_column;
	for (u32 back = 8 - (columns & 7); back > 0; back--) {
		echo_emit(l, (const u8 *)"\b", 1);
		if (l->column > 0)
			l->column--;
	}
}

/* The echo for one character gone: its bytes begin at l->head, count of them. */
static void echo_erased(struct ldisc *l, u8 c, u32 count, bool is_single)
{
	unsigned flags = l->termios.c_lflag;
	if (flags & ECHOPRT) {
		if (!l->is_erasing) {
			ldisc_echo_raw(l, '\\');
			l->is_erasing = true;
		}
		ldisc_echo_char(l, c);
		for (u32 i = 1; i < count; i++) {
			u8 rest = ldisc_byte(l, l->head + i);
			echo_emit(l, &rest, 1);
		}
	} else if (is_single && !(flags & ECHOE)) {
		ldisc_echo_char(l, l->termios.c_cc[VERASE]);
	} else if (c == '\t') {
		rub_out_tab(l);
	} else {
		if (ldisc_is_control(c) && (flags & ECHOCTL))
			rub_out(l);
		if (!ldisc_is_control(c) || (flags & ECHOCTL))
			rub_out(l);
	}
}

static bool is_word(u8 c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* The whole line goes, and its echo is not rubbed out. */
static void kill_without_rubbing(struct ldisc *l)
{
	l->head = l->line_end;
	if (!(l->termios.c_lflag & ECHO))
		return;
	ldisc_finish_erasing(l);
	ldisc_echo_char(l, l->termios.c_cc[VKILL]);
	if (l->termios.c_lflag & ECHOK)
		ldisc_echo_raw(l, '\n');
}

void ldisc_erase(struct ldisc *l, u8 typed)
{
	unsigned flags = l->termios.c_lflag, rubbing = ECHO | ECHOK | ECHOKE | ECHOE;
	bool is_single = typed == l->termios.c_cc[VERASE];
	bool is_of_word = !is_single && typed == l->termios.c_cc[VWERASE], has_seen_word = false;
	if (l->head == l->line_end)
		return;
	if (!is_single && !is_of_word && (flags & rubbing) != rubbing) {
		kill_without_rubbing(l);
		return;
	}
	while (l->head != l->line_end) {
		u32 at = l->head;
		u8 c;
		do
			c = ldisc_byte(l, --at);
		while (ldisc_is_continuation(l, c) && at != l->line_end);
		if (ldisc_is_continuation(l, c))
			break;	/* the start of this character is not there */
		if (is_of_word) {
			if (is_word(c))
				has_seen_word = true;
			else if (has_seen_word)
				break;
		}
		u32 count = l->head - at;
		l->head = at;
		if (flags & ECHO)
			echo_erased(l, c, count, is_single);
		if (is_single)
			break;
	}
	if (l->head == l->line_end && (flags & ECHO))
		ldisc_finish_erasing(l);
}
