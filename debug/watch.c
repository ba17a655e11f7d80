/*
 * debug/watch.c: the watch over tasks and CPUs that do not get on.
 *
 * Each CPU looks five times in twice the threshold. A look in kernel mode asks for a switch; if none has happened by the
 * next looks, the CPU is stuck though its interrupts work: a soft lockup, told by itself. Each look also counts the CPU's own
 * beat and sees whether the others' have gone on: one that stands still takes no interrupt, and is told of by whoever has seen
 * it first; every CPU's stack is then asked for by NMI. Looks are counted, not time: a machine that was stopped as a
 * whole is not stuck.
 * One CPU at a time goes through the sleeping tasks. A task that sleeps was last charged when it went to sleep.
 * Way in: watch_tick(), interrupts off. Locks: tasklist_lock for the tasks. Errors: none.
 * Source: Linux's sysctl documentation (kernel.hung_task_*, watchdog_thresh, softlockup_panic). Differences: the stacks of all
 * CPUs are always shown; there is no kernel task for it.
 */
#include "debug/watch.h"
#include "debug/cpu_trace.h"
#include "debug/lock_debug.h"
#include "arch/arch.h"
#include "boot/cmdline.h"
#include "sched/runqueue.h"
#include "task/task.h"

#define LOOKS_SOFT 5			/* in 2 * threshold */
#define LOOKS_HARD 3			/* in a little more than the threshold */

int hung_task_timeout_s = 120, hung_task_warnings = 10, hung_task_panics;
int watch_threshold_s = 10, soft_lockup_panics;

struct watch {
	u64 next_ns;			/* of the next look; own */
	u64 beats;			/* looks; others read */
	u64 switches;			/* of the run queue at the last look; own, as below */
	u32 stuck_looks;
	struct { u64 beats; u32 missed; } others[CPUS_MAX];
	struct timer timer;
};
static struct watch watches[CPUS_MAX];
static bool has_timers;
static u64 tasks_looked_ns;		/* when the tasks were last gone through; atomic */
static u64 told_hard;			/* bit per CPU that takes no interrupts, and is told of; atomic */

static u64 look_period_ns(void)
{
	return (u64)MAX(READ_ONCE(watch_threshold_s), 1) * 2 * NSEC_PER_SEC / LOOKS_SOFT;
}

static void print_others(enum log_level level)
{
	if (!cpu_traces_begin())
		return;
	cpu_traces_send();
	cpu_traces_print(level);
}

/* -- this CPU: does it get through the kernel? -- */
static void tell_soft_lockup(unsigned seconds)
{
	log_write(LOG_EMERG, "watchdog: BUG: soft lockup - CPU#%u stuck for %us! [%.16s:%d]", cpu_id(), seconds, current->comm,
		  current->tid);
	task_trace_print(LOG_EMERG, current);
	lock_debug_print_cpu(LOG_EMERG, cpu_id());
	print_others(LOG_EMERG);
	if (READ_ONCE(soft_lockup_panics))
		panic("softlockup: hung tasks");
}

static void look_at_self(struct watch *w)
{
	struct cpu *c = cpu_self();

	if (arch_interrupted_user() || c->running == c->idle || !c->need_resched || w->switches != c->rq->switches) {
		w->switches = c->rq->switches;
		w->stuck_looks = 0;
		if (!arch_interrupted_user() && c->running != c->idle)
			c->need_resched = true;		/* whoever is not stuck will soon have cleared it */
		return;
	}
	if (++w->stuck_looks % LOOKS_SOFT == 0)
		tell_soft_lockup((unsigned)(w->stuck_looks * look_period_ns() / NSEC_PER_SEC));
}

/* -- the others: do they take interrupts? -- */
static void tell_hard_lockup(u32 cpu)
{
	log_write(LOG_EMERG, "NMI watchdog: Watchdog detected hard LOCKUP on cpu %u", cpu);
	log_write(LOG_EMERG, "CPU %u looks, task %d (%.16s):", cpu_id(), current->tid, current->comm);
	task_trace_print(LOG_EMERG, current);
	print_others(LOG_EMERG);
	if (READ_ONCE(soft_lockup_panics))
		panic("Hard LOCKUP");
}

static void look_at_others(struct watch *w)
{
	for (u32 cpu = 0; cpu < cpus_online; cpu++) {
		u64 beats = READ_ONCE(watches[cpu].beats), bit = BIT(cpu);

		if (cpu == cpu_id() || beats != w->others[cpu].beats || (!has_timers && !READ_ONCE(runqueues[cpu].is_ticking))) {
			w->others[cpu].beats = beats;
			w->others[cpu].missed = 0;
		} else if (++w->others[cpu].missed == LOOKS_HARD && !(__atomic_fetch_or(&told_hard, bit, __ATOMIC_RELAXED) & bit)) {
			tell_hard_lockup(cpu);
		}
	}
}

/* -- the tasks that sleep -- */
static void tell_hung_task(struct task *t, u64 seconds)
{
	log_write(LOG_ERR, "INFO: task %.16s:%d blocked for more than %lu seconds.", t->comm, t->tid, (unsigned long)seconds);
	log_write(LOG_ERR, "\"echo 0 > /proc/sys/kernel/hung_task_timeout_secs\" disables this message.");
	log_write(LOG_ERR, "task:%-15.16s state:D pid:%-5d ppid:%-6d flags:0x%08lx", t->comm, t->tid,
		  t->real_parent ? t->real_parent->tgid : 0, (unsigned long)t->flags);
	task_trace_print(LOG_ERR, t);
	lock_debug_print_task(LOG_ERR, t);
	if (hung_task_warnings > 0)
		hung_task_warnings--;
}

static bool is_hung(const struct task *t, u64 now_ns, u64 limit_ns)
{
	u32 state = READ_ONCE(t->state);

	return (state & TASK_UNINTERRUPTIBLE) && !(state & TASK_WAKEKILL) && !t->sched.is_on_cpu &&
	       now_ns > t->sched.exec_start_ns + limit_ns;
}

static void look_at_tasks(u64 now_ns)
{
	u64 last = __atomic_load_n(&tasks_looked_ns, __ATOMIC_RELAXED);
	u64 limit_ns = (u64)READ_ONCE(hung_task_timeout_s) * NSEC_PER_SEC;
	struct task *process, *thread;
	unsigned long flags;
	bool is_any = false;

	if (!limit_ns || !hung_task_warnings || now_ns < last + limit_ns)
		return;
	if (!__atomic_compare_exchange_n(&tasks_looked_ns, &last, now_ns, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return;		/* another CPU does it */
	if (!spin_trylock_irqsave(&tasklist_lock, &flags))
		return;
	list_for_each(process, &all_processes, all_node)
		list_for_each(thread, &process->signal->thread_list, thread_node)
			if (is_hung(thread, now_ns, limit_ns) && hung_task_warnings) {
				tell_hung_task(thread, limit_ns / NSEC_PER_SEC);
				is_any = true;
			}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	if (is_any)
		print_others(LOG_ERR);
	if (is_any && READ_ONCE(hung_task_panics))
		panic("hung_task: blocked tasks");
}

/* -- */
void watch_tick(u64 now_ns)
{
	struct watch *w = &watches[cpu_id()];

	if (likely(now_ns < w->next_ns))
		return;
	w->next_ns = now_ns + look_period_ns();
	WRITE_ONCE(w->beats, w->beats + 1);
	__atomic_fetch_and(&told_hard, ~BIT(cpu_id()), __ATOMIC_RELAXED);
	if (READ_ONCE(watch_threshold_s)) {
		look_at_self(w);
		look_at_others(w);
	}
	look_at_tasks(now_ns);
}

static void timer_fired(struct timer *t)
{
	u64 now = arch_clock_ns();

	watch_tick(now);
	timer_start(t, now + look_period_ns());
}

static void read_cmdline(void)
{
	char v[16];

#ifdef FURCA_DEBUG
	has_timers = true;
#endif
	if (cmdline_get("watchdog", v, sizeof(v)))
		has_timers = true;
	if (cmdline_get("nowatchdog", v, sizeof(v)))
		watch_threshold_s = 0;
	hung_task_panics = cmdline_get("hung_task_panic", v, sizeof(v)) && v[0] == '1';
	soft_lockup_panics = cmdline_get("softlockup_panic", v, sizeof(v)) && v[0] == '1';
}

void watch_start_cpu(void)
{
	struct watch *w = &watches[cpu_id()];

	read_cmdline();		/* all say the same */
	timer_init(&w->timer, timer_fired);
	if (has_timers)
		timer_start(&w->timer, arch_clock_ns() + look_period_ns());
}
