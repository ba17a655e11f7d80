/*
 * syscall/table.c: number to function. The table itself is made from syscalls.tbl (tools/gen_syscalls.sh).
 * Way in: entry/syscall.c with the six argument registers. A number without a function: -ENOSYS, named once in the log.
 */
#include "syscall/define.h"
#include "base/printk.h"
#include "task/task.h"
#include "arch/arch.h"

void syscall_note_missing(unsigned nr)
{
	static u64 seen[16];
	if (nr < 64 * ARRAY_SIZE(seen)) {
		u64 bit = BIT(nr % 64);
		if (__atomic_fetch_or(&seen[nr / 64], bit, __ATOMIC_RELAXED) & bit)
			return;
	}
	log_write(LOG_NOTICE, "%s[%d]: system call %d does not exist: ENOSYS\n", current->comm, current->tid, (int)nr);
}

long syscall_none(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	syscall_note_missing((unsigned)regs_syscall(task_regs(current)));
	return -ENOSYS;
}

#pragma clang diagnostic ignored "-Wunused-parameter"
#include "syscall_table.h"

const unsigned syscall_count = SYSCALL_COUNT;
