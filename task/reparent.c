/*
 * task/reparent.c: orphans: who becomes their parent. First another thread of the dying parent's group; else the nearest
 * ancestor in the same pid namespace that is a child subreaper; else that namespace's process 1.
 * Locks: tasklist_lock is held by the caller (exit.c). Source: prctl(2) PR_SET_CHILD_SUBREAPER, exit(2).
 */
#include "task/internal.h"
#include "ptrace/ptrace.h"
#include "namespace/user.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "debug/events.h"

static struct task *living_thread_locked(struct task *of)
{
	struct task *t;
	if (!of->signal)
		return NULL;
	list_for_each(t, &of->signal->thread_list, thread_node)
		if (!(t->flags & PF_EXITING))
			return t;
	return NULL;
}

/* Process 1 of the dying task's world: a thread of it that lives, if there is one. */
static struct task *reaper_locked(struct task *dying)
{
	struct task *reaper = pid_ns_of(dying->pid)->reaper, *t = living_thread_locked(reaper);
	return t ? t : reaper;
}

static struct task *new_parent_locked(struct task *dying)
{
	struct task *t = living_thread_locked(dying), *reaper;
	if (t)
		return t;
	reaper = reaper_locked(dying);
	if (!dying->signal->has_child_subreaper)
		return reaper;
	for (struct task *a = dying->real_parent; a && a->leader != reaper->leader && a->pid; a = a->real_parent) {
		if (a->pid->level != dying->pid->level)
			break;
		if (!a->signal->is_subreaper)
			continue;
		t = living_thread_locked(a);
		if (t)
			return t;
	}
	return reaper;
}

/* A child whose new parent ignores SIGCHLD, or that was a zombie already, is told of or reaped now. */
static void adopt_locked(struct task *child, struct task *dying, struct task *parent, struct list *dead)
{
	event_note(EVENT_REPARENT, dying->tid, child->tid, (u64)parent->tid);
	child->real_parent = parent;
	if (!child->ptrace)
		child->parent = parent;
	list_remove(&child->sibling);
	list_push_back(&parent->children, &child->sibling);
	if (parent->signal == dying->signal)
		return;
	child->exit_signal = SIGCHLD;
	if (child->exit_state == EXIT_ZOMBIE && !child->ptrace && child->signal->threads == 1 &&
	    signal_notify_parent_locked(child, child->exit_signal)) {
		child->exit_state = EXIT_DEAD;
		list_push_back(dead, &child->traced_node);
	}
	pgrp_kill_if_orphaned_locked(child, dying);
}

/* PR_SET_PDEATHSIG: it comes from the dying parent, as if by kill, if that might have sent it. */
static void send_death_signal(struct task *thread, struct task *dying)
{
	struct signal_info info = { .si_signo = thread->parent_death_signal, .si_code = SI_USER };
	info.si_pid = pid_number_in(dying->signal->pids[PID_TGID], pid_ns_of(thread->pid));
	info.si_uid = uid_shown(dying->cred->uid);
	if (!signal_may_send(info.si_signo, &info, thread))
		(void)signal_send_process(info.si_signo, &info, thread);
}

void reparent_children_locked(struct task *dying, struct list *dead)
{
	struct task *child, *next, *thread;
	ptrace_tracer_exit_locked(dying, dead);
	if (list_is_empty(&dying->children))
		return;
	struct task *parent = new_parent_locked(dying);
	list_for_each_safe(child, next, &dying->children, sibling) {
		list_for_each(thread, &child->signal->thread_list, thread_node) {
			if (thread->real_parent == dying)
				thread->real_parent = parent;
			if (!thread->ptrace)
				thread->parent = thread->real_parent;
			if (thread->parent_death_signal)
				send_death_signal(thread, dying);
		}
		adopt_locked(child, dying, parent, dead);
	}
}
