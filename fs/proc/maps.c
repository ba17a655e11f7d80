/*
 * fs/proc/maps.c: /proc/PID/maps, smaps, smaps_rollup and statm: what mm/report.c says of the process's address space.
 * A process without one (a zombie, a kernel task) has empty files.
 */
#include "fs/proc/proc.h"
#include "mm/census.h"
#include "mm/report.h"
#include "mm/slab.h"

/* The address space behind r: a use, or NULL with *err: 0 none, -ESRCH gone. */
static struct mm *mm_of(const struct proc_ref *r, int *err)
{
	struct task *task = proc_task(r);
	struct mm *mm = task ? task_get_mm(task) : NULL;
	*err = task ? 0 : -ESRCH;
	task_put(task);
	return mm;
}

static int show_regions(struct text *t, const struct proc_ref *r, bool with_usage)
{
	int err;
	uptr next = 0;
	ssize_t n = -ENOMEM;
	struct mm *mm = mm_of(r, &err);
	if (!mm)
		return err;
	char *buf = kmalloc(MM_REPORT_BUFFER);
	while (buf && (n = mm_report_regions(mm, &next, buf, MM_REPORT_BUFFER, with_usage)) > 0)
		text_put(t, buf, (size_t)n);
	kfree(buf);
	mm_put(mm);
	return (int)n;
}

/* One piece of text about the whole address space. */
int proc_show_mm(struct text *t, const struct proc_ref *r, size_t (*report)(struct mm *mm, char *buf, size_t size))
{
	int err;
	struct mm *mm = mm_of(r, &err);
	if (!mm)
		return err;
	char *buf = kmalloc(MM_REPORT_BUFFER);
	if (buf)
		text_put(t, buf, report(mm, buf, MM_REPORT_BUFFER));
	kfree(buf);
	mm_put(mm);
	return buf ? 0 : -ENOMEM;
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
	err = proc_show_mm(t, r, mm_report_rollup);
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
