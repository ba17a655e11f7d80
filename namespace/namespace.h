/*
 * namespace/namespace.h: what all kinds of namespace have in common: a head with a count, a number to tell them apart by,
 * and the kind's own functions. A task's set holds one of each kind (task->ns, immutable and counted); the user namespace
 * is part of its credentials (namespace/user.h), and the pid namespace it lives in is that of its pid.
 * A kind is a file of its own, whose struct begins with struct ns; its row is in namespace.c.
 */
#ifndef NAMESPACE_NAMESPACE_H
#define NAMESPACE_NAMESPACE_H
#include "base/atomic.h"
#include "base/types.h"

enum ns_kind { NS_MOUNT, NS_UTS, NS_IPC, NS_PID_FOR_CHILDREN, NS_NET, NS_CGROUP, NS_TIME, NS_TIME_FOR_CHILDREN, NS_KINDS };

struct user_namespace;
struct fs_room;
struct ns;

/* What a copy is made from: the flags, who will own it, and the room whose root and working directory follow into a new
 * mount namespace (the child's in clone, the caller's new one in unshare). */
struct ns_request {
	u64 flags;
	struct user_namespace *owner;	/* borrowed */
	struct fs_room *fs;		/* borrowed */
};

struct ns_ops {
	const char *name;		/* in /proc/PID/ns */
	u64 flag;			/* CLONE_NEW* */
	/* A new one, made like old: a reference, or ERR_PTR (ENOMEM, ENOSPC). NULL: the kind is not offered. */
	struct ns *(*copy)(struct ns *old, const struct ns_request *req);
	void (*destroy)(struct ns *ns);	/* the last reference is gone */
};

struct ns {
	refcount_t count;
	u32 inode;			/* its number in nsfs: unique among all kinds */
	const struct ns_ops *ops;
	struct user_namespace *owner;	/* reference; NULL: owned by the first */
};

/* The set. Typed ways to its members are in each kind's own header. */
struct namespaces {
	refcount_t count;
	struct ns *of[NS_KINDS];	/* references */
};
extern struct namespaces first_namespaces;

/* Fills the head: one reference, a fresh number, a reference to the owner. */
void ns_init(struct ns *ns, const struct ns_ops *ops, struct user_namespace *owner);
void ns_uninit(struct ns *ns);		/* for destroy: gives the owner back */
static inline struct ns *ns_get(struct ns *ns) { refcount_inc(&ns->count); return ns; }
static inline void ns_put(struct ns *ns)	/* NULL accepted */
{
	if (ns && refcount_dec(&ns->count))
		ns->ops->destroy(ns);
}

/* The CLONE_NEW* flags of the set, and those of them that are offered. */
u64 namespaces_flags(void);
u64 namespaces_flags_offered(void);
/* A set that shares with old what the flags do not ask anew. A reference, or ERR_PTR: EPERM (CAP_SYS_ADMIN in the owner),
 * ENOMEM, ENOSPC. */
struct namespaces *namespaces_copy(struct namespaces *old, const struct ns_request *req);
void namespaces_put(struct namespaces *set);	/* NULL accepted */
static inline struct namespaces *namespaces_get(struct namespaces *s) { refcount_inc(&s->count); return s; }
#endif
