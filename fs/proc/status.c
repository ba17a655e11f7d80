/*
 * fs/proc/status.c: /proc/PID/stat and status: one process or thread in numbers.
 * Units as proc(5): pages, kB, clock ticks of 10 ms. Locks: tasklist_lock for the tree, sighand->lock for signals.
 */
#include "fs/proc/proc.h"
#include "fs/tty/tty.h"
#include "arch/arch.h"
#include "base/string.h"
#include "mm/report.h"
#include "namespace/user.h"
#include "namespace/time_ns.h"
#include <linux/resource.h>
#include <linux/time.h>

#define TICKS(ns) ((unsigned long)((ns) / (NSEC_PER_SEC / 100)))

/* What both files tell of the tree and of signals, taken at one moment. */
struct snapshot {
	int ppid, tracer, tgid, pgrp, session, threads, exit_signal, exit_code;
	u64 pending, shared_pending, blocked, ignored, caught;
	u64 child_minor, child_major, group_minor, group_major;
	u64 child_user_ns, child_system_ns;
	u32 queued;
};

static void snapshot_signals(struct snapshot *s, struct task *t)
{
	struct signal_sets sets;
	if (!signal_describe(t, &sets))
		return;
	s->pending = sets.pending;
	s->shared_pending = sets.shared_pending;
	s->blocked = sets.blocked;
	s->ignored = sets.ignored;
	s->caught = sets.caught;
	s->queued = (u32)sets.queued;
}

/* What a wait would report: of a stopped process the signal, until somebody has waited. */
static int process_exit_code(const struct task *t)
{
	const struct signal *s = t->signal;

	if (s->is_group_exiting)
		return s->group_exit_code;
	if (s->is_stopped)
		return s->is_stop_unreported ? s->stop_signal : 0;
	return t->exit_code;
}

static void snapshot_take(struct snapshot *s, const struct proc_ref *r, struct task *t)
{
	struct task *thread;
	memset(s, 0, sizeof(*s));
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	s->tgid = proc_tgid(r, t);
	s->ppid = t->real_parent ? proc_tgid(r, t->real_parent) : 0;
	s->tracer = t->ptrace ? proc_tid(r, t->parent) : 0;
	s->pgrp = proc_number(r, t->signal->pids[PID_PGID]);
	s->session = proc_number(r, t->signal->pids[PID_SID]);
	s->threads = t->signal->threads;
	s->exit_signal = t->exit_signal;
	s->exit_code = r->is_thread ? t->exit_code : process_exit_code(t);
	s->child_minor = t->signal->children.minor_faults;
	s->child_major = t->signal->children.major_faults;
	s->child_user_ns = t->signal->children.user_ns;
	s->child_system_ns = t->signal->children.system_ns;
	s->group_minor = t->signal->dead_threads.minor_faults;
	s->group_major = t->signal->dead_threads.major_faults;
	list_for_each(thread, &t->signal->thread_list, thread_node) {
		s->group_minor += thread->minor_faults;
		s->group_major += thread->major_faults;
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	snapshot_signals(s, t);
}

/* The name in parentheses, a newline or backslash in it escaped. */
static int priority_shown(const struct task *t)
{
	return t->sched.rt_priority ? -1 - t->sched.rt_priority : 20 + t->sched.nice;
}

static void times_of(const struct proc_ref *r, struct task *t, u64 *user, u64 *system)
{
	if (r->is_thread)
		task_cpu_times(t, user, system);
	else
		process_cpu_times(t, user, system);
}

int proc_show_stat(struct text *out, const struct proc_ref *r)
{
	struct task *t = proc_task(r);
	struct snapshot s;
	u64 user, system;
	struct pid *foreground = NULL;
	if (!t)
		return -ESRCH;
	snapshot_take(&s, r, t);
	times_of(r, t, &user, &system);
	u32 tty = tty_describe(t, &foreground);
	struct mm *mm = task_get_mm(t);
	bool may_look = proc_may_look(t) == 0;
	text_print(out, "%d (%s) %c %d %d %d %d %d %u ", proc_tid(r, t), t->comm, task_state_letter(t), s.ppid, s.pgrp,
		   s.session, (int)tty, foreground ? proc_number(r, foreground) : -1, (unsigned)t->flags);
	text_print(out, "%lu %lu %lu %lu ", (unsigned long)(r->is_thread ? t->minor_faults : s.group_minor),
		   (unsigned long)s.child_minor, (unsigned long)(r->is_thread ? t->major_faults : s.group_major),
		   (unsigned long)s.child_major);
	text_print(out, "%lu %lu %ld %ld %d %d %d 0 %lu ", TICKS(user), TICKS(system), (long)TICKS(s.child_user_ns),
		   (long)TICKS(s.child_system_ns), priority_shown(t), t->sched.nice, s.threads,
		   TICKS(clock_shown_ns(CLOCK_BOOTTIME, t->start_ns)));
	text_print(out, "%lu %lu %lu ", mm ? (unsigned long)mm->total_pages * PAGE_SIZE : 0,
		   mm ? (unsigned long)mm_rss_pages(mm) : 0, (unsigned long)t->signal->limits[RLIMIT_RSS].current_limit);
	if (mm && may_look)
		text_print(out, "%lu %lu %lu ", mm->code_start, mm->code_end, mm->stack_start);
	else
		text_print(out, "%d %d 0 ", mm ? 1 : 0, mm ? 1 : 0);
	text_print(out, "0 0 %lu %lu %lu %lu 0 0 0 %d %u %d %d 0 0 0 ", (unsigned long)(s.pending & 0x7fffffff),
		   (unsigned long)(s.blocked & 0x7fffffff), (unsigned long)(s.ignored & 0x7fffffff),
		   (unsigned long)(s.caught & 0x7fffffff), s.exit_signal, t->sched.cpu, t->sched.rt_priority, t->sched.policy);
	if (mm && may_look)
		text_print(out, "%lu %lu %lu %lu %lu %lu %lu %d\n", mm->data_start, mm->data_end, mm->brk_start, mm->args_start,
			   mm->args_end, mm->env_start, mm->env_end, s.exit_code);
	else
		text_print(out, "0 0 0 0 0 0 0 %d\n", may_look ? s.exit_code : 0);
	if (mm)
		mm_put(mm);
	pid_put(foreground);
	task_put(t);
	return 0;
}

static const char *state_words(char letter)
{
	switch (letter) {
	case 'R': return "R (running)";
	case 'S': return "S (sleeping)";
	case 'D': return "D (disk sleep)";
	case 'T': return "T (stopped)";
	case 't': return "t (tracing stop)";
	case 'Z': return "Z (zombie)";
	default: return "X (dead)";
	}
}

/* A name's numbers in the mount's namespace and those below it, down to the task's own. */
static void show_numbers(struct text *out, const char *key, const struct proc_ref *r, const struct task *t, enum pid_type type)
{
	int numbers[PID_LEVELS_MAX + 1], n = 0;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	const struct pid *own = t->pid, *p = type == PID_TASK ? own : t->signal->pids[type];
	for (int i = r->super->ns->level; i <= own->level; i++)
		numbers[n++] = pid_number_in(p, own->numbers[i].ns);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	text_print(out, "\n%s:", key);
	for (int i = 0; i < n; i++)
		text_print(out, "\t%d", numbers[i]);
}

static void show_names(struct text *out, const struct proc_ref *r, struct task *t, const struct snapshot *s, const struct cred *c)
{
	text_print(out, "Name:\t");
	text_put_escaped(out, t->comm, "\n\\");
	struct fs_room *fs = task_get_fs(t);
	text_print(out, "\n");
	if (fs)
		text_print(out, "Umask:\t%04o\n", fs->umask);
	fs_room_put(fs);
	text_print(out, "State:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t%d\n",
		   state_words(task_state_letter(t)), s->tgid, proc_tid(r, t), s->ppid, s->tracer);
	text_print(out, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", uid_shown(c->uid), uid_shown(c->euid),
		   uid_shown(c->suid), uid_shown(c->fsuid), gid_shown(c->gid), gid_shown(c->egid), gid_shown(c->sgid),
		   gid_shown(c->fsgid));
	struct files *files = files_hold(t);
	text_print(out, "FDSize:\t%u\nGroups:\t", files ? files_capacity(files) : 0);
	files_release(files);
	for (u32 i = 0; c->groups && i < c->groups->n; i++)
		text_print(out, "%u ", gid_shown(c->groups->gids[i]));
	text_print(out, "%s", c->groups && c->groups->n ? "" : " ");
	show_numbers(out, "NStgid", r, t, PID_TGID);
	show_numbers(out, "NSpid", r, t, PID_TASK);
	show_numbers(out, "NSpgid", r, t, PID_PGID);
	show_numbers(out, "NSsid", r, t, PID_SID);
	text_print(out, "\n");
}

/* The bits of a mask as "0-2,5". */
static void show_list(struct text *out, u64 mask)
{
	const char *before = "";

	for (unsigned first = 0, end; first < 64 && mask >> first; first = end + 1) {
		for (end = first; end < 64 && (mask & BIT(end)); end++)
			;
		if (end == first)
			continue;
		text_print(out, end - first > 1 ? "%s%u-%u" : "%s%u", before, first, end - 1);
		before = ",";
	}
}

int proc_show_status(struct text *out, const struct proc_ref *r)
{
	struct task *t = proc_task(r);
	struct snapshot s;
	if (!t)
		return -ESRCH;
	snapshot_take(&s, r, t);
	const struct cred *c = task_get_cred(t);
	show_names(out, r, t, &s, c);
	size_t before = out->used;
	int err = proc_show_mm(out, r, mm_report_status);
	out->out_of_memory |= err == -ENOMEM;
	if (!err && out->used != before)
		text_print(out, "CoreDumping:\t%d\nTHP_enabled:\t0\n", !!READ_ONCE(t->signal->core));
	text_print(out, "Threads:\t%d\nSigQ:\t%u/%lu\n", s.threads, s.queued,
		   (unsigned long)t->signal->limits[RLIMIT_SIGPENDING].current_limit);
	text_print(out, "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n",
		   (unsigned long)s.pending, (unsigned long)s.shared_pending, (unsigned long)s.blocked,
		   (unsigned long)s.ignored, (unsigned long)s.caught);
	text_print(out, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\nCapBnd:\t%016lx\nCapAmb:\t%016lx\n",
		   (unsigned long)c->cap_inheritable, (unsigned long)c->cap_permitted, (unsigned long)c->cap_effective,
		   (unsigned long)c->cap_bounding, (unsigned long)c->cap_ambient);
	u64 cpus = BIT(cpus_online) - 1;
	text_print(out, "NoNewPrivs:\t%d\nSeccomp:\t%u\nSeccomp_filters:\t%u\n", t->no_new_privs,
		   READ_ONCE(t->seccomp.mode), READ_ONCE(t->seccomp.filter_count));
	text_print(out, "Cpus_allowed:\t%x\nCpus_allowed_list:\t", (unsigned)(t->sched.affinity & cpus));
	show_list(out, t->sched.affinity & cpus);
	text_print(out, "\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
	text_print(out, "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n",
		   (unsigned long)t->sched.switches_voluntary, (unsigned long)t->sched.switches_involuntary);
	cred_put(c);
	task_put(t);
	return 0;
}
