/* Sockets leave nothing behind: whatever was on its way in them when they were closed, and when any allocation fails. */
#include "fail_nth.h"
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static int sv[2], listener, client;
static struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0furca-sockets"};
#define NAME_SIZE (offsetof(struct sockaddr_un, sun_path) + 14)

static long send_with_fds(void)
{
	static union { struct cmsghdr h; char space[64]; } control;
	static struct iovec v = {"m", 1};
	static struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &control};
	m.msg_controllen = CMSG_SPACE(2 * sizeof(int));
	control.h = (struct cmsghdr){.cmsg_len = CMSG_LEN(2 * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(&control.h), (int[]){0, 1}, 2 * sizeof(int));
	return RAW(SYS_sendmsg, sv[0], &m, MSG_NOSIGNAL);
}

static long receive_with_fds(void)
{
	static union { struct cmsghdr h; char space[64]; } control;
	char byte;
	struct iovec v = {&byte, 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	long n = RAW(SYS_recvmsg, sv[1], &m, MSG_DONTWAIT);
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	for (size_t i = 0; c && CMSG_LEN(i * sizeof(int)) < c->cmsg_len; i++)
		close(((int *)CMSG_DATA(c))[i]);
	return n;
}

static void make_pair(void) { NEED_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv)); }
static void make_full_pair(void)
{
	make_pair();
	send_with_fds();
}
static void close_pair(long result)
{
	close(sv[0]);
	close(sv[1]);
}
static void close_made_pair(long result)
{
	if (result == 0)
		close_pair(0);
}
static void close_fd(long fd)
{
	if (fd >= 0)
		close((int)fd);
}

static void make_listener(void)
{
	listener = NEED_OK(socket(AF_UNIX, SOCK_SEQPACKET, 0));
	NEED_OK(bind(listener, (void *)&name, NAME_SIZE));
	NEED_OK(listen(listener, 5));
	client = NEED_OK(socket(AF_UNIX, SOCK_SEQPACKET, 0));
}
static void make_connection(void)
{
	make_listener();
	NEED_OK(connect(client, (void *)&name, NAME_SIZE));
}
static void close_connection(long result)
{
	close(client);
	close(listener);
}
static void close_accepted(long fd)
{
	close_fd(fd);
	close_connection(fd);
}
static void make_unnamed(void) { client = NEED_OK(socket(AF_UNIX, SOCK_DGRAM, 0)); }
static void close_unnamed(long result)
{
	close(client);
	unlink("named");
}

static long call_socket(void) { return RAW(SYS_socket, AF_UNIX, SOCK_DGRAM, 0); }
static long call_socketpair(void) { return RAW(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, sv); }
static long call_connect(void) { return RAW(SYS_connect, client, &name, NAME_SIZE); }
static long call_accept(void) { return RAW(SYS_accept, listener, 0, 0); }
static long call_bind(void) { return RAW(SYS_bind, client, &name, NAME_SIZE); }
static long call_write(void) { return RAW(SYS_write, sv[0], "some bytes", 10); }
static long call_bind_path(void)
{
	static struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "named"};
	return RAW(SYS_bind, client, &at, sizeof at);
}

TEST(failing_allocations)
{
	static const struct fail_op ops[] = {
		{"socket", 0, call_socket, close_fd},
		{"socketpair", 0, call_socketpair, close_made_pair},
		{"bind", make_unnamed, call_bind, close_unnamed},
		{"bind path", make_unnamed, call_bind_path, close_unnamed},
		{"connect", make_listener, call_connect, close_connection},
		{"accept", make_connection, call_accept, close_accepted},
		{"write", make_pair, call_write, close_pair},
		{"sendmsg", make_pair, send_with_fds, close_pair},
		{"recvmsg", make_full_pair, receive_with_fds, close_pair},
	};
	char dir[64];
	snprintf(dir, sizeof dir, "/tmp/furca-test.%d", (int)getpid());
	NEED_OK(mkdir(dir, 0755));
	NEED_OK(chdir(dir));
	FAIL_ALL(ops);
}

static void one_round(void)
{
	make_full_pair();
	call_write();
	close_pair(0);
	make_full_pair();
	receive_with_fds();
	close_pair(0);
	make_connection();
	CHECK_EQ(send(client, "x", 1, 0), 1);
	close_connection(0);
	make_connection();
	int fd = (int)NEED_OK(accept(listener, NULL, NULL));
	CHECK_EQ(send(fd, "x", 1, 0), 1);
	close_accepted(fd);
	int r = (int)NEED_OK(socket(AF_UNIX, SOCK_DGRAM, 0)), s = (int)NEED_OK(socket(AF_UNIX, SOCK_DGRAM, 0));
	NEED_OK(bind(r, (void *)&name, NAME_SIZE));
	NEED_OK(connect(s, (void *)&name, NAME_SIZE));
	CHECK_EQ(send(s, "x", 1, 0), 1);
	close(s);
	close(r);
}

TEST(nothing_left)
{
	static struct objects before;
	one_round();
	fail_warm_up(&before);
	for (int i = 0; i < 200; i++)
		one_round();
	CHECK_OBJECTS(&before, "sockets");
}
