/* Changes of the address space on one side of a fork do not reach the other: unmap, protect, advise, move, grow. */
#include "check.h"

static char *map(size_t pages)
{
	char *at = mmap(0, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		_exit(98);
	for (size_t i = 0; i < pages; i++)
		at[i * PAGE] = 'a' + i;
	return at;
}

/* Is the page mapped? msync says ENOMEM where it is not. */
static bool mapped(const char *at)
{
	return msync((void *)at, PAGE, MS_ASYNC) == 0;
}

TEST(unmap_in_the_child)
{
	char *at = map(8);
	IN_CHILD {
		CHECK_OK(munmap(at + 2 * PAGE, 3 * PAGE));
		CHECK(!mapped(at + 3 * PAGE));
		CHECK_EQ(at[PAGE], 'b');
		CHECK_EQ(at[5 * PAGE], 'f');
		IN_CHILD_ENDS(KILLED(SIGSEGV)) {
			*(volatile char *)(at + 2 * PAGE) = 1;
		}
	}
	for (int i = 0; i < 8; i++)
		CHECK_EQ(at[i * PAGE], 'a' + i);
}

TEST(unmap_in_the_parent)
{
	int go[2];
	char c;
	char *at = map(8);
	NEED_OK(pipe(go));
	pid_t pid = fork();
	if (pid == 0) {
		CHECK_EQ(read(go[0], &c, 1), 1);
		for (int i = 0; i < 8; i++)
			CHECK_EQ(at[i * PAGE], 'a' + i);
		at[0] = 'x';
		_exit(check_failed != 0);
	}
	CHECK_OK(munmap(at, 8 * PAGE));
	CHECK_EQ(write(go[1], "x", 1), 1);
	CHECK_WAIT(pid, EXITED(0));
	CHECK(!mapped(at));
}

TEST(map_over_in_the_child)
{
	char *at = map(4);
	IN_CHILD {
		char *over = mmap(at + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		CHECK(over == at + PAGE);
		CHECK_EQ(at[PAGE], 0);
		CHECK_EQ(at[2 * PAGE], 'c');
	}
	CHECK_EQ(at[PAGE], 'b');
}

TEST(protect_in_the_child)
{
	char *at = map(4);
	IN_CHILD {
		CHECK_OK(mprotect(at, 4 * PAGE, PROT_NONE));
		IN_CHILD_ENDS(KILLED(SIGSEGV)) {
			CHECK_EQ(*(volatile char *)at, 0);
		}
	}
	at[0] = 'z';
	CHECK_EQ(at[PAGE], 'b');
	CHECK_OK(mprotect(at, PAGE, PROT_READ));
	IN_CHILD {
		CHECK_OK(mprotect(at, PAGE, PROT_READ | PROT_WRITE));
		at[0] = 'y';
	}
	CHECK_EQ(at[0], 'z');
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		*(volatile char *)at = 1;
	}
}

TEST(write_permission_given_after_the_fork)
{
	char *at = map(2);
	CHECK_OK(mprotect(at, 2 * PAGE, PROT_READ));
	int go[2];
	char c;
	NEED_OK(pipe(go));
	pid_t pid = fork();
	if (pid == 0) {
		CHECK_EQ(read(go[0], &c, 1), 1);
		_exit(at[0] == 'a' && at[PAGE] == 'b' ? 0 : 1);
	}
	CHECK_OK(mprotect(at, 2 * PAGE, PROT_READ | PROT_WRITE));
	at[0] = at[PAGE] = 'x';
	CHECK_EQ(write(go[1], "x", 1), 1);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(dontneed_in_the_child)
{
	char *at = map(4);
	IN_CHILD {
		CHECK_OK(madvise(at, 4 * PAGE, MADV_DONTNEED));
		CHECK_EQ(at[0], 0);
		CHECK_EQ(at[3 * PAGE], 0);
		at[0] = 'c';
	}
	for (int i = 0; i < 4; i++)
		CHECK_EQ(at[i * PAGE], 'a' + i);
}

TEST(dontneed_in_the_parent)
{
	int go[2];
	char c, *at = map(4);
	NEED_OK(pipe(go));
	pid_t pid = fork();
	if (pid == 0) {
		CHECK_EQ(read(go[0], &c, 1), 1);
		_exit(at[0] == 'a' && at[3 * PAGE] == 'd' ? 0 : 1);
	}
	CHECK_OK(madvise(at, 4 * PAGE, MADV_DONTNEED));
	CHECK_EQ(at[0], 0);
	CHECK_EQ(write(go[1], "x", 1), 1);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(mremap_in_the_child)
{
	char *at = map(4);
	IN_CHILD {
		char *to = mremap(at, 4 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
		CHECK(to != MAP_FAILED);
		for (int i = 0; i < 4; i++)
			CHECK_EQ(to[i * PAGE], 'a' + i);
		CHECK_EQ(to[10 * PAGE], 0);
		to[0] = 'x';
		to[63 * PAGE] = 'x';
	}
	for (int i = 0; i < 4; i++)
		CHECK_EQ(at[i * PAGE], 'a' + i);
}

TEST(mremap_to_a_place_in_the_child)
{
	char *at = map(4), *place = map(4);
	IN_CHILD {
		char *to = mremap(at, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place);
		CHECK(to == place);
		CHECK(!mapped(at));
		place[0] = 'x';
		CHECK_EQ(place[PAGE], 'b');
	}
	CHECK_EQ(at[0], 'a');
	CHECK_EQ(place[0], 'a');
}

static char *set_brk(char *to)
{
	return (char *)RAW(SYS_brk, to);
}

TEST(brk_in_the_child)
{
	char *top = set_brk(0);
	top = set_brk((char *)(((uintptr_t)top + PAGE - 1) & -PAGE));
	CHECK(set_brk(top + 8 * PAGE) == top + 8 * PAGE);
	top[0] = 'p';
	top[7 * PAGE] = 'p';
	IN_CHILD {
		CHECK(set_brk(0) == top + 8 * PAGE);
		top[0] = 'c';
		CHECK(set_brk(top) == top);
		CHECK(!mapped(top));
		CHECK(set_brk(top + 8 * PAGE) == top + 8 * PAGE);
		CHECK_EQ(top[0], 0);
	}
	CHECK(set_brk(0) == top + 8 * PAGE);
	CHECK_EQ(top[0], 'p');
	CHECK_EQ(top[7 * PAGE], 'p');
}

TEST(new_maps_are_the_callers_own)
{
	int back[2];
	char *at = 0;
	NEED_OK(pipe(back));
	IN_CHILD {
		at = map(1);
		CHECK_EQ(write(back[1], &at, sizeof at), sizeof at);
	}
	CHECK_EQ(read(back[0], &at, sizeof at), sizeof at);
	CHECK(!mapped(at));
}

/* A region of several hundred others, changed here and there after the fork. */
TEST(many_regions)
{
	enum { N = 400 };
	char *at = mmap(0, 2 * N * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < N; i++)
		CHECK_OK(mprotect(at + 2 * i * PAGE, PAGE, PROT_READ));
	at[PAGE] = 'p';
	at[(2 * N - 1) * PAGE] = 'q';
	IN_CHILD {
		for (int i = 0; i < N; i += 3)
			CHECK_OK(munmap(at + 2 * i * PAGE, PAGE));
		IN_CHILD {
			for (int i = 0; i < N; i++)
				if (mapped(at + 2 * i * PAGE) != (i % 3 != 0))
					CHECK_EQ(i, -1);
			CHECK_OK(munmap(at, 2 * N * PAGE));
		}
		CHECK_EQ(at[PAGE], 'p');
		CHECK_EQ(at[(2 * N - 1) * PAGE], 'q');
	}
	for (int i = 0; i < N; i++)
		if (!mapped(at + 2 * i * PAGE))
			CHECK_EQ(i, -1);
	CHECK_OK(mprotect(at, 2 * N * PAGE, PROT_READ | PROT_WRITE));
	for (int i = 0; i < N; i++)
		at[2 * i * PAGE] = 1;
}
