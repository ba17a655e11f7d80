/*
 * task/ids.c: who am I: getpid (the thread group's number), gettid (the task's own), getppid; set_tid_address,
 * personality, getcpu. Source: getpid(2), gettid(2), personality(2).
 */
#include "task/task.h"
#include "mm/mm.h"
#include "mm/user_access.h"
#include "fs/vfs.h"
#include "syscall/define.h"
#include "arch/arch.h"

long sys_getpid(void) { return task_tgid_own(current); }
long sys_gettid(void) { return task_tid_own(current); }

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
	return task_tid_own(current);
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
