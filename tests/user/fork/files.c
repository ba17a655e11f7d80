/* Open files over fork(2): the descriptor is the child's own, the open file description is shared. */
#include "check.h"

TEST(offset_is_shared)
{
	char c;
	check_scratch();
	CHECK_OK(check_spew("f", "abcdef", 6, 0644));
	int fd = NEED_OK(open("f", O_RDONLY));
	CHECK_EQ(read(fd, &c, 1), 1);
	IN_CHILD {
		CHECK_EQ(read(fd, &c, 1), 1);
		CHECK_EQ(c, 'b');
		CHECK_EQ(lseek(fd, 4, SEEK_SET), 4);
	}
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(c, 'e');
}

TEST(close_is_the_callers_own)
{
	int fd = NEED_OK(open("/dev/null", O_RDWR));
	IN_CHILD {
		CHECK_OK(close(fd));
		CHECK_ERR(fcntl(fd, F_GETFD), EBADF);
	}
	CHECK_OK(fcntl(fd, F_GETFD));
	CHECK_OK(close(fd));
}

TEST(open_is_the_callers_own)
{
	int next = NEED_OK(dup(0));
	close(next);
	IN_CHILD {
		CHECK_EQ(open("/dev/null", O_RDONLY), next);
	}
	CHECK_ERR(fcntl(next, F_GETFD), EBADF);
	IN_CHILD {
		CHECK_ERR(fcntl(next, F_GETFD), EBADF);
	}
}

TEST(parents_later_changes_stay_its_own)
{
	int go[2], fd = NEED_OK(open("/dev/null", O_RDWR));
	char c;
	NEED_OK(pipe(go));
	pid_t pid = fork();
	if (pid == 0) {
		CHECK_EQ(read(go[0], &c, 1), 1);
		CHECK_OK(fcntl(fd, F_GETFD));
		_exit(check_failed != 0);
	}
	close(fd);
	CHECK_EQ(write(go[1], "x", 1), 1);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(status_flags_are_shared)
{
	int ends[2];
	NEED_OK(pipe(ends));
	IN_CHILD {
		CHECK_OK(fcntl(ends[0], F_SETFL, O_NONBLOCK));
	}
	CHECK(fcntl(ends[0], F_GETFL) & O_NONBLOCK);
	CHECK(!(fcntl(ends[1], F_GETFL) & O_NONBLOCK));
}

TEST(descriptor_flags_are_not_shared)
{
	int fd = NEED_OK(open("/dev/null", O_RDWR));
	IN_CHILD {
		CHECK_EQ(fcntl(fd, F_GETFD), 0);
		CHECK_OK(fcntl(fd, F_SETFD, FD_CLOEXEC));
	}
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
	CHECK_OK(fcntl(fd, F_SETFD, FD_CLOEXEC));
	IN_CHILD {
		CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	}
}

/* A body of descriptors that was shared and never written must still let go when its last user dies. */
TEST(pipe_ends_when_the_last_holder_dies)
{
	int ends[2];
	char c;
	NEED_OK(pipe(ends));
	pid_t pid = fork();
	if (pid == 0) {
		check_sleep_ms(50);
		_exit(0);
	}
	close(ends[1]);
	CHECK_EQ(read(ends[0], &c, 1), 0);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(pipe_ends_at_close_in_the_child)
{
	int ends[2], back[2];
	char c;
	NEED_OK(pipe(ends));
	NEED_OK(pipe(back));
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[1]);
		CHECK_EQ(write(back[1], "x", 1), 1);
		for (;;)
			pause();
	}
	CHECK_EQ(read(back[0], &c, 1), 1);
	close(ends[1]);
	CHECK_EQ(read(ends[0], &c, 1), 0);
	check_reap(pid);
}

TEST(reader_gone)
{
	int ends[2];
	NEED_OK(pipe(ends));
	signal(SIGPIPE, SIG_IGN);
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	CHECK_WAIT(pid, EXITED(0));
	CHECK_EQ(write(ends[1], "x", 1), 1);
	close(ends[0]);
	CHECK_ERR(write(ends[1], "x", 1), EPIPE);
}

TEST(append_from_both)
{
	check_scratch();
	int fd = NEED_OK(open("f", O_RDWR | O_CREAT | O_APPEND, 0644));
	IN_CHILD {
		for (int i = 0; i < 50; i++)
			CHECK_EQ(write(fd, "child\n", 6), 6);
	}
	for (int i = 0; i < 50; i++)
		CHECK_EQ(write(fd, "paren\n", 6), 6);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 600);
}

TEST(many_descriptors)
{
	int fds[300];
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){1024, 1024});
	for (int i = 0; i < 300; i++)
		fds[i] = NEED_OK(open("/dev/zero", O_RDONLY));
	IN_CHILD {
		for (int i = 0; i < 300; i += 2)
			CHECK_OK(close(fds[i]));
		IN_CHILD {
			for (int i = 0; i < 300; i++)
				CHECK_EQ(fcntl(fds[i], F_GETFD), i % 2 ? 0 : -1);
			CHECK_EQ(open("/dev/null", O_RDONLY), fds[0]);
		}
		CHECK_ERR(fcntl(fds[0], F_GETFD), EBADF);
	}
	for (int i = 0; i < 300; i++)
		CHECK_OK(fcntl(fds[i], F_GETFD));
}
