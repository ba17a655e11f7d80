/* Record locks belong to the process: a child has none of its parent's, and its closing takes none away. */
#include "../check.h"

TEST(record_locks_over_fork)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	check_scratch();
	int fd = NEED_OK(open("f", O_RDWR | O_CREAT, 0644));
	CHECK_OK(fcntl(fd, F_SETLK, &lock));
	pid_t self = getpid();
	IN_CHILD {
		struct flock test = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
		CHECK_OK(fcntl(fd, F_GETLK, &test));
		CHECK_EQ(test.l_type, F_WRLCK);
		CHECK_EQ(test.l_pid, self);
		CHECK(fcntl(fd, F_SETLK, &lock) == -1 && (errno == EAGAIN || errno == EACCES));
		close(fd);
	}
	IN_CHILD {
		CHECK(fcntl(fd, F_SETLK, &lock) == -1);
	}
	int other = NEED_OK(open("f", O_RDONLY));
	close(other); /* the owner's closing of any descriptor drops them all */
	IN_CHILD {
		CHECK_OK(fcntl(fd, F_SETLK, &lock));
	}
}
