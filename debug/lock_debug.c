/*
 * debug/lock_debug.c: the debug build's watch over locks. Panics, with where each held lock was taken, when
 *   - a lock is taken while one further down sync/lock_order.h is held;
 *   - a spinlock is taken twice, or released by who does not hold it;
 *   - current sleeps, takes a sleeping lock or touches user memory while it holds a spinlock or is in an interrupt;
 *   - a spinlock that an interrupt handler takes is also taken with interrupts on.
 * Way in: sync/spinlock.h and the sleeping locks call acquire before they wait, release before they let go.
 * State: spinlocks belong to the CPU (a run queue's is handed over in a switch), sleeping locks to the task.
 * Locks: none: a CPU's list is changed with interrupts off, a task's own list by itself.
 */
#ifdef FURCA_DEBUG
#include "debug/lock_debug.h"
#include "sync/spinlock.h"
#include "task/task.h"
#include "base/printk.h"

#define HELD_SPIN_MAX 16
struct held_spin {
	const void *lock;
	u16 rank;
	bool is_interrupt;	/* taken by a handler: the locks of what it interrupted are no part of its order */
	const void *ip;
};
static struct {
	struct held_spin held[HELD_SPIN_MAX];
	u32 count;
	bool is_reporting;
} cpu_locks[CPUS_MAX];

void lock_debug_print_cpu(enum log_level level, u32 cpu)
{
	for (u32 i = 0; i < MIN(READ_ONCE(cpu_locks[cpu].count), HELD_SPIN_MAX); i++)
		log_write(level, "  held: spinlock %p (rank %u) from %pS", cpu_locks[cpu].held[i].lock,
			  cpu_locks[cpu].held[i].rank, cpu_locks[cpu].held[i].ip);
}

void lock_debug_print_task(enum log_level level, const struct task *t)
{
	for (u32 i = 0; i < MIN(READ_ONCE(t->lock_depth), ARRAY_SIZE(t->held_locks)); i++)
		log_write(level, "  held: %p (rank %u) from %pS", t->held_locks[i].lock, t->held_locks[i].rank,
			  t->held_locks[i].ip);
}

static __noreturn void report(const char *what, const void *lock, unsigned rank, const void *ip)
{
	u32 cpu = cpu_id();
	struct task *t = current;

	if (cpu_locks[cpu].is_reporting)
		for (;;)
			arch_relax();
	cpu_locks[cpu].is_reporting = true;
	log_write(LOG_EMERG, "lock %p (rank %u) at %pS: %s\n", lock, rank, ip, what);
	lock_debug_print_cpu(LOG_EMERG, cpu);
	if (t)
		lock_debug_print_task(LOG_EMERG, t);
	panic("locking: %s", what);
}

static void check_irq_use(struct spinlock *l, const void *ip)
{
	if (in_interrupt())
		l->debug_use |= LOCK_USED_IN_INTERRUPT;
	else if (arch_irqs_are_on())
		l->debug_use |= LOCK_USED_WITH_INTERRUPTS_ON;
	if (l->debug_use == (LOCK_USED_IN_INTERRUPT | LOCK_USED_WITH_INTERRUPTS_ON))
		report("taken by an interrupt handler and with interrupts on", l, l->rank, ip);
}

static void acquire_spin(const void *lock, unsigned rank, const void *ip)
{
	u32 cpu = cpu_id(), n = cpu_locks[cpu].count;
	struct held_spin *held = cpu_locks[cpu].held;
	bool is_interrupt = in_interrupt();

	for (u32 i = 0; i < n; i++) {
		if (held[i].lock == lock)
			report("taken twice", lock, rank, ip);
		if (rank != RANK_NONE && held[i].is_interrupt == is_interrupt && held[i].rank > rank)
			report("taken out of order", lock, rank, ip);
	}
	if (n == HELD_SPIN_MAX)
		report("too many locks", lock, rank, ip);
	held[n] = (struct held_spin){ lock, (u16)rank, is_interrupt, ip };
	cpu_locks[cpu].count = n + 1;
}

static void acquire_sleeping(const void *lock, unsigned rank, const void *ip)
{
	struct task *t = current;
	u32 n = t->lock_depth;

	if (cpu_locks[cpu_id()].count || in_interrupt())
		report("a sleeping lock, where sleeping is not allowed", lock, rank, ip);
	for (u32 i = 0; i < n; i++) {
		if (t->held_locks[i].lock == lock && rank != RANK_NONE)
			report("taken twice", lock, rank, ip);
		if (rank != RANK_NONE && t->held_locks[i].rank > rank)
			report("taken out of order", lock, rank, ip);
	}
	if (n == ARRAY_SIZE(t->held_locks))
		report("too many locks", lock, rank, ip);
	t->held_locks[n] = (struct held_lock){ lock, ip, rank };
	t->lock_depth = n + 1;
}

void lock_debug_acquire(const void *lock, enum lock_rank rank, bool is_spin, void *ip)
{
	unsigned long flags;

	if (!current)
		return;		/* before process 0 is set up */
	if (is_spin) {
		check_irq_use((struct spinlock *)lock, ip);
		flags = arch_irq_save();
		acquire_spin(lock, rank, ip);
		arch_irq_restore(flags);
	} else {
		acquire_sleeping(lock, rank, ip);
	}
}

static void release_spin(const void *lock)
{
	u32 cpu = cpu_id(), n = cpu_locks[cpu].count;
	struct held_spin *held = cpu_locks[cpu].held;

	for (u32 i = n; i-- > 0;) {
		if (held[i].lock != lock)
			continue;
		for (u32 k = i; k + 1 < n; k++)
			held[k] = held[k + 1];
		cpu_locks[cpu].count = n - 1;
		return;
	}
	report("released by who does not hold it", lock, 0, __builtin_return_address(0));
}

static void release_sleeping(const void *lock)
{
	struct task *t = current;

	for (u32 i = t->lock_depth; i-- > 0;) {
		if (t->held_locks[i].lock != lock)
			continue;
		for (u32 k = i; k + 1 < t->lock_depth; k++)
			t->held_locks[k] = t->held_locks[k + 1];
		t->lock_depth--;
		return;
	}
	report("released by who does not hold it", lock, 0, __builtin_return_address(0));
}

void lock_debug_release(const void *lock, bool is_spin)
{
	unsigned long flags;

	if (!current)
		return;
	if (is_spin) {
		flags = arch_irq_save();
		release_spin(lock);
		arch_irq_restore(flags);
	} else {
		release_sleeping(lock);
	}
}

void lock_debug_expect_irqs_on(void *ip)
{
	if (!arch_irqs_are_on())
		report("turns interrupts on that were off", NULL, 0, ip);
}

void lock_debug_check_sleep(void)
{
	if (cpu_locks[cpu_id()].count || in_interrupt())
		report("sleeps here", NULL, 0, __builtin_return_address(0));
}

void lock_debug_check_user_copy(void)
{
	struct task *t = current;

	lock_debug_check_sleep();
	for (u32 i = 0; i < t->lock_depth; i++)
		if (t->held_locks[i].rank >= RANK_MM)
			report("user memory is touched, whose fault would take mm->lock", t->held_locks[i].lock,
			       t->held_locks[i].rank, __builtin_return_address(0));
}

bool lock_debug_holds(const void *lock)
{
	u32 cpu = cpu_id();
	struct task *t = current;

	for (u32 i = 0; i < cpu_locks[cpu].count; i++)
		if (cpu_locks[cpu].held[i].lock == lock)
			return true;
	for (u32 i = 0; i < t->lock_depth; i++)
		if (t->held_locks[i].lock == lock)
			return true;
	return false;
}
#endif
