/*
 * fs/inode.c: inodes and superblocks: life, permission, ownership, times.
 * Locks: inode->lock (mutex) for the fields that its struct says; times are written without it by readers (atime).
 * Errors: EACCES, EROFS, EPERM, ETXTBSY. Source: path_resolution(7), inode(7), chmod(2).
 */
#include "fs/internal.h"
#include "cgroup/device.h"
#include "base/string.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "namespace/user.h"
#include "task/task.h"
#include "time/time.h"
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/stat.h>

#define DAY_NS (24ULL * 3600 * NSEC_PER_SEC)

SLAB_CACHE(inode_cache, struct inode);
SLAB_CACHE(superblock_cache, struct superblock);
static atomic_t last_dev = ATOMIC_INIT(0);

struct inode *inode_new(struct superblock *sb, u32 mode)
{
	struct inode *i = slab_zalloc(&inode_cache);
	const struct cred *c = current->cred;

	if (!i)
		return NULL;
	refcount_set(&i->count, 1);
	i->mode = mode;
	i->uid = c ? c->fsuid : 0;
	i->gid = c ? c->fsgid : 0;
	i->nlink = 1;
	i->sb = superblock_get(sb);
	i->ino = (u64)atomic_add_return(&sb->next_ino, 1);
	i->atime_ns = i->mtime_ns = i->ctime_ns = i->btime_ns = (s64)time_real_ns();
	mutex_init(&i->lock, RANK_INODE);
	list_init(&i->posix_locks);
	list_init(&i->marks);
	list_init(&i->marked_node);
	return i;
}

struct inode *inode_new_in(struct superblock *sb, const struct inode *dir, u32 mode)
{
	struct inode *i = inode_new(sb, mode);
	if (!i)
		return NULL;
	if (dir && (dir->mode & S_ISGID)) {
		i->gid = dir->gid;
		if (S_ISDIR(mode))
			i->mode |= S_ISGID;
		else if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
			 !cred_has_group(current_cred(), i->gid) && !inode_capable(i, CAP_FSETID))
			i->mode &= ~S_ISGID;
	}
	return i;
}

void inode_put(struct inode *i)
{
	if (!refcount_dec(&i->count))
		return;
	struct superblock *sb = i->sb;
	if (sb->ops->destroy_inode)
		sb->ops->destroy_inode(i);
	slab_free(&inode_cache, i);
	superblock_put(sb);
}

struct user_namespace *fs_owner_mounter(void) { return current_cred()->user_ns; }

struct superblock *superblock_new(const struct fs_type *t, u32 magic, const struct super_ops *ops, u64 flags)
{
	struct superblock *sb = slab_zalloc(&superblock_cache);
	if (!sb)
		return NULL;
	refcount_set(&sb->count, 1);
	sb->type = t;
	sb->magic = magic;
	sb->ops = ops;
	sb->flags = flags;
	sb->owner = t->owner ? t->owner() : &first_user_ns;
	if (sb->owner != &first_user_ns)
		sb->flags |= SUPER_NODEV;
	ns_get(&sb->owner->ns);
	sb->dev = (u32)dev_make(0, (unsigned)atomic_inc_return(&last_dev));
	return sb;
}

struct superblock *superblock_set_root(struct superblock *sb, struct inode *i)
{
	struct dentry *root = IS_ERR(i) ? NULL : dentry_alloc(NULL, "/", 1);
	long err = IS_ERR(i) ? PTR_ERR(i) : -ENOMEM;

	if (root) {
		root->inode = i;
		sb->root = root;
		return sb;
	}
	if (!IS_ERR(i))
		inode_put(i);
	superblock_put(sb);
	return ERR_PTR(err);
}

/* The inodes of a file system hold it; its root dentry is held by its mounts, so the last inode is the last of all. */
void superblock_put(struct superblock *sb)
{
	if (!refcount_dec(&sb->count))
		return;
	if (sb->ops->destroy)
		sb->ops->destroy(sb);
	ns_put(&sb->owner->ns);
	slab_free(&superblock_cache, sb);
}

/* -- permission -- */
bool inode_capable(const struct inode *i, int cap)
{
	return ids_are_known(current_user_ns(), i->uid, i->gid) && ns_capable(current_user_ns(), cap);
}

static int mode_bits_permission(const struct inode *i, unsigned mask)
{
	const struct cred *c = current_cred();
	unsigned bits = i->mode;

	if (c->fsuid == i->uid)
		bits >>= 6;
	else if ((bits & 0070) != (bits & 0007) << 3 && cred_has_group(c, i->gid))
		bits >>= 3;
	return (mask & ~bits & 7) ? -EACCES : 0;
}

int inode_mode_permission(struct inode *i, unsigned mask)
{
	if (mode_bits_permission(i, mask) == 0)
		return 0;
	if (S_ISDIR(i->mode)) {
		if (!(mask & MAY_WRITE) && inode_capable(i, CAP_DAC_READ_SEARCH))
			return 0;
		return inode_capable(i, CAP_DAC_OVERRIDE) ? 0 : -EACCES;
	}
	if ((mask & 7) == MAY_READ && inode_capable(i, CAP_DAC_READ_SEARCH))
		return 0;
	if ((!(mask & MAY_EXEC) || (i->mode & 0111)) && inode_capable(i, CAP_DAC_OVERRIDE))
		return 0;
	return -EACCES;
}

/* The mode bits first, then the control groups' programs. */
static __noinline int device_permission(struct inode *i, unsigned mask)
{
	unsigned access = (mask & MAY_READ ? BPF_DEVCG_ACC_READ : 0) | (mask & MAY_WRITE ? BPF_DEVCG_ACC_WRITE : 0);
	int err = inode_mode_permission(i, mask);

	return err ? err : device_may(i->mode, i->rdev, access);
}

int inode_permission(struct inode *i, unsigned mask)
{
	if ((mask & MAY_WRITE) && (i->sb->flags & MS_RDONLY) &&
	    (S_ISREG(i->mode) || S_ISDIR(i->mode) || S_ISLNK(i->mode)))
		return -EROFS;
	if (unlikely(S_ISCHR(i->mode) || S_ISBLK(i->mode)))
		return device_permission(i, mask);
	if (i->ops && i->ops->permission)
		return i->ops->permission(i, mask);
	return inode_mode_permission(i, mask);
}

bool inode_is_owner(const struct inode *i)
{
	return current_cred()->fsuid == i->uid ||
	       (uid_from_kernel(current_user_ns(), i->uid) != NO_ID && ns_capable(current_user_ns(), CAP_FOWNER));
}

u32 inode_setid_at_stake(const struct inode *i)
{
	u32 bits = i->mode & S_ISUID;

	/* Without group execution the bit once meant mandatory locking: it stays for the group's own. */
	if ((i->mode & S_ISGID) &&
	    ((i->mode & S_IXGRP) || (!cred_has_group(current_cred(), i->gid) && !inode_capable(i, CAP_FSETID))))
		bits |= S_ISGID;
	return bits;
}

void inode_drop_setid(struct inode *i)
{
	u32 bits = S_ISREG(i->mode) && (i->mode & (S_ISUID | S_ISGID)) ? inode_setid_at_stake(i) : 0;

	if (bits && !inode_capable(i, CAP_FSETID))
		i->mode &= ~bits;
}

/* -- times -- */
void inode_touch(struct inode *i)
{
	i->mtime_ns = i->ctime_ns = (s64)time_real_ns();
}

void inode_touch_changed(struct inode *i)
{
	i->ctime_ns = (s64)time_real_ns();
}

/* relatime, Linux's default: the access time moves when it is not newer than the last change, or a day old. */
void path_accessed(const struct path *p)
{
	struct inode *i = p->dentry->inode;
	u64 flags = p->mount->flags;

	if ((flags & (MS_NOATIME | MS_RDONLY)) || (i->sb->flags & (MS_NOATIME | MS_RDONLY)))
		return;
	if ((flags & MS_NODIRATIME) && S_ISDIR(i->mode))
		return;
	if (!(flags & MS_STRICTATIME) && i->atime_ns > i->mtime_ns && i->atime_ns > i->ctime_ns) {
		if ((s64)time_real_ns() - i->atime_ns < (s64)DAY_NS)
			return;
	}
	i->atime_ns = (s64)time_real_ns();
}

/* -- writers against execution -- */
int inode_deny_write(struct inode *i)
{
	int n = atomic_read(&i->writers);
	for (;;) {
		if (n > 0)
			return -ETXTBSY;
		if (atomic_cas(&i->writers, n, n - 1))
			return 0;
		n = atomic_read(&i->writers);
	}
}

int inode_get_write(struct inode *i)
{
	int n = atomic_read(&i->writers);
	for (;;) {
		if (n < 0)
			return -ETXTBSY;
		if (atomic_cas(&i->writers, n, n + 1))
			return 0;
		n = atomic_read(&i->writers);
	}
}

void inode_put_write(struct inode *i)
{
	atomic_dec(&i->writers);
}
