/*
 * mm/process_madvise.c: advice about another process's memory, by a descriptor of that process.
 * Way in: process_madvise(2). Locks: as mm/madvise.c, which does it.
 * Errors: as the man page; ESRCH when the process is gone, EPERM without CAP_SYS_NICE. Source: process_madvise(2), Linux 6.1.
 */
#include "mm/mm.h"
#include "fs/iter.h"
#include "namespace/user.h"
#include "pid/pid.h"
#include "pid/pidfd.h"
#include "task/task.h"
#include "syscall/define.h"
#include <linux/capability.h>
#include <linux/mman.h>

/* The address space of the process behind a descriptor: a reference, if the caller may give advice about it. */
static struct mm *advised_mm(int pidfd, int advice)
{
	struct task *t = pidfd_get_task(pidfd);

	if (IS_ERR(t))
		return ERR_PTR(PTR_ERR(t));
	struct mm *mm = ERR_PTR(-EINVAL);
	if (advice == MADV_COLD || advice == MADV_PAGEOUT || advice == MADV_WILLNEED)
		mm = task_may_look(t, ATTACH_BY_FS_IDS) ? ERR_PTR(-EACCES) : task_get_mm(t);
	task_put(t);
	if (!mm)
		return ERR_PTR(-ESRCH);
	if (IS_ERR(mm) || capable(CAP_SYS_NICE))
		return mm;
	mm_put(mm);
	return ERR_PTR(-EPERM);
}

/* As many bytes as there was advice about; an error only if that is none. */
long sys_process_madvise(int pidfd, uptr iov, unsigned long count, int advice, unsigned flags)
{
	struct piece fast[PIECES_ON_STACK], *pieces;
	size_t total, done = 0;

	if (flags)
		return -EINVAL;
	int err = pieces_from_user(iov, (long)count, fast, &pieces, &total);
	if (err)
		return err;
	struct mm *mm = advised_mm(pidfd, advice);
	if (IS_ERR(mm))
		err = PTR_ERR(mm);
	for (unsigned long i = 0; i < count && !err; i++) {
		err = mm_advise(mm, pieces[i].base, pieces[i].len, advice);
		done += err ? 0 : pieces[i].len;
	}
	if (!IS_ERR(mm))
		mm_put(mm);
	pieces_free(pieces, fast);
	return done ? (long)done : err;
}
