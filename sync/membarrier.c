/*
 * sync/membarrier.c: membarrier(2): a full barrier on every CPU that runs a thread of the caller's process, or on all CPUs,
 * so that the other threads' fast paths need none.
 * Each of those CPUs takes an interrupt and says so (mm/tlb.c); an interrupt and the return from it are a barrier, also for
 * the stream of instructions (SYNC_CORE). A CPU that comes to the process later loads its tables, which is one too.
 * Locks: none here. Errors: EINVAL; EPERM: the process has not registered. Source: membarrier(2), Linux 6.1.
 * Differences from Linux: the RSEQ commands are not offered (QUERY does not show them; EINVAL).
 */
#include "mm/mm.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/membarrier.h>

#define REGISTERS (MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |              \
		   MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE)
#define COMMANDS (MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED |         \
		  MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE | REGISTERS)

static long barrier_private(struct mm *mm, u32 registration)
{
	if (!(__atomic_load_n(&mm->membarrier_registered, __ATOMIC_RELAXED) & registration))
		return -EPERM;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	tlb_interrupt_cpus(__atomic_load_n(&mm->cpus_loaded, __ATOMIC_RELAXED));
	return 0;
}

long sys_membarrier(int cmd, unsigned flags, int cpu)
{
	struct mm *mm = current->mm;

	if (flags)
		return -EINVAL;
	switch (cmd) {
	case MEMBARRIER_CMD_QUERY:
		return COMMANDS;
	case MEMBARRIER_CMD_GLOBAL:
	case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
		tlb_interrupt_cpus(~0UL);
		return 0;
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
		return barrier_private(mm, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
		return barrier_private(mm, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE);
	case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
		__atomic_fetch_or(&mm->membarrier_registered, (u32)cmd, __ATOMIC_RELAXED);
		return 0;
	default:
		return -EINVAL;
	}
}
