/* memfd_create(2), its seals, and shared memory by /dev/shm. */
#include "check.h"
#include <sys/mman.h>

static char *map(int fd, int prot, int flags)
{
	return mmap(NULL, PAGE, prot, flags, fd, 0);
}

TEST(a_file_without_a_name)
{
	char link[64], path[64];
	struct stat st;
	int fd = NEED_OK(memfd_create("thing", MFD_CLOEXEC));
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int n = CHECK_OK(readlink(path, link, sizeof link - 1));
	link[n < 0 ? 0 : n] = 0;
	CHECK_STR(link, "/memfd:thing (deleted)");
	CHECK_EQ(write(fd, "hello", 5), 5);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 5);
	CHECK_EQ(st.st_mode, S_IFREG | 0777);
	CHECK_EQ(st.st_nlink, 0);
	int again = NEED_OK(open(path, O_RDONLY));
	char buf[8];
	CHECK_EQ(read(again, buf, 8), 5);
	CHECK_ERR(memfd_create("x", 0x80), EINVAL);
	char name[251];
	memset(name, 'n', sizeof name);
	name[250] = 0;
	CHECK_ERR(memfd_create(name, 0), EINVAL);
	name[249] = 0;
	CHECK_OK(memfd_create(name, 0));
	CHECK_ERR(memfd_create((char *)8, 0), EFAULT);
}

TEST(mapped_and_forked)
{
	int fd = NEED_OK(memfd_create("m", 0));
	NEED_OK(ftruncate(fd, PAGE));
	char *p = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
	NEED_OK(p == MAP_FAILED ? -1 : 0);
	IN_CHILD {
		strcpy(p, "from the child");
	}
	CHECK_STR(p, "from the child");
	char buf[5] = "";
	CHECK_EQ(pread(fd, buf, 4, 5), 4);
	CHECK_STR(buf, "the ");
}

TEST(no_seals_unless_asked)
{
	int fd = NEED_OK(memfd_create("m", 0));
	CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL);
	CHECK_ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), EPERM);
	int ends[2];
	NEED_OK(pipe(ends));
	CHECK_ERR(fcntl(ends[0], F_GET_SEALS), EINVAL);
	CHECK_ERR(fcntl(ends[1], F_ADD_SEALS, F_SEAL_GROW), EINVAL);
}

TEST(size_seals)
{
	int fd = NEED_OK(memfd_create("m", MFD_ALLOW_SEALING));
	CHECK_EQ(fcntl(fd, F_GET_SEALS), 0);
	NEED_OK(ftruncate(fd, 2 * PAGE));
	CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	CHECK_ERR(ftruncate(fd, 2 * PAGE + 1), EPERM);
	CHECK_ERR(fallocate(fd, 0, 0, 3 * PAGE), EPERM);
	CHECK_ERR(pwrite(fd, "x", 1, 2 * PAGE), EPERM);
	CHECK_EQ(pwrite(fd, "xy", 2, 2 * PAGE - 2), 2);
	CHECK_OK(ftruncate(fd, PAGE));
	CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL));
	CHECK_ERR(ftruncate(fd, 0), EPERM);
	CHECK_OK(ftruncate(fd, PAGE));
	CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
	CHECK_ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
}

TEST(write_seal)
{
	int fd = NEED_OK(memfd_create("m", MFD_ALLOW_SEALING));
	NEED_OK(ftruncate(fd, PAGE));
	char *p = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
	CHECK_ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	munmap(p, PAGE);
	CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	CHECK_ERR(write(fd, "x", 1), EPERM);
	CHECK_ERR(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE), EPERM);
	CHECK(map(fd, PROT_READ | PROT_WRITE, MAP_SHARED) == MAP_FAILED && errno == EPERM);
	p = map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	CHECK(p != MAP_FAILED);
	*p = 1;
	CHECK_ERR(fcntl(fd, F_ADD_SEALS, 0x1000), EINVAL);
}

TEST(future_write_seal)
{
	int fd = NEED_OK(memfd_create("m", MFD_ALLOW_SEALING));
	NEED_OK(ftruncate(fd, PAGE));
	char *p = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
	CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	*p = 7;
	CHECK_ERR(write(fd, "x", 1), EPERM);
	CHECK(map(fd, PROT_READ | PROT_WRITE, MAP_SHARED) == MAP_FAILED && errno == EPERM);
	char *q = map(fd, PROT_READ, MAP_SHARED);
	CHECK(q != MAP_FAILED && *q == 7);
	CHECK_ERR(mprotect(q, PAGE, PROT_READ | PROT_WRITE), EACCES);
}

TEST(holes)
{
	struct stat st;
	int fd = NEED_OK(memfd_create("m", 0));
	NEED_OK(ftruncate(fd, 1 << 20));
	CHECK_EQ(lseek(fd, 0, SEEK_HOLE), 0);
	CHECK_ERR(lseek(fd, 0, SEEK_DATA), ENXIO);
	CHECK_EQ(pwrite(fd, "x", 1, 10 * PAGE + 5), 1);
	CHECK_EQ(lseek(fd, 0, SEEK_DATA), 10 * PAGE);
	CHECK_EQ(lseek(fd, 10 * PAGE + 9, SEEK_DATA), 10 * PAGE + 9);
	CHECK_EQ(lseek(fd, 10 * PAGE, SEEK_HOLE), 11 * PAGE);
	CHECK_ERR(lseek(fd, 11 * PAGE, SEEK_DATA), ENXIO);
	CHECK_ERR(lseek(fd, 1 << 20, SEEK_HOLE), ENXIO);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_blocks, 8);
	CHECK_OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 10 * PAGE, PAGE));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_blocks, 0);
	CHECK_OK(fallocate(fd, 0, 0, 3 * PAGE));
	CHECK_OK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 1 << 20, PAGE));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_blocks, 32);
	CHECK_EQ(st.st_size, 1 << 20);
	CHECK_OK(ftruncate(fd, 1 << 20));	/* what lies behind the end goes */
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_blocks, 24);
	CHECK_ERR(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, PAGE), EOPNOTSUPP);
	CHECK_ERR(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, PAGE), EOPNOTSUPP);
	CHECK_ERR(fallocate(fd, 0, 0, 0), EINVAL);
}

TEST(fallocate_asks_the_limit_of_sizes)
{
	struct rlimit limit = {PAGE, PAGE};
	int fd = NEED_OK(memfd_create("x", 0));
	signal(SIGXFSZ, SIG_IGN);
	CHECK_OK(setrlimit(RLIMIT_FSIZE, &limit));
	CHECK_ERR(fallocate(fd, 0, 0, 2 * PAGE), EFBIG);
	CHECK_ERR(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 2 * PAGE), EFBIG);
	CHECK_OK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, PAGE));
}
