/* proc(5): the files of a process that tell of its memory, timers and standing, and who may read and write them. */
#include "check.h"
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static char text[1 << 16];

static const char *read_all(const char *path)
{
	return check_slurp(path, text, sizeof text) < 0 ? NULL : text;
}

static int spew(const char *path, const char *what)
{
	int fd = open(path, O_WRONLY);
	if (fd < 0)
		return -1;
	ssize_t n = write(fd, what, strlen(what));
	int saved = errno;
	close(fd);
	errno = saved;
	return n == (ssize_t)strlen(what) ? 0 : -1;
}

/* -- files that stay with an address space -- */
HELPER(sleep)
{
	sleep(60);
	return 0;
}

/* What was opened before an exec tells nothing of the program that came: who opened it might not look into that one. */
TEST(files_of_the_old_program)
{
	static const struct {
		const char *name;
		int err, later;		/* after exec; when it has been waited for */
		bool is_empty;
	} files[] = {
		{"maps", 0, ESRCH, true}, {"smaps", 0, ESRCH, true}, {"smaps_rollup", ESRCH, ESRCH, true}, {"environ", 0, 0, true},
		{"auxv", 0, 0, false}, {"mem", 0, 0, true}, {"pagemap", 0, 0, true}, {"statm", 0, ESRCH, false},
		{"cmdline", 0, ESRCH, false},
	};
	enum { N = sizeof files / sizeof files[0] };
	int fds[N], go[2], gone[2], status;
	char path[64], one;
	NEED_OK(pipe(go));
	NEED_OK(pipe2(gone, O_CLOEXEC));
	pid_t pid = NEED_OK(fork());
	if (!pid) {
		close(gone[0]);
		if (read(go[0], &one, 1) == 1)
			execl(check_self, check_self, "@sleep", NULL);
		_exit(1);
	}
	close(gone[1]);
	for (int i = 0; i < N; i++) {
		snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, files[i].name);
		fds[i] = NEED_OK(open(path, O_RDONLY));
	}
	CHECK_EQ(write(go[1], "x", 1), 1);
	CHECK_EQ(read(gone[0], &one, 1), 0);
	CHECK_SOON(strstr(read_all((snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid), path)), check_self));
	for (int i = 0; i < N; i++) {
		ssize_t n = pread(fds[i], text, sizeof text, strcmp(files[i].name, "mem") ? 0 : PAGE);
		if (n < 0 ? errno != files[i].err : !files[i].is_empty != (n > 0))
			check_fail("proc_process.c", __LINE__, "%s: %d, errno %d", files[i].name, (int)n, n < 0 ? errno : 0);
	}
	kill(pid, SIGKILL);
	NEED_OK(waitpid(pid, &status, 0));
	for (int i = 0; i < N; i++) {
		ssize_t n = pread(fds[i], text, sizeof text, strcmp(files[i].name, "mem") ? 0 : PAGE);
		if (n < 0 ? errno != files[i].later : files[i].later != 0)
			check_fail("proc_process.c", __LINE__, "%s: %d, errno %d", files[i].name, (int)n, n < 0 ? errno : 0);
	}
}

/* A file that is made anew at each reading asks anew who may read it. */
TEST(reader_loses_the_right)
{
	int fd, up[2], down[2];
	char path[64], one;
	NEED_OK(pipe(up));
	NEED_OK(pipe(down));
	pid_t pid = NEED_OK(fork());
	if (!pid) {
		if (setresgid(77, 77, 77) || setresuid(77, 77, 77) || prctl(PR_SET_DUMPABLE, 1) || write(up[1], "x", 1) != 1 ||
		    read(down[0], &one, 1) != 1 || prctl(PR_SET_DUMPABLE, 0) || write(up[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	CHECK_EQ(read(up[0], &one, 1), 1);
	IN_CHILD {
		NEED_OK(setresgid(77, 77, 77));
		NEED_OK(setresuid(77, 77, 77));
		snprintf(path, sizeof path, "/proc/%d/io", (int)pid);
		fd = NEED_OK(open(path, O_RDONLY));
		CHECK(pread(fd, text, sizeof text, 0) > 0);
		CHECK_EQ(write(down[1], "x", 1), 1);
		CHECK_EQ(read(up[0], &one, 1), 1);
		CHECK_ERR(pread(fd, text, sizeof text, 0), EACCES);
	}
	kill(pid, SIGKILL);
	NEED_OK(waitpid(pid, NULL, 0));
}

TEST(name_as_written)
{
	char name[17] = "";
	CHECK_OK(spew("/proc/self/comm", "two\n"));
	CHECK_STR(read_all("/proc/self/comm"), "two\n\n");
	CHECK_OK(prctl(PR_GET_NAME, name));
	CHECK_STR(name, "two\n");
}

TEST(cpus)
{
	cpu_set_t all, one;
	NEED_OK(sched_getaffinity(0, sizeof all, &all));
	int last = 0;
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &all))
			last = i;
	CPU_ZERO(&one);
	CPU_SET(last, &one);
	NEED_OK(sched_setaffinity(0, sizeof one, &one));
	char want[64];
	snprintf(want, sizeof want, "\nCpus_allowed_list:\t%d\n", last);
	CHECK(strstr(read_all("/proc/self/status"), want));
	if (last >= 2 && CPU_ISSET(0, &all) && last < 10) {
		CPU_SET(0, &one);
		NEED_OK(sched_setaffinity(0, sizeof one, &one));
		snprintf(want, sizeof want, "\nCpus_allowed_list:\t0,%d\n", last);
		CHECK(strstr(read_all("/proc/self/status"), want));
	}
}

/* -- pagemap -- */
#define PRESENT (1ull << 63)
#define FILE_BIT (1ull << 61)
#define EXCLUSIVE (1ull << 56)
#define FRAME ((1ull << 55) - 1)

static uint64_t entry_of(const void *p)
{
	uint64_t e = 0;
	int fd = NEED_OK(open("/proc/self/pagemap", O_RDONLY));
	CHECK_EQ(pread(fd, &e, 8, (off_t)((uintptr_t)p / PAGE * 8)), 8);
	close(fd);
	return e;
}

TEST(pagemap)
{
	char *p = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *shared = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	madvise(p, 4 * PAGE, MADV_NOHUGEPAGE);
	CHECK_EQ(entry_of(p) & PRESENT, 0);
	p[0] = 1;
	shared[0] = 1;
	CHECK_EQ(entry_of(p) & (PRESENT | FILE_BIT | EXCLUSIVE), PRESENT | EXCLUSIVE);
	CHECK_EQ(entry_of(p + PAGE) & PRESENT, 0);
	CHECK_EQ(entry_of(shared) & (PRESENT | FILE_BIT), PRESENT | FILE_BIT);
	if (geteuid() == 0)
		CHECK(entry_of(p) & FRAME);
	uint64_t mine = entry_of(p) & FRAME;
	/* a child's copy is the same frame until one of them writes */
	IN_CHILD {
		CHECK_EQ(entry_of(p) & (PRESENT | EXCLUSIVE), PRESENT);
		CHECK_EQ(entry_of(p) & FRAME, mine);
		p[0] = 2;
		CHECK_EQ(entry_of(p) & (PRESENT | EXCLUSIVE), PRESENT | EXCLUSIVE);
		if (geteuid() == 0)
			CHECK((entry_of(p) & FRAME) != mine);
	}
	CHECK_OK(madvise(p, PAGE, MADV_DONTNEED));
	CHECK_EQ(entry_of(p) & PRESENT, 0);
	uint64_t e[2];
	int fd = NEED_OK(open("/proc/self/pagemap", O_RDONLY));
	CHECK_ERR(pread(fd, e, 7, 0), EINVAL);
	CHECK_ERR(pread(fd, e, 8, 4), EINVAL);
	CHECK_EQ(pread(fd, e, 0, 0), 0);
	CHECK_EQ(pread(fd, e, 8, 0), 8);
	CHECK_EQ(e[0], 0);
	CHECK_ERR(open("/proc/self/pagemap", O_WRONLY) >= 0 && write(fd, e, 8) < 0 ? -1 : 0, EBADF);
	close(fd);
	IN_CHILD {
		if (geteuid() == 0) {
			NEED_OK(setresuid(1000, 1000, 1000));
			NEED_OK(prctl(PR_SET_DUMPABLE, 1));
			p[PAGE] = 1;
			CHECK_EQ(entry_of(p + PAGE) & (PRESENT | FRAME), PRESENT);	/* no frame numbers */
			CHECK_ERR(open("/proc/1/pagemap", O_RDONLY), EACCES);
		}
	}
}

/* -- map_files -- */
TEST(map_files)
{
	char name[80], link[300];
	check_scratch();
	NEED_OK(check_spew("f", "text", 4, 0644));
	int fd = NEED_OK(open("f", O_RDWR));
	NEED_OK(ftruncate(fd, 2 * PAGE));
	unsigned long a = (unsigned long)mmap((void *)0x700000000000, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
	close(fd);
	snprintf(name, sizeof name, "/proc/self/map_files/%lx-%lx", a, a + 2 * PAGE);
	ssize_t n = readlink(name, link, sizeof link - 1);
	CHECK(n > 0);
	link[n > 0 ? n : 0] = 0;
	CHECK(n > 2 && !strcmp(link + n - 2, "/f"));
	struct stat st;
	CHECK_OK(lstat(name, &st));
	CHECK(S_ISLNK(st.st_mode));
	static const char *const wrong[] = { "%lx-%lx ", " %lx-%lx", "0%lx-%lx", "%lx-0%lx", "%lX-%lx-", "0x%lx-%lx", "%lx - %lx" };
	for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		strcpy(name, "/proc/self/map_files/");
		snprintf(name + strlen(name), 50, wrong[i], a, a + 2 * PAGE);
		CHECK_ERR(readlink(name, link, sizeof link), ENOENT);
	}
	snprintf(name, sizeof name, "/proc/self/map_files/%lx-%lx", a, a + PAGE);
	CHECK_ERR(readlink(name, link, sizeof link), ENOENT);
	/* listed, and gone with the mapping */
	snprintf(name, sizeof name, "%lx-%lx", a, a + 2 * PAGE);
	int found = 0;
	DIR *dir = opendir("/proc/self/map_files");
	CHECK(dir != NULL);
	for (struct dirent *e; dir && (e = readdir(dir));)
		found += !strcmp(e->d_name, name);
	CHECK_EQ(found, 1);
	closedir(dir);
	if (geteuid() == 0) {
		char full[120];
		snprintf(full, sizeof full, "/proc/self/map_files/%s", name);
		NEED_OK(unlink("f"));
		fd = CHECK_OK(open(full, O_RDONLY));	/* the way to a file that has no name any more */
		CHECK_EQ(pread(fd, text, 4, 0), 4);
		CHECK(!memcmp(text, "text", 4));
		close(fd);
		IN_CHILD {
			NEED_OK(setresuid(1000, 1000, 1000));
			NEED_OK(prctl(PR_SET_DUMPABLE, 1));
			CHECK(readlink(full, link, sizeof link) > 0);
			CHECK_ERR(open(full, O_RDONLY), EPERM);
		}
	}
	munmap((void *)a, 2 * PAGE);
}

/* -- clear_refs -- */
TEST(clear_refs)
{
	CHECK_ERR(open("/proc/self/clear_refs", O_RDONLY) == -1 || geteuid() == 0 ? (errno = EACCES, -1) : 0, EACCES);
	CHECK_OK(spew("/proc/self/clear_refs", "1"));
	CHECK_OK(spew("/proc/self/clear_refs", "2\n"));
	CHECK_OK(spew("/proc/self/clear_refs", "3"));
	CHECK_OK(spew("/proc/self/clear_refs", "5"));
	CHECK_ERR(spew("/proc/self/clear_refs", "0"), EINVAL);
	CHECK_ERR(spew("/proc/self/clear_refs", "6"), EINVAL);
	CHECK_ERR(spew("/proc/self/clear_refs", "x"), EINVAL);
	/* the peak of resident memory begins anew */
	char *p = mmap(0, 1024 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(p, 1, 1024 * PAGE);
	CHECK(check_field("/proc/self/status", "VmHWM", 10) >= 4096);
	munmap(p, 1024 * PAGE);
	CHECK(check_field("/proc/self/status", "VmHWM", 10) >= 4096);
	CHECK_OK(spew("/proc/self/clear_refs", "5"));
	CHECK(check_field("/proc/self/status", "VmHWM", 10) < 4096);
}

/* -- timers -- */
TEST(timers)
{
	timer_t a, b;
	char want[300];
	CHECK_STR(read_all("/proc/self/timers"), "");
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 3, .sigev_value.sival_ptr = (void *)0x1234 };
	NEED_OK(timer_create(CLOCK_MONOTONIC, &e, &a));
	struct sigevent none = { .sigev_notify = SIGEV_NONE };
	NEED_OK(timer_create(CLOCK_REALTIME, &none, &b));
	snprintf(want, sizeof want, "ID: 0\nsignal: %d/0000000000001234\nnotify: signal/pid.%d\nClockID: 1\n", SIGRTMIN + 3, getpid());
	const char *first = strstr(read_all("/proc/self/timers"), want);
	CHECK(first != NULL);
	CHECK(first > text);	/* the newest comes first */
	snprintf(want, sizeof want, "notify: none/pid.%d\nClockID: 0\n", getpid());
	CHECK(strstr(text, want) != NULL);
	timer_delete(a);
	timer_delete(b);
	CHECK_STR(read_all("/proc/self/timers"), "");
}

TEST(timerslack)
{
	char want[30];
	snprintf(want, sizeof want, "%d\n", prctl(PR_GET_TIMERSLACK));
	CHECK_STR(read_all("/proc/self/timerslack_ns"), want);
	CHECK_OK(spew("/proc/self/timerslack_ns", "70000"));
	CHECK_EQ(prctl(PR_GET_TIMERSLACK), 70000);
	CHECK_OK(spew("/proc/self/timerslack_ns", "0"));	/* the default */
	CHECK_EQ(prctl(PR_GET_TIMERSLACK), 50000);
	CHECK_ERR(spew("/proc/self/timerslack_ns", "x"), EINVAL);
	pid_t p = check_sleeper();
	char path[40];
	snprintf(path, sizeof path, "/proc/%d/timerslack_ns", p);
	if (geteuid() == 0) {
		CHECK_OK(spew(path, "80000"));
		CHECK_STR(read_all(path), "80000\n");
		IN_CHILD {
			NEED_OK(setresuid(1000, 1000, 1000));
			CHECK_ERR(spew(path, "90000"), EPERM);
			int fd = NEED_OK(open(path, O_RDONLY));
			CHECK_ERR(read(fd, text, 10), EPERM);
		}
	}
	check_reap(p);
}

/* -- the OOM killer's files -- */
TEST(oom_adj)
{
	CHECK_STR(read_all("/proc/self/oom_adj"), "0\n");
	CHECK_OK(spew("/proc/self/oom_score_adj", "500"));
	CHECK_STR(read_all("/proc/self/oom_score_adj"), "500\n");
	CHECK_STR(read_all("/proc/self/oom_adj"), "8\n");
	CHECK_OK(spew("/proc/self/oom_adj", "15"));
	CHECK_STR(read_all("/proc/self/oom_score_adj"), "1000\n");
	CHECK_STR(read_all("/proc/self/oom_adj"), "15\n");
	CHECK_ERR(spew("/proc/self/oom_adj", "16"), EINVAL);
	CHECK_ERR(spew("/proc/self/oom_adj", "-18"), EINVAL);
	CHECK_ERR(spew("/proc/self/oom_score_adj", "1001"), EINVAL);
	CHECK_ERR(spew("/proc/self/oom_score_adj", "-1001"), EINVAL);
	CHECK_ERR(spew("/proc/self/oom_score_adj", "x"), EINVAL);
	IN_CHILD {
		CHECK_STR(read_all("/proc/self/oom_score_adj"), "1000\n");	/* inherited */
		if (geteuid() == 0) {
			CHECK_OK(spew("/proc/self/oom_score_adj", "-17"));
			NEED_OK(setresuid(1000, 1000, 1000));
			NEED_OK(prctl(PR_SET_DUMPABLE, 1));
			CHECK_OK(spew("/proc/self/oom_score_adj", "10"));
			CHECK_ERR(spew("/proc/self/oom_score_adj", "-100"), EACCES);
		}
	}
}

TEST(no_login)
{
	CHECK_STR(read_all("/proc/self/loginuid"), "4294967295");
	CHECK_STR(read_all("/proc/self/sessionid"), "4294967295");
}

TEST(schedstat)
{
	unsigned long ran, waited, slices;
	for (volatile int i = 0; i < 1000000; i++)
		;
	CHECK_EQ(sscanf(read_all("/proc/self/schedstat"), "%lu %lu %lu", &ran, &waited, &slices), 3);
	CHECK(ran > 0);
}

/* Each folder below /proc/sys is a file of its own, as tools that walk a tree want it. */
TEST(folders_have_numbers)
{
	struct stat a, b, c;
	CHECK_OK(stat("/proc/sys", &a));
	CHECK_OK(stat("/proc/sys/kernel", &b));
	CHECK_OK(stat("/proc/sys/kernel/random", &c));
	CHECK(a.st_ino != b.st_ino && b.st_ino != c.st_ino && a.st_ino != c.st_ino);
}

/* Who is never chosen when memory is short has no score: process 1, the exempt, the dead. */
/* Without rights it goes up, and down to what somebody with rights has set; by the old scale it only goes up. */
TEST(oom_score_adj_back)
{
	CHECK_OK(spew("/proc/self/oom_score_adj", "-20"));
	CHECK_OK(spew("/proc/self/oom_score_adj", "100"));
	IN_CHILD {
		NEED_OK(setresuid(77, 77, 77));
		NEED_OK(prctl(PR_SET_DUMPABLE, 1));
		CHECK_OK(spew("/proc/self/oom_score_adj", "500"));
		CHECK_ERR(spew("/proc/self/oom_adj", "3"), EACCES);
		CHECK_OK(spew("/proc/self/oom_score_adj", "100"));
		CHECK_ERR(spew("/proc/self/oom_score_adj", "99"), EACCES);
		IN_CHILD {
			CHECK_OK(spew("/proc/self/oom_score_adj", "300"));
			CHECK_OK(spew("/proc/self/oom_score_adj", "100"));
			CHECK_ERR(spew("/proc/self/oom_score_adj", "0"), EACCES);
		}
	}
}

TEST(oom_score)
{
	char path[40];
	CHECK_STR(read_all("/proc/1/oom_score"), "0\n");
	CHECK(atoi(read_all("/proc/self/oom_score")) > 0);
	if (geteuid())
		return;
	IN_CHILD {
		CHECK_OK(spew("/proc/self/oom_score_adj", "-1000"));
		CHECK_STR(read_all("/proc/self/oom_score"), "0\n");
	}
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	siginfo_t info;
	CHECK_OK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	snprintf(path, sizeof path, "/proc/%d/oom_score", pid);
	CHECK_STR(read_all(path), "0\n");
	CHECK_WAIT(pid, EXITED(0));
}
