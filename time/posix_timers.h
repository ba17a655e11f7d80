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

/* Its signal has been taken off the queue into *info: fills the overrun in, starts the next interval. sighand->lock */
void posix_timer_delivered_locked(struct posix_timer *t, siginfo_t *info);
/* exec and the end of a group: all timers go. No lock held; nobody else of the group is left. */
void posix_timers_delete_all(struct signal *s);
#endif
