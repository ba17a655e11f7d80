/*
 * namespace/setns.c: setns: the caller goes over into namespaces that exist: one, by its file (namespace/nsfs.c), or several
 * of a process, by its pidfd, all or none of them.
 * The way: what the next set, credentials and room "fs" will be is prepared; each kind's enter (its row of operations) says
 * whether the caller may come in, and notes it there; then all is put in place, and nothing can fail any more.
 * Locks: task->lock for the change. Errors: EBADF, EINVAL, ENOMEM, EPERM, ESRCH (the process is gone), EUSERS (time: with
 * other threads). Source: setns(2), namespaces(7).
 */
#include "namespace/nsfs.h"
#include "namespace/user.h"
#include "base/errno.h"
#include "fs/vfs.h"
#include "pid/pidfd.h"
#include "syscall/define.h"
#include "task/internal.h"
#include <linux/capability.h>
#include <linux/sched.h>

/* -- for the kinds -- */
struct user_namespace *ns_entry_user_ns(const struct ns_entry *e)
{
	return e->cred ? e->cred->user_ns : current_cred()->user_ns;
}

int ns_may_enter(const struct ns_entry *e, const struct ns *ns)
{
	return ns_capable(ns->owner, CAP_SYS_ADMIN) && ns_capable(ns_entry_user_ns(e), CAP_SYS_ADMIN) ? 0 : -EPERM;
}

void ns_entry_set(struct ns_entry *e, enum ns_kind kind, struct ns *ns)
{
	ns_get(ns);
	ns_put(e->set->of[kind]);
	e->set->of[kind] = ns;
}

static int enter_plain(struct ns_entry *e, struct ns *ns)
{
	int err = ns_may_enter(e, ns);

	for (int i = 0; i < NS_KINDS && !err; i++)
		if (e->set->of[i] && e->set->of[i]->ops == ns->ops)
			ns_entry_set(e, i, ns);
	return err;
}

static int enter(struct ns_entry *e, struct ns *ns)
{
	return ns->ops->enter ? ns->ops->enter(e, ns) : enter_plain(e, ns);
}

/* -- the frame -- */
static int entry_prepare(struct ns_entry *e, u64 flags)
{
	*e = (struct ns_entry){ .flags = flags, .set = namespaces_clone(current->ns) };
	if (!e->set)
		return -ENOMEM;
	if (flags & CLONE_NEWUSER)
		e->cred = cred_prepare();
	if (flags == CLONE_NEWNS) {
		e->fs = current->fs;
		refcount_inc(&e->fs->count);
	} else if (flags & CLONE_NEWNS) {
		e->fs = fs_room_copy(current->fs);
	}
	return ((flags & CLONE_NEWUSER) && !e->cred) || ((flags & CLONE_NEWNS) && !e->fs) ? -ENOMEM : 0;
}

static void entry_end(struct ns_entry *e)
{
	namespaces_put(e->set);
	cred_put(e->cred);
	fs_room_put(e->fs);
}

/* Takes over what e holds. */
static void entry_commit(struct ns_entry *e)
{
	if (e->cred)
		cred_install(e->cred);
	if (e->fs && e->fs != current->fs)
		task_set_fs(current, e->fs);
	else
		fs_room_put(e->fs);
	if (e->flags & CLONE_NEWIPC)
		semundo_leave();
	task_set_namespaces(current, e->set);
	*e = (struct ns_entry){ .set = NULL };
}

/* -- by pidfd -- */
/* In this order: each is asked with the user namespace that the caller is about to have. */
static const struct { const char *name; u64 flag; } order[] = {
	{ "user", CLONE_NEWUSER }, { "mnt", CLONE_NEWNS }, { "uts", CLONE_NEWUTS }, { "ipc", CLONE_NEWIPC },
	{ "pid", CLONE_NEWPID }, { "cgroup", CLONE_NEWCGROUP }, { "net", CLONE_NEWNET }, { "time", CLONE_NEWTIME },
};

static int flags_check(u64 flags)
{
	u64 known = 0;

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (nsfs_link_is_offered(order[i].name))
			known |= order[i].flag;
	return flags && !(flags & ~known) ? 0 : -EINVAL;
}

static int enter_all(struct ns_entry *e, struct task *t)
{
	int err = task_may_look(t, ATTACH_BY_REAL_IDS);

	for (size_t i = 0; i < ARRAY_SIZE(order) && !err; i++) {
		if (!(e->flags & order[i].flag))
			continue;
		struct ns *ns = nsfs_link_get(order[i].name, t);
		if (!ns)
			return -ESRCH;	/* it has ended */
		err = enter(e, ns);
		ns_put(ns);
	}
	return err;
}

static int enter_process(struct ns_entry *e, struct pid *p)
{
	struct task *t = pid_get_task(p);
	int err = t ? enter_all(e, t) : -ESRCH;

	task_put(t);
	return err;
}

static long setns(struct ns *ns, struct pid *p, u64 flags)
{
	struct ns_entry e;
	int err = entry_prepare(&e, flags);

	if (!err)
		err = ns ? enter(&e, ns) : enter_process(&e, p);
	if (!err)
		entry_commit(&e);	/* ---- nothing fails any more ---- */
	else
		entry_end(&e);
	return err;
}

static long setns_pidfd(int fd, u64 flags)
{
	struct pid *p = pidfd_get_pid(fd, NULL);

	if (IS_ERR(p))
		return -EINVAL;
	long err = flags_check(flags);
	if (!err)
		err = setns(NULL, p, flags);
	pid_put(p);
	return err;
}

long sys_setns(int fd, int flags)
{
	struct file *f = fd_get(fd);

	if (!f)
		return -EBADF;
	struct ns *ns = nsfs_of_file(f);
	long err;
	if (!ns)
		err = setns_pidfd(fd, (u32)flags);
	else if (flags && (u64)flags != ns->ops->flag)
		err = -EINVAL;
	else
		err = setns(ns, NULL, ns->ops->flag);
	file_put(f);
	return err;
}
