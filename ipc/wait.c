/*
 * ipc/wait.c: sleeping on a System V object. Whoever changes the object does the sleeper's work for it and decides its result;
 * the sleeper lives on its own stack and leaves only with the lock taken again, so who decides may touch it until the unlock.
 * Locks: ids->lock of the object. Errors: -ERESTARTSYS, -ETIME.
 */
#include "ipc/ipc.h"
#include "task/task.h"

void ipc_sleeper_init(struct ipc_sleeper *s)
{
	list_init(&s->node);
	waitqueue_init(&s->wait);
	s->result = IPC_PENDING;
}

int ipc_sleep(struct ipc_sleeper *s, struct mutex *lock, u64 deadline_ns)
{
	mutex_unlock(lock);
	int err = wait_event_state(&s->wait, READ_ONCE(s->result) != IPC_PENDING, TASK_INTERRUPTIBLE, deadline_ns);
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
