/* procfs: each file's form, and that it says the truth. */
#include "check.h"
#include <pthread.h>
#include <sys/sendfile.h>

static char text[65536];

static const char *slurp(const char *path)
{
	if (CHECK_OK(check_slurp(path, text, sizeof text)) < 0)
		text[0] = 0;
	return text;
}

TEST(stat_line)
{
	pid_t pid = -1, ppid = -1, group = -1, session = -1;
	char name[20] = "", state = 0;
	unsigned long utime, stime, minflt, vsize, start;
	long rss, threads, priority, nice_value;
	slurp("/proc/self/stat");
	int n = sscanf(text, "%d (%19[^)]) %c %d %d %d %*d %*d %*u %lu %*u %*u %*u %lu %lu %*d %*d %ld %ld %ld 0 %lu %lu %ld", &pid, name,
		       &state, &ppid, &group, &session, &minflt, &utime, &stime, &priority, &nice_value, &threads, &start, &vsize, &rss);
	CHECK_EQ(n, 15);
	CHECK_EQ(pid, getpid());
	CHECK_STR(name, "proc");
	CHECK_EQ(state, 'R');
	CHECK_EQ(ppid, getppid());
	CHECK_EQ(group, getpgrp());
	CHECK_EQ(session, getsid(0));
	CHECK_EQ(threads, 1);
	CHECK_EQ(priority, 20);
	CHECK_EQ(nice_value, 0);
	CHECK(vsize > 100000 && vsize < 1ul << 40);
	CHECK(rss > 10);
	int fields = 1;
	for (char *p = strrchr(text, ')'); *p; p++)
		fields += *p == ' ';
	CHECK_EQ(fields, 51);
	CHECK_EQ(text[strlen(text) - 1], '\n');
}

TEST(status_lines)
{
	char want[100];
	slurp("/proc/self/status");
	CHECK(!strncmp(text, "Name:\tproc\nUmask:\t", 18));
	snprintf(want, sizeof want, "\nTgid:\t%d\n", getpid());
	CHECK(strstr(text, want));
	snprintf(want, sizeof want, "\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n", getpid(), getppid());
	CHECK(strstr(text, want));
	CHECK(strstr(text, "\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n"));
	CHECK(strstr(text, "\nState:\tR (running)\n"));
	static const char *const keys[] = {"VmPeak", "VmSize", "VmLck", "VmHWM", "VmRSS", "VmData", "VmStk", "VmExe", "Threads", "SigQ",
					   "SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt", "CapInh", "CapPrm", "CapEff", "CapBnd",
					   "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"};
	for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++) {
		snprintf(want, sizeof want, "\n%s:\t", keys[i]);
		if (!strstr(text, want))
			check_fail(__FILE_NAME__, __LINE__, "no line %s", keys[i]);
	}
	CHECK_EQ(check_field("/proc/self/status", "Threads", 10), 1);
	CHECK(check_field("/proc/self/status", "VmRSS", 10) <= check_field("/proc/self/status", "VmHWM", 10));
}

TEST(signal_masks)
{
	sigset_t set;
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, (void (*)(int))(void *)getpid);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_SETMASK, &set, 0);
	raise(SIGTERM);
	CHECK_EQ(check_field("/proc/self/status", "SigBlk", 16), 1l << (SIGTERM - 1));
	CHECK(check_field("/proc/self/status", "SigIgn", 16) >> (SIGUSR1 - 1) & 1);
	CHECK(check_field("/proc/self/status", "SigCgt", 16) >> (SIGUSR2 - 1) & 1);
	CHECK((check_field("/proc/self/status", "SigPnd", 16) | check_field("/proc/self/status", "ShdPnd", 16)) >> (SIGTERM - 1) & 1);
}

TEST(statm_line)
{
	long size, resident, shared_pages;
	CHECK_EQ(sscanf(slurp("/proc/self/statm"), "%ld %ld %ld", &size, &resident, &shared_pages), 3);
	CHECK(size > resident && resident > 10);
	char *at = mmap(0, 256 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(at, 256 * PAGE, MADV_NOHUGEPAGE);
	long size2, resident2;
	CHECK_EQ(sscanf(slurp("/proc/self/statm"), "%ld %ld", &size2, &resident2), 2);
	CHECK_EQ(size2 - size, 256);
	memset(at, 1, 256 * PAGE);
	CHECK_EQ(sscanf(slurp("/proc/self/statm"), "%ld %ld", &size2, &resident2), 2);
	CHECK(resident2 - resident >= 200 && resident2 - resident < 400);
}

/*
 * Resident size must not shrink because tables are shared: it is the sum of what is mapped. Linux counts up to 64 pages late,
 * hence the slack.
 */
#define RSS_SLACK 320

TEST(resident_size_over_fork)
{
	char *at = mmap(0, 1024 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(at, 1024 * PAGE, MADV_NOHUGEPAGE);
	memset(at, 1, 1024 * PAGE);
	long mine = check_field("/proc/self/status", "RssAnon", 10);
	CHECK(mine >= 4096 - RSS_SLACK);
	IN_CHILD {
		long now = check_field("/proc/self/status", "RssAnon", 10);
		CHECK(labs(now - mine) <= RSS_SLACK);
		for (int i = 0; i < 1024; i += 2)
			at[i * PAGE] = 2;
		now = check_field("/proc/self/status", "RssAnon", 10);
		CHECK(labs(now - mine) <= RSS_SLACK);
		munmap(at, 512 * PAGE);
		now = check_field("/proc/self/status", "RssAnon", 10);
		CHECK(labs(now - (mine - 2048)) <= RSS_SLACK);
	}
	CHECK(labs(check_field("/proc/self/status", "RssAnon", 10) - mine) <= RSS_SLACK);
}

TEST(maps_lines)
{
	unsigned long begin, end, last = 0, offset, inode;
	char perms[5];
	int lines = 0;
	char *at = mmap(0, 3 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool found = false, code = false;
	slurp("/proc/self/maps");
	for (char *line = text; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : 0) {
		if (strstr(line, "[vsyscall]") == 0 || strstr(line, "[vsyscall]") > strchr(line, '\n')) {
			CHECK_EQ(sscanf(line, "%lx-%lx %4s %lx %*x:%*x %lu", &begin, &end, perms, &offset, &inode), 5);
			CHECK(begin >= last && end > begin);
			last = end;
			found |= begin <= (unsigned long)at && end >= (unsigned long)at + 3 * PAGE && !strcmp(perms, "r--p");
			code |= begin <= (unsigned long)main && end > (unsigned long)main && !strcmp(perms, "r-xp") && inode;
		}
		lines++;
	}
	CHECK(lines > 4);
	CHECK(found && code);
	CHECK(strstr(text, "[stack]\n"));
	CHECK(strstr(text, check_self));
}

TEST(smaps_lines)
{
	char *at = mmap(0, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), want[40];
	madvise(at, 8 * PAGE, MADV_NOHUGEPAGE);
	mprotect(at + 8 * PAGE - PAGE, PAGE, PROT_READ);
	memset(at, 1, 4 * PAGE);
	long size = -1, rss = -1, dirty = -1;
	snprintf(want, sizeof want, "%lx-", (unsigned long)at);
	char *here = strstr(slurp("/proc/self/smaps"), want);
	CHECK(here != 0);
	if (!here)
		return;
	char *line = strstr(here, "\nSize:");
	CHECK(line && sscanf(line, "\nSize: %ld kB", &size) == 1);
	line = strstr(here, "\nRss:");
	CHECK(line && sscanf(line, "\nRss: %ld kB", &rss) == 1);
	line = strstr(here, "\nPrivate_Dirty:");
	CHECK(line && sscanf(line, "\nPrivate_Dirty: %ld kB", &dirty) == 1);
	CHECK_EQ(size, 28);
	CHECK_EQ(rss, 16);
	CHECK_EQ(dirty, 16);
	CHECK(strstr(here, "\nPss:"));
}

TEST(names)
{
	char link[1100] = "";
	CHECK_STR(slurp("/proc/self/comm"), "proc\n");
	int fd = NEED_OK(open("/proc/self/comm", O_WRONLY));
	CHECK_EQ(write(fd, "changed", 7), 7);
	CHECK_STR(slurp("/proc/self/comm"), "changed\n");
	CHECK(readlink("/proc/self/exe", link, sizeof link - 1) > 0);
	CHECK_STR(link, check_self);
	memset(link, 0, sizeof link);
	CHECK_OK(chdir("/tmp"));
	CHECK(readlink("/proc/self/cwd", link, sizeof link - 1) > 0);
	CHECK_STR(link, "/tmp");
	memset(link, 0, sizeof link);
	CHECK(readlink("/proc/self/root", link, sizeof link - 1) > 0);
	CHECK_STR(link, "/");
	snprintf(text, sizeof text, "%d", getpid());
	memset(link, 0, sizeof link);
	CHECK(readlink("/proc/self", link, sizeof link - 1) > 0);
	CHECK_STR(link, text);
}

TEST(fd_folder)
{
	int fd = NEED_OK(open("/dev/null", O_RDONLY)), seen = 0, own = 0;
	CHECK_EQ(dup2(fd, 77), 77);
	DIR *dir = opendir("/proc/self/fd");
	for (struct dirent *e; dir && (e = readdir(dir));) {
		seen |= atoi(e->d_name) == 77;
		own |= atoi(e->d_name) == dirfd(dir);
		if (!strcmp(e->d_name, "77")) {
			char path[40], link[40] = "";
			snprintf(path, sizeof path, "/proc/self/fd/77");
			CHECK_EQ(readlink(path, link, sizeof link - 1), 9);
			CHECK_STR(link, "/dev/null");
		}
	}
	closedir(dir);
	CHECK(seen && own);
	CHECK_OK(close(77));
	CHECK_ERR(access("/proc/self/fd/77", F_OK), ENOENT);
}

TEST(limits_file)
{
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){123, 456});
	slurp("/proc/self/limits");
	CHECK(!strncmp(text, "Limit                     Soft Limit           Hard Limit           Units     \n", 79));
	CHECK(strstr(text, "\nMax open files            123                  456                  files     \n"));
	CHECK(strstr(text, "\nMax processes "));
	CHECK(strstr(text, "\nMax stack size "));
}

TEST(root_entries)
{
	pid_t pid = check_sleeper();
	bool me = false, child = false, init = false, self = false;
	DIR *dir = opendir("/proc");
	for (struct dirent *e; dir && (e = readdir(dir));) {
		me |= atoi(e->d_name) == getpid();
		child |= atoi(e->d_name) == pid;
		init |= !strcmp(e->d_name, "1");
		self |= !strcmp(e->d_name, "self");
	}
	closedir(dir);
	CHECK(me && child && init && self);
	check_reap(pid);
}

TEST(system_files)
{
	double up, idle;
	int a, b, c, d;
	CHECK_EQ(sscanf(slurp("/proc/uptime"), "%lf %lf", &up, &idle), 2);
	CHECK(up > 0);
	CHECK_EQ(sscanf(slurp("/proc/loadavg"), "%*f %*f %*f %d/%d %d", &a, &b, &c), 3);
	CHECK(b >= a && b > 1);
	slurp("/proc/stat");
	CHECK(!strncmp(text, "cpu  ", 5));
	CHECK(strstr(text, "\ncpu0 ") && strstr(text, "\nctxt ") && strstr(text, "\nbtime ") && strstr(text, "\nprocesses ") &&
	      strstr(text, "\nprocs_running "));
	CHECK(!strncmp(slurp("/proc/meminfo"), "MemTotal:  ", 11));
	static const char *const keys[] = {"MemFree", "MemAvailable", "Buffers", "Cached", "SwapTotal", "AnonPages", "Shmem", "Slab",
					   "PageTables", "CommitLimit", "Committed_AS"};
	for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++)
		if (check_field("/proc/meminfo", keys[i], 10) < 0)
			check_fail(__FILE_NAME__, __LINE__, "no line %s", keys[i]);
	CHECK(!strncmp(slurp("/proc/cpuinfo"), "processor\t: 0\n", 14));
	CHECK(strstr(text, "\nflags\t\t: "));
	CHECK(!strncmp(slurp("/proc/version"), "Linux version 6.", 16));
	CHECK(strstr(slurp("/proc/mounts"), " /proc proc "));
	CHECK_EQ(sscanf(slurp("/proc/sys/kernel/pid_max"), "%d", &d), 1);
	CHECK(d >= 32768);
	CHECK(strlen(slurp("/proc/cmdline")) > 0);
}

TEST(forks_are_counted)
{
	long before = 0, after = 0;
	char *line = strstr(slurp("/proc/stat"), "\nprocesses ");
	CHECK(line && sscanf(line, "\nprocesses %ld", &before) == 1);
	for (int i = 0; i < 5; i++)
		IN_CHILD {
		}
	line = strstr(slurp("/proc/stat"), "\nprocesses ");
	CHECK(line && sscanf(line, "\nprocesses %ld", &after) == 1);
	CHECK(after - before >= 5);
}

TEST(of_another_process)
{
	char path[60], want[100];
	pid_t pid = check_sleeper();
	snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
	slurp(path);
	CHECK(strlen(text) > 0);
	snprintf(path, sizeof path, "/proc/%d/maps", pid);
	CHECK(strstr(slurp(path), "[stack]"));
	snprintf(path, sizeof path, "/proc/%d/status", pid);
	slurp(path);
	snprintf(want, sizeof want, "\nPPid:\t%d\n", getpid());
	CHECK(strstr(text, want));
	CHECK_SOON(check_state(pid) == 'S');
	struct stat st;
	snprintf(path, sizeof path, "/proc/%d", pid);
	CHECK_OK(stat(path, &st));
	CHECK(S_ISDIR(st.st_mode));
	CHECK_EQ(st.st_mode & 0777, 0555);
	int dir = NEED_OK(open(path, O_RDONLY | O_DIRECTORY));
	check_reap(pid);
	/* The folder of a dead process is empty, whatever has its number now. */
	CHECK(openat(dir, "stat", O_RDONLY) == -1 && (errno == ENOENT || errno == ESRCH));
}

TEST(secrets_of_others)
{
	char path[60], link[100];
	pid_t pid = check_sleeper();
	IN_CHILD {
		CHECK_OK(setgid(100));
		CHECK_OK(setuid(100));
		snprintf(path, sizeof path, "/proc/%d/status", pid);
		CHECK_OK(access(path, R_OK));
		snprintf(path, sizeof path, "/proc/%d/exe", pid);
		CHECK_ERR(readlink(path, link, sizeof link), EACCES);
		snprintf(path, sizeof path, "/proc/%d/fd", pid);
		CHECK_ERR(open(path, O_RDONLY), EACCES);
		snprintf(path, sizeof path, "/proc/%d/maps", pid);
		CHECK_ERR(open(path, O_RDONLY), EACCES);
	}
	check_reap(pid);
}

TEST(read_in_pieces)
{
	char whole[4096], c;
	size_t n = 0;
	CHECK_OK(check_slurp("/proc/version", whole, sizeof whole));
	int fd = NEED_OK(open("/proc/version", O_RDONLY));
	while (read(fd, &c, 1) == 1 && n < sizeof whole) {
		if (whole[n] != c) {
			CHECK_EQ(c, whole[n]);
			break;
		}
		n++;
	}
	CHECK_EQ(n, strlen(whole));
	CHECK_EQ(lseek(fd, 3, SEEK_SET), 3);
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(c, whole[3]);
	CHECK_ERR(open("/proc/version", O_WRONLY | O_CREAT | O_EXCL, 0644), EEXIST);
	CHECK_ERR(mkdir("/proc/new", 0755), ENOENT);
	CHECK_ERR(unlink("/proc/version"), EPERM);
}

TEST(truncating_open)
{
	/* as the shell's > opens it: there is nothing to cut, and that is no error */
	int fd = CHECK_OK(open("/proc/self/oom_score_adj", O_WRONLY | O_CREAT | O_TRUNC, 0666));
	CHECK_OK(ftruncate(fd, 0));
	CHECK_EQ(write(fd, "1", 1), 1);
}

TEST(fdinfo_of_a_path_alone)
{
	char name[40];
	int fd = CHECK_OK(open("/proc", O_PATH));
	snprintf(name, sizeof name, "/proc/self/fdinfo/%d", fd);
	CHECK(strstr(slurp(name), "flags:\t010000000\n"));
}

HELPER(tell_ignored)
{
	return check_field("/proc/self/status", "SigIgn", 16) == 1l << (SIGUSR1 - 1) ? 0 : 1;
}

TEST(ignored_after_exec)
{
	/* a handler is gone, what is ignored stays, and is shown */
	IN_CHILD {
		for (int sig = 1; sig < 32; sig++)
			signal(sig, SIG_DFL);
		signal(SIGUSR1, SIG_IGN);
		signal(SIGUSR2, (void (*)(int))(void *)getpid);
		execl("/proc/self/exe", "proc", "@tell_ignored", NULL);
	}
}

TEST(sendfile_from)
{
	/* as busybox's cat reads: the size says 0, the contents are there */
	char text[64] = "";
	int p[2], fd = CHECK_OK(open("/proc/loadavg", O_RDONLY));
	CHECK_OK(pipe(p));
	ssize_t n = CHECK_OK(sendfile(p[1], fd, NULL, 4096));
	CHECK(n > 10);
	CHECK_EQ(read(p[0], text, sizeof text), n);
	CHECK_EQ(sendfile(p[1], fd, NULL, 4096), 0);
}

/* What reads give is kept in the open file: those of two threads do not meet there. */
static int both_read;

static void *reads_maps(void *arg)
{
	char line[2000];
	for (int i = 0; i < check_scale(400); i++) {
		ssize_t n = pread(both_read, line, sizeof line, 0);
		CHECK(n > 30 && memchr(line, '-', 20) && !memchr(line, 0, n));
		n = pread(both_read, line, 100, 40);
		CHECK(n > 0 && !memchr(line, 0, n));
	}
	return arg;
}

TEST(two_threads_read_one_file)
{
	pthread_t other;
	both_read = NEED_OK(open("/proc/self/maps", O_RDONLY));
	CHECK_EQ(pthread_create(&other, 0, reads_maps, 0), 0);
	reads_maps(0);
	CHECK_EQ(pthread_join(other, 0), 0);
}
