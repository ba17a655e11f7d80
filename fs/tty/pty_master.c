/*
 * fs/tty/pty_master.c: the master of a pty, which opening ptmx makes: what it writes is typed at the slave, and it
 * reads what the slave's programs write.
 *
 * Locks: tty->lock of the slave, as in pty.c. Errors: read -EIO once the slave was closed and all is read; -EAGAIN,
 * -ERESTARTSYS, -EFAULT. Closing the master hangs the slave up and takes its name away.
 * Source: pty(7), ioctl_tty(2) on packet mode.
 */
#include "fs/tty/pty.h"
#include "fs/internal.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "task/task.h"
#include <asm/signal.h>
#include <linux/eventpoll.h>

#define PIECE 512

static SLAB_CACHE(pty_master_file_cache, struct tty_file);

static struct pty *pty_of_file(struct file *f) { return pty_of(((struct tty_file *)f->private)->tty); }

/* ---- reading ---- */

static bool may_read(struct pty *p)
{
	return ring_count(&p->output) || (p->is_packet && READ_ONCE(p->packet_status)) || READ_ONCE(p->is_slave_closed);
}

/* Packet mode: a byte before the data, or a status alone. Returns 1 and the byte when there is one to give. */
static int packet_byte(struct pty *p, u8 *byte)
{
	if (!p->is_packet)
		return 0;
	*byte = p->packet_status;
	p->packet_status = 0;
	return *byte || ring_count(&p->output);
}

/* What is there now: bytes, 0: nothing, or -EFAULT. Under the lock. */
static ssize_t read_available(struct pty *p, uptr buf, size_t n)
{
	size_t done = 0;
	u8 byte;
	if (packet_byte(p, &byte)) {
		if (copy_to_user(buf, &byte, 1))
			return -EFAULT;
		done = 1;
		if (byte)
			return 1;
	}
	while (done < n && ring_count(&p->output)) {
		const u8 *s;
		size_t k = MIN(ring_peek(&p->output, &s), n - done);
		size_t copied = copy_to_user_partial(buf + done, s, k);
		ring_skip(&p->output, copied);
		done += copied;
		if (copied < k)
			return done ? (ssize_t)done : -EFAULT;
	}
	return (ssize_t)done;
}

static ssize_t pty_master_read(struct file *f, uptr buf, size_t n, loff *pos)
{
	struct pty *p = pty_of_file(f);
	if (!n)
		return 0;
	for (;;) {
		mutex_lock(&p->tty.lock);
		ssize_t got = read_available(p, buf, n);
		bool is_over = p->is_slave_closed;
		if (got > 0)
			ldisc_flush_echo(&p->tty.ldisc);
		mutex_unlock(&p->tty.lock);
		if (got) {
			wake_up_poll(&p->tty.write_wait, EPOLLOUT | EPOLLWRNORM);
			return got;
		}
		if (is_over)
			return -EIO;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		int err = wait_event_interruptible(&p->master_read, may_read(p));
		if (err)
			return err;
	}
}

/* ---- writing ---- */

/* Types one piece: bytes taken, or -EFAULT. */
static ssize_t type_piece(struct pty *p, uptr buf, size_t n)
{
	u8 piece[PIECE];
	size_t taken = 0;
	n = MIN(n, sizeof(piece));
	if (copy_from_user(piece, buf, n))
		return -EFAULT;
	mutex_lock(&p->tty.lock);
	if (!ring_count(&p->input))
		taken = tty_receive_locked(&p->tty, piece, n);
	taken += ring_put(&p->input, piece + taken, n - taken);
	mutex_unlock(&p->tty.lock);
	return (ssize_t)taken;
}

static ssize_t pty_master_write(struct file *f, uptr buf, size_t n, loff *pos)
{
	struct pty *p = pty_of_file(f);
	size_t done = 0;
	int err = 0;
	while (!err && done < n) {
		ssize_t taken = type_piece(p, buf + done, n - done);
		if (taken < 0)
			err = (int)taken;
		else if (taken > 0)
			done += (size_t)taken;
		else if (f->flags & O_NONBLOCK)
			err = -EAGAIN;
		else
			err = wait_event_interruptible(&p->master_write, ring_room(&p->input) > 0);
	}
	return done ? (ssize_t)done : err;
}

static unsigned pty_master_poll(struct file *f, struct poll_table *pt)
{
	struct pty *p = pty_of_file(f);
	unsigned mask = 0;
	poll_wait(f, &p->master_read, pt);
	poll_wait(f, &p->master_write, pt);
	if (ring_count(&p->output))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (p->is_packet && READ_ONCE(p->packet_status))
		mask |= EPOLLPRI | EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(p->is_slave_closed))
		mask |= EPOLLHUP;
	if (ring_room(&p->input))
		mask |= EPOLLOUT | EPOLLWRNORM;
	return mask;
}

/* ---- ioctls ---- */

static long lock_set(struct pty *p, uptr arg)
{
	u32 is_on;
	if (get_user_u32(&is_on, arg))
		return -EFAULT;
	mutex_lock(&p->tty.lock);
	p->is_locked = is_on;
	mutex_unlock(&p->tty.lock);
	return 0;
}

static long packet_set(struct pty *p, uptr arg)
{
	u32 is_on;
	if (get_user_u32(&is_on, arg))
		return -EFAULT;
	mutex_lock(&p->tty.lock);
	if (is_on && !p->is_packet)
		p->packet_status = 0;
	p->is_packet = is_on;
	mutex_unlock(&p->tty.lock);
	return 0;
}

static long signal_slave(struct pty *p, int sig)
{
	if (sig != SIGINT && sig != SIGQUIT && sig != SIGTSTP)
		return -EINVAL;
	tty_signal_foreground(&p->tty, sig);
	return 0;
}

/* Seen from here the slave's output is input. */
static long flush(struct pty *p, uptr which)
{
	if (which != TCIFLUSH && which != TCOFLUSH && which != TCIOFLUSH)
		return -EINVAL;
	mutex_lock(&p->tty.lock);
	if (which != TCOFLUSH)
		ring_clear(&p->output);
	if (which != TCIFLUSH)
		ring_clear(&p->input);
	mutex_unlock(&p->tty.lock);
	tty_wake(&p->tty);
	wake_up_all(&p->master_write);
	return 0;
}

/* Opens the slave without its name, which may not be to be seen here: a descriptor. */
static long peer_open(struct file *f, unsigned flags)
{
	struct pty *p = pty_of_file(f);
	struct path slave;
	int err = devpts_root_of(f, &slave);
	if (err)
		return err;
	bool is_here = slave.dentry->inode->sb == p->sb && !p->node->is_unlinked;
	dentry_put(slave.dentry);
	slave.dentry = dentry_get(p->node);
	if (!is_here) {
		path_put(&slave);
		return -EIO;
	}
	struct file *peer = file_open_path(&slave, flags & ~(unsigned)O_CLOEXEC);
	path_put(&slave);
	if (IS_ERR(peer))
		return PTR_ERR(peer);
	int fd = fd_install_new(peer, flags & O_CLOEXEC);
	if (fd < 0)
		file_put(peer);
	return fd;
}

static long pty_master_ioctl(struct file *f, unsigned cmd, uptr arg)
{
	struct pty *p = pty_of_file(f);
	switch (cmd) {
	case TIOCGPTN:
		return put_user_u32(p->tty.index, arg);
	case TIOCSPTLCK:
		return lock_set(p, arg);
	case TIOCGPTLCK:
		return put_user_u32(p->is_locked, arg);
	case TIOCPKT:
		return packet_set(p, arg);
	case TIOCGPKT:
		return put_user_u32(p->is_packet, arg);
	case TIOCSIG:
		return signal_slave(p, (int)arg);
	case TIOCGPTPEER:
		return peer_open(f, (unsigned)arg);
	case FIONREAD:
		return put_user_u32(ring_count(&p->output), arg);
	case TIOCOUTQ:
		return put_user_u32(0, arg);
	case TCFLSH:
		return flush(p, arg);
	case TCSBRK:
	case TCSBRKP:
		return 0;	/* there is nothing to wait for, and no line to break */
	}
	return tty_ioctl_common(&p->tty, f, cmd, arg, true);
}

/* ---- open and close ---- */

static int ptmx_open(struct inode *i, struct file *f)
{
	struct path root;
	int err = devpts_root_of(f, &root);
	if (err)
		return err;
	struct superblock *sb = superblock_get(root.dentry->inode->sb);
	struct tty_file *tf = slab_zalloc(&pty_master_file_cache);
	struct pty *p = tf ? pty_new(sb) : ERR_PTR(-ENOMEM);
	path_put(&root);
	if (!tf)
		superblock_put(sb);
	if (IS_ERR(p)) {
		slab_free(&pty_master_file_cache, tf);
		return (int)PTR_ERR(p);
	}
	tf->tty = &p->tty;
	tf->is_master = true;
	f->private = tf;
	f->ops = &pty_master_fops;
	f->mode |= FMODE_NONSEEK;
	return 0;
}

static void pty_master_release(struct file *f)
{
	struct tty_file *tf = f->private;
	struct tty *t = tf->tty;
	mutex_lock(&t->lock);
	t->is_peer_gone = true;
	mutex_unlock(&t->lock);
	tty_wake(t);
	devpts_remove(pty_of(t)->node);
	tty_hangup(t, false);
	slab_free(&pty_master_file_cache, tf);
	tty_put(t);
}

const struct file_ops pty_master_fops = {
	.read = pty_master_read, .write = pty_master_write, .poll = pty_master_poll, .ioctl = pty_master_ioctl,
	.release = pty_master_release,
};
const struct file_ops ptmx_fops = { .open = ptmx_open };
