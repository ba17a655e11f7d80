/*
 * arch/x86_64/trap_entry.S: every way into the kernel and back.
 * Each way in saves struct regs at the top of the task's kernel stack (or of an IST stack) and calls C:
 *   syscall instruction   the function of syscall_table; entry_syscall(regs) in entry/syscall.c if anything is unusual
 *   exception, interrupt  trap_dispatch(regs, vector, error)   trap.c
 * and each way to user mode goes through entry_return_to_user(regs) with interrupts off, if there is anything to do.
 * %gs: the kernel's base is struct cpu; swapgs exchanges it with the user's exactly when user mode is entered or left.
 * NMI, machine check, double fault and (from the kernel) debug exceptions may come anywhere, also between the two
 * halves of such a change, so they run on IST stacks whose top word says which struct cpu this is, and put the base
 * they found back.
 * A selector of a return frame is never the user's choice (see regs checks in signal.c), and the instruction pointer is
 * checked here, so iretq and sysretq cannot fault.
 */
#include "asm.h"
#include <asm/errno.h>

#define WORK_SYSCALL_TRACE 4	/* task/task.h; thread.c checks */
#define WORK_SECCOMP 8
#define WORK_REGS 32

.macro PUSH_REGS_FROM_RSI rax=%rax
	push %rsi
	push %rdx
	push %rcx
	push \rax
	push %r8
	push %r9
	push %r10
	push %r11
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
.endm
.macro POP_REGS
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rax
	pop %rcx
	pop %rdx
	pop %rsi
	pop %rdi
.endm

	.text
FUNCTION syscall_entry
	swapgs
	mov %rsp, %gs:CPU_SCRATCH
	mov %gs:CPU_KSTACK_TOP, %rsp
	push $USER_DS
	push %gs:CPU_SCRATCH
	push %r11			/* flags */
	push $USER_CS
	push %rcx			/* instruction pointer */
	push %rax			/* number */
	push %rdi
	PUSH_REGS_FROM_RSI $-ENOSYS	/* the result, unless the call says otherwise */
	xor %ebp, %ebp			/* the call trace ends here */
	mov %gs:CPU_RUNNING, %rbx
	sti
	testl $(WORK_SYSCALL_TRACE | WORK_SECCOMP), task_work_offset(%rbx)
	jnz 2f
	cmp syscall_count(%rip), %eax	/* the number is an int, as on Linux */
	jae 2f
	mov %eax, %eax
	mov %r10, %rcx			/* the other arguments are where a function wants them */
	call *syscall_table(,%rax,8)
	cli
#ifdef FURCA_STACK_WATCH
	mov %rax, REGS_RAX(%rsp)	/* the call's result, which C code would use up */
	mov %rsp, %rdi
	call stack_watch_return
	mov REGS_RAX(%rsp), %rax
#endif
	cmpb $0, %gs:CPU_NEED_RESCHED
	jne 3f
	cmpl $0, task_work_offset(%rbx)
	jne 3f
	/* Nobody has touched what was saved, and C code gives back the registers that are its caller's to keep: but for the
	 * two that were used here only those are loaded that a function may use up. sysretq takes the instruction pointer
	 * from rcx and the flags from r11. */
	mov REGS_RFLAGS(%rsp), %r11
	test $RFLAGS_TF, %r11d
	jnz 4f
	mov REGS_RIP(%rsp), %rcx
	mov REGS_RBX(%rsp), %rbx
	mov REGS_RBP(%rsp), %rbp
	mov REGS_RDI(%rsp), %rdi
	mov REGS_RSI(%rsp), %rsi
	mov REGS_RDX(%rsp), %rdx
	mov REGS_R8(%rsp), %r8
	mov REGS_R9(%rsp), %r9
	mov REGS_R10(%rsp), %r10
	mov REGS_RSP(%rsp), %rsp
	swapgs
	sysretq
2:	mov %rsp, %rdi
	call entry_syscall
	cli
	jmp 5f
3:	mov %rax, REGS_RAX(%rsp)	/* there is work, perhaps only to load all registers: the call has set them */
	cmpb $0, %gs:CPU_NEED_RESCHED
	jne 5f
	lock andl $~WORK_REGS, task_work_offset(%rbx)
	jz .Lsyscall_return
	jmp 5f
4:	mov %rax, REGS_RAX(%rsp)
5:	mov %rsp, %rdi
	call entry_syscall_return
.Lsyscall_return:
	/* rip and the flags must be what sysretq finds in rcx and r11; TF and RF need iretq. */
	mov REGS_RIP(%rsp), %rcx
	mov REGS_RFLAGS(%rsp), %r11
	cmp %rcx, REGS_RCX(%rsp)
	jne .Lreturn_by_iret
	cmp %r11, REGS_R11(%rsp)
	jne .Lreturn_by_iret
	test $(RFLAGS_TF | RFLAGS_RF), %r11d
	jnz .Lreturn_by_iret
	shr $47, %rcx
	jnz .Lreturn_by_iret
	POP_REGS
	mov REGS_RSP - REGS_ORIG_RAX(%rsp), %rsp
	swapgs
	sysretq
END_FUNCTION syscall_entry

/* A new task's first switch ends here: rax is who ran before, r12(r13) what a kernel task runs. */
FUNCTION thread_start
	mov %rax, %rdi
	call task_first_run
	test %r12, %r12
	jz return_to_user
	mov %r13, %rdi
	call *%r12
	jmp return_to_user
END_FUNCTION thread_start

FUNCTION arch_enter_user
	cli
	mov %gs:CPU_KSTACK_TOP, %rsp
	sub $REGS_SIZE, %rsp
	xor %ebp, %ebp
	jmp return_to_user
END_FUNCTION arch_enter_user

/* rsp: struct regs of user mode at the top of the stack. */
FUNCTION return_to_user
	cli
	mov %rsp, %rdi
	call entry_return_to_user
.Lreturn_by_iret:
	mov REGS_RIP(%rsp), %rcx
	shr $47, %rcx
	jnz 1f
	POP_REGS
	add $8, %rsp
	swapgs
	iretq
1:	mov %rsp, %rdi			/* an address that iretq would refuse is a fault of the program */
	call trap_bad_return
	jmp return_to_user
END_FUNCTION return_to_user

/* On the stack: vector, error code, the CPU's frame. */
FUNCTION trap_common
	testb $3, 24(%rsp)
	jz 1f
	swapgs
.Lfrom_user:
	xchg %rdi, (%rsp)
	PUSH_REGS_FROM_RSI
	xor %ebp, %ebp
	jmp 2f
1:	xchg %rdi, (%rsp)
	PUSH_REGS_FROM_RSI
2:	cld
	CLAC
	mov %rdi, %rsi
	mov %rsp, %rdi
	mov REGS_ORIG_RAX(%rsp), %rdx
	movq $-1, REGS_ORIG_RAX(%rsp)
	call trap_dispatch
	testb $3, REGS_CS(%rsp)
	jnz return_to_user
	POP_REGS
	add $8, %rsp
	iretq
END_FUNCTION trap_common

/* On an IST stack: vector, error code, the CPU's frame, a pad, struct cpu. */
FUNCTION trap_anywhere
	xchg %rdi, (%rsp)
	PUSH_REGS_FROM_RSI
	cld
	CLAC
	mov %rdi, %rsi
	mov $MSR_GS_BASE, %ecx
	rdmsr
	shl $32, %rdx
	or %rax, %rdx
	mov %rdx, %r12
	mov 176(%rsp), %rax
	mov %rax, %rdx
	shr $32, %rdx
	wrmsr
	mov %rsp, %rdi
	mov REGS_ORIG_RAX(%rsp), %rdx
	movq $-1, REGS_ORIG_RAX(%rsp)
	call trap_dispatch
	mov %r12, %rax
	mov %r12, %rdx
	shr $32, %rdx
	mov $MSR_GS_BASE, %ecx
	wrmsr
	POP_REGS
	add $8, %rsp
	iretq
END_FUNCTION trap_anywhere

/* A debug exception from user mode moves to the task's kernel stack, where it may sleep. */
FUNCTION trap_debug
	testb $3, 8(%rsp)
	jz 1f
	swapgs
	mov %rax, %gs:CPU_SCRATCH
	mov %rsp, %rax
	mov %gs:CPU_KSTACK_TOP, %rsp
	push 32(%rax)
	push 24(%rax)
	push 16(%rax)
	push 8(%rax)
	push (%rax)
	push $0
	push $VECTOR_DEBUG
	mov %gs:CPU_SCRATCH, %rax
	jmp .Lfrom_user
1:	push $0
	push $VECTOR_DEBUG
	jmp trap_anywhere
END_FUNCTION trap_debug

/* One stub of 16 bytes a vector: pushes an error code where the CPU does not, and the vector. */
	.globl trap_stubs
	.balign 16
trap_stubs:
	vector = 0
	.rept 256
	.balign 16
	.if vector == 1
	jmp trap_debug
	.else
	has_error = vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21
	has_error = has_error || vector == 29 || vector == 30
	.if !has_error
	push $0
	.endif
	.if vector < 128
	push $vector
	.else
	.byte 0x68		/* push imm32: the short form would extend the sign */
	.long vector
	.endif
	.if vector == 2 || vector == 8 || vector == 18
	jmp trap_anywhere
	.else
	jmp trap_common
	.endif
	.endif
	vector = vector + 1
	.endr
	.size trap_stubs, . - trap_stubs
