/*
 * namespace/time_ns.c: time namespaces: worlds whose monotonic and boot-time clocks are ahead of the kernel's, or behind, so
 * that programs can be moved from one machine to another. The kernel itself counts in its own time; a time is translated
 * where a program is told one or sets one.
 * A new namespace is for the caller's children: whoever is born goes in, and from then on its offsets stay. The clock page that
 * the vDSO reads is the kernel's own, so in all but the first a page takes its place that says: ask the kernel.
 * Way in: CLONE_NEWTIME, setns, fork (time_ns_fork), exec (which page is mapped). Locks: offsets_lock.
 * Errors: ENOSPC, ENOMEM; EUSERS of setns with other threads; of the offsets EPERM, ERANGE, EACCES.
 * Source: time_namespaces(7).
 */
#include "namespace/time_ns.h"
#include "namespace/user.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "task/internal.h"
#include "time/clocks.h"
#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/time.h>

#define SECONDS_MAX ((s64)(TIME_NS_MAX / NSEC_PER_SEC))

SLAB_CACHE(time_ns_cache, struct time_ns);

static struct mutex offsets_lock = MUTEX_INIT(offsets_lock, RANK_USER_NS);

static struct ns *time_ns_copy(struct ns *from, const struct ns_request *req);
static void time_ns_destroy(struct ns *ns);
static int time_ns_enter(struct ns_entry *e, struct ns *ns);
static const struct ns_ops time_ns_ops = {
	.name = "time", .flag = CLONE_NEWTIME, .copy = time_ns_copy, .destroy = time_ns_destroy, .enter = time_ns_enter,
};

struct time_ns first_time_ns = {
	.ns = { .count = REFCOUNT_INIT(1), .inode = 0xeffffffa, .ops = &time_ns_ops, .owner = &first_user_ns },
	.is_frozen = true,
};

/* -- life -- */
static struct ns *time_ns_copy(struct ns *from, const struct ns_request *req)
{
	struct time_ns *ns = slab_zalloc(&time_ns_cache), *old = time_ns_from(from);

	if (!ns)
		return ERR_PTR(-ENOMEM);
	int err = ns_init(&ns->ns, &time_ns_ops, req->owner);
	if (err) {
		slab_free(&time_ns_cache, ns);
		return ERR_PTR(err);
	}
	mutex_lock(&offsets_lock);
	ns->monotonic_ns = old->monotonic_ns;
	ns->boottime_ns = old->boottime_ns;
	mutex_unlock(&offsets_lock);
	return &ns->ns;
}

static void time_ns_destroy(struct ns *ns)
{
	ns_uninit(ns);
	slab_free(&time_ns_cache, time_ns_from(ns));
}

/* -- clocks -- */
static s64 offset_of(int clock)
{
	const struct time_ns *ns = time_ns_from(current->ns->of[NS_TIME]);

	switch (clock) {
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
		return ns->monotonic_ns;
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		return ns->boottime_ns;
	}
	return 0;
}

u64 time_ns_show(int clock, u64 ns) { return ns + (u64)offset_of(clock); }

u64 time_ns_take(int clock, u64 ns)
{
	s64 offset = offset_of(clock);

	if (!offset)
		return ns;
	if ((s64)ns <= offset)
		return 1;
	return MIN(ns - (u64)offset, TIME_NS_MAX);
}

/* -- entering -- */
/* The memory that is to run in ns must not read the kernel's clock. */
static int arrive(struct time_ns *ns, struct mm *mm)
{
	mutex_lock(&offsets_lock);
	ns->is_frozen = true;
	mutex_unlock(&offsets_lock);
	if (!mm || !arch_vdso.code_pages)
		return 0;
	return mm_replace_special(mm, "[vvar]", ns == &first_time_ns ? arch_vdso.pfns[0] : arch_vdso.ask_pfn);
}

int time_ns_fork(struct task *child)
{
	struct ns *to = child->ns->of[NS_TIME_FOR_CHILDREN];

	if (likely(child->ns->of[NS_TIME] == to))
		return 0;
	if (child->ns == current->ns) {
		struct namespaces *set = namespaces_clone(child->ns);
		if (!set)
			return -ENOMEM;
		task_set_namespaces(child, set);
	}
	struct ns *from = child->ns->of[NS_TIME];
	child->ns->of[NS_TIME] = ns_get(to);
	ns_put(from);
	return arrive(time_ns_from(to), child->mm);
}

/* Even if another kind refuses later, memory that asks the kernel for the time gets the right one. */
static int time_ns_enter(struct ns_entry *e, struct ns *ns)
{
	if (current->signal->threads > 1 || task_mm_is_shared())
		return -EUSERS;
	int err = ns_may_enter(e, ns);
	if (!err && arch_vdso.code_pages)
		err = mm_replace_special(current->mm, "[vvar]", arch_vdso.ask_pfn);
	if (!err)
		err = arrive(time_ns_from(ns), NULL);
	if (err)
		return err;
	ns_entry_set(e, NS_TIME, ns);
	ns_entry_set(e, NS_TIME_FOR_CHILDREN, ns);
	return 0;
}

/* -- /proc/PID/timens_offsets -- */
static int check(const struct timens_offset *o)
{
	if (o->seconds > SECONDS_MAX || o->seconds < -SECONDS_MAX)
		return -ERANGE;
	s64 now = (s64)time_now_ns(), sum_ns = now % (s64)NSEC_PER_SEC + (s64)o->ns;
	s64 seconds = now / (s64)NSEC_PER_SEC + o->seconds + sum_ns / (s64)NSEC_PER_SEC;
	return seconds < 0 || seconds > SECONDS_MAX / 2 ? -ERANGE : 0;
}

int time_ns_set_offsets(struct time_ns *ns, const struct cred *opener, const struct timens_offset *o, int n)
{
	if (!cred_ns_capable(opener, ns->ns.owner, CAP_SYS_TIME))
		return -EPERM;
	for (int i = 0; i < n; i++) {
		int err = check(&o[i]);
		if (err)
			return err;
	}
	mutex_lock(&offsets_lock);
	int err = ns->is_frozen ? -EACCES : 0;
	for (int i = 0; i < n && !err; i++) {
		s64 *which = o[i].clock == CLOCK_MONOTONIC ? &ns->monotonic_ns : &ns->boottime_ns;
		*which = o[i].seconds * (s64)NSEC_PER_SEC + (s64)o[i].ns;
	}
	mutex_unlock(&offsets_lock);
	return err;
}
