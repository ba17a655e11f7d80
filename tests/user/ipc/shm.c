/* System V shared memory: shmget, shmat, shmdt, shmctl; over fork, exec and exit. */
#include "ipc.h"

#define HERE ipc_own_world()
#define NOT_MAPPED ((void *)-1)

static int shm_new(size_t size) { return NEED_OK(shmget(IPC_PRIVATE, size, 0600)); }
static char *attach(int id, void *at, int flags)
{
	char *p = shmat(id, at, flags);
	if (p == NOT_MAPPED) {
		check_fail("shm.c", __LINE__, "shmat(%d) errno %d", id, errno);
		_exit(1);
	}
	return p;
}
static struct shmid_ds shm_stat(int id)
{
	struct shmid_ds s;
	memset(&s, 0xff, sizeof s);
	CHECK_OK(shmctl(id, IPC_STAT, &s));
	return s;
}
static long attached(int id) { return shm_stat(id).shm_nattch; }

TEST(get)
{
	HERE;
	int key = ipc_key(1), id;
	CHECK_ERR(shmget(key, PAGE, 0600), ENOENT);
	CHECK_ERR(shmget(key, 0, IPC_CREAT | 0600), EINVAL);
	CHECK_ERR(shmget(IPC_PRIVATE, 0, 0600), EINVAL);
	id = NEED_OK(shmget(key, 5000, IPC_CREAT | IPC_EXCL | 0600));
	CHECK_ERR(shmget(key, 5000, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	CHECK_EQ(shmget(key, 0, 0), id);
	CHECK_EQ(shmget(key, 5000, IPC_CREAT), id);
	CHECK_ERR(shmget(key, 5001, 0), EINVAL);
	CHECK_ERR(shmctl(id, 99, 0), EINVAL);
	CHECK_ERR(shmctl(-1, IPC_RMID, 0), EINVAL);
	CHECK_OK(shmctl(id, IPC_RMID, 0));
	CHECK_ERR(shmctl(id, IPC_RMID, 0), EINVAL);
	CHECK_ERR(shmget(key, 0, 0), ENOENT);
	CHECK_EQ((long)shmat(id, 0, 0), -1);
	CHECK_EQ(errno, EINVAL);
}

TEST(stat)
{
	HERE;
	time_t before = time(0);
	int key = ipc_key(2), id = NEED_OK(shmget(key, 5000, IPC_CREAT | 0642)), index;
	struct shmid_ds s = shm_stat(id);
	struct shminfo limits;
	struct shm_info use;
	CHECK_EQ(s.shm_segsz, 5000);
	CHECK_EQ(s.shm_perm.__key, key);
	CHECK_EQ(s.shm_perm.mode, 0642);
	CHECK_EQ(s.shm_perm.uid, geteuid());
	CHECK_EQ(s.shm_perm.cgid, getegid());
	CHECK_EQ(s.shm_cpid, getpid());
	CHECK_EQ(s.shm_lpid, 0);
	CHECK_EQ(s.shm_nattch, 0);
	CHECK_EQ(s.shm_atime, 0);
	CHECK_EQ(s.shm_dtime, 0);
	CHECK(s.shm_ctime >= before && s.shm_ctime <= time(0));
	char *p = attach(id, 0, 0);
	s = shm_stat(id);
	CHECK(s.shm_atime >= before);
	CHECK_EQ(s.shm_lpid, getpid());
	CHECK_EQ(s.shm_nattch, 1);
	p[0] = 1;
	p[PAGE] = 1;
	index = CHECK_OK(shmctl(0, SHM_INFO, (void *)&use));
	CHECK_EQ(index, id & 32767);
	CHECK_EQ(use.used_ids, 1);
	CHECK_EQ(use.shm_tot, 2);
	CHECK_EQ(use.shm_rss, 2);
	CHECK_EQ(use.shm_swp, 0);
	CHECK_EQ(shmctl(index, SHM_STAT, &s), id);
	CHECK_EQ(shmctl(index, SHM_STAT_ANY, &s), id);
	CHECK_EQ(s.shm_nattch, 1);
	CHECK_ERR(shmctl(index + 1, SHM_STAT, &s), EINVAL);
	CHECK_EQ(shmctl(0, IPC_INFO, (void *)&limits), index);
	CHECK_EQ(limits.shmmni, 4096);
	CHECK_EQ(limits.shmmin, 1);
	CHECK_EQ(limits.shmmax, -1ul - (1ul << 24));
	CHECK_EQ(limits.shmall, -1ul - (1ul << 24));
	CHECK_OK(shmdt(p));
	s = shm_stat(id);
	CHECK_EQ(s.shm_nattch, 0);
	CHECK(s.shm_dtime >= before);
	s.shm_perm.mode = 0604;
	s.shm_perm.uid = 77;
	CHECK_OK(shmctl(id, IPC_SET, &s));
	s = shm_stat(id);
	CHECK_EQ(s.shm_perm.mode, 0604);
	CHECK_EQ(s.shm_perm.uid, 77);
	CHECK_ERR(shmctl(id, IPC_STAT, (void *)8), EFAULT);
	CHECK_ERR(shmctl(id, IPC_SET, (void *)8), EFAULT);
	CHECK_ERR(shmctl(0, SHM_INFO, (void *)8), EFAULT);
	CHECK_ERR(shmctl(0, IPC_INFO, (void *)8), EFAULT);
}

TEST(attach)
{
	HERE;
	int id = shm_new(3 * PAGE);
	char *a = attach(id, 0, 0), *b = attach(id, 0, SHM_RDONLY), *room;
	for (int i = 0; i < 3; i++)
		CHECK_EQ(a[i * PAGE], 0);
	strcpy(a + PAGE, "text");
	CHECK_STR(b + PAGE, "text");
	CHECK_EQ(attached(id), 2);
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		*(volatile char *)b = 1;
	}
	CHECK_ERR(mprotect(b, PAGE, PROT_READ | PROT_WRITE), EACCES);
	CHECK_ERR(shmdt(a + 1), EINVAL);
	CHECK_ERR(shmdt(a + PAGE), EINVAL);
	CHECK_ERR(shmdt(0), EINVAL);
	CHECK_OK(shmdt(b));
	CHECK_ERR(shmdt(b), EINVAL);
	room = mmap(0, 8 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK_EQ((long)shmat(id, room, 0), -1);
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ((long)shmat(id, room + 100, 0), -1);
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ((long)shmat(id, 0, SHM_REMAP), -1);
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ((long)shmat(id, (void *)100, SHM_REMAP | SHM_RND), -1);
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ((long)shmat(-1, 0, 0), -1);
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ((long)shmat(id + 1, 0, 0), -1);
	CHECK_EQ(errno, EINVAL);
	CHECK(attach(id, room + PAGE + 5, SHM_RND | SHM_REMAP) == room + PAGE);
	CHECK_STR(room + 2 * PAGE, "text");
	CHECK_OK(shmdt(room + PAGE));
	CHECK_ERR(msync(room + PAGE, PAGE, MS_ASYNC), ENOMEM);
	CHECK_OK(msync(room, PAGE, MS_ASYNC));
	CHECK(attach(id, room + PAGE, 0) == room + PAGE);
	CHECK_EQ(attached(id), 2);
}

/* An address that is rounded down to 0 is a wish for that very place, not for any. */
TEST(rounded_to_nothing)
{
	HERE;
	int id = shm_new(PAGE);
	IN_CHILD {
		struct shmid_ds s = shm_stat(id);
		s.shm_perm.uid = 1000;
		NEED_OK(shmctl(id, IPC_SET, &s));
		ipc_become(1000, 1000);
		CHECK_EQ((long)shmat(id, (void *)100, SHM_RND), -1);
		CHECK_EQ(errno, EPERM);
	}
	CHECK_EQ(attached(id), 0);
}

TEST(exec_right)
{
	HERE;
	int id = NEED_OK(shmget(IPC_PRIVATE, PAGE, 0700));
	unsigned char *p = (void *)attach(id, 0, SHM_EXEC);
	memcpy(p, "\xb8\x07\0\0\0\xc3", 6);	/* return 7 */
	CHECK_EQ(((int (*)(void))p)(), 7);
	struct shmid_ds s = shm_stat(id);
	s.shm_perm.uid = 1000;
	s.shm_perm.mode = 0600;
	CHECK_OK(shmctl(id, IPC_SET, &s));
	IN_CHILD {
		ipc_become(1000, 1000);
		CHECK_EQ((long)shmat(id, 0, SHM_EXEC), -1);
		CHECK_EQ(errno, EACCES);
		CHECK(shmat(id, 0, 0) != NOT_MAPPED);
	}
}

TEST(permissions)
{
	HERE;
	int id = NEED_OK(shmget(IPC_PRIVATE, PAGE, 0640));
	struct shmid_ds s = shm_stat(id);
	s.shm_perm.uid = 1000;
	s.shm_perm.gid = 2000;
	CHECK_OK(shmctl(id, IPC_SET, &s));
	IN_CHILD {
		ipc_become(1000, 99);
		CHECK(shmat(id, 0, 0) != NOT_MAPPED);
		CHECK_OK(shmctl(id, SHM_LOCK, 0));
		CHECK(shm_stat(id).shm_perm.mode & SHM_LOCKED);
		CHECK_OK(shmctl(id, SHM_UNLOCK, 0));
		setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){0, 0});
		CHECK_ERR(shmctl(id, SHM_LOCK, 0), EPERM);
		CHECK_OK(shmctl(id, SHM_UNLOCK, 0));
	}
	IN_CHILD {
		ipc_become(1001, 2000);
		CHECK_EQ((long)shmat(id, 0, 0), -1);
		CHECK_EQ(errno, EACCES);
		CHECK(shmat(id, 0, SHM_RDONLY) != NOT_MAPPED);
		CHECK_ERR(shmctl(id, IPC_RMID, 0), EPERM);
		CHECK_ERR(shmctl(id, IPC_SET, &s), EPERM);
		CHECK_ERR(shmctl(id, SHM_LOCK, 0), EPERM);
		CHECK_ERR(shmctl(id, SHM_UNLOCK, 0), EPERM);
		CHECK_OK(shmctl(id, IPC_STAT, &s));
	}
	IN_CHILD {
		ipc_become(1001, 99);
		CHECK_EQ((long)shmat(id, 0, SHM_RDONLY), -1);
		CHECK_EQ(errno, EACCES);
		CHECK_ERR(shmctl(id, IPC_STAT, &s), EACCES);
		CHECK_ERR(shmctl(id & 32767, SHM_STAT, &s), EACCES);
		CHECK_EQ(shmctl(id & 32767, SHM_STAT_ANY, &s), id);
	}
}

/* A child has what its parent has; each end is one attachment less. */
/* More pages than a number of 32 bits holds are not none. */
TEST(lock_of_a_giant)
{
	HERE;
	struct shmid_ds s;
	int id = NEED_OK(shmget(IPC_PRIVATE, 1ul << 44, 0600 | SHM_NORESERVE));
	s = shm_stat(id);
	s.shm_perm.uid = 1000;
	NEED_OK(shmctl(id, IPC_SET, &s));
	IN_CHILD {
		NEED_OK(setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){PAGE, PAGE}));
		ipc_become(1000, 1000);
		CHECK_ERR(shmctl(id, SHM_LOCK, 0), ENOMEM);
		CHECK(!(shm_stat(id).shm_perm.mode & SHM_LOCKED));
	}
}

TEST(fork)
{
	HERE;
	int id = shm_new(2 * PAGE), pipes[2];
	char *p = attach(id, 0, 0), c;
	NEED_OK(pipe(pipes));
	pid_t pids[3];
	for (int i = 0; i < 3; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			p[i] = 'a' + i;
			_exit(read(pipes[0], &c, 1) == 1 ? 0 : 1);
		}
	}
	CHECK_SOON(p[0] == 'a' && p[1] == 'b' && p[2] == 'c');
	CHECK_EQ(attached(id), 4);
	CHECK_OK(shmdt(p));
	CHECK_EQ(attached(id), 3);
	for (int i = 3; i-- > 0;) {
		CHECK_EQ(write(pipes[1], "", 1), 1);
		CHECK_EQ(waitpid(-1, 0, 0) > 0, 1);
		CHECK_EQ(attached(id), i);
	}
	CHECK(shm_stat(id).shm_lpid != getpid());
	p = attach(id, 0, 0);
	CHECK_EQ(p[2], 'c');
	pid_t pid = fork();
	if (pid == 0)
		_exit(attached(id) == 2 && shmdt(p) == 0 && attached(id) == 1 ? 0 : 1);
	CHECK_WAIT(pid, EXITED(0));
	CHECK_EQ(attached(id), 1);
	CHECK_EQ(shm_stat(id).shm_lpid, pid);
}

HELPER(after_exec)
{
	int id = atoi(argv[2]);
	struct shmid_ds s;
	return shmctl(id, IPC_STAT, &s) || s.shm_nattch != 1 ? 1 : 7;
}

TEST(exec)
{
	HERE;
	int id = shm_new(PAGE);
	char text[16];
	snprintf(text, sizeof text, "%d", id);
	attach(id, 0, 0);
	pid_t pid = fork();
	if (pid == 0) {
		execl(check_self, check_self, "@after_exec", text, (char *)0);
		_exit(99);
	}
	CHECK_WAIT(pid, EXITED(7));
	CHECK_EQ(attached(id), 1);
}

/* Removed while attached: nobody finds it by key, it stays by id, and goes with the last. */
TEST(removed_while_attached)
{
	HERE;
	int key = ipc_key(3), id = NEED_OK(shmget(key, PAGE, IPC_CREAT | 0600)), pipes[2];
	char *p = attach(id, 0, 0), c;
	NEED_OK(pipe(pipes));
	strcpy(p, "still here");
	pid_t pid = fork();
	if (pid == 0)
		_exit(read(pipes[0], &c, 1) == 1 && !strcmp(p, "still here") ? 0 : 1);
	CHECK_OK(shmctl(id, IPC_RMID, 0));
	CHECK_ERR(shmget(key, 0, 0), ENOENT);
	struct shmid_ds s = shm_stat(id);
	CHECK_EQ(s.shm_perm.mode, 0600 | SHM_DEST);
	CHECK_EQ(s.shm_perm.__key, 0);
	CHECK_EQ(s.shm_nattch, 2);
	char *again = attach(id, 0, 0);
	CHECK_STR(again, "still here");
	CHECK_OK(shmctl(id, IPC_RMID, 0));
	CHECK_OK(shmdt(again));
	CHECK_OK(shmdt(p));
	CHECK_EQ(attached(id), 1);
	CHECK_EQ(write(pipes[1], "", 1), 1);
	CHECK_WAIT(pid, EXITED(0));
	CHECK_ERR(shmctl(id, IPC_STAT, &s), EINVAL);
}

/* What is cut up by munmap and mprotect is one attachment to shmdt. */
TEST(pieces)
{
	HERE;
	int id = shm_new(6 * PAGE);
	char *p = attach(id, 0, 0);
	CHECK_OK(mprotect(p + PAGE, PAGE, PROT_READ));
	CHECK_EQ(attached(id), 3);
	CHECK_OK(munmap(p + 4 * PAGE, PAGE));
	CHECK_EQ(attached(id), 4);
	CHECK_OK(munmap(p, PAGE));
	CHECK_EQ(attached(id), 3);
	CHECK_OK(shmdt(p));
	CHECK_EQ(attached(id), 0);
	for (int i = 0; i < 6; i++)
		CHECK_ERR(msync(p + i * PAGE, PAGE, MS_ASYNC), ENOMEM);
}

TEST(maps)
{
	HERE;
	int key = 0x1234, id = NEED_OK(shmget(key, PAGE, IPC_CREAT | 0600));
	static char text[65536];
	char *p = attach(id, 0, 0), start[64], *line, name[64] = "";
	unsigned long inode = 0;
	snprintf(start, sizeof start, "%08lx-%08lx rw-s 00000000", (unsigned long)p, (unsigned long)p + PAGE);
	CHECK(check_slurp("/proc/self/maps", text, sizeof text) > 0);
	line = strstr(text, start);
	CHECK(line);
	if (line)
		sscanf(line, "%*s %*s %*s %*s %lu %63[^\n]", &inode, name);
	CHECK_EQ(inode, id);
	CHECK_STR(name, "/SYSV00001234 (deleted)");
}

/* Pages reach all who are attached, whoever forked when; beyond the end there is nothing. */
TEST(contents)
{
	HERE;
	int id = shm_new(64 * PAGE);
	volatile unsigned char *p = (void *)attach(id, 0, 0);
	for (int i = 0; i < 64; i += 3)
		p[i * PAGE] = i;
	IN_CHILD {
		for (int i = 0; i < 64; i++)
			CHECK_EQ(p[i * PAGE], i % 3 ? 0 : i);
		for (int i = 0; i < 64; i++)
			p[i * PAGE + 1] = 100 + i;
	}
	for (int i = 0; i < 64; i++)
		CHECK_EQ(p[i * PAGE + 1], 100 + i);
	volatile unsigned char *q = (void *)attach(id, 0, 0);
	for (int i = 0; i < 64; i++)
		CHECK_EQ(q[i * PAGE + 1], 100 + i);
}

TEST(huge)
{
	HERE;
	CHECK_ERR(shmget(IPC_PRIVATE, 2 << 20, SHM_HUGETLB | (20 << 26) | 0600), EINVAL);
}

/* Attach, fork, detach, remove and look, all at once. */
TEST(race)
{
	HERE;
	for (long r = 0; r < check_scale(15); r++) {
		int id = shm_new(4 * PAGE);
		pid_t pids[4];
		for (int i = 0; i < 4; i++) {
			pids[i] = fork();
			if (pids[i])
				continue;
			for (int k = 0; k < 10; k++) {
				struct shmid_ds s;
				char *p = shmat(id, 0, 0);
				if (p == NOT_MAPPED)
					_exit(errno == EINVAL || errno == EIDRM ? 0 : 1);
				p[i * 8]++;
				if (i == 0)
					shmctl(id, IPC_STAT, &s);
				if (i == 3 && k == 5)
					shmctl(id, IPC_RMID, 0);
				pid_t child = fork();
				if (child == 0)
					_exit(p[i * 8] ? 0 : 1);
				if (k & 1)
					shmdt(p);
				int status;
				if (waitpid(child, &status, 0) != child || status)
					_exit(2);
			}
			_exit(0);
		}
		for (int i = 0; i < 4; i++)
			CHECK_WAIT(pids[i], EXITED(0));
		CHECK_ERR(shmctl(id, IPC_RMID, 0), EINVAL);
	}
}
