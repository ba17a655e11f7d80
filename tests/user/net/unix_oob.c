/* The urgent byte of a stream: MSG_OOB, SO_OOBINLINE, SIOCATMARK, POLLPRI, SIGURG. */
#include "check.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/sockios.h>

static int s[2];
static char text[64];
static const char *take(int flags)
{
	memset(text, 0, sizeof text);
	return recv(s[1], text, 32, flags | MSG_DONTWAIT) < 0 ? strerrorname_np(errno) : text;
}
static int at_mark(void)
{
	int mark = -1;
	CHECK_OK(ioctl(s[1], SIOCATMARK, &mark));
	return mark;
}
static void send_text(const char *what, int flags) { CHECK_EQ(send(s[0], what, strlen(what), flags), strlen(what)); }
static void start(void) { NEED_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s)); }

TEST(basic)
{
	start();
	struct pollfd p = {.fd = s[1], .events = POLLIN | POLLPRI};
	CHECK_ERR(send(s[0], "", 0, MSG_OOB), EOPNOTSUPP);
	CHECK_STR(take(MSG_OOB), "EINVAL");
	send_text("hello", MSG_OOB);
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLIN | POLLPRI);
	CHECK_EQ(at_mark(), 0);
	CHECK_STR(take(0), "hell");
	CHECK_EQ(at_mark(), 1);
	CHECK_STR(take(MSG_OOB | MSG_PEEK), "o");
	CHECK_STR(take(MSG_OOB), "o");
	CHECK_STR(take(MSG_OOB), "EINVAL");
	CHECK_EQ(poll(&p, 1, 0) == 0 || !(p.revents & POLLPRI), 1);
	CHECK_STR(take(0), "EAGAIN");
	struct msghdr m = {.msg_iov = &(struct iovec){text, 8}, .msg_iovlen = 1};
	send_text("x", MSG_OOB);
	CHECK_EQ(recvmsg(s[1], &m, MSG_OOB), 1);
	CHECK_EQ(m.msg_flags, MSG_OOB);
}

TEST(mark)
{
	start();
	send_text("abc", MSG_OOB);
	send_text("tail", 0);
	CHECK_STR(take(MSG_OOB), "c");
	CHECK_STR(take(0), "ab");	/* a read ends where it was */
	CHECK_STR(take(0), "tail");
	send_text("abc", MSG_OOB);
	send_text("tail", 0);
	CHECK_STR(take(0), "ab");
	CHECK_STR(take(0), "tail");	/* not asked for, it is left out */
	CHECK_STR(take(MSG_OOB), "EINVAL");
	send_text("abc", MSG_OOB);
	send_text("def", MSG_OOB);	/* the newer one counts */
	CHECK_STR(take(0), "abcde");
	CHECK_STR(take(MSG_OOB), "f");
	CHECK_STR(take(0), "EAGAIN");
}

TEST(in_line)
{
	int on = 1, got = 0;
	socklen_t size = sizeof got;
	start();
	CHECK_OK(setsockopt(s[1], SOL_SOCKET, SO_OOBINLINE, &on, sizeof on));
	CHECK_OK(getsockopt(s[1], SOL_SOCKET, SO_OOBINLINE, &got, &size));
	CHECK_EQ(got, 1);
	send_text("abc", MSG_OOB);
	send_text("tail", 0);
	CHECK_STR(take(MSG_OOB), "EINVAL");
	CHECK_STR(take(0), "ab");
	CHECK_EQ(at_mark(), 1);
	CHECK_STR(take(0), "ctail");
}

static volatile int told;
static void on_urgent(int sig) { told++; }

TEST(signal)
{
	start();
	signal(SIGURG, on_urgent);
	send_text("a", MSG_OOB);
	CHECK_EQ(told, 0);
	CHECK_OK(fcntl(s[1], F_SETOWN, getpid()));
	send_text("b", MSG_OOB);
	CHECK_SOON(told == 1);
	pid_t pid = fork();
	if (pid == 0) {
		send_text("c", MSG_OOB);
		_exit(check_failed != 0);
	}
	CHECK_WAIT(pid, EXITED(0));
	CHECK_SOON(told == 2);
}

TEST(others)
{
	char c;
	NEED_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	CHECK_ERR(send(s[0], "x", 1, MSG_OOB), EOPNOTSUPP);
	CHECK_ERR(recv(s[1], &c, 1, MSG_OOB | MSG_DONTWAIT), EOPNOTSUPP);
	start();
	send_text("x", MSG_OOB);
	close(s[1]);	/* with it in the queue */
	CHECK_ERR(send(s[0], "x", 1, MSG_OOB | MSG_NOSIGNAL), EPIPE);
}
