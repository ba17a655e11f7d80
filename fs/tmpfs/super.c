/*
 * fs/tmpfs/super.c: tmpfs as a whole: mount options, limits, statfs, inodes.
 * Limits are counted in pages and inodes; the root file system has none but memory. Options: size, nr_blocks,
 * nr_inodes, mode, uid, gid (and inode32, inode64, huge=never, which change nothing here); others are EINVAL.
 * Locks: none; the counters are atomic. Errors: ENOSPC at a limit, EINVAL. Source: tmpfs(5), Linux 6.1.
 */
#include "fs/tmpfs/tmpfs.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/slab.h"
#include "namespace/user.h"
#include "task/task.h"
#include <asm/statfs.h>
#include <linux/magic.h>
#include <linux/mount.h>

/* -- inodes -- */
static int inode_charge(struct tmpfs *fs)
{
	long n = atomic_add_return(&fs->inodes, 1);

	if (!fs->max_inodes || (u64)n <= fs->max_inodes)
		return 0;
	atomic_dec(&fs->inodes);
	return -ENOSPC;
}

static int inode_set_type(struct inode *i, u64 rdev)
{
	switch (i->mode & S_IFMT) {
	case S_IFREG:
		i->ops = &tmpfs_file_inode_ops;
		i->fops = &tmpfs_file_ops;
		i->mapping = kmalloc(sizeof(*i->mapping));
		if (!i->mapping)
			return -ENOMEM;
		mapping_init(i->mapping, i, &tmpfs_mapping_ops, PAGE_SHMEM);
		i->seals = 1;	/* F_SEAL_SEAL: only a memfd made for it takes seals */
		return 0;
	case S_IFDIR:
		i->ops = &tmpfs_dir_ops;
		i->fops = &directory_fops;
		i->nlink = 2;
		i->size = 2 * DIRENT_BYTES;	/* "." and ".." */
		return 0;
	case S_IFLNK:
		i->ops = &tmpfs_link_ops;
		return 0;
	}
	i->ops = &tmpfs_special_ops;
	i->rdev = S_ISCHR(i->mode) || S_ISBLK(i->mode) ? rdev : 0;
	return 0;
}

struct inode *tmpfs_inode_new(struct superblock *sb, const struct inode *dir, u32 mode, u64 rdev)
{
	int err = inode_charge(sb->private);
	if (err)
		return ERR_PTR(err);
	struct inode *i = inode_new_in(sb, dir, mode);
	if (!i) {
		atomic_dec(&((struct tmpfs *)sb->private)->inodes);
		return ERR_PTR(-ENOMEM);
	}
	err = inode_set_type(i, rdev);
	if (!err)
		return i;
	inode_put(i);
	return ERR_PTR(err);
}

void tmpfs_destroy_inode(struct inode *i)
{
	struct tmpfs *fs = i->sb->private;

	if (i->mapping) {
		mapping_destroy(i->mapping);
		kfree(i->mapping);
		if (i->private)
			commit_uncharge((u64)i->private);
	} else if (S_ISLNK(i->mode)) {
		kfree(i->private);
	}
	atomic_dec(&fs->inodes);
}

/* -- pages: mapping->lock is held -- */
static int pages_charge(struct mapping *m, long pages)
{
	struct inode *i = m->host;
	struct tmpfs *fs = i->sb->private;
	long n = atomic_add_return(&fs->pages, pages);

	if (pages < 0) {
		if (!i->private)
			commit_uncharge((u64)-pages);
		return 0;
	}
	if ((!fs->max_pages || (u64)n <= fs->max_pages) && (i->private || commit_charge((u64)pages) == 0))
		return 0;
	atomic_sub(&fs->pages, pages);
	return -ENOSPC;
}

const struct mapping_ops tmpfs_mapping_ops = { .charge = pages_charge };

/* -- the file system -- */
static int tmpfs_statfs(struct superblock *sb, struct dentry *d, void *out)
{
	struct tmpfs *fs = sb->private;
	struct statfs *s = out;
	struct memory_stats m;
	u64 used = (u64)atomic_read(&fs->pages);

	memory_stats(&m);
	s->f_bsize = s->f_frsize = PAGE_SIZE;
	s->f_namelen = NAME_BYTES_MAX;
	s->f_blocks = fs->max_pages ? fs->max_pages : used + m.free_pages;
	s->f_bfree = s->f_bavail = fs->max_pages ? fs->max_pages - MIN(used, fs->max_pages) : m.free_pages;
	s->f_files = fs->max_inodes;
	s->f_ffree = fs->max_inodes ? fs->max_inodes - MIN((u64)atomic_read(&fs->inodes), fs->max_inodes) : 0;
	return 0;
}

static void tmpfs_destroy(struct superblock *sb)
{
	kfree(sb->private);
}

const struct super_ops tmpfs_super_ops = {
	.destroy_inode = tmpfs_destroy_inode,
	.statfs = tmpfs_statfs,
	.destroy = tmpfs_destroy,
};

static struct fs_type ramfs_type;
struct superblock *tmpfs_super_new(const struct fs_type *t, u64 flags, const struct tmpfs *options)
{
	struct tmpfs *fs = kmemdup(options, sizeof(*options));
	u32 magic = t == &ramfs_type ? RAMFS_MAGIC : TMPFS_MAGIC;
	struct superblock *sb = fs ? superblock_new(t, magic, &tmpfs_super_ops, flags) : NULL;

	if (!sb) {
		kfree(fs);
		return ERR_PTR(-ENOMEM);
	}
	sb->private = fs;
	struct inode *i = tmpfs_inode_new(sb, NULL, S_IFDIR | options->root_mode, 0);
	sb->root = IS_ERR(i) ? NULL : dentry_alloc(NULL, "", 0);
	if (!sb->root) {
		if (!IS_ERR(i))
			inode_put(i);
		superblock_put(sb);
		return ERR_PTR(-ENOMEM);
	}
	i->uid = options->uid;
	i->gid = options->gid;
	sb->root->inode = i;
	return sb;
}

/* -- options -- */
/* A size: bytes with k, m, g, or a percentage of memory. */
static int parse_size(const char *v, u64 *bytes)
{
	char *end;

	*bytes = strtou64(v, &end, 0);
	if (end == v)
		return -EINVAL;
	switch (*end) {
	case '%':
		*bytes = *bytes * memory_total_pages() / 100 * PAGE_SIZE;
		end++;
		break;
	case 'g': case 'G':
		*bytes <<= 10; __attribute__((fallthrough));
	case 'm': case 'M':
		*bytes <<= 10; __attribute__((fallthrough));
	case 'k': case 'K':
		*bytes <<= 10;
		end++;
	}
	return *end ? -EINVAL : 0;
}

static int parse_number(const char *v, int base, u64 max, u64 *n)
{
	char *end;

	*n = strtou64(v, &end, base);
	return end == v || *end || *n > max ? -EINVAL : 0;
}

static int parse_option(struct tmpfs *fs, const char *key, const char *value)
{
	u64 n;

	if (strcmp(key, "inode32") == 0 || strcmp(key, "inode64") == 0)
		return *value ? -EINVAL : 0;
	if (strcmp(key, "huge") == 0)
		return strcmp(value, "never") ? -EINVAL : 0;
	if (strcmp(key, "size") == 0 || strcmp(key, "nr_blocks") == 0) {
		if (parse_size(value, &n))
			return -EINVAL;
		fs->max_pages = *key == 's' ? (n + PAGE_SIZE - 1) / PAGE_SIZE : n;
		return 0;
	}
	if (strcmp(key, "nr_inodes") == 0) {
		if (parse_size(value, &n))
			return -EINVAL;
		fs->max_inodes = n;
		return 0;
	}
	if (strcmp(key, "mode") == 0) {
		if (parse_number(value, 8, 07777, &n))
			return -EINVAL;
		fs->root_mode = (u32)n;
		return 0;
	}
	if (strcmp(key, "uid") && strcmp(key, "gid"))
		return -EINVAL;
	if (parse_number(value, 10, 0xfffffffe, &n))
		return -EINVAL;
	u32 id = *key == 'u' ? uid_named((u32)n) : gid_named((u32)n);
	*(*key == 'u' ? &fs->uid : &fs->gid) = id;
	return id == NO_ID ? -EINVAL : 0;
}

static int parse_options(struct tmpfs *fs, const char *options)
{
	char *copy = kstrdup(options ? options : ""), *list = copy, *key, *value;
	int err = copy ? 0 : -ENOMEM;

	while (!err && (key = option_next(&list, &value)))
		err = parse_option(fs, key, value ? value : "");
	kfree(copy);
	return err;
}

static struct superblock *tmpfs_mount(const struct fs_type *t, u64 flags, const char *source, const char *options)
{
	struct tmpfs fs = {
		.max_pages = memory_total_pages() / 2,
		.max_inodes = memory_total_pages() / 2,
		.root_mode = 01777,
		.uid = current_cred()->fsuid,
		.gid = current_cred()->fsgid,
	};
	int err = parse_options(&fs, options);

	return err ? ERR_PTR(err) : tmpfs_super_new(t, flags, &fs);
}

static int tmpfs_remount(struct superblock *sb, const char *options)
{
	struct tmpfs *fs = sb->private, wanted = *fs;
	int err = parse_options(&wanted, options);

	if (err)
		return err;
	/* A limit cannot go below what is used, and where there was none there is nothing to count from. */
	if (wanted.max_pages && (!fs->max_pages || (u64)atomic_read(&fs->pages) > wanted.max_pages) &&
	    wanted.max_pages != fs->max_pages)
		return -EINVAL;
	if (wanted.max_inodes && (u64)atomic_read(&fs->inodes) > wanted.max_inodes)
		return -EINVAL;
	fs->max_pages = wanted.max_pages;
	fs->max_inodes = wanted.max_inodes;
	return 0;
}

static void tmpfs_show(struct superblock *sb, char *buf, size_t size)
{
	struct tmpfs *fs = sb->private;
	int n = 0;

	*buf = 0;
	if (fs->max_pages && fs->max_pages != memory_total_pages() / 2)
		n += scnprintf(buf + n, size - n, ",size=%luk", (unsigned long)fs->max_pages << (PAGE_SHIFT - 10));
	if (fs->max_inodes && fs->max_inodes != memory_total_pages() / 2)
		n += scnprintf(buf + n, size - n, ",nr_inodes=%lu", (unsigned long)fs->max_inodes);
	if (fs->root_mode != 01777)
		n += scnprintf(buf + n, size - n, ",mode=%03o", fs->root_mode);
	if (fs->uid)
		n += scnprintf(buf + n, size - n, ",uid=%u", fs->uid);
	if (fs->gid)
		scnprintf(buf + n, size - n, ",gid=%u", fs->gid);
}

static struct fs_type tmpfs_type = {
	.name = "tmpfs", .mount = tmpfs_mount, .no_device = true, .remount = tmpfs_remount, .show_options = tmpfs_show,
	.owner = fs_owner_mounter,
};
static struct fs_type rootfs_type = { .name = "rootfs" };

/* ramfs has no limits and knows one option; it overlooks the others. */
static struct superblock *ramfs_mount(const struct fs_type *t, u64 flags, const char *source, const char *options)
{
	struct tmpfs fs = { .root_mode = 0755, .uid = current_cred()->fsuid, .gid = current_cred()->fsgid };
	char *copy = kstrdup(options ? options : ""), *list = copy, *key, *value;
	int err = copy ? 0 : -ENOMEM;

	while (!err && (key = option_next(&list, &value)))
		if (!strcmp(key, "mode"))
			err = parse_option(&fs, key, value ? value : "");
	kfree(copy);
	return err ? ERR_PTR(err) : tmpfs_super_new(t, flags, &fs);
}

static struct fs_type ramfs_type = { .name = "ramfs", .mount = ramfs_mount, .no_device = true, .owner = fs_owner_mounter };

/* The root: all of memory, if it comes to that. */
struct superblock *tmpfs_root_new(void)
{
	const struct tmpfs fs = { .root_mode = 01777 };
	return tmpfs_super_new(&rootfs_type, 0, &fs);
}

void tmpfs_init(void)
{
	fs_register(&tmpfs_type);
	fs_register(&ramfs_type);
}
