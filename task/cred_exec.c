/*
 * task/cred_exec.c: what execve makes of the credentials: set-user-ID and set-group-ID programs, and the capabilities by
 * the rules of capabilities(7) for root and for ambient sets. (Capabilities stored in files need extended attributes,
 * which no file system here has.)
 */
#include "task/cred.h"
#include "ptrace/ptrace.h"
#include "fs/vfs.h"
#include <linux/capability.h>
#include <linux/securebits.h>

static void take_file_ids(struct cred *c, const struct inode *i)
{
	if (current->no_new_privs)
		return;
	if (i->mode & S_ISUID)
		c->euid = i->uid;
	if ((i->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		c->egid = i->gid;
}

/* Who is traced by someone without the right to see it gets no more than it had: the ids only if it may change its own. */
static u64 take_back(struct cred *c, u64 permitted)
{
	if (!capable(CAP_SETUID)) {
		c->euid = c->uid;
		c->egid = c->gid;
	}
	return permitted & c->cap_permitted;
}

int cred_exec(struct cred *c, struct file *program)
{
	u32 old_euid = c->euid, old_egid = c->egid;
	u64 permitted = 0;
	bool root_matters = !(c->securebits & BIT(SECURE_NOROOT));
	take_file_ids(c, program->inode);
	bool is_setid = c->euid != old_euid || c->egid != old_egid;
	if (is_setid)
		c->cap_ambient = 0;
	bool is_root = root_matters && c->euid == 0;
	if (root_matters && (is_root || c->uid == 0))
		permitted = c->cap_inheritable | c->cap_bounding;
	if ((is_setid || (permitted & ~c->cap_permitted)) && !ptrace_tracer_is_capable(current))
		permitted = take_back(c, permitted);
	c->suid = c->fsuid = c->euid;
	c->sgid = c->fsgid = c->egid;
	c->cap_permitted = permitted | c->cap_ambient;
	c->cap_effective = is_root ? c->cap_permitted : c->cap_ambient;
	c->securebits &= ~BIT(SECURE_KEEP_CAPS);
	return 0;
}
