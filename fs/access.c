/*
 * fs/access.c: access, faccessat, faccessat2: may the caller's real ids (AT_EACCESS: its effective ones) do this?
 * With other real than effective ids the lookup runs under a copy of the credentials, as the question is meant.
 * Errors: EACCES, EROFS, EINVAL, ENOMEM. Source: access(2).
 */
#include "fs/internal.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/securebits.h>

static bool real_is_effective(const struct cred *c)
{
	return c->uid == c->fsuid && c->gid == c->fsgid &&
	       (c->uid == 0 ? c->cap_effective == c->cap_permitted : c->cap_effective == 0);
}

/* Credentials as access(2) wants them, or NULL: out of memory. */
static struct cred *real_credentials(void)
{
	struct cred *c = cred_prepare();

	if (!c)
		return NULL;
	c->fsuid = c->uid;
	c->fsgid = c->gid;
	if (!(c->securebits & (1 << SECURE_NO_SETUID_FIXUP)))
		c->cap_effective = c->uid == 0 ? c->cap_permitted : 0;
	return c;
}

static int check(const struct path *p, int mode)
{
	struct inode *i = p->dentry->inode;

	if ((mode & MAY_EXEC) && inode_is_reg(i) && (p->mount->flags & MS_NOEXEC))
		return -EACCES;
	int err = inode_permission(i, (unsigned)mode);
	if (!err && (mode & MAY_WRITE) && (inode_is_reg(i) || inode_is_dir(i) || S_ISLNK(i->mode)))
		err = mount_want_write(p->mount);
	return err;
}

long sys_faccessat2(int dirfd, uptr path, int mode, int flags)
{
	unsigned lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	const struct cred *own = NULL;
	struct path p;

	if ((mode & ~7) || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	if (!(flags & AT_EACCESS) && !real_is_effective(current->cred)) {
		struct cred *c = real_credentials();
		if (!c)
			return -ENOMEM;
		own = current->cred;
		current->cred = c;
	}
	int err = path_lookup_user(dirfd, path, lookup | LOOKUP_MISSING_NOTE, &p);
	if (!err) {
		err = check(&p, mode);
		path_put(&p);
	}
	if (own) {
		const struct cred *used = current->cred;
		current->cred = own;
		cred_put(used);
	}
	return err;
}

long sys_faccessat(int dirfd, uptr path, int mode) { return sys_faccessat2(dirfd, path, mode, 0); }
long sys_access(uptr path, int mode) { return sys_faccessat2(AT_FDCWD, path, mode, 0); }
