/*
 * fs/sysfs.c: /sys: read-only text files that drivers add; folders are whatever their paths go through.
 * Files are never taken away; a path that ends in a slash is a folder to mount something on.
 * Locks: sysfs_lock for the list. Errors: ENOMEM, EACCES. Source: sysfs(5).
 */
#include "fs/sysfs.h"
#include "fs/internal.h"
#include "namespace/user.h"
#include "task/task.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include <linux/magic.h>

struct entry {
	struct list node;
	char *path;		/* owned */
	sysfs_show show;
	void *arg;
};
static struct spinlock sysfs_lock = SPINLOCK_INIT(RANK_DENTRY);
static struct list entries = LIST_INIT(entries);	/* in order of adding; sysfs_lock; only grows */

int sysfs_add(const char *path, sysfs_show show, void *arg)
{
	struct entry *e = kzalloc(sizeof(*e));
	char *copy = kstrdup(path);
	if (!e || !copy) {
		kfree(e);
		kfree(copy);
		return -ENOMEM;
	}
	*e = (struct entry){ .path = copy, .show = show, .arg = arg };
	spin_lock(&sysfs_lock);
	list_push_back(&entries, &e->node);
	spin_unlock(&sysfs_lock);
	return 0;
}

/* An inode's private: a file's entry, or the prefix of a folder ("class/"). */
struct node { struct entry *entry; char *prefix; };

static const struct inode_ops dir_ops, file_inode_ops;
static const struct file_ops dir_fops, file_fops;

static struct inode *node_inode(struct superblock *sb, struct entry *e, const char *prefix, size_t prefix_len)
{
	struct node *n = kzalloc(sizeof(*n));
	struct inode *i = n ? inode_new(sb, e ? S_IFREG | 0444 : S_IFDIR | 0555) : NULL;
	if (!i) {
		kfree(n);
		return ERR_PTR(-ENOMEM);
	}
	i->private = n;
	i->uid = i->gid = 0;
	i->ops = e ? &file_inode_ops : &dir_ops;
	i->fops = e ? &file_fops : &dir_fops;
	i->size = e ? PAGE_SIZE : 0;
	n->entry = e;
	if (!e) {
		i->nlink = 2;
		n->prefix = kmalloc(prefix_len + 2);
		if (!n->prefix) {
			inode_put(i);
			return ERR_PTR(-ENOMEM);
		}
		memcpy(n->prefix, prefix, prefix_len);
		n->prefix[prefix_len] = prefix_len ? '/' : 0;
		n->prefix[prefix_len + 1] = 0;
	}
	return i;
}

static struct inode *sys_lookup(struct inode *dir, struct dentry *d)
{
	const struct node *n = dir->private;
	size_t np = strlen(n->prefix), nn = d->name_len;
	struct entry *e, *file = NULL, *below = NULL;
	spin_lock(&sysfs_lock);
	list_for_each(e, &entries, node) {
		if (strncmp(e->path, n->prefix, np) || strncmp(e->path + np, d->name, nn))
			continue;
		if (!e->path[np + nn])
			file = e;
		else if (e->path[np + nn] == '/')
			below = e;
	}
	spin_unlock(&sysfs_lock);
	if (file)
		return node_inode(dir->sb, file, NULL, 0);
	return below ? node_inode(dir->sb, NULL, below->path, np + nn) : NULL;
}

/* Is this the first entry that goes through its folder below prefix? */
static bool is_first_through(struct entry *e, size_t len)
{
	struct entry *before;
	list_for_each(before, &entries, node) {
		if (before == e)
			return true;
		if (!strncmp(before->path, e->path, len))
			return false;
	}
	return true;
}

static int sys_iterate(struct file *f, struct dir_context *c)
{
	const struct node *n = f->inode->private;
	size_t np = strlen(n->prefix);
	struct entry *e;
	loff at = 2;
	if (c->pos == 0 && (!c->emit(c, ".", 1, f->inode->ino, 4) || !++c->pos))
		return 0;
	if (c->pos == 1 && (!c->emit(c, "..", 2, f->inode->ino, 4) || !++c->pos))
		return 0;
	list_for_each(e, &entries, node) {
		if (strncmp(e->path, n->prefix, np))
			continue;
		const char *name = e->path + np, *slash = strchr(name, '/');
		size_t len = slash ? (size_t)(slash - name) : strlen(name);
		if (slash && !is_first_through(e, np + len + 1))
			continue;
		if (!len || at++ < c->pos)	/* an entry may be its folder alone */
			continue;
		if (!c->emit(c, name, len, 1, slash ? 4 : 8))
			return 0;
		c->pos = at;
	}
	return 0;
}

static ssize_t sysfs_read(struct file *f, uptr buf, size_t n, loff *pos)
{
	const struct node *node = f->inode->private;
	char text[256];
	int len = node->entry->show(node->entry->arg, text, sizeof(text));
	if (len < 0)
		return len;
	if (*pos >= len)
		return 0;
	n = MIN(n, (size_t)(len - *pos));
	if (copy_to_user(buf, text + *pos, n))
		return -EFAULT;
	*pos += (loff)n;
	return (ssize_t)n;
}

static int sys_permission(struct inode *i, unsigned mask) { return mask & MAY_WRITE ? -EACCES : 0; }
static const struct inode_ops dir_ops = { .lookup = sys_lookup, .permission = sys_permission };
static const struct inode_ops file_inode_ops = { .permission = sys_permission };
static const struct file_ops dir_fops = { .iterate = sys_iterate };
static const struct file_ops file_fops = { .read = sysfs_read };

static void sys_destroy_inode(struct inode *i)
{
	struct node *n = i->private;
	if (n)
		kfree(n->prefix);
	kfree(n);
}
static int sys_statfs(struct superblock *sb, struct dentry *d, void *kernel_statfs64) { return 0; }
static const struct super_ops sys_super_ops = { .destroy_inode = sys_destroy_inode, .statfs = sys_statfs };

static struct superblock *sysfs_mount(const struct fs_type *type, u64 flags, const char *source, const char *options)
{
	struct superblock *sb = superblock_new(type, SYSFS_MAGIC, &sys_super_ops, flags);
	if (!sb)
		return ERR_PTR(-ENOMEM);
	return superblock_set_root(sb, node_inode(sb, NULL, "", 0));
}

/* Part of what it shows belongs to a network namespace. */
static struct user_namespace *sysfs_owner(void)
{
	const struct ns *net = current->ns->of[NS_NET];
	return net ? net->owner : &first_user_ns;
}

static struct fs_type sysfs_type = {
	.name = "sysfs", .mount = sysfs_mount, .no_device = true, .owner = sysfs_owner, .is_revealing = true,
};

/* The numbers of the CPUs, as a list of ranges. What is started is all that there is. */
static int show_cpus(void *arg, char *buf, size_t size)
{
	return cpus_online > 1 ? scnprintf(buf, size, "0-%u\n", cpus_online - 1) : scnprintf(buf, size, "0\n");
}

void sysfs_init(void)
{
	fs_register(&sysfs_type);
	if (sysfs_add("devices/system/cpu/online", show_cpus, NULL) ||
	    sysfs_add("devices/system/cpu/possible", show_cpus, NULL) ||
	    sysfs_add("devices/system/cpu/present", show_cpus, NULL) || sysfs_add("fs/cgroup/", NULL, NULL))
		panic("no memory for /sys");
}
