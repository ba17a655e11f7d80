/*
 * fs/tty/tty_termios.c: getting and setting termios in its three layouts: termio, termios, termios2.
 *
 * Way in: tty_termios_ioctl(), for the slave, whichever end of a pty it was called on.
 * Locks: tty->lock. Errors: -EFAULT, -EIO or -ERESTARTSYS (background), -ENOIOCTLCMD for other calls.
 * Source: ioctl_tty(2), termios(3).
 */
#include "fs/tty/tty_core.h"
#include "mm/user_access.h"
#include "task/task.h"
#include <asm/signal.h>

static const u32 speeds[] = { 0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400 };
static const u32 fast_speeds[] = { 0, 57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000,
	2000000, 2500000, 3000000, 3500000, 4000000 };

/* Bits per second for a CBAUD code; other: what BOTHER stands for. */
static u32 speed_of(u32 code, u32 other)
{
	if ((code & CBAUD) == BOTHER)
		return other;
	return code & CBAUDEX ? fast_speeds[code & 15] : speeds[code & 15];
}

/* c_cflag is what counts for the speeds, but for BOTHER. */
static void speeds_settle(struct termios2 *t)
{
	u32 input = t->c_cflag >> IBSHIFT & CBAUD;
	t->c_ospeed = speed_of(t->c_cflag, t->c_ospeed);
	t->c_ispeed = input ? speed_of(input, t->c_ispeed) : t->c_ospeed;
}

enum layout { LAYOUT_TERMIO, LAYOUT_TERMIOS, LAYOUT_TERMIOS2 };

static long termios_put(const struct termios2 *t, uptr arg, enum layout layout)
{
	if (layout == LAYOUT_TERMIO) {
		struct termio old = { .c_iflag = (u16)t->c_iflag, .c_oflag = (u16)t->c_oflag, .c_cflag = (u16)t->c_cflag,
			.c_lflag = (u16)t->c_lflag, .c_line = t->c_line };
		memcpy(old.c_cc, t->c_cc, NCC);
		return copy_to_user(arg, &old, sizeof(old));
	}
	return copy_to_user(arg, t, layout == LAYOUT_TERMIOS ? sizeof(struct termios) : sizeof(*t));
}

/* What the user says, over what there is in *t. */
static int termios_get(struct termios2 *t, uptr arg, enum layout layout)
{
	struct termio old;
	if (layout != LAYOUT_TERMIO)
		return copy_from_user(t, arg, layout == LAYOUT_TERMIOS ? sizeof(struct termios) : sizeof(*t));
	if (copy_from_user(&old, arg, sizeof(old)))
		return -EFAULT;
	t->c_iflag = (t->c_iflag & 0xffff0000) | old.c_iflag;
	t->c_oflag = (t->c_oflag & 0xffff0000) | old.c_oflag;
	t->c_cflag = (t->c_cflag & 0xffff0000) | old.c_cflag;
	t->c_lflag = (t->c_lflag & 0xffff0000) | old.c_lflag;
	t->c_line = old.c_line;
	memcpy(t->c_cc, old.c_cc, NCC);
	return 0;
}

static long termios_set(struct tty *t, uptr arg, enum layout layout, bool wait, bool flush)
{
	struct termios2 new, old;
	int err = tty_check_background(t, SIGTTOU);
	if (err)
		return err;
	mutex_lock(&t->lock);
	new = t->ldisc.termios;
	mutex_unlock(&t->lock);
	err = termios_get(&new, arg, layout);
	if (!err && wait)
		err = tty_wait_until_sent(t);
	if (err)
		return err;
	speeds_settle(&new);
	if (t->driver->is_pty)
		new.c_cflag = (new.c_cflag & ~(CSIZE | PARENB)) | CS8 | CREAD;
	mutex_lock(&t->lock);
	if (flush) {
		ldisc_flush_input(&t->ldisc);
		t->driver->input_taken(t);
	}
	old = t->ldisc.termios;
	ldisc_set_termios(&t->ldisc, &new);
	if (t->driver->set_termios)
		t->driver->set_termios(t, &old);
	mutex_unlock(&t->lock);
	tty_wake(t);
	return 0;
}

static long termios_read(struct tty *t, uptr arg, enum layout layout)
{
	mutex_lock(&t->lock);
	struct termios2 now = t->ldisc.termios;
	mutex_unlock(&t->lock);
	return termios_put(&now, arg, layout);
}

long tty_termios_ioctl(struct tty *t, unsigned cmd, uptr arg)
{
	switch (cmd) {
	case TCGETA:
		return termios_read(t, arg, LAYOUT_TERMIO);
	case TCGETS:
		return termios_read(t, arg, LAYOUT_TERMIOS);
	case TCGETS2:
		return termios_read(t, arg, LAYOUT_TERMIOS2);
	case TCSETA:
		return termios_set(t, arg, LAYOUT_TERMIO, false, false);
	case TCSETAW:
		return termios_set(t, arg, LAYOUT_TERMIO, true, false);
	case TCSETAF:
		return termios_set(t, arg, LAYOUT_TERMIO, true, true);
	case TCSETS:
		return termios_set(t, arg, LAYOUT_TERMIOS, false, false);
	case TCSETSW:
		return termios_set(t, arg, LAYOUT_TERMIOS, true, false);
	case TCSETSF:
		return termios_set(t, arg, LAYOUT_TERMIOS, true, true);
	case TCSETS2:
		return termios_set(t, arg, LAYOUT_TERMIOS2, false, false);
	case TCSETSW2:
		return termios_set(t, arg, LAYOUT_TERMIOS2, true, false);
	case TCSETSF2:
		return termios_set(t, arg, LAYOUT_TERMIOS2, true, true);
	}
	return -ENOIOCTLCMD;
}
