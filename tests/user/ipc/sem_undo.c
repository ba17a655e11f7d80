/* SEM_UNDO: what an end gives back: by exit, kill, exec, threads, CLONE_SYSVSEM, unshare. */
#include "ipc.h"
#include <pthread.h>

#define HERE ipc_own_world()

TEST(exit)
{
	HERE;
	int id = ipc_sem_new(2, 5);
	pid_t pid = fork();
	if (pid == 0) {
		struct sembuf ops[2] = {{0, -3, SEM_UNDO}, {1, 4, SEM_UNDO}};
		if (semop(id, ops, 2) || ipc_value(id, 0) != 2 || ipc_value(id, 1) != 4)
			_exit(1);
		_exit(0);
	}
	CHECK_WAIT(pid, EXITED(0));
	CHECK_EQ(ipc_value(id, 0), 5);
	CHECK_EQ(ipc_value(id, 1), 0);
	CHECK_EQ(semctl(id, 0, GETPID), pid);
	CHECK_EQ(semctl(id, 1, GETPID), pid);
}

TEST(killed)
{
	HERE;
	int id = ipc_sem_new(1, 1);
	pid_t pid = fork();
	if (pid == 0) {
		ipc_semop(id, 0, -1, SEM_UNDO);
		for (;;)
			pause();
	}
	CHECK_SOON(ipc_value(id, 0) == 0);
	kill(pid, SIGKILL);
	CHECK_OK(ipc_semop(id, 0, -1, 0));	/* sleeps until the death gives it back */
	CHECK_WAIT(pid, KILLED(SIGKILL));
}

/* fork hands nothing on: the child's end gives back what the child took. */
TEST(fork_starts_fresh)
{
	HERE;
	int id = ipc_sem_new(1, 10);
	IN_CHILD {
		CHECK_OK(ipc_semop(id, 0, -4, SEM_UNDO));
		IN_CHILD {
			CHECK_OK(ipc_semop(id, 0, -1, SEM_UNDO));
		}
		CHECK_EQ(ipc_value(id, 0), 6);
	}
	CHECK_EQ(ipc_value(id, 0), 10);
}

HELPER(after_exec)
{
	int id = atoi(argv[2]);
	return ipc_value(id, 0) == 3 ? 7 : 1;
}

TEST(exec_keeps)
{
	HERE;
	int id = ipc_sem_new(1, 5);
	char text[16];
	snprintf(text, sizeof text, "%d", id);
	pid_t pid = fork();
	if (pid == 0) {
		ipc_semop(id, 0, -2, SEM_UNDO);
		execl(check_self, check_self, "@after_exec", text, (char *)0);
		_exit(99);
	}
	CHECK_WAIT(pid, EXITED(7));
	CHECK_EQ(ipc_value(id, 0), 5);
}

/* A debt that cannot be paid whole is paid as far as it goes. */
TEST(clamped)
{
	HERE;
	int id = ipc_sem_new(1, 0);
	IN_CHILD {
		CHECK_OK(ipc_semop(id, 0, 10, SEM_UNDO));
		CHECK_OK(ipc_semop(id, 0, -7, 0));
	}
	CHECK_EQ(ipc_value(id, 0), 0);
	CHECK_OK(semctl(id, 0, SETVAL, (union semarg){.val = 20}));
	IN_CHILD {
		CHECK_OK(ipc_semop(id, 0, -20, SEM_UNDO));
		CHECK_OK(ipc_semop(id, 0, 32767, 0));
	}
	CHECK_EQ(ipc_value(id, 0), 32767);
}

TEST(range)
{
	HERE;
	int id = ipc_sem_new(1, 0);
	IN_CHILD {
		CHECK_OK(ipc_semop(id, 0, 32767, SEM_UNDO));
		CHECK_OK(ipc_semop(id, 0, -32767, 0));
		CHECK_OK(ipc_semop(id, 0, 1, SEM_UNDO));
		CHECK_ERR(ipc_semop(id, 0, 1, SEM_UNDO), ERANGE);
		CHECK_EQ(ipc_value(id, 0), 1);
		CHECK_OK(ipc_semop(id, 0, 1, 0));
	}
}

/* SETVAL and SETALL forget what everybody owes; for the semaphores they set. */
TEST(set_clears)
{
	HERE;
	int id = ipc_sem_new(2, 0), ready[2], go[2];
	char c;
	NEED_OK(pipe(ready));
	NEED_OK(pipe(go));
	pid_t pid = fork();
	if (pid == 0) {
		struct sembuf ops[2] = {{0, 3, SEM_UNDO}, {1, 3, SEM_UNDO}};
		if (semop(id, ops, 2) || write(ready[1], "", 1) != 1 || read(go[0], &c, 1) != 1)
			_exit(1);
		_exit(0);
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	CHECK_OK(semctl(id, 0, SETVAL, (union semarg){.val = 8}));
	CHECK_EQ(write(go[1], "", 1), 1);
	CHECK_WAIT(pid, EXITED(0));
	CHECK_EQ(ipc_value(id, 0), 8);
	CHECK_EQ(ipc_value(id, 1), 0);
	IN_CHILD {
		unsigned short all[2] = {1, 1};
		CHECK_OK(ipc_semop(id, 0, 1, SEM_UNDO));
		CHECK_OK(semctl(id, 0, SETALL, (union semarg){.array = all}));
	}
	CHECK_EQ(ipc_value(id, 0), 1);
}

/* The set goes first: nothing is owed to it, nor to the next that gets its place. */
TEST(removed_first)
{
	HERE;
	int id = ipc_sem_new(1, 0);
	IN_CHILD {
		CHECK_OK(ipc_semop(id, 0, 1, SEM_UNDO));
		CHECK_OK(semctl(id, 0, IPC_RMID));
		for (int i = 0; i < 80; i++)
			CHECK_OK(semget(IPC_PRIVATE, 1, 0600));
	}
}

static void *takes(void *arg)
{
	ipc_semop((int)(long)arg, 0, -1, SEM_UNDO);
	return 0;
}

/* Threads share one list; it is settled when the last has gone. */
TEST(threads)
{
	HERE;
	int id = ipc_sem_new(1, 5);
	IN_CHILD {
		pthread_t t;
		pthread_create(&t, 0, takes, (void *)(long)id);
		pthread_join(t, 0);
		CHECK_EQ(ipc_value(id, 0), 4);
		CHECK_OK(ipc_semop(id, 0, -1, SEM_UNDO));
		CHECK_EQ(ipc_value(id, 0), 3);
	}
	CHECK_EQ(ipc_value(id, 0), 5);
}

static int shared_id;
static int takes_two(void *arg)
{
	struct sembuf op = {0, -2, SEM_UNDO};
	return RAW(SYS_semop, shared_id, &op, 1) ? 1 : 0;
}

static void share_and_die(unsigned long flags, int left)
{
	shared_id = ipc_sem_new(1, 9);
	IN_CHILD {
		if (flags & CLONE_SYSVSEM)
			CHECK_OK(ipc_semop(shared_id, 0, -1, SEM_UNDO));
		CHECK_WAIT(clone_call(flags | SIGCHLD, CLONE_TOP(clone_stack()), 0, 0, 0, takes_two, 0), EXITED(0));
		CHECK_EQ(ipc_value(shared_id, 0), left);
	}
	CHECK_EQ(ipc_value(shared_id, 0), 9);
}

TEST(clone_sysvsem)
{
	HERE;
	share_and_die(CLONE_SYSVSEM, 6);
	share_and_die(CLONE_SYSVSEM | CLONE_VM, 6);
	share_and_die(0, 9);
	share_and_die(CLONE_VM, 9);
}

static int unshares(void *arg)
{
	struct sembuf op = {0, -2, SEM_UNDO};
	if (RAW(SYS_semop, shared_id, &op, 1) || RAW(SYS_unshare, CLONE_SYSVSEM))
		return 1;
	return 0;
}

/* unshare settles a list that nobody else has, and leaves one that somebody has. */
TEST(unshare)
{
	HERE;
	shared_id = ipc_sem_new(1, 5);
	IN_CHILD {
		CHECK_OK(ipc_semop(shared_id, 0, -1, SEM_UNDO));
		CHECK_OK(unshare(CLONE_SYSVSEM));
		CHECK_EQ(ipc_value(shared_id, 0), 5);
		CHECK_OK(ipc_semop(shared_id, 0, -1, SEM_UNDO));
		CHECK_WAIT(clone_call(CLONE_SYSVSEM | SIGCHLD, CLONE_TOP(clone_stack()), 0, 0, 0, unshares, 0), EXITED(0));
		CHECK_EQ(ipc_value(shared_id, 0), 2);
	}
	CHECK_EQ(ipc_value(shared_id, 0), 5);
}

/* A debt paid wakes who waits for it. */
TEST(wakes)
{
	HERE;
	int id = ipc_sem_new(1, 1);
	pid_t holder = fork();
	if (holder == 0) {
		if (ipc_semop(id, 0, -1, SEM_UNDO))
			_exit(1);
		while (semctl(id, 0, GETNCNT) < 2)
			check_sleep_ms(1);
		_exit(0);
	}
	CHECK_SOON(ipc_value(id, 0) == 0);
	pid_t pids[2];
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(ipc_semop(id, 0, -1, SEM_UNDO) ? errno : 0);
	}
	CHECK_WAIT(holder, EXITED(0));
	CHECK_WAIT(pids[0], EXITED(0));
	CHECK_WAIT(pids[1], EXITED(0));
	CHECK_EQ(ipc_value(id, 0), 1);
}

/* Deaths and takings at once: in the end everything is back. */
TEST(race)
{
	HERE;
	int id = ipc_sem_new(2, 0);
	unsigned short all[2] = {4, 4};
	CHECK_OK(semctl(id, 0, SETALL, (union semarg){.array = all}));
	for (long r = 0; r < check_scale(40); r++) {
		pid_t pids[5];
		for (int i = 0; i < 5; i++) {
			pids[i] = fork();
			if (pids[i] == 0) {
				struct sembuf ops[2] = {{i & 1, -2, SEM_UNDO}, {!(i & 1), -1, SEM_UNDO}};
				for (;;) {
					semop(id, ops, 2);
					ops[0].sem_op = -ops[0].sem_op;
					ops[1].sem_op = -ops[1].sem_op;
				}
			}
		}
		check_sleep_ms(3);
		for (int i = 0; i < 5; i++)
			kill(pids[i], SIGKILL);
		for (int i = 0; i < 5; i++)
			CHECK_WAIT(pids[i], KILLED(SIGKILL));
		CHECK_EQ(ipc_value(id, 0), 4);
		CHECK_EQ(ipc_value(id, 1), 4);
	}
}
