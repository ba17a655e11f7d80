/*
 * net/unix_connect.c: listen, connect, accept, shutdown, and pairs.
 * A connection exists from connect on: its other end waits in the listener's line, and bytes may already be sent.
 * Locks: unix_lock, then a socket's lock; read_lock of a datagram socket that changes its peer.
 * Errors and source: unix(7), connect(2), accept(2).
 */
#include "net/unix.h"
#include "base/errno.h"
#include "fs/poll.h"
#include "pid/pid.h"
#include "task/task.h"

#define BACKLOG_MAX 4096u	/* net.core.somaxconn */

int unix_listen(struct unix_socket *s, int backlog)
{
	struct pid *me = current_process_name();
	int err = 0;

	unix_lock_all();
	if (!unix_has_connections(s)) {
		err = -EOPNOTSUPP;
	} else if (!s->address || s->state == UNIX_CONNECTED) {
		err = -EINVAL;
	} else {
		s->state = UNIX_LISTENING;
		s->backlog = MIN((u32)backlog, BACKLOG_MAX);
		unix_set_peer_creds_locked(s, me, current_cred()->euid, current_cred()->egid);
		me = NULL;
		wake_up_all(&s->room_wait);
	}
	unix_unlock_all();
	pid_put(me);
	return err;
}

/* -- connections -- */
enum { DONE = 0, IS_FULL = 1 };

static bool takes_connections(const struct unix_socket *l)
{
	return READ_ONCE(l->pending_count) <= READ_ONCE(l->backlog) || READ_ONCE(l->is_dead) ||
	       (READ_ONCE(l->shutdown) & SHUT_BIT_READ);
}

static int may_join_locked(const struct unix_socket *s, const struct unix_socket *l)
{
	if (l->is_dead || l->state != UNIX_LISTENING || (l->shutdown & SHUT_BIT_READ))
		return -ECONNREFUSED;
	if (l->pending_count > l->backlog)
		return IS_FULL;
	if (s->state == UNIX_CONNECTED)
		return -EISCONN;
	return s->state == UNIX_OPEN ? 0 : -EINVAL;
}

/* Whoever sees that it is connected sees to whom: the state is told last. Nobody knows either as a receiver before. */
static void tie_locked(struct unix_socket *a, struct unix_socket *b)
{
	a->peer = unix_get(b);
	b->peer = unix_get(a);
	__atomic_store_n(&b->state, UNIX_CONNECTED, __ATOMIC_RELEASE);
	__atomic_store_n(&a->state, UNIX_CONNECTED, __ATOMIC_RELEASE);
}

/* Joins s to far, a fresh socket (the reference goes to the line of l), as the caller. DONE, IS_FULL or -errno. */
static int join(struct unix_socket *s, struct unix_socket *far, struct unix_socket *l, struct pid *me)
{
	unix_lock_all();
	int err = may_join_locked(s, l);
	if (!err) {
		unix_set_peer_creds_locked(far, pid_get(me), current_cred()->euid, current_cred()->egid);
		unix_set_peer_creds_locked(s, pid_get(l->peer_pid), l->peer_uid, l->peer_gid);
		refcount_inc(&l->address->count);
		far->address = l->address;
		far->passes_creds = l->passes_creds;
		tie_locked(s, far);
		list_push_back(&l->pending, &far->pending_node);
		l->pending_count++;
		unix_wake_read(l);
		unix_wake_write(s);
	}
	unix_unlock_all();
	return err;
}

static int connect_to(struct unix_socket *s, struct unix_socket *far, const struct socket_name *n, struct pid *me,
		      bool never_waits)
{
	u64 deadline = s->send_timeout_ns ? deadline_after(s->send_timeout_ns) : 0;

	for (;;) {
		struct unix_socket *l = unix_find(n, s);
		if (IS_ERR(l))
			return (int)PTR_ERR(l);
		int err = join(s, far, l, me);
		if (err == IS_FULL) {
			err = -EAGAIN;
			if (!never_waits) {
				err = wait_event_interruptible_until(&l->room_wait, takes_connections(l), deadline);
				err = err ? unix_wait_error(err, s->send_timeout_ns) : IS_FULL;
			}
		}
		unix_put(l);
		if (err != IS_FULL)
			return err;
	}
}

static int connect_connection(struct unix_socket *s, struct socket_name *n, bool never_waits)
{
	int err = unix_name_check(n);

	if (!err && s->passes_creds)
		err = unix_bind_auto(s);
	if (err)
		return err;
	struct unix_socket *far = unix_new(s->type);
	if (!far)
		return -ENOMEM;
	struct pid *me = current_process_name();
	err = connect_to(s, far, n, me, never_waits);
	pid_put(me);
	if (err)
		unix_put(far);
	return err;
}

/* -- datagram sockets: whom to send to, and hear from -- */
static void empty_queue(struct unix_socket *s, struct list *lost)
{
	spin_lock(&s->lock);
	while (!list_is_empty(&s->queue)) {
		struct unix_message *m = list_first(&s->queue, struct unix_message, node);
		unix_unqueue_locked(s, m);
		list_push_back(lost, &m->node);
	}
	s->queued_bytes = 0;
	spin_unlock(&s->lock);
}

static void follow_locked(struct unix_socket *s, struct unix_socket *old, struct unix_socket *to)
{
	if (old) {
		spin_lock(&old->lock);
		list_remove(&s->follow_node);
		spin_unlock(&old->lock);
	}
	spin_lock(&s->lock);
	s->peer = to;
	spin_unlock(&s->lock);
	s->state = to ? UNIX_CONNECTED : UNIX_OPEN;
	if (!to)
		return;
	spin_lock(&to->lock);
	list_push_back(&to->followers, &s->follow_node);
	spin_unlock(&to->lock);
}

/* Its queue is lost with its peer; one that was connected back is told if there was anything in it. */
static void lose_queue_locked(struct unix_socket *s, struct unix_socket *old, struct list *lost)
{
	empty_queue(s, lost);
	if (!list_is_empty(lost) && !old->is_dead && old->peer == s) {
		old->error = ECONNRESET;
		unix_wake_ended(old);
	}
}

/* s leaves its peer, but only if that is `only` (or NULL: whoever it is), for another (a reference, or NULL). */
static void change_peer(struct unix_socket *s, const struct unix_socket *only, struct unix_socket *to)
{
	struct list lost = LIST_INIT(lost);

	mutex_lock(&s->read_lock);
	unix_lock_all();
	struct unix_socket *old = s->peer;
	bool leaves = !only || old == only;
	if (leaves && old && old != to)
		lose_queue_locked(s, old, &lost);
	if (leaves) {
		follow_locked(s, old, to);
		unix_wake_write(s);
	}
	unix_unlock_all();
	mutex_unlock(&s->read_lock);
	unix_messages_free(&lost);
	if (leaves)
		unix_put(old);
}

void unix_forget_peer(struct unix_socket *s, const struct unix_socket *gone)
{
	if (s->type == SOCK_DGRAM)
		change_peer(s, gone, NULL);
}

static int connect_datagram(struct unix_socket *s, struct socket_name *n)
{
	if (n->size < sizeof(n->family))
		return -EINVAL;
	if (n->family == AF_UNSPEC) {
		change_peer(s, NULL, NULL);
		return 0;
	}
	int err = unix_name_check(n);
	if (!err && s->passes_creds)
		err = unix_bind_auto(s);
	if (err)
		return err;
	struct unix_socket *to = unix_find(n, s);
	if (IS_ERR(to))
		return (int)PTR_ERR(to);
	unix_lock_all();
	err = to->is_dead ? -ECONNREFUSED : to->peer && to->peer != s ? -EPERM : 0;
	unix_unlock_all();
	if (err)
		unix_put(to);
	else
		change_peer(s, NULL, to);
	return err;
}

int unix_connect(struct unix_socket *s, struct socket_name *n, bool never_waits)
{
	return unix_has_connections(s) ? connect_connection(s, n, never_waits) : connect_datagram(s, n);
}

/* -- accept -- */
static struct unix_socket *take_pending(struct unix_socket *s)
{
	struct unix_socket *c = NULL;

	unix_lock_all();
	if (!list_is_empty(&s->pending)) {
		c = list_first(&s->pending, struct unix_socket, pending_node);
		list_remove(&c->pending_node);
		s->pending_count--;
		wake_up_all(&s->room_wait);
	}
	unix_unlock_all();
	return c;
}

static bool has_pending(const struct unix_socket *s)
{
	return !list_is_empty(&s->pending) || (READ_ONCE(s->shutdown) & SHUT_BIT_READ);
}

struct unix_socket *unix_accept(struct unix_socket *s, bool never_waits)
{
	u64 deadline = s->receive_timeout_ns ? deadline_after(s->receive_timeout_ns) : 0;

	if (!unix_has_connections(s))
		return ERR_PTR(-EOPNOTSUPP);
	if (READ_ONCE(s->state) != UNIX_LISTENING)
		return ERR_PTR(-EINVAL);
	for (;;) {
		struct unix_socket *c = take_pending(s);
		if (c)
			return c;
		if (READ_ONCE(s->shutdown) & SHUT_BIT_READ)
			return ERR_PTR(-EINVAL);
		if (never_waits)
			return ERR_PTR(-EAGAIN);
		int err = wait_event_interruptible_until(&s->read_wait, has_pending(s), deadline);
		if (err)
			return ERR_PTR(unix_wait_error(err, s->receive_timeout_ns));
	}
}

/* -- the rest -- */
static void end_locked(struct unix_socket *s, unsigned bits)
{
	spin_lock(&s->lock);
	s->shutdown |= bits;
	spin_unlock(&s->lock);
	unix_wake_ended(s);
}

int unix_shutdown(struct unix_socket *s, int how)
{
	if (how < 0 || how > 2)
		return -EINVAL;
	unsigned bits = (unsigned)how + 1;
	unix_lock_all();
	struct unix_socket *peer = unix_has_connections(s) ? s->peer : NULL;
	if (peer)
		end_locked(peer, (bits & SHUT_BIT_READ ? SHUT_BIT_WRITE : 0) | (bits & SHUT_BIT_WRITE ? SHUT_BIT_READ : 0));
	end_locked(s, bits);
	unix_unlock_all();
	return 0;
}

void unix_pair(struct unix_socket *a, struct unix_socket *b)
{
	struct pid *me = current_process_name();
	const struct cred *c = current_cred();

	unix_lock_all();
	unix_set_peer_creds_locked(a, pid_get(me), c->euid, c->egid);
	unix_set_peer_creds_locked(b, pid_get(me), c->euid, c->egid);
	tie_locked(a, b);
	unix_unlock_all();
	pid_put(me);
}
