/*
 * fs/tty/ldisc.h: the line discipline: what happens to bytes between a terminal and its reader and writer.
 *
 * No locks, no sleeping, no user memory: a state machine over struct ldisc, which the terminal's lock guards, so that
 * it runs in unit tests too. It asks its terminal for output room, output, signals and the like by struct ldisc_ops.
 * Source: termios(3), POSIX.1-2017 chapter 11, and Linux's behaviour where these leave a choice.
 */
#ifndef FS_TTY_LDISC_H
#define FS_TTY_LDISC_H
#include "base/types.h"
#include <asm/termbits.h>

#define LDISC_INPUT 4096	/* bytes kept for the reader; a power of two */
#define LDISC_ECHO 1024		/* echo that waits for output room */
#define LDISC_ROOM_MIN 8	/* output room below which a writer waits: what one byte may become (a tab) */
#define LDISC_DISABLED 0	/* a control character of this value is off; in the input it stands for end of file */

struct ldisc_ops {
	size_t (*room)(void *terminal);			/* bytes that put() would take now */
	void (*put)(void *terminal, const u8 *s, size_t n);
	void (*signal)(void *terminal, int sig);	/* to the foreground group */
	void (*flush_output)(void *terminal);		/* drop what has not gone out yet */
	void (*flow)(void *terminal, bool is_stopped);	/* output was stopped or goes on */
	void (*input_flushed)(void *terminal);
};

struct ldisc {
	const struct ldisc_ops *ops;
	void *terminal;
	struct termios2 termios;
	/* Positions in input grow for ever and are used modulo LDISC_INPUT. tail <= line_end <= head. */
	u32 tail;		/* next byte for the reader */
	u32 line_end;		/* canonical mode: behind the last complete line */
	u32 head;		/* next free byte */
	bool is_pushed;		/* the line up to line_end was made by leaving raw mode, not by an end-of-line character */
	bool is_literal;	/* the next character is taken as it is (after VLNEXT) */
	bool is_erasing;	/* inside \.../ of ECHOPRT */
	bool is_stopped;	/* output is stopped, */
	bool is_stopped_by_call; /* by tcflow(TCOOFF): a typed START does not end it */
	u32 column;		/* of the cursor */
	u32 line_column;	/* column where the line being typed began */
	u32 echo_start, echo_end; /* used part of echo */
	u8 input[LDISC_INPUT];
	u8 line_ends[LDISC_INPUT / 8];	/* bit per byte of input: it ends a line */
	u8 echo[LDISC_ECHO];
};

void ldisc_init(struct ldisc *l, const struct ldisc_ops *ops, void *terminal);
void ldisc_default_termios(struct termios2 *t);
/* Takes bytes from the terminal's side; returns how many: fewer when the reader must read first. */
size_t ldisc_receive(struct ldisc *l, const u8 *s, size_t n);
void ldisc_receive_break(struct ldisc *l);
/* Bytes the reader may have now; *is_end: a line's end was among them, or (perhaps with no byte at all) an end of file,
 * so the read is over. */
size_t ldisc_read(struct ldisc *l, u8 *buf, size_t n, bool *is_end);
/* Is there something for a reader; for poll: VMIN bytes of it in raw mode without VTIME. */
bool ldisc_is_readable(const struct ldisc *l, bool for_poll);
size_t ldisc_input_count(const struct ldisc *l);	/* FIONREAD */
/* Sends a writer's bytes out, changed as c_oflag says; returns how many were taken. */
size_t ldisc_write(struct ldisc *l, const u8 *s, size_t n);
void ldisc_flush_echo(struct ldisc *l);			/* there is output room again */
void ldisc_flush_input(struct ldisc *l);
void ldisc_stop(struct ldisc *l, bool by_call);
void ldisc_start(struct ldisc *l, bool by_call);
void ldisc_set_termios(struct ldisc *l, const struct termios2 *t);

static inline bool ldisc_is_canonical(const struct ldisc *l)
{
	return (l->termios.c_lflag & ICANON) && !(l->termios.c_lflag & EXTPROC);
}
/* ldisc_echo.c, for ldisc.c */
void ldisc_echo_raw(struct ldisc *l, u8 c);		/* through output processing, no caret form */
void ldisc_echo_char(struct ldisc *l, u8 c);		/* control characters as ^X with ECHOCTL */
void ldisc_erase(struct ldisc *l, u8 c);		/* ERASE, WERASE or KILL was typed */
void ldisc_finish_erasing(struct ldisc *l);
void ldisc_note_line_column(struct ldisc *l);
static inline u8 ldisc_byte(const struct ldisc *l, u32 at) { return l->input[at % LDISC_INPUT]; }
static inline bool ldisc_is_control(u8 c) { return c < 0x20 || c == 0x7f; }
static inline bool ldisc_is_continuation(const struct ldisc *l, u8 c)
{
	return (l->termios.c_iflag & IUTF8) && (c & 0xc0) == 0x80;
}
#endif
