/*
 * debug/panic.c: the end of the world: why, who, the call trace with names and the registers, on the console whatever
 * its log level; then the machine ends. The first line begins with "furca: panic: ", which the host tool looks for.
 * Way in: any context, any locks held: from here on locks are not taken. A panic inside a panic ends the machine.
 */
#include "base/printk.h"
#include "base/string.h"
#include "arch/arch.h"
#include "task/task.h"

#define FRAMES_MAX 32

static volatile u32 panic_cpu = CPUS_MAX;	/* whose panic is being told */

static void print_trace(void)
{
	unsigned long frames[FRAMES_MAX];
	int n = arch_backtrace(current, frames, FRAMES_MAX);

	log_write(LOG_EMERG, "call trace:");
	for (int i = 0; i < n; i++)
		log_write(LOG_EMERG, "  %pS", (void *)frames[i]);
}

void dump_stack(void)
{
	print_trace();
}

/* Another CPU's panic comes first: that one will stop us. Our own: nothing more can be said. */
static __noreturn void panic_again(void)
{
	while (panic_cpu != cpu_id())
		arch_relax();
	arch_power_off();
}

void panic(const char *fmt, ...)
{
	static int depth;
	char text[256];
	va_list ap;

	arch_irq_disable();
	if (__atomic_add_fetch(&depth, 1, __ATOMIC_RELAXED) > 1)
		panic_again();
	panic_cpu = cpu_id();
	arch_stop_others();
	log_panic_begin();
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_console_raw("\nfurca: panic: ", 15);
	log_console_raw(text, strlen(text));
	log_console_raw("\n", 1);
	log_console_level = LOG_DEBUG + 1;
	if (current)
		log_write(LOG_EMERG, "CPU %u, task %d (%.16s)", cpu_id(), current->tid, current->comm);
	arch_dump_trap_regs();
	if (current)
		print_trace();
	log_console_raw("furca: panic: end\n", 18);
	arch_power_off();
}
