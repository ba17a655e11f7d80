/* agent.c: one process or thread that acts on the director's order: its birth, its loop, its handlers. */
#include "differ.h"
#include <asm/prctl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#define STACK 32768
static char stacks[AGENTS][STACK] __attribute__((aligned(4096)));
static char alt_stacks[AGENTS][ALT_STACK] __attribute__((aligned(64)));

struct op ops[160];
int op_count;
void op_register(struct op op)
{
	if (op_count == COUNT(ops))
		abort();
	ops[op_count++] = op;
}

struct box *self(void)
{
	unsigned long base = 0;
	sys(SYS_arch_prctl, ARCH_GET_GS, &base);
	return (struct box *)base;
}

int self_index(void)
{
	return (int)(self() - world->box);
}

char *agent_stack(int index)
{
	return stacks[index] + STACK - 64;
}

void *agent_alt_stack(int index)
{
	return alt_stacks[index];
}

int agent_new(void)
{
	return world->born < AGENTS ? world->born++ : -1;
}

/* Its number in the director's /proc, whatever pid namespace it is in; "N" or, for a thread, "TGID/task/N". */
static void find_number(struct box *b)
{
	char link[64] = "";
	long n = sys(SYS_readlink, "/proc/thread-self", link, sizeof link - 1);
	const char *last = n > 0 ? strrchr(link, '/') : NULL;
	int pid = last ? atoi(last + 1) : (int)sys(SYS_gettid);
	for (int i = 0; i < AGENTS; i++)
		if (&world->box[i] != b && world->box[i].pid == pid)
			world->box[i].pid = -1;	/* a leader whose number an exec took over */
	b->pid = pid;
	b->nested = pid != (int)sys(SYS_gettid);
}

__attribute__((noreturn)) void agent_run(int index, const char *how)
{
	struct box *b = &world->box[index];
	sys(SYS_arch_prctl, ARCH_SET_GS, b);
	find_number(b);
	say("%s a%d: ppid %s", how, index, who(sys(SYS_getppid)));
	for (;;) {
		__atomic_store_n(&b->busy, 0, __ATOMIC_SEQ_CST);
		__atomic_add_fetch(&world->event, 1, __ATOMIC_SEQ_CST);
		sys(SYS_futex, &world->event, FUTEX_WAKE, 1000);
		while (!__atomic_load_n(&b->go, __ATOMIC_SEQ_CST))
			sys(SYS_futex, &b->go, FUTEX_WAIT, 0, NULL);
		__atomic_store_n(&b->go, 0, __ATOMIC_SEQ_CST);
		ops[b->op].run();
	}
}

__attribute__((noreturn)) void agent_born(long index)
{
	agent_run((int)index, "born");
}

/* The call returns here in the parent; the child begins its own life on the stack that it was given, or on a copy of this one. */
long agent_clone(long number, long a0, long a1, long a2, long a3, long a4, int child)
{
	register long r10 __asm__("r10") = a3;
	register long r8 __asm__("r8") = a4;
	register long index __asm__("r12") = child;
	long r;
	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "and $-16, %%rsp\n\t"
			 "mov %%r12, %%rdi\n\t"
			 "call agent_born\n\t"
			 "1:"
			 : "=a"(r)
			 : "a"(number), "D"(a0), "S"(a1), "d"(a2), "r"(r10), "r"(r8), "r"(index)
			 : "rcx", "r11", "memory");
	return r;
}
