/*
 * A filter's listener: it receives the calls that the filter sends to it, and answers them.
 * Source: seccomp_unotify(2).
 */
#include "seccomp.h"
#include <poll.h>
#include <sys/ioctl.h>

/* A child whose getpgid goes to the listener; it exits with the low bits of what the call gave. */
static int listener_of(unsigned flags)
{
	seccomp_no_new_privs();
	return (int)NEED_OK(seccomp_say(SYS_getpgid, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER | flags));
}

static pid_t asking_child(long a)
{
	pid_t pid = fork();
	if (pid == 0) {
		long r = RAW(SYS_getpgid, a);
		_exit((int)(r < 0 ? -r : r) & 0xff);
	}
	return pid;
}

static int receive(int fd, struct seccomp_notif *n)
{
	memset(n, 0, sizeof *n);
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, n);
}

static int answer(int fd, uint64_t id, int error, long value, unsigned flags)
{
	struct seccomp_notif_resp r = {.id = id, .error = error, .val = value, .flags = flags};
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &r);
}

TEST(asked_and_answered)
{
	struct seccomp_notif n;
	int fd = listener_of(0);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	pid_t pid = asking_child(5);
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};
	CHECK_EQ(poll(&p, 1, -1), 1);
	CHECK_EQ(p.revents, POLLIN);
	CHECK_OK(receive(fd, &n));
	CHECK_EQ(n.pid, pid);
	CHECK_EQ(n.data.nr, SYS_getpgid);
	CHECK_EQ(n.data.args[0], 5);
	CHECK_EQ(n.data.arch, AUDIT_ARCH_X86_64);
	CHECK_EQ(n.flags, 0);
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLOUT);
	CHECK_OK(ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &n.id));
	CHECK_ERR(answer(fd, n.id, 0, 0, 8), EINVAL);
	CHECK_ERR(answer(fd, n.id, 0, 1, SECCOMP_USER_NOTIF_FLAG_CONTINUE), EINVAL);
	CHECK_ERR(answer(fd, n.id + 1, 0, 0, 0), ENOENT);
	CHECK_OK(answer(fd, n.id, 0, 77, 0));
	CHECK_WAIT(pid, EXITED(77));
	CHECK_ERR(answer(fd, n.id, 0, 77, 0), ENOENT);
	CHECK_ERR(ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &n.id), ENOENT);
	pid = asking_child(0);
	CHECK_OK(receive(fd, &n));
	CHECK_OK(answer(fd, n.id, -EXDEV, 0, 0));
	CHECK_WAIT(pid, EXITED(EXDEV));
	pid = asking_child(-1);
	CHECK_OK(receive(fd, &n));
	CHECK_OK(answer(fd, n.id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE));
	CHECK_WAIT(pid, EXITED(ESRCH));
}

TEST(refusals)
{
	struct seccomp_notif n = {.pid = 1};
	int fd = listener_of(0);
	char byte;
	CHECK_ERR(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &n), EINVAL);
	CHECK_ERR(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, (void *)8), EFAULT);
	CHECK_ERR(ioctl(fd, 0x1234, 0), EINVAL);
	CHECK_ERR(read(fd, &byte, 1), EINVAL);
	CHECK_ERR(seccomp_say(SYS_getsid, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER), EBUSY);
	CHECK_OK(seccomp_say(SYS_getsid, SECCOMP_RET_USER_NOTIF, 0));
	CHECK_EQ(RAW(SYS_getsid, 0), -ENOSYS);		/* that one has none */
}

TEST(listener_goes)
{
	struct seccomp_notif n;
	int fd = listener_of(0);
	pid_t pid = fork();
	if (pid == 0) {
		close(fd);
		_exit((int)-RAW(SYS_getpgid, 0));
	}
	CHECK_OK(receive(fd, &n));
	close(fd);
	CHECK_WAIT(pid, EXITED(ENOSYS));
	CHECK_EQ(RAW(SYS_getpgid, 0), -ENOSYS);
}

static void nothing(int sig) { }

TEST(interrupted)
{
	struct seccomp_notif n;
	int fd = listener_of(0);
	pid_t pid = fork();
	if (pid == 0) {
		struct sigaction act = {.sa_handler = nothing};
		sigaction(SIGUSR1, &act, 0);
		_exit((int)-RAW(SYS_getpgid, 0));
	}
	CHECK_OK(receive(fd, &n));
	kill(pid, SIGUSR1);
	CHECK_WAIT(pid, EXITED(EINTR));
	CHECK_ERR(answer(fd, n.id, 0, 0, 0), ENOENT);
	pid = asking_child(0);
	CHECK_OK(receive(fd, &n));
	check_reap(pid);
	CHECK_ERR(answer(fd, n.id, 0, 0, 0), ENOENT);
}

TEST(killable_once_received)
{
	struct seccomp_notif n;
	int fd = listener_of(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	pid_t pid = fork();
	if (pid == 0) {
		signal(SIGUSR1, nothing);
		_exit((int)RAW(SYS_getpgid, 0));
	}
	CHECK_OK(receive(fd, &n));
	kill(pid, SIGUSR1);
	check_sleep_ms(50);
	CHECK_OK(ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &n.id));
	CHECK_OK(answer(fd, n.id, 0, 9, 0));
	CHECK_WAIT(pid, EXITED(9));
	pid = asking_child(0);
	CHECK_OK(receive(fd, &n));
	check_reap(pid);
}

TEST(nobody_left)
{
	int pipes[2];
	NEED_OK(pipe(pipes));
	pid_t pid = (pid_t)RAW(SYS_clone, 0x400 | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		int fd = listener_of(0);
		(void)!write(pipes[1], &fd, sizeof fd);
		_exit(0);
	}
	int fd = -1;
	CHECK_EQ(read(pipes[0], &fd, sizeof fd), (long)sizeof fd);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	CHECK_WAIT(pid, EXITED(0));	/* Linux 6.1 ends it only then */
	CHECK_EQ(poll(&p, 1, -1), 1);
	CHECK_EQ(p.revents, POLLHUP);
}

static long add_fd(int listener, uint64_t id, int src, int at, unsigned fd_flags, unsigned flags)
{
	struct seccomp_notif_addfd a = {.id = id, .srcfd = (unsigned)src, .newfd = (unsigned)at, .newfd_flags = fd_flags, .flags = flags};
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &a);
}

TEST(descriptors)
{
	struct seccomp_notif n;
	int fd = listener_of(0), memory = (int)NEED_OK(syscall(SYS_memfd_create, "given", 0));
	CHECK_OK(write(memory, "hello", 5));
	pid_t pid = fork();
	if (pid == 0) {
		char text[8] = "";
		close(memory);
		long at = RAW(SYS_getpgid, 0);
		CHECK_EQ(pread(50, text, 5, 0), 5);
		CHECK_STR(text, "hello");
		CHECK(fcntl(50, F_GETFD) & FD_CLOEXEC);
		CHECK_EQ(pread((int)at, text, 5, 0), 5);
		CHECK_EQ(fcntl((int)at, F_GETFD), 0);
		_exit(check_failed != 0);
	}
	CHECK_ERR(add_fd(fd, 0, memory, 0, 0, 0), ENOENT);
	CHECK_OK(receive(fd, &n));
	CHECK_ERR(add_fd(fd, n.id, memory, 0, O_APPEND, 0), EINVAL);
	CHECK_ERR(add_fd(fd, n.id, memory, 5, 0, 0), EINVAL);
	CHECK_ERR(add_fd(fd, n.id, memory, 5, 0, 4), EINVAL);
	CHECK_ERR(add_fd(fd, n.id, 500, 0, 0, 0), EBADF);
	CHECK_ERR(add_fd(fd, n.id, memory, 1 << 30, 0, SECCOMP_ADDFD_FLAG_SETFD), EBADF);
	CHECK_EQ(add_fd(fd, n.id, memory, 50, O_CLOEXEC, SECCOMP_ADDFD_FLAG_SETFD), 50);
	CHECK(add_fd(fd, n.id, memory, 0, 0, SECCOMP_ADDFD_FLAG_SEND) > 0);
	CHECK_ERR(add_fd(fd, n.id, memory, 0, 0, 0), ENOENT);
	CHECK_WAIT(pid, EXITED(0));
}
