/*
 * arch/x86_64/switch.S: the change of kernel stacks. switch_stacks(prev, &prev->thread.ksp, next->thread.ksp)
 * saves what a C function must keep, and returns prev on next's stack (for a new task: into thread_start).
 */
#include "asm.h"

	.text
FUNCTION switch_stacks
	push %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, (%rsi)
	mov %rdx, %rsp
	mov %rdi, %rax
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	ret
END_FUNCTION switch_stacks
