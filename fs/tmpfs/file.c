/*
 * fs/tmpfs/file.c: regular files in memory: read, write, truncate, fallocate, mmap, over the page cache.
 * Locks: inode->lock for everything that changes the size or the contents by write(2); reads take none.
 * Errors: ENOSPC, EFBIG (with SIGXFSZ at RLIMIT_FSIZE), EPERM by a seal.
 * Source: write(2), fallocate(2), memfd_create(2).
 */
#include "fs/tmpfs/tmpfs.h"
#include "fs/iter.h"
#include "signal/signal.h"
#include "task/task.h"
#include <linux/falloc.h>
#include <linux/resource.h>

#define SIZE_MAX_BYTES ((u64)0x7fffffffffffffff)

/* -- reading and writing -- */
static ssize_t file_read_iter(struct file *f, struct iter *it, loff *pos)
{
	struct mapping *m = f->inode->mapping;
	ssize_t done = 0, n = 0;

	while (it->left) {
		size_t len = it->left;
		if (it->kernel) {
			n = mapping_read_kernel(m, *pos, it->kernel, len);
		} else {
			uptr base = iter_piece(it, &len);
			n = mapping_read(m, *pos, base, len);
		}
		if (n <= 0)
			break;
		*pos += n;
		done += n;
		iter_advance(it, (size_t)n);
		if ((size_t)n < len)
			break;
	}
	if (it->left == 0 || n >= 0)
		file_accessed(f);
	return done ? done : n;
}

/* How many of n bytes may be written at pos, or why none may. Inode locked. */
static ssize_t write_room(struct inode *i, u64 pos, size_t n)
{
	u64 limit = current_limit(RLIMIT_FSIZE);

	if (pos >= limit) {
		signal_send_task(SIGXFSZ, NULL, current);
		return -EFBIG;
	}
	if (pos >= SIZE_MAX_BYTES)
		return -EFBIG;
	n = MIN((u64)n, MIN(limit, SIZE_MAX_BYTES) - pos);
	if (i->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	if ((i->seals & F_SEAL_GROW) && pos + n > i->size) {
		/* Up to the last page that the write fills without growing the file. */
		u64 end = ALIGN_DOWN(i->size, PAGE_SIZE);
		if (end <= pos)
			return -EPERM;
		n = end - pos;
	}
	return (ssize_t)n;
}

static ssize_t write_locked(struct inode *i, struct iter *it, size_t room, loff *pos)
{
	ssize_t done = 0, n = 0;

	while (room) {
		size_t len = room;
		if (it->kernel) {
			n = mapping_write_kernel(i->mapping, *pos, it->kernel, len);
		} else {
			uptr base = iter_piece(it, &len);
			len = MIN(len, room);
			n = mapping_write(i->mapping, *pos, base, len);
		}
		if (n <= 0)
			break;
		*pos += n;
		done += n;
		room -= (size_t)n;
		iter_advance(it, (size_t)n);
		if ((size_t)n < len)
			break;
	}
	i->size = i->mapping->size_bytes;
	return done ? done : n;
}

static ssize_t file_write_iter(struct file *f, struct iter *it, loff *pos)
{
	struct inode *i = f->inode;
	ssize_t n = 0;

	if (!it->left)
		return 0;
	mutex_lock(&i->lock);
	if ((f->flags & O_APPEND) || it->append)
		*pos = (loff)i->size;
	n = write_room(i, (u64)*pos, it->left);
	if (n > 0) {
		inode_drop_setid(i);
		inode_touch(i);
		n = write_locked(i, it, (size_t)n, pos);
	}
	mutex_unlock(&i->lock);
	return n;
}

/* -- size -- */
/* What fallocate made with KEEP_SIZE behind the end. */
static void drop_beyond_end(struct inode *i)
{
	u64 end = ALIGN_UP(i->size, PAGE_SIZE);

	if (i->mapping->page_count)
		mapping_punch(i->mapping, end, SIZE_MAX_BYTES & PAGE_MASK);
}

static int file_setattr(struct inode *i, u32 valid, u64 size)
{
	if (!(valid & ATTR_SIZE))
		return 0;
	if (size < i->size ? i->seals & F_SEAL_SHRINK : size > i->size && (i->seals & F_SEAL_GROW))
		return -EPERM;
	if (size == i->size)
		drop_beyond_end(i);
	mapping_truncate(i->mapping, size);
	i->size = size;
	return 0;
}

static void file_getattr(struct inode *i)
{
	i->blocks = i->mapping->page_count * (PAGE_SIZE / 512);
}

static long punch(struct inode *i, loff off, loff len)
{
	if (i->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	u64 end = MIN((u64)(off + len), ALIGN_UP(i->size, PAGE_SIZE));
	if ((u64)off < end)
		mapping_punch(i->mapping, (u64)off, end);
	inode_touch(i);
	return 0;
}

/* Whether the pages [first, end) that are not there yet will find room; asked first, since what is half done stays. */
static int room_for(struct inode *i, u64 first, u64 end)
{
	struct tmpfs *fs = i->sb->private;
	u64 used = (u64)atomic_read(&fs->pages), most = fs->max_pages ? fs->max_pages : used + memory_free_pages();
	u64 missing = end - first;

	if (missing > most)
		return -ENOSPC;
	for (u64 n = first; n < end && missing > most - MIN(used, most); n++) {
		struct page *p = mapping_peek(i->mapping, n);
		if (!p)
			continue;
		page_put(p);
		missing--;
	}
	return missing > most - MIN(used, most) ? -ENOSPC : 0;
}

static long allocate(struct inode *i, int mode, loff off, loff len)
{
	u64 end = (u64)(off + len);

	if (end > i->size && end > current_limit(RLIMIT_FSIZE)) {
		signal_send_task(SIGXFSZ, NULL, current);
		return -EFBIG;
	}
	if ((i->seals & F_SEAL_GROW) && end > i->size)
		return -EPERM;
	int err = room_for(i, (u64)off >> PAGE_SHIFT, ALIGN_UP(end, PAGE_SIZE) >> PAGE_SHIFT);
	if (err)
		return err;
	err = mapping_allocate(i->mapping, (u64)off, end);
	if (err) {
		drop_beyond_end(i);	/* of no use to anybody */
		return err;
	}
	if (!(mode & FALLOC_FL_KEEP_SIZE) && end > i->size) {
		mapping_truncate(i->mapping, end);
		i->size = end;
	}
	inode_touch_changed(i);
	return 0;
}

static long file_fallocate(struct file *f, int mode, loff off, loff len)
{
	struct inode *i = f->inode;
	long err;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	mutex_lock(&i->lock);
	inode_drop_setid(i);
	err = mode & FALLOC_FL_PUNCH_HOLE ? punch(i, off, len) : allocate(i, mode, off, len);
	mutex_unlock(&i->lock);
	return err;
}

/* -- mapping and the rest -- */
static int file_mmap(struct file *f, struct vma *v)
{
	struct inode *i = f->inode;

	if ((i->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) && (v->flags & VM_SHARED)) {
		if (v->flags & VM_WRITE)
			return -EPERM;
		v->flags &= ~VM_MAYWRITE;
	}
	file_accessed(f);
	return 0;
}

static int file_fsync(struct file *f, int datasync)
{
	return 0;	/* memory is all there is */
}

const struct file_ops tmpfs_file_ops = {
	.read_iter = file_read_iter,
	.write_iter = file_write_iter,
	.mmap = file_mmap,
	.fsync = file_fsync,
	.fallocate = file_fallocate,
};
const struct inode_ops tmpfs_file_inode_ops = { .setattr = file_setattr, .getattr = file_getattr };
const struct inode_ops tmpfs_special_ops = { 0 };
