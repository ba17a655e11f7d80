/*
 * check.h: the few lines that every user-space test shares.
 *
 * A test program is one .c file of TEST(name) { ... } blocks. main() is here: it runs each block in a forked child of its own,
 * so that a crash or a changed disposition in one block does not reach the next, and exits 0 when every check held.
 *
 *   PROGRAM            runs all blocks
 *   PROGRAM NAME...    runs the named blocks;  -l lists them, -v names each before it runs, -1 runs without forking
 *   PROGRAM @NAME ...  runs HELPER(NAME), the form in which a test executes itself
 *
 * A failing check prints "not ok: file:line: what (got X, wanted Y)". Output goes straight to write(2): no buffer is
 * inherited by a child. Blocks are quiet when they pass.
 *
 * FURCA_TEST_SCALE (percent, default 100) scales the loops that ask for it with check_scale().
 * FURCA_TEST_PATIENCE (a factor, default 1) lengthens the time that a block or a CHECK_SOON may take; the runner sets it.
 */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK_CASE_SECONDS 15
#define CHECK_MAX_CASES    128
#define PAGE               4096ul

static int check_failed;
static const char *check_self = "";
static const char *check_name = "";

struct check_case {
	const char *name;
	void (*run)(void);
	int (*help)(int argc, char **argv);
};
static struct check_case check_cases[CHECK_MAX_CASES];
static int check_case_count;

static inline void check_register(const char *name, void (*run)(void), int (*help)(int, char **))
{
	if (check_case_count == CHECK_MAX_CASES)
		abort();
	check_cases[check_case_count++] = (struct check_case){name, run, help};
}

#define TEST(name)                                                                                     \
	static void test_##name(void);                                                                 \
	__attribute__((constructor)) static void reg_##name(void) { check_register(#name, test_##name, 0); } \
	static void test_##name(void)

/* HELPER(name) { ... return status; } sees argc and argv, argv[1] being "@name". */
#define HELPER(name)                                                                                      \
	static int help_##name(int argc, char **argv);                                                    \
	__attribute__((constructor)) static void reg_help_##name(void) { check_register(#name, 0, help_##name); } \
	static int help_##name([[maybe_unused]] int argc, [[maybe_unused]] char **argv)

__attribute__((format(printf, 1, 2))) static inline void check_say(const char *format, ...)
{
	char line[512];
	va_list list;
	va_start(list, format);
	int n = vsnprintf(line, sizeof line, format, list);
	va_end(list);
	if (n > (int)sizeof line - 1) {
		n = sizeof line - 1;
		line[n - 1] = '\n';
	}
	int saved = errno;
	for (int done = 0; done < n;) {
		ssize_t w = write(1, line + done, n - done);
		if (w < 0 && errno != EINTR)
			break;
		done += w > 0 ? w : 0;
	}
	errno = saved;
}

__attribute__((format(printf, 3, 4))) static inline void check_fail(const char *file, int line, const char *format, ...)
{
	char what[400];
	va_list list;
	va_start(list, format);
	vsnprintf(what, sizeof what, format, list);
	va_end(list);
	check_failed++;
	check_say("not ok: %s:%d: %s: %s\n", file, line, check_name, what);
}

static inline void check_eq(long long got, long long want, const char *what, const char *file, int line)
{
	if (got != want)
		check_fail(file, line, "%s (got %lld, wanted %lld)", what, got, want);
}

static inline long check_ok(long got, const char *what, const char *file, int line)
{
	if (got == -1)
		check_fail(file, line, "%s (got errno %d %s, wanted success)", what, errno, strerror(errno));
	return got;
}

static inline void check_err(long got, int want, const char *what, const char *file, int line)
{
	if (got != -1)
		check_fail(file, line, "%s (got %ld, wanted errno %d %s)", what, got, want, strerror(want));
	else if (errno != want)
		check_fail(file, line, "%s (got errno %d %s, wanted %d %s)", what, errno, strerror(errno), want,
			   strerror(want));
}

static inline void check_str(const char *got, const char *want, const char *what, const char *file, int line)
{
	if (!got || strcmp(got, want))
		check_fail(file, line, "%s (got \"%.100s\", wanted \"%.100s\")", what, got ? got : "(null)", want);
}

#define CHECK(cond)          ((cond) ? (void)0 : check_fail(__FILE_NAME__, __LINE__, "%s", #cond))
#define CHECK_EQ(got, want)  check_eq((long long)(got), (long long)(want), #got, __FILE_NAME__, __LINE__)
#define CHECK_STR(got, want) check_str((got), (want), #got, __FILE_NAME__, __LINE__)
/* A call that must succeed; gives its value. */
#define CHECK_OK(call)       check_ok((long)(call), #call, __FILE_NAME__, __LINE__)
/* A call that must return -1 with this errno. */
#define CHECK_ERR(call, err) (errno = 0, check_err((long)(call), (err), #call, __FILE_NAME__, __LINE__))
/* As CHECK_OK, but the rest of the block makes no sense without it. */
#define NEED_OK(call)                                                    \
	({                                                               \
		long need_ = CHECK_OK(call);                             \
		if (need_ == -1)                                         \
			_exit(1);                                        \
		need_;                                                   \
	})

static inline bool check_interrupted_wait(pid_t pid, int *status)
{
	for (;;) {
		pid_t got = waitpid(pid, status, __WALL);
		if (got == pid)
			return true;
		if (got < 0 && errno != EINTR)
			return false;
	}
}

static inline const char *check_status_text(int status, char *text, size_t size)
{
	if (WIFEXITED(status))
		snprintf(text, size, "exit %d", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		snprintf(text, size, "signal %d", WTERMSIG(status));
	else
		snprintf(text, size, "status 0x%x", status);
	return text;
}

/* Waits for a child and compares its wait status; the core-dump bit does not count. */
static inline void check_wait(pid_t pid, int want, const char *file, int line)
{
	int status = -1;
	char got_text[40], want_text[40];
	if (pid < 0)
		check_fail(file, line, "no child (errno %d %s)", errno, strerror(errno));
	else if (!check_interrupted_wait(pid, &status))
		check_fail(file, line, "waitpid(%d) (errno %d %s)", pid, errno, strerror(errno));
	else if ((WIFSIGNALED(status) ? status & 0x7f : status) != want)
		check_fail(file, line, "child ended (got %s, wanted %s)",
			   check_status_text(status, got_text, sizeof got_text),
			   check_status_text(want, want_text, sizeof want_text));
}

#define EXITED(code) ((code) << 8)
#define KILLED(sig)  (sig)
#define CHECK_WAIT(pid, want) check_wait((pid), (want), __FILE_NAME__, __LINE__)

/*
 * IN_CHILD { ... } runs the block in a forked child, which then exits 0, or 1 after a failed check; the parent waits.
 * IN_CHILD_ENDS(KILLED(SIGSEGV)) { ... } wants another end. No break, continue or return inside the block.
 */
#define IN_CHILD_ENDS(want)                                             \
	for (pid_t child_ = check_child_begin(); child_ >= 0;           \
	     child_ = check_child_end(child_, (want), __FILE_NAME__, __LINE__)) \
		if (child_ == 0)
#define IN_CHILD IN_CHILD_ENDS(EXITED(0))

static inline pid_t check_child_begin(void)
{
	pid_t pid = fork();
	if (pid == 0)
		check_failed = 0;
	if (pid < 0)
		check_fail("check.h", __LINE__, "fork (errno %d %s)", errno, strerror(errno));
	return pid;
}

static inline pid_t check_child_end(pid_t pid, int want, const char *file, int line)
{
	if (pid == 0)
		_exit(check_failed != 0);
	check_wait(pid, want, file, line);
	return -1;
}

/* A child that sleeps until it is killed. */
static inline pid_t check_sleeper(void)
{
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static inline void check_reap(pid_t pid)
{
	kill(pid, SIGKILL);
	check_interrupted_wait(pid, &(int){0});
}

static inline long check_scale(long n)
{
	const char *percent = getenv("FURCA_TEST_SCALE");
	long scaled = percent ? n * atol(percent) / 100 : n;
	return scaled > 0 ? scaled : 1;
}

static inline long check_patience(void)
{
	const char *factor = getenv("FURCA_TEST_PATIENCE");
	return factor && atol(factor) > 1 ? atol(factor) : 1;
}

static inline void check_sleep_ms(long ms)
{
	struct timespec left = {ms / 1000, ms % 1000 * 1000000};
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* One signal, or two. */
static inline sigset_t check_signals(int a, int b)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, a);
	if (b)
		sigaddset(&set, b);
	return set;
}

static inline long check_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline struct timespec check_from_now(clockid_t clock, long ms)
{
	struct timespec t;
	clock_gettime(clock, &t);
	t.tv_nsec += ms * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

/* Waits up to five seconds (more on a slow machine) for a condition that another task brings about. */
#define CHECK_SOON(cond)                                                                  \
	do {                                                                              \
		long end_ = check_now_ms() + 5000 * check_patience();                     \
		bool held_;                                                               \
		while (!(held_ = (cond)) && check_now_ms() < end_)                        \
			check_sleep_ms(2);                                                \
		if (!held_)                                                               \
			check_fail(__FILE_NAME__, __LINE__, "%s (waited in vain)", #cond); \
	} while (0)

/* A folder of the block's own, made current; main() removes it. */
static inline const char *check_scratch(void)
{
	static char path[64];
	snprintf(path, sizeof path, "/tmp/furca-test.%d", (int)getpid());
	NEED_OK(mkdir(path, 0777));
	NEED_OK(chmod(path, 0777));
	NEED_OK(chdir(path));
	return path;
}

static inline void check_remove_tree(const char *path)
{
	struct stat st;
	char name[600];
	if (lstat(path, &st))
		return;
	if (S_ISDIR(st.st_mode)) {
		chmod(path, 0777);
		DIR *dir = opendir(path);
		for (struct dirent *e; dir && (e = readdir(dir));)
			if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..")) {
				snprintf(name, sizeof name, "%s/%s", path, e->d_name);
				check_remove_tree(name);
			}
		if (dir)
			closedir(dir);
		rmdir(path);
	} else
		unlink(path);
}

/* Reads a whole small file; gives its length, or -1. The text is ended with a zero. */
static inline ssize_t check_slurp(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	if (fd < 0)
		return -1;
	for (ssize_t n; have < size - 1 && (n = read(fd, text + have, size - 1 - have)) > 0;)
		have += n;
	text[have] = 0;
	close(fd);
	return have;
}

static inline int check_spew(const char *path, const char *text, size_t size, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0)
		return -1;
	ssize_t n = write(fd, text, size);
	fchmod(fd, mode);
	close(fd);
	return n == (ssize_t)size ? 0 : -1;
}

/* The test's own program under another name. */
static inline void check_copy_self(const char *name, uid_t uid, gid_t gid, mode_t mode)
{
	static char block[65536];
	int from = NEED_OK(open(check_self, O_RDONLY)), to = NEED_OK(open(name, O_WRONLY | O_CREAT, 0755));
	for (ssize_t n; (n = read(from, block, sizeof block)) > 0;)
		CHECK_EQ(write(to, block, n), n);
	close(to);
	close(from);
	CHECK_OK(chown(name, uid, gid));
	CHECK_OK(chmod(name, mode));
}

/* The character after the name in /proc/PID/stat, 0 when there is no such process. */
static inline char check_state(pid_t pid)
{
	char path[40], text[512], *paren;
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	if (check_slurp(path, text, sizeof text) < 0 || !(paren = strrchr(text, ')')))
		return 0;
	return paren[1] ? paren[2] : 0;
}

/* The number after "Key:" in a file of such lines, -1 when it is not there. */
static inline long check_field(const char *path, const char *key, int base)
{
	static char text[16384];
	if (check_slurp(path, text, sizeof text) < 0)
		return -1;
	size_t length = strlen(key);
	for (char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, length) && line[length] == ':')
			return strtol(line + length + 1, 0, base);
	}
	return -1;
}

/* A system call without the C library: gives -errno, touches no errno; for children that share memory or have no TLS. */
static inline long raw6(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#define RAW_ARGS(n, a, b, c, d, e, f, ...) (long)(n), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)
#define RAW(...) raw6(RAW_ARGS(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0))

static inline void raw_sleep_ms(long ms)
{
	struct timespec left = {ms / 1000, ms % 1000 * 1000000};
	RAW(SYS_nanosleep, &left, 0);
}

static inline bool check_run_case(const struct check_case *one, bool forks)
{
	int status = 0;
	char path[64], text[40];
	check_name = one->name;
	if (!forks) {
		one->run();
		return !check_failed;
	}
	pid_t pid = fork();
	if (pid == 0) {
		alarm((unsigned)(CHECK_CASE_SECONDS * check_patience()));
		one->run();
		_exit(check_failed != 0);
	}
	if (pid < 0 || !check_interrupted_wait(pid, &status)) {
		check_say("not ok: %s: cannot run (errno %d %s)\n", one->name, errno, strerror(errno));
		return false;
	}
	snprintf(path, sizeof path, "/tmp/furca-test.%d", (int)pid);
	check_remove_tree(path);
	if (WIFSIGNALED(status))
		check_say("not ok: %s: %s\n", one->name, WTERMSIG(status) == SIGALRM ?
			  "took too long" : check_status_text(status, text, sizeof text));
	else if (WEXITSTATUS(status) > 1)
		check_say("not ok: %s: %s\n", one->name, check_status_text(status, text, sizeof text));
	return status == 0;
}

/* The program's own absolute name, which a change of folder leaves good. */
static inline void check_find_self(const char *name)
{
	static char path[1024];
	size_t used = 0;
	if (name[0] != '/' && getcwd(path, sizeof path / 2))
		used = strlen(path);
	snprintf(path + used, sizeof path - used, "%s%s", used ? "/" : "", name);
	check_self = path;
}

int main(int argc, char **argv)
{
	bool verbose = false, forks = true, list = false, good = true;
	int at = 1;
	check_find_self(argc ? argv[0] : "");
	if (argc > 1 && argv[1][0] == '@') {
		for (int i = 0; i < check_case_count; i++)
			if (check_cases[i].help && !strcmp(check_cases[i].name, argv[1] + 1)) {
				check_name = check_cases[i].name;
				return check_cases[i].help(argc, argv);
			}
		return 99;
	}
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	for (; at < argc && argv[at][0] == '-'; at++) {
		verbose |= argv[at][1] == 'v';
		list |= argv[at][1] == 'l';
		forks &= argv[at][1] != '1';
	}
	for (int i = 0; i < check_case_count; i++) {
		bool wanted = at == argc;
		for (int j = at; j < argc; j++)
			wanted |= !strcmp(argv[j], check_cases[i].name);
		if (!wanted || !check_cases[i].run)
			continue;
		if (verbose || list)
			check_say("%s\n", check_cases[i].name);
		if (!list)
			good &= check_run_case(&check_cases[i], forks);
	}
	return good ? 0 : 1;
}
