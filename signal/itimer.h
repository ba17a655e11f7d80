/* signal/itimer.h: interval timers and CPU-time limits: what sched/ and task/ call. See itimer.c. */
#ifndef SIGNAL_ITIMER_H
#define SIGNAL_ITIMER_H
#include "time/time.h"

struct task;
struct signal;

void itimer_real_fired(struct timer *t);	/* signal->real_timer's handler */
void itimer_tick(struct task *t);		/* each tick of a running task: ITIMER_VIRTUAL, ITIMER_PROF, RLIMIT_CPU, CPU timers */
#endif
