/*
 * fs/poll.c: poll, ppoll, and the waiting that select shares.
 * Locks: none held while a file is asked; waitqueues' own. Errors: EINVAL, EFAULT, ENOMEM, EINTR (restarted when no
 * handler runs). ppoll writes the time that is left back, as Linux does. Source: poll(2), select(2).
 */
#include "fs/internal.h"
#include "fs/poll.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "task/task.h"
#include <asm/poll.h>
#include <linux/eventpoll.h>
#include <linux/personality.h>
#include <linux/resource.h>
#include <linux/time_types.h>

#define FDS_ON_STACK 32
#define POLL_ALWAYS_READY (EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM)

unsigned file_poll(struct file *f, struct poll_table *pt)
{
	return f->ops && f->ops->poll ? f->ops->poll(f, pt) : POLL_ALWAYS_READY;
}

u64 deadline_after(u64 ns)
{
	u64 now = time_now_ns(), far = ~0UL >> 1;
	return ns >= far - now ? far : MAX(now + ns, 1UL);
}

/* Without the time written back (STICKY_TIMEOUTS, or memory that is gone) the call cannot be restarted. */
long timeout_end(int result, uptr timeout, bool is_timeval, u64 deadline)
{
	bool interrupted = result == -ERESTARTSYS, is_told = !timeout;
	u64 now = time_now_ns(), left = deadline > now ? deadline - now : 0;

	if (timeout && !(current->personality & STICKY_TIMEOUTS)) {
		struct __kernel_old_timeval tv = { (long)(left / NSEC_PER_SEC), (long)(left % NSEC_PER_SEC / NSEC_PER_USEC) };
		is_told = !(is_timeval ? copy_to_user(timeout, &tv, sizeof(tv)) : put_timespec_ns(left, timeout));
	}
	return !interrupted ? result : is_told ? -ERESTARTNOHAND : -EINTR;
}

/* -- the queue of waiters -- */
static bool poll_wake(struct waiter *w, unsigned long key)
{
	struct poll_waiter *pw = container_of(w, struct poll_waiter, w);

	if (key && !(key & pw->events))
		return false;
	__atomic_store_n(&pw->owner->is_triggered, true, __ATOMIC_SEQ_CST);
	return sched_wake(pw->owner->task, TASK_NORMAL);
}

static struct poll_waiter *waiter_slot(struct poll_queue *q)
{
	if (q->used < POLL_INLINE)
		return &q->waiters[q->used++];
	if (!q->more || q->more->used == ARRAY_SIZE(q->more->waiters)) {
		struct poll_chunk *c = kmalloc(sizeof(*c));
		if (!c)
			return NULL;
		c->next = q->more;
		c->used = 0;
		q->more = c;
	}
	return &q->more->waiters[q->more->used++];
}

static void poll_add(struct poll_table *pt, struct file *f, struct waitqueue *wq)
{
	struct poll_queue *q = container_of(pt, struct poll_queue, table);
	struct poll_waiter *pw = waiter_slot(q);

	if (!pw) {
		q->out_of_memory = true;
		return;
	}
	waiter_init(&pw->w);
	pw->w.wake = poll_wake;
	pw->wq = wq;
	pw->file = file_get(f);
	pw->events = pt->key;
	pw->owner = q;
	waitqueue_add(wq, &pw->w);
}

void poll_queue_init(struct poll_queue *q)
{
	q->table = (struct poll_table){ .queue = poll_add };
	q->task = current;
	q->is_triggered = q->out_of_memory = false;
	q->used = 0;
	q->more = NULL;
}

static void waiters_end(struct poll_waiter *pw, unsigned n)
{
	for (; n--; pw++) {
		waitqueue_remove(pw->wq, &pw->w);
		file_put(pw->file);
	}
}

void poll_queue_end(struct poll_queue *q)
{
	waiters_end(q->waiters, q->used);
	while (q->more) {
		struct poll_chunk *c = q->more;
		q->more = c->next;
		waiters_end(c->waiters, c->used);
		kfree(c);
	}
}

int poll_queue_sleep(struct poll_queue *q, u64 deadline_ns)
{
	int err = 0;

	task_set_state(TASK_INTERRUPTIBLE);
	if (!__atomic_load_n(&q->is_triggered, __ATOMIC_SEQ_CST))
		err = wait_sleep(TASK_INTERRUPTIBLE, deadline_ns);
	WRITE_ONCE(current->state, TASK_RUNNING);
	__atomic_store_n(&q->is_triggered, false, __ATOMIC_SEQ_CST);
	return err;
}

/* -- poll -- */
static void poll_one(struct pollfd *p, struct poll_queue *q)
{
	unsigned wanted = (u16)p->events | EPOLLERR | EPOLLHUP;

	p->revents = 0;
	if (p->fd < 0)
		return;
	struct file *f = fd_get(p->fd);
	if (!f) {
		p->revents = POLLNVAL;
		return;
	}
	q->table.key = wanted;
	p->revents = (short)(file_poll(f, &q->table) & wanted);
	file_put(f);
}

/* How many are ready; 0 in time; or -errno. may_wait false: one look. */
static int poll_all(struct pollfd *fds, unsigned n, bool may_wait, u64 deadline_ns)
{
	struct poll_queue q;
	int ready, err = 0;

	poll_queue_init(&q);
	if (!may_wait)
		q.table.queue = NULL;
	for (;;) {
		ready = 0;
		for (unsigned i = 0; i < n; i++) {
			poll_one(&fds[i], &q);
			ready += fds[i].revents != 0;
			if (ready)	/* no need to wait any more */
				q.table.queue = NULL;
		}
		q.table.queue = NULL;
		if (ready || !may_wait || err)
			break;
		err = q.out_of_memory ? -ENOMEM : poll_queue_sleep(&q, deadline_ns);
	}
	poll_queue_end(&q);
	return ready ? ready : err == -ETIME ? 0 : err;
}

static int poll_user(uptr addr, unsigned n, bool may_wait, u64 deadline_ns)
{
	struct pollfd fast[FDS_ON_STACK], *fds = fast;

	if (n > current_limit(RLIMIT_NOFILE))
		return -EINVAL;
	if (n > FDS_ON_STACK && !(fds = kmalloc(n * sizeof(*fds))))
		return -ENOMEM;
	int result = copy_from_user(fds, addr, n * sizeof(*fds));
	if (!result)
		result = poll_all(fds, n, may_wait, deadline_ns);
	for (unsigned i = 0; result >= 0 && i < n; i++) {
		if (copy_to_user(addr + i * sizeof(*fds) + offsetof(struct pollfd, revents), &fds[i].revents, 2))
			result = -EFAULT;
	}
	if (fds != fast)
		kfree(fds);
	return result;
}

static long poll_restart(struct restart_block *r)
{
	int result = poll_user(r->args[0], (unsigned)r->args[1], true, r->args[2]);
	return result == -ERESTARTSYS ? -ERESTART_RESTARTBLOCK : result;
}

long sys_poll(uptr fds, unsigned count, int timeout)
{
	u64 deadline = timeout > 0 ? deadline_after((u64)timeout * NSEC_PER_MSEC) : 0;
	int result = poll_user(fds, count, timeout != 0, deadline);

	if (result != -ERESTARTSYS)
		return result;
	current->restart = (struct restart_block){ .fn = poll_restart, .args = { fds, count, deadline } };
	return -ERESTART_RESTARTBLOCK;
}

long sys_ppoll(uptr fds, unsigned count, uptr timeout, uptr mask, size_t size)
{
	u64 ns = 0, deadline = 0;
	int err = timeout ? get_timespec_ns(&ns, timeout) : 0;

	if (!err)
		err = signal_set_user_mask(mask, size);
	if (err)
		return err;
	if (timeout)
		deadline = deadline_after(ns);
	int result = poll_user(fds, count, !timeout || ns, deadline);
	signal_restore_saved_mask_unless(result == -ERESTARTSYS);
	return timeout_end(result, timeout, false, deadline);
}
