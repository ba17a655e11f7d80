/* Each CLONE flag shares its room; without it the room is a copy. */
#include "clone.h"

static volatile int word;
static int some_fd;
static char *child_stack;

static long run(unsigned long flags, int (*fn)(void *), void *arg)
{
	if (!child_stack)
		child_stack = clone_stack();
	return clone_call(flags | SIGCHLD, CLONE_TOP(child_stack), 0, 0, 0, fn, arg);
}

static int writes_word(void *arg)
{
	word = 2;
	return 0;
}

TEST(vm)
{
	word = 1;
	CHECK_WAIT(run(0, writes_word, 0), EXITED(0));
	CHECK_EQ(word, 1);
	CHECK_WAIT(run(CLONE_VM, writes_word, 0), EXITED(0));
	CHECK_EQ(word, 2);
}

static int maps_a_page(void *arg)
{
	long at = RAW(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*(volatile int *)at = 5;
	*(volatile long *)arg = at;
	return 0;
}

TEST(vm_maps)
{
	volatile long *where = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK_WAIT(run(CLONE_VM, maps_a_page, (void *)where), EXITED(0));
	CHECK_EQ(*(volatile int *)*where, 5);
	CHECK_OK(munmap((void *)*where, PAGE));
	CHECK_WAIT(run(0, maps_a_page, (void *)where), EXITED(0));
	CHECK_ERR(msync((void *)*where, PAGE, MS_ASYNC), ENOMEM);
}

static int changes_fs(void *arg)
{
	RAW(SYS_chdir, "/");
	RAW(SYS_umask, 0);
	return 0;
}

TEST(fs)
{
	char now[256];
	const char *scratch = check_scratch();
	umask(077);
	CHECK_WAIT(run(0, changes_fs, 0), EXITED(0));
	CHECK_STR(getcwd(now, sizeof now), scratch);
	CHECK_EQ(umask(077), 077);
	CHECK_WAIT(run(CLONE_FS, changes_fs, 0), EXITED(0));
	CHECK_STR(getcwd(now, sizeof now), "/");
	CHECK_EQ(umask(022), 0);
}

static int closes_fd(void *arg)
{
	return RAW(SYS_close, some_fd) ? 1 : 0;
}

static int opens_fd(void *arg)
{
	return RAW(SYS_open, "/dev/null", O_RDONLY) == some_fd ? 0 : 1;
}

TEST(files)
{
	some_fd = NEED_OK(open("/dev/null", O_RDONLY));
	CHECK_WAIT(run(0, closes_fd, 0), EXITED(0));
	CHECK_OK(fcntl(some_fd, F_GETFD));
	CHECK_WAIT(run(CLONE_FILES, closes_fd, 0), EXITED(0));
	CHECK_ERR(fcntl(some_fd, F_GETFD), EBADF);
	CHECK_WAIT(run(CLONE_FILES, opens_fd, 0), EXITED(0));
	CHECK_OK(fcntl(some_fd, F_GETFD));
}

static void nothing(int sig)
{
}

static int ignores_usr1(void *arg)
{
	struct {
		void *handler;
		unsigned long flags, restorer, mask;
	} act = {(void *)SIG_IGN, 0, 0, 0};
	return RAW(SYS_rt_sigaction, SIGUSR1, &act, 0, 8) ? 1 : 0;
}

TEST(sighand)
{
	struct sigaction now;
	signal(SIGUSR1, nothing);
	CHECK_WAIT(run(0, ignores_usr1, 0), EXITED(0));
	sigaction(SIGUSR1, 0, &now);
	CHECK(now.sa_handler == nothing);
	CHECK_WAIT(run(CLONE_VM, ignores_usr1, 0), EXITED(0));
	sigaction(SIGUSR1, 0, &now);
	CHECK(now.sa_handler == nothing);
	CHECK_WAIT(run(CLONE_VM | CLONE_SIGHAND, ignores_usr1, 0), EXITED(0));
	sigaction(SIGUSR1, 0, &now);
	CHECK(now.sa_handler == SIG_IGN);
}

static int blocks_usr1(void *arg)
{
	unsigned long mask = 1ul << (SIGUSR1 - 1), pending = 0;
	RAW(SYS_rt_sigprocmask, SIG_BLOCK, &mask, 0, 8);
	RAW(SYS_kill, RAW(SYS_getpid), SIGUSR1);
	RAW(SYS_rt_sigpending, &pending, 8);
	return pending & mask ? 0 : 1;
}

/* Shared actions do not make a shared mask or shared pending signals. */
TEST(sighand_leaves_mask_and_pending_apart)
{
	sigset_t set;
	signal(SIGUSR1, SIG_DFL);
	CHECK_WAIT(run(CLONE_VM | CLONE_SIGHAND, blocks_usr1, 0), EXITED(0));
	sigprocmask(SIG_BLOCK, 0, &set);
	CHECK(!sigismember(&set, SIGUSR1));
	sigpending(&set);
	CHECK(!sigismember(&set, SIGUSR1));
}

static int exec_copy(void *arg)
{
	char *argv[] = {(char *)check_self, "@leaves", 0};
	RAW(SYS_execve, check_self, argv, 0);
	return 9;
}

HELPER(leaves)
{
	signal(SIGUSR1, SIG_DFL);
	return chdir("/") ? 1 : 0;
}

/* exec makes the descriptor table, the actions and the memory its own again; the working folder stays shared. */
TEST(exec_ends_the_sharing)
{
	struct sigaction now;
	char cwd[256];
	check_scratch();
	some_fd = NEED_OK(open("/dev/null", O_RDONLY | O_CLOEXEC));
	signal(SIGUSR1, SIG_IGN);
	word = 1;
	CHECK_WAIT(run(CLONE_VM | CLONE_SIGHAND | CLONE_FILES | CLONE_FS | CLONE_VFORK, exec_copy, 0), EXITED(0));
	CHECK_OK(fcntl(some_fd, F_GETFD));
	sigaction(SIGUSR1, 0, &now);
	CHECK(now.sa_handler == SIG_IGN);
	CHECK_STR(getcwd(cwd, sizeof cwd), "/");
	CHECK_EQ(word, 1);
}

static int exit_group_raw(void *arg)
{
	RAW(SYS_exit_group, 3);
	return 0;
}

/* Sharing everything but the thread group is still two processes. */
TEST(shared_all_but_thread)
{
	CHECK_WAIT(run(CLONE_VM | CLONE_SIGHAND | CLONE_FILES | CLONE_FS | CLONE_SYSVSEM | CLONE_IO, exit_group_raw, 0), EXITED(3));
}

static int sleeps(void *arg)
{
	raw_sleep_ms(50);
	return 0;
}

TEST(last_user_of_shared_files_closes_them)
{
	int ends[2];
	char c;
	NEED_OK(pipe(ends));
	pid_t middle = fork();
	if (middle == 0) {
		close(ends[0]);
		long pid = clone_call(CLONE_FILES | SIGCHLD, 0, 0, 0, 0, sleeps, 0);
		_exit(pid > 0 ? 0 : 1);
	}
	close(ends[1]);
	long begin = check_now_ms();
	CHECK_EQ(read(ends[0], &c, 1), 0);
	CHECK(check_now_ms() - begin >= 30);
	CHECK_WAIT(middle, EXITED(0));
}
