/* namespaces(7), ioctl_ns(2): /proc/PID/ns: what the links say, that one namespace has one number, and what can be asked of it. */
#include "check.h"
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>

static const struct { const char *link, *name; int flag; } kinds[] = {
	{ "cgroup", "cgroup", CLONE_NEWCGROUP }, { "ipc", "ipc", CLONE_NEWIPC }, { "mnt", "mnt", CLONE_NEWNS },
	{ "net", "net", CLONE_NEWNET }, { "pid", "pid", CLONE_NEWPID }, { "pid_for_children", "pid", CLONE_NEWPID },
	{ "time", "time", CLONE_NEWTIME }, { "time_for_children", "time", CLONE_NEWTIME },
	{ "user", "user", CLONE_NEWUSER }, { "uts", "uts", CLONE_NEWUTS },
};
#define KINDS ((int)(sizeof kinds / sizeof kinds[0]))

static char *link_path(const char *who, const char *kind)
{
	static char path[80];
	snprintf(path, sizeof path, "/proc/%s/ns/%s", who, kind);
	return path;
}

static int ns_open(const char *who, const char *kind) { return open(link_path(who, kind), O_RDONLY | O_CLOEXEC); }

TEST(links)
{
	for (int i = 0; i < KINDS; i++) {
		char text[64] = "", want[64];
		struct stat st, lst;
		char *path = link_path("self", kinds[i].link);
		ssize_t n = readlink(path, text, sizeof text - 1);
		if (n < 0 && errno == ENOENT)
			continue;	/* a kernel without the kind */
		CHECK(n > 0);
		CHECK_OK(stat(path, &st));
		CHECK_OK(lstat(path, &lst));
		snprintf(want, sizeof want, "%s:[%lu]", kinds[i].name, (unsigned long)st.st_ino);
		CHECK(!strcmp(text, want));
		CHECK(S_ISLNK(lst.st_mode) && (lst.st_mode & 07777) == 0777);
		CHECK(S_ISREG(st.st_mode) && (st.st_mode & 07777) == 0444);
		CHECK_EQ(st.st_uid, 0);
		CHECK_EQ(st.st_size, 0);
	}
}

TEST(folder)
{
	struct stat st;
	char seen[KINDS] = "";
	CHECK_OK(stat("/proc/self/ns", &st));
	CHECK(S_ISDIR(st.st_mode) && (st.st_mode & 07777) == 0511);
	DIR *d = opendir("/proc/self/ns");
	CHECK(d != NULL);
	for (struct dirent *e; d && (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		int i = 0;
		while (i < KINDS && strcmp(kinds[i].link, e->d_name))
			i++;
		CHECK(i < KINDS && !seen[i]);
		if (i < KINDS)
			seen[i] = 1;
		CHECK_EQ(e->d_type, DT_LNK);
	}
	closedir(d);
	CHECK(seen[4] && seen[5] && seen[8] && seen[9]);	/* pid, pid_for_children, user, uts */
	CHECK_ERR(open("/proc/self/ns/none", O_RDONLY), ENOENT);
	CHECK_ERR(open("/proc/self/ns/none", O_RDONLY | O_CREAT, 0600), ENOENT);
}

TEST(open_file)
{
	char text[64], path[40], c;
	struct stat a, b;
	struct statfs fs;
	int fd = ns_open("self", "uts"), fd2 = ns_open("self", "uts");
	CHECK(fd >= 0 && fd2 >= 0);
	CHECK_OK(fstat(fd, &a));
	CHECK_OK(fstat(fd2, &b));
	CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
	CHECK_OK(fstatfs(fd, &fs));
	CHECK_EQ(fs.f_type, 0x6e736673);
	CHECK_ERR(read(fd, &c, 1), EINVAL);
	CHECK_ERR(lseek(fd, 0, SEEK_SET), ESPIPE);
	CHECK_ERR(ioctl(fd, TCGETS, text), ENOTTY);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(path, text, sizeof text - 1);
	CHECK(n > 0);
	text[n > 0 ? n : 0] = 0;
	CHECK(!strncmp(text, "uts:[", 5));
	CHECK_EQ(strtoul(text + 5, 0, 10), a.st_ino);
	int again = open(path, O_RDONLY);	/* a file that is no longer named can be opened by its descriptor */
	CHECK(again >= 0);
	CHECK_OK(fstat(again, &b));
	CHECK(a.st_ino == b.st_ino);
}

TEST(same_device_different_numbers)
{
	struct stat uts, pid, user;
	CHECK_OK(stat("/proc/self/ns/uts", &uts));
	CHECK_OK(stat("/proc/self/ns/pid", &pid));
	CHECK_OK(stat("/proc/self/ns/user", &user));
	CHECK(uts.st_dev == pid.st_dev && pid.st_dev == user.st_dev);
	CHECK(uts.st_ino != pid.st_ino && pid.st_ino != user.st_ino && uts.st_ino != user.st_ino);
}

TEST(types)
{
	for (int i = 0; i < KINDS; i++) {
		int fd = ns_open("self", kinds[i].link);
		if (fd < 0)
			continue;
		CHECK_EQ(ioctl(fd, NS_GET_NSTYPE), kinds[i].flag);
		if (kinds[i].flag != CLONE_NEWUSER) {
			unsigned uid;
			CHECK_ERR(ioctl(fd, NS_GET_OWNER_UID, &uid), EINVAL);
		}
		if (kinds[i].flag != CLONE_NEWUSER && kinds[i].flag != CLONE_NEWPID)
			CHECK_ERR(ioctl(fd, NS_GET_PARENT), EINVAL);
		close(fd);
	}
}

TEST(first_of_all)
{
	struct stat user, owner;
	unsigned uid = 77;
	if (geteuid())
		return;
	CHECK_OK(stat("/proc/self/ns/user", &user));
	int fd = ns_open("self", "uts"), ufd = ns_open("self", "user");
	int got = ioctl(fd, NS_GET_USERNS);
	if (got >= 0) {	/* not in a container that has its UTS namespace from outside */
		CHECK_OK(fstat(got, &owner));
		CHECK(owner.st_ino == user.st_ino && owner.st_dev == user.st_dev);
		CHECK_EQ(fcntl(got, F_GETFD), FD_CLOEXEC);
		CHECK_EQ(fcntl(got, F_GETFL) & O_ACCMODE, O_RDONLY);
	} else {
		CHECK_EQ(errno, EPERM);
	}
	CHECK_ERR(ioctl(ufd, NS_GET_PARENT), EPERM);
	CHECK_ERR(ioctl(ufd, NS_GET_USERNS), EPERM);
	CHECK_OK(ioctl(ufd, NS_GET_OWNER_UID, &uid));
	CHECK(uid == 0 || uid == 65534);
	CHECK_ERR(ioctl(ufd, NS_GET_OWNER_UID, (void *)8), EFAULT);
}

TEST(kept_alive_by_descriptor_and_mount)
{
	struct stat own, kept;
	char name[65];
	if (geteuid())
		return;
	CHECK_OK(stat("/proc/self/ns/uts", &own));
	pid_t child = fork();
	if (!child) {
		if (unshare(CLONE_NEWUTS) || sethostname("kept", 4))
			_exit(1);
		for (;;)
			pause();
	}
	char who[16];
	snprintf(who, sizeof who, "%d", (int)child);
	CHECK_SOON(stat(link_path(who, "uts"), &kept) == 0 && kept.st_ino != own.st_ino);
	int fd = ns_open(who, "uts");
	CHECK(fd >= 0);
	check_scratch();
	CHECK_OK(close(open("here", O_CREAT | O_WRONLY, 0600)));
	if (unshare(CLONE_NEWNS))
		CHECK_EQ(errno, EINVAL);	/* a kernel without mount namespaces */
	mount(0, "/", 0, MS_REC | MS_PRIVATE, 0);
	CHECK_OK(mount(link_path(who, "uts"), "here", 0, MS_BIND, 0));
	check_reap(child);
	CHECK_OK(fstat(fd, &own));
	CHECK_EQ(own.st_ino, kept.st_ino);
	CHECK_OK(stat("here", &own));
	CHECK(own.st_ino == kept.st_ino && own.st_dev == kept.st_dev);
	int bound = open("here", O_RDONLY);
	CHECK(bound >= 0);
	CHECK_EQ(ioctl(bound, NS_GET_NSTYPE), CLONE_NEWUTS);
	IN_CHILD {
		CHECK_OK(setns(bound, CLONE_NEWUTS));
		CHECK_OK(gethostname(name, sizeof name));
		CHECK(!strcmp(name, "kept"));
	}
	close(bound);
	CHECK_OK(umount2("here", 0));
	CHECK_OK(setns(fd, 0));
	CHECK_OK(gethostname(name, sizeof name));
	CHECK(!strcmp(name, "kept"));
}

TEST(only_for_who_may_look)
{
	char text[64];
	if (geteuid())
		return;
	pid_t other = check_sleeper();
	char who[16];
	snprintf(who, sizeof who, "%d", (int)other);
	IN_CHILD {
		CHECK_OK(setresgid(1234, 1234, 1234));
		CHECK_OK(setresuid(1234, 1234, 1234));
		CHECK_ERR(readlink(link_path(who, "uts"), text, sizeof text), EACCES);
		CHECK_ERR(open(link_path(who, "uts"), O_RDONLY), EACCES);
		CHECK(readlink(link_path("self", "uts"), text, sizeof text) > 0);	/* one's own always */
	}
	check_reap(other);
}

TEST(of_the_dead)
{
	char who[16], text[64];
	pid_t dead = fork();
	if (!dead)
		_exit(0);
	snprintf(who, sizeof who, "%d", (int)dead);
	CHECK_SOON(check_state(dead) == 'Z');
	CHECK_ERR(readlink(link_path(who, "uts"), text, sizeof text), geteuid() ? EACCES : ENOENT);
	check_reap(dead);
	CHECK_ERR(readlink(link_path(who, "uts"), text, sizeof text), ENOENT);
}

TEST(threads_have_them_too)
{
	char path[80];
	struct stat a, b;
	snprintf(path, sizeof path, "/proc/self/task/%d/ns/uts", (int)getpid());
	CHECK_OK(stat(path, &a));
	CHECK_OK(stat("/proc/self/ns/uts", &b));
	CHECK(a.st_ino == b.st_ino);
}
