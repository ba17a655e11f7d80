/* Sockets that are only in each other's queues are found and closed: seen by a pipe's end that goes with them. */
#include "check.h"
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static void send_fds(int to, const int *fds, int n)
{
	union { struct cmsghdr h; char space[128]; } control = {};
	struct iovec v = {"m", 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(n * sizeof(int))};
	control.h = (struct cmsghdr){.cmsg_len = CMSG_LEN(n * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(&control.h), fds, n * sizeof(int));
	NEED_OK(sendmsg(to, &m, 0));
}

/* The first one; the others are closed. */
static int receive_fds(int from, int flags)
{
	union { struct cmsghdr h; char space[128]; } control = {};
	char byte;
	struct iovec v = {&byte, 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	NEED_OK(recvmsg(from, &m, flags));
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int *got = (int *)CMSG_DATA(c);
	for (size_t i = 1; CMSG_LEN((i + 1) * sizeof(int)) <= c->cmsg_len; i++)
		close(got[i]);
	return got[0];
}

static int witness[2];
static void make_witness(void) { NEED_OK(pipe2(witness, O_NONBLOCK)); }
static bool is_gone(void)
{
	int sv[2];
	char c;
	NEED_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));	/* a close starts the search */
	close(sv[0]);
	close(sv[1]);
	return read(witness[0], &c, 1) == 0;
}
static bool is_there(void)
{
	is_gone();
	check_sleep_ms(30);
	return !is_gone();
}

TEST(itself)
{
	int sv[2];
	make_witness();
	NEED_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	send_fds(sv[0], (int[]){sv[1], witness[1]}, 2);
	close(witness[1]);
	close(sv[1]);
	CHECK_SOON(is_gone());	/* that its peer is open does not matter */
	close(sv[0]);
}

TEST(two)
{
	int a[2], b[2];
	make_witness();
	NEED_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, a));
	NEED_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, b));
	send_fds(a[0], (int[]){b[1], witness[1]}, 2);
	send_fds(b[0], (int[]){a[1]}, 1);
	close(witness[1]);
	close(a[0]);
	close(b[0]);
	close(b[1]);
	CHECK(is_there());
	int got = receive_fds(a[1], MSG_PEEK);	/* one looks */
	close(a[1]);
	CHECK(is_there());
	close(got);
	CHECK_SOON(is_gone());
}

/* Reached through a chain of queues from one that is open. */
TEST(chain)
{
	int s[4][2];
	make_witness();
	for (int i = 0; i < 4; i++)
		NEED_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s[i]));
	send_fds(s[0][0], (int[]){s[1][1], s[0][1]}, 2);
	send_fds(s[1][0], (int[]){s[2][1]}, 1);
	send_fds(s[2][0], (int[]){s[3][1], s[1][1]}, 2);
	send_fds(s[3][0], (int[]){witness[1]}, 1);
	close(witness[1]);
	for (int i = 0; i < 4; i++) {
		close(s[i][0]);
		if (i)
			close(s[i][1]);
	}
	CHECK(is_there());
	int one = receive_fds(s[0][1], 0);
	close(s[0][1]);
	CHECK(is_there());
	close(one);
	CHECK_SOON(is_gone());
}

/* In the line of a listener that is itself on its way. */
TEST(not_accepted)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int size = offsetof(struct sockaddr_un, sun_path) + 1 + snprintf(name.sun_path + 1, 50, "furca-gc-%d", getpid());
	make_witness();
	int l = NEED_OK(socket(AF_UNIX, SOCK_STREAM, 0)), c = NEED_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	NEED_OK(bind(l, (void *)&name, size));
	NEED_OK(listen(l, 5));
	NEED_OK(connect(c, (void *)&name, size));
	send_fds(c, (int[]){l, witness[1]}, 2);
	close(witness[1]);
	close(c);
	CHECK(is_there());
	close(l);
	CHECK_SOON(is_gone());
}

/* Many cycles made and broken by several at once; in the end nothing is held. */
TEST(race)
{
	make_witness();
	pid_t pids[4];
	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		for (long r = 0; r < check_scale(60); r++) {
			int a[2], b[2];
			NEED_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, a));
			NEED_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, b));
			send_fds(a[0], (int[]){b[1], witness[1]}, 2);
			send_fds(b[0], (int[]){a[1]}, 1);
			send_fds(b[1], (int[]){b[0]}, 1);
			if (r % 3 == 0) {
				int got = receive_fds(a[1], r & 1 ? MSG_PEEK : 0);
				close(receive_fds(got, 0));
				close(got);
			}
			close(a[0]);
			close(a[1]);
			close(b[0]);
			close(b[1]);
		}
		_exit(0);
	}
	close(witness[1]);
	for (int i = 0; i < 4; i++)
		CHECK_WAIT(pids[i], EXITED(0));
	CHECK_SOON(is_gone());
}
