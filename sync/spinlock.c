/*
 * sync/spinlock.c: the slow path of a spinlock: another CPU has it. Reads until the lock looks free, then tries, so
 * that the waiting CPUs share the cache line quietly; with interrupts on it naps in HLT after many looks. A lock that never
 * comes free is taken for a deadlock.
 * How often and how long CPUs waited is counted by rank, for /proc/furca/locks, for sleeping locks too.
 */
#include "sync/spinlock.h"
#include "base/printk.h"
#include "arch/arch.h"
#include "time/time.h"

#define DEADLOCK_SPINS 2000000000UL
#define NAP_SPINS 1000	/* looks between two naps */
#define NAP_NS (100 * NSEC_PER_USEC)

/* Of the locks that have been waited for; one without a name shows its number. */
static const char *const names[LOCK_RANKS] = {
	[RANK_FILE_POS] = "file-pos",
	[RANK_EXEC] = "exec",
	[RANK_SYSV] = "sysv",
	[RANK_EPOLL_MUTEX] = "epoll-mutex",
	[RANK_USER_NS] = "user-ns",
	[RANK_RENAME] = "rename",
	[RANK_INODE] = "inode",
	[RANK_PIPE] = "pipe",
	[RANK_SOCKET] = "socket",
	[RANK_TTY] = "tty",
	[RANK_MM_FAMILY] = "mm-family",
	[RANK_MM] = "mm",
	[RANK_MAPPING] = "mapping",
	[RANK_MOUNT] = "mount",
	[RANK_IPC] = "ipc",
	[RANK_CGROUP] = "cgroup",
	[RANK_FUTEX] = "futex",
	[RANK_FILE_LOCKS] = "file-locks",
	[RANK_UNIX] = "unix",
	[RANK_UNIX_QUEUE] = "unix-queue",
	[RANK_SECCOMP] = "seccomp",
	[RANK_EPOLL] = "epoll",
	[RANK_PAGETABLE] = "pagetable",
	[RANK_TASKLIST] = "tasklist",
	[RANK_SIGHAND] = "sighand",
	[RANK_FILES] = "files",
	[RANK_DENTRY] = "dentry",
	[RANK_TTY_CTRL] = "tty-ctrl",
	[RANK_TIMER_USER] = "timer-user",
	[RANK_NOTIFY] = "notify",
	[RANK_TASK] = "task",
	[RANK_WAITQUEUE] = "waitqueue",
	[RANK_FS] = "fs",
	[RANK_RUNQUEUE] = "runqueue",
	[RANK_TIMER] = "timer",
	[RANK_PID] = "pid",
	[RANK_MAPPING_PAGES] = "mapping-pages",
	[RANK_VMA_LIST] = "vma-list",
	[RANK_TLB] = "tlb",
	[RANK_KSTACK] = "kstack",
	[RANK_KMAP] = "kmap",
	[RANK_RINGS] = "rings",
	[RANK_SLAB] = "slab",
	[RANK_BUDDY] = "buddy",
	[RANK_DRIVER] = "driver",
	[RANK_RANDOM] = "random",
	[RANK_CONSOLE] = "console",
	[RANK_LOG] = "log",
};
static struct lock_waits waits[LOCK_RANKS];	/* atomic */

void lock_waits_read(unsigned rank, struct lock_waits *w)
{
	w->name = names[rank];
	w->waits = __atomic_load_n(&waits[rank].waits, __ATOMIC_RELAXED);
	w->spins = __atomic_load_n(&waits[rank].spins, __ATOMIC_RELAXED);
	w->ns = __atomic_load_n(&waits[rank].ns, __ATOMIC_RELAXED);
}

void lock_wait_count(unsigned rank, u64 spins, u64 begin_ns)
{
	__atomic_fetch_add(&waits[rank].waits, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&waits[rank].spins, spins, __ATOMIC_RELAXED);
	__atomic_fetch_add(&waits[rank].ns, arch_clock_ns() - begin_ns, __ATOMIC_RELAXED);
}

/* Where CPUs are threads of a host, a lock that stays taken for long has a holder that does not run, or waits for a CPU that
 * does not: the host's CPU is left to that one for a moment. */
static void nap(const struct spinlock *l)
{
	timer_wake_cpu(NAP_NS);
	arch_irq_disable();
	if (READ_ONCE(l->locked))
		arch_halt();
	else
		arch_irq_enable();
}

void spin_lock_slow(struct spinlock *l)
{
	u64 begin_ns = arch_clock_ns();
	unsigned long spins = 0;

	do {
		while (READ_ONCE(l->locked)) {
			if (unlikely(++spins % NAP_SPINS == 0) && arch_irqs_are_on())
				nap(l);
			else
				arch_relax();
			if (spins == DEADLOCK_SPINS)
				panic("spinlock %p (rank %u): no progress", (void *)l, l->rank);
		}
	} while (__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE));
	lock_wait_count(l->rank, spins, begin_ns);
}
