/* sched/calls.h: what sched_calls.c and priority.c share. */
#ifndef SCHED_CALLS_H
#define SCHED_CALLS_H
struct task;
struct task *sched_target(int number);			/* 0: current. A reference, or NULL */
bool sched_may_nice(struct task *t, int nice);		/* RLIMIT_NICE or CAP_SYS_NICE */
#endif
