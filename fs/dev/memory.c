/*
 * fs/dev/memory.c: null, zero, full. Source: null(4), full(4).
 */
#include "fs/internal.h"
#include "fs/iter.h"
#include "base/printk.h"
#include "mm/mm.h"
#include "mm/user_access.h"
#include "sched/sched.h"
#include "task/task.h"

/* Zeroes in pieces, so that a killed reader of gigabytes goes soon. */
static ssize_t zero_read(struct file *f, uptr buf, size_t n, loff *pos)
{
	size_t done = 0;

	while (done < n) {
		size_t part = MIN(n - done, (size_t)(64 * PAGE_SIZE));
		if (clear_user(buf + done, part))
			return done ? (ssize_t)done : -EFAULT;
		done += part;
		if (signal_is_pending())
			break;
		sched_give_way();
	}
	return (ssize_t)done;
}

static ssize_t null_read(struct file *f, uptr buf, size_t n, loff *pos) { return 0; }
static ssize_t null_write(struct file *f, uptr buf, size_t n, loff *pos) { return (ssize_t)n; }
static ssize_t null_write_kernel(struct file *f, const void *buf, size_t n, loff *pos) { return (ssize_t)n; }
static ssize_t full_write(struct file *f, uptr buf, size_t n, loff *pos) { return -ENOSPC; }
static ssize_t full_write_kernel(struct file *f, const void *buf, size_t n, loff *pos) { return -ENOSPC; }

static loff memory_seek(struct file *f, loff off, int whence)
{
	return f->pos = 0;
}

/* A private mapping is anonymous memory; for a shared one a nameless file takes the device's place. */
static int zero_mmap(struct file *f, struct vma *v)
{
	struct file *memory = NULL;

	if (v->flags & VM_SHARED)
		memory = shmem_file_new("dev/zero", v->end - v->start, v->flags);
	if (IS_ERR(memory))
		return (int)PTR_ERR(memory);
	v->file = memory;
	v->offset_pages = 0;
	return 0;
}

static const struct file_ops null_fops = {
	.read = null_read, .write = null_write, .write_kernel = null_write_kernel, .seek = memory_seek,
	.never_waits = true,
};
static const struct file_ops zero_fops = {
	.read = zero_read, .write = null_write, .write_kernel = null_write_kernel, .seek = memory_seek,
	.mmap = zero_mmap, .never_waits = true,
};
static const struct file_ops full_fops = {
	.read = zero_read, .write = full_write, .write_kernel = full_write_kernel, .seek = memory_seek,
};

void memory_devices_init(void)
{
	if (dev_register("null", 0666, 1, 3, &null_fops, NULL) || dev_register("zero", 0666, 1, 5, &zero_fops, NULL) ||
	    dev_register("full", 0666, 1, 7, &full_fops, NULL))
		log_error("devtmpfs: no memory for /dev/null, zero and full\n");
}
