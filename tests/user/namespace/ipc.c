/* ipc_namespaces(7): a new one is empty, has limits of its own, and takes everything in it along when it ends. */
#include "ipc.h"

static bool key_is_known(int key) { return semget(key, 0, 0) >= 0; }

static void make_one_of_each(int key, bool *good)
{
	*good = semget(key, 1, IPC_CREAT | 0600) >= 0 && shmget(key, PAGE, IPC_CREAT | 0600) >= 0 &&
		msgget(key, IPC_CREAT | 0600) >= 0;
}

TEST(unshare_is_empty)
{
	bool good;
	ipc_own_world();
	make_one_of_each(77, &good);
	CHECK(good);
	IN_CHILD {
		CHECK(key_is_known(77));
		CHECK_OK(unshare(CLONE_NEWIPC));
		CHECK(!key_is_known(77));
		CHECK_ERR(shmget(77, 0, 0), ENOENT);
		CHECK_ERR(msgget(77, 0), ENOENT);
		make_one_of_each(77, &good);
		CHECK(good);
		CHECK_EQ(semget(77, 1, 0), 0);	/* the first id */
	}
	CHECK(key_is_known(77));
}

static int sees_nothing(void *arg) { return RAW(SYS_semget, 78, 0, 0) == -ENOENT ? 0 : 1; }
static int sees_it(void *arg) { return RAW(SYS_semget, 78, 0, 0) >= 0 ? 0 : 1; }

TEST(clone)
{
	ipc_own_world();
	NEED_OK(semget(78, 1, IPC_CREAT | 0600));
	CHECK_WAIT(clone_call(SIGCHLD, CLONE_TOP(clone_stack()), 0, 0, 0, sees_it, 0), EXITED(0));
	CHECK_WAIT(clone_call(CLONE_NEWIPC | SIGCHLD, CLONE_TOP(clone_stack()), 0, 0, 0, sees_nothing, 0), EXITED(0));
	CHECK_WAIT(clone_call(CLONE_NEWIPC | CLONE_VM | CLONE_VFORK | SIGCHLD, CLONE_TOP(clone_stack()), 0, 0, 0, sees_nothing, 0), EXITED(0));
	CHECK_EQ(clone_call(CLONE_NEWIPC | CLONE_SYSVSEM | SIGCHLD, 0, 0, 0, 0, sees_it, 0), -EINVAL);
}

TEST(refused)
{
	IN_CHILD {
		ipc_become(1000, 1000);
		CHECK_ERR(unshare(CLONE_NEWIPC), EPERM);
		CHECK_EQ(clone_call(CLONE_NEWIPC | SIGCHLD, 0, 0, 0, 0, sees_it, 0), -EPERM);
		CHECK_EQ(clone_call(CLONE_NEWIPC | CLONE_SYSVSEM | SIGCHLD, 0, 0, 0, 0, sees_it, 0), -EPERM);
	}
}

/* The way back is by the file; what is owed is paid before leaving. */
TEST(setns)
{
	ipc_own_world();
	int id = ipc_sem_new(1, 0), before = NEED_OK(open("/proc/self/ns/ipc", O_RDONLY)), inside;
	IN_CHILD {
		CHECK_OK(ipc_semop(id, 0, 1, SEM_UNDO));
		CHECK_OK(unshare(CLONE_NEWIPC));
		inside = NEED_OK(open("/proc/self/ns/ipc", O_RDONLY));
		CHECK_ERR(semctl(id, 0, GETVAL), EINVAL);
		NEED_OK(semget(79, 1, IPC_CREAT | 0600));
		CHECK_EQ(ipc_semop(0, 0, 3, SEM_UNDO), 0);
		CHECK_OK(setns(before, CLONE_NEWIPC));
		CHECK_EQ(ipc_value(id, 0), 0);
		CHECK(!key_is_known(79));
		CHECK_OK(setns(inside, 0));
		CHECK(key_is_known(79));
		CHECK_EQ(ipc_value(0, 0), 0);	/* paid when leaving */
		CHECK_ERR(setns(before, CLONE_NEWUTS), EINVAL);
	}
	CHECK_EQ(ipc_value(id, 0), 0);
}

/* An open file keeps it when its last process has gone. */
TEST(kept_by_file)
{
	int pipes[2];
	char c, path[64];
	NEED_OK(pipe(pipes));
	pid_t pid = fork();
	if (pid == 0) {
		ipc_own_world();
		if (semget(80, 1, IPC_CREAT | 0600) < 0 || write(pipes[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	CHECK_EQ(read(pipes[0], &c, 1), 1);
	snprintf(path, sizeof path, "/proc/%d/ns/ipc", (int)pid);
	int fd = NEED_OK(open(path, O_RDONLY));
	check_reap(pid);
	IN_CHILD {
		CHECK_OK(setns(fd, CLONE_NEWIPC));
		CHECK(key_is_known(80));
	}
}

/* Attached memory outlives the namespace it was made in. */
TEST(memory_stays)
{
	int before = NEED_OK(open("/proc/self/ns/ipc", O_RDONLY));
	ipc_own_world();
	int id = NEED_OK(shmget(81, PAGE, IPC_CREAT | 0600));
	char *p = shmat(id, 0, 0);
	CHECK(p != (void *)-1);
	strcpy(p, "here");
	CHECK_OK(setns(before, CLONE_NEWIPC));
	CHECK_STR(p, "here");
	CHECK_OK(shmdt(p));
}

static int limit(const char *name)
{
	char path[64], text[64];
	snprintf(path, sizeof path, "/proc/sys/kernel/%s", name);
	return check_slurp(path, text, sizeof text) > 0 ? atoi(text) : -1;
}

static int set_limit(const char *name, const char *value)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/sys/kernel/%s", name);
	int fd = open(path, O_WRONLY), n = fd < 0 ? -1 : (int)write(fd, value, strlen(value));
	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : 0;
}

TEST(limits)
{
	ipc_own_world();
	CHECK_EQ(limit("msgmni"), 32000);
	CHECK_EQ(limit("msgmax"), 8192);
	CHECK_EQ(limit("msgmnb"), 16384);
	CHECK_EQ(limit("shmmni"), 4096);
	CHECK_EQ(limit("sem"), 32000);
	CHECK_OK(set_limit("msgmni", "2\n"));
	CHECK_OK(set_limit("shmmni", "1"));
	CHECK_OK(set_limit("shmmax", "8192"));
	CHECK_OK(set_limit("sem", "5 8 2 3"));
	CHECK_ERR(set_limit("msgmni", "32769"), EINVAL);
	CHECK_ERR(set_limit("msgmni", "-1"), EINVAL);
	CHECK_ERR(set_limit("msgmax", "x"), EINVAL);
	CHECK_EQ(limit("msgmni"), 2);
	CHECK_OK(msgget(IPC_PRIVATE, 0600));
	CHECK_OK(msgget(IPC_PRIVATE, 0600));
	CHECK_ERR(msgget(IPC_PRIVATE, 0600), ENOSPC);
	CHECK_ERR(shmget(IPC_PRIVATE, 8193, 0600), EINVAL);
	CHECK_OK(shmget(IPC_PRIVATE, 8192, 0600));
	CHECK_ERR(shmget(IPC_PRIVATE, 1, 0600), ENOSPC);
	CHECK_ERR(semget(IPC_PRIVATE, 6, 0600), EINVAL);
	int id = CHECK_OK(semget(IPC_PRIVATE, 5, 0600));
	CHECK_ERR(semget(IPC_PRIVATE, 4, 0600), ENOSPC);
	CHECK_OK(semget(IPC_PRIVATE, 1, 0600));
	CHECK_OK(semget(IPC_PRIVATE, 1, 0600));
	CHECK_ERR(semget(IPC_PRIVATE, 1, 0600), ENOSPC);
	struct sembuf three[3] = {{0, 1, 0}, {1, 1, 0}, {2, 1, 0}};
	CHECK_ERR(semop(id, three, 3), E2BIG);
	CHECK_OK(semop(id, three, 2));
	CHECK_OK(set_limit("shmall", "3"));
	CHECK_OK(set_limit("shmmni", "10"));
	CHECK_OK(shmget(IPC_PRIVATE, 1, 0600));
	CHECK_ERR(shmget(IPC_PRIVATE, 1, 0600), ENOSPC);
	IN_CHILD {	/* the next world starts with the system's limits */
		ipc_own_world();
		CHECK_EQ(limit("msgmni"), 32000);
	}
}

TEST(next_id)
{
	ipc_own_world();
	if (limit("sem_next_id") != -1)
		return;	/* a kernel without checkpoint support */
	CHECK_OK(set_limit("sem_next_id", "100005"));
	CHECK_EQ(semget(IPC_PRIVATE, 1, 0600), 100005);
	CHECK_EQ(limit("sem_next_id"), -1);
	CHECK_OK(set_limit("msg_next_id", "70"));
	CHECK_EQ(msgget(IPC_PRIVATE, 0600), 70);
	CHECK_OK(set_limit("msg_next_id", "70"));
	CHECK_EQ(msgget(IPC_PRIVATE, 0600), 71);	/* taken: the next free one */
	CHECK_OK(set_limit("shm_next_id", "9"));
	CHECK_EQ(shmget(IPC_PRIVATE, 1, 0600), 9);
}
