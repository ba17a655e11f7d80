/* System V message queues: msgget, msgsnd, msgrcv, msgctl: what each promises and refuses. */
#include "ipc.h"

#define HERE ipc_own_world()

static struct { long type; char text[20000]; } in, out;

static int queue_new(void) { return NEED_OK(msgget(IPC_PRIVATE, 0600)); }
static int put(int id, long type, const char *text, int flags)
{
	out.type = type;
	strcpy(out.text, text);
	return msgsnd(id, &out, strlen(text) + 1, flags);
}
static int put_bytes(int id, size_t n, int flags)
{
	out.type = 1;
	memset(out.text, 'x', n);
	return msgsnd(id, &out, n, flags);
}
static const char *take(int id, long type, int flags)
{
	memset(&in, 0, sizeof in);
	return msgrcv(id, &in, 1000, type, flags | IPC_NOWAIT) < 0 ? strerrorname_np(errno) : in.text;
}
static struct msqid_ds queue_stat(int id)
{
	struct msqid_ds s;
	memset(&s, 0xff, sizeof s);
	CHECK_OK(msgctl(id, IPC_STAT, &s));
	return s;
}

TEST(get)
{
	HERE;
	int key = ipc_key(1), id;
	CHECK_ERR(msgget(key, 0600), ENOENT);
	id = NEED_OK(msgget(key, IPC_CREAT | IPC_EXCL | 0600));
	CHECK_ERR(msgget(key, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	CHECK_EQ(msgget(key, 0), id);
	CHECK_EQ(msgget(key, IPC_CREAT | 0600), id);
	CHECK_ERR(msgctl(id, 99, 0), EINVAL);
	CHECK_ERR(msgctl(id, -1, 0), EINVAL);
	CHECK_ERR(msgctl(-1, IPC_RMID, 0), EINVAL);
	CHECK_OK(msgctl(id, IPC_RMID, 0));
	CHECK_ERR(msgctl(id, IPC_RMID, 0), EINVAL);
	CHECK_ERR(put(id, 1, "x", 0), EINVAL);
	CHECK_ERR(msgrcv(id, &in, 1, 0, 0), EINVAL);
}

TEST(stat)
{
	HERE;
	time_t before = time(0);
	int key = ipc_key(2), id = NEED_OK(msgget(key, IPC_CREAT | 0642)), index;
	struct msqid_ds s = queue_stat(id);
	struct msginfo info;
	CHECK_EQ(s.msg_perm.__key, key);
	CHECK_EQ(s.msg_perm.mode, 0642);
	CHECK_EQ(s.msg_perm.uid, geteuid());
	CHECK_EQ(s.msg_perm.cgid, getegid());
	CHECK_EQ(s.msg_qnum, 0);
	CHECK_EQ(s.__msg_cbytes, 0);
	CHECK_EQ(s.msg_qbytes, 16384);
	CHECK_EQ(s.msg_lspid, 0);
	CHECK_EQ(s.msg_lrpid, 0);
	CHECK_EQ(s.msg_stime, 0);
	CHECK_EQ(s.msg_rtime, 0);
	CHECK(s.msg_ctime >= before);
	CHECK_OK(put(id, 3, "four", 0));
	CHECK_OK(put(id, 3, "", 0));
	s = queue_stat(id);
	CHECK_EQ(s.msg_qnum, 2);
	CHECK_EQ(s.__msg_cbytes, 6);
	CHECK_EQ(s.msg_lspid, getpid());
	CHECK(s.msg_stime >= before);
	index = CHECK_OK(msgctl(0, MSG_INFO, (void *)&info));
	CHECK_EQ(index, id & 32767);
	CHECK_EQ(info.msgpool, 1);
	CHECK_EQ(info.msgmap, 2);
	CHECK_EQ(info.msgtql, 6);
	CHECK_EQ(msgctl(0, IPC_INFO, (void *)&info), index);
	CHECK_EQ(info.msgmax, 8192);
	CHECK_EQ(info.msgmnb, 16384);
	CHECK_EQ(info.msgmni, 32000);
	CHECK_EQ(info.msgssz, 16);
	CHECK_EQ(info.msgpool, 512000);
	CHECK_EQ(msgctl(index, MSG_STAT, &s), id);
	CHECK_EQ(msgctl(index, MSG_STAT_ANY, &s), id);
	CHECK_ERR(msgctl(index + 1, MSG_STAT, &s), EINVAL);
	CHECK_STR(take(id, 0, 0), "four");
	s = queue_stat(id);
	CHECK_EQ(s.msg_lrpid, getpid());
	CHECK(s.msg_rtime >= before);
	CHECK_EQ(s.msg_qnum, 1);
	s.msg_qbytes = 100;
	s.msg_perm.mode = 0604;
	s.msg_perm.uid = 77;
	CHECK_OK(msgctl(id, IPC_SET, &s));
	s = queue_stat(id);
	CHECK_EQ(s.msg_qbytes, 100);
	CHECK_EQ(s.msg_perm.mode, 0604);
	CHECK_EQ(s.msg_perm.uid, 77);
	s.msg_qbytes = 1 << 20;
	if (check_field("/proc/self/status", "CapEff", 16) >> 24 & 1) {	/* CAP_SYS_RESOURCE */
		CHECK_OK(msgctl(id, IPC_SET, &s));
		CHECK_EQ(queue_stat(id).msg_qbytes, 1 << 20);
	}
	CHECK_ERR(msgctl(id, IPC_STAT, (void *)8), EFAULT);
	CHECK_ERR(msgctl(id, IPC_SET, (void *)8), EFAULT);
	CHECK_ERR(msgctl(0, IPC_INFO, (void *)8), EFAULT);
}

TEST(types)
{
	HERE;
	int id = queue_new();
	const struct { long type; const char *text; } all[] = {{5, "a"}, {3, "b"}, {7, "c"}, {3, "d"}, {1, "e"}, {9, "f"}};
	for (int i = 0; i < 6; i++)
		CHECK_OK(put(id, all[i].type, all[i].text, 0));
	CHECK_STR(take(id, 3, 0), "b");
	CHECK_EQ(in.type, 3);
	CHECK_STR(take(id, 4, 0), "ENOMSG");
	CHECK_STR(take(id, -2, 0), "e");
	CHECK_STR(take(id, -2, 0), "ENOMSG");
	CHECK_STR(take(id, 5, MSG_EXCEPT), "c");
	CHECK_STR(take(id, -10, 0), "d");
	CHECK_STR(take(id, 0, 0), "a");
	CHECK_STR(take(id, 9, MSG_EXCEPT), "ENOMSG");
	CHECK_STR(take(id, LONG_MIN, 0), "f");
	CHECK_STR(take(id, 0, 0), "ENOMSG");
	CHECK_EQ(queue_stat(id).msg_qnum, 0);
}

TEST(sizes)
{
	HERE;
	int id = queue_new();
	CHECK_ERR(put_bytes(id, 8193, 0), EINVAL);
	CHECK_OK(put_bytes(id, 8192, 0));
	CHECK_OK(put_bytes(id, 8192, 0));
	CHECK_ERR(put_bytes(id, 1, IPC_NOWAIT), EAGAIN);
	CHECK_OK(msgctl(id, IPC_STAT, &(struct msqid_ds){}));
	CHECK_ERR(msgrcv(id, &in, 8191, 0, 0), E2BIG);
	CHECK_EQ(queue_stat(id).msg_qnum, 2);
	CHECK_EQ(msgrcv(id, &in, 100, 0, MSG_NOERROR), 100);
	CHECK_EQ(queue_stat(id).msg_qnum, 1);
	CHECK_EQ(msgrcv(id, &in, sizeof in.text, 0, 0), 8192);
	for (int i = 0; i < 16384; i++)	/* empty ones count by their number */
		if (put_bytes(id, 0, IPC_NOWAIT))
			check_fail("msg.c", __LINE__, "empty message %d", i);
	CHECK_ERR(put_bytes(id, 0, IPC_NOWAIT), EAGAIN);
	CHECK_EQ(msgrcv(id, &in, 0, 0, 0), 0);
}

TEST(errors)
{
	HERE;
	int id = queue_new();
	CHECK_ERR(put(id, 0, "x", 0), EINVAL);
	CHECK_ERR(put(id, -1, "x", 0), EINVAL);
	CHECK_ERR(put(-1, 1, "x", 0), EINVAL);
	CHECK_ERR(msgsnd(id, (void *)8, 1, 0), EFAULT);
	CHECK_ERR(syscall(SYS_msgsnd, id, &out, -1l, 0), EINVAL);
	CHECK_ERR(syscall(SYS_msgrcv, id, &in, -1l, 0, 0), EINVAL);
	CHECK_ERR(msgrcv(-1, &in, 1, 0, 0), EINVAL);
	CHECK_ERR(msgrcv(id, &in, 1, 0, IPC_NOWAIT), ENOMSG);
	CHECK_OK(put(id, 1, "lost", 0));
	CHECK_ERR(msgrcv(id, (void *)8, 10, 0, 0), EFAULT);
	CHECK_EQ(queue_stat(id).msg_qnum, 0);	/* what cannot be stored is gone */
	char *edge = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(edge + PAGE, PAGE);
	*(long *)(edge + PAGE - 8) = 1;
	CHECK_ERR(msgsnd(id, edge + PAGE - 8, 1, 0), EFAULT);
	CHECK_OK(msgsnd(id, edge + PAGE - 8, 0, 0));
}

TEST(copy)
{
	HERE;
	int id = queue_new();
	put(id, 5, "one", 0);
	put(id, 6, "two", 0);
	CHECK_ERR(msgrcv(id, &in, 100, 0, MSG_COPY), EINVAL);
	CHECK_ERR(msgrcv(id, &in, 100, 0, MSG_COPY | MSG_EXCEPT | IPC_NOWAIT), EINVAL);
	if (msgrcv(id, &in, 100, 1, MSG_COPY | IPC_NOWAIT) < 0 && errno == ENOSYS)
		return;	/* a kernel without checkpoint support */
	CHECK_STR(take(id, 1, MSG_COPY), "two");
	CHECK_EQ(in.type, 6);
	CHECK_STR(take(id, 0, MSG_COPY), "one");
	CHECK_STR(take(id, 2, MSG_COPY), "ENOMSG");
	CHECK_ERR(msgrcv(id, &in, 2, 0, MSG_COPY | IPC_NOWAIT), E2BIG);
	CHECK_ERR(msgrcv(id, &in, 2, 0, MSG_COPY | MSG_NOERROR | IPC_NOWAIT), EINVAL);
	CHECK_EQ(queue_stat(id).msg_qnum, 2);
	CHECK_EQ(queue_stat(id).msg_lrpid, 0);
}

TEST(permissions)
{
	HERE;
	int id = NEED_OK(msgget(IPC_PRIVATE, 0640));
	struct msqid_ds s = queue_stat(id);
	s.msg_perm.uid = 1000;
	s.msg_perm.gid = 2000;
	CHECK_OK(msgctl(id, IPC_SET, &s));
	CHECK_OK(put(id, 1, "text", 0));
	IN_CHILD {
		ipc_become(1000, 1);
		CHECK_OK(put(id, 1, "text", 0));
		s.msg_qbytes = 16384;
		CHECK_OK(msgctl(id, IPC_SET, &s));
		s.msg_qbytes++;
		CHECK_ERR(msgctl(id, IPC_SET, &s), EPERM);
	}
	IN_CHILD {
		ipc_become(1001, 2000);
		CHECK_ERR(put(id, 1, "text", IPC_NOWAIT), EACCES);
		CHECK_STR(take(id, 0, 0), "text");
		CHECK_ERR(msgctl(id, IPC_RMID, 0), EPERM);
		CHECK_ERR(msgctl(id, IPC_SET, &s), EPERM);
	}
	IN_CHILD {
		ipc_become(1001, 1);
		CHECK_STR(take(id, 0, 0), "EACCES");
		CHECK_ERR(msgctl(id, IPC_STAT, &s), EACCES);
		CHECK_ERR(msgctl(id & 32767, MSG_STAT, &s), EACCES);
		CHECK_EQ(msgctl(id & 32767, MSG_STAT_ANY, &s), id);
	}
}

static pid_t receiver(int id, size_t size, long type, int flags)
{
	pid_t pid = fork();
	if (pid == 0) {
		ssize_t n = msgrcv(id, &in, size, type, flags);
		_exit(n < 0 ? 100 + errno : in.text[0]);
	}
	CHECK_SOON(check_state(pid) == 'S');
	check_sleep_ms(20);
	return pid;
}

/* A sleeper gets the message that it waits for; one with too small a buffer learns so; the queue stays empty. */
/* Rights in a user namespace are not enough to go beyond the limit. */
TEST(limit_in_a_user_namespace)
{
	struct msqid_ds s;
	struct msginfo limits;
	NEED_OK(unshare(CLONE_NEWUSER | CLONE_NEWIPC));
	int id = NEED_OK(msgget(IPC_PRIVATE, 0600));
	NEED_OK(msgctl(id, IPC_STAT, &s));
	NEED_OK(msgctl(0, IPC_INFO, (struct msqid_ds *)&limits));
	s.msg_qbytes = (unsigned long)limits.msgmnb + 1;
	CHECK_ERR(msgctl(id, IPC_SET, &s), EPERM);
}

TEST(sleeping_receivers)
{
	HERE;
	int id = queue_new();
	pid_t five = receiver(id, 100, 5, 0), small = receiver(id, 1, 0, 0), cut = receiver(id, 1, -3, MSG_NOERROR);
	CHECK_OK(put(id, 5, "five", 0));
	CHECK_WAIT(five, EXITED('f'));
	CHECK_OK(put(id, 2, "two", 0));
	CHECK_WAIT(small, EXITED(100 + E2BIG));
	CHECK_WAIT(cut, EXITED('t'));
	CHECK_EQ(queue_stat(id).msg_qnum, 0);
	CHECK_EQ(queue_stat(id).msg_lrpid, cut);
	pid_t first = receiver(id, 100, 0, 0), second = receiver(id, 100, 0, 0);
	CHECK_OK(put(id, 1, "1", 0));
	CHECK_WAIT(first, EXITED('1'));
	CHECK_OK(put(id, 1, "2", 0));
	CHECK_WAIT(second, EXITED('2'));
}

static pid_t sender(int id, size_t n)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(put_bytes(id, n, 0) ? errno : 0);
	CHECK_SOON(check_state(pid) == 'S');
	check_sleep_ms(20);
	return pid;
}

TEST(sleeping_senders)
{
	HERE;
	int id = queue_new();
	CHECK_OK(put_bytes(id, 8192, 0));
	CHECK_OK(put_bytes(id, 8192, 0));
	pid_t a = sender(id, 8000), b = sender(id, 192);
	CHECK_EQ(msgrcv(id, &in, 8192, 0, 0), 8192);
	CHECK_WAIT(a, EXITED(0));
	CHECK_WAIT(b, EXITED(0));
	CHECK_EQ(queue_stat(id).msg_qnum, 3);
	CHECK_EQ(msgrcv(id, &in, 8192, 0, 0), 8192);
	CHECK_EQ(msgrcv(id, &in, 8192, 0, 0), 8000);
	CHECK_EQ(msgrcv(id, &in, 8192, 0, 0), 192);
	/* room by IPC_SET */
	struct msqid_ds s = queue_stat(id);
	s.msg_qbytes = 10;
	CHECK_OK(msgctl(id, IPC_SET, &s));
	a = sender(id, 11);
	s.msg_qbytes = 11;
	CHECK_OK(msgctl(id, IPC_SET, &s));
	CHECK_WAIT(a, EXITED(0));
}

TEST(removed)
{
	HERE;
	int id = queue_new();
	pid_t r = receiver(id, 100, 0, 0);
	CHECK_OK(msgctl(id, IPC_RMID, 0));
	CHECK_WAIT(r, EXITED(100 + EIDRM));
	id = queue_new();
	put_bytes(id, 8192, 0);
	put_bytes(id, 8192, 0);
	pid_t s = sender(id, 1);
	CHECK_OK(msgctl(id, IPC_RMID, 0));
	CHECK_WAIT(s, EXITED(EIDRM));
}

/* The right goes while one sleeps. */
TEST(right_lost)
{
	HERE;
	int id = NEED_OK(msgget(IPC_PRIVATE, 0666));
	pid_t pid = fork();
	if (pid == 0) {
		ipc_become(1000, 1000);
		_exit(msgrcv(id, &in, 100, 0, 0) < 0 ? errno : 0);
	}
	CHECK_SOON(check_state(pid) == 'S');
	check_sleep_ms(20);
	struct msqid_ds s = queue_stat(id);
	s.msg_perm.mode = 0600;
	CHECK_OK(msgctl(id, IPC_SET, &s));
	CHECK_WAIT(pid, EXITED(EACCES));
}

static void on_signal(int sig) { }

/* A handler ends the sleep for good; a stop does not. */
TEST(interrupted)
{
	HERE;
	int id = queue_new();
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_signal, .sa_flags = SA_RESTART}, 0);
			_exit(msgrcv(id, &in, 100, 0, 0) < 0 ? errno : in.text[0]);
		}
		CHECK_SOON(check_state(pid) == 'S');
		check_sleep_ms(20);
		if (i == 0) {
			kill(pid, SIGUSR1);
			CHECK_WAIT(pid, EXITED(EINTR));
			continue;
		}
		kill(pid, SIGSTOP);
		CHECK_SOON(check_state(pid) == 'T');
		kill(pid, SIGCONT);
		CHECK_OK(put(id, 1, "w", 0));
		CHECK_WAIT(pid, EXITED('w'));
	}
	put_bytes(id, 8192, 0);
	put_bytes(id, 8192, 0);
	pid_t pid = fork();
	if (pid == 0) {
		sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_signal, .sa_flags = SA_RESTART}, 0);
		_exit(put_bytes(id, 1, 0) < 0 ? errno : 0);
	}
	CHECK_SOON(check_state(pid) == 'S');
	check_sleep_ms(20);
	kill(pid, SIGUSR1);
	CHECK_WAIT(pid, EXITED(EINTR));
}

/* Many senders and receivers: every message comes once. */
TEST(all_arrive)
{
	HERE;
	enum { PAIRS = 3 };
	int id = queue_new();
	long each = check_scale(300);
	volatile long *sum = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[2 * PAIRS];
	for (int i = 0; i < 2 * PAIRS; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		struct { long type; long number; char fill[600]; } m = {.type = 1 + i % PAIRS};
		for (long k = 1; k <= each; k++) {
			m.number = k;
			if (i < PAIRS ? msgsnd(id, &m, sizeof m - 8, 0) : msgrcv(id, &m, sizeof m - 8, 1 + i % PAIRS, 0) < 0)
				_exit(1);
			if (i >= PAIRS && m.number != k)
				_exit(2);
			if (i >= PAIRS)
				__atomic_add_fetch(sum, m.number, __ATOMIC_RELAXED);
		}
		_exit(0);
	}
	for (int i = 0; i < 2 * PAIRS; i++)
		CHECK_WAIT(pids[i], EXITED(0));
	CHECK_EQ(*sum, PAIRS * each * (each + 1) / 2);
	CHECK_EQ(queue_stat(id).msg_qnum, 0);
}
