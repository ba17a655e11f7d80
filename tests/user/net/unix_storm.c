/*
 * unix_storm.c: threads send, receive, pass descriptors, shut down, close and connect sockets that they share, at random.
 * Calls fail only as unix(7) says, what arrives was sent, and all of it ends.
 */
#include "check.h"
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#define THREADS 6
#define PAIRS   5

static int ends[PAIRS][2];	/* replaced at any time: a number may be anybody's by the time it is used */
static long end_ms;

static bool is_expected(int error)
{
	switch (error) {
	case EAGAIN: case EBADF: case EPIPE: case ECONNRESET: case ENOTCONN: case ECONNREFUSED: case ENOTSOCK:
	case EINVAL: case ETOOMANYREFS: case EISCONN: case EPERM: case ENOENT: case EMFILE: case ENOBUFS:
		return true;
	}
	return false;
}

static void expect(const char *what, ssize_t result)
{
	if (result < 0 && !is_expected(errno))
		check_say("not ok: %s: errno %d\n", what, errno), check_failed = 1;
}

static void sends(int fd, int passed)
{
	char bytes[300], room[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec io = {bytes, sizeof bytes};
	struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1};

	memset(bytes, 'x', sizeof bytes);
	if (passed >= 0) {
		m.msg_control = room;
		m.msg_controllen = sizeof room;
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		*c = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(c), &passed, sizeof passed);
	}
	expect("sendmsg", sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static void receives(int fd)
{
	char bytes[500], room[CMSG_SPACE(4 * sizeof(int))];
	struct iovec io = {bytes, sizeof bytes};
	struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
	ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);
	int passed;

	expect("recvmsg", n);
	for (ssize_t i = 0; i < n; i++)
		CHECK(bytes[i] == 'x');
	for (struct cmsghdr *c = n < 0 ? 0 : CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		memcpy(&passed, CMSG_DATA(c), sizeof passed);
		if (c->cmsg_type == SCM_RIGHTS)
			close(passed);
	}
}

static void replaces(int pair, unsigned kind)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
	int fresh[2];

	if (socketpair(AF_UNIX, types[kind % 3], 0, fresh) < 0)
		return;
	for (int k = 0; k < 2; k++)
		close(__atomic_exchange_n(&ends[pair][k], fresh[k], __ATOMIC_SEQ_CST));
}

static void *acts(void *arg)
{
	unsigned seed = (unsigned)(long)arg;

	while (check_now_ms() < end_ms) {
		int pair = rand_r(&seed) % PAIRS, other = rand_r(&seed) % PAIRS, k = rand_r(&seed) % 2;
		int fd = __atomic_load_n(&ends[pair][k], __ATOMIC_SEQ_CST);
		switch (rand_r(&seed) % 40) {
		case 0: replaces(pair, rand_r(&seed)); break;
		case 1: expect("shutdown", shutdown(fd, rand_r(&seed) % 3)); break;
		case 2: case 3: sends(fd, ends[other][rand_r(&seed) % 2]); break;
		default: k ? sends(fd, -1) : receives(fd); break;
		}
	}
	return 0;
}

TEST(everything_at_once)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < PAIRS; i++) {
		ends[i][0] = ends[i][1] = -1;
		replaces(i, i);
	}
	end_ms = check_now_ms() + check_scale(1500);
	for (long i = 0; i < THREADS; i++)
		NEED_OK(-pthread_create(&threads[i], 0, acts, (void *)(i + 1)));
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], 0);
	for (int i = 0; i < PAIRS; i++)
		CHECK(close(ends[i][0]) == 0 && close(ends[i][1]) == 0);
}
