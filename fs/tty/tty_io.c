/*
 * fs/tty/tty_io.c: reading, writing and polling a terminal.
 *
 * Locks: tty->lock around each piece, never while asleep. Errors: -EIO (hung up, or an orphaned background reader),
 * -EAGAIN, -ERESTARTSYS, -EFAULT. A read on a hung-up terminal sees the end of file.
 * Source: termios(3) on VMIN and VTIME, tty(4).
 */
#include "fs/tty/tty_core.h"
#include "mm/user_access.h"
#include "task/task.h"
#include <asm/signal.h>
#include <linux/eventpoll.h>

#define PIECE 512
#define TENTH_NS (NSEC_PER_SEC / 10)

struct read_wish {
	size_t least;		/* bytes below which a raw read goes on */
	u64 first_ns;		/* how long to wait for the first byte; 0 with is_timed: not at all */
	u64 between_ns;		/* between two bytes; 0: for ever */
	bool is_timed;
};

static void wish_of_termios(const struct ldisc *l, struct read_wish *w)
{
	u64 time_ns = l->termios.c_cc[VTIME] * TENTH_NS;
	*w = (struct read_wish){ .least = 0 };
	if (l->termios.c_lflag & ICANON)
		return;
	w->least = l->termios.c_cc[VMIN];
	if (w->least) {
		w->between_ns = time_ns;
	} else {
		w->least = 1;
		w->is_timed = true;
		w->first_ns = time_ns;
	}
}

static bool read_may_go_on(struct tty_file *tf)
{
	return ldisc_is_readable(&tf->tty->ldisc, false) || tty_file_is_cut_off(tf) || READ_ONCE(tf->tty->is_peer_gone);
}

/* Moves what is there; *is_end: the read is over, whatever it has. Returns bytes or -EFAULT. Under the lock. */
static ssize_t read_available(struct tty *t, uptr buf, size_t n, bool *is_end)
{
	u8 piece[PIECE];
	size_t done = 0;
	*is_end = false;
	while (done < n && !*is_end && ldisc_is_readable(&t->ldisc, false)) {
		size_t k = ldisc_read(&t->ldisc, piece, MIN(n - done, sizeof(piece)), is_end);
		t->driver->input_taken(t);
		if (copy_to_user(buf + done, piece, k))
			return done ? (ssize_t)done : -EFAULT;
		done += k;
	}
	if (ldisc_is_canonical(&t->ldisc))
		*is_end = true;
	return (ssize_t)done;
}

/* Sleeps until there may be something. 0: look again; 1: the time is over; or an error. */
static int read_wait(struct file *f, const struct read_wish *w, u64 deadline_ns)
{
	struct tty_file *tf = f->private;
	if (w->is_timed && !w->first_ns)
		return 1;
	if (f->flags & O_NONBLOCK)
		return -EAGAIN;
	int err = wait_event_interruptible_until(&tf->tty->read_wait, read_may_go_on(tf), deadline_ns);
	return err == -ETIME ? 1 : err;
}

ssize_t tty_read(struct file *f, uptr buf, size_t n, loff *pos)
{
	struct tty_file *tf = f->private;
	struct tty *t = tf->tty;
	struct read_wish w;
	size_t done = 0;
	if (tty_file_is_cut_off(tf))
		return 0;
	int err = tf->is_console ? 0 : tty_check_background(t, SIGTTIN);
	if (err)
		return err;
	mutex_lock(&t->lock);
	wish_of_termios(&t->ldisc, &w);
	u64 deadline_ns = w.first_ns ? time_now_ns() + w.first_ns : 0;
	while (done < n) {
		bool is_end;
		ssize_t got;
		if (!ldisc_is_readable(&t->ldisc, false)) {
			if (t->is_peer_gone)
				err = -EIO;
			if (err || tty_file_is_cut_off(tf))
				break;
			mutex_unlock(&t->lock);
			err = read_wait(f, &w, deadline_ns);
			mutex_lock(&t->lock);
			if (err)
				break;
			continue;
		}
		got = read_available(t, buf + done, n - done, &is_end);
		if (got < 0) {
			err = (int)got;
			break;
		}
		done += (size_t)got;
		if (is_end || done >= w.least)
			break;
		if (w.between_ns)
			deadline_ns = time_now_ns() + w.between_ns;
	}
	mutex_unlock(&t->lock);
	return done ? (ssize_t)done : MIN(err, 0);
}

/* One piece from the user through the discipline: bytes taken, or -EFAULT, -EIO. */
static ssize_t write_piece(struct tty_file *tf, uptr buf, size_t n)
{
	struct tty *t = tf->tty;
	u8 piece[PIECE];
	ssize_t taken = -EIO;
	n = MIN(n, sizeof(piece));
	if (copy_from_user(piece, buf, n))
		return -EFAULT;
	mutex_lock(&t->lock);
	if (!tty_file_is_cut_off(tf) && !t->is_peer_gone)
		taken = (ssize_t)ldisc_write(&t->ldisc, piece, n);
	mutex_unlock(&t->lock);
	return taken;
}

ssize_t tty_write(struct file *f, uptr buf, size_t n, loff *pos)
{
	struct tty_file *tf = f->private;
	struct tty *t = tf->tty;
	size_t done = 0;
	int err = 0;
	if (tty_file_is_cut_off(tf))
		return -EIO;
	if (!tf->is_console && (READ_ONCE(t->ldisc.termios.c_lflag) & TOSTOP))
		err = tty_check_background(t, SIGTTOU);
	while (!err && done < n) {
		if (signal_is_pending() && done) {
			err = -ERESTARTSYS;
			break;
		}
		ssize_t taken = write_piece(tf, buf + done, n - done);
		if (taken < 0)
			err = (int)taken;
		else if (taken > 0)
			done += (size_t)taken;
		else if (f->flags & O_NONBLOCK)
			err = -EAGAIN;
		else
			err = wait_event_interruptible(&t->write_wait, tty_may_write(t) || tty_file_is_cut_off(tf) ||
									       READ_ONCE(t->is_peer_gone));
	}
	return done ? (ssize_t)done : err;
}

unsigned tty_poll(struct file *f, struct poll_table *pt)
{
	struct tty_file *tf = f->private;
	struct tty *t = tf->tty;
	unsigned mask = 0;
	poll_wait(f, &t->read_wait, pt);
	poll_wait(f, &t->write_wait, pt);
	if (tty_file_is_cut_off(tf))
		return EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLRDNORM | EPOLLWRNORM;
	if (ldisc_is_readable(&t->ldisc, true))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(t->is_peer_gone))
		mask |= EPOLLHUP;
	else if (tty_may_write(t))
		mask |= EPOLLOUT | EPOLLWRNORM;
	return mask;
}

/* Until all output has left the terminal: 0 or -ERESTARTSYS. */
int tty_wait_until_sent(struct tty *t)
{
	u32 generation = READ_ONCE(t->generation);
	return wait_event_interruptible(&t->write_wait, t->driver->pending(t) == 0 || t->generation != generation);
}
