/* The devices everyone needs: null, zero, full, random, urandom, tty; /dev/shm, /dev/fd; getrandom(2). */
#include "check.h"
#include <sys/random.h>

TEST(null)
{
	char c;
	int fd = NEED_OK(open("/dev/null", O_RDWR));
	CHECK_EQ(read(fd, &c, 1), 0);
	CHECK_EQ(write(fd, "abc", 3), 3);
	CHECK_EQ(lseek(fd, 100, SEEK_SET), 0);
	CHECK_OK(open("/dev/null", O_WRONLY | O_TRUNC | O_CREAT | O_APPEND, 0644));
}

TEST(zero)
{
	char text[10000];
	int fd = NEED_OK(open("/dev/zero", O_RDWR));
	memset(text, 'x', sizeof text);
	CHECK_EQ(read(fd, text, sizeof text), sizeof text);
	int sum = 0;
	for (size_t i = 0; i < sizeof text; i++)
		sum |= text[i];
	CHECK_EQ(sum, 0);
	CHECK_EQ(write(fd, text, 100), 100);
}

TEST(full)
{
	char c = 'x';
	int fd = NEED_OK(open("/dev/full", O_RDWR));
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(c, 0);
	CHECK_ERR(write(fd, "x", 1), ENOSPC);
}

static void looks_random(const unsigned char *a, const unsigned char *b)
{
	int ones = 0;
	CHECK(memcmp(a, b, 256));
	for (int i = 0; i < 256; i++)
		ones += __builtin_popcount(a[i]);
	CHECK(ones > 800 && ones < 1250);
}

TEST(random)
{
	unsigned char a[256], b[256];
	static const char *const names[] = {"/dev/urandom", "/dev/random"};
	for (int i = 0; i < 2; i++) {
		int fd = NEED_OK(open(names[i], O_RDWR));
		CHECK_EQ(read(fd, a, sizeof a), sizeof a);
		CHECK_EQ(read(fd, b, sizeof b), sizeof b);
		looks_random(a, b);
		CHECK_EQ(write(fd, a, 10), 10);
	}
	CHECK_EQ(syscall(SYS_getrandom, a, sizeof a, 0), sizeof a);
	CHECK_EQ(syscall(SYS_getrandom, b, sizeof b, GRND_NONBLOCK), sizeof b);
	looks_random(a, b);
	CHECK_EQ(syscall(SYS_getrandom, b, sizeof b, GRND_RANDOM), sizeof b);
	CHECK_ERR(syscall(SYS_getrandom, b, sizeof b, 0x100), EINVAL);
	CHECK_EQ(RAW(SYS_getrandom, 8, 16, 0), -EFAULT);
}

TEST(random_large)
{
	size_t size = check_scale(1 << 20);
	char *at = malloc(size);
	int fd = NEED_OK(open("/dev/urandom", O_RDONLY));
	for (size_t have = 0; have < size;) {
		ssize_t n = read(fd, at + have, size - have);
		if (CHECK_OK(n) <= 0)
			break;
		have += n;
	}
}

TEST(random_after_fork_differs)
{
	unsigned char *at = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	IN_CHILD {
		CHECK_EQ(getrandom(at, 256, 0), 256);
	}
	CHECK_EQ(getrandom(at + 256, 256, 0), 256);
	looks_random(at, at + 256);
}

TEST(tty_without_one)
{
	IN_CHILD {
		setsid();
		CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
	}
}

TEST(shm)
{
	char name[60];
	struct stat st;
	CHECK_OK(stat("/dev/shm", &st));
	CHECK(S_ISDIR(st.st_mode));
	CHECK_EQ(st.st_mode & 07777, 01777);
	snprintf(name, sizeof name, "/dev/shm/furca-%d", getpid());
	CHECK_OK(check_spew(name, "x", 1, 0600));
	CHECK_OK(unlink(name));
}

TEST(descriptors_by_name)
{
	char path[40], c;
	check_scratch();
	CHECK_OK(check_spew("f", "abc", 3, 0644));
	int fd = NEED_OK(open("f", O_RDONLY));
	CHECK_EQ(read(fd, &c, 1), 1);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int again = NEED_OK(open(path, O_RDWR)); /* a new open of the same file */
	CHECK_EQ(read(again, &c, 1), 1);
	CHECK_EQ(c, 'a');
	CHECK_OK(unlink("f"));
	CHECK_OK(open(path, O_RDONLY));
	char text[200] = "";
	CHECK(readlink(path, text, sizeof text - 1) > 0);
	CHECK(strstr(text, " (deleted)"));
}
