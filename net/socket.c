/*
 * net/socket.c: the calls on sockets while there is no address family: none can be made, so no descriptor is one.
 * Programs that ask on the way (is standard input a socket? is there an audit service?) go on from these answers, as on a
 * Linux without the family; from ENOSYS they do not.
 * Locks: none. Errors: EAFNOSUPPORT, EINVAL (the type), EBADF, ENOTSOCK. Source: socket(2), socketpair(2), accept(2).
 */
#include "fs/vfs.h"
#include "syscall/define.h"
#include <linux/fcntl.h>
#include <linux/net.h>

#define TYPE_BITS 0xf
#define FLAGS (O_CLOEXEC | O_NONBLOCK)	/* SOCK_CLOEXEC, SOCK_NONBLOCK */
#define FAMILIES 46
#define TYPES 11

static long no_family(int family, int type)
{
	if (type & ~(TYPE_BITS | FLAGS))
		return -EINVAL;
	if (family < 0 || family >= FAMILIES)
		return -EAFNOSUPPORT;
	return (type & TYPE_BITS) >= TYPES ? -EINVAL : -EAFNOSUPPORT;
}
long sys_socket(int family, int type, int protocol) { return no_family(family, type); }
long sys_socketpair(int family, int type, int protocol, uptr pair) { return no_family(family, type); }

static long no_socket(int fd)
{
	struct file *f = fd_get(fd);

	if (!f)
		return -EBADF;
	file_put(f);
	return -ENOTSOCK;
}
long sys_bind(int fd, uptr address, int size) { return no_socket(fd); }
long sys_connect(int fd, uptr address, int size) { return no_socket(fd); }
long sys_listen(int fd, int backlog) { return no_socket(fd); }
long sys_accept(int fd, uptr address, uptr size) { return no_socket(fd); }
long sys_accept4(int fd, uptr address, uptr size, int flags) { return flags & ~FLAGS ? -EINVAL : no_socket(fd); }
long sys_getsockname(int fd, uptr address, uptr size) { return no_socket(fd); }
long sys_getpeername(int fd, uptr address, uptr size) { return no_socket(fd); }
long sys_shutdown(int fd, int how) { return no_socket(fd); }
long sys_setsockopt(int fd, int level, int name, uptr value, int size) { return size < 0 ? -EINVAL : no_socket(fd); }
long sys_getsockopt(int fd, int level, int name, uptr value, uptr size) { return no_socket(fd); }
long sys_sendto(int fd, uptr buf, size_t n, unsigned flags, uptr address, int size) { return no_socket(fd); }
long sys_recvfrom(int fd, uptr buf, size_t n, unsigned flags, uptr address, uptr size) { return no_socket(fd); }
long sys_sendmsg(int fd, uptr message, unsigned flags) { return no_socket(fd); }
long sys_recvmsg(int fd, uptr message, unsigned flags) { return no_socket(fd); }
long sys_sendmmsg(int fd, uptr messages, unsigned count, unsigned flags) { return no_socket(fd); }
long sys_recvmmsg(int fd, uptr messages, unsigned count, unsigned flags, uptr timeout) { return no_socket(fd); }
