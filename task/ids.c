/*
 * task/ids.c: who am I: getpid (the thread group's number), gettid (the task's own), getppid; set_tid_address, kcmp,
 * personality, getcpu. Source: getpid(2), gettid(2), kcmp(2), personality(2).
 */
#include "task/task.h"
#include "mm/mm.h"
#include "mm/user_access.h"
#include "fs/vfs.h"
#include "syscall/define.h"
#include "arch/arch.h"
#include <linux/kcmp.h>

long sys_getpid(void) { return task_tgid_seen(current); }
long sys_gettid(void) { return task_tid_seen(current); }

long sys_getppid(void)
{
	/* a parent may die while we look: a reparenting changes the pointer under tasklist_lock */
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct task *p = current->real_parent;
	long number = p && p->signal ? task_tgid_seen(p) : 0;
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return number;
}

long sys_set_tid_address(uptr addr)
{
	current->clear_child_tid = addr;
	return task_tid_seen(current);
}

long sys_getcpu(uptr cpu, uptr node, uptr unused)
{
	if (cpu && put_user_u32(cpu_id(), cpu))
		return -EFAULT;
	return node ? put_user_u32(0, node) : 0;
}

long sys_personality(unsigned persona)
{
	unsigned was = (unsigned)current->personality;
	if (persona != 0xffffffff)
		current->personality = (int)persona;
	return was;
}

static const void *kcmp_object(struct task *t, int type, unsigned long index)
{
	switch (type) {
	case KCMP_VM:
		return t->mm;
	case KCMP_FILES:
		return t->files;
	case KCMP_FS:
		return t->fs;
	case KCMP_SIGHAND:
		return t->sighand;
	case KCMP_IO:
		return t->io;
	case KCMP_SYSVSEM:
		return t->semundo;
	case KCMP_FILE: {
		struct files *f = files_hold(t);
		struct file *file = f ? files_get_file(f, (int)index) : NULL;
		files_release(f);
		if (file)
			file_put(file);	/* only the address is compared */
		return file;
	}
	default:
		return NULL;
	}
}

long sys_kcmp(int pid1, int pid2, int type, unsigned long idx1, unsigned long idx2)
{
	if (type < 0 || type >= KCMP_TYPES || type == KCMP_EPOLL_TFD)
		return -EINVAL;
	struct task *a = task_find(pid1), *b = task_find(pid2);
	long result = -ESRCH;
	if (a && b) {
		unsigned long x = (unsigned long)kcmp_object(a, type, idx1), y = (unsigned long)kcmp_object(b, type, idx2);
		if (type == KCMP_FILE && (!x || !y))
			result = -EBADF;
		else
			result = x == y ? 0 : x < y ? 1 : 2;
	}
	task_put(a);
	task_put(b);
	return result;
}
