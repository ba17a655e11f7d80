/*
 * fs/async.c: O_ASYNC: a signal to the file's owner when it can be read or written. A file that has the flag keeps
 * waiters on whatever its poll operation names; a wake-up cannot send a signal itself (it runs under the waitqueue's
 * lock, maybe in an interrupt), so it leaves that to the work task.
 *
 * Way in: async_set (F_SETFL, FIOASYNC), async_end (release), owner_* (F_SETOWN and its kin).
 * Locks: async->lock (mutex) against the file's end while a signal is sent; file->lock for the owner's fields.
 * Errors: ENOMEM, EINVAL, ESRCH. A file without a poll operation takes the flag and never signals, as on Linux.
 * Source: fcntl(2) on F_SETOWN, F_SETSIG, O_ASYNC; signal(7).
 */
#include "fs/internal.h"
#include "base/string.h"
#include "drivers/drivers.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "pid/pid.h"
#include "signal/signal.h"
#include "task/task.h"
#include <linux/eventpoll.h>

#define EVENTS_ALL (EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLERR | EPOLLHUP | EPOLLRDNORM | EPOLLWRNORM)

struct async {
	refcount_t count;		/* the file, and the work while it is queued */
	struct mutex lock;
	struct file *file;		/* borrowed; NULL: gone. lock */
	int fd;				/* through which it was asked for */
	unsigned events;		/* since the last signal. atomic */
	int is_queued;			/* atomic */
	struct work work;
	struct list waiters;		/* of struct async_waiter; file->pos_lock */
};
struct async_waiter { struct waiter w; struct waitqueue *wq; struct async *async; struct list node; };
struct async_table { struct poll_table table; struct async *async; bool out_of_memory; };

SLAB_CACHE(async_cache, struct async);
SLAB_CACHE(async_waiter_cache, struct async_waiter);

static void async_put(struct async *a)
{
	if (refcount_dec(&a->count))
		slab_free(&async_cache, a);
}

/* -- sending -- */
struct owner { struct pid *pid; int type, signal; u32 uid, euid; };

static bool may_signal(const struct owner *o, struct task *t)
{
	const struct cred *c = task_get_cred(t);
	bool may = o->euid == 0 || o->euid == c->suid || o->euid == c->uid || o->uid == c->suid || o->uid == c->uid;

	cred_put(c);
	return may;
}

/* With F_SETSIG the signal says which file and what; without, it is a plain SIGIO. */
static void send_to(const struct owner *o, const struct signal_info *info, struct task *t)
{
	if (!may_signal(o, t))
		return;
	/* A queue that is full loses the rest of what a real-time signal says, never the news: SIGIO comes instead. */
	if (info && (o->type == F_OWNER_TID ? signal_send_task(o->signal, info, t) :
					      signal_send_process(o->signal, info, t)) == 0)
		return;
	if (o->type == F_OWNER_TID)
		signal_send_task(SIGIO, NULL, t);
	else
		signal_send_process(SIGIO, NULL, t);
}

static void fill_info(struct signal_info *info, const struct owner *o, unsigned events, int fd)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = o->signal;
	info->si_fd = fd;
	if (events & EPOLLMSG) {
		info->si_code = POLL_MSG;
		info->si_band = EPOLLIN | EPOLLRDNORM | EPOLLMSG;
	} else if (events & EPOLLHUP) {
		info->si_code = POLL_HUP;
		info->si_band = EPOLLHUP | EPOLLERR;
	} else if (events & EPOLLIN) {
		info->si_code = POLL_IN;
		info->si_band = EPOLLIN | EPOLLRDNORM;
	} else {
		info->si_code = POLL_OUT;
		info->si_band = EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	}
}

/* All of a process group, or one task. */
static void send_all(const struct owner *o, unsigned events, int fd)
{
	enum pid_type type = o->type == F_OWNER_PGRP ? PID_PGID : o->type == F_OWNER_TID ? PID_TASK : PID_TGID;
	struct list *all = &o->pid->tasks[type];
	struct signal_info info;

	if (o->signal)
		fill_info(&info, o, events, fd);
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	for (struct list *l = all->next; l != all; l = l->next)
		send_to(o, o->signal ? &info : NULL, container_of(l, struct task, pid_links[type]));
	spin_unlock_irqrestore(&tasklist_lock, flags);
}

/* An urgent byte has come: the signal is always SIGURG. No lock is held. */
void owner_send_urgent(struct file *f)
{
	spin_lock(&f->lock);
	struct owner o = { pid_get(f->owner), f->owner_type, SIGURG, f->owner_uid, f->owner_euid };
	spin_unlock(&f->lock);
	if (!o.pid)
		return;
	enum pid_type type = o.type == F_OWNER_PGRP ? PID_PGID : o.type == F_OWNER_TID ? PID_TASK : PID_TGID;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	for (struct list *l = o.pid->tasks[type].next; l != &o.pid->tasks[type]; l = l->next) {
		struct task *t = container_of(l, struct task, pid_links[type]);
		if (!may_signal(&o, t))
			continue;
		if (type == PID_TASK)
			signal_send_task(SIGURG, NULL, t);
		else
			signal_send_process(SIGURG, NULL, t);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	pid_put(o.pid);
}

static void async_work(struct work *w)
{
	struct async *a = container_of(w, struct async, work);
	struct owner o = { NULL, 0, 0, 0, 0 };

	__atomic_store_n(&a->is_queued, 0, __ATOMIC_SEQ_CST);
	unsigned events = __atomic_exchange_n(&a->events, 0, __ATOMIC_SEQ_CST);
	mutex_lock(&a->lock);
	struct file *f = a->file;
	if (f) {
		spin_lock(&f->lock);
		o = (struct owner){ pid_get(f->owner), f->owner_type, f->owner_signal, f->owner_uid, f->owner_euid };
		spin_unlock(&f->lock);
	}
	mutex_unlock(&a->lock);
	if (o.pid && events)
		send_all(&o, events, a->fd);
	pid_put(o.pid);
	async_put(a);
}

/* Any context: the work task sends the signal. */
void async_raise(struct async *a, unsigned events)
{
	__atomic_fetch_or(&a->events, events, __ATOMIC_SEQ_CST);
	if (!__atomic_exchange_n(&a->is_queued, 1, __ATOMIC_SEQ_CST)) {
		refcount_inc(&a->count);
		work_queue(&a->work);
	}
}

static bool async_wake(struct waiter *w, unsigned long key)
{
	async_raise(container_of(w, struct async_waiter, w)->async, key ? (unsigned)key & EVENTS_ALL : EPOLLIN);
	return false;
}

struct async *async_new(struct file *f, int fd)
{
	struct async *a = slab_zalloc(&async_cache);

	if (!a)
		return NULL;
	refcount_set(&a->count, 1);
	mutex_init(&a->lock, RANK_IPC);
	a->file = f;
	a->fd = fd;
	work_prepare(&a->work, async_work);
	list_init(&a->waiters);
	return a;
}

/* No signal is sent any more. The file is still there. */
void async_drop(struct async *a)
{
	mutex_lock(&a->lock);
	a->file = NULL;
	mutex_unlock(&a->lock);
	async_put(a);
}

/* -- on and off; file->pos_lock is held -- */
static void async_queue(struct poll_table *pt, struct file *f, struct waitqueue *wq)
{
	struct async_table *t = container_of(pt, struct async_table, table);
	struct async_waiter *aw = slab_alloc(&async_waiter_cache);

	if (!aw) {
		t->out_of_memory = true;
		return;
	}
	waiter_init(&aw->w);
	aw->w.wake = async_wake;
	aw->wq = wq;
	aw->async = t->async;
	list_push_back(&t->async->waiters, &aw->node);
	waitqueue_add(wq, &aw->w);
}

static void async_stop(struct file *f)
{
	struct async *a = f->async;
	struct async_waiter *aw, *next;

	if (!a)
		return;
	f->async = NULL;
	list_for_each_safe(aw, next, &a->waiters, node) {
		waitqueue_remove(aw->wq, &aw->w);
		slab_free(&async_waiter_cache, aw);
	}
	async_drop(a);
}

static int async_start(struct file *f, int fd)
{
	struct async *a = async_new(f, fd);

	if (!a)
		return -ENOMEM;
	f->async = a;
	struct async_table t = { { .queue = async_queue, .key = EVENTS_ALL }, a, false };
	f->ops->poll(f, &t.table);
	if (!t.out_of_memory)
		return 0;
	async_stop(f);
	return -ENOMEM;
}

int async_set(struct file *f, int fd, bool on)
{
	int err = 0;

	if (!f->ops->poll)
		return 0;
	mutex_lock(&f->pos_lock);
	if (!on)
		async_stop(f);
	else if (!f->async)
		err = async_start(f, fd);
	mutex_unlock(&f->pos_lock);
	return err;
}

void async_end(struct file *f)
{
	if (f->async)
		async_stop(f);
	pid_put(f->owner);
}

/* -- the owner -- */
static long owner_set(struct file *f, struct pid *pid, int type)
{
	spin_lock(&f->lock);
	struct pid *old = f->owner;
	f->owner = pid;
	f->owner_type = type;
	f->owner_uid = current_cred()->uid;
	f->owner_euid = current_cred()->euid;
	spin_unlock(&f->lock);
	pid_put(old);
	return 0;
}

static long owner_set_number(struct file *f, int number, int type)
{
	struct pid *pid = NULL;

	if (number && !(pid = pid_find(number, current_pid_ns())))
		return -ESRCH;
	return owner_set(f, pid, type);
}

/* The calling process, unless there is an owner. */
void owner_set_default(struct file *f)
{
	if (!READ_ONCE(f->owner))
		owner_set(f, current_process_name(), F_OWNER_PID);
}

/* F_SETOWN's number: a process, or negative: a process group. */
long owner_set_id(struct file *f, int id)
{
	if (id == (int)0x80000000)
		return -EINVAL;
	return owner_set_number(f, id < 0 ? -id : id, id < 0 ? F_OWNER_PGRP : F_OWNER_PID);
}

/* The owner's number while anybody bears it, else 0. */
static int owner_number(struct file *f, int *type)
{
	spin_lock(&f->lock);
	struct pid *pid = pid_get(f->owner);
	*type = f->owner_type;
	spin_unlock(&f->lock);
	enum pid_type which = *type == F_OWNER_PGRP ? PID_PGID : *type == F_OWNER_TID ? PID_TASK : PID_TGID;
	int number = 0;
	if (pid) {
		unsigned long flags = spin_lock_irqsave(&tasklist_lock);
		if (!list_is_empty(&pid->tasks[which]))
			number = pid_number_in(pid, current_pid_ns());
		spin_unlock_irqrestore(&tasklist_lock, flags);
	}
	pid_put(pid);
	return number;
}

long owner_get_id(struct file *f)
{
	int type, number = owner_number(f, &type);
	return type == F_OWNER_PGRP ? -number : number;
}

long owner_ex(struct file *f, uptr arg, bool sets)
{
	struct f_owner_ex o;

	if (!sets) {
		o.pid = owner_number(f, &o.type);
		return copy_to_user(arg, &o, sizeof(o));
	}
	if (copy_from_user(&o, arg, sizeof(o)))
		return -EFAULT;
	if (o.type < F_OWNER_TID || o.type > F_OWNER_PGRP)
		return -EINVAL;
	return owner_set_number(f, o.pid, o.type);
}
