/*
 * net/unix_dgram.c: whole messages: datagrams, and sequenced packets over a connection.
 * Locks: read_lock of the receiving socket over a receive but not while it sleeps; the receiver's lock, under unix_lock
 * for a message with files.
 * Errors: ENOTCONN, ECONNREFUSED, EPERM, EPIPE, EMSGSIZE, EAGAIN, EPROTOTYPE, ECONNRESET, EFAULT, ENOMEM; MSG_OOB is
 * EOPNOTSUPP. Source: unix(7), send(2), recv(2).
 */
#include "net/unix.h"
#include "net/netlink.h"
#include "base/errno.h"
#include "fs/poll.h"
#include "mm/slab.h"
#include "task/task.h"

#define SIZE_MAX_BELOW_ROOM 32	/* a message is at most that much smaller than SO_SNDBUF */

/* -- sending -- */
static int may_send(struct unix_socket *s, struct socket_io *io)
{
	if (s->type == SOCK_SEQPACKET) {
		int err = unix_take_error(s);
		if (err)
			return err;
		if (READ_ONCE(s->state) != UNIX_CONNECTED)
			return -ENOTCONN;
		io->name.size = 0;
	}
	if (io->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (io->name.size) {
		int err = unix_name_check(&io->name);
		if (err)
			return err;
	} else if (!READ_ONCE(s->peer)) {
		return -ENOTCONN;
	}
	if (s->passes_creds) {
		int err = unix_bind_auto(s);
		if (err)
			return err;
	}
	return io->it.left > s->send_room - SIZE_MAX_BELOW_ROOM ? -EMSGSIZE : 0;
}

/* Whom it goes to: a reference, or ERR_PTR. */
static struct unix_socket *receiver_of(struct unix_socket *s, const struct socket_io *io)
{
	if (io->name.size)
		return unix_find(&io->name, s);
	spin_lock(&s->lock);
	struct unix_socket *to = s->peer ? unix_get(s->peer) : NULL;
	spin_unlock(&s->lock);
	return to ? to : ERR_PTR(-ENOTCONN);
}

enum { DELIVERED = 0, IS_FULL = 1 };

/* DELIVERED, IS_FULL or -errno. */
static int deliver(struct unix_socket *s, struct unix_socket *to, struct unix_message *m)
{
	bool has_files = m->scm.files, is_gone = false;
	int result = DELIVERED;

	unix_lock_queue(to, has_files);
	if (to->peer && to->peer != s) {
		result = -EPERM;
	} else if (to->is_dead) {
		is_gone = true;
		result = s->type == SOCK_SEQPACKET ? -EPIPE : -ECONNREFUSED;
	} else if ((to->shutdown & SHUT_BIT_READ) || (READ_ONCE(s->shutdown) & SHUT_BIT_WRITE)) {
		result = -EPIPE;
	} else if (to != s && to->peer != s && unix_is_full_locked(to)) {
		result = IS_FULL;
	} else {
		unix_queue_locked(to, m);
	}
	unix_unlock_queue(to, has_files);
	if (is_gone)
		unix_forget_peer(s, to);
	return result;
}

static bool may_have_room(const struct unix_socket *to)
{
	return !unix_is_full_locked(to) || READ_ONCE(to->is_dead) || (READ_ONCE(to->shutdown) & SHUT_BIT_READ);
}

static int send_message(struct unix_socket *s, struct socket_io *io, struct unix_message *m, u64 deadline_ns)
{
	for (;;) {
		struct unix_socket *to = receiver_of(s, io);
		if (IS_ERR(to))
			return (int)PTR_ERR(to);
		int err = deliver(s, to, m);
		if (err == IS_FULL) {
			err = -EAGAIN;
			if (!io->never_waits) {
				err = wait_event_interruptible_until(&to->room_wait, may_have_room(to), deadline_ns);
				err = err ? unix_wait_error(err, s->send_timeout_ns) : IS_FULL;
			}
		}
		unix_put(to);
		if (err != IS_FULL)
			return err;
	}
}

ssize_t unix_dgram_send(struct unix_socket *s, struct socket_io *io)
{
	u64 deadline = s->send_timeout_ns ? deadline_after(s->send_timeout_ns) : 0;
	int err = may_send(s, io);
	ssize_t size = (ssize_t)io->it.left;

	if (!err)
		err = unix_wait_room(s, io, deadline);
	if (err)
		return err;
	struct unix_message *m = unix_message_new(s, (size_t)size);
	if (!m)
		return -ENOMEM;
	if (iter_take(&io->it, m->data, (size_t)size) != (size_t)size) {
		unix_message_free(m);
		return -EFAULT;
	}
	m->scm = io->scm;
	io->scm = (struct scm){ 0 };
	err = send_message(s, io, m, deadline);
	if (err)
		unix_message_free(m);
	return err ? err : size;
}

/* -- receiving -- */
static bool has_news(const struct unix_socket *s)
{
	return !list_is_empty(&s->queue) || READ_ONCE(s->error) || (READ_ONCE(s->shutdown) & SHUT_BIT_READ);
}

static struct unix_message *first_message(struct unix_socket *s)
{
	spin_lock(&s->lock);
	struct unix_message *m = list_is_empty(&s->queue) ? NULL : list_first(&s->queue, struct unix_message, node);
	spin_unlock(&s->lock);
	return m;
}

/* With read_lock held on success: a message is there. 1: the end; or -errno. */
static int wait_for_message(struct unix_socket *s, const struct socket_io *io, struct unix_message **out)
{
	u64 deadline = s->receive_timeout_ns ? deadline_after(s->receive_timeout_ns) : 0;

	for (;;) {
		int err = unix_take_error(s);
		if (err)
			return err;
		mutex_lock(&s->read_lock);
		*out = first_message(s);
		if (*out)
			return 0;
		mutex_unlock(&s->read_lock);
		bool is_ended = READ_ONCE(s->shutdown) & SHUT_BIT_READ;
		if (is_ended && (s->type == SOCK_SEQPACKET || !io->never_waits))
			return 1;
		if (io->never_waits)
			return -EAGAIN;
		err = wait_event_interruptible_until(&s->read_wait, has_news(s), deadline);
		if (err)
			return unix_wait_error(err, s->receive_timeout_ns);
	}
}

/* Takes the message off the queue before it is copied: a fault loses it, as on Linux. */
ssize_t unix_dgram_receive(struct unix_socket *s, struct socket_io *io)
{
	struct unix_message *m;

	if (s->type == SOCK_SEQPACKET && READ_ONCE(s->state) != UNIX_CONNECTED)
		return -ENOTCONN;
	if (io->flags & MSG_OOB)
		return -EOPNOTSUPP;
	int err = wait_for_message(s, io, &m);
	if (err)
		return err > 0 ? 0 : err;
	size_t wanted = MIN((size_t)m->size, io->it.left);
	bool is_copied = iter_put(&io->it, m->data, wanted) == wanted;
	if (is_copied) {
		scm_copy_creds(&io->scm, &m->scm);
		unix_take_files(m, io);
	}
	unix_name_of(m->sender, &io->name);
	if (!(io->flags & MSG_PEEK)) {
		spin_lock(&s->lock);
		s->queued_bytes -= m->size;
		unix_unqueue_locked(s, m);
		spin_unlock(&s->lock);
	}
	size_t size = m->size;	/* one that was only looked at may be gone without read_lock */
	mutex_unlock(&s->read_lock);
	if (size > wanted)
		io->out_flags |= MSG_TRUNC;
	ssize_t result = !is_copied ? -EFAULT : (ssize_t)(io->flags & MSG_TRUNC ? size : wanted);
	if (!(io->flags & MSG_PEEK))
		unix_message_free(m);
	return result;
}

ssize_t unix_send(struct unix_socket *s, struct socket_io *io)
{
	if (s->is_netlink)
		return netlink_send(s, io);
	return unix_is_stream(s) ? unix_stream_send(s, io) : unix_dgram_send(s, io);
}

ssize_t unix_receive(struct unix_socket *s, struct socket_io *io)
{
	return unix_is_stream(s) ? unix_stream_receive(s, io) : unix_dgram_receive(s, io);
}
