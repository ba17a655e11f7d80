/*
 * runner.c: runs test programs, each in a process group of its own with a limit of time, and prints one line for each:
 * "ok AREA/NAME" or "FAIL AREA/NAME: reason" with the program's output below. The last line is "N passed, N failed".
 *
 *   runner [-t SECONDS] [-n TIMES] [-v] FOLDER|PROGRAM...
 *
 * With -n each is run so many times in a row, and counted each time. A folder is walked (two levels: AREA/NAME), in
 * alphabetical order. As process 1 it mounts what a test looks at (proc, devtmpfs, /dev/shm, /tmp) when the kernel has not
 * done so, and powers the machine off at the end.
 * It asks little of the kernel: fork, execve, pipe, poll, wait4, kill.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_BYTES 16384
#define MAX_PROGRAMS 1024

static char *programs[MAX_PROGRAMS];
static int program_count;
static int limit_seconds = 20, times = 1;
static int verbose;
static int passed, failed;
static char output[OUTPUT_BYTES];
static size_t output_used, output_lost;

static void say(const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(1, text, size);
		if (n <= 0)
			return;
		text += n;
		size -= n;
	}
}

static long now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Programs that may take long are run on a slow machine: their blocks, and what they wait for, may take long too. */
static void set_patience(void)
{
	char factor[12];
	snprintf(factor, sizeof factor, "%d", limit_seconds / 20);
	setenv("FURCA_TEST_PATIENCE", factor, 0);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void collect(const char *path, int depth)
{
	struct stat st;
	if (stat(path, &st)) {
		dprintf(1, "FAIL %s: not there\n", path);
		failed++;
	} else if (S_ISDIR(st.st_mode)) {
		DIR *dir = opendir(path);
		for (struct dirent *e; dir && (e = readdir(dir));) {
			char inner[1024];
			if (e->d_name[0] == '.')
				continue;
			snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);
			if (depth < 3)
				collect(inner, depth + 1);
		}
		if (dir)
			closedir(dir);
	} else if ((st.st_mode & 0111) && program_count < MAX_PROGRAMS)
		programs[program_count++] = strdup(path);
}

/* AREA/NAME: the last two parts of the path, with the folder before them when it is not "user" itself. */
static const char *short_name(const char *path)
{
	const char *musl = strstr(path, "user-musl/"), *slash = strrchr(path, '/');
	if (musl)
		return musl;
	for (const char *p = slash; p && p > path;)
		if (*--p == '/')
			return p + 1;
	return path;
}

static pid_t start(const char *path, int *out)
{
	int ends[2];
	if (pipe(ends))
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		int null = open("/dev/null", O_RDONLY);
		if (null >= 0)
			dup2(null, 0);
		dup2(ends[1], 1);
		dup2(ends[1], 2);
		for (int fd = 3; fd < 20; fd++)
			close(fd);
		char *argv[] = {(char *)path, NULL};
		extern char **environ;
		execve(path, argv, environ);
		dprintf(1, "cannot execute: %s\n", strerror(errno));
		_exit(127);
	}
	close(ends[1]);
	if (pid < 0)
		close(ends[0]);
	*out = ends[0];
	return pid;
}

static int drain(int fd)
{
	char chunk[4096];
	ssize_t n = read(fd, chunk, sizeof chunk);
	if (n <= 0)
		return 0;
	size_t room = OUTPUT_BYTES - output_used, take = (size_t)n < room ? (size_t)n : room;
	memcpy(output + output_used, chunk, take);
	output_used += take;
	output_lost += n - take;
	return 1;
}

/* Gives the wait status, or -1 after the limit. As process 1 the runner meets orphans too: they are reaped and forgotten. */
static int follow(pid_t pid, int fd)
{
	long end = now_ms() + limit_seconds * 1000L;
	int status = -1, dead = 0, open_end = 1;
	while (now_ms() < end) {
		struct pollfd one = {fd, POLLIN, 0};
		int ready = open_end ? poll(&one, 1, dead ? 0 : 20) : poll(NULL, 0, dead ? 0 : 20);
		if (ready > 0)
			open_end = drain(fd);
		else if (dead)
			return status;
		for (int st; !dead;) {
			pid_t got = waitpid(-1, &st, WNOHANG);
			if (got <= 0)
				break;
			if (got == pid) {
				status = st;
				dead = 1;
			}
		}
		if (dead && !open_end)
			return status;
	}
	return -1;
}

static void show_output(void)
{
	for (size_t at = 0; at < output_used;) {
		char *line = output + at, *end = memchr(line, '\n', output_used - at);
		size_t length = end ? (size_t)(end - line) : output_used - at;
		say("    ", 4);
		say(line, length);
		say("\n", 1);
		at += length + 1;
	}
	if (output_lost)
		dprintf(1, "    ... %zu more bytes\n", output_lost);
}

static void run(const char *path)
{
	int fd = -1;
	char reason[64] = "";
	output_used = output_lost = 0;
	long begin = now_ms();
	pid_t pid = start(path, &fd);
	if (pid < 0) {
		snprintf(reason, sizeof reason, "cannot start: %s", strerror(errno));
	} else {
		int status = follow(pid, fd);
		if (status == -1)
			snprintf(reason, sizeof reason, "no end after %d s", limit_seconds);
		else if (WIFSIGNALED(status))
			snprintf(reason, sizeof reason, "killed by signal %d", WTERMSIG(status));
		else if (WEXITSTATUS(status))
			snprintf(reason, sizeof reason, "exit status %d", WEXITSTATUS(status));
		kill(-pid, SIGKILL);
		if (status == -1) {
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
		}
		close(fd);
	}
	long took = now_ms() - begin;
	if (reason[0]) {
		failed++;
		dprintf(1, "FAIL %s: %s\n", short_name(path), reason);
		show_output();
	} else {
		passed++;
		if (verbose)
			dprintf(1, "ok %s (%ld ms)\n", short_name(path), took);
		else
			dprintf(1, "ok %s\n", short_name(path));
		if (output_used)
			show_output();
	}
}

static void mount_as_init(void)
{
	mkdir("/proc", 0755);
	mkdir("/dev", 0755);
	mkdir("/tmp", 01777);
	struct stat st;
	if (stat("/proc/self", &st))
		mount("proc", "/proc", "proc", 0, NULL);
	if (stat("/dev/null", &st))
		mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mkdir("/dev/shm", 01777);
	if (!stat("/dev/shm", &st))
		mount("tmpfs", "/dev/shm", "tmpfs", 0, NULL);
	mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
	chmod("/tmp", 01777);
	chmod("/dev/shm", 01777);
	setenv("PATH", "/bin:/usr/bin:/sbin:/usr/sbin", 1);
}

/* The kernel that watches its stacks says how deep each call took one: the deepest few. */
#define STACKS_SHOWN 12
static void show_stacks(void)
{
	struct { char line[100]; int bytes; } deepest[STACKS_SHOWN + 1] = {};
	char line[100];
	FILE *f = fopen("/proc/furca/stacks", "r");
	while (f && fgets(line, sizeof line, f)) {
		int bytes = 0, at = STACKS_SHOWN;
		sscanf(line, "%*s %d", &bytes);
		if (!strncmp(line, "size ", 5) || bytes <= deepest[STACKS_SHOWN - 1].bytes)
			continue;
		for (; at > 0 && deepest[at - 1].bytes < bytes; at--)
			deepest[at] = deepest[at - 1];
		memcpy(deepest[at].line, line, sizeof line);
		deepest[at].bytes = bytes;
	}
	if (f)
		fclose(f);
	for (int i = 0; i < STACKS_SHOWN && deepest[i].bytes; i++)
		dprintf(1, "# kernel stack: %s", deepest[i].line);
}

int main(int argc, char **argv)
{
	int at = 1, is_init = getpid() == 1;
	if (is_init)
		mount_as_init();
	for (; at < argc && argv[at][0] == '-'; at++) {
		if (argv[at][1] == 't' && at + 1 < argc)
			limit_seconds = atoi(argv[++at]);
		else if (argv[at][1] == 'n' && at + 1 < argc)
			times = atoi(argv[++at]);
		else if (argv[at][1] == 'v')
			verbose = 1;
	}
	set_patience();
	for (; at < argc; at++)
		collect(argv[at], 0);
	if (is_init && !program_count && !failed)
		collect("/tests", 0);
	qsort(programs, program_count, sizeof *programs, by_name);
	for (int i = 0; i < program_count * times; i++)
		run(programs[i / times]);
	if (is_init)
		show_stacks();
	dprintf(1, "%d passed, %d failed\n", passed, failed);
	if (is_init) {
		sync();
		reboot(RB_POWER_OFF);
		reboot(RB_AUTOBOOT);
	}
	return failed || !passed;
}
