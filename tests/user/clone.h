/*
 * clone.h: clone and clone3 without the C library, for tests. The function and its argument travel to the child in registers
 * (a child starts with its parent's), so the child needs nothing on its stack and the kernel may be given any stack at all.
 * Both give the child's id or -errno and touch no errno.
 */
#pragma once

#include "check.h"
#include <linux/sched.h>

#ifndef CLONE_ARGS_SIZE_VER0
#define CLONE_ARGS_SIZE_VER0 64
#endif

/* The call; the child goes on with exit(r12(r13)). */
#define CLONE_OR_EXIT \
	"syscall\n\t" \
	"test %%rax, %%rax\n\t" \
	"jnz 1f\n\t" \
	"xor %%ebp, %%ebp\n\t" \
	"and $-16, %%rsp\n\t" \
	"mov %%r13, %%rdi\n\t" \
	"call *%%r12\n\t" \
	"mov %%eax, %%edi\n\t" \
	"mov $60, %%eax\n\t" \
	"syscall\n" \
	"1:"

/* flags, stack top (0: go on on the parent's), where the ids go, the TLS base; in the child: exit(fn(arg)). */
static inline long clone_call(unsigned long flags, void *stack_top, int *parent_tid, int *child_tid, void *tls,
			      int (*fn)(void *), void *arg)
{
	register long r10 __asm__("r10") = (long)child_tid;
	register long r8 __asm__("r8") = (long)tls;
	register void *r12 __asm__("r12") = (void *)fn;
	register void *r13 __asm__("r13") = arg;
	long result;
	__asm__ volatile(CLONE_OR_EXIT
			 : "=a"(result)
			 : "0"(SYS_clone), "D"(flags), "S"(stack_top), "d"(parent_tid), "r"(r10), "r"(r8), "r"(r12), "r"(r13)
			 : "rcx", "r11", "memory");
	return result;
}

static inline long clone3_call(struct clone_args *args, size_t size, int (*fn)(void *), void *arg)
{
	register void *r12 __asm__("r12") = (void *)fn;
	register void *r13 __asm__("r13") = arg;
	long result;
	__asm__ volatile(CLONE_OR_EXIT
			 : "=a"(result)
			 : "0"(SYS_clone3), "D"(args), "S"(size), "r"(r12), "r"(r13)
			 : "rcx", "r11", "memory");
	return result;
}

#define CLONE_STACK_BYTES (64 * 1024ul)

static inline char *clone_stack(void)
{
	char *base = mmap(0, CLONE_STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED)
		_exit(98);
	return base;
}
#define CLONE_TOP(base) ((base) + CLONE_STACK_BYTES)

static inline long futex_call(int *word, int op, int value, const struct timespec *timeout, int *word2, int value3)
{
	return RAW(SYS_futex, word, op, value, timeout, word2, value3);
}
