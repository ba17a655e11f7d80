/*
 * arch/arch.h: the whole contract with a CPU. Each arch/<cpu>/ brings these functions and the headers
 * cpu_arch.h (see arch/cpu.h), regs.h (struct regs and its accessors), pte.h (the page-table entry), thread.h
 * (struct thread, which is inside struct task), elf_arch.h (ELF machine number, AT_PLATFORM, load bases), user_word.h
 * (user memory touched word by word).
 * Nothing outside arch/ may ask which CPU it is.
 */
#ifndef ARCH_ARCH_H
#define ARCH_ARCH_H
#include "base/types.h"
#include "arch/cpu.h"
#include "regs.h"
#include "pte.h"

struct task;
struct clone_request;
struct signal_delivery;
struct page;

/* -- start and end --------------------------------------------------------------------------------------------- */
struct boot_info {
	const char *cmdline;			/* kernel virtual, terminated; lives for ever */
	paddr_t initrd_start, initrd_end;	/* both 0: none */
	struct { paddr_t start, end; } memory[32];	/* usable RAM, sorted, without the kernel image and the initrd */
	int memory_count;
	paddr_t memory_end;			/* end of the highest RAM range, initrd and kernel included */
};
extern struct boot_info boot_info;	/* filled by arch/ before kernel_main() (boot/main.c) is called on the boot CPU */
void arch_init_traps(void);		/* descriptor tables, syscall entry, CPU features; before any sleep or user mode */
void arch_init_devices(void);		/* interrupt controllers, timer, clock; memory allocators work by now */
__noreturn void arch_power_off(void);
__noreturn void arch_reset(void);
bool arch_random(u64 *v);		/* hardware random number; false: none */

/* -- other CPUs -- after arch_init_devices() */
u32 arch_cpus_found(void);		/* how many the machine has, the boot CPU included; at most CPUS_MAX */
/* Starts CPU number cpu on the stack of cpus[cpu].idle: it calls cpu_main() (boot/cpus.c). 0: it has done so;
 * -ENOMEM; -ETIMEDOUT: it does not answer. */
int __must_check arch_cpu_start(u32 cpu);
__noreturn void cpu_main(void);		/* interrupts off, this CPU's descriptors, traps and timer ready */
void arch_send_nmi(u32 cpu);		/* there, whatever it does: calls cpu_trace_answer() (debug/cpu_trace.c) */
void arch_stop_others(void);		/* an NMI too; all others stand still for ever */

/* -- memory ---------------------------------------------------------------------------------------------------- */
/* void *phys_to_virt(paddr_t p): through the direct map of all RAM; inline in the CPU's pte.h */
paddr_t virt_to_phys(const void *v);	/* direct map or kernel image */
/* Device registers at a physical address, uncached; stays mapped for ever. NULL: out of memory. */
void *arch_map_device(paddr_t p, size_t bytes);
/* I/O ports (a CPU without them reads all ones, and ignores writes). bytes: 1, 2 or 4. */
u32 arch_port_in(u16 port, unsigned bytes);
void arch_port_out(u16 port, u32 v, unsigned bytes);
/* Maps or unmaps one page of the kernel's own address space (kernel stacks). Unmap flushes this page on this CPU; before
 * something else is mapped there, tlb_flush_kernel() flushes the others. */
int __must_check arch_kernel_map(unsigned long va, u64 pfn);
void arch_kernel_unmap(unsigned long va);
u64 arch_kernel_map_tables(void);	/* frames of the tables for this; they stay for ever */
#define ARCH_KSTACK_AREA arch_kstack_area	/* start of 64 GiB of kernel address space for stacks with guard pages */
extern const unsigned long arch_kstack_area;
void arch_root_init(pte_t *root);	/* fills the kernel's entries of a new root table (user entries stay 0) */
void arch_root_load(u64 root_pfn);	/* loads the user tables on this CPU; flushes what is not global */
u64 arch_kernel_root(void);		/* the root with no user entries */
void arch_tlb_flush_page(uptr va);	/* this CPU: one page, and all walker caches of the loaded tables */
void arch_tlb_flush_all(void);		/* this CPU: all user entries */
void arch_tlb_flush_kernel(void);	/* this CPU: all entries */
void arch_send_flush(u32 cpu);		/* an interrupt there that calls tlb_flush_interrupt() (mm/tlb.c) */
/* void arch_page_clear(void *page), arch_page_copy(void *to, const void *from): one whole page; inline in cpu_arch.h */

/* -- user memory: raw copies; mm/user_access.h is what others call ------------------------------------------------ */
/* Return the number of bytes NOT copied (0: all). A fault that mm/fault.c cannot settle ends the copy. */
size_t arch_copy_from_user(void *dst, uptr src, size_t n);
size_t arch_copy_to_user(uptr dst, const void *src, size_t n);
size_t arch_clear_user(uptr dst, size_t n);
/* Length of the string with its end, at most max+1; 0: fault. Copies while it counts: returns bytes before NUL, or -1 */
ssize_t arch_strncpy_from_user(char *dst, uptr src, size_t max); /* length without NUL; max: not terminated; -1: fault */
/* Atomic operations on a user word; 0 or -EFAULT. *old: what was there. */
int __must_check arch_user_load32(uptr addr, u32 *value);
int __must_check arch_user_cmpxchg32(uptr addr, u32 expected, u32 desired, u32 *old);
int __must_check arch_user_futex_op(int op, u32 arg, uptr addr, u32 *old); /* op: FUTEX_OP_* of linux/futex.h */

/* "user_word.h" has one word inline, range checked: int arch_user_load64(u64 *v, uptr at), arch_user_store64(u64 v, uptr at),
 * arch_user_store32(u32 v, uptr at) */

/* -- tasks ------------------------------------------------------------------------------------------------------ */
/* How many bytes behind each struct task are arch/'s, known once arch_init_traps() has run; and what is set there once for
 * all tasks that have the memory one after the other. */
size_t arch_task_extra_bytes(void);
void arch_task_construct(struct task *t);
/* task->kstack is set, task->thread zero. Builds the child's kernel stack so that its first switch returns to user mode with
 * result 0 and the parent's registers, at req->stack if not 0 and with req->tls if CLONE_SETTLS. Copies FPU state. */
int __must_check arch_thread_copy(struct task *child, const struct clone_request *req);
void arch_thread_kernel(struct task *child, void (*fn)(void *), void *arg);	/* its first switch calls fn(arg) */
void arch_thread_save(void);				/* current's FPU and TLS state into its struct thread */
struct task *arch_switch(struct task *prev, struct task *next);	/* returns, on next's stack, who ran before */
struct regs *task_regs(struct task *t);			/* the user registers at the top of its kernel stack */
void arch_thread_exec(struct task *t, uptr entry, uptr sp);	/* fresh registers, FPU, TLS for a new program */
/* arch_switch's first return of a new task ends in this (task/clone.c); then the return path to user mode runs. */
void task_first_run(struct task *prev);
/* The way to user mode for process 1's first program: called on its own kernel stack, returns never. */
__noreturn void arch_enter_user(void);
/* Frames of a stopped or current task's kernel stack, innermost first; returns how many. */
int arch_backtrace(struct task *t, unsigned long *frames, int max);
int arch_backtrace_regs(const struct regs *r, unsigned long *frames, int max);	/* of current, where r interrupted it */
void arch_dump_regs(const struct regs *r);
void arch_dump_trap_regs(void);	/* of the fault that led to a panic; else the user's at its entry */

/* -- signals ---------------------------------------------------------------------------------------------------- */
/* Pushes the handler's frame on the user stack (or alternate stack) and points the registers at the handler.
 * d: which signal, action, siginfo, old mask (signal/signal.h). -EFAULT: the frame cannot be written. */
int __must_check arch_signal_push(struct regs *r, const struct signal_delivery *d);
long arch_sigreturn(struct regs *r);	/* rt_sigreturn: restores all; the result register's value; kills on a bad frame */
bool arch_on_altstack(struct task *t, uptr sp);

/* -- ptrace: of a task that is stopped and off its CPU, unless said otherwise -------------------------------------- */
/* Register sets by their NT_* numbers, as core files have them: bytes, and what a length is a multiple of; 0: no such. */
size_t arch_regset_size(unsigned type, size_t *unit);
void arch_regset_get(struct task *t, unsigned type, void *buf);	/* all of it */
int __must_check arch_regset_set(struct task *t, unsigned type, const void *buf, size_t n);	/* -EINVAL, -EIO, -EFAULT */
/* Words of "struct user". -EIO: no such word, or no such value. */
long arch_user_word_get(struct task *t, uptr offset, u64 *v);
long arch_user_word_set(struct task *t, uptr offset, u64 v);
/* One instruction, then a trap (SIGTRAP). disable: also of a child that has not run. */
void arch_step_enable(struct task *t);
void arch_step_disable(struct task *t);
long arch_ptrace_prctl(struct task *t, int code, uptr addr);	/* arch_prctl(2) for another; -EIO: this CPU has none */

/* -- time and interrupts ---------------------------------------------------------------------------------------- */
int arch_cpu_describe(u32 cpu, char *buf, size_t size);	/* its part of /proc/cpuinfo; bytes */
u64 arch_clock_ns(void);		/* nanoseconds since boot; never goes back */
u64 arch_cycles_to_ns(u64 cycles);	/* what arch_clock_ns() said when arch_cycles() said that */
u64 arch_realtime_at_boot_ns(void);	/* the host's date when arch_clock_ns() was 0 */
void arch_timer_program(u64 deadline_ns);	/* one timer interrupt on this CPU: calls timer_interrupt(); 0: none */
typedef void (*irq_handler)(void *arg);
/* Registers a handler for an interrupt line (global system interrupt). Edge or level as the platform says. */
int __must_check arch_irq_register(unsigned gsi, irq_handler fn, void *arg, bool is_level);
/* A free message-signalled interrupt: the address and data a device writes. */
int __must_check arch_msi_register(irq_handler fn, void *arg, u64 *address, u32 *data);
void arch_send_resched(u32 cpu);
bool arch_interrupted_user(void);	/* inside an interrupt handler: it came while user mode ran */

/* The vDSO: exec maps data_pages frames read-only as "[vvar]" and, directly above them, code_pages frames with read and
 * execute permission as "[vdso]" (mm_map_special); AT_SYSINFO_EHDR is where "[vdso]" starts. code_pages 0: none. */
struct arch_vdso {
	u64 ask_pfn;		/* a data page in place of the first, with which "[vdso]" leaves all to the kernel */
	unsigned data_pages, code_pages;
	u64 pfns[8];			/* data first, then code */
};
extern struct arch_vdso arch_vdso;	/* filled by arch_init_devices() */
/* CLOCK_REALTIME minus CLOCK_MONOTONIC has changed: what the vDSO's clocks say follows. */
void arch_vdso_set_realtime(u64 offset_ns);

/* What a trap handler in arch/ calls, in entry/. */
void entry_syscall(struct regs *r);		/* one system call with something unusual about it; result put into r */
void entry_syscall_return(struct regs *r);	/* after a system call, if current->work says so; interrupts off */
void entry_fault(struct regs *r, uptr addr, unsigned access, bool present); /* page fault from user mode */
int entry_kernel_fault(uptr addr, unsigned access);			/* from a user copy: 0 settled, else the fixup runs */
void entry_exception(struct regs *r, int sig, int code, uptr addr);	/* user-mode exception that means a signal */
void entry_return_to_user(struct regs *r);	/* interrupts off: resched, signals, until there is nothing left to do */
enum { FAULT_READ = 1, FAULT_WRITE = 2, FAULT_EXEC = 4 };
#endif
