/*
 * ipc/sem.c: System V semaphores: sets, semget, semop and semtimedop.
 *
 * A semop is done whole or not at all. One that must wait stands in the set's queue; whoever changes a value goes
 * through the queue from its beginning and does every operation that has become possible, on behalf of the sleeper
 * (those that wait for zero first, since they change nothing), until none is left that can be done.
 * Way in: the system calls; semctl is in sem_ctl.c, exit's part in sem_undo.c.
 * Locks: the namespace's ids[IPC_SEM].lock; user memory is read before it is taken.
 * Errors: E2BIG, EACCES, EAGAIN, EFAULT, EFBIG, EIDRM, EINTR (never restarted), EINVAL, ENOMEM, ENOSPC, ERANGE.
 * Source: semget(2), semop(2), sysvipc(7), Linux 6.1's order of checks.
 */
#include "ipc/sem.h"
#include "base/errno.h"
#include "base/printk.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "fs/proc/proc.h"
#include "pid/pid.h"
#include "syscall/define.h"
#include "namespace/user.h"
#include "task/task.h"
#include "time/clocks.h"

#define OPS_ON_STACK 16

static struct sem_set *of_object(struct ipc_object *o) { return container_of(o, struct sem_set, o); }

struct sem_set *sem_find(struct ipc_ns *ns, int id)
{
	struct ipc_object *o = ipc_find(sem_ids(ns), id);
	return IS_ERR(o) ? (struct sem_set *)o : of_object(o);
}

/* -- sets -- */
static int set_create(struct ipc_ns *ns, s32 key, size_t n, int flags)
{
	if (!n)
		return -EINVAL;
	if (ns->sem_used + (int)n > ns->sem_all)
		return -ENOSPC;
	struct sem_set *set = kzalloc(sizeof(*set) + n * sizeof(set->sems[0]));
	if (!set)
		return -ENOMEM;
	set->n = (u32)n;
	set->change_time = ipc_now();
	list_init(&set->waiters);
	list_init(&set->undos);
	int id = ipc_add(sem_ids(ns), &set->o, key, flags, ns->sem_sets);
	if (id < 0)
		kfree(set);
	else
		ns->sem_used += (int)n;
	return id;
}

static int set_check(const struct ipc_object *o, size_t n)
{
	return n > container_of(o, struct sem_set, o)->n ? -EINVAL : 0;
}

long sys_semget(int key, int count, int flags)
{
	static const struct ipc_get_ops ops = { IPC_SEM, set_create, set_check };

	if (count < 0 || count > current_ipc_ns()->sem_per_set)
		return -EINVAL;
	return ipc_get(&ops, key, (size_t)count, flags);
}

void sem_free(struct ipc_ns *ns, struct sem_set *set)
{
	ipc_remove(sem_ids(ns), &set->o);
	sem_undo_forget(set);
	ipc_decide_all(&set->waiters, -EIDRM);
	ns->sem_used -= (int)set->n;
	for (u32 i = 0; i < set->n; i++)
		pid_put(set->sems[i].last);
	kfree(set);
}

void sem_free_all(struct ipc_ns *ns)
{
	struct ipc_ids *ids = sem_ids(ns);

	mutex_lock(&ids->lock);
	while (ids->highest >= 0)
		sem_free(ns, of_object(ids->places[ids->highest]));
	mutex_unlock(&ids->lock);
}

/* -- one semop -- */
/* Does op on its semaphore. 0; IPC_PENDING: not now; -ERANGE. */
static int op_apply(struct sem_set *set, struct sem_undo *undo, const struct sembuf *op)
{
	struct sem *s = &set->sems[op->sem_num];
	int value = s->value + op->sem_op;

	if (value < 0 || (!op->sem_op && value))
		return IPC_PENDING;
	if (value > SEMVMX)
		return -ERANGE;
	if (op->sem_flg & SEM_UNDO) {
		int adjust = undo->adjust[op->sem_num] - op->sem_op;
		if (adjust < -SEMAEM - 1 || adjust > SEMAEM)
			return -ERANGE;
		undo->adjust[op->sem_num] = (s16)adjust;
	}
	s->value = value;
	return 0;
}

static void op_revert(struct sem_set *set, struct sem_undo *undo, const struct sembuf *op)
{
	set->sems[op->sem_num].value -= op->sem_op;
	if (op->sem_flg & SEM_UNDO)
		undo->adjust[op->sem_num] = (s16)(undo->adjust[op->sem_num] + op->sem_op);
}

/* All of w or nothing. 0; IPC_PENDING; -EAGAIN: it does not want to wait; -ERANGE. */
static int ops_try(struct sem_set *set, struct sem_waiter *w)
{
	unsigned i;
	int result = 0;

	for (i = 0; i < w->n && !result; i++)
		result = op_apply(set, w->undo, &w->ops[i]);
	if (result) {
		w->blocked_at = &w->ops[--i];
		while (i-- > 0)
			op_revert(set, w->undo, &w->ops[i]);
		return result == IPC_PENDING && (w->blocked_at->sem_flg & IPC_NOWAIT) ? -EAGAIN : result;
	}
	for (i = 0; i < w->n; i++) {
		struct pid **last = &set->sems[w->ops[i].sem_num].last;
		if (*last != w->pid) {
			pid_put(*last);
			*last = pid_get(w->pid);
		}
	}
	set->op_time = ipc_now();
	return 0;
}

/* Goes once through those that alter, or those that do not. True: a value has changed. */
static bool wake_once(struct sem_set *set, bool alters)
{
	struct ipc_sleeper *s, *next;

	list_for_each_safe(s, next, &set->waiters, node) {
		struct sem_waiter *w = container_of(s, struct sem_waiter, sleeper);
		if (w->alters != alters)
			continue;
		int result = ops_try(set, w);
		if (result == IPC_PENDING)
			continue;
		ipc_decide(s, result);
		if (!result && alters)
			return true;
	}
	return false;
}

void sem_wake(struct sem_set *set)
{
	do {
		wake_once(set, false);
	} while (wake_once(set, true));
}

/* -- the calls -- */
static int wait_error(int result)
{
	return result == -ERESTARTSYS ? -EINTR : result == -ETIME ? -EAGAIN : result;
}

static bool any_op(const struct sem_waiter *w, bool (*is)(const struct sembuf *))
{
	for (unsigned i = 0; i < w->n; i++)
		if (is(&w->ops[i]))
			return true;
	return false;
}
static bool op_undoes(const struct sembuf *op) { return op->sem_flg & SEM_UNDO; }
static bool op_alters(const struct sembuf *op) { return op->sem_op; }

static int check_ops(const struct ipc_ns *ns, const struct sem_set *set, const struct sem_waiter *w)
{
	for (unsigned i = 0; i < w->n; i++)
		if (w->ops[i].sem_num >= set->n)
			return -EFBIG;
	return ipc_may(ns, &set->o, w->alters ? IPC_ASK_WRITE : IPC_ASK_READ);
}

static int semop_locked(struct ipc_ns *ns, int id, struct sem_waiter *w, const struct deadline *d)
{
	struct sem_set *set = sem_find(ns, id);

	if (IS_ERR(set))
		return PTR_ERR(set);
	if (any_op(w, op_undoes)) {
		w->undo = sem_undo_get(ns, set);
		if (IS_ERR(w->undo))
			return PTR_ERR(w->undo);
	}
	int result = check_ops(ns, set, w);
	if (!result)
		result = ops_try(set, w);
	if (!result && w->alters)
		sem_wake(set);
	if (result != IPC_PENDING)
		return result;
	list_push_back(&set->waiters, &w->sleeper.node);
	return wait_error(ipc_sleep(&w->sleeper, &sem_ids(ns)->lock, d));
}

static int semop_kernel(int id, const struct sembuf *ops, unsigned n, const struct deadline *d)
{
	struct ipc_ns *ns = current_ipc_ns();
	struct sem_waiter w = { .ops = ops, .n = n, .pid = current->signal->pids[PID_TGID] };

	ipc_sleeper_init(&w.sleeper);
	w.alters = any_op(&w, op_alters);
	mutex_lock(&sem_ids(ns)->lock);
	int result = semop_locked(ns, id, &w, d);
	mutex_unlock(&sem_ids(ns)->lock);
	return result;
}

static long semop(int id, uptr user_ops, unsigned n, const struct __kernel_timespec *timeout)
{
	struct sembuf on_stack[OPS_ON_STACK], *ops = on_stack;
	struct deadline d = { 0 };
	long result;

	if (n > (unsigned)current_ipc_ns()->sem_ops)
		return -E2BIG;
	if (n < 1)
		return -EINVAL;
	if (n > OPS_ON_STACK) {
		ops = kmalloc(n * sizeof(*ops));
		if (!ops)
			return -ENOMEM;
	}
	result = copy_from_user(ops, user_ops, n * sizeof(*ops));
	if (!result && id < 0)
		result = -EINVAL;
	if (!result && timeout) {
		result = timespec_to_ns(&d.ns, timeout);
		d.ns = deadline_add(time_now_ns(), d.ns);
	}
	if (!result)
		result = semop_kernel(id, ops, n, &d);
	if (ops != on_stack)
		kfree(ops);
	return result;
}

long sys_semop(int id, uptr ops, unsigned n) { return semop(id, ops, n, NULL); }

long sys_semtimedop(int id, uptr ops, unsigned n, uptr timeout)
{
	struct __kernel_timespec ts;

	if (timeout && copy_from_user(&ts, timeout, sizeof(ts)))
		return -EFAULT;
	return semop(id, ops, n, timeout ? &ts : NULL);
}

/* -- /proc/sysvipc/sem -- */
void sem_show_all(struct ipc_ns *ns, struct text *t)
{
	struct ipc_ids *ids = sem_ids(ns);

	text_print(t, "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n");
	mutex_lock(&ids->lock);
	for (int i = 0; i <= ids->highest; i++) {
		if (!ids->places[i])
			continue;
		const struct sem_set *s = of_object(ids->places[i]);
		const struct ipc_object *o = &s->o;
		text_print(t, "%10d %10d  %4o %10u %5u %5u %5u %5u %10ld %10ld\n", o->key, o->id, o->mode, s->n, uid_shown(o->uid),
			   gid_shown(o->gid), uid_shown(o->cuid), gid_shown(o->cgid), (long)s->op_time, (long)s->change_time);
	}
	mutex_unlock(&ids->lock);
}
