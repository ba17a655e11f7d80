/*
 * fs/proc/text.c: text files that are made when they are read: at the first read of an open file, and again whenever it
 * is read from its beginning. A write goes to the row's function in one piece.
 * Locks: file->pos_lock is the caller's; the text belongs to the open file. Errors: ENOMEM, ESRCH, EFAULT, EINVAL.
 */
#include "fs/proc/proc.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/slab.h"
#include "mm/user_access.h"

static bool text_grow(struct text *t, size_t want)
{
	size_t size = MAX(t->size * 2, (size_t)1024);
	while (size < want)
		size *= 2;
	char *buf = size <= (4UL << 20) ? kmalloc(size) : NULL;
	if (!buf) {
		t->out_of_memory = true;
		return false;
	}
	memcpy(buf, t->buf, t->used);
	kfree(t->buf);
	t->buf = buf;
	t->size = size;
	return true;
}

void text_put(struct text *t, const void *bytes, size_t n)
{
	if (t->used + n > t->size && !text_grow(t, t->used + n))
		return;
	memcpy(t->buf + t->used, bytes, n);
	t->used += n;
}

void text_print(struct text *t, const char *fmt, ...)
{
	for (;;) {
		va_list ap;
		size_t room = t->size - t->used;
		va_start(ap, fmt);
		size_t n = (size_t)vsnprintf(t->buf + t->used, room, fmt, ap);
		va_end(ap);
		if (n < room) {
			t->used += n;
			return;
		}
		if (!text_grow(t, t->used + n + 1))
			return;
	}
}

void text_put_escaped(struct text *t, const char *s, const char *escape)
{
	for (; *s; s++) {
		if (strchr(escape, *s))
			text_print(t, "\\%03o", (unsigned char)*s);
		else
			text_put(t, s, 1);
	}
}

void text_free(struct text *t) { kfree(t->buf); }

ssize_t proc_text_give(struct text *t, uptr buf, size_t n, loff *pos)
{
	ssize_t got = t->out_of_memory ? -ENOMEM : (u64)*pos >= t->used ? 0 : (ssize_t)MIN(n, t->used - (size_t)*pos);
	if (got > 0 && copy_to_user(buf, t->buf + *pos, (size_t)got))
		got = -EFAULT;
	if (got > 0)
		*pos += got;
	text_free(t);
	return got;
}

char *proc_text_take(uptr buf, size_t n, size_t max, const loff *pos)
{
	if (*pos || n >= max)
		return ERR_PTR(-EINVAL);
	char *text = kmalloc(n + 1);
	if (!text)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(text, buf, n)) {
		kfree(text);
		return ERR_PTR(-EFAULT);
	}
	text[n] = 0;
	return text;
}

static int check_private(const struct proc_ref *r)
{
	if (!r->row->is_private)
		return 0;
	struct task *t = proc_task(r);
	int err = t ? proc_may_look(t) : -ESRCH;
	task_put(t);
	return err;
}

int proc_text_open(struct inode *i, struct file *f)
{
	const struct proc_ref *r = i->private;
	if ((f->mode & FMODE_WRITE) && !r->row->write)
		return -EACCES;
	f->private = NULL;
	return check_private(r);
}

static int text_make(struct file *f)
{
	const struct proc_ref *r = f->inode->private;
	struct text *t = f->private;
	if (t)
		text_free(t);
	else
		f->private = t = kzalloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	*t = (struct text){ .view = t->view };
	int err = check_private(r);	/* it may have become somebody else since the open */
	if (!err)
		err = r->row->show ? r->row->show(t, r) : -EIO;
	if (!err && t->out_of_memory)
		err = -ENOMEM;
	if (err)
		t->used = 0;
	return err;
}

static ssize_t text_read_at(struct file *f, size_t n, loff *pos, char **from)
{
	if (!f->private || *pos == 0) {
		int err = text_make(f);
		if (err)
			return err;
	}
	struct text *t = f->private;
	if ((u64)*pos >= t->used)
		return 0;
	*from = t->buf + *pos;
	return (ssize_t)MIN(n, t->used - (size_t)*pos);
}

ssize_t proc_text_read(struct file *f, uptr buf, size_t n, loff *pos)
{
	char *from;
	ssize_t got = text_read_at(f, n, pos, &from);
	if (got <= 0)
		return got;
	if (copy_to_user(buf, from, (size_t)got))
		return -EFAULT;
	*pos += got;
	return got;
}

ssize_t proc_text_read_kernel(struct file *f, void *buf, size_t n, loff *pos)
{
	char *from;
	ssize_t got = text_read_at(f, n, pos, &from);
	if (got > 0) {
		memcpy(buf, from, (size_t)got);
		*pos += got;
	}
	return got;
}

ssize_t proc_text_write(struct file *f, uptr buf, size_t n, loff *pos)
{
	const struct proc_ref *r = f->inode->private;
	if (!r->row->write)
		return -EINVAL;
	if (n >= PAGE_SIZE)
		return -EINVAL;
	char *text = kmalloc(n + 1);
	if (!text)
		return -ENOMEM;
	ssize_t result = -EFAULT;
	if (!copy_from_user(text, buf, n)) {
		text[n] = 0;
		result = r->row->write(r, text, n);
	}
	kfree(text);
	if (result > 0)
		*pos += result;
	return result;
}

void proc_text_release(struct file *f)
{
	struct text *t = f->private;
	if (t)
		text_free(t);
	kfree(t);
}

loff proc_text_seek(struct file *f, loff off, int whence)
{
	if (whence == 1)
		off += f->pos;
	if ((whence != 0 && whence != 1) || off < 0)
		return -EINVAL;
	return f->pos = off;
}

const struct file_ops proc_text_fops = { PROC_TEXT_FOPS(proc_text_open, proc_text_release) };
