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

struct user_account;
struct user_namespace;
struct fs_room;
struct task;
struct cred;
struct ns;
struct namespaces;

/* What a copy is made from: the flags, who will own it, and the room whose root and working directory follow into a new
 * mount namespace (the child's in clone, the caller's new one in unshare). */
struct ns_request {
	u64 flags;
	struct user_namespace *owner;	/* borrowed */
	struct fs_room *fs;		/* borrowed */
};

/* setns in the making: what the caller will have once every kind it asked for has agreed (setns.c). */
struct ns_entry {
	u64 flags;
	struct namespaces *set;		/* owned: the next set, still to be edited */
	struct cred *cred;		/* owned: the next credentials when a user namespace is entered, else NULL */
	struct fs_room *fs;		/* reference: whose root and working directory a mount namespace moves: a fresh copy,
					   or the caller's own when that is the only kind entered */
};

struct ns_ops {
	const char *name;		/* in /proc/PID/ns */
	u64 flag;			/* CLONE_NEW* */
	/* A new one, made like old: a reference, or ERR_PTR (ENOMEM, ENOSPC). */
	struct ns *(*copy)(struct ns *old, const struct ns_request *req);
	void (*destroy)(struct ns *ns);	/* the last reference is gone */
	/* setns: may current come in? Then ns is noted in e. 0 or -errno, e as it was. NULL: the rule of most kinds: CAP_SYS_ADMIN
	 * both in ns's owner and in the caller's (next) user namespace. */
	int (*enter)(struct ns_entry *e, struct ns *ns);
	struct ns *(*parent)(struct ns *ns);	/* borrowed, NULL at the top. NULL: the kind knows none */
};

struct ns {
	refcount_t count;
	u32 inode;			/* its number in nsfs: unique among all kinds */
	const struct ns_ops *ops;
	struct user_namespace *owner;	/* reference; NULL: the first user namespace */
	struct user_account *account;	/* reference: who is charged: the maker, in owner; NULL: one of the first */
};

/* The set. Typed ways to its members are in each kind's own header. */
struct namespaces {
	refcount_t count;
	struct ns *of[NS_KINDS];	/* references */
};
extern struct namespaces first_namespaces;

/* Fills the head: one reference, a fresh number, a reference to the owner. 0, or -ENOSPC (the user has too many of the kind)
 * or -ENOMEM: then nothing is held. */
int __must_check ns_init(struct ns *ns, const struct ns_ops *ops, struct user_namespace *owner);
void ns_uninit(struct ns *ns);		/* for destroy: gives the owner back */
static inline struct ns *ns_get(struct ns *ns) { refcount_inc(&ns->count); return ns; }
static inline void ns_put(struct ns *ns)	/* NULL accepted */
{
	if (ns && refcount_dec(&ns->count))
		ns->ops->destroy(ns);
}

/* The flags of the set: all but the user namespace's. */
#define NAMESPACE_FLAGS (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_NEWTIME)
/* A set that shares with old what the flags do not ask anew. A reference, or ERR_PTR: EPERM (CAP_SYS_ADMIN in the owner),
 * ENOMEM, ENOSPC. */
struct namespaces *namespaces_copy(struct namespaces *old, const struct ns_request *req);
void namespaces_put(struct namespaces *set);	/* NULL accepted */
static inline struct namespaces *namespaces_get(struct namespaces *s) { refcount_inc(&s->count); return s; }
struct namespaces *namespaces_clone(struct namespaces *old);	/* a set of the same members to edit; NULL: memory */
struct namespaces *task_get_namespaces(struct task *t);	/* a reference; NULL: past exit */

/* For enter: the two rights above (0 or -EPERM), and ns in its kind's slot of the next set. */
int __must_check ns_may_enter(const struct ns_entry *e, const struct ns *ns);
struct user_namespace *ns_entry_user_ns(const struct ns_entry *e);	/* borrowed: the caller's next */
void ns_entry_set(struct ns_entry *e, enum ns_kind kind, struct ns *ns);
#endif
