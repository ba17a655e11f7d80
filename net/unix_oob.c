/*
 * net/unix_oob.c: the urgent byte of an AF_UNIX stream (MSG_OOB). It is a message of its own in the queue, where it
 * marks a place: a read ends before it, and the next one leaves it out unless SO_OOBINLINE is set. A newer urgent byte
 * makes it a byte as any. Read by itself it leaves an empty message behind, so that the place stays.
 * Locks: read_lock of the receiver, its lock; unix_lock for its file.
 * Errors: EINVAL: there is none, or it is inline; EFAULT. Source: unix(7), send(2).
 */
#include "net/unix.h"
#include "base/errno.h"
#include <linux/eventpoll.h>

void unix_oob_queued(struct unix_socket *to)
{
	unix_lock_all();
	struct file *f = to->file && refcount_inc_not_zero(&to->file->count) ? to->file : NULL;
	unix_unlock_all();
	wake_up_poll(&to->read_wait, EPOLLIN | EPOLLRDNORM | EPOLLPRI);
	if (!f)
		return;
	owner_send_urgent(f);
	file_put(f);
}

ssize_t unix_oob_receive(struct unix_socket *s, struct socket_io *io)
{
	ssize_t result = -EINVAL;

	mutex_lock(&s->read_lock);
	spin_lock(&s->lock);
	struct unix_message *m = s->has_oob_inline ? NULL : s->oob;
	spin_unlock(&s->lock);
	if (m) {	/* it stays while read_lock is held */
		size_t n = MIN(io->it.left, (size_t)1);
		result = iter_put(&io->it, m->data, n) == n ? 1 : -EFAULT;
	}
	if (m && result == 1 && !(io->flags & MSG_PEEK)) {
		spin_lock(&s->lock);
		if (s->oob == m)
			s->oob = NULL;
		m->done = m->size;
		s->queued_bytes--;
		spin_unlock(&s->lock);
	}
	if (result == 1)
		io->out_flags |= MSG_OOB;
	mutex_unlock(&s->read_lock);
	return result;
}

static void take_out_locked(struct unix_socket *s, struct unix_message *m, struct list *used)
{
	s->queued_bytes -= m->size - m->done;
	unix_unqueue_locked(s, m);
	list_push_back(used, &m->node);
}

enum unix_oob unix_oob_met(struct unix_socket *s, struct unix_message *m, bool peeks, bool has_read, struct list *used)
{
	enum unix_oob what = OOB_IS_DATA;
	bool is_read = m->done == m->size;

	spin_lock(&s->lock);
	if (is_read && !peeks) {
		take_out_locked(s, m, used);
		what = has_read ? OOB_ENDS_READ : OOB_IS_SKIPPED;
	} else if (is_read) {
		what = has_read ? OOB_ENDS_READ : OOB_IS_SKIPPED;
	} else if (s->oob == m && has_read) {
		what = OOB_ENDS_READ;
	} else if (s->oob == m && !peeks && s->has_oob_inline) {
		s->oob = NULL;
	} else if (s->oob == m && !peeks) {
		take_out_locked(s, m, used);
		what = OOB_IS_SKIPPED;
	}
	spin_unlock(&s->lock);
	return what;
}

bool unix_oob_is_next(struct unix_socket *s)
{
	spin_lock(&s->lock);
	bool is = s->oob && !list_is_empty(&s->queue) && list_first(&s->queue, struct unix_message, node) == s->oob;
	spin_unlock(&s->lock);
	return is;
}
