/* user_namespaces(7): who may make one, what the maker becomes in it, its maps, and what ids and rights mean in it. */
#include "check.h"
#include <grp.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static int spew_errno(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	ssize_t n = write(fd, text, strlen(text));
	int err = n < 0 ? errno : n == (ssize_t)strlen(text) ? 0 : -1;
	close(fd);
	return err;
}

static const char *map_path(pid_t pid, const char *name)
{
	static char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	return path;
}

static int map_write(pid_t pid, const char *name, const char *text) { return spew_errno(map_path(pid, name), text); }

static int cap_last(void)
{
	char text[16];
	check_slurp("/proc/sys/kernel/cap_last_cap", text, sizeof text);
	return atoi(text);
}

/* A child that becomes this user, makes a namespace, gets these maps from its parent, and runs the body in it. */
static int from_parent[2], to_parent[2];
static void tell(int *p) { CHECK_EQ(write(p[1], "x", 1), 1); }
static void await(int *p) { char c; CHECK_EQ(read(p[0], &c, 1), 1); }

static pid_t child_in_userns(unsigned uid, unsigned gid, const char *uid_map, const char *gid_map, void (*body)(void))
{
	NEED_OK(pipe(from_parent));
	NEED_OK(pipe(to_parent));
	pid_t child = fork();
	if (!child) {
		check_failed = 0;
		CHECK_OK(setgroups(0, 0));
		CHECK_OK(setresgid(gid, gid, gid));
		CHECK_OK(setresuid(uid, uid, uid));
		CHECK_OK(unshare(CLONE_NEWUSER));
		tell(to_parent);
		await(from_parent);
		body();
		_exit(check_failed != 0);
	}
	await(to_parent);
	if (uid_map)
		CHECK_EQ(map_write(child, "uid_map", uid_map), 0);
	if (gid_map)
		CHECK_EQ(map_write(child, "gid_map", gid_map), 0);
	tell(from_parent);
	return child;
}

TEST(fresh_namespace_has_no_ids)
{
	IN_CHILD {
		struct stat st;
		char text[64];
		CHECK_OK(unshare(CLONE_NEWUSER));
		CHECK_EQ(getuid(), 65534);
		CHECK_EQ(geteuid(), 65534);
		CHECK_EQ(getgid(), 65534);
		CHECK_EQ(getegid(), 65534);
		uid_t r, e, s;
		CHECK_OK(getresuid(&r, &e, &s));
		CHECK(r == 65534 && e == 65534 && s == 65534);
		CHECK_EQ(check_field("/proc/self/status", "Uid", 10), 65534);
		CHECK_EQ(check_field("/proc/self/status", "Gid", 10), 65534);
		CHECK_OK(stat("/", &st));
		CHECK_EQ(st.st_uid, 65534);
		CHECK_EQ(st.st_gid, 65534);
		CHECK_EQ(check_slurp("/proc/self/uid_map", text, sizeof text), 0);
		CHECK_EQ(check_slurp("/proc/self/gid_map", text, sizeof text), 0);
		CHECK_EQ(check_slurp("/proc/self/projid_map", text, sizeof text), 0);
		CHECK_ERR(setuid(0), EINVAL);
		CHECK_ERR(setgid(0), EINVAL);
		CHECK_ERR(setresuid(-1, 1, -1), EINVAL);
		CHECK_OK(setresuid(-1, -1, -1));
		CHECK_ERR(setgroups(0, 0), EPERM);
		CHECK_EQ(setfsuid(0), 65534);
	}
}

TEST(maker_has_all_capabilities)
{
	IN_CHILD {
		uint64_t all = (2ull << cap_last()) - 1;
		prctl(PR_SET_SECUREBITS, 1 << 4);	/* fails without the right */
		CHECK_OK(unshare(CLONE_NEWUSER));
		CHECK_EQ(check_field("/proc/self/status", "CapEff", 16), (long)all);
		CHECK_EQ(check_field("/proc/self/status", "CapPrm", 16), (long)all);
		CHECK_EQ(check_field("/proc/self/status", "CapBnd", 16), (long)all);
		CHECK_EQ(check_field("/proc/self/status", "CapInh", 16), 0);
		CHECK_EQ(check_field("/proc/self/status", "CapAmb", 16), 0);
		CHECK_EQ(prctl(PR_GET_SECUREBITS), 0);
	}
}

TEST(clone_and_clone3)
{
	struct stat own, st;
	char path[64];
	CHECK_OK(stat("/proc/self/ns/user", &own));
	for (int i = 0; i < 2; i++) {
		struct clone_args a = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
		pid_t p = i ? (pid_t)syscall(SYS_clone3, &a, sizeof a) : (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
		if (!p) {
			CHECK_EQ(getuid(), 65534);
			pause();
			_exit(0);
		}
		CHECK(p > 0);
		snprintf(path, sizeof path, "/proc/%d/ns/user", (int)p);
		CHECK_OK(stat(path, &st));
		CHECK(st.st_ino != own.st_ino);
		CHECK_EQ(getuid(), geteuid());
		check_reap(p);
	}
	CHECK_ERR(syscall(SYS_clone, CLONE_NEWUSER | CLONE_FS | SIGCHLD, 0, 0, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_clone, CLONE_NEWUSER | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, 0, 0, 0, 0), EINVAL);
}

static void *sleep_thread(void *arg)
{
	pause();
	return 0;
}

TEST(unshare_needs_one_thread)
{
	IN_CHILD {
		pthread_t t;
		pthread_create(&t, 0, sleep_thread, 0);
		CHECK_ERR(unshare(CLONE_NEWUSER), EINVAL);
		_exit(check_failed != 0);
	}
}

TEST(own_id_without_rights)
{
	if (geteuid())
		return;
	IN_CHILD {
		CHECK_OK(setgroups(0, 0));
		CHECK_OK(setresgid(1001, 1001, 1001));
		CHECK_OK(setresuid(1000, 1000, 1000));
		CHECK_OK(unshare(CLONE_NEWUSER));
		CHECK_EQ(prctl(PR_GET_DUMPABLE), 0);	/* setresuid; the entry itself would have left it */
		prctl(PR_SET_DUMPABLE, 1);
		CHECK_EQ(map_write(getpid(), "uid_map", "0 1001 1\n"), EPERM);
		CHECK_EQ(map_write(getpid(), "uid_map", "0 0 1\n"), EPERM);
		CHECK_EQ(map_write(getpid(), "uid_map", "0 1000 2\n"), EPERM);
		CHECK_EQ(map_write(getpid(), "uid_map", "7 1000 1\n8 1001 1\n"), EPERM);
		CHECK_EQ(map_write(getpid(), "uid_map", "7 1000 1"), 0);
		CHECK_EQ(map_write(getpid(), "uid_map", "7 1000 1"), EPERM);	/* once only */
		CHECK_EQ(getuid(), 7);
		CHECK_EQ(map_write(getpid(), "gid_map", "0 1001 1"), EPERM);	/* setgroups first */
		CHECK_ERR(setgroups(0, 0), EPERM);
		CHECK_EQ(map_write(getpid(), "setgroups", "deny"), 0);
		CHECK_EQ(map_write(getpid(), "setgroups", "deny\n"), 0);
		CHECK_EQ(map_write(getpid(), "setgroups", "allow"), EPERM);
		CHECK_EQ(map_write(getpid(), "gid_map", "0 1001 1"), 0);
		CHECK_EQ(map_write(getpid(), "setgroups", "deny"), EPERM);	/* too late now */
		CHECK_EQ(getgid(), 0);
		CHECK_ERR(setgroups(0, 0), EPERM);
		char text[128];
		CHECK(check_slurp("/proc/self/uid_map", text, sizeof text) > 0);
		CHECK(!strcmp(text, "         7       1000          1\n"));
		CHECK(check_slurp("/proc/self/setgroups", text, sizeof text) > 0);
		CHECK(!strcmp(text, "deny\n"));
		CHECK_ERR(setuid(0), EINVAL);
		CHECK_OK(setuid(7));
	}
}

TEST(map_syntax)
{
	if (geteuid())
		return;
	static const struct { const char *text; int want; } cases[] = {
		{ "", EINVAL }, { "\n", EINVAL }, { "0", EINVAL }, { "0 0", EINVAL }, { "0 0 0", EINVAL }, { "0 0 1 1", EINVAL },
		{ "0 0 1x", EINVAL }, { "x 0 1", EINVAL }, { "0 x 1", EINVAL }, { "-1 0 1", EINVAL }, { "4294967295 0 1", EINVAL },
		{ "0 4294967295 1", EINVAL }, { "4294967294 0 2", EINVAL }, { "0 0 10\n5 20 10", EINVAL },
		{ "0 0 10\n20 5 10", EINVAL }, { "0 0 10\n\n20 20 1", EINVAL }, { "0 0 1\n\n", EINVAL }, { "0,0,1", EINVAL },
		{ "0 0 1 \n", 0 }, { "  0\t0\t4294967295\n", 0 }, { "0 100 10\n10 0 10\n", 0 }, { "0 0 1", 0 },
		{ "00 0010 1\n", 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		pid_t child = fork();
		if (!child) {
			int e = unshare(CLONE_NEWUSER);
			kill(getpid(), SIGSTOP);
			_exit(e);
		}
		int status, err;
		waitpid(child, &status, WUNTRACED);
		err = 0;
		int fd = open(map_path(child, "uid_map"), O_RDWR);
		ssize_t n = write(fd, cases[i].text, strlen(cases[i].text));
		err = n < 0 ? errno : 0;
		if (err != cases[i].want)
			check_fail(__FILE_NAME__, __LINE__, "map \"%s\": got %d, wanted %d", cases[i].text, err, cases[i].want);
		close(fd);
		CHECK_EQ(map_write(child, "projid_map", cases[i].text), cases[i].want);
		check_reap(child);
	}
}

TEST(map_of_many_lines)
{
	if (geteuid())
		return;
	for (int n = 340; n <= 341; n++) {
		char text[8192] = "", *at = text;
		for (int i = 0; i < n; i++)
			at += sprintf(at, "%d %d 1\n", i, i + 5);
		pid_t child = fork();
		if (!child) {
			int e = unshare(CLONE_NEWUSER);
			kill(getpid(), SIGSTOP);
			_exit(e);
		}
		int status;
		waitpid(child, &status, WUNTRACED);
		if (strlen(text) < 4096)
			CHECK_EQ(map_write(child, "uid_map", text), n == 340 ? 0 : EINVAL);
		/* a page or more is too much; not at the beginning is nowhere */
		memset(text, ' ', 4096);
		memcpy(text + 4090, "0 0 1\n", 7);
		CHECK_EQ(map_write(child, "gid_map", text), EINVAL);
		int fd = open(map_path(child, "gid_map"), O_WRONLY);
		CHECK_EQ(lseek(fd, 1, SEEK_SET), 1);
		CHECK_ERR(write(fd, "0 0 1", 5), EINVAL);
		CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
		CHECK_OK(write(fd, "0 0 1", 5));
		CHECK_ERR(write(fd, "0 0 1", 5), EINVAL);
		close(fd);
		check_reap(child);
	}
}

TEST(the_first_cannot_be_changed)
{
	char text[128];
	if (geteuid())
		return;
	CHECK(check_slurp("/proc/self/uid_map", text, sizeof text) > 0);
	if (strcmp(text, "         0          0 4294967295\n"))
		return;		/* a container */
	CHECK_EQ(map_write(getpid(), "uid_map", "0 0 1"), EPERM);
	CHECK_EQ(map_write(getpid(), "gid_map", "0 0 1"), EPERM);
	CHECK_EQ(map_write(getpid(), "projid_map", "0 0 1"), EPERM);
	CHECK_EQ(map_write(getpid(), "setgroups", "deny"), EPERM);
	CHECK_EQ(map_write(getpid(), "setgroups", "allow"), 0);
	CHECK_EQ(map_write(getpid(), "setgroups", "allowx"), EINVAL);
	CHECK_EQ(map_write(getpid(), "setgroups", "perhaps"), EINVAL);
	CHECK_EQ(map_write(getpid(), "setgroups", "allow  \n"), EINVAL);	/* too long */
}

static void mapped_body(void)
{
	struct stat st;
	int fd;
	gid_t groups[4] = { 0, 1, 20, 0 };
	prctl(PR_SET_DUMPABLE, 1);
	CHECK_EQ(getuid(), 0);
	CHECK_EQ(getgid(), 0);
	check_scratch();
	CHECK_OK(fd = open("file", O_CREAT | O_RDWR, 0600));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_uid, 0);
	CHECK_OK(fchown(fd, 5, 6));
	CHECK_OK(fstat(fd, &st));
	CHECK(st.st_uid == 5 && st.st_gid == 6);
	CHECK_ERR(fchown(fd, 10, -1), EINVAL);
	CHECK_ERR(fchown(fd, -1, 10), EINVAL);
	CHECK_ERR(chown("none", 10, 10), ENOENT);
	CHECK_OK(setgroups(2, groups));
	CHECK_ERR(setgroups(3, groups), EINVAL);
	CHECK_EQ(getgroups(4, groups), 2);
	CHECK(groups[0] == 0 && groups[1] == 1);
	CHECK_OK(seteuid(3));
	CHECK_EQ(check_field("/proc/self/status", "CapEff", 16), 0);
	CHECK_OK(seteuid(0));
	CHECK(check_field("/proc/self/status", "CapEff", 16) != 0);
	CHECK_OK(setresuid(4, 4, 4));
	CHECK_EQ(check_field("/proc/self/status", "CapPrm", 16), 0);
	CHECK_ERR(setuid(0), EPERM);
	CHECK_ERR(setuid(11), EINVAL);
	CHECK_EQ(setfsuid(11), 4);
	CHECK_EQ(setfsuid(-1), 4);
}

TEST(ids_are_translated_both_ways)
{
	struct stat st;
	char path[80];
	if (geteuid())
		return;
	pid_t child = child_in_userns(2000, 3000, "0 2000 10\n", "0 3000 10\n", mapped_body);
	int status;
	check_interrupted_wait(child, &status);
	CHECK_EQ(status, 0);
	snprintf(path, sizeof path, "/tmp/furca-test.%d/file", (int)child);
	CHECK_OK(stat(path, &st));
	CHECK(st.st_uid == 2005 && st.st_gid == 3006);
	snprintf(path, sizeof path, "/tmp/furca-test.%d", (int)child);
	check_remove_tree(path);
}
