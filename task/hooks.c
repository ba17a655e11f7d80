/*
 * task/hooks.c: who is asked about, and told of, every clone: the audit's counter and security's question, here.
 * Way in: task_make asks (a refusal ends the clone before anything changes), task_copy tells past the phase line.
 * Locks: none: the list is fixed.
 */
#include "task/internal.h"
#include "task/hooks.h"
#include <linux/sched.h>

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

struct task_hook {
	const char *name;
	int (*may_clone)(const struct clone_request *req);	/* before anything changes: 0 or -errno; may be NULL */
	void (*cloned)(const struct task *child, const struct clone_request *req);	/* past the phase line; may be NULL */
};
static const struct task_hook hooks[] = {
	{ "security",	security_may_clone,	NULL },
	{ "audit",	NULL,			audit_cloned },
};

int hooks_may_clone(const struct clone_request *req)
{
#pragma clang loop unroll(full)
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		int err = hooks[i].may_clone ? hooks[i].may_clone(req) : 0;
		if (err)
			return err;
	}
	return 0;
}

void hooks_cloned(const struct task *child, const struct clone_request *req)
{
#pragma clang loop unroll(full)
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		if (hooks[i].cloned)
			hooks[i].cloned(child, req);
}
