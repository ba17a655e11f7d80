/*
 * task/unshare.c: unshare: the caller gives up what clone let it share: descriptors, root and working directory, the
 * semaphores' undo list. Memory, handlers and the thread group cannot be given up, so for them the call only says
 * whether there is anybody to share with. A new namespace takes the place of the old one in a new set.
 * Way in: the system call. Everything that can fail comes before the first change.
 * Locks: tasklist_lock for a look at others, task->lock for the change of a room. Errors: EINVAL, ENOMEM.
 * Source: unshare(2), Linux 6.1's behaviour.
 */
#include "task/internal.h"
#include "namespace/user.h"
#include "fs/vfs.h"
#include "syscall/define.h"
#include "base/errno.h"
#include <linux/sched.h>

#define FLAGS_OFFERED (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | \
	CLONE_NEWUSER)

/* Another process runs in the same memory. */
bool task_mm_is_shared(void)
{
	struct task *process, *thread;
	bool is_shared = false;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);

	list_for_each(process, &all_processes, all_node) {
		if (process->signal == current->signal)
			continue;
		list_for_each(thread, &process->signal->thread_list, thread_node)
			is_shared |= READ_ONCE(thread->mm) == current->mm;
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return is_shared;
}

/* Memory is not to be had without the handlers, nor those without the threads; a user namespace not with other threads; it and
 * a new tree of mounts not with a root and working directory that others share. */
static u64 flags_implied(u64 f)
{
	if (f & CLONE_NEWUSER)
		f |= CLONE_THREAD | CLONE_FS;
	if (f & CLONE_NEWNS)
		f |= CLONE_FS;
	if (f & CLONE_NEWIPC)
		f |= CLONE_SYSVSEM;	/* what is owed stays in the world it was made in */
	if (f & CLONE_VM)
		f |= CLONE_SIGHAND;
	if (f & CLONE_SIGHAND)
		f |= CLONE_THREAD;
	return f;
}

static int check(u64 f)
{
	if (f & ~(FLAGS_OFFERED | NAMESPACE_FLAGS))
		return -EINVAL;
	if ((f & CLONE_THREAD) && current->signal->threads > 1)
		return -EINVAL;
	if ((f & CLONE_SIGHAND) && refcount_read(&current->sighand->count) > 1)
		return -EINVAL;
	if ((f & CLONE_VM) && task_mm_is_shared())
		return -EINVAL;
	return 0;
}

/* What the call has made, and not yet put in place. */
struct fresh_rooms { struct fs_room *fs; struct cred *cred; struct namespaces *ns; };

static int prepare(u64 f, struct fresh_rooms *fresh)
{
	/* A new tree of mounts changes the room too, and what fails after that must leave the caller's as it is. */
	if ((f & CLONE_FS) && ((f & CLONE_NEWNS) || refcount_read(&current->fs->count) > 1)) {
		fresh->fs = fs_room_copy(current->fs);
		if (!fresh->fs)
			return -ENOMEM;
	}
	if (f & CLONE_NEWUSER) {
		fresh->cred = cred_prepare();
		int err = fresh->cred ? user_ns_new(fresh->cred) : -ENOMEM;
		if (err)
			return err;
	}
	struct ns_request ask = {
		.flags = f, .owner = fresh->cred ? fresh->cred->user_ns : current_user_ns(),
		.fs = fresh->fs ? fresh->fs : current->fs,
	};
	struct namespaces *set = namespaces_copy(current->ns, &ask);
	if (IS_ERR(set))
		return PTR_ERR(set);
	fresh->ns = set;
	return f & CLONE_FILES ? files_unshare() : 0;
}

long sys_unshare(unsigned long flags)
{
	u64 f = flags_implied(flags);
	struct fresh_rooms fresh = {};
	int err = check(f);

	if (err)
		return err;
	err = prepare(f, &fresh);
	if (err) {
		fs_room_put(fresh.fs);
		cred_put(fresh.cred);
		namespaces_put(fresh.ns);
		return err;
	}
	/* ---- from here nothing can fail ---- */
	if (fresh.fs)
		task_set_fs(current, fresh.fs);
	if (fresh.cred)
		cred_install(fresh.cred);
	task_set_namespaces(current, fresh.ns);
	if (f & CLONE_SYSVSEM)
		semundo_leave();
	return 0;
}
