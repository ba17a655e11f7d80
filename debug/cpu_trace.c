/*
 * debug/cpu_trace.c: the stacks of all CPUs. The handler of the NMI takes no lock and prints nothing: it may have come while
 * its CPU held the log's lock. Locks: one question at a time (is_asking). Errors: a CPU that does not answer is said so.
 */
#include "debug/cpu_trace.h"
#include "debug/lock_debug.h"
#include "arch/arch.h"
#include "base/string.h"
#include "task/task.h"

#define FRAMES_MAX 32
#define ANSWER_WAIT_NS NSEC_PER_SEC

struct answer {
	u32 state;		/* enum below; atomic */
	bool is_user;
	int tid, frame_count;
	char comm[16];
	uptr ip;
	unsigned long frames[FRAMES_MAX];
};
enum { NOT_ASKED, ASKED, ANSWERED };
static struct answer answers[CPUS_MAX];
static u32 is_asking;

void trace_print(enum log_level level, const unsigned long *frames, int n)
{
	for (int i = 0; i < n; i++)
		log_write(level, "  %pS", (void *)frames[i]);
}

void task_trace_print(enum log_level level, struct task *t)
{
	unsigned long frames[FRAMES_MAX];

	trace_print(level, frames, arch_backtrace(t, frames, FRAMES_MAX));
}

bool cpu_traces_begin(void)
{
	if (__atomic_exchange_n(&is_asking, 1, __ATOMIC_ACQUIRE))
		return false;
	for (u32 cpu = 0; cpu < cpus_online; cpu++)
		__atomic_store_n(&answers[cpu].state, cpu == cpu_id() ? NOT_ASKED : ASKED, __ATOMIC_RELEASE);
	return true;
}

void cpu_traces_send(void)
{
	for (u32 cpu = 0; cpu < cpus_online; cpu++)
		if (cpu != cpu_id())
			arch_send_nmi(cpu);
}

void cpu_trace_answer(const struct regs *r)
{
	struct answer *a = &answers[cpu_id()];

	if (__atomic_load_n(&a->state, __ATOMIC_ACQUIRE) != ASKED)
		return;
	a->tid = current->tid;
	memcpy(a->comm, current->comm, sizeof(a->comm));
	a->ip = regs_ip(r);
	a->is_user = regs_is_user(r);
	a->frame_count = a->is_user ? 0 : arch_backtrace_regs(r, a->frames, FRAMES_MAX);
	__atomic_store_n(&a->state, ANSWERED, __ATOMIC_RELEASE);
}

static void print_answer(enum log_level level, u32 cpu)
{
	const struct answer *a = &answers[cpu];

	if (__atomic_load_n(&a->state, __ATOMIC_ACQUIRE) != ANSWERED) {
		log_write(level, "CPU %u: does not answer", cpu);
		return;
	}
	if (a->is_user)
		log_write(level, "CPU %u, task %d (%.16s): in user mode at %#lx", cpu, a->tid, a->comm, a->ip);
	else
		log_write(level, "CPU %u, task %d (%.16s):", cpu, a->tid, a->comm);
	trace_print(level, a->frames, a->frame_count);
	lock_debug_print_cpu(level, cpu);
}

void cpu_traces_print(enum log_level level)
{
	u64 end = arch_clock_ns() + ANSWER_WAIT_NS;

	for (u32 cpu = 0; cpu < cpus_online; cpu++)
		while (__atomic_load_n(&answers[cpu].state, __ATOMIC_ACQUIRE) == ASKED && arch_clock_ns() < end)
			arch_relax();
	for (u32 cpu = 0; cpu < cpus_online; cpu++)
		if (answers[cpu].state != NOT_ASKED)
			print_answer(level, cpu);
	__atomic_store_n(&is_asking, 0, __ATOMIC_RELEASE);
}
