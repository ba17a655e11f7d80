/*
 * fs/proc/process.c: what /proc/PID and /proc/PID/task/TID hold: the table, and the small files of it.
 * Locks: each function takes what it needs; a task that is gone gives ESRCH. Source: proc(5).
 */
#include "fs/proc/proc.h"
#include "arch/arch.h"
#include "exec/core.h"
#include "base/printk.h"
#include "base/string.h"
#include "cgroup/cgroup.h"
#include "namespace/cgroup_ns.h"
#include "mm/oom.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include <linux/capability.h>

/* Opens with `task` and ends with its put: the frame of most functions here. */
#define WITH_TASK(task, r) struct task *task = proc_task(r); if (!task) return -ESRCH

static int show_comm(struct text *t, const struct proc_ref *r)
{
	WITH_TASK(task, r);
	text_print(t, "%s\n", task->comm);
	task_put(task);
	return 0;
}

static ssize_t write_comm(const struct proc_ref *r, char *text, size_t n)
{
	WITH_TASK(task, r);
	bool is_own = task->signal == current->signal;
	if (is_own)	/* whole, with the newline that echo puts behind it */
		task_set_comm(task, text);
	task_put(task);
	return is_own ? (ssize_t)n : -EINVAL;
}

/* The bytes [start, end) of a process's memory; what cannot be read ends it. */
void proc_show_memory(struct text *t, struct mm *mm, uptr start, uptr end)
{
	char chunk[512];
	while (start < end) {
		ssize_t n = mm_access(mm, start, chunk, MIN(sizeof(chunk), (size_t)(end - start)), 0);
		if (n <= 0)
			break;
		text_put(t, chunk, (size_t)n);
		start += (uptr)n;
	}
}

static int show_cmdline(struct text *t, const struct proc_ref *r)
{
	WITH_TASK(task, r);
	struct mm *mm = task_get_mm(task);
	task_put(task);
	if (!mm)
		return 0;
	proc_show_memory(t, mm, mm->args_start, mm->args_end);
	/* a program that wrote over its arguments to change its name may run on into the environment */
	if (t->used && t->buf[t->used - 1]) {
		proc_show_memory(t, mm, mm->args_end, mm->env_end);
		char *end = memchr(t->buf, 0, t->used);
		if (end)
			t->used = (size_t)(end - t->buf);
	}
	mm_put(mm);
	return 0;
}

static int show_limits(struct text *t, const struct proc_ref *r)
{
	static const struct { const char *name, *unit; } rows[RLIMITS] = {
		{ "Max cpu time", "seconds" }, { "Max file size", "bytes" }, { "Max data size", "bytes" },
		{ "Max stack size", "bytes" }, { "Max core file size", "bytes" }, { "Max resident set", "bytes" },
		{ "Max processes", "processes" }, { "Max open files", "files" }, { "Max locked memory", "bytes" },
		{ "Max address space", "bytes" }, { "Max file locks", "locks" }, { "Max pending signals", "signals" },
		{ "Max msgqueue size", "bytes" }, { "Max nice priority", "" }, { "Max realtime priority", "" },
		{ "Max realtime timeout", "us" },
	};
	WITH_TASK(task, r);
	text_print(t, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (int i = 0; i < RLIMITS; i++) {
		struct rlimit_pair l = task->signal->limits[i];
		text_print(t, "%-25s ", rows[i].name);
		for (int k = 0; k < 2; k++) {
			u64 v = k ? l.max_limit : l.current_limit;
			if (v == ~0UL)
				text_print(t, "%-20s ", "unlimited");
			else
				text_print(t, "%-20lu ", (unsigned long)v);
		}
		text_print(t, rows[i].unit[0] ? "%-10s\n" : "%s\n", rows[i].unit);
	}
	task_put(task);
	return 0;
}

static void io_add(struct io_counters *sum, const struct io_counters *c)
{
	sum->rchar += c->rchar;
	sum->wchar += c->wchar;
	sum->syscr += c->syscr;
	sum->syscw += c->syscw;
	sum->read_bytes += c->read_bytes;
	sum->write_bytes += c->write_bytes;
	sum->cancelled_write_bytes += c->cancelled_write_bytes;
}

static int show_io(struct text *t, const struct proc_ref *r)
{
	WITH_TASK(task, r);
	struct io_counters sum = {};
	struct task *thread;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	if (r->is_thread) {
		io_add(&sum, &task->io_counters);
	} else {
		io_add(&sum, &task->signal->dead_io);
		list_for_each(thread, &task->signal->thread_list, thread_node)
			io_add(&sum, &thread->io_counters);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	text_print(t, "rchar: %lu\nwchar: %lu\nsyscr: %lu\nsyscw: %lu\nread_bytes: %lu\nwrite_bytes: %lu\n"
		   "cancelled_write_bytes: %lu\n", (unsigned long)sum.rchar, (unsigned long)sum.wchar,
		   (unsigned long)sum.syscr, (unsigned long)sum.syscw, (unsigned long)sum.read_bytes,
		   (unsigned long)sum.write_bytes, (unsigned long)sum.cancelled_write_bytes);
	task_put(task);
	return 0;
}

static int show_oom_score(struct text *t, const struct proc_ref *r)
{
	WITH_TASK(task, r);
	struct mm *mm = task_get_mm(task);
	struct memory_stats m;
	memory_stats(&m);
	long points = 0;	/* of who is never chosen */
	if (mm && oom_may_kill(task)) {
		points = (long)(mm_rss_pages(mm) * 1000 / MAX(m.total_pages, 1UL));
		points = (1000 + points + task->signal->oom_score_adj) * 2 / 3;
	}
	if (mm)
		mm_put(mm);
	text_print(t, "%ld\n", MAX(points, 0L));
	task_put(task);
	return 0;
}

static int show_personality(struct text *t, const struct proc_ref *r)
{
	WITH_TASK(task, r);
	text_print(t, "%08x\n", (unsigned)task->personality);
	task_put(task);
	return 0;
}

static int show_wchan(struct text *t, const struct proc_ref *r)
{
	text_print(t, "0");	/* where it sleeps is not told, as on a Linux that hides it */
	return 0;
}

static int show_core_filter(struct text *t, const struct proc_ref *r)
{
	WITH_TASK(task, r);
	struct mm *mm = task_get_mm(task);
	task_put(task);
	if (!mm)
		return 0;
	text_print(t, "%08x\n", READ_ONCE(mm->core_filter));
	mm_put(mm);
	return 0;
}

static ssize_t write_core_filter(const struct proc_ref *r, char *text, size_t n)
{
	char *end;
	u64 v = strtou64(text, &end, 0);
	if (end == text || (*end && *end != '\n') || v > 0xffffffff)
		return -EINVAL;
	WITH_TASK(task, r);
	struct mm *mm = task_get_mm(task);
	task_put(task);
	if (!mm)
		return (ssize_t)n;
	WRITE_ONCE(mm->core_filter, (u32)v & CORE_FILTER_ALL);
	mm_put(mm);
	return (ssize_t)n;
}

/* What it waits in: the call, its arguments, stack and instruction pointer. */
static int show_syscall(struct text *t, const struct proc_ref *r)
{
	WITH_TASK(task, r);
	const struct regs *regs = task_regs(task);
	if (task->exit_state != EXIT_NONE || (task->flags & PF_KTHREAD)) {
		text_print(t, "-1 0x0 0x0\n");
	} else if (task != current && (READ_ONCE(task->state) == TASK_RUNNING || READ_ONCE(task->sched.is_on_cpu))) {
		text_print(t, "running\n");
	} else {
		text_print(t, "%d", (int)regs_syscall(regs));
		for (int i = 0; i < 6 && regs_syscall(regs) != -1; i++)
			text_print(t, " 0x%lx", (unsigned long)regs_arg(regs, i));
		text_print(t, " 0x%lx 0x%lx\n", (unsigned long)regs_sp(regs), (unsigned long)regs_ip(regs));
	}
	task_put(task);
	return 0;
}

static int show_children(struct text *t, const struct proc_ref *r)
{
	WITH_TASK(task, r);
	struct task *child;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	list_for_each(child, &task->children, sibling)
		text_print(t, "%d ", proc_tid(r, child));
	spin_unlock_irqrestore(&tasklist_lock, flags);
	task_put(task);
	return 0;
}

static int show_cgroup(struct text *t, const struct proc_ref *r)
{
	WITH_TASK(task, r);
	char *path = path_text_alloc();
	if (path) {
		struct cgroup *c = task_get_cgroup(task);
		text_print(t, "0::");
		text_put(t, path, cgroup_path(c, current_cgroup_ns()->root, path, PATH_BYTES));
		text_print(t, c->is_dead ? " (deleted)\n" : "\n");
		cgroup_put(c);
		path_text_free(path);
	}
	task_put(task);
	return path ? 0 : -ENOMEM;
}

static int link_exe(const struct proc_ref *r, struct path *out, char *text, size_t size)
{
	struct task *task = proc_task(r);
	struct mm *mm = task ? task_get_mm(task) : NULL;
	int err = mm && mm->exe_file ? 0 : -ENOENT;
	if (!err) {
		*out = mm->exe_file->path;
		path_get(out);
	}
	if (mm)
		mm_put(mm);
	task_put(task);
	return err;
}

static int link_fs(const struct proc_ref *r, struct path *out, void (*get)(struct fs_room *, struct path *))
{
	struct task *task = proc_task(r);
	struct fs_room *fs = task ? task_get_fs(task) : NULL;
	if (fs)
		get(fs, out);
	int err = fs ? 0 : -ENOENT;
	fs_room_put(fs);
	task_put(task);
	return err;
}

static int link_cwd(const struct proc_ref *r, struct path *out, char *text, size_t size)
{
	return link_fs(r, out, fs_room_get_cwd);
}

static int link_root(const struct proc_ref *r, struct path *out, char *text, size_t size)
{
	return link_fs(r, out, fs_room_get_root);
}

const struct proc_row proc_process_rows[] = {
	{ "auxv", S_IFREG | 0400, proc_show_auxv, .fops = &proc_mm_text_fops },
	{ "cgroup", S_IFREG | 0444, show_cgroup },
	{ "children", S_IFREG | 0444, show_children },
	{ "clear_refs", S_IFREG | 0200, .write = proc_write_clear_refs },
	{ "cmdline", S_IFREG | 0444, show_cmdline },
	{ "comm", S_IFREG | 0644, show_comm, write_comm },
	{ "coredump_filter", S_IFREG | 0644, show_core_filter, write_core_filter },
	{ "cwd", S_IFLNK | 0777, .link = link_cwd, .is_private = true },
	{ "environ", S_IFREG | 0400, proc_show_environ, .fops = &proc_mm_text_fops },
	{ "exe", S_IFLNK | 0777, .link = link_exe, .is_private = true },
	{ "fail-nth", S_IFREG | 0644, .fops = &proc_fail_nth_fops },
	{ "gid_map", S_IFREG | 0644, .fops = &proc_id_map_fops },
	{ "io", S_IFREG | 0400, show_io, .is_private = true },
	{ "limits", S_IFREG | 0444, show_limits },
	{ "loginuid", S_IFREG | 0644, proc_show_no_login },
	{ "maps", S_IFREG | 0444, proc_show_maps, .fops = &proc_mm_text_fops },
	{ "mem", S_IFREG | 0600, .fops = &proc_mem_fops, .is_private = true },
	{ "mountinfo", S_IFREG | 0444, proc_show_mountinfo, .fops = &proc_mounts_fops },
	{ "mounts", S_IFREG | 0444, proc_show_mounts, .fops = &proc_mounts_fops },
	{ "mountstats", S_IFREG | 0400, proc_show_mountstats, .fops = &proc_mounts_fops },
	{ "oom_adj", S_IFREG | 0644, proc_show_oom_adj, proc_write_oom_adj },
	{ "oom_score", S_IFREG | 0444, show_oom_score },
	{ "oom_score_adj", S_IFREG | 0644, proc_show_oom_score_adj, proc_write_oom_score_adj },
	{ "pagemap", S_IFREG | 0400, .fops = &proc_pagemap_fops },
	{ "personality", S_IFREG | 0400, show_personality, .is_private = true },
	{ "projid_map", S_IFREG | 0644, .fops = &proc_id_map_fops },
	{ "root", S_IFLNK | 0777, .link = link_root, .is_private = true },
	{ "schedstat", S_IFREG | 0444, proc_show_schedstat },
	{ "sessionid", S_IFREG | 0444, proc_show_no_login },
	{ "setgroups", S_IFREG | 0644, .fops = &proc_setgroups_fops },
	{ "smaps", S_IFREG | 0444, proc_show_smaps, .fops = &proc_mm_text_fops },
	{ "smaps_rollup", S_IFREG | 0444, proc_show_smaps_rollup, .fops = &proc_mm_text_fops },
	{ "stat", S_IFREG | 0444, proc_show_stat },
	{ "statm", S_IFREG | 0444, proc_show_statm },
	{ "status", S_IFREG | 0444, proc_show_status },
	{ "syscall", S_IFREG | 0400, show_syscall, .is_private = true },
	{ "timens_offsets", S_IFREG | 0644, .fops = &proc_timens_fops },
	{ "timers", S_IFREG | 0444, proc_show_timers },
	{ "timerslack_ns", S_IFREG | 0666, proc_show_timerslack, proc_write_timerslack },
	{ "uid_map", S_IFREG | 0644, .fops = &proc_id_map_fops },
	{ "wchan", S_IFREG | 0444, show_wchan },
	{},
};
