/*
 * fs/proc/task_files.c: small files of /proc/PID that tell of a task's timers, times and standing, and change some of it.
 * There is no audit of logins: loginuid and sessionid say that none was.
 * Locks: tasklist_lock and sighand->lock for the list of timers. Errors: ESRCH, EINVAL, EPERM, EACCES. Source: proc(5).
 */
#include "fs/proc/proc.h"
#include "base/string.h"
#include "namespace/user.h"
#include "time/posix_timers.h"
#include <asm/siginfo.h>
#include <linux/capability.h>

#define OOM_ADJ_OFF (-17)
#define OOM_ADJ_MAX 15
#define OOM_SCORE_ADJ_MAX 1000

/* A decimal number, perhaps negative, alone on its line. */
static int parse_int(const char *text, long *v)
{
	char *end;
	bool is_negative = *text == '-';
	u64 n = strtou64(text + is_negative, &end, 10);
	if (end == text + is_negative || (*end && *end != '\n') || n > 0x7fffffff)
		return -EINVAL;
	*v = is_negative ? -(long)n : (long)n;
	return 0;
}

/* -- the OOM killer: the new scale of a thousand and the old one -- */
/* Without CAP_SYS_RESOURCE it goes up, and down again to what one who has it has set last; by the old scale only up. */
static int oom_set(const struct proc_ref *r, int score, bool is_old_scale)
{
	struct task *task = proc_task(r);
	bool is_free = capable(CAP_SYS_RESOURCE);

	if (!task)
		return -ESRCH;
	struct signal *s = task->signal;
	int least = is_old_scale ? s->oom_score_adj : s->oom_score_adj_least;
	int err = score < least && !is_free ? -EACCES : 0;
	if (!err) {
		WRITE_ONCE(s->oom_score_adj, score);
		if (is_free && !is_old_scale)
			s->oom_score_adj_least = score;
	}
	task_put(task);
	return err;
}

int proc_show_oom_score_adj(struct text *t, const struct proc_ref *r)
{
	struct task *task = proc_task(r);
	if (!task)
		return -ESRCH;
	text_print(t, "%d\n", task->signal->oom_score_adj);
	task_put(task);
	return 0;
}

ssize_t proc_write_oom_score_adj(const struct proc_ref *r, char *text, size_t n)
{
	long v;
	if (parse_int(text, &v) || v < -OOM_SCORE_ADJ_MAX || v > OOM_SCORE_ADJ_MAX)
		return -EINVAL;
	int err = oom_set(r, (int)v, false);
	return err ? err : (ssize_t)n;
}

int proc_show_oom_adj(struct text *t, const struct proc_ref *r)
{
	struct task *task = proc_task(r);
	if (!task)
		return -ESRCH;
	int score = task->signal->oom_score_adj;
	int adj = score == OOM_SCORE_ADJ_MAX ? OOM_ADJ_MAX : score * -OOM_ADJ_OFF / OOM_SCORE_ADJ_MAX;
	text_print(t, "%d\n", MIN(adj, OOM_ADJ_MAX));
	task_put(task);
	return 0;
}

ssize_t proc_write_oom_adj(const struct proc_ref *r, char *text, size_t n)
{
	long v;
	if (parse_int(text, &v) || v < OOM_ADJ_OFF || v > OOM_ADJ_MAX)
		return -EINVAL;
	int err = oom_set(r, v == OOM_ADJ_MAX ? OOM_SCORE_ADJ_MAX : (int)v * OOM_SCORE_ADJ_MAX / -OOM_ADJ_OFF, true);
	return err ? err : (ssize_t)n;
}

/* -- timers -- */
static int may_see_slack(struct task *t)
{
	return t == current || task_is_under(t, CAP_SYS_NICE) ? 0 : -EPERM;
}

int proc_show_timerslack(struct text *t, const struct proc_ref *r)
{
	struct task *task = proc_task(r);
	int err = task ? may_see_slack(task) : -ESRCH;
	if (!err)
		text_print(t, "%lu\n", (unsigned long)task->timer_slack_ns);
	task_put(task);
	return err;
}

ssize_t proc_write_timerslack(const struct proc_ref *r, char *text, size_t n)
{
	char *end;
	u64 v = strtou64(text, &end, 10);
	if (end == text || (*end && *end != '\n'))
		return -EINVAL;
	struct task *task = proc_task(r);
	int err = task ? may_see_slack(task) : -ESRCH;
	if (!err)
		WRITE_ONCE(task->timer_slack_ns, task->sched.rt_priority ? 0 : v ? v : task->timer_slack_default_ns);
	task_put(task);
	return err ? err : (ssize_t)n;
}

int proc_show_timers(struct text *t, const struct proc_ref *r)
{
	static const char *const notify[] = { [SIGEV_SIGNAL] = "signal", [SIGEV_NONE] = "none", [SIGEV_THREAD] = "thread" };
	struct posix_timer_facts facts[16];
	struct task *task = proc_task(r);
	if (!task)
		return -ESRCH;
	for (int seen = 0, n; (n = posix_timers_look(task, seen, facts, ARRAY_SIZE(facts))) > 0; seen += n) {
		for (int i = 0; i < n; i++) {
			const struct posix_timer_facts *f = &facts[i];
			text_print(t, "ID: %d\nsignal: %d/%016lx\nnotify: %s/%s.%d\nClockID: %d\n", f->id, f->signal, f->value,
				   notify[f->notify], f->to_thread ? "tid" : "pid", f->target, f->clock);
		}
	}
	task_put(task);
	return 0;
}

/* -- times -- */
/* Time on a CPU, time spent waiting for one (not counted), how often it got one. */
int proc_show_schedstat(struct text *t, const struct proc_ref *r)
{
	struct task *task = proc_task(r);
	if (!task)
		return -ESRCH;
	text_print(t, "%lu 0 %lu\n", (unsigned long)sched_cpu_time_ns(task),
		   (unsigned long)(task->sched.switches_voluntary + task->sched.switches_involuntary));
	task_put(task);
	return 0;
}

int proc_show_no_login(struct text *t, const struct proc_ref *r)
{
	text_print(t, "%u", NO_ID);
	return 0;
}
