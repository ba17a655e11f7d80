/*
 * What may be promised: /proc/sys/vm/overcommit_{memory,ratio,kbytes}, CommitLimit and Committed_AS, and forks of a big process
 * in each mode. Only in a machine of our own, where the settings are nobody else's.
 */
#include "check.h"

#define MB (1l << 20)

static bool ours(void)
{
	char path[40];
	pid_t above = getppid();

	for (int i = 0; i < 2 && above > 1; i++) {
		snprintf(path, sizeof path, "/proc/%d/status", above);
		above = check_field(path, "PPid", 10);
	}
	return above == 1 && check_field("/proc/meminfo", "MemTotal", 10) < 6l << 20;
}

static int set(const char *name, long value)
{
	char path[64], text[32];
	int fd, n, err;

	snprintf(path, sizeof path, "/proc/sys/vm/overcommit_%s", name);
	fd = open(path, O_WRONLY);
	n = snprintf(text, sizeof text, "%ld\n", value);
	err = write(fd, text, n) == n ? 0 : errno;
	close(fd);
	return err;
}

static long get(const char *name)
{
	char path[64], text[32] = "";

	snprintf(path, sizeof path, "/proc/sys/vm/overcommit_%s", name);
	check_slurp(path, text, sizeof text);
	return atol(text);
}

static long limit_kb(void) { return check_field("/proc/meminfo", "CommitLimit", 10); }
static long committed_kb(void) { return check_field("/proc/meminfo", "Committed_AS", 10); }
static long total_kb(void) { return check_field("/proc/meminfo", "MemTotal", 10); }

static void *map(long bytes, int flags)
{
	return mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

/* fork, and a child that goes at once: 0 or the error. */
static int try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return errno;
	waitpid(pid, 0, 0);
	return 0;
}

static void back_to_default(void)
{
	set("memory", 0);
	set("ratio", 50);
}

TEST(the_limit_is_a_part_of_memory_or_a_number)
{
	if (!ours())
		return;
	long slack = 64;	/* rounding, and what MemTotal leaves out */
	CHECK_EQ(set("ratio", 30), 0);
	CHECK_EQ(get("kbytes"), 0);
	CHECK(labs(limit_kb() - total_kb() * 30 / 100) <= slack);
	CHECK_EQ(set("kbytes", 123456), 0);
	CHECK_EQ(get("ratio"), 0);
	CHECK_EQ(limit_kb(), 123456);
	CHECK_EQ(set("ratio", 120), 0);
	CHECK_EQ(get("kbytes"), 0);
	CHECK(labs(limit_kb() - total_kb() * 120 / 100) <= slack);
	CHECK_EQ(set("memory", 3), EINVAL);
	CHECK_EQ(set("memory", -1), EINVAL);
	back_to_default();
	CHECK(labs(limit_kb() - total_kb() / 2) <= slack);
}

TEST(mode_0_refuses_what_can_never_be)
{
	if (!ours())
		return;
	long most = total_kb() * 1024;
	CHECK_EQ((long)map(most + 64 * MB, 0), -1);
	CHECK_EQ(errno, ENOMEM);
	void *one = map(most / 10 * 8, 0);	/* the other of other rights, so that they stay two */
	void *two = mmap(0, most / 10 * 8, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(one != MAP_FAILED && two != MAP_FAILED);	/* each could be, both could not; so does fork ask */
	CHECK_EQ(try_fork(), 0);
	CHECK_OK(munmap(two, most / 10 * 8));
	two = map(most / 10 * 8, 0);	/* one region now, larger than memory */
	CHECK_EQ(try_fork(), ENOMEM);
	CHECK_OK(munmap(one, most / 10 * 8));
	void *more = map(most + 64 * MB, MAP_NORESERVE);
	CHECK(more != MAP_FAILED);
	CHECK_EQ(try_fork(), 0);
}

TEST(mode_1_refuses_nothing)
{
	if (!ours())
		return;
	CHECK_EQ(set("memory", 1), 0);
	void *at = map(total_kb() * 1024 * 10, 0);
	CHECK(at != MAP_FAILED);
	CHECK_EQ(try_fork(), 0);
	back_to_default();
}

/* A fork promises again what its parent may write: Committed_AS and the limit say so, though nothing was copied. */
TEST(mode_2_counts_forks)
{
	if (!ours())
		return;
	CHECK_EQ(set("kbytes", committed_kb() + 160 * 1024), 0);
	CHECK_EQ(set("memory", 2), 0);
	long before = committed_kb();
	char *at = map(60 * MB, 0);
	CHECK(at != MAP_FAILED);
	CHECK_EQ(committed_kb() - before, 60 * 1024);
	CHECK_EQ(try_fork(), 0);
	pid_t child = check_sleeper();
	CHECK(committed_kb() - before >= 120 * 1024);
	CHECK_EQ(try_fork(), ENOMEM);	/* 180 of 160 */
	check_reap(child);
	CHECK_SOON(committed_kb() - before < 61 * 1024);
	CHECK_EQ(try_fork(), 0);
	CHECK_OK(mprotect(at, 60 * MB, PROT_READ));	/* it was charged, and stays so */
	CHECK_EQ(committed_kb() - before, 60 * 1024);
	CHECK_OK(munmap(at, 60 * MB));
	CHECK_EQ(committed_kb(), before);
	CHECK_EQ((long)map(200 * MB, MAP_NORESERVE), -1);	/* not heard in this mode */
	CHECK_EQ(errno, ENOMEM);
	back_to_default();
}

/* What is only read, and what is shared, is not promised again. */
TEST(what_a_fork_promises)
{
	if (!ours())
		return;
	char *shared = mmap(0, 16 * MB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *read_only = mmap(0, 16 * MB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *private = map(8 * MB, 0);
	CHECK(shared != MAP_FAILED && read_only != MAP_FAILED && private != MAP_FAILED);
	long before = committed_kb();
	pid_t child = check_sleeper();
	long more = committed_kb() - before;
	CHECK(more >= 8 * 1024 && more < 12 * 1024);
	check_reap(child);
	CHECK_SOON(committed_kb() == before);
}
