/*
 * task/kcmp.c: do two tasks hold the same room or the same open file? 0 the same, 1 less, 2 greater, in an order that means
 * nothing outside the kernel. An epoll's target is named by the descriptor it was added under and, among the files that
 * were added under that one, by its place.
 * Way in: kcmp. Locks: none; a room may go while its address is compared.
 * Errors: ESRCH, EPERM (not allowed to look into either), EINVAL, EBADF no such file, ENOENT not in the epoll, EFAULT.
 * Source: kcmp(2).
 */
#include "task/task.h"
#include "fs/vfs.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include <linux/kcmp.h>

/* The address of the file at descriptor fd of t; NULL: none. */
static const void *file_address(struct task *t, unsigned long fd)
{
	struct files *files = fd <= 0x7fffffff ? files_hold(t) : NULL;
	struct file *f = files ? files_get_file(files, (int)fd) : NULL;
	files_release(files);
	if (f)
		file_put(f);
	return f;
}

static int compare(const void *a, const void *b)
{
	return a == b ? 0 : (uptr)a < (uptr)b ? 1 : 2;
}

static int compare_files(const void *a, const void *b)
{
	return a && b ? compare(a, b) : -EBADF;
}

/* The file at fd of a with what an epoll of b watches. */
static int compare_epoll_target(struct task *a, struct task *b, unsigned long fd, uptr slot)
{
	struct kcmp_epoll_slot s;
	if (copy_from_user(&s, slot, sizeof(s)))
		return -EFAULT;
	const void *file = file_address(a, fd);
	struct files *files = file && s.efd <= 0x7fffffff ? files_hold(b) : NULL;
	struct file *epoll = files ? files_get_file(files, (int)s.efd) : NULL;
	files_release(files);
	if (!epoll)
		return -EBADF;
	const void *target = epoll_target(epoll, (int)s.tfd, s.toff);
	file_put(epoll);
	return IS_ERR(target) ? (int)PTR_ERR(target) : compare(file, target);
}

static int compare_tasks(struct task *a, struct task *b, int type, unsigned long idx1, unsigned long idx2)
{
	switch (type) {
	case KCMP_FILE:
		return compare_files(file_address(a, idx1), file_address(b, idx2));
	case KCMP_VM:
		return compare(a->mm, b->mm);
	case KCMP_FILES:
		return compare(a->files, b->files);
	case KCMP_FS:
		return compare(a->fs, b->fs);
	case KCMP_SIGHAND:
		return compare(a->sighand, b->sighand);
	case KCMP_IO:
		return compare(a->io, b->io);
	case KCMP_SYSVSEM:
		return compare(a->semundo, b->semundo);
	case KCMP_EPOLL_TFD:
		return compare_epoll_target(a, b, idx1, idx2);
	default:
		return -EINVAL;
	}
}

long sys_kcmp(int pid1, int pid2, int type, unsigned long idx1, unsigned long idx2)
{
	struct task *a = task_find(pid1), *b = task_find(pid2);
	long result = -ESRCH;
	if (a && b && (task_may_look(a, ATTACH_BY_REAL_IDS) || task_may_look(b, ATTACH_BY_REAL_IDS)))
		result = -EPERM;
	else if (a && b)
		result = compare_tasks(a, b, type, idx1, idx2);
	task_put(a);
	task_put(b);
	return result;
}
