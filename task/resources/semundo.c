/*
 * task/resources/semundo.c: the room "semundo": what System V semaphores give back at exit (ipc/sem_undo.c).
 * CLONE_SYSVSEM shares the list; without it the child starts with none ("fresh"), it never inherits the parent's debts.
 */
#include "task/internal.h"
#include "ipc/sem.h"
#include "mm/slab.h"
#include "base/errno.h"
#include <linux/sched.h>

SLAB_CACHE(semundo_cache, struct semundo);

/* current's list, made when first asked for (a semaphore operation with SEM_UNDO, or a clone that shares it). */
struct semundo *semundo_of_current(void)
{
	if (!current->semundo) {
		struct semundo *s = slab_zalloc(&semundo_cache);
		if (!s)
			return NULL;
		refcount_set(&s->count, 1);
		list_init(&s->entries);
		current->semundo = s;
	}
	return current->semundo;
}

/* current has none yet that could be shared. */
int room_semundo_copy(struct task *child, const struct clone_request *req)
{
	if (!(req->flags & CLONE_SYSVSEM))
		return 0;
	struct semundo *s = semundo_of_current();
	if (!s)
		return -ENOMEM;
	refcount_inc(&s->count);
	child->semundo = s;
	return 0;
}

void room_semundo_put(struct task *t, void *body)
{
	struct semundo *s = body;

	if (!refcount_dec(&s->count))
		return;
	semundo_settle(s);
	slab_free(&semundo_cache, s);
}

void semundo_leave(void)
{
	struct semundo *s = current->semundo;

	current->semundo = NULL;
	if (s)
		room_semundo_put(current, s);
}
