/*
 * ipc/sem_ctl.c: semctl. Each command: user memory first or last, the set's lookup, the right, then the deed.
 * Locks: the namespace's ids[IPC_SEM].lock; no user memory under it but for arrays that were copied.
 * Errors: EACCES, EFAULT, EINVAL, ENOMEM, EPERM, ERANGE. Source: semctl(2), Linux 6.1's order of checks.
 */
#include "ipc/sem.h"
#include "base/errno.h"
#include "base/string.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "syscall/define.h"

/* -- IPC_INFO, SEM_INFO -- */
static long info(struct ipc_ns *ns, int cmd, uptr out)
{
	struct seminfo i = {
		.semmap = SEMMAP, .semmni = ns->sem_sets, .semmns = ns->sem_all, .semmnu = SEMMNU, .semmsl = ns->sem_per_set,
		.semopm = ns->sem_ops, .semume = SEMUME, .semusz = SEMUSZ, .semvmx = SEMVMX, .semaem = SEMAEM,
	};
	mutex_lock(&sem_ids(ns)->lock);
	if (cmd == SEM_INFO) {
		i.semusz = sem_ids(ns)->used;
		i.semaem = ns->sem_used;
	}
	int highest = MAX(sem_ids(ns)->highest, 0);
	mutex_unlock(&sem_ids(ns)->lock);
	return copy_to_user(out, &i, sizeof(i)) ? -EFAULT : highest;
}

/* -- IPC_STAT and its likes -- */
static long stat_locked(struct ipc_ns *ns, int id, int cmd, struct semid64_ds *out)
{
	struct ipc_object *o = cmd == IPC_STAT ? ipc_find(sem_ids(ns), id) : ipc_at(sem_ids(ns), id);
	int err = 0;

	if (IS_ERR(o))
		return PTR_ERR(o);
	if (cmd != SEM_STAT_ANY)
		err = ipc_may(ns, o, IPC_ASK_READ);
	if (err)
		return err;
	const struct sem_set *set = container_of(o, struct sem_set, o);
	*out = (struct semid64_ds){ .sem_otime = set->op_time, .sem_ctime = set->change_time, .sem_nsems = set->n };
	ipc_fill_perm(o, &out->sem_perm);
	return cmd == IPC_STAT ? 0 : o->id;
}

static long stat(struct ipc_ns *ns, int id, int cmd, uptr out)
{
	struct semid64_ds s;

	mutex_lock(&sem_ids(ns)->lock);
	long result = stat_locked(ns, id, cmd, &s);
	mutex_unlock(&sem_ids(ns)->lock);
	return result >= 0 && copy_to_user(out, &s, sizeof(s)) ? -EFAULT : result;
}

/* -- IPC_SET, IPC_RMID -- */
static int change_locked(struct ipc_ns *ns, int id, int cmd, const struct semid64_ds *in)
{
	struct sem_set *set = sem_find(ns, id);

	if (IS_ERR(set))
		return PTR_ERR(set);
	int err = ipc_may_change(ns, &set->o);
	if (err)
		return err;
	if (cmd == IPC_RMID) {
		sem_free(ns, set);
		return 0;
	}
	err = ipc_set_perm(&set->o, &in->sem_perm);
	if (!err)
		set->change_time = ipc_now();
	return err;
}

static long change(struct ipc_ns *ns, int id, int cmd, uptr in)
{
	struct semid64_ds s;

	if (cmd == IPC_SET && copy_from_user(&s, in, sizeof(s)))
		return -EFAULT;
	mutex_lock(&sem_ids(ns)->lock);
	int result = change_locked(ns, id, cmd, &s);
	mutex_unlock(&sem_ids(ns)->lock);
	return result;
}

/* -- one value -- */
static int count_waiters(const struct sem_set *set, int number, bool for_zero)
{
	const struct ipc_sleeper *s;
	int n = 0;

	list_for_each(s, &set->waiters, node) {
		const struct sembuf *at = container_of(s, struct sem_waiter, sleeper)->blocked_at;
		n += at->sem_num == number && !at->sem_op == for_zero;
	}
	return n;
}

static long get_locked(const struct sem_set *set, int number, int cmd)
{
	if (number < 0 || (u32)number >= set->n)
		return -EINVAL;
	switch (cmd) {
	case GETVAL:
		return set->sems[number].value;
	case GETPID:
		return ipc_pid_seen(set->sems[number].last);
	default:
		return count_waiters(set, number, cmd == GETZCNT);
	}
}

/* The set by its id, if current may do to it what ask says. ERR_PTR. */
static struct sem_set *find_for(struct ipc_ns *ns, int id, unsigned ask)
{
	struct sem_set *set = sem_find(ns, id);
	int err = IS_ERR(set) ? 0 : ipc_may(ns, &set->o, ask);
	return err ? ERR_PTR(err) : set;
}

static long get(struct ipc_ns *ns, int id, int number, int cmd)
{
	mutex_lock(&sem_ids(ns)->lock);
	struct sem_set *set = find_for(ns, id, IPC_ASK_READ);
	long result = IS_ERR(set) ? PTR_ERR(set) : get_locked(set, number, cmd);
	mutex_unlock(&sem_ids(ns)->lock);
	return result;
}

static void values_changed(struct sem_set *set, int from, int to)
{
	sem_undo_clear(set, from, to);
	for (int i = from; i < to; i++)
		ipc_note_pid(&set->sems[i].last);
	set->change_time = ipc_now();
	sem_wake(set);
}

static long set_value(struct ipc_ns *ns, int id, int number, int value)
{
	long result = 0;

	if (value < 0 || value > SEMVMX)
		return -ERANGE;
	mutex_lock(&sem_ids(ns)->lock);
	struct sem_set *set = sem_find(ns, id);
	if (IS_ERR(set))
		result = PTR_ERR(set);
	else if (number < 0 || (u32)number >= set->n)
		result = -EINVAL;
	else
		result = ipc_may(ns, &set->o, IPC_ASK_WRITE);
	if (!result) {
		set->sems[number].value = value;
		values_changed(set, number, number + 1);
	}
	mutex_unlock(&sem_ids(ns)->lock);
	return result;
}

/* -- all values -- */
static int set_all_locked(struct sem_set *set, const u16 *values)
{
	for (u32 i = 0; i < set->n; i++)
		if (values[i] > SEMVMX)
			return -ERANGE;
	for (u32 i = 0; i < set->n; i++)
		set->sems[i].value = values[i];
	values_changed(set, 0, (int)set->n);
	return 0;
}

static void get_all_locked(const struct sem_set *set, u16 *values)
{
	for (u32 i = 0; i < set->n; i++)
		values[i] = (u16)set->sems[i].value;
}

/* The array is copied without the lock, so the set is looked up before it (for its size) and after. */
static long all(struct ipc_ns *ns, int id, int cmd, uptr user)
{
	unsigned ask = cmd == SETALL ? IPC_ASK_WRITE : IPC_ASK_READ;
	u16 *values = NULL;
	u32 n = 0;

	mutex_lock(&sem_ids(ns)->lock);
	struct sem_set *set = find_for(ns, id, ask);
	long result = IS_ERR(set) ? PTR_ERR(set) : 0;
	if (!result) {
		n = set->n;
		values = kmalloc(n * sizeof(*values));
		result = values ? 0 : -ENOMEM;
	}
	if (!result && cmd == GETALL)
		get_all_locked(set, values);
	mutex_unlock(&sem_ids(ns)->lock);
	if (!result && cmd == GETALL)
		result = copy_to_user(user, values, n * sizeof(*values));
	if (!result && cmd == SETALL) {
		result = copy_from_user(values, user, n * sizeof(*values));
		mutex_lock(&sem_ids(ns)->lock);
		set = sem_find(ns, id);
		if (!result)
			result = IS_ERR(set) || set->n != n ? -EIDRM : set_all_locked(set, values);
		mutex_unlock(&sem_ids(ns)->lock);
	}
	kfree(values);
	return result;
}

long sys_semctl(int id, int number, int cmd, unsigned long arg)
{
	struct ipc_ns *ns = current_ipc_ns();

	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO: case SEM_INFO:
		return info(ns, cmd, arg);
	case IPC_STAT: case SEM_STAT: case SEM_STAT_ANY:
		return stat(ns, id, cmd, arg);
	case IPC_SET: case IPC_RMID:
		return change(ns, id, cmd, arg);
	case GETVAL: case GETPID: case GETNCNT: case GETZCNT:
		return get(ns, id, number, cmd);
	case SETVAL:
		return set_value(ns, id, number, (int)arg);
	case GETALL: case SETALL:
		return all(ns, id, cmd, arg);
	}
	return -EINVAL;
}
