/*
 * fs/tty/tty_ioctl.c: the other ioctls of terminals: window size, flushing, flow, breaks, exclusive use.
 *
 * Way in: tty_ioctl() for a terminal; a pty's master comes in by tty_ioctl_common() after its own calls.
 * Locks: tty->lock. Errors: -ENOTTY for what no terminal knows, -EIO after a hangup; else as ioctl_tty(2).
 */
#include "fs/tty/tty_core.h"
#include "mm/user_access.h"
#include "task/task.h"
#include <asm/signal.h>
#include <linux/capability.h>
#include <linux/tty.h>

static long put_int(int v, uptr arg) { return put_user_u32((u32)v, arg); }

void tty_set_size(struct tty *t, const struct winsize *size)
{
	mutex_lock(&t->lock);
	bool is_changed = memcmp(&t->size, size, sizeof(*size)) != 0;
	t->size = *size;
	mutex_unlock(&t->lock);
	if (is_changed)
		tty_signal_foreground(t, SIGWINCH);
}

static long size_set(struct tty *t, uptr arg)
{
	struct winsize size;
	if (copy_from_user(&size, arg, sizeof(size)))
		return -EFAULT;
	tty_set_size(t, &size);
	return 0;
}

static long size_get(struct tty *t, uptr arg)
{
	mutex_lock(&t->lock);
	struct winsize size = t->size;
	mutex_unlock(&t->lock);
	return copy_to_user(arg, &size, sizeof(size));
}

static long discipline_set(uptr arg)
{
	u32 number;
	if (get_user_u32(&number, arg))
		return -EFAULT;
	return number == N_TTY ? 0 : -EINVAL;
}

/* Only CLOCAL can be seen and set here. */
static long carrier_set(struct tty *t, uptr arg)
{
	u32 is_on;
	if (get_user_u32(&is_on, arg))
		return -EFAULT;
	mutex_lock(&t->lock);
	t->ldisc.termios.c_cflag = (t->ldisc.termios.c_cflag & ~CLOCAL) | (is_on ? CLOCAL : 0);
	mutex_unlock(&t->lock);
	return 0;
}

static long exclusive_set(struct tty *t, bool is_on)
{
	mutex_lock(&t->lock);
	t->is_exclusive = is_on;
	mutex_unlock(&t->lock);
	return 0;
}

long tty_ioctl_common(struct tty *t, struct file *f, unsigned cmd, uptr arg, bool is_master)
{
	long result = tty_job_ioctl(t, f, cmd, arg, is_master);
	if (result == -ENOIOCTLCMD)
		result = tty_termios_ioctl(t, cmd, arg);
	if (result != -ENOIOCTLCMD)
		return result;
	switch (cmd) {
	case TIOCGWINSZ:
		return size_get(t, arg);
	case TIOCSWINSZ:
		return size_set(t, arg);
	case TIOCGETD:
		return put_int(N_TTY, arg);
	case TIOCSETD:
		return discipline_set(arg);
	case TIOCGSOFTCAR:
		return put_int(!!(t->ldisc.termios.c_cflag & CLOCAL), arg);
	case TIOCSSOFTCAR:
		return carrier_set(t, arg);
	case TIOCGDEV:
		return put_int((int)dev_make(t->driver->major, t->driver->first_minor + t->index), arg);
	case TIOCEXCL:
	case TIOCNXCL:
		return exclusive_set(t, cmd == TIOCEXCL);
	case TIOCGEXCL:
		return put_int(t->is_exclusive, arg);
	}
	return -ENOTTY;
}

/* ---- the terminal's own end ---- */

static long input_count(struct tty *t, uptr arg)
{
	mutex_lock(&t->lock);
	size_t n = ldisc_input_count(&t->ldisc);
	mutex_unlock(&t->lock);
	return put_int((int)n, arg);
}

static long flush(struct tty *t, uptr which)
{
	int err = tty_check_background(t, SIGTTOU);
	if (err)
		return err;
	if (which != TCIFLUSH && which != TCOFLUSH && which != TCIOFLUSH)
		return -EINVAL;
	mutex_lock(&t->lock);
	if (which != TCOFLUSH) {
		ldisc_flush_input(&t->ldisc);
		t->driver->input_taken(t);
	}
	if (which != TCIFLUSH)
		t->driver->flush_output(t);
	mutex_unlock(&t->lock);
	tty_wake(t);
	return 0;
}

/* A start or stop character to the other side, past output processing. */
static void send_flow_char(struct tty *t, int which)
{
	u8 c = t->ldisc.termios.c_cc[which];
	if (c != LDISC_DISABLED && t->driver->write_room(t))
		t->driver->write(t, &c, 1);
}

static long flow(struct tty *t, uptr action)
{
	int err = tty_check_background(t, SIGTTOU);
	if (err)
		return err;
	mutex_lock(&t->lock);
	switch (action) {
	case TCOOFF:
		ldisc_stop(&t->ldisc, true);
		break;
	case TCOON:
		ldisc_start(&t->ldisc, true);
		break;
	case TCIOFF:
		send_flow_char(t, VSTOP);
		break;
	case TCION:
		send_flow_char(t, VSTART);
		break;
	default:
		err = -EINVAL;
	}
	mutex_unlock(&t->lock);
	return err;
}

static long send_break(struct tty *t, u64 duration_ns)
{
	if (!t->driver->send_break)
		return 0;
	t->driver->send_break(t, true);
	task_set_state(TASK_INTERRUPTIBLE);
	schedule_timeout(time_now_ns() + duration_ns);
	t->driver->send_break(t, false);
	return signal_is_pending() ? -EINTR : 0;
}

static long break_ioctl(struct tty *t, unsigned cmd, uptr arg)
{
	int err = tty_check_background(t, SIGTTOU);
	if (!err && cmd != TIOCCBRK)
		err = tty_wait_until_sent(t);
	if (err)
		return err;
	switch (cmd) {
	case TIOCSBRK:
	case TIOCCBRK:
		if (t->driver->send_break)
			t->driver->send_break(t, cmd == TIOCSBRK);
		return 0;
	case TCSBRK:
		return arg ? 0 : send_break(t, 250 * NSEC_PER_MSEC);	/* an argument means: only drain */
	}
	return send_break(t, arg ? arg * 100 * NSEC_PER_MSEC : 250 * NSEC_PER_MSEC);
}

static long type_for_user(struct tty *t, uptr arg)
{
	u8 c;
	if (READ_ONCE(current->signal->tty) != t && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_from_user(&c, arg, 1))
		return -EFAULT;
	(void)tty_receive(t, &c, 1);
	return 0;
}

static long hangup(struct tty *t)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	tty_hangup(t, false);
	return 0;
}

long tty_ioctl(struct file *f, unsigned cmd, uptr arg)
{
	struct tty_file *tf = f->private;
	struct tty *t = tf->tty;
	if (tty_file_is_cut_off(tf))
		return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
	switch (cmd) {
	case FIONREAD:
		return input_count(t, arg);
	case TIOCOUTQ:
		return put_int((int)t->driver->pending(t), arg);
	case TCFLSH:
		return flush(t, arg);
	case TCXONC:
		return flow(t, arg);
	case TCSBRK:
	case TCSBRKP:
	case TIOCSBRK:
	case TIOCCBRK:
		return break_ioctl(t, cmd, arg);
	case TIOCSTI:
		return type_for_user(t, arg);
	case TIOCVHANGUP:
		return hangup(t);
	}
	long result = tty_ioctl_common(t, f, cmd, arg, false);
	if (result == -ENOTTY && t->driver->ioctl)
		result = t->driver->ioctl(t, cmd, arg);
	return result;
}
