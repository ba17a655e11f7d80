/*
 * task/resources/io.c: the room "io": the I/O priority, shared by CLONE_IO, else copied. The counters that
 * /proc/PID/io shows are each task's own and start at nothing.
 */
#include "task/internal.h"
#include "mm/slab.h"
#include "base/errno.h"

SLAB_CACHE(io_cache, struct io_room);

int room_io_copy(struct task *child, const struct clone_request *req)
{
	if (!current->io)	/* made by the first ioprio_set: nothing to share before */
		return 0;
	child->io = slab_alloc(&io_cache);
	if (!child->io)
		return -ENOMEM;
	refcount_set(&child->io->count, 1);
	child->io->priority = current->io->priority;
	return 0;
}

void room_io_put(struct task *t, void *body)
{
	struct io_room *io = body;

	if (refcount_dec(&io->count))
		slab_free(&io_cache, io);
}

/* 0: none of its own. */
int task_io_priority(struct task *t)
{
	unsigned long flags = spin_lock_irqsave(&t->lock);
	int priority = t->io ? t->io->priority : 0;
	spin_unlock_irqrestore(&t->lock, flags);
	return priority;
}

int task_set_io_priority(struct task *t, int priority)
{
	struct io_room *fresh = slab_alloc(&io_cache);
	unsigned long flags = spin_lock_irqsave(&t->lock);
	int err = -ENOMEM;
	if (t->flags & PF_EXITING) {
		err = 0;
	} else {
		if (!t->io && fresh) {
			refcount_set(&fresh->count, 1);
			t->io = fresh;
			fresh = NULL;
		}
		if (t->io) {
			t->io->priority = priority;
			err = 0;
		}
	}
	spin_unlock_irqrestore(&t->lock, flags);
	slab_free(&io_cache, fresh);
	return err;
}
