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

static long send_buffer(struct unix_socket *s, struct socket_io *io, uptr address, uptr size)
{
	int err = address ? socket_name_from_user(&io->name, address, (int)size) : 0;
	return err ? err : unix_send(s, io);
}

static long receive_buffer(struct unix_socket *s, struct socket_io *io, uptr address, uptr size)
{
	long result = unix_receive(s, io);
	return result >= 0 && address && socket_name_to_user(&io->name, address, size) ? -EFAULT : result;
}

typedef long (*move_buffer)(struct unix_socket *s, struct socket_io *io, uptr address, uptr size);

static long buffer_call(int fd, uptr buf, size_t n, unsigned flags, uptr address, uptr size, move_buffer move)
{
	struct socket_io io;
	struct file *f;
	long result = user_range_ok(buf, n) ? socket_get(fd, &f) : -EFAULT;

	if (result)
		return result;
	io_start(&io, f, flags);
	iter_from_user(&io.it, buf, MIN(n, RW_BYTES_MAX));
	result = move(f->private, &io, address, size);
	scm_drop(&io.scm);
	file_put(f);
	return result;
}

long sys_sendto(int fd, uptr buf, size_t n, unsigned flags, uptr address, int size)
{
	return buffer_call(fd, buf, n, flags, address, (uptr)size, send_buffer);
}

long sys_recvfrom(int fd, uptr buf, size_t n, unsigned flags, uptr address, uptr size)
{
	return buffer_call(fd, buf, n, flags, address, size, receive_buffer);
}

/* -- messages: m is the header at `at` -- */
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

static long send_message(struct unix_socket *s, struct socket_io *io, const struct user_message *m, uptr at)
{
	int err = m->name_size ? socket_name_from_user(&io->name, m->name, m->name_size) : 0;

	if (!err && m->control_size > CONTROL_MAX)
		err = -ENOBUFS;
	if (!err && m->control_size)
		err = scm_from_user(&io->scm, m->control, m->control_size);
	return err ? err : unix_send(s, io);
}

static long receive_message(struct unix_socket *s, struct socket_io *io, const struct user_message *m, uptr at)
{
	size_t size = m->control_size;
	long result = unix_receive(s, io);

	if (result < 0)
		return result;
	scm_to_user(io, m->control, &size, s->passes_creds);
	if (m->name && (copy_to_user(m->name, io->name.bytes, MIN(io->name.size, (u32)m->name_size)) ||
			put_user_u32(io->name.size, at + offsetof(struct user_message, name_size))))
		return -EFAULT;
	if (put_user_u32(io->out_flags | (io->flags & MSG_CMSG_CLOEXEC), at + offsetof(struct user_message, flags)) ||
	    put_user_u64(size, at + offsetof(struct user_message, control_size)))
		return -EFAULT;
	return result;
}

typedef long (*move_message)(struct unix_socket *s, struct socket_io *io, const struct user_message *m, uptr at);

static long move_one(struct file *f, uptr at, unsigned flags, move_message move)
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
	result = move(f->private, &io, &m, at);
	scm_drop(&io.scm);
	pieces_free(p, fast);
	return result;
}

static long one_call(int fd, uptr message, unsigned flags, move_message move)
{
	struct file *f;
	long result = socket_get(fd, &f);

	if (result)
		return result;
	result = move_one(f, message, flags, move);
	file_put(f);
	return result;
}

long sys_sendmsg(int fd, uptr message, unsigned flags) { return one_call(fd, message, flags, send_message); }
long sys_recvmsg(int fd, uptr message, unsigned flags) { return one_call(fd, message, flags, receive_message); }

/* -- many messages: how many were moved; an error counts only for the first -- */
static long move_many(struct file *f, uptr messages, unsigned count, unsigned flags, u64 deadline_ns, move_message move)
{
	long result = 0;
	unsigned n = 0;

	while (n < count) {
		uptr at = messages + n * sizeof(struct user_message_of_many);
		result = move_one(f, at, flags & ~MSG_WAITFORONE, move);
		if (result < 0)
			break;
		result = put_user_u32((u32)result, at + offsetof(struct user_message_of_many, done));
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

static long many_call(int fd, uptr messages, unsigned count, unsigned flags, u64 deadline_ns, move_message move)
{
	struct file *f;
	long result = socket_get(fd, &f);

	if (result)
		return result;
	result = move_many(f, messages, MIN(count, (unsigned)PIECES_MAX), flags, deadline_ns, move);
	file_put(f);
	return result;
}

long sys_sendmmsg(int fd, uptr messages, unsigned count, unsigned flags)
{
	return many_call(fd, messages, count, flags & ~MSG_WAITFORONE, 0, send_message);
}

/* The time limit is looked at after each message, as on Linux: a wait for the next is not cut short. */
long sys_recvmmsg(int fd, uptr messages, unsigned count, unsigned flags, uptr timeout)
{
	u64 ns, deadline = 0;

	if (timeout) {
		int err = get_timespec_ns(&ns, timeout);
		if (err)
			return err;
		deadline = deadline_after(ns);
	}
	long result = many_call(fd, messages, count, flags, deadline, receive_message);
	u64 now = time_now_ns();
	if (timeout && result > 0 && put_timespec_ns(deadline > now ? deadline - now : 0, timeout))
		return -EFAULT;
	return result;
}
