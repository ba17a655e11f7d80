/*
 * fs/proc/fail_nth.c: /proc/PID/fail-nth, fault injection as Linux's: after a write of n the task's n-th allocation fails,
 * once. A read says what is left to count: 0 is that it has failed, or was never asked for.
 * Neither read nor write allocates, so that what they say is about the calls in between.
 * Locks: none: the number is the task's own. Errors: EINVAL no number, EPERM another's task, ESRCH it is gone.
 */
#include "fs/proc/proc.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/user_access.h"
#include <linux/capability.h>

#define NUMBER_BYTES 24

static ssize_t fail_nth_read(struct file *f, uptr buf, size_t n, loff *pos)
{
	struct task *task = proc_task(f->inode->private);
	char text[NUMBER_BYTES];

	if (!task)
		return -ESRCH;
	size_t len = scnprintf(text, sizeof(text), "%u\n", READ_ONCE(task->fail_nth));
	task_put(task);
	if ((u64)*pos >= len)
		return 0;
	n = MIN(n, len - (size_t)*pos);
	if (copy_to_user(buf, text + *pos, n))
		return -EFAULT;
	*pos += (loff)n;
	return (ssize_t)n;
}

static ssize_t fail_nth_write(struct file *f, uptr buf, size_t n, loff *pos)
{
	char text[NUMBER_BYTES] = "", *end;

	if (n >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, n))
		return -EFAULT;
	u64 number = strtou64(text, &end, 10);
	if (end == text || (*end && *end != '\n') || number > INT32_MAX)
		return -EINVAL;
	struct task *task = proc_task(f->inode->private);
	if (!task)
		return -ESRCH;
	bool may = task == current || capable(CAP_SYS_RESOURCE);
	if (may)
		WRITE_ONCE(task->fail_nth, (u32)number);
	task_put(task);
	return may ? (ssize_t)n : -EPERM;
}

static loff fail_nth_seek(struct file *f, loff off, int whence)
{
	if (whence == 1)
		off += f->pos;
	return (whence != 0 && whence != 1) || off < 0 ? -EINVAL : (f->pos = off);
}

const struct file_ops proc_fail_nth_fops = { .read = fail_nth_read, .write = fail_nth_write, .seek = fail_nth_seek };
