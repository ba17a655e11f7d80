/*
 * fs/files.c: the room "files". struct files is the handle that CLONE_FILES shares; the table behind it (fd_table.h) is
 * shared by fork until somebody writes. The handle, not the table, owns POSIX locks: when the last sharer of a handle
 * goes, its locks go and its files are flushed, though the table may live on in a child.
 * A table with reserved numbers is never shared: fork then copies at once, without them.
 *
 * Way in: fd_get and fd_install_new for system calls, files_copy/files_put/files_exec for task/.
 * Locks: files->lock. current reads without it while nobody shares its handle, since only current writes there then.
 * Errors: EMFILE, EBADF, ENOMEM; closing cannot fail, so its copy waits for memory. Source: dup(2), close_range(2).
 */
#include "fs/internal.h"
#include "fs/fd_table.h"
#include "fs/notify.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "task/task.h"
#include <linux/resource.h>
#include <linux/close_range.h>

SLAB_CACHE(files_cache, struct files);
int nr_open = 1 << 20;
static atomic_t flush_is_used;	/* some file with a flush operation was ever opened */

static struct files *handle_new(struct fd_table *t)
{
	struct files *f = slab_alloc(&files_cache);

	if (!f)
		return NULL;
	refcount_set(&f->count, 1);
	refcount_set(&f->holds, 1);
	spin_init(&f->lock, RANK_FILES);
	f->table = t;
	f->next_fd = 0;
	f->has_locks = false;
	return f;
}

struct files *files_new(void)
{
	struct fd_table *t = fd_table_new(0);
	struct files *f = t ? handle_new(t) : NULL;

	if (t && !f)
		fd_table_free(t);
	return f;
}

struct files *files_copy(struct files *from)
{
	struct files *f = handle_new(NULL);
	if (!f)
		return NULL;
	spin_lock(&from->lock);
	f->next_fd = from->next_fd;
	if (from->table->reserved) {
		f->table = fd_table_copy(from->table, 0, false);
		f->next_fd = 0;
	} else {
		refcount_inc(&from->table->count);
		f->table = from->table;
	}
	spin_unlock(&from->lock);
	if (!f->table) {
		slab_free(&files_cache, f);
		return NULL;
	}
	return f;
}

bool files_is_too_big(struct files *f)
{
	spin_lock(&f->lock);
	bool is = f->table->capacity > (u32)nr_open && fd_table_used(f->table) > (u32)nr_open;
	spin_unlock(&f->lock);
	return is;
}

/* What close() means for one file seen through the handle f. The reference is given up. */
static void close_file(struct files *f, struct file *file)
{
	if (file->ops && file->ops->flush)
		file->ops->flush(file);
	dnotify_forget(file, f);
	if (f->has_locks && !(file->mode & FMODE_PATH))
		locks_drop_posix(file->inode, f);
	file_put(file);
}

/* The handle's own part of closing everything, for a table that lives on elsewhere. */
static void handle_leave(struct files *f, struct fd_table *t, bool only_cloexec)
{
	if (!f->has_locks && !atomic_read(&flush_is_used))
		return;
	for (u32 fd = fd_table_next_open(t, 0); fd < t->capacity; fd = fd_table_next_open(t, fd + 1)) {
		if (t->files[fd] && (!only_cloexec || fd_table_bit(t->cloexec, fd)))
			close_file(f, file_get(t->files[fd]));
	}
}

void files_leave_cloexec(struct files *f, struct fd_table *t)
{
	handle_leave(f, t, true);
}

void files_put(struct files *f)
{
	if (!f || !refcount_dec(&f->count))
		return;
	spin_lock(&f->lock);
	struct fd_table *t = f->table;
	f->table = NULL;
	spin_unlock(&f->lock);
	handle_leave(f, t, false);
	if (refcount_dec(&t->count))
		fd_table_close_all(t);
	files_release(f);
}

/* -- foreign readers -- */
struct files *files_hold(struct task *t)
{
	unsigned long flags = spin_lock_irqsave(&t->lock);
	struct files *f = t->files;
	if (f)
		refcount_inc(&f->holds);
	spin_unlock_irqrestore(&t->lock, flags);
	return f;
}

void files_release(struct files *f)
{
	if (f && refcount_dec(&f->holds))
		slab_free(&files_cache, f);
}

struct file *files_get_file(struct files *f, int fd)
{
	struct file *file = NULL;

	spin_lock(&f->lock);
	if (f->table && (file = fd_table_get(f->table, (u32)fd)))
		file_get(file);
	spin_unlock(&f->lock);
	return file;
}

int files_next_fd(struct files *f, int from)
{
	int fd = -1;

	spin_lock(&f->lock);
	if (f->table && (u32)from < f->table->capacity) {
		u32 n = fd_table_next_open(f->table, (u32)from);
		while (n < f->table->capacity && !f->table->files[n])
			n = fd_table_next_open(f->table, n + 1);
		fd = n < f->table->capacity ? (int)n : -1;
	}
	spin_unlock(&f->lock);
	return fd;
}

bool files_is_cloexec(struct files *f, int fd)
{
	bool set = false;

	spin_lock(&f->lock);
	if (f->table && (u32)fd < f->table->capacity)
		set = fd_table_bit(f->table->cloexec, (u32)fd);
	spin_unlock(&f->lock);
	return set;
}

u32 files_capacity(struct files *f)
{
	spin_lock(&f->lock);
	u32 n = f->table ? f->table->capacity : 0;
	spin_unlock(&f->lock);
	return n;
}

/* -- looking up -- */
struct file *fd_get_raw(int fd)
{
	struct files *f = current->files;

	if (refcount_read(&f->count) != 1)
		return files_get_file(f, fd);
	struct file *file = fd_table_get(f->table, (u32)fd);
	return file ? file_get(file) : NULL;
}

struct file *fd_get(int fd)
{
	struct file *file = fd_get_raw(fd);

	if (file && unlikely(file->mode & FMODE_PATH)) {
		file_put(file);
		return NULL;
	}
	return file;
}

/* -- own on write -- */
/* A bigger body with everything in it moved, reserved numbers too; only for a table nobody else shows. */
static struct fd_table *table_grown(struct fd_table *old, u32 capacity)
{
	struct fd_table *t = fd_table_new(capacity);

	if (!t)
		return NULL;
	for (u32 w = 0; w < old->capacity / 64; w++) {
		t->open[w] = old->open[w];
		t->cloexec[w] = old->cloexec[w];
	}
	for (u32 fd = 0; fd < old->capacity; fd++)
		t->files[fd] = old->files[fd];
	t->reserved = old->reserved;
	t->has_cloexec = old->has_cloexec;
	return t;
}

/* After this the table is this handle's alone and has room for descriptor fd. The old body's files are all in the new
 * one too, so giving it up closes nothing. 0 or -ENOMEM. */
static int own_locked(struct files *f, u32 fd)
{
	struct fd_table *old = f->table, *t;
	bool is_shared = refcount_read(&old->count) != 1;
	u32 capacity = fd < old->capacity ? 0 : MAX(fd + 1, MIN(old->capacity * 2, (u32)nr_open));

	if (!is_shared && !capacity)
		return 0;
	/* A copy holds no more than is in use: it may be smaller than the old one. */
	t = is_shared ? fd_table_copy(old, MAX(capacity, fd + 1), false) : table_grown(old, capacity);
	if (!t)
		return -ENOMEM;
	f->table = t;
	if (!is_shared)
		fd_table_free(old);
	else if (refcount_dec(&old->count))
		fd_table_close_all(old);
	return 0;
}

/* As own_locked for what cannot fail: waits until there is memory. -EINTR: current itself is to die of it. */
static int own_patiently_locked(struct files *f)
{
	while (own_locked(f, 0) != 0) {
		spin_unlock(&f->lock);
		bool must_die = oom_kill();
		spin_lock(&f->lock);
		if (must_die)
			return -EINTR;
	}
	return 0;
}

/* A free number at or above from and below end, marked open. */
static int take_number_locked(struct files *f, u32 from, u32 end, unsigned flags)
{
	u32 fd = fd_table_first_free(f->table, MAX(from, (u32)f->next_fd));

	if (fd >= end)
		return -EMFILE;
	int err = own_locked(f, fd);
	if (err)
		return err;
	struct fd_table *t = f->table;
	if (from <= (u32)f->next_fd)
		f->next_fd = (int)fd + 1;
	fd_table_set(t->open, fd);
	if (flags & O_CLOEXEC) {
		fd_table_set(t->cloexec, fd);
		t->has_cloexec = true;
	} else {
		fd_table_clear(t->cloexec, fd);
	}
	return (int)fd;
}

/* Frees the number; its table is own. Returns what was behind it. */
static struct file *drop_number_locked(struct files *f, u32 fd)
{
	struct file *file = f->table->files[fd];

	f->table->files[fd] = NULL;
	fd_table_clear(f->table->open, fd);
	fd_table_clear(f->table->cloexec, fd);
	if ((int)fd < f->next_fd)
		f->next_fd = (int)fd;
	return file;
}

static u32 number_end(void)
{
	return (u32)MIN(current_limit(RLIMIT_NOFILE), (u64)nr_open);
}

int fd_may_install(void)
{
	struct files *f = current->files;

	spin_lock(&f->lock);
	bool is_free = fd_table_first_free(f->table, (u32)f->next_fd) < number_end();
	spin_unlock(&f->lock);
	return is_free ? 0 : -EMFILE;
}

static void note_flush(const struct file *file)
{
	if (file->ops && file->ops->flush)
		atomic_set(&flush_is_used, 1);
}

int fd_install_from(struct file *file, u32 from, unsigned flags)
{
	struct files *f = current->files;

	note_flush(file);
	spin_lock(&f->lock);
	int fd = take_number_locked(f, from, number_end(), flags);
	if (fd >= 0)
		f->table->files[fd] = file;
	spin_unlock(&f->lock);
	return fd;
}

int fd_install_new(struct file *file, unsigned flags)
{
	return fd_install_from(file, 0, flags);
}

int fd_reserve(unsigned flags)
{
	struct files *f = current->files;

	spin_lock(&f->lock);
	int fd = take_number_locked(f, 0, number_end(), flags);
	if (fd >= 0)
		f->table->reserved++;
	spin_unlock(&f->lock);
	return fd;
}

void fd_install(int fd, struct file *file)
{
	struct files *f = current->files;

	note_flush(file);
	spin_lock(&f->lock);
	f->table->files[fd] = file;
	f->table->reserved--;
	spin_unlock(&f->lock);
}

void fd_unreserve(int fd)
{
	struct files *f = current->files;

	spin_lock(&f->lock);
	f->table->reserved--;
	drop_number_locked(f, (u32)fd);
	spin_unlock(&f->lock);
}

int fd_replace(int fd, struct file *file, unsigned flags)
{
	struct files *f = current->files;
	struct file *old = NULL;
	int err;

	if ((u32)fd >= number_end())
		return -EBADF;
	note_flush(file);
	spin_lock(&f->lock);
	err = own_locked(f, (u32)fd);
	struct fd_table *t = f->table;
	if (!err && fd_table_bit(t->open, (u32)fd) && !t->files[fd])
		err = -EBUSY;	/* another thread is opening it right now */
	if (!err) {
		old = t->files[fd];
		t->files[fd] = file;
		fd_table_set(t->open, (u32)fd);
		fd_table_clear(t->cloexec, (u32)fd);
		if (flags & O_CLOEXEC) {
			fd_table_set(t->cloexec, (u32)fd);
			t->has_cloexec = true;
		}
	}
	spin_unlock(&f->lock);
	if (old)
		close_file(f, old);
	return err ? err : fd;
}

int fd_close(int fd)
{
	struct files *f = current->files;
	struct file *file = NULL;
	int err = -EBADF;

	spin_lock(&f->lock);
	if (fd_table_get(f->table, (u32)fd)) {
		err = own_patiently_locked(f);
		if (!err && fd_table_get(f->table, (u32)fd))
			file = drop_number_locked(f, (u32)fd);
	}
	spin_unlock(&f->lock);
	if (file)
		close_file(f, file);
	return file ? 0 : err ? err : -EBADF;
}

/* F_GETFD and F_SETFD. */
int fd_get_cloexec(int fd)
{
	struct files *f = current->files;
	int result = -EBADF;

	spin_lock(&f->lock);
	if (fd_table_get(f->table, (u32)fd))
		result = fd_table_bit(f->table->cloexec, (u32)fd);
	spin_unlock(&f->lock);
	return result;
}

int fd_set_cloexec(int fd, bool on)
{
	struct files *f = current->files;
	int err = -EBADF;

	spin_lock(&f->lock);
	if (fd_table_get(f->table, (u32)fd)) {
		err = fd_table_bit(f->table->cloexec, (u32)fd) == on ? 0 : own_patiently_locked(f);
		if (!err && on) {
			fd_table_set(f->table->cloexec, (u32)fd);
			f->table->has_cloexec = true;
		} else if (!err) {
			fd_table_clear(f->table->cloexec, (u32)fd);
		}
	}
	spin_unlock(&f->lock);
	return err;
}
