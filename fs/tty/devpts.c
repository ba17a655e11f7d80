/*
 * fs/tty/devpts.c: the file system devpts: one node for each pty, and ptmx, which makes a new one. Every mount is an
 * instance with numbers of its own.
 *
 * Way in: mount -t devpts; opening ptmx (devpts_root_of); pty.c for nodes. Options: uid=, gid=, mode=, ptmxmode=, max=,
 * newinstance (which has been the only way since Linux 4.7).
 * Locks: the root's inode->lock for nodes; instance->lock for numbers. Errors: -EINVAL (options), -ENOSPC (no number
 * left), -ENODEV (no devpts beside this ptmx).
 * Source: mount(8) on devpts, pts(4), Documentation/filesystems/devpts.
 */
#include "fs/tty/pty.h"
#include "fs/internal.h"
#include "base/printk.h"
#include "mm/slab.h"
#include "namespace/user.h"
#include "task/task.h"

#define DEVPTS_MAGIC 0x1cd1
#define NUMBERS 4096		/* as Linux's kernel.pty.max */
#define MODE_DEFAULT 0600
#define PTMX_MODE_DEFAULT 0000

struct devpts_options {
	bool has_uid, has_gid;
	u32 uid, gid, mode, ptmx_mode, max;
};
struct devpts {
	struct devpts_options options;	/* the root's inode->lock */
	struct spinlock lock;
	u64 used[NUMBERS / 64];		/* bit per number. lock */
};

static struct devpts *devpts_of(const struct superblock *sb) { return sb->private; }

/* ---- numbers ---- */

int devpts_index_new(struct superblock *sb)
{
	struct devpts *d = devpts_of(sb);
	int index = -ENOSPC;
	unsigned long flags = spin_lock_irqsave(&d->lock);
	for (u32 i = 0; i < d->options.max && index < 0; i++) {
		if (!(d->used[i / 64] & BIT(i % 64))) {
			d->used[i / 64] |= BIT(i % 64);
			index = (int)i;
		}
	}
	spin_unlock_irqrestore(&d->lock, flags);
	return index;
}

void devpts_index_free(struct superblock *sb, int index)
{
	struct devpts *d = devpts_of(sb);
	unsigned long flags = spin_lock_irqsave(&d->lock);
	d->used[index / 64] &= ~BIT(index % 64);
	spin_unlock_irqrestore(&d->lock, flags);
}

/* ---- nodes ---- */

static int slave_open(struct inode *i, struct file *f)
{
	return tty_open_file(i->private, f, !(f->flags & O_NOCTTY), false);
}
static const struct file_ops slave_node_fops = { .open = slave_open };

/* A node in the root, whose lock is held: a reference to its name. ERR_PTR. */
static struct dentry *node_add(struct dentry *root, const char *name, u32 mode, u64 rdev, const struct file_ops *fops,
			       struct tty *t)
{
	struct inode *i = inode_new(root->inode->sb, S_IFCHR | mode);
	if (!i)
		return ERR_PTR(-ENOMEM);
	struct dentry *d = dentry_alloc(root, name, strlen(name));
	if (!d) {
		inode_put(i);
		return ERR_PTR(-ENOMEM);
	}
	i->rdev = rdev;
	i->fops = fops;
	i->private = tty_get(t);
	dentry_add(d, i);
	return d;
}

struct dentry *devpts_add(struct superblock *sb, struct tty *slave)
{
	const struct devpts_options *o = &devpts_of(sb)->options;
	char name[12];
	(void)snprintf(name, sizeof(name), "%u", slave->index);
	mutex_lock(&sb->root->inode->lock);
	struct dentry *d = node_add(sb->root, name, o->mode, dev_make(PTY_SLAVE_MAJOR, slave->index), &slave_node_fops, slave);
	if (!IS_ERR(d)) {
		if (o->has_uid)
			d->inode->uid = o->uid;
		if (o->has_gid)
			d->inode->gid = o->gid;
	}
	mutex_unlock(&sb->root->inode->lock);
	return d;
}

void devpts_remove(struct dentry *node)
{
	struct inode *root = node->parent->inode;
	mutex_lock(&root->lock);
	if (!node->is_unlinked)
		dentry_remove(node);
	mutex_unlock(&root->lock);
	dentry_put(node);
}

/* ---- which instance ---- */

static bool is_devpts(const struct path *p)
{
	return p->dentry->inode && p->dentry->inode->sb->type == &devpts_type;
}

/* The directory that p's name lies in, or where what p is the root of is mounted. */
static void to_parent(struct path *p)
{
	while (p->dentry == p->mount->root && path_leave_mount(p))
		;
	struct dentry *parent = dentry_parent_get(p->dentry);
	dentry_put(p->dentry);
	p->dentry = parent;
}

int devpts_root_of(struct file *ptmx, struct path *root)
{
	struct path p = ptmx->path;
	bool is_bound = p.dentry == p.mount->root;	/* ptmx itself was bound somewhere */
	path_get(&p);
	to_parent(&p);
	if (!is_devpts(&ptmx->path) || is_bound) {
		struct dentry *pts = lookup_child(p.dentry, "pts", 3, name_hash("pts", 3));
		if (!pts || IS_ERR(pts)) {
			path_put(&p);
			return -ENODEV;
		}
		dentry_put(p.dentry);
		p.dentry = pts;
		path_enter_mounts(&p);
	}
	bool is_wrong = is_bound && is_devpts(&ptmx->path) && p.dentry->inode->sb != ptmx->path.dentry->inode->sb;
	if (!is_devpts(&p) || p.dentry != p.dentry->inode->sb->root || is_wrong) {
		path_put(&p);
		return -ENODEV;
	}
	*root = p;
	return 0;
}

/* ---- the file system ---- */

static int option_set(struct devpts_options *o, const char *name, const char *value)
{
	static const char *const names[] = { "uid", "gid", "mode", "ptmxmode", "max" };
	size_t which = 0;
	char *end;
	if (strcmp(name, "newinstance") == 0 && !value)
		return 0;
	while (which < ARRAY_SIZE(names) && strcmp(name, names[which]) != 0)
		which++;
	if (which == ARRAY_SIZE(names) || !value || !*value)
		return -EINVAL;
	u64 v = strtou64(value, &end, which == 2 || which == 3 ? 8 : 10);
	if (*end || v > 0xffffffff)
		return -EINVAL;
	switch (which) {
	case 0:
		o->uid = uid_named((u32)v);
		o->has_uid = true;
		return o->uid == NO_ID ? -EINVAL : 0;
	case 1:
		o->gid = gid_named((u32)v);
		o->has_gid = true;
		return o->gid == NO_ID ? -EINVAL : 0;
	case 2:
		o->mode = v & S_IALLUGO;
		return 0;
	case 3:
		o->ptmx_mode = v & S_IALLUGO;
		return 0;
	}
	o->max = (u32)v;
	return v <= NUMBERS ? 0 : -EINVAL;
}

static int options_parse(struct devpts_options *o, const char *text)
{
	char *copy = kstrdup(text ? text : ""), *list = copy, *name, *value;
	int err = copy ? 0 : -ENOMEM;
	*o = (struct devpts_options){ .mode = MODE_DEFAULT, .ptmx_mode = PTMX_MODE_DEFAULT, .max = NUMBERS };
	while (!err && (name = option_next(&list, &value)))
		err = option_set(o, name, value);
	kfree(copy);
	return err;
}

static int devpts_remount(struct superblock *sb, const char *text)
{
	struct devpts_options o;
	int err = options_parse(&o, text);
	if (err)
		return err;
	struct inode *root = sb->root->inode;
	u32 hash = name_hash("ptmx", 4);
	struct dentry *ptmx = dentry_find(sb->root, "ptmx", 4, hash);
	mutex_lock(&root->lock);
	devpts_of(sb)->options = o;
	if (ptmx)
		ptmx->inode->mode = S_IFCHR | o.ptmx_mode;
	mutex_unlock(&root->lock);
	dentry_put(ptmx);
	return 0;
}

static void devpts_show_options(struct superblock *sb, char *buf, size_t size)
{
	const struct devpts_options *o = &devpts_of(sb)->options;
	int n = 0;
	buf[0] = 0;
	if (o->has_uid)
		n += scnprintf(buf + n, size - (size_t)n, ",uid=%u", o->uid);
	if (o->has_gid)
		n += scnprintf(buf + n, size - (size_t)n, ",gid=%u", o->gid);
	n += scnprintf(buf + n, size - (size_t)n, ",mode=%03o,ptmxmode=%03o", o->mode, o->ptmx_mode);
	if (o->max < NUMBERS)
		scnprintf(buf + n, size - (size_t)n, ",max=%u", o->max);
}

static void devpts_destroy_inode(struct inode *i) { tty_put(i->private); }
static void devpts_destroy(struct superblock *sb) { kfree(sb->private); }

static const struct super_ops devpts_super_ops = {
	.destroy_inode = devpts_destroy_inode, .destroy = devpts_destroy,
};
static const struct inode_ops devpts_inode_ops = { .lookup = NULL };
static const struct file_ops devpts_directory_fops = {
	.iterate = dentry_iterate, .seek = dentry_seek, .release = dentry_iterate_end,
};

static int root_fill(struct superblock *sb)
{
	struct inode *i = inode_new(sb, S_IFDIR | 0755);
	if (!i)
		return -ENOMEM;
	i->uid = i->gid = 0;
	i->nlink = 2;
	i->ops = &devpts_inode_ops;
	i->fops = &devpts_directory_fops;
	struct dentry *root = dentry_alloc(NULL, "/", 1);
	if (!root) {
		inode_put(i);
		return -ENOMEM;
	}
	root->inode = i;
	sb->root = root;
	mutex_lock(&i->lock);
	struct dentry *ptmx = node_add(root, "ptmx", devpts_of(sb)->options.ptmx_mode, dev_make(5, 2), &ptmx_fops, NULL);
	mutex_unlock(&i->lock);
	if (IS_ERR(ptmx))
		return (int)PTR_ERR(ptmx);
	ptmx->inode->uid = ptmx->inode->gid = 0;
	dentry_put(ptmx);
	return 0;
}

static struct superblock *devpts_mount(const struct fs_type *type, u64 flags, const char *source, const char *text)
{
	struct devpts_options o;
	int err = options_parse(&o, text);
	if (err)
		return ERR_PTR(err);
	struct superblock *sb = superblock_new(type, DEVPTS_MAGIC, &devpts_super_ops, flags);
	if (!sb)
		return ERR_PTR(-ENOMEM);
	sb->flags &= ~(u64)SUPER_NODEV;		/* its devices are its own */
	struct devpts *d = sb->private = kzalloc(sizeof(*d));
	err = -ENOMEM;
	if (d) {
		d->options = o;
		spin_init(&d->lock, RANK_DRIVER);
		err = root_fill(sb);
	}
	if (err) {
		dentry_put(sb->root);
		superblock_put(sb);
		return ERR_PTR(err);
	}
	return sb;
}

struct fs_type devpts_type = { .name = "devpts", .mount = devpts_mount, .no_device = true,
	.remount = devpts_remount, .show_options = devpts_show_options,
	.owner = fs_owner_mounter };

void devpts_init(void) { fs_register(&devpts_type); }
