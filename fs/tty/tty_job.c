/*
 * fs/tty/tty_job.c: job control: the controlling terminal of a session and its foreground process group.
 *
 * Way in: opens and ioctls of terminals, reads and writes of background processes, the end of a session.
 * Locks: tasklist_lock, then sighand->lock, then tty->ctrl_lock. Errors: -ENOTTY (not the caller's terminal), -EPERM,
 * -ESRCH, -EIO (nobody could bring an orphaned group to the foreground), -ERESTARTSYS (the group was stopped).
 * Source: credentials(7), tcsetpgrp(3), ioctl_tty(2), POSIX.1-2017 11.1.
 */
#include "fs/tty/tty_core.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "task/internal.h"
#include "task/task.h"
#include <linux/capability.h>

struct tty *tty_of_current(void)
{
	unsigned long flags = spin_lock_irqsave(&current->sighand->lock);
	struct tty *t = tty_get(current->signal->tty);
	spin_unlock_irqrestore(&current->sighand->lock, flags);
	return t;
}

struct pid *tty_foreground_get(struct tty *t)
{
	unsigned long flags = spin_lock_irqsave(&t->ctrl_lock);
	struct pid *p = pid_get(t->foreground);
	spin_unlock_irqrestore(&t->ctrl_lock, flags);
	return p;
}

void tty_signal_foreground(struct tty *t, int sig)
{
	struct pid *p = tty_foreground_get(t);
	if (p)
		(void)signal_send_pgrp(sig, NULL, p);
	pid_put(p);
}

u32 tty_describe(struct task *t, struct pid **foreground)
{
	unsigned long flags;
	struct tty *tty = NULL;
	u32 device = 0;
	struct sighand *s = sighand_lock(t, &flags);
	*foreground = NULL;
	if (s) {
		tty = tty_get(t->signal->tty);
		sighand_unlock(s, flags);
	}
	if (tty) {
		*foreground = tty_foreground_get(tty);
		device = (u32)dev_make(tty->driver->major, tty->driver->first_minor + tty->index);
		tty_put(tty);
	}
	return device;
}

/* ---- background ---- */

int tty_check_background(struct tty *t, int sig)
{
	int err = 0;
	if (READ_ONCE(current->signal->tty) != t)
		return 0;
	struct pid *foreground = tty_foreground_get(t), *group = NULL;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	if (foreground && current->signal->pids[PID_PGID] != foreground) {
		group = pid_get(current->signal->pids[PID_PGID]);
		if (pgrp_is_orphaned_locked(group, NULL))
			err = -EIO;
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	if (group && signal_is_blocked_or_ignored(sig)) {
		/* reading is refused, writing and setting are let through */
		err = sig == SIGTTIN ? -EIO : 0;
	} else if (group && !err) {
		(void)signal_send_pgrp(sig, NULL, group);
		task_set_work(current, WORK_SIGNAL);
		err = -ERESTARTSYS;
	}
	pid_put(group);
	pid_put(foreground);
	return err;
}

/* ---- taking and losing control ---- */

/* t becomes the terminal of current's session. Under tasklist_lock and sighand->lock; old[]: to be put. */
static void control_take_locked(struct tty *t, struct pid *old[3])
{
	spin_lock(&t->ctrl_lock);
	old[0] = t->session;
	old[1] = t->foreground;
	t->session = pid_get(current->signal->pids[PID_SID]);
	t->foreground = pid_get(current->signal->pids[PID_PGID]);
	spin_unlock(&t->ctrl_lock);
	old[2] = current->signal->tty_old_pgrp;
	current->signal->tty_old_pgrp = NULL;
	current->signal->tty = tty_get(t);
}

static void pids_put(struct pid *old[], int n)
{
	for (int i = 0; i < n; i++)
		pid_put(old[i]);
}

/* Every process of the session forgets t; returns how many references that were. Under tasklist_lock. */
static int session_forget_locked(struct pid *session, struct tty *t)
{
	struct task *p;
	int n = 0;
	list_for_each(p, &session->tasks[PID_SID], pid_links[PID_SID]) {
		if (!p->sighand || !p->signal)
			continue;
		spin_lock(&p->sighand->lock);
		if (p->signal->tty == t) {
			p->signal->tty = NULL;
			n++;
		}
		spin_unlock(&p->sighand->lock);
	}
	return n;
}

static void references_drop(struct tty *t, int n)
{
	while (n-- > 0)
		tty_put(t);
}

/* The leader of a session whose terminal hangs up is told, and remembers who was in the foreground. */
static void hangup_tell_leader_locked(struct pid *session, struct pid *foreground, struct pid **old)
{
	struct task *p;
	list_for_each(p, &session->tasks[PID_SID], pid_links[PID_SID]) {
		if (!p->signal || !p->signal->is_session_leader)
			continue;
		(void)signal_send_process(SIGHUP, NULL, p);
		(void)signal_send_process(SIGCONT, NULL, p);
		*old = p->signal->tty_old_pgrp;
		p->signal->tty_old_pgrp = pid_get(foreground);
		return;
	}
}

void tty_lose_session(struct tty *t, bool is_hangup, bool is_session_end)
{
	int references = 0;
	struct pid *old = NULL;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	spin_lock(&t->ctrl_lock);
	struct pid *session = t->session, *foreground = t->foreground;
	t->session = t->foreground = NULL;
	spin_unlock(&t->ctrl_lock);
	if (session) {
		if (is_hangup)
			hangup_tell_leader_locked(session, foreground, &old);
		references = session_forget_locked(session, t);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	if (foreground && is_hangup && is_session_end)
		(void)signal_send_pgrp(SIGHUP, NULL, foreground);
	pid_put(old);
	pid_put(session);
	pid_put(foreground);
	references_drop(t, references);
}

void tty_take_control_at_open(struct tty *t, struct file *f)
{
	struct pid *old[3] = { NULL };
	if (!READ_ONCE(current->signal->is_session_leader) || READ_ONCE(current->signal->tty) || !(f->mode & FMODE_READ))
		return;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	spin_lock(&current->sighand->lock);
	if (current->signal->is_session_leader && !current->signal->tty && !t->session)
		control_take_locked(t, old);
	spin_unlock(&current->sighand->lock);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	pids_put(old, 3);
}

static long control_take(struct tty *t, struct file *f, bool may_steal)
{
	struct pid *old[3] = { NULL };
	long err = 0;
	int references = 0;
	bool is_admin = capable(CAP_SYS_ADMIN);
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct signal *s = current->signal;
	if (s->is_session_leader && s->pids[PID_SID] == t->session)
		goto out;
	if (!s->is_session_leader || s->tty || (t->session && !(may_steal && is_admin)) ||
	    (!(f->mode & FMODE_READ) && !is_admin)) {
		err = -EPERM;
		goto out;
	}
	if (t->session)
		references = session_forget_locked(t->session, t);
	spin_lock(&current->sighand->lock);
	control_take_locked(t, old);
	spin_unlock(&current->sighand->lock);
out:
	spin_unlock_irqrestore(&tasklist_lock, flags);
	pids_put(old, 3);
	references_drop(t, references);
	return err;
}

static void send_hangup(struct pid *group, bool with_continue)
{
	if (!group)
		return;
	(void)signal_send_pgrp(SIGHUP, NULL, group);
	if (with_continue)
		(void)signal_send_pgrp(SIGCONT, NULL, group);
	pid_put(group);
}

/* The terminal was lost before: who was in its foreground then, now that the leader goes. */
static struct pid *old_foreground_take(void)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct pid *p = current->signal->tty_old_pgrp;
	current->signal->tty_old_pgrp = NULL;
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return p;
}

/* A session leader lets its terminal go, and the session loses it. */
static void leader_lets_go(bool is_exit)
{
	struct tty *t = tty_of_current();
	if (!t) {
		if (is_exit)
			send_hangup(old_foreground_take(), true);
		return;
	}
	if (is_exit && !t->driver->is_pty)
		tty_hangup(t, true);
	else
		send_hangup(tty_foreground_get(t), !is_exit);
	pid_put(old_foreground_take());
	if (READ_ONCE(current->signal->tty) == t)
		tty_lose_session(t, false, false);
	tty_put(t);
}

long sys_vhangup(void)
{
	if (!capable(CAP_SYS_TTY_CONFIG))
		return -EPERM;
	struct tty *t = tty_of_current();
	if (t)
		tty_hangup(t, false);
	tty_put(t);
	return 0;
}

void tty_session_ends(struct task *leader)
{
	leader_lets_go(true);
}

static long control_leave(struct tty *t)
{
	if (READ_ONCE(current->signal->tty) != t)
		return -ENOTTY;
	if (current->signal->is_session_leader)
		leader_lets_go(false);
	unsigned long flags = spin_lock_irqsave(&current->sighand->lock);
	struct tty *mine = current->signal->tty;
	current->signal->tty = NULL;
	spin_unlock_irqrestore(&current->sighand->lock, flags);
	tty_put(mine);
	return 0;
}

/* ---- ioctls ---- */

static long foreground_set(struct tty *t, uptr arg)
{
	u32 number;
	long err = tty_check_background(t, SIGTTOU);
	if (err)
		return err == -EIO ? -ENOTTY : err;
	if (get_user_u32(&number, arg))
		return -EFAULT;
	if ((int)number < 0)
		return -EINVAL;
	struct pid *group = pid_find((int)number, current_pid_ns()), *old = group;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct pid *session = current->signal->pids[PID_SID];
	/* a process's own number will do for a group that is yet to be */
	struct task *member = group ? pid_first_task_locked(group, PID_PGID) : NULL;
	if (group && !member)
		member = pid_first_task_locked(group, PID_TASK);
	spin_lock(&t->ctrl_lock);
	if (current->signal->tty != t || t->session != session) {
		err = -ENOTTY;
	} else if (!group) {
		err = -ESRCH;
	} else if (!member || member->signal->pids[PID_SID] != session) {
		err = -EPERM;
	} else {
		old = t->foreground;
		t->foreground = group;
	}
	spin_unlock(&t->ctrl_lock);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	pid_put(old);
	return err;
}

static long session_number(struct tty *t, uptr arg)
{
	unsigned long flags = spin_lock_irqsave(&t->ctrl_lock);
	struct pid *session = pid_get(t->session);
	spin_unlock_irqrestore(&t->ctrl_lock, flags);
	if (!session)
		return -ENOTTY;
	long err = put_user_u32((u32)pid_number_in(session, current_pid_ns()), arg);
	pid_put(session);
	return err;
}

static long foreground_number(struct tty *t, uptr arg)
{
	struct pid *p = tty_foreground_get(t);
	long err = put_user_u32((u32)pid_number_in(p, current_pid_ns()), arg);
	pid_put(p);
	return err;
}

long tty_job_ioctl(struct tty *t, struct file *f, unsigned cmd, uptr arg, bool is_master)
{
	/* The holder of a pty's master may ask; others only about their own terminal. */
	bool may_ask = is_master || READ_ONCE(current->signal->tty) == t;
	switch (cmd) {
	case TIOCNOTTY:
		return is_master ? -ENOTTY : control_leave(t);
	case TIOCSCTTY:
		return control_take(t, f, arg == 1);
	case TIOCGPGRP:
		return may_ask ? foreground_number(t, arg) : -ENOTTY;
	case TIOCSPGRP:
		return foreground_set(t, arg);
	case TIOCGSID:
		return may_ask ? session_number(t, arg) : -ENOTTY;
	}
	return -ENOIOCTLCMD;
}
