/* A read fault of a file maps the pages around it too: nobody may see a difference but in the number of faults. */
#include "check.h"

#define RW (PROT_READ | PROT_WRITE)
#define PAGES 40ul

static int make(void)
{
	check_scratch();
	int fd = NEED_OK(open("f", O_RDWR | O_CREAT, 0644));
	for (size_t i = 0; i < PAGES; i++) {
		char page[PAGE];
		memset(page, 'A' + i, sizeof page);
		CHECK_EQ(write(fd, page, sizeof page), sizeof page);
	}
	return fd;
}

/* Whether the page at p, which is read, kills. */
static void check_dies(volatile char *p, int sig)
{
	IN_CHILD_ENDS(KILLED(sig)) {
		(void)*p;
	}
}

TEST(each_page_is_its_own)
{
	int fd = make();
	for (size_t first = 0; first < PAGES; first += 7) {
		/* An offset that is not aligned as the address is. */
		volatile char *at = mmap(0, (PAGES - first) * PAGE, PROT_READ, MAP_PRIVATE, fd, first * PAGE);
		(void)at[(PAGES - first) / 2 * PAGE];
		for (size_t i = first; i < PAGES; i++)
			CHECK_EQ(at[(i - first) * PAGE + 1], (int)('A' + i));
	}
}

/* As above, in a region too large to be mapped whole by one fault. */
TEST(each_page_of_a_large_region_is_its_own)
{
	int fd = make();
	for (size_t first = 0; first < PAGES; first += 11) {
		volatile char *at = mmap(0, (PAGES + 90) * PAGE, PROT_READ, MAP_PRIVATE, fd, first * PAGE);
		for (size_t i = PAGES; i-- > first; )
			CHECK_EQ(at[(i - first) * PAGE + 1], (int)('A' + i));
		check_dies(at + (PAGES - first) * PAGE, SIGBUS);
	}
}

TEST(a_private_write_is_private)
{
	int fd = make();
	char c, *at = mmap(0, PAGES * PAGE, RW, MAP_PRIVATE, fd, 0);
	volatile char *other = mmap(0, PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK_EQ(((volatile char *)at)[3 * PAGE], 'D');
	at[4 * PAGE] = 'x';
	CHECK_EQ(other[3 * PAGE], 'D');
	CHECK_EQ(other[4 * PAGE], 'E');
	CHECK_EQ(pread(fd, &c, 1, 4 * PAGE), 1);
	CHECK_EQ(c, 'E');
	CHECK_EQ(pwrite(fd, "z", 1, 5 * PAGE), 1);
	CHECK_EQ(((volatile char *)at)[5 * PAGE], 'z');
}

/* As the dynamic loader maps one: headers, what is run, and data that the first write may bring in whole. */
TEST(a_library)
{
	int fd = make();
	char c, *at = mmap(0, PAGES * PAGE, PROT_READ, MAP_PRIVATE, fd, 0), *data = at + 24 * PAGE;
	volatile char *seen = at, *other = mmap(0, PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(mmap(at + 4 * PAGE, 20 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 4 * PAGE) != MAP_FAILED);
	CHECK(mmap(data, 12 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 24 * PAGE) == data);
	data[7 * PAGE] = 'x';
	for (size_t i = 0; i < PAGES; i++) {
		CHECK_EQ(seen[i * PAGE], i == 31 ? 'x' : (int)('A' + i));
		CHECK_EQ(seen[i * PAGE + 1], (int)('A' + i));
		CHECK_EQ(other[i * PAGE], (int)('A' + i));
	}
	CHECK_EQ(pread(fd, &c, 1, 31 * PAGE), 1);
	CHECK_EQ(c, 'A' + 31);
	IN_CHILD {
		data[1 * PAGE] = data[7 * PAGE] = 'c';
		CHECK_EQ(seen[26 * PAGE], 'A' + 26);
	}
	CHECK_EQ(seen[25 * PAGE], 'A' + 25);
	CHECK_EQ(seen[31 * PAGE], 'x');
	CHECK_OK(mprotect(data, 4 * PAGE, PROT_READ));
	data[5 * PAGE] = 'y';
	CHECK_OK(ftruncate(fd, 30 * PAGE));
	CHECK_EQ(seen[29 * PAGE], 'y');
	check_dies(seen + 31 * PAGE, SIGBUS);
	check_dies(seen + 30 * PAGE, SIGBUS);
}

TEST(a_cut_takes_the_neighbours)
{
	int fd = make();
	volatile char *at = mmap(0, PAGES * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK_EQ(at[8 * PAGE], 'A' + 8);
	CHECK_OK(ftruncate(fd, 9 * PAGE));
	CHECK_EQ(at[8 * PAGE], 'A' + 8);
	check_dies(at + 9 * PAGE, SIGBUS);
	check_dies(at + 15 * PAGE, SIGBUS);
	CHECK_OK(ftruncate(fd, PAGES * PAGE));
	CHECK_EQ(at[9 * PAGE], 0);
}

TEST(nothing_beyond_the_end)
{
	int fd = make();
	volatile char *at = mmap(0, (PAGES + 16) * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK_OK(fallocate(fd, FALLOC_FL_KEEP_SIZE, PAGES * PAGE, 8 * PAGE));
	CHECK_EQ(at[(PAGES - 1) * PAGE], (char)('A' + PAGES - 1));
	check_dies(at + PAGES * PAGE, SIGBUS);
	check_dies(at + (PAGES + 1) * PAGE, SIGBUS);
}

TEST(holes)
{
	check_scratch();
	int fd = NEED_OK(open("f", O_RDWR | O_CREAT, 0644));
	for (size_t i = 0; i < PAGES; i += 3)
		CHECK_EQ(pwrite(fd, "p", 1, i * PAGE), 1);
	CHECK_OK(ftruncate(fd, PAGES * PAGE));
	volatile char *at = mmap(0, PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	for (size_t i = 0; i < PAGES; i++)
		CHECK_EQ(at[i * PAGE], i % 3 ? 0 : 'p');
}

TEST(only_inside_the_region)
{
	int fd = make();
	volatile char *at = mmap(0, PAGES * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK_OK(mprotect((void *)(at + 4 * PAGE), PAGE, PROT_NONE));
	CHECK_OK(munmap((void *)(at + 6 * PAGE), PAGE));
	CHECK_EQ(at[5 * PAGE], 'F');
	CHECK_EQ(at[3 * PAGE], 'D');
	check_dies(at + 4 * PAGE, SIGSEGV);
	check_dies(at + 6 * PAGE, SIGSEGV);
	CHECK_OK(mprotect((void *)(at + 4 * PAGE), PAGE, PROT_READ));
	CHECK_EQ(at[4 * PAGE], 'E');
}

TEST(across_fork)
{
	int fd = make();
	char *at = mmap(0, PAGES * PAGE, RW, MAP_PRIVATE, fd, 0);
	CHECK_EQ(((volatile char *)at)[0], 'A');
	IN_CHILD {
		at[1 * PAGE] = 'c';
		CHECK_EQ(((volatile char *)at)[2 * PAGE], 'C');
		CHECK_EQ(((volatile char *)at)[20 * PAGE], 'A' + 20);
	}
	CHECK_EQ(((volatile char *)at)[1 * PAGE], 'B');
	CHECK_EQ(((volatile char *)at)[20 * PAGE], 'A' + 20);
}
