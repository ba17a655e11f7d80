/* signalfd(2): pending signals as a file. */
#include "../check.h"
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

/* Blocks the set and opens it. */
static int opened(sigset_t set, int flags)
{
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, 0));
	return NEED_OK(signalfd(-1, &set, flags));
}

static int is_readable(int fd, int timeout)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	return poll(&p, 1, timeout);
}

TEST(kill_is_read)
{
	struct signalfd_siginfo info;
	int fd = opened(check_signals(SIGUSR1, 0), 0);
	CHECK_EQ(is_readable(fd, 0), 0);
	kill(getpid(), SIGUSR1);
	CHECK_EQ(is_readable(fd, 0), 1);
	CHECK_EQ(read(fd, &info, sizeof info), sizeof info);
	CHECK_EQ(info.ssi_signo, SIGUSR1);
	CHECK_EQ(info.ssi_code, SI_USER);
	CHECK_EQ(info.ssi_pid, getpid());
	CHECK_EQ(info.ssi_uid, getuid());
	CHECK_EQ(is_readable(fd, 0), 0);
	sigset_t pending;
	CHECK_OK(sigpending(&pending));
	CHECK(!sigismember(&pending, SIGUSR1));
}

TEST(several_at_once)
{
	struct signalfd_siginfo info[4];
	int fd = opened(check_signals(SIGUSR1, SIGRTMIN), SFD_NONBLOCK);
	memset(info, 0, sizeof info);
	for (int i = 0; i < 3; i++) {
		CHECK_OK(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i + 10}));
		kill(getpid(), SIGUSR1);
	}
	CHECK_EQ(read(fd, info, sizeof info), sizeof info);
	CHECK_EQ(info[0].ssi_signo, SIGUSR1);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(info[i + 1].ssi_signo, SIGRTMIN);
		CHECK_EQ(info[i + 1].ssi_code, SI_QUEUE);
		CHECK_EQ(info[i + 1].ssi_int, i + 10);
		CHECK_EQ(info[i + 1].ssi_pid, getpid());
	}
	CHECK_ERR(read(fd, info, sizeof info), EAGAIN);
	sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 5});
	CHECK_EQ(read(fd, info, sizeof info - 1), sizeof *info); /* only whole ones */
}

TEST(only_the_set_is_read)
{
	struct signalfd_siginfo info;
	sigset_t other = check_signals(SIGUSR2, 0);
	int fd = opened(check_signals(SIGUSR1, 0), SFD_NONBLOCK);
	sigprocmask(SIG_BLOCK, &other, 0);
	kill(getpid(), SIGUSR2);
	CHECK_EQ(is_readable(fd, 0), 0);
	CHECK_ERR(read(fd, &info, sizeof info), EAGAIN);
	CHECK_EQ(signalfd(fd, &other, 0), fd); /* another set for the same file */
	CHECK_EQ(is_readable(fd, 0), 1);
	CHECK_EQ(read(fd, &info, sizeof info), sizeof info);
	CHECK_EQ(info.ssi_signo, SIGUSR2);
}

TEST(refusals)
{
	struct signalfd_siginfo info;
	unsigned long set = 1ul << (SIGUSR1 - 1);
	int fd = opened(check_signals(SIGUSR1, 0), SFD_NONBLOCK);
	CHECK_ERR(read(fd, &info, sizeof info - 1), EINVAL);
	CHECK_ERR(read(fd, &info, 0), EINVAL);
	CHECK_ERR(write(fd, &info, sizeof info), EINVAL);
	CHECK_EQ(lseek(fd, 5, SEEK_SET), 0);
	CHECK_ERR(syscall(SYS_signalfd4, -1, &set, 4, 0), EINVAL);
	CHECK_ERR(syscall(SYS_signalfd4, -1, &set, 16, 0), EINVAL);
	CHECK_ERR(syscall(SYS_signalfd4, -1, 8, 8, 0), EFAULT);
	CHECK_ERR(syscall(SYS_signalfd4, -1, &set, 8, 1), EINVAL);
	CHECK_ERR(syscall(SYS_signalfd4, 1, &set, 8, 0), EINVAL);
	CHECK_ERR(syscall(SYS_signalfd4, 999, &set, 8, 0), EBADF);
	CHECK_ERR(syscall(SYS_signalfd4, -2, &set, 8, 0), EBADF);
	kill(getpid(), SIGUSR1);
	CHECK_ERR(read(fd, (void *)8, sizeof info), EFAULT);
}

TEST(flags_and_name)
{
	char path[64], link[64] = "";
	int fd = opened(check_signals(SIGUSR1, SIGKILL), SFD_CLOEXEC | SFD_NONBLOCK);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR | O_NONBLOCK);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	CHECK(readlink(path, link, sizeof link - 1) > 0);
	CHECK_STR(link, "anon_inode:[signalfd]");
	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
	CHECK_EQ(check_field(path, "sigmask", 16), 1l << (SIGUSR1 - 1)); /* SIGKILL is left out */
	int plain = syscall(SYS_signalfd, -1, &(unsigned long){1}, 8);
	CHECK_EQ(fcntl(plain, F_GETFD), 0);
}

static void *sends_soon(void *arg)
{
	check_sleep_ms(100);
	if (arg)
		pthread_kill(*(pthread_t *)arg, SIGUSR1);
	else
		kill(getpid(), SIGUSR1);
	return 0;
}

TEST(a_read_waits)
{
	struct signalfd_siginfo info;
	pthread_t thread, self = pthread_self();
	int fd = opened(check_signals(SIGUSR1, 0), 0);
	pthread_create(&thread, 0, sends_soon, 0);
	CHECK_EQ(read(fd, &info, sizeof info), sizeof info);
	CHECK_EQ(info.ssi_code, SI_USER);
	pthread_join(thread, 0);
	pthread_create(&thread, 0, sends_soon, &self);
	CHECK_EQ(read(fd, &info, sizeof info), sizeof info);
	CHECK_EQ(info.ssi_code, SI_TKILL);
	pthread_join(thread, 0);
}

static void nothing(int sig)
{
}

TEST(another_signal_interrupts_it)
{
	struct signalfd_siginfo info;
	struct sigaction act = {.sa_handler = nothing};
	int fd = opened(check_signals(SIGUSR1, 0), 0);
	sigaction(SIGALRM, &act, 0);
	setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 50000}, 0);
	CHECK_ERR(read(fd, &info, sizeof info), EINTR);
}

TEST(poll_waits)
{
	pthread_t thread;
	int fd = opened(check_signals(SIGUSR1, 0), 0);
	pthread_create(&thread, 0, sends_soon, 0);
	CHECK_EQ(is_readable(fd, 5000), 1);
	pthread_join(thread, 0);
}

TEST(epoll_waits)
{
	pthread_t thread;
	struct epoll_event e = {.events = EPOLLIN}, got;
	int fd = opened(check_signals(SIGUSR1, 0), 0), ep = NEED_OK(epoll_create1(0));
	NEED_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
	CHECK_EQ(epoll_wait(ep, &got, 1, 0), 0);
	pthread_create(&thread, 0, sends_soon, 0);
	CHECK_EQ(epoll_wait(ep, &got, 1, 5000), 1);
	pthread_join(thread, 0);
}

TEST(a_child_reads_its_own)
{
	struct signalfd_siginfo info;
	int fd = opened(check_signals(SIGUSR1, 0), SFD_NONBLOCK);
	kill(getpid(), SIGUSR1);
	IN_CHILD {
		CHECK_ERR(read(fd, &info, sizeof info), EAGAIN);
		kill(getpid(), SIGUSR1);
		CHECK_EQ(read(fd, &info, sizeof info), sizeof info);
		CHECK_EQ(info.ssi_pid, getpid());
	}
	CHECK_EQ(read(fd, &info, sizeof info), sizeof info);
	CHECK_EQ(info.ssi_pid, getpid());
}

TEST(a_watch_outlives_the_process_that_set_it)
{
	struct epoll_event e = {.events = EPOLLIN};
	int fd = opened(check_signals(SIGUSR1, 0), SFD_NONBLOCK), ep = NEED_OK(epoll_create1(0));
	IN_CHILD {
		NEED_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
	}
	kill(getpid(), SIGUSR1);
	close(fd);
	close(ep);
}

TEST(a_childs_end)
{
	struct signalfd_siginfo info;
	int fd = opened(check_signals(SIGCHLD, 0), 0);
	pid_t child = fork();
	if (child == 0)
		_exit(3);
	CHECK_EQ(read(fd, &info, sizeof info), sizeof info);
	CHECK_EQ(info.ssi_signo, SIGCHLD);
	CHECK_EQ(info.ssi_code, CLD_EXITED);
	CHECK_EQ(info.ssi_pid, child);
	CHECK_EQ(info.ssi_status, 3);
	CHECK_WAIT(child, EXITED(3));
}

TEST(a_timers_signal)
{
	struct signalfd_siginfo info;
	timer_t timer;
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 9};
	int fd = opened(check_signals(SIGUSR1, 0), 0);
	CHECK_OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
	CHECK_OK(timer_settime(timer, 0, &(struct itimerspec){.it_value.tv_nsec = 10000000}, 0));
	CHECK_EQ(read(fd, &info, sizeof info), sizeof info);
	CHECK_EQ(info.ssi_code, SI_TIMER);
	CHECK_EQ(info.ssi_int, 9);
	CHECK_EQ(info.ssi_overrun, 0);
	timer_delete(timer);
}

TEST(survives_exec_with_its_pending_signals)
{
	char text[16];
	int fd = opened(check_signals(SIGUSR1, 0), SFD_NONBLOCK);
	kill(getpid(), SIGUSR1);
	snprintf(text, sizeof text, "%d", fd);
	execl(check_self, check_self, "@reads", text, NULL);
	CHECK(!"exec");
}

HELPER(reads)
{
	struct signalfd_siginfo info;
	CHECK_EQ(read(atoi(argv[2]), &info, sizeof info), sizeof info);
	CHECK_EQ(info.ssi_signo, SIGUSR1);
	return check_failed != 0;
}
