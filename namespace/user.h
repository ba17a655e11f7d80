/*
 * namespace/user.h: the user namespace, in which capabilities and ids have their meaning; see user_ns.c, id_map.c.
 * Inside the kernel every user, group and project id is that of the first namespace (credentials, inodes, owners). An id is
 * translated where it comes in from user mode (*_to_kernel: may be NO_ID, mostly EINVAL) and where it goes out (*_shown: an
 * id that has no name there is shown as overflow_uid, 65534; *_from_kernel: NO_ID).
 */
#ifndef NAMESPACE_USER_H
#define NAMESPACE_USER_H
#include "namespace/account.h"
#include "namespace/namespace.h"
#include "sync/mutex.h"
#include "task/task.h"

#define NO_ID ((u32)-1)
extern int overflow_uid, overflow_gid;	/* /proc/sys/kernel: how an id is shown that has no name */

enum id_kind { ID_USER, ID_GROUP, ID_PROJECT, ID_KINDS };
/* `count` ids from `first` on are, in the first namespace, those from `kernel` on. */
struct id_extent { u32 first, kernel, count; };
struct id_map { u32 n; struct id_extent extents[]; };

struct user_namespace {
	struct ns ns;			/* ns.owner is the parent */
	struct user_namespace *parent;	/* borrowed from ns.owner; NULL: the first */
	int level;			/* 0: the first */
	u32 uid, gid;			/* whose it is: the maker's effective ids */
	const struct id_map *maps[ID_KINDS];	/* owned; written once (under user_ns_lock), then immutable. NULL: none yet */
	bool is_setgroups_denied;	/* user_ns_lock */
	bool maker_had_setfcap;		/* so it may give away the parent's root */
	u64 max[ACCOUNT_ITEMS];		/* how many a user may have here: what /proc/sys/user and the maker's limits said */
};
extern struct user_namespace first_user_ns;
extern struct mutex user_ns_lock;	/* RANK_USER_NS: the writing of maps */

/* /proc/sys/kernel/unprivileged_userns_clone, as Debian has it: 0: only for CAP_SYS_ADMIN. */
extern int user_ns_for_all;
/* Puts a new user namespace into the credentials, which are their holder's to edit, with every capability in it. 0, -ENOSPC,
 * -EPERM (in a chroot, or the maker has no name in the parent), -ENOMEM. */
int __must_check user_ns_new(struct cred *c);
/* Has current the capability in ns: held in ns or an ancestor, or as the owner of one on the way? Marks PF_SUPERPRIV. */
bool ns_capable(struct user_namespace *ns, int cap);
/* The same in the user namespace of t's credentials. */
bool task_is_under(struct task *t, int cap);
bool cred_ns_capable(const struct cred *c, struct user_namespace *ns, int cap);
static inline struct user_namespace *current_user_ns(void) { return current->cred->user_ns; }
bool user_ns_is_below(const struct user_namespace *ns, const struct user_namespace *ancestor);	/* or the same */
u32 user_ns_owner_uid(const struct ns *ns);	/* as current's user namespace shows it */
/* What the change of credentials from old to fresh makes of rights: no more than old could have given itself? */
bool cred_is_subset(const struct cred *old, const struct cred *fresh);

/* -- ids (id_map.c) -- */
u32 id_to_kernel_mapped(const struct user_namespace *ns, enum id_kind kind, u32 id);
u32 id_from_kernel_mapped(const struct user_namespace *ns, enum id_kind kind, u32 id);
static inline u32 id_to_kernel(const struct user_namespace *ns, enum id_kind kind, u32 id)
{
	return ns == &first_user_ns ? id : id_to_kernel_mapped(ns, kind, id);
}
static inline u32 id_from_kernel(const struct user_namespace *ns, enum id_kind kind, u32 id)
{
	return ns == &first_user_ns ? id : id_from_kernel_mapped(ns, kind, id);
}
static inline u32 uid_to_kernel(const struct user_namespace *ns, u32 uid) { return id_to_kernel(ns, ID_USER, uid); }
static inline u32 gid_to_kernel(const struct user_namespace *ns, u32 gid) { return id_to_kernel(ns, ID_GROUP, gid); }
static inline u32 uid_from_kernel(const struct user_namespace *ns, u32 uid) { return id_from_kernel(ns, ID_USER, uid); }
static inline u32 gid_from_kernel(const struct user_namespace *ns, u32 gid) { return id_from_kernel(ns, ID_GROUP, gid); }
static inline u32 id_or(u32 id, int otherwise) { return id == NO_ID ? (u32)otherwise : id; }
static inline u32 uid_shown_in(const struct user_namespace *ns, u32 uid) { return id_or(uid_from_kernel(ns, uid), overflow_uid); }
static inline u32 gid_shown_in(const struct user_namespace *ns, u32 gid) { return id_or(gid_from_kernel(ns, gid), overflow_gid); }
/* As current sees them. */
static inline u32 uid_shown(u32 uid) { return uid_shown_in(current_user_ns(), uid); }
static inline u32 gid_shown(u32 gid) { return gid_shown_in(current_user_ns(), gid); }
/* The kernel's id of what current calls so. */
static inline u32 uid_named(u32 uid) { return uid_to_kernel(current_user_ns(), uid); }
static inline u32 gid_named(u32 gid) { return gid_to_kernel(current_user_ns(), gid); }
/* Have both a name in ns? */
static inline bool ids_are_known(const struct user_namespace *ns, u32 uid, u32 gid)
{
	return uid_from_kernel(ns, uid) != NO_ID && gid_from_kernel(ns, gid) != NO_ID;
}
/* A writer's text for one of the maps of ns, with the credentials that opened the file. 0 or -errno. */
int __must_check id_map_write(struct user_namespace *ns, enum id_kind kind, const struct cred *opener, char *text);
int __must_check user_ns_set_setgroups(struct user_namespace *ns, bool is_allowed);	/* /proc/PID/setgroups: 0 or -EPERM */
bool user_ns_may_setgroups(struct user_namespace *ns);	/* with CAP_SETGID */
#endif
