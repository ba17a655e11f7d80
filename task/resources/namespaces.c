/*
 * task/resources/namespaces.c: the room "namespaces": the set of worlds a task lives in, immutable and counted; fork takes
 * one count, CLONE_NEW* makes a set in which some are new (namespace/namespace.c).
 */
#include "task/internal.h"
#include "namespace/time_ns.h"
#include "namespace/user.h"
#include "base/errno.h"

int room_namespaces_copy(struct task *child, const struct clone_request *req)
{
	struct ns_request ask = { .flags = req->flags, .owner = child->cred->user_ns, .fs = child->fs };
	struct namespaces *set = namespaces_copy(current->ns, &ask);

	if (IS_ERR(set))
		return PTR_ERR(set);
	child->ns = set;
	return time_ns_fork(child);
}

/* Another task may be looking at the set (/proc, setns). */
void task_set_namespaces(struct task *t, struct namespaces *set)
{
	unsigned long flags = spin_lock_irqsave(&t->lock);
	struct namespaces *old = t->ns;
	t->ns = set;
	spin_unlock_irqrestore(&t->lock, flags);
	namespaces_put(old);
}

void room_namespaces_put(struct task *t, void *body) { namespaces_put(body); }
