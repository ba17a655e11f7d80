/* ETXTBSY: a file that is open for writing is not executed, one that is executed is not opened for writing. */
#include "check.h"

HELPER(sleeps)
{
	CHECK_EQ(write(3, "x", 1), 1);
	for (;;)
		pause();
	return 0;
}

HELPER(leave)
{
	return 0;
}

TEST(written_file_is_not_executed)
{
	char *argv[] = {"x", "@leave", 0};
	check_scratch();
	check_copy_self("copy", geteuid(), getegid(), 0755);
	int fd = NEED_OK(open("copy", O_WRONLY));
	CHECK_ERR(execve("copy", argv, environ), ETXTBSY);
	IN_CHILD {
		CHECK_ERR(execve("copy", argv, environ), ETXTBSY);
	}
	close(fd);
	IN_CHILD {
		execve("copy", argv, environ);
		CHECK(!"exec");
	}
}

TEST(executed_file_is_not_written)
{
	char *argv[] = {"x", "@sleeps", 0};
	int ends[2];
	char c;
	check_scratch();
	check_copy_self("copy", geteuid(), getegid(), 0755);
	NEED_OK(pipe(ends));
	pid_t pid = fork();
	if (pid == 0) {
		dup2(ends[1], 3);
		execve("copy", argv, environ);
		_exit(1);
	}
	CHECK_EQ(read(ends[0], &c, 1), 1);
	CHECK_ERR(open("copy", O_WRONLY), ETXTBSY);
	CHECK_ERR(open("copy", O_RDWR), ETXTBSY);
	CHECK_ERR(truncate("copy", 0), ETXTBSY);
	CHECK_ERR(open("copy", O_RDONLY | O_TRUNC), ETXTBSY);
	CHECK_OK(open("copy", O_RDONLY));
	CHECK_OK(rename("copy", "moved"));
	CHECK_ERR(open("moved", O_WRONLY), ETXTBSY);
	/* A fork of it holds the program too. */
	check_reap(pid);
	CHECK_OK(open("moved", O_WRONLY));
}

TEST(forked_child_holds_the_program)
{
	int ends[2];
	char c;
	check_scratch();
	check_copy_self("copy", geteuid(), getegid(), 0755);
	NEED_OK(pipe(ends));
	pid_t pid = fork();
	if (pid == 0) {
		dup2(ends[1], 3);
		execl("copy", "x", "@forks", NULL);
		_exit(1);
	}
	CHECK_WAIT(pid, EXITED(0));
	CHECK_EQ(read(ends[0], &c, 1), 1);
	CHECK_ERR(open("copy", O_WRONLY), ETXTBSY);
	close(ends[0]); /* lets the grandchild go */
	CHECK_SOON(open("copy", O_WRONLY) >= 0);
}

HELPER(forks)
{
	if (fork())
		return 0;
	while (write(3, "x", 1) == 1)
		check_sleep_ms(5);
	return 0;
}

TEST(scripts_may_be_written)
{
	check_scratch();
	CHECK_OK(check_spew("s", "#!/none\n", 8, 0755));
	int fd = NEED_OK(open("s", O_RDWR));
	char *argv[] = {"x", 0};
	CHECK_ERR(execve("s", argv, environ), ETXTBSY);
	close(fd);
	CHECK_ERR(execve("s", argv, environ), ENOENT);
}
