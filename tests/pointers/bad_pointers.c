/*
 * bad_pointers.c: every user address of every system call in syscall/syscalls.tbl is bad in each way, one at a time, while
 * the other arguments are drawn from values that may make sense: bad_pointers [CALL...]
 * Prints for each call, argument and kind of badness what the calls returned, so that two kernels can be compared line by
 * line; and, where /proc/furca/objects is there, which objects a call left behind. Draws are the same on each run.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DRAWS 16
#define PAGE 4096ul
#define SECONDS 2		/* a child that takes longer hangs */
#define COUNT(a) (sizeof(a) / sizeof *(a))

struct call {
	const char *name;
	long number;
	int args;
	struct { const char *kind, *name; } arg[6];
};
static const struct call calls[] = {
#include "calls.h"
};

/* Not called: they end the test or the process (a limit of no CPU time), or mean addresses that are not read. */
static const char *const left_out[] = {"clone", "prlimit64", "reboot", "ptrace", "rt_sigreturn", "execve", "execveat"};

static char *scratch;			/* good addresses: zeroes, a page each */
static uintptr_t unmapped, read_only, edge;
static int fds[12], fd_count;
static short *results;			/* shared with the child */

enum bad { UNMAPPED, READ_ONLY, KERNEL, NON_CANONICAL, EDGE, BAD_KINDS };
static const char *const bad_names[BAD_KINDS] = {"unmapped", "read-only", "kernel", "non-canonical", "edge"};

static uint32_t seed;
static uint32_t draw(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static uintptr_t bad_address(enum bad bad)
{
	switch (bad) {
	case UNMAPPED: return unmapped;
	case READ_ONLY: return read_only;
	case KERNEL: return 0xffffffff81000000;
	case NON_CANONICAL: return 0x0100000000000000;
	default: return edge - 1 - draw(4);
	}
}

static int name_is(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(name, *list))
			return 1;
	return 0;
}

/* A value for an argument that is not the bad one, from its name. */
static long good_value(const struct call *c, int i)
{
	static const char *const fd_names[] = {"fd", "epfd", "in_fd", "out_fd", "pidfd", "old", "new", NULL};
	static const char *const dir_names[] = {"dirfd", "olddirfd", "newdirfd", NULL};
	static const char *const size_names[] = {"size", "len", "count", "max", "n", "length", NULL};
	static const char *const id_names[] = {"pid", "tid", "tgid", "who", "uid", "gid", NULL};
	static const long sizes[] = {1, 8, 8, 16, 64, 88, 128, 4096};
	const char *kind = c->arg[i].kind, *name = c->arg[i].name;

	if (!strcmp(kind, "ptr"))
		return 0;
	if (strchr("ios", *kind) && (!strcmp(kind, "in") || !strcmp(kind, "out") || !strcmp(kind, "io") || !strcmp(kind, "str")))
		return (long)(scratch + PAGE * (size_t)i);
	if (!strcmp(kind, "int") && name_is(name, fd_names))
		return draw(14) ? fds[draw((uint32_t)fd_count)] : -1;
	if (name_is(name, dir_names))
		return draw(4) ? AT_FDCWD : fds[draw((uint32_t)fd_count)];
	if (name_is(name, size_names))
		return draw(8) ? sizes[draw(COUNT(sizes))] : draw(20);
	if (name_is(name, id_names))
		return draw(4) ? 0 : getpid();
	if (!strcmp(name, "flags"))
		return draw(3) ? 0 : 1l << draw(14);
	if (!strcmp(name, "timeout"))
		return 0;
	if (!strcmp(name, "option"))
		return draw(70);
	if (!strcmp(name, "cmd") && strstr(c->name, "ioctl"))
		return 0x5400 + draw(0x60);
	return draw(20);
}

/* What is only read may be read-only. */
static int is_bad(const struct call *c, int arg, enum bad bad)
{
	return bad != READ_ONLY || (strcmp(c->arg[arg].kind, "in") && strcmp(c->arg[arg].kind, "str"));
}

static void one_argument(const struct call *c, int bad_arg)
{
	for (int bad = 0; bad < BAD_KINDS; bad++) {
		if (!is_bad(c, bad_arg, bad))
			continue;
		for (const char *s = c->name; *s; s++)
			seed = seed * 31 + (unsigned char)*s;
		seed += (uint32_t)bad_arg * 7;
		for (int n = 0; n < DRAWS; n++) {
			long a[6] = {0};
			for (int i = 0; i < c->args; i++)
				a[i] = good_value(c, i);
			a[bad_arg] = (long)bad_address(bad);
			long r = syscall(c->number, a[0], a[1], a[2], a[3], a[4], a[5]);
			results[bad * DRAWS + n] = r == -1 ? (short)errno : 0;
			memset(scratch, 0, 6 * PAGE);
		}
	}
}

static void open_descriptors(void)
{
	int p[2], s[2];
	sigset_t set;
	struct itimerspec never = {0};
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	fds[fd_count++] = open("bad_pointers.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (write(fds[0], scratch, 5000) != 5000 || lseek(fds[0], 0, SEEK_SET))
		_exit(99);
	fds[fd_count++] = open("/", O_RDONLY | O_DIRECTORY);
	if (pipe2(p, O_NONBLOCK) || write(p[1], scratch, 5000) != 5000 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s) ||
	    write(s[0], scratch, 500) != 500)
		_exit(99);
	fds[fd_count++] = p[0];
	fds[fd_count++] = p[1];
	fds[fd_count++] = s[0];
	fds[fd_count++] = s[1];
	fds[fd_count++] = epoll_create1(0);
	fds[fd_count++] = eventfd(1, EFD_NONBLOCK);
	fds[fd_count++] = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	timerfd_settime(fds[fd_count - 1], 0, &never, NULL);
	fds[fd_count++] = signalfd(-1, &set, SFD_NONBLOCK);
	fds[fd_count++] = (int)syscall(SYS_pidfd_open, getpid(), 0);
}

/* In a child of its own: what a call does to a process ends with it. Returns the wait status, -1: it hangs. */
static int run(const struct call *c, int arg)
{
	int status;
	pid_t p = fork();
	if (!p) {
		setsid();
		seed = 1;
		open_descriptors();
		one_argument(c, arg);
		_exit(0);
	}
	for (int ms = 0; ms < SECONDS * 1000; ms++) {
		if (waitpid(p, &status, WNOHANG) == p)
			return status;
		usleep(ms < 10 ? 200 : 1000);
	}
	kill(p, SIGKILL);
	waitpid(p, &status, 0);
	return -1;
}

static void print(const struct call *c, int arg, int status)
{
	for (int bad = 0; bad < BAD_KINDS; bad++) {
		const short *r = results + bad * DRAWS;
		if (!is_bad(c, arg, bad))
			continue;
		printf("%s %s %s:", c->name, c->arg[arg].name, bad_names[bad]);
		for (int n = 0, same; n < DRAWS; n += same) {
			for (same = 1; n + same < DRAWS && r[n + same] == r[n]; same++)
				;
			printf(" %s", r[n] == -1 ? "none" : r[n] ? strerrorname_np(r[n]) : "ok");
			if (same > 1)
				printf("*%d", same);
		}
		printf("\n");
	}
	if (status)
		printf("%s %s: status %x\n", c->name, c->arg[arg].name, (unsigned)status);
}

/* The sum of each line of /proc/furca/objects but for those of caches that keep what was freed; 0: not there. */
static long objects(char *text, size_t size)
{
	int fd = open("/proc/furca/objects", O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, size - 1);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	return n;
}

static void check_objects(const struct call *c, int arg, int is_warming_up)
{
	static char before[16384], after[16384];
	if (!objects(before, sizeof before))
		return;
	run(c, arg);
	for (int ms = 0; ms < 300; ms++) {
		if (!objects(after, sizeof after) || !strcmp(before, after))
			return;
		usleep(1000);
	}
	for (char *a = strtok(after, "\n"); a && !is_warming_up; a = strtok(NULL, "\n"))
		if (!strstr(before, a))
			printf("%s %s: objects are left: %s\n", c->name, c->arg[arg].name, a);
}

int main(int argc, char **argv)
{
	char *area = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	results = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	scratch = area;
	edge = (uintptr_t)area + 9 * PAGE;
	memset(area + 8 * PAGE, 'a', PAGE);
	read_only = (uintptr_t)area + 12 * PAGE;
	unmapped = (uintptr_t)area + 14 * PAGE;
	mprotect((void *)read_only, PAGE, PROT_READ);
	munmap((void *)edge, PAGE);
	munmap((void *)unmapped, 2 * PAGE);
	static char line[PAGE];
	memset(line, 1, sizeof line);	/* a page of this program's that is not first touched later */
	setvbuf(stdout, line, _IOLBF, sizeof line);
	if (chdir("/"))			/* the length of its name tells */
		return 1;
	puts("begin");			/* who passes it on touches pages, too */
	usleep(100000);
	check_objects(&calls[0], 0, 1);	/* fills the kernel's caches, touches this program's pages */
	for (size_t i = 0; i < COUNT(calls); i++) {
		const struct call *c = &calls[i];
		int wanted = argc == 1;
		for (size_t k = 0; k < COUNT(left_out); k++)
			wanted &= strcmp(c->name, left_out[k]) != 0;
		for (int k = 1; k < argc; k++)
			wanted |= !strcmp(c->name, argv[k]);
		for (int arg = 0; wanted && arg < c->args; arg++) {
			if (!strcmp(c->arg[arg].kind, "ptr") || strlen(c->arg[arg].kind) > 3 || !strcmp(c->arg[arg].kind, "int") ||
			    !strcmp(c->arg[arg].kind, "off"))
				continue;
			memset(results, -1, PAGE);
			print(c, arg, run(c, arg));
			check_objects(c, arg, 0);
		}
	}
	puts("end");
	return 0;
}
