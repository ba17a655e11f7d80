/*
 * namespace/user_ns.c: which capabilities a credential has in which user namespace.
 * Locks: none; a namespace's parent and owner do not change. Source: user_namespaces(7), capabilities(7).
 */
#include "namespace/user.h"
#include "task/task.h"
#include <linux/sched.h>

static const struct ns_ops user_ns_ops = { .name = "user", .flag = CLONE_NEWUSER };

struct user_namespace first_user_ns = {
	.ns = { .count = REFCOUNT_INIT(1), .inode = 0xeffffffd, .ops = &user_ns_ops },
};

/* Rights are held in the credential's own namespace, and go down from there: to a namespace below, whose owner has all of
 * them; not up, and not to the side. */
bool cred_ns_capable(const struct cred *c, struct user_namespace *ns, int cap)
{
	for (; ns; ns = ns->parent) {
		if (ns == c->user_ns)
			return c->cap_effective & BIT(cap);
		if (ns->level <= c->user_ns->level)
			return false;
		if (ns->parent == c->user_ns && ns->uid == c->euid)
			return true;
	}
	return false;
}

bool ns_capable(struct user_namespace *ns, int cap)
{
	if (!cred_ns_capable(current->cred, ns, cap))
		return false;
	current->flags |= PF_SUPERPRIV;
	return true;
}

bool capable(int cap) { return ns_capable(&first_user_ns, cap); }
