/*
 * task/clone.c: the one function behind fork, vfork, clone and clone3.
 *
 *   clone()       what the parent sees: makes the child, starts it, for vfork waits until it lets go of the memory
 *   task_copy()   the child: limits, an empty task, the rooms in order, a number, the phase line
 *
 * Before the phase line (task_link in link.c) everything can fail and task_put undoes it: the same destructor that ends
 * a dead task drops whatever rooms the half-made one holds. After it nothing can fail.
 * Locks: none is held on entry. Errors: EAGAIN (limits, no number), ENOMEM, ERESTARTNOINTR (a signal came first), and
 * what a security hook says. Source: clone(2), fork(2), vfork(2).
 */
#include "task/internal.h"
#include "ptrace/ptrace.h"
#include "task/hooks.h"
#include "namespace/account.h"
#include "cgroup/cgroup.h"
#include "pid/pidfd.h"
#include "mm/page.h"
#include "arch/arch.h"
#include "base/string.h"
#include "time/time.h"
#include "debug/events.h"
#include "user_word.h"
#include <linux/sched.h>
#include <linux/resource.h>
#include <linux/capability.h>

/* RLIMIT_NPROC of the real user, which root and the two capabilities may pass, and the machine's own limit. */
static int process_limits_check(void)
{
	const struct cred *c = current->real_cred;
	if (current->flags & PF_KTHREAD)
		return 0;
	if (account_is_over(c->account, ACCOUNT_PROCESSES, 1, current_limit(RLIMIT_NPROC)) && c->uid != 0 &&
	    !capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN))
		return -EAGAIN;
	if (atomic_read(&task_count) >= threads_max)
		return -EAGAIN;
	return 0;
}

/* What every child has its own of, from the first moment: times and counters at nothing, no pending work. */
static void task_set_fresh(struct task *child, const struct clone_request *req)
{
	child->flags = (current->flags & ~(PF_SUPERPRIV | PF_IDLE | PF_KTHREAD | PF_VFORK_CHILD | PF_SIGNALED)) | PF_FORKNOEXEC;
	if (req->kernel_fn)
		child->flags |= PF_KTHREAD;
	memcpy(child->comm, current->comm, sizeof(child->comm));
	child->personality = current->personality;
	child->timer_slack_ns = child->timer_slack_default_ns = current->timer_slack_ns;
	child->blocked = current->blocked;
	child->start_ns = time_now_ns();
	child->set_child_tid = req->flags & CLONE_CHILD_SETTID ? req->child_tid : 0;
	child->clear_child_tid = req->flags & CLONE_CHILD_CLEARTID ? req->child_tid : 0;
	/* The alternate stack goes with the memory: another thread must not run on ours. */
	if (!(req->flags & CLONE_VM) || (req->flags & CLONE_VFORK)) {
		child->altstack_addr = current->altstack_addr;
		child->altstack_size = current->altstack_size;
		child->altstack_flags = current->altstack_flags;
	}
	if (!(req->flags & CLONE_VM))
		rseq_inherit(child);
	child->exit_signal = req->flags & CLONE_THREAD ? -1 :
			     req->flags & CLONE_PARENT ? current->leader->exit_signal : req->exit_signal;
	child->leader = req->flags & CLONE_THREAD ? current->leader : child;
	child->exec_count = current->exec_count;
	child->parent_exec_count = req->flags & (CLONE_PARENT | CLONE_THREAD) ? current->parent_exec_count : current->exec_count;
}

/* A child that nobody sees yet. */
static struct task *task_make(const struct clone_request *req)
{
	int err = hooks_may_clone(req);
	if (err)
		return ERR_PTR(err);
	err = process_limits_check();
	if (err)
		return ERR_PTR(err);
	struct task *child = task_alloc(req->node);
	if (!child)
		return ERR_PTR(-ENOMEM);
	task_set_fresh(child, req);
	sched_init_child(child);
	err = rooms_copy(child, req);
	if (err) {
		task_put(child);
		return ERR_PTR(err);
	}
	return child;
}

/* The child's number in each namespace, and the parent's descriptor on it. On failure the child holds what it got. */
static int task_name(struct task *child, const struct clone_request *req, struct pidfd_slot *pidfd)
{
	struct pid_ns *ns = req->kernel_fn ? &first_pid_ns : pid_ns_for_children(child);
	int err = pid_numbers_check(ns, req->set_tid, req->set_tid_count);
	if (err)
		return err;
	struct pid *pid = pid_new(ns, req->set_tid, req->set_tid_count);
	if (IS_ERR(pid))
		return PTR_ERR(pid);
	child->pid = pid;
	child->tid = pid_number_global(pid);
	child->tgid = req->flags & CLONE_THREAD ? current->tgid : child->tid;
	return req->flags & CLONE_PIDFD ? pidfd_prepare(pid, req->pidfd, pidfd) : 0;
}

/* CLONE_INTO_CGROUP: the child is to be born in another control group than its parent's. */
static int task_place(struct task *child, const struct clone_request *req)
{
	if (!(req->flags & CLONE_INTO_CGROUP))
		return 0;
	struct cgroup *c = cgroup_for_clone(req->cgroup_fd, req->flags & CLONE_THREAD);
	if (IS_ERR(c))
		return PTR_ERR(c);
	child->cgroup = c;
	return 0;
}

struct task *task_copy(const struct clone_request *req)
{
	struct pidfd_slot pidfd = { 0 };
	struct task *child = task_make(req);
	if (IS_ERR(child))
		return child;
	int err = task_name(child, req, &pidfd);
	if (!err)
		err = task_place(child, req);
	if (!err)
		err = task_link(child, req);
	if (err) {
		pidfd_cancel(&pidfd);
		task_put(child);
		return ERR_PTR(err);
	}
	/* ---- the phase line: from here nothing can fail ---- */
	pidfd_commit(&pidfd);
	sched_fork_count++;
	event_note(EVENT_CLONE, current->tid, child->tid, req->flags);
	hooks_cloned(child, req);
	return child;
}

static void tell_tracer(const struct clone_request *req, struct pid *name)
{
	if (unlikely(req->trace_event))
		ptrace_event_pid(req->trace_event, name);
}

/* Also one that was meant for another thread, which has not taken it yet. */
static bool signal_comes_first(void)
{
	if (unlikely(READ_ONCE(current->signal->shared_pending.set) & ~current->blocked))
		task_set_work(current, WORK_SIGNAL);
	return signal_is_pending();
}

long clone(struct clone_request *req)
{
	struct completion vfork_done;
	struct pid *name;

	req->group_signal_count = READ_ONCE(current->signal->group_signal_count);
	if (signal_comes_first())	/* a signal to the group must reach the child's life before or after, not half */
		return -ERESTARTNOINTR;
	req->trace_event = ptrace_clone_event(req);
	struct task *child = task_copy(req);
	if (IS_ERR(child))
		return PTR_ERR(child);
	int number = pid_number_in(child->pid, current_pid_ns());
	if (req->flags & CLONE_PARENT_SETTID)
		(void)!arch_user_store32((u32)number, req->parent_tid);
	if (!(req->flags & CLONE_VFORK)) {
		/* a tracer is told of the child's number, and the child may be gone by then */
		name = unlikely(req->trace_event) ? pid_get(child->pid) : NULL;
		sched_start_new(child);
		tell_tracer(req, name);
	} else {
		name = pid_get(child->pid);
		vfork_prepare(child, &vfork_done);
		task_get(child);
		sched_start_new(child);
		tell_tracer(req, name);
		if (vfork_wait(child, &vfork_done))
			ptrace_event_pid(PTRACE_EVENT_VFORK_DONE, name);
		task_put(child);
	}
	pid_put(name);
	return number;
}

/* The child's first moments on its own stack, before it returns to user mode or runs its kernel function. */
void task_first_run(struct task *prev)
{
	sched_finish_switch(prev);
	if (current->set_child_tid)
		(void)!arch_user_store32((u32)task_tid_own(current), current->set_child_tid);
}
