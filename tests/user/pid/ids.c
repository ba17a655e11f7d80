/* Process ids: getpid, gettid, their names in /proc, groups and sessions; the parent's id over its death. */
#include "check.h"

TEST(process_and_thread_id)
{
	CHECK_EQ(getpid(), syscall(SYS_getpid));
	CHECK_EQ(syscall(SYS_gettid), getpid());
	IN_CHILD {
		CHECK_EQ(syscall(SYS_getpid), syscall(SYS_gettid));
		CHECK_EQ(getpid(), syscall(SYS_getpid));
	}
}

TEST(parent_id)
{
	pid_t self = getpid();
	IN_CHILD {
		CHECK_EQ(getppid(), self);
		pid_t middle = getpid();
		IN_CHILD {
			CHECK_EQ(getppid(), middle);
		}
	}
}

TEST(numbers_go_up)
{
	pid_t last = getpid();
	int wraps = 0;
	for (int i = 0; i < 50; i++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(0);
		wraps += pid <= last;
		last = pid;
		CHECK_WAIT(pid, EXITED(0));
	}
	CHECK(wraps <= 1);
}

TEST(task_folder)
{
	char path[60];
	snprintf(path, sizeof path, "/proc/%d/task/%d/comm", getpid(), getpid());
	CHECK_OK(access(path, R_OK));
	CHECK_ERR(access("/proc/self/task/1", F_OK), ENOENT);
	char link[60] = "";
	snprintf(path, sizeof path, "%d/task/%d", getpid(), getpid());
	CHECK(readlink("/proc/thread-self", link, sizeof link - 1) > 0);
	CHECK_STR(link, path);
}

TEST(groups_and_sessions)
{
	CHECK_EQ(getpgid(0), getpgrp());
	CHECK_EQ(getpgid(getpid()), getpgrp());
	CHECK_ERR(getpgid(-1), ESRCH);
	CHECK_ERR(getsid(4000000), ESRCH);
	IN_CHILD {
		CHECK_OK(setpgid(0, 0));
		CHECK_EQ(getpgrp(), getpid());
		IN_CHILD {
			CHECK_EQ(getpgrp(), getppid());
			CHECK_EQ(setsid(), getpid());
			CHECK_EQ(getsid(0), getpid());
			CHECK_EQ(getpgrp(), getpid());
		}
	}
}

/* A group's number stays taken while the group has members, though its leader is gone. */
TEST(group_outlives_its_leader)
{
	int hold[2];
	char c;
	NEED_OK(pipe(hold));
	pid_t leader = fork();
	if (leader == 0) {
		setpgid(0, 0);
		if (fork() == 0) {
			close(hold[1]);
			(void)!read(hold[0], &c, 1);
			_exit(getpgrp() == getpid() ? 1 : 0);
		}
		_exit(0);
	}
	CHECK_WAIT(leader, EXITED(0));
	CHECK_OK(kill(-leader, 0));
	CHECK_ERR(kill(leader, 0), ESRCH);
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(0);
		CHECK(pid != leader);
		CHECK_WAIT(pid, EXITED(0));
	}
	close(hold[1]);
	CHECK_SOON(kill(-leader, 0) == -1);
}

/* "My group" means one of those that the process is in meanwhile. */
TEST(own_group_while_it_changes)
{
	IN_CHILD {
		pid_t pid = fork();
		if (pid == 0) {
			for (;;) {
				waitpid(0, NULL, WNOHANG);
				kill(0, 0);
				getpriority(PRIO_PGRP, 0);
			}
		}
		for (int i = 0; i < 3000; i++) {
			CHECK_OK(setpgid(pid, pid));
			CHECK_OK(setpgid(pid, getpgrp()));
		}
		kill(pid, SIGKILL);
		CHECK_WAIT(pid, KILLED(SIGKILL));
	}
}
