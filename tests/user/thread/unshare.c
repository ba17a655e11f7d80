/* unshare(2) of what is no namespace, and close_range(2) with CLOSE_RANGE_UNSHARE: a thread or sharer parts with the others. */
#include "../clone.h"
#include <linux/close_range.h>
#include <pthread.h>
#include <sched.h>

/* Runs fn in a task that shares flags with the caller, and waits for it. */
static int sharing(unsigned long flags, int (*fn)(void *), void *arg)
{
	int status = -1;
	long pid = clone_call(flags | CLONE_VM | CLONE_VFORK | SIGCHLD, CLONE_TOP(clone_stack()), 0, 0, 0, fn, arg);
	CHECK(pid > 0);
	check_interrupted_wait(pid, &status);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int parts_with_files(void *fd)
{
	if (RAW(SYS_unshare, CLONE_FILES))
		return 1;
	if (RAW(SYS_close, *(int *)fd))
		return 2;
	return RAW(SYS_dup2, 1, 100) == 100 ? 0 : 3;
}

TEST(files)
{
	int fd = NEED_OK(open("/dev/null", O_RDONLY));
	CHECK_EQ(sharing(CLONE_FILES, parts_with_files, &fd), 0);
	CHECK_OK(fcntl(fd, F_GETFD));
	CHECK_ERR(fcntl(100, F_GETFD), EBADF);
}

static int parts_with_fs(void *arg)
{
	if (RAW(SYS_unshare, CLONE_FS))
		return 1;
	RAW(SYS_umask, 0111);
	return RAW(SYS_chdir, "/proc") ? 2 : 0;
}

static int stays_with_fs(void *arg)
{
	RAW(SYS_umask, 0111);
	return RAW(SYS_chdir, "/proc") ? 2 : 0;
}

TEST(root_and_working_directory)
{
	char cwd[64];
	NEED_OK(chdir("/tmp"));
	umask(022);
	CHECK_EQ(sharing(CLONE_FS, parts_with_fs, 0), 0);
	CHECK_STR(getcwd(cwd, sizeof cwd), "/tmp");
	CHECK_EQ(umask(022), 022);
	CHECK_EQ(sharing(CLONE_FS, stays_with_fs, 0), 0);
	CHECK_STR(getcwd(cwd, sizeof cwd), "/proc");
	CHECK_EQ(umask(022), 0111);
}

TEST(alone_everything_is_granted)
{
	CHECK_OK(unshare(0));
	CHECK_OK(unshare(CLONE_FILES));
	CHECK_OK(unshare(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM));
	CHECK_OK(unshare(CLONE_THREAD));
	CHECK_OK(unshare(CLONE_SIGHAND));
	CHECK_OK(unshare(CLONE_VM));
	CHECK_OK(unshare(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM));
}

TEST(unknown_flags)
{
	static const unsigned long bad[] = {CLONE_VFORK, CLONE_PARENT, CLONE_SETTLS, CLONE_PIDFD, CLONE_PTRACE, CLONE_IO,
					    CLONE_UNTRACED, CLONE_DETACHED, CLONE_CHILD_SETTID, 1, SIGCHLD, 1ul << 32};
	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_ERR(syscall(SYS_unshare, bad[i]), EINVAL);
}

static int tries(void *flags)
{
	return -(int)RAW(SYS_unshare, *(unsigned long *)flags);
}

TEST(shared_memory_and_handlers)
{
	unsigned long vm = CLONE_VM, sighand = CLONE_SIGHAND, thread = CLONE_THREAD;
	CHECK_EQ(sharing(0, tries, &vm), EINVAL);
	CHECK_EQ(sharing(0, tries, &sighand), 0);
	CHECK_EQ(sharing(0, tries, &thread), 0);
	CHECK_EQ(sharing(CLONE_SIGHAND, tries, &sighand), EINVAL);
	CHECK_EQ(sharing(CLONE_SIGHAND, tries, &thread), 0);
	CHECK_OK(unshare(CLONE_VM));
}

static void *in_a_thread(void *arg)
{
	int fd = *(int *)arg;
	CHECK_ERR(unshare(CLONE_THREAD), EINVAL);
	CHECK_ERR(unshare(CLONE_SIGHAND), EINVAL);
	CHECK_ERR(unshare(CLONE_VM), EINVAL);
	CHECK_ERR(unshare(CLONE_FILES | CLONE_VM), EINVAL); /* then nothing of it is done */
	CHECK_OK(unshare(CLONE_FILES | CLONE_FS | CLONE_SYSVSEM));
	CHECK_OK(close(fd));
	CHECK_OK(chdir("/"));
	return 0;
}

TEST(threads)
{
	pthread_t thread;
	char cwd[64];
	int fd = NEED_OK(open("/dev/null", O_RDONLY));
	NEED_OK(chdir("/tmp"));
	pthread_create(&thread, 0, in_a_thread, &fd);
	pthread_join(thread, 0);
	CHECK_OK(fcntl(fd, F_GETFD));
	CHECK_STR(getcwd(cwd, sizeof cwd), "/tmp");
	CHECK_SOON(unshare(CLONE_VM) == 0);
}

static int closes_with(void *flags)
{
	if (RAW(SYS_close_range, 50, 60, *(unsigned *)flags))
		return 1;
	long got = RAW(SYS_fcntl, 55, F_GETFD);
	return got == -EBADF ? 2 : got == FD_CLOEXEC ? 3 : 4;
}

TEST(close_range_unshare)
{
	unsigned unshares = CLOSE_RANGE_UNSHARE, both = CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC, cloexec = CLOSE_RANGE_CLOEXEC,
		 plain = 0;
	NEED_OK(dup2(1, 55));
	CHECK_EQ(sharing(CLONE_FILES, closes_with, &unshares), 2);
	CHECK_EQ(fcntl(55, F_GETFD), 0);
	CHECK_EQ(sharing(CLONE_FILES, closes_with, &both), 3);
	CHECK_EQ(fcntl(55, F_GETFD), 0);
	CHECK_EQ(sharing(0, closes_with, &unshares), 2);
	CHECK_EQ(fcntl(55, F_GETFD), 0);
	CHECK_EQ(sharing(CLONE_FILES, closes_with, &cloexec), 3);
	CHECK_EQ(fcntl(55, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(sharing(CLONE_FILES, closes_with, &plain), 2);
	CHECK_ERR(fcntl(55, F_GETFD), EBADF);
	CHECK_ERR(syscall(SYS_close_range, 50, 60, 8), EINVAL);
	CHECK_ERR(syscall(SYS_close_range, 60, 50, CLOSE_RANGE_UNSHARE), EINVAL);
	CHECK_OK(syscall(SYS_close_range, 50, ~0u, CLOSE_RANGE_UNSHARE)); /* alone: as without */
}
