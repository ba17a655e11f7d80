/*
 * fs/dev/kmsg.c: /dev/kmsg: the kernel's log, one record a read, and a way for programs to write to it.
 * file->pos is the sequence number of the next record. The log is written in any context and wakes nobody, so a reader
 * at its end looks again a few times a second.
 * Locks: file->pos_lock (the caller's). Errors: EPIPE (records were overwritten: the next read goes on behind them),
 * EINVAL (the record does not fit; a text too long), EAGAIN, ESPIPE, EFAULT. Source: Linux's ABI/testing/dev-kmsg.
 */
#include "fs/internal.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "task/task.h"
#include <linux/eventpoll.h>
#include <linux/fs.h>

#define RECORD_MAX 1024		/* of one write, as on Linux */
#define LOOK_AGAIN_NS (250 * NSEC_PER_MSEC)

/* Text with what is not printable as \x12. Bytes put. */
static size_t put_escaped(char *out, size_t size, const char *text, size_t n)
{
	size_t done = 0;

	while (n && text[n - 1] == '\n')
		n--;
	for (size_t i = 0; i < n && done + 6 < size; i++) {
		u8 c = (u8)text[i];
		if (c < ' ' || c >= 127 || c == '\\')
			done += (size_t)scnprintf(out + done, size - done, "\\x%02x", c);
		else
			out[done++] = (char)c;
	}
	out[done++] = '\n';
	return done;
}

static ssize_t wait_for_record(struct file *f, loff *pos)
{
	struct waitqueue nobody;	/* wakes it: only time and signals end the sleep */

	waitqueue_init(&nobody);
	while (log_end_seq() <= (u64)*pos) {
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		u64 until = time_now_ns() + LOOK_AGAIN_NS;
		int err = wait_event_interruptible_until(&nobody, log_end_seq() > (u64)*pos, until);
		if (err && err != -ETIME)
			return err;
	}
	return 0;
}

static ssize_t read_record(char *line, char *text, uptr buf, size_t n, loff *pos)
{
	struct log_record r;
	u64 seq = (u64)*pos;

	if (!log_read_record(&seq, &r, text, RECORD_MAX))
		return 0;
	if (r.seq != (u64)*pos) {
		*pos = (loff)r.seq;
		return -EPIPE;
	}
	size_t len = (size_t)scnprintf(line, RECORD_MAX, "%u,%lu,%lu,-;", (unsigned)r.level, (unsigned long)r.seq,
				       (unsigned long)(r.time_ns / NSEC_PER_USEC));
	len += put_escaped(line + len, 4 * RECORD_MAX - len, text, r.length);
	if (len > n)
		return -EINVAL;
	*pos = (loff)seq;
	return copy_to_user(buf, line, len) ? -EFAULT : (ssize_t)len;
}

static ssize_t kmsg_read(struct file *f, uptr buf, size_t n, loff *pos)
{
	ssize_t result = wait_for_record(f, pos);
	if (result)
		return result;
	char *line = kmalloc(5 * RECORD_MAX);
	if (!line)
		return -ENOMEM;
	result = read_record(line, line + 4 * RECORD_MAX, buf, n, pos);
	if (result == -EPIPE)
		f->pos = *pos;	/* also an error moves on */
	kfree(line);
	return result;
}

/* "<3>text": the number is the level; without one it is the default. */
static ssize_t kmsg_write(struct file *f, uptr buf, size_t n, loff *pos)
{
	char *text = kmalloc(RECORD_MAX), *at = text, *end;
	enum log_level level = LOG_WARNING;

	if (!text)
		return -ENOMEM;
	ssize_t result = n >= RECORD_MAX ? -EINVAL : copy_from_user(text, buf, n) ? -EFAULT : (ssize_t)n;
	if (result >= 0) {
		text[n] = 0;
		if (*text == '<') {
			u64 prefix = strtou64(text + 1, &end, 10);
			if (end > text + 1 && *end == '>') {
				level = (enum log_level)(prefix & 7);
				at = end + 1;
			}
		}
		size_t len = strlen(at);
		log_write(level, "%s%s", at, len && at[len - 1] == '\n' ? "" : "\n");
	}
	kfree(text);
	return result;
}

static loff kmsg_seek(struct file *f, loff off, int whence)
{
	if (off)
		return -ESPIPE;
	if (whence != SEEK_SET && whence != SEEK_END && whence != SEEK_DATA)
		return -EINVAL;
	f->pos = (loff)(whence == SEEK_END ? log_end_seq() : log_first_seq());
	return 0;
}

static unsigned kmsg_poll(struct file *f, struct poll_table *pt)
{
	return log_end_seq() > (u64)f->pos ? EPOLLIN | EPOLLRDNORM : 0;
}

static int kmsg_open(struct inode *i, struct file *f)
{
	f->pos = (loff)log_first_seq();
	return 0;
}

static const struct file_ops kmsg_fops = {
	.keeps_state = true, .read = kmsg_read, .write = kmsg_write, .seek = kmsg_seek, .poll = kmsg_poll, .open = kmsg_open,
};

void kmsg_init(void)
{
	if (dev_register("kmsg", 0644, 1, 11, &kmsg_fops, NULL))
		log_error("devtmpfs: no memory for /dev/kmsg\n");
}
