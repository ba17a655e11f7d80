/*
 * ipc/shm_ctl.c: shmctl. Locks: the namespace's ids[IPC_SHM].lock; no user memory under it.
 * SHM_LOCK is remembered and counted against RLIMIT_MEMLOCK; memory is never swapped out here.
 * Errors: EACCES, EFAULT, EINVAL, ENOMEM, EPERM. Source: shmctl(2), Linux 6.1's order of checks.
 */
#include "ipc/shm.h"
#include "base/errno.h"
#include "mm/user_access.h"
#include "pid/pid.h"
#include "syscall/define.h"
#include "namespace/user.h"
#include "task/cred.h"
#include <linux/capability.h>
#include <linux/resource.h>

/* struct shm_info of linux/shm.h. */
struct shm_use {
	int used_ids;
	unsigned long total, resident, swapped, swap_attempts, swap_successes;	/* pages */
};

static long limits(struct ipc_ns *ns, uptr out)
{
	struct shminfo64 i = {
		.shmmax = ns->shm_bytes_max, .shmmin = 1, .shmmni = (unsigned long)ns->shm_segments,
		.shmseg = (unsigned long)ns->shm_segments, .shmall = ns->shm_pages_max,
	};
	int highest = READ_ONCE(shm_ids(ns)->highest);
	return copy_to_user(out, &i, sizeof(i)) ? -EFAULT : MAX(highest, 0);
}

static long usage(struct ipc_ns *ns, uptr out)
{
	struct ipc_ids *ids = shm_ids(ns);
	struct shm_use u = { 0 };

	mutex_lock(&ids->lock);
	u.used_ids = ids->used;
	u.total = ns->shm_pages;
	for (int i = 0; i <= ids->highest; i++)
		if (ids->places[i])
			u.resident += shm_resident_pages(shm_of(ids->places[i]));
	int highest = MAX(ids->highest, 0);
	mutex_unlock(&ids->lock);
	return copy_to_user(out, &u, sizeof(u)) ? -EFAULT : highest;
}

static long stat_locked(struct ipc_ns *ns, int id, int cmd, struct shmid64_ds *out)
{
	struct ipc_object *o = cmd == IPC_STAT ? ipc_find(shm_ids(ns), id) : ipc_at(shm_ids(ns), id);
	int err = 0;

	if (IS_ERR(o))
		return PTR_ERR(o);
	if (cmd != SHM_STAT_ANY)
		err = ipc_may(ns, o, IPC_ASK_READ);
	if (err)
		return err;
	const struct shm_segment *s = shm_of(o);
	*out = (struct shmid64_ds){
		.shm_segsz = s->size, .shm_atime = s->attach_time, .shm_dtime = s->detach_time, .shm_ctime = s->change_time,
		.shm_cpid = ipc_pid_seen(s->creator), .shm_lpid = ipc_pid_seen(s->last), .shm_nattch = shm_count_attached(s),
	};
	ipc_fill_perm(o, &out->shm_perm);
	return cmd == IPC_STAT ? 0 : o->id;
}

static long stat(struct ipc_ns *ns, int id, int cmd, uptr out)
{
	struct shmid64_ds s;

	mutex_lock(&shm_ids(ns)->lock);
	long result = stat_locked(ns, id, cmd, &s);
	mutex_unlock(&shm_ids(ns)->lock);
	return result >= 0 && copy_to_user(out, &s, sizeof(s)) ? -EFAULT : result;
}

static int change_locked(struct ipc_ns *ns, int id, int cmd, const struct shmid64_ds *in)
{
	struct shm_segment *s = shm_find(ns, id);

	if (IS_ERR(s))
		return PTR_ERR(s);
	int err = ipc_may_change(ns, &s->o);
	if (err)
		return err;
	if (cmd == IPC_RMID) {
		shm_remove(ns, s);
		return 0;
	}
	err = ipc_set_perm(&s->o, &in->shm_perm);
	if (!err)
		s->change_time = ipc_now();
	return err;
}

static long change(struct ipc_ns *ns, int id, int cmd, uptr in)
{
	struct shmid64_ds s;

	if (cmd == IPC_SET && copy_from_user(&s, in, sizeof(s)))
		return -EFAULT;
	mutex_lock(&shm_ids(ns)->lock);
	int result = change_locked(ns, id, cmd, &s);
	mutex_unlock(&shm_ids(ns)->lock);
	return result;
}

/* -- SHM_LOCK, SHM_UNLOCK -- */
static int may_lock(const struct ipc_ns *ns, const struct ipc_object *o, int cmd)
{
	u32 me = current_cred()->euid;

	if (ipc_capable(ns, CAP_IPC_LOCK))
		return 0;
	if (me != o->uid && me != o->cuid)
		return -EPERM;
	return cmd == SHM_LOCK && !current_limit(RLIMIT_MEMLOCK) ? -EPERM : 0;
}

static int lock(struct shm_segment *s)
{
	struct user_account *a = current_cred()->account;
	int pages = (int)shm_pages_of(s);

	if (s->locker)
		return 0;
	if (shm_pages_of(s) > INT32_MAX)	/* more than an account can count */
		return -ENOMEM;
	account_add(a, ACCOUNT_LOCKED_PAGES, pages);
	if (account_is_over(a, ACCOUNT_LOCKED_PAGES, 0, current_limit(RLIMIT_MEMLOCK) >> PAGE_SHIFT) && !capable(CAP_IPC_LOCK)) {
		account_add(a, ACCOUNT_LOCKED_PAGES, -pages);
		return -ENOMEM;
	}
	refcount_inc(&a->count);
	s->locker = a;
	s->o.mode |= SHM_LOCKED;
	return 0;
}

void shm_unlock(struct shm_segment *s)
{
	if (!s->locker)
		return;
	account_add(s->locker, ACCOUNT_LOCKED_PAGES, -(int)shm_pages_of(s));
	account_put(s->locker);
	s->locker = NULL;
	s->o.mode &= ~SHM_LOCKED;
}

static long lock_or_unlock(struct ipc_ns *ns, int id, int cmd)
{
	mutex_lock(&shm_ids(ns)->lock);
	struct shm_segment *s = shm_find(ns, id);
	int err = IS_ERR(s) ? (int)PTR_ERR(s) : may_lock(ns, &s->o, cmd);
	if (!err && cmd == SHM_LOCK)
		err = lock(s);
	else if (!err)
		shm_unlock(s);
	mutex_unlock(&shm_ids(ns)->lock);
	return err;
}

long sys_shmctl(int id, int cmd, uptr arg)
{
	struct ipc_ns *ns = current_ipc_ns();

	if (cmd < 0 || id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
		return limits(ns, arg);
	case SHM_INFO:
		return usage(ns, arg);
	case IPC_STAT: case SHM_STAT: case SHM_STAT_ANY:
		return stat(ns, id, cmd, arg);
	case IPC_SET: case IPC_RMID:
		return change(ns, id, cmd, arg);
	case SHM_LOCK: case SHM_UNLOCK:
		return lock_or_unlock(ns, id, cmd);
	}
	return -EINVAL;
}
