/*
 * signal/kill.c: the calls that send: kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo, pidfd_send_signal, and
 * who may.
 * Locks: tasklist_lock for groups and "everyone". Errors: EINVAL, EPERM, ESRCH, EAGAIN, EFAULT.
 * Source: kill(2), tgkill(2), rt_sigqueueinfo(2), pidfd_send_signal(2).
 */
#include "signal/internal.h"
#include "syscall/define.h"
#include "arch/arch.h"
#include "base/string.h"
#include "mm/user_access.h"
#include "pid/pidfd.h"
#include "namespace/user.h"
#include <linux/capability.h>

static bool cred_may_kill(const struct cred *c, const struct cred *target)
{
	return c->euid == target->suid || c->euid == target->uid || c->uid == target->suid || c->uid == target->uid ||
	       ns_capable(target->user_ns, CAP_KILL);
}

int signal_may_send(int sig, const struct signal_info *info, struct task *t)
{
	const struct cred *target;
	unsigned long flags;
	bool may;

	if (sig < 0 || sig > SIGNALS)
		return -EINVAL;
	if (!info || info->si_code > 0 || t->signal == current->signal)
		return 0;
	flags = spin_lock_irqsave(&t->lock);
	target = t->real_cred;
	may = !target || cred_may_kill(current_cred(), target);
	spin_unlock_irqrestore(&t->lock, flags);
	/* a shell continues whatever runs in its session */
	if (!may && sig == SIGCONT && t->signal->pids[PID_SID] == current->signal->pids[PID_SID])
		return 0;
	return may ? 0 : -EPERM;
}

static int kill_one(int sig, const struct signal_info *info, struct task *t)
{
	int err = signal_may_send(sig, info, t);

	return err || !sig ? err : signal_send_process(sig, info, t);
}

static int kill_member(int sig, const struct signal_info *info, struct task *t)
{
	int err = signal_may_send(sig, info, t);

	return err || !sig ? err : signal_send_member(sig, info, t);
}

/* Oneself one always may. Nothing is to be found, held or translated. */
static int kill_self(int sig, struct signal_info *info, bool is_process)
{
	if (sig < 0 || sig > SIGNALS)
		return -EINVAL;
	return !sig || signal_run_at_once(sig, info) ? 0 : signal_send_self(sig, info, is_process);
}

static int kill_number(int sig, struct signal_info *info, int number)
{
	struct task *t;
	int err;

	if (number == task_tid_own(current))
		return kill_self(sig, info, true);
	t = task_find(number);
	if (!t)
		return -ESRCH;
	err = kill_one(sig, info, t);
	task_put(t);
	return err;
}

/* 0 if it reached one of them. */
static int kill_pgrp(int sig, const struct signal_info *info, struct pid *pgrp)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	int last = -ESRCH;
	bool is_one_done = false;
	struct list *l;

	for (l = pgrp->tasks[PID_PGID].next; l != &pgrp->tasks[PID_PGID]; l = l->next) {
		last = kill_member(sig, info, container_of(l, struct task, pid_links[PID_PGID]));
		is_one_done |= !last;
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return is_one_done ? 0 : last;
}

/* All but process 1 and ourselves. */
static int kill_everyone(int sig, const struct signal_info *info)
{
	struct pid_ns *ns = current_pid_ns();
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	int result = -ESRCH;
	struct task *t;

	list_for_each(t, &all_processes, all_node) {
		int number = pid_number_in(t->pid, ns), err;

		if (number <= 1 || t->signal == current->signal)
			continue;
		err = kill_member(sig, info, t);
		if (err != -EPERM)
			result = err;
		else if (result == -ESRCH)
			result = 0;	/* somebody was there: Linux says success */
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return result;
}

void signal_fill_sender(struct signal_info *info, int sig, int code)
{
	__builtin_memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	info->si_code = code;
	info->si_pid = task_tgid_own(current);
	info->si_uid = uid_shown(current_cred()->uid);
}

static __noinline int kill_several(int sig, const struct signal_info *info, int number)
{
	struct pid *pgrp;
	int err;

	if (number == (int)0x80000000)
		return -ESRCH;
	if (number == -1)
		return kill_everyone(sig, info);
	pgrp = number ? pid_find(-number, current_pid_ns()) : current_group_name();
	if (!pgrp)
		return -ESRCH;
	err = kill_pgrp(sig, info, pgrp);
	pid_put(pgrp);
	return err;
}

long sys_kill(int number, int sig)
{
	struct signal_info info;

	signal_fill_sender(&info, sig, SI_USER);
	return number > 0 ? kill_number(sig, &info, number) : kill_several(sig, &info, number);
}

/* tgid 0: any group. */
static int send_to_thread(int tgid, int tid, int sig, struct signal_info *info)
{
	struct task *t;
	int err = -ESRCH;

	if (tid == task_tid_own(current) && (!tgid || tgid == task_tgid_own(current)))
		return kill_self(sig, info, false);
	t = task_find(tid);
	if (!t)
		return -ESRCH;
	if (!tgid || task_tgid_seen(t) == tgid) {
		err = signal_may_send(sig, info, t);
		if (!err && sig) {
			err = signal_send_task(sig, info, t);
			if (err == -ESRCH)
				err = 0;	/* it has got it, and died */
		}
	}
	task_put(t);
	return err;
}

long sys_tkill(int tid, int sig)
{
	struct signal_info info;

	if (tid <= 0)
		return -EINVAL;
	signal_fill_sender(&info, sig, SI_TKILL);
	return send_to_thread(0, tid, sig, &info);
}

long sys_tgkill(int tgid, int tid, int sig)
{
	struct signal_info info;

	if (tid <= 0 || tgid <= 0)
		return -EINVAL;
	signal_fill_sender(&info, sig, SI_TKILL);
	return send_to_thread(tgid, tid, sig, &info);
}

/* A program may say anything about itself, but to others only what is no claim of the kernel's or of kill's. */
static bool is_claim_on_another(const struct signal_info *info, int number)
{
	return (info->si_code >= 0 || info->si_code == SI_TKILL) && task_tid_own(current) != number;
}

long sys_rt_sigqueueinfo(int number, int sig, uptr addr)
{
	struct signal_info info;
	int err = signal_info_from_user(&info, addr, sig);

	if (err)
		return err;
	return is_claim_on_another(&info, number) ? -EPERM : kill_number(sig, &info, number);
}

long sys_rt_tgsigqueueinfo(int tgid, int tid, int sig, uptr addr)
{
	struct signal_info info;
	int err = signal_info_from_user(&info, addr, sig);

	if (err)
		return err;
	if (tid <= 0 || tgid <= 0)
		return -EINVAL;
	return is_claim_on_another(&info, tid) ? -EPERM : send_to_thread(tgid, tid, sig, &info);
}

/* The siginfo that pidfd_send_signal is to send to p: the caller's, or as kill's. */
static int pidfd_info(struct signal_info *info, uptr addr, int sig, const struct pid *p)
{
	int err;

	if (!addr) {
		signal_fill_sender(info, sig, SI_USER);
		return 0;
	}
	err = signal_info_from_user(info, addr, 0);
	if (err)
		return err;
	if (info->si_signo != sig)
		return -EINVAL;
	return (info->si_code >= 0 || info->si_code == SI_TKILL) && p != current->pid ? -EPERM : 0;
}

static int pidfd_send(struct pid *p, int sig, uptr addr)
{
	struct signal_info info;
	struct task *t;
	int err;

	/* the process must have been seen from here when it was made */
	if (p->level < current_pid_ns()->level || p->numbers[current_pid_ns()->level].ns != current_pid_ns())
		return -EINVAL;
	err = pidfd_info(&info, addr, sig, p);
	if (err)
		return err;
	t = pid_get_task(p);
	if (!t)
		return -ESRCH;
	err = kill_one(sig, &info, t);
	task_put(t);
	return err;
}

long sys_pidfd_send_signal(int fd, int sig, uptr info, unsigned flags)
{
	struct pid *p;
	long err;

	if (flags)
		return -EINVAL;
	p = pidfd_or_proc_get_pid(fd);
	if (IS_ERR(p))
		return PTR_ERR(p);
	err = pidfd_send(p, sig, info);
	pid_put(p);
	return err;
}
