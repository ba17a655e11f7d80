/*
 * fs/file.c: open files: life and death, files without a name (pipes, eventfds), reading and writing by the kernel.
 * Locks: none of its own. Releasing a file takes nothing above RANK_MM when it is one that can be mapped, so mm/ may
 * give files up under mm->lock; pipes and ttys cannot be mapped and may take their own locks.
 * Errors: NULL or ERR_PTR(-ENOMEM).
 */
#include "fs/internal.h"
#include "fs/notify.h"
#include "fs/iter.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "task/task.h"
#include <linux/magic.h>

SLAB_CACHE(file_cache, struct file);
static struct mount *internal_mount;	/* of everything nameless; in no tree */
static struct superblock *anon_sb;
static struct inode *anon_inode;	/* of all files that are only operations: one is enough */

struct file *file_alloc(u32 mode, u32 flags, const struct file_ops *ops, void *private)
{
	struct file *f = slab_zalloc(&file_cache);

	if (!f)
		return NULL;
	refcount_set(&f->count, 1);
	f->mode = mode;
	f->flags = flags;
	f->ops = ops;
	f->private = private;
	spin_init(&f->lock, RANK_FILES);
	mutex_init(&f->pos_lock, RANK_FILE_POS);
	list_init(&f->epoll_links);
	f->cred = (struct cred *)cred_get(current_cred());
	return f;
}

static void file_release(struct file *f)
{
	struct inode *i = f->inode;

	if (notify_is_wanted() && f->ops) {	/* not if it was never opened */
		notify_file(f, f->mode & FMODE_WRITE ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
		dnotify_forget(f, NULL);
	}
	if (!list_is_empty(&f->epoll_links))
		epoll_file_gone(f);
	if (i && !list_is_empty(&i->posix_locks))
		locks_drop_file(f);
	if (f->async || f->owner)
		async_end(f);
	if (f->ops && f->ops->release)
		f->ops->release(f);
	if (f->is_writer) {
		inode_put_write(i);
		atomic_dec(&f->path.mount->writers);
		atomic_dec(&f->path.mount->sb->writers);
	}
	if (f->denies_write)
		atomic_inc(&i->writers);
	path_put(&f->path);
	cred_put(f->cred);
	slab_free(&file_cache, f);
}

void file_put(struct file *f)
{
	if (refcount_dec(&f->count))
		file_release(f);
}

void file_allow_write(struct file *f)
{
	if (f->denies_write) {
		f->denies_write = false;
		atomic_inc(&f->inode->writers);
	}
}

/* -- nameless files -- */
static const struct super_ops anon_super_ops = { 0 };
static const struct inode_ops anon_inode_ops = { 0 };
static const struct fs_type anon_type = { .name = "anon_inodefs" };

void internal_mount_init(void)
{
	anon_sb = superblock_new(&anon_type, ANON_INODE_FS_MAGIC, &anon_super_ops, 0);
	BUG_ON(!anon_sb);
	struct inode *i = inode_new(anon_sb, S_IFDIR | 0555);
	BUG_ON(!i);
	i->ops = &anon_inode_ops;
	anon_sb->root = dentry_alloc(NULL, "", 0);
	BUG_ON(!anon_sb->root);
	anon_sb->root->inode = i;
	internal_mount = mount_new(anon_sb, anon_sb->root, 0, "none");
	anon_inode = inode_new(anon_sb, 0600);
	BUG_ON(!internal_mount || !anon_inode);
	anon_inode->ops = &anon_inode_ops;
}

/* A dentry of that name, its own parent, over i (whose reference is taken over, also on error). 0 or -ENOMEM. */
int nameless_path(const char *name, struct inode *i, struct path *out)
{
	struct dentry *d = dentry_alloc(NULL, name, strlen(name));

	if (!d) {
		inode_put(i);
		return -ENOMEM;
	}
	d->inode = i;
	*out = (struct path){ mount_get(internal_mount), d };
	return 0;
}

struct inode *anon_inode_new(const char *name, u32 mode, struct path *out)
{
	struct inode *i = inode_new(anon_sb, mode);

	if (!i)
		return ERR_PTR(-ENOMEM);
	i->ops = &anon_inode_ops;
	int err = nameless_path(name, i, out);
	return err ? ERR_PTR(err) : i;
}

struct file *file_anon(const char *name, u32 mode, u32 flags, const struct file_ops *ops, void *private)
{
	struct path p;
	int err = nameless_path(name, inode_get(anon_inode), &p);

	if (err)
		return ERR_PTR(err);
	struct file *f = file_alloc(mode, flags, ops, private);
	if (!f) {
		path_put(&p);
		return ERR_PTR(-ENOMEM);
	}
	f->path = p;
	f->inode = anon_inode;
	return f;
}

/* -- the kernel as reader and writer -- */
ssize_t file_read_at(struct file *f, void *buf, size_t n, loff *pos)
{
	if (f->ops && f->ops->read_kernel) {
		if (f->ops->keeps_state)
			mutex_lock(&f->pos_lock);
		ssize_t got = f->ops->read_kernel(f, buf, n, pos);
		if (f->ops->keeps_state)
			mutex_unlock(&f->pos_lock);
		return got;
	}
	if (f->ops && f->ops->read_iter) {
		struct iter it;
		iter_from_kernel(&it, buf, n);
		return f->ops->read_iter(f, &it, pos);
	}
	if (!f->inode->mapping)
		return -EINVAL;
	ssize_t got = mapping_read_kernel(f->inode->mapping, *pos, buf, n);
	if (got > 0)
		*pos += got;
	return got;
}

ssize_t file_read_kernel(struct file *f, void *buf, size_t n, loff pos)
{
	return file_read_at(f, buf, n, &pos);
}

ssize_t file_write_kernel(struct file *f, const void *buf, size_t n, loff *pos)
{
	if (f->ops && f->ops->write_kernel)
		return f->ops->write_kernel(f, buf, n, pos);
	if (f->ops && f->ops->write_iter) {
		struct iter it;
		iter_from_kernel(&it, buf, n);
		return f->ops->write_iter(f, &it, pos);
	}
	return -EINVAL;
}
