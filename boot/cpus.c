/*
 * boot/cpus.c: brings the other CPUs up. Each gets an idle task of its own, process 0's siblings, and a run queue; then it
 * idles until the scheduler gives it something. `nosmp` and `maxcpus=N` leave some out, as on Linux.
 * Way in: cpus_start() on the boot CPU, before process 1 runs; cpu_main() on each other one, from arch/.
 * Locks: none: one CPU is started after the other. Errors: a CPU that does not start is left out, and said so.
 */
#include "arch/arch.h"
#include "boot/cmdline.h"
#include "boot/cpus.h"
#include "debug/events.h"
#include "sched/sched.h"
#include "task/task.h"
#include "base/printk.h"
#include "base/string.h"

static u32 cpus_wanted(void)
{
	u32 n = arch_cpus_found();
	char v[16];

	if (cmdline_get("nosmp", v, sizeof(v)))
		return 1;
	if (cmdline_get("maxcpus", v, sizeof(v)))
		n = (u32)MIN((u64)n, MAX(strtou64(v, NULL, 10), 1UL));
	return n;
}

void cpus_start(void)
{
	u32 wanted = cpus_wanted();

	for (u32 cpu = 1; cpu < wanted; cpu++) {
		struct task *idle = task_new_idle(cpu);
		int err = -ENOMEM;

		if (idle) {
			sched_init_cpu(cpu, idle);
			(void)!events_init_cpu(cpu);
			err = arch_cpu_start(cpu);
		}
		if (err) {	/* its task stays: who knows what the CPU does yet */
			log_error("CPU %u does not start: error %d\n", cpu, -err);
			return;
		}
		__atomic_store_n(&cpus_online, cpu + 1, __ATOMIC_RELEASE);
	}
	if (cpus_online > 1)
		log_info("%u CPUs\n", cpus_online);
}

void cpu_main(void)
{
	sched_idle_loop();
}
