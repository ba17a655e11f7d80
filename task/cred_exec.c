/*
 * task/cred_exec.c: what execve makes of the credentials: set-user-ID and set-group-ID programs, and the capabilities by
 * the rules of capabilities(7) for root and for ambient sets. (Capabilities stored in files need extended attributes,
 * which no file system here has.)
 */
#include "task/cred.h"
#include "ptrace/ptrace.h"
#include "fs/vfs.h"
#include "namespace/user.h"
#include <linux/capability.h>
#include <linux/securebits.h>

/* An id without a name in the user namespace is not taken on, nor anything from a file that others may have put there. */
static void take_file_ids(struct cred *c, const struct file *program)
{
	struct inode *i = program->inode;

	if (!(READ_ONCE(i->mode) & (S_ISUID | S_ISGID)) || current->no_new_privs || !path_may_suid(&program->path))
		return;
	/* The bits and the owner as they are together: a chown takes the bits before it gives the file to another. */
	mutex_lock(&i->lock);
	u32 mode = i->mode, uid = i->uid, gid = i->gid;
	mutex_unlock(&i->lock);
	if (!ids_are_known(c->user_ns, uid, gid))
		return;
	if (mode & S_ISUID)
		c->euid = uid;
	if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		c->egid = gid;
}

/* Who said that exec shall give nothing new, or is traced by someone without the right to see it, gets no more than it had:
 * the ids only if it may change its own. */
static u64 take_back(struct cred *c, u64 permitted)
{
	if (current->no_new_privs || !ns_capable(c->user_ns, CAP_SETUID)) {
		c->euid = c->uid;
		c->egid = c->gid;
	}
	return permitted & c->cap_permitted;
}

/* Others that are not of the group share our root and folder: they could lead the program astray. */
bool cred_is_fs_shared(void)
{
	struct task *leader, *t;
	bool is_shared = false;
	unsigned long flags;

	if (refcount_read(&current->fs->count) == 1)
		return false;
	flags = spin_lock_irqsave(&tasklist_lock);
	list_for_each(leader, &all_processes, all_node) {
		if (leader->signal == current->signal)
			continue;
		list_for_each(t, &leader->signal->thread_list, thread_node)
			is_shared |= READ_ONCE(t->fs) == current->fs;
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return is_shared;
}

static bool may_gain(const struct cred *c)
{
	return !current->no_new_privs && ptrace_tracer_is_capable(current, c->user_ns) && !cred_is_fs_shared();
}

int cred_exec(struct cred *c, struct file *program, bool *is_secure, bool *has_gained)
{
	u32 root = uid_to_kernel(c->user_ns, 0);
	bool root_matters = !(c->securebits & BIT(SECURE_NOROOT)) && root != NO_ID;
	u64 permitted = 0;

	take_file_ids(c, program);
	bool is_setid = c->euid != c->uid || c->egid != c->gid;
	bool is_root = root_matters && c->euid == root;
	if (root_matters && (is_root || c->uid == root))
		permitted = c->cap_inheritable | c->cap_bounding;
	bool gains = is_setid || (permitted & ~c->cap_permitted);
	*has_gained = gains && may_gain(c);
	if (gains && !*has_gained)
		permitted = take_back(c, permitted);
	if (is_setid)
		c->cap_ambient = 0;
	c->suid = c->fsuid = c->euid;
	c->sgid = c->fsgid = c->egid;
	c->cap_permitted = permitted | c->cap_ambient;
	c->cap_effective = is_root ? c->cap_permitted : c->cap_ambient;
	c->securebits &= ~BIT(SECURE_KEEP_CAPS);
	*is_secure = is_setid || (c->uid != root && (is_root || (c->cap_permitted & ~c->cap_ambient)));
	return 0;
}
