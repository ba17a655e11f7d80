// AF_UNIX datagrams and sequenced packets: boundaries, names, queues, errors, many at once.
#include "check.h"
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static int sv[2];
static char buf[300000];
static struct sockaddr_un name;

static socklen_t abstract(const char *text)
{
	memset(&name, 0, sizeof name);
	name.sun_family = AF_UNIX;
	socklen_t n = (socklen_t)snprintf(name.sun_path + 1, 100, "furca-%d-%s", (int)getpid(), text);
	return (socklen_t)offsetof(struct sockaddr_un, sun_path) + 1 + n;
}
static int events(int fd)
{
	struct pollfd p = {fd, POLLIN | POLLOUT | POLLRDHUP, 0};
	CHECK_OK(poll(&p, 1, 0));
	return p.revents;
}

TEST(boundaries)
{
	static const int types[] = {SOCK_DGRAM, SOCK_SEQPACKET, SOCK_RAW};
	for (int i = 0; i < 3; i++) {
		int n = 0;
		NEED_OK(socketpair(AF_UNIX, types[i], 0, sv));
		CHECK_EQ(write(sv[0], "one", 3), 3);
		CHECK_EQ(write(sv[0], "three", 5), 5);
		CHECK_OK(ioctl(sv[1], FIONREAD, &n));
		CHECK_EQ(n, types[i] == SOCK_SEQPACKET ? 8 : 3);
		CHECK_EQ(recv(sv[1], buf, 10, MSG_PEEK), 3);
		CHECK_EQ(recv(sv[1], buf, 2, MSG_PEEK | MSG_TRUNC), 3);
		CHECK_EQ(read(sv[1], buf, 10), 3);
		struct iovec v = {buf, 2};
		struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
		CHECK_EQ(recvmsg(sv[1], &m, 0), 2);
		CHECK_EQ(m.msg_flags & ~MSG_EOR, MSG_TRUNC);
		CHECK_ERR(recv(sv[1], buf, 1, MSG_DONTWAIT), EAGAIN);
		CHECK_EQ(send(sv[1], "", 0, 0), 0);
		CHECK_EQ(recv(sv[0], buf, 10, MSG_DONTWAIT), 0);
		CHECK_ERR(recv(sv[0], buf, 10, MSG_DONTWAIT), EAGAIN);
	}
}

TEST(size_limit)
{
	NEED_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, sv));
	CHECK_ERR(send(sv[0], buf, sizeof buf, MSG_DONTWAIT), EMSGSIZE);
	memset(buf, 'q', 200000);
	CHECK_EQ(send(sv[0], buf, 200000, MSG_DONTWAIT), 200000);
	buf[199999] = 0;
	CHECK_EQ(recv(sv[1], buf, sizeof buf, MSG_DONTWAIT), 200000);
	CHECK_EQ(buf[199999], 'q');
}

TEST(by_name)
{
	int r = NEED_OK(socket(AF_UNIX, SOCK_DGRAM, 0)), s = NEED_OK(socket(AF_UNIX, SOCK_DGRAM, 0));
	struct sockaddr_un got;
	socklen_t size = sizeof got, n = abstract("d");
	CHECK_ERR(send(s, "x", 1, 0), ENOTCONN);
	CHECK_ERR(sendto(s, "x", 1, 0, (void *)&name, n), ECONNREFUSED);
	CHECK_OK(bind(r, (void *)&name, n));
	CHECK_EQ(sendto(s, "x", 1, 0, (void *)&name, n), 1);
	CHECK_EQ(recvfrom(r, buf, 10, 0, (void *)&got, &size), 1);
	CHECK_EQ(size, 0);
	struct sockaddr_un self = {.sun_family = AF_UNIX};
	CHECK_OK(bind(s, (void *)&self, 2));
	CHECK_EQ(sendto(s, "yz", 2, 0, (void *)&name, n), 2);
	size = sizeof got;
	CHECK_EQ(recvfrom(r, buf, 10, 0, (void *)&got, &size), 2);
	CHECK_EQ(size, 8);
	CHECK_EQ(got.sun_path[0], 0);
	CHECK_EQ(sendto(r, "back", 4, 0, (void *)&got, size), 4);
	CHECK_EQ(read(s, buf, 10), 4);
	CHECK_ERR(listen(r, 1), EOPNOTSUPP);
	CHECK_ERR(accept(r, NULL, NULL), EOPNOTSUPP);
	int t = NEED_OK(socket(AF_UNIX, SOCK_DGRAM, 0));
	CHECK_OK(connect(r, (void *)&got, size));
	CHECK_ERR(sendto(t, "x", 1, 0, (void *)&name, n), EPERM);
	CHECK_ERR(connect(t, (void *)&name, n), EPERM);
	CHECK_OK(connect(r, &(struct sockaddr){.sa_family = AF_UNSPEC}, 2));
	CHECK_OK(connect(t, (void *)&name, n));
	CHECK_OK(close(r));
	CHECK_ERR(send(t, "x", 1, 0), ECONNREFUSED);
	CHECK_ERR(send(t, "x", 1, 0), ENOTCONN);
}

TEST(receiver_is_full)
{
	int r = NEED_OK(socket(AF_UNIX, SOCK_DGRAM, 0)), s = NEED_OK(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)), n = 0;
	socklen_t size = abstract("f");
	CHECK_OK(bind(r, (void *)&name, size));
	CHECK_OK(connect(s, (void *)&name, size));
	while (n < 100000 && send(s, "x", 1, 0) == 1)
		n++;
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(events(s), 0);
	int status;
	pid_t pid = NEED_OK(fork());
	if (!pid) {
		fcntl(s, F_SETFL, 0);
		_exit(send(s, "x", 1, 0) != 1);
	}
	usleep(20000);
	CHECK_EQ(read(r, buf, 10), 1);
	CHECK(check_interrupted_wait(pid, &status));
	CHECK_EQ(status, 0);
	while (recv(r, buf, 10, MSG_DONTWAIT) == 1)
		;
	CHECK_EQ(events(s), POLLOUT);
}

TEST(ends)
{
	signal(SIGPIPE, SIG_DFL);
	NEED_OK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv));
	CHECK_OK(close(sv[1]));
	CHECK_EQ(read(sv[0], buf, 1), 0);
	CHECK_ERR(send(sv[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	NEED_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, sv));
	CHECK_OK(shutdown(sv[1], SHUT_RD));
	CHECK_ERR(send(sv[0], "x", 1, 0), EPIPE);
	CHECK_EQ(read(sv[1], buf, 1), 0);
	CHECK_ERR(recv(sv[1], buf, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_OK(close(sv[1]));
	CHECK_ERR(send(sv[0], "x", 1, 0), ECONNREFUSED);
	CHECK_ERR(send(sv[0], "x", 1, 0), ENOTCONN);
	int s = NEED_OK(socket(AF_UNIX, SOCK_SEQPACKET, 0));
	CHECK_ERR(read(s, buf, 1), ENOTCONN);
	CHECK_ERR(send(s, "x", 1, 0), ENOTCONN);
}

/* Who leaves its peer loses what waits for it, and a peer that was connected back is told, but only if there was something. */
TEST(leaving_a_peer)
{
	static const struct sockaddr none = {.sa_family = AF_UNSPEC};
	for (int sent = 0; sent < 2; sent++) {
		int err = -1;
		socklen_t n = sizeof err;
		NEED_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, sv));
		if (sent)
			CHECK_EQ(send(sv[1], "x", 1, 0), 1);
		CHECK_OK(connect(sv[0], &none, sizeof none.sa_family));
		CHECK_OK(getsockopt(sv[1], SOL_SOCKET, SO_ERROR, &err, &n));
		CHECK_EQ(err, sent ? ECONNRESET : 0);
		CHECK_ERR(recv(sv[0], buf, 10, MSG_DONTWAIT), EAGAIN);
		CHECK_EQ(send(sv[1], "y", 1, MSG_DONTWAIT), 1);
		CHECK_EQ(recv(sv[0], buf, 10, MSG_DONTWAIT), 1);
		CHECK_ERR(send(sv[0], "z", 1, 0), ENOTCONN);
		close(sv[0]);
		close(sv[1]);
	}
}

TEST(what_a_dead_peer_sent)
{
	NEED_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, sv));
	CHECK_EQ(send(sv[1], "one", 3, 0), 3);
	CHECK_EQ(send(sv[1], "two", 3, 0), 3);
	CHECK_OK(close(sv[1]));
	CHECK_EQ(recv(sv[0], buf, 10, MSG_DONTWAIT), 3);
	CHECK_ERR(send(sv[0], "x", 1, 0), ECONNREFUSED);
	CHECK_ERR(recv(sv[0], buf, 10, MSG_DONTWAIT), EAGAIN);
	CHECK_ERR(send(sv[0], "x", 1, 0), ENOTCONN);
}

TEST(many)
{
	struct iovec v[4] = {{buf, 1}, {buf + 1, 2}, {buf + 3, 3}, {buf + 6, 4}};
	struct mmsghdr m[4] = {};
	NEED_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, sv));
	for (int i = 0; i < 4; i++)
		m[i].msg_hdr = (struct msghdr){.msg_iov = &v[i], .msg_iovlen = 1};
	memcpy(buf, "abbcccdddd", 10);
	CHECK_EQ(sendmmsg(sv[0], m, 3, 0), 3);
	CHECK_EQ(m[2].msg_len, 3);
	for (int i = 0; i < 4; i++)
		v[i] = (struct iovec){buf + i * 10, 10};
	CHECK_EQ(recvmmsg(sv[1], m, 4, MSG_WAITFORONE, NULL), 3);
	CHECK_EQ(m[1].msg_len, 2);
	CHECK(!memcmp(buf + 20, "ccc", 3));
	CHECK_ERR(recvmmsg(sv[1], m, 4, MSG_DONTWAIT, NULL), EAGAIN);
	CHECK_ERR(sendmmsg(sv[1] + 100, m, 4, 0), EBADF);
	struct iovec *lots = calloc(1025, sizeof *lots);
	struct msghdr h = {.msg_iov = lots, .msg_iovlen = 1025};
	CHECK_ERR(sendmsg(sv[0], &h, 0), EMSGSIZE);
}

TEST(names)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "sock"}, got;
	struct stat st;
	socklen_t size = sizeof got;
	char dir[64];
	snprintf(dir, sizeof dir, "/tmp/furca-test.%d", (int)getpid());
	NEED_OK(mkdir(dir, 0755));
	NEED_OK(chdir(dir));
	umask(022);
	int l = NEED_OK(socket(AF_UNIX, SOCK_STREAM, 0)), d = NEED_OK(socket(AF_UNIX, SOCK_DGRAM, 0));
	CHECK_OK(getsockname(l, (void *)&got, &size));
	CHECK_EQ(size, 2);
	CHECK_ERR(bind(l, (void *)&un, 1), EINVAL);
	CHECK_ERR(bind(l, (void *)&un, sizeof un + 1), EINVAL);
	CHECK_ERR(bind(l, &(struct sockaddr){.sa_family = AF_INET}, 16), EINVAL);
	CHECK_OK(bind(l, (void *)&un, sizeof un));
	CHECK_OK(stat("sock", &st));
	CHECK_EQ(st.st_mode, S_IFSOCK | 0755);
	CHECK_ERR(bind(d, (void *)&un, sizeof un), EADDRINUSE);
	CHECK_ERR(connect(d, (void *)&un, sizeof un), EPROTOTYPE);
	un.sun_path[1] = 'X';
	CHECK_ERR(bind(l, (void *)&un, sizeof un), EINVAL);
	CHECK_ERR(stat(un.sun_path, &st), ENOENT);
	CHECK_ERR(connect(d, (void *)&un, sizeof un), ENOENT);
	un.sun_path[1] = 'o';
	size = sizeof got;
	CHECK_OK(getsockname(l, (void *)&got, &size));
	CHECK_EQ(size, 2 + 5);
	CHECK_STR(got.sun_path, "sock");
	CHECK_OK(listen(l, 1));
	int c = NEED_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_OK(connect(c, (void *)&un, sizeof un));
	CHECK_ERR(open("sock", O_RDWR), ENXIO);
	CHECK_OK(close(l));
	int e = NEED_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_ERR(connect(e, (void *)&un, sizeof un), ECONNREFUSED);
	CHECK_OK(close(NEED_OK(open("plain", O_CREAT | O_RDWR, 0644))));
	strcpy(un.sun_path, "plain");
	CHECK_ERR(connect(e, (void *)&un, sizeof un), ECONNREFUSED);
	int a = NEED_OK(socket(AF_UNIX, SOCK_STREAM, 0)), b = NEED_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	size = abstract("n");
	CHECK_OK(bind(a, (void *)&name, size));
	CHECK_ERR(bind(b, (void *)&name, size), EADDRINUSE);
	CHECK_OK(bind(d, (void *)&name, size));
	CHECK_OK(close(a));
	CHECK_OK(bind(b, (void *)&name, size));
}
