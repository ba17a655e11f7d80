/*
 * fs/fs_room.c: the room "fs": root, working directory, umask; the calls that change them.
 * Locks: fs->lock (irqsave, since foreign readers take it under task->lock).
 * Errors: those of the lookup; EPERM, ERANGE.
 * Source: chdir(2), chroot(2), umask(2), getcwd(2).
 */
#include "fs/mount.h"
#include "namespace/user.h"
#include "base/string.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "namespace/user.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/capability.h>

SLAB_CACHE(fs_room_cache, struct fs_room);

/* A room at the root of the first mount namespace: what process 0 has. */
struct fs_room *fs_room_first(void)
{
	struct fs_room *f = slab_zalloc(&fs_room_cache);
	if (!f)
		return NULL;
	refcount_set(&f->count, 1);
	spin_init(&f->lock, RANK_FS);
	f->root = (struct path){ first_mount_ns.root, first_mount_ns.root->root };
	path_get(&f->root);
	path_enter_mounts(&f->root);
	f->cwd = f->root;
	path_get(&f->cwd);
	f->umask = 022;
	return f;
}

struct fs_room *fs_room_copy(struct fs_room *from)
{
	struct fs_room *f = slab_alloc(&fs_room_cache);
	if (!f)
		return NULL;
	refcount_set(&f->count, 1);
	spin_init(&f->lock, RANK_FS);
	spin_lock_irq(&from->lock);
	f->root = from->root;
	f->cwd = from->cwd;
	path_get(&f->root);
	path_get(&f->cwd);
	f->umask = from->umask;
	spin_unlock_irq(&from->lock);
	return f;
}

void fs_room_put(struct fs_room *f)
{
	if (!f || !refcount_dec(&f->count))
		return;
	path_put(&f->root);
	path_put(&f->cwd);
	slab_free(&fs_room_cache, f);
}

static void get_one(struct fs_room *f, const struct path *which, struct path *out)
{
	unsigned long flags = spin_lock_irqsave(&f->lock);
	*out = *which;
	path_get(out);
	spin_unlock_irqrestore(&f->lock, flags);
}

void fs_room_get_root(struct fs_room *f, struct path *out) { get_one(f, &f->root, out); }
void fs_room_get_cwd(struct fs_room *f, struct path *out) { get_one(f, &f->cwd, out); }

bool fs_room_is_chrooted(struct fs_room *f)
{
	struct path root, top;

	fs_room_get_root(f, &root);
	rw_read_lock(&mount_lock);
	struct mount *m = root.mount->ns ? root.mount->ns->root : NULL;
	top = (struct path){ m, m ? m->root : NULL };
	if (m)
		path_get(&top);
	rw_read_unlock(&mount_lock);
	if (m)
		path_enter_mounts(&top);
	bool is_chrooted = top.mount != root.mount || top.dentry != root.dentry;
	if (m)
		path_put(&top);
	path_put(&root);
	return is_chrooted;
}

bool fs_room_paths_of(struct task *t, struct path *root, struct path *cwd)
{
	unsigned long flags = spin_lock_irqsave(&t->lock);
	struct fs_room *f = t->fs;
	if (f) {
		get_one(f, &f->root, root);
		get_one(f, &f->cwd, cwd);
	}
	spin_unlock_irqrestore(&t->lock, flags);
	return f != NULL;
}

void fs_room_set(struct fs_room *f, struct path *root, struct path *cwd)
{
	unsigned long flags = spin_lock_irqsave(&f->lock);
	struct path old_root = f->root, old_cwd = f->cwd;
	f->root = *root;
	f->cwd = *cwd;
	spin_unlock_irqrestore(&f->lock, flags);
	path_put(&old_root);
	path_put(&old_cwd);
}

/* Puts p (its references are taken over) in place of which. */
static void set_one(struct path *which, const struct path *p)
{
	struct fs_room *f = current->fs;
	unsigned long flags = spin_lock_irqsave(&f->lock);
	struct path old = *which;
	*which = *p;
	spin_unlock_irqrestore(&f->lock, flags);
	path_put(&old);
}

static long enter(struct path *p, struct path *which)
{
	int err = inode_is_dir(p->dentry->inode) ? inode_permission(p->dentry->inode, MAY_EXEC) : -ENOTDIR;

	if (!err && which == &current->fs->root && !ns_capable(current_user_ns(), CAP_SYS_CHROOT))
		err = -EPERM;
	if (err)
		path_put(p);
	else
		set_one(which, p);
	return err;
}

long sys_chdir(uptr path)
{
	struct path p;
	int err = path_lookup_user(AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p);
	return err ? err : enter(&p, &current->fs->cwd);
}

long sys_fchdir(int fd)
{
	struct file *f = fd_get_raw(fd);
	if (!f)
		return -EBADF;
	struct path p = f->path;
	path_get(&p);
	file_put(f);
	return enter(&p, &current->fs->cwd);
}

long sys_chroot(uptr path)
{
	struct path p;
	int err = path_lookup_user(AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p);
	return err ? err : enter(&p, &current->fs->root);
}

long sys_umask(int mask)
{
	struct fs_room *f = current->fs;
	unsigned long flags = spin_lock_irqsave(&f->lock);
	u32 old = f->umask;
	f->umask = (u32)mask & 0777;
	spin_unlock_irqrestore(&f->lock, flags);
	return old;
}

/* The text of cwd in buf. Start, or ERR_PTR. */
static char *cwd_format(char *buf, size_t size)
{
	struct path root, cwd;
	bool reached = true;

	fs_room_get_root(current->fs, &root);
	fs_room_get_cwd(current->fs, &cwd);
	char *s = cwd.dentry->is_unlinked ? ERR_PTR(-ENOENT) : path_format_from(&cwd, &root, buf, size, &reached);
	if (!IS_ERR(s) && !reached) {
		const char prefix[] = "(unreachable)";
		size_t n = sizeof(prefix) - 1;
		s = s - buf < (long)n ? ERR_PTR(-ENAMETOOLONG) : memcpy(s - n, prefix, n);
	}
	path_put(&root);
	path_put(&cwd);
	return s;
}

long sys_getcwd(uptr out, size_t size)
{
	char *text = path_text_alloc();
	if (!text)
		return -ENOMEM;
	char *s = cwd_format(text, PATH_BYTES);
	long n;
	if (IS_ERR(s)) {
		n = PTR_ERR(s);
	} else {
		n = text + PATH_BYTES - s;
		if ((size_t)n > size)
			n = -ERANGE;
		else if (copy_to_user(out, s, (size_t)n))
			n = -EFAULT;
	}
	path_text_free(text);
	return n;
}
