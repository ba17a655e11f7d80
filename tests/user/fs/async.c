/* O_ASYNC, F_SETOWN, F_SETSIG: signals when a file can be read or written. */
#include "check.h"
#include <sys/ioctl.h>

static int ends[2];
static volatile int got, got_fd, got_code;
static volatile long got_band;

static void on_plain(int sig) { got++; }
static void on_info(int sig, siginfo_t *info, void *context)
{
	got++;
	got_fd = info->si_fd;
	got_code = info->si_code;
	got_band = info->si_band;
}

static bool wait_for(int n)
{
	for (int i = 0; i < 200 && got < n; i++)
		usleep(5000);
	return got == n;
}

TEST(a_pipe_tells)
{
	char c;
	NEED_OK(pipe2(ends, O_NONBLOCK));
	signal(SIGIO, on_plain);
	CHECK_EQ(fcntl(ends[0], F_GETOWN), 0);
	CHECK_OK(fcntl(ends[0], F_SETOWN, getpid()));
	CHECK_EQ(fcntl(ends[0], F_GETOWN), getpid());
	CHECK_OK(fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK));
	CHECK_EQ(fcntl(ends[0], F_GETFL) & O_ASYNC, O_ASYNC);
	CHECK_EQ(got, 0);
	CHECK_EQ(write(ends[1], "x", 1), 1);
	CHECK(wait_for(1));
	CHECK_EQ(read(ends[0], &c, 1), 1);
	CHECK_OK(fcntl(ends[0], F_SETFL, O_NONBLOCK));
	CHECK_EQ(write(ends[1], "x", 1), 1);
	usleep(50000);
	CHECK_EQ(got, 1);
}

TEST(with_what_and_where)
{
	NEED_OK(pipe2(ends, O_NONBLOCK));
	struct sigaction sa = {.sa_sigaction = on_info, .sa_flags = SA_SIGINFO};
	sigaction(SIGRTMIN, &sa, NULL);
	CHECK_EQ(fcntl(ends[0], F_GETSIG), 0);
	CHECK_OK(fcntl(ends[0], F_SETSIG, SIGRTMIN));
	CHECK_EQ(fcntl(ends[0], F_GETSIG), SIGRTMIN);
	CHECK_ERR(fcntl(ends[0], F_SETSIG, 65), EINVAL);
	CHECK_OK(fcntl(ends[0], F_SETOWN, getpid()));
	CHECK_OK(fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK));
	CHECK_EQ(write(ends[1], "x", 1), 1);
	CHECK(wait_for(1));
	CHECK_EQ(got_fd, ends[0]);
	CHECK_EQ(got_code, POLL_IN);
	CHECK_EQ(got_band, 0x41);
}

TEST(owners)
{
	struct f_owner_ex o = {F_OWNER_TID, 0};
	NEED_OK(pipe(ends));
	CHECK_OK(fcntl(ends[0], F_SETOWN, -getpgrp()));
	CHECK_OK(fcntl(ends[0], F_GETOWN_EX, &o));
	CHECK_EQ(o.type, F_OWNER_PGRP);
	CHECK_EQ(o.pid, getpgrp());
	o = (struct f_owner_ex){F_OWNER_TID, getpid()};
	CHECK_OK(fcntl(ends[0], F_SETOWN_EX, &o));
	CHECK_EQ(fcntl(ends[0], F_GETOWN), getpid());
	CHECK_ERR(fcntl(ends[0], F_SETOWN, 99999), ESRCH);
	o.type = 7;
	CHECK_ERR(fcntl(ends[0], F_SETOWN_EX, &o), EINVAL);
	pid_t pid = fork();
	if (!pid)
		_exit(0);
	CHECK_OK(fcntl(ends[0], F_SETOWN, pid));
	CHECK_WAIT(pid, EXITED(0));
	CHECK_EQ(fcntl(ends[0], F_GETOWN), 0);	/* gone, and not somebody new of that number */
	CHECK_OK(fcntl(ends[0], F_SETOWN, 0));
}

TEST(another_process)
{
	int ready[2];
	char c;
	NEED_OK(pipe2(ends, O_NONBLOCK));
	NEED_OK(pipe(ready));
	pid_t pid = fork();
	if (!pid) {
		signal(SIGIO, on_plain);
		write(ready[1], "x", 1);
		_exit(!wait_for(1));
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	int on = 1;
	CHECK_OK(fcntl(ends[0], F_SETOWN, pid));
	CHECK_OK(ioctl(ends[0], FIOASYNC, &on));
	CHECK_EQ(write(ends[1], "x", 1), 1);
	CHECK_WAIT(pid, EXITED(0));
	check_scratch();
	CHECK_OK(check_spew("f", "x", 1, 0644));
	int fd = NEED_OK(open("f", O_RDONLY));
	CHECK_ERR(ioctl(fd, FIOASYNC, &on), ENOTTY);
	CHECK_OK(fcntl(fd, F_SETFL, O_ASYNC));
}
