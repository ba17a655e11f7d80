/*
 * fs/tty/tty_core.c: the life of a terminal: opening, closing, hanging up, and the discipline's way to the driver.
 *
 * Way in: file operations of a terminal's device node; drivers with input (tty_receive); death of a session.
 * Locks: tty->lock; signals are sent without ctrl_lock. Errors: as tty(4): -EBUSY (exclusive), -EIO (no master).
 */
#include "fs/tty/tty_core.h"
#include "mm/slab.h"
#include "task/task.h"
#include <linux/capability.h>

static SLAB_CACHE(tty_file_cache, struct tty_file);

/* ---- the discipline's terminal ---- */

static size_t terminal_room(void *terminal)
{
	struct tty *t = terminal;
	return t->ldisc.is_stopped ? 0 : t->driver->write_room(t);
}

static void terminal_put(void *terminal, const u8 *s, size_t n)
{
	struct tty *t = terminal;
	t->driver->write(t, s, n);
}

static void terminal_signal(void *terminal, int sig) { tty_signal_foreground(terminal, sig); }

static void terminal_flush_output(void *terminal)
{
	struct tty *t = terminal;
	t->driver->flush_output(t);
	wake_up_poll(&t->write_wait, 0);
}

static void terminal_flow(void *terminal, bool is_stopped)
{
	struct tty *t = terminal;
	if (t->driver->flow)
		t->driver->flow(t, is_stopped);
	if (!is_stopped)
		wake_up_all(&t->write_wait);
}

static void terminal_input_flushed(void *terminal)
{
	struct tty *t = terminal;
	if (t->driver->input_flushed)
		t->driver->input_flushed(t);
}

static const struct ldisc_ops terminal_ops = {
	.room = terminal_room, .put = terminal_put, .signal = terminal_signal, .flush_output = terminal_flush_output,
	.flow = terminal_flow, .input_flushed = terminal_input_flushed,
};

void tty_setup(struct tty *t, const struct tty_driver *d, u32 index)
{
	refcount_set(&t->count, 1);
	t->driver = d;
	t->index = index;
	mutex_init(&t->lock, RANK_TTY);
	ldisc_init(&t->ldisc, &terminal_ops, t);
	waitqueue_init(&t->read_wait);
	waitqueue_init(&t->write_wait);
	spin_init(&t->ctrl_lock, RANK_TTY_CTRL);
}

struct tty *tty_get(struct tty *t)
{
	if (t)
		refcount_inc(&t->count);
	return t;
}

void tty_put(struct tty *t)
{
	if (!t || !refcount_dec(&t->count))
		return;
	pid_put(t->session);
	pid_put(t->foreground);
	if (t->driver->free)
		t->driver->free(t);
}

void tty_wake(struct tty *t)
{
	wake_up_all(&t->read_wait);
	wake_up_all(&t->write_wait);
}

bool tty_may_write(const struct tty *t)
{
	return !READ_ONCE(t->ldisc.is_stopped) && t->driver->write_room(t) >= LDISC_ROOM_MIN;
}

/* ---- input ---- */

size_t tty_receive_locked(struct tty *t, const u8 *s, size_t n)
{
	n = ldisc_receive(&t->ldisc, s, n);
	if (n && ldisc_is_readable(&t->ldisc, false))
		wake_up_all(&t->read_wait);
	return n;
}

size_t tty_receive(struct tty *t, const u8 *s, size_t n)
{
	mutex_lock(&t->lock);
	n = tty_receive_locked(t, s, n);
	mutex_unlock(&t->lock);
	return n;
}

/* ---- open and close ---- */

int tty_open_file(struct tty *t, struct file *f, bool may_control, bool is_console)
{
	struct tty_file *tf = slab_zalloc(&tty_file_cache);
	int err = 0;
	if (!tf)
		return -ENOMEM;
	mutex_lock(&t->lock);
	if (t->is_exclusive && !capable(CAP_SYS_ADMIN))
		err = -EBUSY;
	else if (t->driver->open)
		err = t->driver->open(t, f);
	if (!err)
		t->opens++;
	tf->generation = t->generation;
	mutex_unlock(&t->lock);
	if (err) {
		slab_free(&tty_file_cache, tf);
		return err;
	}
	tf->tty = tty_get(t);
	tf->is_console = is_console;
	f->private = tf;
	f->ops = &tty_fops;
	f->mode |= FMODE_NONSEEK;
	if (may_control)
		tty_take_control_at_open(t, f);
	return 0;
}

int tty_device_open(struct inode *i, struct file *f)
{
	return tty_open_file(f->private, f, !(f->flags & O_NOCTTY), false);
}

static void tty_release(struct file *f)
{
	struct tty_file *tf = f->private;
	struct tty *t = tf->tty;
	mutex_lock(&t->lock);
	bool is_last = --t->opens == 0;
	if (is_last) {
		t->is_exclusive = false;
		if (t->driver->closed)
			t->driver->closed(t);
	}
	mutex_unlock(&t->lock);
	if (is_last && !t->driver->is_pty)
		tty_lose_session(t, false, false);
	f->private = NULL;
	slab_free(&tty_file_cache, tf);
	tty_put(t);
}

/* All files on t are cut off: reads see the end of file, writes fail; whoever sleeps in one wakes up. */
void tty_hangup(struct tty *t, bool is_session_end)
{
	mutex_lock(&t->lock);
	t->generation++;
	t->ldisc.echo_start = t->ldisc.echo_end = 0;
	ldisc_flush_input(&t->ldisc);
	ldisc_start(&t->ldisc, true);
	if (t->driver->hangup)
		t->driver->hangup(t);
	mutex_unlock(&t->lock);
	tty_lose_session(t, true, is_session_end);
	tty_wake(t);
}


const struct file_ops tty_fops = {
	.read = tty_read, .write = tty_write, .poll = tty_poll, .ioctl = tty_ioctl, .open = tty_device_open,
	.release = tty_release,
};

void tty_init(void)
{
	console_init();
	pty_init();
}
