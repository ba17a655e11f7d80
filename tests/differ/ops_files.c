/* ops_files.c: operations on descriptors, offsets, locks and folders: what fork shares and what exec closes. */
#include "differ.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int draw_fd(void)
{
	return 3 + (int)draw(8);
}

static const char *draw_path(void)
{
	static const char *const paths[] = {HOME "/f1", HOME "/f2", HOME "/f3", HOME, HOME "/missing/x", HOME "/agent"};
	return PICK(paths);
}

OP(FILES, 14, open)
{
	static const int flags[] = {O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_CLOEXEC, O_RDWR | O_APPEND | O_CREAT, O_RDONLY, O_WRONLY | O_TRUNC,
		O_PATH, O_RDONLY | O_DIRECTORY, O_RDWR | O_CREAT | O_EXCL, O_RDWR | O_NONBLOCK, O_RDWR | O_TMPFILE};
	const char *path = draw_path();
	int f = PICK(flags), mode = (int)draw(512) | 0600;
	say("open(%s, %o, %o)", path, f, mode);
	said(sys(SYS_open, path, f, mode));
}

OP(FILES, 6, close)
{
	int fd = draw_fd();
	say("close(%d)", fd);
	said(sys(SYS_close, fd));
}

OP(FILES, 5, close_range)
{
	static const int flags[] = {0, 0, 2, 4, 6, 1};
	int from = draw_fd(), to = chance(80) ? 3 + (int)draw(12) : 60, f = PICK(flags);
	say("close_range(%d, %d, %x)", from, to, f);
	said(sys(SYS_close_range, from, to, f));
}

OP(FILES, 8, dup)
{
	int from = draw_fd(), to = draw_fd(), what = (int)draw(5), flags = chance(50) ? O_CLOEXEC : chance(10) ? O_NONBLOCK : 0;
	say("dup %d(%d, %d, %o)", what, from, to, flags);
	said(what == 0 ? sys(SYS_dup, from) : what == 1 ? sys(SYS_dup2, from, to) : what == 2 ? sys(SYS_dup3, from, to, flags) :
	     sys(SYS_fcntl, from, what == 3 ? F_DUPFD : F_DUPFD_CLOEXEC, to));
}

OP(FILES, 8, flags)
{
	static const int commands[] = {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETOWN, F_GETSIG, F_SETSIG, F_GETPIPE_SZ, 1034};
	int fd = draw_fd(), command = PICK(commands);
	long value = command == F_SETFD ? draw(3) : command == F_SETFL ? (chance(50) ? O_APPEND : O_NONBLOCK) : command == F_SETSIG ? draw(70) : 0;
	say("fcntl(%d, %d, %ld)", fd, command, value);
	said(sys(SYS_fcntl, fd, command, value));
}

OP(FILES, 10, write)
{
	int fd = draw_fd(), n = 1 + (int)draw(9);
	bool to = chance(60);
	char text[10] = "abcdefghi";
	struct stat s;
	/* what is no file may make it wait */
	if (sys(SYS_fstat, fd, &s) || (!S_ISREG(s.st_mode) && !S_ISDIR(s.st_mode)))
		return say("%d is no file", fd);
	if (s.st_size > 100000)
		return say("%d is the program", fd);
	say("%s(%d, %d)", to ? "write" : "read", fd, n);
	said(to ? sys(SYS_write, fd, text, n) : sys(SYS_read, fd, text, n));
	say(" at %ld size %ld mode %o links %d", sys(SYS_lseek, fd, 0, SEEK_CUR), sys(SYS_fstat, fd, &s) ? -1 : S_ISDIR(s.st_mode) ? 0 :
	    (long)s.st_size, s.st_mode, S_ISDIR(s.st_mode) ? 0 : (int)s.st_nlink);
}

OP(FILES, 5, seek)
{
	int fd = draw_fd(), whence = (int)draw(6), by = (int)draw(20) - 5;
	struct stat s;
	if (!sys(SYS_fstat, fd, &s) && S_ISDIR(s.st_mode))
		return say("%d is a folder", fd);
	say("lseek(%d, %d, %d)", fd, by, whence);
	said(sys(SYS_lseek, fd, by, whence));
}

OP(FILES, 12, lock)
{
	static const int commands[] = {F_GETLK, F_SETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLK};
	struct flock l;
	memset(&l, 0, sizeof l);
	l.l_type = (short)draw(3);
	l.l_start = (long)draw(5) * 10;
	l.l_len = (long)draw(4) * 10;
	int fd = draw_fd(), command = PICK(commands);
	say("lock(%d, %d, %d %ld %ld)", fd, command, l.l_type, l.l_start, l.l_len);
	long r = sys(SYS_fcntl, fd, command, &l);
	said(r);
	if (!r && (command == F_GETLK || command == F_OFD_GETLK))
		say(" %d %ld %ld %s", l.l_type, l.l_start, l.l_len, l.l_pid == -1 ? "-1" : l.l_pid ? who(l.l_pid) : "0");
}

OP(FILES, 6, flock)
{
	static const int commands[] = {LOCK_SH, LOCK_EX, LOCK_UN, LOCK_EX | LOCK_UN};
	int fd = draw_fd(), command = PICK(commands) | (chance(90) ? LOCK_NB : 0);
	say("flock(%d, %x)", fd, command);
	said(sys(SYS_flock, fd, command));
}

OP(FILES, 3, pipe)
{
	int ends[2] = {-1, -1}, flags = chance(50) ? O_CLOEXEC : 0;
	long r = sys(SYS_pipe2, ends, flags);
	say("pipe(%o) %d %d", flags, ends[0], ends[1]);
	said(r);
}

OP(FILES, 3, memfd)
{
	bool sealed = chance(50);
	say("memfd");
	said(sys(SYS_memfd_create, "it", sealed ? 3 : 0));
}

OP(FILES, 3, seals)
{
	int fd = draw_fd(), seal = 1 << draw(5);
	say("seals(%d, %x)", fd, seal);
	said(sys(SYS_fcntl, fd, F_ADD_SEALS, seal));
	said(sys(SYS_fcntl, fd, F_GET_SEALS));
}

OP(FILES, 3, truncate)
{
	int fd = draw_fd(), to = (int)draw(60);
	struct stat s;
	if (!sys(SYS_fstat, fd, &s) && s.st_size > 100000)
		return say("%d is the program", fd);
	say("ftruncate(%d, %d)", fd, to);
	said(sys(SYS_ftruncate, fd, to));
}

OP(FILES | PROCESS | SPACES, 6, unshare)
{
	static const int flags[] = {CLONE_FILES, CLONE_FS, CLONE_FILES | CLONE_FS, CLONE_SYSVSEM, CLONE_THREAD, CLONE_SIGHAND, CLONE_VM, 0, 0x1};
	int f = PICK(flags);
	say("unshare(%x)", f);
	said(sys(SYS_unshare, f));
}

OP(FILES, 3, folder)
{
	static const char *const folders[] = {"/", HOME, HOME "/cgroup", HOME "/missing"};
	const char *to = PICK(folders);
	char now[100] = "";
	say("chdir(%s)", to);
	said(sys(SYS_chdir, to));
	said(sys(SYS_getcwd, now, sizeof now));
	say(" %s", now);
}

/* What is open, of oneself or another: numbers, and flags and positions by fdinfo. */
OP(FILES, 8, list)
{
	int i = any_agent(), pid = world->box[i].pid;
	say("open files of a%d:", i);
	for (int fd = 3; fd < 16 && pid > 0; fd++) {
		char path[64], text[400], *at;
		unsigned flags = 0;
		long pos = 0;
		snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", pid, fd);
		if (slurp(path, text, sizeof text) < 0)
			continue;
		if ((at = strstr(text, "flags:")))
			sscanf(at, "flags: %o", &flags);
		if ((at = strstr(text, "pos:")))
			sscanf(at, "pos: %ld", &pos);
		int locks = 0;
		for (at = text; (at = strstr(at, "lock:")); at++)
			locks++;
		say(" %d:%o@%ld", fd, flags, pos);
		if (locks)
			say("+%d", locks);
	}
}
