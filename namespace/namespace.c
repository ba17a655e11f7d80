/*
 * namespace/namespace.c: the kinds of namespace in one table, and a task's set of them: copied in part by clone and unshare,
 * shared whole otherwise.
 * Way in: namespaces_copy (task/resources/namespaces.c, task/unshare.c). Way out: each kind's copy and destroy.
 * Locks: none; a set is immutable once a task has it. Errors: EPERM, ENOMEM, ENOSPC. Source: namespaces(7).
 */
#include "namespace/namespace.h"
#include "namespace/net_ns.h"
#include "namespace/time_ns.h"
#include "namespace/ipc.h"
#include "namespace/user.h"
#include "namespace/mount.h"
#include "namespace/uts.h"
#include "namespace/cgroup_ns.h"
#include "namespace/pid_ns.h"
#include "task/task.h"
#include "mm/slab.h"
#include "base/errno.h"
#include <linux/capability.h>
#include <linux/sched.h>

SLAB_CACHE(namespaces_cache, struct namespaces);

/* In the order they are made. */
static const u64 flag_of[NS_KINDS] = {
	[NS_MOUNT] = CLONE_NEWNS,
	[NS_UTS] = CLONE_NEWUTS,
	[NS_IPC] = CLONE_NEWIPC,
	[NS_PID_FOR_CHILDREN] = CLONE_NEWPID,
	[NS_NET] = CLONE_NEWNET,
	[NS_CGROUP] = CLONE_NEWCGROUP,
	[NS_TIME_FOR_CHILDREN] = CLONE_NEWTIME,
};

struct namespaces first_namespaces = {
	.count = REFCOUNT_INIT(1),
	.of = {
		[NS_MOUNT] = &first_mount_ns.ns,
		[NS_UTS] = &first_uts_ns.ns,
		[NS_IPC] = &first_ipc_ns.ns,
		[NS_PID_FOR_CHILDREN] = &first_pid_ns.ns,
		[NS_CGROUP] = &first_cgroup_ns.ns,
		[NS_NET] = &first_net_ns.ns,
		[NS_TIME] = &first_time_ns.ns,
		[NS_TIME_FOR_CHILDREN] = &first_time_ns.ns,
	},
};

static u32 last_inode = 0xf0000000;	/* atomic; the first of each kind have Linux's fixed numbers below */

static enum account_item item_of(const struct ns_ops *ops)
{
	static const struct { u64 flag; enum account_item item; } items[] = {
		{ CLONE_NEWUSER, ACCOUNT_USER_NS }, { CLONE_NEWPID, ACCOUNT_PID_NS }, { CLONE_NEWUTS, ACCOUNT_UTS_NS },
		{ CLONE_NEWIPC, ACCOUNT_IPC_NS }, { CLONE_NEWNET, ACCOUNT_NET_NS }, { CLONE_NEWNS, ACCOUNT_MOUNT_NS },
		{ CLONE_NEWCGROUP, ACCOUNT_CGROUP_NS }, { CLONE_NEWTIME, ACCOUNT_TIME_NS },
	};
	size_t i = 0;

	while (items[i].flag != ops->flag)
		i++;
	return items[i].item;
}

int ns_init(struct ns *ns, const struct ns_ops *ops, struct user_namespace *owner)
{
	struct user_account *a = account_get(owner, current_cred()->euid);
	int err = a ? account_take(a, item_of(ops)) : -ENOMEM;

	if (err) {
		account_put(a);
		return err;
	}
	ns->account = a;
	refcount_set(&ns->count, 1);
	ns->inode = __atomic_add_fetch(&last_inode, 1, __ATOMIC_RELAXED);
	ns->ops = ops;
	ns->owner = owner;
	ns_get(&owner->ns);
	return 0;
}

void ns_uninit(struct ns *ns)
{
	account_add(ns->account, item_of(ns->ops), -1);
	account_put(ns->account);
	ns_put(&ns->owner->ns);
	ns->owner = NULL;
}

struct namespaces *namespaces_clone(struct namespaces *old)
{
	struct namespaces *set = slab_alloc(&namespaces_cache);

	if (!set)
		return NULL;
	refcount_set(&set->count, 1);
	for (int i = 0; i < NS_KINDS; i++)
		set->of[i] = old->of[i] ? ns_get(old->of[i]) : NULL;
	return set;
}

struct namespaces *task_get_namespaces(struct task *t)
{
	unsigned long flags = spin_lock_irqsave(&t->lock);
	struct namespaces *set = t->ns ? namespaces_get(t->ns) : NULL;

	spin_unlock_irqrestore(&t->lock, flags);
	return set;
}

struct namespaces *namespaces_copy(struct namespaces *old, const struct ns_request *req)
{
	if (likely(!(req->flags & NAMESPACE_FLAGS)))
		return namespaces_get(old);
	if (!ns_capable(req->owner, CAP_SYS_ADMIN))
		return ERR_PTR(-EPERM);
	struct namespaces *set = slab_zalloc(&namespaces_cache);
	if (!set)
		return ERR_PTR(-ENOMEM);
	refcount_set(&set->count, 1);
	for (int i = 0; i < NS_KINDS; i++) {
		struct ns *from = old->of[i];
		if (!from)
			continue;
		struct ns *ns = req->flags & flag_of[i] ? from->ops->copy(from, req) : ns_get(from);
		if (IS_ERR(ns)) {
			namespaces_put(set);
			return ERR_PTR(PTR_ERR(ns));
		}
		set->of[i] = ns;
	}
	return set;
}

void namespaces_put(struct namespaces *set)
{
	if (!set || !refcount_dec(&set->count))
		return;
	for (int i = NS_KINDS; i-- > 0;)
		ns_put(set->of[i]);
	slab_free(&namespaces_cache, set);
}
