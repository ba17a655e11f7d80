/* /proc/locks and /proc/net/unix: what is held, and who waits for it; every socket with its name. */
#include "check.h"
#include <stddef.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

static char text[1 << 16];

/* The end of the line of /proc/locks about this file that begins so (behind its number), or NULL. */
static bool has_line(const char *kind, const struct stat *s, const char *what, int pid, const char *range)
{
	char want[200];
	snprintf(want, sizeof want, ": %s %s %d %02x:%02x:%lu %s\n", kind, what, pid, major(s->st_dev), minor(s->st_dev),
		 (unsigned long)s->st_ino, range);
	return check_slurp("/proc/locks", text, sizeof text) >= 0 && strstr(text, want);
}

TEST(locks)
{
	struct stat s;
	struct flock l = {.l_type = F_WRLCK, .l_start = 10, .l_len = 5};
	check_scratch();
	int fd = NEED_OK(open("file", O_RDWR | O_CREAT, 0600));
	NEED_OK(fstat(fd, &s));
	CHECK_OK(flock(fd, LOCK_EX));
	CHECK_OK(fcntl(fd, F_SETLK, &l));
	l = (struct flock){.l_type = F_RDLCK, .l_start = 100};
	CHECK_OK(fcntl(fd, F_OFD_SETLK, &l));
	CHECK(has_line("FLOCK  ADVISORY ", &s, "WRITE", getpid(), "0 EOF"));
	CHECK(has_line("POSIX  ADVISORY ", &s, "WRITE", getpid(), "10 14"));
	CHECK(has_line("OFDLCK ADVISORY ", &s, "READ", -1, "100 EOF"));
	pid_t pid = fork();
	if (pid == 0) {
		l = (struct flock){.l_type = F_RDLCK, .l_start = 12, .l_len = 1};
		_exit(fcntl(fd, F_SETLKW, &l) ? errno : 0);
	}
	CHECK_SOON(has_line("-> POSIX  ADVISORY ", &s, "READ", pid, "12 12"));
	l = (struct flock){.l_type = F_UNLCK};
	CHECK_OK(fcntl(fd, F_SETLK, &l));
	CHECK_WAIT(pid, EXITED(0));
	CHECK(!has_line("POSIX  ADVISORY ", &s, "WRITE", getpid(), "10 14"));
	close(fd);
	CHECK(!has_line("FLOCK  ADVISORY ", &s, "WRITE", getpid(), "0 EOF"));
}

static bool socket_line(int fd, const char *flags, const char *type, const char *state, const char *name)
{
	struct stat s;
	char want[200];
	NEED_OK(fstat(fd, &s));
	snprintf(want, sizeof want, " 00000000 %s %s %s %5lu%s\n", flags, type, state, (unsigned long)s.st_ino, name);
	return check_slurp("/proc/net/unix", text, sizeof text) >= 0 && strstr(text, want);
}

TEST(sockets)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "name"};
	check_scratch();
	int s = NEED_OK(socket(AF_UNIX, SOCK_STREAM, 0)), d = NEED_OK(socket(AF_UNIX, SOCK_DGRAM, 0)), pair[2];
	CHECK(check_slurp("/proc/net/unix", text, sizeof text) > 0);
	CHECK(!strncmp(text, "Num       RefCount Protocol Flags    Type St Inode Path\n", 56));
	CHECK(socket_line(s, "00000000", "0001", "01", ""));
	NEED_OK(bind(s, (void *)&a, sizeof a));
	NEED_OK(listen(s, 1));
	CHECK(socket_line(s, "00010000", "0001", "01", " name"));
	memcpy(a.sun_path, "\0ab\0cd", 6);
	NEED_OK(bind(d, (void *)&a, offsetof(struct sockaddr_un, sun_path) + 6));
	CHECK(socket_line(d, "00000000", "0002", "01", " @ab@cd"));
	NEED_OK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	CHECK(socket_line(pair[0], "00000000", "0005", "03", ""));
	CHECK(socket_line(pair[1], "00000000", "0005", "03", ""));
}
