/*
 * net/unix_message.c: messages of AF_UNIX sockets: charged to the sender until received, queued at the receiver.
 * The files in a message are put without any lock. A file may be a socket whose queue again holds files, and so on: a
 * close that is met while this task closes such files is put off to the outermost, so that the depth does not grow.
 * Locks: the receiver's lock; unix_lock before it for messages with files. Errors: EAGAIN, ERESTARTSYS, EINTR, EPIPE.
 */
#include "net/unix.h"
#include "base/errno.h"
#include "mm/slab.h"
#include "task/task.h"

/* What one message is charged besides its bytes: as much as Linux does, whose senders are held up as early. */
#define CHARGE_EXTRA 256u
#define CHARGE_HEAD 320u
#define CHARGE_STEP 512u

struct drain { struct list node; struct task *task; struct list messages; };
static struct list drains = LIST_INIT(drains);	/* on the stacks of those who free messages. unix_lock */

struct unix_message *unix_message_new(struct unix_socket *sender, size_t size)
{
	struct unix_message *m = kmalloc(sizeof(*m) + size);

	if (!m)
		return NULL;
	*m = (struct unix_message){ .size = (u32)size, .sender = unix_get(sender) };
	list_init(&m->node);
	m->charge = CHARGE_EXTRA + ALIGN_UP((u32)size + CHARGE_HEAD, CHARGE_STEP);
	__atomic_fetch_add(&sender->charged, m->charge, __ATOMIC_RELAXED);
	return m;
}

static void uncharge(struct unix_message *m)
{
	struct unix_socket *s = m->sender;

	__atomic_fetch_sub(&s->charged, m->charge, __ATOMIC_RELEASE);
	m->charge = 0;
	if (unix_is_writable(s))
		unix_wake_write(s);
}

static void free_one(struct unix_message *m)
{
	if (m->charge)
		uncharge(m);
	if (m->scm.files) {
		unix_lock_all();
		unix_leaves_queue_locked(m->scm.files);
		unix_unlock_all();
	}
	scm_drop(&m->scm);
	unix_put(m->sender);
	kfree(m);
}

static struct drain *own_drain_locked(void)
{
	struct drain *d;

	list_for_each(d, &drains, node) {
		if (d->task == current)
			return d;
	}
	return NULL;
}

/* Those without files, which nothing can follow from. */
static void free_plain(struct list *l)
{
	struct unix_message *m, *next;

	list_for_each_safe(m, next, l, node) {
		if (m->scm.files)
			continue;
		list_remove(&m->node);
		free_one(m);
	}
}

void unix_messages_free(struct list *l)
{
	struct drain own = { .task = current };

	free_plain(l);
	if (list_is_empty(l))
		return;
	list_init(&own.messages);
	unix_lock_all();
	struct drain *outer = own_drain_locked();
	list_splice_back(outer ? &outer->messages : &own.messages, l);
	if (!outer)
		list_push_back(&drains, &own.node);
	while (!outer && !list_is_empty(&own.messages)) {
		struct unix_message *m = list_first(&own.messages, struct unix_message, node);
		list_remove(&m->node);
		unix_unlock_all();
		free_one(m);
		unix_lock_all();
	}
	if (!outer)
		list_remove(&own.node);
	unix_unlock_all();
}

void unix_message_free(struct unix_message *m)
{
	struct list one = LIST_INIT(one);

	list_push_back(&one, &m->node);
	unix_messages_free(&one);
}

void unix_queue_locked(struct unix_socket *to, struct unix_message *m)
{
	struct scm *c = &m->scm;

	if (!c->has_creds && (to->passes_creds || m->sender->passes_creds))
		scm_set_current(c);
	unix_enters_queue_locked(c->files);
	list_push_back(&to->queue, &m->node);
	to->queued++;
	to->queued_bytes += m->size;
	unix_wake_read(to);
}

void unix_unqueue_locked(struct unix_socket *from, struct unix_message *m)
{
	struct unix_socket *follower;
	bool was_full = unix_is_full_locked(from);

	list_remove(&m->node);
	if (from->oob == m)
		from->oob = NULL;
	from->queued--;
	uncharge(m);
	if (!was_full || unix_is_full_locked(from))
		return;
	wake_up_all(&from->room_wait);
	list_for_each(follower, &from->followers, follow_node)
		unix_wake_write(follower);
}

/* Under unix_lock, so that the search for sockets that nobody can reach sees a file either in a queue or with somebody. */
void unix_take_files(struct unix_message *m, struct socket_io *io)
{
	struct scm_files *f = m->scm.files;

	if (!f)
		return;
	unix_lock_all();
	if (io->flags & MSG_PEEK) {
		io->scm.files = scm_files_copy(f);
	} else {
		unix_leaves_queue_locked(f);
		io->scm.files = f;
		m->scm.files = NULL;
	}
	unix_unlock_all();
	if (!io->scm.files)
		io->out_flags |= MSG_CTRUNC;
	else if (!(io->flags & MSG_PEEK))
		scm_files_uncharge(f);
}

static bool has_room(const struct unix_socket *s)
{
	return READ_ONCE(s->charged) < READ_ONCE(s->send_room) || READ_ONCE(s->error) ||
	       (READ_ONCE(s->shutdown) & SHUT_BIT_WRITE);
}

int unix_wait_room(struct unix_socket *s, const struct socket_io *io, u64 deadline_ns)
{
	for (;;) {
		int err = unix_take_error(s);
		if (err)
			return err;
		if (READ_ONCE(s->shutdown) & SHUT_BIT_WRITE)
			return -EPIPE;
		if (has_room(s))
			return 0;
		if (io->never_waits)
			return -EAGAIN;
		err = wait_event_interruptible_until(&s->write_wait, has_room(s), deadline_ns);
		if (err)
			return unix_wait_error(err, s->send_timeout_ns);
	}
}
