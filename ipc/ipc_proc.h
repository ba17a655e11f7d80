/* ipc/ipc_proc.h: what /proc shows of an IPC namespace, the reader's own; see ipc_proc.c. */
#ifndef IPC_IPC_PROC_H
#define IPC_IPC_PROC_H
#include "fs/proc/proc.h"
int ipc_proc_show_objects(struct text *t, const struct proc_ref *r);	/* sysvipc/{msg,sem,shm} */
int ipc_proc_show_limit(struct text *t, const struct proc_ref *r);	/* sys/kernel/{sem,shmmax,msgmnb,...} */
ssize_t ipc_proc_write_limit(const struct proc_ref *r, char *text, size_t n);
#endif
