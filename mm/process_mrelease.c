/*
 * mm/process_mrelease.c: the memory of a process that is being killed, given back now by whoever killed it, not when the
 * process comes round to it.
 * Its private regions are unmapped: what of it still runs faults and meets its death; what the kernel writes for it on its
 * way out comes to nothing, as on exit. Shared memory is not its own and stays until the end.
 * Way in: process_mrelease(2). Locks: tasklist_lock and task->lock; then mm->lock for writing.
 * Errors: EINVAL (a flag; not being killed, or somebody who lives shares the memory), EBADF, ESRCH (the memory is gone),
 * EINTR, EAGAIN (no memory to take regions out with). Source: process_mrelease(2), Linux 6.1.
 */
#include "mm/oom.h"
#include "mm/region.h"
#include "pid/pid.h"
#include "pid/pidfd.h"
#include "syscall/define.h"
#include "task/task.h"

/* Nothing of the process runs on: it is killed, and writes no core file. Under tasklist_lock. */
static bool is_being_killed(const struct task *t)
{
	const struct signal *s = t->signal;

	if (READ_ONCE(s->core))
		return false;
	return READ_ONCE(s->is_group_exiting) || (s->threads == 1 && (t->flags & PF_EXITING));
}

/* All who have mm are being killed. Under tasklist_lock. */
static bool all_are_being_killed(const struct mm *mm)
{
	struct task *t;

	list_for_each(t, &all_processes, all_node) {
		if (t->signal && !(t->flags & PF_KTHREAD) && !is_being_killed(t) && oom_uses_mm(t, mm))
			return false;
	}
	return true;
}

/* The address space of t's process: a reference, if it may be taken apart. */
static struct mm *dying_mm(struct task *t)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct task *thread = t->signal ? oom_lock_thread_with_mm(t) : NULL;
	struct mm *mm = ERR_PTR(-ESRCH);

	if (thread) {
		mm = mm_get(thread->mm);
		spin_unlock(&thread->lock);
	}
	bool may = thread && all_are_being_killed(mm);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	if (!thread || may)
		return mm;
	mm_put(mm);
	return ERR_PTR(-EINVAL);
}

static int unmap_private(struct mm *mm)
{
	struct vma *v;
	uptr at = 0;
	int err = 0;

	if (rw_write_lock_killable(&mm->lock))
		return -EINTR;
	while (!err && (v = vma_find(&mm->vmas, at)) != NULL) {
		uptr start = v->start;

		at = v->end;
		if (!(v->flags & (VM_SHARED | VM_SPECIAL)))
			err = region_unmap(mm, start, at);
	}
	mm_write_unlock(mm);
	return err ? -EAGAIN : 0;
}

long sys_process_mrelease(int pidfd, unsigned flags)
{
	if (flags)
		return -EINVAL;
	struct task *t = pidfd_get_task(pidfd);
	if (IS_ERR(t))
		return PTR_ERR(t);
	struct mm *mm = dying_mm(t);
	task_put(t);
	if (IS_ERR(mm))
		return PTR_ERR(mm);
	int err = unmap_private(mm);
	mm_put(mm);
	return err;
}
