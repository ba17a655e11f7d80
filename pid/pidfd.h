/*
 * pid/pidfd.h: a process as a file descriptor.
 */
#ifndef PID_PIDFD_H
#define PID_PIDFD_H
#include "base/types.h"

struct pid;
struct task;
struct file;

/* The process behind descriptor fd: a reference, and its open flags in *flags (which may be NULL). ERR_PTR(-EBADF). */
struct pid *pidfd_get_pid(int fd, unsigned *flags);
/* Its task: a reference, or ERR_PTR: -EBADF, -ESRCH: it has been waited for. */
struct task *pidfd_get_task(int fd);
/* As the first; a folder /proc/PID will do too (pidfd_send_signal). */
struct pid *pidfd_or_proc_get_pid(int fd);

/* What CLONE_PIDFD promises the parent: a reserved descriptor and the file that is to go behind it. */
struct pidfd_slot {
	int fd;
	struct file *file;	/* reference; NULL: none was asked for */
};
/* Reserves a descriptor for p and writes its number to the user's address. 0, -EMFILE, -ENOMEM, -EFAULT; nothing is
 * held then. */
int __must_check pidfd_prepare(struct pid *p, uptr where, struct pidfd_slot *s);
void pidfd_commit(struct pidfd_slot *s);	/* past the phase line: the descriptor opens */
void pidfd_cancel(struct pidfd_slot *s);	/* the child came to nothing */
#endif
