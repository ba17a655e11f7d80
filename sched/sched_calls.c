/*
 * sched/sched_calls.c: sched_*(2): policies, priorities, affinity.
 * SCHED_DEADLINE is not offered: EINVAL, as on a kernel without that class. Utilization clamps: EOPNOTSUPP.
 * Locks: none beyond those of sched/core.c; a task is held by reference. Errors: EINVAL, ESRCH, EPERM, EFAULT, E2BIG.
 * Source: sched(7), sched_setscheduler(2), sched_setattr(2), sched_setaffinity(2), sched_rr_get_interval(2).
 */
#include "sched/runqueue.h"
#include "sched/calls.h"
#include "syscall/define.h"
#include "namespace/user.h"
#include "mm/user_access.h"
#include "base/string.h"
#include <linux/capability.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/sched/types.h>

#define KEEP_POLICY (-1)
#define ATTR_FLAGS_KNOWN (SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_RECLAIM | SCHED_FLAG_DL_OVERRUN |                    \
			  SCHED_FLAG_KEEP_ALL | SCHED_FLAG_UTIL_CLAMP_MIN | SCHED_FLAG_UTIL_CLAMP_MAX)
#define RT_PRIORITY_MAX 99

struct request {
	int policy, nice, rt_priority;	/* policy KEEP_POLICY: as it is */
	bool reset_on_fork;
	u64 flags;
};

/* A reference, or NULL. 0: current. */
struct task *sched_target(int number)
{
	return number ? task_find(number) : task_get(current);
}

static bool policy_exists(int policy)
{
	return policy == SCHED_NORMAL || policy == SCHED_FIFO || policy == SCHED_RR || policy == SCHED_BATCH ||
	       policy == SCHED_IDLE;
}

bool sched_may_nice(struct task *t, int nice)
{
	return (u64)(20 - nice) <= task_limit(t, RLIMIT_NICE) || capable(CAP_SYS_NICE);
}

/* Does current's effective user own t? */
static bool is_same_owner(struct task *t)
{
	const struct cred *c = current_cred(), *target;
	unsigned long flags = spin_lock_irqsave(&t->lock);
	bool is;

	target = t->real_cred;
	is = c->euid == target->euid || c->euid == target->uid;
	spin_unlock_irqrestore(&t->lock, flags);
	return is;
}

/* May current change t so without CAP_SYS_NICE? */
static bool is_allowed(struct task *t, const struct request *r)
{
	u64 rt_limit = task_limit(t, RLIMIT_RTPRIO);

	if (policy_is_rt(r->policy)) {
		if (r->policy != t->sched.policy && !rt_limit)
			return false;
		if (r->rt_priority > t->sched.rt_priority && (u64)r->rt_priority > rt_limit)
			return false;
	} else if (r->nice < t->sched.nice && (u64)(20 - r->nice) > task_limit(t, RLIMIT_NICE)) {
		return false;
	}
	if (t->sched.policy == SCHED_IDLE && r->policy != SCHED_IDLE &&
	    (u64)(20 - t->sched.nice) > task_limit(t, RLIMIT_NICE))
		return false;
	return is_same_owner(t) && (!t->sched.reset_on_fork || r->reset_on_fork);
}

static int apply(struct task *t, struct request *r)
{
	if (r->policy == KEEP_POLICY) {
		r->policy = t->sched.policy;
		r->reset_on_fork = t->sched.reset_on_fork;
	} else if (!policy_exists(r->policy)) {
		return -EINVAL;
	}
	if (r->policy != SCHED_NORMAL && r->policy != SCHED_BATCH)
		r->nice = t->sched.nice;	/* they do not use it, and do not change it */
	if (r->flags & ~(u64)ATTR_FLAGS_KNOWN)
		return -EINVAL;
	if (r->rt_priority < 0 || r->rt_priority > RT_PRIORITY_MAX || policy_is_rt(r->policy) != (r->rt_priority != 0))
		return -EINVAL;
	if (!is_allowed(t, r) && !capable(CAP_SYS_NICE))
		return -EPERM;
	if (r->flags & SCHED_FLAG_UTIL_CLAMP)
		return -EOPNOTSUPP;
	if (r->flags & SCHED_FLAG_KEEP_PARAMS) {	/* then the policy stays too */
		sched_set_policy(t, t->sched.policy, t->sched.nice, t->sched.rt_priority, r->reset_on_fork);
		return 0;
	}
	sched_set_policy(t, r->policy, r->nice, r->rt_priority, r->reset_on_fork);
	if (policy_is_rt(r->policy))	/* its timers are exact */
		WRITE_ONCE(t->timer_slack_ns, 0);
	else if (!t->timer_slack_ns)
		WRITE_ONCE(t->timer_slack_ns, t->timer_slack_default_ns);
	return 0;
}

/* The old calls know no nice value: it stays. */
static long set_with_param(int number, int policy, uptr param)
{
	struct request r = { .policy = policy };
	struct task *t;
	long err;

	if (!param || number < 0)
		return -EINVAL;
	if (get_user_u32((u32 *)&r.rt_priority, param))
		return -EFAULT;
	t = sched_target(number);
	if (!t)
		return -ESRCH;
	if (policy != KEEP_POLICY && (policy & SCHED_RESET_ON_FORK)) {
		r.reset_on_fork = true;
		r.policy &= ~SCHED_RESET_ON_FORK;
	}
	r.nice = t->sched.nice;
	err = apply(t, &r);
	task_put(t);
	return err;
}

long sys_sched_setscheduler(int number, int policy, uptr param)
{
	return policy < 0 ? -EINVAL : set_with_param(number, policy, param);
}

long sys_sched_setparam(int number, uptr param)
{
	return set_with_param(number, KEEP_POLICY, param);
}

long sys_sched_getscheduler(int number)
{
	struct task *t;
	long result;

	if (number < 0)
		return -EINVAL;
	t = sched_target(number);
	if (!t)
		return -ESRCH;
	result = t->sched.policy | (t->sched.reset_on_fork ? SCHED_RESET_ON_FORK : 0);
	task_put(t);
	return result;
}

long sys_sched_getparam(int number, uptr param)
{
	struct task *t;
	u32 priority;

	if (!param || number < 0)
		return -EINVAL;
	t = sched_target(number);
	if (!t)
		return -ESRCH;
	priority = (u32)t->sched.rt_priority;
	task_put(t);
	return put_user_u32(priority, param);
}

static long priority_bound(int policy, int rt)
{
	return policy_is_rt(policy) ? rt : policy_exists(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

long sys_sched_get_priority_max(int policy) { return priority_bound(policy, RT_PRIORITY_MAX); }
long sys_sched_get_priority_min(int policy) { return priority_bound(policy, 1); }

long sys_sched_rr_get_interval(int number, uptr interval)
{
	struct task *t;
	u64 ns;

	if (number < 0)
		return -EINVAL;
	t = sched_target(number);
	if (!t)
		return -ESRCH;
	ns = t->sched.policy == SCHED_RR ? RR_SLICE_NS : t->sched.policy == SCHED_FIFO ? 0 : FAIR_SLICE_NS;
	task_put(t);
	return put_timespec_ns(ns, interval);
}

long sys_sched_yield(void)
{
	sched_yield_current();
	return 0;
}

/* -- affinity: masks of one word, as there are at most CPUS_MAX CPUs -- */

static u64 cpus_possible(void) { return ~0UL >> (64 - CPUS_MAX); }
static u64 cpus_active(void) { return ~0UL >> (64 - cpus_online); }

long sys_sched_setaffinity(int number, unsigned len, uptr mask)
{
	u64 wanted = 0;
	struct task *t;
	long err = 0;

	if (copy_from_user(&wanted, mask, MIN(len, (unsigned)sizeof(wanted))))
		return -EFAULT;
	t = sched_target(number);
	if (!t)
		return -ESRCH;
	if (!is_same_owner(t) && !task_is_under(t, CAP_SYS_NICE))
		err = -EPERM;
	else if ((t->flags & PF_KTHREAD) || !(wanted & cpus_active()))
		err = -EINVAL;
	else
		sched_set_affinity(t, wanted & cpus_possible());
	task_put(t);
	return err;
}

long sys_sched_getaffinity(int number, unsigned len, uptr mask)
{
	struct task *t;
	u64 now;

	if ((u64)len * 8 < cpus_online || (len & (sizeof(long) - 1)))
		return -EINVAL;
	t = sched_target(number);
	if (!t)
		return -ESRCH;
	now = t->sched.affinity & cpus_active();
	task_put(t);
	len = MIN(len, (unsigned)sizeof(now));
	return copy_to_user(mask, &now, len) ? -EFAULT : (long)len;
}

/* -- sched_setattr, sched_getattr -- */

static int get_attr(struct sched_attr *a, uptr addr)
{
	u32 size;
	int err;

	if (get_user_u32(&size, addr))
		return -EFAULT;
	if (!size)
		size = SCHED_ATTR_SIZE_VER0;
	if (size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
		goto bad_size;
	err = copy_struct_from_user(a, sizeof(*a), addr, size);
	if (err == -E2BIG)
		goto bad_size;
	if (err)
		return err;
	if ((a->sched_flags & SCHED_FLAG_UTIL_CLAMP) && size < SCHED_ATTR_SIZE_VER1)
		return -EINVAL;
	a->sched_nice = MIN(MAX(a->sched_nice, -20), 19);
	return 0;
bad_size:	/* says which size we know */
	return put_user_u32(sizeof(*a), addr) ? -EFAULT : -E2BIG;
}

long sys_sched_setattr(int number, uptr attr, unsigned flags)
{
	struct sched_attr a;
	struct request r;
	struct task *t;
	long err;

	if (!attr || number < 0 || flags)
		return -EINVAL;
	err = get_attr(&a, attr);
	if (err)
		return err;
	if ((int)a.sched_policy < 0)
		return -EINVAL;
	t = sched_target(number);
	if (!t)
		return -ESRCH;
	r = (struct request){ .policy = (int)a.sched_policy, .nice = a.sched_nice, .rt_priority = (int)a.sched_priority,
			      .reset_on_fork = a.sched_flags & SCHED_FLAG_RESET_ON_FORK, .flags = a.sched_flags };
	if (a.sched_flags & SCHED_FLAG_KEEP_POLICY)
		r.policy = KEEP_POLICY;
	/* what the task's own class uses is kept; the other is as given */
	if ((a.sched_flags & SCHED_FLAG_KEEP_PARAMS) && policy_is_rt(t->sched.policy))
		r.rt_priority = t->sched.rt_priority;
	else if (a.sched_flags & SCHED_FLAG_KEEP_PARAMS)
		r.nice = t->sched.nice;
	err = apply(t, &r);
	task_put(t);
	return err;
}

long sys_sched_getattr(int number, uptr attr, unsigned size, unsigned flags)
{
	struct sched_attr a = { 0 };
	struct task *t;

	if (!attr || number < 0 || size > PAGE_SIZE || size < SCHED_ATTR_SIZE_VER0 || flags)
		return -EINVAL;
	t = sched_target(number);
	if (!t)
		return -ESRCH;
	a.size = MIN(size, (unsigned)sizeof(a));
	a.sched_policy = (u32)t->sched.policy;
	a.sched_flags = t->sched.reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0;
	if (policy_is_rt(t->sched.policy))
		a.sched_priority = (u32)t->sched.rt_priority;
	else
		a.sched_nice = t->sched.nice;
	task_put(t);
	return copy_to_user(attr, &a, a.size);
}
