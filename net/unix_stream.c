/*
 * net/unix_stream.c: bytes through a connected stream, in pieces that are messages of their own.
 * A receive stops before a message of other credentials (when it is asked for them) and after one that brought files.
 * Locks: read_lock of the receiving socket over a receive but not while it sleeps; the receiver's lock, under unix_lock
 * for a message with files. The peer of a connection stays while its file is held, so a sender need not look for it.
 * Errors: EPIPE (and SIGPIPE), ECONNRESET, ENOTCONN, EISCONN, EOPNOTSUPP, EINVAL, EAGAIN, EFAULT, ENOMEM.
 * Source: unix(7), send(2), recv(2).
 */
#include "net/unix.h"
#include "base/errno.h"
#include "fs/poll.h"
#include "mm/slab.h"
#include "signal/signal.h"
#include "task/task.h"

#define PIECE_MAX (16384 - sizeof(struct unix_message))

/* -- sending -- */
static int send_piece(struct unix_socket *s, struct socket_io *io, u64 deadline_ns, ssize_t *done, bool is_oob)
{
	int err = unix_wait_room(s, io, deadline_ns);

	if (err)
		return err;
	size_t n = MIN(MIN(io->it.left, PIECE_MAX), (size_t)(s->send_room / 2));
	struct unix_message *m = unix_message_new(s, n);
	if (!m)
		return -ENOMEM;
	if (iter_take(&io->it, m->data, n) != n) {
		unix_message_free(m);
		return -EFAULT;
	}
	struct unix_socket *peer = s->peer;
	bool has_files = io->scm.files;
	unix_lock_queue(peer, has_files);
	bool is_broken = peer->is_dead || (peer->shutdown & SHUT_BIT_READ) || (READ_ONCE(s->shutdown) & SHUT_BIT_WRITE);
	if (!is_broken) {
		m->scm = io->scm;
		io->scm = (struct scm){ .uid = m->scm.uid, .gid = m->scm.gid };
		if (m->scm.has_creds)
			scm_copy_creds(&io->scm, &m->scm);
		unix_queue_locked(peer, m);
		*done += (ssize_t)n;
	}
	if (!is_broken && is_oob) {
		m->is_oob = true;
		peer->oob = m;
		unix_get(peer);
	}
	unix_unlock_queue(peer, has_files);
	if (!is_broken && is_oob) {
		unix_oob_queued(peer);
		unix_put(peer);
	}
	if (is_broken)
		unix_message_free(m);
	return is_broken ? -EPIPE : 0;
}

static int may_send(struct unix_socket *s, const struct socket_io *io)
{
	enum unix_state state = __atomic_load_n(&s->state, __ATOMIC_ACQUIRE);

	if ((io->flags & MSG_OOB) && !io->it.left)
		return -EOPNOTSUPP;
	if (io->name.size)
		return state == UNIX_CONNECTED ? -EISCONN : -EOPNOTSUPP;
	if (state != UNIX_CONNECTED)
		return -ENOTCONN;
	return READ_ONCE(s->shutdown) & SHUT_BIT_WRITE ? -EPIPE : 0;
}

ssize_t unix_stream_send(struct unix_socket *s, struct socket_io *io)
{
	u64 deadline = s->send_timeout_ns ? deadline_after(s->send_timeout_ns) : 0;
	ssize_t done = 0;
	int err = may_send(s, io);
	bool has_oob = !err && (io->flags & MSG_OOB);

	io->it.left -= has_oob;		/* the last byte is the urgent one */
	while (!err && io->it.left)
		err = send_piece(s, io, deadline, &done, false);
	io->it.left += has_oob;
	if (!err && has_oob)
		err = send_piece(s, io, deadline, &done, true);
	if (err == -EPIPE && !done && !(io->flags & MSG_NOSIGNAL))
		signal_send_task(SIGPIPE, NULL, current);
	return done ? done : err;
}

/* -- receiving -- */
struct receive {
	struct unix_socket *s;
	struct socket_io *io;
	struct unix_message *peeked;	/* with MSG_PEEK: the last one looked at */
	size_t done;
	bool is_complete;		/* a boundary: what follows is for the next call */
	bool has_first;
	struct list used;		/* messages to be freed without read_lock */
};

/* The message to read from, or NULL. It stays while read_lock is held. */
static struct unix_message *next_message(struct receive *r)
{
	struct list *head = &r->s->queue;

	spin_lock(&r->s->lock);
	struct list *l = r->peeked ? r->peeked->node.next : head->next;
	spin_unlock(&r->s->lock);
	return l == head ? NULL : list_entry(l, struct unix_message, node);
}

static void take_ancillary(struct receive *r, struct unix_message *m)
{
	struct socket_io *io = r->io;

	if (!r->has_first) {
		scm_copy_creds(&io->scm, &m->scm);
		unix_name_of(m->sender, &io->name);
	}
	r->has_first = true;
	if (!m->scm.files)
		return;
	r->is_complete = true;
	unix_take_files(m, io);
}

/* Moves bytes of one message. False: a fault. */
static bool read_message(struct receive *r, struct unix_message *m)
{
	struct unix_socket *s = r->s;
	size_t wanted = MIN((size_t)(m->size - m->done), r->io->it.left);
	size_t n = iter_put(&r->io->it, m->data + m->done, wanted);

	if (n < wanted && !n)
		return false;
	take_ancillary(r, m);
	r->done += n;
	if (r->io->flags & MSG_PEEK) {
		r->peeked = m;
		return n == wanted;
	}
	m->done += (u32)n;
	spin_lock(&s->lock);
	s->queued_bytes -= n;
	if (m->done == m->size) {
		unix_unqueue_locked(s, m);
		list_push_back(&r->used, &m->node);
	}
	spin_unlock(&s->lock);
	return n == wanted;
}

/* Takes what is there. 0 or -EFAULT. read_lock is held. */
static int read_available(struct receive *r)
{
	struct unix_message *m;

	while ((r->io->it.left || !r->has_first) && !r->is_complete && (m = next_message(r))) {
		if (m->is_oob) {
			enum unix_oob what = unix_oob_met(r->s, m, r->io->flags & MSG_PEEK, r->done, &r->used);
			r->is_complete = what == OOB_ENDS_READ;
			if (what == OOB_IS_SKIPPED && (r->io->flags & MSG_PEEK))
				r->peeked = m;
			if (what != OOB_IS_DATA)
				continue;
		}
		if (r->has_first && r->s->passes_creds && !scm_is_same_sender(&r->io->scm, &m->scm)) {
			r->is_complete = true;
			break;
		}
		if (!r->io->it.left)
			break;
		if (!read_message(r, m))
			return -EFAULT;
	}
	return 0;
}

static bool has_news(struct receive *r)
{
	const struct list *last = r->peeked ? &r->peeked->node : &r->s->queue;

	return READ_ONCE(last->next) != &r->s->queue || READ_ONCE(r->s->error) || (READ_ONCE(r->s->shutdown) & SHUT_BIT_READ);
}

/* Nothing (more) is there: 0: try again; 1: the end; -errno. read_lock is given up while it sleeps. */
static int wait_for_more(struct receive *r, u64 deadline_ns)
{
	struct unix_socket *s = r->s;
	int err = unix_take_error(s);

	if (err)
		return err;
	if (READ_ONCE(s->shutdown) & SHUT_BIT_READ)
		return list_is_empty(&s->queue) || r->peeked ? 1 : 0;
	if (r->io->never_waits)
		return -EAGAIN;
	if (r->peeked)		/* it may be gone when we look again: what was seen is all */
		return 1;
	mutex_unlock(&s->read_lock);
	err = wait_event_interruptible_until(&s->read_wait, has_news(r), deadline_ns);
	mutex_lock(&s->read_lock);
	return unix_wait_error(err, s->receive_timeout_ns);
}

ssize_t unix_stream_receive(struct unix_socket *s, struct socket_io *io)
{
	struct receive r = { .s = s, .io = io };
	u64 deadline = s->receive_timeout_ns ? deadline_after(s->receive_timeout_ns) : 0;
	int err = 0;

	if (READ_ONCE(s->state) != UNIX_CONNECTED)
		return -EINVAL;
	if (io->flags & MSG_OOB)
		return unix_oob_receive(s, io);
	size_t enough = io->flags & MSG_WAITALL ? io->it.left : MIN((size_t)s->receive_low, io->it.left);
	list_init(&r.used);
	mutex_lock(&s->read_lock);
	for (;;) {
		err = read_available(&r);
		if (err || r.is_complete || (r.has_first && r.done >= enough))
			break;
		if (!io->it.left && !list_is_empty(&s->queue))
			break;
		err = wait_for_more(&r, deadline);
		if (err)
			break;
	}
	mutex_unlock(&s->read_lock);
	unix_messages_free(&r.used);
	return r.done || err > 0 ? (ssize_t)r.done : err;
}
