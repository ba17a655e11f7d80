/*
 * namespace/cgroup_ns.c: a view of the tree of control groups: its maker's group is the root in /proc/PID/cgroup, in what it
 * mounts, and, with the mount option nsdelegate, in what may be moved where.
 * Locks: none; a namespace's root does not change. Errors: ENOMEM, ENOSPC. Source: cgroup_namespaces(7).
 */
#include "namespace/cgroup_ns.h"
#include "cgroup/cgroup.h"
#include "namespace/user.h"
#include "task/task.h"
#include "mm/slab.h"
#include "base/errno.h"
#include <linux/sched.h>

SLAB_CACHE(cgroup_ns_cache, struct cgroup_ns);

static struct ns *cgroup_ns_copy(struct ns *from, const struct ns_request *req);
static void cgroup_ns_destroy(struct ns *ns);
static const struct ns_ops cgroup_ns_ops = {
	.name = "cgroup", .flag = CLONE_NEWCGROUP, .copy = cgroup_ns_copy, .destroy = cgroup_ns_destroy,
};

struct cgroup_ns first_cgroup_ns = {
	.ns = { .count = REFCOUNT_INIT(1), .inode = 0xeffffffb, .ops = &cgroup_ns_ops, .owner = &first_user_ns },
	.root = &root_cgroup,
};

static struct cgroup_ns *cgroup_ns_from(struct ns *ns) { return container_of(ns, struct cgroup_ns, ns); }
struct cgroup_ns *current_cgroup_ns(void) { return cgroup_ns_from(current->ns->of[NS_CGROUP]); }

static struct ns *cgroup_ns_copy(struct ns *from, const struct ns_request *req)
{
	struct cgroup_ns *c = slab_alloc(&cgroup_ns_cache);

	if (!c)
		return ERR_PTR(-ENOMEM);
	int err = ns_init(&c->ns, &cgroup_ns_ops, req->owner);
	if (err) {
		slab_free(&cgroup_ns_cache, c);
		return ERR_PTR(err);
	}
	c->root = task_get_cgroup(current);
	return &c->ns;
}

static void cgroup_ns_destroy(struct ns *ns)
{
	struct cgroup_ns *c = cgroup_ns_from(ns);

	cgroup_put(c->root);
	ns_uninit(ns);
	slab_free(&cgroup_ns_cache, c);
}
