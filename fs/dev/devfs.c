/*
 * fs/dev/devfs.c: the devices by number, and devtmpfs: their nodes under /dev. The file system is a tmpfs that all of
 * its mounts share; a driver's dev_register makes the node, and programs may add others.
 * Way in: dev_register from drivers' start, dev_find from opening a device's inode.
 * Locks: devices_lock (spinlock) for the list, the directories' inode->lock for nodes. Errors: ENOMEM, EEXIST.
 */
#include "fs/internal.h"
#include "fs/tmpfs/tmpfs.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/slab.h"

struct device {
	struct list node;
	u32 type;			/* S_IFCHR or S_IFBLK */
	u64 rdev;
	const struct file_ops *ops;
	void *private;			/* borrowed: what the open file's private begins as */
};
static struct spinlock devices_lock = SPINLOCK_INIT(RANK_DENTRY);
static struct list devices = LIST_INIT(devices);	/* never shrinks. devices_lock */
static struct superblock *dev_sb;

const struct file_ops *dev_find(u32 mode, u64 rdev, void **private)
{
	const struct file_ops *ops = NULL;
	struct device *d;

	spin_lock(&devices_lock);
	list_for_each(d, &devices, node) {
		if (d->rdev == rdev && d->type == (mode & S_IFMT)) {
			ops = d->ops;
			*private = d->private;
			break;
		}
	}
	spin_unlock(&devices_lock);
	return ops;
}

/* -- nodes -- */
/* Makes name in dir. 0, also if it is there already; or -errno. */
static int entry_add(struct dentry *dir, const char *name, size_t len, u32 mode, u64 rdev, const char *target)
{
	struct inode *i = dir->inode;
	int err = 0;

	mutex_lock(&i->lock);
	struct dentry *d = dentry_find(dir, name, len, name_hash(name, len));
	if (!d) {
		d = dentry_alloc(dir, name, len);
		if (!d)
			err = -ENOMEM;
		else if (target)
			err = i->ops->symlink(i, d, target);
		else if (S_ISDIR(mode))
			err = i->ops->mkdir(i, d, mode & S_IALLUGO);
		else
			err = i->ops->mknod(i, d, mode, rdev);
	}
	mutex_unlock(&i->lock);
	dentry_put(d);
	return err;
}

/* name may hold one '/'. */
static int node_add(const char *name, u32 mode, u64 rdev)
{
	const char *slash = strchr(name, '/');
	struct dentry *dir = dentry_get(dev_sb->root);
	int err = 0;

	if (slash) {
		size_t len = (size_t)(slash - name);
		err = entry_add(dir, name, len, S_IFDIR | 0755, 0, NULL);
		struct dentry *sub = err ? NULL : dentry_find(dir, name, len, name_hash(name, len));
		dentry_put(dir);
		dir = sub;
		name = slash + 1;
	}
	if (dir)
		err = entry_add(dir, name, strlen(name), mode, rdev, NULL);
	dentry_put(dir);
	return err;
}

int dev_register(const char *name, u32 mode, unsigned major, unsigned minor, const struct file_ops *ops, void *private)
{
	struct device *d = kmalloc(sizeof(*d));

	if (!d)
		return -ENOMEM;
	if (!(mode & S_IFMT))
		mode |= S_IFCHR;
	*d = (struct device){ .type = mode & S_IFMT, .rdev = dev_make(major, minor), .ops = ops, .private = private };
	spin_lock(&devices_lock);
	list_push_back(&devices, &d->node);
	spin_unlock(&devices_lock);
	return node_add(name, mode, d->rdev);
}

/* -- the file system -- */
static struct superblock *devtmpfs_mount(const struct fs_type *t, u64 flags, const char *source, const char *options)
{
	return superblock_get(dev_sb);
}

static struct fs_type devtmpfs_type = { .name = "devtmpfs", .mount = devtmpfs_mount, .no_device = true };

static void links_add(void)
{
	static const struct { const char *name, *target; } links[] = {
		{ "fd", "/proc/self/fd" }, { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" },
		{ "stderr", "/proc/self/fd/2" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		if (entry_add(dev_sb->root, links[i].name, strlen(links[i].name), 0, 0, links[i].target))
			log_error("devtmpfs: no memory for /dev/%s\n", links[i].name);
	}
}

void devfs_init(void)
{
	const struct tmpfs fs = { .root_mode = 0755 };

	dev_sb = tmpfs_super_new(&devtmpfs_type, 0, &fs);
	BUG_ON(IS_ERR(dev_sb));
	atomic_inc(&dev_sb->mounts);	/* lives for ever */
	fs_register(&devtmpfs_type);
	links_add();
	if (entry_add(dev_sb->root, "pts", 3, S_IFDIR | 0755, 0, NULL) ||
	    entry_add(dev_sb->root, "shm", 3, S_IFDIR | 01777, 0, NULL))
		log_error("devtmpfs: no memory for its directories\n");
	memory_devices_init();
	kmsg_init();
}
