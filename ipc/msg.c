/*
 * ipc/msg.c: System V message queues: msgget, msgsnd, msgrcv.
 *
 * A message goes straight to the first sleeping receiver that wants it, else into the queue; room that becomes free
 * goes to the sleeping senders in their order. Who gives does it on behalf of who sleeps.
 * Way in: the system calls; msgctl is in msg_ctl.c. Locks: the namespace's ids[IPC_MSG].lock; messages are copied from
 * and to user memory without it.
 * Errors: E2BIG, EACCES, EAGAIN, EFAULT, EIDRM, EINTR (a handler ran; never restarted after one), EINVAL, ENOMEM,
 * ENOMSG, ENOSPC.
 * Source: msgget(2), msgop(2), sysvipc(7), Linux 6.1's order of checks.
 */
#include "ipc/msg.h"
#include "base/errno.h"
#include "base/string.h"
#include "fs/proc/proc.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "pid/pid.h"
#include "syscall/define.h"
#include "namespace/user.h"
#include "task/task.h"

struct message {
	struct list node;
	long type;
	size_t size;
	char bytes[];
};
struct sender {
	struct ipc_sleeper sleeper;
	struct message *message;	/* owned until it is in the queue */
	struct pid *pid;		/* borrowed: the process */
};
/* What a msgrcv asks for. */
struct wish {
	enum { WISH_FIRST, WISH_TYPE, WISH_OTHER_TYPE, WISH_LOWEST, WISH_PLACE } how;
	long type;			/* or the place in the queue */
	size_t size;
	int flags;
};
struct receiver {
	struct ipc_sleeper sleeper;
	struct wish wish;
	struct message *message;	/* owned, once the result is 0 */
	struct pid *pid;		/* borrowed: the process */
};

static struct msg_queue *of_object(struct ipc_object *o) { return container_of(o, struct msg_queue, o); }

struct msg_queue *msg_find(struct ipc_ns *ns, int id)
{
	struct ipc_object *o = ipc_find(msg_ids(ns), id);
	return IS_ERR(o) ? (struct msg_queue *)o : of_object(o);
}

/* -- queues -- */
static SLAB_CACHE(msg_queue_cache, struct msg_queue);

static int queue_create(struct ipc_ns *ns, s32 key, size_t size, int flags)
{
	struct msg_queue *q = slab_zalloc(&msg_queue_cache);

	if (!q)
		return -ENOMEM;
	q->bytes_max = (u64)ns->msg_queue_bytes;
	q->change_time = ipc_now();
	list_init(&q->messages);
	list_init(&q->senders);
	list_init(&q->receivers);
	int id = ipc_add(msg_ids(ns), &q->o, key, flags, ns->msg_queues);
	if (id < 0)
		slab_free(&msg_queue_cache, q);
	return id;
}

long sys_msgget(int key, int flags)
{
	static const struct ipc_get_ops ops = { IPC_MSG, queue_create, NULL };
	return ipc_get(&ops, key, 0, flags);
}

void msg_free(struct ipc_ns *ns, struct msg_queue *q)
{
	struct message *m, *next;

	ipc_remove(msg_ids(ns), &q->o);
	ipc_decide_all(&q->receivers, -EIDRM);
	ipc_decide_all(&q->senders, -EIDRM);
	list_for_each_safe(m, next, &q->messages, node)
		kfree(m);
	ns->msg_bytes -= q->bytes;
	ns->msg_count -= q->count;
	pid_put(q->last_sender);
	pid_put(q->last_receiver);
	slab_free(&msg_queue_cache, q);
}

void msg_free_all(struct ipc_ns *ns)
{
	struct ipc_ids *ids = msg_ids(ns);

	mutex_lock(&ids->lock);
	while (ids->highest >= 0)
		msg_free(ns, of_object(ids->places[ids->highest]));
	mutex_unlock(&ids->lock);
}

static void note_pid(struct pid **slot, struct pid *p)
{
	pid_put(*slot);
	*slot = pid_get(p);
}

static bool has_room(const struct msg_queue *q, size_t size)
{
	return q->bytes + size <= q->bytes_max && q->count + 1 <= q->bytes_max;
}

static void count_in(struct ipc_ns *ns, struct msg_queue *q, const struct message *m, int n)
{
	u64 bytes = n > 0 ? m->size : -m->size;
	q->bytes += bytes;
	ns->msg_bytes += bytes;
	q->count += (u64)n;
	ns->msg_count += (u64)n;
}

/* -- giving -- */
static bool wish_takes(const struct wish *w, long type)
{
	switch (w->how) {
	case WISH_TYPE:
		return type == w->type;
	case WISH_OTHER_TYPE:
		return type != w->type;
	case WISH_LOWEST:
		return type <= w->type;
	default:
		return true;
	}
}

static bool wish_is_too_small(const struct wish *w, const struct message *m)
{
	return m->size > w->size && !(w->flags & MSG_NOERROR);
}

/* Gives m to a receiver that waits for it. One whose buffer is too small learns so, and the next is asked. */
static bool hand_over(struct msg_queue *q, struct message *m)
{
	struct ipc_sleeper *s, *next;

	list_for_each_safe(s, next, &q->receivers, node) {
		struct receiver *r = container_of(s, struct receiver, sleeper);
		if (!wish_takes(&r->wish, m->type))
			continue;
		if (wish_is_too_small(&r->wish, m)) {
			ipc_decide(s, -E2BIG);
			continue;
		}
		r->message = m;
		note_pid(&q->last_receiver, r->pid);
		q->receive_time = ipc_now();
		ipc_decide(s, 0);
		return true;
	}
	return false;
}

static void give(struct ipc_ns *ns, struct msg_queue *q, struct sender *s)
{
	struct message *m = s->message;

	s->message = NULL;
	note_pid(&q->last_sender, s->pid);
	q->send_time = ipc_now();
	if (hand_over(q, m))
		return;
	list_push_back(&q->messages, &m->node);
	count_in(ns, q, m, 1);
}

/* There is room again. */
static void let_senders_in(struct ipc_ns *ns, struct msg_queue *q)
{
	struct ipc_sleeper *s, *next;

	list_for_each_safe(s, next, &q->senders, node) {
		struct sender *sender = container_of(s, struct sender, sleeper);
		if (!has_room(q, sender->message->size))
			continue;
		give(ns, q, sender);
		ipc_decide(s, 0);
	}
}

static int send_once(struct ipc_ns *ns, int id, struct sender *s, int flags)
{
	struct msg_queue *q = msg_find(ns, id);

	if (IS_ERR(q))
		return PTR_ERR(q);
	int err = ipc_may(ns, &q->o, IPC_ASK_WRITE);
	if (err)
		return err;
	if (has_room(q, s->message->size)) {
		give(ns, q, s);
		return 0;
	}
	if (flags & IPC_NOWAIT)
		return -EAGAIN;
	ipc_sleeper_init(&s->sleeper);
	list_push_back(&q->senders, &s->sleeper.node);
	return ipc_sleep(&s->sleeper, &msg_ids(ns)->lock, NULL);
}

/* After a sleep an object that cannot be found was there, and is gone. */
static int gone_if_retried(int result, bool is_retry)
{
	return result == -EINVAL && is_retry ? -EIDRM : result == -ERESTARTSYS ? -ERESTARTNOHAND : result;
}

static struct message *message_from_user(long type, uptr user, size_t size)
{
	struct message *m = kmalloc(sizeof(*m) + size);

	if (!m)
		return ERR_PTR(-ENOMEM);
	m->type = type;
	m->size = size;
	if (!copy_from_user(m->bytes, user, size))
		return m;
	kfree(m);
	return ERR_PTR(-EFAULT);
}

long sys_msgsnd(int id, uptr user, size_t size, int flags)
{
	struct ipc_ns *ns = current_ipc_ns();
	struct sender s = { .pid = current->signal->pids[PID_TGID] };
	int result = IPC_RETRY;
	long type;

	if (copy_from_user(&type, user, sizeof(type)))
		return -EFAULT;
	if (size > (size_t)ns->msg_bytes_max || (long)size < 0 || id < 0 || type < 1)
		return -EINVAL;
	s.message = message_from_user(type, user + sizeof(type), size);
	if (IS_ERR(s.message))
		return PTR_ERR(s.message);
	mutex_lock(&msg_ids(ns)->lock);
	for (bool is_retry = false; result == IPC_RETRY; is_retry = true)
		result = gone_if_retried(send_once(ns, id, &s, flags), is_retry);
	mutex_unlock(&msg_ids(ns)->lock);
	kfree(s.message);
	return result;
}

/* -- taking -- */
static void wish_init(struct wish *w, size_t size, long type, int flags)
{
	*w = (struct wish){ .type = type, .size = size, .flags = flags };
	if (flags & MSG_COPY) {
		w->how = WISH_PLACE;
	} else if (type < 0) {
		w->how = WISH_LOWEST;
		w->type = type == -__LONG_MAX__ - 1 ? __LONG_MAX__ : -type;
	} else if (type > 0) {
		w->how = flags & MSG_EXCEPT ? WISH_OTHER_TYPE : WISH_TYPE;
	}
}

static struct message *choose(const struct msg_queue *q, const struct wish *w)
{
	struct message *m, *best = NULL;
	long place = 0;

	list_for_each(m, &q->messages, node) {
		if (w->how == WISH_PLACE ? place++ != w->type : !wish_takes(w, m->type))
			continue;
		if (w->how != WISH_LOWEST)
			return m;
		if (!best || m->type < best->type)
			best = m;
	}
	return best;
}

/* MSG_COPY: *r has room for it already. */
static int copy_out(struct receiver *r, const struct message *m)
{
	if (m->size > r->wish.size)
		return -EINVAL;
	r->message->type = m->type;
	r->message->size = m->size;
	memcpy(r->message->bytes, m->bytes, m->size);
	return 0;
}

static int take(struct ipc_ns *ns, struct msg_queue *q, struct receiver *r, struct message *m)
{
	if (wish_is_too_small(&r->wish, m))
		return -E2BIG;
	if (r->wish.how == WISH_PLACE)
		return copy_out(r, m);
	list_remove(&m->node);
	count_in(ns, q, m, -1);
	r->message = m;
	note_pid(&q->last_receiver, r->pid);
	q->receive_time = ipc_now();
	let_senders_in(ns, q);
	return 0;
}

static int receive_once(struct ipc_ns *ns, int id, struct receiver *r)
{
	struct msg_queue *q = msg_find(ns, id);

	if (IS_ERR(q))
		return PTR_ERR(q);
	int err = ipc_may(ns, &q->o, IPC_ASK_READ);
	if (err)
		return err;
	struct message *m = choose(q, &r->wish);
	if (m)
		return take(ns, q, r, m);
	if (r->wish.flags & IPC_NOWAIT)
		return -ENOMSG;
	ipc_sleeper_init(&r->sleeper);
	list_push_back(&q->receivers, &r->sleeper.node);
	return ipc_sleep(&r->sleeper, &msg_ids(ns)->lock, NULL);
}

static long message_to_user(const struct message *m, uptr user, size_t size)
{
	size_t n = MIN(size, m->size);

	if (copy_to_user(user, &m->type, sizeof(m->type)) || copy_to_user(user + sizeof(m->type), m->bytes, n))
		return -EFAULT;
	return (long)n;
}

long sys_msgrcv(int id, uptr user, size_t size, long type, int flags)
{
	struct ipc_ns *ns = current_ipc_ns();
	struct receiver r = { .pid = current->signal->pids[PID_TGID] };
	int result = IPC_RETRY;

	if (id < 0 || (long)size < 0)
		return -EINVAL;
	if ((flags & MSG_COPY) && ((flags & MSG_EXCEPT) || !(flags & IPC_NOWAIT)))
		return -EINVAL;
	wish_init(&r.wish, size, type, flags);
	if (flags & MSG_COPY) {
		r.wish.size = MIN(size, (size_t)ns->msg_bytes_max);
		r.message = kmalloc(sizeof(*r.message) + r.wish.size);
		if (!r.message)
			return -ENOMEM;
	}
	mutex_lock(&msg_ids(ns)->lock);
	for (bool is_retry = false; result == IPC_RETRY; is_retry = true)
		result = gone_if_retried(receive_once(ns, id, &r), is_retry);
	mutex_unlock(&msg_ids(ns)->lock);
	long done = result ? result : message_to_user(r.message, user, size);
	kfree(r.message);
	return done;
}

/* -- /proc/sysvipc/msg -- */
void msg_show_all(struct ipc_ns *ns, struct text *t)
{
	struct ipc_ids *ids = msg_ids(ns);

	text_print(t, "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime"
		      "      rtime      ctime\n");
	mutex_lock(&ids->lock);
	for (int i = 0; i <= ids->highest; i++) {
		if (!ids->places[i])
			continue;
		const struct msg_queue *q = of_object(ids->places[i]);
		const struct ipc_object *o = &q->o;
		text_print(t, "%10d %10d  %4o  %10lu %10lu %5u %5u %5u %5u %5u %5u %10ld %10ld %10ld\n", o->key, o->id, o->mode,
			   (unsigned long)q->bytes, (unsigned long)q->count, (unsigned)ipc_pid_seen(q->last_sender),
			   (unsigned)ipc_pid_seen(q->last_receiver), uid_shown(o->uid), gid_shown(o->gid),
			   uid_shown(o->cuid), gid_shown(o->cgid), (long)q->send_time,
			   (long)q->receive_time, (long)q->change_time);
	}
	mutex_unlock(&ids->lock);
}
