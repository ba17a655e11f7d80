/*
 * task/cred_exec.c: what execve makes of the credentials: set-user-ID and set-group-ID programs, and the capabilities by
 * the rules of capabilities(7) for root and for ambient sets. (Capabilities stored in files need extended attributes,
 * which no file system here has.)
 */
#include "task/cred.h"
#include "fs/vfs.h"
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

int cred_exec(struct cred *c, struct file *program)
{
	u32 old_euid = c->euid, old_egid = c->egid;
	bool root_matters = !(c->securebits & BIT(SECURE_NOROOT));
	take_file_ids(c, program->inode);
	bool is_setid = c->euid != old_euid || c->egid != old_egid;
	if (is_setid)
		c->cap_ambient = 0;
	c->suid = c->fsuid = c->euid;
	c->sgid = c->fsgid = c->egid;
	if (root_matters && (c->euid == 0 || c->uid == 0)) {
		c->cap_permitted = c->cap_inheritable | c->cap_bounding;
		c->cap_effective = c->euid == 0 ? c->cap_permitted : c->cap_ambient;
	} else {
		c->cap_permitted = c->cap_ambient;
		c->cap_effective = c->cap_ambient;
	}
	c->securebits &= ~BIT(SECURE_KEEP_CAPS);
	return 0;
}
