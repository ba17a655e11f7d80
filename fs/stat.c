/*
 * fs/stat.c: stat, statx, statfs, readlink.
 * Locks: none; the fields are read as they are. Errors: those of the lookup.
 * Source: stat(2), statx(2), statfs(2), readlink(2).
 */
#include "fs/internal.h"
#include "base/string.h"
#include "mm/user_access.h"
#include "namespace/user.h"
#include "syscall/define.h"
#include "task/task.h"
#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/mount.h>

#define STATFS_VALID 0x20	/* ST_VALID: f_flags is filled in */

static void refresh(struct inode *i)
{
	if (i->ops && i->ops->getattr)
		i->ops->getattr(i);
}

/* -- stat -- */
static long put_stat(struct inode *i, uptr out)
{
	struct stat s;

	refresh(i);
	memset(&s, 0, sizeof(s));
	s.st_dev = i->sb->dev;
	s.st_ino = i->ino;
	s.st_nlink = i->nlink;
	s.st_mode = i->mode;
	s.st_uid = uid_shown(i->uid);
	s.st_gid = gid_shown(i->gid);
	s.st_rdev = i->rdev;
	s.st_size = (__typeof__(s.st_size))i->size;
	s.st_blksize = PAGE_SIZE;
	s.st_blocks = (__typeof__(s.st_blocks))i->blocks;
	s.st_atime = (unsigned long)(i->atime_ns / (s64)NSEC_PER_SEC);
	s.st_atime_nsec = (unsigned long)(i->atime_ns % (s64)NSEC_PER_SEC);
	s.st_mtime = (unsigned long)(i->mtime_ns / (s64)NSEC_PER_SEC);
	s.st_mtime_nsec = (unsigned long)(i->mtime_ns % (s64)NSEC_PER_SEC);
	s.st_ctime = (unsigned long)(i->ctime_ns / (s64)NSEC_PER_SEC);
	s.st_ctime_nsec = (unsigned long)(i->ctime_ns % (s64)NSEC_PER_SEC);
	return copy_to_user(out, &s, sizeof(s));
}

static long stat_at(int dirfd, uptr path, uptr out, unsigned lookup)
{
	struct path p;
	long err = path_lookup_user(dirfd, path, lookup | LOOKUP_MISSING_NOTE, &p);

	if (err)
		return err;
	err = put_stat(p.dentry->inode, out);
	path_put(&p);
	return err;
}

long sys_stat(uptr path, uptr out) { return stat_at(AT_FDCWD, path, out, LOOKUP_FOLLOW); }
long sys_lstat(uptr path, uptr out) { return stat_at(AT_FDCWD, path, out, 0); }

long sys_fstat(int fd, uptr out)
{
	struct file *f = fd_get_raw(fd);
	if (!f)
		return -EBADF;
	long err = put_stat(f->inode, out);
	file_put(f);
	return err;
}

static unsigned lookup_of_at(int flags)
{
	return (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
}

long sys_newfstatat(int dirfd, uptr path, uptr out, int flags)
{
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
		return -EINVAL;
	return stat_at(dirfd, path, out, lookup_of_at(flags));
}

/* -- statx -- */
static struct statx_timestamp statx_time(s64 ns)
{
	s64 rest = ns % (s64)NSEC_PER_SEC;
	return (struct statx_timestamp){ .tv_sec = ns / (s64)NSEC_PER_SEC, .tv_nsec = (u32)rest };
}

static long put_statx(const struct path *p, uptr out)
{
	struct inode *i = p->dentry->inode;
	struct statx s;

	refresh(i);
	memset(&s, 0, sizeof(s));
	s.stx_mask = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;
	s.stx_blksize = PAGE_SIZE;
	s.stx_attributes_mask = STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND | STATX_ATTR_MOUNT_ROOT;
	s.stx_attributes = (i->is_immutable ? STATX_ATTR_IMMUTABLE : 0) | (i->is_append_only ? STATX_ATTR_APPEND : 0) |
			   (p->mount->root == p->dentry ? STATX_ATTR_MOUNT_ROOT : 0);
	s.stx_nlink = i->nlink;
	s.stx_uid = uid_shown(i->uid);
	s.stx_gid = gid_shown(i->gid);
	s.stx_mode = (u16)i->mode;
	s.stx_ino = i->ino;
	s.stx_size = i->size;
	s.stx_blocks = i->blocks;
	s.stx_atime = statx_time(i->atime_ns);
	s.stx_btime = statx_time(i->btime_ns);
	s.stx_ctime = statx_time(i->ctime_ns);
	s.stx_mtime = statx_time(i->mtime_ns);
	s.stx_rdev_major = dev_major(i->rdev);
	s.stx_rdev_minor = dev_minor(i->rdev);
	s.stx_dev_major = dev_major(i->sb->dev);
	s.stx_dev_minor = dev_minor(i->sb->dev);
	s.stx_mnt_id = (u64)p->mount->id;
	return copy_to_user(out, &s, sizeof(s));
}

long sys_statx(int dirfd, uptr path, int flags, unsigned mask, uptr out)
{
	struct path p;

	if (mask & STATX__RESERVED)
		return -EINVAL;
	if ((flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
		return -EINVAL;
	long err = path_lookup_user(dirfd, path, lookup_of_at(flags) | LOOKUP_MISSING_NOTE, &p);
	if (err)
		return err;
	err = put_statx(&p, out);
	path_put(&p);
	return err;
}

/* -- statfs -- */
static u64 statfs_flags(const struct mount *m)
{
	static const struct { u64 mount, statfs; } map[] = {
		{ MS_RDONLY, 0x1 }, { MS_NOSUID, 0x2 }, { MS_NODEV, 0x4 }, { MS_NOEXEC, 0x8 },
		{ MS_NOATIME, 0x400 }, { MS_NODIRATIME, 0x800 }, { MS_RELATIME, 0x1000 },
		{ MS_NOSYMFOLLOW, 0x2000 },
	};
	u64 flags = STATFS_VALID;
	for (size_t i = 0; i < ARRAY_SIZE(map); i++) {
		if (m->flags & map[i].mount)
			flags |= map[i].statfs;
	}
	return mount_is_readonly(m) ? flags | 1 : flags;
}

static long put_statfs(const struct path *p, uptr out)
{
	struct superblock *sb = p->dentry->inode->sb;
	struct statfs s;

	memset(&s, 0, sizeof(s));
	s.f_type = sb->magic;
	s.f_bsize = s.f_frsize = PAGE_SIZE;
	s.f_namelen = NAME_BYTES_MAX;
	s.f_fsid.val[0] = (int)sb->dev;
	int err = sb->ops->statfs ? sb->ops->statfs(sb, p->dentry, &s) : 0;
	s.f_flags = (__typeof__(s.f_flags))statfs_flags(p->mount);
	return err ? err : copy_to_user(out, &s, sizeof(s));
}

long sys_statfs(uptr path, uptr out)
{
	struct path p;
	long err = path_lookup_user(AT_FDCWD, path, LOOKUP_FOLLOW, &p);

	if (err)
		return err;
	err = put_statfs(&p, out);
	path_put(&p);
	return err;
}

long sys_fstatfs(int fd, uptr out)
{
	struct file *f = fd_get_raw(fd);
	if (!f)
		return -EBADF;
	long err = put_statfs(&f->path, out);
	file_put(f);
	return err;
}

/* -- readlink -- */
static long read_link(const struct path *p, uptr out, size_t size)
{
	struct inode *i = p->dentry->inode;
	char *text;
	long n;

	if (!S_ISLNK(i->mode) || !i->ops->readlink)
		return -EINVAL;
	path_accessed(p);
	text = path_text_alloc();
	if (!text)
		return -ENOMEM;
	n = i->ops->readlink(i, text, PATH_BYTES);
	if (n > 0) {
		n = MIN(n, (long)size);
		if (copy_to_user(out, text, (size_t)n))
			n = -EFAULT;
	}
	path_text_free(text);
	return n;
}

long sys_readlinkat(int dirfd, uptr path, uptr out, int size)
{
	struct path p;

	if (size <= 0)
		return -EINVAL;
	char *text = path_text_new_flags(path, LOOKUP_EMPTY);
	if (IS_ERR(text))
		return PTR_ERR(text);
	bool is_empty = !*text;
	long n = path_lookup(dirfd, text, LOOKUP_EMPTY, &p);
	if (!n) {
		n = read_link(&p, out, (size_t)size);
		/* An empty path names what dirfd is; only a link opened with O_PATH is one. */
		if (is_empty && n == -EINVAL)
			n = -ENOENT;
		path_put(&p);
	}
	path_text_free(text);
	return n;
}

long sys_readlink(uptr path, uptr out, int size) { return sys_readlinkat(AT_FDCWD, path, out, size); }
