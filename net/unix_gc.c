/*
 * net/unix_gc.c: sockets that are only in each other's queues. Nobody can receive them any more, so they are searched
 * for when a socket is closed, and their queues emptied; what is in those is then closed as usual.
 *
 * A socket is suspect if all references to its file are from messages in queues. What the queues of suspects hold
 * explains references to other suspects; a suspect with an unexplained one can still be received, and so can what is in
 * its queue, and so on. The others are lost. While unix_lock is held, a suspect cannot come to have other references:
 * those come only from one who has one, or from a queue, under this lock.
 * A message with files may leave its queue under the queue's lock alone: until its files are taken or put, under
 * unix_lock, they count as on their way and are explained by no queue, which only makes a search find less.
 * Way in: unix_collect from a close; messages are counted as they enter and leave queues. Locks: unix_lock, then a
 * socket's lock.
 * Source: unix(7) on passing descriptors.
 */
#include "net/unix.h"

static struct list in_flight = LIST_INIT(in_flight);	/* of in_flight_node. unix_lock */
static bool is_collecting, is_asked_again;		/* unix_lock */

static struct unix_socket *socket_of(const struct file *f) { return f->ops == &unix_fops ? f->private : NULL; }

void unix_enters_queue_locked(struct scm_files *f)
{
	if (!f)
		return;
	f->is_in_queue = true;
	for (u32 n = 0; n < f->n; n++) {
		struct unix_socket *s = socket_of(f->files[n]);
		if (s && !s->in_flight++)
			list_push_back(&in_flight, &s->in_flight_node);
	}
}

void unix_leaves_queue_locked(struct scm_files *f)
{
	if (!f || !f->is_in_queue)
		return;
	f->is_in_queue = false;
	for (u32 n = 0; n < f->n; n++) {
		struct unix_socket *s = socket_of(f->files[n]);
		if (s && !--s->in_flight)
			list_remove(&s->in_flight_node);
	}
}

/* -- the search -- */
typedef void (*visit_fn)(struct unix_socket *s, struct list *arg);

static void visit_queue(struct unix_socket *s, visit_fn visit, struct list *arg)
{
	const struct unix_message *m;

	spin_lock(&s->lock);
	list_for_each(m, &s->queue, node) {
		const struct scm_files *f = m->scm.files;
		for (u32 n = 0; f && n < f->n; n++) {
			struct unix_socket *held = socket_of(f->files[n]);
			if (held && held->is_suspect)
				visit(held, arg);
		}
	}
	spin_unlock(&s->lock);
}

/* Suspects in the queue of s, and in those of the connections that wait in its line. */
static void visit_held(struct unix_socket *s, visit_fn visit, struct list *arg)
{
	struct unix_socket *c;

	visit_queue(s, visit, arg);
	list_for_each(c, &s->pending, pending_node)
		visit_queue(c, visit, arg);
}

static void explain(struct unix_socket *s, struct list *unused) { s->unexplained--; }

static void reach(struct unix_socket *s, struct list *reached)
{
	s->is_suspect = false;
	list_push_back(reached, &s->reached_node);
}

static void find_suspects(void)
{
	struct unix_socket *s;

	list_for_each(s, &in_flight, in_flight_node) {
		s->unexplained = s->in_flight;
		s->is_suspect = s->file && (u32)refcount_read(&s->file->count) == s->in_flight;
	}
	list_for_each(s, &in_flight, in_flight_node)
		if (s->is_suspect)
			visit_held(s, explain, NULL);
}

static void clear_reachable(void)
{
	struct list reached = LIST_INIT(reached);
	struct unix_socket *s;

	list_for_each(s, &in_flight, in_flight_node)
		if (s->is_suspect && s->unexplained)
			reach(s, &reached);
	while (!list_is_empty(&reached)) {
		s = list_first(&reached, struct unix_socket, reached_node);
		list_remove(&s->reached_node);
		visit_held(s, reach, &reached);
	}
}

/* Messages with files go to lost; those without stay for the close. */
static void take_from(struct unix_socket *s, struct list *lost)
{
	struct unix_message *m, *next;

	spin_lock(&s->lock);
	list_for_each_safe(m, next, &s->queue, node) {
		if (!m->scm.files)
			continue;
		s->queued_bytes -= m->size - m->done;
		unix_unqueue_locked(s, m);
		list_push_back(lost, &m->node);
	}
	spin_unlock(&s->lock);
}

static void take_lost(struct list *lost)
{
	struct unix_socket *s, *c;

	list_for_each(s, &in_flight, in_flight_node) {
		if (!s->is_suspect)
			continue;
		s->is_suspect = false;
		take_from(s, lost);
		list_for_each(c, &s->pending, pending_node)
			take_from(c, lost);
	}
}

/* What is closed here may ask for a search again: the one that runs does it. */
void unix_collect(void)
{
	struct list lost = LIST_INIT(lost);

	unix_lock_all();
	is_asked_again = true;
	while (is_asked_again && !is_collecting && !list_is_empty(&in_flight)) {
		is_asked_again = false;
		is_collecting = true;
		find_suspects();
		clear_reachable();
		take_lost(&lost);
		unix_unlock_all();
		unix_messages_free(&lost);
		unix_lock_all();
		is_collecting = false;
	}
	unix_unlock_all();
}
