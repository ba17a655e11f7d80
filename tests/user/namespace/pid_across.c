/* Process numbers that cross the border of a pid namespace: in siginfo, in messages, locks, owners, terminals, waits. */
#include "pid_ns.h"
#include "tty.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

static sigset_t one(int sig)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, sig);
	return set;
}

static int take(int sig, siginfo_t *info)
{
	sigset_t set = one(sig);
	/* not the C library's, which calls SI_TKILL SI_USER */
	return (int)syscall(SYS_rt_sigtimedwait, &set, info, &(struct timespec){3, 0}, 8);
}

TEST(sender_outside_has_no_number)
{
	if (geteuid())
		return;
	struct meeting m;
	meeting_init(&m);
	pid_t init = ns_fork(CLONE_NEWPID);
	if (init == 0) {
		sigset_t set = one(SIGUSR1);
		sigaddset(&set, SIGRTMIN);
		siginfo_t info = {.si_pid = 99};
		sigprocmask(SIG_BLOCK, &set, 0);
		meet_parent(&m);
		CHECK_EQ(take(SIGUSR1, &info), SIGUSR1);
		CHECK_EQ(info.si_pid, 0);
		CHECK_EQ(info.si_code, SI_USER);
		info.si_pid = 99;
		CHECK_EQ(take(SIGRTMIN, &info), SIGRTMIN);
		CHECK_EQ(info.si_pid, 0);
		CHECK_EQ(info.si_code, SI_QUEUE);
		CHECK_EQ(info.si_value.sival_int, 5);
		meet_parent(&m);
		CHECK_EQ(take(SIGUSR1, &info), SIGUSR1);
		CHECK_EQ(info.si_pid, 0);
		CHECK_EQ(info.si_code, SI_TKILL);
		_exit(check_failed != 0);
	}
	meet_child(&m);
	CHECK_OK(kill(init, SIGUSR1));
	CHECK_OK(sigqueue(init, SIGRTMIN, (union sigval){5}));
	meet_child(&m);
	CHECK_EQ(RAW(SYS_tgkill, init, init, SIGUSR1), 0);
	CHECK_WAIT(init, EXITED(0));
}

TEST(news_of_a_child_inside)
{
	if (geteuid())
		return;
	sigset_t set = one(SIGCHLD);
	siginfo_t info = {};
	sigprocmask(SIG_BLOCK, &set, 0);
	pid_t init = ns_fork(CLONE_NEWPID);
	if (init == 0)
		_exit(3);
	CHECK_EQ(take(SIGCHLD, &info), SIGCHLD);
	CHECK_EQ(info.si_pid, init);		/* the receiver's number for it */
	CHECK_EQ(info.si_status, 3);
	siginfo_t waited = {};
	CHECK_OK(waitid(P_PID, init, &waited, WEXITED));
	CHECK_EQ(waited.si_pid, init);
	IN_PID_NS {
		pid_t child = fork();
		if (child == 0)
			_exit(4);
		CHECK_EQ(take(SIGCHLD, &info), SIGCHLD);
		CHECK_EQ(info.si_pid, 2);
		CHECK_EQ(waitpid(0, 0, 0), 2);	/* the group has the number 0 here */
	}
}

TEST(group_from_outside)
{
	if (geteuid())
		return;
	IN_CHILD {
		setpgid(0, 0);
		sigset_t set = one(SIGUSR1);
		siginfo_t info = {};
		sigprocmask(SIG_BLOCK, &set, 0);
		pid_t init = ns_fork(CLONE_NEWPID);
		if (init == 0) {
			/* kill(0) reaches the own group, inside and outside */
			CHECK_OK(kill(0, SIGUSR1));
			CHECK_EQ(take(SIGUSR1, &info), SIGUSR1);
			CHECK_EQ(info.si_pid, 1);
			_exit(check_failed != 0);
		}
		CHECK_EQ(take(SIGUSR1, &info), SIGUSR1);
		CHECK_WAIT(init, EXITED(0));
	}
}

TEST(death_signal_of_a_parent_outside)
{
	if (geteuid())
		return;
	int ends[2];
	NEED_OK(pipe(ends));
	pid_t parent = fork();
	if (parent == 0) {
		pid_t init = ns_fork(CLONE_NEWPID);
		if (init == 0) {
			sigset_t set = one(SIGUSR2);
			siginfo_t info = {.si_pid = 99};
			sigprocmask(SIG_BLOCK, &set, 0);
			prctl(PR_SET_PDEATHSIG, SIGUSR2);
			write(ends[1], "r", 1);
			int sig = take(SIGUSR2, &info);
			char result = sig == SIGUSR2 && info.si_pid == 0 && info.si_code == SI_USER ? 'y' : 'n';
			write(ends[1], &result, 1);
			_exit(0);
		}
		char c;
		read(ends[0], &c, 1);
		_exit(0);
	}
	CHECK_WAIT(parent, EXITED(0));
	char c = 0;
	CHECK_EQ(read(ends[0], &c, 1), 1);
	CHECK_EQ(c, 'y');
}

static ssize_t send_cred(int fd, struct ucred *cred)
{
	char data = 'x', control[CMSG_SPACE(sizeof *cred)] = "";
	struct iovec iov = {&data, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	if (cred) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof control;
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_CREDENTIALS;
		c->cmsg_len = CMSG_LEN(sizeof *cred);
		memcpy(CMSG_DATA(c), cred, sizeof *cred);
	}
	return sendmsg(fd, &msg, 0);
}

static pid_t received_pid(int fd)
{
	struct ucred cred = {.pid = -1};
	char data, control[256];
	struct iovec iov = {&data, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	if (recvmsg(fd, &msg, 0) != 1)
		return -2;
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_type == SCM_CREDENTIALS)
		memcpy(&cred, CMSG_DATA(c), sizeof cred);
	return cred.pid;
}

TEST(credentials_in_messages)
{
	if (geteuid())
		return;
	int pair[2];
	NEED_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	NEED_OK(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)));
	NEED_OK(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)));
	pid_t init = ns_fork(CLONE_NEWPID);
	if (init == 0) {
		CHECK_EQ(send_cred(pair[1], 0), 1);
		CHECK_EQ(send_cred(pair[1], &(struct ucred){.pid = 1}), 1);
		CHECK_ERR(send_cred(pair[1], &(struct ucred){.pid = 30000}), ESRCH);
		CHECK_EQ(received_pid(pair[1]), 0);	/* from outside */
		_exit(check_failed != 0);
	}
	CHECK_EQ(received_pid(pair[0]), init);
	CHECK_EQ(received_pid(pair[0]), init);
	CHECK_EQ(send_cred(pair[0], 0), 1);
	CHECK_WAIT(init, EXITED(0));
}

TEST(peer_of_a_socket)
{
	if (geteuid())
		return;
	int pair[2];
	struct ucred cred = {.pid = -1};
	socklen_t size = sizeof cred;
	NEED_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	IN_PID_NS {
		CHECK_OK(getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &cred, &size));
		CHECK_EQ(cred.pid, 0);	/* made outside */
	}
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0pid_across"};
	socklen_t length = offsetof(struct sockaddr_un, sun_path) + 11;
	int listener = NEED_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	NEED_OK(bind(listener, (void *)&name, length));
	NEED_OK(listen(listener, 1));
	pid_t init = ns_fork(CLONE_NEWPID);
	if (init == 0) {
		int fd = NEED_OK(socket(AF_UNIX, SOCK_STREAM, 0));
		NEED_OK(connect(fd, (void *)&name, length));
		CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size));
		CHECK_EQ(cred.pid, 0);
		char c;
		read(fd, &c, 1);
		_exit(check_failed != 0);
	}
	int fd = NEED_OK(accept(listener, 0, 0));
	CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size));
	CHECK_EQ(cred.pid, init);
	write(fd, "x", 1);
	CHECK_WAIT(init, EXITED(0));
}

TEST(owner_of_a_descriptor)
{
	if (geteuid())
		return;
	int ends[2];
	NEED_OK(pipe(ends));
	CHECK_OK(fcntl(ends[0], F_SETOWN, getpid()));
	IN_PID_NS {
		CHECK_EQ(fcntl(ends[0], F_GETOWN), 0);
		struct f_owner_ex owner = {.type = F_OWNER_PID, .pid = 77};
		CHECK_OK(fcntl(ends[0], F_GETOWN_EX, &owner));
		CHECK_EQ(owner.pid, 0);
		CHECK_OK(fcntl(ends[0], F_SETOWN, 1));
		CHECK_EQ(fcntl(ends[0], F_GETOWN), 1);
	}
}

TEST(holder_of_a_lock)
{
	if (geteuid())
		return;
	check_scratch();
	int fd = NEED_OK(open("file", O_RDWR | O_CREAT, 0600));
	struct flock all = {.l_type = F_WRLCK};
	CHECK_OK(fcntl(fd, F_SETLK, &all));
	IN_PID_NS {
		struct flock seen = {.l_type = F_WRLCK, .l_pid = 77};
		CHECK_OK(fcntl(fd, F_GETLK, &seen));
		CHECK_EQ(seen.l_type, F_WRLCK);
		CHECK_EQ(seen.l_pid, 0);
	}
	all.l_type = F_UNLCK;
	CHECK_OK(fcntl(fd, F_SETLK, &all));
	struct meeting m;
	meeting_init(&m);
	pid_t init = ns_fork(CLONE_NEWPID);
	if (init == 0) {
		all.l_type = F_WRLCK;
		CHECK_OK(fcntl(fd, F_SETLK, &all));
		IN_CHILD {
			struct flock seen = {.l_type = F_WRLCK, .l_pid = 77};
			CHECK_OK(fcntl(fd, F_GETLK, &seen));
			CHECK_EQ(seen.l_pid, 1);
		}
		meet_parent(&m);
		pause();
	}
	meet_child(&m);
	struct flock seen = {.l_type = F_WRLCK};
	CHECK_OK(fcntl(fd, F_GETLK, &seen));
	CHECK_EQ(seen.l_pid, init);
	check_reap(init);
}

TEST(foreground_of_a_terminal)
{
	if (geteuid())
		return;
	pid_t outer = fork();
	if (outer == 0) {
		setsid();
		int slave = tty_slave(tty_master(), 0);
		CHECK_EQ(tcgetpgrp(slave), getpid());
		IN_PID_NS {
			CHECK_EQ(tcgetpgrp(slave), 0);	/* a group from outside */
			CHECK_EQ(tcgetsid(slave), 0);
			CHECK_ERR(tcsetpgrp(slave, 2), ESRCH);
			CHECK_OK(tcsetpgrp(slave, 1));	/* a process of the session will do */
			CHECK_EQ(tcgetpgrp(slave), 1);
			pid_t child = fork();
			if (child == 0) {
				setpgid(0, 0);
				pause();
			}
			setpgid(child, child);
			signal(SIGTTOU, SIG_IGN);
			CHECK_OK(tcsetpgrp(slave, child));
			CHECK_EQ(tcgetpgrp(slave), child);
			check_reap(child);
		}
		_exit(check_failed != 0);
	}
	CHECK_WAIT(outer, EXITED(0));
}

static pthread_mutex_t *shared_mutex(int type)
{
	pthread_mutex_t *m = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(m, 0, 64);
	return m;
}

TEST(futexes_use_the_tasks_own_numbers)
{
	int *word = (int *)shared_mutex(0);
	IN_PID_NS {
		CHECK_EQ(futex_call(word, FUTEX_LOCK_PI, 0, 0, 0, 0), 0);
		CHECK_EQ(*word, 1);
		CHECK_EQ(futex_call(word, FUTEX_LOCK_PI, 0, 0, 0, 0), -EDEADLK);
		CHECK_EQ(futex_call(word, FUTEX_UNLOCK_PI, 0, 0, 0, 0), 0);
		CHECK_EQ(*word, 0);
		/* what dies with a robust futex leaves its mark by its own number */
		struct { void *next; long offset; void *pending; int lock; } *head = (void *)(word + 16);
		head->next = head;
		head->offset = offsetof(typeof(*head), lock);
		head->pending = head;
		IN_CHILD {
			CHECK_EQ(syscall(SYS_set_robust_list, head, 24), 0);
			head->lock = getpid();
			CHECK_EQ(head->lock, 2);
		}
		CHECK_EQ(head->lock, FUTEX_OWNER_DIED);
	}
}

TEST(wait_by_number_is_of_the_own_world)
{
	if (geteuid())
		return;
	IN_CHILD {
		CHECK_OK(unshare(CLONE_NEWPID));
		pid_t init = fork();
		if (init == 0)
			for (;;)
				pause();
		pid_t second = fork();
		if (second == 0)
			_exit(getpid());
		CHECK_WAIT(second, EXITED(2));
		CHECK_ERR(waitpid(2, 0, WNOHANG), ECHILD);
		check_reap(init);
	}
}

TEST(pidfd_of_a_process_outside)
{
	if (geteuid())
		return;
	int out = NEED_OK(syscall(SYS_pidfd_open, getpid(), 0));
	IN_PID_NS {
		CHECK_ERR(syscall(SYS_pidfd_send_signal, out, 0, 0, 0), EINVAL);
		siginfo_t info;
		CHECK_ERR(waitid((idtype_t)3, out, &info, WEXITED), ECHILD);
	}
}

TEST(numbers_are_used_again_after_pid_max)
{
	IN_PID_NS {
		if (access("/proc/sys/kernel/ns_last_pid", W_OK))
			_exit(0);
		char text[32];
		CHECK(check_slurp("/proc/sys/kernel/pid_max", text, sizeof text) > 0);
		int limit = atoi(text);
		snprintf(text, sizeof text, "%d", limit - 2);
		CHECK_EQ(check_spew("/proc/sys/kernel/ns_last_pid", text, strlen(text), 0666), 0);
		pid_t last = fork();
		if (last == 0)
			_exit(0);
		CHECK_EQ(last, limit - 1);
		pid_t next = fork();
		if (next == 0)
			_exit(0);
		CHECK_EQ(next, 300);
		CHECK_WAIT(last, EXITED(0));
		CHECK_WAIT(next, EXITED(0));
	}
}
