/*
 * fs/tmpfs/tmpfs.h: the file system in memory, from inside. Its directories are their dentries (fs/dentry.c), its files
 * live in the page cache (struct mapping), a link's text hangs on its inode.
 */
#ifndef FS_TMPFS_H
#define FS_TMPFS_H
#include "fs/internal.h"
#include "mm/mm.h"

struct tmpfs {
	u64 max_pages, max_inodes;	/* 0: no limit */
	atomic_long_t pages, inodes;
	u32 root_mode, uid, gid;
};
#define DIRENT_BYTES 20		/* what one name adds to a directory's st_size, as on Linux */

extern const struct inode_ops tmpfs_dir_ops, tmpfs_file_inode_ops, tmpfs_link_ops, tmpfs_special_ops;
extern const struct file_ops tmpfs_file_ops;
extern const struct mapping_ops tmpfs_mapping_ops;
extern const struct super_ops tmpfs_super_ops;
/* A new inode of any type, counted against the file system's limit. ERR_PTR: -ENOSPC, -ENOMEM. */
struct inode *tmpfs_inode_new(struct superblock *sb, const struct inode *dir, u32 mode, u64 rdev);
/* Superblock with an empty root. ERR_PTR. */
struct superblock *tmpfs_super_new(const struct fs_type *t, u64 flags, const struct tmpfs *options);
void tmpfs_destroy_inode(struct inode *i);
#endif
