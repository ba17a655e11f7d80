/*
 * sync/lock_order.h: the one list of locks, in taking order. A task that holds a lock may take only locks further
 * down this list (same rank only where the comment says so). Debug builds check it at every spin_lock() and
 * mutex_lock().
 */
#ifndef SYNC_LOCK_ORDER_H
#define SYNC_LOCK_ORDER_H
enum lock_rank {
	RANK_NONE,		/* not checked */
	/* sleeping locks */
	RANK_FILE_POS,		/* file->pos_lock: held over a whole read, write or getdents */
	RANK_EXEC,		/* signal->exec_lock: one exec, ptrace attach or cred change of a thread group */
	RANK_SYSV,		/* ipc/: all System V objects of one kind in one namespace */
	RANK_EPOLL_MUTEX,	/* fs/epoll.c: one epoll's items; several: outer before inner */
	RANK_USER_NS,		/* the writing of id maps */
	RANK_RENAME,		/* one cross-directory rename at a time */
	RANK_INODE,		/* inode->lock: directory contents, file size; several: parent first, then address */
	RANK_PIPE,		/* pipe->lock; two: lower address first */
	RANK_SOCKET,		/* socket->read_lock: one receiver at a time */
	RANK_TTY,		/* tty->lock: line discipline */
	RANK_CENSUS,		/* mm/census.c: one count of who maps which frame, while its result is read */
	RANK_MM_FAMILY,		/* mm_family->lock: the members; held over truncation's walk, by fork and teardown */
	RANK_MM,		/* mm->lock (rwlock): regions; faults read, mmap and fork write; two: child first */
	RANK_MAPPING,		/* mapping->lock: a file's page cache, read-in and truncation */
	RANK_MOUNT,		/* mount tree; also under mm->lock, to say a mapped file's path */
	RANK_IPC,
	RANK_CGROUP,		/* cgroup_mutex: the tree of control groups and its settings */
	/* spinlocks */
	RANK_FUTEX,		/* futex bucket; two: lower address first */
	RANK_FILE_LOCKS,	/* fs/locks.c: all flock and POSIX locks */
	RANK_UNIX,		/* net/unix.c: how all AF_UNIX sockets hang together; wakes pollers */
	RANK_UNIX_QUEUE,	/* unix_socket->lock: what waits at one socket; wakes pollers */
	RANK_DEVICES,		/* cgroup/device.c: all programs that judge the use of devices */
	RANK_SECCOMP,		/* one filter's notifications; wakes pollers */
	RANK_EPOLL,
	RANK_PAGETABLE,		/* mm->pt_lock: every table that this mm alone owns; two (fork): parent first */
	RANK_TASKLIST,		/* tasklist_lock: the tree of tasks, groups, sessions */
	RANK_SIGHAND,		/* sighand->lock: signal state of a thread group */
	RANK_FILES,		/* files->lock: descriptor table handle */
	RANK_DENTRY,
	RANK_TTY_CTRL,		/* tty->ctrl_lock: session and foreground group of a terminal */
	RANK_TIMER_USER,	/* POSIX timers, itimers */
	RANK_NOTIFY,		/* fs/notify.c: all watches and events */
	RANK_TASK,		/* task->lock: comm, small fields read by others */
	RANK_WAITQUEUE,		/* waitqueue->lock, and the inner lock of mutexes */
	RANK_FS,		/* fs->lock: root, cwd, umask */
	RANK_RUNQUEUE,		/* runqueue->lock; two: the second is only tried */
	RANK_TIMER,		/* per-CPU timer queue */
	RANK_PID,		/* pid maps */
	RANK_MAPPING_PAGES,	/* the page index of one mapping */
	RANK_VMA_LIST,		/* a mapping's list of address spaces that map it */
	RANK_TLB,		/* one flush of other CPUs at a time (mm/tlb.c) */
	RANK_KSTACK,		/* lists of kernel stacks */
	RANK_KMAP,		/* kernel page tables (kernel stacks, devices): allocates */
	RANK_RINGS,		/* a virtio driver's queues: memory is taken and given back under it */
	RANK_SLAB,
	RANK_BUDDY,
	RANK_DRIVER,		/* a device's registers and rings */
	RANK_RANDOM,		/* the random generator's key */
	RANK_CONSOLE,
	RANK_LOG,
};
#endif
