/* user_namespaces(7): what a right held inside reaches and what it does not; limits, nesting, entering, set-user-ID programs. */
#include "check.h"
#include <grp.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

static int spew_errno(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	ssize_t n = write(fd, text, strlen(text));
	int err = n < 0 ? errno : 0;
	close(fd);
	return err;
}

static int map_write(pid_t pid, const char *name, const char *text)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	return spew_errno(path, text);
}

static void become(unsigned uid, unsigned gid)
{
	CHECK_OK(setgroups(0, 0));
	CHECK_OK(setresgid(gid, gid, gid));
	CHECK_OK(setresuid(uid, uid, uid));
	prctl(PR_SET_DUMPABLE, 1);
}

/* The caller, as root of a namespace with its own ids alone. */
static void become_root_inside(void)
{
	char map[64];
	unsigned uid = getuid(), gid = getgid();
	CHECK_OK(unshare(CLONE_NEWUSER));
	snprintf(map, sizeof map, "0 %u 1", uid);
	CHECK_EQ(map_write(getpid(), "uid_map", map), 0);
	CHECK_EQ(map_write(getpid(), "setgroups", "deny"), 0);
	snprintf(map, sizeof map, "0 %u 1", gid);
	CHECK_EQ(map_write(getpid(), "gid_map", map), 0);
	CHECK(getuid() == 0 && getgid() == 0);
}

static pid_t sleeper_inside(unsigned uid, unsigned gid, int flags)
{
	int p[2];
	char c;
	NEED_OK(pipe(p));
	pid_t child = fork();
	if (!child) {
		check_failed = 0;
		become(uid, gid);
		CHECK_OK(unshare(CLONE_NEWUSER | flags));
		CHECK_EQ(write(p[1], "x", 1), 1);
		for (;;)
			pause();
	}
	close(p[1]);
	CHECK_EQ(read(p[0], &c, 1), 1);
	close(p[0]);
	return child;
}

static int ns_of(pid_t pid, const char *kind)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, kind);
	return open(path, O_RDONLY | O_CLOEXEC);
}

TEST(rights_inside_do_not_reach_outside)
{
	if (geteuid())
		return;
	pid_t other = check_sleeper();
	IN_CHILD {
		int uts = ns_of(getpid(), "uts");
		become(1000, 1000);
		become_root_inside();
		CHECK_ERR(sethostname("no", 2), EPERM);	/* the UTS namespace is the first user namespace's */
		CHECK_ERR(setns(uts, CLONE_NEWUTS), EPERM);
		CHECK_ERR(kill(other, 0), EPERM);
		CHECK_ERR(mount("none", "/tmp", "tmpfs", 0, 0), EPERM);
		CHECK_ERR(mknod("/tmp/userns-device", S_IFCHR | 0600, 0x103), EPERM);
		CHECK_ERR(chown("/", 0, 0), EPERM);
		CHECK_ERR(open("/proc/kmsg-none", O_RDONLY), ENOENT);
		CHECK_ERR(setpriority(PRIO_PROCESS, 0, -5), EACCES);
		CHECK_ERR(setpriority(PRIO_PROCESS, other, 5), EPERM);
		struct timespec now;
		clock_gettime(CLOCK_REALTIME, &now);
		CHECK_ERR(clock_settime(CLOCK_REALTIME, &now), EPERM);
		CHECK_ERR(syscall(SYS_reboot, 0xfee1dead, 672274793, 0x89abcdef, 0), EPERM);
		struct rlimit l;
		CHECK_OK(getrlimit(RLIMIT_CORE, &l));
		CHECK_OK(prlimit(getpid(), RLIMIT_CORE, &l, 0));
		CHECK_ERR(prlimit(other, RLIMIT_CORE, 0, &l), EPERM);
		CHECK_OK(unshare(CLONE_NEWUTS));
		CHECK_OK(sethostname("yes", 3));
	}
	check_reap(other);
}

TEST(new_kinds_belong_to_the_new_user_namespace)
{
	if (geteuid())
		return;
	IN_CHILD {
		struct stat user, owner;
		unsigned uid = 0;
		become(1000, 1000);
		CHECK_ERR(unshare(CLONE_NEWUTS), EPERM);
		CHECK_OK(unshare(CLONE_NEWUSER | CLONE_NEWUTS));
		CHECK_OK(sethostname("inside", 6));
		int got = ioctl(ns_of(getpid(), "uts"), NS_GET_USERNS);
		CHECK(got >= 0);
		CHECK_OK(fstat(got, &owner));
		CHECK_OK(stat("/proc/self/ns/user", &user));
		CHECK_EQ(owner.st_ino, user.st_ino);
		CHECK_ERR(ioctl(got, NS_GET_PARENT), EPERM);	/* it lies outside */
		CHECK_ERR(ioctl(got, NS_GET_USERNS), EPERM);
		CHECK_OK(ioctl(got, NS_GET_OWNER_UID, &uid));
		CHECK_EQ(uid, 65534);
		CHECK_EQ(map_write(getpid(), "uid_map", "0 1000 1"), 0);
		CHECK_EQ(map_write(getpid(), "setgroups", "deny"), 0);
		CHECK_EQ(map_write(getpid(), "gid_map", "0 1000 1"), 0);
		struct clone_args a = { .flags = CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWPID, .exit_signal = SIGCHLD };
		pid_t p = (pid_t)syscall(SYS_clone3, &a, sizeof a);
		if (!p) {
			CHECK_EQ(getpid(), 1);
			CHECK_OK(sethostname("deeper", 6));
			_exit(check_failed != 0);
		}
		CHECK_WAIT(p, EXITED(0));
		char name[65];
		CHECK_OK(gethostname(name, sizeof name));
		CHECK(!strcmp(name, "inside"));
	}
}

TEST(owner_seen_from_outside)
{
	if (geteuid())
		return;
	pid_t child = sleeper_inside(1234, 1234, CLONE_NEWUTS);
	struct stat own, st;
	unsigned uid = 0;
	int user = ns_of(child, "user"), uts = ns_of(child, "uts");
	CHECK_OK(ioctl(user, NS_GET_OWNER_UID, &uid));
	CHECK_EQ(uid, 1234);
	int parent = ioctl(user, NS_GET_PARENT), of_uts = ioctl(uts, NS_GET_USERNS), of_user = ioctl(user, NS_GET_USERNS);
	CHECK(parent >= 0 && of_uts >= 0 && of_user >= 0);
	CHECK_OK(stat("/proc/self/ns/user", &own));
	CHECK_OK(fstat(parent, &st));
	CHECK_EQ(st.st_ino, own.st_ino);
	CHECK_OK(fstat(of_user, &st));
	CHECK_EQ(st.st_ino, own.st_ino);
	CHECK_OK(fstat(of_uts, &st));
	CHECK_OK(fstat(user, &own));
	CHECK_EQ(st.st_ino, own.st_ino);
	check_reap(child);
}

TEST(entering)
{
	if (geteuid())
		return;
	pid_t child = sleeper_inside(1234, 1234, CLONE_NEWUTS | CLONE_NEWIPC);
	int fd = ns_of(child, "user"), pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	CHECK_EQ(map_write(child, "uid_map", "5 0 1"), 0);
	IN_CHILD {
		CHECK_OK(setns(fd, CLONE_NEWUSER));
		CHECK_EQ(getuid(), 5);
		CHECK_EQ(getgid(), 65534);
		CHECK_EQ(check_field("/proc/self/status", "CapInh", 16), 0);
		CHECK(check_field("/proc/self/status", "CapEff", 16) > 0);
		CHECK_EQ(prctl(PR_GET_DUMPABLE), 0);
		CHECK_ERR(setns(fd, CLONE_NEWUSER), EINVAL);
		CHECK_OK(setns(pidfd, CLONE_NEWUTS | CLONE_NEWIPC));
		CHECK_OK(sethostname("joined", 6));
	}
	IN_CHILD {
		CHECK_OK(setns(pidfd, CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWIPC));
		CHECK_OK(sethostname("joined", 6));
	}
	IN_CHILD {	/* the owner may come in: it has all rights there */
		become(1234, 1234);
		CHECK_OK(setns(fd, 0));
		CHECK(check_field("/proc/self/status", "CapEff", 16) > 0);
		CHECK_EQ(prctl(PR_GET_DUMPABLE), 1);
	}
	IN_CHILD {
		become(1235, 1235);
		CHECK_ERR(setns(fd, 0), EPERM);
	}
	check_reap(child);
}

static int shares_fs(void *arg)
{
	CHECK_ERR(setns(*(int *)arg, CLONE_NEWUSER), EINVAL);
	return check_failed;
}

TEST(entering_with_a_shared_root)
{
	if (geteuid())
		return;
	pid_t child = sleeper_inside(1234, 1234, 0);
	int fd = ns_of(child, "user");
	char *stack = malloc(65536);
	pid_t p = clone(shares_fs, stack + 65536, CLONE_FS | SIGCHLD, &fd);
	CHECK_WAIT(p, EXITED(0));
	check_reap(child);
}

TEST(not_up_and_not_from_a_chroot)
{
	if (geteuid())
		return;
	IN_CHILD {
		int user = ns_of(getpid(), "user");
		CHECK_OK(unshare(CLONE_NEWUSER));
		CHECK_ERR(setns(user, 0), EPERM);
	}
	IN_CHILD {
		CHECK_OK(chroot("/tmp"));
		CHECK_ERR(unshare(CLONE_NEWUSER), EPERM);
		CHECK_ERR(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0), EPERM);
	}
	IN_CHILD {	/* without a name outside nobody could say whose it is */
		CHECK_OK(unshare(CLONE_NEWUSER));
		CHECK_ERR(unshare(CLONE_NEWUSER), EPERM);
	}
	IN_CHILD {	/* inside, chroot is allowed */
		CHECK_OK(unshare(CLONE_NEWUSER));
		CHECK_OK(chroot("/tmp"));
	}
}

static int nest(int level)
{
	if (unshare(CLONE_NEWUSER))
		return errno == ENOSPC ? level : 99;
	if (map_write(getpid(), "uid_map", "0 0 1") || map_write(getpid(), "setgroups", "deny") || map_write(getpid(), "gid_map", "0 0 1"))
		return 98;
	return nest(level + 1);
}

TEST(nesting)
{
	if (geteuid())
		return;
	pid_t p = fork();
	if (!p)
		_exit(nest(0));
	CHECK_WAIT(p, EXITED(33));	/* parent levels up to 32 may have a child */
}

TEST(limits_of_a_user)
{
	char text[32];
	if (geteuid() || check_slurp("/proc/sys/user/max_uts_namespaces", text, sizeof text) < 0)
		return;
	CHECK(atol(text) > 0);
	IN_CHILD {
		become(1300, 1300);
		become_root_inside();
		CHECK(check_slurp("/proc/sys/user/max_uts_namespaces", text, sizeof text) > 0);
		CHECK_EQ(atol(text), 2147483647);
		CHECK_EQ(spew_errno("/proc/sys/user/max_uts_namespaces", "2"), 0);
		CHECK_EQ(spew_errno("/proc/sys/user/max_uts_namespaces", "2147483648"), EINVAL);
		CHECK_EQ(spew_errno("/proc/sys/user/max_uts_namespaces", "-1"), EINVAL);
		int keep[2];
		CHECK_OK(unshare(CLONE_NEWUTS));
		keep[0] = ns_of(getpid(), "uts");
		CHECK_OK(unshare(CLONE_NEWUTS));
		keep[1] = ns_of(getpid(), "uts");
		CHECK_ERR(unshare(CLONE_NEWUTS), ENOSPC);
		CHECK_ERR(syscall(SYS_clone, CLONE_NEWUTS | SIGCHLD, 0, 0, 0, 0), ENOSPC);
		close(keep[0]);
		CHECK_SOON(unshare(CLONE_NEWUTS) == 0);
		close(keep[1]);
		CHECK_EQ(spew_errno("/proc/sys/user/max_user_namespaces", "0"), 0);
		CHECK_ERR(unshare(CLONE_NEWUSER), ENOSPC);
		CHECK_EQ(spew_errno("/proc/sys/user/max_user_namespaces", "1"), 0);
		become_root_inside();
		CHECK(check_slurp("/proc/sys/user/max_user_namespaces", text, sizeof text) > 0);
		CHECK_EQ(atol(text), 2147483647);	/* another namespace's own */
		CHECK_OK(unshare(CLONE_NEWUTS));	/* the two of the one around: one is left */
		CHECK_ERR(unshare(CLONE_NEWUSER | CLONE_NEWUTS), ENOSPC);
	}
	IN_CHILD {
		become(1301, 1301);
		CHECK_EQ(spew_errno("/proc/sys/user/max_uts_namespaces", "1"), EACCES);
	}
}

TEST(processes_inside_count_outside)
{
	if (geteuid())
		return;
	IN_CHILD {
		become(1400, 1400);
		struct rlimit two = { 2, 2 };
		CHECK_OK(setrlimit(RLIMIT_NPROC, &two));
		become_root_inside();
		pid_t one = check_sleeper();
		CHECK(one > 0);
		CHECK_ERR(fork(), EAGAIN);
		check_reap(one);
	}
}

TEST(looking_into_and_killing)
{
	if (geteuid())
		return;
	pid_t child = sleeper_inside(1500, 1500, 0);
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/environ", (int)child);
	IN_CHILD {	/* the owner outside has every right over those inside */
		become(1500, 1500);
		CHECK_OK(kill(child, 0));
		CHECK(open(path, O_RDONLY) >= 0);
	}
	IN_CHILD {	/* its equal does not */
		become(1500, 1500);
		become_root_inside();
		CHECK_ERR(open(path, O_RDONLY), EACCES);
		CHECK_OK(kill(child, 0));	/* the ids are the same */
	}
	IN_CHILD {
		become(1501, 1501);
		CHECK_ERR(kill(child, 0), EPERM);
		CHECK_ERR(open(path, O_RDONLY), EACCES);
	}
	check_reap(child);
}

TEST(credentials_of_messages)
{
	int pair[2], on = 1;
	if (geteuid())
		return;
	CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	CHECK_OK(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
	CHECK_OK(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
	IN_CHILD {
		become(1600, 1700);
		become_root_inside();
		CHECK_EQ(write(pair[1], "x", 1), 1);
	}
	pid_t child = sleeper_inside(1601, 1601, 0);
	CHECK_EQ(map_write(child, "uid_map", "3 1600 1"), 0);
	int user = ns_of(child, "user");
	for (int inside = 0; inside < 2; inside++) {
		IN_CHILD {
			char c, control[64];
			struct iovec v = { &c, 1 };
			struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
			if (inside)
				CHECK_OK(setns(user, 0));
			CHECK_EQ(recvmsg(pair[0], &m, MSG_DONTWAIT | MSG_PEEK), 1);
			struct cmsghdr *h = CMSG_FIRSTHDR(&m);
			CHECK(h && h->cmsg_type == SCM_CREDENTIALS);
			struct ucred u;
			memcpy(&u, CMSG_DATA(h), sizeof u);
			CHECK_EQ(u.uid, inside ? 3 : 1600);
			CHECK_EQ(u.gid, inside ? 65534 : 1700);
		}
	}
	check_reap(child);
}

static int signal_uid = -1;
static void note(int sig, siginfo_t *info, void *context) { signal_uid = (int)info->si_uid; }

TEST(sender_of_a_signal)
{
	if (geteuid())
		return;
	struct sigaction a = { .sa_sigaction = note, .sa_flags = SA_SIGINFO };
	CHECK_OK(sigaction(SIGUSR1, &a, 0));
	IN_CHILD {
		CHECK_OK(unshare(CLONE_NEWUSER));
		CHECK_EQ(map_write(getpid(), "uid_map", "9 0 1"), 0);
		CHECK_EQ(getuid(), 9);
		CHECK_OK(kill(getppid(), SIGUSR1));
		CHECK_OK(kill(getpid(), SIGUSR1));
		CHECK_EQ(signal_uid, 9);
	}
	CHECK_EQ(signal_uid, 0);
	siginfo_t info;
	pid_t child = fork();
	if (!child) {
		CHECK_OK(setuid(1777));
		_exit(0);
	}
	CHECK_OK(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
	CHECK_EQ(info.si_uid, 1777);
	check_reap(child);
}

HELPER(ids) { return getuid() == (unsigned)atoi(argv[2]) && geteuid() == (unsigned)atoi(argv[3]) ? 0 : 1; }

static void run_ids(const char *program, const char *uid, const char *euid)
{
	pid_t p = fork();
	if (!p) {
		execl(program, program, "@ids", uid, euid, (char *)0);
		_exit(100 + errno % 100);
	}
	CHECK_WAIT(p, EXITED(0));
}

static void copy_self(const char *to, unsigned uid, unsigned gid, unsigned mode)
{
	char block[65536];
	int in = open(check_self, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0700);
	for (ssize_t n; (n = read(in, block, sizeof block)) > 0;)
		CHECK_EQ(write(out, block, (size_t)n), n);
	CHECK_OK(fchown(out, uid, gid));
	CHECK_OK(fchmod(out, mode));
	close(in);
	close(out);
}

TEST(set_user_id_programs)
{
	if (geteuid())
		return;
	check_scratch();
	copy_self("of-root", 0, 0, 04755);
	copy_self("of-mine", 1801, 1800, 04755);
	copy_self("of-group", 1801, 0, 04755);
	IN_CHILD {
		become(1800, 1800);
		run_ids("./of-root", "1800", "0");
		run_ids("./of-mine", "1800", "1801");
	}
	pid_t child = sleeper_inside(1800, 1800, 0);
	CHECK_EQ(map_write(child, "uid_map", "0 1800 2"), 0);
	CHECK_EQ(map_write(child, "gid_map", "0 1800 2"), 0);
	int fd = ns_of(child, "user");
	IN_CHILD {
		CHECK_OK(setns(fd, 0));
		CHECK_OK(setresgid(0, 0, 0));
		CHECK_OK(setresuid(0, 0, 0));
		run_ids("./of-mine", "0", "1");
		run_ids("./of-root", "0", "0");		/* its owner has no name here: it runs as who we are */
		run_ids("./of-group", "0", "0");	/* nor has its group */
		CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		run_ids("./of-mine", "0", "0");
	}
	check_reap(child);
}

HELPER(caps)
{
	return (check_field("/proc/self/status", "CapEff", 16) != 0) == atoi(argv[2]) ? 0 : 1;
}

HELPER(wait) { pause(); return 0; }

/* A program that may be run but not read is not to be read from memory by who has all rights only where its owner has no name. */
TEST(programs_that_cannot_be_read)
{
	char path[80];
	if (geteuid())
		return;
	check_scratch();
	copy_self("closed", 0, 0, 0711);
	copy_self("open", 0, 0, 0755);
	for (int is_open = 0; is_open < 2; is_open++) {
		IN_CHILD {
			become(1850, 1850);
			become_root_inside();
			pid_t p = fork();
			if (!p) {
				execl(is_open ? "./open" : "./closed", "x", "@wait", (char *)0);
				_exit(9);
			}
			snprintf(path, sizeof path, "/proc/%d/comm", (int)p);
			char comm[32];
			CHECK_SOON(check_slurp(path, comm, sizeof comm) > 0 && (strstr(comm, "open") || strstr(comm, "closed")));
			snprintf(path, sizeof path, "/proc/%d/maps", (int)p);
			if (is_open)
				CHECK_OK(open(path, O_RDONLY));
			else
				CHECK_ERR(open(path, O_RDONLY), EACCES);
			check_reap(p);
		}
	}
}

TEST(rights_over_exec)
{
	if (geteuid())
		return;
	for (int mapped = 0; mapped < 3; mapped++) {
		pid_t p = fork();
		if (!p) {
			check_failed = 0;
			CHECK_OK(unshare(CLONE_NEWUSER));
			if (mapped)
				CHECK_EQ(map_write(getpid(), "uid_map", mapped == 1 ? "0 0 1" : "7 0 1"), 0);
			CHECK(check_field("/proc/self/status", "CapEff", 16) != 0);
			/* only root inside keeps its rights */
			execl(check_self, check_self, "@caps", mapped == 1 ? "1" : "0", (char *)0);
			_exit(9);
		}
		CHECK_WAIT(p, EXITED(0));
	}
}

TEST(auxiliary_vector_and_environment_of_ids)
{
	if (geteuid())
		return;
	IN_CHILD {
		CHECK_OK(unshare(CLONE_NEWUSER));
		CHECK_EQ(map_write(getpid(), "uid_map", "42 0 1"), 0);
		run_ids(check_self, "42", "42");
	}
}

TEST(maps_seen_from_elsewhere)
{
	char path[64], text[64];
	if (geteuid())
		return;
	pid_t child = sleeper_inside(1900, 1900, 0);
	CHECK_EQ(map_write(child, "uid_map", "10 1900 5"), 0);
	snprintf(path, sizeof path, "/proc/%d/uid_map", (int)child);
	CHECK(check_slurp(path, text, sizeof text) > 0);
	CHECK(!strcmp(text, "        10       1900          5\n"));
	pid_t third = sleeper_inside(1901, 1901, 0);
	CHECK_EQ(map_write(third, "uid_map", "0 1900 2\n2 0 1"), 0);
	int elsewhere = ns_of(third, "user");
	IN_CHILD {
		CHECK_OK(setns(elsewhere, 0));
		CHECK(check_slurp(path, text, sizeof text) > 0);
		CHECK(!strcmp(text, "        10          0          5\n"));
	}
	int fd = ns_of(child, "user");
	IN_CHILD {
		CHECK_OK(setns(fd, 0));
		CHECK(check_slurp("/proc/self/uid_map", text, sizeof text) > 0);
		CHECK(!strcmp(text, "        10       1900          5\n"));
		CHECK_EQ(map_write(getpid(), "uid_map", "10 1900 5"), EPERM);
	}
	check_reap(child);
	check_reap(third);
}

TEST(files_of_ids_without_a_name)
{
	if (geteuid())
		return;
	check_scratch();
	CHECK_OK(chmod(".", 0777));
	int fd = open("secret", O_CREAT | O_RDWR, 0600);
	CHECK_OK(fchown(fd, 2222, 2222));
	close(fd);
	close(open("mine", O_CREAT | O_RDWR, 0600));
	CHECK_OK(chown("mine", 2000, 2000));
	pid_t child = sleeper_inside(2000, 2000, 0);
	CHECK_EQ(map_write(child, "uid_map", "0 2000 100"), 0);
	CHECK_EQ(map_write(child, "gid_map", "0 2000 100"), 0);
	int user = ns_of(child, "user");
	IN_CHILD {
		struct stat st;
		CHECK_OK(setns(user, 0));
		CHECK_OK(setresgid(0, 0, 0));
		CHECK_OK(setresuid(0, 0, 0));
		CHECK_ERR(open("secret", O_RDONLY), EACCES);	/* all rights over files, but of ids with a name */
		CHECK_ERR(chmod("secret", 0666), EPERM);
		CHECK_ERR(chown("secret", 0, 0), EPERM);
		CHECK_OK(stat("secret", &st));
		CHECK(st.st_uid == 65534 && st.st_gid == 65534);
		CHECK_OK(chown("mine", 50, 50));
		CHECK_OK(chmod("mine", 0600));
		fd = open("mine", O_RDWR);
		CHECK(fd >= 0);
		CHECK_OK(fstat(fd, &st));
		CHECK(st.st_uid == 50 && st.st_gid == 50);
	}
	check_reap(child);
}

TEST(only_for_root_if_so_set)
{
	static const char path[] = "/proc/sys/kernel/unprivileged_userns_clone";
	if (geteuid() || spew_errno(path, "0"))
		return;		/* not Debian's */
	IN_CHILD {
		CHECK_OK(setresuid(1000, 1000, 1000));
		CHECK_ERR(unshare(CLONE_NEWUSER), EPERM);
		CHECK_ERR(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0), EPERM);
	}
	IN_CHILD
		CHECK_OK(unshare(CLONE_NEWUSER));
	CHECK_EQ(spew_errno(path, "1"), 0);
}

/* A pid namespace inside one that another user namespace owns would let its owner's rights reach sideways. */
TEST(pid_namespaces_nest_as_their_owners_do)
{
	if (geteuid())
		return;
	pid_t other = sleeper_inside(1950, 1950, 0);
	int elsewhere = ns_of(other, "user");
	struct clone_args a = { .flags = CLONE_NEWUSER | CLONE_NEWPID, .exit_signal = SIGCHLD };
	int p[2];
	char c;
	CHECK_OK(pipe(p));
	pid_t init = (pid_t)syscall(SYS_clone3, &a, sizeof a);
	if (!init) {
		close(p[1]);
		CHECK_EQ(read(p[0], &c, 1), 0);
		_exit(0);
	}
	int pid_ns = ns_of(init, "pid");
	IN_CHILD {
		CHECK_OK(setns(pid_ns, 0));
		pid_t q = fork();
		if (!q) {
			check_failed = 0;
			CHECK_OK(setns(elsewhere, 0));
			CHECK_ERR(unshare(CLONE_NEWPID), EINVAL);
			CHECK_OK(unshare(CLONE_NEWUTS));
			_exit(check_failed != 0);
		}
		CHECK_WAIT(q, EXITED(0));
	}
	close(p[1]);
	check_reap(init);
	check_reap(other);
}
