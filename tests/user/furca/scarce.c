/*
 * Hardly any memory: hogs of every kind and fork bombs, each for a few seconds. Calls may fail and processes be killed; the
 * machine lives, and what the dead held is back afterwards. Runs in a machine of at most 100 MB; elsewhere it does nothing.
 */
#include "clone.h"
#include "objects.h"
#include <sched.h>

static bool is_scarce(void)
{
	return check_field("/proc/meminfo", "MemTotal", 10) < 100000;
}

static void set_score(const char *text)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void raise_score(void)
{
	setpgid(0, 0);
	set_score("0");
}

/* Lets `run` go on in a process group of its own, ends all of it after ms, and looks at what is left. */
static void storm(const char *what, void (*run)(void), long ms)
{
	static struct objects before;
	if (!is_scarce())
		return;
	alarm(60);
	set_score("-1000");
	for (int i = 0; i < 3; i++) {
		objects_read_quiet(&before);
	}
	long free_before = check_field("/proc/meminfo", "MemFree", 10);
	pid_t pid = NEED_OK(fork());
	if (pid == 0) {
		raise_score();
		run();
		_exit(0);
	}
	setpgid(pid, pid);
	for (long end = check_now_ms() + check_scale(ms); check_now_ms() < end && waitpid(pid, 0, WNOHANG) != pid;)
		check_sleep_ms(20);
	for (long end = check_now_ms() + 20000; kill(-pid, SIGKILL) == 0 && check_now_ms() < end;) {
		while (waitpid(-1, 0, WNOHANG) > 0)
			;
		check_sleep_ms(1);
	}
	CHECK_ERR(kill(-pid, 0), ESRCH);
	check_remove_tree("/tmp/scarce");
	/* what the storm made grow for good: maps of numbers, descriptions of stacks; nothing that is counted in megabytes */
	CHECK_SOON(free_before - check_field("/proc/meminfo", "MemFree", 10) < 2500);
	const char *left = objects_settle(&before, 1000);
	if (*left && getenv("FAIL_VERBOSE"))
		check_say("%s: grown:%s\n", what, left);
	/* and all works as before */
	IN_CHILD {
		char *at = mmap(0, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(at != MAP_FAILED);
		memset(at, 1, 64 * PAGE);
	}
}
#define STORM(name, ms)                              \
	static void run_##name(void);                \
	TEST(name) { storm(#name, run_##name, ms); } \
	static void run_##name(void)

static void eat(void)
{
	for (;;) {
		char *at = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		for (size_t i = 0; at != MAP_FAILED && i < 1 << 20; i += PAGE)
			at[i] = 1;
	}
}

STORM(one_hog, 6000) { eat(); }

STORM(hogs_again_and_again, 8000)
{
	for (;;) {
		pid_t pid = fork();
		if (pid == 0)
			eat();
		waitpid(pid, 0, 0);
	}
}

STORM(four_hogs, 8000)
{
	for (int i = 0; i < 4; i++)
		fork();
	for (;;) {
		if (fork() == 0)
			eat();
		wait(0);
	}
}

STORM(fork_bomb, 8000)
{
	for (;;)
		fork();
}

static char bag[64 * PAGE];
STORM(fork_bomb_that_writes, 8000)
{
	for (unsigned i = 0;; i++) {
		bag[i * 7919 % sizeof bag] = (char)i;
		fork();
	}
}

HELPER(again) { return 0; }

STORM(exec_bomb, 8000)
{
	char *argv[] = {(char *)check_self, "@again", 0}, *none[] = {0};
	for (;;) {
		if (fork() == 0)
			for (;;) {
				if (fork() == 0)
					execve(check_self, argv, none);
				while (waitpid(-1, 0, WNOHANG) > 0)
					;
			}
	}
}

static int sleeps(void *arg)
{
	for (;;)
		raw_sleep_ms(1000);
	return 0;
}

STORM(thread_bomb, 5000)
{
	for (;;)
		if (clone_call(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, CLONE_TOP(bag), 0, 0, 0, sleeps, 0) < 0)
			fork();
}

STORM(tables, 6000) /* a page of zeroes in each GiB: nothing but page tables */
{
	for (int i = 0; i < 3; i++)
		fork();
	for (;;) {
		volatile char *at = mmap(0, 1ul << 40, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		for (size_t i = 0; at != MAP_FAILED && i < 1ul << 40; i += 1ul << 21)
			(void)at[i];
	}
}

STORM(regions, 6000)
{
	for (int i = 0; i < 3; i++)
		fork();
	for (;;) {
		char *at = mmap(0, 60000 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		for (size_t i = 0; at != MAP_FAILED && i < 60000; i += 2)
			mprotect(at + i * PAGE, PAGE, PROT_NONE);
	}
}

STORM(pipes, 6000)
{
	char page[PAGE] = "";
	for (;;) {
		int ends[2];
		if (pipe2(ends, O_NONBLOCK))
			fork();
		else
			while (write(ends[1], page, sizeof page) > 0)
				;
	}
}

STORM(files, 6000)
{
	char name[64], page[PAGE] = "";
	mkdir("/tmp/scarce", 0755);
	for (int i = 0; i < 2; i++)
		fork();
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof name, "/tmp/scarce/%d.%d", (int)getpid(), i);
		int fd = open(name, O_CREAT | O_RDWR, 0600);
		while (fd >= 0 && write(fd, page, sizeof page) > 0 && lseek(fd, 0, SEEK_CUR) < 50000)
			;
		close(fd);
	}
	sleep(60);
}

STORM(shared_memory, 6000)
{
	for (;;) {
		char *at = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		for (size_t i = 0; at != MAP_FAILED && i < 1 << 20; i += PAGE)
			at[i] = 1;
		fork();
	}
}

STORM(all_at_once, 12000)
{
	static void (*const runs[])(void) = {eat, run_fork_bomb_that_writes, run_exec_bomb, run_tables, run_pipes, run_files, run_regions};
	for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
		if (fork() == 0)
			runs[i]();
	for (;;)
		pause();
}
