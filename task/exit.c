/*
 * task/exit.c: death. A task gives its rooms back while it still runs, becomes a zombie that only says how it ended, and
 * goes when the parent has waited (or never waits).
 *
 *   task_exit        this thread: rooms, children, news to the parent, the last switch
 *   task_exit_group  the whole thread group: every other thread is killed
 *   task_release     the zombie goes
 *
 * Locks: tasklist_lock and sighand->lock, taken here. Nothing fails. Source: _exit(2), exit_group(2), wait(2).
 */
#include "task/internal.h"
#include "cgroup/cgroup.h"
#include "namespace/pid_ns.h"
#include "ptrace/ptrace.h"
#include "syscall/define.h"
#include "mm/mm.h"
#include "mm/user_access.h"
#include "arch/arch.h"
#include "exec/core.h"
#include "base/printk.h"
#include "fs/tty/tty.h"
#include "debug/events.h"

/* A dead thread's times and counters stay with its group. tasklist_lock and sighand->lock are held. */
static void account_thread_locked(struct task *t)
{
	struct signal *s = t->signal;
	rusage_add_task(&s->dead_threads, t);
	s->dead_io.rchar += t->io_counters.rchar;
	s->dead_io.wchar += t->io_counters.wchar;
	s->dead_io.syscr += t->io_counters.syscr;
	s->dead_io.syscw += t->io_counters.syscw;
	s->dead_io.read_bytes += t->io_counters.read_bytes;
	s->dead_io.write_bytes += t->io_counters.write_bytes;
}

/* The address space is left: by exec for a new one, by exit for good. Errors writing to it do not matter. */
void task_leave_mm(struct task *t)
{
	futex_exit(t);
	if (READ_ONCE(t->vfork_done))
		vfork_release(t);
}

/* A thread that execs waits for the others to go. It may give up at any moment, but is not released under tasklist_lock. */
static void wake_exec_locked(struct signal *s)
{
	struct task *t = READ_ONCE(s->group_exec_task);
	if (t)
		sched_wake(t, TASK_KILLABLE);
}

void task_release(struct task *t)
{
	for (;;) {
		struct task *leader = NULL;
		spin_lock_irq(&tasklist_lock);
		struct sighand *sighand = t->sighand;
		ptrace_unlink_locked(t);
		spin_lock(&sighand->lock);
		if (!task_is_leader(t))
			account_thread_locked(t);
		bool is_last_of_group = !task_is_leader(t) && t->signal->threads == 2 &&
					t->leader->exit_state == EXIT_ZOMBIE && !t->signal->group_exec_task;
		if (is_last_of_group)
			leader = t->leader;
		task_unlink_locked(t);
		spin_unlock(&sighand->lock);
		wake_exec_locked(t->signal);
		/* the leader died before its threads: only now may the parent and who polls a pidfd hear of it */
		if (leader)
			wake_up_all(&leader->pid->exit_wait);
		bool reap_leader = leader && signal_notify_parent_locked(leader, leader->exit_signal);
		if (reap_leader)
			leader->exit_state = EXIT_DEAD;
		if (t->pid)
			wake_up_all(&t->pid->exit_wait);
		spin_unlock_irq(&tasklist_lock);
		task_put(t);
		if (!reap_leader)
			return;
		t = leader;
	}
}

/* Tells the family: children get a new parent, the parent the news. True: nobody will wait, release now. Kicks are held: nobody
 * is hurried to look at a task that is not off its CPU yet. */
static bool exit_notify(struct task *t, struct list *dead)
{
	bool autoreap = false;
	sched_hold_kicks();
	spin_lock_irq(&tasklist_lock);
	cgroup_exit_locked(t);
	if (!list_is_empty(&t->children) || !list_is_empty(&t->traced))
		reparent_children_locked(t, dead);
	if (atomic_read(&t->signal->live) == 0)
		pgrp_kill_if_orphaned_locked(t->leader, NULL);
	t->exit_state = EXIT_ZOMBIE;
	if (t->ptrace) {
		/* each thread is the tracer's zombie; who is both tracer and parent gets the signal of a child's end */
		bool is_childs_end = task_is_leader(t) && t->signal->threads == 1 && !ptrace_is_reparented(t);
		autoreap = signal_notify_parent_locked(t, is_childs_end ? t->exit_signal : SIGCHLD);
	} else if (!task_is_leader(t)) {
		autoreap = true;
	} else if (t->signal->threads == 1) {
		autoreap = signal_notify_parent_locked(t, t->exit_signal);
	}
	if (autoreap)
		t->exit_state = EXIT_DEAD;
	wake_exec_locked(t->signal);
	wake_up_all(&t->pid->exit_wait);
	spin_unlock_irq(&tasklist_lock);
	return autoreap;
}

/* Process 1's death is the machine's. */
static void check_not_init(struct task *t, int code)
{
	if (t->leader == init_task)
		panic("process 1 ended: %s %d", code & 0x7f ? "killed by signal" : "exit status",
		      code & 0x7f ? code & 0x7f : code >> 8 & 0xff);
}

/* One thread less. True: it was the last, and unless the group's end was decided before, its code is the group's. */
static bool mark_exiting(struct task *t, int code)
{
	struct signal *s = t->signal;
	spin_lock_irq(&t->sighand->lock);
	t->flags |= PF_EXITING;
	bool is_last = atomic_dec_return(&s->live) == 0;
	if (is_last && !s->is_group_exiting) {
		s->is_group_exiting = true;
		s->group_exit_code = code;
	}
	if (t->mm)	/* the group's largest resident size so far, for rusage */
		s->dead_threads.max_rss_pages = MAX(s->dead_threads.max_rss_pages, t->mm->peak_rss_pages);
	/* process-directed signals that we were to take go to a thread that lives */
	signal_hand_over_locked(t);
	spin_unlock_irq(&t->sighand->lock);
	signal_tell_stop_news(t);
	return is_last;
}

void task_exit(int code)
{
	struct task *t = current, *child, *next;
	struct list dead = LIST_INIT(dead);

	BUG_ON(in_interrupt() || (t->flags & PF_IDLE));
	if (unlikely(t->flags & PF_EXITING))
		panic("task %d died while it was dying", t->tid);
	if (atomic_read(&t->signal->live) > 1)	/* another thread might be writing the group's core file */
		core_hold(t);
	ptrace_event(PTRACE_EVENT_EXIT, (u64)code);
	bool is_group_dead = mark_exiting(t, code);
	event_note(EVENT_EXIT, t->tid, 0, (u64)(unsigned)code);
	if (is_group_dead) {
		check_not_init(t, t->signal->group_exit_code);
		timers_group_dead(t->signal);
	}
	t->exit_code = code;
	task_leave_mm(t);
	if (is_group_dead && t->signal->is_session_leader)
		tty_session_ends(t);
	rooms_drop_at_exit(t);
	if (t->seccomp.newest)
		seccomp_drop(t);
	if (is_group_dead && t->leader->oom_victim)
		oom_victim_is_gone(t->leader);
	if (is_group_dead && task_tgid_own(t) == 1)
		pid_ns_end(pid_ns_of(t->pid));

	bool autoreap = exit_notify(t, &dead);
	if (autoreap || !list_is_empty(&dead)) {
		sched_release_kicks();
		list_for_each_safe(child, next, &dead, traced_node) {
			list_remove(&child->traced_node);
			task_release(child);
		}
		if (autoreap)
			task_release(t);
		sched_hold_kicks();
	}
	task_set_state(TASK_DEAD);
	schedule();	/* sched_finish_switch gives up the reference that running holds, and sends the kicks */
	panic("a dead task ran");
}

void task_exit_group(int code)
{
	struct signal *s = current->signal;
	spin_lock_irq(&current->sighand->lock);
	if (s->is_group_exiting) {
		code = s->group_exit_code;
	} else if (s->group_exec_task && s->group_exec_task != current) {
		code = 0;	/* another thread execs: only this thread goes */
	} else {
		s->is_group_exiting = true;
		s->group_exit_code = code;
		if (s->threads > 1)
			signal_kill_others_locked(current);
	}
	spin_unlock_irq(&current->sighand->lock);
	task_exit(code);
}

long sys_exit(int status) { task_exit((status & 0xff) << 8); }
long sys_exit_group(int status) { task_exit_group((status & 0xff) << 8); }
