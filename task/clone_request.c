/*
 * task/clone_request.c: the four ways to ask for a child (fork, vfork, clone, clone3) decoded into one request, and
 * every reason to refuse it, decided before anything changes.
 * Way in: the system calls below. Way out: clone() in clone.c.
 * Errors: EINVAL for flags that do not go together or are not offered; E2BIG, EFAULT for clone3's struct.
 * Source: clone(2), Linux 6.1's behaviour.
 */
#include "task/task.h"
#include "mm/page.h"
#include "namespace/user.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "arch/arch.h"
#include <linux/capability.h>
#include <linux/sched.h>

#define FLAGS_LEGACY 0xffffffffULL

/* What few ask for; all of it refused with one and the same error. */
#define FLAGS_RARE (CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWIPC | CLONE_NEWPID | CLONE_PARENT | CLONE_PIDFD)

static int check_rare(const struct clone_request *req, u64 f)
{
	if ((f & CLONE_FS) && (f & (CLONE_NEWNS | CLONE_NEWUSER)))
		return -EINVAL;
	/* An undo list is of one IPC namespace. Who may not make one at all learns that first. */
	if ((f & CLONE_NEWIPC) && (f & CLONE_SYSVSEM) &&
	    ((f & CLONE_NEWUSER) || ns_capable(current_cred()->user_ns, CAP_SYS_ADMIN)))
		return -EINVAL;
	/* The sibling of a pid namespace's init would be outside the tree that ends with it. */
	if ((f & CLONE_PARENT) && current->signal->is_unkillable)
		return -EINVAL;
	if ((f & CLONE_THREAD) && (f & (CLONE_NEWUSER | CLONE_NEWPID)))
		return -EINVAL;
	/* A pidfd is of a process; and its number and the child's cannot be written to one place, as clone's one argument
	 * for both would have it. */
	if ((f & CLONE_PIDFD) && (f & (CLONE_THREAD | CLONE_DETACHED)))
		return -EINVAL;
	if ((f & CLONE_PIDFD) && (f & CLONE_PARENT_SETTID) && req->pidfd == req->parent_tid)
		return -EINVAL;
	return 0;
}

int clone_request_check(struct clone_request *req)
{
	u64 f = req->flags;

	if ((f & CLONE_THREAD) && !(f & CLONE_SIGHAND))
		return -EINVAL;
	if ((f & CLONE_SIGHAND) && !(f & CLONE_VM))
		return -EINVAL;
	int err = f & FLAGS_RARE ? check_rare(req, f) : 0;
	if (err)
		return err;
	if ((f & CLONE_THREAD) && pid_ns_for_children(current) != current_pid_ns())
		return -EINVAL;
	/* whose memory reads one clock cannot run by another */
	if ((f & (CLONE_THREAD | CLONE_VM)) && current->ns->of[NS_TIME] != current->ns->of[NS_TIME_FOR_CHILDREN])
		return -EINVAL;
	return 0;
}

static long clone_checked(struct clone_request *req)
{
	int err = clone_request_check(req);
	return err ? err : clone(req);
}

long sys_fork(void)
{
	struct clone_request req = { .exit_signal = SIGCHLD, .node = NODE_ANY };
	return clone_checked(&req);
}

long sys_vfork(void)
{
	struct clone_request req = { .flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD, .node = NODE_ANY };
	return clone_checked(&req);
}

long sys_clone(unsigned long flags, unsigned long stack, uptr parent_tid, uptr child_tid, unsigned long tls)
{
	struct clone_request req = {
		/* The old CLONE_DETACHED is the one flag that is ignored, as Linux ignores it (but with CLONE_PIDFD). */
		.flags = flags & FLAGS_LEGACY & ~(u64)CSIGNAL,
		.exit_signal = flags & CSIGNAL,
		.stack = stack,
		.tls = tls,
		.parent_tid = parent_tid,
		.child_tid = child_tid,
		.pidfd = parent_tid,
		.node = NODE_ANY,
	};
	return clone_checked(&req);
}

/* The struct's own rules, which the flags' rules follow; fetches the chosen numbers. */
static int clone3_check(const struct clone_args *a, size_t size, int set_tid[PID_LEVELS_MAX])
{
	if (a->set_tid_size > PID_LEVELS_MAX || (!a->set_tid && a->set_tid_size) || (a->set_tid && !a->set_tid_size))
		return -EINVAL;
	if ((a->exit_signal & ~(u64)CSIGNAL) || a->exit_signal > SIGNALS)
		return -EINVAL;
	if ((a->flags & CLONE_INTO_CGROUP) && (a->cgroup > 0x7fffffff || size < CLONE_ARGS_SIZE_VER2))
		return -EINVAL;
	if (a->set_tid && copy_from_user(set_tid, a->set_tid, a->set_tid_size * sizeof(int)))
		return -EFAULT;
	if (a->flags & ~(FLAGS_LEGACY | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP))
		return -EINVAL;
	if (a->flags & (CLONE_DETACHED | (CSIGNAL & ~(u64)CLONE_NEWTIME)))
		return -EINVAL;
	if ((a->flags & CLONE_SIGHAND) && (a->flags & CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	if ((a->flags & (CLONE_THREAD | CLONE_PARENT)) && a->exit_signal)
		return -EINVAL;
	if (!a->stack != !a->stack_size)
		return -EINVAL;
	if (a->stack && !user_range_ok(a->stack, a->stack_size))
		return -EINVAL;
	return 0;
}

long sys_clone3(uptr args, size_t size)
{
	struct clone_args a;
	int set_tid[PID_LEVELS_MAX];
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	int err = copy_struct_from_user(&a, sizeof(a), args, size);
	if (err)
		return err;
	err = clone3_check(&a, size, set_tid);
	if (err)
		return err;
	struct clone_request req = {
		.flags = a.flags,
		.exit_signal = (int)a.exit_signal,
		.stack = a.stack ? a.stack + a.stack_size : 0,
		.tls = a.tls,
		.parent_tid = a.parent_tid,
		.child_tid = a.child_tid,
		.pidfd = a.pidfd,
		.set_tid = set_tid,
		.set_tid_count = (int)a.set_tid_size,
		.cgroup_fd = (int)a.cgroup,
		.node = NODE_ANY,
	};
	return clone_checked(&req);
}
