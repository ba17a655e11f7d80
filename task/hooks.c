/*
 * task/hooks.c: who is asked about, and told of, every clone: the audit's counter here, security's when there is one.
 * Way in: task_make asks (a refusal ends the clone before anything changes), task_copy tells past the phase line.
 * Locks: the list only grows, at boot.
 */
#include "task/internal.h"
#include "task/hooks.h"
#include <linux/sched.h>

static struct list hooks = LIST_INIT(hooks);

void task_hook_register(struct task_hook *h) { list_push_back(&hooks, &h->node); }

int hooks_may_clone(const struct clone_request *req)
{
	struct task_hook *h;
	list_for_each(h, &hooks, node) {
		int err = h->may_clone ? h->may_clone(req) : 0;
		if (err)
			return err;
	}
	return 0;
}

void hooks_cloned(const struct task *child, const struct clone_request *req)
{
	struct task_hook *h;
	list_for_each(h, &hooks, node)
		if (h->cloned)
			h->cloned(child, req);
}

/* The audit hook: how many of each kind were made, for /proc/furca/clones. */
struct clone_counts clone_counts;

static void audit_cloned(const struct task *child, const struct clone_request *req)
{
	if (req->kernel_fn)
		clone_counts.kernel++;
	else if (req->flags & CLONE_THREAD)
		clone_counts.threads++;
	else if (req->flags & CLONE_VFORK)
		clone_counts.vforks++;
	else
		clone_counts.forks++;
}

/* The security hook: asked before anything changes; a task without credentials may not make another. */
static int security_may_clone(const struct clone_request *req)
{
	return current->real_cred ? 0 : -EPERM;
}

static struct task_hook audit_hook = { .name = "audit", .cloned = audit_cloned };
static struct task_hook security_hook = { .name = "security", .may_clone = security_may_clone };

void task_hooks_init(void)
{
	task_hook_register(&security_hook);
	task_hook_register(&audit_hook);
}
