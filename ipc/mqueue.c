/*
 * ipc/mqueue.c: a POSIX message queue: mq_timedsend, mq_timedreceive, mq_notify, mq_getsetattr.
 *
 * As with System V's, who changes the queue does the work of those who sleep on it: a message goes straight to a
 * waiting receiver, and the room that a receiver makes is filled with a waiting sender's message.
 * Way in: the calls, on descriptors. Locks: queue->lock; user memory is read and written without it.
 * Errors: EAGAIN, EBADF, EBUSY, EFAULT, EINTR (restartable), EINVAL, EMSGSIZE, ENOMEM, ETIMEDOUT; of a new one EINVAL,
 * EMFILE (RLIMIT_MSGQUEUE), EOVERFLOW; of SIGEV_THREAD's socket ENOTSOCK, EINVAL.
 * Differences from Linux: no user has queues of more than 2 GiB in all (EMFILE); SIGEV_THREAD with a socket full of
 * unread notices is EAGAIN and does not wait; a message larger than 4 MiB ENOMEM.
 * Source: mq_overview(7), mq_send(3), mq_receive(3), mq_notify(3), Linux 6.1's order of checks.
 */
#include "ipc/mqueue.h"
#include "base/errno.h"
#include "base/printk.h"
#include "base/string.h"
#include "fs/vfs.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "namespace/user.h"
#include "net/netlink.h"
#include "pid/pid.h"
#include "syscall/define.h"
#include "task/cred.h"
#include "task/task.h"
#include "time/clocks.h"
#include <asm/fcntl.h>
#include <linux/capability.h>
#include <linux/eventpoll.h>
#include <linux/mqueue.h>
#include <linux/resource.h>

/* What Linux counts for a message and for a priority, beside the bytes. */
#define MESSAGE_OVERHEAD 48
#define PRIORITY_OVERHEAD 48

struct mqueue_message {
	struct rb_node node;
	u32 priority;
	size_t size;
	char bytes[];
};
struct mqueue_sleeper {
	struct ipc_sleeper sleeper;
	int rank;			/* of the task, for the scheduler */
	struct mqueue_message *message;	/* owned: a sender's until it is in; a receiver's once the result is 0 */
};

static SLAB_CACHE(mqueue_cache, struct mqueue);

/* -- life -- */
static int attr_check(const struct mq_limits *l, long messages, long bytes)
{
	bool is_free = capable(CAP_SYS_RESOURCE);
	long messages_max = is_free ? MQUEUE_MESSAGES_HARD : l->messages_max;
	long bytes_max = is_free ? MQUEUE_BYTES_HARD : l->bytes_max;

	if (messages <= 0 || bytes <= 0 || messages > messages_max || bytes > bytes_max)
		return -EINVAL;
	return 0;
}

static int charge(struct mqueue *q)
{
	struct user_account *a = current_cred()->account;
	long bytes = q->messages_max * (q->bytes_max + MESSAGE_OVERHEAD) +
		     MIN(q->messages_max, (long)MQ_PRIO_MAX) * PRIORITY_OVERHEAD;

	if (bytes > INT32_MAX)
		return -EMFILE;
	account_add(a, ACCOUNT_MQUEUE_BYTES, (int)bytes);
	if (account_is_over(a, ACCOUNT_MQUEUE_BYTES, 0, current_limit(RLIMIT_MSGQUEUE))) {
		account_add(a, ACCOUNT_MQUEUE_BYTES, -(int)bytes);
		return -EMFILE;
	}
	refcount_inc(&a->count);
	q->account = a;
	q->charged_bytes = (int)bytes;
	return 0;
}

struct mqueue *mqueue_new(const struct mq_limits *l, const struct mq_attr *wanted)
{
	long messages = wanted ? wanted->mq_maxmsg : MIN(l->messages_max, l->messages_default);
	long bytes = wanted ? wanted->mq_msgsize : MIN(l->bytes_max, l->bytes_default);
	int err = attr_check(l, messages, bytes);
	struct mqueue *q = err ? NULL : slab_zalloc(&mqueue_cache);

	if (!q)
		return ERR_PTR(err ? err : -ENOMEM);
	mutex_init(&q->lock, RANK_SYSV);
	list_init(&q->senders);
	list_init(&q->receivers);
	waitqueue_init(&q->poll);
	q->messages_max = messages;
	q->bytes_max = bytes;
	err = charge(q);
	if (!err)
		return q;
	slab_free(&mqueue_cache, q);
	return ERR_PTR(err);
}

static struct mqueue_message *message_of(struct rb_node *n) { return n ? rb_entry(n, struct mqueue_message, node) : NULL; }

static bool comes_before(const struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct mqueue_message, node)->priority > rb_entry(b, struct mqueue_message, node)->priority;
}

static void put_in(struct mqueue *q, struct mqueue_message *m)
{
	rb_insert(&q->tree, &m->node, comes_before);
	WRITE_ONCE(q->messages, q->messages + 1);
	q->bytes += (long)m->size;
}

static struct mqueue_message *take_out(struct mqueue *q)
{
	struct mqueue_message *m = message_of(rb_first(&q->tree));

	rb_remove(&q->tree, &m->node);
	WRITE_ONCE(q->messages, q->messages - 1);
	q->bytes -= (long)m->size;
	return m;
}

void mqueue_free(struct mqueue *q)
{
	if (!q)
		return;
	while (q->messages)
		kfree(take_out(q));
	pid_put(q->notice.owner);
	if (q->notice.cookie)
		unix_message_free(q->notice.cookie);
	account_add(q->account, ACCOUNT_MQUEUE_BYTES, -q->charged_bytes);
	account_put(q->account);
	slab_free(&mqueue_cache, q);
}

unsigned mqueue_poll_state(struct mqueue *q)
{
	long n = READ_ONCE(q->messages);
	return (n ? EPOLLIN | EPOLLRDNORM : 0) | (n < q->messages_max ? EPOLLOUT | EPOLLWRNORM : 0);
}

size_t mqueue_describe(struct mqueue *q, char *buf, size_t size)
{
	mutex_lock(&q->lock);
	const struct mqueue_notice *n = &q->notice;
	int length = scnprintf(buf, size, "QSIZE:%-10lu NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n", (unsigned long)q->bytes,
			       n->owner ? n->how : 0, n->owner && n->how == SIGEV_SIGNAL ? n->signal : 0,
			       pid_number_in(n->owner, current_pid_ns()));
	mutex_unlock(&q->lock);
	return (size_t)length;
}

/* -- notices -- */
/* The cookie's last byte tells the reader at the socket (a thread of the C library) what became of the notice. */
static void notice_drop(struct mqueue *q, char outcome)
{
	if (q->notice.cookie) {
		q->notice.cookie->data[NOTIFY_COOKIE_LEN - 1] = outcome;
		netlink_deliver(q->notice.cookie);
	}
	pid_put(q->notice.owner);
	q->notice = (struct mqueue_notice){ 0 };
}

void mqueue_forget_notice_of_current(struct mqueue *q)
{
	mutex_lock(&q->lock);
	if (q->notice.owner && q->notice.owner == current->signal->pids[PID_TGID])
		notice_drop(q, NOTIFY_REMOVED);
	mutex_unlock(&q->lock);
}

static struct task *process_of(struct pid *p)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct task *t = pid_first_task_locked(p, PID_TGID);
	if (t)
		task_get(t);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return t;
}

/* The first message has come, and nobody waited for it. */
static void notify(struct mqueue *q)
{
	const struct mqueue_notice *n = &q->notice;

	if (!n->owner || q->messages != 1)
		return;
	struct task *t = n->how == SIGEV_SIGNAL && n->signal ? process_of(n->owner) : NULL;
	if (t && t->exec_count == n->exec_count) {
		const struct cred *c = task_get_cred(t);
		struct signal_info info = {
			.si_signo = n->signal, .si_code = SI_MESGQ,
			.si_pid = pid_number_in(current->signal->pids[PID_TGID], pid_ns_of(n->owner)),
			.si_uid = uid_shown_in(c->user_ns, current_cred()->uid),
		};
		cred_put(c);
		info.si_value.sival_ptr = (void *)n->value;
		signal_send_process(n->signal, &info, t);
	}
	task_put(t);
	notice_drop(q, NOTIFY_WOKENUP);
}

/* -- sleeping -- */
static int rank_of_current(void)
{
	const struct sched_entity *s = &current->sched;
	return s->rt_priority ? 100 + s->rt_priority : -s->nice;
}

static void queue_up(struct list *queue, struct mqueue_sleeper *s)
{
	struct ipc_sleeper *at;

	ipc_sleeper_init(&s->sleeper);
	s->rank = rank_of_current();
	list_for_each(at, queue, node)
		if (container_of(at, struct mqueue_sleeper, sleeper)->rank < s->rank)
			break;
	list_push_back(&at->node, &s->sleeper.node);	/* before it, or at the end */
}

static struct mqueue_sleeper *first_of(struct list *queue)
{
	if (list_is_empty(queue))
		return NULL;
	return container_of(list_first(queue, struct ipc_sleeper, node), struct mqueue_sleeper, sleeper);
}

static int sleep_in(struct mqueue *q, struct list *queue, struct mqueue_sleeper *s, const struct deadline *d)
{
	queue_up(queue, s);
	int result = ipc_sleep(&s->sleeper, &q->lock, d);
	return result == -ETIME ? -ETIMEDOUT : result;
}

/* -- sending and receiving -- */
static int send(struct mqueue *q, struct mqueue_sleeper *s, bool may_sleep, const struct deadline *d)
{
	struct mqueue_sleeper *receiver = first_of(&q->receivers);

	if (q->messages == q->messages_max)
		return may_sleep ? sleep_in(q, &q->senders, s, d) : -EAGAIN;
	if (receiver) {
		receiver->message = s->message;
		ipc_decide(&receiver->sleeper, 0);
	} else {
		put_in(q, s->message);
		notify(q);
		wake_up_poll(&q->poll, EPOLLIN | EPOLLRDNORM);
	}
	s->message = NULL;
	return 0;
}

static int receive(struct mqueue *q, struct mqueue_sleeper *s, bool may_sleep, const struct deadline *d)
{
	struct mqueue_sleeper *sender = first_of(&q->senders);

	if (!q->messages)
		return may_sleep ? sleep_in(q, &q->receivers, s, d) : -EAGAIN;
	s->message = take_out(q);
	if (sender) {
		put_in(q, sender->message);
		sender->message = NULL;
		ipc_decide(&sender->sleeper, 0);
	} else {
		wake_up_poll(&q->poll, EPOLLOUT | EPOLLWRNORM);
	}
	return 0;
}

/* -- the calls -- */
static int deadline_from_user(struct deadline *d, uptr timeout)
{
	*d = (struct deadline){ .is_real = true };
	if (!timeout)
		return 0;
	int err = get_timespec_ns(&d->ns, timeout);
	d->ns = MAX(d->ns, 1UL);	/* 0 is never */
	return err;
}

/* The open queue behind fd: a reference, or NULL. */
static struct file *file_of(int fd, u32 mode)
{
	struct file *f = fd_get(fd);

	if (!f || (mqueue_of_file(f) && (f->mode & mode) == mode))
		return f;
	file_put(f);
	return NULL;
}

static struct mqueue_message *message_from_user(uptr user, size_t size, u32 priority)
{
	struct mqueue_message *m = kmalloc(sizeof(*m) + size);

	if (!m)
		return ERR_PTR(-ENOMEM);
	m->priority = priority;
	m->size = size;
	if (!copy_from_user(m->bytes, user, size))
		return m;
	kfree(m);
	return ERR_PTR(-EFAULT);
}

static long send_to(struct file *f, uptr user, size_t size, u32 priority, const struct deadline *d)
{
	struct mqueue *q = mqueue_of_file(f);

	if (size > (size_t)q->bytes_max)
		return -EMSGSIZE;
	struct mqueue_sleeper s = { .message = message_from_user(user, size, priority) };
	if (IS_ERR(s.message))
		return PTR_ERR(s.message);
	mutex_lock(&q->lock);
	int result = send(q, &s, !(f->flags & O_NONBLOCK), d);
	mutex_unlock(&q->lock);
	kfree(s.message);
	return result;
}

long sys_mq_timedsend(int fd, uptr user, size_t size, unsigned priority, uptr timeout)
{
	struct deadline d;
	int err = deadline_from_user(&d, timeout);

	if (err)
		return err;
	if (priority >= MQ_PRIO_MAX)
		return -EINVAL;
	struct file *f = file_of(fd, FMODE_WRITE);
	if (!f)
		return -EBADF;
	long result = send_to(f, user, size, priority, &d);
	file_put(f);
	return result;
}

static long receive_from(struct file *f, uptr user, size_t size, uptr priority, const struct deadline *d)
{
	struct mqueue *q = mqueue_of_file(f);
	struct mqueue_sleeper s = { 0 };

	if (size < (size_t)q->bytes_max)
		return -EMSGSIZE;
	mutex_lock(&q->lock);
	long result = receive(q, &s, !(f->flags & O_NONBLOCK), d);
	mutex_unlock(&q->lock);
	if (result)
		return result;
	if ((priority && put_user_u32(s.message->priority, priority)) || copy_to_user(user, s.message->bytes, s.message->size))
		result = -EFAULT;
	else
		result = (long)s.message->size;
	kfree(s.message);
	return result;
}

long sys_mq_timedreceive(int fd, uptr user, size_t size, uptr priority, uptr timeout)
{
	struct deadline d;
	int err = deadline_from_user(&d, timeout);

	if (err)
		return err;
	struct file *f = file_of(fd, FMODE_READ);
	if (!f)
		return -EBADF;
	long result = receive_from(f, user, size, priority, &d);
	file_put(f);
	return result;
}

static int notice_set(struct mqueue *q, const sigevent_t *e, struct unix_message *cookie)
{
	if (q->notice.owner)
		return -EBUSY;
	q->notice = (struct mqueue_notice){
		.owner = current_process_name(), .how = e->sigev_notify, .signal = e->sigev_signo, .cookie = cookie,
		.value = (u64)e->sigev_value.sival_ptr, .exec_count = current->leader->exec_count,
	};
	return 0;
}

/* SIGEV_THREAD as the C library asks for it: the number is a netlink socket's, the value points to the cookie. */
static int cookie_take(struct unix_message **out, const sigevent_t *e)
{
	char bytes[NOTIFY_COOKIE_LEN];

	if (copy_from_user(bytes, (uptr)e->sigev_value.sival_ptr, sizeof(bytes)))
		return -EFAULT;
	struct file *f = fd_get(e->sigev_signo);
	if (!f)
		return -EBADF;
	int err = netlink_prepare(out, f, sizeof(bytes));
	if (!err)
		memcpy((*out)->data, bytes, sizeof(bytes));
	file_put(f);
	return err;
}

/* No event: the caller's own notice goes. */
static int notice_change(int fd, const sigevent_t *e, struct unix_message *cookie)
{
	struct file *f = file_of(fd, 0);
	int err = 0;

	if (!f)
		return -EBADF;
	struct mqueue *q = mqueue_of_file(f);
	if (e) {
		mutex_lock(&q->lock);
		err = notice_set(q, e, cookie);
		mutex_unlock(&q->lock);
	} else {
		mqueue_forget_notice_of_current(q);
	}
	file_put(f);
	return err;
}

long sys_mq_notify(int fd, uptr event)
{
	struct unix_message *cookie = NULL;
	sigevent_t e;
	int err = 0;

	if (!event)
		return notice_change(fd, NULL, NULL);
	if (copy_from_user(&e, event, sizeof(e)))
		return -EFAULT;
	if (e.sigev_notify != SIGEV_NONE && e.sigev_notify != SIGEV_SIGNAL && e.sigev_notify != SIGEV_THREAD)
		return -EINVAL;
	if (e.sigev_notify == SIGEV_SIGNAL && (unsigned)e.sigev_signo > SIGNALS)
		return -EINVAL;
	if (e.sigev_notify == SIGEV_THREAD)
		err = cookie_take(&cookie, &e);
	if (!err)
		err = notice_change(fd, &e, cookie);
	if (err && cookie)
		unix_message_free(cookie);
	return err;
}

long sys_mq_getsetattr(int fd, uptr new, uptr old)
{
	struct mq_attr a;

	if (new && copy_from_user(&a, new, sizeof(a)))
		return -EFAULT;
	if (new && (a.mq_flags & ~O_NONBLOCK))
		return -EINVAL;
	struct file *f = file_of(fd, 0);
	if (!f)
		return -EBADF;
	struct mqueue *q = mqueue_of_file(f);
	struct mq_attr was = { .mq_maxmsg = q->messages_max, .mq_msgsize = q->bytes_max, .mq_curmsgs = READ_ONCE(q->messages) };
	spin_lock(&f->lock);
	was.mq_flags = f->flags & O_NONBLOCK;
	if (new)
		f->flags = (f->flags & ~(u32)O_NONBLOCK) | (u32)a.mq_flags;
	spin_unlock(&f->lock);
	file_put(f);
	return old && copy_to_user(old, &was, sizeof(was)) ? -EFAULT : 0;
}
