/*
 * fs/proc/maps.c: text about a process's address space: maps, smaps, smaps_rollup and statm of /proc/PID (what mm/report.c
 * says), environ and auxv. A process without one (a zombie, a kernel task) has empty files.
 * All but statm are only for those who may look into the process, and stay with the address space that it had when they
 * were opened: of a program that it has become since they tell nothing.
 */
#include "fs/proc/proc.h"
#include "mm/census.h"
#include "mm/report.h"
#include "mm/slab.h"
#include <linux/auxvec.h>

/* The address space behind r: a use, or NULL with *err: 0 none, -ESRCH gone. */
static struct mm *mm_of(const struct proc_ref *r, int *err)
{
	struct task *task = proc_task(r);
	struct mm *mm = task ? task_get_mm(task) : NULL;
	*err = task ? 0 : -ESRCH;
	task_put(task);
	return mm;
}

/* -- files that stay with an address space: text->view is a hold on it, or NULL -- */
static int mm_text_open(struct inode *i, struct file *f)
{
	struct text *t = kzalloc(sizeof(*t));
	struct mm *mm = NULL;
	int err = !t ? -ENOMEM : f->mode & FMODE_WRITE ? -EACCES : proc_mm_hold(i->private, false, &mm);

	if (err) {
		kfree(t);
		return err;
	}
	t->view = mm;
	f->private = t;
	return 0;
}

static void mm_text_release(struct file *f)
{
	struct mm *mm = ((struct text *)f->private)->view;

	if (mm)
		mm_release(mm);
	proc_text_release(f);
}

const struct file_ops proc_mm_text_fops = { PROC_TEXT_FOPS(mm_text_open, mm_text_release) };

/* What the open file stays with: a use, or NULL: it has ended. */
static struct mm *mm_of_view(const struct text *t)
{
	struct mm *mm = t->view;

	return mm && refcount_inc_not_zero(&mm->users) ? mm : NULL;
}

static bool is_gone(const struct proc_ref *r)
{
	struct task *task = proc_task(r);

	task_put(task);
	return !task;
}

static int show_regions(struct text *t, const struct proc_ref *r, bool with_usage)
{
	uptr next = 0;
	ssize_t n = -ENOMEM;

	if (is_gone(r))
		return -ESRCH;
	struct mm *mm = mm_of_view(t);
	if (!mm)
		return 0;
	char *buf = kmalloc(MM_REPORT_BUFFER);
	while (buf && (n = mm_report_regions(mm, &next, buf, MM_REPORT_BUFFER, with_usage)) > 0)
		text_put(t, buf, (size_t)n);
	kfree(buf);
	mm_put(mm);
	return (int)n;
}

static int show_of(struct text *t, struct mm *mm, size_t (*report)(struct mm *mm, char *buf, size_t size))
{
	char *buf = kmalloc(MM_REPORT_BUFFER);

	if (buf)
		text_put(t, buf, report(mm, buf, MM_REPORT_BUFFER));
	kfree(buf);
	mm_put(mm);
	return buf ? 0 : -ENOMEM;
}

/* One piece of text about the whole address space. */
int proc_show_mm(struct text *t, const struct proc_ref *r, size_t (*report)(struct mm *mm, char *buf, size_t size))
{
	int err;
	struct mm *mm = mm_of(r, &err);

	return mm ? show_of(t, mm, report) : err;
}

int proc_show_maps(struct text *t, const struct proc_ref *r) { return show_regions(t, r, false); }

int proc_show_smaps(struct text *t, const struct proc_ref *r)
{
	int err = census_begin();
	if (err)
		return err;
	err = show_regions(t, r, true);
	census_end();
	return err;
}

int proc_show_smaps_rollup(struct text *t, const struct proc_ref *r)
{
	int err = census_begin();
	if (err)
		return err;
	struct mm *mm = is_gone(r) ? NULL : mm_of_view(t);
	err = mm ? show_of(t, mm, mm_report_rollup) : -ESRCH;
	census_end();
	return err;
}

int proc_show_statm(struct text *t, const struct proc_ref *r)
{
	int err = proc_show_mm(t, r, mm_report_statm);
	if (!err && !t->used)
		text_print(t, "0 0 0 0 0 0 0\n");
	return err;
}

int proc_show_environ(struct text *t, const struct proc_ref *r)
{
	struct mm *mm = mm_of_view(t);

	if (mm) {
		proc_show_memory(t, mm, mm->env_start, mm->env_end);
		mm_put(mm);
	}
	return 0;
}

/* It is in the struct, which outlives the memory. */
int proc_show_auxv(struct text *t, const struct proc_ref *r)
{
	const struct mm *mm = t->view;
	size_t n = 0;

	while (mm && n + 2 < ARRAY_SIZE(mm->auxv) && mm->auxv[n] != AT_NULL)
		n += 2;
	if (mm)
		text_put(t, mm->auxv, (n + 2) * sizeof(u64));
	return 0;
}
