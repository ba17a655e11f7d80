/* signal/itimer.h: interval timers and CPU-time limits: what sched/, task/ and the signal queue call. See itimer.c. */
#ifndef SIGNAL_ITIMER_H
#define SIGNAL_ITIMER_H
#include "time/time.h"

struct task;
struct signal;

void itimer_real_fired(struct timer *t);	/* signal->real_timer's handler */
/* Its SIGALRM has been taken: the next interval starts. Under sighand->lock. */
void itimer_real_restart_locked(struct signal *s);
/* Each tick of a running task: ITIMER_VIRTUAL, ITIMER_PROF, RLIMIT_CPU, RLIMIT_RTTIME. */
void itimer_tick(struct task *t);
#endif
