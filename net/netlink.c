/*
 * net/netlink.c: AF_NETLINK sockets: a datagram socket whose other end is the kernel. What is sent is worked off at once, and
 * the answers wait in the socket's own queue like datagrams of others. Only NETLINK_ROUTE is there, and no multicast groups.
 * Locks: unix_lock for the port's number. Errors: EINVAL, EADDRINUSE, EOPNOTSUPP (groups), ECONNREFUSED (another process),
 * EMSGSIZE, ENOMEM, EFAULT. Source: netlink(7).
 */
#include "net/netlink.h"
#include "base/errno.h"
#include "base/string.h"
#include "fs/vfs.h"
#include "task/task.h"

#define ANSWER_BYTES 3584u		/* with its own header within a page */
#define REQUEST_BYTES_MAX 32768

/* -- names -- */
static struct sockaddr_nl *nl_of(const struct socket_name *n) { return (struct sockaddr_nl *)n->bytes; }

static void name_set(struct socket_name *out, u32 port)
{
	memset(out, 0, sizeof(*out));
	out->size = sizeof(struct sockaddr_nl);
	nl_of(out)->nl_family = AF_NETLINK;
	nl_of(out)->nl_pid = port;
}

void netlink_kernel_name(struct socket_name *out) { name_set(out, 0); }
void netlink_name(const struct unix_socket *s, struct socket_name *out) { name_set(out, READ_ONCE(s->port)); }

static bool is_taken_locked(const struct unix_socket *s, u32 port)
{
	const struct unix_socket *o;

	list_for_each(o, &unix_sockets, all_node)
		if (o->is_netlink && o->net == s->net && o->port == port)
			return true;
	return false;
}

/* The process's number is the first choice; port 0: any. */
static int take_port(struct unix_socket *s, u32 port)
{
	int err = 0;

	unix_lock_all();
	if (s->port) {
		err = port && port != s->port ? -EINVAL : 0;
	} else if (port) {
		err = is_taken_locked(s, port) ? -EADDRINUSE : 0;
	} else {
		port = (u32)task_tgid_seen(current);
		for (u32 other = 0U - 4097; is_taken_locked(s, port); other--)
			port = other;
	}
	if (!err && !s->port)
		s->port = port;
	unix_unlock_all();
	return err;
}

static int check_name(const struct socket_name *n)
{
	return n->size < sizeof(struct sockaddr_nl) || n->family != AF_NETLINK ? -EINVAL : 0;
}

int netlink_bind(struct unix_socket *s, const struct socket_name *n)
{
	int err = check_name(n);

	if (!err && nl_of(n)->nl_groups)
		err = -EOPNOTSUPP;
	return err ? err : take_port(s, nl_of(n)->nl_pid);
}

int netlink_connect(struct unix_socket *s, const struct socket_name *n)
{
	if (n->size >= sizeof(n->family) && n->family == AF_UNSPEC)
		return 0;
	int err = check_name(n);
	if (!err && (nl_of(n)->nl_pid || nl_of(n)->nl_groups))
		err = -ECONNREFUSED;
	return err ? err : take_port(s, 0);
}

/* -- answers -- */
static bool answer_start(struct netlink_answer *a, size_t room)
{
	if (!a->m && !a->is_out_of_memory) {
		a->room = MAX(room, (size_t)ANSWER_BYTES);
		a->m = unix_message_new(a->to, a->room);
		a->is_out_of_memory = !a->m;
		if (a->m)
			a->m->size = 0;
	}
	return a->m;
}

/* Room for n more bytes, zeroed; NULL: none. */
static void *put_room(struct netlink_answer *a, size_t n)
{
	size_t bytes = NLMSG_ALIGN(n);

	if (!answer_start(a, bytes) || a->m->size + bytes > a->room) {
		a->is_out_of_memory = true;
		return NULL;
	}
	void *at = a->m->data + a->m->size;
	memset(at, 0, bytes);
	a->m->size += (u32)bytes;
	return at;
}

void *netlink_begin(struct netlink_answer *a, unsigned type, unsigned flags, size_t n)
{
	struct nlmsghdr *h = put_room(a, NLMSG_HDRLEN + n);

	if (!h)
		return NULL;
	*h = (struct nlmsghdr){
		.nlmsg_len = (u32)(NLMSG_HDRLEN + n), .nlmsg_type = (u16)type, .nlmsg_flags = (u16)flags,
		.nlmsg_seq = a->asked->nlmsg_seq, .nlmsg_pid = a->to->port,
	};
	a->last = h;
	return (char *)h + NLMSG_HDRLEN;
}

void netlink_attribute(struct netlink_answer *a, unsigned type, const void *value, size_t n)
{
	struct nlattr *at = a->last ? put_room(a, NLA_HDRLEN + n) : NULL;

	if (!at)
		return;
	*at = (struct nlattr){ .nla_len = (u16)(NLA_HDRLEN + n), .nla_type = (u16)type };
	memcpy((char *)at + NLA_HDRLEN, value, n);
	a->last->nlmsg_len = (u32)(a->m->data + a->m->size - (char *)a->last);
}

int netlink_prepare(struct unix_message **out, struct file *f, size_t n)
{
	if (f->ops != &unix_fops)
		return -ENOTSOCK;
	struct unix_socket *s = f->private;
	if (!s->is_netlink)
		return -EINVAL;
	if (!unix_is_writable(s))
		return -EAGAIN;
	*out = unix_message_new(s, n);
	return *out ? 0 : -ENOMEM;
}

void netlink_deliver(struct unix_message *m)
{
	struct unix_socket *to = m->sender;
	bool is_dead;

	unix_lock_queue(to, false);
	is_dead = to->is_dead;
	if (!is_dead)
		unix_queue_locked(to, m);
	unix_unlock_queue(to, false);
	if (is_dead)
		unix_message_free(m);
}

int netlink_answer_send(struct netlink_answer *a)
{
	if (!a->is_out_of_memory) {
		netlink_deliver(a->m);
		return 0;
	}
	if (a->m)
		unix_message_free(a->m);
	return -ENOMEM;
}

const void *netlink_find(const void *from, size_t n, unsigned type, size_t least)
{
	const struct nlattr *at = from;

	while (n >= NLA_HDRLEN && at->nla_len >= NLA_HDRLEN && at->nla_len <= n) {
		if ((at->nla_type & NLA_TYPE_MASK) == type)
			return (size_t)(at->nla_len - NLA_HDRLEN) >= least ? (const char *)at + NLA_HDRLEN : NULL;
		size_t step = MIN((size_t)NLA_ALIGN(at->nla_len), n);
		at = (const struct nlattr *)((const char *)at + step);
		n -= step;
	}
	return NULL;
}

/* -- requests -- */
/* An error comes with the request it is about, an acknowledgement with its header only. */
static int acknowledge(struct unix_socket *s, const struct nlmsghdr *h, int err)
{
	struct netlink_answer a = { .to = s, .asked = h };
	size_t copied = err ? h->nlmsg_len : sizeof(*h);
	struct nlmsgerr *e = answer_start(&a, NLMSG_HDRLEN + sizeof(*e) + NLMSG_ALIGN(copied)) ?
		netlink_begin(&a, NLMSG_ERROR, err ? 0 : NLM_F_CAPPED, sizeof(e->error) + copied) : NULL;

	if (e) {
		e->error = err;
		memcpy(&e->msg, h, copied);
	}
	return netlink_answer_send(&a);
}

static int work_off(struct unix_socket *s, const char *data, size_t n)
{
	const struct nlmsghdr *h = (const struct nlmsghdr *)data;

	while (n >= NLMSG_HDRLEN && h->nlmsg_len >= NLMSG_HDRLEN && h->nlmsg_len <= n) {
		int err = 0;
		if ((h->nlmsg_flags & NLM_F_REQUEST) && h->nlmsg_type >= NLMSG_MIN_TYPE)
			err = rtnetlink_request(s, h);
		if (err < 0 || (!err && (h->nlmsg_flags & NLM_F_ACK)))
			err = acknowledge(s, h, err);
		if (err < 0)
			return err;
		size_t step = MIN((size_t)NLMSG_ALIGN(h->nlmsg_len), n);
		h = (const struct nlmsghdr *)((const char *)h + step);
		n -= step;
	}
	return 0;
}

ssize_t netlink_send(struct unix_socket *s, struct socket_io *io)
{
	ssize_t size = (ssize_t)io->it.left;
	int err = io->flags & MSG_OOB ? -EOPNOTSUPP : size > REQUEST_BYTES_MAX ? -EMSGSIZE : 0;

	if (!err && io->name.size)
		err = check_name(&io->name);
	if (!err && io->name.size && (nl_of(&io->name)->nl_pid || nl_of(&io->name)->nl_groups))
		err = -ECONNREFUSED;
	if (!err)
		err = take_port(s, 0);
	struct unix_message *m = err ? NULL : unix_message_new(s, (size_t)size);
	if (!m)
		return err ? err : -ENOMEM;
	if (iter_take(&io->it, m->data, (size_t)size) != (size_t)size)
		err = -EFAULT;
	if (!err)
		err = work_off(s, m->data, (size_t)size);
	unix_message_free(m);
	return err ? err : size;
}
