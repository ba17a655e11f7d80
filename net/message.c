/*
 * net/message.c: send and receive calls: sendto, sendmsg, recvfrom, recvmsg and their forms for many messages.
 * Locks: none. Errors: EBADF, ENOTSOCK, EINVAL, EMSGSIZE (too many pieces), ENOBUFS (control messages too large),
 * EFAULT and the family's. Source: send(2), recv(2), sendmmsg(2), recvmmsg(2).
 */
#include "net/unix.h"
#include "net/calls.h"
#include "base/errno.h"
#include "base/string.h"
#include "fs/poll.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "time/time.h"
#include <linux/fcntl.h>

#define CONTROL_MAX 20480u	/* net.core.optmem_max */

struct user_message {		/* struct msghdr */
	uptr name;
	s32 name_size;
	uptr pieces;
	size_t piece_count;
	uptr control;
	size_t control_size;
	u32 flags;
};
struct user_message_of_many { struct user_message m; u32 done; };	/* struct mmsghdr */
_Static_assert(sizeof(struct user_message) == 56 && sizeof(struct user_message_of_many) == 64, "the ABI's layout");

/* -- names -- */
int socket_name_from_user(struct socket_name *n, uptr address, int size)
{
	if (size < 0 || size > NAME_BYTES)
		return -EINVAL;
	memset(n, 0, sizeof(*n));
	n->size = (u32)size;
	return size ? copy_from_user(n->bytes, address, (size_t)size) : 0;
}

/* As much as fits; the whole size is told. */
int socket_name_to_user(const struct socket_name *n, uptr address, uptr size)
{
	u32 room;

	if (get_user_u32(&room, size))
		return -EFAULT;
	if ((int)room < 0)
		return -EINVAL;
	if (copy_to_user(address, n->bytes, MIN(room, n->size)))
		return -EFAULT;
	return put_user_u32(n->size, size);
}

/* -- one buffer -- */
static void io_start(struct socket_io *io, struct file *f, unsigned flags)
{
	*io = (struct socket_io){ .flags = flags, .never_waits = (f->flags & O_NONBLOCK) || (flags & MSG_DONTWAIT) };
}

long sys_sendto(int fd, uptr buf, size_t n, unsigned flags, uptr address, int size)
{
	struct socket_io io;
	struct file *f;
	long result = user_range_ok(buf, n) ? socket_get(fd, &f) : -EFAULT;

	if (result)
		return result;
	io_start(&io, f, flags);
	iter_from_user(&io.it, buf, MIN(n, RW_BYTES_MAX));
	if (address)
		result = socket_name_from_user(&io.name, address, size);
	if (!result)
		result = unix_send(f->private, &io);
	scm_drop(&io.scm);
	file_put(f);
	return result;
}

long sys_recvfrom(int fd, uptr buf, size_t n, unsigned flags, uptr address, uptr size)
{
	struct socket_io io;
	struct file *f;
	long result = user_range_ok(buf, n) ? socket_get(fd, &f) : -EFAULT;

	if (result)
		return result;
	io_start(&io, f, flags);
	iter_from_user(&io.it, buf, MIN(n, RW_BYTES_MAX));
	result = unix_receive(f->private, &io);
	if (result >= 0 && address && socket_name_to_user(&io.name, address, size))
		result = -EFAULT;
	scm_drop(&io.scm);
	file_put(f);
	return result;
}

/* -- messages -- */
static int read_header(struct user_message *m, uptr at)
{
	if (copy_from_user(m, at, sizeof(*m)))
		return -EFAULT;
	if (!m->name)
		m->name_size = 0;
	if (m->name_size < 0)
		return -EINVAL;
	m->name_size = MIN(m->name_size, NAME_BYTES);
	return m->piece_count > PIECES_MAX ? -EMSGSIZE : 0;
}

static int send_start(struct socket_io *io, const struct user_message *m)
{
	int err = m->name_size ? socket_name_from_user(&io->name, m->name, m->name_size) : 0;

	if (!err && m->control_size > ~0u >> 1)
		err = -ENOBUFS;
	if (!err && m->control_size > CONTROL_MAX)
		err = -ENOBUFS;
	if (!err && m->control_size)
		err = scm_from_user(&io->scm, m->control, m->control_size);
	return err;
}

static long send_one(struct file *f, uptr at, unsigned flags)
{
	struct piece fast[PIECES_ON_STACK], *p;
	struct user_message m;
	struct socket_io io;
	size_t total;
	long result = read_header(&m, at);

	if (!result)
		result = pieces_from_user(m.pieces, (long)m.piece_count, fast, &p, &total);
	if (result)
		return result;
	io_start(&io, f, flags);
	iter_from_pieces(&io.it, p, total);
	result = send_start(&io, &m);
	if (!result)
		result = unix_send(f->private, &io);
	scm_drop(&io.scm);
	pieces_free(p, fast);
	return result;
}

static long receive_end(struct socket_io *io, struct unix_socket *s, struct user_message *m, uptr at)
{
	size_t size = m->control_size;

	scm_to_user(io, m->control, &size, s->passes_creds);
	if (m->name && copy_to_user(m->name, io->name.bytes, MIN(io->name.size, (u32)m->name_size)))
		return -EFAULT;
	if (m->name && put_user_u32(io->name.size, at + offsetof(struct user_message, name_size)))
		return -EFAULT;
	if (put_user_u32(io->out_flags | (io->flags & MSG_CMSG_CLOEXEC), at + offsetof(struct user_message, flags)))
		return -EFAULT;
	return put_user_u64(size, at + offsetof(struct user_message, control_size));
}

static long receive_one(struct file *f, uptr at, unsigned flags)
{
	struct piece fast[PIECES_ON_STACK], *p;
	struct user_message m;
	struct socket_io io;
	size_t total;
	long result = read_header(&m, at);

	if (!result)
		result = pieces_from_user(m.pieces, (long)m.piece_count, fast, &p, &total);
	if (result)
		return result;
	io_start(&io, f, flags);
	iter_from_pieces(&io.it, p, total);
	result = unix_receive(f->private, &io);
	if (result >= 0) {
		long err = receive_end(&io, f->private, &m, at);
		result = err ? err : result;
	}
	scm_drop(&io.scm);
	pieces_free(p, fast);
	return result;
}

long sys_sendmsg(int fd, uptr message, unsigned flags)
{
	struct file *f;
	long result = socket_get(fd, &f);

	if (result)
		return result;
	result = send_one(f, message, flags);
	file_put(f);
	return result;
}

long sys_recvmsg(int fd, uptr message, unsigned flags)
{
	struct file *f;
	long result = socket_get(fd, &f);

	if (result)
		return result;
	result = receive_one(f, message, flags);
	file_put(f);
	return result;
}

/* -- many messages: how many were moved; an error counts only for the first -- */
#define AT(n) (messages + (n) * sizeof(struct user_message_of_many))

long sys_sendmmsg(int fd, uptr messages, unsigned count, unsigned flags)
{
	struct file *f;
	long result = socket_get(fd, &f);
	unsigned n = 0;

	if (result)
		return result;
	count = MIN(count, (unsigned)PIECES_MAX);
	while (n < count) {
		result = send_one(f, AT(n), flags);
		if (result < 0)
			break;
		result = put_user_u32((u32)result, AT(n) + offsetof(struct user_message_of_many, done));
		if (result)
			break;
		n++;
	}
	file_put(f);
	return n ? (long)n : result;
}

static long receive_many(struct file *f, uptr messages, unsigned count, unsigned flags, u64 deadline_ns)
{
	long result = 0;
	unsigned n = 0;

	while (n < count) {
		result = receive_one(f, AT(n), flags & ~MSG_WAITFORONE);
		if (result < 0)
			break;
		result = put_user_u32((u32)result, AT(n) + offsetof(struct user_message_of_many, done));
		if (result)
			break;
		n++;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if (deadline_ns && time_now_ns() >= deadline_ns)
			break;
	}
	return n ? (long)n : result;
}

/* The time limit is looked at after each message, as on Linux: a wait for the next is not cut short. */
long sys_recvmmsg(int fd, uptr messages, unsigned count, unsigned flags, uptr timeout)
{
	struct file *f;
	u64 ns, deadline = 0;

	if (timeout) {
		int err = get_timespec_ns(&ns, timeout);
		if (err)
			return err;
		deadline = deadline_after(ns);
	}
	long result = socket_get(fd, &f);
	if (result)
		return result;
	result = receive_many(f, messages, MIN(count, (unsigned)PIECES_MAX), flags, deadline);
	file_put(f);
	u64 now = time_now_ns();
	if (timeout && result > 0 && put_timespec_ns(deadline > now ? deadline - now : 0, timeout))
		return -EFAULT;
	return result;
}
