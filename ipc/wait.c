/*
 * ipc/wait.c: sleeping on a System V object. Whoever changes the object does the sleeper's work for it and decides its
 * result; the sleeper lives on its own stack and leaves only with the lock taken again, so who decides may touch it
 * until the unlock.
 * Locks: ids->lock of the object. Errors: -ERESTARTSYS, -ETIME.
 */
#include "ipc/ipc.h"
#include "task/task.h"
#include "time/clocks.h"

void ipc_sleeper_init(struct ipc_sleeper *s)
{
	list_init(&s->node);
	waitqueue_init(&s->wait);
	s->result = IPC_PENDING;
}

/* Until s is decided (0), a signal comes, or the deadline passes: -ERESTARTSYS, -ETIME. */
static int sleep_undecided(struct ipc_sleeper *s, const struct deadline *d)
{
	struct waiter w;
	int err = 0;

	waiter_init(&w);
	for (;;) {
		wait_prepare(&s->wait, &w, TASK_INTERRUPTIBLE);
		if (READ_ONCE(s->result) != IPC_PENDING || err)
			break;
		if (signal_is_pending())
			err = -ERESTARTSYS;
		else if (schedule_deadline(d))
			err = -ETIME;
	}
	wait_finish(&s->wait, &w);
	return err;
}

int ipc_sleep(struct ipc_sleeper *s, struct mutex *lock, const struct deadline *d)
{
	static const struct deadline never;

	mutex_unlock(lock);
	int err = sleep_undecided(s, d ? d : &never);
	mutex_lock(lock);
	if (s->result == IPC_PENDING) {
		list_remove(&s->node);
		s->result = err;
	}
	return s->result;
}

void ipc_decide(struct ipc_sleeper *s, int result)
{
	list_remove(&s->node);
	WRITE_ONCE(s->result, result);
	wake_up_all(&s->wait);
}

void ipc_decide_all(struct list *queue, int result)
{
	struct ipc_sleeper *s, *next;

	list_for_each_safe(s, next, queue, node)
		ipc_decide(s, result);
}
