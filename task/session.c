/*
 * task/session.c: sessions: setsid and getsid. A new session is a new process group without a controlling terminal.
 * Locks: tasklist_lock, sighand->lock. Source: setsid(2), credentials(7).
 */
#include "task/internal.h"
#include "syscall/define.h"
#include "fs/tty/tty.h"
#include "arch/arch.h"

long sys_setsid(void)
{
	struct task *leader = current->leader;
	struct tty *tty = NULL;
	long result = -EPERM;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct pid *pid = leader->pid;
	/* a group of our number must not exist already: its members would be in two sessions */
	if (!leader->signal->is_session_leader && !pid_first_task_locked(pid, PID_PGID)) {
		leader->signal->is_session_leader = true;
		task_set_group_locked(leader, PID_SID, pid);
		task_set_group_locked(leader, PID_PGID, pid);
		spin_lock(&leader->sighand->lock);
		tty = leader->signal->tty;
		leader->signal->tty = NULL;
		spin_unlock(&leader->sighand->lock);
		result = pid_number_in(pid, current_pid_ns());
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	if (tty)
		tty_put(tty);
	return result;
}


long sys_getsid(int number) { return task_group_number(number, PID_SID); }
