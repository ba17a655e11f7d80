/*
 * arch/x86_64/debugreg.c: the CPU's debug registers: four addresses that a debugger watches, by PTRACE_POKEUSER. They are
 * a task's own: loaded when it is switched to, and gone at fork (in the child) and exec.
 * Locks: none: a debugger changes them while the task is off its CPU. Errors: EINVAL, EIO.
 * Source: Intel SDM volume 3, 17.2; ptrace(2). Only user addresses may be watched. Reaching a watched address from inside
 * a system call sets the status, and is no trap.
 */
#include "debugreg.h"
#include "arch/arch.h"
#include "x86.h"
#include "base/errno.h"
#include "task/task.h"

#define DR6_ALWAYS_ONE 0xffff0ff0UL
#define DR6_HITS 0xfUL
#define DR7_ALWAYS_ONE BIT(10)
#define DR7_USED 0xffff03ffUL		/* enables, exactness, kinds and lengths; not the trap on access to these registers */
enum { KIND_EXECUTE, KIND_WRITE, KIND_PORT, KIND_ACCESS };

static bool is_enabled(u64 control, unsigned i) { return control >> (2 * i) & 3; }
static unsigned kind_of(u64 control, unsigned i) { return control >> (16 + 4 * i) & 3; }
static unsigned mask_of(u64 control, unsigned i)
{
	static const u8 masks[] = { 0, 1, 7, 3 };	/* lengths 1, 2, 8, 4 */

	return masks[control >> (18 + 4 * i) & 3];
}

void debug_regs_clear(struct thread *t)
{
	for (unsigned i = 0; i < ARRAY_SIZE(t->debug_addr); i++)
		t->debug_addr[i] = 0;
	t->debug_status = t->debug_control = 0;
}

void debug_regs_load(const struct thread *t)
{
	if (t->debug_control)
		__asm__ volatile("mov %0, %%db0; mov %1, %%db1; mov %2, %%db2; mov %3, %%db3"
				 : : "r"(t->debug_addr[0]), "r"(t->debug_addr[1]), "r"(t->debug_addr[2]),
				     "r"(t->debug_addr[3]));
	__asm__ volatile("mov %0, %%db7" : : "r"((t->debug_control & DR7_USED) | DR7_ALWAYS_ONE));
}

u64 debug_status_take(struct regs *r)
{
	struct thread *t = &current->thread;
	u64 status;

	__asm__ volatile("mov %%db6, %0; mov %1, %%db6" : "=&r"(status) : "r"(DR6_ALWAYS_ONE));
	status &= DR6_HITS | DR6_SINGLE_STEP;
	if (regs_is_user(r))
		t->debug_status = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(t->debug_addr); i++) {
		if (!(status & BIT(i)))
			continue;
		if (!is_enabled(t->debug_control, i))
			status &= ~BIT(i);	/* the CPU may name one that matches and is off */
		else if (kind_of(t->debug_control, i) == KIND_EXECUTE)
			r->rflags |= RFLAGS_RF;	/* it comes before its instruction, which is to run once */
	}
	t->debug_status |= status;
	return status;
}

u64 debug_reg_get(struct task *t, unsigned i)
{
	const struct thread *th = &t->thread;

	if (i < ARRAY_SIZE(th->debug_addr))
		return th->debug_addr[i];
	if (i == 6)
		return th->debug_status ^ DR6_ALWAYS_ONE;
	return i == 7 ? th->debug_control : 0;
}

static int control_check(const struct thread *th, u64 control)
{
	for (unsigned i = 0; i < ARRAY_SIZE(th->debug_addr); i++) {
		unsigned mask = mask_of(control, i), kind = kind_of(control, i);

		if (!is_enabled(control, i))
			continue;
		if (kind == KIND_PORT || (kind == KIND_EXECUTE && mask) || (th->debug_addr[i] & mask))
			return -EINVAL;
	}
	return 0;
}

int debug_reg_set(struct task *t, unsigned i, u64 v)
{
	struct thread *th = &t->thread;
	int err;

	if (i < ARRAY_SIZE(th->debug_addr)) {
		if (v >= USER_END)
			return -EINVAL;
		if (is_enabled(th->debug_control, i) && (v & mask_of(th->debug_control, i)))
			return -EINVAL;
		th->debug_addr[i] = v;
		return 0;
	}
	if (i == 6) {
		th->debug_status = v ^ DR6_ALWAYS_ONE;
		return 0;
	}
	if (i != 7)
		return -EIO;
	err = control_check(th, v);
	if (!err)
		th->debug_control = v;
	return err;
}
