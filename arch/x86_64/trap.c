/*
 * arch/x86_64/trap.c: exceptions. From user mode each means a page fault to settle or a signal, with Linux's si_code;
 * from the kernel it is a fault of a user copy (the exception table), or a panic.
 * Way in: trap_entry.S, interrupts off. Locks: none. Source: Intel SDM volume 3, chapter 6; sigaction(2).
 * Differences from Linux: int 0x80 and 32-bit code are not there (SIGSEGV); SGDT and its kin under UMIP are not
 * emulated (SIGSEGV).
 */
#include "x86.h"
#include "debugreg.h"
#include "fpu.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/kstack.h"
#include "task/task.h"

#define ERROR_PRESENT 1
#define ERROR_WRITE 2
#define ERROR_USER 4
#define ERROR_RESERVED 8
#define ERROR_FETCH 16

struct extable_entry { u64 from, to, fixup; };
extern const struct extable_entry extable_start[], extable_end[];

void trap_dispatch(struct regs *r, unsigned vector, u64 error);
void trap_bad_return(struct regs *r);

static const struct regs *panic_regs;	/* the fault that led to a panic */

static const char *const names[32] = {
	"divide error", "debug", "NMI", "breakpoint", "overflow", "bound range", "invalid opcode", "no FPU",
	"double fault", "coprocessor overrun", "invalid TSS", "segment not present", "stack segment",
	"general protection", "page fault", "reserved", "x87 error", "alignment check", "machine check", "SIMD error",
	"virtualization", "control protection",
};

static __noreturn void trap_panic(struct regs *r, unsigned vector, u64 error, u64 addr)
{
	panic_regs = r;
	if (vector == VECTOR_DOUBLE_FAULT && kstack_describe(addr))
		panic("kernel stack overflow in task %d (%s) at %pS", current->tid, current->comm, (void *)r->rip);
	if (vector == VECTOR_PAGE_FAULT)
		panic("page fault in the kernel: address %#lx, error %#lx, at %pS", (unsigned long)addr,
		      (unsigned long)error, (void *)r->rip);
	panic("%s in the kernel: error %#lx, at %pS", vector < 32 && names[vector] ? names[vector] : "trap",
	      (unsigned long)error, (void *)r->rip);
}

/* Without a fault: what the program had in them when it entered the kernel. */
void arch_dump_trap_regs(void)
{
	if (panic_regs)
		arch_dump_regs(panic_regs);
	else if (current && !(current->flags & PF_KTHREAD))
		arch_dump_regs(task_regs(current));
}

static const struct extable_entry *extable_find(u64 rip)
{
	for (const struct extable_entry *e = extable_start; e < extable_end; e++) {
		if (rip >= e->from && rip < e->to)
			return e;
	}
	return NULL;
}

static unsigned fault_access(u64 error)
{
	if (error & ERROR_WRITE)
		return FAULT_WRITE;
	return error & ERROR_FETCH ? FAULT_EXEC : FAULT_READ;
}

static void kernel_page_fault(struct regs *r, u64 addr, u64 error)
{
	const struct extable_entry *e = extable_find(r->rip);
	int err;

	if (!e || addr >= USER_END || (error & (ERROR_RESERVED | ERROR_FETCH)))
		trap_panic(r, VECTOR_PAGE_FAULT, error, addr);
	if (r->rflags & RFLAGS_IF)
		arch_irq_enable();
	err = entry_kernel_fault(addr, fault_access(error));
	arch_irq_disable();
	if (err)
		r->rip = e->fixup;
}

static void page_fault(struct regs *r, u64 error)
{
	struct thread *t = &current->thread;
	u64 addr = READ_CR(2);

	if (!regs_is_user(r)) {
		kernel_page_fault(r, addr, error);
		return;
	}
	if (error & ERROR_RESERVED)
		trap_panic(r, VECTOR_PAGE_FAULT, error, addr);
	t->trap_nr = VECTOR_PAGE_FAULT;
	t->error_code = addr >= USER_END ? error | ERROR_PRESENT : error;
	t->fault_addr = addr;
	arch_irq_enable();
	entry_fault(r, addr, fault_access(error), error & ERROR_PRESENT);
}

/* si_code of an x87 or SIMD exception, from the flags that are set and not masked. */
static int fpu_code(u32 raised)
{
	if (raised & 0x01)
		return FPE_FLTINV;
	if (raised & 0x04)
		return FPE_FLTDIV;
	if (raised & 0x08)
		return FPE_FLTOVF;
	if (raised & 0x12)		/* denormal or underflow */
		return FPE_FLTUND;
	return raised & 0x20 ? FPE_FLTRES : 0;
}

static int x87_code(void)
{
	u16 status, control;

	__asm__ volatile("fnstsw %0; fnstcw %1" : "=m"(status), "=m"(control));
	return fpu_code(status & ~control & 0x3f);
}

static int simd_code(void)
{
	u32 mxcsr;

	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	return fpu_code(mxcsr & ~(mxcsr >> 7) & 0x3f);
}

static void user_debug(struct regs *r)
{
	u64 dr6 = debug_status_take(r);

	arch_irq_enable();
	entry_exception(r, SIGTRAP, dr6 & DR6_SINGLE_STEP ? TRAP_TRACE : dr6 ? TRAP_HWBKPT : TRAP_BRKPT, r->rip);
}

static void user_exception(struct regs *r, unsigned vector, u64 error)
{
	int code = 0;

	current->thread.trap_nr = vector;
	current->thread.error_code = error;
	if (vector == 16)
		code = x87_code();
	else if (vector == 19)
		code = simd_code();
	else if (vector == VECTOR_DEBUG) {
		user_debug(r);
		return;
	}
	arch_irq_enable();
	switch (vector) {
	case 0:
		entry_exception(r, SIGFPE, FPE_INTDIV, r->rip);
		break;
	case VECTOR_BREAKPOINT:
		entry_exception(r, SIGTRAP, SI_KERNEL, 0);
		break;
	case 6:
		entry_exception(r, SIGILL, ILL_ILLOPN, r->rip);
		break;
	case 11: case 12:
		entry_exception(r, SIGBUS, SI_KERNEL, 0);
		break;
	case 16: case 19:
		if (code)	/* else the flag was cleared meanwhile: go on */
			entry_exception(r, SIGFPE, code, r->rip);
		break;
	case 17:
		entry_exception(r, SIGBUS, BUS_ADRALN, 0);
		break;
	default:
		entry_exception(r, SIGSEGV, SI_KERNEL, 0);
		break;
	}
}

static void kernel_exception(struct regs *r, unsigned vector, u64 error)
{
	const struct extable_entry *e = extable_find(r->rip);

	if (vector == VECTOR_DEBUG) {	/* a watched address, by a user copy: told when the debugger asks */
		debug_status_take(r);
		return;
	}
	if (vector == 13 && e) {	/* a user address that is not canonical */
		r->rip = e->fixup;
		return;
	}
	trap_panic(r, vector, error, READ_CR(2));
}

void trap_dispatch(struct regs *r, unsigned vector, u64 error)
{
	if (vector >= 32)
		irq_dispatch(r, vector);
	else if (vector == VECTOR_PAGE_FAULT)
		page_fault(r, error);
	else if (vector == VECTOR_NMI)
		nmi_dispatch(r);
	else if (vector == VECTOR_MACHINE_CHECK)
		trap_panic(r, vector, error, 0);
	else if (regs_is_user(r))
		user_exception(r, vector, error);
	else
		kernel_exception(r, vector, error);
}

/* The program's next instruction lies where no instruction can: what iretq would have said in its stead. */
void trap_bad_return(struct regs *r)
{
	current->thread.trap_nr = 13;
	current->thread.error_code = 0;
	arch_irq_enable();
	entry_exception(r, SIGSEGV, SI_KERNEL, 0);
}

void arch_dump_regs(const struct regs *r)
{
	log_write(LOG_EMERG, "rip %016lx %pS  flags %08lx  cs %lx ss %lx", r->rip, (void *)r->rip, r->rflags, r->cs,
		  r->ss);
	log_write(LOG_EMERG, "rax %016lx rbx %016lx rcx %016lx rdx %016lx", r->rax, r->rbx, r->rcx, r->rdx);
	log_write(LOG_EMERG, "rsi %016lx rdi %016lx rbp %016lx rsp %016lx", r->rsi, r->rdi, r->rbp, r->rsp);
	log_write(LOG_EMERG, "r8  %016lx r9  %016lx r10 %016lx r11 %016lx", r->r8, r->r9, r->r10, r->r11);
	log_write(LOG_EMERG, "r12 %016lx r13 %016lx r14 %016lx r15 %016lx", r->r12, r->r13, r->r14, r->r15);
	log_write(LOG_EMERG, "cr2 %016lx cr3 %016lx", READ_CR(2), READ_CR(3));
}

/* The descriptor tables are loaded by boot.c already, so that a fault before this is a readable panic. */
void arch_init_traps(void)
{
	fpu_init();
}
