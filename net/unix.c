/*
 * net/unix.c: AF_UNIX sockets: their life and their files.
 * A socket is held by its file, by its peer, by those connected to it and by its messages on the way. Closing takes it
 * out of everything it is in; the memory goes with the last reference.
 * Way in: unix_new, unix_file; file operations. Locks: unix_lock, then a socket's lock; no file is put under either.
 * Errors: ERR_PTR(-ENOMEM). Source: unix(7), poll(2).
 */
#include "net/unix.h"
#include "net/device.h"
#include "base/errno.h"
#include "fs/poll.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "namespace/net_ns.h"
#include "pid/pid.h"
#include "task/task.h"
#include <asm/ioctls.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/sockios.h>
#include <linux/stat.h>

#define SOCKET_MODE (S_IFSOCK | 0777)

SLAB_CACHE(unix_socket_cache, struct unix_socket);
struct spinlock unix_lock = SPINLOCK_INIT(RANK_UNIX);
struct list unix_sockets = LIST_INIT(unix_sockets);

struct unix_socket *unix_new(int type)
{
	struct unix_socket *s = slab_zalloc(&unix_socket_cache);

	if (!s)
		return NULL;
	refcount_set(&s->count, 1);
	s->type = type;
	s->net = current_net_ns();
	ns_get(&s->net->ns);
	s->send_room = s->receive_room = ROOM_DEFAULT;
	s->receive_low = 1;
	s->peer_uid = s->peer_gid = ID_NONE;
	spin_init(&s->lock, RANK_UNIX_QUEUE);
	list_init(&s->followers);
	list_init(&s->follow_node);
	list_init(&s->queue);
	list_init(&s->pending);
	list_init(&s->pending_node);
	list_init(&s->in_flight_node);
	list_init(&s->reached_node);
	mutex_init(&s->read_lock, RANK_SOCKET);
	waitqueue_init(&s->read_wait);
	waitqueue_init(&s->write_wait);
	waitqueue_init(&s->room_wait);
	unix_lock_all();
	list_push_back(&unix_sockets, &s->all_node);
	unix_unlock_all();
	return s;
}

void unix_put(struct unix_socket *s)
{
	if (!s || !refcount_dec(&s->count))
		return;
	if (!list_is_empty(&s->all_node)) {	/* one that was never in use */
		unix_lock_all();
		list_remove(&s->all_node);
		unix_unlock_all();
	}
	unix_address_put(s->address);
	pid_put(s->peer_pid);
	ns_put(&s->net->ns);
	slab_free(&unix_socket_cache, s);
}

/* -- news -- */
void unix_wake_read(struct unix_socket *s) { wake_up_poll(&s->read_wait, EPOLLIN | EPOLLRDNORM | EPOLLRDBAND); }
void unix_wake_write(struct unix_socket *s) { wake_up_poll(&s->write_wait, EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND); }

void unix_wake_ended(struct unix_socket *s)
{
	wake_up_n(&s->read_wait, 1 << 30, EPOLLIN | EPOLLRDNORM | EPOLLRDHUP | EPOLLHUP | EPOLLERR);
	wake_up_n(&s->write_wait, 1 << 30, EPOLLOUT | EPOLLWRNORM | EPOLLHUP | EPOLLERR);
	wake_up_all(&s->room_wait);
}

int unix_take_error(struct unix_socket *s)
{
	if (!READ_ONCE(s->error))
		return 0;
	unix_lock_all();
	int err = s->error;
	s->error = 0;
	unix_unlock_all();
	return -err;
}

/* A call with a time limit is not restarted: it would wait anew. */
int unix_wait_error(int wait_result, u64 timeout_ns)
{
	if (wait_result == -ETIME)
		return -EAGAIN;
	return wait_result == -ERESTARTSYS && timeout_ns ? -EINTR : wait_result;
}

void unix_set_peer_creds_locked(struct unix_socket *s, struct pid *pid, u32 uid, u32 gid)
{
	pid_put(s->peer_pid);
	s->peer_pid = pid;
	s->peer_uid = uid;
	s->peer_gid = gid;
}

/* -- closing -- */
static void hang_up_peer_locked(struct unix_socket *s, bool is_reset)
{
	struct unix_socket *peer = s->peer;

	if (!peer || !unix_has_connections(s))
		return;
	if (is_reset)
		peer->error = ECONNRESET;
	spin_lock(&peer->lock);
	peer->shutdown = SHUT_BITS;
	spin_unlock(&peer->lock);
	unix_wake_ended(peer);
}

/* Nothing is queued from here on. The messages that were go to l. */
static void end_queue_locked(struct unix_socket *s, struct list *l)
{
	spin_lock(&s->lock);
	s->is_dead = true;
	s->shutdown = SHUT_BITS;
	list_splice_back(l, &s->queue);
	s->oob = NULL;
	s->queued = 0;
	spin_unlock(&s->lock);
}

static void leave_others_locked(struct unix_socket *s)
{
	struct unix_socket *follower, *next, *peer = s->peer;

	if (peer) {
		spin_lock(&peer->lock);
		list_remove(&s->follow_node);
		spin_unlock(&peer->lock);
	}
	spin_lock(&s->lock);
	s->peer = NULL;
	list_for_each_safe(follower, next, &s->followers, follow_node) {
		list_remove(&follower->follow_node);
		unix_wake_write(follower);
	}
	spin_unlock(&s->lock);
}

void unix_close(struct unix_socket *s, bool was_pending)
{
	struct list messages = LIST_INIT(messages), connections = LIST_INIT(connections);
	struct unix_socket *c, *next;

	unix_lock_all();
	end_queue_locked(s, &messages);
	list_remove(&s->all_node);
	unix_name_forget_locked(s);
	struct path path = s->path;
	s->path = (struct path){ NULL, NULL };
	struct unix_socket *peer = s->peer;
	hang_up_peer_locked(s, was_pending || !list_is_empty(&messages));
	leave_others_locked(s);
	list_splice_back(&connections, &s->pending);
	s->pending_count = 0;
	unix_wake_ended(s);
	unix_unlock_all();

	list_for_each_safe(c, next, &connections, pending_node) {
		list_remove(&c->pending_node);
		unix_close(c, true);	/* no deeper: it does not listen */
	}
	unix_messages_free(&messages);
	if (path.dentry)
		path_put(&path);
	unix_put(peer);
	unix_put(s);
}

static void unix_release(struct file *f)
{
	struct unix_socket *s = f->private;

	unix_lock_all();
	s->file = NULL;
	unix_unlock_all();
	unix_close(s, false);
	unix_collect();
}

/* -- the file -- */
struct file *unix_file(struct unix_socket *s, unsigned flags)
{
	struct path path;
	struct inode *i = anon_inode_new("socket:", SOCKET_MODE, &path);

	if (IS_ERR(i))
		return ERR_PTR(PTR_ERR(i));
	struct file *f = file_alloc(FMODE_READ | FMODE_WRITE | FMODE_NONSEEK, O_RDWR | (flags & O_NONBLOCK), &unix_fops, s);
	if (!f) {
		path_put(&path);
		return ERR_PTR(-ENOMEM);
	}
	f->path = path;
	f->inode = i;
	unix_lock_all();
	s->file = f;
	unix_unlock_all();
	return f;
}

static ssize_t unix_read_iter(struct file *f, struct iter *it, loff *pos)
{
	struct socket_io io = { .it = *it, .never_waits = f->flags & O_NONBLOCK };

	if (!it->left)
		return 0;
	ssize_t n = unix_receive(f->private, &io);
	*it = io.it;
	scm_drop(&io.scm);
	return n;
}

static ssize_t unix_write_iter(struct file *f, struct iter *it, loff *pos)
{
	struct socket_io io = { .it = *it, .never_waits = f->flags & O_NONBLOCK };
	ssize_t n = unix_send(f->private, &io);

	*it = io.it;
	scm_drop(&io.scm);
	return n;
}

/* A datagram socket can also be held up by a receiver that takes no more from it. */
static bool may_send_datagram(struct unix_socket *s)
{
	if (unix_is_stream(s))
		return true;
	unix_lock_all();
	struct unix_socket *peer = s->peer;
	bool may = !peer || peer->peer == s || !unix_is_full_locked(peer);
	unix_unlock_all();
	return may;
}

static unsigned unix_poll(struct file *f, struct poll_table *pt)
{
	struct unix_socket *s = f->private;
	unsigned mask = 0;

	poll_wait(f, &s->read_wait, pt);
	poll_wait(f, &s->write_wait, pt);
	unsigned shutdown = READ_ONCE(s->shutdown);
	if (READ_ONCE(s->error))
		mask |= EPOLLERR;
	if (shutdown == SHUT_BITS)
		mask |= EPOLLHUP;
	if (shutdown & SHUT_BIT_READ)
		mask |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
	if (!list_is_empty(&s->queue) || !list_is_empty(&s->pending))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(s->oob))
		mask |= EPOLLPRI;
	if (unix_has_connections(s) && READ_ONCE(s->state) == UNIX_OPEN)
		mask |= EPOLLHUP;
	if (unix_is_writable(s) && may_send_datagram(s))
		mask |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	return mask;
}

/* FIONREAD: all bytes of a stream, else those of the first message. */
static long bytes_to_read(struct unix_socket *s)
{
	long n = 0;

	spin_lock(&s->lock);
	if (READ_ONCE(s->state) == UNIX_LISTENING)
		n = -EINVAL;
	else if (unix_has_connections(s))
		n = (long)s->queued_bytes;
	else if (!list_is_empty(&s->queue))
		n = list_first(&s->queue, struct unix_message, node)->size;
	spin_unlock(&s->lock);
	return n;
}

static long unix_ioctl(struct file *f, unsigned cmd, uptr arg)
{
	struct unix_socket *s = f->private;
	long n;

	switch (cmd) {
	case SIOCINQ:
		n = bytes_to_read(s);
		break;
	case SIOCOUTQ:
		n = (long)READ_ONCE(s->charged);
		break;
	case SIOCATMARK:
		n = unix_oob_is_next(s);
		break;
	default:
		return device_ioctl(s->net, cmd, arg);
	}
	return n < 0 ? n : put_user_u32((u32)n, arg);
}

const struct file_ops unix_fops = {
	.read_iter = unix_read_iter,
	.write_iter = unix_write_iter,
	.poll = unix_poll,
	.ioctl = unix_ioctl,
	.release = unix_release,
};
