/*
 * seccomp/enter.c: the verdict on one system call, and what follows from it.
 * Way in: entry/syscall.c, for a task with WORK_SECCOMP, after a tracer's entry stop. Way out: go on, or the call is not
 * made and the registers hold its result; a task that is killed does not come back.
 * All filters of the chain are asked; the verdict that restricts most counts, the newest filter's among equals.
 * Locks: none. Source: seccomp(2).
 */
#include "seccomp/internal.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "base/printk.h"
#include "base/string.h"
#include "elf_arch.h"
#include "ptrace/ptrace.h"
#include <asm/unistd.h>
#include <linux/seccomp.h>

#define ERRNO_MAX 4095

static void describe_call(struct seccomp_data *d, const struct regs *r)
{
	d->nr = (int)regs_syscall(r);
	d->arch = ELF_ARCH_AUDIT;
	d->instruction_pointer = regs_ip(r);
	for (int i = 0; i < 6; i++)
		d->args[i] = regs_arg(r, i);
}

/* Actions are ordered as signed numbers: the smaller restricts more. */
static s32 action_rank(u32 verdict) { return (s32)(verdict & SECCOMP_RET_ACTION_FULL); }

static u32 judge(struct seccomp_filter *f, const struct seccomp_data *d, struct seccomp_filter **by)
{
	u32 verdict = SECCOMP_RET_ALLOW;

	for (; f; f = f->older) {
		u32 v = bpf_run(&f->program, (const u32 *)d);

		if (action_rank(v) < action_rank(verdict)) {
			verdict = v;
			*by = f;
		}
	}
	return verdict;
}

/* As the audit of Linux writes it. */
static void log_verdict(const struct seccomp_data *d, int sig, u32 action)
{
	if (!action_is_logged(action))
		return;
	log_write(LOG_NOTICE, "seccomp: %s[%d]: sig=%d arch=%x syscall=%d ip=%#lx code=%#x\n", current->comm, current->tid, sig,
		  d->arch, d->nr, (unsigned long)d->instruction_pointer, action);
}

static struct signal_info signal_info(const struct seccomp_data *d, u32 reason)
{
	struct signal_info info;

	memset(&info, 0, sizeof(info));
	info.si_signo = SIGSYS;
	info.si_code = SYS_SECCOMP;
	info.si_errno = (int)reason;
	info.si_call_addr = (void *)d->instruction_pointer;
	info.si_syscall = d->nr;
	info.si_arch = d->arch;
	return info;
}

/* The registers as they were before the call, for the handler or the core. */
static void take_back(struct regs *r) { regs_set_result(r, regs_syscall(r)); }

static void kill_current(struct regs *r, const struct seccomp_data *d, u32 verdict)
{
	u32 action = verdict & SECCOMP_RET_ACTION_FULL;
	struct signal_info info = signal_info(d, verdict & SECCOMP_RET_DATA);

	current->seccomp.mode = SECCOMP_DEAD;
	log_verdict(d, SIGSYS, action);
	if (action == SECCOMP_RET_KILL_THREAD && atomic_read(&current->signal->live) > 1)
		task_exit(SIGSYS);
	take_back(r);
	signal_force_death(&info);
}

static bool enter_filtered(struct regs *r, bool is_asked_before);

/* A tracer that asked for it decides; it may have changed the call, which is then judged again. */
static bool ask_tracer(struct regs *r, u32 reason, bool is_asked_before)
{
	if (is_asked_before)
		return true;
	if (!ptrace_wants(PTRACE_EVENT_SECCOMP)) {
		regs_set_result(r, -ENOSYS);
		return false;
	}
	ptrace_event(PTRACE_EVENT_SECCOMP, reason);
	if (fatal_signal_is_pending() || (int)regs_syscall(r) < 0)
		return false;
	return enter_filtered(r, true);
}

static bool act(struct regs *r, const struct seccomp_data *d, u32 verdict, struct seccomp_filter *by, bool is_asked_before)
{
	u32 data = verdict & SECCOMP_RET_DATA;
	struct signal_info info;

	switch (verdict & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
		return true;
	case SECCOMP_RET_LOG:
		log_verdict(d, 0, SECCOMP_RET_LOG);
		return true;
	case SECCOMP_RET_ERRNO:
		regs_set_result(r, -(long)MIN(data, (u32)ERRNO_MAX));
		break;
	case SECCOMP_RET_TRAP:
		take_back(r);
		info = signal_info(d, data);
		signal_force_info(&info);
		break;
	case SECCOMP_RET_TRACE:
		return ask_tracer(r, data, is_asked_before);
	case SECCOMP_RET_USER_NOTIF:
		if (notify_listener(by, d, r))
			return true;
		break;
	default:
		kill_current(r, d, verdict);
		return false;
	}
	if (by->is_logged)
		log_verdict(d, 0, verdict & SECCOMP_RET_ACTION_FULL);
	return false;
}

/* is_asked_before: a tracer has just had its say, and is not asked again. */
static bool enter_filtered(struct regs *r, bool is_asked_before)
{
	struct seccomp_data d;
	struct seccomp_filter *by = NULL;
	u32 verdict;

	describe_call(&d, r);
	verdict = judge(READ_ONCE(current->seccomp.newest), &d, &by);
	return likely(verdict == SECCOMP_RET_ALLOW) || act(r, &d, verdict, by, is_asked_before);
}

static void enter_strict(struct regs *r)
{
	switch ((int)regs_syscall(r)) {
	case __NR_read: case __NR_write: case __NR_exit: case __NR_rt_sigreturn:
		return;
	default:
		current->seccomp.mode = SECCOMP_DEAD;
		task_exit(SIGKILL);
	}
}

bool seccomp_enter(struct regs *r)
{
	if (unlikely(current->ptrace & PT_SUSPEND_SECCOMP))
		return true;
	switch (current->seccomp.mode) {
	case SECCOMP_MODE_FILTER:
		return enter_filtered(r, false);
	case SECCOMP_MODE_STRICT:
		enter_strict(r);
		return true;
	case SECCOMP_MODE_DISABLED:	/* the bit came before the mode could be seen */
		return true;
	default:
		task_exit(SIGKILL);
	}
}
