/* Resource limits: getrlimit(2), setrlimit(2), prlimit(2), and what each of them stops. */
#include "check.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static void set(int what, unsigned long soft, unsigned long hard)
{
	CHECK_OK(setrlimit(what, &(struct rlimit){soft, hard}));
}

static void drop(void)
{
	CHECK_OK(setgid(1234));
	CHECK_OK(setuid(1234));
}

TEST(get_and_set)
{
	struct rlimit now;
	set(RLIMIT_NOFILE, 100, 200);
	CHECK_OK(getrlimit(RLIMIT_NOFILE, &now));
	CHECK_EQ(now.rlim_cur, 100);
	CHECK_EQ(now.rlim_max, 200);
	CHECK_ERR(setrlimit(RLIMIT_NOFILE, &(struct rlimit){300, 200}), EINVAL);
	CHECK_ERR(getrlimit(99, &now), EINVAL);
	CHECK_ERR(setrlimit(99, &now), EINVAL);
	CHECK_ERR(setrlimit(RLIMIT_NOFILE, &(struct rlimit){100, 2000000000}), EPERM);
	IN_CHILD {
		CHECK_OK(getrlimit(RLIMIT_NOFILE, &now));
		CHECK_EQ(now.rlim_max, 200);
		drop();
		CHECK_OK(setrlimit(RLIMIT_NOFILE, &(struct rlimit){150, 150}));
		CHECK_ERR(setrlimit(RLIMIT_NOFILE, &(struct rlimit){150, 200}), EPERM);
	}
}

TEST(of_another_process)
{
	struct rlimit old, want = {50, 60};
	pid_t pid = check_sleeper();
	CHECK_OK(prlimit(pid, RLIMIT_NOFILE, &want, &old));
	CHECK_OK(prlimit(pid, RLIMIT_NOFILE, 0, &old));
	CHECK_EQ(old.rlim_cur, 50);
	CHECK_OK(prlimit(0, RLIMIT_NOFILE, 0, &old));
	CHECK(old.rlim_cur != 50);
	IN_CHILD {
		drop();
		CHECK_ERR(prlimit(pid, RLIMIT_NOFILE, 0, &old), EPERM);
	}
	check_reap(pid);
	CHECK_ERR(prlimit(pid, RLIMIT_NOFILE, 0, &old), ESRCH);
}

TEST(processes)
{
	IN_CHILD {
		set(RLIMIT_NPROC, 5, 5);
		CHECK_OK(setgid(54321));
		CHECK_OK(setuid(54321)); /* nobody else has this id: we are its only process */
		pid_t pids[8];
		int n = 0;
		while (n < 8 && (pids[n] = fork()) > 0)
			n++;
		if (n < 8 && pids[n] == 0)
			for (;;)
				pause();
		CHECK_EQ(errno, EAGAIN);
		CHECK_EQ(n, 4);
		CHECK_ERR(vfork(), EAGAIN);
		check_reap(pids[--n]);
		pids[n] = check_sleeper();
		CHECK(pids[n] > 0);
		while (n >= 0)
			check_reap(pids[n--]);
	}
	IN_CHILD { /* root is not bound by it */
		set(RLIMIT_NPROC, 1, 1);
		pid_t pid = check_sleeper();
		CHECK(pid > 0);
		check_reap(pid);
	}
}

TEST(address_space)
{
	IN_CHILD {
		long now = check_field("/proc/self/status", "VmSize", 10) * 1024;
		set(RLIMIT_AS, now + (4 << 20), now + (4 << 20));
		char *at = mmap(0, 2 << 20, RW, ANON, -1, 0);
		CHECK(at != MAP_FAILED);
		CHECK_ERR((long)mmap(0, 4 << 20, RW, ANON, -1, 0), ENOMEM);
		CHECK_ERR((long)mremap(at, 2 << 20, 8 << 20, MREMAP_MAYMOVE), ENOMEM);
		CHECK_OK(munmap(at, 2 << 20));
		CHECK(mmap(0, 3 << 20, RW, ANON, -1, 0) != MAP_FAILED);
		IN_CHILD {
			CHECK_ERR((long)mmap(0, 4 << 20, PROT_NONE, ANON, -1, 0), ENOMEM);
		}
	}
}

TEST(data)
{
	IN_CHILD {
		set(RLIMIT_DATA, 8 << 20, 8 << 20);
		char *at = mmap(0, 4 << 20, RW, ANON, -1, 0);
		CHECK(at != MAP_FAILED);
		CHECK_ERR((long)mmap(0, 8 << 20, RW, ANON, -1, 0), ENOMEM);
		CHECK(mmap(0, 64 << 20, PROT_READ, ANON, -1, 0) != MAP_FAILED);
		CHECK(mmap(0, 64 << 20, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
	}
}

static volatile int signals;

static void counts(int sig)
{
	signals++;
}

TEST(file_size)
{
	static char block[8192];
	check_scratch();
	set(RLIMIT_FSIZE, 5000, 5000);
	int fd = NEED_OK(open("f", O_RDWR | O_CREAT, 0644));
	CHECK_EQ(write(fd, block, sizeof block), 5000);
	signal(SIGXFSZ, counts);
	CHECK_ERR(write(fd, "x", 1), EFBIG);
	CHECK_EQ(signals, 1);
	CHECK_ERR(ftruncate(fd, 6000), EFBIG);
	CHECK_EQ(signals, 2);
	CHECK_OK(ftruncate(fd, 4000));
	CHECK_EQ(pwrite(fd, block, 100, 4000), 100);
	IN_CHILD_ENDS(KILLED(SIGXFSZ)) {
		signal(SIGXFSZ, SIG_DFL);
		(void)!pwrite(fd, block, 100, 5000);
	}
	/* Pipes and devices have no size. */
	int ends[2];
	NEED_OK(pipe(ends));
	CHECK_EQ(write(ends[1], block, 8192), 8192);
}

TEST(cpu_time)
{
	if (check_scale(100) < 100)
		return;
	IN_CHILD_ENDS(KILLED(SIGXCPU)) {
		set(RLIMIT_CPU, 1, 5);
		for (;;)
			;
	}
}

TEST(stack)
{
	IN_CHILD {
		struct rlimit now;
		set(RLIMIT_STACK, 1 << 20, 2 << 20);
		CHECK_OK(getrlimit(RLIMIT_STACK, &now));
		CHECK_EQ(now.rlim_cur, 1 << 20);
		volatile char here = 0, *at = &here - (900 << 10);
		*at = 1;
	}
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		set(RLIMIT_STACK, 1 << 20, 2 << 20);
		volatile char here = 0, *at = &here - (1100 << 10);
		*at = 1;
	}
}

TEST(core_size_zero_leaves_no_core)
{
	check_scratch();
	set(RLIMIT_CORE, 0, 0);
	pid_t pid = fork();
	if (pid == 0)
		abort();
	int status = 0;
	waitpid(pid, &status, 0);
	CHECK(WIFSIGNALED(status) && !WCOREDUMP(status));
	CHECK_ERR(access("core", F_OK), ENOENT);
}
