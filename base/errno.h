/* base/errno.h: Linux's error numbers, and the ones that never reach a user program. */
#ifndef BASE_ERRNO_H
#define BASE_ERRNO_H
#include <asm/errno.h>

/* Restart codes: turned into EINTR or a restarted call by signal/ on the way back to user mode. */
#define ERESTARTSYS 512		/* restart if SA_RESTART, or if no handler runs */
#define ERESTARTNOINTR 513	/* always restart */
#define ERESTARTNOHAND 514	/* restart only if no handler runs */
#define ERESTART_RESTARTBLOCK 516 /* as NOHAND, but through restart_syscall() and task->restart */
#endif
