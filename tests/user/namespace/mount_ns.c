/* mount_namespaces(7), clone(2), unshare(2), setns(2): a new tree of mounts begins as a copy, and goes with its last user. */
#include "mounts.h"
#include <linux/sched.h>
#include <poll.h>

TEST(unshare_copies_the_tree)
{
	if (!mounts_begin())
		return;
	mounts_of_kind("a", "-");
	mounts_of_kind("a/in", "s");
	mounts_mark("a/in/x");
	int group = mounts_group("a/in");
	NEED_OK(chdir("a/in"));
	IN_CHILD {
		char cwd[300];
		struct mount_line out, in;
		CHECK_EQ(mounts_find("a/in", &out), 1);
		NEED_OK(unshare(CLONE_NEWNS));
		CHECK_EQ(mounts_find("a/in", &in), 1);
		CHECK(in.id != out.id);
		CHECK(getcwd(cwd, sizeof cwd));
		CHECK_STR(cwd, "/tmp/a/in");
		CHECK(mounts_has("x"));
		CHECK_EQ(mounts_group("a/in"), group);	/* shared with the old tree */
		NEED_OK(mount("t", "/tmp/a", "tmpfs", 0, NULL));
		CHECK(!mounts_has("/tmp/a/in/x"));
		CHECK(mounts_has("x"));
	}
	CHECK(mounts_has("/tmp/a/in/x"));
}

TEST(propagation_between_namespaces)
{
	int up[2], down[2];
	char c;
	if (!mounts_begin())
		return;
	mounts_of_kind("a", "s");
	mounts_of_kind("b", "-");
	mounts_dir("a/in"), mounts_dir("a/back"), mounts_dir("b/in");
	NEED_OK(pipe(up));
	NEED_OK(pipe(down));
	pid_t p = fork();
	if (!p) {
		NEED_OK(unshare(CLONE_NEWNS));
		mounts_tmpfs("a/in");
		mounts_mark("a/in/x");
		mounts_tmpfs("b/in");
		CHECK_EQ(write(up[1], "1", 1), 1);
		CHECK_EQ(read(down[0], &c, 1), 1);
		CHECK(mounts_is("a/back"));
		_exit(check_failed != 0);
	}
	CHECK_EQ(read(up[0], &c, 1), 1);
	CHECK(mounts_has("a/in/x"));
	CHECK(!mounts_is("b/in"));
	mounts_tmpfs("a/back");
	CHECK_EQ(write(down[1], "1", 1), 1);
	CHECK_WAIT(p, EXITED(0));
	CHECK(mounts_is("a/in"));	/* the end of the other tree takes nothing from this one */
	CHECK_OK(umount("a/in"));
}

TEST(clone_flags)
{
	if (!mounts_begin())
		return;
	struct clone_args both = { .flags = CLONE_NEWNS | CLONE_FS, .exit_signal = SIGCHLD };
	CHECK_ERR(syscall(SYS_clone3, &both, sizeof both), EINVAL);
	CHECK_ERR(syscall(SYS_clone, CLONE_NEWNS | CLONE_FS | SIGCHLD, 0, 0, 0, 0), EINVAL);
	struct clone_args a = { .flags = CLONE_NEWNS, .exit_signal = SIGCHLD };
	mounts_dir("m");
	pid_t p = (pid_t)syscall(SYS_clone3, &a, sizeof a);
	if (!p) {
		mounts_tmpfs("m");
		_exit(check_failed != 0);
	}
	CHECK_WAIT(p, EXITED(0));
	CHECK(!mounts_is("m"));
	p = (pid_t)syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0);
	if (!p) {
		mounts_tmpfs("m");
		_exit(check_failed != 0);
	}
	CHECK_WAIT(p, EXITED(0));
	CHECK(!mounts_is("m"));
	IN_CHILD {
		NEED_OK(setresuid(1000, 1000, 1000));
		CHECK_ERR(unshare(CLONE_NEWNS), EPERM);
		CHECK_ERR(syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0), EPERM);
	}
}

static int start(void *ready)
{
	CHECK_EQ(write(*(int *)ready, "1", 1), 1);
	for (;;)
		pause();
	return 0;
}

/* unshare(CLONE_NEWNS) gives the caller a root and working directory of its own. */
TEST(unshare_implies_fs)
{
	static char stack[16384];
	int ready[2];
	char c, cwd[300];
	if (!mounts_begin())
		return;
	mounts_dir("d");
	NEED_OK(pipe(ready));
	pid_t p = clone(start, stack + sizeof stack, CLONE_FS | SIGCHLD, &ready[1]);
	CHECK_EQ(read(ready[0], &c, 1), 1);
	NEED_OK(unshare(CLONE_NEWNS));
	NEED_OK(chdir("d"));
	char link[40];
	snprintf(link, sizeof link, "/proc/%d/cwd", p);
	ssize_t n = readlink(link, cwd, sizeof cwd - 1);
	cwd[n > 0 ? n : 0] = 0;
	CHECK_STR(cwd, "/tmp");
	check_reap(p);
}

TEST(the_last_user_takes_it_down)
{
	if (!mounts_begin())
		return;
	mounts_dir("m");
	pid_t p = fork();
	if (!p) {
		NEED_OK(unshare(CLONE_NEWNS));
		mounts_of_kind("m/a", "-");
		_exit(0);
	}
	CHECK_WAIT(p, EXITED(0));
	CHECK(!mounts_is("m/a"));
	CHECK_OK(rmdir("m/a"));
	/* an open file of it lives on */
	int fds[2];
	NEED_OK(pipe(fds));
	p = fork();
	int fd = -1;
	if (!p) {
		NEED_OK(unshare(CLONE_NEWNS));
		mounts_tmpfs("m");
		mounts_mark("m/x");
		NEED_OK(open("m", O_RDONLY | O_DIRECTORY));
		CHECK_EQ(write(fds[1], "1", 1), 1);
		pause();
	}
	char c, path[60];
	CHECK_EQ(read(fds[0], &c, 1), 1);
	snprintf(path, sizeof path, "/proc/%d/root/tmp/m", p);
	fd = NEED_OK(open(path, O_RDONLY | O_DIRECTORY));
	check_reap(p);
	CHECK_OK(faccessat(fd, "x", F_OK, 0));
	/* no tree has it any more */
	CHECK_OK(fchdir(fd));
	mkdir("sub", 0755);
	CHECK_ERR(mount("t", "sub", "tmpfs", 0, NULL), EINVAL);
	CHECK_ERR(mount(".", "/tmp/m", NULL, MS_BIND, NULL), EINVAL);
	CHECK_ERR(umount("."), EINVAL);
	close(fd);
}

TEST(setns_enters)
{
	char cwd[300];
	if (!mounts_begin())
		return;
	mounts_dir("m");
	int home = NEED_OK(open("/proc/self/ns/mnt", O_RDONLY));
	pid_t p = fork();
	int fds[2];
	NEED_OK(pipe(fds));
	if (!p)
		_exit(0);
	CHECK_WAIT(p, EXITED(0));
	p = fork();
	if (!p) {
		NEED_OK(unshare(CLONE_NEWNS));
		mounts_tmpfs("m");
		mounts_mark("m/x");
		CHECK_EQ(write(fds[1], "1", 1), 1);
		pause();
	}
	char c, path[60];
	CHECK_EQ(read(fds[0], &c, 1), 1);
	snprintf(path, sizeof path, "/proc/%d/ns/mnt", p);
	int there = NEED_OK(open(path, O_RDONLY));
	IN_CHILD {
		CHECK_ERR(setns(there, CLONE_NEWUTS), EINVAL);
		CHECK_OK(setns(there, CLONE_NEWNS));
		CHECK(getcwd(cwd, sizeof cwd));
		CHECK_STR(cwd, "/");
		CHECK(mounts_has("/tmp/m/x"));
		CHECK_OK(setns(home, 0));
		CHECK(!mounts_has("/tmp/m/x"));
	}
	/* not while somebody shares root and working directory */
	IN_CHILD {
		static char stack[16384];
		int ready[2];
		NEED_OK(pipe(ready));
		pid_t q = clone(start, stack + sizeof stack, CLONE_FS | SIGCHLD, &ready[1]);
		CHECK_EQ(read(ready[0], &c, 1), 1);
		CHECK_ERR(setns(there, CLONE_NEWNS), EINVAL);
		check_reap(q);
		CHECK_OK(setns(there, CLONE_NEWNS));
	}
	IN_CHILD {
		NEED_OK(setresuid(1000, 1000, 1000));
		CHECK_ERR(setns(there, CLONE_NEWNS), EPERM);
	}
	check_reap(p);
	/* the file keeps the tree */
	IN_CHILD {
		CHECK_OK(setns(there, 0));
		CHECK(mounts_has("/tmp/m/x"));
	}
}

/* A namespace's own file may not come to lie in it: it would hold itself. */
TEST(no_loops)
{
	if (!mounts_begin())
		return;
	NEED_OK(check_spew("f", "", 0, 0644));
	CHECK_ERR(mount("/proc/self/ns/mnt", "f", NULL, MS_BIND, NULL), EINVAL);
	int fds[2];
	char c, path[60];
	NEED_OK(pipe(fds));
	pid_t p = fork();
	if (!p) {
		NEED_OK(unshare(CLONE_NEWNS));
		CHECK_EQ(write(fds[1], "1", 1), 1);
		pause();
	}
	CHECK_EQ(read(fds[0], &c, 1), 1);
	snprintf(path, sizeof path, "/proc/%d/ns/mnt", p);
	CHECK_OK(mount(path, "f", NULL, MS_BIND, NULL));
	struct mount_line m;
	CHECK_EQ(mounts_find("f", &m), 1);
	CHECK_STR(m.type, "nsfs");
	CHECK(!strncmp(m.root, "mnt:[", 5));
	/* a copy of the tree leaves it out */
	IN_CHILD {
		NEED_OK(unshare(CLONE_NEWNS));
		CHECK(!mounts_is("f"));
	}
	check_reap(p);
	int fd = NEED_OK(open("f", O_RDONLY));
	IN_CHILD {
		CHECK_OK(setns(fd, CLONE_NEWNS));
	}
	close(fd);
	CHECK_OK(umount("f"));
	/* a UTS namespace's file may, and is copied */
	CHECK_OK(mount("/proc/self/ns/uts", "f", NULL, MS_BIND, NULL));
	IN_CHILD {
		NEED_OK(unshare(CLONE_NEWNS));
		CHECK(mounts_is("f"));
	}
}

/* Since Linux 3.18 a place that is used in another tree only can be removed, and what is mounted there goes. */
TEST(removal_of_anothers_mount_point)
{
	int up[2], down[2];
	char c;
	if (!mounts_begin())
		return;
	mounts_dir("d"), mounts_dir("e");
	NEED_OK(check_spew("f", "", 0, 0644));
	NEED_OK(check_spew("g", "new", 3, 0644));
	NEED_OK(pipe(up));
	NEED_OK(pipe(down));
	pid_t p = fork();
	if (!p) {
		NEED_OK(unshare(CLONE_NEWNS));
		mounts_tmpfs("d");
		mounts_tmpfs("e");
		mounts_bind("/proc/version", "f");
		CHECK_ERR(rmdir("d"), EBUSY);
		CHECK_ERR(unlink("f"), EBUSY);
		CHECK_ERR(rename("g", "f"), EBUSY);
		CHECK_ERR(rename("d", "h"), EBUSY);
		CHECK_EQ(write(up[1], "1", 1), 1);
		CHECK_EQ(read(down[0], &c, 1), 1);
		CHECK(!mounts_is("d"));
		CHECK(!mounts_has("d"));
		CHECK(!mounts_is("f"));
		CHECK(mounts_is("h"));
		_exit(check_failed != 0);
	}
	CHECK_EQ(read(up[0], &c, 1), 1);
	CHECK_OK(rmdir("d"));
	CHECK_OK(rename("g", "f"));
	CHECK_OK(rename("e", "h"));
	CHECK_EQ(write(down[1], "1", 1), 1);
	CHECK_WAIT(p, EXITED(0));
}

TEST(poll_tells_of_changes)
{
	if (!mounts_begin())
		return;
	mounts_dir("m");
	struct pollfd p = { .fd = NEED_OK(open("/proc/self/mounts", O_RDONLY)), .events = POLLPRI };
	CHECK_EQ(poll(&p, 1, 0), 0);
	mounts_tmpfs("m");
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLERR | POLLPRI);
	CHECK_EQ(poll(&p, 1, 0), 0);
	CHECK_OK(umount("m"));
	CHECK_EQ(poll(&p, 1, 0), 1);
	/* one that waits is woken */
	p.events = POLLPRI;
	pid_t child = fork();
	if (!child) {
		check_sleep_ms(100);
		mounts_tmpfs("m");
		_exit(0);
	}
	CHECK_EQ(poll(&p, 1, 5000), 1);
	CHECK_WAIT(child, EXITED(0));
	close(p.fd);
}

/* An open file goes on with the namespace that it was opened in. */
TEST(an_open_list_stays)
{
	static char text[65536];
	if (!mounts_begin())
		return;
	mounts_dir("m");
	int fd = NEED_OK(open("/proc/self/mounts", O_RDONLY));
	NEED_OK(unshare(CLONE_NEWNS));
	mounts_tmpfs("m");
	ssize_t n = read(fd, text, sizeof text - 1);
	text[n > 0 ? n : 0] = 0;
	CHECK(n > 0 && !strstr(text, " /tmp/m "));
	CHECK(mounts_is("m"));
}

static long mount_max(long set)
{
	char text[20];
	snprintf(text, sizeof text, "%ld", set);
	if (set >= 0)
		NEED_OK(check_spew("/proc/sys/fs/mount-max", text, strlen(text), 0644));
	CHECK(check_slurp("/proc/sys/fs/mount-max", text, sizeof text) > 0);
	return atol(text);
}

TEST(not_more_than_mount_max)
{
	char name[20];
	static char text[65536];
	if (!mounts_begin())
		return;
	long before = mount_max(-1), count = 0;
	check_slurp("/proc/self/mountinfo", text, sizeof text);
	for (char *s = text; (s = strchr(s, '\n')); s++)
		count++;
	mount_max(count + 6);
	int made = 0;
	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof name, "m%d", i);
		mounts_dir(name);
		if (mount("t", name, "tmpfs", 0, NULL) == 0)
			made++;
		else
			CHECK_EQ(errno, ENOSPC);
	}
	CHECK(made >= 4 && made <= 6);	/* the root of all may count, though it is not to be seen */
	mount_max(before);
}
