/* fs/init.c: what the file systems need at boot: the root, devtmpfs on /dev, process 0's rooms. */
#include "fs/internal.h"
#include "namespace/mount.h"
#include "fs/proc/proc.h"
#include "fs/signalfd.h"
#include "fs/sysfs.h"
#include "base/printk.h"
#include "ipc/mqueue.h"
#include "cgroup/cgroup.h"
#include "task/task.h"

void fs_init(void)
{
	signalfd_init();
	internal_mount_init();
	nsfs_init();
	tmpfs_init();
	shmem_init();
	struct superblock *base = tmpfs_root_new(), *root = tmpfs_root_new();
	if (IS_ERR(base) || IS_ERR(root) || mount_root(base, root))
		panic("no memory for the root file system");
	superblock_put(base);
	superblock_put(root);
	current->fs = fs_room_first();
	current->files = files_new();
	if (!current->fs || !current->files)
		panic("no memory for the first task's files");
	devfs_init();
	proc_init();
	sysfs_init();
	mqueue_init();
	cgroup_init();
	/* What Linux's own built-in initramfs holds. */
	if (vfs_mkdir(AT_FDCWD, "/dev", 0755) || vfs_mkdir(AT_FDCWD, "/root", 0700) ||
	    mount_at("devtmpfs", "devtmpfs", "/dev", 0, NULL))
		panic("devtmpfs cannot be mounted on /dev");
}
