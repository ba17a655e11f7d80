/*
 * fs/proc/mem.c: /proc/PID/mem: another process's memory as a file, for those who may trace it; the rights of its pages do
 * not hold, as for PTRACE_POKE. The open file keeps the address space's name, not its memory: when the process is gone a
 * read gives nothing.
 * Locks: mm_access's. Errors: EACCES and ESRCH at open; EIO where nothing is mapped, EFAULT, ENOMEM. Source: proc(5).
 */
#include "fs/proc/proc.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "ptrace/ptrace.h"

/* Up to a page: bytes, or -EIO (the process has nothing there), -EFAULT (the caller's buffer). */
static ssize_t transfer_chunk(struct mm *mm, uptr addr, uptr buf, char *chunk, size_t n, bool is_write)
{
	ssize_t got;

	if (is_write && copy_from_user(chunk, buf, n))
		return -EFAULT;
	got = mm_access(mm, addr, chunk, n, ACCESS_FORCE | (is_write ? ACCESS_WRITE : 0));
	if (got <= 0)
		return -EIO;
	return !is_write && copy_to_user(buf, chunk, (size_t)got) ? -EFAULT : got;
}

static ssize_t transfer(struct mm *mm, uptr buf, size_t n, loff *pos, bool is_write)
{
	char *chunk = kmalloc(PAGE_SIZE);
	size_t done = 0;
	ssize_t got = 0;

	if (!chunk)
		return -ENOMEM;
	while (done < n) {
		got = transfer_chunk(mm, (uptr)*pos, buf + done, chunk, MIN(n - done, PAGE_SIZE), is_write);
		if (got < 0)
			break;
		done += (size_t)got;
		*pos += got;
	}
	kfree(chunk);
	return done ? (ssize_t)done : got;
}

static ssize_t mem_transfer(struct file *f, uptr buf, size_t n, loff *pos, bool is_write)
{
	struct mm *mm = f->private;
	ssize_t result;

	if (!mm || !refcount_inc_not_zero(&mm->users))
		return 0;
	result = transfer(mm, buf, n, pos, is_write);
	mm_put(mm);
	return result;
}

static ssize_t mem_read(struct file *f, uptr buf, size_t n, loff *pos) { return mem_transfer(f, buf, n, pos, false); }
static ssize_t mem_write(struct file *f, uptr buf, size_t n, loff *pos) { return mem_transfer(f, buf, n, pos, true); }

loff proc_mm_seek(struct file *f, loff off, int whence)
{
	if (whence == 1)
		off += f->pos;
	return whence > 1 ? -EINVAL : (f->pos = off);
}

int proc_mm_hold(const struct proc_ref *r, bool as_tracer, struct mm **out)
{
	struct task *task = proc_task(r);
	struct mm *mm = NULL;
	int err = !task ? -ESRCH : task_get_mm_to_look(task, ATTACH_BY_FS_IDS, &mm) ? -EACCES : 0;

	if (!err && as_tracer && !ptrace_scope_permits(task))
		err = -EACCES;
	task_put(task);
	*out = err ? NULL : mm;
	if (*out)
		mm_hold(mm);
	if (mm)
		mm_put(mm);
	return err;
}

int proc_mm_open(struct inode *i, struct file *f)
{
	struct mm *mm;
	int err = proc_mm_hold(i->private, true, &mm);

	f->private = mm;
	return err;
}

void proc_mm_release(struct file *f)
{
	if (f->private)
		mm_release(f->private);
}

const struct file_ops proc_mem_fops = {
	.open = proc_mm_open, .read = mem_read, .write = mem_write, .seek = proc_mm_seek, .release = proc_mm_release,
};
