/* madvise(2) advice that speaks of fork: DONTFORK, DOFORK, WIPEONFORK, KEEPONFORK. */
#include "check.h"

static char *map(size_t pages, int flags)
{
	char *at = mmap(0, pages * PAGE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		_exit(98);
	for (size_t i = 0; i < pages; i++)
		at[i * PAGE] = 'a' + i;
	return at;
}

static bool mapped(const char *at)
{
	return msync((void *)at, PAGE, MS_ASYNC) == 0;
}

TEST(dontfork)
{
	char *at = map(4, MAP_PRIVATE);
	CHECK_OK(madvise(at + PAGE, 2 * PAGE, MADV_DONTFORK));
	IN_CHILD {
		CHECK_EQ(at[0], 'a');
		CHECK(!mapped(at + PAGE));
		CHECK(!mapped(at + 2 * PAGE));
		CHECK_EQ(at[3 * PAGE], 'd');
		at[0] = 'x';
		/* The hole is free for others. */
		CHECK(mmap(at + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == at + PAGE);
		CHECK_EQ(at[PAGE], 0);
	}
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		*(volatile char *)(at + PAGE) = 1;
	}
	for (int i = 0; i < 4; i++)
		CHECK_EQ(at[i * PAGE], 'a' + i);
	at[PAGE] = 'z';
}

TEST(dofork)
{
	char *at = map(2, MAP_PRIVATE);
	CHECK_OK(madvise(at, 2 * PAGE, MADV_DONTFORK));
	CHECK_OK(madvise(at, PAGE, MADV_DOFORK));
	IN_CHILD {
		CHECK_EQ(at[0], 'a');
		CHECK(!mapped(at + PAGE));
	}
}

TEST(dontfork_of_a_shared_mapping)
{
	char *at = map(2, MAP_SHARED);
	CHECK_OK(madvise(at, PAGE, MADV_DONTFORK));
	IN_CHILD {
		CHECK(!mapped(at));
		at[PAGE] = 'x';
	}
	CHECK_EQ(at[PAGE], 'x');
	CHECK_EQ(at[0], 'a');
}

TEST(dontfork_with_shared_memory_of_vfork)
{
	char *at = map(1, MAP_PRIVATE);
	CHECK_OK(madvise(at, PAGE, MADV_DONTFORK));
	pid_t pid = vfork();
	if (pid == 0) {
		at[0] = 'v';
		_exit(0);
	}
	CHECK_EQ(at[0], 'v');
	CHECK_WAIT(pid, EXITED(0));
}

TEST(wipeonfork)
{
	char *at = map(4, MAP_PRIVATE);
	CHECK_OK(madvise(at + PAGE, 2 * PAGE, MADV_WIPEONFORK));
	IN_CHILD {
		CHECK_EQ(at[0], 'a');
		CHECK_EQ(at[PAGE], 0);
		CHECK_EQ(at[2 * PAGE], 0);
		CHECK_EQ(at[3 * PAGE], 'd');
		at[PAGE] = 'c';
		/* The advice stays with the child's own children. */
		IN_CHILD {
			CHECK_EQ(at[PAGE], 0);
		}
		CHECK_EQ(at[PAGE], 'c');
	}
	for (int i = 0; i < 4; i++)
		CHECK_EQ(at[i * PAGE], 'a' + i);
}

TEST(keeponfork)
{
	char *at = map(1, MAP_PRIVATE);
	CHECK_OK(madvise(at, PAGE, MADV_WIPEONFORK));
	CHECK_OK(madvise(at, PAGE, MADV_KEEPONFORK));
	IN_CHILD {
		CHECK_EQ(at[0], 'a');
	}
}

TEST(wipeonfork_is_for_private_anonymous)
{
	char *at = map(1, MAP_SHARED);
	CHECK_ERR(madvise(at, PAGE, MADV_WIPEONFORK), EINVAL);
	check_scratch();
	CHECK_OK(check_spew("f", "text", 4, 0644));
	int fd = NEED_OK(open("f", O_RDWR));
	char *file = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK_ERR(madvise(file, PAGE, MADV_WIPEONFORK), EINVAL);
	CHECK_OK(madvise(file, PAGE, MADV_DONTFORK));
}

/* Among hundreds of plain regions the few special ones must be found. */
TEST(few_special_among_many)
{
	enum { N = 300 };
	char *at = mmap(0, 2 * N * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < N; i++) {
		at[2 * i * PAGE] = 1;
		CHECK_OK(mprotect(at + (2 * i + 1) * PAGE, PAGE, PROT_NONE));
	}
	CHECK_OK(madvise(at + 2 * 7 * PAGE, PAGE, MADV_DONTFORK));
	CHECK_OK(madvise(at + 2 * 200 * PAGE, PAGE, MADV_WIPEONFORK));
	CHECK_OK(madvise(at + 2 * 299 * PAGE, PAGE, MADV_DONTFORK));
	IN_CHILD {
		for (int i = 0; i < N; i++) {
			bool gone = i == 7 || i == 299;
			if (mapped(at + 2 * i * PAGE) == gone)
				CHECK_EQ(i, -1);
			else if (!gone && at[2 * i * PAGE] != (i == 200 ? 0 : 1))
				CHECK_EQ(at[2 * i * PAGE], i);
		}
	}
	CHECK_EQ(at[2 * 7 * PAGE], 1);
	CHECK_EQ(at[2 * 200 * PAGE], 1);
}
