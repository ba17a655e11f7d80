/*
 * namespace/ipc.h: the IPC namespace: the tables of System V objects, the POSIX message queues, and their limits.
 * See ipc_ns.c; the objects themselves are in ipc/.
 */
#ifndef NAMESPACE_IPC_H
#define NAMESPACE_IPC_H
#include "namespace/namespace.h"
#include "base/rbtree.h"
#include "sync/mutex.h"

struct ipc_object;
enum ipc_kind { IPC_SEM, IPC_MSG, IPC_SHM, IPC_KINDS };

/* The objects of one kind, by place and by key (ipc/ids.c). */
struct ipc_ids {
	struct mutex lock;		/* RANK_SYSV: guards all below and every object of this kind */
	struct ipc_object **places;	/* owned; the objects in it too */
	int size;			/* of places */
	int used;			/* objects */
	int highest;			/* the last used place, or -1 */
	int last_place;			/* that was given, or -1 */
	int sequence;			/* goes into the next id */
	int next_id;			/* asked for by /proc/sys/kernel/..._next_id; -1: none */
	struct rb_tree keys;
};

/* Of POSIX message queues: how many, messages in each, bytes in each message; and what one gets that asks for nothing. */
struct mq_limits { int queues_max, messages_max, bytes_max, messages_default, bytes_default; };

struct ipc_ns {
	struct ns ns;
	struct ipc_ids ids[IPC_KINDS];
	/* limits, changed by /proc/sys/kernel; plain words */
	int sem_per_set, sem_all, sem_ops, sem_sets;
	int msg_bytes_max, msg_queue_bytes, msg_queues;
	u64 shm_bytes_max, shm_pages_max;
	int shm_segments;
	/* in use */
	int sem_used;			/* semaphores in all sets; the lock of IPC_SEM */
	u64 shm_pages;			/* in all segments; the lock of IPC_SHM */
	u64 msg_bytes, msg_count;	/* in all queues; the lock of IPC_MSG */
	/* POSIX message queues (ipc/mqueue_fs.c); limits in /proc/sys/fs/mqueue */
	struct mq_limits mq;
	int mq_queues;			/* mqueue_fs.c's lock */
	struct mount *mq_mount;		/* owned: where their names are; NULL until first used. mqueue_fs.c's lock */
};
extern struct ipc_ns first_ipc_ns;
struct ipc_ns *current_ipc_ns(void);	/* borrowed from current's set */
bool ipc_capable(const struct ipc_ns *ns, int cap);	/* in the namespace's owner */
#endif
