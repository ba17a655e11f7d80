// What travels beside the bytes: descriptors and credentials.
#include "check.h"
#include <sys/socket.h>

static int sv[2];
static char buf[4096];
static union { struct cmsghdr h; char space[2048]; } control;

static ssize_t send_fds(int to, const int *fds, int n, int flags)
{
	struct iovec v = {"m", 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &control};
	m.msg_controllen = CMSG_SPACE(n * sizeof(int));
	control.h = (struct cmsghdr){.cmsg_len = CMSG_LEN(n * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(&control.h), fds, n * sizeof(int));
	return sendmsg(to, &m, flags);
}

/* How many came into fds; the message's flags in *flags. */
static int receive_fds(int from, int *fds, size_t room, int ask, int *flags)
{
	struct iovec v = {buf, sizeof buf};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = room};
	if (recvmsg(from, &m, ask) < 0)
		return -1;
	*flags = m.msg_flags;
	int n = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
			n = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
			memcpy(fds, CMSG_DATA(c), n * sizeof(int));
		}
	return n;
}

TEST(descriptors)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
	for (int i = 0; i < 3; i++) {
		int p[2], got[8], flags;
		NEED_OK(socketpair(AF_UNIX, types[i], 0, sv));
		NEED_OK(pipe(p));
		CHECK_EQ(send_fds(sv[0], p, 2, 0), 1);
		CHECK_OK(close(p[1]));
		CHECK_EQ(receive_fds(sv[1], got, 1000, MSG_PEEK, &flags), 2);
		CHECK_OK(close(got[0]));
		CHECK_OK(close(got[1]));
		CHECK_EQ(receive_fds(sv[1], got, 1000, MSG_CMSG_CLOEXEC, &flags), 2);
		CHECK_EQ(flags & ~MSG_EOR, MSG_CMSG_CLOEXEC);
		CHECK_EQ(fcntl(got[1], F_GETFD), FD_CLOEXEC);
		CHECK_EQ(write(got[1], "hi", 2), 2);
		CHECK_EQ(read(p[0], buf, 10), 2);
		CHECK_OK(close(got[1]));
		CHECK_EQ(read(p[0], buf, 10), 0);
	}
}

TEST(no_room_and_no_message)
{
	int p[2], got[8], flags;
	NEED_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	NEED_OK(pipe(p));
	CHECK_EQ(send_fds(sv[0], p, 2, 0), 1);
	CHECK_EQ(receive_fds(sv[1], got, CMSG_LEN(sizeof(int)), 0, &flags), 1);
	CHECK_EQ(flags, MSG_CTRUNC);
	CHECK_EQ(send_fds(sv[0], p, 2, 0), 1);
	CHECK_EQ(receive_fds(sv[1], got, 0, 0, &flags), 0);
	CHECK_EQ(flags, MSG_CTRUNC);
	CHECK_EQ(send_fds(sv[0], &p[1], 1, 0), 1);	/* read() lets it go */
	CHECK_EQ(read(sv[1], buf, 10), 1);
	CHECK_EQ(send_fds(sv[0], &p[1], 1, 0), 1);	/* as does close() */
	CHECK_OK(close(p[1]));
	CHECK_OK(close(sv[1]));
	CHECK_ERR(send_fds(sv[0], &p[0], 1, MSG_NOSIGNAL), EPIPE);
	CHECK_ERR(send_fds(sv[0], (int[]){999}, 1, MSG_NOSIGNAL), EBADF);
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	NEED_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	int many[254];
	for (int i = 0; i < 254; i++)
		many[i] = 0;
	CHECK_ERR(send_fds(sv[0], many, 254, 0), EINVAL);
	CHECK_EQ(send_fds(sv[0], many, 253, 0), 1);
}

TEST(boundary_in_a_stream)
{
	int got[8], flags;
	NEED_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	CHECK_EQ(write(sv[0], "ab", 2), 2);
	CHECK_EQ(send_fds(sv[0], sv, 1, 0), 1);
	CHECK_EQ(write(sv[0], "cd", 2), 2);
	struct iovec v = {buf, sizeof buf};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	CHECK_EQ(recvmsg(sv[1], &m, 0), 3);
	CHECK(!memcmp(buf, "abm", 3));
	CHECK_EQ(receive_fds(sv[1], got, 1000, 0, &flags), 0);
	CHECK(!memcmp(buf, "cd", 2));
}

TEST(sockets_in_sockets)
{
	enum { DEPTH = 300 };
	int last[2], next[2];
	NEED_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, last));
	for (int i = 0; i < DEPTH; i++) {
		NEED_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, next));
		CHECK_EQ(send_fds(next[0], last, 2, 0), 1);
		CHECK_OK(close(last[0]));
		CHECK_OK(close(last[1]));
		last[0] = next[0];
		last[1] = next[1];
	}
	CHECK_OK(close(last[0]));
	CHECK_OK(close(last[1]));
}

TEST(in_flight_limit)
{
	int status;
	pid_t pid = NEED_OK(fork());
	if (!pid) {
		int n = 0, zeros[64] = {};
		struct rlimit r = {32, 32};
		if (setgid(12345) || setuid(12345))
			_exit(9);
		NEED_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
		NEED_OK(setrlimit(RLIMIT_NOFILE, &r));
		while (n < 20 && send_fds(sv[0], zeros, 10, MSG_DONTWAIT) == 1)
			n++;
		CHECK_EQ(errno, ETOOMANYREFS);
		CHECK_EQ(n, 4);
		while (recv(sv[1], buf, 1, MSG_DONTWAIT) == 1)
			;
		CHECK_EQ(send_fds(sv[0], zeros, 10, MSG_DONTWAIT), 1);
		_exit(check_failed != 0);
	}
	CHECK(check_interrupted_wait(pid, &status));
	CHECK_EQ(status, 0);
}

static struct ucred *received_creds(void)
{
	struct iovec v = {buf, sizeof buf};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	CHECK_EQ(recvmsg(sv[1], &m, 0), 1);
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	CHECK(c && c->cmsg_type == SCM_CREDENTIALS && c->cmsg_len == CMSG_LEN(sizeof(struct ucred)));
	return c ? (struct ucred *)CMSG_DATA(c) : NULL;
}

static ssize_t send_creds(int pid, unsigned uid, unsigned gid)
{
	struct iovec v = {"c", 1};
	struct ucred u = {pid, uid, gid};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(sizeof u)};
	control.h = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof u), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_CREDENTIALS};
	memcpy(CMSG_DATA(&control.h), &u, sizeof u);
	return sendmsg(sv[0], &m, 0);
}

TEST(credentials)
{
	int on = 1, status;
	NEED_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	CHECK_OK(setsockopt(sv[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
	CHECK_EQ(write(sv[0], "x", 1), 1);
	struct ucred *u = received_creds();
	CHECK_EQ(u->pid, getpid());
	CHECK_EQ(u->uid, getuid());
	CHECK_EQ(send_creds(getpid(), 77, 78), 1);
	u = received_creds();
	CHECK_EQ(u->uid, 77);
	CHECK_EQ(u->gid, 78);
	CHECK_ERR(send_creds(0x3fffff, 0, 0), ESRCH);
	pid_t pid = NEED_OK(fork());
	if (!pid) {
		if (setgid(12345) || setuid(12345))
			_exit(9);
		CHECK_ERR(send_creds(getpid(), 0, 12345), EPERM);
		CHECK_ERR(send_creds(1, 12345, 12345), EPERM);
		CHECK_EQ(send_creds(getpid(), 12345, 12345), 1);
		_exit(check_failed != 0);
	}
	CHECK_EQ(received_creds()->pid, pid);
	CHECK(check_interrupted_wait(pid, &status));
	CHECK_EQ(status, 0);
}
