/*
 * fs/files_exec.c: what happens to all descriptors at once: exec drops the close-on-exec ones, close_range a range,
 * unshare parts with who shares them.
 * exec never copies a table first and closes then: the filtered body is built directly, so a file that only a shared
 * table's child should keep is not touched. See files.c for the rules.
 * Source: execve(2), close_range(2).
 */
#include "fs/internal.h"
#include "fs/fd_table.h"
#include "mm/slab.h"
#include "task/task.h"
#include <linux/close_range.h>

static void task_set_files(struct task *t, struct files *f)
{
	unsigned long flags = spin_lock_irqsave(&t->lock);
	t->files = f;
	spin_unlock_irqrestore(&t->lock, flags);
}

/* A handle of current's own instead of one shared by CLONE_FILES; its locks stay with those who keep the old one. */
static int handle_unshare(struct task *t, bool is_exec)
{
	struct files *old = t->files, *f = files_new();
	if (!f)
		return -ENOMEM;
	struct fd_table *empty = f->table;
	spin_lock(&old->lock);
	f->table = fd_table_copy(old->table, 0, is_exec);
	spin_unlock(&old->lock);
	if (!f->table) {
		f->table = empty;
		files_put(f);
		return -ENOMEM;
	}
	fd_table_free(empty);
	task_set_files(t, f);
	files_put(old);
	return 0;
}

int files_exec(struct task *t)
{
	struct files *f = t->files;

	if (refcount_read(&f->count) > 1)
		return handle_unshare(t, true);
	struct fd_table *old = f->table;
	if (!old->has_cloexec)
		return 0;
	if (refcount_read(&old->count) > 1) {
		struct fd_table *filtered = fd_table_copy(old, 0, true);
		if (!filtered)
			return -ENOMEM;
		files_leave_cloexec(f, old);
		spin_lock(&f->lock);
		f->table = filtered;
		f->next_fd = 0;
		spin_unlock(&f->lock);
		if (refcount_dec(&old->count))
			fd_table_close_all(old);
		return 0;
	}
	for (u32 fd = fd_table_next_open(old, 0); fd < old->capacity; fd = fd_table_next_open(old, fd + 1)) {
		if (fd_table_bit(old->cloexec, fd) && old->files[fd])
			fd_close((int)fd);
	}
	old->has_cloexec = false;
	return 0;
}

static u32 next_open(u32 from)
{
	struct files *f = current->files;

	spin_lock(&f->lock);
	u32 fd = fd_table_next_open(f->table, from);
	if (fd >= f->table->capacity)
		fd = ~0u;
	spin_unlock(&f->lock);
	return fd;
}

int files_unshare(void)
{
	if (refcount_read(&current->files->count) == 1)
		return 0;
	return files_is_too_big(current->files) ? -EMFILE : handle_unshare(current, false);
}

int files_close_range(unsigned first, unsigned last, unsigned flags)
{
	if (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) || first > last)
		return -EINVAL;
	if (flags & CLOSE_RANGE_UNSHARE) {
		int err = files_unshare();
		if (err)
			return err;
	}
	for (u32 fd = next_open(first); fd <= last && fd != ~0u; fd = next_open(fd + 1)) {
		/* A number that another thread closed or only reserved is no error. */
		if (flags & CLOSE_RANGE_CLOEXEC)
			(void)fd_set_cloexec((int)fd, true);
		else
			(void)fd_close((int)fd);
	}
	return 0;
}
