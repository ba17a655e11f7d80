/*
 * arch/x86_64/power.c: the ends of the machine. A virtual machine is turned off through the ACPI power port that its
 * chipset has at a fixed place; one without ACPI (microvm) by a reset, which ends QEMU under -no-reboot.
 * Locks: none: nobody else matters any more.
 */
#include "x86.h"

#define Q35_PM1A_CONTROL 0x604
#define PIIX4_PM1A_CONTROL 0xb004
#define PM1_SLEEP_ENABLE 0x2000		/* sleep type 0 is "off" on both */
#define RESET_CONTROL 0xcf9
#define KEYBOARD_COMMAND 0x64
#define KEYBOARD_PULSE_RESET 0xfe

static void wait_a_little(void)
{
	for (int i = 0; i < 100; i++)
		inb(0x80);
}

__noreturn void arch_reset(void)
{
	struct { u16 limit; u64 base; } __packed nothing = { 0, 0 };

	arch_irq_disable();
	outb(RESET_CONTROL, 2);
	outb(RESET_CONTROL, 6);
	wait_a_little();
	outb(KEYBOARD_COMMAND, KEYBOARD_PULSE_RESET);
	wait_a_little();
	__asm__ volatile("lidt %0; int3" : : "m"(nothing));	/* a triple fault */
	for (;;)
		__asm__ volatile("cli; hlt");
}

__noreturn void arch_power_off(void)
{
	arch_irq_disable();
	arch_port_out(Q35_PM1A_CONTROL, PM1_SLEEP_ENABLE, 2);
	arch_port_out(PIIX4_PM1A_CONTROL, PM1_SLEEP_ENABLE, 2);
	wait_a_little();
	arch_reset();
}
