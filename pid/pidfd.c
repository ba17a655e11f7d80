/*
 * pid/pidfd.c: a process as a file descriptor: it names the process for good, even when the number has gone to another.
 * Way in: pidfd_open, clone with CLONE_PIDFD (pidfd_prepare before the phase line, pidfd_commit after it), pidfd_getfd;
 * pidfd_send_signal is in signal/kill.c, waitid's P_PIDFD in task/wait.c.
 * The file holds a reference on the pid, not on the task; pollers wait on pid->exit_wait, which task/exit.c wakes.
 * Locks: tasklist_lock for a look at the process. Errors: EBADF, EINVAL, ESRCH, EPERM, EMFILE, ENOMEM, EFAULT.
 * Source: pidfd_open(2), pidfd_getfd(2), clone(2), Linux 6.1.
 */
#include "pid/pidfd.h"
#include "fs/internal.h"
#include "fs/proc/proc.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/mm.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/eventpoll.h>
#include <linux/pidfd.h>

/* The whole thread group has ended; its leader may still be a zombie. */
static bool process_is_dead(struct pid *p)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct task *t = pid_first_task_locked(p, PID_TASK);
	bool is_dead = !t || (t->exit_state != EXIT_NONE && t->signal->threads == 1);

	spin_unlock_irqrestore(&tasklist_lock, flags);
	return is_dead;
}

static unsigned pidfd_poll(struct file *f, struct poll_table *pt)
{
	struct pid *p = f->private;

	poll_wait(f, &p->exit_wait, pt);
	return process_is_dead(p) ? EPOLLIN | EPOLLRDNORM : 0;
}

static void pidfd_release(struct file *f) { pid_put(f->private); }

static bool pid_has_task(struct pid *p, enum pid_type type)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	bool has = pid_first_task_locked(p, type) != NULL;

	spin_unlock_irqrestore(&tasklist_lock, flags);
	return has;
}

/* The number in ns, then those in the namespaces below; -1: reaped; 0: not to be seen. */
static void pidfd_show(struct file *f, const struct pid_ns *ns, char *buf, size_t size)
{
	struct pid *p = f->private;
	int number = pid_has_task(p, PID_TASK) ? pid_number_in(p, ns) : -1;
	size_t n = (size_t)snprintf(buf, size, "Pid:\t%d\nNSpid:\t%d", number, number);

	for (int i = ns->level + 1; number > 0 && i <= p->level && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "\t%d", p->numbers[i].number);
	if (n < size)
		snprintf(buf + n, size - n, "\n");
}

static const struct file_ops pidfd_fops = {
	.poll = pidfd_poll,
	.release = pidfd_release,
	.show_fdinfo = pidfd_show,
};

/* flags: O_NONBLOCK or nothing. ERR_PTR. */
static struct file *pidfd_file_new(struct pid *p, unsigned flags)
{
	struct file *f = file_anon("anon_inode:[pidfd]", FMODE_READ | FMODE_WRITE | FMODE_NONSEEK, O_RDWR | flags,
				   &pidfd_fops, p);
	if (!IS_ERR(f))
		pid_get(p);
	return f;
}

struct pid *pidfd_get_pid(int fd, unsigned *flags)
{
	struct file *f = fd_get(fd);
	struct pid *p = ERR_PTR(-EBADF);

	if (!f)
		return p;
	if (f->ops == &pidfd_fops) {
		p = pid_get(f->private);
		if (flags)
			*flags = f->flags;
	}
	file_put(f);
	return p;
}

struct task *pidfd_get_task(int fd)
{
	struct pid *p = pidfd_get_pid(fd, NULL);

	if (IS_ERR(p))
		return ERR_PTR(PTR_ERR(p));
	struct task *t = pid_get_task(p);
	pid_put(p);
	return t ? t : ERR_PTR(-ESRCH);
}

struct pid *pidfd_or_proc_get_pid(int fd)
{
	struct file *f = fd_get(fd);
	struct pid *p = NULL;

	if (!f)
		return ERR_PTR(-EBADF);
	if (f->ops == &pidfd_fops)
		p = pid_get(f->private);
	else if (f->inode && f->ops == &proc_dir_fops)
		p = pid_get(proc_process_of(f->inode));
	file_put(f);
	return p ? p : ERR_PTR(-EBADF);
}

/* -- clone -- */
int pidfd_prepare(struct pid *p, uptr where, struct pidfd_slot *s)
{
	int fd = fd_reserve(O_CLOEXEC);

	if (fd < 0)
		return fd;
	struct file *f = pidfd_file_new(p, 0);
	if (IS_ERR(f)) {
		fd_unreserve(fd);
		return PTR_ERR(f);
	}
	*s = (struct pidfd_slot){ fd, f };
	if (put_user_u32((u32)fd, where)) {
		pidfd_cancel(s);
		return -EFAULT;
	}
	return 0;
}

void pidfd_commit(struct pidfd_slot *s)
{
	if (s->file)
		fd_install(s->fd, s->file);
}

void pidfd_cancel(struct pidfd_slot *s)
{
	if (!s->file)
		return;
	fd_unreserve(s->fd);
	file_put(s->file);
	s->file = NULL;
}

/* -- calls -- */
/* Only a thread group's leader gives its process a name here. */
static long pidfd_new(struct pid *p, unsigned flags)
{
	if (!pid_has_task(p, PID_TGID))
		return -EINVAL;
	struct file *f = pidfd_file_new(p, flags);
	if (IS_ERR(f))
		return PTR_ERR(f);
	int fd = fd_install_new(f, O_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

long sys_pidfd_open(int number, unsigned flags)
{
	if ((flags & ~PIDFD_NONBLOCK) || number <= 0)
		return -EINVAL;
	struct pid *p = pid_find(number, current_pid_ns());
	if (!p)
		return -ESRCH;
	long fd = pidfd_new(p, flags);
	pid_put(p);
	return fd;
}

/* Descriptor fd of t, whose memory is mm: a reference, or ERR_PTR. */
static struct file *file_of(struct task *t, const struct mm *mm, int fd)
{
	int err = task_may_attach_to_mm(t, mm);
	if (err)
		return ERR_PTR(err);
	struct files *files = files_hold(t);
	struct file *f = files ? files_get_file(files, fd) : NULL;
	files_release(files);
	/* one that is dying has closed its files: that says nothing about the number */
	return f ? f : ERR_PTR(t->flags & PF_EXITING ? -ESRCH : -EBADF);
}

/* As above. If t has become another program meanwhile, the file may be one that the caller is not to have: then all is asked
 * once more. */
static struct file *foreign_file(struct task *t, int fd)
{
	for (;;) {
		struct mm *mm = task_get_mm(t);
		struct file *f = file_of(t, mm, fd);
		bool is_same = !mm || READ_ONCE(t->mm) == mm;

		if (mm)
			mm_put(mm);
		if (is_same || IS_ERR(f))
			return f;
		file_put(f);
	}
}

long sys_pidfd_getfd(int pidfd, int fd, unsigned flags)
{
	if (flags)
		return -EINVAL;
	struct task *t = pidfd_get_task(pidfd);
	if (IS_ERR(t))
		return PTR_ERR(t);
	struct file *f = foreign_file(t, fd);
	task_put(t);
	if (IS_ERR(f))
		return PTR_ERR(f);
	int new = fd_install_new(f, O_CLOEXEC);
	if (new < 0)
		file_put(f);
	return new;
}
