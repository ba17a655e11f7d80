/* madvise(2), msync(2), mincore(2), mlock(2) and their errors. */
#include "check.h"
#include <sys/prctl.h>
#include <sys/uio.h>

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static char *map(size_t pages)
{
	char *at = mmap(0, pages * PAGE, RW, ANON, -1, 0);
	if (at == MAP_FAILED)
		_exit(98);
	for (size_t i = 0; i < pages; i++)
		at[i * PAGE] = 'a' + i;
	return at;
}

TEST(dontneed_anonymous)
{
	char *at = map(4);
	CHECK_OK(madvise(at + PAGE, 2 * PAGE, MADV_DONTNEED));
	CHECK_EQ(at[0], 'a');
	CHECK_EQ(at[PAGE], 0);
	CHECK_EQ(at[2 * PAGE], 0);
	CHECK_EQ(at[3 * PAGE], 'd');
	at[PAGE] = 'x';
	CHECK_EQ(at[PAGE], 'x');
}

TEST(dontneed_private_file)
{
	check_scratch();
	CHECK_OK(check_spew("f", "file", 4, 0644));
	int fd = NEED_OK(open("f", O_RDWR));
	char *at = mmap(0, PAGE, RW, MAP_PRIVATE, fd, 0);
	at[0] = 'X';
	CHECK_OK(madvise(at, PAGE, MADV_DONTNEED));
	CHECK_EQ(at[0], 'f');
}

TEST(hints)
{
	static const int hints[] = {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_HUGEPAGE, MADV_NOHUGEPAGE,
				    MADV_DONTDUMP, MADV_DODUMP, MADV_COLD, MADV_PAGEOUT};
	char *at = map(2);
	for (unsigned i = 0; i < sizeof hints / sizeof *hints; i++)
		if (madvise(at, 2 * PAGE, hints[i]))
			check_fail(__FILE_NAME__, __LINE__, "madvise(%d) (errno %d)", hints[i], errno);
	CHECK_EQ(at[PAGE], 'b');
	CHECK_OK(madvise(at, PAGE, MADV_FREE));
	CHECK(at[0] == 'a' || at[0] == 0);
	at[0] = 'z';
	CHECK_EQ(at[0], 'z');
}

TEST(errors)
{
	char *at = map(4);
	CHECK_ERR(madvise(at + 1, PAGE, MADV_DONTNEED), EINVAL);
	CHECK_ERR(madvise(at, PAGE, 12345), EINVAL);
	CHECK_ERR(madvise(at, -1ul, MADV_DONTNEED), EINVAL);
	CHECK_OK(madvise(at, 0, MADV_DONTNEED));
	CHECK_OK(munmap(at + PAGE, PAGE));
	CHECK_ERR(madvise(at, 4 * PAGE, MADV_DONTNEED), ENOMEM);
	/* What is mapped was advised all the same. */
	CHECK_EQ(at[0], 0);
	CHECK_EQ(at[3 * PAGE], 0);
	CHECK_ERR(madvise(at + PAGE, PAGE, MADV_DONTNEED), ENOMEM);
}

TEST(msync_rules)
{
	char *at = map(3);
	CHECK_OK(msync(at, 3 * PAGE, MS_SYNC));
	CHECK_OK(msync(at, PAGE, MS_ASYNC));
	CHECK_OK(msync(at, PAGE, MS_SYNC | MS_INVALIDATE));
	CHECK_OK(msync(at, 0, MS_SYNC));
	CHECK_ERR(msync(at, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
	CHECK_ERR(msync(at, PAGE, 0x100), EINVAL);
	CHECK_ERR(msync(at + 1, PAGE, MS_SYNC), EINVAL);
	CHECK_OK(munmap(at + PAGE, PAGE));
	CHECK_ERR(msync(at, 3 * PAGE, MS_SYNC), ENOMEM);
	check_scratch();
	CHECK_OK(check_spew("f", "file", 4, 0644));
	int fd = NEED_OK(open("f", O_RDWR));
	char *file = mmap(0, PAGE, RW, MAP_SHARED, fd, 0), text[5] = "";
	memcpy(file, "FILE", 4);
	CHECK_OK(msync(file, PAGE, MS_SYNC));
	CHECK_EQ(pread(fd, text, 4, 0), 4);
	CHECK_STR(text, "FILE");
}

TEST(mincore_rules)
{
	unsigned char there[8] = {0};
	char *at = mmap(0, 4 * PAGE, RW, ANON, -1, 0);
	madvise(at, 4 * PAGE, MADV_NOHUGEPAGE);
	at[0] = at[2 * PAGE] = 1;
	CHECK_OK(mincore(at, 4 * PAGE, there));
	CHECK_EQ(there[0] & 1, 1);
	CHECK_EQ(there[1] & 1, 0);
	CHECK_EQ(there[2] & 1, 1);
	CHECK_EQ(there[3] & 1, 0);
	CHECK_ERR(mincore(at + 1, PAGE, there), EINVAL);
	CHECK_EQ(RAW(SYS_mincore, at, PAGE, 8), -EFAULT);
	CHECK_OK(munmap(at + PAGE, PAGE));
	CHECK_ERR(mincore(at, 4 * PAGE, there), ENOMEM);
}

static long locked_kb(void)
{
	return check_field("/proc/self/status", "VmLck", 10);
}

TEST(mlock_counts)
{
	unsigned char there[4];
	char *at = mmap(0, 4 * PAGE, RW, ANON, -1, 0);
	CHECK_EQ(locked_kb(), 0);
	CHECK_OK(mlock(at, 2 * PAGE));
	CHECK_EQ(locked_kb(), 8);
	CHECK_OK(mincore(at, 4 * PAGE, there));
	CHECK_EQ(there[0] & there[1] & 1, 1);
	CHECK_OK(mlock(at, 2 * PAGE));
	CHECK_EQ(locked_kb(), 8);
	CHECK_OK(munlock(at, PAGE));
	CHECK_EQ(locked_kb(), 4);
	CHECK_OK(munmap(at, 4 * PAGE));
	CHECK_EQ(locked_kb(), 0);
}

TEST(mlock_is_not_inherited)
{
	char *at = map(1);
	CHECK_OK(mlock(at, PAGE));
	IN_CHILD {
		CHECK_EQ(locked_kb(), 0);
		at[0] = 'x';
	}
	CHECK_EQ(locked_kb(), 4);
}

TEST(mlock_errors)
{
	char *at = map(4);
	CHECK_OK(munmap(at + PAGE, PAGE));
	CHECK_ERR(mlock(at, 4 * PAGE), ENOMEM);
	CHECK_ERR(munlock(at + PAGE, PAGE), ENOMEM);
	CHECK_OK(mlock(at + 5, 10)); /* rounded to whole pages */
	IN_CHILD {
		CHECK_OK(setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){PAGE, PAGE}));
		CHECK_OK(setuid(1234));
		CHECK_OK(mlock(at, PAGE));
		CHECK_ERR(mlock(at + 2 * PAGE, 2 * PAGE), ENOMEM);
		CHECK_ERR(mlock(at, (size_t)-8 * PAGE), ENOMEM); /* the limit before the range */
		CHECK_OK(munlock(at, PAGE));
		CHECK_OK(mlock(at + 2 * PAGE, PAGE));
	}
	IN_CHILD {
		CHECK_OK(setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){0, 0}));
		CHECK_OK(setuid(1234));
		CHECK_ERR(mlock(at, PAGE), EPERM);
		CHECK_ERR(mlockall(MCL_CURRENT), EPERM);
	}
}

TEST(mlockall_calls)
{
	CHECK_ERR(mlockall(0), EINVAL);
	CHECK_ERR(mlockall(0x100), EINVAL);
	CHECK_OK(mlockall(MCL_FUTURE));
	char *at = map(2);
	CHECK_EQ(locked_kb(), 8);
	CHECK_OK(munlockall());
	CHECK_EQ(locked_kb(), 0);
	char *other = map(2);
	CHECK_EQ(locked_kb(), 0);
	CHECK_OK(munmap(at, 2 * PAGE) | munmap(other, 2 * PAGE));
}

/* -- process_madvise -- */
static long k_advise(int pidfd, const struct iovec *v, size_t n, int advice, unsigned flags)
{
	return syscall(SYS_process_madvise, pidfd, v, n, advice, flags);
}

static int pidfd_of(pid_t pid) { return NEED_OK(syscall(SYS_pidfd_open, pid, 0)); }

TEST(of_a_process)
{
	char *at = map(4), *hole = map(4);
	munmap(hole + PAGE, PAGE);
	struct iovec both[] = {{at, 2 * PAGE}, {at + 3 * PAGE, PAGE}}, broken[] = {{at, PAGE}, {hole, 4 * PAGE}};
	pid_t pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	int child = pidfd_of(pid), self = pidfd_of(getpid());
	CHECK_EQ(k_advise(child, both, 2, MADV_COLD, 0), 3 * PAGE);
	CHECK_EQ(k_advise(child, both, 2, MADV_WILLNEED, 0), 3 * PAGE);
	CHECK_EQ(k_advise(self, both, 2, MADV_PAGEOUT, 0), 3 * PAGE);
	CHECK_EQ(at[3 * PAGE], 'd');
	CHECK_EQ(k_advise(self, both, 0, MADV_COLD, 0), 0);
	CHECK_EQ(k_advise(child, broken, 2, MADV_COLD, 0), PAGE);	/* as far as it came */
	CHECK_ERR(k_advise(child, broken + 1, 1, MADV_COLD, 0), ENOMEM);
	CHECK_ERR(k_advise(child, both, 1025, MADV_COLD, 0), EINVAL);
	CHECK_ERR(k_advise(child, both, 2, MADV_COLD, 1), EINVAL);
	CHECK_ERR(k_advise(child, both, 2, MADV_DONTNEED, 0), EINVAL);
	CHECK_ERR(k_advise(999, both, 2, MADV_COLD, 0), EBADF);
	CHECK_ERR(k_advise(0, both, 2, MADV_COLD, 0), EBADF);
	CHECK_ERR(k_advise(child, (void *)8, 2, MADV_COLD, 0), EFAULT);
	both[0].iov_base = at + 1;
	CHECK_ERR(k_advise(child, both, 1, MADV_COLD, 0), EINVAL);
	both[0].iov_base = at;
	kill(pid, SIGKILL);
	siginfo_t info;
	CHECK_OK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	CHECK_ERR(k_advise(child, both, 2, MADV_COLD, 0), ESRCH);	/* a zombie has no memory */
	CHECK_WAIT(pid, KILLED(SIGKILL));
	CHECK_ERR(k_advise(child, both, 2, MADV_COLD, 0), ESRCH);
}

/* Another user's: not without its rights; one's own user's: not without CAP_SYS_NICE. */
TEST(of_a_process_without_rights)
{
	if (getuid())
		return;
	struct iovec v = {map(1), PAGE};
	int parent = pidfd_of(getpid());
	IN_CHILD {
		NEED_OK(setresgid(1000, 1000, 1000));
		NEED_OK(setresuid(1000, 1000, 1000));
		CHECK_ERR(k_advise(parent, &v, 1, MADV_COLD, 0), EACCES);
		NEED_OK(prctl(PR_SET_DUMPABLE, 1));
		pid_t pid = fork();
		if (pid == 0) {
			pause();
			_exit(0);
		}
		CHECK_ERR(k_advise(pidfd_of(pid), &v, 1, MADV_COLD, 0), EPERM);
		kill(pid, SIGKILL);
	}
}
