/* inotify: which events come, in which order, and how watches begin and end; F_NOTIFY. */
#include "check.h"
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sched.h>

static int in;
static char raw[1 << 16];

static const struct { unsigned bit; const char *name; } names[] = {
	{IN_ACCESS, "access"}, {IN_MODIFY, "modify"}, {IN_ATTRIB, "attrib"}, {IN_CLOSE_WRITE, "close_write"},
	{IN_CLOSE_NOWRITE, "close"}, {IN_OPEN, "open"}, {IN_MOVED_FROM, "from"}, {IN_MOVED_TO, "to"}, {IN_CREATE, "create"},
	{IN_DELETE, "delete"}, {IN_DELETE_SELF, "delete_self"}, {IN_MOVE_SELF, "move_self"}, {IN_UNMOUNT, "unmount"},
	{IN_Q_OVERFLOW, "overflow"}, {IN_IGNORED, "ignored"}, {IN_ISDIR, "dir"},
};

/* What has come, as "1:create,dir:name 2:open". */
static const char *events(void)
{
	static char text[4096];
	size_t used = 0;
	ssize_t n = read(in, raw, sizeof raw);
	text[0] = 0;
	for (char *at = raw; n > 0 && at < raw + n;) {
		struct inotify_event *e = (void *)at;
		used += snprintf(text + used, sizeof text - used, "%s%d:", used ? " " : "", e->wd);
		const char *comma = "";
		for (size_t i = 0; i < sizeof names / sizeof *names; i++)
			if (e->mask & names[i].bit) {
				used += snprintf(text + used, sizeof text - used, "%s%s", comma, names[i].name);
				comma = ",";
			}
		if (e->len)
			used += snprintf(text + used, sizeof text - used, ":%s", e->name);
		CHECK_EQ(e->len % 16, 0);
		at += sizeof *e + e->len;
	}
	return text;
}

static void start(void)
{
	check_scratch();
	in = NEED_OK(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
	CHECK_OK(mkdir("d", 0700));
}

TEST(directory)
{
	char c;
	start();
	CHECK_EQ(inotify_add_watch(in, "d", IN_ALL_EVENTS), 1);
	int fd = NEED_OK(open("d/f", O_RDWR | O_CREAT, 0600));
	CHECK_STR(events(), "1:create:f 1:open:f");
	CHECK_EQ(write(fd, "abc", 3), 3);
	CHECK_EQ(write(fd, "abc", 3), 3);	/* the same again is told once */
	CHECK_EQ(pread(fd, &c, 1, 0), 1);
	CHECK_OK(ftruncate(fd, 1));
	CHECK_OK(fchmod(fd, 0640));
	CHECK_STR(events(), "1:modify:f 1:access:f 1:modify:f 1:attrib:f");
	close(fd);
	close(open("d/f", O_RDONLY));
	CHECK_STR(events(), "1:close_write:f 1:open:f 1:close:f");
	CHECK_OK(mkdir("d/sub", 0700));
	CHECK_OK(symlink("x", "d/s"));
	CHECK_OK(link("d/f", "d/l"));
	CHECK_STR(events(), "1:create,dir:sub 1:create:s 1:create:l");
	CHECK_OK(rename("d/f", "d/g"));
	CHECK_STR(events(), "1:from:f 1:to:g");
	CHECK_OK(rename("d/g", "out"));
	CHECK_OK(rename("out", "d/in"));
	CHECK_STR(events(), "1:from:g 1:to:in");
	CHECK_OK(unlink("d/in"));
	CHECK_OK(rmdir("d/sub"));
	CHECK_STR(events(), "1:delete:in 1:delete,dir:sub");
	DIR *dir = opendir("d");
	CHECK_STR(events(), "1:open,dir");
	closedir(dir);
	CHECK_STR(events(), "1:close,dir");
	CHECK_OK(unlink("d/s"));
	CHECK_OK(unlink("d/l"));
	events();
	CHECK_OK(rename("d", "e"));
	CHECK_STR(events(), "1:move_self");	/* and still watched */
	CHECK_OK(rmdir("e"));
	CHECK_STR(events(), "1:delete_self 1:ignored");
	CHECK_ERR(inotify_rm_watch(in, 1), EINVAL);
}

TEST(file)
{
	start();
	int fd = NEED_OK(open("f", O_RDWR | O_CREAT, 0600));
	CHECK_EQ(inotify_add_watch(in, "f", IN_ALL_EVENTS), 1);
	CHECK_EQ(write(fd, "abc", 3), 3);
	CHECK_OK(link("f", "g"));
	CHECK_OK(unlink("f"));
	CHECK_STR(events(), "1:modify 1:attrib");
	CHECK_OK(rename("g", "h"));
	CHECK_STR(events(), "1:move_self");
	CHECK_OK(utimensat(AT_FDCWD, "h", (struct timespec[]){{1, 0}, {0, UTIME_OMIT}}, 0));
	CHECK_OK(utimensat(AT_FDCWD, "h", (struct timespec[]){{0, UTIME_OMIT}, {1, 0}}, 0));
	CHECK_OK(utimensat(AT_FDCWD, "h", 0, 0));
	CHECK_STR(events(), "1:access 1:modify 1:attrib");
	CHECK_OK(unlink("h"));
	CHECK_STR(events(), "1:attrib 1:delete_self 1:ignored");
	close(fd);
	CHECK_STR(events(), "");
	fd = NEED_OK(open("f", O_RDWR | O_CREAT, 0600));
	CHECK_EQ(inotify_add_watch(in, "f", IN_ALL_EVENTS), 2);
	CHECK_OK(unlink("f"));
	CHECK_STR(events(), "2:attrib");	/* it is open by this name yet */
	close(fd);
	CHECK_STR(events(), "2:close_write 2:delete_self 2:ignored");
}

TEST(cookies)
{
	start();
	CHECK_OK(mkdir("e", 0700));
	CHECK_OK(check_spew("d/a", "", 0, 0600));
	CHECK_EQ(inotify_add_watch(in, "d", IN_MOVE), 1);
	CHECK_EQ(inotify_add_watch(in, "e", IN_MOVE), 2);
	CHECK_OK(rename("d/a", "e/b"));
	ssize_t n = read(in, raw, sizeof raw);
	struct inotify_event *from = (void *)raw, *to = (void *)(raw + sizeof *from + from->len);
	CHECK_EQ(n, 2 * (sizeof *from + 16));
	CHECK_EQ(from->wd, 1);
	CHECK_EQ(to->wd, 2);
	CHECK(from->cookie && from->cookie == to->cookie);
	CHECK_STR(from->name, "a");
	CHECK_STR(to->name, "b");
}

TEST(masks)
{
	start();
	CHECK_EQ(inotify_add_watch(in, "d", IN_CREATE), 1);
	CHECK_EQ(inotify_add_watch(in, "d", IN_DELETE), 1);	/* the other is replaced */
	close(open("d/f", O_CREAT | O_RDWR, 0600));
	unlink("d/f");
	CHECK_STR(events(), "1:delete:f");
	CHECK_EQ(inotify_add_watch(in, "d", IN_CREATE | IN_MASK_ADD), 1);
	close(open("d/f", O_CREAT | O_RDWR, 0600));
	unlink("d/f");
	CHECK_STR(events(), "1:create:f 1:delete:f");
	CHECK_ERR(inotify_add_watch(in, "d", IN_CREATE | IN_MASK_CREATE), EEXIST);
	CHECK_ERR(inotify_add_watch(in, "d", IN_CREATE | IN_MASK_CREATE | IN_MASK_ADD), EINVAL);
	CHECK_OK(inotify_rm_watch(in, 1));
	CHECK_STR(events(), "1:ignored");
	CHECK_EQ(inotify_add_watch(in, "d", IN_CREATE | IN_ONESHOT | IN_MASK_CREATE), 2);
	close(open("d/f", O_CREAT | O_RDWR, 0600));
	unlink("d/f");
	close(open("d/f", O_CREAT | O_RDWR, 0600));
	CHECK_STR(events(), "2:create:f 2:ignored");
	CHECK_EQ(inotify_add_watch(in, "d", IN_MODIFY | IN_EXCL_UNLINK), 3);
	int fd = open("d/f", O_RDWR);
	CHECK_EQ(write(fd, "1", 1), 1);
	unlink("d/f");
	CHECK_EQ(write(fd, "2", 1), 1);
	CHECK_STR(events(), "3:modify:f");
}

TEST(errors)
{
	start();
	CHECK_OK(check_spew("f", "", 0, 0600));
	CHECK_OK(symlink("f", "l"));
	CHECK_ERR(inotify_init1(1), EINVAL);
	CHECK_ERR(inotify_add_watch(in, "d", 0), EINVAL);
	CHECK_ERR(inotify_add_watch(-1, "d", IN_OPEN), EBADF);
	CHECK_ERR(inotify_add_watch(0, "d", IN_OPEN), EINVAL);
	CHECK_ERR(inotify_add_watch(in, "none", IN_OPEN), ENOENT);
	CHECK_ERR(inotify_add_watch(in, (void *)8, IN_OPEN), EFAULT);
	CHECK_ERR(inotify_add_watch(in, "f", IN_OPEN | IN_ONLYDIR), ENOTDIR);
	CHECK_ERR(inotify_rm_watch(in, 1), EINVAL);
	CHECK_ERR(inotify_rm_watch(-1, 1), EBADF);
	CHECK_ERR(inotify_rm_watch(0, 1), EINVAL);
	CHECK_EQ(inotify_add_watch(in, "f", IN_ATTRIB), 1);
	CHECK_EQ(inotify_add_watch(in, "l", IN_ATTRIB), 1);
	CHECK_EQ(inotify_add_watch(in, "l", IN_ATTRIB | IN_DONT_FOLLOW), 2);
	CHECK_ERR(read(in, raw, sizeof raw), EAGAIN);
	CHECK_OK(chmod("f", 0000));
	int n = 0;
	CHECK_OK(ioctl(in, FIONREAD, &n));
	CHECK_EQ(n, sizeof(struct inotify_event));
	CHECK_ERR(read(in, raw, sizeof(struct inotify_event) - 1), EINVAL);
	CHECK_STR(events(), "1:attrib");
	CHECK_ERR(write(in, "x", 1), EBADF);
	IN_CHILD {
		NEED_OK(setresuid(1000, 1000, 1000));
		CHECK_ERR(inotify_add_watch(in, "f", IN_OPEN), EACCES);
	}
}

TEST(waiting)
{
	start();
	CHECK_EQ(inotify_add_watch(in, "d", IN_CREATE), 1);
	struct pollfd p = {.fd = in, .events = POLLIN};
	CHECK_EQ(poll(&p, 1, 0), 0);
	fcntl(in, F_SETFL, 0);
	pid_t pid = fork();
	if (pid == 0) {
		ssize_t n = read(in, raw, sizeof raw);
		_exit(n == 32 ? 0 : 1);
	}
	CHECK_SOON(check_state(pid) == 'S');
	CHECK_OK(mkdir("d/x", 0700));
	CHECK_WAIT(pid, EXITED(0));
	CHECK_OK(mkdir("d/y", 0700));
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLIN);
}

TEST(unmount)
{
	start();
	NEED_OK(unshare(CLONE_FS));
	if (mount("none", "d", "tmpfs", 0, 0)) {
		CHECK_EQ(errno, EPERM);
		return;
	}
	CHECK_OK(check_spew("d/f", "", 0, 0600));
	CHECK_EQ(inotify_add_watch(in, "d/f", IN_OPEN), 1);
	CHECK_OK(umount("d"));
	CHECK_STR(events(), "1:unmount 1:ignored");
}

TEST(overflow)
{
	char text[32];
	start();
	CHECK(check_slurp("/proc/sys/fs/inotify/max_queued_events", text, sizeof text) > 0);
	int max = atoi(text);
	if (max > 20000)
		return;
	CHECK_OK(check_spew("d/f", "", 0, 0600));
	CHECK_EQ(inotify_add_watch(in, "d", IN_ATTRIB | IN_MODIFY), 1);
	for (int i = 0; i <= max; i += 2) {
		chmod("d/f", 0600);
		truncate("d/f", 0);
	}
	long n = 0, got;
	unsigned last = 0;
	while ((got = read(in, raw, sizeof raw)) > 0)
		for (char *at = raw; at < raw + got; at += sizeof(struct inotify_event) + ((struct inotify_event *)at)->len) {
			last = ((struct inotify_event *)at)->mask;
			n++;
		}
	CHECK_EQ(n, max + 1);
	CHECK_EQ(last, IN_Q_OVERFLOW);
}

/* Watchers come and go while files do. */
TEST(race)
{
	start();
	pid_t pids[4];
	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		char name[32];
		for (long r = 0; r < check_scale(200); r++) {
			int own = i & 1 ? inotify_init1(IN_NONBLOCK) : in;
			snprintf(name, sizeof name, "d/%ld", (r + i) % 5);
			int wd = inotify_add_watch(own, "d", IN_ALL_EVENTS);
			int fd = open(name, O_RDWR | O_CREAT, 0600);
			int wd2 = inotify_add_watch(own, name, IN_ALL_EVENTS);
			if (fd >= 0 && write(fd, "x", 1) != 1)
				_exit(1);
			if (r % 3 == 0)
				unlink(name);
			if (fd >= 0)
				close(fd);
			read(own, raw, sizeof raw);
			if (r % 4 == 0)
				inotify_rm_watch(own, wd2);
			if (r % 7 == 0)
				inotify_rm_watch(own, wd);
			if (i & 1)
				close(own);
		}
		_exit(0);
	}
	for (int i = 0; i < 4; i++)
		CHECK_WAIT(pids[i], EXITED(0));
}

static volatile int told, told_fd, told_code;
static void on_told(int sig, siginfo_t *info, void *context)
{
	told++;
	told_fd = info->si_fd;
	told_code = info->si_code;
}

TEST(dnotify)
{
	start();
	CHECK_OK(check_spew("f", "", 0, 0600));
	int d = NEED_OK(open("d", O_RDONLY)), f = NEED_OK(open("f", O_RDONLY));
	sigaction(SIGIO, &(struct sigaction){.sa_sigaction = on_told, .sa_flags = SA_SIGINFO}, 0);
	sigaction(SIGRTMIN, &(struct sigaction){.sa_sigaction = on_told, .sa_flags = SA_SIGINFO}, 0);
	CHECK_ERR(fcntl(f, F_NOTIFY, DN_CREATE), ENOTDIR);
	CHECK_OK(fcntl(f, F_NOTIFY, DN_MULTISHOT));
	CHECK_ERR(fcntl(-1, F_NOTIFY, DN_CREATE), EBADF);
	CHECK_OK(fcntl(d, F_NOTIFY, DN_CREATE));
	CHECK_OK(mkdir("d/a", 0700));
	CHECK_SOON(told == 1);
	CHECK_OK(mkdir("d/b", 0700));	/* once */
	check_sleep_ms(30);
	CHECK_EQ(told, 1);
	CHECK_OK(fcntl(d, F_SETSIG, SIGRTMIN));
	CHECK_OK(fcntl(d, F_NOTIFY, DN_DELETE | DN_MULTISHOT));
	CHECK_OK(rmdir("d/b"));
	CHECK_SOON(told == 2);
	CHECK_EQ(told_fd, d);
	CHECK_EQ(told_code, POLL_MSG);
	CHECK_OK(rmdir("d/a"));
	CHECK_SOON(told == 3);
	CHECK_OK(fcntl(d, F_NOTIFY, 0));
	CHECK_OK(mkdir("d/a", 0700));
	CHECK_OK(rmdir("d/a"));
	check_sleep_ms(30);
	CHECK_EQ(told, 3);
	CHECK_OK(fcntl(d, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	close(dup(d));	/* any close ends it */
	CHECK_OK(mkdir("d/a", 0700));
	check_sleep_ms(30);
	CHECK_EQ(told, 3);
}
