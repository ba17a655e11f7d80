/*
 * pid_namespaces(7), "/proc and PID namespaces", and proc(5): a mount of procfs shows the processes of its mounter's namespace,
 * by their numbers there, whoever looks.
 */
#include "pid_ns.h"
#include <sys/statfs.h>

/* A procfs of the caller's at "proc" in a folder of its own; apart from the host's mounts where that can be had. */
static void mount_here(const char *options)
{
	if (unshare(CLONE_NEWNS) == 0)
		mount("none", "/", 0, MS_REC | MS_PRIVATE, 0);
	if (mkdir("proc", 0755))
		CHECK_EQ(errno, EEXIST);
	NEED_OK(mount("proc", "proc", "proc", 0, options));
}

static int pids_in(const char *folder, pid_t *first, int room)
{
	int count = 0;
	DIR *dir = opendir(folder);
	if (!dir)
		return -1;
	for (struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] >= '0' && e->d_name[0] <= '9' && count++ < room)
			first[count - 1] = atoi(e->d_name);
	closedir(dir);
	return count;
}

static const char *link_text(const char *path)
{
	static char text[100];
	ssize_t n = readlink(path, text, sizeof text - 1);
	text[n < 0 ? 0 : n] = 0;
	return text;
}

#define IN_SCRATCH                                                       \
	if (geteuid())                                                   \
		return;                                                  \
	check_scratch();                                                 \
	for (int once_ = 1; once_; once_ = umount2("proc", MNT_DETACH), once_ = 0)

TEST(shows_the_mounters_world)
{
	IN_SCRATCH {
		IN_PID_NS {
			mount_here(0);
			pid_t found[8] = {};
			pid_t child = check_sleeper();
			CHECK_EQ(pids_in("proc", found, 8), 2);
			CHECK_EQ(found[0], 1);
			CHECK_EQ(found[1], 2);
			CHECK_STR(link_text("proc/self"), "1");
			CHECK_STR(link_text("proc/thread-self"), "1/task/1");
			CHECK_EQ(pids_in("proc/1/task", found, 8), 1);
			CHECK_EQ(found[0], 1);
			CHECK_STR(ns_status("proc", "1", "PPid"), "0");
			CHECK_STR(ns_status("proc", "2", "PPid"), "1");
			CHECK_STR(ns_status("proc", "2", "NSpid"), "2");
			CHECK_STR(ns_status("proc", "2", "NSpgid"), "0");
			CHECK_EQ(access("proc/3", F_OK), -1);
			CHECK_EQ(access("proc/sys/kernel/pid_max", F_OK), 0);
			check_reap(child);
			CHECK_ERR(access("proc/2", F_OK), ENOENT);
			umount2("proc", MNT_DETACH);
		}
	}
}

TEST(outside_sees_all_numbers)
{
	if (geteuid())
		return;
	struct meeting m;
	meeting_init(&m);
	pid_t init = ns_fork(CLONE_NEWPID);
	if (init == 0) {
		setsid();
		pid_t child = fork();
		if (child == 0) {
			setpgid(0, 0);
			meet_parent(&m);
			for (;;)
				pause();
		}
		for (;;)
			pause();
	}
	meet_child(&m);
	char who[16], text[100], children[64] = "";
	snprintf(who, sizeof who, "%d", init);
	const char *numbers = ns_status("/proc", who, "NSpid");
	CHECK(strlen(numbers) > 2 && !strcmp(numbers + strlen(numbers) - 2, "\t1"));
	snprintf(text, sizeof text, "/proc/%d/task/%d/children", init, init);
	if (check_slurp(text, children, sizeof children) > 0) {
		pid_t child = atoi(children);
		CHECK(child > 1);
		snprintf(who, sizeof who, "%d", child);
		snprintf(text, sizeof text, "%d\t2", child);
		CHECK_STR(ns_status("/proc", who, "NSpid"), text);
		CHECK_STR(ns_status("/proc", who, "NStgid"), text);
		CHECK_STR(ns_status("/proc", who, "NSpgid"), text);
		snprintf(text, sizeof text, "%d\t1", init);
		CHECK_STR(ns_status("/proc", who, "NSsid"), text);
		snprintf(text, sizeof text, "%d", init);
		CHECK_STR(ns_status("/proc", who, "PPid"), text);
	}
	check_reap(init);
}

TEST(a_mount_from_outside_does_not_know_the_inside)
{
	IN_SCRATCH {
		mount_here(0);
		char own[20];
		snprintf(own, sizeof own, "%d", getpid());
		CHECK_STR(link_text("proc/self"), own);
		IN_PID_NS {
			CHECK(strcmp(link_text("proc/self"), "1"));	/* the mount's number of the reader */
			CHECK(atoi(link_text("proc/self")) > 1);
		}
	}
}

TEST(from_a_world_that_the_reader_is_not_in)
{
	IN_SCRATCH {
		mount_here(0);
		umount("proc");
		struct meeting m;
		meeting_init(&m);
		pid_t init = ns_fork(CLONE_NEWPID);
		if (init == 0) {
			NEED_OK(mount("proc", "proc", "proc", 0, 0));
			meet_parent(&m);
			for (;;)
				pause();
		}
		meet_child(&m);
		/* we are not in there */
		char text[20];
		CHECK_ERR(readlink("proc/self", text, sizeof text), ENOENT);
		CHECK_ERR(readlink("proc/thread-self", text, sizeof text), ENOENT);
		CHECK_ERR(open("proc/self/stat", O_RDONLY), ENOENT);
		pid_t found[4];
		CHECK_EQ(pids_in("proc", found, 4), 1);
		CHECK_STR(ns_status("proc", "1", "Pid"), "1");
		CHECK_STR(ns_status("proc", "1", "NSpid"), "1");
		CHECK_STR(ns_status("proc", "1", "PPid"), "0");
		check_reap(init);
		/* the mount outlives its world */
		CHECK_EQ(pids_in("proc", found, 4), 0);
		CHECK_ERR(access("proc/1", F_OK), ENOENT);
		CHECK_EQ(access("proc/version", F_OK), 0);
	}
}

TEST(pidfd_in_fdinfo)
{
	IN_SCRATCH {
		mount_here(0);
		umount("proc");
		int pidfd = -1;
		struct meeting m;
		meeting_init(&m);
		struct clone_args args = {
			.flags = CLONE_NEWPID | CLONE_PIDFD, .exit_signal = SIGCHLD, .pidfd = (uintptr_t)&pidfd,
		};
		pid_t init = (pid_t)syscall(SYS_clone3, &args, sizeof args);
		if (init == 0) {
			NEED_OK(mount("proc", "proc", "proc", 0, 0));
			meet_parent(&m);
			int own = (int)syscall(SYS_pidfd_open, 1, 0);
			char path[40], text[400];
			snprintf(path, sizeof path, "proc/self/fdinfo/%d", own);
			CHECK(check_slurp(path, text, sizeof text) > 0);
			CHECK(strstr(text, "Pid:\t1\n") && strstr(text, "NSpid:\t1\n"));
			for (;;)
				pause();
		}
		meet_child(&m);
		char path[40], text[400], want[40];
		snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
		CHECK(check_slurp(path, text, sizeof text) > 0);
		snprintf(want, sizeof want, "Pid:\t%d\n", init);
		CHECK(strstr(text, want));
		snprintf(want, sizeof want, "NSpid:\t%d\t1\n", init);
		CHECK(strstr(text, want));
		check_reap(init);
		CHECK(check_slurp(path, text, sizeof text) > 0);
		CHECK(strstr(text, "Pid:\t-1\n"));
		close(pidfd);
	}
}

static bool has(const char *file, const char *text)
{
	static char all[32768];
	return check_slurp(file, all, sizeof all) > 0 && strstr(all, text);
}

TEST(hidepid)
{
	IN_SCRATCH {
		pid_t other = check_sleeper(), found[4000];
		char path[40];
		CHECK_ERR(mount("proc", ".", "proc", 0, "hidepid=3"), EINVAL);
		CHECK_ERR(mount("proc", ".", "proc", 0, "hidepid=never"), EINVAL);
		CHECK_ERR(mount("proc", ".", "proc", 0, "gid"), EINVAL);
		CHECK_ERR(mount("proc", ".", "proc", 0, "subset=all"), EINVAL);
		CHECK_ERR(mount("proc", ".", "proc", 0, "what"), EINVAL);
		mount_here("hidepid=1,gid=123");
		CHECK(has("/proc/self/mountinfo", "gid=123,hidepid=noaccess"));
		snprintf(path, sizeof path, "proc/%d", other);
		CHECK(pids_in("proc", found, 4000) > 1);
		IN_CHILD {
			CHECK_OK(setuid(65534));
			CHECK(pids_in("proc", found, 4000) > 1);
			CHECK_OK(stat(path, &(struct stat){}));
			CHECK_ERR(access(path, F_OK), EPERM);
			CHECK_ERR(open(path, O_RDONLY | O_DIRECTORY), EPERM);
			CHECK_EQ(pids_in("proc/self/task", found, 4), 1);
		}
		IN_CHILD {
			CHECK_OK(setgid(123));
			CHECK_OK(setuid(65534));
			CHECK_OK(open(path, O_RDONLY | O_DIRECTORY));
		}
		NEED_OK(mount("proc", "proc", 0, MS_REMOUNT, "hidepid=invisible"));
		CHECK(has("/proc/self/mountinfo", "hidepid=invisible"));
		IN_CHILD {
			CHECK_OK(setuid(65534));
			prctl(PR_SET_DUMPABLE, 1);
			CHECK_EQ(pids_in("proc", found, 4000), 1);
			CHECK_ERR(access(path, F_OK), ENOENT);
			CHECK_ERR(open(path, O_RDONLY | O_DIRECTORY), ENOENT);
			CHECK_EQ(access("proc/self", F_OK), 0);
		}
		NEED_OK(mount("proc", "proc", 0, MS_REMOUNT, "hidepid=4"));
		CHECK(has("/proc/self/mountinfo", "hidepid=ptraceable"));
		IN_CHILD {
			CHECK_OK(setgid(123));
			CHECK_OK(setuid(65534));
			prctl(PR_SET_DUMPABLE, 1);
			CHECK_EQ(pids_in("proc", found, 4000), 1);
			CHECK_ERR(open(path, O_RDONLY | O_DIRECTORY), ENOENT);
		}
		NEED_OK(mount("proc", "proc", 0, MS_REMOUNT, "hidepid=0"));
		CHECK(!has("/proc/self/mountinfo", "hidepid=ptr"));
		check_reap(other);
	}
}

TEST(subset_pid)
{
	IN_SCRATCH {
		mount_here("subset=pid");
		CHECK(has("/proc/self/mountinfo", "subset=pid"));
		CHECK_ERR(access("proc/version", F_OK), ENOENT);
		CHECK_ERR(access("proc/sys", F_OK), ENOENT);
		CHECK_ERR(access("proc/mounts", F_OK), ENOENT);
		CHECK_EQ(access("proc/self/stat", F_OK), 0);
		CHECK_EQ(access("proc/thread-self/stat", F_OK), 0);
		int others = 0;
		DIR *dir = opendir("proc");
		for (struct dirent *e; (e = readdir(dir));)
			others += e->d_name[0] > '9';
		closedir(dir);
		CHECK(others <= 2);	/* self, thread-self */
	}
}

TEST(links_to_the_worlds)
{
	if (geteuid())
		return;
	char outside[64];
	snprintf(outside, sizeof outside, "%s", link_text("/proc/self/ns/pid"));
	CHECK(!strncmp(outside, "pid:[", 5));
	CHECK_STR(link_text("/proc/self/ns/pid_for_children"), outside);
	IN_CHILD {
		CHECK_OK(unshare(CLONE_NEWPID));
		CHECK_STR(link_text("/proc/self/ns/pid"), outside);
		CHECK_STR(link_text("/proc/self/ns/pid_for_children"), "");	/* nobody is in there yet */
		CHECK_ERR(open("/proc/self/ns/pid_for_children", O_RDONLY), ENOENT);
		pid_t init = check_sleeper();
		CHECK(strcmp(link_text("/proc/self/ns/pid_for_children"), outside));
		CHECK(strcmp(link_text("/proc/self/ns/pid_for_children"), ""));
		char path[40], inside[64];
		snprintf(inside, sizeof inside, "%s", link_text("/proc/self/ns/pid_for_children"));
		snprintf(path, sizeof path, "/proc/%d/ns/pid", init);
		CHECK_STR(link_text(path), inside);
		check_reap(init);
	}
}

TEST(setns_is_for_children_and_not_up)
{
	if (geteuid())
		return;
	int up = NEED_OK(open("/proc/self/ns/pid", O_RDONLY));
	pid_t init = ns_fork(CLONE_NEWPID);
	if (init == 0) {
		CHECK_ERR(setns(up, CLONE_NEWPID), EINVAL);
		for (;;)
			pause();
	}
	char path[40];
	snprintf(path, sizeof path, "/proc/%d/ns/pid", init);
	int down = NEED_OK(open(path, O_RDONLY));
	IN_CHILD {
		pid_t me = getpid();
		CHECK_ERR(setns(down, CLONE_NEWUTS), EINVAL);
		CHECK_OK(setns(down, CLONE_NEWPID));
		CHECK_EQ(getpid(), me);
		CHECK_ERR(unshare(CLONE_NEWPID), EINVAL);
		pid_t child = fork();
		if (child == 0) {
			CHECK_EQ(getpid(), 2);
			CHECK_EQ(getppid(), 0);
			CHECK_ERR(setns(up, CLONE_NEWPID), EINVAL);
			CHECK_OK(setns(down, CLONE_NEWPID));	/* its own */
			_exit(check_failed != 0);
		}
		CHECK_WAIT(child, EXITED(0));
		CHECK_OK(setns(up, 0));		/* back, for the next child */
		child = fork();
		if (child == 0)
			_exit(getppid() == me ? 0 : 1);
		CHECK_WAIT(child, EXITED(0));
		CHECK_OK(setns(down, 0));
	}
	IN_CHILD {
		int fd = NEED_OK(syscall(SYS_pidfd_open, init, 0));
		CHECK_OK(setns(fd, CLONE_NEWPID));
		pid_t child = fork();
		if (child == 0)
			_exit(getpid() == 3 ? 0 : 1);
		CHECK_WAIT(child, EXITED(0));
		CHECK_OK(setuid(65534));
		CHECK_ERR(setns(down, CLONE_NEWPID), EPERM);
	}
	kill(init, SIGKILL);
	CHECK_WAIT(init, KILLED(SIGKILL));
	IN_CHILD {	/* a file may be all that is left of a world; nobody can be born there */
		CHECK_OK(setns(down, CLONE_NEWPID));
		CHECK_ERR(fork(), ENOMEM);
	}
	close(down);
	close(up);
}
