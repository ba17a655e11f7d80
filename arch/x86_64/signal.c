/*
 * arch/x86_64/signal.c: the frame of a signal handler on the user's stack, byte for byte as Linux lays it out, and its
 * way back. From high to low addresses: the FPU state (aligned to 64), siginfo, ucontext, the handler's return address.
 * Way in: signal/ (arch_signal_push), rt_sigreturn(2). Locks: none, all is current's own; user memory may fault.
 * Errors: -EFAULT: the frame cannot be written; a frame that cannot be right on the way back is SIGSEGV.
 * What a frame may bring back: general registers, the status flags of RFLAGS_USER, FPU components that user mode has.
 * Selectors are always the kernel's choice; an impossible instruction pointer is caught on the way out (trap_entry.S).
 * Source: signal(7), sigreturn(2), sigaltstack(2); System V psABI AMD64 3.2.2 (red zone); <asm/sigcontext.h>.
 */
#include "x86.h"
#include "fpu.h"
#include "elf_arch.h"
#include "base/errno.h"
#include "base/string.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/signal.h>
#include <asm/ucontext.h>
#include <asm-generic/ucontext.h>

#define RED_ZONE 128

struct frame {
	u64 restorer;		/* where the handler's ret goes */
	struct ucontext uc;
	siginfo_t info;
};
_Static_assert(offsetof(struct frame, uc.uc_mcontext) == 48 && offsetof(struct frame, info) == 312, "Linux's frame");

/* -- the alternate stack -- */

bool arch_on_altstack(struct task *t, uptr sp)
{
	if (t->altstack_flags & (int)SS_AUTODISARM)
		return false;
	return sp > t->altstack_addr && sp - t->altstack_addr <= t->altstack_size;
}

static stack_t altstack_get(const struct task *t)
{
	return (stack_t){ .ss_sp = (void *)t->altstack_addr, .ss_size = t->altstack_size,
			  .ss_flags = t->altstack_size ? t->altstack_flags : SS_DISABLE };
}

static void altstack_reset(struct task *t)
{
	t->altstack_addr = 0;
	t->altstack_size = 0;
	t->altstack_flags = SS_DISABLE;
}

/* As sigaltstack(2), but what is wrong is left as it was. */
static void altstack_restore(struct task *t, const stack_t *s, uptr sp)
{
	int mode = s->ss_flags & ~(int)SS_AUTODISARM;

	if (arch_on_altstack(t, sp) || (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE))
		return;
	if (mode == SS_DISABLE) {
		altstack_reset(t);
	} else if (s->ss_size >= MINSIGSTKSZ) {
		t->altstack_addr = (uptr)s->ss_sp;
		t->altstack_size = s->ss_size;
		t->altstack_flags = s->ss_flags;
	}
}

/* -- the way in -- */

/* With all that alignment may cost. */
u64 elf_arch_min_sigstack(void)
{
	return RED_ZONE + fpu_frame_bytes() + 64 + sizeof(struct frame) + 24;
}

/* Where the frame's upper end goes; 0: a nested handler has used up the alternate stack. */
static uptr frame_end(const struct regs *r, const struct signal_delivery *d, struct task *t)
{
	uptr sp = r->rsp - RED_ZONE;
	bool is_on = arch_on_altstack(t, r->rsp);

	if ((d->action.flags & SA_ONSTACK) && !is_on && t->altstack_size)
		return t->altstack_addr + t->altstack_size;
	if (is_on && !arch_on_altstack(t, sp - fpu_frame_bytes() - sizeof(struct frame)))
		return 0;
	return sp;
}

static void save_registers(struct sigcontext_64 *c, const struct regs *r, const struct thread *t)
{
	*c = (struct sigcontext_64){
		.r8 = r->r8, .r9 = r->r9, .r10 = r->r10, .r11 = r->r11, .r12 = r->r12, .r13 = r->r13, .r14 = r->r14,
		.r15 = r->r15, .di = r->rdi, .si = r->rsi, .bp = r->rbp, .bx = r->rbx, .dx = r->rdx, .ax = r->rax,
		.cx = r->rcx, .sp = r->rsp, .ip = r->rip, .flags = r->rflags, .cs = USER_CS, .ss = USER_DS,
		.err = t->error_code, .trapno = t->trap_nr, .cr2 = t->fault_addr,
	};
}

static int push_fpu(struct thread *t, uptr at)
{
	unsigned long flags = arch_irq_save();

	fpu_save(t->fpu);	/* a switch meanwhile saves the same again */
	arch_irq_restore(flags);
	return copy_to_user(at, t->fpu, fpu_frame_bytes());
}

static void enter_handler(struct regs *r, const struct signal_delivery *d, uptr sp)
{
	r->rip = d->action.handler;
	r->rsp = sp;
	r->rax = 0;
	r->rdi = (u64)d->sig;
	r->rsi = sp + offsetof(struct frame, info);
	r->rdx = sp + offsetof(struct frame, uc);
	r->rflags &= ~(u64)(RFLAGS_DF | RFLAGS_RF | RFLAGS_TF);
}

int arch_signal_push(struct regs *r, const struct signal_delivery *d)
{
	struct task *t = current;
	struct frame f = { .restorer = d->action.restorer, .info = d->info };
	uptr end = frame_end(r, d, t), fpu, sp;
	unsigned long flags;

	if (!(d->action.flags & SA_RESTORER) || !end)
		return -EFAULT;
	fpu = ALIGN_DOWN(end - fpu_frame_bytes(), 64UL);
	sp = ALIGN_DOWN(fpu - sizeof(f), 16UL) - 8;
	f.uc.uc_flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS | (cpu_features.has_xsave ? UC_FP_XSTATE : 0);
	f.uc.uc_stack = altstack_get(t);
	save_registers((struct sigcontext_64 *)&f.uc.uc_mcontext, r, &t->thread);
	f.uc.uc_mcontext.oldmask = d->old_mask;
	f.uc.uc_mcontext.fpstate = (void *)fpu;
	memcpy(&f.uc.uc_sigmask, &d->old_mask, sizeof(d->old_mask));
	if (push_fpu(&t->thread, fpu) || copy_to_user(sp, &f, sizeof(f)))
		return -EFAULT;
	if (t->altstack_flags & (int)SS_AUTODISARM)
		altstack_reset(t);
	flags = arch_irq_save();
	fpu_load_initial();
	arch_irq_restore(flags);
	enter_handler(r, d, sp);
	return 0;
}

/* -- the way back -- */

static void restore_registers(struct regs *r, const struct sigcontext_64 *c)
{
	*r = (struct regs){
		.r8 = c->r8, .r9 = c->r9, .r10 = c->r10, .r11 = c->r11, .r12 = c->r12, .r13 = c->r13, .r14 = c->r14,
		.r15 = c->r15, .rdi = c->di, .rsi = c->si, .rbp = c->bp, .rbx = c->bx, .rdx = c->dx, .rax = c->ax,
		.rcx = c->cx, .rsp = c->sp, .rip = c->ip, .cs = USER_CS, .ss = USER_DS, .orig_rax = (u64)-1,
		.rflags = (r->rflags & ~(u64)RFLAGS_USER) | (c->flags & RFLAGS_USER),
	};
}

/* Only the x87 and SSE part: what a frame without (or with wrong) marks of the larger format holds. */
static int pop_legacy(struct fpu_area *a, uptr at)
{
	fpu_reset(a);
	if (copy_from_user(&a->legacy, at, sizeof(a->legacy)))
		return -EFAULT;
	a->features = cpu_features.has_xsave ? 3 : 0;
	return 0;
}

static bool has_marks(const struct _fpx_sw_bytes *sw, uptr at)
{
	u32 magic2;

	return cpu_features.has_xsave && sw->magic1 == FP_XSTATE_MAGIC1 && sw->xstate_size == cpu_features.fpu_bytes &&
	       sw->extended_size == fpu_frame_bytes() && !get_user_u32(&magic2, at + sw->xstate_size) &&
	       magic2 == FP_XSTATE_MAGIC2;
}

static int pop_fpu_area(struct fpu_area *a, uptr at)
{
	struct _fpx_sw_bytes sw;

	if (!at) {
		fpu_reset(a);
		return 0;
	}
	if (copy_from_user(&sw, at + offsetof(struct _fpstate_64, sw_reserved), sizeof(sw)))
		return -EFAULT;
	if (!has_marks(&sw, at))
		return pop_legacy(a, at);
	if (copy_from_user(a, at, cpu_features.fpu_bytes))
		return -EFAULT;
	a->features &= sw.xfeatures;
	return 0;
}

/* While the area is filled a switch leaves the FPU alone, so that it neither saves over it nor loads half of it. */
static int pop_fpu(struct thread *t, uptr at)
{
	unsigned long flags;
	int err;

	t->is_fpu_in_memory = true;
	t->fpu_cpu = 0;
	barrier();
	err = pop_fpu_area(t->fpu, at);
	if (!err && !fpu_sanitize(t->fpu))
		err = -EFAULT;
	flags = arch_irq_save();
	if (err)
		fpu_reset(t->fpu);
	fpu_restore(t->fpu);
	t->is_fpu_in_memory = false;
	arch_irq_restore(flags);
	return err;
}

static int restore_all(struct regs *r, struct ucontext *uc)
{
	struct sigcontext_64 *c = (struct sigcontext_64 *)&uc->uc_mcontext;
	u64 mask;

	if (copy_from_user(uc, r->rsp - 8 + offsetof(struct frame, uc), sizeof(*uc)))
		return -EFAULT;
	if (c->cs != USER_CS)
		return -EFAULT;
	memcpy(&mask, &uc->uc_sigmask, sizeof(mask));
	task_set_work(current, WORK_REGS);
	signal_set_blocked(mask & ~SIGNALS_UNBLOCKABLE);
	restore_registers(r, c);
	if (pop_fpu(&current->thread, (uptr)uc->uc_mcontext.fpstate))
		return -EFAULT;
	altstack_restore(current, &uc->uc_stack, r->rsp);
	return 0;
}

long arch_sigreturn(struct regs *r)
{
	struct ucontext uc;

	if (restore_all(r, &uc)) {
		signal_force(SIGSEGV, SI_KERNEL, 0);
		return 0;
	}
	return (long)r->rax;
}

long sys_rt_sigreturn(void)
{
	return arch_sigreturn(task_regs(current));
}
