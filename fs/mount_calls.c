/*
 * fs/mount_calls.c: mount, umount2: new file systems, binds (MS_BIND, with MS_REC), moves, remounts, types of propagation.
 * Locks: mount_lock for writing around each change of the tree; what leaves it is put afterwards.
 * Errors: EPERM, ENODEV, EBUSY, EINVAL, ENOTDIR, ELOOP, ENOENT, ENOSPC. Source: mount(2), umount(2), mount_namespaces(7).
 */
#include "fs/mount.h"
#include "base/string.h"
#include "namespace/nsfs.h"
#include "namespace/user.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/capability.h>

#define MOUNT_FLAGS (MOUNT_FLAGS_RIGHTS | MOUNT_FLAGS_ATIME | MS_NOSYMFOLLOW)
#define SUPER_FLAGS (MS_RDONLY | MS_SYNCHRONOUS | MS_MANDLOCK | MS_DIRSYNC | MS_SILENT | MS_POSIXACL | MS_LAZYTIME)
#define PROPAGATION_FLAGS (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)
#define UMOUNT_FORCE 1
#define UMOUNT_DETACH 2
#define UMOUNT_EXPIRE 4
#define UMOUNT_NOFOLLOW_LINK 8

/* The flags of one mount: relatime unless told otherwise, as Linux has it. */
u64 mount_flags_of(u64 flags)
{
	u64 f = flags & MOUNT_FLAGS & ~(u64)MS_RELATIME;

	if (f & MS_STRICTATIME)
		f &= ~(u64)(MS_NOATIME);
	if (!(f & (MS_NOATIME | MS_STRICTATIME)))
		f |= MS_RELATIME;
	return f;
}

bool mount_flags_may_change(const struct mount *m, u64 wanted)
{
	u64 locked = m->flags_locked;

	if (locked & MOUNT_FLAGS_RIGHTS & ~wanted)
		return false;
	return !(locked & MS_RELATIME) || !((m->flags ^ wanted) & MOUNT_FLAGS_ATIME);
}

/* -- one change of the tree -- */
/* Begins it: *at becomes the top of what is mounted there, and keeps its name till the end. 0 or -ENOENT. */
int mount_change_begin(struct path *at)
{
	rw_write_lock(&mount_lock);
	path_enter_mounts_locked(at);
	int err = mountpoint_hold(at->dentry);
	if (err)
		rw_write_unlock(&mount_lock);
	return err;
}

void mount_change_end(const struct path *at, struct list *gone)
{
	mountpoint_release(at->dentry);
	rw_write_unlock(&mount_lock);
	mounts_put(gone);
}

static bool is_ours(const struct mount *m) { return m->ns == current_mount_ns(); }

static bool is_dir(const struct dentry *d) { return inode_is_dir(d->inode); }

/* -- a new file system -- */
/* A namespace that does not own all of the system is shown no more of it than it sees already: there must be a mount of
 * the same type with nothing locked on top, and what is locked of its flags holds for the new one too. */
bool mount_is_revealing_locked(struct mount *fresh)
{
	const struct superblock *sb = fresh->sb;
	struct mount *m, *child;

	if (current_mount_ns()->ns.owner == &first_user_ns || !sb->type->is_revealing)
		return false;
	list_for_each(m, &current_mount_ns()->mounts, ns_node) {
		u64 locked = m->flags_locked | (m->sb->flags & MS_RDONLY);
		bool hides = m->sb->type != sb->type || m->root != m->sb->root || (locked & MS_RDONLY & ~fresh->flags) ||
			     ((locked & MS_RELATIME) && ((m->flags ^ fresh->flags) & MOUNT_FLAGS_ATIME));
		list_for_each(child, &m->children, sibling)
			hides |= child->is_locked;
		if (hides)
			continue;
		fresh->flags_locked = locked & (MS_RDONLY | MS_RELATIME);
		return false;
	}
	return true;
}

static int attach_new_locked(struct mount *m, const struct path *at, struct list *gone)
{
	if (mount_is_revealing_locked(m))
		return -EPERM;
	if (!is_ours(at->mount))
		return -EINVAL;
	/* The same file system twice on one place is a mistake of the caller's. */
	if (at->mount->sb == m->sb && at->mount->root == at->dentry)
		return -EBUSY;
	if (is_dir(m->root) != is_dir(at->dentry))
		return -ENOTDIR;
	return mount_tree_attach_locked(m, at, false, gone);
}

static struct superblock *super_open(const char *type, u64 flags, const char *source, const char *options)
{
	struct fs_type *t = fs_type_find(type);

	if (!t || !t->mount)
		return ERR_PTR(-ENODEV);
	if (!ns_capable(t->owner ? t->owner() : &first_user_ns, CAP_SYS_ADMIN))
		return ERR_PTR(-EPERM);
	return t->mount(t, flags & SUPER_FLAGS, source, options);
}

static int mount_new_fs(struct path *at, const char *type, const char *source, u64 flags, const char *options)
{
	struct list gone = LIST_INIT(gone);
	struct superblock *sb = super_open(type, flags, source, options);

	if (IS_ERR(sb))
		return (int)PTR_ERR(sb);
	struct dentry *root = sb->type->mount_root ? sb->type->mount_root(sb) : dentry_get(sb->root);
	struct mount *m = root ? mount_new(sb, root, mount_flags_of(flags), source) : NULL;
	dentry_put(root);
	if (!m) {
		superblock_discard(sb);
		return -ENOMEM;
	}
	superblock_put(sb);
	int err = mount_change_begin(at);
	if (!err) {
		err = attach_new_locked(m, at, &gone);
		mount_change_end(at, &gone);
	}
	if (err)
		mount_put(m);
	return err;
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
/* Part of a tree without what is locked on it would show what that hides. */
static bool has_locked_below(const struct mount *m, struct dentry *root)
{
	struct mount *child;

	list_for_each(child, &m->children, sibling) {
		if (child->is_locked && dentry_is_below(child->mountpoint, root))
			return true;
	}
	return false;
}

/* The copy that a bind of `from` mounts. ERR_PTR. */
struct mount *mount_bind_copy_locked(const struct path *from, bool is_recursive, struct list *gone)
{
	struct mount *m = from->mount;

	if (m->is_unbindable || (!is_ours(m) && !inode_is_nsfs(from->dentry->inode)))
		return ERR_PTR(-EINVAL);
	if (!is_recursive && has_locked_below(m, from->dentry))
		return ERR_PTR(-EINVAL);
	m = is_recursive ? mount_tree_copy_locked(m, from->dentry, COPY_NS_FILES, gone) :
	    mount_copy_locked(m, from->dentry, 0);
	if (m && !IS_ERR(m))
		m->is_locked = false;
	return m ? m : ERR_PTR(-ENOMEM);
}

static int bind_locked(const struct path *from, const struct path *at, bool is_recursive, struct list *gone)
{
	if (!is_ours(at->mount))
		return -EINVAL;
	struct mount *m = mount_bind_copy_locked(from, is_recursive, gone);
	if (IS_ERR(m))
		return (int)PTR_ERR(m);
	int err = is_dir(m->root) == is_dir(at->dentry) ? mount_tree_attach_locked(m, at, false, gone) : -ENOTDIR;
	if (err)
		mount_tree_discard_locked(m, gone);
	return err;
}

static int bind(struct path *at, const char *source, bool is_recursive)
{
	struct list gone = LIST_INIT(gone);
	struct path from;
	int err = path_lookup(AT_FDCWD, source, LOOKUP_FOLLOW, &from);

	if (err)
		return err;
	/* A namespace's file may only be mounted in one that is older: else it could hold itself. */
	err = inode_is_mount_ns(from.dentry->inode, current_mount_ns()) ? -EINVAL : mount_change_begin(at);
	if (!err) {
		err = bind_locked(&from, at, is_recursive, &gone);
		mount_change_end(at, &gone);
	}
	path_put(&from);
	return err;
}

/* -- move -- */
static bool tree_has_unbindable(struct mount *top)
{
	struct mount *m;

	for_each_mount_locked(m, top) {
		if (m->is_unbindable)
			return true;
	}
	return false;
}

static bool tree_has_mount_ns(struct mount *top)
{
	struct mount *m;

	for_each_mount_locked(m, top) {
		if (inode_is_mount_ns(m->root->inode, NULL))
			return true;
	}
	return false;
}

/* What holds for a tree that comes from another place, or (detached) from none. */
int mount_may_move_locked(const struct path *from, const struct path *at)
{
	struct mount *m = from->mount;

	if (!is_ours(at->mount) || m->is_locked || from->dentry != m->root || is_dir(from->dentry) != is_dir(at->dentry))
		return -EINVAL;
	if (m->parent && m->parent->is_shared)
		return -EINVAL;
	if (at->mount->is_shared && tree_has_unbindable(m))
		return -EINVAL;
	return mount_is_below(at->mount, m) || tree_has_mount_ns(m) ? -ELOOP : 0;
}

static int move(struct path *at, const char *source)
{
	struct list gone = LIST_INIT(gone);
	struct path from, left = { NULL, NULL };
	int err = path_lookup(AT_FDCWD, source, LOOKUP_FOLLOW, &from);

	if (err)
		return err;
	err = mount_change_begin(at);
	if (!err) {
		struct mount *m = from.mount;
		err = is_ours(m) && m->parent ? mount_may_move_locked(&from, at) : -EINVAL;
		if (!err)
			err = mount_tree_attach_locked(m, at, true, &gone);
		if (!err) {
			left = m->left;
			m->left = (struct path){ NULL, NULL };
		}
		mount_change_end(at, &gone);
	}
	path_put(&left);
	path_put(&from);
	return err;
}

/* -- remount -- */
int superblock_set_readonly(struct mount *m, bool is_readonly)
{
	struct superblock *sb = m->sb;

	if (is_readonly && !(sb->flags & MS_RDONLY) && atomic_read(&sb->writers))
		return -EBUSY;
	sb->flags = (sb->flags & ~(u64)MS_RDONLY) | (is_readonly ? MS_RDONLY : 0);
	return 0;
}

static int remount_super(struct mount *m, u64 flags, const char *options)
{
	struct superblock *sb = m->sb;
	int err = 0;

	if (!ns_capable(sb->owner, CAP_SYS_ADMIN))
		return -EPERM;
	if (options && *options)
		err = sb->type->remount ? sb->type->remount(sb, options) : -EINVAL;
	return err ? err : superblock_set_readonly(m, flags & MS_RDONLY);
}

static int remount(const struct path *at, u64 flags, const char *options)
{
	struct mount *m = at->mount;
	u64 wanted = mount_flags_of(flags);
	int err = 0;

	/* Without a word about access times they stay as they are. */
	if (!(flags & MOUNT_FLAGS_ATIME))
		wanted = (wanted & ~(u64)MOUNT_FLAGS_ATIME) | (m->flags & MOUNT_FLAGS_ATIME);
	if (at->dentry != m->root || !is_ours(m))
		return -EINVAL;
	if (!mount_flags_may_change(m, wanted))
		return -EPERM;
	if (!(flags & MS_BIND))
		err = remount_super(m, flags, options);
	else if ((flags & MS_RDONLY) && !(m->flags & MS_RDONLY) && atomic_read(&m->writers))
		err = -EBUSY;
	if (err)
		return err;
	rw_write_lock(&mount_lock);
	m->flags = wanted;
	if (m->ns)
		mount_ns_touch_locked(m->ns);
	rw_write_unlock(&mount_lock);
	return 0;
}

/* -- propagation -- */
static int change_propagation(const struct path *at, u64 flags)
{
	u64 type = flags & ~(u64)(MS_REC | MS_SILENT);
	struct mount *top = at->mount, *m;

	if ((type & ~(u64)PROPAGATION_FLAGS) || (type & (type - 1)) || at->dentry != top->root)
		return -EINVAL;
	rw_write_lock(&mount_lock);
	int err = is_ours(top) ? 0 : -EINVAL;
	for (m = err ? NULL : top; m; m = flags & MS_REC ? mount_next_locked(m, top) : NULL)
		mount_set_propagation_locked(m, type);
	if (!err)
		mount_ns_touch_locked(top->ns);
	rw_write_unlock(&mount_lock);
	return err;
}

/* -- mount(2) -- */
struct mount_args { char *source, *type, *options; };

static int do_mount(struct path *at, const struct mount_args *a, u64 flags)
{
	if (flags & MS_NOUSER)
		return -EINVAL;
	if (!may_mount())
		return -EPERM;
	if (flags & MS_REMOUNT)
		return remount(at, flags, a->options);
	if (flags & MS_BIND)
		return a->source && *a->source ? bind(at, a->source, flags & MS_REC) : -EINVAL;
	if (flags & PROPAGATION_FLAGS)
		return change_propagation(at, flags);
	if (flags & MS_MOVE)
		return a->source && *a->source ? move(at, a->source) : -EINVAL;
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
/* The root of the caller goes only with MNT_DETACH; else its file system is made read-only. */
static int umount_root(struct mount *m)
{
	return ns_capable(m->sb->owner, CAP_SYS_ADMIN) ? superblock_set_readonly(m, true) : -EPERM;
}

static int umount_locked(struct mount *m, int flags, struct list *gone)
{
	if (!is_ours(m) || m->is_locked || !m->parent)
		return -EINVAL;
	/* The tree and the caller's path hold it; anybody else makes it busy. */
	if (!(flags & UMOUNT_DETACH) && mount_is_busy_locked(m, 2))
		return -EBUSY;
	if ((flags & UMOUNT_EXPIRE) && !m->is_expiring) {
		m->is_expiring = true;
		return -EAGAIN;
	}
	mount_tree_remove_locked(m, REMOVE_PROPAGATE | (flags & UMOUNT_DETACH ? 0 : REMOVE_SYNC), gone);
	return 0;
}

static int umount_path(const struct path *p, int flags)
{
	struct list gone = LIST_INIT(gone);
	struct mount *m = p->mount;
	struct path root;

	if (p->dentry != m->root || !is_ours(m) || m->is_locked)
		return -EINVAL;
	if ((flags & UMOUNT_FORCE) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	fs_room_get_root(current->fs, &root);
	bool is_root = root.mount == m;
	path_put(&root);
	if ((flags & UMOUNT_EXPIRE) && (is_root || (flags & (UMOUNT_FORCE | UMOUNT_DETACH))))
		return -EINVAL;
	if (is_root && !(flags & UMOUNT_DETACH))
		return umount_root(m);
	rw_write_lock(&mount_lock);
	int err = umount_locked(m, flags, &gone);
	rw_write_unlock(&mount_lock);
	mounts_put(&gone);
	return err;
}

long sys_umount2(uptr target, int flags)
{
	struct path p;

	if (flags & ~(UMOUNT_FORCE | UMOUNT_DETACH | UMOUNT_EXPIRE | UMOUNT_NOFOLLOW_LINK))
		return -EINVAL;
	int err = path_lookup_user(AT_FDCWD, target, flags & UMOUNT_NOFOLLOW_LINK ? 0 : LOOKUP_FOLLOW, &p);
	if (err)
		return err;
	path_enter_mounts(&p);	/* "." may be covered */
	err = may_mount() ? umount_path(&p, flags) : -EPERM;
	dentry_put(p.dentry);
	mount_release(p.mount);
	return err;
}
