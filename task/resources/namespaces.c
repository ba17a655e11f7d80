/*
 * task/resources/namespaces.c: the room "namespaces": the set of worlds a task lives in, immutable and counted; fork
 * takes one count. New worlds (CLONE_NEW*) are refused by clone_request.c until they exist.
 */
#include "task/internal.h"
#include "mm/slab.h"
#include "base/errno.h"

SLAB_CACHE(namespaces_cache, struct namespaces);

int room_namespaces_copy(struct task *child, const struct clone_request *req)
{
	refcount_inc(&current->ns->count);
	child->ns = current->ns;
	return 0;
}

void room_namespaces_drop(struct task *t)
{
	unsigned long flags = spin_lock_irqsave(&t->lock);
	struct namespaces *ns = t->ns;
	t->ns = NULL;
	spin_unlock_irqrestore(&t->lock, flags);
	if (ns && refcount_dec(&ns->count))
		slab_free(&namespaces_cache, ns);
}
