/* Zombies: what is left of a dead child until it is waited for, and what becomes of orphans. */
#include "check.h"
#include <sys/prctl.h>

static pid_t zombie(int code)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(code);
	CHECK_SOON(check_state(pid) == 'Z');
	return pid;
}

TEST(keeps_its_number)
{
	pid_t pid = zombie(3);
	CHECK_OK(kill(pid, 0));
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(getpgid(pid), getpgrp());
	for (int i = 0; i < 50; i++) {
		pid_t other = fork();
		if (other == 0)
			_exit(0);
		CHECK(other != pid);
		CHECK_WAIT(other, EXITED(0));
	}
	CHECK_WAIT(pid, EXITED(3));
	CHECK_ERR(kill(pid, 0), ESRCH);
	CHECK_EQ(check_state(pid), 0);
}

TEST(in_proc)
{
	char path[64], text[600];
	pid_t pid = zombie(0);
	snprintf(path, sizeof path, "/proc/%d/status", pid);
	CHECK(check_slurp(path, text, sizeof text) > 0);
	CHECK(strstr(text, "State:\tZ (zombie)"));
	CHECK(!strstr(text, "VmSize"));
	CHECK_EQ(check_field(path, "PPid", 10), getpid());
	snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
	CHECK_EQ(check_slurp(path, text, sizeof text), 0);
	snprintf(path, sizeof path, "/proc/%d/maps", pid);
	CHECK_EQ(check_slurp(path, text, sizeof text), 0);
	snprintf(path, sizeof path, "/proc/%d/exe", pid);
	CHECK_ERR(readlink(path, text, sizeof text), ENOENT);
	CHECK_WAIT(pid, EXITED(0));
	snprintf(path, sizeof path, "/proc/%d", pid);
	CHECK_ERR(access(path, F_OK), ENOENT);
}

TEST(lets_its_files_go)
{
	int ends[2];
	char c;
	NEED_OK(pipe(ends));
	pid_t pid = zombie(0);
	close(ends[1]);
	CHECK_EQ(read(ends[0], &c, 1), 0);
	CHECK_WAIT(pid, EXITED(0));
}

/* The parents above the test itself: one of them is who adopts, process 1 or a subreaper of this machine. */
static bool is_above(pid_t pid)
{
	static char text[600];
	char path[40];
	pid_t at = getppid();
	while (at > 1 && at != pid) {
		snprintf(path, sizeof path, "/proc/%d/status", at);
		at = check_field(path, "PPid", 10);
		(void)text;
	}
	return pid == 1 || at == pid;
}

TEST(orphan_goes_to_init)
{
	int ends[2];
	pid_t seen[2] = {0, 0};
	NEED_OK(pipe(ends));
	pid_t middle = fork();
	if (middle == 0) {
		pid_t parent = getpid();
		if (fork() == 0) {
			pid_t now[2] = {getppid(), 0};
			for (int i = 0; i < 1000 && getppid() == parent; i++)
				check_sleep_ms(1);
			now[1] = getppid();
			_exit(write(ends[1], now, sizeof now) != sizeof now);
		}
		check_sleep_ms(20);
		_exit(0);
	}
	CHECK_WAIT(middle, EXITED(0));
	CHECK_EQ(read(ends[0], seen, sizeof seen), sizeof seen);
	CHECK(seen[0] == middle || is_above(seen[0]));
	CHECK(seen[1] != getpid());
	CHECK(is_above(seen[1]));
	CHECK_ERR(wait(0), ECHILD);
}

/* Zombies of a dead parent are cleared away by the adopter. */
TEST(zombies_of_a_dead_parent)
{
	int ends[2];
	pid_t inner = 0;
	NEED_OK(pipe(ends));
	pid_t middle = fork();
	if (middle == 0) {
		pid_t pid = zombie(0);
		CHECK_EQ(write(ends[1], &pid, sizeof pid), sizeof pid);
		_exit(check_failed != 0);
	}
	CHECK_WAIT(middle, EXITED(0));
	CHECK_EQ(read(ends[0], &inner, sizeof inner), sizeof inner);
	CHECK_SOON(kill(inner, 0) == -1 && errno == ESRCH);
}

/* A process may become the parent of orphans when those below it have long been there. */
TEST(orphans_go_to_a_late_subreaper)
{
	int up[2], down[2];
	char c;
	NEED_OK(pipe(up));
	NEED_OK(pipe(down));
	IN_CHILD {
		pid_t own = getpid(), pid = fork(), orphan;
		if (pid == 0) {
			if (fork() == 0) {
				CHECK_EQ(write(up[1], "a", 1), 1);
				CHECK_EQ(read(down[0], &c, 1), 1);
				_exit(getppid() == own ? 42 : 43);
			}
			CHECK_EQ(read(down[0], &c, 1), 1);
			_exit(0);
		}
		CHECK_EQ(read(up[0], &c, 1), 1);
		CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
		CHECK_OK(kill(pid, SIGKILL));
		CHECK_WAIT(pid, KILLED(SIGKILL));
		CHECK_EQ(write(down[1], "b", 1), 1);
		int status = 0;
		orphan = wait(&status);
		CHECK(orphan > 0 && orphan != pid);
		CHECK_EQ(WEXITSTATUS(status), 42);
	}
}

TEST(many_orphans)
{
	int ends[2];
	char c;
	NEED_OK(pipe(ends));
	pid_t middle = fork();
	if (middle == 0) {
		for (int i = 0; i < 50; i++)
			if (fork() == 0) {
				check_sleep_ms(20 + i % 5);
				_exit(0);
			}
		_exit(0);
	}
	CHECK_WAIT(middle, EXITED(0));
	close(ends[1]);
	CHECK_EQ(read(ends[0], &c, 1), 0);
	CHECK_ERR(wait(0), ECHILD);
}
