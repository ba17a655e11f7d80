/*
 * task/wait.c: wait4 and waitid: a parent takes the news of its children: ended, stopped, continued.
 * Way in: the system calls. Every thread of the parent's group may wait for the children of any (unless __WNOTHREAD).
 * The child's news wakes signal->child_wait (signal/notify.c).
 * Locks: tasklist_lock, sighand->lock. Errors: ECHILD, EINVAL, EFAULT, EINTR (restarted), ESRCH for INT_MIN.
 * Source: wait(2), wait4(2), getrusage(2).
 */
#include "task/internal.h"
#include "ptrace/ptrace.h"
#include "namespace/user.h"
#include "pid/pidfd.h"
#include "signal/internal.h"
#include "syscall/define.h"
#include <asm/fcntl.h>
#include "mm/mm.h"
#include "mm/user_access.h"
#include "arch/arch.h"
#include "base/string.h"
#include "debug/events.h"
#include <linux/wait.h>
#include <linux/resource.h>

#define W_CLONE_FLAGS (__WNOTHREAD | __WCLONE | __WALL)

struct wait_request {
	enum pid_type type;	/* PID_TYPES: any child */
	struct pid *pid;	/* reference */
	unsigned options;
	/* the news */
	int number, code, status;	/* code: CLD_*; 0: none taken */
	int wait_status;
	u32 uid;
	struct rusage_sum usage;
};

void rusage_add_task(struct rusage_sum *sum, struct task *t)
{
	u64 user, system;
	task_cpu_times(t, &user, &system);
	sum->user_ns += user;
	sum->system_ns += system;
	sum->minor_faults += t->minor_faults;
	sum->major_faults += t->major_faults;
	sum->voluntary += t->sched.switches_voluntary;
	sum->involuntary += t->sched.switches_involuntary;
}

static void rusage_add(struct rusage_sum *to, const struct rusage_sum *from)
{
	to->user_ns += from->user_ns;
	to->system_ns += from->system_ns;
	to->minor_faults += from->minor_faults;
	to->major_faults += from->major_faults;
	to->voluntary += from->voluntary;
	to->involuntary += from->involuntary;
	to->max_rss_pages = MAX(to->max_rss_pages, from->max_rss_pages);
}

/* The whole dead group: its leader, its dead threads, what it waited for. tasklist_lock and sighand->lock. */
static struct rusage_sum rusage_of_zombie(struct task *t)
{
	struct rusage_sum sum = { 0 };
	rusage_add_task(&sum, t);
	rusage_add(&sum, &t->signal->dead_threads);
	rusage_add(&sum, &t->signal->children);
	return sum;
}

void rusage_to_user_format(const struct rusage_sum *sum, void *out)
{
	struct rusage *r = out;
	memset(r, 0, sizeof(*r));
	r->ru_utime.tv_sec = sum->user_ns / NSEC_PER_SEC;
	r->ru_utime.tv_usec = sum->user_ns % NSEC_PER_SEC / 1000;
	r->ru_stime.tv_sec = sum->system_ns / NSEC_PER_SEC;
	r->ru_stime.tv_usec = sum->system_ns % NSEC_PER_SEC / 1000;
	r->ru_maxrss = sum->max_rss_pages * (PAGE_SIZE / 1024);
	r->ru_minflt = sum->minor_faults;
	r->ru_majflt = sum->major_faults;
	r->ru_nvcsw = sum->voluntary;
	r->ru_nivcsw = sum->involuntary;
}

/* as_tracer: whatever kind of child it is, its tracer waits for it. */
static bool is_eligible_locked(const struct wait_request *w, struct task *child, bool as_tracer)
{
	if (w->type != PID_TYPES) {
		struct pid *p = w->type == PID_TGID ? child->pid : child->signal->pids[w->type];
		if (p != w->pid)
			return false;
	}
	if (as_tracer || (w->options & __WALL))
		return true;
	return (child->exit_signal != SIGCHLD) == !!(w->options & __WCLONE);
}

static void news_set(struct wait_request *w, struct task *child, u32 uid, int code, int status)
{
	w->number = task_tid_seen(child);
	w->uid = uid_shown(uid);
	w->code = code;
	w->status = status;
}

static void zombie_news(struct wait_request *w, struct task *child)
{
	int status = child->signal->is_group_exiting ? child->signal->group_exit_code : child->exit_code;
	u32 uid = child->real_cred->uid;	/* it changes nothing any more */
	w->wait_status = status;
	if (status & 0x7f)
		news_set(w, child, uid, status & 0x80 ? CLD_DUMPED : CLD_KILLED, status & 0x7f);
	else
		news_set(w, child, uid, CLD_EXITED, status >> 8 & 0xff);
}

/* A tracer has waited: its tracee is a zombie of its real parent now, which hears of it. True: it is nobody's. */
static bool zombie_hand_back_locked(struct task *child)
{
	ptrace_unlink_locked(child);
	return signal_notify_parent_locked(child, child->exit_signal);
}

/* Returns the zombie to be released (its state is already DEAD), or NULL with the news taken (WNOWAIT). */
static struct task *take_zombie_locked(struct wait_request *w, struct task *child)
{
	bool is_another_parents = ptrace_is_reparented(child) && task_is_leader(child);

	zombie_news(w, child);
	spin_lock(&child->sighand->lock);
	w->usage = rusage_of_zombie(child);
	spin_unlock(&child->sighand->lock);
	if (w->options & WNOWAIT)
		return NULL;
	if (is_another_parents && !zombie_hand_back_locked(child))
		return NULL;
	if (!is_another_parents && task_is_leader(child)) {
		spin_lock(&current->sighand->lock);
		rusage_add(&current->signal->children, &w->usage);
		spin_unlock(&current->sighand->lock);
	}
	child->exit_state = EXIT_DEAD;
	return child;
}

/* A tracer's view: the thread's own stop, whatever the options are. sighand->lock is held. */
static void take_trapped_locked(struct wait_request *w, struct task *child)
{
	int code = child->exit_code;

	if (!(child->state & TASK_TRACED) || (child->jobctl & JOB_LISTENING) || !code)
		return;
	news_set(w, child, task_uid(child), CLD_TRAPPED, code);
	w->wait_status = code << 8 | 0x7f;
	if (!(w->options & WNOWAIT))
		child->exit_code = 0;
}

static void take_group_stop_locked(struct wait_request *w, struct task *child)
{
	struct signal *s = child->signal;

	if (!(w->options & WUNTRACED) || !s->is_stopped || !s->is_stop_unreported)
		return;
	news_set(w, child, task_uid(child), CLD_STOPPED, s->stop_signal);
	w->wait_status = s->stop_signal << 8 | 0x7f;
	if (!(w->options & WNOWAIT))
		s->is_stop_unreported = false;
}

static void take_stopped_locked(struct wait_request *w, struct task *child, bool as_tracer)
{
	struct signal *s = child->signal;
	spin_lock(&child->sighand->lock);
	if (as_tracer)
		take_trapped_locked(w, child);
	else
		take_group_stop_locked(w, child);
	if (!w->code && (w->options & WCONTINUED) && s->is_continued_unreported) {
		news_set(w, child, task_uid(child), CLD_CONTINUED, SIGCONT);
		w->wait_status = 0xffff;
		if (!(w->options & WNOWAIT))
			s->is_continued_unreported = false;
	}
	if (w->code) {
		memset(&w->usage, 0, sizeof(w->usage));
		rusage_add_task(&w->usage, child);
	}
	spin_unlock(&child->sighand->lock);
}

/*
 * Looks at one child, or tracee (as_tracer). *found: it could still bring news. Returns a zombie to release, or NULL.
 * A tracee's end and stops are its tracer's news first: the real parent hears of the end when the tracer has waited, and
 * of a stop only as the whole group's. A parent that is the tracer itself sees its child as a tracee only.
 */
static struct task *look_at_locked(struct wait_request *w, struct task *child, bool as_tracer, bool *found)
{
	bool is_ended = child->exit_state == EXIT_ZOMBIE;

	if (child->exit_state == EXIT_DEAD || !is_eligible_locked(w, child, as_tracer))
		return NULL;
	if (child->ptrace && !as_tracer && !ptrace_is_reparented(child))
		as_tracer = true;
	if (is_ended && (!task_is_leader(child) || child->signal->threads == 1) && (as_tracer || !child->ptrace)) {
		if (!(w->options & WEXITED))
			return NULL;	/* it has no other news any more */
		*found = true;
		return take_zombie_locked(w, child);
	}
	if (!is_ended || !as_tracer || (w->options & (WCONTINUED | WEXITED)))
		*found = true;
	if (as_tracer || (w->options & (WUNTRACED | WCONTINUED)))
		take_stopped_locked(w, child, as_tracer);
	return NULL;
}

/* Whether the call waits for what p is the parent, or the tracer, of. */
static bool is_waiter(const struct wait_request *w, const struct task *p)
{
	return w->options & __WNOTHREAD ? p == current : p->signal == current->signal;
}

/* The one task that is waited for, however many others there are. Returns a zombie to release, or NULL. */
static struct task *look_at_named_locked(struct wait_request *w, bool *found)
{
	struct task *child = w->pid ? pid_first_task_locked(w->pid, PID_TASK) : NULL, *zombie = NULL;

	if (!child)
		return NULL;
	if (task_is_leader(child) && is_waiter(w, child->real_parent))
		zombie = look_at_locked(w, child, false, found);
	if (!w->code && child->ptrace && is_waiter(w, child->parent))
		zombie = look_at_locked(w, child, true, found);
	return zombie;
}

/* A living child of many that can only say once more that there is something to wait for. */
static bool has_nothing_new(const struct wait_request *w, const struct task *child)
{
	return child->exit_state == EXIT_NONE && !child->ptrace && !(w->options & (WUNTRACED | WCONTINUED));
}

/* Looks at one task's children and tracees. Returns a zombie to release, or NULL. */
static struct task *scan_children_locked(struct wait_request *w, struct task *parent, bool *found)
{
	struct task *child, *zombie;

	list_for_each(child, &parent->children, sibling) {
		if (*found && has_nothing_new(w, child))
			continue;
		zombie = look_at_locked(w, child, false, found);
		if (w->code)
			return zombie;
	}
	list_for_each(child, &parent->traced, traced_node) {
		zombie = look_at_locked(w, child, true, found);
		if (w->code)
			return zombie;
	}
	return NULL;
}

/* The next of the group; the first follows the last. */
static struct task *next_thread_locked(struct task *t)
{
	struct list *next = t->thread_node.next;

	return container_of(next == &t->signal->thread_list ? next->next : next, struct task, thread_node);
}

/* One look at all children, or at the one that is named: 0 nothing yet, 1 news in w, -ECHILD. */
static int wait_look(struct wait_request *w)
{
	struct task *thread = current, *zombie = NULL;
	bool found = false;
	w->code = 0;
	spin_lock_irq(&tasklist_lock);
	if (w->type == PID_TGID) {
		zombie = look_at_named_locked(w, &found);
	} else if (w->options & __WNOTHREAD) {
		zombie = scan_children_locked(w, current, &found);
	} else {
		do {	/* one's own come first */
			zombie = scan_children_locked(w, thread, &found);
			thread = next_thread_locked(thread);
		} while (!w->code && thread != current);
	}
	spin_unlock_irq(&tasklist_lock);
	if (zombie) {
		event_note(EVENT_REAP, current->tid, zombie->tid, (u64)(unsigned)zombie->exit_code);
		task_release(zombie);
	}
	if (w->code)
		return 1;
	return found ? 0 : -ECHILD;
}

/* Waits until there is news, as the options say. 1: news; 0: none (WNOHANG); -errno. A look is dear, and most often the child is
 * not there yet: who may sleep queues before the first look, where wait_event looks once more before it. */
static int wait_do(struct wait_request *w)
{
	struct waitqueue *wq = &current->signal->child_wait;
	struct waiter waiter;
	int looked, err = 0;

	if (w->options & WNOHANG)
		return wait_look(w);
	waiter_init(&waiter);
	do {
		wait_prepare(wq, &waiter, TASK_INTERRUPTIBLE);
		looked = wait_look(w);
		if (looked)
			break;
		err = wait_sleep(TASK_INTERRUPTIBLE, 0);
		looked = wait_look(w);
	} while (!looked && !err);
	wait_finish(wq, &waiter);
	return looked ? looked : err;
}

void wait_for_all_children(void)
{
	struct wait_request w = { .type = PID_TYPES, .options = WEXITED | __WALL };
	int looked = 0;
	do {
		wait_event(&current->signal->child_wait, (looked = wait_look(&w)) != 0);
	} while (looked > 0);
}

static int usage_to_user(const struct wait_request *w, uptr usage)
{
	struct rusage r;

	rusage_to_user_format(&w->usage, &r);
	return copy_to_user(usage, &r, sizeof(r)) ? -EFAULT : 0;
}

long sys_wait4(int number, uptr status, int options, uptr usage)
{
	struct wait_request w = { .type = PID_TYPES, .options = (unsigned)options | WEXITED };
	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | W_CLONE_FLAGS))
		return -EINVAL;
	if (number == (int)0x80000000)
		return -ESRCH;
	if (number > 0)
		w.type = PID_TGID, w.pid = pid_find(number, current_pid_ns());
	else if (number == 0)
		w.type = PID_PGID, w.pid = current_group_name();
	else if (number < -1)
		w.type = PID_PGID, w.pid = pid_find(-number, current_pid_ns());
	int result = wait_do(&w);
	pid_put(w.pid);
	if (result <= 0)
		return result;
	if (status && put_user_u32((u32)w.wait_status, status))
		return -EFAULT;
	if (usage && usage_to_user(&w, usage))
		return -EFAULT;
	return w.number;
}

static int waitid_name(struct wait_request *w, int which, int id, unsigned *pidfd_flags)
{
	struct pid *p;

	switch (which) {
	case P_ALL:
		return 0;
	case P_PID:
		if (id <= 0)
			return -EINVAL;
		w->type = PID_TGID;
		w->pid = pid_find(id, current_pid_ns());
		return 0;
	case P_PGID:
		if (id < 0)
			return -EINVAL;
		w->type = PID_PGID;
		w->pid = id ? pid_find(id, current_pid_ns()) : current_group_name();
		return 0;
	case P_PIDFD:
		if (id < 0)
			return -EINVAL;
		p = pidfd_get_pid(id, pidfd_flags);
		if (IS_ERR(p))
			return PTR_ERR(p);
		w->type = PID_TGID;
		w->pid = p;
		return 0;
	default:
		return -EINVAL;
	}
}

/* waitid's work but for the caller's siginfo: 1 news, 0 none, -errno. */
static int waitid_do(struct wait_request *w, int which, int id, int options, uptr usage)
{
	struct rusage r;
	if (options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | W_CLONE_FLAGS))
		return -EINVAL;
	if (!(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	unsigned pidfd_flags = 0;
	int result = waitid_name(w, which, id, &pidfd_flags);
	if (!result) {
		/* a non-blocking pidfd is as WNOHANG, but says EAGAIN */
		if (pidfd_flags & O_NONBLOCK)
			w->options |= WNOHANG;
		result = wait_do(w);
		if (!result && (pidfd_flags & O_NONBLOCK) && !(options & WNOHANG))
			result = -EAGAIN;
	}
	pid_put(w->pid);
	if (result > 0 && usage) {
		rusage_to_user_format(&w->usage, &r);
		if (copy_to_user(usage, &r, sizeof(r)))
			return -EFAULT;
	}
	return result;
}

long sys_waitid(int which, int id, uptr info, int options, uptr usage)
{
	struct wait_request w = { .type = PID_TYPES, .options = (unsigned)options };
	int result = waitid_do(&w, which, id, options, usage);
	bool has_news = result > 0;
	if (!info)
		return has_news ? 0 : result;
	/* Linux writes these six fields, zero without news and even on an error, and leaves the rest alone. */
	siginfo_t si;
	if (copy_from_user(&si, info, sizeof(si)))
		return -EFAULT;
	si.si_signo = has_news ? SIGCHLD : 0;
	si.si_errno = 0;
	si.si_code = has_news ? w.code : 0;
	si.si_pid = has_news ? w.number : 0;
	si.si_uid = has_news ? w.uid : 0;
	si.si_status = has_news ? w.status : 0;
	int err = copy_to_user(info, &si, sizeof(si));
	return err ? err : has_news ? 0 : result;
}

static void rusage_self(struct rusage_sum *sum, bool with_children_of_group, bool is_thread)
{
	struct task *t;
	struct signal *s = current->signal;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	memset(sum, 0, sizeof(*sum));
	if (with_children_of_group) {
		rusage_add(sum, &s->children);
	} else if (is_thread) {
		rusage_add_task(sum, current);
		sum->max_rss_pages = s->dead_threads.max_rss_pages;
	} else {
		rusage_add(sum, &s->dead_threads);
		list_for_each(t, &s->thread_list, thread_node)
			rusage_add_task(sum, t);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	if (!with_children_of_group && current->mm)
		sum->max_rss_pages = MAX(sum->max_rss_pages, current->mm->peak_rss_pages);
}

long sys_getrusage(int who, uptr usage)
{
	struct rusage_sum sum;
	struct rusage r;
	if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD)
		return -EINVAL;
	rusage_self(&sum, who == RUSAGE_CHILDREN, who == RUSAGE_THREAD);
	rusage_to_user_format(&sum, &r);
	return copy_to_user(usage, &r, sizeof(r));
}
