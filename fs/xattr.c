/*
 * fs/xattr.c: the calls on extended attributes. No file system here has any: once the path, the name and the rights are
 * checked, getting, setting and removing are refused, and a list is empty. Programs that copy attributes (ls, cp, tar)
 * take that as an ordinary answer, which ENOSYS is not.
 * Locks: none. Errors: ERANGE (the name), E2BIG, EINVAL, EPERM, ENODATA, EOPNOTSUPP. Source: xattr(7), setxattr(2).
 */
#include "fs/internal.h"
#include "base/string.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/capability.h>
#include <linux/limits.h>
#include <linux/xattr.h>

enum intent { GETS, SETS, REMOVES };

/* What a name space demands before the file system is asked. */
static int may_touch(struct inode *i, const char *name, enum intent intent)
{
	int none = intent == GETS ? -ENODATA : -EPERM;

	if (intent != GETS && (i->is_immutable || i->is_append_only))
		return -EPERM;
	if (!strncmp(name, XATTR_SECURITY_PREFIX, XATTR_SECURITY_PREFIX_LEN) ||
	    !strncmp(name, XATTR_SYSTEM_PREFIX, XATTR_SYSTEM_PREFIX_LEN))
		return 0;
	if (!strncmp(name, XATTR_TRUSTED_PREFIX, XATTR_TRUSTED_PREFIX_LEN))
		return capable(CAP_SYS_ADMIN) ? 0 : none;
	if (!strncmp(name, XATTR_USER_PREFIX, XATTR_USER_PREFIX_LEN) && !inode_is_reg(i) && !inode_is_dir(i))
		return none;
	return inode_permission(i, intent == GETS ? MAY_READ : MAY_WRITE);
}

struct request {
	enum intent intent;
	uptr name, value;	/* value: SETS */
	size_t size;
	int flags;
};

static int get_name(char name[XATTR_NAME_MAX + 2], uptr from)
{
	ssize_t n = strncpy_from_user(name, from, XATTR_NAME_MAX + 2);

	if (n == -ENAMETOOLONG || n == 0 || n > XATTR_NAME_MAX)
		return -ERANGE;
	return n < 0 ? (int)n : 0;
}

static int check_value(const struct request *r)
{
	if (r->size > XATTR_SIZE_MAX)
		return -E2BIG;
	return r->size && !user_range_ok(r->value, r->size) ? -EFAULT : 0;
}

static int refuse(const struct path *p, const struct request *r)
{
	char name[XATTR_NAME_MAX + 2];
	int err = r->intent == GETS ? 0 : mount_want_write(p->mount);

	if (!err && (r->flags & ~(XATTR_CREATE | XATTR_REPLACE)))
		err = -EINVAL;
	if (!err)
		err = get_name(name, r->name);
	if (!err && r->intent == SETS)
		err = check_value(r);
	if (!err)
		err = may_touch(p->dentry->inode, name, r->intent);
	return err ? err : -EOPNOTSUPP;
}

static long refuse_at(uptr path, unsigned lookup, struct request r)
{
	struct path p;
	int err = path_lookup_user(AT_FDCWD, path, lookup, &p);

	if (err)
		return err;
	err = refuse(&p, &r);
	path_put(&p);
	return err;
}

static long refuse_fd(int fd, struct request r)
{
	struct file *f = fd_get(fd);

	if (!f)
		return -EBADF;
	int err = refuse(&f->path, &r);
	file_put(f);
	return err;
}

#define SET_REQUEST ((struct request){ SETS, name, value, size, flags })
#define GET_REQUEST ((struct request){ .intent = GETS, .name = name })
#define REMOVE_REQUEST ((struct request){ .intent = REMOVES, .name = name })

long sys_setxattr(uptr path, uptr name, uptr value, size_t size, int flags)
{
	return refuse_at(path, LOOKUP_FOLLOW, SET_REQUEST);
}
long sys_lsetxattr(uptr path, uptr name, uptr value, size_t size, int flags) { return refuse_at(path, 0, SET_REQUEST); }
long sys_fsetxattr(int fd, uptr name, uptr value, size_t size, int flags) { return refuse_fd(fd, SET_REQUEST); }

long sys_getxattr(uptr path, uptr name, uptr value, size_t size) { return refuse_at(path, LOOKUP_FOLLOW, GET_REQUEST); }
long sys_lgetxattr(uptr path, uptr name, uptr value, size_t size) { return refuse_at(path, 0, GET_REQUEST); }
long sys_fgetxattr(int fd, uptr name, uptr value, size_t size) { return refuse_fd(fd, GET_REQUEST); }

long sys_removexattr(uptr path, uptr name) { return refuse_at(path, LOOKUP_FOLLOW, REMOVE_REQUEST); }
long sys_lremovexattr(uptr path, uptr name) { return refuse_at(path, 0, REMOVE_REQUEST); }
long sys_fremovexattr(int fd, uptr name) { return refuse_fd(fd, REMOVE_REQUEST); }

/* An empty list has no bytes, whatever room there is for it. */
static long list_at(uptr path, unsigned lookup)
{
	struct path p;
	int err = path_lookup_user(AT_FDCWD, path, lookup, &p);

	if (!err)
		path_put(&p);
	return err;
}
long sys_listxattr(uptr path, uptr list, size_t size) { return list_at(path, LOOKUP_FOLLOW); }
long sys_llistxattr(uptr path, uptr list, size_t size) { return list_at(path, 0); }
long sys_flistxattr(int fd, uptr list, size_t size)
{
	struct file *f = fd_get(fd);

	if (!f)
		return -EBADF;
	file_put(f);
	return 0;
}
