/*
 * ptrace/request.c: ptrace(2): finds the tracee, makes sure that it is stopped and stays so, and does what the tracer asks.
 * Locks: tasklist_lock and the tracee's sighand->lock to look; then none: a frozen tracee (JOB_FROZEN) that is off its CPU
 * belongs to its tracer.
 * Errors: ESRCH (not our tracee, or not stopped), EIO (no such request, no such signal), and those of each request.
 * Source: ptrace(2). Differences from Linux: requests for 32-bit segments, PTRACE_SINGLEBLOCK and reading seccomp filters
 * are refused (EIO, EINVAL).
 */
#include "ptrace/internal.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include <asm/ptrace-abi.h>
#include <linux/capability.h>
#include <linux/elf.h>

/* -- whose, and where -- */

/* Under its sighand->lock: it is in a ptrace-stop, and nothing will wake it until unfreeze(). */
static bool freeze_locked(struct task *t)
{
	if (!(t->state & TASK_TRACED) || (t->jobctl & JOB_LISTENING) || sig_in(t->pending.set, SIGKILL))
		return false;
	t->jobctl |= JOB_FROZEN;
	return true;
}

/* is_any_state: the request does not mind what t is doing. 0 or -ESRCH. */
static int check_tracee(struct task *t, bool is_any_state)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	int err = -ESRCH;

	if (t->ptrace && t->parent == current) {
		spin_lock(&t->sighand->lock);
		if (is_any_state || freeze_locked(t))
			err = 0;
		spin_unlock(&t->sighand->lock);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	if (!err && !is_any_state)
		sched_wait_off_cpu(t);
	return err;
}

/* A SIGKILL that came meanwhile takes effect now. */
static void unfreeze(struct task *t)
{
	unsigned long flags;
	struct sighand *s = sighand_lock(t, &flags);

	if (!s)
		return;
	if ((t->state & TASK_TRACED) && (t->jobctl & JOB_FROZEN)) {
		t->jobctl &= ~(u32)JOB_FROZEN;
		if (sig_in(t->pending.set, SIGKILL))
			signal_wake_locked(t, true);
	}
	sighand_unlock(s, flags);
}

/* -- going on -- */

static int resume(struct task *t, long request, u64 sig)
{
	bool is_step = request == PTRACE_SINGLESTEP || request == PTRACE_SYSEMU_SINGLESTEP;
	unsigned long flags;
	u32 mode = 0;

	if (sig > SIGNALS)
		return -EIO;
	if (request == PTRACE_SYSCALL)
		mode |= RUN_TO_SYSCALL;
	if (request == PTRACE_SYSEMU || request == PTRACE_SYSEMU_SINGLESTEP)
		mode |= RUN_EMULATED;
	if (is_step) {
		mode |= RUN_STEPPED;
		arch_step_enable(t);
	} else {
		arch_step_disable(t);
	}
	ptrace_set_mode(t, mode);
	/* under the lock: wait must not take the signal for another report */
	flags = spin_lock_irqsave(&t->sighand->lock);
	t->exit_code = (int)sig;
	sched_wake(t, TASK_TRACED);
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	return 0;
}

/* -- seized tracees -- */

static int interrupt(struct task *t)
{
	unsigned long flags;
	struct sighand *s = t->ptrace & PT_SEIZED ? sighand_lock(t, &flags) : NULL;

	if (!s)
		return -EIO;
	/* one that is in a stop comes to this one when it goes on; but one that listens has nothing better to do */
	if (job_set_pending_locked(t, JOB_TRAP_STOP))
		ptrace_wake_locked(t, t->jobctl & JOB_LISTENING);
	sighand_unlock(s, flags);
	return 0;
}

/* The stop stays, but is no longer reported: the next change of the group's stop is. */
static int listen(struct task *t)
{
	unsigned long flags;
	struct sighand *s = t->ptrace & PT_SEIZED ? sighand_lock(t, &flags) : NULL;
	int err = -EIO;

	if (!s)
		return err;
	if (t->stop_info && t->stop_info->si_code >> 8 == PTRACE_EVENT_STOP) {
		err = 0;
		t->jobctl |= JOB_LISTENING;
		if (t->jobctl & JOB_TRAP_NOTIFY)	/* it has changed already */
			ptrace_wake_locked(t, true);
	}
	sighand_unlock(s, flags);
	return err;
}

/* -- small requests -- */

static int set_options(struct task *t, u64 options)
{
	unsigned long flags;
	int err = ptrace_options_check(options);

	if (err)
		return err;
	flags = spin_lock_irqsave(&t->sighand->lock);
	t->ptrace = (t->ptrace & (PT_TRACED | PT_SEIZED)) | PT_OPTION(options);
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	return 0;
}

static int kill_tracee(struct task *t)
{
	struct signal_info info;

	signal_fill_sender(&info, SIGKILL, SI_USER);
	(void)signal_send_task(SIGKILL, &info, t);
	return 0;
}

static long get_rseq(struct task *t, size_t size, uptr data)
{
	struct ptrace_rseq_configuration c = { .rseq_abi_pointer = t->rseq, .rseq_abi_size = t->rseq_len,
					       .signature = t->rseq_sig };

	return copy_to_user(data, &c, MIN(size, sizeof(c))) ? -EFAULT : (long)sizeof(c);
}

static long peek_user(struct task *t, uptr addr, uptr data)
{
	u64 word;
	long err = arch_user_word_get(t, addr, &word);

	return err ? err : put_user_u64(word, data);
}

/* -- the requests, of a task that is ours and (but for KILL and INTERRUPT) stopped -- */

static long request_registers(struct task *t, long request, uptr addr, uptr data)
{
	switch (request) {
	case PTRACE_PEEKUSR: return peek_user(t, addr, data);
	case PTRACE_POKEUSR: return arch_user_word_set(t, addr, data);
	case PTRACE_GETREGS: return ptrace_regset_all(t, NT_PRSTATUS, data, false);
	case PTRACE_SETREGS: return ptrace_regset_all(t, NT_PRSTATUS, data, true);
	case PTRACE_GETFPREGS: return ptrace_regset_all(t, NT_PRFPREG, data, false);
	case PTRACE_SETFPREGS: return ptrace_regset_all(t, NT_PRFPREG, data, true);
	case PTRACE_GETREGSET: return ptrace_regset(t, addr, data, false);
	case PTRACE_SETREGSET: return ptrace_regset(t, addr, data, true);
	case PTRACE_ARCH_PRCTL: return arch_ptrace_prctl(t, (int)data, addr);
	default: return -EIO;
	}
}

static long request_state(struct task *t, long request, uptr addr, uptr data)
{
	switch (request) {
	case PTRACE_PEEKTEXT:
	case PTRACE_PEEKDATA: return ptrace_peek(t, addr, data);
	case PTRACE_POKETEXT:
	case PTRACE_POKEDATA: return ptrace_poke(t, addr, data);
	case PTRACE_OLDSETOPTIONS:
	case PTRACE_SETOPTIONS: return set_options(t, data);
	case PTRACE_GETEVENTMSG: return put_user_u64(t->ptrace_message, data);
	case PTRACE_PEEKSIGINFO: return ptrace_peek_siginfo(t, addr, data);
	case PTRACE_GETSIGINFO: return ptrace_get_siginfo(t, data);
	case PTRACE_SETSIGINFO: return ptrace_set_siginfo(t, data);
	case PTRACE_GETSIGMASK: return ptrace_get_sigmask(t, addr, data);
	case PTRACE_SETSIGMASK: return ptrace_set_sigmask(t, addr, data);
	case PTRACE_GET_SYSCALL_INFO: return ptrace_get_syscall_info(t, addr, data);
	case PTRACE_GET_RSEQ_CONFIGURATION: return get_rseq(t, addr, data);
	case PTRACE_SECCOMP_GET_FILTER: return seccomp_read_filter(t, addr, data);
	case PTRACE_SECCOMP_GET_METADATA: return seccomp_read_metadata(t, addr, data);
	default: return request_registers(t, request, addr, data);
	}
}

static long request_do(struct task *t, long request, uptr addr, uptr data)
{
	switch (request) {
	case PTRACE_INTERRUPT: return interrupt(t);
	case PTRACE_LISTEN: return listen(t);
	case PTRACE_KILL: return kill_tracee(t);
	case PTRACE_DETACH: return ptrace_detach(t, data);
	case PTRACE_CONT:
	case PTRACE_SYSCALL:
	case PTRACE_SINGLESTEP:
	case PTRACE_SYSEMU:
	case PTRACE_SYSEMU_SINGLESTEP: return resume(t, request, data);
	default: return request_state(t, request, addr, data);
	}
}

long sys_ptrace(long request, long pid, unsigned long addr, unsigned long data)
{
	struct task *t;
	long result;

	if (request == PTRACE_TRACEME)
		return ptrace_traceme();
	t = task_find((int)pid);
	if (!t)
		return -ESRCH;
	if (request == PTRACE_ATTACH || request == PTRACE_SEIZE) {
		result = ptrace_attach(t, request == PTRACE_SEIZE, addr, data);
	} else {
		result = check_tracee(t, request == PTRACE_KILL || request == PTRACE_INTERRUPT);
		if (!result) {
			result = request_do(t, request, addr, data);
			unfreeze(t);
		}
	}
	task_put(t);
	return result;
}
