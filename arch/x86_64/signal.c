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
#include "user_word.h"
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
	return RED_ZONE + cpu_features.fpu_frame_bytes + 64 + sizeof(struct frame) + 24;
}

/* Where the frame's upper end goes; 0: a nested handler has used up the alternate stack. */
static uptr frame_end(const struct regs *r, const struct signal_delivery *d, struct task *t)
{
	uptr sp = r->rsp - RED_ZONE;
	bool is_on = arch_on_altstack(t, r->rsp);

	if ((d->action.flags & SA_ONSTACK) && !is_on && t->altstack_size)
		return t->altstack_addr + t->altstack_size;
	if (is_on && !arch_on_altstack(t, sp - cpu_features.fpu_frame_bytes - sizeof(struct frame)))
		return 0;
	return sp;
}

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define PUT(from, to) "movq " TEXT(from) "(%1), %%rax\nmovq %%rax, " #to "(%0)\n"
#define GET(to, from) "movq " #from "(%1), %%rax\nmovq %%rax, " TEXT(to) "(%0)\n"
_Static_assert(offsetof(struct sigcontext_64, r8) == 0 && offsetof(struct sigcontext_64, ip) == 128, "sigcontext");

/* The general registers: between struct regs and a sigcontext the order differs. */
#define user_store_regs(context, r, fault) \
	__asm__ goto("771:\n" PUT(REGS_R8, 0) PUT(REGS_R9, 8) PUT(REGS_R10, 16) PUT(REGS_R11, 24) PUT(REGS_R12, 32) \
		     PUT(REGS_R13, 40) PUT(REGS_R14, 48) PUT(REGS_R15, 56) PUT(REGS_RDI, 64) PUT(REGS_RSI, 72) PUT(REGS_RBP, 80) \
		     PUT(REGS_RBX, 88) PUT(REGS_RDX, 96) PUT(REGS_RAX, 104) PUT(REGS_RCX, 112) PUT(REGS_RSP, 120) \
		     PUT(REGS_RIP, 128) PUT(REGS_RFLAGS, 136) "772:\n" USER_FIXUP("771b", "772b", "%l2") \
		     : : "r"(context), "r"(r) : "rax", "memory" : fault)
#define user_load_regs(r, context, fault) \
	__asm__ goto("771:\n" GET(REGS_R8, 0) GET(REGS_R9, 8) GET(REGS_R10, 16) GET(REGS_R11, 24) GET(REGS_R12, 32) \
		     GET(REGS_R13, 40) GET(REGS_R14, 48) GET(REGS_R15, 56) GET(REGS_RDI, 64) GET(REGS_RSI, 72) GET(REGS_RBP, 80) \
		     GET(REGS_RBX, 88) GET(REGS_RDX, 96) GET(REGS_RAX, 104) GET(REGS_RCX, 112) GET(REGS_RSP, 120) \
		     GET(REGS_RIP, 128) "772:\n" USER_FIXUP("771b", "772b", "%l2") \
		     : : "r"(r), "r"(context) : "rax", "memory" : fault)

#define SELECTORS (USER_CS | (u64)USER_DS << 48)	/* cs, gs, fs, ss */

/* Everything of the frame but the FPU's state. f is the user's, its range is checked. */
static int put_frame(struct frame *f, const struct regs *r, const struct signal_delivery *d, uptr fpu)
{
	const struct task *t = current;
	struct sigcontext_64 *c = (struct sigcontext_64 *)&f->uc.uc_mcontext;

	user_open();
	user_store(&f->restorer, d->action.restorer, fault);
	user_store(&f->uc.uc_flags, UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS | (cpu_features.has_xsave ? UC_FP_XSTATE : 0), fault);
	user_store(&f->uc.uc_link, 0, fault);
	user_store(&f->uc.uc_stack.ss_sp, t->altstack_addr, fault);
	user_store(&f->uc.uc_stack.ss_flags, (u32)(t->altstack_size ? t->altstack_flags : SS_DISABLE), fault);
	user_store(&f->uc.uc_stack.ss_size, t->altstack_size, fault);
	user_store_regs(c, r, fault);
	user_store(&c->cs, SELECTORS, fault);
	user_store(&c->err, t->thread.error_code, fault);
	user_store(&c->trapno, t->thread.trap_nr, fault);
	user_store(&c->oldmask, d->old_mask, fault);
	user_store(&c->cr2, t->thread.fault_addr, fault);
	user_store(&c->fpstate, fpu, fault);
	user_store(&f->uc.uc_sigmask, d->old_mask, fault);
	user_store_words(&f->info, d->info, 6, fault);
	user_store_zeros((char *)&f->info + sizeof(*d->info), 10, fault);
	user_close();
	return 0;
fault:
	user_close();
	return -EFAULT;
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
	uptr end = frame_end(r, d, t), fpu, sp;

	if (!(d->action.flags & SA_RESTORER) || !end)
		return -EFAULT;
	fpu = ALIGN_DOWN(end - cpu_features.fpu_frame_bytes, 64UL);
	sp = ALIGN_DOWN(fpu - sizeof(struct frame), 16UL) - 8;
	if (!user_range_ok(sp, end - sp) || fpu_save_to_user(fpu) || put_frame((struct frame *)sp, r, d, fpu))
		return -EFAULT;
	if (t->altstack_flags & (int)SS_AUTODISARM)
		altstack_reset(t);
	fpu_load_initial();
	enter_handler(r, d, sp);
	return 0;
}

/* -- the way back -- */

/* What is looked at before anything is changed, and what is left to do when all registers are there. */
struct seen { u64 mask, fpu, flags; stack_t stack; };

/* f is the user's. The first and the last word of a context are read before the registers, so that a frame of which a part is
 * missing changes none of them. */
static int get_frame(struct regs *r, const struct frame *f, struct seen *s)
{
	const struct sigcontext_64 *c = (const struct sigcontext_64 *)&f->uc.uc_mcontext;
	u64 selectors, flags;

	if (!user_range_ok((uptr)f, sizeof(*f)))
		return -EFAULT;
	user_open();
	user_load(s->mask, &f->uc.uc_sigmask, fault);
	user_load(s->stack.ss_sp, &f->uc.uc_stack.ss_sp, fault);
	user_load(flags, &f->uc.uc_stack.ss_flags, fault);
	user_load(s->stack.ss_size, &f->uc.uc_stack.ss_size, fault);
	user_load(s->fpu, &c->fpstate, fault);
	user_load(s->flags, &c->flags, fault);
	user_load(selectors, &c->cs, fault);
	if ((u16)selectors != USER_CS)
		goto fault;
	user_load_regs(r, c, fault);
	user_close();
	s->stack.ss_flags = (int)flags;
	return 0;
fault:
	user_close();
	return -EFAULT;
}

static int restore_fpu(uptr at)
{
	if (at && user_range_ok(at, cpu_features.fpu_frame_bytes) && !fpu_restore_from_user(at))
		return 0;
	fpu_load_initial();
	return at ? -EFAULT : 0;
}

static int restore_all(struct regs *r)
{
	struct seen s;

	if (get_frame(r, (const struct frame *)(r->rsp - 8), &s))
		return -EFAULT;
	task_set_work(current, WORK_REGS);
	r->rflags = (r->rflags & ~(u64)RFLAGS_USER) | (s.flags & RFLAGS_USER);
	r->orig_rax = (u64)-1;
	current->restart.fn = NULL;	/* a handler has run: what it interrupted has ended */
	signal_set_blocked(s.mask);
	if (restore_fpu(s.fpu))
		return -EFAULT;
	altstack_restore(current, &s.stack, r->rsp);
	return 0;
}

long arch_sigreturn(struct regs *r)
{
	if (restore_all(r)) {
		signal_force(SIGSEGV, SI_KERNEL, 0);
		return 0;
	}
	return (long)r->rax;
}

long sys_rt_sigreturn(void)
{
	return arch_sigreturn(task_regs(current));
}
