/*
 * syscall/table.c: number to function. The table itself is made from syscalls.tbl (tools/gen_syscalls.sh).
 * Way in: entry/syscall.c with the six argument registers. A number without a function: -ENOSYS, named once in the log.
 */
#include "syscall/define.h"
#include "base/printk.h"
#include "task/task.h"

long syscall_none(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	return -ENOSYS;
}

#pragma clang diagnostic ignored "-Wunused-parameter"
#include "syscall_table.h"

const unsigned syscall_count = SYSCALL_COUNT;
