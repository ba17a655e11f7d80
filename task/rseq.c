/*
 * task/rseq.c: restartable sequences: a thread keeps, in memory it has registered, the number of the CPU it runs on, and
 * there names a stretch of its code that the kernel ends early (at its abort address) whenever the thread was taken off
 * the CPU in it, or a signal came.
 * Way in: rseq(2); the scheduler sets WORK_RSEQ when it takes a registered thread off a CPU; rseq_settle() on the way to
 * user mode; rseq_interrupt() before a signal's frame is built, so that the frame holds the abort address.
 * A thread that has registered nothing pays one test at each switch; one that has, a read of two words.
 * Locks: none, all is current's own. Errors of the call: EINVAL, EPERM (another signature), EBUSY (registered already),
 * EFAULT. Memory or a descriptor that cannot be right is SIGSEGV. Source: linux/rseq.h, Linux 6.1's behaviour.
 */
#include "task/task.h"
#include "arch/arch.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "user_word.h"
#include <linux/rseq.h>

_Static_assert(offsetof(struct rseq, cpu_id_start) == 0 && offsetof(struct rseq, cpu_id) == 4, "both numbers are one word");

static int read_section(struct rseq_cs *cs, uptr at)
{
	u32 signature;

	if (copy_from_user(cs, at, sizeof(*cs)))
		return -EFAULT;
	if (cs->start_ip >= USER_END || cs->start_ip + cs->post_commit_offset >= USER_END || cs->abort_ip >= USER_END ||
	    cs->version || cs->start_ip + cs->post_commit_offset < cs->start_ip)
		return -EINVAL;
	if (cs->abort_ip - cs->start_ip < cs->post_commit_offset)
		return -EINVAL;
	/* the word before the abort address shows that whoever named it meant it */
	if (get_user_u32(&signature, cs->abort_ip - sizeof(signature)))
		return -EFAULT;
	return signature == current->rseq_sig ? 0 : -EINVAL;
}

/* Ends the section that is named, if we are in it. */
static __noinline int end_section(struct regs *r, u64 section)
{
	struct rseq_cs cs;
	u32 flags;
	int err = read_section(&cs, section);

	if (err)
		return err;
	if (regs_ip(r) - cs.start_ip >= cs.post_commit_offset)
		return put_user_u64(0, current->rseq + offsetof(struct rseq, rseq_cs));
	if (get_user_u32(&flags, current->rseq + offsetof(struct rseq, flags)))
		return -EFAULT;
	if (cs.flags || flags)	/* sections that were not to be restarted: no more */
		return -EINVAL;
	err = put_user_u64(0, current->rseq + offsetof(struct rseq, rseq_cs));
	if (!err)
		regs_set_ip(r, cs.abort_ip);
	return err;
}

void rseq_interrupt(struct regs *r)
{
	u64 section;

	if (arch_user_load64(&section, current->rseq + offsetof(struct rseq, rseq_cs)) ||
	    (unlikely(section) && end_section(r, section)))
		signal_force(SIGSEGV, SI_KERNEL, 0);
}

static int settle(struct regs *r)
{
	u32 cpu = cpu_id();
	u64 section, ids, both = cpu | (u64)cpu << 32;

	if (arch_user_load64(&section, current->rseq + offsetof(struct rseq, rseq_cs)) ||
	    arch_user_load64(&ids, current->rseq))
		return -EFAULT;
	if (unlikely(section)) {
		int err = end_section(r, section);

		if (err)
			return err;
	}
	return likely(ids == both) ? 0 : arch_user_store64(both, current->rseq);
}

void rseq_settle(struct regs *r)
{
	if (READ_ONCE(current->work) & WORK_RSEQ)
		task_clear_work(current, WORK_RSEQ);	/* a switch from here on asks for it again */
	if (current->rseq && settle(r))
		signal_force(SIGSEGV, SI_KERNEL, 0);
}

void rseq_inherit(struct task *child)
{
	child->rseq = current->rseq;
	child->rseq_len = current->rseq_len;
	child->rseq_sig = current->rseq_sig;
	if (child->rseq)
		task_set_work(child, WORK_RSEQ);
}

void rseq_forget(struct task *t)
{
	t->rseq = t->rseq_len = t->rseq_sig = 0;
}

static long unregister(uptr rseq, unsigned len, int flags, unsigned sig)
{
	static const u32 ids[2] = { 0, (u32)RSEQ_CPU_ID_UNINITIALIZED };

	if ((flags & ~RSEQ_FLAG_UNREGISTER) || !rseq || current->rseq != rseq || len != current->rseq_len)
		return -EINVAL;
	if (current->rseq_sig != sig)
		return -EPERM;
	if (copy_to_user(rseq, ids, sizeof(ids)))
		return -EFAULT;
	rseq_forget(current);
	return 0;
}

long sys_rseq(uptr rseq, unsigned len, int flags, unsigned sig)
{
	if (flags & RSEQ_FLAG_UNREGISTER)
		return unregister(rseq, len, flags, sig);
	if (flags)
		return -EINVAL;
	if (current->rseq) {
		if (current->rseq != rseq || len != current->rseq_len)
			return -EINVAL;
		return current->rseq_sig != sig ? -EPERM : -EBUSY;
	}
	if (!IS_ALIGNED(rseq, _Alignof(struct rseq)) || len != sizeof(struct rseq))
		return -EINVAL;
	if (!user_range_ok(rseq, len))
		return -EFAULT;
	current->rseq = rseq;
	current->rseq_len = len;
	current->rseq_sig = sig;
	task_set_work(current, WORK_RSEQ);
	return 0;
}
