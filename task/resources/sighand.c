/*
 * task/resources/sighand.c: the room "sighand": what each signal does. CLONE_SIGHAND shares the handle; else the child's
 * own handle points to the same table until one of them calls sigaction (signal/action.c). CLONE_CLEAR_SIGHAND: handlers
 * go to the default, ignored signals stay ignored.
 */
#include "task/internal.h"
#include "base/errno.h"
#include <linux/sched.h>

int room_sighand_copy(struct task *child, const struct clone_request *req)
{
	if (!current->sighand) {
		child->sighand = sighand_new();
		return child->sighand ? 0 : -ENOMEM;
	}
	child->sighand = sighand_copy(current->sighand);
	if (!child->sighand)
		return -ENOMEM;
	return req->flags & CLONE_CLEAR_SIGHAND ? sighand_clear(child) : 0;
}

void room_sighand_put(struct task *t, void *body) { sighand_put(body); }
