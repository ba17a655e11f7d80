/*
 * debug/panic.c: the end of the world: why, who, the call trace with names and the registers, what the other CPUs were doing,
 * the last process events and every task, on the console whatever its log level; then the machine ends. The first line begins with
 * "furca: panic: ", which the host tool looks for.
 * Way in: any context, any locks held: from here on locks are not taken. A panic inside a panic ends the machine.
 */
#include "base/printk.h"
#include "base/string.h"
#include "arch/arch.h"
#include "task/task.h"
#include "debug/cpu_trace.h"
#include "debug/events.h"
#include "debug/lock_debug.h"

static volatile u32 panic_cpu = CPUS_MAX;	/* whose panic is being told */

static void print_trace(void)
{
	log_write(LOG_EMERG, "call trace:");
	task_trace_print(LOG_EMERG, current);
	lock_debug_print_cpu(LOG_EMERG, cpu_id());
	lock_debug_print_task(LOG_EMERG, current);
}

void dump_stack(void)
{
	print_trace();
}

void dump_task(struct task *t)
{
	log_write(LOG_EMERG, "task %d of %d (%.16s) state %x%s", t->tid, t->tgid, t->comm, t->state,
		  t->exit_state ? " dead" : t->sched.is_on_cpu ? " running" : "");
	if (t != current && !t->sched.is_on_cpu && t->kstack)
		task_trace_print(LOG_EMERG, t);
}

/* Without locks, which a panic may have been inside of: a list that is half changed ends the tale, as a second panic. */
static void print_all_tasks(void)
{
	struct task *process, *thread;

	list_for_each(process, &all_processes, all_node)
		list_for_each(thread, &process->signal->thread_list, thread_node)
			dump_task(thread);
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
	(void)!cpu_traces_begin();	/* false: this CPU's own question is put aside */
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
	if (cpus_online > 1)
		cpu_traces_print(LOG_EMERG);
	events_print();
	if (all_processes.next)
		print_all_tasks();
	log_console_raw("furca: panic: end\n", 18);
	arch_power_off();
}
