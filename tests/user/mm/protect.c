/* mprotect(2). */
#include "check.h"

#define RW (PROT_READ | PROT_WRITE)

static char *map(size_t pages)
{
	char *at = mmap(0, pages * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		_exit(98);
	for (size_t i = 0; i < pages; i++)
		at[i * PAGE] = 'a' + i;
	return at;
}

static void writes_die(volatile char *at)
{
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		*at = 1;
	}
}

static void reads_die(volatile char *at)
{
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		(void)*at;
	}
}

TEST(read_only_none_and_back)
{
	char *at = map(3);
	CHECK_OK(mprotect(at + PAGE, PAGE, PROT_READ));
	CHECK_EQ(at[PAGE], 'b');
	writes_die(at + PAGE);
	at[0] = at[2 * PAGE] = 'x';
	CHECK_OK(mprotect(at + PAGE, PAGE, PROT_NONE));
	reads_die(at + PAGE);
	CHECK_OK(mprotect(at, 3 * PAGE, RW));
	CHECK_EQ(at[PAGE], 'b');
	at[PAGE] = 'y';
}

TEST(none_keeps_the_contents)
{
	char *at = map(1);
	for (int i = 0; i < 10; i++) {
		CHECK_OK(mprotect(at, PAGE, PROT_NONE));
		CHECK_OK(mprotect(at, PAGE, RW));
		CHECK_EQ(at[0], 'a' + i);
		at[0]++;
	}
}

TEST(pages_not_touched_yet)
{
	char *at = mmap(0, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reads_die(at);
	CHECK_OK(mprotect(at, 2 * PAGE, RW));
	at[PAGE] = 1;
	CHECK_EQ(at[0], 0);
	reads_die(at + 2 * PAGE);
	CHECK_OK(mprotect(at, PAGE, PROT_READ));
	writes_die(at);
}

TEST(errors)
{
	char *at = map(4);
	CHECK_ERR(mprotect(at + 1, PAGE, PROT_READ), EINVAL);
	CHECK_ERR(mprotect(at, PAGE, 0x1000), EINVAL);
	CHECK_ERR(mprotect(at, PAGE, PROT_GROWSDOWN), EINVAL);
	CHECK_ERR(mprotect(at, PAGE, PROT_GROWSDOWN | PROT_GROWSUP), EINVAL);
	CHECK_OK(mprotect(at, 0, PROT_READ));
	at[0] = 'a';
	CHECK_ERR(mprotect(at, -1ul << 12, PROT_READ), ENOMEM);
	CHECK_OK(munmap(at + 2 * PAGE, PAGE));
	/* What comes before the hole is changed. */
	CHECK_ERR(mprotect(at, 4 * PAGE, PROT_READ), ENOMEM);
	writes_die(at);
	at[3 * PAGE] = 'x';
	CHECK_ERR(mprotect(at + 2 * PAGE, PAGE, PROT_READ), ENOMEM);
	CHECK_OK(mprotect(at, PAGE + 1, RW));
	at[PAGE] = 'x';
}

TEST(exec)
{
	char *at = map(1);
	at[0] = (char)0xb8; /* mov $42, %eax; ret */
	memcpy(at + 1, "\x2a\0\0\0\xc3", 5);
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		((int (*)(void))(void *)at)();
	}
	CHECK_OK(mprotect(at, PAGE, PROT_READ | PROT_EXEC));
	CHECK_EQ(((int (*)(void))(void *)at)(), 42);
	writes_die(at);
	CHECK_OK(mprotect(at, PAGE, RW));
	at[1] = 43;
	CHECK_OK(mprotect(at, PAGE, PROT_READ | PROT_EXEC));
	CHECK_EQ(((int (*)(void))(void *)at)(), 43);
}

TEST(private_file_page)
{
	char c;
	check_scratch();
	CHECK_OK(check_spew("f", "file", 4, 0644));
	int fd = NEED_OK(open("f", O_RDWR));
	char *at = mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK_EQ(at[0], 'f');
	writes_die(at);
	CHECK_OK(mprotect(at, PAGE, RW));
	at[0] = 'X';
	CHECK_EQ(pread(fd, &c, 1, 0), 1);
	CHECK_EQ(c, 'f');
	CHECK_OK(mprotect(at, PAGE, PROT_READ));
	CHECK_EQ(at[0], 'X');
	writes_die(at);
}

TEST(shared_file_page)
{
	char c;
	check_scratch();
	CHECK_OK(check_spew("f", "file", 4, 0644));
	int fd = NEED_OK(open("f", O_RDWR));
	char *at = mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	writes_die(at);
	CHECK_OK(mprotect(at, PAGE, RW));
	at[0] = 'X';
	CHECK_EQ(pread(fd, &c, 1, 0), 1);
	CHECK_EQ(c, 'X');
}

TEST(over_several_regions)
{
	char *at = map(5);
	CHECK_OK(mprotect(at + PAGE, PAGE, PROT_READ));
	CHECK_OK(mprotect(at + 3 * PAGE, PAGE, PROT_NONE));
	CHECK_OK(mprotect(at, 5 * PAGE, PROT_READ));
	for (int i = 0; i < 5; i++)
		CHECK_EQ(at[i * PAGE], 'a' + i);
	writes_die(at + 2 * PAGE);
	CHECK_OK(mprotect(at, 5 * PAGE, RW));
	for (int i = 0; i < 5; i++)
		at[i * PAGE] = 1;
}

TEST(the_kernel_obeys_too)
{
	char *at = map(2);
	int zero = NEED_OK(open("/dev/zero", O_RDONLY)), null = NEED_OK(open("/dev/null", O_WRONLY)), ends[2];
	NEED_OK(pipe(ends));
	(void)null;
	mprotect(at, PAGE, PROT_NONE);
	CHECK_ERR(read(zero, at, 1), EFAULT);
	CHECK_ERR(write(ends[1], at, 1), EFAULT);
	mprotect(at, PAGE, PROT_READ);
	CHECK_ERR(read(zero, at, 1), EFAULT);
	CHECK_EQ(write(ends[1], at, 1), 1);
	CHECK_EQ(at[0], 'a');
	/* A copy that fails in the middle says how far it came. */
	CHECK_EQ(pread(zero, at + PAGE, 2 * PAGE, 0) > 0 || errno == EFAULT, 1);
}
