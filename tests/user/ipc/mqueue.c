/* POSIX message queues: the calls, the names, the notices, limits, inheritance. */
#include "ipc.h"
#include <linux/netlink.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/socket.h>

/* <linux/mqueue.h>, which the C library's own header excludes */
#define NOTIFY_WOKENUP 1
#define NOTIFY_REMOVED 2
#define NOTIFY_COOKIE_LEN 32

/* The kernel's own names have no slash before them. */
static long k_open(const char *name, int flags, int mode, void *attr) { return syscall(SYS_mq_open, name, flags, mode, attr); }

static struct mq_attr attr(long messages, long bytes) { return (struct mq_attr){.mq_maxmsg = messages, .mq_msgsize = bytes}; }

static mqd_t queue_new(long messages, long bytes)
{
	struct mq_attr a = attr(messages, bytes);
	ipc_own_world();
	return NEED_OK(mq_open("/q", O_RDWR | O_CREAT | O_EXCL, 0600, &a));
}

static int state_of(mqd_t q)
{
	struct mq_attr a;
	CHECK_OK(mq_getattr(q, &a));
	return a.mq_curmsgs;
}

static const char *take(mqd_t q)
{
	static char text[9000];
	unsigned priority;
	ssize_t n = mq_receive(q, text, sizeof text, &priority);
	if (n < 0)
		return strerrorname_np(errno);
	snprintf(text + n, 20, "%u", priority);
	return text;
}

TEST(open)
{
	struct mq_attr a = attr(3, 16), got;
	ipc_own_world();
	CHECK_ERR(mq_open("/a", O_RDWR), ENOENT);
	CHECK_ERR(k_open("a/b", O_RDWR | O_CREAT, 0600, 0), EACCES);
	CHECK_ERR(k_open(".", O_RDWR, 0, 0), EACCES);
	CHECK_ERR(k_open("..", O_RDWR, 0, 0), EACCES);
	CHECK_ERR(k_open("", O_RDWR, 0, 0), ENOENT);
	CHECK_ERR(k_open((void *)8, O_RDWR, 0, 0), EFAULT);
	CHECK_ERR(k_open("a", O_RDWR | O_CREAT, 0600, (void *)8), EFAULT);
	char name[300] = "/";
	memset(name + 1, 'x', 256);
	CHECK_ERR(mq_open(name, O_RDWR | O_CREAT, 0600, 0), ENAMETOOLONG);
	name[256] = 0;
	CHECK_OK(mq_open(name, O_RDWR | O_CREAT, 0600, 0));
	mqd_t q = CHECK_OK(mq_open("/a", O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &a));
	CHECK_ERR(mq_open("/a", O_RDWR | O_CREAT | O_EXCL, 0600, &a), EEXIST);
	CHECK_EQ(fcntl(q, F_GETFD), FD_CLOEXEC);
	CHECK_OK(mq_getattr(q, &got));
	CHECK_EQ(got.mq_maxmsg, 3);
	CHECK_EQ(got.mq_msgsize, 16);
	CHECK_EQ(got.mq_curmsgs, 0);
	CHECK_EQ(got.mq_flags, O_NONBLOCK);
	a.mq_maxmsg = 7;
	mqd_t again = CHECK_OK(mq_open("/a", O_RDONLY | O_CREAT, 0600, &a));
	CHECK_OK(mq_getattr(again, &got));
	CHECK_EQ(got.mq_maxmsg, 3);
	CHECK_EQ(got.mq_flags, 0);
	mqd_t usual = CHECK_OK(mq_open("/usual", O_RDWR | O_CREAT, 0600, 0));
	CHECK_OK(mq_getattr(usual, &got));
	CHECK_EQ(got.mq_maxmsg, 10);
	CHECK_EQ(got.mq_msgsize, 8192);
	for (int i = 0; i < 4; i++) {
		a = attr(i == 0 ? 0 : i == 1 ? -1 : 1, i == 2 ? 0 : i == 3 ? -5 : 1);
		CHECK_ERR(mq_open("/bad", O_RDWR | O_CREAT, 0600, &a), EINVAL);
	}
	a = attr(65537, 1);
	CHECK_ERR(mq_open("/bad", O_RDWR | O_CREAT, 0600, &a), EINVAL);
	CHECK_OK(mq_unlink("/a"));
	CHECK_ERR(mq_unlink("/a"), ENOENT);
	CHECK_ERR(mq_open("/a", O_RDWR), ENOENT);
	CHECK_OK(mq_send(q, "x", 1, 0));	/* open ones go on */
	CHECK_EQ(state_of(again), 1);
	CHECK_OK(mq_close(q));
	CHECK_ERR(mq_close(q), EBADF);
}

TEST(priorities)
{
	mqd_t q = queue_new(6, 20);
	CHECK_OK(mq_send(q, "low", 3, 1));
	CHECK_OK(mq_send(q, "high", 4, 9));
	CHECK_OK(mq_send(q, "low again", 9, 1));
	CHECK_OK(mq_send(q, "top", 3, 32767));
	CHECK_OK(mq_send(q, "high again", 10, 9));
	CHECK_OK(mq_send(q, "", 0, 0));
	CHECK_EQ(state_of(q), 6);
	const char *want[] = {"top32767", "high9", "high again9", "low1", "low again1", "0"};
	for (int i = 0; i < 6; i++)
		CHECK_STR(take(q), want[i]);
}

TEST(errors)
{
	mqd_t q = queue_new(2, 8);
	char text[16];
	struct timespec past = {0, 0}, bad = {0, 1000000000}, negative = {-1, 0}, now, end;
	CHECK_ERR(mq_send(q, "123456789", 9, 0), EMSGSIZE);
	CHECK_ERR(mq_send(q, "1", 1, 32768), EINVAL);
	CHECK_ERR(mq_send(-1, "1", 1, 0), EBADF);
	CHECK_ERR(mq_send(0, "1", 1, 0), EBADF);
	CHECK_ERR(mq_send(q, (void *)8, 1, 0), EFAULT);
	CHECK_ERR(mq_receive(q, text, 7, 0), EMSGSIZE);
	CHECK_ERR(mq_receive(-1, text, 8, 0), EBADF);
	CHECK_ERR(mq_timedreceive(q, text, 8, 0, &past), ETIMEDOUT);
	CHECK_ERR(mq_timedreceive(q, text, 8, 0, &bad), EINVAL);
	CHECK_ERR(mq_timedreceive(q, text, 8, 0, &negative), EINVAL);
	CHECK_ERR(mq_timedreceive(q, text, 8, 0, (void *)8), EFAULT);
	CHECK_ERR(mq_timedsend(-1, text, 8, 0, &bad), EINVAL);
	CHECK_ERR(mq_timedsend(-1, text, 8, 40000, (void *)8), EFAULT);
	mqd_t reader = mq_open("/q", O_RDONLY | O_NONBLOCK), writer = mq_open("/q", O_WRONLY | O_NONBLOCK);
	CHECK_ERR(mq_send(reader, "1", 1, 0), EBADF);
	CHECK_ERR(mq_receive(writer, text, 8, 0), EBADF);
	CHECK_ERR(mq_receive(reader, text, 8, 0), EAGAIN);
	CHECK_OK(mq_timedsend(q, "1", 1, 0, &past));
	CHECK_OK(mq_send(writer, "2", 1, 0));
	CHECK_ERR(mq_send(writer, "3", 1, 0), EAGAIN);
	CHECK_ERR(mq_timedsend(q, "3", 1, 0, &past), ETIMEDOUT);
	clock_gettime(CLOCK_REALTIME, &now);
	end = now;
	end.tv_nsec += 30000000;
	if (end.tv_nsec >= 1000000000)
		end.tv_sec++, end.tv_nsec -= 1000000000;
	CHECK_ERR(mq_timedsend(q, "3", 1, 0, &end), ETIMEDOUT);
	clock_gettime(CLOCK_REALTIME, &now);
	CHECK(now.tv_sec > end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec >= end.tv_nsec));
	CHECK_EQ(state_of(q), 2);
	CHECK_ERR(mq_receive(q, (void *)8, 8, 0), EFAULT);
	struct mq_attr a = {.mq_flags = O_NONBLOCK}, old;
	CHECK_OK(mq_setattr(q, &a, &old));
	CHECK_EQ(old.mq_flags, 0);
	CHECK_EQ(fcntl(q, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	CHECK_OK(mq_setattr(q, &(struct mq_attr){}, &old));
	CHECK_EQ(old.mq_flags, O_NONBLOCK);
	CHECK_EQ(fcntl(q, F_GETFL) & O_NONBLOCK, 0);
	a.mq_flags = O_NONBLOCK | 1;
	CHECK_ERR(mq_setattr(q, &a, 0), EINVAL);
	CHECK_ERR(syscall(SYS_mq_getsetattr, q, 8, 0), EFAULT);
	CHECK_ERR(syscall(SYS_mq_getsetattr, q, 0, 8), EFAULT);
	CHECK_ERR(syscall(SYS_mq_getsetattr, 0, 0, &a), EBADF);
}

TEST(permissions)
{
	struct mq_attr a = attr(1, 1);
	ipc_own_world();
	umask(0);
	CHECK_OK(mq_open("/mine", O_RDWR | O_CREAT, 0604, &a));
	umask(022);
	CHECK_OK(mq_open("/none", O_RDWR | O_CREAT, 0, &a));	/* its maker may, this once */
	IN_CHILD {
		ipc_become(1000, 1000);
		CHECK_OK(mq_open("/mine", O_RDONLY));
		CHECK_ERR(mq_open("/mine", O_WRONLY), EACCES);
		CHECK_ERR(mq_open("/mine", O_RDWR), EACCES);
		CHECK_ERR(mq_open("/none", O_RDONLY), EACCES);
		CHECK_ERR(mq_unlink("/mine"), EACCES);	/* EPERM, which the C library turns into this */
		CHECK_OK(mq_open("/other", O_RDWR | O_CREAT, 0600, &a));
		CHECK_OK(mq_unlink("/other"));
		a = attr(11, 1);
		CHECK_ERR(mq_open("/large", O_RDWR | O_CREAT, 0600, &a), EINVAL);
		a = attr(1, 8193);
		CHECK_ERR(mq_open("/large", O_RDWR | O_CREAT, 0600, &a), EINVAL);
		a = attr(10, 8192);
		setrlimit(RLIMIT_MSGQUEUE, &(struct rlimit){90000, 90000});
		CHECK_OK(mq_open("/one", O_RDWR | O_CREAT, 0600, &a));
		CHECK_ERR(mq_open("/two", O_RDWR | O_CREAT, 0600, &a), EMFILE);
	}
}

static pid_t receiver(mqd_t q)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(take(q)[0]);
	CHECK_SOON(check_state(pid) == 'S');
	check_sleep_ms(20);
	return pid;
}

TEST(sleepers)
{
	mqd_t q = queue_new(1, 8);
	pid_t a = receiver(q), b = receiver(q);
	CHECK_OK(mq_send(q, "1", 1, 0));
	CHECK_WAIT(a, EXITED('1'));
	CHECK_OK(mq_send(q, "2", 1, 0));
	CHECK_WAIT(b, EXITED('2'));
	CHECK_OK(mq_send(q, "3", 1, 0));
	a = fork();
	if (a == 0)
		_exit(mq_send(q, "4", 1, 5));
	CHECK_SOON(check_state(a) == 'S');
	check_sleep_ms(20);
	CHECK_STR(take(q), "30");
	CHECK_WAIT(a, EXITED(0));
	CHECK_EQ(state_of(q), 1);
	CHECK_STR(take(q), "45");
	a = receiver(q);
	CHECK_OK(mq_unlink("/q"));	/* wakes nobody */
	CHECK_EQ(check_state(a), 'S');
	CHECK_OK(kill(a, SIGTERM));
	CHECK_WAIT(a, KILLED(SIGTERM));
}

static void on_signal(int sig) { }

TEST(interrupted)
{
	mqd_t q = queue_new(1, 8);
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_signal, .sa_flags = i ? SA_RESTART : 0}, 0);
			const char *got = take(q);
			_exit(got[1] == 'I' ? 99 : got[0]);
		}
		CHECK_SOON(check_state(pid) == 'S');
		check_sleep_ms(20);
		kill(pid, SIGUSR1);
		if (i) {
			check_sleep_ms(20);
			CHECK_OK(mq_send(q, "r", 1, 0));
		}
		CHECK_WAIT(pid, EXITED(i ? 'r' : 99));
	}
}

TEST(poll)
{
	mqd_t q = queue_new(1, 8);
	struct pollfd p = {.fd = q, .events = POLLIN | POLLOUT};
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLOUT);
	CHECK_OK(mq_send(q, "1", 1, 0));
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLIN);
	take(q);
	pid_t pid = fork();
	if (pid == 0) {
		p.events = POLLIN;
		_exit(poll(&p, 1, 5000) == 1 && p.revents == POLLIN ? 0 : 1);
	}
	CHECK_SOON(check_state(pid) == 'S');
	CHECK_OK(mq_send(q, "1", 1, 0));
	CHECK_WAIT(pid, EXITED(0));
}

static volatile siginfo_t told;
static void on_told(int sig, siginfo_t *info, void *context) { told = *info; }

TEST(notify)
{
	mqd_t q = queue_new(3, 8);
	struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 77}, bad = e;
	sigaction(SIGUSR1, &(struct sigaction){.sa_sigaction = on_told, .sa_flags = SA_SIGINFO}, 0);
	CHECK_OK(mq_notify(q, 0));
	bad.sigev_signo = 65;
	CHECK_ERR(mq_notify(q, &bad), EINVAL);
	bad.sigev_notify = 9;
	CHECK_ERR(mq_notify(q, &bad), EINVAL);
	CHECK_ERR(mq_notify(0, &e), EBADF);
	CHECK_ERR(syscall(SYS_mq_notify, q, 8), EFAULT);
	CHECK_OK(mq_notify(q, &e));
	CHECK_ERR(mq_notify(q, &e), EBUSY);
	IN_CHILD {
		CHECK_ERR(mq_notify(q, &e), EBUSY);
		CHECK_OK(mq_notify(q, 0));	/* another's: nothing happens */
	}
	pid_t pid = fork();
	if (pid == 0)
		_exit(mq_send(q, "1", 1, 0));
	CHECK_WAIT(pid, EXITED(0));
	CHECK_EQ(told.si_signo, SIGUSR1);
	CHECK_EQ(told.si_code, SI_MESGQ);
	CHECK_EQ(told.si_pid, pid);
	CHECK_EQ(told.si_uid, getuid());
	CHECK_EQ(told.si_value.sival_int, 77);
	told.si_signo = 0;
	CHECK_OK(mq_notify(q, &e));	/* told once; and the queue is not empty now */
	CHECK_OK(mq_send(q, "2", 1, 0));
	CHECK_EQ(told.si_signo, 0);
	take(q);
	take(q);
	pid = receiver(q);	/* who waits comes first */
	CHECK_OK(mq_send(q, "3", 1, 0));
	CHECK_WAIT(pid, EXITED('3'));
	CHECK_EQ(told.si_signo, 0);
	CHECK_OK(mq_notify(q, 0));
	e.sigev_notify = SIGEV_NONE;
	CHECK_OK(mq_notify(q, &e));
	CHECK_ERR(mq_notify(q, &e), EBUSY);
	CHECK_OK(mq_send(q, "4", 1, 0));
	CHECK_OK(mq_notify(q, &e));
	mqd_t other = dup(q);
	close(other);	/* any close by the owner ends it */
	CHECK_OK(mq_notify(q, &e));
	IN_CHILD {
		close(q);
	}
	CHECK_ERR(mq_notify(q, &e), EBUSY);
}

/* A child has its parent's open queues; their flags are one. */
TEST(fork_and_exec)
{
	mqd_t q = queue_new(2, 8);
	IN_CHILD {
		CHECK_OK(mq_send(q, "c", 1, 3));
		CHECK_OK(mq_setattr(q, &(struct mq_attr){.mq_flags = O_NONBLOCK}, 0));
		CHECK_OK(mq_unlink("/q"));
	}
	CHECK_STR(take(q), "c3");
	CHECK_STR(take(q), "EAGAIN");
}

/* The names are files of a file system. */
TEST(file_system)
{
	mqd_t q = queue_new(4, 8);
	const char *dir = check_scratch();
	char text[200];
	struct stat s;
	NEED_OK(unshare(CLONE_NEWNS) ? unshare(CLONE_FS) : 0);
	NEED_OK(mount("none", dir, "mqueue", 0, 0));
	chdir(dir);
	CHECK_OK(stat("q", &s));
	CHECK_EQ(s.st_mode, S_IFREG | 0600);
	CHECK_EQ(s.st_size, 80);
	CHECK_OK(stat(".", &s));
	CHECK_EQ(s.st_mode, S_IFDIR | 01777);
	CHECK_OK(mq_send(q, "five5", 5, 0));
	CHECK_OK(mq_notify(q, &(struct sigevent){.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 12}));
	CHECK(check_slurp("q", text, sizeof text) > 0);
	char want[100];
	snprintf(want, sizeof want, "QSIZE:%-10d NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n", 5, 0, 12, getpid());
	CHECK_STR(text, want);
	int fd = CHECK_OK(open("made", O_RDWR | O_CREAT, 0600));
	CHECK_OK(mq_send(fd, "x", 1, 0));
	mqd_t made = CHECK_OK(mq_open("/made", O_RDWR));
	CHECK_EQ(state_of(made), 1);
	CHECK_OK(unlink("made"));
	close(fd);
	CHECK_ERR(mq_open("/made", O_RDWR), ENOENT);
	CHECK(mkdir("dir", 0700) < 0);
	chdir("/");
	CHECK_OK(umount(dir));
}

static int spew(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), n = fd < 0 ? -1 : (int)write(fd, text, strlen(text));
	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : 0;
}

TEST(namespace)
{
	mqd_t q = queue_new(1, 1);
	CHECK_OK(spew("/proc/sys/fs/mqueue/queues_max", "2"));
	CHECK_ERR(spew("/proc/sys/fs/mqueue/msgsize_max", "127"), EINVAL);
	CHECK_ERR(spew("/proc/sys/fs/mqueue/msg_max", "65537"), EINVAL);
	IN_CHILD {
		ipc_become(1000, 1000);
		CHECK_OK(mq_open("/two", O_RDWR | O_CREAT, 0600, 0));
		CHECK_ERR(mq_open("/three", O_RDWR | O_CREAT, 0600, 0), ENOSPC);
	}
	IN_CHILD {
		ipc_own_world();
		CHECK_ERR(mq_open("/q", O_RDWR), ENOENT);
		CHECK_OK(mq_send(q, "1", 1, 0));	/* an open one is of no place */
	}
	CHECK_EQ(state_of(q), 1);
}

TEST(many)
{
	mqd_t q = queue_new(4, 16);
	long each = check_scale(400);
	pid_t pids[6];
	for (int i = 0; i < 6; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		long sum = 0;
		for (long k = 1; k <= each; k++) {
			long got;
			if (i < 3 ? mq_send(q, (char *)&k, 8, i) : mq_receive(q, (char *)&got, 16, 0) != 8)
				_exit(1);
			sum += got;
		}
		_exit(0);
	}
	for (int i = 0; i < 6; i++)
		CHECK_WAIT(pids[i], EXITED(0));
	CHECK_EQ(state_of(q), 0);
}

/* SIGEV_THREAD, as C libraries use it: a cookie goes to a netlink socket, and its last byte says what became of the notice. */
static int outcome(int s)
{
	char got[64];
	struct sockaddr_nl from = {.nl_pid = 7};
	socklen_t size = sizeof from;
	ssize_t n = recvfrom(s, got, sizeof got, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
	if (n < 0)
		return -errno;
	CHECK_EQ(n, NOTIFY_COOKIE_LEN);
	CHECK_EQ(got[0], 'a');
	CHECK_EQ(got[NOTIFY_COOKIE_LEN - 2], 'z');
	CHECK_EQ(size, sizeof from);
	CHECK_EQ(from.nl_family, AF_NETLINK);
	CHECK_EQ(from.nl_pid, 0);
	return got[NOTIFY_COOKIE_LEN - 1];
}

static struct sigevent by_socket(int s)
{
	static char cookie[NOTIFY_COOKIE_LEN] = {[0] = 'a', [NOTIFY_COOKIE_LEN - 2] = 'z'};
	return (struct sigevent){.sigev_notify = SIGEV_THREAD, .sigev_signo = s, .sigev_value.sival_ptr = cookie};
}

static long k_notify(mqd_t q, const struct sigevent *e) { return syscall(SYS_mq_notify, q, e); }

TEST(notify_by_socket)
{
	mqd_t q = queue_new(3, 8);
	int s = NEED_OK(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
	struct sigevent e = by_socket(s);
	CHECK_OK(k_notify(q, &e));
	CHECK_ERR(k_notify(q, &e), EBUSY);
	CHECK_EQ(outcome(s), -EAGAIN);
	CHECK_OK(mq_send(q, "1", 1, 0));
	CHECK_EQ(outcome(s), NOTIFY_WOKENUP);
	CHECK_OK(mq_send(q, "2", 1, 0));
	CHECK_EQ(outcome(s), -EAGAIN);
	CHECK_OK(k_notify(q, &e));
	CHECK_OK(k_notify(q, 0));
	CHECK_EQ(outcome(s), NOTIFY_REMOVED);
	CHECK_OK(k_notify(q, &e));
	CHECK_OK(mq_close(q));
	CHECK_EQ(outcome(s), NOTIFY_REMOVED);
}

TEST(notify_by_socket_from_another)
{
	mqd_t q = queue_new(3, 8);
	int s = NEED_OK(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	struct sigevent e = by_socket(s);
	CHECK_OK(k_notify(q, &e));
	pid_t pid = fork();
	if (pid == 0)
		_exit(mq_send(q, "1", 1, 0));
	CHECK_WAIT(pid, EXITED(0));
	CHECK_EQ(outcome(s), NOTIFY_WOKENUP);
	take(q);
	CHECK_OK(k_notify(q, &e));
	close(s);			/* nobody reads it: the notice is still one */
	CHECK_ERR(k_notify(q, &(struct sigevent){.sigev_notify = SIGEV_NONE}), EBUSY);
	CHECK_OK(mq_send(q, "2", 1, 0));
	CHECK_OK(k_notify(q, &(struct sigevent){.sigev_notify = SIGEV_NONE}));
}

TEST(notify_by_socket_refused)
{
	mqd_t q = queue_new(3, 8);
	int pair[2], s = NEED_OK(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	struct sigevent e = by_socket(s), bad = e;
	CHECK_ERR(k_notify(0, &e), EBADF);
	bad.sigev_value.sival_ptr = (void *)8;
	CHECK_ERR(k_notify(q, &bad), EFAULT);
	bad = by_socket(999);
	CHECK_ERR(k_notify(q, &bad), EBADF);
	bad = by_socket(0);
	CHECK_ERR(k_notify(q, &bad), ENOTSOCK);
	bad = by_socket(pair[0]);
	CHECK_ERR(k_notify(q, &bad), EINVAL);
	CHECK_EQ(outcome(s), -EAGAIN);
	CHECK_OK(k_notify(q, &e));
}
