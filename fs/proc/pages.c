/*
 * fs/proc/pages.c: a process's memory page by page: /proc/PID/pagemap, clear_refs and map_files.
 * Of pagemap's bits there are present (63), file or shared (61), mapped once (56), and the frame's number for those with
 * CAP_SYS_ADMIN; nothing is swapped out, and writes since a moment are not tracked (soft-dirty, clear_refs 4).
 * Locks: mm->lock, taken in mm/report.c. Errors: EINVAL, EACCES, ENOMEM, EFAULT, ENOENT.
 * Source: proc(5), Linux's Documentation/admin-guide/mm/pagemap.
 */
#include "fs/proc/proc.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/mm.h"
#include "mm/report.h"
#include "mm/user_access.h"
#include "namespace/user.h"
#include <linux/capability.h>

#define ENTRIES 64	/* of pagemap, a step */

static struct mm *mm_of(const struct proc_ref *r)
{
	struct task *task = proc_task(r);
	struct mm *mm = task ? task_get_mm(task) : NULL;

	task_put(task);
	return mm;
}

/* -- pagemap -- */
static ssize_t pagemap_copy(struct mm *mm, const struct file *f, uptr buf, size_t n, loff *pos)
{
	const u64 end = USER_END >> PAGE_SHIFT;
	bool with_frames = cred_ns_capable(f->cred, &first_user_ns, CAP_SYS_ADMIN);
	size_t done = 0;

	while (done < n && (u64)*pos / 8 < end) {
		u64 entries[ENTRIES], page = (u64)*pos / 8;
		size_t k = MIN(MIN((n - done) / 8, (size_t)ENTRIES), (size_t)(end - page));
		mm_report_pagemap(mm, page << PAGE_SHIFT, entries, k, with_frames);
		if (copy_to_user(buf + done, entries, k * 8))
			return -EFAULT;
		done += k * 8;
		*pos += (loff)(k * 8);
	}
	return (ssize_t)done;
}

static ssize_t pagemap_read(struct file *f, uptr buf, size_t n, loff *pos)
{
	struct mm *mm = f->private;

	if (!mm || !refcount_inc_not_zero(&mm->users))
		return 0;
	ssize_t got = *pos < 0 || *pos % 8 || n % 8 ? -EINVAL : pagemap_copy(mm, f, buf, n, pos);
	mm_put(mm);
	return got;
}

const struct file_ops proc_pagemap_fops = {
	.open = proc_mm_open, .read = pagemap_read, .seek = proc_mm_seek, .release = proc_mm_release,
};

/* -- clear_refs -- */
ssize_t proc_write_clear_refs(const struct proc_ref *r, char *text, size_t n)
{
	enum { ALL = 1, ANON, FILES, SOFT_DIRTY, PEAK };
	char *end;
	u64 what = strtou64(text, &end, 10);

	if (end == text || (*end && *end != '\n') || what < ALL || what > PEAK)
		return -EINVAL;
	struct mm *mm = mm_of(r);
	if (!mm)
		return (ssize_t)n;
	int err = 0;
	if (what == PEAK)
		mm_forget_peak(mm);
	else if (what != SOFT_DIRTY)
		err = mm_forget_accessed(mm, what != FILES, what != ANON);
	mm_put(mm);
	return err ? err : (ssize_t)n;
}

/* -- map_files -- */
bool proc_map_name_parse(const char *name, struct proc_ref *r)
{
	char *end, text[36];

	/* As it is written out, and no other way. */
	r->start = (uptr)strtou64(name, &end, 16);
	if (*end != '-')
		return false;
	r->end = (uptr)strtou64(end + 1, &end, 16);
	snprintf(text, sizeof(text), "%lx-%lx", r->start, r->end);
	return !strcmp(text, name);
}

int proc_map_path(const struct proc_ref *r, struct path *out)
{
	struct mm *mm = mm_of(r);
	uptr start = 0, end = 0;
	struct file *f = mm ? mm_report_next_file(mm, r->start, &start, &end) : NULL;
	int err = f && start == r->start && end == r->end && f->path.dentry ? 0 : -ENOENT;

	if (!err) {
		*out = f->path;
		path_get(out);
	}
	if (f)
		file_put(f);
	if (mm)
		mm_put(mm);
	return err;
}

/* The position is the page that the listing has come to, after the two dots. */
void proc_list_maps(struct dir_context *c, struct task *t)
{
	struct mm *mm = task_get_mm(t);
	uptr start, end;
	struct file *f;
	char name[36];

	while (mm && (f = mm_report_next_file(mm, (uptr)(c->pos - 2) << PAGE_SHIFT, &start, &end))) {
		int n = snprintf(name, sizeof(name), "%lx-%lx", start, end);
		file_put(f);
		c->pos = (loff)(start >> PAGE_SHIFT) + 2;
		if (!c->emit(c, name, (size_t)n, 1, 10))
			break;
		c->pos = (loff)(end >> PAGE_SHIFT) + 2;
	}
	if (mm)
		mm_put(mm);
}
