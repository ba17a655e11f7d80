/*
 * sync/spinlock.c: the slow path of a spinlock: another CPU has it. Reads until the lock looks free, then tries, so
 * that the waiting CPUs share the cache line quietly. A lock that never comes free is taken for a deadlock.
 * How often and how long CPUs waited is counted by rank, for /proc/furca/locks, for sleeping locks too.
 */
#include "sync/spinlock.h"
#include "base/printk.h"

#define DEADLOCK_SPINS 2000000000UL

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
}

void lock_wait_count(unsigned rank, u64 spins)
{
	__atomic_fetch_add(&waits[rank].waits, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&waits[rank].spins, spins, __ATOMIC_RELAXED);
}

void spin_lock_slow(struct spinlock *l)
{
	unsigned long spins = 0;

	do {
		while (READ_ONCE(l->locked)) {
			arch_relax();
			if (++spins == DEADLOCK_SPINS)
				panic("spinlock %p (rank %u): no progress", (void *)l, l->rank);
		}
	} while (__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE));
	lock_wait_count(l->rank, spins);
}
