/*
 * arch/x86_64/early_console.c: the kernel log on the first 16550 serial port, by polling, from the first line of C on.
 * It goes on to serve the log after a serial driver has taken the port for programs: both only wait for the transmit
 * register to be empty. Locks: the log's. Source: National Semiconductor PC16550D data sheet.
 */
#include "x86.h"
#include "base/printk.h"

#define COM1 0x3f8
#define REG_DIVISOR_LOW 0
#define REG_INTERRUPTS 1
#define REG_FIFO 2
#define REG_LINE 3
#define REG_MODEM 4
#define REG_STATUS 5
#define REG_SCRATCH 7
#define STATUS_TRANSMIT_EMPTY 0x20
#define LINE_8N1 3
#define LINE_DIVISOR 0x80

static void put_byte(u8 c)
{
	for (int i = 0; i < 100000 && !(inb(COM1 + REG_STATUS) & STATUS_TRANSMIT_EMPTY); i++)
		arch_relax();
	outb(COM1, c);
}

static void console_write(const char *s, size_t n)
{
	for (; n; n--, s++) {
		if (*s == '\n')
			put_byte('\r');
		put_byte((u8)*s);
	}
}

void early_console_init(void)
{
	outb(COM1 + REG_SCRATCH, 0x5a);
	if (inb(COM1 + REG_SCRATCH) != 0x5a)
		return;
	outb(COM1 + REG_INTERRUPTS, 0);
	outb(COM1 + REG_LINE, LINE_DIVISOR);
	outb(COM1 + REG_DIVISOR_LOW, 1);	/* 115200 */
	outb(COM1 + 1, 0);
	outb(COM1 + REG_LINE, LINE_8N1);
	outb(COM1 + REG_FIFO, 7);
	outb(COM1 + REG_MODEM, 3);
	log_set_console(console_write);
}

u32 arch_port_in(u16 port, unsigned bytes)
{
	u32 v = 0;

	if (bytes == 1)
		return inb(port);
	if (bytes == 2)
		__asm__ volatile("inw %w1, %w0" : "+a"(v) : "Nd"(port));
	else
		__asm__ volatile("inl %w1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

void arch_port_out(u16 port, u32 v, unsigned bytes)
{
	if (bytes == 1)
		outb(port, (u8)v);
	else if (bytes == 2)
		__asm__ volatile("outw %w0, %w1" : : "a"(v), "Nd"(port));
	else
		__asm__ volatile("outl %0, %w1" : : "a"(v), "Nd"(port));
}
