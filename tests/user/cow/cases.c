/*
 * The cases of a write to a page that is not writable yet, by number: (1) shared mapping: make writable; (2) sole owner: reuse;
 * (3) shared anonymous: copy; (4) private file page: copy; (5) zero page: a fresh zeroed frame. And who may not write at all.
 */
#include "check.h"

static volatile char *map(size_t pages, int flags)
{
	char *at = mmap(0, pages * PAGE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		_exit(98);
	return at;
}

static volatile char *map_file(const char *name, size_t pages, int flags, int fd)
{
	char *at = mmap(0, pages * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (at == MAP_FAILED)
		_exit(98);
	return at;
}

static int file_of(size_t pages)
{
	char page[PAGE];
	check_scratch();
	int fd = NEED_OK(open("f", O_RDWR | O_CREAT, 0644));
	for (size_t i = 0; i < pages; i++) {
		memset(page, 'a' + i, sizeof page);
		CHECK_EQ(write(fd, page, sizeof page), sizeof page);
	}
	return fd;
}

TEST(case_1_shared_mapping)
{
	volatile char *at = map(4, MAP_SHARED);
	at[0] = 1;
	IN_CHILD {
		CHECK_EQ(at[0], 1);
		at[0] = 2;
		at[PAGE] = 3;
		IN_CHILD {
			CHECK_EQ(at[PAGE], 3);
			at[2 * PAGE] = 4;
		}
		CHECK_EQ(at[2 * PAGE], 4);
	}
	CHECK_EQ(at[0], 2);
	CHECK_EQ(at[PAGE], 3);
	CHECK_EQ(at[2 * PAGE], 4);
	CHECK_EQ(at[3 * PAGE], 0);
}

TEST(case_1_shared_file)
{
	char c = 0;
	int fd = file_of(2);
	volatile char *at = map_file("f", 2, MAP_SHARED, fd);
	CHECK_EQ(at[0], 'a');
	IN_CHILD {
		at[0] = 'X';
		at[PAGE + 5] = 'Y';
	}
	CHECK_EQ(at[0], 'X');
	CHECK_EQ(pread(fd, &c, 1, PAGE + 5), 1);
	CHECK_EQ(c, 'Y');
	CHECK_EQ(pwrite(fd, "Z", 1, 1), 1);
	CHECK_EQ(at[1], 'Z');
}

/* What the owner reads after the reuse must be what was there. */
TEST(case_2_sole_owner)
{
	volatile char *at = map(8, MAP_PRIVATE);
	for (int i = 0; i < 8; i++)
		at[i * PAGE] = i + 1;
	IN_CHILD {
	}
	for (int i = 0; i < 8; i++) {
		CHECK_EQ(at[i * PAGE], i + 1);
		at[i * PAGE + 1] = 9;
		CHECK_EQ(at[i * PAGE], i + 1);
		CHECK_EQ(at[i * PAGE + 1], 9);
	}
}

TEST(case_2_child_is_the_owner_after_the_parent)
{
	int back[2];
	volatile char *at = map(1, MAP_PRIVATE);
	at[0] = 1;
	NEED_OK(pipe(back));
	pid_t middle = fork();
	if (middle == 0) {
		at[0] = 2;
		if (fork() == 0) {
			raw_sleep_ms(50);
			at[1] = 7;
			char ok = at[0] == 2 && at[1] == 7;
			_exit(write(back[1], &ok, 1) == 1 ? 0 : 1);
		}
		_exit(0);
	}
	CHECK_WAIT(middle, EXITED(0));
	char ok = 0;
	CHECK_EQ(read(back[0], &ok, 1), 1);
	CHECK_EQ(ok, 1);
	CHECK_EQ(at[0], 1);
	CHECK_EQ(at[1], 0);
}

TEST(case_3_child_writes)
{
	volatile char *at = map(2, MAP_PRIVATE);
	memset((char *)at, 'p', 2 * PAGE);
	IN_CHILD {
		at[10] = 'c';
		CHECK_EQ(at[9], 'p');
		CHECK_EQ(at[10], 'c');
		CHECK_EQ(at[PAGE - 1], 'p');
		CHECK_EQ(at[PAGE], 'p');
	}
	CHECK_EQ(at[10], 'p');
}

TEST(case_3_parent_writes)
{
	int go[2];
	char c;
	volatile char *at = map(1, MAP_PRIVATE);
	at[0] = 'p';
	NEED_OK(pipe(go));
	pid_t pid = fork();
	if (pid == 0) {
		CHECK_EQ(read(go[0], &c, 1), 1);
		_exit(at[0] == 'p' && at[1] == 0 ? 0 : 1);
	}
	at[0] = 'q';
	at[1] = 'q';
	CHECK_EQ(write(go[1], "x", 1), 1);
	CHECK_WAIT(pid, EXITED(0));
	CHECK_EQ(at[0], 'q');
}

TEST(case_4_private_file_page)
{
	char c = 0;
	int fd = file_of(3);
	volatile char *at = map_file("f", 3, MAP_PRIVATE, fd);
	CHECK_EQ(at[0], 'a');
	at[0] = 'X';
	CHECK_EQ(at[0], 'X');
	CHECK_EQ(at[1], 'a');
	CHECK_EQ(pread(fd, &c, 1, 0), 1);
	CHECK_EQ(c, 'a');
	/* A page that was not written still follows the file; a written one does not. */
	CHECK_EQ(pwrite(fd, "N", 1, PAGE), 1);
	CHECK_EQ(at[PAGE], 'N');
	CHECK_EQ(pwrite(fd, "N", 1, 0), 1);
	CHECK_EQ(at[0], 'X');
	IN_CHILD {
		at[0] = 'c';
		at[2 * PAGE] = 'c';
	}
	CHECK_EQ(at[0], 'X');
	CHECK_EQ(at[2 * PAGE], 'c' /* the file's third letter */);
	CHECK_EQ(at[2 * PAGE + 1], 'c');
}

TEST(case_4_write_without_a_read_first)
{
	int fd = file_of(1);
	volatile char *at = map_file("f", 1, MAP_PRIVATE, fd);
	at[100] = 'X';
	CHECK_EQ(at[99], 'a');
	CHECK_EQ(at[101], 'a');
}

TEST(case_4_own_data_segment)
{
	static volatile int data = 4711;
	IN_CHILD {
		data = 1;
		IN_CHILD {
			CHECK_EQ(data, 1);
			data = 2;
		}
		CHECK_EQ(data, 1);
	}
	CHECK_EQ(data, 4711);
}

TEST(case_5_zero_page)
{
	volatile char *at = map(3, MAP_PRIVATE);
	CHECK_EQ(at[0], 0);
	CHECK_EQ(at[PAGE], 0);
	IN_CHILD {
		at[0] = 1;
		for (size_t i = 1; i < PAGE; i++)
			if (at[i])
				CHECK_EQ(at[i], 0);
		CHECK_EQ(at[PAGE], 0);
		CHECK_EQ(at[2 * PAGE], 0);
	}
	CHECK_EQ(at[0], 0);
	at[PAGE] = 5;
	CHECK_EQ(at[0], 0);
	CHECK_EQ(at[2 * PAGE], 0);
	CHECK_EQ(at[PAGE], 5);
}

TEST(case_5_zero_page_read_before_fork)
{
	volatile char *at = map(64, MAP_PRIVATE);
	int sum = 0;
	for (int i = 0; i < 64; i++)
		sum += at[i * PAGE];
	CHECK_EQ(sum, 0);
	IN_CHILD {
		for (int i = 0; i < 64; i++)
			at[i * PAGE] = 1;
	}
	for (int i = 0; i < 64; i++)
		sum += at[i * PAGE];
	CHECK_EQ(sum, 0);
}

TEST(write_that_no_region_allows)
{
	volatile char *at = map(1, MAP_PRIVATE);
	at[0] = 1;
	CHECK_OK(mprotect((char *)at, PAGE, PROT_READ));
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		at[0] = 2;
	}
	IN_CHILD {
		CHECK_OK(mprotect((char *)at, PAGE, PROT_READ | PROT_WRITE));
		at[0] = 3;
	}
	CHECK_EQ(at[0], 1);
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		at[0] = 4;
	}
}

/* The kernel's own writes copy too. */
TEST(kernel_writes)
{
	int ends[2];
	volatile char *at = map(2, MAP_PRIVATE);
	at[0] = at[PAGE - 1] = at[PAGE] = 'p';
	NEED_OK(pipe(ends));
	IN_CHILD {
		CHECK_EQ(write(ends[1], "cc", 2), 2);
		CHECK_EQ(read(ends[0], (char *)at + PAGE - 1, 2), 2);
		CHECK_EQ(at[PAGE - 1], 'c');
		CHECK_EQ(at[PAGE], 'c');
		CHECK_EQ(at[0], 'p');
	}
	CHECK_EQ(at[PAGE - 1], 'p');
	CHECK_EQ(at[PAGE], 'p');
}

TEST(kernel_writes_to_every_kind)
{
	int fd = file_of(1);
	volatile char *zero = map(1, MAP_PRIVATE), *shared = map(1, MAP_SHARED), *file = map_file("f", 1, MAP_PRIVATE, fd);
	volatile char *fresh = map(1, MAP_PRIVATE);
	CHECK_EQ(zero[0], 0);
	CHECK_EQ(file[0], 'a');
	int from = NEED_OK(open("/dev/zero", O_RDONLY));
	int text = NEED_OK(open("f", O_RDONLY));
	IN_CHILD {
		CHECK_EQ(pread(text, (char *)zero, 10, 0), 10);
		CHECK_EQ(pread(text, (char *)shared, 10, 0), 10);
		CHECK_EQ(pread(text, (char *)fresh, 10, 0), 10);
		CHECK_EQ(read(from, (char *)file, 10), 10);
		CHECK_EQ(zero[9] + fresh[9], 2 * 'a');
		CHECK_EQ(file[9], 0);
		CHECK_EQ(file[10], 'a');
	}
	CHECK_EQ(zero[0], 0);
	CHECK_EQ(fresh[0], 0);
	CHECK_EQ(file[0], 'a');
	CHECK_EQ(shared[9], 'a');
}

TEST(kernel_write_to_read_only_is_efault)
{
	volatile char *at = map(1, MAP_PRIVATE);
	at[0] = 1;
	mprotect((char *)at, PAGE, PROT_READ);
	int from = NEED_OK(open("/dev/zero", O_RDONLY));
	IN_CHILD {
		CHECK_ERR(read(from, (char *)at, 1), EFAULT);
	}
	CHECK_ERR(read(from, (char *)at, 1), EFAULT);
	CHECK_EQ(at[0], 1);
}

TEST(stack_is_copied)
{
	volatile char deep[64 * 1024];
	for (size_t i = 0; i < sizeof deep; i += 512)
		deep[i] = 'p';
	IN_CHILD {
		for (size_t i = 0; i < sizeof deep; i += 512)
			deep[i] = 'c';
	}
	for (size_t i = 0; i < sizeof deep; i += 512)
		if (deep[i] != 'p')
			CHECK_EQ(deep[i], 'p');
}

TEST(write_across_a_page_boundary)
{
	volatile char *at = map(2, MAP_PRIVATE);
	memset((char *)at, 'p', 2 * PAGE);
	long *word = (long *)(at + PAGE - 4);
	IN_CHILD {
		*(volatile long *)word = 0x1122334455667788;
		CHECK_EQ(at[PAGE - 1], 0x55);
		CHECK_EQ(at[PAGE], 0x44);
		CHECK_EQ(at[PAGE - 5], 'p');
	}
	CHECK_EQ(at[PAGE - 1], 'p');
	CHECK_EQ(at[PAGE], 'p');
}
