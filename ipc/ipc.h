/*
 * ipc/ipc.h: what System V semaphores, message queues and shared memory have in common: objects with an id, a key and
 * an owner, and a way to sleep on them.
 *
 * An object lives in its namespace's table until it is removed; an id is a place in the table and a sequence number, so
 * that an old id does not name a new object. All of a kind in one namespace is under one sleeping lock (ids->lock).
 */
#ifndef IPC_IPC_H
#define IPC_IPC_H
#include "namespace/ipc.h"
#include "base/list.h"
#include "sync/waitqueue.h"
#include <linux/ipc.h>

#define IPC_PLACES_MAX 32768	/* Linux's IPCMNI */
#define IPC_MODE_BITS 0777u
#define IPC_ASK_READ 0444u	/* for ipc_may: as the mode's bits, for all three classes */
#define IPC_ASK_WRITE 0222u
#define IPC_ASK_EXEC 0111u

struct ipc_object {
	int id;
	s32 key;		/* IPC_PRIVATE: none */
	u32 uid, gid, cuid, cgid;
	u32 mode;		/* permissions and the kind's own bits */
	struct rb_node by_key;	/* while it has a key */
};

/* -- the table (ids.c); ids->lock is held -- */
void ipc_ids_init(struct ipc_ids *ids);
void ipc_ids_free(struct ipc_ids *ids);		/* they are empty */
/* Gives o an id, a place and its creator: the id, or -ENOSPC (limit objects exist), -ENOMEM. */
int __must_check ipc_add(struct ipc_ids *ids, struct ipc_object *o, s32 key, int flags, int limit);
void ipc_remove(struct ipc_ids *ids, struct ipc_object *o);
void ipc_forget_key(struct ipc_ids *ids, struct ipc_object *o);	/* nobody finds it by key any more */
struct ipc_object *ipc_find(struct ipc_ids *ids, int id);	/* ERR_PTR(-EINVAL) */
struct ipc_object *ipc_at(struct ipc_ids *ids, int place);	/* *_STAT: ERR_PTR(-EINVAL) */
/* May current do what ask says (IPC_ASK_*)? 0 or -EACCES. */
int __must_check ipc_may(const struct ipc_ns *ns, const struct ipc_object *o, unsigned ask);
int __must_check ipc_may_change(const struct ipc_ns *ns, const struct ipc_object *o);	/* IPC_SET, IPC_RMID: 0 or -EPERM */
void ipc_fill_perm(const struct ipc_object *o, struct ipc64_perm *out);
int __must_check ipc_set_perm(struct ipc_object *o, const struct ipc64_perm *in);	/* -EINVAL: no such id here */

/* The *get calls: find by key, check or create. */
struct ipc_get_ops {
	enum ipc_kind kind;
	int (*create)(struct ipc_ns *ns, s32 key, size_t size, int flags);	/* the id, or -errno */
	int (*check)(const struct ipc_object *o, size_t size);	/* an existing one: 0 or -errno; NULL: nothing to check */
};
long ipc_get(const struct ipc_get_ops *ops, s32 key, size_t size, int flags);

/* -- sleeping (wait.c) -- */
#define IPC_PENDING 1	/* not decided yet */
#define IPC_RETRY 2	/* something changed: try again */
struct deadline;
struct ipc_sleeper {
	struct list node;	/* in the object's queue, or empty; under ids->lock */
	struct waitqueue wait;
	int result;		/* IPC_PENDING, IPC_RETRY, 0 or -errno; written under ids->lock */
};
void ipc_sleeper_init(struct ipc_sleeper *s);
/* Sleeps until somebody decides s, lock given back meanwhile: the result; -ERESTARTSYS: a signal, -ETIME: the deadline (or NULL).
 * The object may be gone when this returns. */
int ipc_sleep(struct ipc_sleeper *s, struct mutex *lock, const struct deadline *d);
void ipc_decide(struct ipc_sleeper *s, int result);	/* takes it out of its queue and wakes it */
void ipc_decide_all(struct list *queue, int result);

/* -- small things -- */
struct pid;
void ipc_note_pid(struct pid **slot);			/* slot names current's process */
int ipc_pid_seen(const struct pid *p);			/* as current's pid namespace sees it; 0: none or not visible */
s64 ipc_now(void);					/* seconds since 1970 */

/* -- the kinds: what the namespace's end, exit and /proc need -- */
void sem_free_all(struct ipc_ns *ns);
void msg_free_all(struct ipc_ns *ns);
void shm_free_all(struct ipc_ns *ns);
void mqueue_ns_ends(struct ipc_ns *ns);
struct text;
void sem_show_all(struct ipc_ns *ns, struct text *t);
void msg_show_all(struct ipc_ns *ns, struct text *t);
void shm_show_all(struct ipc_ns *ns, struct text *t);
#endif
