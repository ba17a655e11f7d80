/* Mappings of files: one page cache for read, write and memory. */
#include "check.h"

#define RW (PROT_READ | PROT_WRITE)

static int make(size_t pages)
{
	check_scratch();
	int fd = NEED_OK(open("f", O_RDWR | O_CREAT, 0644));
	for (size_t i = 0; i < pages; i++) {
		char page[PAGE];
		memset(page, 'a' + i, sizeof page);
		CHECK_EQ(write(fd, page, sizeof page), sizeof page);
	}
	return fd;
}

TEST(shared_and_write_agree)
{
	char c, *at;
	int fd = make(2);
	at = mmap(0, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	at[5] = 'M';
	CHECK_EQ(pread(fd, &c, 1, 5), 1);
	CHECK_EQ(c, 'M');
	CHECK_EQ(pwrite(fd, "W", 1, PAGE), 1);
	CHECK_EQ(at[PAGE], 'W');
}

TEST(offset)
{
	int fd = make(3);
	char *at = mmap(0, PAGE, RW, MAP_SHARED, fd, 2 * PAGE);
	CHECK_EQ(at[0], 'c');
	CHECK_ERR((long)mmap(0, PAGE, RW, MAP_SHARED, fd, 100), EINVAL);
	at = mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE);
	CHECK_EQ(at[0], 'b');
	/* An offset that would overflow. */
	CHECK_ERR((long)mmap(0, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0x7ffffffffffff000), EOVERFLOW);
}

TEST(tail_of_the_last_page)
{
	check_scratch();
	CHECK_OK(check_spew("f", "hello", 5, 0644));
	int fd = NEED_OK(open("f", O_RDWR));
	char c, *at = mmap(0, PAGE, RW, MAP_SHARED, fd, 0);
	for (size_t i = 5; i < PAGE; i++)
		if (at[i])
			CHECK_EQ(at[i], 0);
	at[10] = 'x'; /* beyond the end: not part of the file */
	struct stat st;
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 5);
	CHECK_EQ(pread(fd, &c, 1, 10), 0);
}

TEST(extension_is_seen)
{
	int fd = make(1);
	volatile char *at = mmap(0, 3 * PAGE, RW, MAP_SHARED, fd, 0);
	CHECK_EQ(at[0], 'a');
	CHECK_OK(ftruncate(fd, 3 * PAGE));
	CHECK_EQ(at[2 * PAGE], 0);
	at[2 * PAGE] = 'z';
	char c;
	CHECK_EQ(pread(fd, &c, 1, 2 * PAGE), 1);
	CHECK_EQ(c, 'z');
}

TEST(partial_truncation_zeroes_the_rest)
{
	char c;
	int fd = make(1);
	volatile char *at = mmap(0, PAGE, RW, MAP_SHARED, fd, 0);
	CHECK_EQ(at[100], 'a');
	CHECK_OK(ftruncate(fd, 50));
	CHECK_EQ(at[49], 'a');
	CHECK_EQ(at[100], 0);
	CHECK_OK(ftruncate(fd, PAGE));
	CHECK_EQ(pread(fd, &c, 1, 100), 1);
	CHECK_EQ(c, 0);
}

TEST(unlinked_file_lives_on)
{
	int fd = make(1);
	char *at = mmap(0, PAGE, RW, MAP_SHARED, fd, 0);
	CHECK_OK(unlink("f"));
	CHECK_OK(close(fd));
	at[0] = 'x';
	IN_CHILD {
		CHECK_EQ(at[0], 'x');
		at[1] = 'y';
	}
	CHECK_EQ(at[1], 'y');
}

TEST(two_processes_that_open_for_themselves)
{
	int fd = make(1);
	volatile char *at = mmap(0, PAGE, RW, MAP_SHARED, fd, 0);
	IN_CHILD {
		int again = NEED_OK(open("f", O_RDWR));
		volatile char *other = mmap(0, PAGE, RW, MAP_SHARED, again, 0);
		CHECK_EQ(other[0], 'a');
		other[0] = 'x';
	}
	CHECK_EQ(at[0], 'x');
}

TEST(holes)
{
	check_scratch();
	int fd = NEED_OK(open("f", O_RDWR | O_CREAT, 0644));
	CHECK_OK(ftruncate(fd, 100 * PAGE));
	volatile char *at = mmap(0, 100 * PAGE, RW, MAP_SHARED, fd, 0);
	CHECK_EQ(at[50 * PAGE], 0);
	at[70 * PAGE] = 1;
	struct stat st;
	CHECK_OK(fstat(fd, &st));
	CHECK(st.st_blocks >= 8 && st.st_blocks < 100 * 8);
}

TEST(read_into_a_mapping_of_the_same_file)
{
	int fd = make(2);
	char *at = mmap(0, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	CHECK_EQ(pread(fd, at, PAGE, PAGE), PAGE);
	CHECK_EQ(at[0], 'b');
	CHECK_EQ(pwrite(fd, at + PAGE, 10, 20), 10);
	CHECK_EQ(at[25], 'b');
}

TEST(maps_line)
{
	static char text[16384];
	char want[200];
	int fd = make(3);
	struct stat st;
	CHECK_OK(fstat(fd, &st));
	char *at = mmap(0, 2 * PAGE, PROT_READ, MAP_SHARED, fd, PAGE);
	CHECK(check_slurp("/proc/self/maps", text, sizeof text) > 0);
	snprintf(want, sizeof want, "%lx-%lx r--s %08lx ", (unsigned long)at, (unsigned long)at + 2 * PAGE, PAGE);
	char *line = strstr(text, want);
	CHECK(line != 0);
	if (line) {
		unsigned long inode = 0;
		char name[200] = "";
		CHECK_EQ(sscanf(line + strlen(want), "%*x:%*x %lu %199s", &inode, name), 2);
		CHECK_EQ(inode, st.st_ino);
		CHECK(strstr(name, "/f"));
		/* Names begin at column 73. */
		CHECK_EQ(strchr(line, '/') - line, 73);
	}
}
