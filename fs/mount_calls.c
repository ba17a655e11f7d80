/*
 * fs/mount_calls.c: mount, umount2. New file systems, binds (MS_BIND, with MS_REC), moves, remounts; propagation
 * changes only where they change nothing: every mount is private, so MS_PRIVATE and MS_SLAVE are done already, and
 * MS_SHARED and MS_UNBINDABLE are EINVAL.
 * Locks: mount_lock for writing around each change of the tree; what leaves it is put afterwards.
 * Errors: EPERM, ENODEV, EBUSY, EINVAL, ENOTDIR, ELOOP. Source: mount(2), umount(2).
 */
#include "fs/mount.h"
#include "base/string.h"
#include "namespace/nsfs.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/capability.h>
#include <linux/mount.h>

#define MOUNT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME | \
	MS_STRICTATIME)
#define SUPER_FLAGS (MS_RDONLY | MS_SYNCHRONOUS | MS_MANDLOCK | MS_DIRSYNC | MS_SILENT | MS_POSIXACL | MS_LAZYTIME)
#define UMOUNT_FORCE 1
#define UMOUNT_DETACH 2
#define UMOUNT_EXPIRE 4
#define UMOUNT_NOFOLLOW_LINK 8

/* The flags of one mount: relatime unless told otherwise, as Linux has it. */
static u64 mount_flags(u64 flags)
{
	u64 f = flags & MOUNT_FLAGS & ~(u64)MS_RELATIME;

	if (f & MS_STRICTATIME)
		f &= ~(u64)(MS_NOATIME);
	if (!(f & (MS_NOATIME | MS_STRICTATIME)))
		f |= MS_RELATIME;
	return f;
}

/* Whether m, alone in no tree, may go on top of at. mount_lock held. */
static int may_attach_locked(const struct mount *m, const struct path *at)
{
	if (!at->mount->ns || at->dentry->is_unlinked)
		return at->dentry->is_unlinked ? -ENOENT : -EINVAL;
	if (inode_is_dir(m->root->inode) != inode_is_dir(at->dentry->inode))
		return -ENOTDIR;
	return 0;
}

/* Puts m (the caller's reference becomes the tree's) on at. */
static int attach(struct mount *m, const struct path *at, bool is_new)
{
	rw_write_lock(&mount_lock);
	int err = may_attach_locked(m, at);
	/* The same file system twice on one place is a mistake of the caller's. */
	if (!err && is_new && at->mount->sb == m->sb && at->mount->root == at->dentry)
		err = -EBUSY;
	if (!err) {
		mount_attach_locked(m, at);
		mount_ns_add_locked(at->mount->ns, m);
	}
	rw_write_unlock(&mount_lock);
	if (err)
		mount_put(m);
	return err;
}

static int mount_new_fs(const struct path *at, const char *type, const char *source, u64 flags, const char *options)
{
	struct fs_type *t = fs_type_find(type);

	if (!t || !t->mount)
		return -ENODEV;
	struct superblock *sb = t->mount(t, flags & SUPER_FLAGS, source, options);
	if (IS_ERR(sb))
		return (int)PTR_ERR(sb);
	struct dentry *root = t->mount_root ? t->mount_root(sb) : dentry_get(sb->root);
	struct mount *m = root ? mount_new(sb, root, mount_flags(flags), source) : NULL;
	dentry_put(root);
	if (!m) {
		superblock_discard(sb);
		return -ENOMEM;
	}
	superblock_put(sb);
	return attach(m, at, true);
}

int mount_at(const char *type, const char *source, const char *target, u64 flags, const char *options)
{
	struct path at;
	int err = path_lookup(AT_FDCWD, target, LOOKUP_FOLLOW, &at);

	if (err)
		return err;
	err = mount_new_fs(&at, type, source, flags, options);
	path_put(&at);
	return err;
}

/* -- bind -- */
/* Copies what is mounted below from (inside copy's root only) on to copy. mount_lock held. 0 or -ENOMEM. */
static int copy_below_locked(struct mount *from, struct mount *copy, struct mount_ns *ns)
{
	struct mount *m;

	list_for_each(m, &from->children, sibling) {
		if (!dentry_is_below(m->mountpoint, copy->root))
			continue;
		struct mount *c = mount_new(m->sb, m->root, m->flags, m->source);
		struct path at = { copy, m->mountpoint };
		if (!c)
			return -ENOMEM;
		mount_attach_locked(c, &at);
		mount_ns_add_locked(ns, c);
		int err = copy_below_locked(m, c, ns);
		if (err)
			return err;
	}
	return 0;
}

static int umount_tree(struct mount *top);

static int bind(const struct path *at, const char *source, bool is_recursive)
{
	struct path from;
	int err = path_lookup(AT_FDCWD, source, LOOKUP_FOLLOW, &from);

	if (err)
		return err;
	struct mount *m = ERR_PTR(-EINVAL);
	if (from.mount->ns || inode_is_nsfs(from.dentry->inode))
		m = mount_new(from.mount->sb, from.dentry, from.mount->flags, from.mount->source);
	if (!m)
		m = ERR_PTR(-ENOMEM);
	err = IS_ERR(m) ? (int)PTR_ERR(m) : attach(mount_get(m), at, false);
	if (!err && is_recursive) {
		rw_write_lock(&mount_lock);
		err = copy_below_locked(from.mount, m, m->ns);
		rw_write_unlock(&mount_lock);
		if (err)
			umount_tree(m);
	}
	if (!IS_ERR(m))
		mount_put(m);
	path_put(&from);
	return err;
}

/* -- move -- */
static bool is_mount_below(const struct mount *m, const struct mount *ancestor)
{
	while (m && m != ancestor)
		m = m->parent;
	return m != NULL;
}

static int move_mount(const struct path *at, const char *source)
{
	struct path from, left = { NULL, NULL };
	int err = path_lookup(AT_FDCWD, source, LOOKUP_FOLLOW, &from);

	if (err)
		return err;
	rw_write_lock(&mount_lock);
	struct mount *m = from.mount;
	if (from.dentry != m->root || !m->ns || !m->parent || !at->mount->ns ||
	    inode_is_dir(from.dentry->inode) != inode_is_dir(at->dentry->inode))
		err = -EINVAL;
	else if (is_mount_below(at->mount, m))
		err = -ELOOP;
	if (!err) {
		mount_detach_locked(m, &left);
		mount_attach_locked(m, at);
	}
	rw_write_unlock(&mount_lock);
	if (left.mount)
		path_put(&left);
	path_put(&from);
	return err;
}

/* -- remount -- */
static int remount(const struct path *at, u64 flags, const char *options)
{
	struct mount *m = at->mount;
	struct superblock *sb = m->sb;
	int err = 0;

	if (at->dentry != m->root || !m->ns)
		return -EINVAL;
	if ((flags & MS_RDONLY) && !mount_is_readonly(m) && atomic_read(&m->writers))
		return -EBUSY;
	if (!(flags & MS_BIND)) {
		if (options && *options)
			err = sb->type->remount ? sb->type->remount(sb, options) : -EINVAL;
		if (err)
			return err;
		sb->flags = (sb->flags & ~(u64)MS_RDONLY) | (flags & MS_RDONLY);
	}
	/* Without a word about access times they stay as they are. */
	u64 wanted = mount_flags(flags);
	if (!(flags & (MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME))) {
		const u64 atime = MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME;
		wanted = (wanted & ~atime) | (m->flags & atime);
	}
	rw_write_lock(&mount_lock);
	m->flags = wanted;
	rw_write_unlock(&mount_lock);
	return 0;
}

static int change_propagation(const struct path *at, u64 flags)
{
	u64 type = flags & ~(u64)(MS_REC | MS_SILENT);

	if (type != MS_PRIVATE && type != MS_SLAVE)
		return -EINVAL;
	return at->dentry == at->mount->root ? 0 : -EINVAL;
}

/* -- mount(2) -- */
struct mount_args { char *source, *type, *options; };

static int do_mount(const struct path *at, const struct mount_args *a, u64 flags)
{
	const u64 propagation = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (flags & MS_REMOUNT)
		return remount(at, flags, a->options);
	if (flags & MS_BIND)
		return a->source && *a->source ? bind(at, a->source, flags & MS_REC) : -EINVAL;
	if (flags & propagation)
		return change_propagation(at, flags);
	if (flags & MS_MOVE)
		return a->source && *a->source ? move_mount(at, a->source) : -EINVAL;
	return a->type ? mount_new_fs(at, a->type, a->source, flags, a->options) : -EINVAL;
}

/* A string argument, or NULL for none. ERR_PTR. */
static char *argument(uptr s)
{
	if (!s)
		return NULL;
	char *text = path_text_new_flags(s, LOOKUP_EMPTY);
	return IS_ERR(text) && PTR_ERR(text) == -ENAMETOOLONG ? ERR_PTR(-EINVAL) : text;
}

/* Options are a page of memory that ends where it may: what cannot be read is not there. */
static char *options_argument(uptr s)
{
	if (!s)
		return NULL;
	char *text = path_text_alloc();
	if (!text)
		return ERR_PTR(-ENOMEM);
	size_t n = copy_from_user_partial(text, s, PATH_BYTES - 1);
	text[n] = 0;
	if (n)
		return text;
	path_text_free(text);
	return ERR_PTR(-EFAULT);
}

static void argument_free(char *s)
{
	if (s && !IS_ERR(s))
		path_text_free(s);
}

long sys_mount(uptr source, uptr target, uptr type, unsigned long flags, uptr data)
{
	struct mount_args a = { argument(source), argument(type), options_argument(data) };
	struct path at;
	long err = IS_ERR(a.type) ? PTR_ERR(a.type) : IS_ERR(a.source) ? PTR_ERR(a.source) :
		   IS_ERR(a.options) ? PTR_ERR(a.options) : 0;

	if ((flags & 0xffff0000) == MS_MGC_VAL)
		flags &= 0xffff;
	if (!err)
		err = path_lookup_user(AT_FDCWD, target, LOOKUP_FOLLOW, &at);
	if (!err) {
		err = do_mount(&at, &a, flags);
		path_put(&at);
	}
	argument_free(a.source);
	argument_free(a.type);
	argument_free(a.options);
	return err;
}

/* -- umount2 -- */
/* Takes top and all below out of the tree, leaves first; what still uses one keeps it. */
static int umount_tree(struct mount *top)
{
	for (;;) {
		struct path left;
		rw_write_lock(&mount_lock);
		struct mount *m = top;
		while (!list_is_empty(&m->children))
			m = list_first(&m->children, struct mount, sibling);
		mount_detach_locked(m, &left);
		list_remove(&m->ns_node);
		m->ns = NULL;
		rw_write_unlock(&mount_lock);
		bool was_top = m == top;
		path_put(&left);
		mount_put(m);	/* the tree's */
		if (was_top)
			return 0;
	}
}

/* The tree and the caller's path hold it; anybody else makes it busy. mount_lock held. */
static bool is_busy_locked(struct mount *m)
{
	return !list_is_empty(&m->children) || refcount_read(&m->count) > 2;
}

static int umount_checked(const struct path *p, int flags)
{
	struct mount *m = p->mount;
	int err = 0;

	if (p->dentry != m->root)
		return -EINVAL;
	rw_write_lock(&mount_lock);
	if (!m->ns)
		err = -EINVAL;
	else if (!m->parent)
		err = flags & UMOUNT_DETACH ? -EINVAL : -EBUSY;	/* the root of all */
	else if (!(flags & UMOUNT_DETACH) && is_busy_locked(m))
		err = -EBUSY;
	else if ((flags & UMOUNT_EXPIRE) && !m->is_expiring) {
		m->is_expiring = true;
		err = -EAGAIN;
	}
	rw_write_unlock(&mount_lock);
	return err ? err : umount_tree(m);
}

long sys_umount2(uptr target, int flags)
{
	struct path p;

	if (flags & ~(UMOUNT_FORCE | UMOUNT_DETACH | UMOUNT_EXPIRE | UMOUNT_NOFOLLOW_LINK))
		return -EINVAL;
	if ((flags & UMOUNT_EXPIRE) && (flags & (UMOUNT_FORCE | UMOUNT_DETACH)))
		return -EINVAL;
	int err = path_lookup_user(AT_FDCWD, target, flags & UMOUNT_NOFOLLOW_LINK ? 0 : LOOKUP_FOLLOW, &p);
	if (err)
		return err;
	err = capable(CAP_SYS_ADMIN) ? umount_checked(&p, flags) : -EPERM;
	path_put(&p);
	return err;
}
