/* mremap(2). */
#include "check.h"

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
	for (size_t i = 0; i < pages; i++)
		at[i * PAGE] = 'a' + i;
	return at;
}

TEST(shrink)
{
	char *at = map(5);
	CHECK(mremap(at, 5 * PAGE, 2 * PAGE, 0) == at);
	CHECK_EQ(at[PAGE], 'b');
	CHECK(!mapped(at + 2 * PAGE));
	CHECK(!mapped(at + 4 * PAGE));
	CHECK(mremap(at, 2 * PAGE, 2 * PAGE, 0) == at);
}

TEST(grow_in_place)
{
	char *at = map(8);
	CHECK_OK(munmap(at + 2 * PAGE, 6 * PAGE));
	CHECK(mremap(at, 2 * PAGE, 5 * PAGE, 0) == at);
	CHECK_EQ(at[PAGE], 'b');
	CHECK_EQ(at[2 * PAGE], 0);
	at[4 * PAGE] = 'x';
}

TEST(grow_where_there_is_no_room)
{
	char *at = map(4);
	CHECK_OK(mprotect(at + 2 * PAGE, 2 * PAGE, PROT_READ));
	CHECK_ERR((long)mremap(at, 2 * PAGE, 3 * PAGE, 0), ENOMEM);
	char *to = mremap(at, 2 * PAGE, 10 * PAGE, MREMAP_MAYMOVE);
	CHECK(to != MAP_FAILED && to != at);
	CHECK_EQ(to[0], 'a');
	CHECK_EQ(to[PAGE], 'b');
	CHECK_EQ(to[9 * PAGE], 0);
	CHECK(!mapped(at));
	CHECK(mapped(at + 2 * PAGE));
}

TEST(fixed)
{
	char *at = map(2), *to = map(4);
	CHECK(mremap(at, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + PAGE) == to + PAGE);
	CHECK_EQ(to[0], 'a');
	CHECK_EQ(to[PAGE], 'a');
	CHECK_EQ(to[2 * PAGE], 'b');
	CHECK_EQ(to[3 * PAGE], 'd');
	CHECK(!mapped(at));
}

TEST(dontunmap)
{
	char *at = map(2);
	char *to = mremap(at, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	CHECK(to != MAP_FAILED && to != at);
	CHECK_EQ(to[PAGE], 'b');
	CHECK(mapped(at));
	CHECK_EQ(at[0], 0);
}

TEST(errors)
{
	char *at = map(4), *to = map(4);
	CHECK_ERR((long)mremap(at + 1, PAGE, PAGE, 0), EINVAL);
	CHECK_ERR((long)mremap(at, PAGE, 0, 0), EINVAL);
	CHECK_ERR((long)mremap(at, PAGE, PAGE, 0x100), EINVAL);
	CHECK_ERR((long)mremap(at, PAGE, PAGE, MREMAP_FIXED, to), EINVAL);
	CHECK_ERR((long)mremap(at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + 1), EINVAL);
	CHECK_ERR((long)mremap(at, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at + PAGE), EINVAL);
	CHECK_ERR((long)mremap(at, 0, PAGE, MREMAP_MAYMOVE), EINVAL);
	CHECK_ERR((long)mremap(at, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0), EINVAL);
	CHECK_OK(munmap(to, 4 * PAGE));
	CHECK_ERR((long)mremap(to, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
	CHECK_OK(munmap(at + 2 * PAGE, PAGE));
	CHECK_ERR((long)mremap(at, 4 * PAGE, 5 * PAGE, MREMAP_MAYMOVE), EFAULT);
	CHECK_EQ(at[0], 'a');
}

/* An old size that leads out of the address space, or around it, cuts nothing off. */
TEST(size_out_of_this_world)
{
	char *at = map(16), *to = map(2);
	CHECK_ERR((long)mremap(at + 5 * PAGE, (size_t)-2 * PAGE, PAGE, MREMAP_MAYMOVE), EINVAL);
	CHECK_ERR((long)mremap(at + 5 * PAGE, (size_t)-2 * PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to), EINVAL);
	CHECK_ERR((long)mremap(at + 5 * PAGE, (size_t)1 << 62, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + PAGE), EINVAL);
	for (int i = 0; i < 16; i++)
		CHECK_EQ(at[i * PAGE], 'a' + i);
	CHECK_OK(munmap(at + 3 * PAGE, 3 * PAGE));
	CHECK(mapped(at + 2 * PAGE) && !mapped(at + 3 * PAGE) && !mapped(at + 5 * PAGE) && mapped(at + 6 * PAGE));
}

TEST(shared_old_size_zero_makes_a_second_view)
{
	char *at = mmap(0, 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	at[0] = 'x';
	char *to = mremap(at, 0, 2 * PAGE, MREMAP_MAYMOVE);
	CHECK(to != MAP_FAILED && to != at);
	CHECK_EQ(to[0], 'x');
	to[1] = 'y';
	CHECK_EQ(at[1], 'y');
}

TEST(file)
{
	check_scratch();
	int fd = NEED_OK(open("f", O_RDWR | O_CREAT, 0644));
	CHECK_OK(ftruncate(fd, 4 * PAGE));
	for (int i = 0; i < 4; i++)
		CHECK_EQ(pwrite(fd, &(char){'0' + i}, 1, i * PAGE), 1);
	char *at = mmap(0, PAGE, RW, MAP_SHARED, fd, PAGE);
	CHECK_EQ(at[0], '1');
	char *to = mremap(at, PAGE, 3 * PAGE, MREMAP_MAYMOVE);
	CHECK(to != MAP_FAILED);
	CHECK_EQ(to[0], '1');
	CHECK_EQ(to[2 * PAGE], '3');
}

TEST(large_moves)
{
	enum { N = 1500 };
	char *at = mmap(0, N * PAGE, RW, ANON, -1, 0);
	for (int i = 0; i < N; i++)
		*(int *)(at + i * PAGE) = i;
	char *to = mmap(0, 2 * N * PAGE, PROT_NONE, ANON, -1, 0);
	CHECK(mremap(at, N * PAGE, 2 * N * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	int bad = 0;
	for (int i = 0; i < N; i++)
		bad += *(int *)(to + i * PAGE) != i;
	CHECK_EQ(bad, 0);
	CHECK_EQ(to[(2 * N - 1) * PAGE], 0);
}
