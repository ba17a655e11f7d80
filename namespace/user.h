/* namespace/user.h: the user namespace, in which capabilities and ids have their meaning; see user_ns.c. */
#ifndef NAMESPACE_USER_H
#define NAMESPACE_USER_H
#include "namespace/namespace.h"
struct user_namespace {
	struct ns ns;
	struct user_namespace *parent;	/* reference; NULL: the first */
	int level;			/* 0: the first */
	u32 uid, gid;			/* whose it is: the maker's effective ids, as numbers of the first namespace */
};
extern struct user_namespace first_user_ns;
/* Has current the capability in ns: held in ns or an ancestor, or as the owner of one on the way? Marks PF_SUPERPRIV. */
bool ns_capable(struct user_namespace *ns, int cap);
bool user_ns_is_below(const struct user_namespace *ns, const struct user_namespace *ancestor);	/* or the same */
u32 user_ns_owner_uid(const struct ns *ns);	/* as current's user namespace shows it */
/* setns, past its last check: current takes on the credentials of the namespace it enters. Takes the reference over. */
void user_ns_commit_cred(struct cred *c);
bool cred_ns_capable(const struct cred *c, struct user_namespace *ns, int cap);
#endif
