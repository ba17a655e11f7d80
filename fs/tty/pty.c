/*
 * fs/tty/pty.c: pseudo-terminals: the pair itself, and the driver that the slave's line discipline writes to.
 *
 * Way in: opening ptmx (pty_master.c) makes a pair; the slave is opened through devpts like any terminal.
 * Locks: tty->lock of the slave guards both directions. Errors: -EIO (master closed, slave locked), -ENOMEM, -ENOSPC.
 * Source: pty(7), pts(4), ioctl_tty(2).
 */
#include "fs/tty/pty.h"
#include "fs/internal.h"
#include "base/printk.h"
#include "mm/slab.h"
#include <linux/eventpoll.h>

#define INPUT_BYTES 8192
#define OUTPUT_BYTES 16384
#define OUTPUT_KEPT 4095	/* what a flush leaves: the master was about to read it */

static SLAB_CACHE(pty_cache, struct pty);

/* ---- the driver ---- */

static size_t pty_write_room(const struct tty *t) { return ring_room(&pty_of(t)->output); }
static size_t pty_pending(const struct tty *t) { return 0; }

static void pty_write(struct tty *t, const u8 *s, size_t n)
{
	struct pty *p = pty_of(t);
	ring_put(&p->output, s, n);
	wake_up_poll(&p->master_read, EPOLLIN | EPOLLRDNORM);
}

void pty_note_packet(struct pty *p, unsigned clear, unsigned set)
{
	if (!p->is_packet)
		return;
	p->packet_status = (u8)((p->packet_status & ~clear) | set);
	wake_up_all(&p->master_read);
}

static void pty_flush_output(struct tty *t)
{
	ring_cut(&pty_of(t)->output, OUTPUT_KEPT);
	pty_note_packet(pty_of(t), 0, TIOCPKT_FLUSHWRITE);
}

static void pty_input_flushed(struct tty *t) { pty_note_packet(pty_of(t), 0, TIOCPKT_FLUSHREAD); }

static void pty_flow(struct tty *t, bool is_stopped)
{
	if (is_stopped)
		pty_note_packet(pty_of(t), TIOCPKT_START, TIOCPKT_STOP);
	else
		pty_note_packet(pty_of(t), TIOCPKT_STOP, TIOCPKT_START);
}

static bool has_usual_flow(const struct termios2 *t)
{
	return (t->c_iflag & IXON) && t->c_cc[VSTOP] == 023 && t->c_cc[VSTART] == 021;
}

static void pty_set_termios(struct tty *t, const struct termios2 *old)
{
	const struct termios2 *new = &t->ldisc.termios;
	bool is_usual = has_usual_flow(new);
	if (is_usual != has_usual_flow(old))
		pty_note_packet(pty_of(t), TIOCPKT_DOSTOP | TIOCPKT_NOSTOP, is_usual ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP);
	if ((old->c_lflag | new->c_lflag) & EXTPROC)
		pty_note_packet(pty_of(t), 0, TIOCPKT_IOCTL);
}

void pty_pump(struct pty *p)
{
	const u8 *s;
	while (ring_count(&p->input)) {
		size_t n = ring_peek(&p->input, &s), taken = tty_receive_locked(&p->tty, s, n);
		if (!taken)
			break;
		ring_skip(&p->input, taken);
	}
	wake_up_poll(&p->master_write, EPOLLOUT | EPOLLWRNORM);
}

static void pty_input_taken(struct tty *t)
{
	if (ring_count(&pty_of(t)->input))
		pty_pump(pty_of(t));
}

static int pty_slave_open(struct tty *t, struct file *f)
{
	struct pty *p = pty_of(t);
	if (t->is_peer_gone || p->is_locked)
		return -EIO;
	p->is_slave_closed = false;
	return 0;
}

static void pty_slave_closed(struct tty *t)
{
	struct pty *p = pty_of(t);
	p->is_slave_closed = true;
	wake_up_all(&p->master_read);
	wake_up_all(&p->master_write);
}

static void pty_free(struct tty *t)
{
	struct pty *p = pty_of(t);
	devpts_index_free(p->sb, (int)t->index);
	superblock_put(p->sb);
	kfree(p->input.bytes);
	kfree(p->output.bytes);
	slab_free(&pty_cache, p);
}

static const struct tty_driver pty_driver = {
	.name = "pts", .major = PTY_SLAVE_MAJOR, .is_pty = true, .open = pty_slave_open, .closed = pty_slave_closed,
	.write = pty_write, .flush_output = pty_flush_output, .flow = pty_flow, .input_flushed = pty_input_flushed,
	.input_taken = pty_input_taken, .set_termios = pty_set_termios, .write_room = pty_write_room,
	.pending = pty_pending, .free = pty_free,
};

/* ---- a new pair ---- */

static int ring_alloc(struct ring *r, u32 size)
{
	r->bytes = kmalloc(size);
	r->size = size;
	return r->bytes ? 0 : -ENOMEM;
}

struct pty *pty_new(struct superblock *sb)
{
	int index = devpts_index_new(sb);
	if (index < 0) {
		superblock_put(sb);
		return ERR_PTR(index);
	}
	struct pty *p = slab_zalloc(&pty_cache);
	if (!p) {
		devpts_index_free(sb, index);
		superblock_put(sb);
		return ERR_PTR(-ENOMEM);
	}
	tty_setup(&p->tty, &pty_driver, (u32)index);
	p->tty.ldisc.termios.c_cflag &= ~HUPCL;
	p->sb = sb;
	p->is_locked = true;
	waitqueue_init(&p->master_read);
	waitqueue_init(&p->master_write);
	int err = ring_alloc(&p->input, INPUT_BYTES);
	if (!err)
		err = ring_alloc(&p->output, OUTPUT_BYTES);
	if (!err) {
		p->node = devpts_add(sb, &p->tty);
		err = IS_ERR(p->node) ? (int)PTR_ERR(p->node) : 0;
	}
	if (err) {
		tty_put(&p->tty);
		return ERR_PTR(err);
	}
	return p;
}

void pty_init(void)
{
	devpts_init();
	if (dev_register("ptmx", 0666, 5, 2, &ptmx_fops, NULL))
		log_error("pty: no device nodes");
}
