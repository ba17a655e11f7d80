/* exit(2), exit_group(2), and what the C library adds. */
#include "clone.h"
#include <pthread.h>

TEST(raw_exit_of_a_single_thread)
{
	pid_t pid = fork();
	if (pid == 0)
		RAW(SYS_exit, 0x1ff);
	CHECK_WAIT(pid, EXITED(0xff));
	pid = fork();
	if (pid == 0)
		RAW(SYS_exit_group, 0x142);
	CHECK_WAIT(pid, EXITED(0x42));
}

static int pipe_ends[2];

static void at_exit(void)
{
	if (write(pipe_ends[1], "a", 1) != 1)
		_exit(1);
}

TEST(exit_runs_handlers_and_underscore_exit_does_not)
{
	char text[10];
	NEED_OK(pipe(pipe_ends));
	pid_t pid = fork();
	if (pid == 0) {
		atexit(at_exit);
		exit(3);
	}
	CHECK_WAIT(pid, EXITED(3));
	CHECK_EQ(read(pipe_ends[0], text, sizeof text), 1);
	pid = fork();
	if (pid == 0) {
		atexit(at_exit);
		_exit(3);
	}
	CHECK_WAIT(pid, EXITED(3));
	fcntl(pipe_ends[0], F_SETFL, O_NONBLOCK);
	CHECK_ERR(read(pipe_ends[0], text, sizeof text), EAGAIN);
}

static void *exits_process(void *arg)
{
	exit(5);
}

static void *sleeps(void *arg)
{
	for (;;)
		pause();
	return 0;
}

TEST(exit_from_a_thread)
{
	pid_t pid = fork();
	if (pid == 0) {
		pthread_t t;
		pthread_create(&t, 0, sleeps, 0);
		pthread_create(&t, 0, exits_process, 0);
		sleeps(0);
	}
	CHECK_WAIT(pid, EXITED(5));
}

static void *ends_later(void *arg)
{
	check_sleep_ms(40);
	return 0;
}

TEST(pthread_exit_of_main)
{
	pid_t pid = fork();
	if (pid == 0) {
		pthread_t t;
		pthread_create(&t, 0, ends_later, 0);
		pthread_exit(0);
	}
	CHECK_WAIT(pid, EXITED(0));
}

TEST(exit_group_races)
{
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			pthread_t t;
			for (int j = 0; j < 4; j++)
				pthread_create(&t, 0, exits_process, 0);
			exits_process(0);
		}
		CHECK_WAIT(pid, EXITED(5));
	}
}

TEST(death_by_signal_wins_over_nothing_else)
{
	pid_t pid = fork();
	if (pid == 0) {
		abort();
	}
	CHECK_WAIT(pid, KILLED(SIGABRT));
}

TEST(children_live_on)
{
	int ends[2];
	char c = 0;
	NEED_OK(pipe(ends));
	pid_t pid = fork();
	if (pid == 0) {
		if (fork() == 0) {
			check_sleep_ms(40);
			_exit(write(ends[1], "y", 1) != 1);
		}
		_exit(0);
	}
	CHECK_WAIT(pid, EXITED(0));
	CHECK_EQ(read(ends[0], &c, 1), 1);
	CHECK_EQ(c, 'y');
}
