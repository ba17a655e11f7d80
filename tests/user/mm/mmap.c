/* mmap(2) and munmap(2): what is mapped where, and every way to be refused. */
#include "check.h"
#include <sched.h>

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static bool mapped(const void *at)
{
	return msync((void *)at, PAGE, MS_ASYNC) == 0;
}

static char *map(size_t pages)
{
	char *at = mmap(0, pages * PAGE, RW, ANON, -1, 0);
	if (at == MAP_FAILED)
		_exit(98);
	return at;
}

#define REFUSED(call, err) CHECK_ERR((long)(call), err)

TEST(zero_filled)
{
	char *at = map(16);
	for (size_t i = 0; i < 16 * PAGE; i += 64)
		if (at[i])
			CHECK_EQ(at[i], 0);
	memset(at, 0xaa, 16 * PAGE);
	CHECK_OK(munmap(at, 16 * PAGE));
	at = map(16);
	for (size_t i = 0; i < 16 * PAGE; i += 64)
		if (at[i]) {
			CHECK_EQ(at[i], 0);
			break;
		}
}

TEST(lengths)
{
	REFUSED(mmap(0, 0, RW, ANON, -1, 0), EINVAL);
	REFUSED(mmap(0, -1ul, RW, ANON, -1, 0), ENOMEM);
	REFUSED(mmap(0, 1ul << 47, RW, ANON | MAP_NORESERVE, -1, 0), ENOMEM);
	REFUSED(mmap(0, -PAGE, RW, ANON, -1, 0), ENOMEM);
	char *at = mmap(0, 1, RW, ANON, -1, 0);
	CHECK(at != MAP_FAILED);
	at[PAGE - 1] = 1;
	CHECK_OK(munmap(at, 1));
	CHECK(!mapped(at));
}

TEST(flags)
{
	int fd = NEED_OK(open("/dev/zero", O_RDWR));
	REFUSED(mmap(0, PAGE, RW, MAP_ANONYMOUS, -1, 0), EINVAL);
	REFUSED(mmap(0, PAGE, RW, MAP_FILE, fd, 0), EINVAL);
	REFUSED(mmap(0, PAGE, RW, MAP_PRIVATE, -1, 0), EBADF);
	REFUSED(mmap(0, PAGE, RW, MAP_PRIVATE, 999, 0), EBADF);
	REFUSED(mmap(0, PAGE, RW, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0), EOPNOTSUPP);
	CHECK_EQ(RAW(SYS_mmap, 0, PAGE, RW, ANON, -1, 1), -EINVAL);
	REFUSED(mmap((void *)123, PAGE, RW, ANON | MAP_FIXED, -1, 0), EINVAL);
	REFUSED(mmap(0, PAGE, RW, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0), EINVAL);
	CHECK(mmap(0, PAGE, RW, ANON | MAP_NORESERVE | MAP_STACK | MAP_DENYWRITE, -1, 0) != MAP_FAILED);
	CHECK(mmap(0, PAGE, RW, ANON | MAP_POPULATE, -1, 0) != MAP_FAILED);
	/* The descriptor of an anonymous mapping is not looked at. */
	CHECK(mmap(0, PAGE, RW, ANON, 999, 0) != MAP_FAILED);
}

TEST(dev_zero)
{
	int fd = NEED_OK(open("/dev/zero", O_RDWR));
	char *private = mmap(0, PAGE, RW, MAP_PRIVATE, fd, 0);
	char *shared = mmap(0, PAGE, RW, MAP_SHARED, fd, 0);
	CHECK(private != MAP_FAILED && shared != MAP_FAILED);
	CHECK_EQ(private[0], 0);
	private[0] = shared[0] = 1;
	IN_CHILD {
		CHECK_EQ(shared[0], 1);
		shared[0] = 2;
		private[0] = 2;
	}
	CHECK_EQ(shared[0], 2);
	CHECK_EQ(private[0], 1);
}

TEST(not_mappable)
{
	int ends[2], dir = NEED_OK(open("/tmp", O_RDONLY | O_DIRECTORY)), null = NEED_OK(open("/dev/null", O_RDWR));
	NEED_OK(pipe(ends));
	REFUSED(mmap(0, PAGE, PROT_READ, MAP_PRIVATE, ends[0], 0), ENODEV);
	REFUSED(mmap(0, PAGE, PROT_READ, MAP_PRIVATE, dir, 0), ENODEV);
	REFUSED(mmap(0, PAGE, RW, MAP_PRIVATE, null, 0), ENODEV);
}

TEST(file_permissions)
{
	check_scratch();
	CHECK_OK(check_spew("f", "text", 4, 0644));
	int r = NEED_OK(open("f", O_RDONLY)), w = NEED_OK(open("f", O_WRONLY)), rw = NEED_OK(open("f", O_RDWR));
	REFUSED(mmap(0, PAGE, RW, MAP_SHARED, r, 0), EACCES);
	REFUSED(mmap(0, PAGE, PROT_READ, MAP_PRIVATE, w, 0), EACCES);
	REFUSED(mmap(0, PAGE, PROT_WRITE, MAP_SHARED, w, 0), EACCES);
	CHECK(mmap(0, PAGE, RW, MAP_PRIVATE, r, 0) != MAP_FAILED);
	CHECK(mmap(0, PAGE, RW, MAP_SHARED, rw, 0) != MAP_FAILED);
	char *at = mmap(0, PAGE, PROT_READ, MAP_SHARED, r, 0);
	CHECK(at != MAP_FAILED);
	CHECK_ERR(mprotect(at, PAGE, RW), EACCES);
	CHECK_OK(mprotect(at, PAGE, PROT_NONE));
	/* The mapping outlives the descriptor. */
	close(r);
	CHECK_OK(mprotect(at, PAGE, PROT_READ));
	CHECK_EQ(at[0], 't');
}

TEST(fixed)
{
	char *at = map(4);
	memset(at, 'x', 4 * PAGE);
	CHECK(mmap(at + PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0) == at + PAGE);
	CHECK_EQ(at[0], 'x');
	CHECK_EQ(at[PAGE], 0);
	CHECK_EQ(at[2 * PAGE], 'x');
	REFUSED(mmap(at, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
	REFUSED(mmap(at - PAGE, 2 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
	CHECK_OK(munmap(at, 4 * PAGE));
	CHECK(mmap(at, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == at);
	/* With five levels of tables (a Linux on a CPU that has them) there is room above. */
	if (mmap((void *)(1ul << 48), PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) != MAP_FAILED)
		return;
	REFUSED(mmap((void *)(1ul << 47), PAGE, RW, ANON | MAP_FIXED, -1, 0), ENOMEM);
	REFUSED(mmap((void *)((1ul << 47) - PAGE), PAGE, RW, ANON | MAP_FIXED, -1, 0), ENOMEM);
	char *last = (char *)((1ul << 47) - 2 * PAGE);
	REFUSED(mmap(last, 2 * PAGE, RW, ANON | MAP_FIXED, -1, 0), ENOMEM);
}

TEST(hints)
{
	char *at = map(4);
	CHECK_OK(munmap(at, 4 * PAGE));
	CHECK(mmap(at + PAGE, PAGE, RW, ANON, -1, 0) == at + PAGE);
	/* A place that is taken is not used. */
	char *other = mmap(at + PAGE, PAGE, RW, ANON, -1, 0);
	CHECK(other != MAP_FAILED && other != at + PAGE);
	/* A hint that is not aligned is rounded. */
	CHECK(mmap(at + 2 * PAGE + 5, PAGE, RW, ANON, -1, 0) == at + 2 * PAGE);
}

TEST(low_addresses)
{
	IN_CHILD {
		CHECK_OK(setuid(1234));
		CHECK_ERR((long)mmap(0, PAGE, RW, ANON | MAP_FIXED, -1, 0), EPERM);
		CHECK((long)mmap((void *)0x10000, PAGE, RW, ANON | MAP_FIXED, -1, 0) == 0x10000);
	}
}

TEST(partial_unmaps)
{
	char *at = map(10);
	for (int i = 0; i < 10; i++)
		at[i * PAGE] = i;
	CHECK_OK(munmap(at, PAGE));             /* head */
	CHECK_OK(munmap(at + 9 * PAGE, PAGE));  /* tail */
	CHECK_OK(munmap(at + 4 * PAGE, 2 * PAGE)); /* middle */
	for (int i = 0; i < 10; i++) {
		bool there = i != 0 && i != 9 && i != 4 && i != 5;
		CHECK_EQ(mapped(at + i * PAGE), there);
		if (there)
			CHECK_EQ(at[i * PAGE], i);
	}
	/* Over holes and twice. */
	CHECK_OK(munmap(at, 10 * PAGE));
	CHECK_OK(munmap(at, 10 * PAGE));
	for (int i = 0; i < 10; i++)
		CHECK(!mapped(at + i * PAGE));
}

TEST(munmap_errors)
{
	char *at = map(2);
	CHECK_ERR(munmap(at + 1, PAGE), EINVAL);
	CHECK_ERR(munmap(at, 0), EINVAL);
	CHECK_ERR(munmap((void *)-PAGE, PAGE), EINVAL);
	CHECK_ERR(munmap(at, -1ul), EINVAL);
	CHECK(mapped(at));
	CHECK_OK(munmap(at, PAGE + 1)); /* rounded up */
	CHECK(!mapped(at + PAGE));
}

TEST(unmap_across_regions)
{
	char *at = map(6);
	CHECK_OK(mprotect(at + 2 * PAGE, 2 * PAGE, PROT_READ));
	CHECK_OK(munmap(at + PAGE, 4 * PAGE));
	CHECK(mapped(at) && mapped(at + 5 * PAGE));
	for (int i = 1; i < 5; i++)
		CHECK(!mapped(at + i * PAGE));
}

static int regions_in(const char *from, const char *to)
{
	static char text[65536];
	int count = 0;
	check_slurp("/proc/self/maps", text, sizeof text);
	for (char *line = text; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : 0) {
		unsigned long begin = strtoul(line, &line, 16), end = strtoul(line + 1, &line, 16);
		count += begin < (unsigned long)to && end > (unsigned long)from;
	}
	return count;
}

TEST(neighbours_become_one)
{
	char *at = map(8);
	munmap(at, 8 * PAGE);
	for (int i = 1; i < 7; i++)
		CHECK(mmap(at + i * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0) == at + i * PAGE);
	CHECK_EQ(regions_in(at + PAGE, at + 7 * PAGE), 1);
	CHECK_OK(mprotect(at + 3 * PAGE, PAGE, PROT_READ));
	CHECK_EQ(regions_in(at + PAGE, at + 7 * PAGE), 3);
	CHECK_OK(mprotect(at + 3 * PAGE, PAGE, RW));
	CHECK_EQ(regions_in(at + PAGE, at + 7 * PAGE), 1);
}

TEST(many)
{
	enum { N = 2000 };
	static char *at[N];
	for (int i = 0; i < N; i++) {
		at[i] = mmap(0, PAGE, i % 2 ? PROT_READ : RW, ANON, -1, 0);
		if (at[i] == MAP_FAILED) {
			CHECK(!"mmap");
			return;
		}
		if (i % 2 == 0)
			at[i][0] = i;
	}
	for (int i = 0; i < N; i += 2)
		if (at[i][0] != (char)i) {
			CHECK_EQ(at[i][0], (char)i);
			break;
		}
	for (int i = 0; i < N; i++)
		if (munmap(at[i * 7 % N], PAGE))
			CHECK_EQ(errno, 0);
	CHECK(!mapped(at[0]) && !mapped(at[N - 1]));
}

TEST(large_and_sparse)
{
	char *at = mmap(0, 1ul << 36, RW, ANON | MAP_NORESERVE, -1, 0);
	CHECK(at != MAP_FAILED);
	for (unsigned long i = 0; i < 1ul << 36; i += 1ul << 32)
		at[i] = 1;
	CHECK_EQ(at[5ul << 32], 1);
	CHECK_EQ(at[(5ul << 32) + PAGE], 0);
	CHECK_OK(munmap(at + (1ul << 33), 1ul << 34));
	CHECK_EQ(at[0], 1);
	CHECK(!mapped(at + (1ul << 33)));
	CHECK_OK(munmap(at, 1ul << 36));
}

TEST(overcommit_refuses_the_absurd)
{
	/* More than all memory at once is refused by the default rule. */
	long total = check_field("/proc/meminfo", "MemTotal", 10) + check_field("/proc/meminfo", "SwapTotal", 10);
	CHECK(total > 0);
	REFUSED(mmap(0, (total + 1000000) * 1024, RW, ANON, -1, 0), ENOMEM);
	void *at = mmap(0, (total + 1000000) * 1024, PROT_READ, ANON, -1, 0);
	CHECK(at != MAP_FAILED);
	at = mmap(0, (total + 1000000) * 1024, RW, ANON | MAP_NORESERVE, -1, 0);
	CHECK(at != MAP_FAILED);
}

TEST(munmap_of_everything_ends_in_sigsegv)
{
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		munmap(0, (1ul << 47) - PAGE);
	}
}

/* Who fills a large range in is killed by somebody who has to run on the same CPU for that. */
TEST(filling_in_gives_way)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	IN_CHILD {
		NEED_OK(sched_setaffinity(0, sizeof(one), &one));
		pid_t pid = fork();
		if (!pid) {
			mmap(0, 1ul << 36, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE, -1, 0);
			_exit(0);
		}
		long begin = check_now_ms();
		check_sleep_ms(50);
		CHECK(check_now_ms() - begin < 1500);
		kill(pid, SIGKILL);
		CHECK_OK(waitpid(pid, 0, 0));
	}
}
