/*
 * drivers/serial.c: the first 16550 serial port as the terminal ttyS0, by interrupts; /dev/console unless console= says
 * otherwise. The kernel log goes on to write to the port by polling (arch's early console): both only ever put a byte
 * into an empty transmitter.
 *
 * Way in: the tty layer writes; interrupts bring input, which a piece of work hands to the line discipline.
 * Locks: port->lock (irqsave) guards the registers and both rings. Errors: without a port there is no ttyS0.
 * Source: National Semiconductor PC16550D data sheet; Linux's serial-console.rst for the console= parameter.
 */
#include "drivers/drivers.h"
#include "arch/arch.h"
#include "boot/cmdline.h"
#include "base/printk.h"
#include "fs/tty/ring.h"
#include "fs/tty/tty_core.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "task/task.h"
#include <linux/serial.h>

#define PORT 0x3f8
#define IRQ 4
#define REG_DATA 0
#define REG_INTERRUPTS 1
#define REG_IDENTIFY 2		/* read; FIFO control when written */
#define REG_LINE 3
#define REG_MODEM 4
#define REG_STATUS 5
#define REG_MODEM_STATUS 6
#define REG_SCRATCH 7

#define INTERRUPT_INPUT 1
#define INTERRUPT_OUTPUT 2
#define IDENTIFY_NONE 1
#define FIFO_ON 1
#define STATUS_INPUT 1
#define STATUS_BREAK 0x10
#define STATUS_OUTPUT_EMPTY 0x20
#define LINE_8N1 3
#define LINE_BREAK 0x40
#define MODEM_DTR 1
#define MODEM_RTS 2
#define MODEM_INTERRUPTS 8	/* OUT2 connects the interrupt line */
#define FIFO_BYTES 16
#define RING_BYTES 4096

struct serial {
	struct spinlock lock;
	struct ring input, output;	/* lock; emptied and filled by one side each */
	u8 input_bytes[RING_BYTES], output_bytes[RING_BYTES];
	bool has_break;			/* a break came in. lock */
	struct work work;
};
static struct serial serial;
static struct tty serial_tty;

static u8 reg_in(unsigned reg) { return (u8)arch_port_in((u16)(PORT + reg), 1); }
static void reg_out(unsigned reg, u8 v) { arch_port_out((u16)(PORT + reg), v, 1); }

/* ---- the port ---- */

/* Fills the transmitter as long as it is empty; the interrupt goes on if it cannot take all. */
static void output_pump_locked(struct serial *p)
{
	static bool is_waiting;	/* the output interrupt is on; port->lock */
	u8 byte;
	while (ring_count(&p->output) && (reg_in(REG_STATUS) & STATUS_OUTPUT_EMPTY)) {
		for (int i = 0; i < FIFO_BYTES && ring_get(&p->output, &byte, 1); i++)
			reg_out(REG_DATA, byte);
	}
	bool must_wait = ring_count(&p->output) != 0;
	if (must_wait != is_waiting)
		reg_out(REG_INTERRUPTS, INTERRUPT_INPUT | (must_wait ? INTERRUPT_OUTPUT : 0));
	is_waiting = must_wait;
}

static void input_take_locked(struct serial *p)
{
	u8 status;
	/* Bounded, so that a broken port cannot hold the CPU. */
	for (int i = 0; i < 256 && ((status = reg_in(REG_STATUS)) & STATUS_INPUT); i++) {
		u8 byte = reg_in(REG_DATA);
		if (status & STATUS_BREAK)
			p->has_break = true;
		else
			(void)ring_put(&p->input, &byte, 1);	/* what nobody reads is lost, as on a real line */
	}
}

static void serial_interrupt(void *arg)
{
	struct serial *p = arg;
	unsigned long flags = spin_lock_irqsave(&p->lock);
	for (int i = 0; i < 16 && !(reg_in(REG_IDENTIFY) & IDENTIFY_NONE); i++) {
		input_take_locked(p);
		output_pump_locked(p);
		(void)reg_in(REG_MODEM_STATUS);
	}
	bool has_news = ring_count(&p->input) || p->has_break || ring_room(&p->output) >= RING_BYTES / 2;
	spin_unlock_irqrestore(&p->lock, flags);
	if (has_news)
		work_queue(&p->work);
}

/* In a task: input to the discipline, waiting echo out, and writers on. */
static void serial_work(struct work *w)
{
	struct serial *p = container_of(w, struct serial, work);
	struct tty *t = &serial_tty;
	u8 bytes[128];
	mutex_lock(&t->lock);
	ldisc_flush_echo(&t->ldisc);
	for (;;) {
		const u8 *s;
		unsigned long flags = spin_lock_irqsave(&p->lock);
		size_t n = MIN(ring_peek(&p->input, &s), sizeof(bytes));
		bool is_break = p->has_break;
		p->has_break = false;
		memcpy(bytes, s, n);
		spin_unlock_irqrestore(&p->lock, flags);
		if (is_break)
			ldisc_receive_break(&t->ldisc);
		size_t taken = n ? tty_receive_locked(t, bytes, n) : 0;
		flags = spin_lock_irqsave(&p->lock);
		ring_skip(&p->input, MIN(taken, (size_t)ring_count(&p->input)));
		spin_unlock_irqrestore(&p->lock, flags);
		if (!taken)
			break;
	}
	mutex_unlock(&t->lock);
	if (tty_may_write(t))
		wake_up_all(&t->write_wait);
}

/* ---- the tty driver ---- */

static size_t serial_write_room(const struct tty *t) { return ring_room(&serial.output); }
static size_t serial_pending(const struct tty *t) { return ring_count(&serial.output); }

static void serial_write(struct tty *t, const u8 *s, size_t n)
{
	unsigned long flags = spin_lock_irqsave(&serial.lock);
	ring_put(&serial.output, s, n);
	output_pump_locked(&serial);
	spin_unlock_irqrestore(&serial.lock, flags);
}

static void serial_flush_output(struct tty *t)
{
	unsigned long flags = spin_lock_irqsave(&serial.lock);
	ring_clear(&serial.output);
	spin_unlock_irqrestore(&serial.lock, flags);
}

static void serial_input_taken(struct tty *t)
{
	if (ring_count(&serial.input))
		work_queue(&serial.work);
}

static void serial_send_break(struct tty *t, bool is_on)
{
	unsigned long flags = spin_lock_irqsave(&serial.lock);
	reg_out(REG_LINE, LINE_8N1 | (is_on ? LINE_BREAK : 0));
	spin_unlock_irqrestore(&serial.lock, flags);
}

static long modem_get(uptr arg)
{
	u8 control = reg_in(REG_MODEM), status = reg_in(REG_MODEM_STATUS);
	u32 bits = (control & MODEM_DTR ? TIOCM_DTR : 0) | (control & MODEM_RTS ? TIOCM_RTS : 0) |
		   (status & 0x10 ? TIOCM_CTS : 0) | (status & 0x20 ? TIOCM_DSR : 0) | (status & 0x40 ? TIOCM_RI : 0) |
		   (status & 0x80 ? TIOCM_CAR : 0);
	return put_user_u32(bits, arg);
}

static long modem_set(unsigned cmd, uptr arg)
{
	u32 bits;
	if (get_user_u32(&bits, arg))
		return -EFAULT;
	u8 wanted = (u8)((bits & TIOCM_DTR ? MODEM_DTR : 0) | (bits & TIOCM_RTS ? MODEM_RTS : 0));
	unsigned long flags = spin_lock_irqsave(&serial.lock);
	u8 now = reg_in(REG_MODEM);
	if (cmd == TIOCMBIS)
		now |= wanted;
	else if (cmd == TIOCMBIC)
		now &= (u8)~wanted;
	else
		now = (u8)((now & ~(MODEM_DTR | MODEM_RTS)) | wanted);
	reg_out(REG_MODEM, now);
	spin_unlock_irqrestore(&serial.lock, flags);
	return 0;
}

/* What setserial(8) and cttyhack ask; it cannot be changed (TIOCSSERIAL is not known here). */
static long describe(uptr arg)
{
	const struct serial_struct s = {
		.type = 4 /* 16550A */, .port = PORT, .irq = IRQ, .baud_base = 115200, .xmit_fifo_size = FIFO_BYTES,
		.close_delay = 50, .closing_wait = 3000,
	};
	return copy_to_user(arg, &s, sizeof(s));
}

static long serial_ioctl(struct tty *t, unsigned cmd, uptr arg)
{
	switch (cmd) {
	case TIOCGSERIAL:
		return describe(arg);
	case TIOCMGET:
		return modem_get(arg);
	case TIOCMSET:
	case TIOCMBIS:
	case TIOCMBIC:
		return modem_set(cmd, arg);
	}
	return -ENOTTY;
}

static const struct tty_driver serial_driver = {
	.name = "ttyS", .major = 4, .first_minor = 64, .write = serial_write, .flush_output = serial_flush_output,
	.input_taken = serial_input_taken, .write_room = serial_write_room, .pending = serial_pending,
	.ioctl = serial_ioctl, .send_break = serial_send_break,
};

/* ---- start ---- */

static const struct { u32 baud, code; } speeds[] = {
	{ 9600, B9600 }, { 19200, B19200 }, { 38400, B38400 }, { 57600, B57600 }, { 115200, B115200 },
};

/* console=ttyS0[,speed...]: the last console= wins. The speed only shows in termios. */
static void console_choose(void)
{
	char value[64];
	bool is_named = cmdline_get("console", value, sizeof(value));
	if (is_named && strncmp(value, "ttyS0", 5) != 0)
		return;
	tty_console_set(&serial_tty);
	struct termios2 *t = &serial_tty.ldisc.termios;
	u64 baud = is_named && value[5] == ',' ? strtou64(value + 6, NULL, 10) : 9600;
	t->c_cflag = (t->c_cflag & ~CBAUD) | B9600 | CLOCAL;
	t->c_ispeed = t->c_ospeed = 9600;
	for (size_t i = 0; i < ARRAY_SIZE(speeds); i++) {
		if (speeds[i].baud == baud) {
			t->c_cflag = (t->c_cflag & ~CBAUD) | speeds[i].code;
			t->c_ispeed = t->c_ospeed = speeds[i].baud;
		}
	}
}

static bool port_is_there(void)
{
	reg_out(REG_SCRATCH, 0xa5);
	return reg_in(REG_SCRATCH) == 0xa5;
}

void serial_init(void)
{
	if (!port_is_there())
		return;
	spin_init(&serial.lock, RANK_DRIVER);
	serial.input = (struct ring){ serial.input_bytes, RING_BYTES, 0, 0 };
	serial.output = (struct ring){ serial.output_bytes, RING_BYTES, 0, 0 };
	work_prepare(&serial.work, serial_work);
	tty_setup(&serial_tty, &serial_driver, 0);
	console_choose();
	if (arch_irq_register(IRQ, serial_interrupt, &serial, false) ||
	    dev_register("ttyS0", 0600, 4, 64, &tty_fops, &serial_tty)) {
		log_error("serial: no interrupt or no device node");
		return;
	}
	reg_out(REG_LINE, LINE_8N1);
	reg_out(REG_IDENTIFY, FIFO_ON);
	reg_out(REG_MODEM, MODEM_DTR | MODEM_RTS | MODEM_INTERRUPTS);
	reg_out(REG_INTERRUPTS, INTERRUPT_INPUT);
	work_queue(&serial.work);
}
