/* pidfd_open(2), CLONE_PIDFD, pidfd_send_signal(2), pidfd_getfd(2), poll and waitid on them. */
#include "../clone.h"
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static int pidfd_open_(pid_t pid, unsigned flags) { return syscall(SYS_pidfd_open, pid, flags); }
static int pidfd_send(int fd, int sig, siginfo_t *info, unsigned flags)
{
	return syscall(SYS_pidfd_send_signal, fd, sig, info, flags);
}
static int pidfd_getfd_(int pidfd, int fd, unsigned flags) { return syscall(SYS_pidfd_getfd, pidfd, fd, flags); }

static int is_readable(int fd, int timeout)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n = poll(&p, 1, timeout);
	return n == 1 ? !!(p.revents & POLLIN) : n;
}

static int exits_three(void *arg)
{
	return 3;
}

TEST(open_refusals)
{
	CHECK_ERR(pidfd_open_(getpid(), ~0u), EINVAL);
	CHECK_ERR(pidfd_open_(getpid(), O_CLOEXEC), EINVAL);
	CHECK_ERR(pidfd_open_(0, 0), EINVAL);
	CHECK_ERR(pidfd_open_(-1, 0), EINVAL);
	pid_t gone = fork();
	if (gone == 0)
		_exit(0);
	CHECK_WAIT(gone, EXITED(0));
	CHECK_ERR(pidfd_open_(gone, 0), ESRCH);
}

static void *asks_for_itself(void *arg)
{
	*(int *)arg = pidfd_open_(syscall(SYS_gettid), 0) < 0 ? errno : 0;
	return 0;
}

TEST(a_threads_number_is_no_process)
{
	pthread_t thread;
	int error = -1;
	pthread_create(&thread, 0, asks_for_itself, &error);
	pthread_join(thread, 0);
	CHECK(error == EINVAL || error == ENOENT); /* ENOENT since Linux 6.16 */
}

TEST(is_closed_by_exec_and_has_a_name)
{
	char link[64] = "", path[64];
	int fd = NEED_OK(pidfd_open_(getpid(), 0));
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	CHECK(readlink(path, link, sizeof link - 1) > 0);
	CHECK(!strcmp(link, "anon_inode:[pidfd]") || !strncmp(link, "pidfd:[", 7)); /* the second since Linux 6.9 */
	CHECK_ERR(read(fd, link, 1), EINVAL);
	CHECK_ERR(write(fd, link, 1), EINVAL);
	close(fd);
	fd = NEED_OK(pidfd_open_(getpid(), O_NONBLOCK));
	CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
}

TEST(fdinfo_names_the_process)
{
	char path[64];
	pid_t child = check_sleeper();
	int fd = NEED_OK(pidfd_open_(child, 0));
	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
	CHECK_EQ(check_field(path, "Pid", 10), child);
	CHECK_EQ(check_field(path, "NSpid", 10), child);
	kill(child, SIGKILL);
	CHECK_SOON(check_state(child) == 'Z');
	CHECK_EQ(check_field(path, "Pid", 10), child);
	CHECK_WAIT(child, KILLED(SIGKILL));
	CHECK_EQ(check_field(path, "Pid", 10), -1);
	CHECK_EQ(check_field(path, "NSpid", 10), -1);
}

TEST(poll_sees_the_end)
{
	int ready[2];
	NEED_OK(pipe(ready));
	pid_t child = fork();
	if (child == 0) {
		char c;
		close(ready[1]);
		_exit(read(ready[0], &c, 1) != 0);
	}
	close(ready[0]);
	int fd = NEED_OK(pidfd_open_(child, 0));
	CHECK_EQ(is_readable(fd, 0), 0);
	close(ready[1]);
	CHECK_EQ(is_readable(fd, 5000), 1);
	CHECK_EQ(check_state(child), 'Z');
	CHECK_WAIT(child, EXITED(0));
	CHECK_EQ(is_readable(fd, 0), 1);
}

TEST(epoll_sees_the_end)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u64 = 7}, got = {0};
	pid_t child = check_sleeper();
	int fd = NEED_OK(pidfd_open_(child, 0)), ep = NEED_OK(epoll_create1(0));
	NEED_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
	CHECK_EQ(epoll_wait(ep, &got, 1, 0), 0);
	kill(child, SIGKILL);
	CHECK_EQ(epoll_wait(ep, &got, 1, 5000), 1);
	CHECK_EQ(got.data.u64, 7);
	CHECK(got.events & EPOLLIN);
	CHECK_WAIT(child, KILLED(SIGKILL));
}

static void *sleeps_a_while(void *arg)
{
	check_sleep_ms(200);
	return 0;
}

static void *outlives(void *arg)
{
	check_sleep_ms(200);
	syscall(SYS_exit, 0);
	return 0;
}

/* The leader's end is not the process's. */
TEST(poll_waits_for_the_last_thread)
{
	pid_t child = fork();
	if (child == 0) {
		pthread_t thread;
		pthread_create(&thread, 0, outlives, 0);
		syscall(SYS_exit, 0);
	}
	int fd = NEED_OK(pidfd_open_(child, 0));
	CHECK_SOON(check_state(child) == 'Z');
	CHECK_EQ(is_readable(fd, 0), 0);
	CHECK_EQ(is_readable(fd, 5000), 1);
	CHECK_WAIT(child, EXITED(0));
}

TEST(poll_of_a_child_nobody_waits_for)
{
	signal(SIGCHLD, SIG_IGN);
	pid_t child = fork();
	if (child == 0) {
		check_sleep_ms(100);
		_exit(0);
	}
	int fd = NEED_OK(pidfd_open_(child, 0));
	CHECK_EQ(is_readable(fd, 5000), 1);
}

TEST(clone_gives_one)
{
	int fd = -1;
	long pid = clone_call(CLONE_PIDFD | SIGCHLD, 0, &fd, 0, 0, exits_three, 0);
	CHECK(pid > 0);
	CHECK(fd >= 0);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(is_readable(fd, 5000), 1);
	siginfo_t info = {0};
	CHECK_OK(waitid(P_PIDFD, fd, &info, WEXITED));
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(info.si_status, 3);
	CHECK_EQ(info.si_code, CLD_EXITED);
	CHECK_ERR(waitid(P_PIDFD, fd, &info, WEXITED), ECHILD);
}

TEST(clone3_gives_one_and_a_number)
{
	int fd = -1, tid = 0;
	struct clone_args args = {.flags = CLONE_PIDFD | CLONE_PARENT_SETTID, .pidfd = (uintptr_t)&fd,
				  .parent_tid = (uintptr_t)&tid, .exit_signal = SIGCHLD};
	long pid = clone3_call(&args, sizeof args, exits_three, 0);
	CHECK(pid > 0);
	CHECK_EQ(tid, pid);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_WAIT(pid, EXITED(3));
}

static int next_fd(void)
{
	int fd = dup(1);
	close(fd);
	return fd;
}

TEST(clone_refusals)
{
	int fd = -1, before = next_fd();
	CHECK_EQ(clone_call(CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, 0, &fd, 0, 0, exits_three, 0), -EINVAL);
	CHECK_EQ(clone_call(CLONE_PIDFD | CLONE_DETACHED | SIGCHLD, 0, &fd, 0, 0, exits_three, 0), -EINVAL);
	struct clone_args args = {.flags = CLONE_PIDFD | CLONE_PARENT_SETTID, .pidfd = (uintptr_t)&fd,
				  .parent_tid = (uintptr_t)&fd, .exit_signal = SIGCHLD};
	CHECK_EQ(clone3_call(&args, sizeof args, exits_three, 0), -EINVAL);
	CHECK_EQ(clone_call(CLONE_PIDFD | SIGCHLD, 0, (int *)8, 0, 0, exits_three, 0), -EFAULT);
	CHECK_EQ(clone_call(CLONE_PIDFD | SIGCHLD, 0, 0, 0, 0, exits_three, 0), -EFAULT);
	CHECK_EQ(fd, -1);
	CHECK_EQ(next_fd(), before);
	CHECK_ERR(waitpid(-1, 0, __WALL), ECHILD);
	struct rlimit few = {(rlim_t)before, (rlim_t)before};
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &few));
	CHECK_EQ(clone_call(CLONE_PIDFD | SIGCHLD, 0, &fd, 0, 0, exits_three, 0), -EMFILE);
	CHECK_ERR(waitpid(-1, 0, __WALL), ECHILD);
}

TEST(clone_of_a_thread)
{
	int fd = -1;
	char *stack = clone_stack();
	long got = clone_call(CLONE_PIDFD | CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, CLONE_TOP(stack), &fd, 0, 0, exits_three, 0);
	CHECK(got == -EINVAL || got > 0); /* taken since Linux 6.9 */
	check_sleep_ms(50);
}

static int has_not(void *fd)
{
	return RAW(SYS_fcntl, *(int *)fd, F_GETFD) == -EBADF ? 0 : 1;
}

TEST(the_child_has_not_the_parents_pidfd)
{
	int *fd = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	*fd = -1;
	long pid = clone_call(CLONE_PIDFD | SIGCHLD, 0, fd, 0, 0, has_not, fd);
	CHECK(*fd >= 0);
	CHECK_WAIT(pid, EXITED(0));
}

static volatile sig_atomic_t got_value, got_code, got_pid;
static void note(int sig, siginfo_t *info, void *context)
{
	got_value = info->si_value.sival_int;
	got_code = info->si_code;
	got_pid = info->si_pid;
}

TEST(send_signal)
{
	struct sigaction act = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
	sigaction(SIGUSR1, &act, 0);
	int self = NEED_OK(pidfd_open_(getpid(), 0));
	CHECK_OK(pidfd_send(self, 0, 0, 0));
	CHECK_OK(pidfd_send(self, SIGUSR1, 0, 0));
	CHECK_EQ(got_code, SI_USER);
	CHECK_EQ(got_pid, getpid());
	siginfo_t info = {.si_signo = SIGUSR1, .si_code = SI_QUEUE};
	info.si_value.sival_int = 42;
	CHECK_OK(pidfd_send(self, SIGUSR1, &info, 0));
	CHECK_EQ(got_code, SI_QUEUE);
	CHECK_EQ(got_value, 42);
	info.si_code = SI_USER;
	CHECK_OK(pidfd_send(self, SIGUSR1, &info, 0)); /* to itself a process may say anything */
	info.si_signo = SIGUSR2;
	CHECK_ERR(pidfd_send(self, SIGUSR1, &info, 0), EINVAL);
	CHECK_ERR(pidfd_send(self, SIGUSR1, (siginfo_t *)8, 0), EFAULT);
	CHECK_ERR(pidfd_send(self, SIGUSR1, 0, ~0u), EINVAL);
	CHECK_ERR(pidfd_send(self, 65, 0, 0), EINVAL);
	CHECK_ERR(pidfd_send(self, -1, 0, 0), EINVAL);
	CHECK_ERR(pidfd_send(1, SIGUSR1, 0, 0), EBADF);
	CHECK_ERR(pidfd_send(-1, SIGUSR1, 0, 0), EBADF);
}

TEST(send_signal_to_a_child)
{
	pid_t child = check_sleeper();
	int fd = NEED_OK(pidfd_open_(child, 0));
	siginfo_t info = {.si_signo = SIGTERM, .si_code = SI_USER};
	CHECK_ERR(pidfd_send(fd, SIGTERM, &info, 0), EPERM);
	info.si_code = SI_TKILL;
	CHECK_ERR(pidfd_send(fd, SIGTERM, &info, 0), EPERM);
	info.si_code = SI_QUEUE;
	CHECK_OK(pidfd_send(fd, SIGTERM, &info, 0));
	CHECK_SOON(check_state(child) == 'Z');
	CHECK_OK(pidfd_send(fd, 0, 0, 0));
	CHECK_WAIT(child, KILLED(SIGTERM));
	CHECK_ERR(pidfd_send(fd, 0, 0, 0), ESRCH);
	CHECK_ERR(pidfd_send(fd, SIGTERM, 0, 0), ESRCH);
}

TEST(send_signal_needs_the_right)
{
	pid_t child = check_sleeper();
	int fd = NEED_OK(pidfd_open_(child, 0));
	IN_CHILD {
		CHECK_OK(setuid(12345));
		CHECK_ERR(pidfd_send(fd, 0, 0, 0), EPERM);
		CHECK_ERR(pidfd_send(fd, SIGKILL, 0, 0), EPERM);
	}
	check_reap(child);
}

TEST(send_signal_by_proc_folder)
{
	char path[40];
	pid_t child = check_sleeper();
	snprintf(path, sizeof path, "/proc/%d", child);
	int fd = NEED_OK(open(path, O_RDONLY | O_DIRECTORY)), opath = NEED_OK(open(path, O_PATH));
	int other = NEED_OK(open("/proc", O_RDONLY | O_DIRECTORY));
	CHECK_ERR(pidfd_send(other, SIGKILL, 0, 0), EBADF);
	CHECK_ERR(pidfd_send(opath, SIGKILL, 0, 0), EBADF);
	CHECK_OK(pidfd_send(fd, SIGKILL, 0, 0));
	CHECK_WAIT(child, KILLED(SIGKILL));
	CHECK_ERR(pidfd_send(fd, SIGKILL, 0, 0), ESRCH);
}

TEST(the_name_stays_with_the_process)
{
	pid_t child = fork();
	if (child == 0)
		_exit(0);
	int fd = NEED_OK(pidfd_open_(child, 0));
	CHECK_WAIT(child, EXITED(0));
	CHECK_ERR(pidfd_send(fd, SIGKILL, 0, 0), ESRCH);
	CHECK_ERR(pidfd_getfd_(fd, 0, 0), ESRCH);
	CHECK_EQ(is_readable(fd, 0), 1);
}

TEST(waitid_nonblock)
{
	siginfo_t info = {.si_pid = 1};
	pid_t child = check_sleeper();
	int fd = NEED_OK(pidfd_open_(child, O_NONBLOCK));
	CHECK_ERR(waitid(P_PIDFD, fd, &info, WEXITED), EAGAIN);
	CHECK_EQ(waitid(P_PIDFD, fd, &info, WEXITED | WNOHANG), 0);
	CHECK_EQ(info.si_pid, 0);
	kill(child, SIGKILL);
	CHECK_EQ(is_readable(fd, 5000), 1);
	CHECK_OK(waitid(P_PIDFD, fd, &info, WEXITED | WNOWAIT));
	CHECK_OK(waitid(P_PIDFD, fd, &info, WEXITED));
	CHECK_EQ(info.si_pid, child);
	CHECK_EQ(info.si_code, CLD_KILLED);
	CHECK_ERR(waitid(P_PIDFD, fd, &info, WEXITED), ECHILD);
}

TEST(waitid_stops_and_refusals)
{
	siginfo_t info = {0};
	pid_t child = check_sleeper(), other = check_sleeper();
	int fd = NEED_OK(pidfd_open_(child, 0)), self = NEED_OK(pidfd_open_(getpid(), 0));
	kill(child, SIGSTOP);
	CHECK_OK(waitid(P_PIDFD, fd, &info, WSTOPPED));
	CHECK_EQ(info.si_pid, child);
	CHECK_EQ(info.si_code, CLD_STOPPED);
	kill(child, SIGCONT);
	CHECK_OK(waitid(P_PIDFD, fd, &info, WCONTINUED));
	CHECK_EQ(info.si_code, CLD_CONTINUED);
	CHECK_ERR(waitid(P_PIDFD, self, &info, WEXITED), ECHILD);
	CHECK_ERR(waitid(P_PIDFD, 1, &info, WEXITED), EBADF);
	CHECK_ERR(waitid(P_PIDFD, 999, &info, WEXITED), EBADF);
	CHECK_ERR(waitid(P_PIDFD, -1, &info, WEXITED), EINVAL);
	check_reap(child);
	check_reap(other);
}

TEST(getfd)
{
	int to[2];
	char c = 'x';
	NEED_OK(pipe(to));
	pid_t child = fork();
	if (child == 0) {
		int secret[2];
		NEED_OK(pipe(secret));
		dup2(secret[0], 50);
		CHECK_EQ(write(to[1], "r", 1), 1);
		for (;;)
			CHECK_EQ(write(secret[1], "s", 1), 1), pause();
	}
	CHECK_EQ(read(to[0], &c, 1), 1);
	int pidfd = NEED_OK(pidfd_open_(child, 0));
	int fd = NEED_OK(pidfd_getfd_(pidfd, 50, 0));
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(c, 's');
	CHECK_ERR(pidfd_getfd_(pidfd, 51, 0), EBADF);
	CHECK_ERR(pidfd_getfd_(pidfd, -1, 0), EBADF);
	CHECK_ERR(pidfd_getfd_(pidfd, 50, 1), EINVAL);
	CHECK_ERR(pidfd_getfd_(1, 50, 0), EBADF);
	IN_CHILD {
		CHECK_OK(setuid(12345));
		CHECK_ERR(pidfd_getfd_(pidfd, 50, 0), EPERM);
	}
	check_reap(child);
}

/* The same user, but the target said that it is not to be looked into. */
TEST(getfd_of_the_undumpable)
{
	int ready[2];
	char c;
	NEED_OK(pipe(ready));
	IN_CHILD {
		CHECK_OK(setgid(12345));
		CHECK_OK(setuid(12345));
		CHECK_OK(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
		pid_t child = fork();
		if (child == 0) {
			prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
			CHECK_EQ(write(ready[1], "r", 1), 1);
			for (;;)
				pause();
		}
		CHECK_EQ(read(ready[0], &c, 1), 1);
		int pidfd = NEED_OK(pidfd_open_(child, 0));
		CHECK_ERR(pidfd_getfd_(pidfd, 1, 0), EPERM);
		check_reap(child);
	}
}

TEST(a_threads_end_is_not_the_processs)
{
	pthread_t thread;
	int fd = NEED_OK(pidfd_open_(getpid(), 0));
	pthread_create(&thread, 0, sleeps_a_while, 0);
	CHECK_EQ(is_readable(fd, 0), 0);
	pthread_join(thread, 0);
	CHECK_EQ(is_readable(fd, 0), 0);
}
