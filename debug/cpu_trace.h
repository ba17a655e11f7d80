/*
 * debug/cpu_trace.h: what does each CPU do right now? It is asked by an NMI, so that one with interrupts off answers too, and
 * only notes its answer: whoever asked prints it. Way in: the panic and the watch (watch.c), with interrupts off.
 */
#ifndef DEBUG_CPU_TRACE_H
#define DEBUG_CPU_TRACE_H
#include "base/printk.h"

struct regs;
struct task;

bool __must_check cpu_traces_begin(void);	/* the next NMI of each other CPU is a question; false: another CPU asks already */
void cpu_traces_send(void);			/* sends them (a panic stops the others by one instead) */
void cpu_traces_print(enum log_level level);	/* waits for the answers, at most a second, and prints them: the end */
void cpu_trace_answer(const struct regs *r);	/* in the NMI, which interrupted r */
void trace_print(enum log_level level, const unsigned long *frames, int n);
void task_trace_print(enum log_level level, struct task *t);	/* current's, or that of one that does not run */
#endif
