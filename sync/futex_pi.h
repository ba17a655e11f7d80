/* sync/futex_pi.h: futexes with priority inheritance. See futex_pi.c. */
#ifndef SYNC_FUTEX_PI_H
#define SYNC_FUTEX_PI_H
#include "sync/futex.h"

int futex_lock_pi(uptr addr, bool is_shared, const struct deadline *d, bool is_try);
int futex_unlock_pi(uptr addr, bool is_shared);
void futex_pi_exit(struct task *t);	/* t dies: its locks go to their next waiters */
#endif
