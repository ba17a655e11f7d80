/* Bad pointers given to system calls: EFAULT, never a death, and no harm to what is right. */
#include "check.h"
#include <poll.h>
#include <sys/uio.h>
#include <sys/utsname.h>

static char *two_pages_one_mapped(void)
{
	char *at = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(at + PAGE, PAGE);
	return at;
}

static const unsigned long bad[] = {0, 8, 0x7ffffffff000, 0x800000000000, 0x8000000000000000, 0xffff800000000000, 0xffffffff80000000,
				    0xfffffffffffffff8};

TEST(bad_addresses)
{
	int ends[2], zero = NEED_OK(open("/dev/zero", O_RDONLY));
	NEED_OK(pipe(ends));
	CHECK_EQ(write(ends[1], "data", 4), 4);
	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
		CHECK_EQ(RAW(SYS_read, ends[0], bad[i], 4), -EFAULT);
		CHECK_EQ(RAW(SYS_read, zero, bad[i], 4), -EFAULT);
		CHECK_EQ(RAW(SYS_write, ends[1], bad[i], 4), -EFAULT);
		CHECK_EQ(RAW(SYS_open, bad[i], O_RDONLY), -EFAULT);
		CHECK_EQ(RAW(SYS_stat, "/", bad[i]), -EFAULT);
		CHECK_EQ(RAW(SYS_uname, bad[i]), -EFAULT);
		CHECK_EQ(RAW(SYS_pipe, bad[i]), -EFAULT);
		CHECK_EQ(RAW(SYS_poll, bad[i], 1, 0), -EFAULT);
	}
	char text[8];
	CHECK_EQ(read(ends[0], text, 8), 4); /* nothing was lost */
}

TEST(strings_up_to_the_edge)
{
	char *at = two_pages_one_mapped(), *name = at + PAGE - 5;
	memcpy(name, "/tmp", 5);
	CHECK_OK(access(name, F_OK));
	name[4] = 'x';
	CHECK_ERR(access(name, F_OK), EFAULT);
}

TEST(partial_reads_and_writes)
{
	char *at = two_pages_one_mapped();
	int ends[2];
	NEED_OK(pipe(ends));
	memset(at, 'x', PAGE);
	check_scratch();
	int fd = NEED_OK(open("f", O_RDWR | O_CREAT, 0644));
	ssize_t n = write(fd, at + PAGE - 100, 200);
	CHECK(n == 100 || (n == -1 && errno == EFAULT));
	CHECK_EQ(pwrite(fd, at, PAGE, 0), PAGE);
	n = pread(fd, at + PAGE - 100, 200, 0);
	CHECK(n == 100 || (n == -1 && errno == EFAULT));
}

TEST(structs_across_the_edge)
{
	char *at = two_pages_one_mapped();
	CHECK_EQ(RAW(SYS_uname, at + PAGE - 10), -EFAULT);
	CHECK_EQ(RAW(SYS_uname, at + PAGE - sizeof(struct utsname)), 0);
	CHECK_EQ(RAW(SYS_stat, "/", at + PAGE - 20), -EFAULT);
	CHECK_EQ(RAW(SYS_nanosleep, at + PAGE - 8, 0), -EFAULT);
}

TEST(vectors)
{
	char text[8] = "abcdefg";
	int ends[2];
	NEED_OK(pipe(ends));
	struct iovec parts[2] = {{text, 3}, {(void *)8, 3}};
	ssize_t n = writev(ends[1], parts, 2);
	CHECK(n == 3 || (n == -1 && errno == EFAULT));
	CHECK_EQ(RAW(SYS_writev, ends[1], 8, 1), -EFAULT);
	CHECK_ERR(writev(ends[1], parts, -1), EINVAL);
	CHECK_ERR(writev(ends[1], parts, 2000), EINVAL);
	parts[0].iov_len = -1;
	CHECK_ERR(writev(ends[1], parts, 1), EINVAL);
	CHECK_EQ(writev(ends[1], parts, 0), 0);
}

TEST(kernel_fills_pages_not_touched_yet)
{
	int ends[2];
	char *at = mmap(0, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int zero = NEED_OK(open("/dev/zero", O_RDONLY));
	CHECK_EQ(read(zero, at, 8 * PAGE), 8 * PAGE);
	NEED_OK(pipe(ends));
	char *fresh = mmap(0, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK_EQ(write(ends[1], fresh, 8 * PAGE), 8 * PAGE);
	CHECK_EQ(read(ends[0], fresh + 3, PAGE), PAGE);
}
