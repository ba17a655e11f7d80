/*
 * fs/mount_fd.c: mounts by file descriptor: open_tree, move_mount. A tree that lies nowhere yet (a copy by OPEN_TREE_CLONE, a
 * new one by fsmount) hangs in a namespace of its own that nobody is in; the descriptor holds that, and what is not moved to a
 * place before it is closed comes down with it.
 * Locks: mount_lock. Errors: EPERM, EINVAL, EBADF, ENOENT, ELOOP, EMFILE, ENOMEM, ENOSPC. MOVE_MOUNT_SET_GROUP: EINVAL.
 * Source: Linux 6.1's behaviour; open_tree(2) and move_mount(2) of the newer manuals.
 */
#include "fs/mount.h"
#include "base/errno.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/fcntl.h>

static void tree_release(struct file *f)
{
	ns_put(f->private);
}

static const struct file_ops tree_fops = { .release = tree_release };

/* A descriptor of the tree m, whose reference it takes over. */
int mount_open_detached(struct mount *m, bool cloexec, bool (*allows)(struct mount *m))
{
	struct list gone = LIST_INIT(gone);
	struct mount_ns *ns = mount_ns_new_detached();
	struct path p = { m, m->root };
	struct mount *one;

	rw_write_lock(&mount_lock);
	bool is_allowed = ns && (!allows || allows(m));
	if (is_allowed) {
		for_each_mount_locked(one, m)
			mount_ns_add_locked(ns, one);
		ns->root = m;
		path_get(&p);
	} else {
		mount_tree_discard_locked(m, &gone);
	}
	rw_write_unlock(&mount_lock);
	mounts_put(&gone);
	struct file *f = is_allowed ? file_open_path(&p, O_PATH) : ERR_PTR(ns ? -EPERM : -ENOMEM);
	if (is_allowed)
		path_put(&p);
	int fd = IS_ERR(f) ? (int)PTR_ERR(f) : fd_reserve(cloexec ? O_CLOEXEC : 0);
	if (fd >= 0) {
		f->private = ns;
		f->ops = &tree_fops;
		fd_install(fd, f);
		return fd;
	}
	if (!IS_ERR(f))
		file_put(f);
	if (ns)
		ns_put(&ns->ns);
	return fd;
}

/* -- open_tree -- */
#define TREE_CLONE 1
#define TREE_FLAGS (TREE_CLONE | O_CLOEXEC | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW)

static int open_copy(const struct path *from, unsigned flags)
{
	struct list gone = LIST_INIT(gone);

	rw_write_lock(&mount_lock);
	struct mount *m = mount_bind_copy_locked(from, flags & AT_RECURSIVE, &gone);
	rw_write_unlock(&mount_lock);
	mounts_put(&gone);
	return IS_ERR(m) ? (int)PTR_ERR(m) : mount_open_detached(m, flags & O_CLOEXEC, NULL);
}

static int open_place(const struct path *p, unsigned flags)
{
	struct file *f = file_open_path(p, O_PATH);

	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	int fd = fd_install_new(f, flags & O_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

long sys_open_tree(int dirfd, uptr path, unsigned flags)
{
	struct path p;

	if ((flags & ~(unsigned)TREE_FLAGS) || (flags & (AT_RECURSIVE | TREE_CLONE)) == AT_RECURSIVE)
		return -EINVAL;
	if ((flags & TREE_CLONE) && !may_mount())
		return -EPERM;
	long err = path_lookup_user(dirfd, path, (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
				    (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0), &p);
	if (err)
		return err;
	err = flags & TREE_CLONE ? open_copy(&p, flags) : open_place(&p, flags);
	path_put(&p);
	return err;
}

/* -- move_mount -- */
#define FROM_SYMLINKS 1
#define FROM_EMPTY 4
#define TO_SHIFT 4
#define MOVE_FLAGS 0x77		/* links, automounts, empty paths, of both */

static unsigned lookup_flags(unsigned flags)
{
	return (flags & FROM_SYMLINKS ? LOOKUP_FOLLOW : 0) | (flags & FROM_EMPTY ? LOOKUP_EMPTY : 0);
}

/* The tree leaves the namespace that only held it. */
static void undetach_locked(struct mount *top)
{
	struct mount *m;

	top->ns->root = NULL;
	for_each_mount_locked(m, top)
		mount_ns_remove_locked(m);
}

static int attach_detached_locked(struct mount *m, const struct path *at, struct list *gone)
{
	struct mount_ns *ns = m->ns;
	struct mount *one;

	undetach_locked(m);
	int err = mount_tree_attach_locked(m, at, false, gone);
	if (err) {
		for_each_mount_locked(one, m)
			mount_ns_add_locked(ns, one);
		ns->root = m;
	}
	return err;
}

static int move_locked(const struct path *from, const struct path *at, struct list *gone)
{
	struct mount *m = from->mount;
	bool is_detached = !m->parent && m->ns && m->ns->is_detached;

	if (!is_detached && (!m->parent || m->ns != current_mount_ns()))
		return -EINVAL;
	int err = mount_may_move_locked(from, at);
	if (err)
		return err;
	return is_detached ? attach_detached_locked(m, at, gone) : mount_tree_attach_locked(m, at, true, gone);
}

static int move_mount(const struct path *from, struct path *at)
{
	struct list gone = LIST_INIT(gone);
	struct path left = { NULL, NULL };
	int err = mount_change_begin(at);

	if (err)
		return err;
	err = move_locked(from, at, &gone);
	if (!err) {
		left = from->mount->left;
		from->mount->left = (struct path){ NULL, NULL };
	}
	mount_change_end(at, &gone);
	path_put(&left);
	return err;
}

long sys_move_mount(int from_fd, uptr from_path, int to_fd, uptr to_path, unsigned flags)
{
	struct path from, to;

	if (!may_mount())
		return -EPERM;
	if (flags & ~MOVE_FLAGS)
		return -EINVAL;
	long err = path_lookup_user(from_fd, from_path, lookup_flags(flags), &from);
	if (err)
		return err;
	err = path_lookup_user(to_fd, to_path, lookup_flags(flags >> TO_SHIFT), &to);
	if (!err) {
		err = move_mount(&from, &to);
		path_put(&to);
	}
	path_put(&from);
	return err;
}
