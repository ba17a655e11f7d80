/*
 * arch/x86_64/thread.c: the room "thread": a task's registers, kernel stack frame, TLS bases, FPU state.
 * A new task's kernel stack holds struct regs at its top and, below, a frame that switch_stacks returns into
 * thread_start with. Locks: none; see thread.h. Errors: -EPERM (TLS outside user space).
 * The FPU is switched eagerly, but a state that is still in this CPU's registers (only kernel tasks ran in between)
 * is not loaded again.
 */
#include "x86.h"
#include "debugreg.h"
#include "fpu.h"
#include "tls.h"
#include "arch/arch.h"
#include "layout.h"
#include "base/errno.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/kstack.h"
#include "task/task.h"
#include <linux/sched.h>

/* What switch_stacks pops. */
struct switch_frame {
	u64 r15, r14, r13, r12, rbx, rbp, rip;
};
_Static_assert(sizeof(struct regs) == REGS_SIZE, "regs");
_Static_assert(offsetof(struct regs, orig_rax) == REGS_ORIG_RAX && offsetof(struct regs, rsp) == REGS_RSP, "regs");
_Static_assert(offsetof(struct regs, rip) == REGS_RIP && offsetof(struct regs, cs) == REGS_CS, "regs");
_Static_assert(offsetof(struct cpu, kstack_top) == CPU_KSTACK_TOP, "cpu");
_Static_assert(offsetof(struct cpu, scratch) == CPU_SCRATCH && offsetof(struct cpu, running) == CPU_RUNNING, "cpu");
_Static_assert(offsetof(struct cpu, need_resched) == CPU_NEED_RESCHED, "cpu");
_Static_assert(offsetof(struct regs, rax) == REGS_RAX && offsetof(struct regs, rcx) == REGS_RCX, "regs");
_Static_assert(offsetof(struct regs, rbp) == REGS_RBP && offsetof(struct regs, rdi) == REGS_RDI, "regs");
_Static_assert(WORK_SYSCALL_TRACE == 4 && WORK_SECCOMP == 8 && WORK_REGS == 32, "trap_entry.S");

/* Offsets in struct task, for assembler, as symbols: the struct changes often. */
static void __attribute__((used)) asm_offsets(void)
{
	__asm__ volatile(".globl task_work_offset\n.set task_work_offset, %c0" : : "i"(offsetof(struct task, work)));
}

struct task *switch_stacks(struct task *prev, u64 *prev_ksp, u64 next_ksp);
void thread_start(void);

static const void *fpu_owner[CPUS_MAX];	/* the area that each CPU's registers last came from or went to */

/* Each task's FPU area lies behind it. */
static void *fpu_behind(struct task *t) { return t + 1; }

size_t arch_task_extra_bytes(void)
{
	_Static_assert(sizeof(struct task) % 64 == 0, "XSAVE wants its area aligned");
	return fpu_area_bytes();
}

void arch_task_construct(struct task *t) { fpu_area_init(fpu_behind(t)); }

static unsigned long kstack_top(const struct task *t) { return (unsigned long)t->kstack + KSTACK_SIZE; }

struct regs *task_regs(struct task *t) { return (struct regs *)(kstack_top(t) - sizeof(struct regs)); }

/* -- new tasks -- */

static void start_frame(struct task *t, void (*fn)(void *), void *arg)
{
	struct switch_frame *f = (struct switch_frame *)task_regs(t) - 1;

	*f = (struct switch_frame){ .r12 = (u64)fn, .r13 = (u64)arg, .rip = (u64)thread_start };
	t->thread.ksp = (u64)f;
}

void arch_thread_kernel(struct task *child, void (*fn)(void *), void *arg)
{
	memset(task_regs(child), 0, sizeof(struct regs));
	start_frame(child, fn, arg);
}

int arch_thread_copy(struct task *child, const struct clone_request *req)
{
	struct regs *r = task_regs(child);
	struct thread *th = &child->thread;
	unsigned long flags;

	if ((req->flags & CLONE_SETTLS) && req->tls >= USER_END)
		return -EPERM;
	flags = arch_irq_save();
	fpu_save(fpu_behind(child));
	tls_save(&current->thread);
	/* what a debugger has set is not the child's: that is zero, as all of a new task is */
	memcpy(th, &current->thread, offsetof(struct thread, debug_addr));
	arch_irq_restore(flags);
	th->fpu = fpu_behind(child);
	th->fpu_cpu = 0;
	*r = *task_regs(current);
	r->rax = 0;
	arch_step_disable(child);
	if (req->stack)
		r->rsp = req->stack;
	if (req->flags & CLONE_SETTLS) {
		th->fs_base = req->tls;
		th->fs = 0;
	}
	start_frame(child, NULL, NULL);
	return 0;
}

void arch_thread_save(void)
{
	unsigned long flags = arch_irq_save();

	fpu_save(current->thread.fpu);
	tls_save(&current->thread);
	arch_irq_restore(flags);
}

/* -- the switch -- */

static void switch_fpu_out(struct thread *t, u32 cpu)
{
	fpu_save(t->fpu);
	fpu_owner[cpu] = t->fpu;
	t->fpu_cpu = cpu + 1;
}

static void switch_fpu_in(struct thread *t, u32 cpu)
{
	if (fpu_owner[cpu] == t->fpu && t->fpu_cpu == cpu + 1)
		return;
	fpu_restore(t->fpu);
	fpu_owner[cpu] = t->fpu;
}

struct task *arch_switch(struct task *prev, struct task *next)
{
	struct cpu *c = cpu_self();
	u32 cpu = c->id;

	if (prev->thread.fpu) {
		tls_save(&prev->thread);
		switch_fpu_out(&prev->thread, cpu);
	}
	if (next->thread.fpu) {
		switch_fpu_in(&next->thread, cpu);
		if (likely(prev->thread.fpu))
			tls_load_after(&prev->thread, &next->thread);
		else
			tls_load(&next->thread);
	}
	if (unlikely(prev->thread.debug_control | next->thread.debug_control))
		debug_regs_load(&next->thread);
	c->running = next;
	desc_set_kstack(c, kstack_top(next));
	return switch_stacks(prev, &prev->thread.ksp, next->thread.ksp);
}

/* -- exec -- */

void arch_thread_exec(struct task *t, uptr entry, uptr sp)
{
	struct thread *th = &t->thread;
	unsigned long flags;

	th->fpu = fpu_behind(t);	/* the first program's task was a kernel task */
	/* the number of the call that this is stays: a debugger looks at it */
	*task_regs(t) = (struct regs){ .orig_rax = task_regs(t)->orig_rax, .rip = entry, .cs = USER_CS, .rsp = sp, .ss = USER_DS,
				       .rflags = RFLAGS_IF | RFLAGS_FIXED };
	task_set_work(t, WORK_REGS);
	flags = arch_irq_save();
	if (th->debug_control) {
		debug_regs_clear(th);
		debug_regs_load(th);
	}
	*th = (struct thread){ .ksp = th->ksp, .fpu = th->fpu };
	tls_load(th);
	fpu_load_initial();
	arch_irq_restore(flags);
}

/* -- call traces -- */

static bool is_on_stack(const struct task *t, const unsigned long *p)
{
	unsigned long a = (unsigned long)p;

	return a >= (unsigned long)t->kstack && a <= kstack_top(t) - 16 && IS_ALIGNED(a, 8UL);
}

/* Upwards on the task's stack, or on an IST stack, or from there to the task's. */
static bool is_next_frame(const struct task *t, const unsigned long *bp, const unsigned long *up)
{
	if (is_on_stack(t, up))
		return !is_on_stack(t, bp) || up > bp;
	return !is_on_stack(t, bp) && IS_ALIGNED((unsigned long)up, 8UL) && up > bp &&
	       (unsigned long)up - (unsigned long)bp < IST_STACK_SIZE;
}

/* Follows the frame pointers as far as they lead upwards. frames has n already. Inline: called last, it would stand on the very
 * frame that it begins with. */
static __always_inline int follow(const struct task *t, const unsigned long *bp, unsigned long *frames, int n, int max)
{
	const unsigned long *up;

	for (; n < max && bp[1]; bp = up) {
		frames[n++] = bp[1];
		up = (const unsigned long *)bp[0];
		if (!is_next_frame(t, bp, up))
			break;
	}
	return n;
}

int arch_backtrace(struct task *t, unsigned long *frames, int max)
{
	const struct switch_frame *f = (const void *)t->thread.ksp;

	if (t == current)
		return follow(t, __builtin_frame_address(0), frames, 0, max);
	frames[0] = f->rip;
	return is_on_stack(t, (const unsigned long *)f->rbp) ? follow(t, (const unsigned long *)f->rbp, frames, 1, max) : 1;
}

int arch_backtrace_regs(const struct regs *r, unsigned long *frames, int max)
{
	const unsigned long *bp = (const unsigned long *)r->rbp;

	frames[0] = r->rip;
	return is_on_stack(current, bp) ? follow(current, bp, frames, 1, max) : 1;
}
