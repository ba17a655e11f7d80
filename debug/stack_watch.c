/*
 * debug/stack_watch.c: the watch over the depth of kernel stacks. A stack is filled with a pattern when it is made, and again
 * where it was used when its task has gone; what has changed was used. A look after each system call costs a glance below
 * what the task is known to have used; only when that was touched is the stack searched. A frame that leaves more than
 * GLANCE_WORDS of itself unwritten may hide what lies below it until the task's end, when all of the stack is looked at.
 * So a call's figure is the deepest that it took a task beyond what that task had used before.
 * Locks: watch_lock, not of the watched kind: taken on the way to user mode with interrupts off, and by task_put().
 */
#include "debug/stack_watch.h"
#include "arch/arch.h"
#include "base/string.h"
#include "mm/kstack.h"
#include "syscall/define.h"
#include "task/task.h"

#ifdef FURCA_STACK_WATCH
#define FILL 0x5354414b46494c4cUL
#define GLANCE_WORDS 64
#define CALLS 512
#define TRAPS CALLS
#define KERNEL_TASKS (CALLS + 1)

static struct stack_use uses[CALLS + 2];	/* watch_lock */
static u32 watch_lock;

void stack_watch_fill(void *bottom, size_t bytes)
{
	u64 *p = bottom;

	for (size_t i = 0; i < bytes / sizeof(*p); i++)
		p[i] = FILL;
}

static u64 *stack_top(const struct task *t) { return (u64 *)((u8 *)t->kstack + KSTACK_SIZE); }

/* The lowest word that was written, above the stack's own foot. */
static u64 *lowest_used(const struct task *t)
{
	u64 *p = (u64 *)t->kstack + KSTACK_FOOT_WORDS, *end = stack_top(t);

	while (p < end && *p == FILL)
		p++;
	return p;
}

static void note(size_t slot, const struct task *t, u32 bytes)
{
	struct stack_use *u = &uses[slot];
	unsigned long irq;

	if (bytes <= READ_ONCE(u->bytes))
		return;
	irq = arch_irq_save();
	while (__atomic_exchange_n(&watch_lock, 1, __ATOMIC_ACQUIRE))
		arch_relax();
	if (bytes > u->bytes) {
		u->bytes = bytes;
		u->tid = t->tid;
		memcpy(u->comm, t->comm, sizeof(u->comm));
	}
	__atomic_store_n(&watch_lock, 0, __ATOMIC_RELEASE);
	arch_irq_restore(irq);
}

static size_t slot_of(const struct task *t, const struct regs *r)
{
	if ((t->flags & PF_KTHREAD) || !regs_is_user(r))
		return KERNEL_TASKS;
	return (u64)regs_syscall(r) < CALLS ? (size_t)regs_syscall(r) : TRAPS;
}

static void look(struct task *t, const struct regs *r)
{
	u64 *low = lowest_used(t);

	t->stack_low = low;
	note(slot_of(t, r), t, (u32)((u8 *)stack_top(t) - (u8 *)low));
}

void stack_watch_return(const struct regs *r)
{
	struct task *t = current;
	u64 *p = t->stack_low ?: stack_top(t);
	u64 *end = MAX(p - GLANCE_WORDS, (u64 *)t->kstack + KSTACK_FOOT_WORDS);

	kstack_check(t->kstack);
	while (p > end)
		if (*--p != FILL) {
			look(t, r);
			return;
		}
}

void stack_watch_switch(const struct task *t)
{
	if (!(t->flags & PF_IDLE))
		kstack_check(t->kstack);
}

void stack_watch_end(struct task *t)
{
	if (!t->kstack)
		return;
	look(t, task_regs(t));
	stack_watch_fill(t->stack_low, (size_t)((u8 *)stack_top(t) - (u8 *)t->stack_low));
}

void stack_watch_for_each(void (*line)(void *arg, long nr, const struct stack_use *u), void *arg)
{
	for (size_t i = 0; i < ARRAY_SIZE(uses); i++)
		if (uses[i].bytes)
			line(arg, i < CALLS ? (long)i : i == TRAPS ? -1 : -2, &uses[i]);
}
#else
void stack_watch_for_each(void (*line)(void *arg, long nr, const struct stack_use *u), void *arg) { }
#endif
