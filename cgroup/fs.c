/*
 * cgroup/fs.c: the file system cgroup2: a directory for each group, with its files. All mounts show one tree, from the group
 * that is the root of the mounter's namespace down. Names are dentries pinned by their directory, as in tmpfs; the tree
 * itself is cgroup.c's.
 * Locks: the directories' inode->lock (held by the callers of mkdir and rmdir), then cgroup_mutex. Errors: EINVAL, EAGAIN,
 * EBUSY, ENOMEM. Source: cgroups(7), cgroup_namespaces(7), Linux's cgroup-v2 manual.
 */
#include "cgroup/node.h"
#include "fs/notify.h"
#include "namespace/cgroup_ns.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/slab.h"
#include <linux/magic.h>

SLAB_CACHE(cgroup_node_cache, struct cgroup_node);

bool cgroup_ns_delegate;
static struct superblock *cgroup_sb;
static struct mount *cgroup_mount;	/* keeps the tree of names while nobody has mounted it */

static const struct inode_ops dir_ops;
static const struct inode_ops file_inode_ops = {};
static const struct file_ops dir_fops = {
	.iterate = dentry_iterate, .seek = dentry_seek, .release = dentry_iterate_end,
};

/* row NULL: the group's directory. NULL: out of memory. */
static struct inode *node_inode(struct cgroup *c, const struct cgroup_row *row, u32 mode)
{
	struct cgroup_node *n = slab_zalloc(&cgroup_node_cache);
	struct inode *i = n ? inode_new(cgroup_sb, mode) : NULL;
	if (!i) {
		if (n)
			slab_free(&cgroup_node_cache, n);
		return NULL;
	}
	*n = (struct cgroup_node){ .cgroup = cgroup_get(c), .row = row, .inode = i };
	waitqueue_init(&n->poll);
	i->private = n;
	i->ops = row ? &file_inode_ops : &dir_ops;
	i->fops = row ? &cgroup_file_fops : &dir_fops;
	i->nlink = row ? 1 : 2;
	return i;
}

static void destroy_inode(struct inode *i)
{
	struct cgroup_node *n = i->private;
	if (!n)
		return;
	cgroup_put(n->cgroup);
	slab_free(&cgroup_node_cache, n);
}

static struct cgroup *cgroup_of(const struct inode *dir) { return ((struct cgroup_node *)dir->private)->cgroup; }

struct cgroup *cgroup_of_directory(const struct file *f)
{
	if (!f->inode || f->inode->sb != cgroup_sb || !inode_is_dir(f->inode))
		return NULL;
	return cgroup_of(f->inode);
}

/* -- files in a directory -- */
/* What others reach a file's inode by. on: it is there now. */
static void file_note(struct inode *i, bool on)
{
	struct cgroup_node *n = i->private;
	struct cgroup *c = n->cgroup;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	if (n->row->show && !strcmp(n->row->name, "cgroup.events"))
		c->events_file = on ? n : NULL;
	if (!strcmp(n->row->name, "pids.events"))
		c->pids_events_file = on ? n : NULL;
	if (!strcmp(n->row->name, "cgroup.procs"))
		c->procs = on ? i : NULL;
	spin_unlock_irqrestore(&tasklist_lock, flags);
}

static int file_add(struct dentry *dir, const struct cgroup_row *row)
{
	struct dentry *d = dentry_alloc(dir, row->name, strlen(row->name));
	struct inode *i = d ? node_inode(cgroup_of(dir->inode), row, S_IFREG | row->mode) : NULL;
	if (i) {
		dentry_add(d, i);
		file_note(i, true);
	}
	dentry_put(d);
	return i ? 0 : -ENOMEM;
}

static void file_remove(struct dentry *d)
{
	file_note(d->inode, false);
	d->inode->nlink = 0;
	notify_inode_gone(d->inode);
	dentry_remove(d);
}

static bool is_file(const struct dentry *d) { return !inode_is_dir(d->inode); }

/* Takes out the files for which rows has all these flags. */
static void files_remove(struct dentry *dir, u8 flags)
{
	struct dentry *d, *next;
	list_for_each_safe(d, next, &dir->children, sibling)
		if (is_file(d) && (((struct cgroup_node *)d->inode->private)->row->flags & flags) == flags)
			file_remove(d);
}

/* Makes the files whose rows have exactly `with` of the flags in `of`. On error some may be there. */
static int files_add(struct dentry *dir, u8 of, u8 with)
{
	bool is_root = cgroup_is_root(cgroup_of(dir->inode));
	int err = 0;
	for (const struct cgroup_row *row = cgroup_rows; row->name && !err; row++)
		if ((row->flags & of) == with && !(is_root && (row->flags & ROW_NOT_ON_ROOT)))
			err = file_add(dir, row);
	return err;
}

int cgroup_files_sync(struct dentry *dir)
{
	int err = 0;
	mutex_lock(&dir->inode->lock);
	mutex_lock(&cgroup_mutex);
	struct cgroup *c = cgroup_of(dir->inode);
	bool has = c->pids_events_file, wants = cgroup_has_pids(c);
	if (!c->is_dead && wants && !has)
		err = files_add(dir, ROW_OF_PIDS, ROW_OF_PIDS);
	if (!c->is_dead && (err || (has && !wants)))
		files_remove(dir, ROW_OF_PIDS);
	mutex_unlock(&cgroup_mutex);
	mutex_unlock(&dir->inode->lock);
	return err;
}

/* -- directories -- */
/* d gets its inode and all its files, while nobody can find it. On error d keeps the inode, and nothing below it. */
static int directory_fill(struct dentry *d, struct cgroup *c, u32 mode)
{
	d->inode = node_inode(c, NULL, S_IFDIR | mode);
	if (!d->inode)
		return -ENOMEM;
	int err = files_add(d, ROW_OF_PIDS, 0);
	if (!err && cgroup_has_pids(c))
		err = files_add(d, ROW_OF_PIDS, ROW_OF_PIDS);
	if (err)
		files_remove(d, 0);
	return err;
}

static int dir_mkdir(struct inode *dir, struct dentry *d, u32 mode)
{
	if (strchr(d->name, '\n'))
		return -EINVAL;
	mutex_lock(&cgroup_mutex);
	struct cgroup *c = cgroup_new(cgroup_of(dir), d->name);
	int err = IS_ERR(c) ? (int)PTR_ERR(c) : directory_fill(d, c, mode);
	if (!err) {
		c->dentry = d;
		cgroup_link(c);
		dentry_add(d, d->inode);
		dir->nlink++;
		inode_touch(dir);
	} else if (!IS_ERR(c)) {
		cgroup_put(c);
	}
	mutex_unlock(&cgroup_mutex);
	return err;
}

static int dir_rmdir(struct inode *dir, struct dentry *d)
{
	struct cgroup *c = cgroup_of(d->inode);
	mutex_lock(&cgroup_mutex);
	int err = cgroup_unlink(c);
	if (!err) {
		files_remove(d, 0);
		c->dentry = NULL;
		d->inode->nlink = 0;
		dir->nlink--;
		inode_touch(dir);
		dentry_remove(d);
	}
	mutex_unlock(&cgroup_mutex);
	if (!err)
		cgroup_put(c);		/* what the tree held; the directory has its own */
	return err;
}

static const struct inode_ops dir_ops = { .mkdir = dir_mkdir, .rmdir = dir_rmdir };

/* -- mounting -- */
static int statfs(struct superblock *sb, struct dentry *d, void *kernel_statfs64) { return 0; }
static const struct super_ops super_ops = { .destroy_inode = destroy_inode, .statfs = statfs };

/* The one option, nsdelegate, is the whole tree's: the first namespace's mounts set it, others' are only checked. The
 * options of controllers that are not here are refused. */
static int options_apply(const char *options)
{
	char *copy = kstrdup(options ? options : ""), *list = copy, *name, *value;
	bool delegates = false;
	int err = copy ? 0 : -ENOMEM;
	while (!err && (name = option_next(&list, &value))) {
		if (value || strcmp(name, "nsdelegate"))
			err = -EINVAL;
		delegates = true;
	}
	kfree(copy);
	if (err || current_cgroup_ns() != &first_cgroup_ns)
		return err;
	mutex_lock(&cgroup_mutex);
	cgroup_ns_delegate = delegates;
	mutex_unlock(&cgroup_mutex);
	return 0;
}

static struct superblock *fs_mount(const struct fs_type *type, u64 flags, const char *source, const char *options)
{
	int err = options_apply(options);
	return err ? ERR_PTR(err) : superblock_get(cgroup_sb);
}

/* Where a new mount begins: the root of the mounter's namespace. NULL: it has been removed. */
static struct dentry *fs_mount_root(struct superblock *sb)
{
	mutex_lock(&cgroup_mutex);
	struct dentry *d = current_cgroup_ns()->root->dentry;
	if (d)
		dentry_get(d);
	mutex_unlock(&cgroup_mutex);
	return d;
}

static int fs_remount(struct superblock *sb, const char *options) { return options_apply(options); }

static void fs_show_options(struct superblock *sb, char *buf, size_t size)
{
	if (READ_ONCE(cgroup_ns_delegate))
		scnprintf(buf, size, ",nsdelegate");
}

/* Who has rights over the namespace may mount what is to be seen in it. */
static struct user_namespace *fs_owner(void) { return current_cgroup_ns()->ns.owner; }

static struct fs_type cgroup_type = {
	.name = "cgroup2", .mount = fs_mount, .mount_root = fs_mount_root, .no_device = true, .remount = fs_remount,
	.show_options = fs_show_options, .owner = fs_owner,
};

void cgroup_init(void)
{
	cgroup_sb = superblock_new(&cgroup_type, CGROUP2_SUPER_MAGIC, &super_ops, 0);
	struct dentry *root = cgroup_sb ? dentry_alloc(NULL, "/", 1) : NULL;
	if (!root || directory_fill(root, &root_cgroup, 0555))
		panic("no memory for the tree of control groups");
	cgroup_sb->root = root;
	root_cgroup.dentry = root;
	cgroup_mount = mount_new(cgroup_sb, root, 0, "none");
	if (!cgroup_mount)
		panic("no memory for the tree of control groups");
	fs_register(&cgroup_type);
}
