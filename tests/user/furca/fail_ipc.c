/* Each allocation of the System V calls fails once: nothing is left behind; and a namespace takes everything along. */
#include "fail_nth.h"
#include "ipc.h"

static int id;

static long get_sem(void) { return RAW(SYS_semget, IPC_PRIVATE, 700, 0600); }
static long get_shm(void) { return RAW(SYS_shmget, 0x55, 3 * PAGE, IPC_CREAT | 0600); }
static long get_msg(void) { return RAW(SYS_msgget, 0x55, IPC_CREAT | 0600); }
static void rm_sem(long result) { if (result >= 0) semctl((int)result, 0, IPC_RMID); }
static void rm_shm(long result) { if (result >= 0) shmctl((int)result, IPC_RMID, 0); }
static void rm_msg(long result) { if (result >= 0) msgctl((int)result, IPC_RMID, 0); }

static void made_sem(void) { id = semget(IPC_PRIVATE, 700, 0600); }
static void made_shm(void) { id = shmget(IPC_PRIVATE, 3 * PAGE, 0600); }
static void made_msg(void) { id = msgget(IPC_PRIVATE, 0600); }
static void unmake_sem(long result) { rm_sem(id); }
static void unmake_shm(long result)
{
	if (result > 0)
		shmdt((void *)result);
	rm_shm(id);
}
static void unmake_msg(long result) { rm_msg(id); }

static struct sembuf many[20];
static long op_with_undo(void)
{
	for (int i = 0; i < 20; i++)
		many[i] = (struct sembuf){i, 1, SEM_UNDO};
	return RAW(SYS_semop, id, many, 20);
}
/* The list itself is made too: by a process that has none. */
static long op_in_child(void)
{
	pid_t pid = (pid_t)RAW(SYS_fork);
	if (pid == 0)
		RAW(SYS_exit, op_with_undo() ? 1 : 0);
	if (pid < 0)
		return pid;
	int status;
	while (RAW(SYS_wait4, pid, &status, 0, 0) == -EINTR)
		;
	return 0;
}
static long get_all(void)
{
	static unsigned short all[700];
	return RAW(SYS_semctl, id, 0, GETALL, all);
}
static long attach(void) { return RAW(SYS_shmat, id, 0, 0); }
static long send(void)
{
	static struct { long type; char bytes[5000]; } m = {.type = 1};
	return RAW(SYS_msgsnd, id, &m, sizeof m.bytes, IPC_NOWAIT);
}
static void full_msg(void)
{
	made_msg();
	NEED_OK(send() ? -1 : 0);
}
static long copy(void)
{
	static struct { long type; char bytes[6000]; } m;
	long n = RAW(SYS_msgrcv, id, &m, sizeof m.bytes, 0, MSG_COPY | IPC_NOWAIT);
	return n > 0 ? 0 : n;
}
static int mq = -1;
static long mq_make(void) { return RAW(SYS_mq_open, "fail", O_RDWR | O_CREAT | O_NONBLOCK, 0600, 0); }
static void mq_unmake(long result)
{
	if (result >= 0)
		close((int)result);
	RAW(SYS_mq_unlink, "fail");
}
static void mq_made(void) { mq = (int)mq_make(); }
static void mq_full(void)
{
	mq_made();
	NEED_OK(RAW(SYS_mq_timedsend, mq, "x", 1, 0, 0) ? -1 : 0);
}
static long mq_send_one(void) { return RAW(SYS_mq_timedsend, mq, "text", 4, 0, 0); }
static long mq_unlink_one(void) { return RAW(SYS_mq_unlink, "fail"); }
static void mq_done(long result) { mq_unmake(mq); }

static int makes_all(void *arg)
{
	long s = RAW(SYS_semget, 1, 5, IPC_CREAT | 0600), m = RAW(SYS_shmget, 1, PAGE, IPC_CREAT | 0600),
	     q = RAW(SYS_msgget, 1, IPC_CREAT | 0600);
	if (s < 0 || m < 0 || q < 0)
		return 1;
	id = (int)q;
	send();
	mq = (int)mq_make();
	mq_send_one();
	id = (int)s;
	RAW(SYS_semop, id, many, 1);
	*(char *)RAW(SYS_shmat, m, 0, 0) = 1;
	RAW(SYS_shmctl, m, SHM_LOCK, 0);
	return 0;
}
static long clone_ns(void)
{
	long pid = clone_call(CLONE_NEWIPC | SIGCHLD, 0, 0, 0, 0, makes_all, 0);
	int status;
	if (pid < 0)
		return pid;
	while (RAW(SYS_wait4, pid, &status, 0, 0) == -EINTR)
		;
	return 0;
}

static const struct fail_op ops[] = {
	{"semget", 0, get_sem, rm_sem, {}},
	{"shmget", 0, get_shm, rm_shm, {}},
	{"msgget", 0, get_msg, rm_msg, {}},
	{"semop", made_sem, op_with_undo, unmake_sem, {}},
	{"semop in a child", made_sem, op_in_child, unmake_sem, {EAGAIN}},
	{"GETALL", made_sem, get_all, unmake_sem, {}},
	{"shmat", made_shm, attach, unmake_shm, {}},
	{"msgsnd", made_msg, send, unmake_msg, {}},
	{"MSG_COPY", full_msg, copy, unmake_msg, {}},
	{"mq_open", 0, mq_make, mq_unmake, {EMFILE}},
	{"mq_send", mq_made, mq_send_one, mq_done, {}},
	{"mq_unlink", mq_full, mq_unlink_one, mq_done, {}},
	{"CLONE_NEWIPC", 0, clone_ns, 0, {EAGAIN}},
};

TEST(each_fails)
{
	alarm(60);
	FAIL_ALL(ops);
}

/* Killed in the middle of everything, the namespace's last process leaves nothing. */
TEST(nothing_left)
{
	static struct objects before;
	for (int round = 0; round < 4; round++) {
		if (round == 1)
			fail_warm_up(&before);
		pid_t pids[3];
		pid_t top = fork();
		if (top == 0) {
			ipc_own_world();
			makes_all(0);
			for (int i = 0; i < 3; i++) {
				pids[i] = fork();
				if (pids[i] == 0)
					for (;;) {
						char *p = shmat(shmget(1, 0, 0), 0, 0);
						send();
						ipc_semop(semget(1, 0, 0), i, 1, SEM_UNDO);
						ipc_semop(semget(1, 0, 0), i, -1, SEM_UNDO);
						shmdt(p);
					}
			}
			check_sleep_ms(30);
			for (int i = 0; i < 3; i++)
				check_reap(pids[i]);
			_exit(0);
		}
		CHECK_WAIT(top, EXITED(0));
	}
	CHECK_OBJECTS(&before, "namespaces");
}
