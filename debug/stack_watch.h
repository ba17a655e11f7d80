/*
 * debug/stack_watch.h: how deep do kernel stacks get? Builds with FURCA_STACK_WATCH (the debug build, and STACKS=y of any) fill
 * each stack, and look after each system call and each trap from user mode what is left of that:
 * /proc/furca/stacks has the deepest use of each system call with who made it. In other builds all of this is nothing.
 */
#ifndef DEBUG_STACK_WATCH_H
#define DEBUG_STACK_WATCH_H
#include "base/types.h"

struct task;
struct regs;

#ifdef FURCA_STACK_WATCH
void stack_watch_fill(void *bottom, size_t bytes);	/* a stack is new: bottom is its first byte that may be written */
void stack_watch_return(const struct regs *r);	/* current goes back to user mode, from what r says */
void stack_watch_switch(const struct task *t);	/* t leaves its CPU: is its stack's end as it was? */
void stack_watch_end(struct task *t);		/* t's stack is given back */
#else
static inline void stack_watch_fill(void *bottom, size_t bytes) { }
static inline void stack_watch_return(const struct regs *r) { }
static inline void stack_watch_switch(const struct task *t) { }
static inline void stack_watch_end(struct task *t) { }
#endif
/* The deepest use: how many bytes of KSTACK_SIZE, of whose stack, in which call (its function's name). */
struct stack_use { u32 bytes; int tid; char comm[16]; };
/* Calls line for each call that was watched, by number, then for traps (nr -1) and kernel tasks (nr -2). */
void stack_watch_for_each(void (*line)(void *arg, long nr, const struct stack_use *u), void *arg);
#endif
