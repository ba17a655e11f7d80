/*
 * ipc/sem.h: System V semaphores from inside: sem.c has the sets and semop, sem_undo.c what exit gives back, sem_ctl.c
 * semctl. Everything is under the lock of the namespace's table of sets (ids[IPC_SEM].lock).
 */
#ifndef IPC_SEM_H
#define IPC_SEM_H
#include "ipc/ipc.h"
#include <linux/sem.h>

struct pid;
struct sem {
	int value;		/* 0..SEMVMX */
	struct pid *last;	/* reference: who changed it last, or NULL */
};
struct sem_set {
	struct ipc_object o;
	s64 op_time, change_time;	/* seconds */
	struct list waiters;	/* of sem_waiter: in order of arrival */
	struct list undos;	/* of sem_undo->in_set */
	u32 n;
	struct sem sems[];
};
/* What one undo list owes one set. */
struct sem_undo {
	struct list in_list;	/* semundo->entries */
	struct list in_set;
	struct sem_set *set;	/* borrowed: the set's end takes the entry away */
	s16 adjust[];		/* added to each value at the end */
};
/* One semop, running or waiting. */
struct sem_waiter {
	struct ipc_sleeper sleeper;
	const struct sembuf *ops;
	unsigned n;
	bool alters;
	struct sem_undo *undo;		/* borrowed; NULL: no operation has SEM_UNDO */
	struct pid *pid;		/* borrowed: the process */
	const struct sembuf *blocked_at;	/* the operation that cannot be done now */
};

/* The room "semundo" (task/resources/semundo.c). */
struct semundo {
	refcount_t count;	/* tasks that share it */
	struct ipc_ns *ns;	/* reference, once it has had an entry: all of them are in one namespace */
	struct list entries;	/* under the lock of ns's sets */
};
struct semundo *semundo_of_current(void);	/* made when first asked for; NULL: memory */
void semundo_settle(struct semundo *u);		/* the last sharer is gone: applies and frees the entries */

static inline struct ipc_ids *sem_ids(struct ipc_ns *ns) { return &ns->ids[IPC_SEM]; }
struct sem_set *sem_find(struct ipc_ns *ns, int id);	/* ERR_PTR(-EINVAL) */
/* Values have changed: does what the waiting can do now. */
void sem_wake(struct sem_set *set);
void sem_free(struct ipc_ns *ns, struct sem_set *set);	/* out of the table, sleepers get EIDRM */
/* current's entry for set, made if need be: ERR_PTR(-ENOMEM). */
struct sem_undo *sem_undo_get(struct ipc_ns *ns, struct sem_set *set);
void sem_undo_clear(struct sem_set *set, int from, int to);	/* SETVAL, SETALL: nothing is owed for these any more */
void sem_undo_forget(struct sem_set *set);		/* the set goes: its entries too */
#endif
