/*
 * debug/watch.h: tasks that sleep uninterruptibly for too long, CPUs that stay in the kernel for too long, and CPUs that take no
 * interrupt any more, told in Linux's words. In every build a CPU looks when its tick comes, which costs one comparison; the
 * debug build, and the word `watchdog` on the command line, give each CPU a timer, so that idle CPUs look as well.
 */
#ifndef DEBUG_WATCH_H
#define DEBUG_WATCH_H
#include "base/types.h"

/* /proc/sys/kernel: seconds until a task is told of (0: never), how many still are (-1: all), whether it is a panic; seconds
 * until a CPU that takes no interrupt is told of, one that only does not schedule after twice as many (0: never). */
extern int hung_task_timeout_s, hung_task_warnings, hung_task_panics, watch_threshold_s, soft_lockup_panics;

void watch_start_cpu(void);	/* on each CPU, before it idles for the first time */
void watch_tick(u64 now_ns);	/* in this CPU's timer interrupt */
#endif
