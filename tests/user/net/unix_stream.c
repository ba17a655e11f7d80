// AF_UNIX streams: pairs, connections, ends, errors, time limits, poll and epoll.
#include "check.h"
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static int sv[2];
static char buf[65536];
static void pair(int type) { NEED_OK(socketpair(AF_UNIX, type, 0, sv)); }
static int events(int fd)
{
	struct pollfd p = {fd, POLLIN | POLLOUT | POLLRDHUP, 0};
	CHECK_OK(poll(&p, 1, 0));
	return p.revents;
}

static struct sockaddr_un name;
static socklen_t abstract(const char *text)
{
	memset(&name, 0, sizeof name);
	name.sun_family = AF_UNIX;
	socklen_t n = (socklen_t)snprintf(name.sun_path + 1, 100, "furca-%d-%s", (int)getpid(), text);
	return (socklen_t)offsetof(struct sockaddr_un, sun_path) + 1 + n;
}

TEST(bytes_both_ways)
{
	int n = 0;
	pair(SOCK_STREAM);
	CHECK_EQ(write(sv[0], "abc", 3), 3);
	CHECK_EQ(send(sv[0], "defg", 4, 0), 4);
	CHECK_OK(ioctl(sv[1], FIONREAD, &n));
	CHECK_EQ(n, 7);
	CHECK_EQ(recv(sv[1], buf, 2, MSG_PEEK), 2);
	CHECK_EQ(recv(sv[1], buf, sizeof buf, MSG_PEEK), 7);
	CHECK_EQ(read(sv[1], buf, 5), 5);
	CHECK(!memcmp(buf, "abcde", 5));
	struct iovec v[2] = {{buf, 1}, {buf + 1, 10}};
	CHECK_EQ(readv(sv[1], v, 2), 2);
	CHECK(!memcmp(buf, "fg", 2));
	CHECK_EQ(read(sv[1], buf, 0), 0);
	CHECK_EQ(write(sv[1], "", 0), 0);
	CHECK_ERR(recv(sv[1], buf, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(write(sv[1], "x", 1), 1);
	CHECK_EQ(recvfrom(sv[0], buf, 10, 0, NULL, NULL), 1);
	CHECK_ERR(lseek(sv[0], 0, SEEK_SET), ESPIPE);
}

TEST(file)
{
	struct stat st;
	char link[64], text[64];
	pair(SOCK_STREAM);
	CHECK_OK(fstat(sv[0], &st));
	CHECK_EQ(st.st_mode, S_IFSOCK | 0777);
	snprintf(link, sizeof link, "/proc/self/fd/%d", sv[0]);
	ssize_t n = readlink(link, text, sizeof text - 1);
	text[n > 0 ? n : 0] = 0;
	char want[64];
	snprintf(want, sizeof want, "socket:[%lu]", (unsigned long)st.st_ino);
	CHECK_STR(text, want);
	CHECK_ERR(open(link, O_RDWR), ENXIO);
	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sv));
	CHECK_EQ(fcntl(sv[0], F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(sv[1], F_GETFL), O_RDWR | O_NONBLOCK);
	CHECK_ERR(read(sv[0], buf, 1), EAGAIN);
	CHECK_ERR(pread(sv[0], buf, 1, 0), ESPIPE);
}

/* The mode that a socket was given before it got its name is the name's. */
TEST(mode_of_the_name)
{
	static const struct {
		int has_mode, mask, mode;
	} rows[] = {{-1, 022, 0755}, {0600, 022, 0600}, {0666, 0, 0666}, {0660, 077, 0600}};
	struct sockaddr_un n = {.sun_family = AF_UNIX};
	struct stat st;
	snprintf(n.sun_path, sizeof n.sun_path, "/tmp/furca-mode-%d", (int)getpid());
	for (int i = 0; i < 4; i++) {
		int s = NEED_OK(socket(AF_UNIX, SOCK_STREAM, 0));
		if (rows[i].has_mode >= 0)
			CHECK_OK(fchmod(s, (mode_t)rows[i].has_mode));
		umask((mode_t)rows[i].mask);
		CHECK_OK(bind(s, (struct sockaddr *)&n, sizeof n));
		NEED_OK(stat(n.sun_path, &st));
		CHECK_EQ(st.st_mode, S_IFSOCK | rows[i].mode);
		CHECK_OK(unlink(n.sun_path));
		close(s);
	}
}

TEST(makes_only_what_is_there)
{
	CHECK_ERR(socket(AF_UNIX, SOCK_STREAM, 7), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_UNIX, SOCK_RDM, 0), ESOCKTNOSUPPORT);
	CHECK_ERR(socketpair(AF_UNIX, SOCK_STREAM, 0, (int *)16), EFAULT);
	CHECK_OK(close(NEED_OK(socket(AF_UNIX, SOCK_STREAM, AF_UNIX))));
}

TEST(end_of_file_and_broken_pipe)
{
	signal(SIGPIPE, SIG_IGN);
	pair(SOCK_STREAM);
	CHECK_EQ(events(sv[0]), POLLOUT);
	CHECK_EQ(write(sv[1], "xy", 2), 2);
	CHECK_EQ(events(sv[0]), POLLIN | POLLOUT);
	CHECK_OK(close(sv[1]));
	CHECK_EQ(events(sv[0]), POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
	CHECK_EQ(read(sv[0], buf, 10), 2);
	CHECK_EQ(read(sv[0], buf, 10), 0);
	CHECK_ERR(write(sv[0], "x", 1), EPIPE);
	pair(SOCK_STREAM);
	CHECK_EQ(write(sv[0], "unread", 6), 6);
	CHECK_OK(close(sv[1]));
	CHECK(events(sv[0]) & POLLERR);
	CHECK_ERR(read(sv[0], buf, 1), ECONNRESET);
	CHECK_EQ(read(sv[0], buf, 1), 0);
}

TEST(sigpipe)
{
	int status;
	pid_t pid = NEED_OK(fork());
	if (!pid) {
		pair(SOCK_STREAM);
		close(sv[1]);
		if (send(sv[0], "x", 1, MSG_NOSIGNAL) != -1 || errno != EPIPE)
			_exit(1);
		write(sv[0], "x", 1);
		_exit(2);
	}
	CHECK(check_interrupted_wait(pid, &status));
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
}

TEST(shutdown)
{
	signal(SIGPIPE, SIG_IGN);
	pair(SOCK_STREAM);
	CHECK_ERR(shutdown(sv[0], 3), EINVAL);
	CHECK_EQ(write(sv[0], "x", 1), 1);
	CHECK_OK(shutdown(sv[0], SHUT_WR));
	CHECK_ERR(write(sv[0], "x", 1), EPIPE);
	CHECK_EQ(events(sv[1]), POLLIN | POLLOUT | POLLRDHUP);
	CHECK_EQ(read(sv[1], buf, 10), 1);
	CHECK_EQ(read(sv[1], buf, 10), 0);
	CHECK_EQ(write(sv[1], "y", 1), 1);
	CHECK_EQ(read(sv[0], buf, 10), 1);
	CHECK_OK(shutdown(sv[0], SHUT_RD));
	CHECK_ERR(write(sv[1], "y", 1), EPIPE);
	CHECK_EQ(events(sv[1]), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
}

TEST(connection)
{
	int l = NEED_OK(socket(AF_UNIX, SOCK_STREAM, 0)), c = NEED_OK(socket(AF_UNIX, SOCK_STREAM, 0)), v;
	struct sockaddr_un got;
	socklen_t size, n = abstract("c");
	CHECK_EQ(events(c), POLLOUT | POLLHUP);
	CHECK_ERR(read(c, buf, 1), EINVAL);
	CHECK_ERR(send(c, "x", 1, 0), ENOTCONN);
	CHECK_ERR(sendto(c, "x", 1, 0, (void *)&name, n), EOPNOTSUPP);
	CHECK_ERR(listen(l, 1), EINVAL);
	CHECK_ERR(connect(c, (void *)&name, n), ECONNREFUSED);
	CHECK_OK(bind(l, (void *)&name, n));
	CHECK_ERR(connect(c, (void *)&name, n), ECONNREFUSED);
	CHECK_ERR(accept(l, NULL, NULL), EINVAL);
	CHECK_OK(listen(l, 1));
	size = sizeof v;
	CHECK_OK(getsockopt(l, SOL_SOCKET, SO_ACCEPTCONN, &v, &size));
	CHECK_EQ(v, 1);
	CHECK_EQ(events(l), 0);
	size = sizeof got;
	CHECK_ERR(getpeername(c, (void *)&got, &size), ENOTCONN);
	CHECK_OK(connect(c, (void *)&name, n));
	CHECK_ERR(connect(c, (void *)&name, n), EISCONN);
	CHECK_EQ(events(l), POLLIN);
	CHECK_EQ(write(c, "early", 5), 5);
	size = sizeof got;
	int a = NEED_OK(accept4(l, (void *)&got, &size, SOCK_CLOEXEC));
	CHECK_EQ(size, 2);
	CHECK_EQ(got.sun_family, AF_UNIX);
	CHECK_EQ(fcntl(a, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(read(a, buf, 10), 5);
	size = sizeof got;
	CHECK_OK(getpeername(c, (void *)&got, &size));
	CHECK_EQ(size, n);
	CHECK(!memcmp(&got, &name, n));
	size = sizeof got;
	CHECK_OK(getsockname(a, (void *)&got, &size));
	CHECK_EQ(size, n);
	CHECK_ERR(sendto(c, "x", 1, 0, (void *)&name, n), EISCONN);
	CHECK_OK(fcntl(l, F_SETFL, O_NONBLOCK));
	CHECK_ERR(accept(l, NULL, NULL), EAGAIN);
}

TEST(backlog)
{
	int l = NEED_OK(socket(AF_UNIX, SOCK_STREAM, 0)), c[3];
	socklen_t n = abstract("b");
	CHECK_OK(bind(l, (void *)&name, n));
	CHECK_OK(listen(l, 1));
	for (int i = 0; i < 3; i++)
		c[i] = NEED_OK(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
	CHECK_OK(connect(c[0], (void *)&name, n));
	CHECK_OK(connect(c[1], (void *)&name, n));
	CHECK_ERR(connect(c[2], (void *)&name, n), EAGAIN);
	pid_t pid = NEED_OK(fork());
	if (!pid) {
		fcntl(c[2], F_SETFL, 0);
		_exit(connect(c[2], (void *)&name, n) != 0);
	}
	usleep(20000);
	CHECK_OK(accept(l, NULL, NULL));
	int status;
	CHECK(check_interrupted_wait(pid, &status));
	CHECK_EQ(status, 0);
	CHECK_OK(close(l));
	CHECK_ERR(read(c[1], buf, 1), ECONNRESET);
	CHECK_ERR(connect(c[2], (void *)&name, n), errno == EISCONN ? EISCONN : ECONNREFUSED);
}

TEST(options)
{
	int v;
	socklen_t size = sizeof v;
	struct ucred u;
	struct timeval t = {0, 30000};
	pair(SOCK_STREAM);
	CHECK_OK(getsockopt(sv[0], SOL_SOCKET, SO_TYPE, &v, &size));
	CHECK_EQ(v, SOCK_STREAM);
	CHECK_OK(getsockopt(sv[0], SOL_SOCKET, SO_DOMAIN, &v, &size));
	CHECK_EQ(v, AF_UNIX);
	CHECK_OK(getsockopt(sv[0], SOL_SOCKET, SO_ERROR, &v, &size));
	CHECK_EQ(v, 0);
	v = 10000;
	CHECK_OK(setsockopt(sv[0], SOL_SOCKET, SO_SNDBUF, &v, sizeof v));
	CHECK_OK(getsockopt(sv[0], SOL_SOCKET, SO_SNDBUF, &v, &size));
	CHECK_EQ(v, 20000);
	size = sizeof u;
	CHECK_OK(getsockopt(sv[0], SOL_SOCKET, SO_PEERCRED, &u, &size));
	CHECK_EQ(u.pid, getpid());
	CHECK_EQ(u.uid, geteuid());
	CHECK_ERR(setsockopt(sv[0], SOL_SOCKET, SO_TYPE, &v, sizeof v), ENOPROTOOPT);
	CHECK_ERR(setsockopt(sv[0], 6, 1, &v, sizeof v), EOPNOTSUPP);
	CHECK_ERR(getsockopt(sv[0], SOL_SOCKET, 9999, &v, &size), ENOPROTOOPT);
	CHECK_OK(setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t));
	CHECK_ERR(read(sv[0], buf, 1), EAGAIN);
	v = 0;
	size = sizeof v;
	int s = NEED_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	size = sizeof u;
	CHECK_OK(getsockopt(s, SOL_SOCKET, SO_PEERCRED, &u, &size));
	CHECK_EQ(u.pid, 0);
	CHECK_EQ((int)u.uid, -1);
}

TEST(blocks_and_goes_on)
{
	enum { TOTAL = 1 << 20 };
	int status;
	pair(SOCK_STREAM);
	pid_t pid = NEED_OK(fork());
	if (!pid) {
		close(sv[0]);
		for (int i = 0; i < TOTAL; i += (int)sizeof buf) {
			memset(buf, i >> 16, sizeof buf);
			if (write(sv[1], buf, sizeof buf) != sizeof buf)
				_exit(1);
		}
		_exit(0);
	}
	close(sv[1]);
	int good = 1, total = 0;
	for (ssize_t n; (n = recv(sv[0], buf, 50000, total ? 0 : MSG_WAITALL)) > 0; total += (int)n) {
		if (!total)
			CHECK_EQ(n, 50000);
		for (int i = 0; i < n; i++)
			good &= buf[i] == (char)((total + i) >> 16);
	}
	CHECK(good);
	CHECK_EQ(total, TOTAL);
	CHECK(check_interrupted_wait(pid, &status));
	CHECK_EQ(status, 0);
}

static int fill(int fd)
{
	int n = 0;
	while (send(fd, buf, 1000, MSG_DONTWAIT) == 1000)
		n++;
	CHECK_EQ(errno, EAGAIN);
	return n;
}

TEST(full_is_not_writable)
{
	pair(SOCK_STREAM);
	CHECK(fill(sv[0]) > 50);
	CHECK_EQ(events(sv[0]), 0);
	while (recv(sv[1], buf, sizeof buf, MSG_DONTWAIT) > 0)
		;
	CHECK_EQ(events(sv[0]), POLLOUT);
}

static void nothing(int sig) { }
TEST(signal_interrupts)
{
	struct sigaction sa = {.sa_handler = nothing};
	struct itimerval it = {{0, 0}, {0, 30000}};
	pair(SOCK_STREAM);
	CHECK_OK(sigaction(SIGALRM, &sa, NULL));
	CHECK_OK(setitimer(ITIMER_REAL, &it, NULL));
	CHECK_ERR(read(sv[0], buf, 1), EINTR);
	fill(sv[0]);
	CHECK_OK(setitimer(ITIMER_REAL, &it, NULL));
	CHECK_ERR(write(sv[0], buf, 1000), EINTR);
}

TEST(epoll_edges)
{
	struct epoll_event e = {EPOLLIN | EPOLLET, {.u32 = 5}}, got;
	int ep = NEED_OK(epoll_create1(0));
	pair(SOCK_STREAM);
	CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, sv[0], &e));
	CHECK_EQ(epoll_wait(ep, &got, 1, 0), 0);
	CHECK_EQ(write(sv[1], "x", 1), 1);
	CHECK_EQ(epoll_wait(ep, &got, 1, 1000), 1);
	CHECK_EQ(epoll_wait(ep, &got, 1, 0), 0);
	CHECK_EQ(write(sv[1], "x", 1), 1);
	CHECK_EQ(epoll_wait(ep, &got, 1, 1000), 1);
	CHECK_EQ(got.events, EPOLLIN);
	CHECK_OK(close(sv[1]));
	CHECK_EQ(epoll_wait(ep, &got, 1, 1000), 1);
	CHECK_EQ(got.events, EPOLLIN | EPOLLHUP);
}

TEST(linger_is_kept)
{
	struct linger l = {5, 7}, got = {9, 9};
	socklen_t size = sizeof got;
	pair(SOCK_STREAM);
	CHECK_OK(getsockopt(sv[0], SOL_SOCKET, SO_LINGER, &got, &size));
	CHECK(size == sizeof got && got.l_onoff == 0 && got.l_linger == 0);
	CHECK_OK(setsockopt(sv[0], SOL_SOCKET, SO_LINGER, &l, sizeof l));
	CHECK_ERR(setsockopt(sv[0], SOL_SOCKET, SO_LINGER, &l, sizeof l - 1), EINVAL);
	CHECK_OK(getsockopt(sv[0], SOL_SOCKET, SO_LINGER, &got, &size));
	CHECK(got.l_onoff == 1 && got.l_linger == 7);
	l.l_onoff = 0;
	CHECK_OK(setsockopt(sv[0], SOL_SOCKET, SO_LINGER, &l, sizeof l));
	size = 4;	/* what there is room for */
	CHECK_OK(getsockopt(sv[0], SOL_SOCKET, SO_LINGER, &got, &size));
	CHECK(size == 4 && got.l_onoff == 0);
}
