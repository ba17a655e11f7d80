/*
 * task/dethread.c: exec leaves one thread in the group, and that thread is the leader: the others are killed, and if the
 * caller was not the leader it takes over the leader's number and place.
 * Locks: sighand->lock, tasklist_lock. Errors: -EINTR when the caller is being killed itself, -EAGAIN when another thread
 * of the group already execs or the group is dying. Source: execve(2), "Effect on process attributes".
 */
#include "task/internal.h"
#include "arch/arch.h"
#include "base/errno.h"

/* Kills the others. 0, or -EAGAIN. */
static int others_kill(struct task *t)
{
	struct signal *s = t->signal;
	int err = 0;
	unsigned long flags = spin_lock_irqsave(&t->sighand->lock);
	if (s->is_group_exiting || s->group_exec_task) {
		err = -EAGAIN;
	} else {
		s->group_exec_task = t;
		signal_kill_others_locked(t);
	}
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	return err;
}

/* Only the caller, and perhaps a zombie leader, are left. */
static bool others_are_gone(struct task *t)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	bool gone = task_is_leader(t) ? t->signal->threads == 1
				      : t->signal->threads == 2 && t->leader->exit_state == EXIT_ZOMBIE;
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return gone;
}

static int others_wait(struct task *t)
{
	for (;;) {
		task_set_state(TASK_KILLABLE);
		if (others_are_gone(t))
			break;
		if (fatal_signal_is_pending()) {
			task_set_state(TASK_RUNNING);
			return -EINTR;
		}
		schedule();
	}
	task_set_state(TASK_RUNNING);
	return 0;
}

static void swap_links_locked(struct task *leader, struct task *t)
{
	struct pid *thread_pid = t->pid, *group_pid = leader->pid;
	/* each takes the other's number */
	list_remove(&t->pid_links[PID_TASK]);
	list_remove(&leader->pid_links[PID_TASK]);
	t->pid = group_pid;
	leader->pid = thread_pid;
	list_push_back(&group_pid->tasks[PID_TASK], &t->pid_links[PID_TASK]);
	list_push_back(&thread_pid->tasks[PID_TASK], &leader->pid_links[PID_TASK]);
	leader->tid = t->tid;
	t->tid = t->tgid;
	/* the group's roles move from one to the other */
	for (int type = PID_TGID; type < PID_TYPES; type++) {
		list_insert_between(&t->pid_links[type], &leader->pid_links[type], leader->pid_links[type].next);
		list_remove(&leader->pid_links[type]);
	}
	list_insert_between(&t->all_node, &leader->all_node, leader->all_node.next);
	list_remove(&leader->all_node);
	list_insert_between(&t->sibling, &leader->sibling, leader->sibling.next);
	list_remove(&leader->sibling);
}

/* The dead leader hands its place over and is released. */
static void take_leaders_place(struct task *t)
{
	struct task *leader = t->leader;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	swap_links_locked(leader, t);
	list_remove(&t->thread_node);
	list_push_front(&t->signal->thread_list, &t->thread_node);
	t->start_ns = leader->start_ns;
	t->leader = t;
	t->signal->leader = t;
	leader->leader = t;
	leader->exit_signal = -1;
	leader->exit_state = EXIT_DEAD;
	if (leader->ptrace)	/* its tracer may wait for it, and will find it gone */
		wake_up_all(&leader->parent->signal->child_wait);
	t->exit_signal = SIGCHLD;
	if (init_task == leader)
		init_task = t;
	if (pid_ns_of(t->pid)->reaper == leader)
		pid_ns_of(t->pid)->reaper = t;
	spin_unlock_irqrestore(&tasklist_lock, flags);
	task_release(leader);
}

int exec_dethread(void)
{
	struct task *t = current;
	if (t->signal->threads == 1)
		return 0;
	int err = others_kill(t);
	if (err)
		return err;
	err = others_wait(t);
	if (!err && !task_is_leader(t))
		take_leaders_place(t);
	unsigned long flags = spin_lock_irqsave(&t->sighand->lock);
	t->signal->group_exec_task = NULL;
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	return err;
}
