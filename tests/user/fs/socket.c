// What the socket calls say of families that are not there and of files that are no sockets.
#include "check.h"
#include <sys/socket.h>

TEST(no_such_family)
{
	int pair[2];
	CHECK_ERR(socket(200, SOCK_STREAM, 0), EAFNOSUPPORT);
	CHECK_ERR(socket(-1, SOCK_STREAM, 0), EAFNOSUPPORT);
	CHECK_ERR(socket(AF_UNIX, 15, 0), EINVAL);
	CHECK_ERR(socket(AF_UNIX, SOCK_STREAM | 0x100, 0), EINVAL);
	CHECK_ERR(socketpair(200, SOCK_STREAM, 0, pair), EAFNOSUPPORT);
}

TEST(not_a_socket)
{
	int fd[2], value, size = sizeof value;
	char address[128];
	socklen_t length = sizeof address;
	struct msghdr message = {};
	CHECK_OK(pipe(fd));
	CHECK_ERR(getpeername(fd[0], (struct sockaddr *)address, &length), ENOTSOCK);
	CHECK_ERR(getsockname(fd[0], (struct sockaddr *)address, &length), ENOTSOCK);
	CHECK_ERR(getsockopt(fd[0], SOL_SOCKET, SO_TYPE, &value, (socklen_t *)&size), ENOTSOCK);
	CHECK_ERR(setsockopt(fd[0], SOL_SOCKET, SO_KEEPALIVE, &value, sizeof value), ENOTSOCK);
	CHECK_ERR(send(fd[1], "x", 1, 0), ENOTSOCK);
	CHECK_ERR(recv(fd[0], address, 1, 0), ENOTSOCK);
	CHECK_ERR(sendmsg(fd[1], &message, 0), ENOTSOCK);
	CHECK_ERR(recvmsg(fd[0], &message, 0), ENOTSOCK);
	CHECK_ERR(shutdown(fd[0], SHUT_RD), ENOTSOCK);
	CHECK_ERR(listen(fd[0], 1), ENOTSOCK);
	CHECK_ERR(accept(fd[0], NULL, NULL), ENOTSOCK);
	CHECK_ERR(getpeername(-1, (struct sockaddr *)address, &length), EBADF);
	CHECK_ERR(accept4(fd[0], NULL, NULL, 1), EINVAL);
}
