/*
 * ipc/sem_undo.c: SEM_UNDO: what a process owes to semaphores and its end gives back. The list of debts is the room
 * "semundo": CLONE_SYSVSEM shares it, exec keeps it, fork without the flag starts without one; the last sharer's end
 * (or unshare) settles it.
 * Way in: semop (sem.c), semctl, the room's drop. Locks: the namespace's ids[IPC_SEM].lock. Errors: -ENOMEM.
 * Differences from Linux: none; as there, a value stops at 0 and at SEMVMX when a debt would take it further. Source:
 * semop(2).
 */
#include "ipc/sem.h"
#include "base/errno.h"
#include "mm/slab.h"
#include "task/task.h"

struct sem_undo *sem_undo_get(struct ipc_ns *ns, struct sem_set *set)
{
	struct semundo *list = semundo_of_current();
	struct sem_undo *u;

	if (!list)
		return ERR_PTR(-ENOMEM);
	list_for_each(u, &list->entries, in_list)
		if (u->set == set)
			return u;
	u = kzalloc(sizeof(*u) + set->n * sizeof(u->adjust[0]));
	if (!u)
		return ERR_PTR(-ENOMEM);
	if (!list->ns) {
		ns_get(&ns->ns);
		list->ns = ns;
	}
	u->set = set;
	list_push_front(&list->entries, &u->in_list);	/* found first, next time */
	list_push_back(&set->undos, &u->in_set);
	return u;
}

static void undo_free(struct sem_undo *u)
{
	list_remove(&u->in_list);
	list_remove(&u->in_set);
	kfree(u);
}

void sem_undo_clear(struct sem_set *set, int from, int to)
{
	struct sem_undo *u;

	list_for_each(u, &set->undos, in_set)
		for (int i = from; i < to; i++)
			u->adjust[i] = 0;
}

void sem_undo_forget(struct sem_set *set)
{
	while (!list_is_empty(&set->undos))
		undo_free(list_first(&set->undos, struct sem_undo, in_set));
}

static void settle(struct sem_undo *u)
{
	struct sem_set *set = u->set;

	for (u32 i = 0; i < set->n; i++) {
		if (!u->adjust[i])
			continue;
		set->sems[i].value = MIN(MAX(set->sems[i].value + u->adjust[i], 0), SEMVMX);
		ipc_note_pid(&set->sems[i].last);
	}
	undo_free(u);
	set->op_time = ipc_now();
	sem_wake(set);
}

void semundo_settle(struct semundo *list)
{
	struct ipc_ns *ns = list->ns;

	if (!ns)
		return;
	mutex_lock(&sem_ids(ns)->lock);
	while (!list_is_empty(&list->entries))
		settle(list_last(&list->entries, struct sem_undo, in_list));
	mutex_unlock(&sem_ids(ns)->lock);
	ns_put(&ns->ns);
}
