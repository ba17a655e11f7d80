/*
 * ipc/mqueue_fs.c: where POSIX message queues have their names: a file system of one directory for each IPC namespace,
 * which "mount -t mqueue" shows; and the calls on names, mq_open and mq_unlink. A queue is an inode; it lives while it
 * has a name or is open. Its names go when the namespace has ended and nothing mounts the file system any more.
 * Way in: the calls, and the usual calls on files. Locks: the directory's inode->lock; mq_lock for a namespace's mount
 * and count.
 * Errors: EACCES, EEXIST, EFAULT, EINVAL, EMFILE, ENAMETOOLONG, ENOENT, ENOMEM, ENOSPC. Source: mq_overview(7),
 * mq_open(3).
 */
#include "ipc/mqueue.h"
#include "base/printk.h"
#include "base/string.h"
#include "fs/internal.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "namespace/user.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/capability.h>

#define MQUEUE_MAGIC 0x19800202
#define NAME_SIZE 20		/* what one name adds to the directory */
#define FILE_SIZE 80		/* st_size of a queue */

static struct spinlock mq_lock = SPINLOCK_INIT(RANK_TASK);
static const struct inode_ops queue_inode_ops, dir_ops;
static const struct file_ops queue_fops;

struct mqueue *mqueue_of_file(struct file *f) { return f->ops == &queue_fops ? f->inode->private : NULL; }

/* -- the count of a namespace; sb->private is the namespace, NULL once that has ended -- */
static int count_queue(struct superblock *sb, struct mq_limits *limits)
{
	int err = 0;

	spin_lock(&mq_lock);
	struct ipc_ns *ns = sb->private;
	if (!ns)
		err = -EACCES;
	else if (ns->mq_queues >= ns->mq.queues_max && !capable(CAP_SYS_RESOURCE))
		err = -ENOSPC;
	if (!err) {
		ns->mq_queues++;
		*limits = ns->mq;
	}
	spin_unlock(&mq_lock);
	return err;
}

static void uncount_queue(struct superblock *sb)
{
	spin_lock(&mq_lock);
	if (sb->private)
		((struct ipc_ns *)sb->private)->mq_queues--;
	spin_unlock(&mq_lock);
}

/* -- queues as files -- */
static struct inode *queue_inode(struct superblock *sb, u32 mode, const struct mq_limits *limits, const struct mq_attr *attr)
{
	struct mqueue *q = mqueue_new(limits, attr);

	if (IS_ERR(q))
		return (struct inode *)q;
	struct inode *i = inode_new(sb, S_IFREG | mode);
	if (!i) {
		mqueue_free(q);
		return ERR_PTR(-ENOMEM);
	}
	i->ops = &queue_inode_ops;
	i->fops = &queue_fops;
	i->size = FILE_SIZE;
	i->private = q;
	return i;
}

static int create(struct inode *dir, struct dentry *d, u32 mode, const struct mq_attr *attr)
{
	struct mq_limits limits;
	int err = count_queue(dir->sb, &limits);

	if (err)
		return err;
	struct inode *i = queue_inode(dir->sb, mode & S_IALLUGO, &limits, attr);
	if (IS_ERR(i)) {
		uncount_queue(dir->sb);
		return (int)PTR_ERR(i);
	}
	dentry_add(d, i);
	dir->size += NAME_SIZE;
	inode_touch(dir);
	return 0;
}

static int dir_create(struct inode *dir, struct dentry *d, u32 mode) { return create(dir, d, mode, NULL); }

static int dir_unlink(struct inode *dir, struct dentry *d)
{
	d->inode->nlink--;
	dir->size -= NAME_SIZE;
	inode_touch(dir);
	dentry_remove(d);
	return 0;
}

static void destroy_inode(struct inode *i)
{
	if (!S_ISREG(i->mode))
		return;
	mqueue_free(i->private);
	uncount_queue(i->sb);
}

static ssize_t queue_read(struct file *f, uptr buf, size_t n, loff *pos)
{
	char text[100];
	size_t length = mqueue_describe(f->inode->private, text, sizeof(text));

	if ((u64)*pos >= length)
		return 0;
	n = MIN(n, length - (size_t)*pos);
	if (copy_to_user(buf, text + *pos, n))
		return -EFAULT;
	*pos += (loff)n;
	return (ssize_t)n;
}

static unsigned queue_poll(struct file *f, struct poll_table *pt)
{
	struct mqueue *q = f->inode->private;

	poll_wait(f, &q->poll, pt);
	return mqueue_poll_state(q);
}

static void queue_flush(struct file *f) { mqueue_forget_notice_of_current(f->inode->private); }

static const struct file_ops queue_fops = {
	.read = queue_read,
	.poll = queue_poll,
	.flush = queue_flush,
};
static const struct inode_ops queue_inode_ops = { 0 };
static const struct inode_ops dir_ops = { .create = dir_create, .unlink = dir_unlink };
static const struct super_ops mq_super_ops = { .destroy_inode = destroy_inode };

/* -- the file system of a namespace -- */
static struct superblock *mq_fs_mount(const struct fs_type *t, u64 flags, const char *source, const char *options);
static struct fs_type mqueue_type = { .name = "mqueue", .mount = mq_fs_mount, .no_device = true };

static struct mount *mount_make(struct ipc_ns *ns)
{
	struct superblock *sb = superblock_new(&mqueue_type, MQUEUE_MAGIC, &mq_super_ops, 0);
	struct inode *i = sb ? inode_new(sb, S_IFDIR | 01777) : NULL;

	if (!i) {
		if (sb)
			superblock_put(sb);
		return NULL;
	}
	i->ops = &dir_ops;
	i->fops = &directory_fops;
	i->nlink = 2;
	i->size = 2 * NAME_SIZE;
	i->uid = ns->ns.owner->level ? ns->ns.owner->uid : 0;
	i->gid = ns->ns.owner->level ? ns->ns.owner->gid : 0;
	sb->private = ns;
	sb = superblock_set_root(sb, i);
	if (IS_ERR(sb))
		return NULL;
	struct mount *m = mount_new(sb, sb->root, 0, "mqueue");
	if (m)
		superblock_put(sb);
	else
		superblock_discard(sb);
	return m;
}

/* The namespace's mount, borrowed; made when first asked for. ERR_PTR(-ENOMEM). */
static struct mount *mount_of(struct ipc_ns *ns)
{
	spin_lock(&mq_lock);
	struct mount *m = ns->mq_mount;
	spin_unlock(&mq_lock);
	if (m)
		return m;
	struct mount *fresh = mount_make(ns);
	if (!fresh)
		return ERR_PTR(-ENOMEM);
	spin_lock(&mq_lock);
	m = ns->mq_mount;
	if (!m)
		m = ns->mq_mount = fresh;
	spin_unlock(&mq_lock);
	if (m != fresh)
		mount_put(fresh);
	return m;
}

static struct superblock *mq_fs_mount(const struct fs_type *t, u64 flags, const char *source, const char *options)
{
	struct mount *m = mount_of(current_ipc_ns());
	return IS_ERR(m) ? (struct superblock *)m : superblock_get(m->sb);
}

void mqueue_ns_ends(struct ipc_ns *ns)
{
	struct mount *m = ns->mq_mount;

	if (!m)
		return;
	spin_lock(&mq_lock);
	m->sb->private = NULL;
	spin_unlock(&mq_lock);
	mount_put(m);
}

void mqueue_init(void) { fs_register(&mqueue_type); }

/* -- mq_open, mq_unlink -- */
/* A name, which has no slash: the C library takes the first one away. */
static int name_check(const char *name, size_t *length)
{
	*length = strlen(name);
	if (strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EACCES;
	return *length > NAME_BYTES_MAX ? -ENAMETOOLONG : 0;
}

struct mq_open_request { const char *name; int flags; u32 mode; const struct mq_attr *attr; };

static int may_open(struct inode *i, int flags)
{
	static const unsigned access[] = { [O_RDONLY] = MAY_READ, [O_WRONLY] = MAY_WRITE, [O_RDWR] = MAY_READ | MAY_WRITE };

	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	if ((flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	return inode_permission(i, access[flags & O_ACCMODE]);
}

/* The queue's dentry, found or made: a reference, or ERR_PTR. The directory is locked. */
static struct dentry *open_locked(struct mount *m, const struct mq_open_request *r, size_t length)
{
	struct inode *dir = m->root->inode;
	struct dentry *d = dentry_find(m->root, r->name, length, name_hash(r->name, length));
	int err;

	if (d) {
		err = may_open(d->inode, r->flags);
	} else {
		if (!(r->flags & O_CREAT))
			return ERR_PTR(-ENOENT);
		err = may_create_in(dir);
		d = err ? NULL : dentry_alloc(m->root, r->name, length);
		if (!d)
			return ERR_PTR(err ? err : -ENOMEM);
		err = create(dir, d, r->mode & ~current->fs->umask, r->attr);
	}
	if (!err)
		return d;
	dentry_put(d);
	return ERR_PTR(err);
}

/* Takes d's reference over. */
static struct file *file_over(struct mount *m, struct dentry *d, int flags)
{
	static const u32 modes[4] = { [O_RDONLY] = FMODE_READ, [O_WRONLY] = FMODE_WRITE, [O_RDWR] = FMODE_READ | FMODE_WRITE };
	u32 kept = (u32)flags & (O_ACCMODE | O_NONBLOCK | O_APPEND | O_SYNC | O_NOATIME);
	struct file *f = file_alloc(modes[flags & O_ACCMODE], kept | O_LARGEFILE, &queue_fops, NULL);

	if (!f) {
		dentry_put(d);
		return ERR_PTR(-ENOMEM);
	}
	f->path = (struct path){ mount_get(m), d };
	f->inode = d->inode;
	return f;
}

static struct file *open_queue(const struct mq_open_request *r)
{
	size_t length;
	int err = name_check(r->name, &length);
	struct mount *m = err ? ERR_PTR(err) : mount_of(current_ipc_ns());

	if (IS_ERR(m))
		return (struct file *)m;
	struct inode *dir = m->root->inode;
	mutex_lock(&dir->lock);
	struct dentry *d = open_locked(m, r, length);
	mutex_unlock(&dir->lock);
	return IS_ERR(d) ? (struct file *)d : file_over(m, d, r->flags);
}

long sys_mq_open(uptr name, int flags, unsigned mode, uptr attr)
{
	struct mq_attr a;

	if (attr && copy_from_user(&a, attr, sizeof(a)))
		return -EFAULT;
	char *text = path_text_new(name);
	if (IS_ERR(text))
		return PTR_ERR(text);
	int fd = fd_may_install();
	if (!fd) {
		struct mq_open_request r = { text, flags, mode, attr ? &a : NULL };
		struct file *f = open_queue(&r);
		fd = IS_ERR(f) ? (int)PTR_ERR(f) : fd_install_new(f, O_CLOEXEC);
		if (fd < 0 && !IS_ERR(f))
			file_put(f);
	}
	path_text_free(text);
	return fd;
}

static int unlink_queue(const char *name)
{
	size_t length;
	int err = name_check(name, &length);
	struct mount *m = err ? ERR_PTR(err) : mount_of(current_ipc_ns());

	if (IS_ERR(m))
		return (int)PTR_ERR(m);
	struct inode *dir = m->root->inode;
	mutex_lock(&dir->lock);
	struct dentry *d = dentry_find(m->root, name, length, name_hash(name, length));
	err = d ? remove_locked(dir, d, false) : -ENOENT;
	mutex_unlock(&dir->lock);
	dentry_put(d);
	return err;
}

long sys_mq_unlink(uptr name)
{
	char *text = path_text_new(name);

	if (IS_ERR(text))
		return PTR_ERR(text);
	int err = unlink_queue(text);
	path_text_free(text);
	return err;
}
