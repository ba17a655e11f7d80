/*
 * fs/signalfd.c: pending signals as a file: a read takes those of a set off the reader's own queues, like sigwaitinfo.
 * Whose signals a read gives is the reader's affair, not the opener's: a child that inherits the descriptor sees its own.
 * So waiters queue by their own thread group, on one of a few queues that live for ever (a watch by epoll may outlast the
 * group); groups that share one wake each other for nothing.
 * Way in: signalfd4, and signalfd_notify from the sender. Locks: sighand->lock for the pending sets; the queues' own.
 * Errors: EINVAL (size, flags, not a signalfd), EBADF, EFAULT, EAGAIN, ERESTARTSYS, ENOMEM. Source: signalfd(2), Linux 6.1.
 */
#include "fs/internal.h"
#include "fs/signalfd.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "signal/signal.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/eventpoll.h>
#include <linux/signalfd.h>

struct signalfd { u64 set; };	/* one atomic word */

SLAB_CACHE(signalfd_cache, struct signalfd);
struct waitqueue signalfd_queues[SIGNALFD_QUEUES];
static const struct file_ops signalfd_fops;

void signalfd_init(void)
{
	for (int i = 0; i < SIGNALFD_QUEUES; i++)
		waitqueue_init(&signalfd_queues[i]);
}

/* All of them: an exclusive one may be another group's. */
void signalfd_notify(struct task *t) { wake_up_n(signalfd_queue(t->signal), 1 << 30, EPOLLIN); }

static bool has_signal(const struct signalfd *s)
{
	struct task *t = current;
	unsigned long flags = spin_lock_irqsave(&t->sighand->lock);
	bool has = (t->pending.set | t->signal->shared_pending.set) & READ_ONCE(s->set);

	spin_unlock_irqrestore(&t->sighand->lock, flags);
	return has;
}

/* Which fields of the siginfo the sender has set, by number and code. */
enum info_kind { INFO_KILL, INFO_TIMER, INFO_POLL, INFO_FAULT, INFO_CHILD, INFO_QUEUED, INFO_SYSCALL };
static enum info_kind info_kind(const struct signal_info *info)
{
	if (info->si_code == SI_TIMER)
		return INFO_TIMER;
	if (info->si_code == SI_SIGIO)
		return INFO_POLL;
	if (info->si_code <= SI_USER || info->si_code >= SI_KERNEL)
		return info->si_code < 0 ? INFO_QUEUED : INFO_KILL;
	switch (info->si_signo) {
	case SIGILL: case SIGFPE: case SIGSEGV: case SIGBUS: case SIGTRAP:
		return INFO_FAULT;
	case SIGCHLD:
		return INFO_CHILD;
	case SIGSYS:
		return INFO_SYSCALL;
	default:
		return info->si_code <= NSIGPOLL ? INFO_POLL : INFO_KILL;
	}
}

static void fill(struct signalfd_siginfo *to, const struct signal_info *info)
{
	memset(to, 0, sizeof(*to));
	to->ssi_signo = (u32)info->si_signo;
	to->ssi_errno = info->si_errno;
	to->ssi_code = info->si_code;
	switch (info_kind(info)) {
	case INFO_TIMER:
		to->ssi_tid = (u32)info->si_tid;
		to->ssi_overrun = (u32)info->si_overrun;
		to->ssi_ptr = (u64)info->si_ptr;
		to->ssi_int = info->si_int;
		break;
	case INFO_POLL:
		to->ssi_band = (u32)info->si_band;
		to->ssi_fd = info->si_fd;
		break;
	case INFO_FAULT:
		to->ssi_addr = (u64)info->si_addr;
		if (info->si_signo == SIGBUS && (info->si_code == BUS_MCEERR_AR || info->si_code == BUS_MCEERR_AO))
			to->ssi_addr_lsb = (u16)info->si_addr_lsb;
		break;
	case INFO_CHILD:
		to->ssi_pid = (u32)info->si_pid;
		to->ssi_uid = info->si_uid;
		to->ssi_status = info->si_status;
		to->ssi_utime = (u64)info->si_utime;
		to->ssi_stime = (u64)info->si_stime;
		break;
	case INFO_QUEUED:
		to->ssi_ptr = (u64)info->si_ptr;
		to->ssi_int = info->si_int;
		to->ssi_pid = (u32)info->si_pid;
		to->ssi_uid = info->si_uid;
		break;
	case INFO_SYSCALL:
		to->ssi_call_addr = (u64)info->si_call_addr;
		to->ssi_syscall = info->si_syscall;
		to->ssi_arch = info->si_arch;
		break;
	case INFO_KILL:
		to->ssi_pid = (u32)info->si_pid;
		to->ssi_uid = info->si_uid;
		break;
	}
}

/* Takes one signal; waits for it only if may_wait. Its number, -EAGAIN, or -ERESTARTSYS. */
static int take(struct file *f, bool may_wait, struct signal_info *info)
{
	struct signalfd *s = f->private;
	int sig;

	while (!(sig = signal_dequeue(READ_ONCE(s->set), info))) {
		if (!may_wait)
			return -EAGAIN;
		int err = wait_event_interruptible(signalfd_queue(current->signal), has_signal(s));
		if (err)
			return err;
	}
	return sig;
}

/* As many as are there and fit; only for the first is waited. */
static ssize_t signalfd_read(struct file *f, uptr buf, size_t size, loff *pos)
{
	struct signalfd_siginfo out;
	struct signal_info info;
	ssize_t done = 0;

	if (size < sizeof(out))
		return -EINVAL;
	for (; size - (size_t)done >= sizeof(out); done += (ssize_t)sizeof(out)) {
		int sig = take(f, !done && !(f->flags & O_NONBLOCK), &info);
		if (sig < 0)
			return done ? done : sig;
		fill(&out, &info);
		if (copy_to_user(buf + (uptr)done, &out, sizeof(out)))
			return done ? done : -EFAULT;
	}
	return done;
}

static unsigned signalfd_poll(struct file *f, struct poll_table *pt)
{
	poll_wait(f, signalfd_queue(current->signal), pt);
	return has_signal(f->private) ? EPOLLIN : 0;
}

static void signalfd_release(struct file *f) { slab_free(&signalfd_cache, f->private); }

static void signalfd_show(struct file *f, const struct pid_ns *ns, char *buf, size_t size)
{
	const struct signalfd *s = f->private;
	snprintf(buf, size, "sigmask:\t%016lx\n", (unsigned long)READ_ONCE(s->set));
}

static const struct file_ops signalfd_fops = {
	.read = signalfd_read,
	.poll = signalfd_poll,
	.seek = still_seek,
	.release = signalfd_release,
	.show_fdinfo = signalfd_show,
};

static long signalfd_new(u64 set, unsigned flags)
{
	struct signalfd *s = slab_zalloc(&signalfd_cache);

	if (!s)
		return -ENOMEM;
	s->set = set;
	struct file *f = file_anon("anon_inode:[signalfd]", FMODE_READ | FMODE_WRITE | FMODE_NONSEEK,
				   O_RDWR | (flags & O_NONBLOCK), &signalfd_fops, s);
	if (IS_ERR(f)) {
		slab_free(&signalfd_cache, s);
		return PTR_ERR(f);
	}
	int fd = fd_install_new(f, flags & O_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

/* Another set for an old descriptor: who waits looks again. */
static long signalfd_change(int fd, u64 set)
{
	struct file *f = fd_get(fd);
	long result = fd;

	if (!f)
		return -EBADF;
	if (f->ops == &signalfd_fops) {
		WRITE_ONCE(((struct signalfd *)f->private)->set, set);
		signalfd_notify(current);
	} else {
		result = -EINVAL;
	}
	file_put(f);
	return result;
}

long sys_signalfd4(int fd, uptr mask, size_t size, int flags)
{
	u64 set;

	if (size != sizeof(set))
		return -EINVAL;
	if (get_user_u64(&set, mask))
		return -EFAULT;
	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	set &= ~SIGNALS_UNBLOCKABLE;
	return fd == -1 ? signalfd_new(set, (unsigned)flags) : signalfd_change(fd, set);
}

long sys_signalfd(int fd, uptr mask, size_t size) { return sys_signalfd4(fd, mask, size, 0); }
