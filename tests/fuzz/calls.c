/*
 * calls.c: every system call of the kernel's own list with arguments at boundaries, descriptors of all kinds, and pointers to
 * random bytes, to another's memory, to the end of a page, to nothing.
 */
#include "fuzz.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct call {
	const char *name;
	int number, count;
	struct {
		const char *kind, *name;
	} args[6];
} calls[] = {
#include "all_calls.h"
};

#define DESCRIPTORS 24
static char *page;

static bool left_out(const char *name)
{
	static const char *const names[] = {"exit", "exit_group", "reboot", "pause", "vhangup"};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* Descriptors 10 and on, of all kinds. */
static void open_all(void)
{
	static const char *const files[] = {"/proc/self/mem", "/proc/self/maps", "/proc/self/ns/pid", "/dev/null", "/dev/zero", "/dev/ptmx",
		HOME, "/", "/proc/self/fd", "/proc/self/exe"};
	int fds[DESCRIPTORS] = {0}, n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		fds[n++] = open(files[i], below(2) ? O_RDWR | O_NONBLOCK : O_RDONLY | O_NONBLOCK);
	pipe2(fds + n, O_NONBLOCK);
	n += 2;
	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds + n);
	n += 2;
	socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds + n);
	n += 2;
	sigset_t set;
	sigfillset(&set);
	fds[n++] = eventfd(0, EFD_NONBLOCK);
	fds[n++] = epoll_create1(0);
	fds[n++] = inotify_init1(IN_NONBLOCK);
	fds[n++] = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	fds[n++] = signalfd(-1, &set, SFD_NONBLOCK);
	fds[n++] = memfd_create("fuzz", MFD_ALLOW_SEALING);
	fds[n++] = (int)syscall(SYS_pidfd_open, getpid(), 0);
	fds[n++] = open(HOME, O_TMPFILE | O_RDWR, 0600);
	for (int i = 0; i < n; i++)
		if (fds[i] >= 0)
			dup2(fds[i], 40 + i);
	close_range(3, 39, 0);
}

static uint64_t pointer(bool text)
{
	static const char *const paths[] = {".", "..", "/", HOME "/a", HOME "/b", "/proc/self/stat", "", "/proc/1/status", "tmpfs", "proc"};
	char *at = page + below(4) * 4096 + below(16) * 256;
	switch (below(text ? 6 : 8)) {
	case 0:
		return boundary();
	case 1:
		return (uint64_t)page + 16384 - below(64);
	case 2:
		for (int i = 0; i < 256; i += 8)
			*(uint64_t *)(at + i) = small_or_boundary();
		return (uint64_t)at;
	case 3:
		for (int i = 0; i < 256; i += 4)
			*(uint32_t *)(at + i) = below(3) ? below(64) : (uint32_t)boundary();
		return (uint64_t)at;
	default:
		if (text)
			return (uint64_t)strcpy(at, paths[below(ARRAY_SIZE(paths))]);
		/* Addresses and lengths, as vectors have them. */
		for (int i = 0; i < 256; i += 16) {
			*(uint64_t *)(at + i) = (uint64_t)page + below(16384);
			*(uint64_t *)(at + i + 8) = small_or_boundary();
		}
		return (uint64_t)at;
	}
}

static uint64_t argument(const char *kind, const char *name)
{
	if (!strcmp(kind, "str"))
		return pointer(true);
	if (!strcmp(kind, "in") || !strcmp(kind, "out") || !strcmp(kind, "io"))
		return pointer(false);
	if (strstr(name, "fd") && below(16))
		return 40 + below(DESCRIPTORS);
	if (strstr(name, "pid") && below(2))
		return (uint64_t)(below(2) ? getpid() : (int)below(4) - 1);
	if (!strcmp(kind, "ptr") && below(3) == 0)
		return (uint64_t)page + below(16384);
	if (below(4) == 0)
		return 1ul << below(33) | (below(2) ? 1ul << below(33) : 0);
	return small_or_boundary();
}

static void nothing(int signal)
{
	(void)signal;
}

static void one_call(void)
{
	const struct call *call = &calls[below(ARRAY_SIZE(calls))];
	if (left_out(call->name))
		return;
	uint64_t a[6] = {0};
	for (int i = 0; i < call->count; i++)
		a[i] = argument(call->args[i].kind, call->args[i].name);
	/* A child that would go on here ends. */
	pid_t self = getpid();
	bool vfork = !strcmp(call->name, "vfork") || !strcmp(call->name, "clone") || !strcmp(call->name, "clone3");
	if (vfork && fork())
		return;
	pid_t parent = getpid();
	long result = syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (vfork || (!strcmp(call->name, "fork") && result == 0) || (!self && parent))
		_exit(0);
}

void calls_run(int steps)
{
	page = mmap(NULL, 20480, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(page + 16384, 4096);
	(void)!chdir(HOME);
	open_all();
	for (int i = 0; i < steps; i++) {
		struct sigaction action = {.sa_handler = nothing};
		struct itimerval tick = {{0, 20000}, {0, 20000}};
		sigaction(SIGALRM, &action, NULL);
		setitimer(ITIMER_REAL, &tick, NULL);
		one_call();
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (i % 32 == 31)
			open_all();
	}
}
