/* /proc/sysvipc: one line an object, as proc(5) and ipcs(1) have them. */
#include "ipc.h"

static char text[65536];

static const char *line_of(const char *path, int id)
{
	char want[32];
	snprintf(want, sizeof want, " %10d  ", id);
	CHECK(check_slurp(path, text, sizeof text) > 0);
	char *at = strstr(text, want);
	if (!at)
		return "";
	while (at > text && at[-1] != '\n')
		at--;
	at[strcspn(at, "\n")] = 0;
	return at;
}

static void heading_is(const char *path, const char *want)
{
	CHECK(check_slurp(path, text, sizeof text) > 0);
	text[strcspn(text, "\n")] = 0;
	CHECK_STR(text, want);
}

TEST(sem)
{
	ipc_own_world();
	heading_is("/proc/sysvipc/sem", "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime");
	int id = NEED_OK(semget(99, 3, IPC_CREAT | 0640));
	struct semid_ds s;
	char want[200];
	ipc_semop(id, 0, 1, 0);
	semctl(id, 0, IPC_STAT, (union semarg){.buf = &s});
	snprintf(want, sizeof want, "%10d %10d  %4o %10u %5u %5u %5u %5u %10ld %10ld", 99, id, 0640, 3, 0, 0, 0, 0, (long)s.sem_otime,
		 (long)s.sem_ctime);
	CHECK_STR(line_of("/proc/sysvipc/sem", id), want);
}

TEST(msg)
{
	ipc_own_world();
	heading_is("/proc/sysvipc/msg", "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime");
	int id = NEED_OK(msgget(-5, IPC_CREAT | 0604));
	struct { long type; char bytes[5]; } m = {1, "five"};
	struct msqid_ds s;
	char want[200];
	NEED_OK(msgsnd(id, &m, 5, 0));
	msgctl(id, IPC_STAT, &s);
	snprintf(want, sizeof want, "%10d %10d  %4o  %10u %10u %5u %5u %5u %5u %5u %5u %10ld %10ld %10ld", -5, id, 0604, 5, 1, getpid(), 0,
		 0, 0, 0, 0, (long)s.msg_stime, 0l, (long)s.msg_ctime);
	CHECK_STR(line_of("/proc/sysvipc/msg", id), want);
}

TEST(shm)
{
	ipc_own_world();
	heading_is("/proc/sysvipc/shm", "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime"
		   "                   rss                  swap");
	int id = NEED_OK(shmget(IPC_PRIVATE, 10000, 0600));
	struct shmid_ds s;
	char want[300], *p = shmat(id, 0, 0);
	p[0] = 1;
	shmctl(id, IPC_STAT, &s);
	snprintf(want, sizeof want, "%10d %10d  %4o %21lu %5u %5u  %5lu %5u %5u %5u %5u %10ld %10ld %10ld %21lu %21lu", 0, id, 0600, 10000ul,
		 getpid(), getpid(), 1ul, 0, 0, 0, 0, (long)s.shm_atime, 0l, (long)s.shm_ctime, PAGE, 0ul);
	CHECK_STR(line_of("/proc/sysvipc/shm", id), want);
}
