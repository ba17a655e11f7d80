/*
 * ptrace/syscall.c: system calls of a traced task: the stops before and after each, the trap after one that is stepped
 * over, and what PTRACE_GET_SYSCALL_INFO says in them.
 * Way in: entry/syscall.c, for a task with WORK_SYSCALL_TRACE. Locks: stop.c's. Source: ptrace(2), "Syscall-stops".
 */
#include "ptrace/internal.h"
#include "arch/arch.h"
#include "base/string.h"
#include "elf_arch.h"
#include "mm/user_access.h"

#define SYSGOOD_BIT 0x80

/* False: the task is being killed. */
static bool report(u64 message)
{
	u64 how = current->ptrace;
	int sig;

	if (!how)
		return true;
	sig = ptrace_notify(SIGTRAP | (how & PT_OPTION(PTRACE_O_TRACESYSGOOD) ? SYSGOOD_BIT : 0), message);
	/* a tracer that goes on with a signal sends it; one that dies has left the code of the stop */
	if (sig > 0 && sig <= SIGNALS)
		(void)signal_send_task(sig, NULL, current);
	return !fatal_signal_is_pending();
}

bool ptrace_syscall_enter(void)
{
	u32 mode = current->ptrace_mode;

	if (!(mode & (RUN_TO_SYSCALL | RUN_EMULATED)))
		return true;
	return report(PTRACE_EVENTMSG_SYSCALL_ENTRY) && !(mode & RUN_EMULATED);
}

void ptrace_syscall_leave(void)
{
	u32 mode = current->ptrace_mode;

	if ((mode & RUN_STEPPED) && !(mode & RUN_EMULATED))
		signal_force(SIGTRAP, TRAP_BRKPT, regs_ip(task_regs(current)));
	else if (mode & RUN_TO_SYSCALL)
		(void)report(PTRACE_EVENTMSG_SYSCALL_EXIT);
}

/* -- PTRACE_GET_SYSCALL_INFO -- */

static void describe_call(__u64 *nr, __u64 args[6], const struct regs *r)
{
	*nr = (__u64)(s64)(int)regs_syscall(r);
	for (int i = 0; i < 6; i++)
		args[i] = regs_arg(r, i);
}

static size_t describe_end(struct ptrace_syscall_info *info, const struct regs *r)
{
	info->op = PTRACE_SYSCALL_INFO_EXIT;
	info->exit.rval = regs_result(r);
	info->exit.is_error = (u64)regs_result(r) >= (u64)-4095L;
	return offsetof(struct ptrace_syscall_info, exit.is_error) + sizeof(info->exit.is_error);
}

/* Fills the part that this stop has; its end. */
static size_t describe_stop(struct ptrace_syscall_info *info, struct task *t, const struct regs *r)
{
	int code = t->stop_info ? t->stop_info->si_code : 0;

	if (code == (SIGTRAP | SYSGOOD_BIT) && t->ptrace_message == PTRACE_EVENTMSG_SYSCALL_ENTRY) {
		info->op = PTRACE_SYSCALL_INFO_ENTRY;
		describe_call(&info->entry.nr, info->entry.args, r);
		return offsetof(struct ptrace_syscall_info, entry) + sizeof(info->entry);
	}
	if (code == (SIGTRAP | SYSGOOD_BIT) && t->ptrace_message == PTRACE_EVENTMSG_SYSCALL_EXIT)
		return describe_end(info, r);
	if (code == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8)) {
		info->op = PTRACE_SYSCALL_INFO_SECCOMP;
		describe_call(&info->seccomp.nr, info->seccomp.args, r);
		info->seccomp.ret_data = (u32)t->ptrace_message;
		return offsetof(struct ptrace_syscall_info, seccomp.ret_data) + sizeof(info->seccomp.ret_data);
	}
	return offsetof(struct ptrace_syscall_info, entry);
}

long ptrace_get_syscall_info(struct task *t, size_t size, uptr data)
{
	const struct regs *r = task_regs(t);
	struct ptrace_syscall_info info;
	size_t n;

	memset(&info, 0, sizeof(info));
	info.op = PTRACE_SYSCALL_INFO_NONE;
	info.arch = ELF_ARCH_AUDIT;
	info.instruction_pointer = regs_ip(r);
	info.stack_pointer = regs_sp(r);
	n = describe_stop(&info, t, r);
	return copy_to_user(data, &info, MIN(n, size)) ? -EFAULT : (long)n;
}
