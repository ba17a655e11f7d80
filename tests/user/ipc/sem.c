/* System V semaphores: semget, semop, semtimedop, semctl: what each promises and refuses. */
#include "ipc.h"
#include <sched.h>

#define HERE ipc_own_world()

TEST(get)
{
	HERE;
	int key = ipc_key(1), id, other;
	CHECK_ERR(semget(key, 1, 0600), ENOENT);
	id = NEED_OK(semget(key, 3, IPC_CREAT | IPC_EXCL | 0600));
	CHECK_ERR(semget(key, 3, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	CHECK_EQ(semget(key, 3, IPC_CREAT | 0600), id);
	CHECK_EQ(semget(key, 0, 0), id);
	CHECK_EQ(semget(key, 2, 0), id);
	CHECK_ERR(semget(key, 4, 0), EINVAL);
	CHECK_ERR(semget(ipc_key(2), 0, IPC_CREAT | 0600), EINVAL);
	CHECK_ERR(semget(IPC_PRIVATE, 0, 0600), EINVAL);
	CHECK_ERR(semget(IPC_PRIVATE, -1, 0600), EINVAL);
	CHECK_ERR(semget(IPC_PRIVATE, 32001, 0600), EINVAL);
	CHECK_OK(semget(IPC_PRIVATE, 32000, 0600));
	other = CHECK_OK(semget(IPC_PRIVATE, 1, 0600));
	CHECK(other != id && other >= 0);
	CHECK_OK(semctl(id, 0, IPC_RMID));
	CHECK_ERR(semget(key, 1, 0), ENOENT);
	CHECK_ERR(semctl(id, 0, GETVAL), EINVAL);
	CHECK_ERR(semctl(id, 0, IPC_RMID), EINVAL);
	CHECK_ERR(semctl(-1, 0, IPC_RMID), EINVAL);
	CHECK_ERR(semctl(other, 0, 99), EINVAL);
}

/* Places are given in a circle, and the sequence goes up each time it closes. */
TEST(ids)
{
	HERE;
	int first = ipc_sem_new(1, 0), id = first;
	for (int i = 0; i < 200; i++) {
		int next;
		CHECK_OK(semctl(id, 0, IPC_RMID));
		next = ipc_sem_new(1, 0);
		CHECK(next != id);
		CHECK_ERR(semctl(id, 0, GETVAL), EINVAL);
		id = next;
	}
	CHECK(id >> 15 > first >> 15);
}

TEST(values)
{
	HERE;
	int id = ipc_sem_new(3, 0);
	unsigned short all[3] = {1, 2, 3}, got[3] = {9, 9, 9};
	CHECK_OK(semctl(id, 0, SETALL, (union semarg){.array = all}));
	CHECK_OK(semctl(id, 0, GETALL, (union semarg){.array = got}));
	CHECK(!memcmp(all, got, sizeof all));
	CHECK_EQ(ipc_value(id, 2), 3);
	CHECK_EQ(semctl(id, 1, GETPID), getpid());
	CHECK_OK(semctl(id, 1, SETVAL, (union semarg){.val = 32767}));
	CHECK_EQ(ipc_value(id, 1), 32767);
	CHECK_ERR(semctl(id, 1, SETVAL, (union semarg){.val = 32768}), ERANGE);
	CHECK_ERR(semctl(id, 1, SETVAL, (union semarg){.val = -1}), ERANGE);
	CHECK_ERR(semctl(id, 3, SETVAL, (union semarg){.val = 1}), EINVAL);
	CHECK_ERR(semctl(id, -1, SETVAL, (union semarg){.val = 1}), EINVAL);
	CHECK_ERR(semctl(id, 3, GETVAL), EINVAL);
	CHECK_ERR(semctl(id, -1, GETPID), EINVAL);
	CHECK_ERR(semctl(id, 3, GETNCNT), EINVAL);
	CHECK_ERR(semctl(id, 3, GETZCNT), EINVAL);
	all[1] = 40000;
	CHECK_ERR(semctl(id, 0, SETALL, (union semarg){.array = all}), ERANGE);
	CHECK_EQ(ipc_value(id, 0), 1);
	CHECK_ERR(semctl(id, 0, SETALL, (union semarg){.array = (void *)8}), EFAULT);
	CHECK_ERR(semctl(id, 0, GETALL, (union semarg){.array = (void *)8}), EFAULT);
}

TEST(stat)
{
	HERE;
	struct semid_ds s;
	struct seminfo info;
	time_t before = time(0);
	int key = ipc_key(3), id = NEED_OK(semget(key, 4, IPC_CREAT | 0640)), index = -1;
	memset(&s, 0xff, sizeof s);
	CHECK_OK(semctl(id, 0, IPC_STAT, (union semarg){.buf = &s}));
	CHECK_EQ(s.sem_nsems, 4);
	CHECK_EQ(s.sem_perm.__key, key);
	CHECK_EQ(s.sem_perm.mode, 0640);
	CHECK_EQ(s.sem_perm.uid, geteuid());
	CHECK_EQ(s.sem_perm.cuid, geteuid());
	CHECK_EQ(s.sem_perm.gid, getegid());
	CHECK_EQ(s.sem_perm.cgid, getegid());
	CHECK_EQ(s.sem_perm.__seq, id >> 15);
	CHECK_EQ(s.sem_otime, 0);
	CHECK(s.sem_ctime >= before && s.sem_ctime <= time(0));
	CHECK_OK(ipc_semop(id, 0, 1, 0));
	CHECK_OK(semctl(id, 0, IPC_STAT, (union semarg){.buf = &s}));
	CHECK(s.sem_otime >= before);
	CHECK_ERR(semctl(id, 0, IPC_STAT, (union semarg){.buf = (void *)8}), EFAULT);
	CHECK_OK(semctl(0, 0, IPC_INFO, (union semarg){.info = &info}));
	CHECK_EQ(info.semmsl, 32000);
	CHECK_EQ(info.semmni, 32000);
	CHECK_EQ(info.semmns, 1024000000);
	CHECK_EQ(info.semopm, 500);
	CHECK_EQ(info.semvmx, 32767);
	CHECK_EQ(info.semusz, 20);
	CHECK_EQ(info.semaem, 32767);
	index = CHECK_OK(semctl(0, 0, SEM_INFO, (union semarg){.info = &info}));
	CHECK_EQ(info.semusz, 1);
	CHECK_EQ(info.semaem, 4);
	CHECK_EQ(index, id & 32767);
	CHECK_ERR(semctl(0, 0, SEM_INFO, (union semarg){.info = (void *)8}), EFAULT);
	CHECK_EQ(semctl(index, 0, SEM_STAT, (union semarg){.buf = &s}), id);
	CHECK_EQ(semctl(index, 0, SEM_STAT_ANY, (union semarg){.buf = &s}), id);
	CHECK_ERR(semctl(index + 1, 0, SEM_STAT, (union semarg){.buf = &s}), EINVAL);
	s.sem_perm.mode = 0604;
	s.sem_perm.uid = 1234;
	s.sem_perm.gid = 4321;
	CHECK_OK(semctl(id, 0, IPC_SET, (union semarg){.buf = &s}));
	CHECK_OK(semctl(id, 0, IPC_STAT, (union semarg){.buf = &s}));
	CHECK_EQ(s.sem_perm.mode, 0604);
	CHECK_EQ(s.sem_perm.uid, 1234);
	CHECK_EQ(s.sem_perm.gid, 4321);
	CHECK_EQ(s.sem_perm.cuid, geteuid());
	CHECK_ERR(semctl(id, 0, IPC_SET, (union semarg){.buf = (void *)8}), EFAULT);
}

static int perm_id;
TEST(permissions)
{
	HERE;
	struct semid_ds s = {0};
	int key = ipc_key(4);
	perm_id = NEED_OK(semget(key, 1, IPC_CREAT | 0640));
	s.sem_perm.uid = 1000;
	s.sem_perm.gid = 2000;
	s.sem_perm.mode = 0640;
	CHECK_OK(semctl(perm_id, 0, IPC_SET, (union semarg){.buf = &s}));
	IN_CHILD {	/* the owner */
		ipc_become(1000, 99);
		CHECK_OK(ipc_semop(perm_id, 0, 1, 0));
		CHECK_EQ(semget(key, 1, 0600), perm_id);
		CHECK_ERR(semget(key, 1, 0700), EACCES);
		CHECK_OK(semctl(perm_id, 0, IPC_SET, (union semarg){.buf = &s}));
	}
	IN_CHILD {	/* the group: reads */
		ipc_become(1001, 2000);
		CHECK_EQ(semctl(perm_id, 0, GETVAL), 1);
		CHECK_ERR(ipc_semop(perm_id, 0, 1, 0), EACCES);
		CHECK_ERR(ipc_semop(perm_id, 0, 0, IPC_NOWAIT), EAGAIN);
		CHECK_ERR(semctl(perm_id, 0, SETVAL, (union semarg){.val = 1}), EACCES);
		CHECK_ERR(semget(key, 1, 0200), EACCES);
		CHECK_EQ(semget(key, 1, 0400), perm_id);
		CHECK_ERR(semctl(perm_id, 0, IPC_RMID), EPERM);
		CHECK_ERR(semctl(perm_id, 0, IPC_SET, (union semarg){.buf = &s}), EPERM);
	}
	IN_CHILD {	/* anybody */
		unsigned short one = 1;
		ipc_become(1001, 99);
		CHECK_ERR(semctl(perm_id, 0, GETVAL), EACCES);
		CHECK_ERR(semctl(perm_id, 0, GETALL, (union semarg){.array = &one}), EACCES);
		CHECK_ERR(semctl(perm_id, 0, SETALL, (union semarg){.array = &one}), EACCES);
		CHECK_ERR(semctl(perm_id, 0, IPC_STAT, (union semarg){.buf = &s}), EACCES);
		CHECK_ERR(semctl(perm_id & 32767, 0, SEM_STAT, (union semarg){.buf = &s}), EACCES);
		CHECK_EQ(semctl(perm_id & 32767, 0, SEM_STAT_ANY, (union semarg){.buf = &s}), perm_id);
		CHECK_EQ(semget(key, 1, 0), perm_id);
		CHECK_ERR(ipc_semop(perm_id, 0, 0, IPC_NOWAIT), EACCES);
	}
	IN_CHILD {	/* the creator may what the owner may */
		s.sem_perm.uid = 1000;
		CHECK_OK(semctl(perm_id, 0, IPC_RMID));
	}
}

TEST(semop_errors)
{
	HERE;
	int id = ipc_sem_new(2, 0);
	static struct sembuf many[501];
	struct sembuf op = {0, 1, 0};
	CHECK_ERR(semop(id, &op, 0), EINVAL);
	CHECK_ERR(semop(-1, &op, 1), EINVAL);
	CHECK_ERR(semop(id + 1, &op, 1), EINVAL);
	CHECK_ERR(semop(id, many, 501), E2BIG);
	CHECK_ERR(semop(-1, (void *)8, 501), E2BIG);
	CHECK_ERR(semop(id, (void *)8, 1), EFAULT);
	CHECK_ERR(semop(-1, (void *)8, 1), EFAULT);
	op.sem_num = 2;
	CHECK_ERR(semop(id, &op, 1), EFBIG);
	op.sem_num = 0;
	CHECK_ERR(semtimedop(id, &op, 1, (void *)8), EFAULT);
	CHECK_ERR(semtimedop(id, &op, 1, &(struct timespec){0, 1000000000}), EINVAL);
	CHECK_ERR(semtimedop(id, &op, 1, &(struct timespec){-1, 0}), EINVAL);
	CHECK_ERR(semtimedop(id, &op, 1, &(struct timespec){0, -1}), EINVAL);
	CHECK_EQ(ipc_value(id, 0), 0);
	for (int i = 0; i < 500; i++)
		many[i] = (struct sembuf){i & 1, 1, 0};
	CHECK_OK(semop(id, many, 500));
	CHECK_EQ(ipc_value(id, 1), 250);
	CHECK_OK(semctl(id, 0, SETVAL, (union semarg){.val = 32767}));
	CHECK_ERR(ipc_semop(id, 0, 1, 0), ERANGE);
	CHECK_ERR(ipc_semop(id, 0, 0, IPC_NOWAIT), EAGAIN);
	CHECK_ERR(ipc_semop(id, 1, -251, IPC_NOWAIT), EAGAIN);
}

/* All or nothing, in the order given. */
TEST(atomic)
{
	HERE;
	int id = ipc_sem_new(3, 0);
	struct sembuf ops[3] = {{0, 1, 0}, {1, 1, 0}, {2, -1, IPC_NOWAIT}};
	CHECK_ERR(semop(id, ops, 3), EAGAIN);
	CHECK_EQ(ipc_value(id, 0), 0);
	CHECK_EQ(ipc_value(id, 1), 0);
	ops[2].sem_op = 0;
	CHECK_OK(semop(id, ops, 3));
	CHECK_EQ(ipc_value(id, 0), 1);
	struct sembuf same[3] = {{2, 2, 0}, {2, -1, 0}, {2, 0, IPC_NOWAIT}};
	CHECK_ERR(semop(id, same, 3), EAGAIN);
	CHECK_EQ(ipc_value(id, 2), 0);
	same[1].sem_op = -2;
	CHECK_OK(semop(id, same, 3));
	CHECK_EQ(ipc_value(id, 2), 0);
	CHECK_EQ(semctl(id, 2, GETPID), getpid());
	struct sembuf back[2] = {{0, 0, IPC_NOWAIT}, {0, 5, 0}};
	CHECK_ERR(semop(id, back, 2), EAGAIN);
}

TEST(timeout)
{
	HERE;
	int id = ipc_sem_new(1, 0);
	struct sembuf op = {0, -1, 0};
	long start = check_now_ms();
	CHECK_ERR(semtimedop(id, &op, 1, &(struct timespec){0, 50000000}), EAGAIN);
	CHECK(check_now_ms() - start >= 49);
	CHECK_ERR(semtimedop(id, &op, 1, &(struct timespec){0, 0}), EAGAIN);
	CHECK_EQ(semctl(id, 0, GETNCNT), 0);
	op.sem_op = 1;
	CHECK_OK(semtimedop(id, &op, 1, &(struct timespec){0, 0}));
}

static pid_t waiter(int id, int number, int op)
{
	pid_t pid = fork();
	if (pid == 0) {
		int got = ipc_semop(id, number, op, 0);
		_exit(got ? errno : 0);
	}
	return pid;
}

TEST(counts)
{
	HERE;
	int id = ipc_sem_new(2, 1);
	pid_t down1 = waiter(id, 0, -2), down2 = waiter(id, 0, -3), zero = waiter(id, 0, 0), other = waiter(id, 1, -1);
	CHECK_SOON(semctl(id, 0, GETNCNT) == 2);
	CHECK_SOON(semctl(id, 0, GETZCNT) == 1);
	CHECK_SOON(semctl(id, 1, GETNCNT) == 1);
	CHECK_EQ(semctl(id, 1, GETZCNT), 0);
	CHECK_OK(ipc_semop(id, 0, 1, 0));
	CHECK_WAIT(down1, EXITED(0));
	CHECK_WAIT(zero, EXITED(0));
	CHECK_EQ(semctl(id, 0, GETPID), zero);
	CHECK_EQ(semctl(id, 0, GETNCNT), 1);
	CHECK_OK(semctl(id, 0, SETVAL, (union semarg){.val = 4}));
	CHECK_WAIT(down2, EXITED(0));
	CHECK_EQ(ipc_value(id, 0), 1);
	unsigned short all[2] = {0, 1};
	CHECK_OK(semctl(id, 0, SETALL, (union semarg){.array = all}));
	CHECK_WAIT(other, EXITED(0));
	CHECK_EQ(semctl(id, 1, GETPID), other);
}

/* First come, first served; who wants more than there is does not hold up the others. */
TEST(order)
{
	HERE;
	int id = ipc_sem_new(1, 0), order[2];
	NEED_OK(pipe(order));
	pid_t pids[3];
	for (int i = 0; i < 3; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			char name = 'a' + i;
			if (ipc_semop(id, 0, i == 0 ? -5 : -1, 0))
				_exit(1);
			_exit(write(order[1], &name, 1) != 1);
		}
		CHECK_SOON(semctl(id, 0, GETNCNT) == i + 1);
	}
	CHECK_OK(ipc_semop(id, 0, 1, 0));
	CHECK_WAIT(pids[1], EXITED(0));
	CHECK_EQ(semctl(id, 0, GETNCNT), 2);
	CHECK_OK(ipc_semop(id, 0, 1, 0));
	CHECK_WAIT(pids[2], EXITED(0));
	CHECK_OK(ipc_semop(id, 0, 5, 0));
	CHECK_WAIT(pids[0], EXITED(0));
	char got[4] = "";
	CHECK_EQ(read(order[0], got, 3), 3);
	CHECK_STR(got, "bca");
}

TEST(removed)
{
	HERE;
	int id = ipc_sem_new(1, 0);
	pid_t a = waiter(id, 0, -1), b;
	CHECK_OK(ipc_semop(id, 0, 0, 0));
	CHECK_SOON(semctl(id, 0, GETNCNT) == 1);
	b = fork();
	if (b == 0) {
		struct sembuf op = {0, -1, SEM_UNDO};
		int got = semtimedop(id, &op, 1, &(struct timespec){10, 0});
		_exit(got ? errno : 0);
	}
	CHECK_SOON(semctl(id, 0, GETNCNT) == 2);
	CHECK_OK(semctl(id, 0, IPC_RMID));
	CHECK_WAIT(a, EXITED(EIDRM));
	CHECK_WAIT(b, EXITED(EIDRM));
}

static void on_signal(int sig) { }

/* A signal ends the sleep, and SA_RESTART does not bring it back; neither does a stop. */
TEST(interrupted)
{
	HERE;
	int id = ipc_sem_new(1, 0);
	for (int i = 0; i < 4; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			struct sembuf op = {0, -1, 0};
			sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_signal, .sa_flags = SA_RESTART}, 0);
			if (i & 1)
				_exit(semop(id, &op, 1) ? errno : 0);
			_exit(semtimedop(id, &op, 1, &(struct timespec){10, 0}) ? errno : 0);
		}
		CHECK_SOON(semctl(id, 0, GETNCNT) == 1);
		if (i < 2) {
			CHECK_OK(kill(pid, SIGUSR1));
		} else {
			CHECK_OK(kill(pid, SIGSTOP));
			CHECK_SOON(check_state(pid) == 'T');
			CHECK_OK(kill(pid, SIGCONT));
		}
		CHECK_WAIT(pid, EXITED(EINTR));
		CHECK_EQ(semctl(id, 0, GETNCNT), 0);
	}
	pid_t pid = waiter(id, 0, -1);
	CHECK_SOON(semctl(id, 0, GETNCNT) == 1);
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_WAIT(pid, KILLED(SIGKILL));
	CHECK_EQ(semctl(id, 0, GETNCNT), 0);
}

/* What waits is done by whoever makes it possible; chains of it too. */
TEST(chain)
{
	HERE;
	enum { N = 8 };
	int id = ipc_sem_new(N, 0);
	pid_t pids[N - 1];
	for (int i = 0; i < N - 1; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct sembuf ops[2] = {{i, -1, 0}, {i + 1, 1, 0}};
			_exit(semop(id, ops, 2) ? errno : 0);
		}
	}
	for (int i = 0; i < N - 1; i++)
		CHECK_SOON(semctl(id, i, GETNCNT) == 1);
	CHECK_OK(ipc_semop(id, 0, 1, 0));
	CHECK_EQ(ipc_value(id, N - 1), 1);
	for (int i = 0; i < N - 1; i++)
		CHECK_WAIT(pids[i], EXITED(0));
}

/* Many at once: the semaphore is a lock around a plain counter. */
TEST(lock)
{
	HERE;
	int id = ipc_sem_new(1, 1);
	long rounds = check_scale(300);
	volatile long *count = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[6];
	for (int i = 0; i < 6; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			for (long r = 0; r < rounds; r++) {
				if (ipc_semop(id, 0, -1, SEM_UNDO))
					_exit(1);
				long seen = *count;
				if (r % 16 == 0)
					sched_yield();
				*count = seen + 1;
				if (ipc_semop(id, 0, 1, SEM_UNDO))
					_exit(2);
			}
			_exit(0);
		}
	}
	for (int i = 0; i < 6; i++)
		CHECK_WAIT(pids[i], EXITED(0));
	CHECK_EQ(*count, 6 * rounds);
	CHECK_EQ(ipc_value(id, 0), 1);
}
