/*
 * namespace/user_ns.c: which capabilities a credential has in which user namespace.
 * Locks: none; a namespace's parent and owner do not change. Source: user_namespaces(7), capabilities(7).
 */
#include "namespace/user.h"
#include "task/task.h"
#include "fs/vfs.h"
#include <linux/capability.h>
#include <linux/sched.h>

static struct ns *parent_of(struct ns *ns);
static int user_ns_enter(struct ns_entry *e, struct ns *ns);
static const struct ns_ops user_ns_ops = {
	.name = "user", .flag = CLONE_NEWUSER, .enter = user_ns_enter, .parent = parent_of,
};

struct user_namespace first_user_ns = {
	.ns = { .count = REFCOUNT_INIT(1), .inode = 0xeffffffd, .ops = &user_ns_ops },
};

static struct user_namespace *user_ns_of(const struct ns *ns) { return container_of(ns, struct user_namespace, ns); }

static struct ns *parent_of(struct ns *ns)
{
	struct user_namespace *parent = user_ns_of(ns)->parent;
	return parent ? &parent->ns : NULL;
}

bool user_ns_is_below(const struct user_namespace *ns, const struct user_namespace *ancestor)
{
	while (ns && ns->level > ancestor->level)
		ns = ns->parent;
	return ns == ancestor;
}

u32 user_ns_owner_uid(const struct ns *ns) { return user_ns_of(ns)->uid; }

/* -- setns -- */
/* Its own would give back what the caller has dropped; others would see threads, or a shared root, half inside. */
static int user_ns_enter(struct ns_entry *e, struct ns *ns)
{
	struct user_namespace *user_ns = user_ns_of(ns);

	if (user_ns == current_cred()->user_ns || current->signal->threads > 1 || refcount_read(&current->fs->count) > 1)
		return -EINVAL;
	if (!ns_capable(user_ns, CAP_SYS_ADMIN))
		return -EPERM;
	ns_put(&e->cred->user_ns->ns);
	e->cred->user_ns = user_ns_of(ns_get(ns));
	return 0;
}

void user_ns_commit_cred(struct cred *c) { cred_install(c); }

/* -- rights -- */
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
