/* ipc.h: System V objects for tests: in a namespace of the block's own, so that they go with it; and a way to become somebody else. */
#pragma once
#include "clone.h"
#include <sched.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <grp.h>
#include <limits.h>

#ifndef SEM_STAT_ANY
#define SEM_STAT_ANY 20
#endif
#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif
#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY 13
#endif
#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

union semarg { int val; struct semid_ds *buf; unsigned short *array; struct seminfo *info; };

/* Everything in a namespace of the block's own: what it makes goes with it. */
static inline void ipc_own_world(void)
{
	NEED_OK(unshare(CLONE_NEWIPC));
}

static inline int ipc_key(int n) { return (int)getpid() << 8 | n; }

/* For good, in a child: no capability, ids uid and gid, no other group. */
static inline void ipc_become(int uid, int gid)
{
	NEED_OK(setgroups(0, 0));
	NEED_OK(setresgid(gid, gid, gid));
	NEED_OK(setresuid(uid, uid, uid));
}

static inline int ipc_semop(int id, int number, int op, int flags)
{
	struct sembuf one = {number, op, flags};
	return semop(id, &one, 1);
}

static inline int ipc_value(int id, int number) { return semctl(id, number, GETVAL); }

static inline int ipc_sem_new(int n, int first)
{
	int id = NEED_OK(semget(IPC_PRIVATE, n, 0600));
	if (first)
		NEED_OK(semctl(id, 0, SETVAL, (union semarg){.val = first}));
	return id;
}
