/*
 * time/posix_timers.h: POSIX timers (timer_create and its kin): what signal/ and task/ call. See posix_timers.c.
 */
#ifndef TIME_POSIX_TIMERS_H
#define TIME_POSIX_TIMERS_H
#include "time/time.h"
#include "base/list.h"
#include <asm/siginfo.h>

struct posix_timer;
struct signal;
struct task;
struct signal_info;

/* Its signal has been taken off the queue into *info: fills the overrun in, starts the next interval. sighand->lock */

void posix_timer_delivered_locked(struct posix_timer *t, struct signal_info *info);
/* What /proc/PID/timers tells of one. */
struct posix_timer_facts { int id, signal, clock, notify, target; bool to_thread; unsigned long value; };
/* Those of t's group, the newest first, after the first `skip`, n at most: how many. target is a number in t's own namespace. */
int posix_timers_look(struct task *t, int skip, struct posix_timer_facts *facts, int n);
/* exec and the end of a group: all timers go. No lock held; nobody else of the group is left. */
void posix_timers_delete_all(struct signal *s, bool is_dead);
#endif
