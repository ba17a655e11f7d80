/*
 * net/socket.c: the calls that make, name, connect and close sockets. The one family is AF_UNIX; the others are refused
 * as a Linux without them does. Sending and receiving: message.c; options: options.c.
 * Locks: none. Errors: EAFNOSUPPORT, EPROTONOSUPPORT, ESOCKTNOSUPPORT, EINVAL, EBADF, ENOTSOCK, EMFILE, EFAULT, ENOMEM
 * and those of the family. Source: socket(2), socketpair(2), bind(2), accept(2).
 */
#include "net/calls.h"
#include "net/netlink.h"
#include "net/unix.h"
#include "base/string.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include <linux/fcntl.h>
#include <linux/net.h>

#define TYPE_BITS 0xf
#define FLAGS (O_CLOEXEC | O_NONBLOCK)	/* SOCK_CLOEXEC, SOCK_NONBLOCK */
#define FAMILIES 46
#define TYPES 11

/* The type of a socket that can be made, or -errno. */
static int type_of(int family, int type, int protocol)
{
	if (type & ~(TYPE_BITS | FLAGS))
		return -EINVAL;
	type &= TYPE_BITS;
	if (family < 0 || family >= FAMILIES)
		return -EAFNOSUPPORT;
	if (type >= TYPES)
		return -EINVAL;
	if (family == AF_NETLINK)
		return type != SOCK_RAW && type != SOCK_DGRAM ? -ESOCKTNOSUPPORT : protocol == NETLINK_ROUTE ? SOCK_DGRAM :
			-EPROTONOSUPPORT;
	if (family != AF_UNIX)
		return -EAFNOSUPPORT;
	if (protocol && protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	switch (type) {
	case SOCK_STREAM: case SOCK_DGRAM: case SOCK_SEQPACKET:
		return type;
	case SOCK_RAW:
		return SOCK_DGRAM;
	}
	return -ESOCKTNOSUPPORT;
}

int socket_get(int fd, struct file **out)
{
	struct file *f = fd_get(fd);

	if (!f)
		return -EBADF;
	if (f->ops != &unix_fops) {
		file_put(f);
		return -ENOTSOCK;
	}
	*out = f;
	return 0;
}

/* -- making -- */
static struct file *socket_file(int family, int type, unsigned flags)
{
	struct unix_socket *s = unix_new(type);

	if (!s)
		return ERR_PTR(-ENOMEM);
	s->is_netlink = family == AF_NETLINK;
	struct file *f = unix_file(s, flags);
	if (IS_ERR(f))
		unix_put(s);
	return f;
}

long sys_socket(int family, int type, int protocol)
{
	int kind = type_of(family, type, protocol);

	if (kind < 0)
		return kind;
	struct file *f = socket_file(family, kind, (unsigned)type);
	if (IS_ERR(f))
		return PTR_ERR(f);
	int fd = fd_install_new(f, (unsigned)type & O_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

static int reserve_two(int fds[2], unsigned flags)
{
	fds[0] = fd_reserve(flags);
	if (fds[0] < 0)
		return fds[0];
	fds[1] = fd_reserve(flags);
	if (fds[1] >= 0)
		return 0;
	fd_unreserve(fds[0]);
	return fds[1];
}

static int pair_files(struct file *ends[2], int kind, unsigned flags)
{
	ends[0] = socket_file(AF_UNIX, kind, flags);
	if (IS_ERR(ends[0]))
		return (int)PTR_ERR(ends[0]);
	ends[1] = socket_file(AF_UNIX, kind, flags);
	if (IS_ERR(ends[1])) {
		file_put(ends[0]);
		return (int)PTR_ERR(ends[1]);
	}
	unix_pair(ends[0]->private, ends[1]->private);
	return 0;
}

long sys_socketpair(int family, int type, int protocol, uptr pair)
{
	struct file *ends[2];
	int fds[2], kind;

	if (type & ~(TYPE_BITS | FLAGS))
		return -EINVAL;
	int err = reserve_two(fds, (unsigned)type & O_CLOEXEC);
	if (err)
		return err;
	err = copy_to_user(pair, fds, sizeof(fds));
	if (!err) {
		kind = type_of(family, type, protocol);
		err = MIN(kind, 0);
		if (!err && family == AF_NETLINK)
			err = -EOPNOTSUPP;
	}
	if (!err)
		err = pair_files(ends, kind, (unsigned)type);
	for (int n = 0; n < 2; n++) {
		if (err)
			fd_unreserve(fds[n]);
		else
			fd_install(fds[n], ends[n]);
	}
	return err;
}

/* -- names and connections -- */
static int do_bind(struct file *f, struct socket_name *n)
{
	struct unix_socket *s = f->private;
	return s->is_netlink ? netlink_bind(s, n) : unix_bind(s, n);
}

static int do_connect(struct file *f, struct socket_name *n)
{
	struct unix_socket *s = f->private;
	return s->is_netlink ? netlink_connect(s, n) : unix_connect(s, n, f->flags & O_NONBLOCK);
}

static long named(int fd, uptr address, int size, int (*fn)(struct file *f, struct socket_name *n))
{
	struct socket_name n;
	struct file *f;
	long result = socket_get(fd, &f);

	if (result == -ENOTSOCK && fn == do_connect)	/* which reads the address first, on Linux too */
		return socket_name_from_user(&n, address, size) ?: result;
	if (result)
		return result;
	result = socket_name_from_user(&n, address, size);
	if (!result)
		result = fn(f, &n);
	file_put(f);
	return result;
}

long sys_bind(int fd, uptr address, int size) { return named(fd, address, size, do_bind); }
long sys_connect(int fd, uptr address, int size) { return named(fd, address, size, do_connect); }

long sys_listen(int fd, int backlog)
{
	struct file *f;
	long result = socket_get(fd, &f);

	if (result)
		return result;
	result = unix_listen(f->private, backlog);
	file_put(f);
	return result;
}

/* A socket without a name is shown as its family alone. */
static long show_name(struct unix_socket *s, uptr address, uptr size)
{
	struct socket_name n = { .size = 0 };

	unix_lock_all();
	if (s && s->is_netlink)
		netlink_name(s, &n);
	else if (s)
		unix_name_of(s, &n);
	unix_unlock_all();
	if (!n.size) {
		n.size = sizeof(n.family);
		n.family = AF_UNIX;
	}
	return socket_name_to_user(&n, address, size);
}

static struct unix_socket *peer_of(struct unix_socket *s)
{
	unix_lock_all();
	struct unix_socket *peer = s->peer ? unix_get(s->peer) : NULL;
	unix_unlock_all();
	return peer;
}

static long accept_on(struct file *f, uptr address, uptr size, unsigned flags)
{
	int fd = fd_reserve(flags & O_CLOEXEC);

	if (fd < 0)
		return fd;
	struct unix_socket *c = unix_accept(f->private, f->flags & O_NONBLOCK);
	struct file *file = IS_ERR(c) ? ERR_PTR(PTR_ERR(c)) : unix_file(c, flags);
	long err = 0;
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
		if (!IS_ERR(c))
			unix_close(c, false);
	} else if (address) {
		struct unix_socket *peer = peer_of(c);
		err = show_name(peer, address, size);
		unix_put(peer);
		if (err)
			file_put(file);
	}
	if (err) {
		fd_unreserve(fd);
		return err;
	}
	fd_install(fd, file);
	return fd;
}

long sys_accept4(int fd, uptr address, uptr size, int flags)
{
	struct file *f;
	long result = socket_get(fd, &f);

	if (result == -ENOTSOCK && (flags & ~FLAGS))
		return -EINVAL;
	if (result)
		return result;
	result = flags & ~FLAGS ? -EINVAL : accept_on(f, address, size, (unsigned)flags);
	file_put(f);
	return result;
}

long sys_accept(int fd, uptr address, uptr size) { return sys_accept4(fd, address, size, 0); }

long sys_getsockname(int fd, uptr address, uptr size)
{
	struct file *f;
	long result = socket_get(fd, &f);

	if (result)
		return result;
	result = show_name(f->private, address, size);
	file_put(f);
	return result;
}

long sys_getpeername(int fd, uptr address, uptr size)
{
	struct file *f;
	long result = socket_get(fd, &f);

	if (result)
		return result;
	struct unix_socket *peer = peer_of(f->private);
	result = peer ? show_name(peer, address, size) : -ENOTCONN;
	unix_put(peer);
	file_put(f);
	return result;
}

long sys_shutdown(int fd, int how)
{
	struct file *f;
	long result = socket_get(fd, &f);

	if (result)
		return result;
	result = unix_shutdown(f->private, how);
	file_put(f);
	return result;
}

/* -- options -- */
long sys_setsockopt(int fd, int level, int name, uptr value, int size)
{
	struct file *f;
	if (size < 0)
		return -EINVAL;
	long result = socket_get(fd, &f);
	if (result)
		return result;
	result = unix_set_option(f->private, level, name, value, size);
	file_put(f);
	return result;
}

long sys_getsockopt(int fd, int level, int name, uptr value, uptr size)
{
	struct file *f;
	long result = socket_get(fd, &f);

	if (result)
		return result;
	result = unix_get_option(f->private, level, name, value, size);
	file_put(f);
	return result;
}
