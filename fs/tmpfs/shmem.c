/*
 * fs/tmpfs/shmem.c: files in memory without a name: shared anonymous memory, SysV shared memory, memfd.
 * They live in a tmpfs that is mounted nowhere. Way in: shmem_file_new, memfd_create.
 * Memory is promised at once (commit limit) unless VM_NORESERVE says that pages count one by one.
 * Errors: ENOMEM, EINVAL, EFAULT. Source: memfd_create(2), shm_overview(7).
 */
#include "fs/tmpfs/tmpfs.h"
#include "base/printk.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include <linux/memfd.h>

#define MEMFD_NAME_MAX 249	/* NAME_MAX less "memfd:" */

static struct superblock *shmem_sb;
static const struct fs_type shmem_type = { .name = "tmpfs" };

void shmem_init(void)
{
	const struct tmpfs fs = { .root_mode = 0700 };
	shmem_sb = tmpfs_super_new(&shmem_type, 0, &fs);
	BUG_ON(IS_ERR(shmem_sb));
}

static struct file *file_over(const char *name, struct inode *i)
{
	struct path p;
	int err = nameless_path(name, i, &p);

	if (err)
		return ERR_PTR(err);
	struct file *f = file_alloc(FMODE_READ | FMODE_WRITE, O_RDWR | O_LARGEFILE, &tmpfs_file_ops, NULL);
	if (!f) {
		path_put(&p);
		return ERR_PTR(-ENOMEM);
	}
	f->path = p;
	f->inode = i;
	return f;
}

struct file *shmem_file_new(const char *name, u64 size, u64 vm_flags)
{
	u64 pages = vm_flags & VM_NORESERVE ? 0 : ALIGN_UP(size, PAGE_SIZE) >> PAGE_SHIFT;
	struct inode *i;

	if ((s64)size < 0)
		return ERR_PTR(-EINVAL);
	if (pages && commit_charge(pages))
		return ERR_PTR(-ENOMEM);
	i = tmpfs_inode_new(shmem_sb, NULL, S_IFREG | 0777, 0);
	if (IS_ERR(i)) {
		commit_uncharge(pages);
		return (struct file *)i;
	}
	i->private = (void *)pages;
	i->nlink = 0;
	i->size = i->mapping->size_bytes = size;
	return file_over(name, i);
}

long sys_memfd_create(uptr name, unsigned flags)
{
	char text[sizeof("memfd:") + MEMFD_NAME_MAX] = "memfd:";

	if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING))
		return -EINVAL;
	ssize_t n = strncpy_from_user(text + 6, name, MEMFD_NAME_MAX + 1);
	if (n < 0)
		return n == -ENAMETOOLONG ? -EINVAL : n;
	struct file *f = shmem_file_new(text, 0, VM_NORESERVE);
	if (IS_ERR(f))
		return PTR_ERR(f);
	if (flags & MFD_ALLOW_SEALING)
		f->inode->seals = 0;
	int fd = fd_install_new(f, flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
	if (fd < 0)
		file_put(f);
	return fd;
}
